"""Works found, joined and kept: in any order, with nothing lost."""

import dataclasses
import runpy
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

import digest.store as database
from digest.identity import title_key
from digest.model import (
    UPVOTES,
    Announcement,
    Edition,
    Message,
    Mood,
    Paper,
    Pick,
    Sighting,
    Signal,
    Vote,
    VoteKind,
)
from digest.store import Store, open_store
from digest.store.editions import MadeEdition
from digest.store.marks import marks_of, rows_by_mark
from digest.store.merging import merged
from digest.store.schema import metadata, paper_keys, papers, signals, title_marks
from tests.conftest import DAY, NOW
from tests.papers import paper, reader, seen

ARXIV, PREPRINT, DOI = "arxiv:2601.00001", "doi:10.1101/2026.01.01.1234567", "doi:10.5555/moor"
OTHER_DOI = "doi:10.5555/other"
TITLE = "Listening masts keep anchored zeppelins through winters"
NEAR = "Listening Masts Keep Anchored Zeppelins Through the Winters"
AUTHORS = ("Ida Quill", "Bo Marsh")
TEXT = (
    "We moor zeppelins to masts that nobody steers. A mast listens to the wind, guesses what the "
    "hull will do next, and gives way before the rope does. In two winters on an open field the "
    "moored ships lost no rope, whereas ships on fixed masts lost four."
)


def work(title: str, *keys: str, abstract: str = TEXT, authors: tuple[str, ...] = AUTHORS) -> Paper:
    """A paper with several ids and the key of its title."""
    return Paper((*keys, title_key(title)), title, abstract, authors)


def keys_of(store: Store) -> set[frozenset[str]]:
    """The strong keys of each work."""
    numbers = store.papers.numbers()
    found = store.papers.by_numbers(numbers).values()
    return {frozenset(k for k in one.paper.keys if not k.startswith("title:")) for one in found}


def add(store: Store, sightings: Iterable[Paper], source: str = "x") -> None:
    """Store papers, each in a batch of its own."""
    for one in sightings:
        store.papers.add([seen(one)], source, DAY)


@pytest.fixture(scope="module")
def shelf() -> Iterator[Store]:
    """A store in memory for many examples, each of which empties it first."""
    opened = open_store("sqlite://")
    yield opened
    opened.close()


def empty(store: Store) -> None:
    """Delete all rows that tests make."""
    with store.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in ("house", "link_keys"):
                connection.execute(table.delete())


def closed(groups: Iterable[Iterable[str]]) -> set[frozenset[str]]:
    """Sets of keys, those with a key in common as one: the oracle, done another way."""
    found: list[set[str]] = []
    for group in map(set, groups):
        touching = [one for one in found if one & group]
        found = [one for one in found if not one & group] + [group.union(*touching)]
    return set(map(frozenset, found))


def test_four_names_of_one_work(store: Store) -> None:
    """Preprint, arXiv, journal under a title spelled otherwise, a page without any id."""
    names = [
        work(TITLE, PREPRINT),
        work(NEAR, ARXIV),
        work(TITLE.replace("anchored", "anchoured"), DOI),
        work(TITLE, authors=(), abstract=""),
    ]
    add(store, names)
    assert keys_of(store) == {frozenset((ARXIV, PREPRINT, DOI))}
    add(store, names)
    assert store.papers.count() == 1


def test_an_old_title_stays_a_name_of_its_work(store: Store) -> None:
    """A page that still has it leads to the work, whatever the last version is called."""
    new = "What a mast hears before the wind turns"
    add(store, [work(TITLE, ARXIV)])
    add(store, [dataclasses.replace(work(new, ARXIV), version=2)])
    add(store, [work(TITLE, authors=(), abstract="Of another source.")])
    add(store, [work(TITLE, DOI)])
    assert keys_of(store) == {frozenset((ARXIV, DOI))}
    ((number, found),) = store.papers.by_numbers(store.papers.numbers()).items()
    assert found.paper.title == new
    assert store.papers.numbers_by_keys([title_key(TITLE), title_key(new)]) == {
        title_key(TITLE): number,
        title_key(new): number,
    }


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_what_could_be_either_of_two_works_is_neither(store: Store, order: Sequence[int]) -> None:
    """Two papers of one service and a third name that fits both: the guess is not made."""
    names = [work(TITLE, ARXIV), work(TITLE + "!", "arxiv:2601.00002"), work(NEAR, DOI)]
    add(store, [names[0], names[1]])
    add(store, [names[place] for place in order])
    assert keys_of(store) == {frozenset({key}) for key in (ARXIV, "arxiv:2601.00002", DOI)}


