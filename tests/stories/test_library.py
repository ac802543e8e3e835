"""A reader's own library: from a BibTeX file or Zotero into the next edition."""

import json
from pathlib import Path

import pytest

from tests.conftest import DATA, Digest, Replay

PAGES = (DATA / "saved_page_a.txt", DATA / "saved_page_b.txt")
KEY = "AbCdEfGh12345678"

FIRST = """@article{one,
  title = {Detecting anomalies in pumps},
  abstract = {We detect anomalies in the vibration of pumps and find faults.},
  year = {2024}
}
@article{broken,
  title = {Never closed
"""
SECOND = """@article{two,
  title = {Graph networks for molecules},
  abstract = {A graph neural network predicts properties of molecules.}
}
"""


def configured(**more: str) -> None:
    """A config.env for one person, and what is given."""
    settings = {
        "DIGEST_ADDRESS": "you@example.org",
        "DIGEST_DATABASE": "t.db",
        "DIGEST_OUTBOX": "out",
        **more,
    }
    Path("config.env").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    Path("config.env").chmod(0o600)


def run(digest: Digest, day: str) -> dict[str, object]:
    """The report of a run."""
    done = digest("run", *PAGES, "--date", day, "--json")
    report: dict[str, object] = json.loads(done.out)
    return report


def interests(report: dict[str, object]) -> set[str]:
    """The interests that the picks of the one edition serve."""
    (edition,) = report["editions"]  # type: ignore[misc]
    return {pick["interest"] for pick in edition["picks"]}  # type: ignore[has-type]


def sources(report: dict[str, object]) -> dict[str, dict[str, object]]:
    """What was read, by name."""
    return {source["source"]: source for source in report["sources"]}  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_bibtex_file_of_the_configuration(digest: Digest) -> None:
    """Its papers make an interest; a broken entry is named with its line, the others count."""
    Path("my.bib").write_text(FIRST)
    configured(DIGEST_BIBTEX="my.bib")
    report = run(digest, "2026-03-17")
    library = sources(report)["my.bib"]
    assert library["read"] == 1
    assert "line 6" in str(library["troubles"])
    assert "broken" in str(library["troubles"])
    assert interests(report) == {"my.bib"}


def test_a_changed_file_shows_in_the_next_edition(digest: Digest) -> None:
    """What was added counts at once; a file that is named no more counts no more."""
    Path("my.bib").write_text(FIRST)
    configured(DIGEST_BIBTEX="my.bib")
    run(digest, "2026-03-17")
    assert "my.bib" not in sources(run(digest, "2026-03-17")), "an unchanged file was read again"
    Path("my.bib").write_text(SECOND)
    assert sources(run(digest, "2026-03-18"))["my.bib"]["read"] == 1
    assert "1 papers" in digest("library", "list").out
    configured(DIGEST_KEYWORDS="molecules")
    run(digest, "2026-03-19")
    assert "no library" in digest("library", "list").out


def test_a_file_with_an_absolute_path_is_kept(digest: Digest) -> None:
    """It goes by its name in every run: the second one forgets nothing of it."""
    Path("folder").mkdir()
    Path("folder/my.bib").write_text(FIRST)
    configured(DIGEST_BIBTEX=str(Path("folder/my.bib").resolve()))
    assert interests(run(digest, "2026-03-17")) == {"my.bib"}
    for day in ("2026-03-18", "2026-03-19"):
        assert "my.bib" not in sources(run(digest, day)), "an unchanged file was read again"
        assert digest("library", "list").out == "my.bib: 1 papers\n"


def test_a_file_that_is_gone_is_named_and_takes_nothing_away(digest: Digest) -> None:
    """The run says which file and ends with 1; what was read of it before still holds."""
    Path("my.bib").write_text(FIRST)
    configured(DIGEST_BIBTEX="my.bib")
    run(digest, "2026-03-17")
    Path("my.bib").unlink()
    done = digest("run", *PAGES, "--date", "2026-03-18")
    assert done.code == 1
    assert "my.bib" in done.out + done.err
    assert "my.bib: 1 papers" in digest("library", "list").out


def test_zotero_is_read_once_and_then_asked_for_changes(digest: Digest, replay: Replay) -> None:
    """Items become an interest; the key is sent, never shown; a refusal is named and harms nobody."""
    item = {
        "key": "ABCD2345",
        "version": 7,
        "data": {
            "key": "ABCD2345",
            "itemType": "journalArticle",
            "title": "Detecting anomalies in pumps",
            "abstractNote": "We detect anomalies in the vibration of pumps.",
            "dateAdded": "2026-03-01T10:00:00Z",
        },
    }
    path = "/users/12345/items/top"
    body = json.dumps([item]).encode()
    replay.answer(path, body, Last_Modified_Version="7", Total_Results="1")
    configured(DIGEST_ZOTERO="users/12345", DIGEST_ZOTERO_KEY=KEY, DIGEST_ZOTERO_API=replay.address)
    report = run(digest, "2026-03-17")
    assert sources(report)["zotero users/12345"]["read"] == 1
    assert interests(report) == {"zotero users/12345"}
    assert replay.headers[-1]["Zotero-API-Key"] == KEY

    replay.answer(path, b"", status=304)
    assert "zotero users/12345" not in sources(run(digest, "2026-03-18"))
    assert replay.headers[-1]["If-Modified-Since-Version"] == "7"

    replay.answer(path, b"Forbidden", status=403)
    done = digest("run", *PAGES, "--date", "2026-03-19")
    assert done.code == 1
    assert "refused" in done.out + done.err
    assert KEY not in done.out + done.err
    assert "zotero users/12345: 1 papers" in digest("library", "list").out


def test_a_saved_reader_imports_and_forgets(digest: Digest) -> None:
    """The library of another reader is its own; the person of the configuration has a file for it."""
    Path("my.bib").write_text(FIRST)
    configured()
    assert digest("readers", "add", "a@example.org", "--keywords", "molecules").code == 0
    done = digest("library", "import", "my.bib", "--reader", "a@example.org")
    assert done.code == 0
    assert "1 papers of my.bib count for a@example.org" in done.out
    assert "line 6" in done.err
    assert "my.bib: 1 papers" in digest("library", "list", "--reader", "a@example.org").out
    refused = digest("library", "import", "my.bib")
    assert refused.code == 2
    assert "DIGEST_BIBTEX" in refused.err
    assert digest("library", "forget", "my.bib", "--reader", "a@example.org").code == 0
    assert "no library" in digest("library", "list", "--reader", "a@example.org").out
    missing = digest("library", "forget", "my.bib", "--reader", "a@example.org")
    assert missing.code == 2
    assert "no library 'my.bib'" in missing.err
