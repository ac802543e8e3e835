"""What readers bring along is their own: it tells nobody anything, and it goes with them."""

import dataclasses
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, delete, select, text

import digest.store as database
from digest.catalogue import Catalogue
from digest.grammar.interests import parse_interest
from digest.identity import title_key
from digest.model import Announcement, Paper, Reader, Vote, VoteKind
from digest.progress import Quiet
from digest.readers import erase
from digest.readers.library import forget_library
from digest.search import Asked, find
from digest.store import Store, open_store
from digest.store.schema import announcements, paper_keys, papers, readers
from tests.conftest import DAY, NOW
from tests.papers import paper, reader, seen

TITLE = "Moorings for zeppelins that nobody steers"
ARXIV, OTHER, DOI = "arxiv:2603.20001", "arxiv:2603.20002", "doi:10.5555/moor"
LIKED = "liked papers"


def pasted(*keys: str, title: str = TITLE) -> Paper:
    """What a reader wrote of a paper, more than it should."""
    return Paper(
        (*keys, title_key(title)),
        title,
        "Notes that are nobody's business.",
        ("Ida Quill",),
        ("cs.XX",),
        url="https://intranet.example/z",
        pdf="https://intranet.example/z.pdf",
        code="https://intranet.example/code",
        project="https://intranet.example/project",
    )


def saved(store: Store, name: str = "ann@example.org") -> Reader:
    """A reader of the store."""
    return store.readers.save(reader(name), NOW)


def paste(store: Store, whose: Reader, *written: Paper, origin: str = LIKED) -> int:
    """Put papers into a reader's library; returns how many are new in it."""
    return store.libraries.add(whose.row, origin, [(one, DAY) for one in written], origin, DAY)


def by_key(store: Store, key: str) -> Paper:
    """The paper that a key names."""
    return store.papers.by_keys([key])[key]


@pytest.mark.parametrize("kind", [Announcement.NEW, Announcement.REPLACE, Announcement.LOOKED_UP])
def test_what_a_service_does_not_say_stays_empty(store: Store, kind: Announcement) -> None:
    """A private abstract, author or address is not published by announcing its paper."""
    ann = saved(store)
    paste(store, ann, pasted(ARXIV, DOI))
    true = Paper((ARXIV,), "The true title of this paper")
    store.papers.add([seen(true, kind=kind)], "upvotes", DAY)
    assert by_key(store, ARXIV) == true
    (entry,) = store.libraries.of([ann.row])[ann.row]
    assert store.papers.by_numbers([entry.paper])[entry.paper].paper == true


def test_a_library_says_nothing_of_what_a_service_told_first(store: Store) -> None:
    """Whichever way round they come."""
    true = Paper((ARXIV,), "The true title of this paper")
    store.papers.add([seen(true)], "upvotes", DAY)
    paste(store, saved(store), pasted(ARXIV, DOI))
    assert by_key(store, ARXIV) == true
    assert not store.papers.known_keys([DOI, title_key(TITLE)])


def test_private_rows_of_one_work_leave_nothing_when_joined(store: Store) -> None:
    """Two readers know it by two ids: what is announced by both is one work, as announced."""
    ann, bob = saved(store), saved(store, "bob@example.org")
    paste(store, ann, pasted(ARXIV))
    paste(store, bob, pasted(DOI, "doi:10.5555/wrong", title="Another title of the same"))
    assert store.papers.count() == 2
    true = Paper((ARXIV, DOI), "The true title of this paper")
    store.papers.add([seen(true)], "journal", DAY)
    assert store.papers.count() == 1
    assert by_key(store, DOI) == true
    for whose in (ann, bob):
        assert len(store.libraries.of([whose.row])[whose.row]) == 1
    assert not store.papers.known_keys([title_key(TITLE), "doi:10.5555/wrong"])


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first", [ARXIV, DOI])
def test_a_wrong_key_swallows_no_paper(store: Store, first: str, together: bool) -> None:  # noqa: FBT001 - pytest's way
    """A pasted entry that claims two works leads to the first that is announced, both appear."""
    ann = saved(store)
    paste(store, ann, pasted(ARXIV, DOI))
    works = [paper(f"True {key}", f"About {key}.", key) for key in (ARXIV, DOI)]
    works.sort(key=lambda work: work.key != first)
    for batch in [works] if together else [[work] for work in works]:
        assert store.papers.add([seen(work) for work in batch], "x", DAY) == len(batch) - (
            works[0] in batch
        )
    assert {one.paper for one in store.papers.candidates(DAY, 1)} == set(works)
    assert by_key(store, ARXIV).title == f"True {ARXIV}"
    assert by_key(store, DOI).title == f"True {DOI}"
    (entry,) = store.libraries.of([ann.row])[ann.row]
    assert entry.paper == store.papers.numbers_by_keys([first])[first]


