"""`digest run` on files: collect → edit → post into an outbox, as a person calls it."""

import gzip
import json
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from digest.store import open_store
from tests.conftest import DATA, NOW, Digest

PAGES = (DATA / "saved_page_a.txt", DATA / "saved_page_b.txt")
TUESDAY = ("--database", "sqlite:///t.db", "--date", "2026-03-17", "--outbox", "out")


def outbox() -> list[Path]:
    """The mails in the outbox."""
    return sorted(Path("out").glob("*.eml"))


def lines(path: str, *papers: dict[str, object]) -> Path:
    """A file of papers."""
    target = Path(path)
    target.write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    return target


def test_keywords_on_saved_pages(digest: Digest) -> None:
    """One mail; the first five picks all speak of anomaly detection; the second run sends none."""
    asked = ("run", *PAGES, *TUESDAY, "--keywords", "anomaly detection", "--json")
    first = digest(*asked).json
    picks = first["editions"][0]["picks"]
    assert all(pick["reasons"][0]["label"].startswith("anomal") for pick in picks[:5])
    assert [source["read"] for source in first["sources"]] == [23]
    assert first["sources"][0]["added"] == 20
    assert (first["made"], first["sent"], len(outbox())) == (1, 1, 1)

    second = digest(*asked)
    assert second.code == 0
    assert (second.json["made"], second.json["sent"]) == (0, 0)
    assert second.json["had_already"]
    assert "already: nothing sent" in digest(*asked[:-1]).out
    assert len(outbox()) == 1


def test_a_paper_once_sent_never_comes_again_in_any_version(digest: Digest) -> None:
    """Not the next day, not as version 2, not when its id appears, not under another source."""
    first = lines(
        "a.jsonl",
        {"id": "2601.00001v1", "title": "Owls at night", "abstract": "Owls hear mice."},
        {"title": "Owls by day", "abstract": "Owls sleep."},
    )
    second = lines(
        "b.jsonl",
        {"id": "2601.00001v2", "title": "Owls at night, revised", "abstract": "Owls hear."},
        {"id": "2601.00002", "title": "Owls by Day", "abstract": "Owls sleep."},
        {"id": "2601.00003", "title": "Owls and weather", "abstract": "Owls in rain."},
    )
    common = ("--database", "t.db", "--outbox", "out", "--keywords", "owls", "--json")
    one = digest("run", first, *common, "--date", "2026-03-17").json
    assert {p["title"] for p in one["editions"][0]["picks"]} == {"Owls at night", "Owls by day"}
    two = digest("run", second, *common, "--date", "2026-03-18").json
    assert [p["title"] for p in two["editions"][0]["picks"]] == ["Owls and weather"]
    three = digest("run", second, *common, "--date", "2026-03-19")
    assert three.json["nothing_new"]
    assert three.json["made"] == 0


def test_without_interests_the_edition_is_the_trending_one(digest: Digest) -> None:
    """Most upvotes expected first, of three days; upvotes stand in table and letter."""
    done = digest("run", DATA / "papers.jsonl", *TUESDAY, "--json")
    picks = done.json["editions"][0]["picks"]
    votes = [pick["signals"]["upvotes"] for pick in picks]
    expected = [pick["expected"] for pick in picks]
    assert expected == sorted(expected, reverse=True)
    assert expected[0] > expected[-1] > 0
    fresh = [json.loads(line) for line in (DATA / "papers.jsonl").read_text().splitlines()]
    titles = {p["title"] for p in fresh if p["date"] >= "2026-03-15"}
    assert {pick["title"] for pick in picks} == titles
    letter = outbox()[0].with_suffix(".html").read_text(encoding="utf-8")
    assert f"{votes[0]} upvotes" in letter
    table = digest("run", DATA / "papers.jsonl", "--database", "u.db", *TUESDAY[2:])
    assert f"{votes[0]} upvotes" in table.out


def test_the_mail_in_the_outbox_is_a_real_one(digest: Digest) -> None:
    """`.eml` and `.html` say the same; HTML and text are both there."""
    digest("run", *PAGES, *TUESDAY, "--keywords", "anomaly detection")
    (path,) = outbox()
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    page = mail.get_body(("html",))
    text = mail.get_body(("plain",))
    assert page is not None
    assert text is not None
    assert page.get_content().replace("\r\n", "\n") == path.with_suffix(".html").read_text(
        encoding="utf-8"
    )
    assert mail["Subject"].partition(",")[0] in " ".join(text.get_content().split())


def test_unsaved_readers_are_told_apart(digest: Digest) -> None:
    """By what they ask for; each has its own edition, and the list of readers stays empty."""
    for keywords in ("anomaly detection", "shelves"):
        assert digest("run", *PAGES, *TUESDAY, "--keywords", keywords, "--json").json["made"] == 1
    assert len(outbox()) == 2
    assert "No readers yet" in digest("readers", "list", "--database", "t.db").out


