"""Visiting sources: when each is asked, for how long, and what is kept of a visit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collect import RUN_SECONDS, SOURCE_SECONDS, collect
from digest.errors import SourceError
from digest.intake.rhythm import LONGEST_PAUSE, chance, on_the_hour, pause_after, stretched
from digest.model import Count, Sighting, Standing
from digest.progress import Quiet
from digest.sources import Batch, Request
from digest.store import Store
from digest.visiting import SourceReport
from tests.conftest import DAY, NOW
from tests.papers import paper, seen

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
QUARTER_PAST = NOW.replace(minute=15)


@dataclass
class Service:
    """A source that yields what a test wants; remembers what it was asked."""

    batches: list[Batch | Exception] = field(default_factory=lambda: [Batch((), 0)])
    name: str = "service"
    pace: timedelta = HOUR
    asked: list[Request] = field(default_factory=list)
    between: object = None

    def fetch(self, request: Request) -> Iterator[Batch]:
        """What was set, in order."""
        self.asked.append(request)
        for batch in self.batches:
            if isinstance(batch, Exception):
                raise batch
            yield batch
            if callable(self.between):
                self.between()


def visit(
    store: Store, service: Service, now: datetime, day: date | None = None, **rest: object
) -> SourceReport:
    """The run of a daemon, or of a person with `at_once`."""
    at_once = bool(rest.pop("at_once", False))
    request = Request(day or now.date(), now, at_once=at_once)
    (report,) = collect(
        store,
        [service],
        request,
        progress=Quiet(),
        stopping=lambda: False,
        **rest,  # type: ignore[arg-type]
    )
    return report


def some(number: int) -> Sighting:
    """A paper of its own."""
    return seen(paper(f"The telling title number {number}", key=f"arxiv:2603.{number:05}"))


def test_a_source_is_asked_again_after_its_pace_and_a_little(store: Store) -> None:
    """Not before its pace, and not later than a seventh of it after that."""
    service = Service()
    assert visit(store, service, QUARTER_PAST).skipped is None
    assert visit(store, service, QUARTER_PAST + 40 * MINUTE).skipped == "asked 40 min ago"
    latest = QUARTER_PAST + HOUR * 8 / 7 + MINUTE
    assert visit(store, service, latest).skipped is None
    assert len(service.asked) == 2


def test_nothing_is_asked_on_the_hour(store: Store) -> None:
    """A daemon waits some minutes; a first visit and a person's do not."""
    service = Service()
    hour = NOW.replace(minute=0)
    assert visit(store, service, hour).skipped is None  # nobody waits for a first one
    for minutes in (-2, 0, 2):
        waits = visit(store, service, hour + 5 * HOUR + minutes * MINUTE).skipped
        assert waits
        assert "on the hour" in waits
    assert visit(store, service, hour + 5 * HOUR, at_once=True).skipped is None
    assert visit(store, service, hour + 9 * HOUR + 3 * MINUTE).skipped is None


def test_midnight_brings_nobody_to_a_service_at_once(store: Store) -> None:
    """The pace goes on over the end of a date."""
    service = Service()
    late = datetime(2026, 3, 17, 23, 50, tzinfo=NOW.tzinfo)
    visit(store, service, late)
    assert visit(store, service, late + 20 * MINUTE).skipped == "asked 20 min ago"


def test_failures_in_a_row_are_asked_after_longer_and_longer(store: Store) -> None:
    """About 10, 20, 40 minutes … at most six hours and a quarter; a success begins anew."""
    service = Service([SourceError("service", "no connection")])
    now = QUARTER_PAST
    gaps: list[timedelta] = []
    for _ in range(9):
        visit(store, service, now)
        begun = now
        while len(service.asked) == len(gaps) + 1:
            now += MINUTE
            visit(store, service, now)
        gaps.append(now - begun)
    for number, gap in enumerate(gaps):
        usual = min(timedelta(minutes=10) * 2**number, LONGEST_PAUSE)
        assert usual * 0.75 <= gap <= usual * 1.25 + 6 * MINUTE, (number, gap)  # the hour is spared
    last = store.visits.latest("service")
    assert last is not None
    assert last.failures == 10
    service.batches = [Batch((), 0)]
    visit(store, service, now + 10 * HOUR)
    last = store.visits.latest("service")
    assert last is not None
    assert last.failures == 0


