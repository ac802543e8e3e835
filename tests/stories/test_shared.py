"""The real papers; each test here has a twin in test_run.py that needs no shared data."""

from pathlib import Path

from digest.store import open_store
from tests.conftest import DAY, Digest

DAY_ASKED = ("--database", "sqlite:///t.db", "--date", "2026-03-17", "--outbox", "out")


def test_the_saved_pages_hold_577_different_papers(digest: Digest, shared: Path) -> None:
    """Not one more or fewer; and the first five picks are all about anomaly detection."""
    pages = sorted((shared / "seeds").glob("*.txt"))
    assert len(pages) == 5
    done = digest("run", *pages, *DAY_ASKED, "--keywords", "anomaly detection", "--json").json
    assert done["sources"][0]["read"] == 652
    assert done["sources"][0]["added"] == 577
    assert done["sources"][0]["troubles"] == []
    titles = [pick["title"] for pick in done["editions"][0]["picks"]]
    assert all("anomal" in title.lower() for title in titles[:5])
    again = digest("run", *pages, *DAY_ASKED, "--keywords", "anomaly detection", "--json").json
    assert (again["sent"], len(list(Path("out").glob("*.eml")))) == (0, 1)
    store = open_store("sqlite:///t.db")
    found = [c.paper.title for c in store.papers.candidates(DAY, 3)]
    store.close()
    assert len(found) == 577
    assert any(title.startswith("G²SF-MIAD") for title in found)


def test_the_trending_edition_of_a_real_day(digest: Digest, shared: Path) -> None:
    """8,504 papers are read, none is left out; of three days the most expected come first."""
    file = shared / "data/hf_daily/papers.jsonl.gz"
    done = digest("run", file, *DAY_ASKED, "--json").json
    assert done["sources"][0]["read"] == 8504
    assert done["sources"][0]["troubles"] == []
    (edition,) = done["editions"]
    expected = [pick["expected"] for pick in edition["picks"]]
    assert edition["picks"][0]["signals"]["upvotes"] == 139
    assert expected == sorted(expected, reverse=True)
    letter = next(Path("out").glob("*.html")).read_text(encoding="utf-8")
    assert "139 upvotes" in letter
