"""The finder: the same papers as a look at every one, whatever became of its files."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from digest import search
from digest.catalogue import Catalogue
from digest.grammar.interests import parse_interest
from digest.model import Interest, Paper
from digest.progress import Quiet
from digest.ranking import finder, section
from digest.store import Store, open_store
from tests.conftest import DAY
from tests.papers import paper, seen
from tests.rankers import texts_of_topics, topic_word

TOPICS = 9
COUNT = 900
WORDS = [f"{topic_word(topic, 3)}, {topic_word(topic, 7)}" for topic in range(TOPICS)]
QUESTIONS = [
    *WORDS[:3],
    f'"{topic_word(1, 1)}", {topic_word(2, 2)}^3',
    f"{topic_word(4, 4)}, -{topic_word(4, 5)}",
    'author:"Roe, Jane"',
    f"cat:cs, {topic_word(0, 1)}",
    "cat:math.CO",
    "-noise1x",
    f'author:"J. Roe", {WORDS[5]}, -cat:math',
]


def made(count: int, first: int = 0) -> list[Paper]:
    """Papers of several topics, with authors and categories that repeat."""
    texts = texts_of_topics(first + count, TOPICS)
    names = ("Jane Roe", "John Doe", "Ada Roe", "Li Wei", "Ann Poe")
    categories = ("cs.LG", "math.CO", "cs.CL", "astro-ph.GA")
    return [
        paper(
            f"Paper {number}",
            texts[number],
            authors=(names[number % 5], names[number % 3]),
            categories=(categories[number % 4],),
        )
        for number in range(first, first + count)
    ]


def add(store: Store, papers: list[Paper]) -> None:
    """Store papers, ten a day."""
    store.papers.add(
        [seen(one, DAY - timedelta(days=9 - n // 10 % 10)) for n, one in enumerate(papers)],
        "arxiv",
        DAY,
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store and an index whose subjects and sections are kept."""
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as patch:
        few(patch)
        store = open_store(f"sqlite:///{folder / 'test.db'}")
        add(store, made(COUNT))
        catalogue = Catalogue(store, folder / "index", Quiet())
        catalogue.refresh()
        assert catalogue.learn()
        catalogue.close()
        store.close()
    return folder


def few(patch: pytest.MonkeyPatch) -> None:
    """Sections of a few hundred papers."""
    for module in (finder, section):
        patch.setattr(module, "SPAN", 250)
    patch.setattr(finder, "LEAST_KEPT", 100)
    patch.setattr(finder, "MOST_READ", 200)


