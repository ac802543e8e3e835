"""How readers want their letters, from the wish to the letter: the dial, quiet days, weeks."""

import json
import re
import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from digest import readers
from digest.config import load
from digest.daemon import Daemon
from digest.desk import Desk
from digest.links import Purpose, Token
from digest.model import UPVOTES, Manner, Mood, Quiet, Sighting, Signal
from digest.picker import Picked, Picker
from digest.wiring import build
from tests.conftest import DATA, DAY, NOW, Digest, Replay
from tests.mailed import ANN, add_reader, letters, link, mailed
from tests.pages import Pages

HERE = ("--database", "t.db")
TUESDAY = (*HERE, "--date", "2026-03-17", "--outbox", "out", "--json")
WEDNESDAY = (*HERE, "--date", "2026-03-18", "--outbox", "out", "--json")


def lines(path: str, *papers: dict[str, object]) -> Path:
    """A file of papers."""
    target = Path(path)
    target.write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    return target


def owls(name: str, **fields: object) -> dict[str, object]:
    """A paper on owls."""
    return {"title": f"Owls and {name}", "abstract": "Owls hear mice.", **fields}


def bread(name: str, upvotes: int) -> dict[str, object]:
    """A paper on bread, with upvotes."""
    return {"title": f"Bread with {name}", "abstract": "Flour and water.", "upvotes": upvotes}


def edition(done: Any) -> Any:
    """The only edition of a run."""
    (made,) = done.json["editions"]
    return made


def test_a_note_says_that_all_is_in_order_and_ends_the_day(digest: Digest) -> None:
    """What comes in later that day stands in the next edition, not in a second letter."""
    digest("readers", "add", ANN, "--keywords", "owls", "--quiet", "note", *HERE)
    first = digest("run", lines("a.jsonl", bread("rye", 9)), *TUESDAY)
    assert (edition(first)["mood"], edition(first)["picks"]) == ("nothing", [])
    assert (first.json["made"], first.json["sent"], first.code) == (1, 1, 0)
    asked = ("preview", "a.jsonl", "--reader", ANN, *HERE, "--date", "2026-03-17")
    assert "<html" in digest(*asked, "--output", "-").out
    late = digest("run", lines("b.jsonl", owls("rain")), *TUESDAY)
    assert late.json["had_already"] == [ANN]
    assert late.json["made"] == 0
    later = digest("run", lines("c.jsonl", owls("snow")), *WEDNESDAY)
    found = {pick["title"] for pick in edition(later)["picks"] if pick["interest"]}
    assert found == {"Owls and rain", "Owls and snow"}
    assert not edition(later)["first"]
    status = digest("status", *HERE, "--json")
    assert status.code == 0


def test_a_note_is_told_on_the_terminal_without_a_table(digest: Digest) -> None:
    """Reader, mood, and that a letter was written."""
    digest("readers", "add", ANN, "--keywords", "owls", "--quiet", "note", *HERE)
    done = digest("run", lines("a.jsonl", bread("rye", 9)), *TUESDAY[:-1])
    assert "Nothing new: a few lines that say so." in done.out
    assert "1 letter written to out" in done.out
    assert "score" not in done.out


def test_a_source_that_failed_burns_nobodys_day(digest: Digest) -> None:
    """No note while papers may come; then the edition, or the note."""
    digest("readers", "add", ANN, "--keywords", "owls", "--quiet", "note", *HERE)
    digest("readers", "add", "bob@example.org", "--keywords", "tides", "--quiet", "note", *HERE)
    Path("a.html").write_text("no papers here")
    done = digest("run", "a.html", lines("a.jsonl", bread("rye", 9)), *TUESDAY)
    assert (done.code, done.json["made"]) == (1, 0)
    assert len(done.json["nothing_new"]) == 2
    done = digest("run", lines("b.jsonl", owls("rain")), *TUESDAY)
    assert [one["mood"] for one in done.json["editions"]] == ["matched", "nothing"]