@pytest.mark.parametrize("together", [True, False])
def test_a_guessed_title_swallows_no_paper(store: Store, together: bool) -> None:  # noqa: FBT001 - pytest's way
    """The id that was pasted beside another paper's title is free for its own paper."""
    paste(store, saved(store), dataclasses.replace(pasted(ARXIV), authors=()))
    mine = paper(TITLE, "What the journal says.", DOI, authors=("True Author",))
    own = paper("Quite another paper", "What arXiv says.", ARXIV)
    for batch in [[mine, own]] if together else [[mine], [own]]:
        store.papers.add([seen(work) for work in batch], "x", DAY)
    assert by_key(store, DOI) == mine
    assert by_key(store, ARXIV) == own


def test_keys_that_change_hands_in_one_batch(store: Store) -> None:
    """An older row gets the very key that a younger one loses."""
    ann = saved(store)
    paste(store, ann, pasted(title="The owls of the north and of the south"))
    paste(store, ann, pasted(ARXIV, DOI))
    journal = paper("Another paper of a journal", "Journal.", DOI)
    owls = paper("The owls of the north and of the south", "Owls.", ARXIV)
    store.papers.add([seen(journal), seen(owls)], "x", DAY)
    assert by_key(store, DOI) == journal
    assert by_key(store, ARXIV) == owls
    with store.engine.connect() as connection:
        written = set(connection.scalars(select(papers.c.key)))
    assert written == {DOI, ARXIV}


def test_a_freed_key_is_a_change(store: Store) -> None:
    """Who read the paper under the key that it lost reads it anew, though its text is the same."""
    paste(store, saved(store), dataclasses.replace(pasted(ARXIV, DOI), abstract=""))
    before = store.papers.last_change()
    store.papers.add([seen(paper(TITLE, "", DOI), kind=Announcement.REPLACE)], "x", DAY)
    (changed,) = store.papers.changes(before, 10)
    assert changed.key == DOI


def test_deleted_for_good(store: Store) -> None:
    """Title, abstract and address that only a deleted reader had are gone, keys and all."""
    ann = saved(store)
    paste(store, ann, pasted(ARXIV, DOI), pasted(title="Only a title of something else"))
    number = store.papers.numbers_by_keys([ARXIV])[ARXIV]
    assert store.votes.cast(Vote(ann.row, number, VoteKind.SAVE, None, NOW))
    erase(store, ann)
    assert store.papers.count() == 0
    with store.engine.connect() as connection:
        for table in (papers, paper_keys, announcements):
            assert connection.execute(select(table)).all() == []


def test_forgetting_and_pasting_again_leaves_nothing_behind(store: Store) -> None:
    """The table does not grow by it."""
    ann = saved(store)
    for time in range(3):
        paste(store, ann, pasted(title=f"The {time}th title that was pasted"))
        assert store.papers.count() == 1
        assert forget_library(store, ann, LIKED) == 1
    assert store.papers.count() == 0


def test_an_entry_that_leaves_a_library_leaves_the_store(store: Store) -> None:
    """As a paper deleted in a reference manager does."""
    ann = saved(store)
    one, two = pasted(ARXIV), pasted(DOI, title="Another title of another work")
    store.libraries.replace(ann.row, "a.bib", [(one, None), (two, None)], "a.bib", DAY)
    store.libraries.replace(ann.row, "a.bib", [(two, None)], "a.bib", DAY)
    assert store.papers.known_keys([ARXIV, DOI]) == {DOI}


def test_what_others_refer_to_stays(store: Store) -> None:
    """A paper of two libraries goes with the last; one that is voted on, with the vote."""
    ann, bob = saved(store), saved(store, "bob@example.org")
    for whose in (ann, bob):
        paste(store, whose, pasted(ARXIV), pasted(DOI, title="Another title of another work"))
    number = store.papers.numbers_by_keys([ARXIV])[ARXIV]
    assert store.votes.cast(Vote(bob.row, number, VoteKind.MORE, None, NOW))
    erase(store, ann)
    assert store.papers.known_keys([ARXIV, DOI]) == {ARXIV, DOI}
    store.libraries.forget(bob.row, LIKED)
    assert store.papers.known_keys([ARXIV, DOI]) == {ARXIV}
    assert store.votes.withdraw(bob.row, number, VoteKind.MORE) == 1
    assert store.papers.count() == 0


def test_what_a_service_told_stays(store: Store) -> None:
    """Announced papers, and those that were looked up for `like:`, whoever has left."""
    ann = store.readers.save(reader("ann@example.org", f"like:{OTHER}"), NOW)
    assert ann.interests == (parse_interest("interest 1", f"like:{OTHER}"),)
    paste(store, ann, pasted(ARXIV), pasted(OTHER, title="Another title of another work"))
    store.papers.add([seen(paper("Announced", "Text.", ARXIV))], "arxiv", DAY)
    looked_up = paper("Looked up", "Text.", OTHER)
    store.papers.add([seen(looked_up, kind=Announcement.LOOKED_UP)], "arxiv", DAY)
    erase(store, ann)
    assert by_key(store, ARXIV).title == "Announced"
    assert by_key(store, OTHER) == looked_up


