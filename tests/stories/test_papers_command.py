"""Listing and searching the store from the command line."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from digest import search
from digest.catalogue import Catalogue
from digest.grammar.interests import parse_interest
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