def test_a_near_title_joins_rows_that_were_two(store: Store) -> None:
    """The last title of one comes near to that of the other, and authors appear later."""
    add(store, [work("Quite another name", ARXIV), work(TITLE, DOI, authors=())])
    add(store, [dataclasses.replace(work(NEAR, ARXIV), version=2)])
    assert store.papers.count() == 2
    add(store, [work(TITLE, DOI)])
    assert keys_of(store) == {frozenset((ARXIV, DOI))}


def test_a_library_holds_the_work_that_services_tell_of(store: Store) -> None:
    """Under nearly its title, before it is announced or after; it says nothing of it."""
    whose = store.readers.save(reader(), NOW).row
    mine = [(work(NEAR, "doi:10.5555/mine", abstract=""), DAY)]
    store.libraries.add(whose, "a.bib", mine, "a.bib", DAY)
    add(store, [work(TITLE, ARXIV)])
    (number,) = store.papers.numbers()
    assert keys_of(store) == {frozenset({ARXIV})}
    assert [entry.paper for entry in store.libraries.of([whose])[whose]] == [number]
    with store.engine.connect() as connection:
        stored = set(connection.scalars(select(title_marks.c.mark)))
    assert stored == set(marks_of(work(TITLE)))
    late = store.readers.save(reader("late"), NOW).row
    store.libraries.add(late, "a.bib", mine, "a.bib", DAY)
    assert [entry.paper for entry in store.libraries.of([late])[late]] == [number]
    assert store.papers.count() == 1


def test_a_library_does_not_keep_the_names_of_others_apart(store: Store) -> None:
    """A wrong id in it contradicts what services tell of: then it is passed over."""
    whose = store.readers.save(reader(), NOW).row
    wrong = [(work(NEAR, "arxiv:2601.09999"), DAY)]
    store.libraries.add(whose, "a.bib", wrong, "a.bib", DAY)
    add(store, [work(TITLE, ARXIV), work(TITLE.replace("through", "in"), DOI)])
    assert keys_of(store) == {frozenset({"arxiv:2601.09999"}), frozenset((ARXIV, DOI))}


@given(data=st.data())
@settings(max_examples=60)
def test_shared_ids_make_one_work_in_any_order(shelf: Store, data: st.DataObject) -> None:
    """As many works as sets of ids that hang together, however they came, once or twice."""
    ids = st.sampled_from([ARXIV, PREPRINT, DOI, OTHER_DOI, "doi:10.5555/third"])
    groups = data.draw(st.lists(st.sets(ids, min_size=1, max_size=3), min_size=1, max_size=6))
    names = [
        Paper(tuple(sorted(keys)), f"{'nmpqrstuvw'[place] * 9} alone", "", ())
        for place, keys in enumerate(groups)
    ]
    for order in (names, data.draw(st.permutations(names))):
        empty(shelf)
        add(shelf, order)
        assert keys_of(shelf) == closed(groups)
        shelf.papers.add([seen(one) for one in order], "x", DAY)
        assert keys_of(shelf) == closed(groups)


OTHER_TEXT = (
    "Lighthouses of the northern coast were counted by hand until last year. This report gives "
    "their number by county, names those that went dark since the last count, and compares the "
    "counts of keepers with those of the ships that passed by night and by day."
)


