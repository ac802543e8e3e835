"""What the ranker needs of the store: changes, votes, libraries, profiles, on both databases."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text

from digest import store as store_room
from digest.errors import UsageError
from digest.identity import title_key
from digest.model import (
    Announcement,
    Edition,
    LibraryPaper,
    Message,
    Mood,
    Paper,
    Pick,
    StoredProfile,
    Vote,
    VoteKind,
)
from digest.readers.votes import find_paper, vote, withdraw
from digest.store import Store, open_store
from digest.store.editions import MadeEdition
from digest.store.libraries import LibraryState
from tests.conftest import DAY, NOW
from tests.papers import paper, reader, seen
from tests.postgresql import make_database

ARXIV = "arxiv:9912.00001"
DOI = "doi:10.5555/1"
TITLE = "A long and telling title of a paper"
OTHER_TITLE = "Another title of the same work"
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any tables, once on each."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    name = f"empty_{os.getpid()}_{abs(hash(request.node.nodeid))}"
    return make_database(request.getfixturevalue("postgresql"), name)


def two_rows(store: Store) -> tuple[int, int]:
    """Two papers that `bridge` will turn into one; the first row is the one that stays."""
    store.papers.add([seen(paper(OTHER_TITLE, "Journal text.", DOI))], "openalex", DAY)
    store.papers.add([seen(paper(TITLE, "Preprint text.", ARXIV))], "arxiv", DAY)
    numbers = store.papers.numbers_by_keys([DOI, ARXIV])
    return numbers[DOI], numbers[ARXIV]


def bridge(store: Store) -> None:
    """Show the paper that has the title of one row and the DOI of the other."""
    store.papers.add([seen(paper(TITLE, "", DOI))], "openalex", DAY)


def changes(store: Store, after: int = 0) -> list[tuple[int, str]]:
    """What changed since, as change numbers and titles."""
    return [(found.change, found.title) for found in store.papers.changes(after, 100)]


def send(store: Store, whose: int, interest: str | None, on: date, *numbers: int) -> None:
    """Store an edition that brings these papers to a reader, for an interest."""
    (person,) = [r for r in store.readers.shard() if r.row == whose]
    found = store.papers.by_numbers(numbers)
    picks = tuple(Pick(found[number], 0.5, interest) for number in numbers)
    message = Message(f"<{whose}.{on}@x>", "d@x", person.address, "S", "label", b"bytes")
    edition = Edition(person, on, picks, Mood.MATCHED, 1)
    assert store.editions.save(
        [MadeEdition(edition, message, NOW + timedelta(hours=9))], "outbox", NOW
    )


def test_changes_count_new_papers_and_new_texts(store: Store) -> None:
    """A new title or abstract moves a paper to the end; nothing else gives it a number."""
    one, two = paper("One", "Text.", ARXIV), paper("Two", "", DOI)
    store.papers.add([seen(one), seen(two)], "file", DAY)
    assert changes(store) == [(1, "One"), (2, "Two")]
    store.papers.add([seen(one), seen(two)], "file", DAY)
    store.papers.add([seen(replace(one, categories=("cs.LG",), version=2), upvotes=3)], "hf", DAY)
    store.papers.add([seen(two, DAY - timedelta(days=1))], "file", DAY)
    assert changes(store) == [(1, "One"), (2, "Two")]
    store.papers.add([seen(replace(one, abstract="New.", version=3))], "arxiv", DAY)
    store.papers.add([seen(replace(two, abstract="Now.")), seen(paper("Three"))], "file", DAY)
    assert changes(store, 2) == [(3, "One"), (4, "Three"), (5, "Two")]
    (last,) = store.papers.changes(4, 9)
    assert (last.key, last.announced, last.abstract) == (DOI, DAY - timedelta(days=1), "Now.")
    assert last.number == store.papers.numbers_by_keys([DOI])[DOI]


def test_changes_come_in_pieces(store: Store) -> None:
    """At most so many at once, in order, none twice and none left out."""
    store.papers.add([seen(paper(f"Paper {n}")) for n in range(5)], "file", DAY)
    first = store.papers.changes(0, 3)
    rest = store.papers.changes(first[-1].change, 3)
    assert [found.title for found in first + rest] == [f"Paper {n}" for n in range(5)]
    assert store.papers.changes(rest[-1].change, 3) == []


def test_a_change_within_a_batch_counts_once(store: Store) -> None:
    """What the store says afterwards is what counts, not the way there."""
    one = paper("One", "Text.", ARXIV)
    versions = [seen(replace(one, abstract=f"{n}", version=n)) for n in range(2, 5)]
    store.papers.add(versions, "file", DAY)
    assert changes(store) == [(1, "One")]
    store.papers.add([seen(replace(one, abstract=f"{n}", version=n)) for n in (5, 6)], "x", DAY)
    assert changes(store) == [(2, "One")]


def test_a_change_number_is_never_given_twice(store: Store) -> None:
    """Joining removes the row with the last number: the row that stays gets a later one."""
    stays, _ = two_rows(store)
    bridge(store)
    assert store.papers.numbers() == [stays]
    ((change, _),) = changes(store, 2)
    assert change == 3
    bridge(store)
    assert len(changes(store, 3)) == 0
    store.papers.add([seen(paper("Three"))], "file", DAY)
    assert changes(store, 3) == [(4, "Three")]


def test_the_paper_at_a_change_is_known_by_its_key(store: Store) -> None:
    """As long as it did not change again."""
    store.papers.add([seen(paper("One", "", ARXIV)), seen(paper("Two", "", DOI))], "file", DAY)
    assert [store.papers.key_at(change) for change in (1, 2, 3)] == [ARXIV, DOI, None]
    store.papers.add([seen(paper("One", "Text.", ARXIV))], "file", DAY)
    assert [store.papers.key_at(change) for change in (1, 2, 3)] == [None, DOI, ARXIV]


def test_changes_are_counted_one_after_the_other(address: str) -> None:
    """Several threads add and change papers: every number is given once, and grows."""
    open_store(address).close()

    def work(part: int) -> list[int]:
        own, last, found = open_store(address), 0, []
        for turn in range(8):
            new = paper(f"Paper {part} {turn}", "", f"arxiv:99{part:02}.{turn:05}")
            shared = paper("Shared", f"{part} {turn}", ARXIV, version=turn * 2 + part + 1)
            own.papers.add([seen(new), seen(shared)], "file", DAY)
            read = [change.change for change in own.papers.changes(last, 100)]
            found += read
            last = max([last, *read])
        own.close()
        return found

    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(work, (1, 2)):
            assert found == sorted(set(found))
    store = open_store(address)
    rows = store.papers.changes(0, 100)
    assert len(rows) == len({row.change for row in rows}) == 17
    assert store.papers.count() == 17
    store.close()


def test_papers_are_found_by_number(store: Store) -> None:
    """With date, sources and counts as candidates have them; unknown rows are left out."""
    store.papers.add([seen(paper("One", "", ARXIV), upvotes=7)], "hf", DAY)
    store.papers.add([seen(paper("One", "", ARXIV))], "arxiv", DAY)
    store.papers.add([seen(paper("Two", "", DOI), kind=Announcement.LOOKED_UP)], "arxiv", DAY)
    numbers = store.papers.numbers_by_keys([ARXIV, DOI, "arxiv:9912.00009"])
    assert set(numbers) == {ARXIV, DOI}
    found = store.papers.by_numbers([*numbers.values(), 99])
    assert list(found.values())[:1] == store.papers.candidates(DAY, 1)
    assert found[numbers[ARXIV]].sources == ("arxiv", "hf")
    assert found[numbers[DOI]].announced is None
    assert found[numbers[DOI]].sources == ()
    assert store.papers.by_numbers([]) == {}
    assert store.papers.numbers() == sorted(numbers.values())


def test_volume_counts_first_announcements(store: Store) -> None:
    """A paper counts on its earliest fresh day; looked up and replaced ones do not count."""
    yesterday = DAY - timedelta(days=1)
    store.papers.add([seen(paper("One")), seen(paper("Two"))], "file", DAY)
    store.papers.add([seen(paper("Two"), yesterday), seen(paper("Three"), yesterday)], "x", DAY)
    store.papers.add([seen(paper("Old"), kind=Announcement.REPLACE)], "x", DAY)
    store.papers.add([seen(paper("Asked"), kind=Announcement.LOOKED_UP)], "x", DAY)
    assert store.papers.announced_between(yesterday, DAY) == {yesterday: 2, DAY: 1}
    assert store.papers.announced_between(DAY, DAY) == {DAY: 1}
    assert store.papers.announced_between(DAY + timedelta(days=1), date(2030, 1, 1)) == {}


def test_a_database_has_an_identity_of_its_own(address: str, tmp_path: Path) -> None:
    """Made once, kept when it is opened again, another one in another database."""
    store = open_store(address)
    identity = store.identity()
    assert re.fullmatch(r"[0-9a-f]{32}", identity)
    store.close()
    again, other = open_store(address), open_store(f"sqlite:///{tmp_path / 'other.db'}")
    assert again.identity() == identity != other.identity()
    again.close()
    other.close()


def test_the_last_of_more_less_and_mute_counts(store: Store) -> None:
    """They exclude each other; saving stands beside them; an older vote changes nothing."""
    store.papers.add([seen(paper("One", "", ARXIV))], "file", DAY)
    number = store.papers.numbers()[0]
    whose = store.readers.save(reader(), NOW).row
    cast = [
        Vote(whose, number, VoteKind.MORE, "owls", NOW),
        Vote(whose, number, VoteKind.SAVE, None, NOW + HOUR),
        Vote(whose, number, VoteKind.LESS, None, NOW + 2 * HOUR),
        Vote(whose, number, VoteKind.MUTE, "bats", NOW + 3 * HOUR),
        Vote(whose, number, VoteKind.MORE, "late", NOW + 2 * HOUR),
    ]
    assert all(store.votes.cast(one) for one in cast)
    assert store.votes.of([whose]) == {whose: [cast[1], cast[3]]}
    assert store.votes.cast(cast[3])
    assert store.votes.of([whose]) == {whose: [cast[1], cast[3]]}


def test_votes_are_read_for_a_whole_shard_newest_last(store: Store) -> None:
    """Each reader's own; who never voted is left out."""
    store.papers.add([seen(paper("One")), seen(paper("Two"))], "file", DAY)
    one, two = store.papers.numbers()
    ann, bob, eve = (store.readers.save(reader(name), NOW).row for name in ("ann", "bob", "eve"))
    late = Vote(ann, one, VoteKind.MORE, None, NOW + HOUR)
    early = Vote(ann, two, VoteKind.LESS, None, NOW)
    other = Vote(bob, one, VoteKind.MUTE, "x", NOW)
    for cast in (late, early, other):
        store.votes.cast(cast)
    assert store.votes.of([ann, bob, eve]) == {ann: [early, late], bob: [other]}
    assert store.votes.of([eve]) == store.votes.of([]) == {}


