"""How the zones of the tz database behave: their changes in a period, by bisection."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from digest.localtime import Past, due_by, wall_clock
from digest.model import Schedule

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
MINUTES = (0, 1, 30, 150, 420, 1380, 1410, 1439)


@dataclass(frozen=True)
class Change:
    """The first minute (UTC) of another offset, and the offsets before and from then on."""

    at: datetime
    before: timedelta
    after: timedelta


def offset(zone: str, moment: datetime) -> timedelta:
    """How far local time is from UTC."""
    found = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert found is not None
    return found


@cache
def changes(zone: str, start: datetime = START, end: datetime = END) -> tuple[Change, ...]:
    """Every change of the offset in a period."""
    found, day = [], start
    while day < end:
        low, high = day, day + DAY
        before, after = offset(zone, low), offset(zone, high)
        if before != after:
            while high - low > MINUTE:
                middle = low + (high - low) // 2 // MINUTE * MINUTE
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            found.append(Change(high, before, after))
        day += DAY
    return tuple(found)


@cache
def different_zones() -> tuple[str, ...]:
    """One zone for each set of zones whose clocks show the same all the time."""
    found: dict[object, str] = {}
    for zone in sorted(available_timezones()):
        found.setdefault((offset(zone, START), changes(zone)), zone)
    return tuple(found.values())


@cache
def different_habits() -> tuple[str, ...]:
    """One zone for each set of zones whose clocks are set in the same way at the same local time.

    Whether 2:00 becomes 3:00 in New York or in Denver, a reader there sees the same. Ticks fall on
    the same local minutes, as all offsets are whole quarters of an hour.
    """
    found: dict[object, str] = {}
    for zone in different_zones():
        assert not offset(zone, START) % QUARTER
        habit = tuple(
            ((change.at + change.before).replace(tzinfo=None), change.after - change.before)
            for change in changes(zone)
        )
        found.setdefault(habit, zone)
    return tuple(found.values())


def local_dates(zone: str, start: datetime, end: datetime) -> set[date]:
    """The dates that a zone has in a period."""
    here, hours = ZoneInfo(zone), (end - start) // timedelta(hours=1)
    return {(start + timedelta(hours=n)).astimezone(here).date() for n in range(hours)}


def inner_dates(zone: str, start: datetime, end: datetime) -> set[date]:
    """The dates of which a period has the whole, with some hours more."""
    found = local_dates(zone, start + DAY, end - DAY)
    return found - {min(found), max(found)}


def every(step: timedelta, start: datetime, end: datetime) -> list[datetime]:
    """Moments of a period, so far apart."""
    return [start + n * step for n in range((end - start) // step)]


def ticks(zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    """Each minute of the days around every change, and each quarter of an hour in between."""
    near = {c.at.date() + n * DAY for c in changes(zone, start, end) for n in (-1, 0, 1)}
    now = start
    while now < end:
        yield now
        now += MINUTE if now.date() in near else QUARTER


def editions_of(
    schedules: Sequence[Schedule], moments: Iterable[datetime], since: datetime = START - 9 * DAY
) -> list[dict[date, datetime]]:
    """What readers of one zone got and when, asked at each moment; fails at a second of a date."""
    found: list[dict[date, datetime]] = [{} for _ in schedules]
    readers = [
        (schedule, Past(since, dates), dates)
        for schedule, dates in zip(schedules, found, strict=True)
    ]
    for now in moments:
        clock = wall_clock(schedules[0].zone, now)
        for schedule, past, dates in readers:
            day = due_by(clock, schedule, past, now)
            if day is not None:
                assert day not in dates, (schedule, day)
                dates[day] = now
    return found