@pytest.mark.parametrize("turned", [False, True])
def test_a_doi_that_two_preprints_claim_joins_nothing(store: Store, *, turned: bool) -> None:
    """Authors mistype a journal's DOI, or give the volume's: two ids of arXiv are two papers."""
    names = [
        work(TITLE, ARXIV, DOI),
        work("A count of lighthouses by hand", "arxiv:2601.00002", DOI, abstract=OTHER_TEXT),
    ]
    for _ in range(2):
        add(store, reversed(names) if turned else names)
        store.papers.add([seen(one) for one in names], "y", DAY)
        assert {min(keys) for keys in keys_of(store)} == {ARXIV, "arxiv:2601.00002"}
    found = store.papers.by_keys([ARXIV, "arxiv:2601.00002"])
    assert {key: one.title for key, one in found.items()} == {one.key: one.title for one in names}
    stored = store.papers.by_numbers(store.papers.numbers()).values()
    assert [one.sources for one in stored] == [("x", "y")] * 2


def test_a_doi_that_a_work_sent_twice_bears_joins_it(store: Store) -> None:
    """The same text under two numbers of arXiv, with the same journal's DOI: one work."""
    add(store, [work(TITLE, ARXIV, DOI), work(NEAR, "arxiv:2601.00002", DOI)])
    assert keys_of(store) == {frozenset((ARXIV, "arxiv:2601.00002", DOI))}


def test_a_journal_cannot_make_two_preprints_one(store: Store) -> None:
    """A third paper with a DOI of each is one of the two; it does not pull the other along."""
    second = work("A count of lighthouses", "arxiv:2601.00002", OTHER_DOI, abstract=OTHER_TEXT)
    add(store, [work(TITLE, ARXIV, DOI), second])
    both = Paper((DOI, OTHER_DOI), "Proceedings of the winter school", "", ())
    store.papers.add([seen(both), seen(second)], "y", DAY)
    assert keys_of(store) == {
        frozenset((ARXIV, DOI)), frozenset(("arxiv:2601.00002", OTHER_DOI)),
    }  # fmt: skip


def test_each_work_keeps_its_own_first_key(store: Store) -> None:
    """A name of two preprints gives neither the other's key, whichever sorts first."""
    before, after = "doi:10.1016/moor.7", "doi:10.5555/moor.8"
    second = "doi:10.1101/2026.02.02.7654321"
    lights = work("A count of lighthouses", second, before, abstract=OTHER_TEXT)
    add(store, [work(TITLE, PREPRINT, after), lights])
    both = Paper((after, before), "Proceedings of the winter school", "", ())
    for _ in range(2):
        store.papers.add([seen(both), seen(Paper((before,), "Elsewhere", "", ()))], "y", DAY)
        assert keys_of(store) == {frozenset((PREPRINT, after)), frozenset((second, before))}


def test_columns_of_the_same_title_come_each_time(store: Store) -> None:
    """Entries of feeds without an id: at another address they are another text."""
    title = "What we read this week"

    def column(week: int, title: str = title) -> Paper:
        made = work(title, authors=("Ida Quill",), abstract="")
        return dataclasses.replace(made, url=f"http://moor.example/reads/{week}?utm_source=a")

    for _ in range(2):
        store.papers.add([seen(column(1)), seen(column(2))], "feeds", DAY)
        add(store, [column(3), column(2)])
        again = dataclasses.replace(column(1), url="https://www.moor.example/reads/1/#end")
        add(store, [again])
        assert store.papers.count() == 3
    long = "What we read on anchored zeppelins, masts and ropes this week"
    add(store, [column(1, long), column(2, long)])
    assert store.papers.count() == 4
    editorial = dataclasses.replace(
        work("Editorial", DOI, authors=("Bo Marsh",)), url="https://a.example/1"
    )
    add(store, [column(5, "Editorial"), editorial, column(6, "Editorial"), editorial])
    assert store.papers.count() == 7
    assert store.papers.numbers_by_keys([DOI]) != store.papers.numbers_by_keys(
        [title_key("Editorial")]
    )


def test_signs_that_a_hash_of_letters_does_not_see(store: Store) -> None:
    """A plus, or the point in a number, makes another title of the same letters."""
    add(
        store,
        [work("MastNet for mooring zeppelins", ARXIV), work("Mast 15 for zeppelins", PREPRINT)],
    )
    add(
        store,
        [work("MastNet++ for mooring zeppelins", DOI), work("Mast 1.5 for zeppelins", OTHER_DOI)],
    )
    assert store.papers.count() == 4