def test_votes_are_withdrawn_together_or_by_kind(store: Store) -> None:
    """And tell how many there were."""
    store.papers.add([seen(paper("One"))], "file", DAY)
    (number,) = store.papers.numbers()
    whose = store.readers.save(reader(), NOW).row
    more, save = (Vote(whose, number, kind, None, NOW) for kind in (VoteKind.MORE, VoteKind.SAVE))
    for cast in (more, save):
        store.votes.cast(cast)
    assert store.votes.withdraw(whose, number, VoteKind.MUTE) == 0
    assert store.votes.withdraw(whose, number, VoteKind.SAVE) == 1
    assert store.votes.of([whose]) == {whose: [more]}
    store.votes.cast(save)
    assert store.votes.withdraw(whose, number) == 2
    assert store.votes.withdraw(whose, number) == 0


def test_a_vote_of_nobody_or_on_nothing_is_not_stored(store: Store) -> None:
    """Reader or paper left after they were looked up: said, not raised."""
    store.papers.add([seen(paper("One"))], "file", DAY)
    (number,) = store.papers.numbers()
    whose = store.readers.save(reader(), NOW).row
    assert not store.votes.cast(Vote(whose, number + 1, VoteKind.MORE, None, NOW))
    assert not store.votes.cast(Vote(whose + 1, number, VoteKind.MORE, None, NOW))
    assert store.votes.of([whose, whose + 1]) == {}


