"""The store, each test on SQLite and on PostgreSQL."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect, text

from digest.errors import StoreError
from digest.model import (
    Announcement,
    Edition,
    Manner,
    Message,
    Mood,
    Pick,
    Quiet,
    Reader,
    ReaderKind,
    Schedule,
)
from digest.store import Store, open_store
from digest.store.editions import MadeEdition
from digest.store.schema import metadata
from digest.store.visits import Visit
from tests.conftest import DAY, NOW
from tests.papers import paper, reader, seen
from tests.postgresql import make_database

ARXIV = "arxiv:9912.00001"


def made(store: Store, whose: Reader, *titles: str, on: date = DAY) -> MadeEdition:
    """An edition with picks that are in the store, and its mail."""
    by_title = {c.paper.title: c for c in store.papers.candidates(on, 3)}
    picks = tuple(Pick(by_title[title], 0.5, "x") for title in titles)
    message = Message(f"<{whose.name}.{on}@x>", "d@x", whose.address, "S", "label", b"bytes")
    return MadeEdition(
        Edition(whose, on, picks, Mood.MATCHED, 3), message, NOW + timedelta(hours=9)
    )


def test_the_migrated_schema_is_the_declared_one(store: Store) -> None:
    """Migrations and tables agree, on both databases."""
    found = inspect(store.engine)
    for table in metadata.sorted_tables:
        columns = {c["name"]: c["nullable"] for c in found.get_columns(table.name)}
        assert columns == {c.name: c.nullable for c in table.columns}, table.name
        assert {i["name"] for i in found.get_indexes(table.name)} >= {
            str(i.name) for i in table.indexes if i.columns.keys() != ["paper_id"]
        }


def test_storing_twice_changes_nothing(store: Store) -> None:
    """The same batch again adds no work, no announcement, no count."""
    batch = [seen(paper("One", "Text.", ARXIV), upvotes=3), seen(paper("Two"), None)]
    assert store.papers.add(batch, "file", DAY) == 2
    before = store.papers.candidates(DAY, 1)
    assert store.papers.add(batch, "file", DAY) == 0
    assert store.papers.candidates(DAY, 1) == before
    assert [c.upvotes for c in before] == [3, None]


def test_versions_of_one_paper_are_one_paper(store: Store) -> None:
    """The newest text stays, whichever comes first; a replacement is no candidate."""
    first = paper("A title", "Old.", ARXIV, version=1)
    second = paper("A better title", "New.", ARXIV, version=2)
    store.papers.add([seen(second, kind=Announcement.REPLACE)], "arxiv", DAY)
    assert store.papers.candidates(DAY, 3) == []
    store.papers.add([seen(first, DAY - timedelta(days=9))], "arxiv", DAY)
    store.papers.add([seen(first)], "file", DAY)
    (found,) = store.papers.candidates(DAY, 1)
    assert (found.paper.title, found.paper.abstract, found.paper.version) == (
        "A better title",
        "New.",
        2,
    )
    assert found.announced == DAY - timedelta(days=9)
    assert store.papers.count() == 1


def test_one_paper_from_two_sources_has_both_signals(store: Store) -> None:
    """Links and categories of one, upvotes of the other."""
    store.papers.add([seen(paper("One", "Text.", ARXIV, categories=("cs.LG",)))], "arxiv", DAY)
    store.papers.add(
        [seen(paper("One", "Text", ARXIV, code="https://example.org"), upvotes=7)], "hf", DAY
    )
    (found,) = store.papers.candidates(DAY, 1)
    assert found.sources == ("arxiv", "hf")
    assert found.upvotes == 7
    assert found.paper.code == "https://example.org"
    assert found.paper.categories == ("cs.LG",)


def test_a_title_is_upgraded_when_an_id_appears(store: Store) -> None:
    """The row stays, so that all that refers to it stays; the key becomes the id."""
    store.papers.add([seen(paper("One and only", "Text."))], "file", DAY)
    (before,) = store.papers.candidates(DAY, 1)
    store.papers.add([seen(paper("One and Only", "", ARXIV))], "arxiv", DAY)
    (after,) = store.papers.candidates(DAY, 1)
    assert (after.number, after.paper.key) == (before.number, ARXIV)
    assert after.paper.abstract == "Text."


def test_papers_of_one_title_with_two_ids_of_a_service_are_two(store: Store) -> None:
    """An erratum is no second version."""
    batch = [seen(paper("Erratum", "a", ARXIV)), seen(paper("Erratum", "b", "arxiv:9912.00002"))]
    assert store.papers.add(batch, "arxiv", DAY) == 2
    assert store.papers.add(batch, "arxiv", DAY) == 0
    assert {c.paper.abstract for c in store.papers.candidates(DAY, 1)} == {"a", "b"}


def test_two_rows_that_turn_out_to_be_one_work_are_joined(store: Store) -> None:
    """What was sent, announced and counted moves to the row that stays; both keys lead there."""
    title = "A long and telling title of a paper"
    doi = paper("Another title of the same work", "Journal text.", "doi:10.5555/1")
    store.papers.add([seen(doi, upvotes=2)], "openalex", DAY)
    store.papers.add([seen(paper(title, "Preprint text.", ARXIV), upvotes=9)], "arxiv", DAY)
    whose = store.readers.save(reader(), NOW)
    store.editions.save([made(store, whose, title)], "outbox", NOW)
    assert store.papers.count() == 2

    bridge = paper(title, "", "doi:10.5555/1")
    store.papers.add([seen(bridge)], "openalex", DAY)
    assert store.papers.count() == 1
    (found,) = store.papers.candidates(DAY, 1)
    assert found.paper.key == ARXIV
    assert found.sources == ("arxiv", "openalex")
    assert found.upvotes == 9
    assert store.editions.papers_had([whose.row], DAY, 3) == {whose.row: {found.number}}
    assert set(store.papers.by_keys([ARXIV, "doi:10.5555/1"])) == {ARXIV, "doi:10.5555/1"}
    assert store.papers.add([seen(bridge), seen(doi)], "openalex", DAY) == 0


def test_fresh_in_one_row_is_fresh_in_the_joined_one(store: Store) -> None:
    """A replacement on the row that stays does not hide the announcement of the other."""
    title = "A long and telling title of a paper"
    old = paper("Another title of the same work", "", "doi:10.5555/1")
    store.papers.add([seen(old, kind=Announcement.REPLACE)], "arxiv", DAY)
    store.papers.add([seen(paper(title, "", ARXIV))], "arxiv", DAY)
    bridge = paper(title, "", "doi:10.5555/1")
    store.papers.add([seen(bridge, kind=Announcement.REPLACE)], "openalex", DAY)
    assert store.papers.count() == 1
    assert len(store.papers.candidates(DAY, 1)) == 1


def test_works_that_are_one_within_a_batch_are_stored_once(store: Store) -> None:
    """Title first, id later, both in the same batch."""
    batch = [seen(paper("Within a batch")), seen(paper("Within a Batch", "T.", ARXIV)),
             seen(paper("Within a batch"))]  # fmt: skip
    assert store.papers.add(batch, "file", DAY) == 1
    (found,) = store.papers.candidates(DAY, 1)
    assert found.paper.key == ARXIV


def test_candidates_are_of_the_days_asked_for(store: Store) -> None:
    """Three days mean the date and the two before it; the future is not yet."""
    for day in range(12, 20):
        on = date(2026, 3, day)
        store.papers.add([seen(paper(f"Paper of the {day}th"), on)], "file", DAY)
    found = [c.paper.title for c in store.papers.candidates(DAY, 3)]
    assert found == [f"Paper of the {day}th" for day in (15, 16, 17)]


def test_the_latest_count_is_the_one_shown(store: Store) -> None:
    """Counts are kept as a series; an old observation that arrives late changes nothing."""
    one = paper("One", "", ARXIV)
    for upvotes, hours in ((5, 0), (9, 2), (7, -3)):
        sighting = seen(one, upvotes=upvotes)
        moved = [
            s.__class__(s.name, s.value, NOW + timedelta(hours=hours)) for s in sighting.signals
        ]
        again = sighting.__class__(one, sighting.kind, DAY, tuple(moved))
        store.papers.add([again], "hf", DAY)
    assert store.papers.candidates(DAY, 1)[0].upvotes == 9


def test_a_later_look_at_the_same_moment_corrects_a_count(store: Store) -> None:
    """The same file read again with other counts."""
    for upvotes in (3, 50):
        store.papers.add([seen(paper("One"), upvotes=upvotes)], "file", DAY)
    assert store.papers.candidates(DAY, 1)[0].upvotes == 50


def test_a_cross_list_makes_a_replacement_fresh(store: Store) -> None:
    """Whichever category is read first."""
    for number, kinds in enumerate(
        [(Announcement.REPLACE, Announcement.CROSS), (Announcement.CROSS, Announcement.REPLACE)]
    ):
        for kind in kinds:
            one = paper(f"Paper {number}", "", f"arxiv:9912.0000{number}", version=2)
            store.papers.add([seen(one, kind=kind)], "arxiv", DAY)
    assert len(store.papers.candidates(DAY, 1)) == 2


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_batches_in_any_order_and_again_lead_to_the_same_works(data: st.DataObject) -> None:
    """Ids, titles and versions mixed at random: the second time nothing changes."""
    keys = st.sampled_from([None, ARXIV, "arxiv:9912.00002", "doi:10.5555/1"])
    titles = st.sampled_from(["A long title of a work", "Another title of works"])
    papers = st.builds(
        lambda title, key, version, text: seen(paper(title, text, key, version=version)),
        titles, keys, st.integers(1, 3), st.sampled_from(["", "Text.", "Other."]),
    )  # fmt: skip
    batches = data.draw(st.lists(st.lists(papers, min_size=1, max_size=4), max_size=4))
    store = open_store("sqlite://")
    for batch in batches + batches:
        store.papers.add(batch, "file", DAY)
    once = store.papers.candidates(DAY, 1)
    for batch in batches:
        assert store.papers.add(batch, "file", DAY) == 0
    again = store.papers.candidates(DAY, 1)
    assert [c.number for c in again] == [c.number for c in once]
    strong = [key for c in once for key in c.paper.keys if not key.startswith("title:")]
    assert len(strong) == len(set(strong))
    store.close()


def test_what_left_meanwhile_costs_nobody_else_an_edition(store: Store) -> None:
    """A reader who was removed, a paper that became another row: the others are stored."""
    store.papers.add([seen(paper("One")), seen(paper("Two"))], "file", DAY)
    stays, leaves = (store.readers.save(reader(name), NOW) for name in ("a", "b"))
    both = [made(store, stays, "One"), made(store, leaves, "Two")]
    assert store.readers.remove(leaves.handle)
    assert store.editions.save(both, "outbox", NOW) == both[:1]
    assert store.deliveries.counts() == {"queued": 1}


def test_an_interest_that_cannot_be_read_any_more_costs_only_itself(store: Store) -> None:
    """One reader's old text must not stop everyone's run."""
    store.readers.save(reader("a", "owls", "mice"), NOW)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE interests SET text = '\"' WHERE position = 0"))
    (found,) = store.readers.shard()
    assert [interest.name for interest in found.interests] == ["interest 2"]


def test_many_processes_may_open_and_fill_an_empty_database(postgresql: str) -> None:
    """Migrations, papers and readers at once: each waits for its turn."""
    address = make_database(postgresql, f"crowd_{os.getpid()}")
    batch = [
        seen(paper(f"Paper number {n} of many", "", f"arxiv:9912.{n:05d}")) for n in range(300)
    ]

    def work(_: int) -> int:
        store = open_store(address)
        added = store.papers.add(batch, "file", DAY)
        store.readers.save(reader(), NOW)
        store.close()
        return added

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 300


def test_readers_come_back_as_they_were_saved(store: Store) -> None:
    """Interests in their order, schedule, limit, manner; saving again changes the same one."""
    saved = store.readers.save(
        reader(
            "Ann@example.org",
            '"ab cd"^2, -c',
            "de",
            schedule=Schedule(390, "Asia/Tokyo", frozenset({0, 6})),
            limit=7,
            manner=Manner(35, Quiet.NOTE, abstracts=False),
        ),
        NOW,
    )
    assert store.readers.find(saved.name) == saved
    assert saved.manner == Manner(35, Quiet.NOTE, abstracts=False)
    assert [i.name for i in saved.interests] == ["interest 1", "interest 2"]
    assert saved.schedule == Schedule(390, "Asia/Tokyo", frozenset({0, 6}))
    again = store.readers.save(reader("Ann@example.org", "other"), NOW)
    assert again.number == saved.number
    assert store.readers.count() == 1
    assert store.readers.remove(saved.handle)
    assert not store.readers.remove(saved.handle)


def due(store: Store, moment: datetime, on: date | None = None) -> dict[str, date]:
    """Who is due, with the date of the edition."""
    return {d.reader.address: d.date for d in store.readers.due(moment, on)}


def test_who_is_due_is_a_question_of_local_time(store: Store) -> None:
    """At or past the hour, on a day that was asked for, where there is no edition yet."""
    for name, schedule in {
        "utc": Schedule(8 * 60, "UTC"),
        "tokyo": Schedule(8 * 60, "Asia/Tokyo"),
        "la": Schedule(8 * 60, "America/Los_Angeles"),
        "sundays": Schedule(0, "UTC", frozenset({6})),
    }.items():
        store.readers.save(reader(name, schedule=schedule), NOW)
    tuesday = datetime(2026, 3, 17, 7, 59, tzinfo=UTC)
    assert due(store, tuesday) == {"tokyo": date(2026, 3, 17)}
    assert due(store, tuesday + timedelta(minutes=1)) == {
        "utc": date(2026, 3, 17),
        "tokyo": date(2026, 3, 17),
    }
    late = datetime(2026, 3, 17, 23, 30, tzinfo=UTC)  # Wednesday 8:30 in Tokyo, 16:30 in LA
    assert due(store, late) == {
        "utc": date(2026, 3, 17),
        "tokyo": date(2026, 3, 18),
        "la": date(2026, 3, 17),
    }
    assert due(store, datetime(2026, 3, 22, 0, 1, tzinfo=UTC))["sundays"] == date(2026, 3, 22)
    assert set(due(store, tuesday, DAY)) == {"utc", "tokyo", "la", "sundays"}


def test_a_reader_with_an_edition_is_due_no_more(store: Store) -> None:
    """Nor is one that rests, nor an unsaved one."""
    store.papers.add([seen(paper("One"))], "file", DAY)
    whose = store.readers.save(reader("ann", schedule=Schedule(0)), NOW)
    passing = Reader("unsaved x", "x@example.org", ReaderKind.UNSAVED)
    store.readers.save(passing, NOW)
    assert set(due(store, NOW)) == {"ann"}
    store.editions.save([made(store, whose, "One")], "outbox", NOW)
    assert due(store, NOW) == {}
    assert due(store, NOW, DAY) == {}
    assert set(due(store, NOW, DAY + timedelta(days=1))) == {"ann"}
    store.readers.rest("ann")
    assert due(store, NOW, DAY + timedelta(days=1)) == {}


def test_readers_come_in_shards(store: Store) -> None:
    """Each once, by number."""
    for number in range(5):
        store.readers.save(reader(f"r{number}", schedule=Schedule(0)), NOW)
    shards = list(store.readers.due_shards(NOW, None, 3))
    assert [[d.reader.name for d in shard] for shard in shards] == [
        ["r0", "r1", "r2"],
        ["r3", "r4"],
    ]
    assert store.readers.due(NOW, None, 3) == shards[0]


def test_liked_papers_of_all_readers(store: Store) -> None:
    """Every like: of every active reader, once."""
    store.readers.save(reader("a", "like:2401.00001, xy", "like:2401.00002"), NOW)
    store.readers.save(reader("b", "like:2401.00001"), NOW)
    assert store.readers.liked_keys() == {"arxiv:2401.00001", "arxiv:2401.00002"}


def test_an_edition_is_stored_once_for_a_reader_and_a_date(store: Store) -> None:
    """The second is passed over whole: no picks, no mail."""
    store.papers.add([seen(paper("One")), seen(paper("Two"))], "file", DAY)
    whose = store.readers.save(reader(), NOW)
    assert len(store.editions.save([made(store, whose, "One")], "outbox", NOW)) == 1
    assert store.editions.save([made(store, whose, "Two")], "outbox", NOW) == []
    assert len(store.editions.papers_had([whose.row], DAY, 3)[whose.row]) == 1
    assert store.editions.papers_had([whose.row], DAY + timedelta(days=3), 3) == {}
    assert store.editions.papers_had([whose.row + 1], DAY, 3) == {}
    assert store.deliveries.counts() == {"queued": 1}
    assert store.editions.papers_had([whose.row], DAY, 3, other_than=DAY) == {}


def queue(store: Store, readers: int = 1) -> None:
    """Editions with queued mails."""
    store.papers.add([seen(paper("One"))], "file", DAY)
    for number in range(readers):
        whose = store.readers.save(reader(f"r{number}"), NOW)
        store.editions.save([made(store, whose, "One")], "smtp", NOW)


def test_visits_are_remembered(store: Store) -> None:
    """The last one counts; a service's wish for patience holds for all dates."""
    first = Visit("arxiv", DAY, NOW, complete=False, read=3, announced=8, problem="cut")
    store.visits.save(first)
    until = NOW + timedelta(hours=1)
    store.visits.save(Visit("arxiv", DAY, NOW, complete=True, read=8, announced=8, retry_at=until))
    last = store.visits.last("arxiv", DAY)
    assert last is not None
    assert (last.complete, last.read, last.asked) == (True, 8, NOW)
    assert store.visits.patience("arxiv") == until
    assert store.visits.last("arxiv", DAY - timedelta(days=1)) is None
    assert [(c.source, c.read) for c in store.visits.of_date(DAY)] == [("arxiv", 8)]