def test_a_person_asks_a_failed_source_at_once(store: Store) -> None:
    """But not one that asked for patience."""
    service = Service([SourceError("service", "no connection")])
    visit(store, service, QUARTER_PAST)
    visit(store, service, QUARTER_PAST + MINUTE, at_once=True)
    assert len(service.asked) == 2
    service.batches = [SourceError("service", "busy", QUARTER_PAST + 3 * HOUR)]
    visit(store, service, QUARTER_PAST + 2 * MINUTE, at_once=True)
    waits = visit(store, service, QUARTER_PAST + 2 * HOUR, at_once=True).skipped
    assert waits is not None
    assert "asked us to wait until" in waits
    assert visit(store, service, QUARTER_PAST + 3 * HOUR, at_once=True).skipped is None


def test_what_arrived_before_the_time_was_over_is_kept(store: Store) -> None:
    """A source that drips for ever is cut after its time; its papers until then are stored."""
    seconds = [0.0]

    def tick() -> None:
        seconds[0] += SOURCE_SECONDS * 0.4

    service = Service([Batch((some(n),), 1, 1) for n in range(9)], between=tick)
    report = visit(store, service, QUARTER_PAST, clock=lambda: seconds[0])
    assert report.problem == "not read to its end within 10 min"
    assert report.added == store.papers.count() == 4
    last = store.visits.latest("service")
    assert last is not None
    assert not last.complete