def test_what_is_stored_of_a_reader_goes_with_it(store: Store) -> None:
    """Votes, library, its state and profiles; the papers and the others' rows stay."""
    ann, bob = (store.readers.save(reader(name), NOW).row for name in ("ann", "bob"))
    for whose in (ann, bob):
        store.libraries.replace(whose, "a.bib", [(paper("One"), DAY)], "bibtex", DAY)
        store.libraries.save_state(whose, "a.bib", LibraryState(3, NOW))
        store.profiles.save([StoredProfile(whose, 0, "d", "f", b"v")], [whose])
        number = store.papers.numbers()[0]
        store.votes.cast(Vote(whose, number, VoteKind.MORE, None, NOW))
    assert store.readers.remove(store.readers.named(["ann"])["ann"].reader.handle)
    both = [ann, bob]
    assert set(store.votes.of(both)) == set(store.libraries.of(both)) == {bob}
    assert set(store.profiles.of(both)) == {(bob, 0)}
    assert store.libraries.state(ann, "a.bib") == LibraryState()
    assert store.papers.count() == 1


@pytest.mark.parametrize("newest_goes", [True, False])
def test_the_newest_vote_wins_when_papers_are_joined(store: Store, newest_goes: bool) -> None:  # noqa: FBT001
    """Whichever row it is on; opinion and reading list apart; all lead to the row that stays."""
    stays, goes = two_rows(store)
    ann, bob = (store.readers.save(reader(name), NOW).row for name in ("ann", "bob"))
    late, early = (goes, stays) if newest_goes else (stays, goes)
    for cast in (
        Vote(ann, early, VoteKind.MORE, "early", NOW),
        Vote(ann, late, VoteKind.MUTE, "late", NOW + HOUR),
        Vote(ann, goes, VoteKind.SAVE, None, NOW - HOUR),
        Vote(bob, goes, VoteKind.LESS, None, NOW),
    ):
        store.votes.cast(cast)
    bridge(store)
    assert store.votes.of([ann, bob]) == {
        ann: [
            Vote(ann, stays, VoteKind.SAVE, None, NOW - HOUR),
            Vote(ann, stays, VoteKind.MUTE, "late", NOW + HOUR),
        ],
        bob: [Vote(bob, stays, VoteKind.LESS, None, NOW)],
    }


