"""The question of the day, asked of all readers at once: who is due, and for which date?

The same rules as `digest.localtime.due_date`, in one query. It is given what clocks show in each
zone that a reader lives in, as a table, so that it does not matter how many readers there are.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    Integer,
    Select,
    String,
    and_,
    column,
    extract,
    func,
    or_,
    select,
    values,
)

from digest.localtime import (
    DAY_MINUTES,
    EVENING,
    ZONE_REST,
    WallClock,
    before,
    missed_date,
    wall_clock,
)
from digest.model import WEEK, ReaderKind, Schedule
from digest.store.schema import editions, readers

DAILY = "daily"

Rows = Select[Any]


def listed() -> ColumnElement[bool]:
    """Readers of configuration and store, as long as they are active."""
    return and_(readers.c.active, readers.c.kind != ReaderKind.UNSAVED.value)


def mailed() -> ColumnElement[bool]:
    """Those of them whose mailbox takes mail."""
    return and_(listed(), readers.c.suppressed.is_(None))


def clocks_of(connection: Connection, now: datetime) -> dict[str, WallClock]:
    """What clocks show in the zone of each reader."""
    zones = connection.scalars(select(readers.c.zone).where(listed()).distinct())
    return {zone: wall_clock(zone, now) for zone in zones}


def served(clocks: Mapping[str, WallClock], now: datetime, on: date | None) -> Rows:
    """Readers who have an edition for a date; for the date that it is where they are."""
    if on is not None:
        return select(readers).where(listed(), _has(on))
    here = _here(clocks, now)
    return _at_home(here).where(listed(), _has(here.c.day))


def due(clocks: Mapping[str, WallClock], now: datetime, on: date | None) -> Rows:
    """Readers who should get an edition; of a date asked for by hand, whatever the hour."""
    if on is not None:
        return select(readers).where(mailed(), _runs(on), ~_has(on))
    here, missed = _here(clocks, now), _missed(clocks)
    same = and_(missed.c.day == here.c.day, missed.c.weekdays == readers.c.weekdays)
    return (
        _at_home(here)
        .outerjoin(missed, same)
        .where(mailed(), ~_has(here.c.day), ~_made_elsewhere(now))
        .where(or_(_today(here), _late(here), _caught_up(here, missed)))
    )


def date_due(minute: int, clock: WallClock) -> date:
    """Which date it is that a reader with such a minute is due for."""
    return clock.late if clock.late and minute - clock.minute >= EVENING else clock.day


def _at_home(here: CTE) -> Rows:
    return select(readers).join(here, here.c.zone == readers.c.zone)


def _here(clocks: Mapping[str, WallClock], now: datetime) -> CTE:
    """What clocks show by zone; `midnight` is when they showed 0:00, in seconds since 1970."""
    rows = [
        (
            zone,
            clock.day,
            clock.minute,
            1 << clock.day.weekday(),
            clock.late or clock.day,
            1 << clock.late.weekday() if clock.late else 0,
            int(before(now, clock, 0, 0).timestamp()),
        )
        for zone, clock in clocks.items()
    ]
    columns = (
        column("zone", String),
        column("day", Date),
        column("minute", Integer),
        column("weekday", Integer),
        column("late", Date),
        column("late_weekday", Integer),
        column("midnight", BigInteger),
    )
    return values(*columns, name="here").data(rows).cte("here")


def _missed(clocks: Mapping[str, WallClock]) -> CTE:
    """For each date that it is somewhere, the last one of each weekday before it."""
    rows = []
    for day in {clock.day for clock in clocks.values()}:
        for weekday in WEEK - {day.weekday()}:
            missed = missed_date(Schedule(weekdays=frozenset({weekday})), day) or day
            rows.append((day, 1 << weekday, missed, (day - missed) // timedelta(minutes=1)))
    columns = (
        column("day", Date),
        column("weekdays", Integer),
        column("date", Date),
        column("minutes", Integer),
    )
    return values(*columns, name="missed").data(rows).cte("missed")


def _today(here: CTE) -> ColumnElement[bool]:
    return and_(
        readers.c.minute <= here.c.minute,
        readers.c.weekdays.bitwise_and(here.c.weekday) != 0,
        _runs(here.c.day),
    )


def _late(here: CTE) -> ColumnElement[bool]:
    return and_(
        readers.c.minute >= here.c.minute + EVENING,
        readers.c.weekdays.bitwise_and(here.c.late_weekday) != 0,
        _runs(here.c.late),
        _holds_since(here.c.midnight, readers.c.minute - DAY_MINUTES),
        ~_has(here.c.late),
    )


def _caught_up(here: CTE, missed: CTE) -> ColumnElement[bool]:
    """Readers of one weekday, on the days after it."""
    return and_(
        missed.c.date.is_not(None),
        or_(readers.c.minute <= here.c.minute, here.c.minute >= EVENING),
        _runs(missed.c.date),
        _holds_since(here.c.midnight, readers.c.minute - missed.c.minutes),
        ~_has(missed.c.date, or_later=True),
    )


def _runs(day: date | ColumnElement[date]) -> ColumnElement[bool]:
    """No pause on a date."""
    return or_(readers.c.paused_until.is_(None), readers.c.paused_until <= day)


def _has(day: date | ColumnElement[date], *, or_later: bool = False) -> ColumnElement[bool]:
    of = (editions.c.reader_id == readers.c.id, editions.c.kind == DAILY)
    when = editions.c.date >= day if or_later else editions.c.date == day
    return select(1).where(*of, when).exists()


def _made_elsewhere(now: datetime) -> ColumnElement[bool]:
    """The last edition was made in another zone, not long ago; None is no zone."""
    return (
        select(1)
        .where(
            editions.c.reader_id == readers.c.id,
            editions.c.kind == DAILY,
            editions.c.made > now - ZONE_REST,
            editions.c.zone != readers.c.zone,
        )
        .exists()
    )


def _holds_since(midnight: ColumnElement[int], minute: ColumnElement[int]) -> ColumnElement[bool]:
    """The schedule held already at a minute, counted from midnight."""
    since = extract("epoch", func.coalesce(readers.c.rescheduled, readers.c.created))
    return since < midnight + minute * 60
