"""All that is stored about a reader: given to it whole, and gone for good when it says so."""

import json
from datetime import date, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import insert, select

from digest import readers as service
from digest.config import load
from digest.errors import UsageError
from digest.greet import Greeter
from digest.links import Purpose
from digest.model import LibraryPaper, Reader, StoredProfile, Vote, VoteKind
from digest.readers.export import export_of
from digest.readers.moving import ask_to_move, carry_out_moves
from digest.readers.preferences import paste_liked
from digest.readers.signups import confirm
from digest.store import Store
from digest.store.engine import writing
from digest.store.export import SECTIONS
from digest.store.libraries import LibraryState
from digest.store.moves import Moves, Side
from digest.store.schema import editions, metadata, picks
from digest.store.schema import papers as papers_table
from tests.conftest import DAY, NOW, Digest
from tests.deliveries import queue
from tests.papers import paper, reader, seen
from tests.unit.test_moving import OFFICE, links_of

NEW = "elsewhere@new.example"
_WISHES = {
    "interests": [],
    "minute": 420,
    "zone": "UTC",
    "weekdays": [0, 1, 2, 3, 4, 5, 6],
    "limit": 10,
}


def _full(store: Store, address: str = "r0") -> Reader:
    """A reader with something in every table."""
    queue(store, 1)
    one = store.readers.find("r0")
    assert one is not None
    if address != "r0":
        assert store.moves.set_address(one.handle, address)
    one = store.readers.save(reader(address, "owls, -survey"), NOW)
    store.votes.cast(Vote(one.row, store.papers.numbers()[0], VoteKind.SAVE, "x", NOW))
    paste_liked(store, one, "Newts that sing in the rain", NOW)
    store.libraries.save_state(one.row, "liked papers", LibraryState(3, NOW))
    store.profiles.save(
        [StoredProfile(one.row, 0, "d" * 64, "f" * 32, b"\x00\xffvector")], [one.row]
    )
    ask_to_move(store, one, NEW, NOW)
    return one


def _exported(store: Store, one: Reader) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("".join(export_of(store, one, NOW)))
    return found


def test_the_export_has_every_table_that_names_a_reader(store: Store) -> None:
    """No table with a reader's rows is left out, now or when one is added."""
    ann = _full(store)
    exported = _exported(store, ann)
    for table in metadata.sorted_tables:
        if "reader_id" in table.c:
            assert exported[table.name], table.name
    assert set(exported) == {"what", "made", "reader", "asked", *SECTIONS}


def test_the_export_says_what_is_stored(store: Store) -> None:
    """Address, schedule, interests, votes, editions with picks and reasons, mails, moves."""
    ann = _full(store)
    exported = _exported(store, ann)
    assert exported["reader"]["address"] == "r0"
    assert exported["reader"]["handle"] == ann.handle
    manner = [exported["reader"][name] for name in ("dial", "quiet", "abstracts")]
    assert manner == [20, "trending", True]
    assert exported["reader"]["created"].startswith("2026-03-17T09:30")
    assert exported["interests"] == [{"position": 0, "name": "interest 1", "text": "owls, -survey"}]
    (vote,) = exported["votes"]
    assert (vote["title"], vote["kind"]) == ("One", "save")
    (liked,) = exported["library"]
    assert (liked["title"], liked["origin"]) == ("Newts that sing in the rain", "liked papers")
    (edition,) = exported["editions"]
    assert edition["date"] == DAY.isoformat()
    (pick,) = edition["picks"]
    assert (pick["title"], pick["position"], pick["score"], pick["reasons"]) == ("One", 1, 0.5, [])
    (delivery,) = exported["deliveries"]
    assert (delivery["state"], delivery["recipient"]) == ("queued", "r0")
    assert exported["moves"][0]["address"] == NEW
    assert exported["profiles"][0]["vector"] == "AP92ZWN0b3I="


def test_the_export_has_what_was_asked_with_the_mailbox(store: Store) -> None:
    """Sign-ups that wait, how often the mailbox was mailed, and the mails of moves: its own."""
    ann = _full(store, "ann@example.org")
    store.signups.ask(ann.address, {"limit": 7}, NOW)
    store.signups.ask("bea@example.org", {"limit": 8}, NOW)
    store.knocks.take(ann.address, NOW, known=True)
    carry_out_moves(store, OFFICE, links_of(store), "smtp", 100, NOW)
    asked = _exported(store, ann)["asked"]
    assert [one["wishes"] for one in asked["signups"]] == ['{"limit": 7}']
    assert [one["mails"] for one in asked["knocks"]] == [1]
    assert {one["recipient"] for one in asked["deliveries"]} == {ann.address, NEW}