def test_library_and_picks_move_when_papers_are_joined(store: Store) -> None:
    """Each list has the row that stays, once; the edition still tells its interest."""
    stays, goes = two_rows(store)
    whose = store.readers.save(reader(), NOW).row
    preprint, journal = paper(TITLE, "", ARXIV), paper(OTHER_TITLE, "", DOI)
    store.libraries.replace(whose, "a.bib", [(preprint, DAY), (journal, None)], "bibtex", DAY)
    store.libraries.replace(whose, "b.bib", [(preprint, DAY)], "bibtex", DAY)
    send(store, whose, "owls", DAY, goes)
    bridge(store)
    assert store.libraries.origins(whose) == [("a.bib", 1), ("b.bib", 1)]
    assert {entry.paper for entry in store.libraries.of([whose])[whose]} == {stays}
    assert store.editions.interest_of(whose, stays) == "owls"
    again = [(preprint, DAY), (journal, None)]
    store.libraries.replace(whose, "a.bib", again, "bibtex", DAY)
    assert store.libraries.replace(whose, "a.bib", again, "bibtex", DAY) == 0


def test_a_library_is_exactly_what_was_imported_last(store: Store) -> None:
    """New entries come, others go, dates change, another origin stays; the same again is nothing."""
    whose = store.readers.save(reader(), NOW).row
    one, two, three = (paper(title) for title in ("One", "Two", "Three"))
    earlier = DAY - timedelta(days=9)
    first = [(one, DAY), (two, None), (one, earlier)]
    assert store.libraries.replace(whose, "a.bib", first, "bibtex", DAY) == 2
    assert store.libraries.replace(whose, "b.bib", [(one, None)], "bibtex", DAY) == 1
    assert store.libraries.replace(whose, "a.bib", first, "bibtex", DAY + 9 * HOUR) == 0
    assert store.libraries.replace(whose, "a.bib", [(two, DAY), (three, None)], "b", DAY) == 3
    at = store.papers.numbers_by_keys([title_key(title) for title in ("One", "Two", "Three")])
    number = {title: at[title_key(title)] for title in ("One", "Two", "Three")}
    assert store.libraries.of([whose]) == {
        whose: [
            LibraryPaper(whose, "a.bib", number["Two"], DAY),
            LibraryPaper(whose, "a.bib", number["Three"], None),
            LibraryPaper(whose, "b.bib", number["One"], None),
        ]
    }
    assert store.libraries.replace(whose, "a.bib", [], "bibtex", DAY) == 2
    assert store.libraries.origins(whose) == [("b.bib", 1)]


