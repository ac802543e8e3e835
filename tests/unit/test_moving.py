"""A new address: both mailboxes agree, the old one is told, history stays."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy

import pytest

from digest import readers as service
from digest.errors import LinkError, UsageError
from digest.letters import LetterOffice, Sender
from digest.letters.render import shipped_press
from digest.links import Links, Purpose, Token
from digest.model import Manner, Quiet, Reader, ReaderKind, Vote, VoteKind
from digest.readers.moving import (
    ask_to_move,
    asked_move,
    carry_out_moves,
    linked_move,
    move_now,
    stay,
)
from digest.store import Store
from digest.store.knocks import MOST
from digest.store.moves import Side
from tests.conftest import DAY, NOW, Digest
from tests.deliveries import queue
from tests.papers import reader

OLD, NEW = "ann@example.org", "ann@new.example"
DB = ("--database", "t.db")
OFFICE = LetterOffice(shipped_press(), Sender("digest@example.org", None))


def links_of(store: Store) -> Links:
    """The links of a store, with a key to sign them."""
    store.keys.renew(NOW)
    return Links("https://d.example", store.keys.all)


def _ann(store: Store) -> Reader:
    return store.readers.save(reader(OLD, "owls"), NOW)


def _step(store: Store, now: datetime = NOW) -> int:
    return carry_out_moves(store, OFFICE, links_of(store), "smtp", 100, now)


def _mails(store: Store) -> list[tuple[str, str, str]]:
    """Waiting mails: to whom, subject, text."""
    found = []
    for claim in store.deliveries.claim("smtp", NOW + timedelta(minutes=1), 100):
        text = message_from_bytes(claim.message.raw, policy=policy.default).get_body(("plain",))
        assert text is not None
        found.append((claim.message.recipient, claim.message.subject, text.get_content()))
    return found


def test_both_mailboxes_are_asked_once(store: Store) -> None:
    """Each gets its own link, once, however often the step is done."""
    ann = _ann(store)
    ask_to_move(store, ann, NEW, NOW)
    assert _step(store) == 2
    assert _step(store) == 0
    mails = {recipient: text for recipient, _, text in _mails(store)}
    assert set(mails) == {OLD, NEW}
    links = links_of(store)
    for side, recipient in ((Side.OLD, OLD), (Side.NEW, NEW)):
        (url,) = [word for word in mails[recipient].split() if "/m/" in word]
        token = links.read(Purpose.MOVE, url.rpartition("/")[2], NOW)
        assert linked_move(store, token, NOW)[1] is side
        assert len(url) <= 75
    assert OLD not in mails[NEW]  # a mailbox that somebody typed learns of no reader


def test_the_reader_moves_when_both_agree(store: Store) -> None:
    """Address, name and handle change together; all else stays; the old one is told."""
    queue(store, 1)
    r0 = store.readers.find("r0")
    assert r0 is not None
    r0 = replace(r0, manner=Manner(80, Quiet.NOTE, abstracts=False))
    assert store.readers.change(r0, NOW)
    store.votes.cast(Vote(r0.row, store.papers.numbers()[0], VoteKind.MORE, None, NOW))
    ask_to_move(store, r0, NEW, NOW)
    _step(store)
    move = asked_move(store, r0, NOW)
    assert move is not None
    assert store.moves.agree(move.nonce, Side.OLD)
    assert _step(store) == 0
    assert store.readers.find("r0") is not None
    assert store.moves.agree(move.nonce, Side.NEW)
    assert store.moves.agree(move.nonce, Side.NEW)
    _mails(store)
    assert _step(store) == 1
    assert _step(store) == 0
    moved = store.readers.find(NEW)
    assert moved is not None
    assert (moved.row, moved.address) == (r0.row, NEW)
    assert moved.handle != r0.handle
    assert moved.manner == r0.manner
    assert store.readers.linked(r0.handle) is None
    assert store.readers.find("r0") is None
    assert store.editions.exists(moved.row, DAY)
    assert len(store.votes.of([moved.row])[moved.row]) == 1
    ((recipient, subject, text),) = _mails(store)
    assert recipient == r0.address
    assert "another address" in subject
    assert NEW in text
    assert "A feed reader needs the new address" in " ".join(text.split())
    assert all(f"/{purpose.value}/" not in text for purpose in Purpose)  # no key to the new mailbox
    assert store.moves.of(moved.handle) is None


def test_an_address_that_is_taken_by_then_is_told_to_the_old_mailbox_alone(store: Store) -> None:
    """Nobody moves, nothing else is changed, and the new mailbox gets no word of it."""
    ann = _ann(store)
    ask_to_move(store, ann, NEW, NOW)
    _step(store)
    _mails(store)
    bea = store.readers.save(reader(NEW), NOW)
    move = asked_move(store, ann, NOW)
    assert move is not None
    for side in Side:
        store.moves.agree(move.nonce, side)
    assert _step(store) == 1
    ((recipient, subject, text),) = _mails(store)
    assert (recipient, subject) == (OLD, "Your paper digest stays at this address")
    assert NEW in text
    assert service.get(store, OLD).handle == ann.handle
    assert service.get(store, NEW).handle == bea.handle
    assert store.moves.of(ann.handle) is None


def test_an_unsubscribed_reader_keeps_its_address(store: Store) -> None:
    """An address is taken as long as anything is stored under it."""
    ann = _ann(store)
    gone = store.readers.save(reader(NEW), NOW)
    store.readers.unsubscribe(gone.handle, NOW)
    with pytest.raises(UsageError, match="is a reader already"):
        move_now(store, ann.address, NEW)


def test_a_second_wish_replaces_the_first(store: Store) -> None:
    """Links of the first are dead, for both mailboxes."""
    ann = _ann(store)
    ask_to_move(store, ann, NEW, NOW)
    first = asked_move(store, ann, NOW)
    assert first is not None
    ask_to_move(store, ann, "ann@third.example", NOW)
    second = asked_move(store, ann, NOW)
    assert second is not None
    assert (second.new, second.waits) == ("ann@third.example", True)
    assert not store.moves.agree(first.nonce, Side.OLD)
    with pytest.raises(LinkError, match="holds no more"):
        linked_move(store, Token(Purpose.MOVE, first.nonce, DAY, ("o",)), NOW)
    assert stay(store, ann)
    assert not stay(store, ann)
    with pytest.raises(LinkError):
        linked_move(store, Token(Purpose.MOVE, second.nonce, DAY, ("n",)), NOW)


def test_a_wish_is_forgotten_after_a_week(store: Store) -> None:
    """Then its links are dead, whether or not anybody looked."""
    ann = _ann(store)
    ask_to_move(store, ann, NEW, NOW)
    move = asked_move(store, ann, NOW)
    assert move is not None
    token = Token(Purpose.MOVE, move.nonce, DAY, ("o",))
    later = NOW + timedelta(days=7)
    assert linked_move(store, token, later - timedelta(minutes=1))[0].nonce == move.nonce
    with pytest.raises(LinkError):
        linked_move(store, token, later)
    assert asked_move(store, ann, later) is None
    _step(store, later + timedelta(minutes=1))
    assert store.moves.of(ann.handle) is None


def test_fault_45_strangers_are_asked_once_a_day_and_three_times_ever(store: Store) -> None:
    """Whoever asks for somebody else's address, again and again, bombs nobody."""
    readers = [store.readers.save(reader(f"r{n}@example.org"), NOW) for n in range(5)]
    asked = 0
    for day in range(6):
        now = NOW + timedelta(days=day)
        for one in readers:
            ask_to_move(store, one, "victim@new.example", now)
        for hour in (0, 5):
            _step(store, now + timedelta(hours=hour))
        claims = store.deliveries.claim("smtp", now + timedelta(hours=6), 100)
        today = [c for c in claims if c.message.recipient == "victim@new.example"]
        assert len(today) <= 1
        asked += len(today)
    assert asked == MOST


