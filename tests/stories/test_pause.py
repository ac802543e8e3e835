"""Pausing, resuming, weekly readers, and a clock that was set back: as a person meets them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from digest.config import Settings, load
from digest.daemon import Daemon
from digest.errors import ClockError
from digest.localtime import local_date
from digest.model import Schedule
from digest.progress import Quiet
from digest.run import Order, RunReport, run
from digest.sources import Batch, Request
from digest.store import open_store
from digest.wiring import House, build
from tests.conftest import DATA, DAY, NOW, Digest
from tests.papers import paper, reader, seen

DB = ("--database", "t.db")
ANN = "ann@example.org"
HOUR = timedelta(hours=1)


def house_of(**changes: object) -> House:
    """A house with an outbox and no sources to ask."""
    settings = Settings(
        database="sqlite:///t.db", outbox=Path("out"), named_sources=(), **changes  # type: ignore[arg-type]
    )  # fmt: skip
    return build(settings)


def run_at(house: House, now: datetime) -> RunReport:
    """One run at a time, as the daemon's."""
    return run(house, Order(), clock=lambda: now, progress=Quiet(), stopping=lambda: False)


@dataclass(frozen=True)
class Nothing:
    """A source that is asked each day, and has nothing to say."""

    name: str = "nothing"
    pace: timedelta = HOUR

    def fetch(self, request: Request) -> Iterator[Batch]:
        """An empty list."""
        yield Batch((), 0, 0)


def letters() -> int:
    """How many mails are in the outbox."""
    return len(list(Path("out").glob("*.eml")))


def far(days: int = 30) -> str:
    """A date to come."""
    return str(datetime.now(UTC).date() + timedelta(days=days))