def test_papers_of_a_library_are_no_candidates(store: Store) -> None:
    """But they are read by the ranker; a paper that was announced stays what it is."""
    known = paper("Known", "Text.", ARXIV)
    store.papers.add([seen(known)], "arxiv", DAY)
    whose = store.readers.save(reader(), NOW).row
    wrong = paper("Known, misspelt", "Other.", ARXIV)
    store.libraries.replace(
        whose, "a.bib", [(wrong, None), (paper("Mine", "", DOI), None)], "bibtex", DAY
    )
    assert [c.paper for c in store.papers.candidates(DAY, 3)] == [known]
    assert changes(store) == [(1, "Known"), (2, "Mine")]
    assert len(store.libraries.of([whose])[whose]) == 2


def test_what_a_library_says_gives_way_to_a_service(store: Store) -> None:
    """Its title and abstract are replaced by announced ones, and fill what no service told."""
    whose = store.readers.save(reader(), NOW).row
    mine = paper("My title", "My text.", ARXIV)
    store.libraries.replace(whose, "a.bib", [(mine, None)], "bibtex", DAY)
    store.papers.add([seen(paper("Title", "Text.", ARXIV)), seen(paper("Bare", "", DOI))], "x", DAY)
    bare = paper("Bare, so to speak", "Filled.", DOI)
    store.libraries.replace(whose, "b.bib", [(mine, None), (bare, None)], "bibtex", DAY)
    found = store.papers.by_keys([ARXIV, DOI])
    assert [(p.title, p.abstract) for p in found.values()] == [
        ("Title", "Text."),
        ("Bare", "Filled."),
    ]
    assert len(store.libraries.of([whose])[whose]) == 3


def test_papers_of_one_title_are_two_in_a_library_too(store: Store) -> None:
    """The id decides, not the title that another paper has as well."""
    store.papers.add([seen(paper("Erratum", "a", ARXIV))], "arxiv", DAY)
    whose = store.readers.save(reader(), NOW).row
    mine = [(paper("Erratum", "b", "arxiv:9912.00002"), None)]
    store.libraries.replace(whose, "a.bib", mine, "bibtex", DAY)
    ((entry,),) = store.libraries.of([whose]).values()
    assert entry.paper == store.papers.numbers_by_keys(["arxiv:9912.00002"])["arxiv:9912.00002"]
    assert store.libraries.replace(whose, "a.bib", mine, "bibtex", DAY) == 0


@pytest.mark.parametrize("known", [DOI, ARXIV, None])
def test_a_library_gives_no_key_to_a_known_work(store: Store, known: str | None) -> None:
    """What is announced later under a key that a library has wrong is a work of its own."""
    stranger = "arxiv:2603.00009"
    store.papers.add([seen(paper(TITLE, "", known))], "x", DAY)
    whose = store.readers.save(reader(), NOW).row
    keys = (stranger, *([known] if known else []), title_key(TITLE))
    mine = [(Paper(keys, TITLE, "Mine."), None), (paper(TITLE, "", known), DAY)]
    assert store.libraries.replace(whose, "a.bib", mine, "a.bib", DAY) == 1
    assert store.libraries.replace(whose, "a.bib", mine, "a.bib", DAY) == 0
    store.papers.add([seen(paper("A follow-up", "Its text.", stranger))], "arxiv", DAY)
    mine_only, later = (store.papers.by_numbers([n])[n].paper for n in store.papers.numbers())
    assert (mine_only.title, mine_only.abstract) == (TITLE, "Mine.")
    assert stranger not in mine_only.keys
    assert later == paper("A follow-up", "Its text.", stranger)