def test_a_run_ends_though_every_source_is_slow(store: Store) -> None:
    """The sources whose turn does not come are not asked, and that is said."""
    seconds = [0.0]

    def tick() -> None:
        seconds[0] += SOURCE_SECONDS

    services = [Service(name=f"slow {n}", between=tick) for n in range(5)]
    reports = collect(
        store,
        services,
        Request(DAY, QUARTER_PAST),
        progress=Quiet(),
        stopping=lambda: False,
        clock=lambda: seconds[0],
    )
    asked = -int(-RUN_SECONDS // SOURCE_SECONDS)
    assert [bool(report.skipped) for report in reports] == [False] * asked + [True] * (5 - asked)
    assert store.visits.latest("slow 4") is None


def test_what_cannot_wait_is_done_meanwhile(store: Store) -> None:
    """After each batch and each source, papers of before being kept already."""
    counts: list[int] = []
    service = Service([Batch((some(n),), 1, 1) for n in range(3)])
    broken = Service([SourceError("broken", "down")], name="broken")
    collect(
        store,
        [service, broken],
        Request(DAY, QUARTER_PAST),
        progress=Quiet(),
        stopping=lambda: False,
        meanwhile=lambda: counts.append(store.papers.count()),
    )
    assert counts == [1, 2, 3, 3, 3]


def test_a_clock_that_was_set_right_keeps_nobody_waiting(store: Store) -> None:
    """Visits, and wishes of services, that were noted by a clock a year ahead count as of now."""
    ahead = QUARTER_PAST + 365 * 24 * HOUR
    service = Service([SourceError("service", "busy", ahead + HOUR)])
    visit(store, service, ahead)
    service.batches = [Batch((), 0)]
    assert visit(store, service, QUARTER_PAST).skipped
    store.clock.reset(QUARTER_PAST)
    assert visit(store, service, QUARTER_PAST + HOUR).skipped is None
    assert visit(store, service, QUARTER_PAST + HOUR + MINUTE).skipped == "asked 1 min ago"
    assert visit(store, service, QUARTER_PAST + 3 * HOUR).skipped is None


def test_a_source_hears_how_much_time_is_left(store: Store) -> None:
    """`left` counts down, and never below zero."""
    seconds = [100.0]
    heard: list[float] = []
    service = Service()

    def ask() -> None:
        heard.append(service.asked[0].left())
        seconds[0] += SOURCE_SECONDS + 1
        heard.append(service.asked[0].left())

    service.between = ask
    visit(store, service, QUARTER_PAST, clock=lambda: seconds[0])
    assert heard == [SOURCE_SECONDS, 0.0]


def test_notes_and_counts_come_back_to_the_source(store: Store) -> None:
    """What one visit notes, the next one is told; an empty text forgets a note."""
    count = Count("cs.LG", QUARTER_PAST.date(), Standing.PARTIAL, 3, 1, "feed", "cut short")
    service = Service([Batch((some(1),), 1, 3, counts=(count,), notes={"page": "2", "old": "x"})])
    visit(store, service, QUARTER_PAST)
    service.batches = [Batch((), 0, notes={"old": ""})]
    visit(store, service, QUARTER_PAST + 3 * HOUR)
    visit(store, service, QUARTER_PAST + 6 * HOUR)
    first, second, third = service.asked
    assert (first.notes, first.covered) == ({}, ())
    assert second.notes == {"page": "2", "old": "x"}
    assert [(one.source, one.count, one.completed) for one in second.covered] == [
        ("service", count, None)
    ]
    assert third.notes == {"page": "2"}


def test_a_batch_with_its_notes_is_kept_whole_or_not_at_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor never stands behind papers that are not stored."""

    def broken(*_: object) -> None:
        raise RuntimeError("the power went")

    service = Service([Batch((some(1),), 1, 1), Batch((some(2),), 1, 1, notes={"page": "2"})])
    with monkeypatch.context() as patch:
        patch.setattr("digest.store.papers.keep_notes", broken)
        report = visit(store, service, QUARTER_PAST)
    assert report.failed
    assert store.papers.count() == 0  # even the first: its own notes, though none, were not kept
    assert store.notes.of("service") == {}
    visit(store, service, QUARTER_PAST + HOUR)
    assert store.papers.count() == 2
    assert store.notes.of("service") == {"page": "2"}


def test_a_worse_answer_unsettles_nothing(store: Store) -> None:
    """Complete stays so when the source is down later; more papers announced are heard of."""

    def keep(standing: Standing, announced: int, read: int, hours: int) -> None:
        count = Count("", QUARTER_PAST.date(), standing, announced, read)
        service = Service([Batch((), 0, counts=(count,))])
        visit(store, service, QUARTER_PAST + hours * HOUR)

    def told() -> tuple[Standing, int | None, datetime | None]:
        (one,) = store.coverage.between(DAY - 9 * timedelta(days=1), QUARTER_PAST.date())
        return one.count.standing, one.count.announced, one.completed

    keep(Standing.BROKEN, 0, 0, 0)
    assert told() == (Standing.BROKEN, 0, None)
    keep(Standing.COMPLETE, 5, 5, 2)
    assert told() == (Standing.COMPLETE, 5, QUARTER_PAST + 2 * HOUR)
    keep(Standing.STALE, 0, 0, 4)
    assert told() == (Standing.COMPLETE, 5, QUARTER_PAST + 2 * HOUR)
    keep(Standing.PARTIAL, 7, 6, 6)
    assert told() == (Standing.PARTIAL, 7, QUARTER_PAST + 2 * HOUR)


def test_of_two_counts_in_one_visit_the_later_holds(store: Store) -> None:
    """A part that failed by one way and was read by another is read."""
    day = QUARTER_PAST.date()
    first = Count("cs.LG", day, Standing.BROKEN, None, 0, "feed", "no connection")
    second = Count("cs.LG", day, Standing.COMPLETE, 4, 4, "api")
    visit(store, Service([Batch((), 0, counts=(first, second))]), QUARTER_PAST)
    (one,) = store.coverage.between(day, day, "service")
    assert one.count == second


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001 - minutes alone
def test_five_minutes_an_hour_are_spared(moment: datetime) -> None:
    """From two minutes before the hour to three after it."""
    assert on_the_hour(moment) == (moment.minute in {58, 59, 0, 1, 2})


@given(st.integers(1, 10**6), st.text(max_size=20))
def test_pauses_are_bounded_and_the_same_each_time(failures: int, seed: str) -> None:
    """A quarter more or less than doubled, never longer than the longest and a quarter."""
    pause = pause_after(failures, seed)
    assert pause == pause_after(failures, seed)
    assert timedelta(minutes=7.5) <= pause <= LONGEST_PAUSE * 1.25
    assert HOUR <= stretched(HOUR, seed) < HOUR * 8 / 7


def test_chance_is_spread(store: Store) -> None:
    """Installations do not come at one time: a thousand seeds fill every tenth."""
    tenths = [int(chance(f"{store.identity()} {n}") * 10) for n in range(1000)]
    assert min(tenths.count(tenth) for tenth in range(10)) > 60