def test_no_letter_on_a_quiet_day(digest: Digest) -> None:
    """Said as it was chosen; a paper that comes later the same day still brings one."""
    digest("readers", "add", ANN, "--keywords", "owls", "--quiet", "nothing", *HERE)
    done = digest("run", lines("a.jsonl", bread("rye", 9)), *TUESDAY[:-1])
    said = f"Nothing met the interests of {ANN} on 2026-03-17: no letter, as chosen."
    assert said in done.out
    assert not list(Path("out").glob("*.eml"))
    previewed = digest("preview", "--reader", ANN, *HERE, "--date", "2026-03-17")
    assert (previewed.code, "no letter was chosen for quiet days" in previewed.err) == (2, True)
    late = digest("run", lines("b.jsonl", owls("rain")), *TUESDAY)
    assert edition(late)["mood"] == "matched"


def test_the_dial_from_mine_to_everyone(digest: Digest) -> None:
    """Three readers of the same interest; each letter is as its reader set it."""
    papers = lines(
        "a.jsonl",
        *(owls(name) for name in ("rain", "snow", "hail", "fog")),
        *(bread(name, votes) for name, votes in (("rye", 40), ("oats", 30), ("figs", 20))),
    )
    for name, dial in (("mine", "mine"), ("half", "half"), ("all", "everyone")):
        address = f"{name}@example.org"
        digest(
            "readers", "add", address, "--keywords", "owls", "--trend", dial, "--limit", 4, *HERE
        )
    done = digest("run", papers, *TUESDAY)
    read = {
        one["reader"].partition("@")[0]: [
            pick["title"] for pick in one["picks"] if pick["interest"] is None
        ]
        for one in done.json["editions"]
    }
    assert read["mine"] == []
    assert read["half"] == ["Bread with rye", "Bread with oats"]
    assert read["all"][:3] == ["Bread with rye", "Bread with oats", "Bread with figs"]


def test_the_account_of_a_trending_pick_and_of_what_was_less_read(digest: Digest) -> None:
    """Why it has a place, and which setting of the dial would give another one a place."""
    papers = lines(
        "a.jsonl",
        *(owls(name) for name in ("rain", "snow", "hail", "fog", "wind", "sun", "ice", "mist")),
        *(bread(name, votes) for name, votes in (("rye", 40), ("oats", 30), ("figs", 20))),
    )
    digest("readers", "add", ANN, "--keywords", "owls", *HERE)
    assert len(edition(digest("run", papers, *TUESDAY, "--dry-run"))["picks"]) == 10
    asked = (*HERE, "--reader", ANN, "--date", "2026-03-17")
    said = digest("explain", "Bread with rye", *asked).out
    assert "chosen by upvotes, in a place for what everyone reads." in said
    assert "It has 40 upvotes and may expect" in said
    assert "Your dial of 20 % gives 2 places of an edition to what everyone reads." in said
    figs = digest("explain", "Bread with figs", *asked, "--json").json
    assert (figs["verdict"], figs["trend"]["place"], figs["trend"]["places"]) == ("below", 3, 2)
    dial = figs["would_change"]["dial"]
    assert dial == 30
    advice = f"A dial of {dial} (DIGEST_TREND, a reader's --trend) has a place for it."
    assert advice in digest("explain", "Bread with figs", *asked).out
    digest("readers", "edit", ANN, "--trend", dial, *HERE)
    assert digest("explain", "Bread with figs", *asked, "--json").json["verdict"] == "picked"


def test_the_account_at_a_dial_of_100(digest: Digest) -> None:
    """Upvotes chose, whatever the score; less of them would bring the paper in."""
    papers = lines("a.jsonl", owls("rain"), bread("rye", 40), bread("oats", 30))
    wish = ("--keywords", "owls", "--trend", "everyone", "--limit", 2)
    digest("readers", "add", ANN, *wish, *HERE)
    digest("run", papers, *TUESDAY, "--dry-run")
    asked = (*HERE, "--reader", ANN, "--date", "2026-03-17")
    account = digest("explain", "Owls and rain", *asked, "--json").json
    assert (account["verdict"], account["place"]) == ("less read", 3)
    assert account["would_change"]["dial"] == 90
    assert account["would_change"]["limit"] == 12
    said = digest("explain", "Owls and rain", *asked).out
    assert "Not picked: your dial is at 100, so upvotes chose" in said
    assert "number 3 by upvotes expected" in said