def test_a_reader_pauses_and_resumes(digest: Digest) -> None:
    """Said, shown, and held to; resumed, the edition comes."""
    digest("readers", "add", ANN, "--keywords", "graph", "--hour", 0, *DB)
    done = digest("readers", "pause", ANN, "--until", far(), *DB)
    assert done.out.startswith(f"{ANN} gets an edition daily from 00:00 UTC, paused until {far()}.")
    assert f"paused until {far()}" in digest("readers", "list", *DB).out
    assert digest("readers", "show", ANN, "--json", *DB).json["paused_until"] == far()
    asked = ("run", DATA / "saved_page_a.txt", "--outbox", "out", *DB)
    assert digest(*asked).code == 0
    assert digest(*asked, "--date", "today").code == 0
    assert letters() == 0
    digest("readers", "edit", ANN, "--limit", 3, *DB)
    assert f"paused until {far()}" in digest("readers", "show", ANN, *DB).out
    assert "paused" not in digest("readers", "resume", ANN, *DB).out
    assert digest("readers", "show", ANN, "--json", *DB).json["paused_until"] is None
    assert digest(*asked).code == 0
    assert letters() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pause", ANN), "Missing option '--until'"),
        (("pause", ANN, "--until", "soon"), "is no date: write it like 2026-12-01"),
        (("pause", ANN, "--until", "2020-01-01"), "name a later date"),
        (("pause", "b@example.org", "--until", "2199-01-01"), "is no reader here"),
        (("resume", "b@example.org"), "is no reader here"),
    ],
)
def test_a_pause_that_cannot_be_is_said(
    digest: Digest, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2 and the reason; nothing changes."""
    digest("readers", "add", ANN, *DB)
    done = digest("readers", *arguments, *DB)
    assert done.code == 2
    assert said in done.err
    assert digest("readers", "show", ANN, "--json", *DB).json["paused_until"] is None


def test_the_person_of_the_configuration_pauses_there(digest: Digest) -> None:
    """By its key, which the commands name."""
    config = Path("config.env")
    config.write_text(f"DIGEST_ADDRESS={ANN}\n")
    assert (
        f"DIGEST_PAUSE_UNTIL={far()}" in digest("readers", "pause", ANN, "--until", far(), *DB).err
    )
    config.write_text(f"DIGEST_ADDRESS={ANN}\nDIGEST_PAUSE_UNTIL={far()}\nDIGEST_HOUR=0\n")
    assert f"paused until {far()}" in digest("readers", "show", ANN, *DB).out
    assert "take DIGEST_PAUSE_UNTIL out" in digest("readers", "resume", ANN, *DB).err
    asked = ("run", DATA / "saved_page_a.txt", "--outbox", "out", *DB)
    digest(*asked)
    assert letters() == 0
    config.write_text(f"DIGEST_ADDRESS={ANN}\nDIGEST_PAUSE_UNTIL={far(-1)}\nDIGEST_HOUR=0\n")
    digest(*asked)
    assert letters() == 1
    config.write_text("DIGEST_PAUSE_UNTIL=tomorrow\n")
    assert "line 1: DIGEST_PAUSE_UNTIL: 'tomorrow' is no date" in digest(*asked).err


def test_resuming_forgives_a_mailbox_that_refused(digest: Digest) -> None:
    """Shown until then."""
    digest("readers", "add", ANN, *DB)
    store = open_store("sqlite:///t.db")
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE readers SET suppressed='2026-03-17 00:00:00.000000', bounces=5"
        )
    assert "its mailbox refuses" in digest("readers", "list", *DB).out
    assert f"'digest readers resume {ANN}' tries again" in digest("readers", "show", ANN, *DB).out
    assert digest("readers", "show", ANN, "--json", *DB).json["suppressed"] is True
    digest("readers", "resume", ANN, *DB)
    assert digest("readers", "show", ANN, "--json", *DB).json["suppressed"] is False
    assert store.bounces.suppressed() == []
    store.close()


def _made(report: RunReport) -> list[tuple[date, int]]:
    return [(one.edition.date, len(one.edition.picks)) for one in report.edited.editions]


def test_what_came_while_the_digest_was_off_is_weighed() -> None:
    """Days on which nobody asked for papers count for none of the three; nothing comes twice."""
    house = house_of()
    house = replace(house, sources=(Nothing(),))

    def announced(*days_ago: int) -> None:
        for ago in days_ago:
            day = DAY - timedelta(days=ago)
            house.store.papers.add([seen(paper(f"Paper {ago}"), day)], "nothing", day)

    house.store.readers.save(reader(ANN, schedule=Schedule(0)), NOW - 30 * HOUR * 24)
    announced(14, 13, 12, 11)
    for ago in (12, 11):
        run_at(house, NOW - timedelta(days=ago))
    announced(*range(10, -1, -1))
    (made,) = run_at(house, NOW).edited.editions
    assert len(made.edition.picks) == 10
    assert made.edition.considered == 13  # of the eleven days since, and the two before
    (after,) = run_at(house, NOW + timedelta(days=1)).edited.editions
    assert len(after.edition.picks) == 1  # the eleventh
    for name, ago in (("Late", 5), ("Fresh", -2)):
        day = DAY - timedelta(days=ago)
        house.store.papers.add([seen(paper(f"{name} one"), day)], "nothing", day)
    (then,) = run_at(house, NOW + timedelta(days=2)).edited.editions
    assert [pick.paper.paper.title for pick in then.edition.picks] == ["Fresh one"]
    assert then.edition.considered == 2  # three days are three days again


def test_a_weekly_reader_weighs_the_papers_of_the_week() -> None:
    """A daily one those of three days; both at the same time, each once."""
    house = house_of()
    for ago in range(9):
        house.store.papers.add(
            [seen(paper(f"Paper {ago}"), DAY - timedelta(days=ago))], "file", DAY
        )
    for name, days in (("daily", range(7)), ("weekly", (1,)), ("weekdays", range(5))):
        schedule = Schedule(0, weekdays=frozenset(days))
        house.store.readers.save(reader(f"{name}@example.org", schedule=schedule), NOW - 9 * HOUR)
    report = run_at(house, NOW)
    assert {
        one.edition.reader.name: (one.edition.considered, len(one.edition.picks))
        for one in report.edited.editions
    } == {
        "daily@example.org": (3, 3), "weekly@example.org": (7, 7), "weekdays@example.org": (3, 3),
    }  # fmt: skip
    assert run_at(house, NOW + HOUR).edited.made == 0
    house.close()


def test_after_a_pause_and_after_three_days_there_is_one_edition_with_the_newest() -> None:
    """No heap of letters: the papers of the days before the last ones are not made up for."""
    house = house_of()
    for ago in range(5):
        house.store.papers.add(
            [seen(paper(f"Paper {ago}"), DAY - timedelta(days=ago))], "file", DAY
        )
    until = Schedule(0, paused_until=DAY)
    for name, schedule in (("paused", until), ("down", Schedule(0))):
        house.store.readers.save(
            reader(f"{name}@example.org", schedule=schedule), NOW - timedelta(days=9)
        )
    assert _made(run_at(house, NOW - timedelta(days=4))) == [(DAY - timedelta(days=4), 1)]
    assert _made(run_at(house, NOW)) == [(DAY, 3), (DAY, 3)]
    house.close()


def test_a_run_is_refused_while_the_clock_is_behind(digest: Digest) -> None:
    """Before anything is collected, made or sent; by hand for a date as well; exit code 75."""
    store = open_store("sqlite:///t.db")
    digest("readers", "add", ANN, "--hour", 0, *DB)
    store.clock.keep(datetime.now(UTC) + HOUR)
    asked = ("run", DATA / "saved_page_a.txt", "--outbox", "out", *DB)
    for arguments in (asked, (*asked, "--date", "today")):
        done = digest(*arguments)
        assert done.code == 75
        assert "digest doctor --clock-is-right" in done.err
    assert letters() == 0
    assert store.deliveries.counts() == {}
    store.clock.reset(datetime.now(UTC))
    assert digest(*asked).code == 0
    assert letters() == 1
    store.close()


def test_a_daemon_halts_while_the_clock_is_behind_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It notes the trouble, and ends it when the clock is right."""
    Path("config.env").write_text(
        f"DIGEST_ADDRESS={ANN}\nDIGEST_HOUR=0\nDIGEST_DATABASE=t.db\nDIGEST_OUTBOX=out\n"
    )
    settings = load(None, {})
    moments = iter([NOW, *[NOW - HOUR + timedelta(minutes=n) for n in range(3)], NOW + HOUR])
    now = [NOW]
    daemon = Daemon(
        lambda: settings,
        lambda _: house_of(address=ANN, minute=0),
        lambda: now[0],
        threading.Event(),
    )
    store = open_store("sqlite:///t.db")
    store.papers.add([seen(paper("One"))], "file", DAY)
    troubles: list[list[str]] = []
    with caplog.at_level("INFO"):
        for moment in moments:
            now[0] = moment
            _tick(daemon)
            troubles.append([one.topic for one in store.troubles.open()])
    assert troubles == [[], ["clock"], ["clock"], ["clock"], []]
    said = [record.message for record in caplog.records if "the clock shows" in record.message]
    assert len(said) == 1
    assert "clock: in order again" in caplog.text
    assert len(list(Path("out").glob("*-ann-*.eml"))) == 1
    store.close()


def _tick(daemon: Daemon) -> None:
    daemon._tick_safely()  # noqa: SLF001 - what the scheduler calls


def test_a_halted_run_leaves_the_time_that_was_seen() -> None:
    """Else a second one would go through."""
    house = house_of()
    house.store.clock.keep(NOW)
    with pytest.raises(ClockError):
        run_at(house, NOW - HOUR)
    assert house.store.clock.seen() == NOW
    house.close()


def test_a_pause_is_over_by_the_readers_own_date(digest: Digest) -> None:
    """What is today in one zone is tomorrow in another."""
    west, east = "Pacific/Pago_Pago", "Pacific/Kiritimati"
    now = datetime.now(UTC)
    for name, zone in (("w@example.org", west), ("e@example.org", east)):
        digest("readers", "add", name, "--zone", zone, *DB)
    tomorrow = local_date(west, now) + timedelta(days=1)
    assert digest("readers", "pause", "w@example.org", "--until", tomorrow, *DB).code == 0
    refused = digest("readers", "pause", "e@example.org", "--until", tomorrow, *DB)
    assert refused.code == 2