@pytest.fixture
def folder(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to be changed at will."""
    few(monkeypatch)
    return Path(shutil.copytree(filled, tmp_path / "copy"))


@pytest.fixture
def catalogue(folder: Path) -> Iterator[Catalogue]:
    """The catalogue of the copy."""
    store = open_store(f"sqlite:///{folder / 'test.db'}")
    opened = Catalogue(store, folder / "index", Quiet())
    opened.refresh()
    yield opened
    opened.close()
    store.close()


def found(catalogue: Catalogue, text: str, limit: int = 10) -> list[tuple[int, float | None]]:
    """The numbers and scores of what is found."""
    asked = search.Asked(parse_interest("search", text))
    return [
        (one.stored.number, None if one.score is None else round(one.score, 4))
        for one in search.find(catalogue, asked, limit)
    ]


def gone_over(catalogue: Catalogue, text: str, limit: int = 10) -> list[tuple[int, float | None]]:
    """The same without a finder, from every paper there is."""
    plain = catalogue.at_rest()
    plain._finder = plain.index, None  # noqa: SLF001 - as where nothing is kept
    return found(plain, text, limit)


def sections(folder: Path) -> list[Path]:
    """The folders of sections."""
    return sorted((folder / "index").glob("section-*"))


@pytest.mark.parametrize("text", QUESTIONS)
def test_the_best_are_found_without_reading_the_rest(catalogue: Catalogue, text: str) -> None:
    """Words, phrases, weights, exclusions, authors, categories: as if every paper were looked at."""
    first = found(catalogue, text)
    assert first == gone_over(catalogue, text)
    assert len(first) == 10
    assert catalogue.finder() is not None


def test_who_shares_a_subject_without_a_word_is_found(catalogue: Catalogue) -> None:
    """Meaning, not words alone: papers of the topic that hold neither of the two words."""
    asked = f"{topic_word(6, 10)}, {topic_word(6, 11)}"
    numbers = [number for number, _ in found(catalogue, asked, 60)]
    papers = catalogue.store.papers.by_numbers(numbers)
    texts = [papers[number].paper.text for number in numbers]
    words = asked.split(", ")
    strange = [text for text in texts if not any(word in text for word in words)]
    assert len(strange) > 10
    own = sum(any(topic_word(6, n) in text for n in range(80)) for text in strange)
    assert own / len(strange) > 0.9


def test_more_like_a_paper_are_of_its_topic(catalogue: Catalogue) -> None:
    """By its terms and its subject; never the paper itself."""
    for number in (5, 500):
        asked = search.Asked(Interest("similar"), (number,))
        alike = [one.stored.number for one in search.find(catalogue, asked, 6)]
        assert number not in alike
        assert [other % TOPICS for other in alike] == [number % TOPICS] * 6


def test_only_the_rows_that_are_asked_for(catalogue: Catalogue) -> None:
    """Since a date, and among some papers."""
    interest = parse_interest("search", WORDS[0])
    late = search.find(catalogue, search.Asked(interest, since=DAY), 10)
    assert {one.stored.announced for one in late} == {DAY}
    own = frozenset(range(1, 60))
    mine = search.find(catalogue, search.Asked(interest, among=own), 10)
    assert mine
    assert {one.stored.number for one in mine} <= own
    none = search.Asked(interest, since=date(2030, 1, 1))
    assert search.find(catalogue, none, 10) == []


def test_papers_that_came_since_are_found_at_once(catalogue: Catalogue) -> None:
    """Read from the index until there is a section; one that changed is found as it is now."""
    before = catalogue.finder()
    assert before is not None
    fresh = paper("Zebras of the steppe", "Zebras run.", authors=("Zoe Zebra",))
    add(catalogue.store, [fresh, paper("Paper 3", "Zebras rest, not quaggas. " * 20, version=2)])
    catalogue.refresh()
    after = catalogue.finder()
    assert after is not None
    assert len(after.sections) == len(before.sections) + 1
    titles = [
        one.stored.paper.title
        for one in search.find(catalogue, search.Asked(parse_interest("x", "zebras")), 5)
    ]
    assert sorted(titles[:2]) == ["Paper 3", "Zebras of the steppe"]
    (written, *others) = found(catalogue, 'author:"Zebra, Z"')
    assert catalogue.store.papers.by_numbers([written[0]])[written[0]].paper == fresh
    assert others == []


def test_sections_grow_by_what_is_new_alone(catalogue: Catalogue, folder: Path) -> None:
    """Full ones stay; the last one is written anew when it lacks much; other subjects need all."""
    before = sections(folder)
    assert [path.name.split("-")[1:3] for path in before] == [
        ["0", "250"], ["250", "250"], ["500", "250"], ["750", "150"],
    ]  # fmt: skip
    add(catalogue.store, made(50, COUNT))
    catalogue.refresh()
    assert catalogue.learn() is False
    assert sections(folder) == before
    add(catalogue.store, made(70, COUNT + 50))
    catalogue.refresh()
    assert catalogue.learn() is False
    after = sections(folder)
    assert after[:3] == before[:3]
    assert [path.name.split("-")[1:3] for path in after[3:]] == [["1000", "20"], ["750", "250"]][1:]
    add(catalogue.store, made(400, COUNT + 120))
    catalogue.refresh()
    assert catalogue.learn() is True
    assert not set(sections(folder)) & set(after)
    assert found(catalogue, WORDS[0]) == gone_over(catalogue, WORDS[0])


def test_too_much_that_is_not_kept_is_gone_over(catalogue: Catalogue, folder: Path) -> None:
    """Without files the answers are the same, only later."""
    known = [found(catalogue, text) for text in QUESTIONS]
    for path in sections(folder):
        shutil.rmtree(path)
    plain = Catalogue(catalogue.store, folder / "index", Quiet())
    plain.refresh()
    assert plain.finder() is None
    assert [found(plain, text) for text in QUESTIONS] == known


def _cut(path: Path) -> None:
    with (path / "rows.npy").open("r+b") as file:
        file.truncate(500)


def _empty(path: Path) -> None:
    (path / "subjects.npy").write_bytes(b"")


def _wrong(path: Path) -> None:
    rows = np.load(path / "rows.npy")
    np.save(path / "rows.npy", np.full_like(rows, 60_000))


def _short(path: Path) -> None:
    np.save(path / "lengths.npy", np.ones(3, np.float32))


def _endless(path: Path) -> None:
    common = np.load(path / "common.npy")
    np.save(path / "common.npy", np.full_like(common, np.nan))


def _lacking(path: Path) -> None:
    (path / "counts.npy").unlink()


@pytest.mark.parametrize("damage", [_cut, _empty, _wrong, _short, _endless, _lacking])
def test_a_damaged_section_is_not_used(catalogue: Catalogue, folder: Path, damage: object) -> None:
    """Cut, emptied, overwritten: no error, no other answer; written anew after the next letters."""
    known = [found(catalogue, text) for text in QUESTIONS]
    for path in sections(folder):
        assert callable(damage)
        damage(path)
    plain = Catalogue(catalogue.store, folder / "index", Quiet())
    plain.refresh()
    assert plain.finder() is None
    assert [found(plain, text) for text in QUESTIONS] == known
    plain.learn()
    again = Catalogue(catalogue.store, folder / "index", Quiet())
    again.refresh()
    assert again.finder() is not None
    assert [found(again, text) for text in QUESTIONS] == known


def test_sections_of_another_index_are_not_used(catalogue: Catalogue, folder: Path) -> None:
    """An index made anew may hold other papers in the same rows."""
    aside = folder / "aside"
    aside.mkdir()
    for path in sections(folder):
        shutil.copytree(path, aside / path.name)
    add(
        catalogue.store,
        [paper("Paper 0", "Zebras instead of all that was said before. " * 20, version=2)],
    )
    catalogue.rebuild()
    catalogue.learn()
    for path in sections(folder):
        shutil.rmtree(path)
    for path in aside.iterdir():
        shutil.copytree(path, folder / "index" / path.name)
    opened = Catalogue(catalogue.store, folder / "index", Quiet())
    opened.refresh()
    assert opened.finder() is None


def test_a_catalogue_at_rest_stays_as_it_is(catalogue: Catalogue) -> None:
    """Whoever looks through it sees one state, and damage to it is for others to mend."""
    still = catalogue.at_rest()
    head = still.index.head
    add(catalogue.store, [paper("Zebras", "Zebras.")])
    assert catalogue.refresh().head != head
    assert still.refresh().head == head
    assert found(still, WORDS[0]) == found(still, WORDS[0])
    with pytest.raises(OSError, match="damaged"):
        still.rebuild()


def test_nothing_is_found_in_an_empty_store(sqlite: Store, tmp_path: Path) -> None:
    """Nor is that an error, with or without a question."""
    catalogue = Catalogue(sqlite, tmp_path / "index", Quiet())
    for text in ("", "owls", "author:Roe", "-owls"):
        asked = search.Asked(parse_interest("search", text))
        assert search.search(catalogue, asked, 5) == []
    catalogue.learn()
    catalogue.close()


def test_a_search_reads_the_same_on_both_databases(store: Store, tmp_path: Path) -> None:
    """Authors and categories come from the store, by the numbers of papers."""
    add(store, made(12))
    numbers = store.papers.numbers()
    names = store.papers.names_of([*numbers, 10_000])
    assert sorted(names) == numbers
    assert names[numbers[1]] == (["John Doe", "John Doe"], ["math.CO"])
    catalogue = Catalogue(store, tmp_path / "index", Quiet())
    catalogue.refresh()
    best, *others = [number for number, _ in found(catalogue, "author:Wei, cat:astro-ph")]
    assert best == numbers[3]
    assert set(others) == {numbers[7], numbers[8], numbers[11]}
    catalogue.close()