def test_what_was_in_a_library_has_marks_once_it_is_told_of(store: Store) -> None:
    """Those of the library went; the next name of nearly this title has to find it."""
    whose = store.readers.save(reader(), NOW).row
    store.libraries.add(whose, "a.bib", [(work(TITLE), DAY)], "a.bib", DAY)
    add(store, [work(TITLE, ARXIV), work(NEAR, DOI)])
    assert keys_of(store) == {frozenset((ARXIV, DOI))}


def test_a_mark_of_many_works_is_not_followed(store: Store) -> None:
    """A report of every day shares its marks with all the others: no batch reads them all."""
    title = "Reports on zeppelins moored, station {}"
    for first in range(0, 120, 40):
        days = [work(title.format(n), f"doi:10.5555/{n}") for n in range(first, first + 40)]
        store.papers.add([seen(one) for one in days], "x", DAY)
    with store.engine.connect() as connection:
        marks = marks_of(work(title.format(1)))
        assert not rows_by_mark(connection, marks)
        stored = connection.scalar(select(func.count()).select_from(title_marks))
        assert stored is not None
        assert stored >= 120
    assert store.papers.count() == 120


WORKS = {
    "Listening masts keep anchored zeppelins through winters": AUTHORS,
    "Lighthouses of the northern coast: a count by hand": ("Jan Fen", "Ida Quill"),
    "How otters modelled a harbour in clay": ("Bo Marsh",),
}


@given(data=st.data())
@settings(max_examples=60)
def test_true_works_are_found_in_any_order(shelf: Store, data: st.DataObject) -> None:
    """Every service with its own id and spelling, in any order and any batches."""
    spellings = (str, str.upper, lambda t: t.replace("our", "or").replace("lled", "led"))
    names = []
    for place, (title, authors) in enumerate(WORKS.items()):
        for key in (f"arxiv:2601.1000{place}", f"doi:10.1101/12345{place}", f"doi:10.5555/{place}"):
            spelled = data.draw(st.sampled_from(spellings))(title)
            short = data.draw(st.booleans())
            some = tuple(f"{a[0]}. {a.split()[-1]}" if short else a for a in authors)
            own = " ".join(f"{word}{place}" for word in TEXT.split())
            names.append(work(spelled, key, abstract=own, authors=some))
    order = data.draw(st.permutations(names))
    empty(shelf)
    while order:
        size = data.draw(st.integers(1, len(order)))
        shelf.papers.add([seen(one) for one in order[:size]], "x", DAY)
        order = order[size:]
    assert keys_of(shelf) == {
        frozenset((f"arxiv:2601.1000{n}", f"doi:10.1101/12345{n}", f"doi:10.5555/{n}"))
        for n in range(len(WORKS))
    }


def send(store: Store, row: int, name: str, number: int, days: int) -> None:
    """An edition with one pick."""
    on = DAY + timedelta(days=days)
    (whose,) = [one for one in store.readers.shard() if one.row == row]
    pick = Pick(store.papers.by_numbers([number])[number], 0.5, "x")
    mail = Message(f"<{name}.{on}@x>", "d@x", whose.address, "S", "label", b"bytes")
    made = MadeEdition(Edition(whose, on, (pick,), Mood.MATCHED, 3), mail, NOW)
    assert store.editions.save([made], "outbox", NOW)