def test_a_library_joins_no_known_works(store: Store) -> None:
    """An entry with the ids of two works is the one of its first id."""
    journal, preprint = two_rows(store)
    whose = store.readers.save(reader(), NOW).row
    both = Paper((ARXIV, DOI, title_key(TITLE)), TITLE)
    store.libraries.replace(whose, "a.bib", [(both, None)], "a.bib", DAY)
    assert [entry.paper for entry in store.libraries.of([whose])[whose]] == [preprint]
    assert store.papers.numbers_by_keys([DOI, ARXIV]) == {DOI: journal, ARXIV: preprint}


def test_an_origin_is_forgotten_with_its_state(store: Store) -> None:
    """Its entries and the version of its service; other origins stay."""
    whose = store.readers.save(reader(), NOW).row
    for origin in ("a.bib", "zotero"):
        store.libraries.replace(whose, origin, [(paper("One"), None)], "x", DAY)
    assert store.libraries.state(whose, "zotero") == LibraryState()
    for state in (LibraryState(7, NOW, NOW + HOUR, (ARXIV, DOI)), LibraryState(8)):
        store.libraries.save_state(whose, "zotero", state)
        assert store.libraries.state(whose, "zotero") == state
    assert store.libraries.forget(whose, "zotero") == 1
    assert store.libraries.forget(whose, "zotero") == 0
    assert store.libraries.state(whose, "zotero") == LibraryState()
    assert store.libraries.origins(whose) == [("a.bib", 1)]


def test_the_library_of_a_reader_who_left_is_not_stored(store: Store) -> None:
    """Neither entries nor state nor papers."""
    assert store.libraries.replace(9, "a.bib", [(paper("One"), None)], "x", DAY) == 0
    store.libraries.save_state(9, "a.bib", LibraryState(1, NOW))
    assert store.libraries.state(9, "a.bib") == LibraryState()
    assert store.papers.count() == 0


def test_profiles_are_kept_by_place(store: Store) -> None:
    """Saved over those before; places that are no more go; other readers' stay."""
    ann, bob, eve = (store.readers.save(reader(name), NOW).row for name in ("ann", "bob", "eve"))
    rows = [StoredProfile(r, p, "a" * 64, "f", bytes([r, p])) for r in (ann, bob) for p in (0, 1)]
    store.profiles.save([*rows, StoredProfile(eve, 0, "e", "f", b"")], [ann, bob, eve])
    newer = StoredProfile(ann, 0, "b" * 64, "g", b"\0new")
    store.profiles.save([newer], [ann, eve])
    assert store.profiles.of([ann, bob, eve]) == {
        (ann, 0): newer,
        (bob, 0): rows[2],
        (bob, 1): rows[3],
    }
    assert store.profiles.of([ann]) == {(ann, 0): newer}
    assert store.profiles.of([]) == {}


def test_a_reader_who_left_costs_no_other_profile(store: Store) -> None:
    """The shard is saved without it."""
    ann, bob = (store.readers.save(reader(name), NOW).row for name in ("ann", "bob"))
    assert store.readers.remove(store.readers.named(["ann"])["ann"].reader.handle)
    rows = [StoredProfile(whose, 0, "d", "f", b"v") for whose in (ann, bob)]
    store.profiles.save(rows, [ann, bob])
    assert store.profiles.of([ann, bob]) == {(bob, 0): rows[1]}


def test_a_vote_knows_the_interest_that_brought_the_paper(store: Store) -> None:
    """That of the latest edition that had it; none where upvotes did, or nothing was sent."""
    store.papers.add([seen(paper("One", "", ARXIV)), seen(paper("Two", "", DOI))], "file", DAY)
    one, _ = store.papers.numbers()
    person, other = (store.readers.save(reader(name), NOW) for name in ("ann", "bob"))
    send(store, person.row, "new", DAY, one)
    send(store, person.row, "old", DAY - timedelta(days=1), one)
    send(store, other.row, None, DAY, one)
    assert vote(store, person, ARXIV, VoteKind.MORE, NOW).interest == "new"
    assert vote(store, other, ARXIV, VoteKind.MORE, NOW).interest is None
    assert vote(store, person, DOI, VoteKind.SAVE, NOW).interest is None
    votes = store.votes.of([person.row, other.row])
    assert [cast.interest for cast in votes[person.row]] == ["new", None]
    assert withdraw(store, person, ARXIV) == 1
    assert withdraw(store, person, ARXIV) == 0
    assert withdraw(store, person, DOI, VoteKind.MORE) == 0
    assert withdraw(store, person, DOI, VoteKind.SAVE) == 1