def test_changes_are_counted_on_when_the_last_paper_goes(store: Store) -> None:
    """No number of a change is given again: who reads changes would miss the paper that gets it."""
    store.papers.add([seen(paper("Announced", "Text.", ARXIV))], "arxiv", DAY)
    ann = saved(store)
    paste(store, ann, pasted(DOI))
    last = store.papers.last_change()
    store.libraries.forget(ann.row, LIKED)
    assert store.papers.last_change() > last
    assert [one.key for one in store.papers.changes(last, 10)] == [ARXIV]
    store.papers.add([seen(paper("Later", "Text.", OTHER))], "arxiv", DAY)
    assert OTHER in [one.key for one in store.papers.changes(last, 10)]


def test_the_index_goes_on_without_what_went(store: Store, tmp_path: Path) -> None:
    """It is not made anew for it, though what it had read last is gone, and reads what comes."""
    store.papers.add([seen(paper(f"Paper {n}", "Text.")) for n in range(9)], "arxiv", DAY)
    ann = saved(store)
    catalogue = Catalogue(store, tmp_path / "index", Quiet())
    catalogue.refresh()
    paste(store, ann, pasted(ARXIV), pasted(DOI, title="Another title of another work"))
    read = catalogue.refresh()
    assert read.head.change == store.papers.last_change()
    erase(store, ann)
    index = catalogue.refresh()
    assert sorted(index.numbers[index.alive].tolist()) == store.papers.numbers()
    assert index.head.rows == read.head.rows + 1  # one is read again; anew there would be nine
    store.papers.add([seen(paper("Later", "Text.", OTHER))], "arxiv", DAY)
    paste(store, saved(store, "bob@example.org"), pasted(ARXIV))
    index = catalogue.refresh()
    assert sorted(index.numbers[index.alive].tolist()) == store.papers.numbers()
    assert index.head.change == store.papers.last_change()
    catalogue.close()


def test_what_is_gone_is_not_found_by_an_index_that_still_has_it(store: Store) -> None:
    """Pages look into a state of the index that lags behind the store."""
    store.papers.add([seen(paper("Zeppelins", "Of zeppelins.", OTHER))], "arxiv", DAY)
    ann = saved(store)
    paste(store, ann, pasted(ARXIV))
    catalogue = Catalogue(store, None, Quiet())
    interest = parse_interest("search", "zeppelins")
    every = Asked(interest)
    catalogue.refresh()
    assert {one.stored.paper.key for one in find(catalogue, every, 9)} == {OTHER, ARXIV}
    resting = catalogue.at_rest()
    erase(store, ann)
    assert [one.stored.paper.key for one in find(resting, every, 9)] == [OTHER]
    catalogue.close()


def test_no_number_of_a_reader_is_given_again(store: Store) -> None:
    """What is still done for one who left is done for nobody, not for who came next."""
    eve = saved(store, "eve@evil.example")
    store.papers.add([seen(paper("Announced", "Text.", ARXIV))], "arxiv", DAY)
    erase(store, eve)
    bob = saved(store, "bob@example.org")
    assert bob.row > eve.row
    assert paste(store, eve, pasted(DOI, title="Planted in the library of somebody else")) == 0
    announced = store.papers.numbers_by_keys([ARXIV])[ARXIV]
    assert not store.votes.cast(Vote(eve.row, announced, VoteKind.MUTE, None, NOW))
    assert store.libraries.origins(bob.row) == []
    assert store.votes.of([bob.row]) == {}
    assert store.papers.known_keys([DOI]) == frozenset()


def test_readers_of_an_older_database_keep_their_numbers_to_themselves(tmp_path: Path) -> None:
    """A database that SQLite numbered before goes on above what it had when it was upgraded."""
    address = f"sqlite:///{tmp_path / 'old.db'}"
    engine = create_engine(address)
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for name in ("ann@example.org", "eve@evil.example"):
            connection.execute(
                text(
                    "INSERT INTO readers (name, address, kind, minute, zone, weekdays, picks,"
                    " active, created) VALUES (:name, :name, 'saved', 420, 'UTC', 127, 10, 1,"
                    " '2026-03-17 09:30:00')"
                ),
                {"name": name},
            )
    engine.dispose()
    opened = open_store(address)
    eve = opened.readers.find("eve@evil.example")
    assert eve is not None
    erase(opened, eve)
    assert saved(opened, "bob@example.org").row > eve.row
    opened.close()


def test_numbers_go_on_when_all_readers_left(store: Store) -> None:
    """Also where the last of several goes, and where their rows went by another way."""
    rows = [saved(store, f"{name}@example.org").row for name in "abc"]
    with store.engine.begin() as connection:
        connection.execute(delete(readers))
    assert saved(store, "d@example.org").row > max(rows)
