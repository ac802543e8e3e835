"""Listing and searching the store from the command line."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from digest import search
from digest.catalogue import Catalogue
from digest.cli.common import utc_now
from digest.grammar.interests import parse_interest
from digest.model import Count, Standing, Told
from digest.progress import Quiet
from digest.store import open_store
from tests.conftest import Digest
from tests.papers import paper, seen

HERE = ("--database", "t.db")
OLD, NEW = date(2026, 3, 10), date(2026, 3, 17)
PAPERS = (
    seen(paper("Graph networks for molecules", "Graphs of atoms.", "arxiv:2603.00001"), OLD, 5),
    seen(paper("Molecules at rest", "A survey of cold molecules.", "arxiv:2603.00002"), NEW),
    seen(paper("Trains on rails", "Railways.", "arxiv:2603.00003", authors=("Jane Roe",)), NEW),
    seen(
        paper("Galaxies far away", "Stars.", "arxiv:2603.00004", categories=("astro-ph.GA",)), OLD
    ),
    seen(paper("Stars and galaxies", "Light of old stars.", "doi:10.1101/1"), NEW),
)


@pytest.fixture(autouse=True)
def collected() -> None:
    """A store with a few papers."""
    store = open_store("sqlite:///t.db")
    store.papers.add(PAPERS, "file", NEW)
    store.close()


def found(digest: Digest, *arguments: object) -> list[Any]:
    """The keys that a search finds, without their schemes."""
    done = digest("papers", *HERE, "--json", *arguments)
    assert done.code == 0, done.err
    return [line["key"] for line in map(json.loads, done.out.splitlines())]


def titles(digest: Digest, *arguments: object) -> str:
    """What a person sees."""
    done = digest("papers", *HERE, *arguments)
    assert done.code == 0, done.err
    return done.out


def test_without_words_the_newest(digest: Digest) -> None:
    """By date, then the one stored last; no scores."""
    assert found(digest) == ["doi:10.1101/1", "arxiv:2603.00003", "arxiv:2603.00002",
                             "arxiv:2603.00004", "arxiv:2603.00001"]  # fmt: skip
    assert len(found(digest, "--limit", 2)) == 2
    assert len(found(digest, "--since", "2026-03-11")) == 3
    shown = titles(digest)
    assert "Trains on rails" in shown
    assert "2026-03-10" in shown


def test_words_find_the_best(digest: Digest) -> None:
    """In the grammar of interests: words, phrases, exclusions, authors, categories."""
    assert found(digest, "molecules")[0] in ("arxiv:2603.00001", "arxiv:2603.00002")
    assert found(digest, '"graph networks"')[0] == "arxiv:2603.00001"
    assert "arxiv:2603.00002" not in found(digest, "molecules, -survey")
    assert found(digest, 'author:"Jane Roe"') == ["arxiv:2603.00003"]
    assert found(digest, "cat:astro-ph") == ["arxiv:2603.00004"]
    assert found(digest, "--", "-survey")[:1] == ["doi:10.1101/1"]
    assert "▲" in titles(digest, "molecules")


def test_more_like_a_paper(digest: Digest) -> None:
    """By any of its names, without the paper itself."""
    for name in ("arxiv:2603.00004", "Galaxies far away", "https://arxiv.org/abs/2603.00004"):
        assert found(digest, "--like", name)[0] == "doi:10.1101/1"
    assert found(digest, "like:2603.00004")[0] == "doi:10.1101/1"
    assert "arxiv:2603.00004" not in found(digest, "--like", "2603.00004")


def test_the_fields_are_documented(digest: Digest, checkout: Path) -> None:
    """Each has its name in docs/commands.md."""
    line = json.loads(digest("papers", "molecules", *HERE, "--json").out.splitlines()[0])
    assert line["score"] > 0
    text = (checkout / "docs/commands.md").read_text(encoding="utf-8")
    section = text.partition("## digest papers")[2].partition("\n## ")[0]
    assert {name for name in line if f"`{name}`" not in section} == set()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("auhtor:Roe",), "did you mean author:?"),
        (("--like", "9999.99999"), "no paper '9999.99999' is stored here"),
        (("like:9999.99999",), "like:arxiv:9999.99999 is not stored here"),
        (("--since", "yesterday"), "is no date"),
    ],
)
def test_what_cannot_be_found_is_said(
    digest: Digest, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2, in words."""
    done = digest("papers", *HERE, *arguments)
    assert (done.code, said in done.err) == (2, True), done.err


def test_nothing_found_is_no_error(digest: Digest) -> None:
    """Nor is an empty store."""
    assert "None of the 5 papers" in titles(digest, "chromodynamics")
    assert "No papers are stored here yet" in digest("papers", "--database", "new.db").out