def test_the_export_holds_nothing_of_others_and_no_secret(store: Store) -> None:
    """Neither another reader's rows, nor what opens pages or claims mails."""
    ann = _full(store)
    bea = store.readers.save(reader("bea@example.org", "bats"), NOW)
    store.votes.cast(Vote(bea.row, store.papers.numbers()[0], VoteKind.MUTE, None, NOW))
    move = store.moves.of(ann.handle)
    (claim,) = store.deliveries.claim("smtp", NOW)
    assert move is not None
    written = "".join(export_of(store, ann, NOW))
    for secret in (move.nonce, claim.token, "bea@", bea.handle, "bats", "mute"):
        assert secret not in written
    assert json.loads(written)["deliveries"][0]["state"] == "claimed"


def test_the_export_is_read_in_pages(sqlite: Store) -> None:
    """A long history comes piece by piece, each row once, in order."""
    ann = sqlite.readers.save(reader(), NOW)
    sqlite.papers.add([seen(paper("One"))], "file", DAY)
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(501)]
    with writing(sqlite.engine) as connection:
        made = [
            {
                "reader_id": ann.row,
                "date": day,
                "kind": "daily",
                "mood": "matched",
                "subject": f"Edition of {day}",
                "considered": 1,
                "made": NOW,
            }
            for day in days
        ]
        connection.execute(insert(editions), made)
        number = connection.scalar(select(papers_table.c.id))
        rows = connection.execute(select(editions.c.id)).scalars()
        connection.execute(
            insert(picks),
            [
                {
                    "edition_id": row,
                    "paper_id": number,
                    "position": 1,
                    "score": 0.5,
                    "reasons": "[]",
                }
                for row in rows.all()
            ],
        )
    pieces = list(export_of(sqlite, ann, NOW))
    assert max(map(len, pieces)) < 1000
    exported = json.loads("".join(pieces))
    assert [one["date"] for one in exported["editions"]] == [day.isoformat() for day in days]
    assert all(len(one["picks"]) == 1 for one in exported["editions"])


def test_an_export_shows_nothing_of_who_comes_after_one_who_left(sqlite: Store) -> None:
    """An export that is under way names its reader by the handle; no number is given again."""
    ann = sqlite.readers.save(reader("ann@example.org", "owls"), NOW)
    pieces = export_of(sqlite, ann, NOW)
    written = next(pieces)
    service.erase(sqlite, ann)
    bea = sqlite.readers.save(reader("bea@example.org", "bats"), NOW)
    assert bea.row > ann.row
    written += "".join(pieces)
    assert "bats" not in written
    assert "bea" not in written
    assert json.loads(written)["reader"] is None


def test_the_owner_exports_a_reader(digest: Digest) -> None:
    """`digest readers export` prints the same document."""
    database = ("--database", "t.db")
    digest("readers", "add", "ann@example.org", "--keywords", "owls", *database)
    assert digest("readers", "export", "ann@example.org", *database).json["interests"] == [
        {"position": 0, "name": "keywords", "text": "owls"}
    ]
    assert digest("readers", "export", "bea@example.org", *database).code == 2


def _everything(store: Store) -> str:
    """All rows of all tables, mails' bodies read."""
    with writing(store.engine) as connection:
        rows = [
            row for table in metadata.sorted_tables for row in connection.execute(select(table))
        ]
    return "\n".join(
        str([bytes(v).decode("latin-1") if isinstance(v, bytes | memoryview) else v for v in row])
        for row in rows
    )


def test_nothing_is_left_of_who_is_deleted(store: Store) -> None:
    """No table holds address, handle or the address that was asked for; announced papers stay."""
    ann = _full(store, "ann@example.org")
    store.signups.ask(ann.address, {"interests": []}, NOW)
    carry_out_moves(store, OFFICE, links_of(store), "smtp", 100, NOW)
    before = _everything(store)
    for trace in (ann.address, ann.handle, NEW):
        assert trace in before
    service.erase(store, ann)
    after = _everything(store)
    for trace in (ann.address, ann.handle, NEW, "r0"):
        assert trace not in after
    assert store.papers.count() == 1  # the one that the reader pasted went with it
    service.erase(store, ann)
    assert _everything(store) == after