@given(data=st.data())
@settings(max_examples=25)
def test_nothing_is_lost_when_rows_are_joined(shelf: Store, data: st.DataObject) -> None:
    """Counts, announcements, picks, votes, libraries, keys, marks: all are the one work's then."""
    store = shelf
    empty(store)
    first, second = (
        work("Quite another name", DOI, authors=("Jan Fen",)),
        work(TITLE, ARXIV),
    )
    kinds = st.sampled_from(list(Announcement))
    days, hours = st.integers(0, 2), st.integers(0, 2)
    sightings: list[tuple[str, Sighting]] = []
    for one in (first, second):
        for _ in range(data.draw(st.integers(1, 3))):
            signal = Signal(UPVOTES, data.draw(st.integers(0, 9)),
                            NOW + timedelta(hours=data.draw(hours)))  # fmt: skip
            on = DAY - timedelta(days=data.draw(days))
            source = data.draw(st.sampled_from(["x", "y"]))
            sightings.append((source, Sighting(one, data.draw(kinds), on, (signal,))))
    for source, sighting in sightings:
        store.papers.add([sighting], source, DAY)
    rows = store.papers.numbers_by_keys([DOI, ARXIV])
    people = [store.readers.save(reader(name), NOW).row for name in ("ann", "bob")]
    cast: dict[tuple[int, bool], list[Vote]] = {}
    had, owned = set(), set()
    for place, row in enumerate(people):
        for key in (DOI, ARXIV):
            if data.draw(st.booleans()):
                send(store, row, f"{row}.{key}", rows[key], 1 + place if key == DOI else 5 + place)
                had.add(row)
            if data.draw(st.booleans()):
                kind = data.draw(st.sampled_from(list(VoteKind)))
                at = NOW + timedelta(minutes=10 * place + (key == DOI))
                vote = Vote(row, rows[key], kind, None, at)
                assert store.votes.cast(vote)
                cast.setdefault((row, kind is VoteKind.SAVE), []).append(vote)
            if data.draw(st.booleans()):
                store.libraries.add(row, "a.bib", [(Paper((key,), "T"), DAY)], "a.bib", DAY)
                owned.add(row)
    with store.engine.connect() as connection:
        keys = set(connection.scalars(select(paper_keys.c.key)))
        marks = set(connection.scalars(select(title_marks.c.mark)))
    store.papers.add([seen(work("A third name", ARXIV, DOI), kind=Announcement.REPLACE)], "z", DAY)

    (number,) = store.papers.numbers()
    assert store.editions.papers_had(people, DAY, 9) == {row: {number} for row in had}
    assert store.votes.of(people) == {
        row: sorted(
            (dataclasses.replace(max(its, key=lambda one: one.at), paper=number)
             for (voter, _), its in cast.items() if voter == row),
            key=lambda one: one.at,
        )
        for row in {row for row, _ in cast}
    }  # fmt: skip
    assert set(store.libraries.of(people)) == owned
    fresh = {(s, one.announced) for s, one in sightings if one.kind.fresh}
    found = {
        (source, on)
        for on in (DAY - timedelta(days=n) for n in range(3))
        for candidate in store.papers.candidates(on, 1)
        for source in candidate.sources
    }
    assert found == fresh
    counted = {(source, one.signals[0].observed) for source, one in sightings}
    with store.engine.connect() as connection:
        stored = connection.execute(select(signals.c.source, signals.c.observed)).all()
        assert {(source, observed) for source, observed in stored} == counted
        assert set(connection.scalars(select(paper_keys.c.key))) > keys
        assert set(connection.scalars(select(title_marks.c.mark))) >= marks
        assert set(connection.scalars(select(title_marks.c.paper_id))) == {number}


def test_of_two_services_the_text_with_an_abstract_wins() -> None:
    """Whichever came first; the keys and links of both stay, and the id of arXiv leads."""
    journal = dataclasses.replace(work(TITLE, DOI), url="https://journal.example/1")
    bare = dataclasses.replace(work(NEAR, ARXIV, abstract=""), pdf="https://arxiv.example/1.pdf")
    for one in (merged(journal, bare), merged(bare, journal)):
        assert (one.title, one.abstract) == (TITLE, TEXT)
        assert one.keys == (ARXIV, DOI, *sorted((title_key(TITLE), title_key(NEAR))))
        assert (one.url, one.pdf) == (journal.url, bare.pdf)
    whole = dataclasses.replace(bare, abstract="Another text.")
    assert merged(journal, whole).title == merged(whole, journal).title == NEAR