def test_fault_45_the_mailbox_that_a_reader_has_is_asked_once_a_day(store: Store) -> None:
    """Whoever got hold of a link asks for one address after another: the last is asked tomorrow."""
    ann = _ann(store)
    for number in range(3):
        ask_to_move(store, ann, f"ann{number}@new.example", NOW)
        assert _step(store, NOW + timedelta(hours=number)) == (0 if number else 2)
    assert [to for to, _, _ in _mails(store)] == [OLD, "ann0@new.example"]
    tomorrow = NOW + timedelta(days=1)
    assert _step(store, tomorrow) == 2
    claims = store.deliveries.claim("smtp", tomorrow + timedelta(minutes=1), 100)
    assert [claim.message.recipient for claim in claims] == [OLD, "ann2@new.example"]


def test_fault_45_moves_share_the_limit_of_the_house(store: Store) -> None:
    """Mails to typed addresses are so many an hour altogether; the other move waits."""
    for name in ("ann", "bea"):
        one = store.readers.save(reader(f"{name}@example.org"), NOW)
        ask_to_move(store, one, f"{name}@new.example", NOW)

    def step(now: datetime) -> int:
        return carry_out_moves(store, OFFICE, links_of(store), "smtp", 1, now)

    assert [step(NOW + timedelta(minutes=n)) for n in (0, 30, 61)] == [2, 0, 2]


