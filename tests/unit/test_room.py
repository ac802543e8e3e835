"""The reading room: answers for many visitors, beside a store that grows, and nothing written."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import select
from werkzeug.exceptions import ServiceUnavailable

from digest.account import Verdict
from digest.config import load
from digest.errors import UsageError
from digest.grammar.interests import parse_interest
from digest.model import Interest, Mood
from digest.ranking import finder
from digest.store.schema import metadata
from digest.web import holdings, room
from digest.web.kept import Kept
from digest.web.room import Room
from digest.wiring import House, build
from tests.conftest import DAY, NOW
from tests.papers import paper, reader, seen

PAPERS = [
    seen(paper("Owls hunt mice at night", "They hear them.", "arxiv:2603.00001"), upvotes=3),
    seen(paper("Bread and flour", "Sourdough rises at night.", "arxiv:2603.00002"), upvotes=9),
    seen(paper("Galaxies at dawn", "", "arxiv:2603.00003", authors=("Jane Roe",))),
    seen(paper("Owls of the north", "Snowy owls.", "arxiv:2603.00004", categories=("q-bio.PE",))),
]


@dataclass
class Opened:
    """A house with its room; `now` is what its clock shows."""

    house: House
    room: Room
    now: datetime = NOW


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """A room over a store with a few papers."""
    settings = load(None, {"DIGEST_DATABASE": f"sqlite:///{tmp_path / 'digest.db'}"})
    house = build(settings)
    here = Opened(house, Room(house, lambda: here.now))
    house.store.papers.add(PAPERS, "file", DAY)
    yield here
    for thread in [thread for thread in threading.enumerate() if thread.name == "index"]:
        thread.join(10)
    house.close()


def titles(opened: Opened, text: str, since: date | None = None) -> list[str]:
    """What is found."""
    return [one.stored.paper.title for one in opened.room.search(text, since)]


def content(house: House) -> dict[str, list[str]]:
    """Every row of every table."""
    with house.store.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in metadata.sorted_tables
        }


def test_an_empty_house_has_nothing_and_says_so(tmp_path: Path) -> None:
    """No paper, no index: empty answers, no error."""
    house = build(load(None, {"DIGEST_DATABASE": f"sqlite:///{tmp_path / 'new.db'}"}))
    empty = Room(house, lambda: NOW)
    assert empty.search("owls") == empty.search("") == empty.search("-owls") == []
    assert empty.among("owls", [1, 2]) == []
    assert empty.similar(1) == []
    assert empty.edition((parse_interest("x", "owls"),), 5) is None
    assert empty.edition((), 5) is None
    house.close()


def test_search_takes_the_grammar_of_interests(opened: Opened) -> None:
    """Words, authors, categories, exclusions, likes; what cannot be read is said."""
    assert sorted(titles(opened, "owls")) == ["Owls hunt mice at night", "Owls of the north"]
    assert titles(opened, "owls, -mice") == ["Owls of the north"]
    assert titles(opened, 'author:"Jane Roe"') == ["Galaxies at dawn"]
    assert titles(opened, "cat:q-bio") == ["Owls of the north"]
    assert titles(opened, "like:2603.00001")[0] == "Owls of the north"
    assert titles(opened, "chromodynamics") == []
    assert len(titles(opened, "")) == len(PAPERS)
    assert titles(opened, "owls", DAY + timedelta(days=1)) == []
    for text, said in (
        ("auhtor:Roe", "did you mean author:"),
        ("like:2603.99999", "is not stored here"),
    ):
        with pytest.raises(UsageError, match=said):
            opened.room.search(text)


def test_among_takes_no_others(opened: Opened) -> None:
    """Best first, of those that are asked for."""
    numbers = opened.house.store.papers.numbers()
    assert set(opened.room.among("owls", numbers)) == {numbers[0], numbers[3]}
    assert opened.room.among("owls", numbers[1:]) == [numbers[3]]
    assert opened.room.among("owls", []) == []
    assert opened.room.among("owls, -north", numbers) == [numbers[0]]


def test_similar_papers_share_something(opened: Opened) -> None:
    """The most alike first, never the paper itself, nobody for a number that is not there."""
    first, *_, last = opened.house.store.papers.numbers()
    assert [one.number for one in opened.room.similar(first)][:1] == [last]
    assert first not in [one.number for one in opened.room.similar(first)]
    assert opened.room.similar(10_000) == []


def test_a_preview_is_todays_edition_for_nobody(opened: Opened) -> None:
    """By interests, or by upvotes without any; at most so many picks; nothing is written."""
    before = content(opened.house)
    edition = opened.room.edition((parse_interest("birds", "owls"),), 5)
    assert edition is not None
    assert edition.mood is Mood.MATCHED
    assert "Owls" in edition.picks[0].paper.paper.title
    assert edition.picks[0].reasons
    assert edition.reader.number is None
    trending = opened.room.edition((), 1)
    assert trending is not None
    assert (trending.mood, len(trending.picks)) == (Mood.TRENDING, 1)
    assert trending.picks[0].paper.paper.title == "Bread and flour"
    assert content(opened.house) == before


def test_an_account_changes_nothing(opened: Opened) -> None:
    """Of a reader whose profiles have to be made anew: they are used, and not kept."""
    store = opened.house.store
    store.readers.save(reader("ann@example.org", "owls", "galaxies"), NOW)
    ann = store.readers.find("ann@example.org")
    assert ann is not None
    before = content(opened.house)
    number = store.papers.numbers()[0]
    account = opened.room.account(ann, number, DAY, ())
    assert account.verdict is Verdict.PICKED
    assert [one.name for one in account.interests] == ["interest 1", "interest 2"]
    assert account.interests[0].why is not None
    assert content(opened.house) == before


def test_new_papers_are_found_within_a_minute(opened: Opened) -> None:
    """Not at once: nobody waits for the index more often than that; then what was kept goes."""
    assert len(titles(opened, "owls")) == 2
    more = paper("Owls and their eggs", "Eggs of owls.")
    opened.house.store.papers.add([seen(more)], "file", DAY)
    assert len(titles(opened, "owls")) == 2
    opened.now += timedelta(seconds=61)
    assert len(titles(opened, "owls")) == 3


def test_much_that_is_new_is_read_beside_the_visitors(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go on with what is there; whoever comes first of all waits a little."""
    monkeypatch.setattr(holdings, "QUICK", 0)
    assert len(titles(opened, "owls")) == 2
    opened.house.store.papers.add([seen(paper("Owls and eggs", "Eggs of owls."))], "file", DAY)
    opened.now += timedelta(minutes=2)
    assert len(titles(opened, "owls")) in (2, 3)
    for thread in [thread for thread in threading.enumerate() if thread.name == "index"]:
        thread.join(10)
    assert len(titles(opened, "owls")) == 3


