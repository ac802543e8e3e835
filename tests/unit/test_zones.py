"""Every zone of the tz database over two years: one edition a date, none skipped."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import available_timezones

from sqlalchemy import insert

from digest.model import Schedule
from digest.store import Store
from digest.store.due import DAILY
from digest.store.readers import Due
from digest.store.schema import editions, readers
from tests.zones import (
    DAY,
    END,
    MINUTE,
    MINUTES,
    START,
    changes,
    different_habits,
    different_zones,
    editions_of,
    every,
    inner_dates,
    ticks,
)

HOUR = timedelta(hours=1)
SOME = (0, 30, 150, 420, 1410, 1439)


def test_zones_of_the_same_habit_are_told_apart_from_others() -> None:
    """All zones of the database are looked at, and the odd ones stand for themselves."""
    assert len(available_timezones()) > 400
    zones, habits = different_zones(), different_habits()
    assert len(zones) > len(habits) > 15
    odd = {len(changes(zone)) for zone in ("Europe/Berlin", "Africa/Casablanca", "UTC")}
    assert odd in ({4, 0}, {4, 8, 0})
    assert {(c.after - c.before) / MINUTE for zone in habits for c in changes(zone)} >= {
        -120.0, -60.0, -30.0, 30.0, 60.0, 120.0,
    }  # fmt: skip


def test_every_zone_over_two_years_has_one_edition_a_date() -> None:
    """Asked each minute around every change of the clock, and each quarter of an hour else."""
    for zone in different_habits():
        schedules = [Schedule(minute, zone) for minute in MINUTES]
        for schedule, found in zip(
            schedules, editions_of(schedules, ticks(zone, START, END)), strict=True
        ):
            dates = inner_dates(zone, START, END)
            assert len(dates) > 725
            assert dates <= set(found), (schedule, sorted(dates - set(found)))
            assert len(found) <= 731


def test_every_zone_is_served_by_a_tick_an_hour_too() -> None:
    """As a cron job would; the evening's hours come after midnight then, for their own date."""
    for zone in different_zones():
        schedules = [Schedule(minute, zone) for minute in (420, 1410, 1439)]
        for change in changes(zone, START, START + 365 * DAY):
            start, end = change.at - 4 * DAY, change.at + 4 * DAY
            for found in editions_of(schedules, every(HOUR, start, end)):
                assert inner_dates(zone, start, end) <= set(found), (zone, change)


def test_the_store_serves_every_zone_around_its_changes(store: Store) -> None:
    """Readers of every habit and many hours, asked together, every three hours around every change."""
    zones = different_habits()
    _save(store, zones)
    windows = _windows(zones)
    assert len(windows) > 8
    found: dict[tuple[str, int], set[date]] = {}
    for start, end in windows:
        near = {c.at + n * MINUTE for zone in zones for c in changes(zone) for n in (-1, 0, 1)}
        moments = {*every(3 * HOUR, start, end), *(at for at in near if start <= at < end)}
        for now in sorted(moments):
            dues = [due for shard in store.readers.due_shards(now, None, 1000) for due in shard]
            _give(store, dues, now)
            for due in dues:
                had = found.setdefault(
                    (due.reader.schedule.zone, due.reader.schedule.minute), set()
                )
                assert due.date not in had, due
                had.add(due.date)
        for zone in zones:
            wanted = inner_dates(zone, start, end)
            for minute in SOME:
                assert wanted <= found[zone, minute], (zone, minute)


def _windows(zones: Sequence[str]) -> list[tuple[datetime, datetime]]:
    """Stretches of the first year around all changes, joined where they touch."""
    found: list[tuple[datetime, datetime]] = []
    year = START + 365 * DAY
    for at in sorted({change.at for zone in zones for change in changes(zone) if change.at < year}):
        start, end = at - 2.2 * DAY, at + 2.2 * DAY
        if found and start <= found[-1][1]:
            start, _ = found.pop()
        found.append((start, end))
    return found


def _save(store: Store, zones: Sequence[str]) -> None:
    rows = [
        {
            "name": f"{zone} {minute}", "address": "a@example.org", "kind": "saved", "picks": 10,
            "minute": minute, "zone": zone, "weekdays": 127, "active": True,
            "created": START - 9 * DAY,
        }
        for zone in zones for minute in SOME
    ]  # fmt: skip
    with store.engine.begin() as connection:
        connection.execute(insert(readers), rows)


def _give(store: Store, dues: Sequence[Due], now: datetime) -> None:
    """Store editions without papers and without mails."""
    rows = [
        {
            "reader_id": due.reader.row, "date": due.date, "kind": DAILY, "mood": "matched",
            "subject": "S", "considered": 0, "made": now, "zone": due.reader.schedule.zone,
        }
        for due in dues
    ]  # fmt: skip
    if rows:
        with store.engine.begin() as connection:
            connection.execute(insert(editions), rows)
