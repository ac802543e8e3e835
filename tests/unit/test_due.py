"""Who is due, asked of the store: the same as the pure rules say, and never twice for a date."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from digest.errors import ClockError
from digest.localtime import Past, due_date, local_date, next_due, wants
from digest.model import WEEK, Manner, Quiet, Reader, Schedule
from digest.store import Store
from digest.store.due import DAILY
from digest.store.readers import Due
from digest.store.schema import editions, readers
from tests.conftest import NOW
from tests.papers import reader

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
MONDAY = datetime(2026, 3, 16, tzinfo=UTC)
LONG_AGO = MONDAY - 60 * DAY
ZONES = (
    "UTC", "Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati",
    "Pacific/Pago_Pago", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo",
)  # fmt: skip


def asked(store: Store, now: datetime) -> list[Due]:
    """Everyone who is due."""
    return [due for shard in store.readers.due_shards(now, None, 1000) for due in shard]


def give(store: Store, whose: Reader, day: date, made: datetime, zone: str | None = None) -> None:
    """Store an edition without papers and without a mail."""
    with store.engine.begin() as connection:
        connection.execute(
            insert(editions).values(
                reader_id=whose.row,
                date=day,
                kind=DAILY,
                mood="matched",
                subject="S",
                considered=0,
                made=made,
                zone=zone,
            )
        )


def serve(store: Store, moments: Iterable[datetime]) -> list[date]:
    """The dates for which editions were made, asked at each moment; twice at once, as two would."""
    found = []
    for now in moments:
        once, again = asked(store, now), asked(store, now)
        assert once == again
        for due in once:
            give(store, due.reader, due.date, now, due.reader.schedule.zone)
            found.append(due.date)
    return found


def minutes(start: datetime, end: datetime, step: timedelta = MINUTE) -> list[datetime]:
    """Moments from one to the other."""
    return [start + n * step for n in range((end - start) // step)]


def test_the_store_and_the_pure_rules_say_the_same(store: Store) -> None:
    """Random schedules, pauses, zone changes and editions, at random times."""
    dice = random.Random(4)
    pasts: dict[str, tuple[Schedule, Past]] = {}
    for number in range(250):
        schedule = _schedule(dice)
        since = MONDAY + dice.uniform(-9, 5) * DAY
        created = since if dice.random() < 0.5 else since - 3 * DAY
        saved = store.readers.save(reader(f"r{number}", schedule=schedule), created)
        if created != since:
            other = replace(saved, schedule=replace(schedule, minute=(schedule.minute + 7) % 1440))
            store.readers.save(other, created + DAY)
            store.readers.save(saved, since)
        elsewhere = None
        dates = {date(2026, 3, dice.randint(9, 20)) for _ in range(dice.choice((0, 0, 2, 5)))}
        for day in sorted(dates):
            made = MONDAY + dice.uniform(-3, 3) * DAY
            zone = dice.choice((schedule.zone, None, "Asia/Dili"))
            give(store, saved, day, made, zone)
            if zone == "Asia/Dili":
                elsewhere = max(elsewhere or made, made)
        pasts[saved.name] = (schedule, Past(since, dates, elsewhere))
    kinds: Counter[str] = Counter()
    for _ in range(60):
        now = MONDAY + dice.uniform(-3, 4) * DAY
        wanted = {name: due_date(schedule, past, now) for name, (schedule, past) in pasts.items()}
        found = {due.reader.name: due.date for due in asked(store, now)}
        assert found == {name: day for name, day in wanted.items() if day}
        for name, day in found.items():
            schedule = pasts[name][0]
            late = day != local_date(schedule.zone, now)
            kinds["late" if late else "today" if wants(schedule, day) else "caught up"] += 1
    assert min(kinds["late"], kinds["today"], kinds["caught up"]) > 20, kinds


def _schedule(dice: random.Random) -> Schedule:
    days = dice.choice(
        (WEEK, frozenset(range(5)), frozenset({0, 3}), frozenset({dice.randint(0, 6)}))
    )
    pause = date(2026, 3, dice.randint(10, 20)) if dice.random() < 0.25 else None
    minute = dice.choice((0, 1, 150, 420, 1260, 1380, 1410, 1439, dice.randint(0, 1439)))
    return Schedule(minute, dice.choice(ZONES), days, pause)


def test_a_paused_and_a_refusing_reader_are_due_to_nobody(store: Store) -> None:
    """Not by the hour and not by hand; after the pause the date of then, and no other."""
    until = date(2026, 3, 20)
    store.readers.save(reader("paused", schedule=Schedule(0, paused_until=until)), LONG_AGO)
    full = store.readers.save(reader("full", schedule=Schedule(0)), LONG_AGO)
    with store.engine.begin() as connection:
        connection.execute(update(readers).where(readers.c.id == full.row).values(suppressed=NOW))
    assert asked(store, NOW) == []
    assert store.readers.due(NOW, date(2026, 3, 17)) == []
    assert [due.reader.name for due in store.readers.due(NOW, until)] == ["paused"]
    assert serve(store, minutes(MONDAY, MONDAY + 6 * DAY, HOUR)) == [until, date(2026, 3, 21)]
    assert store.bounces.forgive("full")
    assert [due.reader.name for due in asked(store, NOW)] == ["full"]


def test_an_evening_that_passed_unseen_is_served_after_midnight(store: Store) -> None:
    """For three hours, for its own date; not for who came after it, and not instead of another."""
    late = Schedule(23 * 60 + 50)
    store.readers.save(reader("ann", schedule=late), LONG_AGO)
    new = store.readers.save(reader("new", schedule=late), MONDAY + DAY - 9 * MINUTE)
    midnight = MONDAY + DAY
    assert {due.reader.name: due.date for due in asked(store, midnight)} == {
        "ann": date(2026, 3, 16)
    }
    assert asked(store, midnight + 170 * MINUTE - MINUTE) != []
    assert asked(store, midnight + 3 * HOUR) == []
    store.readers.save(replace(new, schedule=Schedule(23 * 60 + 59)), MONDAY + DAY - 5 * MINUTE)
    assert {due.reader.name for due in asked(store, midnight)} == {"ann", "new"}
    assert (
        serve(store, minutes(midnight, midnight + DAY + HOUR, HOUR)).count(date(2026, 3, 16)) == 2
    )


def test_a_changed_zone_makes_no_second_edition_within_18_hours(store: Store) -> None:
    """East over the date line it would be one each eight hours; nothing is lost by it."""
    west = Schedule(7 * 60, "America/Los_Angeles")
    ann = store.readers.save(reader("ann", schedule=west), LONG_AGO)
    seven = MONDAY + 14 * HOUR  # in Los Angeles
    assert serve(store, [seven]) == [date(2026, 3, 16)]
    store.readers.save(replace(ann, schedule=Schedule(7 * 60, "Asia/Tokyo")), seven + HOUR)
    found = []
    for now in minutes(seven, seven + DAY, HOUR / 2):
        found += [(now, day) for day in serve(store, [now])]
    assert found == [(seven + 18 * HOUR, date(2026, 3, 17))]
    store.readers.save(replace(ann, schedule=west), seven + DAY)
    assert serve(store, minutes(seven + DAY, seven + 3 * DAY, HOUR / 2)) == [
        date(2026, 3, 18)
    ]  # Tuesday's was had in Tokyo


def test_an_edition_of_an_unknown_zone_holds_nobody_back(store: Store) -> None:
    """Those of before zones were kept."""
    ann = store.readers.save(reader("ann", schedule=Schedule(0)), LONG_AGO)
    give(store, ann, date(2026, 3, 15), MONDAY - HOUR, None)
    assert [due.date for due in asked(store, MONDAY)] == [date(2026, 3, 16)]
    give(store, ann, date(2026, 3, 14), MONDAY - HOUR, "Asia/Tokyo")
    assert asked(store, MONDAY) == []


WEEKLY = Schedule(8 * 60, weekdays=frozenset({0}))


def test_a_weekly_edition_that_was_missed_comes_on_a_later_day_once(store: Store) -> None:
    """Dated then; who has several days a week waits for the next of them."""
    store.readers.save(reader("weekly", schedule=WEEKLY), LONG_AGO)
    twice = replace(WEEKLY, weekdays=frozenset({0, 4}))
    store.readers.save(reader("twice", schedule=twice), LONG_AGO)
    wednesday = MONDAY + 2 * DAY
    assert serve(store, minutes(wednesday, wednesday + 10 * DAY, HOUR)) == [
        date(2026, 3, 18),  # weekly, at 8:00
        date(2026, 3, 20),  # twice
        date(2026, 3, 23), date(2026, 3, 23),
        date(2026, 3, 27),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"weekdays": frozenset({1})},
        {"minute": 7 * 60},
        {"paused_until": date(2026, 3, 25)},
    ],
)
def test_a_schedule_that_was_not_in_force_was_not_missed(
    store: Store, change: dict[str, object]
) -> None:
    """Whoever came or changed it after the day waits for the next; so does who paused then."""
    ann = store.readers.save(reader("ann", schedule=replace(WEEKLY, **change)), LONG_AGO)  # type: ignore[arg-type]
    wednesday = MONDAY + 2 * DAY
    store.readers.save(replace(ann, schedule=WEEKLY), wednesday)
    store.readers.save(reader("new", schedule=WEEKLY), wednesday)
    assert serve(store, minutes(wednesday, MONDAY + 7 * DAY, HOUR)) == []
    assert len(serve(store, minutes(MONDAY + 7 * DAY, MONDAY + 8 * DAY, HOUR))) == 2


def test_other_changes_of_a_reader_do_not_count_as_a_new_schedule(store: Store) -> None:
    """Who edits interests meanwhile has missed the day all the same."""
    ann = store.readers.save(reader("ann", schedule=WEEKLY), LONG_AGO)
    store.readers.save(replace(ann, limit=3), MONDAY + 2 * DAY)
    manner = Manner(100, Quiet.NOTHING, abstracts=False)
    assert store.readers.change(replace(ann, manner=manner), MONDAY + 2 * DAY)
    assert store.readers.find("ann") == replace(ann, manner=manner)
    assert len(asked(store, MONDAY + 2 * DAY + 9 * HOUR)) == 1


def test_fault_37_a_clock_that_jumps_by_a_day_makes_no_second_edition(store: Store) -> None:
    """Ahead it makes tomorrow's, which then is there; back it is halted before anyone is asked."""
    store.readers.save(reader("ann", schedule=Schedule(8 * 60)), LONG_AGO)
    noon = MONDAY + 12 * HOUR
    dates = []
    for now in (noon, noon + DAY):
        store.clock.keep(now)
        dates += serve(store, [now])
    with pytest.raises(ClockError, match=r"shows 2026-03-16 12:01.*saw 2026-03-17 12:00") as halted:
        store.clock.keep(noon + MINUTE)
    assert (halted.value.exit_code, store.clock.seen()) == (75, noon + DAY)
    assert "digest doctor --clock-is-right" in str(halted.value)
    store.clock.reset(noon + MINUTE)
    for now in minutes(noon + MINUTE, noon + 2 * DAY, HOUR):
        store.clock.keep(now)
        dates += serve(store, [now])
    assert dates == [date(2026, 3, 16), date(2026, 3, 17), date(2026, 3, 18)]