def test_what_finds_papers_quickly_is_made_where_it_is_missing(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index of an earlier version, or of a house where nobody has interests: once, beside."""
    opened.house.catalogue.refresh()
    monkeypatch.setattr(finder, "MOST_READ", 1)
    monkeypatch.setattr(finder, "LEAST_KEPT", 1)
    assert len(titles(opened, "owls")) == 2
    for thread in [thread for thread in threading.enumerate() if thread.name == "index"]:
        thread.join(10)
    assert len(list((tmp_path / "digest.db.index").glob("section-*"))) == 1
    assert titles(opened, "bread") == ["Bread and flour"]


def test_while_another_writes_the_index_visitors_go_on(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of the daily run holds nobody up for long."""
    monkeypatch.setattr(holdings, "_WAITS", 0.05)
    assert len(titles(opened, "owls")) == 2
    opened.house.store.papers.add([seen(paper("Owls and eggs", "Eggs of owls."))], "file", DAY)
    opened.now += timedelta(minutes=2)
    with FileLock(f"{tmp_path / 'digest.db.index'}.lock"):
        assert len(titles(opened, "owls")) == 2
    opened.now += timedelta(minutes=2)
    assert len(titles(opened, "owls")) == 3


def test_an_index_that_is_gone_is_made_again(opened: Opened, tmp_path: Path) -> None:
    """Who looks through what was there sees no error."""
    assert len(titles(opened, "owls")) == 2
    shutil.rmtree(tmp_path / "digest.db.index")
    assert titles(opened, "galaxies") == ["Galaxies at dawn"]
    opened.house.store.papers.add([seen(paper("Owls and eggs", "Eggs of owls."))], "file", DAY)
    opened.now += timedelta(minutes=2)
    assert len(titles(opened, "owls")) == 3
    assert (tmp_path / "digest.db.index" / "head.json").exists()


def test_a_damaged_index_is_mended_beside_the_visitors(opened: Opened, tmp_path: Path) -> None:
    """The one who met it is asked to come again."""
    assert len(titles(opened, "owls")) == 2
    for name in ("columns", "counts"):
        (tmp_path / "digest.db.index" / name).write_bytes(b"")
    with pytest.raises(ServiceUnavailable):
        opened.room.search("bread")
    for thread in [thread for thread in threading.enumerate() if thread.name == "index"]:
        thread.join(10)
    assert titles(opened, "bread") == ["Bread and flour"]


def test_who_would_wait_for_long_is_told_so(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered lately is answered all the same."""
    assert len(titles(opened, "owls")) == 2
    monkeypatch.setattr(room, "_PATIENCE", 0.05)
    with opened.room._turn:  # noqa: SLF001 - somebody who takes long
        with pytest.raises(ServiceUnavailable):
            opened.room.search("bread")
        assert len(titles(opened, "owls")) == 2
    assert titles(opened, "bread") == ["Bread and flour"]


def test_many_visitors_get_the_same_answers(opened: Opened) -> None:
    """Eight threads with questions of every kind, while papers come."""
    expected = {text: titles(opened, text) for text in ("owls", "bread", "galaxies, -owls")}
    first = opened.house.store.papers.numbers()[0]

    def visit(turn: int) -> bool:
        text = list(expected)[turn % 3]
        if turn % 5 == 0:
            opened.room.edition((parse_interest("x", f"owls, bread{turn}"),), 3)
        if turn % 7 == 0:
            opened.room.similar(first, 1 + turn % 4)
        if turn % 9 == 0:
            opened.room.among(text, range(1, 3 + turn % 2))
        return titles(opened, text) == expected[text]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(visit, range(120)))


def test_a_few_answers_are_kept_for_a_while() -> None:
    """The one asked for longest ago goes first; none lasts; a clock that is set back is no reason."""
    kept: Kept[int] = Kept(2, timedelta(minutes=1))
    asked: list[str] = []

    def get(question: str, seconds: int) -> int:
        return kept.get(question, NOW + timedelta(seconds=seconds), lambda: answer(question))

    def answer(question: str) -> int:
        asked.append(question)
        return len(asked)

    assert [get("a", 0), get("b", 1), get("a", 2), get("c", 3), get("a", 4)] == [1, 2, 1, 3, 1]
    assert get("b", 5) == 4
    assert get("b", 66) == 5
    assert get("b", -100) == 6
    assert asked == ["a", "b", "c", "b", "b", "b"]


def test_interests_are_told_apart_in_what_is_kept(opened: Opened) -> None:
    """Two visitors with other interests get other editions."""
    asked: list[tuple[Interest, ...]] = [
        (parse_interest("x", "owls"),),
        (parse_interest("x", "bread"),),
    ]
    found = [opened.room.edition(interests, 5) for interests in asked]
    picks = [edition.picks[0].paper.paper.title for edition in found if edition]
    assert picks[0] != picks[1]


def test_a_preview_names_the_liked_paper_that_a_pick_is_like(opened: Opened) -> None:
    """As the letter will: by its title."""
    twin = seen(paper("Owls that hunt mice at dusk", "They hear them.", "arxiv:2603.00005"))
    opened.house.store.papers.add([twin], "file", DAY)
    interest = parse_interest("birds", "like:2603.00001, owls")
    edition = opened.room.edition((interest,), 5)
    assert edition is not None
    assert "Owls hunt mice at night" in edition.liked.values()