def test_a_weekly_edition_looks_back(digest: Digest) -> None:
    """What was saved since the last one, and what rose; daily readers have neither."""
    digest("readers", "add", ANN, "--keywords", "owls", "--weekdays", "tue", *HERE)
    digest("readers", "add", "bob@example.org", "--keywords", "owls", *HERE)
    papers = lines("a.jsonl", owls("rain", date="2026-03-16"), bread("rye", 40), bread("oats", 9))
    done = digest("run", papers, *TUESDAY)
    weeks = {one["reader"]: one["week"] for one in done.json["editions"]}
    assert weeks["bob@example.org"] is None
    assert weeks[ANN]["since"] == "2026-03-10"
    assert weeks[ANN]["risen"] == []  # both are among the picks
    assert all(one["first"] for one in done.json["editions"])


def test_the_fields_of_the_report_are_documented(digest: Digest, checkout: Path) -> None:
    """Each has its name in docs/commands.md."""
    digest("readers", "add", ANN, "--keywords", "owls", "--weekdays", "tue", *HERE)
    done = digest("run", lines("a.jsonl", owls("rain"), bread("rye", 4)), *TUESDAY)
    text = (checkout / "docs/commands.md").read_text(encoding="utf-8")
    section = text.partition("## digest run")[2].partition("\n## ")[0]
    one = edition(done)
    names = {*done.json, *one, *one["picks"][0], *one["week"]}
    assert {name for name in names if f"`{name}`" not in section} == set()


def test_a_past_trending_edition_reads_as_it_was_sent(pages: Pages) -> None:
    """Upvotes that came since are not told as if they had been there."""
    letter = mailed(pages, wish="")
    told = re.findall(r"Why: much read; [^\r\n]*", letter.text)
    assert len(told) > 3
    address = link(pages, Token(Purpose.EDITION, pages.reader(ANN).handle, DAY))
    before = unescape(pages.get(address).get_data(as_text=True))
    assert [line for line in told if line not in before] == []
    pages.now += timedelta(hours=20)
    signals = (Signal(UPVOTES, 5000, pages.now),)
    for stored in pages.store.papers.candidates(DAY, 3):
        pages.store.papers.add([Sighting(stored.paper, signals=signals)], "file", DAY)
    after = unescape(pages.get(address).get_data(as_text=True))
    assert [line for line in told if line not in after] == []


def test_a_note_is_a_page_of_the_archive(pages: Pages) -> None:
    """Without papers, and without harm; the list names it too."""
    add_reader(pages, wish="chromodynamics")
    reader = pages.reader(ANN)
    readers.change(pages.store, replace(reader, manner=Manner(quiet=Quiet.NOTE)), pages.now)
    pages.run()
    (letter,) = letters(pages)
    kept = pages.store.archive.edition(reader.row, DAY)
    assert kept is not None
    assert (kept.mood, kept.picks) == (Mood.NOTHING, ())
    mine = link(pages, Token(Purpose.EDITION, reader.handle, DAY))
    assert pages.get(mine).status_code == 200
    listed = pages.get(link(pages, Token(Purpose.ARCHIVE, reader.handle)))
    assert listed.status_code == 200
    assert str(letter.mail["Subject"]) in unescape(listed.get_data(as_text=True))


def test_a_daemon_does_not_weigh_the_same_each_minute(
    digest: Digest, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who wants no letter on a quiet day stays due, and costs next to nothing."""
    replay.answer("/daily", (DATA / "huggingface_2026-03-17.json").read_bytes())
    settings = {
        "DIGEST_SOURCES": "huggingface",
        "DIGEST_HUGGINGFACE": f"{replay.address}/daily",
        "DIGEST_DATABASE": "sqlite:///t.db",
        "DIGEST_OUTBOX": "out",
    }
    digest(
        "readers", "add", ANN, "--keywords", "chromodynamics", "--quiet", "nothing",
        "--hour", "0", "--zone", "UTC", *HERE,
    )  # fmt: skip
    weighed = []
    pick = Picker.pick

    def watched(picker: Picker, desk: Desk, *rest: Any) -> Picked | None:
        weighed.append(desk.date)
        return pick(picker, desk, *rest)

    monkeypatch.setattr(Picker, "pick", watched)
    now = NOW
    daemon = Daemon(partial(load, None, settings), build, lambda: now, threading.Event())
    for minutes in range(3):
        now = NOW + timedelta(minutes=minutes)
        report = daemon.tick()
        assert [due.reader.address for due in report.edited.nothing_new] == [ANN]
    assert weighed == [DAY]