def test_an_interest_that_matches_nothing(digest: Digest) -> None:
    """Says so, and shows what others read."""
    done = digest("run", DATA / "papers.jsonl", *TUESDAY, "--keywords", "chromodynamics", "--json")
    edition = done.json["editions"][0]
    assert edition["mood"] == "unmatched"
    assert 0 < len(edition["picks"]) <= 5
    assert "Nothing new met your interests" in outbox()[0].with_suffix(".html").read_text("utf-8")


def test_only_an_interest_that_nothing_met_is_called_silent(digest: Digest) -> None:
    """Not one whose papers another interest shows, nor one that the limit left no room for."""
    papers = lines(
        "a.jsonl",
        {"title": "Owls hunt mice", "abstract": "Owls and mice at night."},
        {"title": "Bread", "abstract": "Flour and water."},
    )
    wishes = ("--interest", "hunters=owls", "--interest", "prey=mice", "--interest", "sky=galaxies")
    digest("readers", "add", "ann@example.org", *wishes, "--limit", 1, "--database", "t.db")
    digest("run", papers, *TUESDAY)
    letter = next(Path("out").glob("*ann*.html")).read_text("utf-8")
    assert "Nothing today for: sky." in letter


def test_exclusions_hold_in_every_edition(digest: Digest) -> None:
    """Also in a trending one."""
    papers = lines(
        "a.jsonl",
        {"title": "A survey of owls", "upvotes": 99},
        {"title": "Owls at noon", "upvotes": 1},
    )
    done = digest("run", papers, *TUESDAY, "--keywords", "-survey", "--json")
    assert [p["title"] for p in done.json["editions"][0]["picks"]] == ["Owls at noon"]


def test_an_empty_store_is_a_sentence(digest: Digest) -> None:
    """Nothing to weigh: no edition, no traceback, and the day is not used up."""
    empty = lines("empty.jsonl", {"title": "An old paper", "date": "2020-01-01"})
    done = digest("run", empty, *TUESDAY, "--keywords", "owls")
    assert done.code == 0
    assert "Nothing new" in done.out
    fresh = lines("fresh.jsonl", {"title": "Owls today"})
    assert digest("run", fresh, *TUESDAY, "--keywords", "owls", "--json").json["sent"] == 1


def test_a_dry_run_stores_no_edition_and_sends_nothing(digest: Digest) -> None:
    """The same picks come in the real run after it."""
    asked = ("run", *PAGES, *TUESDAY, "--keywords", "anomaly detection", "--json")
    dry = digest(*asked, "--dry-run").json
    assert dry["editions"][0]["picks"]
    assert (dry["made"], dry["sent"], outbox()) == (0, 0, [])
    real = digest(*asked).json
    assert [p["key"] for p in real["editions"][0]["picks"]] == [
        p["key"] for p in dry["editions"][0]["picks"]
    ]


def test_a_limit_holds(digest: Digest) -> None:
    """At most so many picks."""
    done = digest("run", *PAGES, *TUESDAY, "--keywords", "detection", "--limit", 2, "--json")
    assert len(done.json["editions"][0]["picks"]) == 2


def test_what_cannot_be_read_is_named_and_the_rest_arrives(digest: Digest) -> None:
    """File and line in the report; exit code 1 where a whole file failed."""
    Path("cut.jsonl.gz").write_bytes(gzip.compress((DATA / "papers.jsonl").read_bytes())[:-40])
    Path("page.html").write_text("<html>Not papers</html>")
    done = digest("run", DATA / "broken.jsonl", *TUESDAY)
    assert done.code == 0
    assert "broken.jsonl, line 2: broken JSON" in done.out
    assert "2 of 5 papers read" in done.out
    done = digest("run", "cut.jsonl.gz", "page.html", DATA / "papers.jsonl", *TUESDAY, "--json")
    assert done.code == 1
    (source,) = done.json["sources"]
    assert "cut.jsonl.gz: the gzip file ends too early" in source["problem"]
    assert "page.html: neither JSON Lines" in source["problem"]
    assert source["read"] >= 12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "missing.jsonl"), "missing.jsonl: there is no such file or folder"),
        (("run", "--date", "tomorrow"), "is no date: write 2026-03-17 or today"),
        (("run", "--keywords", "auther:x"), "did you mean author:?"),
        (("run", "--keywords", ""), "--keywords is empty"),
        (("run", "--config", "none.env"), "none.env: there is no such file"),
        (("run", "--limit", "0"), "0 is not in the range"),
        (("daemon", "--config", "none.env"), "none.env: there is no such file"),
        (("preview", "--reader", "eve@example.org"), "eve@example.org is no reader here"),
        (("runn",), "No such command"),
    ],
)
def test_mistakes_end_with_exit_code_2_and_advice(
    digest: Digest, arguments: tuple[str, ...], said: str
) -> None:
    """One message, nothing sent, no traceback."""
    extra = () if arguments[0] == "runn" else ("--database", "t.db")
    done = digest(*arguments, *extra)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_database_that_cannot_be_used_has_its_own_exit_code(digest: Digest) -> None:
    """78, as sysexits has it for a configuration that cannot work."""
    Path("bad.db").write_bytes(b"no database" * 99)
    done = digest("run", DATA / "papers.jsonl", "--database", "bad.db")
    assert done.code == 78
    assert "restore a backup" in done.err


