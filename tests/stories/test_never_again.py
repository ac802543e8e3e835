"""A work that a reader had, voted on or keeps does not come again under another of its names."""

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from digest.identity import title_key
from digest.model import Paper, Sighting
from digest.store import open_store
from tests.conftest import Digest
from tests.postgresql import make_database

TITLE = "Listening masts keep anchored zeppelins through winters"
JOURNAL = "Listening Masts Keep Anchored Zeppelins Through the Winters"
AUTHORS = ["Ida Quill", "Bo Marsh"]
SHORT = ["I. Quill", "B. Marsh"]
TEXT = (
    "We moor zeppelins to masts that nobody steers. A mast listens to the wind, guesses what the "
    "hull will do next, and gives way before the rope does. In two winters on an open field the "
    "moored ships lost no rope, whereas ships on fixed masts lost four."
)
DECOY: dict[str, object] = {
    "id": "2601.99999",
    "title": "Zeppelins and the price of tea",
    "abstract": "Tea rises.",
}
NAMES: dict[str, dict[str, object]] = {
    "arxiv": {"id": "2601.00001v1", "title": TITLE, "abstract": TEXT, "authors": AUTHORS},
    "later version": {"id": "2601.00001v3", "title": JOURNAL, "abstract": "Of masts. " + TEXT},
    "preprint": {"doi": "10.1101/2026.01.05.123456v2", "title": TITLE, "abstract": TEXT,
                 "authors": AUTHORS},
    "journal": {"doi": "10.5555/Moor.7", "title": JOURNAL, "abstract": TEXT, "authors": SHORT},
    "page": {"title": TITLE.upper() + "!"},
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'never.db'}"
    server = request.getfixturevalue("postgresql")
    return make_database(server, f"never_{os.getpid()}_{abs(hash(request.node.nodeid))}")


def run(digest: Digest, address: str, on: str, *papers: dict[str, object]) -> list[str]:
    """One day's run on these papers; returns the titles of the picks."""
    file = Path(f"{on}.jsonl")
    file.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
    asked = ("run", file, "--database", address, "--date", on, "--outbox", "out")
    done = digest(*asked, "--keywords", "zeppelins", "--json").json
    return [pick["title"] for edition in done["editions"] for pick in edition["picks"]]


@pytest.mark.parametrize(
    "order",
    [
        ("arxiv", "journal", "later version", "page"),
        ("page", "arxiv", "preprint", "journal"),
        ("preprint", "journal", "arxiv", "later version"),
        ("journal", "preprint", "page", "arxiv"),
    ],
)
def test_one_work_comes_once(digest: Digest, address: str, order: Sequence[str]) -> None:
    """Featured today, in a journal next week, on arXiv later: picked the first time alone."""
    first = run(digest, address, "2026-03-02", NAMES[order[0]])
    assert first == [NAMES[order[0]]["title"]]
    for week, name in enumerate(order[1:], 1):
        decoy = {**DECOY, "id": f"2601.9999{week}", "title": f"Zeppelins, tea and rope {week}"}
        on = f"2026-03-{2 + 7 * week:02}"
        assert run(digest, address, on, NAMES[name], decoy) == [decoy["title"]]


def test_rows_that_a_third_name_links_are_one_from_then_on(digest: Digest, address: str) -> None:
    """Two names that nothing links come once each; linked afterwards, neither comes again."""
    other: dict[str, object] = {
        "doi": "10.5555/moor.7",
        "title": "On zeppelins",
        "abstract": "What hulls do in wind.",
    }
    arxiv = NAMES["arxiv"]
    assert run(digest, address, "2026-03-02", arxiv) == [TITLE]
    assert run(digest, address, "2026-03-03", other) == ["On zeppelins"]
    store = open_store(address)
    both = Paper(("arxiv:2601.00001", "doi:10.5555/moor.7", title_key(TITLE)), TITLE)
    assert store.papers.add([Sighting(both)], "openalex", date(2026, 3, 4)) == 0
    assert store.papers.count() == 1
    store.close()
    again = [arxiv, other, NAMES["journal"], DECOY]
    assert run(digest, address, "2026-03-04", *again) == [DECOY["title"]]
    assert run(digest, address, "2026-03-05", *again) == []


@pytest.mark.parametrize("opinion", ["less", "mute", "save", "more"])
def test_what_a_reader_said_of_one_name_holds_for_all(
    digest: Digest, address: str, opinion: str
) -> None:
    """A paper that was never sent, but voted on, is not news under the journal's DOI."""
    common = ("--database", address)
    digest("readers", "add", "ann@example.org", "--interest", "masts=zeppelins", *common)
    store = open_store(address)
    keys = ("doi:10.1101/2026.01.05.123456", title_key(TITLE))
    preprint = Paper(keys, TITLE, TEXT, tuple(AUTHORS))
    store.papers.add([Sighting(preprint)], "biorxiv", date(2026, 1, 5))
    store.close()
    voted = digest(
        "vote", "10.1101/2026.01.05.123456v1", opinion, "--reader", "ann@example.org", *common
    )
    assert voted.code == 0, voted.out
    file = Path("journal.jsonl")
    file.write_text("".join(json.dumps(one) + "\n" for one in (NAMES["journal"], DECOY)))
    done = digest("run", file, *common, "--date", "2026-03-17", "--outbox", "out", "--json").json
    picks = [pick["title"] for edition in done["editions"] for pick in edition["picks"]]
    assert JOURNAL not in picks
    assert TITLE not in picks


def test_another_work_of_the_same_authors_is_no_other_name(digest: Digest, address: str) -> None:
    """A sequel and a reply come, although all but a word of the title is the same."""
    sequel: dict[str, object] = {
        **NAMES["journal"],
        "title": TITLE + ", part II",
        "doi": "10.5555/moor.8",
    }
    reply: dict[str, object] = {
        **NAMES["journal"],
        "title": "Reply to: " + TITLE,
        "doi": "10.5555/moor.9",
    }
    assert run(digest, address, "2026-03-02", NAMES["arxiv"]) == [TITLE]
    second = run(digest, address, "2026-03-09", sequel)
    assert second == [sequel["title"]]
    assert run(digest, address, "2026-03-16", reply) == [reply["title"]]