def test_collecting_and_saving_editions_at_once(postgresql: str) -> None:
    """Papers are merged while editions that show them are stored: nobody waits for ever."""
    address = make_database(postgresql, f"traffic_{os.getpid()}")
    papers = [
        paper(f"Paper number {n} of the traffic", "", f"arxiv:9912.{n:05d}") for n in range(40)
    ]
    store = open_store(address)
    store.papers.add([seen(one) for one in papers], "file", DAY)
    readers = [store.readers.save(reader(f"r{n}"), NOW) for n in range(40)]
    store.close()

    def collect(round_: int) -> None:
        own = open_store(address)
        for n in range(10):
            moved = [replace(p, abstract=f"{round_} {n}", version=n + 2) for p in papers[::-1]]
            own.papers.add([seen(one) for one in moved], "arxiv", DAY)
        own.close()

    def save(part: int) -> None:
        own = open_store(address)
        titles = [one.title for one in papers]
        for whose in readers[part::2]:
            own.editions.save([made(own, whose, *titles)], "outbox", NOW)
        own.close()

    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(lambda job: job[0](job[1]), [(collect, 0), (save, 0), (collect, 1), (save, 1)])
        )
    store = open_store(address)
    assert store.deliveries.counts() == {"queued": 40}
    store.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """Nothing is changed in a database that a newer program made."""
    address = f"sqlite:///{tmp_path / 'new.db'}"
    open_store(address).close()
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="made by a newer digest"):
        open_store(address)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "cannot be understood"),
        ("sqlite:////proc/nowhere/x.db", "cannot be made|cannot be used"),
        ("mysql://u@h/n", "not supported|cannot be understood"),
        ("postgresql://tester:canary@127.0.0.1:1/none", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_opened_is_explained(address: str, said: str) -> None:
    """In one line, without the password."""
    with pytest.raises(StoreError, match=said) as caught:
        open_store(address)
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    path = tmp_path / "damaged.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="damaged"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"this is no database")