def test_nothing_of_the_mailbox_before_a_move_outlives_it(store: Store) -> None:
    """Confirmed there, moved twice, deleted: no address that it ever had is left, in no mail."""
    old, last = "ann@old.example", "ann@third.example"
    greeter = Greeter(store, OFFICE, links_of(store), 100)
    store.signups.ask(old, _WISHES, NOW)
    greeter.greet("smtp", NOW)
    ann = _confirmed(store)
    _moved(store, ann, NEW)
    assert store.signups.refused() == []
    moved = service.get(store, NEW)
    assert moved.row == ann.row
    assert "Do you want The Paper Digest?" not in _everything(store)
    assert [one["recipient"] for one in _exported(store, moved)["asked"]["deliveries"]] == [old]
    _moved(store, moved, last)
    told = _exported(store, service.get(store, last))["asked"]["deliveries"]
    assert [one["recipient"] for one in told] == [old, NEW]
    service.erase(store, ann)  # as it was known before it moved
    after = _everything(store)
    for trace in (old, NEW, last):
        assert trace not in after


def test_a_move_while_somebody_is_deleted_is_no_way_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader goes, and whoever has its old address by now stays, with what it asked for."""
    ann = store.readers.save(reader("ann@old.example", "owls"), NOW)
    forget = Moves.forget

    def moving(moves: Moves, handle: str) -> None:
        monkeypatch.undo()
        assert store.moves.set_address(ann.handle, NEW)
        store.readers.save(reader("ann@old.example", "bats"), NOW)
        store.signups.ask("ann@old.example", _WISHES, NOW)
        forget(moves, handle)

    monkeypatch.setattr(Moves, "forget", moving)
    service.erase(store, ann)
    assert store.readers.numbered(ann.row) is None
    assert NEW not in _everything(store)
    stays = service.get(store, "ann@old.example")
    assert stays.interests[0].keywords[0].text == "bats"
    assert len(store.signups.callers(NOW, 5)[0]) == 1


def _confirmed(store: Store) -> Reader:
    """The reader that the only link of a confirming mail makes."""
    (mail,) = store.deliveries.claim("smtp", NOW + timedelta(minutes=1), 9)
    text = message_from_bytes(mail.message.raw, policy=policy.default).get_body(("plain",))
    assert text is not None
    (url,) = (word for word in text.get_content().split() if "/c/" in word)
    token = links_of(store).read(Purpose.CONFIRM, url.rpartition("/")[2], NOW)
    reader = confirm(store, token.name, NOW).reader
    assert reader is not None
    return reader


def _moved(store: Store, one: Reader, address: str) -> None:
    """Both mailboxes agree to a move, which is carried out."""
    ask_to_move(store, one, address, NOW)
    move = store.moves.of(one.handle)
    assert move is not None
    for side in Side:
        store.moves.agree(move.nonce, side)
    assert carry_out_moves(store, OFFICE, links_of(store), "smtp", 100, NOW) == 1


def test_one_who_unsubscribed_is_deleted_too(store: Store) -> None:
    """Leaving for good works after leaving."""
    ann = store.readers.save(reader("ann@example.org", "owls"), NOW)
    store.readers.unsubscribe(ann.handle, NOW)
    assert service.leave(store, "ann@example.org").handle == ann.handle
    assert "ann@example.org" not in _everything(store)


def test_the_configured_person_is_deleted_in_the_configuration(sqlite: Store) -> None:
    """It would come back with the next run."""
    settings = load(None, {"DIGEST_ADDRESS": "me@example.org"})
    me = service.keep_configured(sqlite, settings, NOW)
    assert me is not None
    with pytest.raises(UsageError, match="configuration"):
        service.erase(sqlite, me)
    assert sqlite.readers.find("config") is not None


def test_entries_of_a_library_are_added_once(store: Store) -> None:
    """Adding to a library keeps what it has, with the day it was added."""
    ann = store.readers.save(reader("ann@example.org"), NOW)
    one, two = paper("Owls that hunt by ear"), paper("Bats that find home")
    assert store.libraries.add(ann.row, "mine", [(one, DAY)], "mine", DAY) == 1
    assert store.libraries.add(ann.row, "mine", [(one, None), (two, None)], "mine", DAY) == 1
    assert store.libraries.add(ann.row + 9, "mine", [(one, DAY)], "mine", DAY) == 0
    first, second = store.papers.numbers()
    assert store.libraries.of([ann.row])[ann.row] == [
        LibraryPaper(ann.row, "mine", first, DAY),
        LibraryPaper(ann.row, "mine", second, None),
    ]