def test_two_looks_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look, in parts, leaves the best to the second."""
    store = open_store("sqlite:///t.db")
    catalogue = Catalogue(store, None, Quiet())
    for text in ("molecules", '"graph networks", stars', "galaxies, -survey"):
        asked = search.Asked(parse_interest("search", text))
        best = [(one.stored.number, one.score) for one in search.search(catalogue, asked, 2)]
        with monkeypatch.context() as patch:
            patch.setattr(search, "POOL", 2)
            patch.setattr(search, "_PART", 2)
            two = [(one.stored.number, one.score) for one in search.search(catalogue, asked, 2)]
        assert two == best
        assert best
    catalogue.close()
    store.close()


@pytest.fixture
def covered() -> None:
    """A month of a source that announces in two categories, with all that can happen to it."""
    store, today = open_store("sqlite:///t.db"), utc_now().date()
    happened = {
        3: Count("cs.LG", today, Standing.PARTIAL, 90, 60, "api", "page 3 was cut"),
        4: Count("cs.LG", today, Standing.STALE, None, 0, "feed", "it shows the list before"),
        5: Count("cs.LG", today, Standing.BROKEN, None, 0, "feed", "answered 503"),
        6: Count("cs.LG", today, Standing.QUIET, 0, 0, "feed", "a holiday"),
        7: Count("cs.LG", today, Standing.COMPLETE, 80, 80, "oai"),
    }
    for back in range(30):
        day = today - timedelta(days=back)
        asked = datetime.combine(day, time(6), UTC) + timedelta(days=2 * (back == 7))
        usual = Count("cs.LG", day, Standing.COMPLETE, 40 + back, 40 + back, "feed")
        counts = (replace(happened.get(back, usual), date=day),) if back != 8 else ()
        store.papers.add((), "huggingface", day, Told(asked, counts))
    store.close()


COVER = ("papers", *HERE, "--coverage")


def config_of_one_source() -> None:
    """No other source is told of."""
    Path("config.env").write_text("DIGEST_SOURCES=huggingface\n", encoding="utf-8")


@pytest.mark.usefixtures("covered")
@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_coverage_is_a_table_and_a_chart(
    digest: Digest, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """At any width: no line is longer, each kind of day has a mark, the legend says which."""
    config_of_one_source()
    monkeypatch.setenv("COLUMNS", str(columns))
    done = digest(*COVER, "--days", 10)
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= columns
    legend = done.out[done.out.rindex("\n", 0, -columns) :] if columns > 100 else done.out
    for mark in ("! partial", "~ stale", "x broken", "· quiet", "+ late", "? not asked", "░"):
        assert mark in " ".join(legend.split()), mark
    assert "█" in done.out
    marks = next(one for one in done.out.splitlines() if set(one) > set("!~x·+?"))
    assert set(marks) == set("!~x·+? ")


@pytest.mark.usefixtures("covered")
def test_coverage_says_each_day_what_was_announced_and_read(digest: Digest) -> None:
    """With what is wrong in the words of the source, by which way, and whether it was late."""
    config_of_one_source()
    rows = [line.split() for line in digest(*COVER, "--days", 9).out.splitlines()]
    today = utc_now().date()
    by_date = {row[0]: row for row in rows if len(row) > 1 and row[1] == "huggingface"}
    said = {back: by_date[str(today - timedelta(days=back))] for back in range(9)}
    assert said[0][2:] == ["40", "40", "complete", "feed"]
    assert said[3][2:5] == ["90", "60", "partial:"]
    assert said[5][2:5] == ["?", "0", "broken:"]
    assert said[6][2:4] == ["quiet:", "a"]
    assert said[7][2:] == ["80", "80", "complete", "oai", "late"]
    assert said[8][2:] == ["not", "asked"]
    assert len(by_date) == 9


@pytest.mark.usefixtures("covered")
def test_coverage_for_programs(digest: Digest) -> None:
    """One date of one source a line, the latest first."""
    config_of_one_source()
    done = digest(*COVER, "--days", 8, "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["date"] for line in lines] == [
        (utc_now().date() - timedelta(days=back)).isoformat() for back in range(8)
    ]
    assert [line["standing"] for line in lines[2:]] == [
        *("complete", "partial", "stale", "broken", "quiet", "complete")
    ]
    assert lines[3]["lacking"] == [
        {"part": "cs.LG", "standing": "partial", "announced": 90, "read": 60, "way": "api",
         "said": "page 3 was cut"}
    ]  # fmt: skip
    assert (lines[7]["late"], lines[7]["ways"], lines[6]["quiet"]) == (True, ["oai"], "a holiday")
    text = (Path(__file__).parents[2] / "docs/commands.md").read_text(encoding="utf-8")
    assert {
        name for name in (*lines[0], *lines[3]["lacking"][0]) if f"`{name}`" not in text
    } == set()


@pytest.mark.usefixtures("covered")
def test_the_status_says_what_is_whole_and_what_is_missing(digest: Digest) -> None:
    """A line for each source, and where to look further."""
    config_of_one_source()
    shown = " ".join(digest("status", *HERE).out.split())
    assert "Hugging Face Daily Papers: last read in full:" in shown
    assert "(40 announced, 40 read); missing: " in shown
    assert "(cs.LG broken)" in shown
    assert "'digest papers --coverage'" in shown
    (source,) = digest("status", *HERE, "--json").json["sources"]
    assert source["last"]["date"] == utc_now().date().isoformat()
    assert [day["standing"] for day in source["missing"]] == [
        *("not asked", "broken", "stale", "partial")
    ]


def test_coverage_before_the_first_run(digest: Digest) -> None:
    """Says what to do."""
    assert "'digest run' asks them" in digest(*COVER).out
    assert digest(*COVER, "--json").out == ""


@pytest.mark.parametrize("words", [("graph",), ("--since", "today"), ("--limit", "3")])
def test_coverage_goes_with_no_search(digest: Digest, words: tuple[str, ...]) -> None:
    """Each would be left out silently; and days belong to it alone."""
    done = digest(*COVER, *words)
    assert (done.code, "--coverage" in done.err) == (2, True)
    assert digest("papers", *HERE, "--days", 3).code == 2