@pytest.mark.parametrize(
    "written",
    [
        "9912.00001",
        " arXiv:9912.00001v3 ",
        "https://arxiv.org/abs/9912.00001",
        "https://huggingface.co/papers/9912.00001",
        ARXIV,
        "10.5555/ABC",
        "https://doi.org/10.5555/abc",
        title_key(TITLE),
        TITLE.upper() + ".",
    ],
)
def test_a_paper_is_found_as_people_write_it(sqlite: Store, written: str) -> None:
    """By id, DOI, address, key or whole title."""
    keys = (ARXIV, "doi:10.5555/abc", title_key(TITLE))
    sqlite.papers.add([seen(paper("Some other")), seen(Paper(keys, TITLE))], "file", DAY)
    assert find_paper(sqlite, written) == sqlite.papers.numbers_by_keys([ARXIV])[ARXIV]


@pytest.mark.parametrize("written", ["9912.00002", "A long and telling title", "", "!?", "x" * 999])
def test_an_unknown_paper_is_named_with_what_to_do(sqlite: Store, written: str) -> None:
    """In one line; nothing is stored."""
    sqlite.papers.add([seen(paper(TITLE, "", ARXIV))], "file", DAY)
    person = sqlite.readers.save(reader(), NOW)
    with pytest.raises(UsageError, match=f"{re.escape(written[:20])}.*arXiv id") as caught:
        vote(sqlite, person, written, VoteKind.MORE, NOW)
    assert len(str(caught.value)) < 300
    assert sqlite.votes.of([person.row]) == {}


def test_a_vote_of_a_reader_who_left_is_refused(sqlite: Store) -> None:
    """With one line, not with the database's words."""
    sqlite.papers.add([seen(paper(TITLE, "", ARXIV))], "file", DAY)
    person = sqlite.readers.save(reader(), NOW)
    assert sqlite.readers.remove(person.handle)
    with pytest.raises(UsageError, match="left the store meanwhile"):
        vote(sqlite, person, ARXIV, VoteKind.MORE, NOW)


def test_saving_is_liking() -> None:
    """More and save ask for papers like this one; less and mute do not."""
    assert [kind for kind in VoteKind if kind.likes] == [VoteKind.MORE, VoteKind.SAVE]


def at_first_schema(address: str) -> Engine:
    """A database as the first version made it."""
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    config = Config()
    room = Path(store_room.__file__).parent
    config.set_main_option("script_location", str(room / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    return engine


def test_a_database_of_the_first_version_is_kept(address: str) -> None:
    """Every row stays, also those that refer to papers; changes count from the row numbers."""
    engine = at_first_schema(address)
    with engine.begin() as connection:
        for number, key in ((3, ARXIV), (8, DOI)):
            connection.execute(
                text(
                    "INSERT INTO papers (id, key, title, abstract, authors, categories, version,"
                    " announced) VALUES (:number, :key, 'T', '', '[]', '[]', 1, :day)"
                ),
                {"number": number, "key": key, "day": DAY.isoformat()},
            )
            rows = {
                "paper_keys": "(key, paper_id) VALUES (:key, :number)",
                "announcements": "(paper_id, source, date, kind) VALUES (:number, 'x', :day, 'new')",
                "signals": "(paper_id, source, name, observed, value)"
                " VALUES (:number, 'x', 'upvotes', '2026-03-17 09:30:00.000000', 4)",
            }
            for table, values in rows.items():
                connection.execute(
                    text(f"INSERT INTO {table} {values}"),
                    {"number": number, "key": key, "day": DAY.isoformat()},
                )
    engine.dispose()
    store = open_store(address)
    assert [(c.number, c.change, c.key) for c in store.papers.changes(0, 9)] == [
        (3, 3, ARXIV),
        (8, 8, DOI),
    ]
    assert [(c.number, c.upvotes) for c in store.papers.candidates(DAY, 1)] == [(3, 4), (8, 4)]
    assert store.papers.announced_between(DAY, DAY) == {DAY: 2}
    store.papers.add([seen(paper("More", "Text.", ARXIV, version=2))], "x", DAY)
    assert changes(store, 8) == [(9, "More")]
    assert len(store.identity()) == 32
    store.close()
