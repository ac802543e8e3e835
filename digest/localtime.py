"""Local time: which date it is for a reader, which one is due, until when a mail is worth sending.

The store asks the same of all its readers at once (digest/store/due.py); a test holds the two
together. All of it goes by the clock on the wall, so that an hour that comes twice or not at all
needs no care.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from digest.model import Schedule

DAY_MINUTES = 24 * 60
LATE_MINUTES = 3 * 60
EVENING = DAY_MINUTES - LATE_MINUTES  # the minute from which a day may be late until the next
ZONE_REST = timedelta(hours=18)  # after an edition that was made in another zone

_NOON = time(12)
_MINUTE = timedelta(minutes=1)
_LAST_CALL = time(23)
_AT_LEAST = timedelta(hours=4)
_AT_MOST = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class WallClock:
    """What a clock on the wall of a zone shows: the date, and minutes since midnight.

    `late` is the date before, as long as an edition may still be made for it; it is not yesterday
    where the zone went over the date line.
    """

    day: date
    minute: int
    late: date | None


@dataclass(frozen=True, slots=True)
class Past:
    """What counts of a reader's past.

    `since` is when the schedule began to hold; `dates` are those of the editions; `elsewhere` is
    when the last edition was made in another zone.
    """

    since: datetime
    dates: Collection[date] = ()
    elsewhere: datetime | None = None


def local_date(zone: str, now: datetime) -> date:
    """The date that it is in a zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def wall_clock(zone: str, now: datetime) -> WallClock:
    """What the clock on the wall shows in a zone."""
    local = now.astimezone(ZoneInfo(zone))
    day, minute = local.date(), local.hour * 60 + local.minute
    return WallClock(day, minute, _day_before(zone, day) if minute < LATE_MINUTES else None)


def wants(schedule: Schedule, day: date) -> bool:
    """Whether an edition is asked for on a date."""
    paused = schedule.paused_until is not None and day < schedule.paused_until
    return day.weekday() in schedule.weekdays and not paused


def due_date(schedule: Schedule, past: Past, now: datetime) -> date | None:
    """The local date for which an edition is to be made now, if there is one.

    Today's from its minute on. For three hours also one whose minute passed unseen before midnight.
    One that comes once a week, on the days after it was missed: it is dated today then.
    """
    return due_by(wall_clock(schedule.zone, now), schedule, past, now)


def due_by(clock: WallClock, schedule: Schedule, past: Past, now: datetime) -> date | None:
    """The same, for who has looked at the clock on the wall."""
    rests = past.elsewhere is not None and now - past.elsewhere < ZONE_REST
    if rests or clock.day in past.dates:
        return None
    if wants(schedule, clock.day) and clock.minute >= schedule.minute:
        return clock.day
    if clock.late and schedule.minute - clock.minute >= EVENING:
        known = past.since < before(now, clock, 1, schedule.minute)
        good = known and wants(schedule, clock.late) and clock.late not in past.dates
        return clock.late if good else None
    missed = missed_date(schedule, clock.day)
    if missed and wants(schedule, missed) and clock.minute >= min(schedule.minute, EVENING):
        since = before(now, clock, (clock.day - missed).days, schedule.minute)
        served = any(day >= missed for day in past.dates)
        return clock.day if past.since < since and not served else None
    return None


def missed_date(schedule: Schedule, day: date) -> date | None:
    """The last date before this one that a weekly reader asked for; None for the others."""
    if len(schedule.weekdays) != 1:
        return None
    ago = (day.weekday() - min(schedule.weekdays)) % 7
    return day - timedelta(days=ago) if ago else None


def before(now: datetime, clock: WallClock, days: int, minute: int) -> datetime:
    """When the clock on the wall showed a minute, some days ago."""
    passed = timedelta(minutes=days * DAY_MINUTES + clock.minute - minute)
    return now.replace(second=0, microsecond=0) - passed


def next_due(schedule: Schedule, now: datetime) -> datetime | None:
    """The next moment (aware, UTC) from which an edition is due, whatever was missed before."""
    day = local_date(schedule.zone, now)
    if schedule.paused_until is not None:
        day = max(day, schedule.paused_until)
    for ahead in range(9):  # a week, and a date that does not exist
        on = day + timedelta(days=ahead)
        if wants(schedule, on) and _exists(schedule.zone, on):
            moment = moment_of(schedule.zone, on, schedule.minute)
            if moment > now:
                return moment
    return None


def deadline_of(zone: str, now: datetime) -> datetime:
    """Until when a mail that is queued now is tried: local 23:00, but four to twenty hours.

    Args:
        zone: the reader's.
        now: the time (aware).
    """
    local = now.astimezone(ZoneInfo(zone))
    evening = datetime.combine(local.date(), _LAST_CALL, local.tzinfo).astimezone(now.tzinfo)
    return min(max(evening, now + _AT_LEAST), now + _AT_MOST)


def _exists(zone: str, day: date) -> bool:
    """Whether a zone has a date: whole ones were left out at the date line."""
    here = ZoneInfo(zone)
    noon = datetime.combine(day, _NOON, here).astimezone(UTC)
    return noon.astimezone(here).date() == day


def _day_before(zone: str, day: date) -> date:
    yesterday = day - timedelta(days=1)
    return yesterday if _exists(zone, yesterday) else yesterday - timedelta(days=1)


def moment_of(zone: str, day: date, minute: int) -> datetime:
    """The first moment of a date at which the clock on the wall shows a minute or a later one."""
    here = ZoneInfo(zone)
    wanted = datetime.combine(day, time(minute // 60, minute % 60))
    moment = wanted.replace(tzinfo=here).astimezone(UTC)
    while (moment - _MINUTE).astimezone(here).replace(tzinfo=None) >= wanted:
        moment -= _MINUTE  # that hour was left out: its place is the minute after the gap
    return moment