def test_fault_38_a_step_of_the_clock_by_minutes_makes_no_second_edition(store: Store) -> None:
    """Set back by up to ten minutes it goes on, and whoever was served stays served."""
    store.readers.save(reader("ann", schedule=Schedule(0)), LONG_AGO)
    dates = []
    for minute in (-2, -1, 0, 1, -8, -7, -1, 0, 1, 15, 5, 16, 1440, 1432, 1450):
        now = MONDAY + minute * MINUTE
        store.clock.keep(now)
        dates += serve(store, [now])
    # The first tick, at 23:58 of Sunday, is Sunday's: its hour had come long before.
    assert dates == [date(2026, 3, 15), date(2026, 3, 16), date(2026, 3, 17)]


def test_fault_39_after_three_days_everyone_has_one_edition_the_newest(store: Store) -> None:
    """Evening readers too, unless it is still the night after their evening."""
    for minute in (0, 420, 1380, 1439):
        store.readers.save(reader(f"r{minute}", schedule=Schedule(minute)), LONG_AGO)
    down = MONDAY + 3 * DAY + 9 * HOUR
    before = serve(store, minutes(down - 4 * DAY, down - 3 * DAY, HOUR / 4))
    assert before.count(date(2026, 3, 15)) == 4
    assert before.count(date(2026, 3, 16)) == 2
    assert serve(store, [down]) == [date(2026, 3, 19)] * 2
    rest = [*minutes(down, MONDAY + 4 * DAY, HOUR / 4), MONDAY + 4 * DAY - MINUTE]
    assert serve(store, rest) == [date(2026, 3, 19)] * 2


def test_the_clock_only_moves_forward_unless_it_is_told_to(store: Store) -> None:
    """What was seen stays; ten minutes are nothing; the present time can be taken for right."""
    assert store.clock.seen() is None
    store.clock.keep(NOW)
    store.clock.keep(NOW - 10 * MINUTE)
    assert store.clock.seen() == NOW
    with pytest.raises(ClockError):
        store.clock.keep(NOW - 11 * MINUTE)
    store.clock.reset(NOW - DAY)
    store.clock.keep(NOW - DAY)
    assert store.clock.seen() == NOW - DAY


def test_the_next_moment_of_all_readers_is_the_first_of_them(store: Store) -> None:
    """Nobody: none; who is paused or refuses is passed over."""
    assert store.readers.next_due(NOW) is None
    schedules: Sequence[Schedule] = (
        Schedule(10 * 60, "Asia/Tokyo"),
        Schedule(12 * 60, "UTC"),
        Schedule(11 * 60, "UTC", paused_until=date(2026, 4, 1)),
    )
    for number, schedule in enumerate(schedules):
        store.readers.save(reader(f"r{number}", schedule=schedule), LONG_AGO)
    assert store.readers.next_due(NOW) == next_due(schedules[1], NOW) == MONDAY + 36 * HOUR