def test_papers_that_were_stored_before_get_their_marks(sqlite: Store) -> None:
    """The migration makes the marks that are made now."""
    titles = [
        *WORKS,
        "α-decay & Erdős–Rényi graphs: modelling text\u2010to\u2010speech",
        "textttMasts of the 360° harbour - catalogue of analysed ropes",
        "Masts",
        "!?",
        "Why? Because of the wind",
    ]
    names = ("Ida Quill", "Quill, I.", "José Peña Jr.", "van der Berg", "王 小明", "—")
    frozen = runpy.run_path(
        str(Path(database.__file__).parent / "migrations/versions/0006_sources.py")
    )["_marks_of"]
    for title in titles:
        for name in names:
            one = paper(title, authors=(name,))
            assert frozen(title, [name]) == set(marks_of(one)), (title, name)


def test_an_older_database_is_marked_when_it_is_opened(tmp_path: Path) -> None:
    """What it holds is found by nearly its title from then on."""
    address = f"sqlite:///{tmp_path / 'old.db'}"
    store = open_store(address)
    add(store, [work(TITLE, ARXIV)])
    with store.engine.begin() as connection:
        for table in ("title_marks", "coverage", "source_notes", "hosts", "vectors", "backgrounds"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("ALTER TABLE visits DROP COLUMN failures"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0005'"))
    store.close()
    store = open_store(address)
    add(store, [work(NEAR, DOI)])
    assert keys_of(store) == {frozenset((ARXIV, DOI))}
    with store.engine.connect() as connection:
        assert connection.execute(select(papers.c.id)).all() == [(1,)]
    store.close()


def test_an_abstract_that_comes_later_shows_a_work_to_be_known(store: Store) -> None:
    """Without it another subtitle is too little to go by."""
    new = "Listening masts: what they hear"
    old = "Listening masts: how zeppelins are kept"
    add(store, [work(old, ARXIV), work(new, DOI, abstract="")])
    assert store.papers.count() == 2
    add(store, [work(new, DOI)])
    assert keys_of(store) == {frozenset((ARXIV, DOI))}


@given(data=st.data())
@settings(max_examples=60)
def test_no_mixture_of_names_breaks_the_store(shelf: Store, data: st.DataObject) -> None:
    """Whatever contradicts whatever: each id leads to a work, and asking again changes nothing."""
    empty(shelf)
    ids = [
        ARXIV,
        PREPRINT,
        "doi:10.1101/2026.02.02.7654321",
        DOI,
        "doi:10.1016/m",
        "arxiv:2601.00002",
    ]
    titles = ["Editorial", "What we read this week", TITLE, NEAR, "MastNet++", "MastNet"]
    papers_ = st.builds(
        lambda keys, title, text, authors, url: dataclasses.replace(
            work(title, *keys, abstract=text, authors=authors), url=url
        ),
        st.lists(st.sampled_from(ids), max_size=3, unique=True),
        st.sampled_from(titles),
        st.sampled_from(["", TEXT, OTHER_TEXT]),
        st.sampled_from([(), AUTHORS, ("I. Quill",), ("Jan Fen",), ("MOOR Collaboration",)]),
        st.sampled_from([None, "http://a.example/1", "http://a.example/2", "https://b.example/"]),
    )
    batches = data.draw(st.lists(st.lists(papers_, min_size=1, max_size=4), min_size=1, max_size=4))
    whose = shelf.readers.save(reader(), NOW).row
    told = set()
    for batch in batches:
        if data.draw(st.sampled_from([True, False, False])):
            shelf.libraries.add(whose, "a.bib", [(one, DAY) for one in batch], "a.bib", DAY)
        else:
            shelf.papers.add([seen(one) for one in batch], "x", DAY)
            told |= {key for one in batch for key in one.keys if not key.startswith("title:")}
    assert shelf.papers.known_keys(told) == told
    every = [seen(one) for batch in batches for one in batch]
    counts = []
    for _ in range(3):
        shelf.papers.add(every, "x", DAY)
        counts.append(shelf.papers.count())
    assert counts[1] == counts[2]
    with shelf.engine.connect() as connection:
        own = connection.execute(select(papers.c.key, papers.c.id)).all()
        stored = connection.execute(select(paper_keys.c.key, paper_keys.c.paper_id)).all()
    assert set(map(tuple, own)) <= set(map(tuple, stored))