def test_an_unexpected_error_is_one_line_with_its_trace_in_the_log(
    digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person is told where to look; no traceback on the terminal."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("digest.cli.run.watched_run", broken)
    done = digest("run", DATA / "papers.jsonl", *TUESDAY)
    assert done.code == 70
    assert "planted" in done.err
    assert "Traceback" not in done.err
    log = Path(done.err.rpartition("the details are in ")[2].strip())
    assert "Traceback" in log.read_text()


def test_the_configuration_names_a_reader(digest: Digest) -> None:
    """Address, interests and limit come from config.env; saved readers are served with it."""
    Path("config.env").write_text(
        "DIGEST_ADDRESS=ann@example.org\nDIGEST_KEYWORDS=anomaly detection\n"
        "DIGEST_INTEREST_BOOKS=shelves\nDIGEST_LIMIT=4\nDIGEST_DATABASE=sqlite:///t.db\n"
    )
    digest("readers", "add", "bob@example.org", "--keywords", "detection", "--limit", 3)
    done = digest("run", *PAGES, "--date", "2026-03-17", "--outbox", "out", "--json").json
    by_reader = {edition["reader"]: edition["picks"] for edition in done["editions"]}
    assert set(by_reader) == {"ann@example.org", "bob@example.org"}
    assert len(by_reader["ann@example.org"]) <= 4
    assert {pick["interest"] for pick in by_reader["ann@example.org"]} == {"keywords", "books"}
    names = [path.name for path in outbox()]
    assert [name[:-13] for name in names] == [
        "2026-03-17-ann-example-org",
        "2026-03-17-bob-example-org",
    ]


def test_by_the_clock_a_reader_is_due_once_a_day(
    digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --date the hour decides; before it, and after the edition, nobody is due."""
    monkeypatch.setattr("digest.cli.run.utc_now", lambda: NOW)
    lines("new.jsonl", {"title": "Owls today"}, {"title": "Owls tonight"})
    digest("readers", "add", "a@example.org", "--hour", "9:31", "--database", "t.db")
    asked = ("run", "new.jsonl", "--database", "t.db", "--outbox", "out")
    assert "Nobody is due" in digest(*asked).out
    monkeypatch.setattr("digest.cli.run.utc_now", lambda: NOW + timedelta(minutes=1))
    assert digest(*asked, "--json").json["sent"] == 1
    done = digest(*asked)
    assert "a@example.org has an edition" in done.out
    assert "nothing sent" in done.out
    assert done.code == 0


def test_a_bug_for_one_reader_does_not_stop_the_others(
    digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported, logged with its trace, and the run ends with 1."""
    for name in ("ann", "bob"):
        digest("readers", "add", f"{name}@example.org", "--keywords", name, "--database", "t.db")
    from digest.letters import LetterOffice  # noqa: PLC0415 - to plant a bug

    compose = LetterOffice.compose

    def planted(self: LetterOffice, edition: object, *rest: object) -> object:
        if "ann" in edition.reader.address:  # type: ignore[attr-defined]
            raise KeyError("planted")
        return compose(self, edition, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(LetterOffice, "compose", planted)
    done = digest("run", DATA / "papers.jsonl", *TUESDAY, "--json")
    assert done.code == 1
    assert done.json["failed"] == ["ann@example.org"]
    assert [edition["reader"] for edition in done.json["editions"]] == ["bob@example.org"]
    monkeypatch.setattr(LetterOffice, "compose", compose)
    again = digest("run", DATA / "papers.jsonl", *TUESDAY, "--json").json
    assert [edition["reader"] for edition in again["editions"]] == ["ann@example.org"]


def test_a_broken_template_uses_up_nobodys_day(
    digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named with file and line; after the repair everyone gets the edition."""
    Path("broken").mkdir()
    Path("broken/letter.html.j2").write_text("one\n{{ letter.nothing }}")
    monkeypatch.setenv("DIGEST_TEMPLATES", "broken")
    done = digest("run", DATA / "papers.jsonl", *TUESDAY)
    assert done.code == 1
    assert "letter.html.j2, line 2" in done.err
    assert outbox() == []
    Path("broken/letter.html.j2").unlink()
    assert digest("run", DATA / "papers.jsonl", *TUESDAY, "--json").json["sent"] == 1


def test_a_full_outbox_is_said_and_nothing_is_lost(digest: Digest) -> None:
    """The mail waits in the store and goes out when the folder can be written to."""
    Path("out").write_text("a file where a folder should be")
    done = digest("run", DATA / "papers.jsonl", *TUESDAY[:-1], "out/side")
    assert done.code == 1
    assert "cannot write to the outbox folder" in done.out
    store = open_store("sqlite:///t.db")
    assert store.deliveries.counts() == {"queued": 1}
    store.close()