def test_a_reader_asks_three_times_a_day(store: Store) -> None:
    """More wishes than that are refused in words, and make no mails."""
    ann = _ann(store)
    for number in range(3):
        ask_to_move(store, ann, f"ann{number}@new.example", NOW)
    with pytest.raises(UsageError, match="try again tomorrow"):
        ask_to_move(store, ann, NEW, NOW)
    ask_to_move(store, ann, NEW, NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ANN@example.org", "the address that the reader has"),
        ("ann@new.example, bea@new.example", "several addresses"),
        ("postmaster@new.example", "an office"),
        ("nobody", "no mail address"),
    ],
)
def test_addresses_are_read_strictly(sqlite: Store, address: str, said: str) -> None:
    """What is no new mailbox of a person is refused, with the reason."""
    ann = _ann(sqlite)
    with pytest.raises(UsageError, match=said):
        ask_to_move(sqlite, ann, address, NOW)
    assert sqlite.moves.of(ann.handle) is None


def test_two_steps_at_once_move_a_reader_once(store: Store) -> None:
    """Two daemons carry out the same move: one does, and one mail tells of it."""
    ann = _ann(store)
    ask_to_move(store, ann, NEW, NOW)
    links_of(store)
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda _: _step(store), range(4))) == len(Side)
    move = asked_move(store, ann, NOW)
    assert move is not None
    for side in Side:
        store.moves.agree(move.nonce, side)
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda _: _step(store), range(4))) == 1
    assert [recipient for recipient, _, _ in _mails(store)] == [OLD]  # that it moved
    assert service.get(store, NEW).row == ann.row


def test_who_left_moves_nowhere(store: Store) -> None:
    """A move of somebody who unsubscribed meanwhile rests; one who is deleted has none."""
    ann = _ann(store)
    ask_to_move(store, ann, NEW, NOW)
    move = asked_move(store, ann, NOW)
    assert move is not None
    store.readers.unsubscribe(ann.handle, NOW)
    assert _step(store) == 0
    with pytest.raises(UsageError, match="left meanwhile"):
        ask_to_move(store, ann, NEW, NOW)
    service.erase(store, ann)
    assert store.moves.by_nonce(move.nonce) is None


def test_the_owner_moves_a_reader_at_once(digest: Digest) -> None:
    """`digest readers move` keeps all but the address, and refuses one that is taken."""
    digest("readers", "add", OLD, "--keywords", "owls", *DB)
    digest("readers", "add", "bea@example.org", *DB)
    done = digest("readers", "move", OLD, NEW, *DB)
    assert (done.code, done.out.splitlines()[1]) == (0, "  keywords: owls")
    assert f"links in mails to {OLD} are dead" in done.out
    assert digest("readers", "show", NEW, *DB).code == 0
    assert "is no reader here" in digest("readers", "show", OLD, *DB).err
    taken = digest("readers", "move", NEW, "BEA@example.org", *DB)
    assert (taken.code, "is a reader already" in taken.err) == (2, True)


def test_the_configured_person_moves_in_the_configuration(sqlite: Store) -> None:
    """Its address is a setting; and nobody else can take it."""
    ann = _ann(sqlite)
    me = reader("me@example.org")
    sqlite.readers.save(replace(me, name="config", kind=ReaderKind.CONFIG), NOW)
    with pytest.raises(UsageError, match="DIGEST_ADDRESS"):
        move_now(sqlite, "me@example.org", NEW)
    with pytest.raises(UsageError, match="is a reader already"):
        move_now(sqlite, ann.address, "ME@example.org")
