"""The rules of local time: what is due when, without any store."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.localtime import Past, deadline_of, due_date, local_date, next_due, wall_clock
from digest.model import WEEK, Schedule
from tests.zones import DAY, MINUTE, QUARTER, editions_of, every, inner_dates, local_dates

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 16, tzinfo=UTC)
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)

NIGHTS = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # midnight is left out
    ("America/Sao_Paulo", date(2018, 2, 18)),  # the hour before midnight comes twice
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 30)),
    ("America/Godthab", date(2026, 3, 29)),  # the last hour of Saturday is left out
    ("America/Godthab", date(2026, 10, 25)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Antarctica/Troll", date(2026, 3, 29)),  # two hours
    ("Antarctica/Troll", date(2026, 10, 25)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Pacific/Apia", date(2011, 12, 30)),  # a date that was left out
    ("Pacific/Kiritimati", date(1995, 1, 1)),
    ("Pacific/Kwajalein", date(1993, 8, 21)),
]


@pytest.mark.parametrize(("zone", "night"), NIGHTS)
def test_fault_36_spring_and_autumn_make_one_edition_a_date(zone: str, night: date) -> None:
    """Each date that there is, for every quarter of an hour of it and its last minute."""
    noon = datetime.combine(night, datetime.min.time(), UTC) + DAY / 2
    start, end = noon - 5 * DAY, noon + 5 * DAY
    schedules = [Schedule(minute, zone) for minute in (*range(0, 1440, 15), 1, 1439)]
    for step in (5 * MINUTE, HOUR):
        for found in editions_of(schedules, every(step, start, end), LONG_AGO):
            assert inner_dates(zone, start, end) <= set(found)
            assert set(found) <= local_dates(zone, start - DAY, end)


@pytest.mark.parametrize(
    ("zone", "minute", "day", "made"),
    [
        ("Europe/Berlin", 150, date(2026, 3, 29), "01:00"),  # 2:30 is left out: 3:00
        ("Europe/Berlin", 150, date(2026, 10, 25), "00:30"),  # the first of two
        ("Africa/Cairo", 15, date(2026, 4, 24), "22:00"),  # 0:15 is left out: 1:00
        ("America/Godthab", 1410, date(2026, 3, 28), "01:00"),  # past midnight then
        ("Australia/Lord_Howe", 135, date(2026, 10, 4), "15:30"),
    ],
)
def test_fault_36_an_hour_that_is_left_out_or_doubled_has_its_moment(
    zone: str, minute: int, day: date, made: str
) -> None:
    """The first minute after the gap, or the first of two; as the next moment says before."""
    start = datetime.combine(day, datetime.min.time(), UTC) - DAY
    schedule = Schedule(minute, zone)
    (found,) = editions_of([schedule], every(MINUTE, start, start + 3 * DAY))
    assert f"{found[day]:%H:%M}" == made
    past_midnight = local_date(zone, found[day]) != day
    assert past_midnight or next_due(schedule, found[day] - HOUR) == found[day]


def test_fault_39_after_three_days_only_the_newest_is_due() -> None:
    """By the hour of the day; what was missed before is not made up."""
    back = MONDAY + 3 * DAY + 9 * HOUR
    past = Past(LONG_AGO, {date(2026, 3, 15)})
    assert due_date(Schedule(7 * 60), past, back) == date(2026, 3, 19)
    assert due_date(Schedule(10 * 60), past, back) is None
    night = MONDAY + 3 * DAY + HOUR
    assert due_date(Schedule(23 * 60), past, night) == date(2026, 3, 18)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Europe/Berlin", "Africa/Cairo"),
        ("Africa/Cairo", "Europe/Berlin"),
        ("Europe/Berlin", "Europe/Moscow"),
        ("Europe/Moscow", "Europe/Berlin"),
        ("Pacific/Pago_Pago", "Pacific/Apia"),  # over the date line
        ("Pacific/Apia", "Pacific/Pago_Pago"),
    ],
)
def test_fault_40_new_rules_of_a_zone_between_two_ticks_make_one_edition_a_date(
    before: str, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any time of the day; where the clocks move by hours, no date is lost either."""
    minutes = (0, 1, 30, 150, 420, 1380, 1410, 1439)
    schedules = [Schedule(minute, "Some/Where") for minute in minutes]
    for change in every(3 * QUARTER, MONDAY, MONDAY + DAY):
        rules = {"Some/Where": ZoneInfo(before)}
        monkeypatch.setattr("digest.localtime.ZoneInfo", rules.__getitem__)

        def moments(
            change: datetime = change, rules: dict[str, ZoneInfo] = rules
        ) -> Iterator[datetime]:
            for now in every(QUARTER, MONDAY - 2 * DAY, MONDAY + 3 * DAY):
                if now >= change:
                    rules["Some/Where"] = ZoneInfo(after)
                yield now

        found = editions_of(schedules, moments())
        dates = inner_dates(before, MONDAY - 3 * DAY, MONDAY + 3 * DAY)
        if not before.startswith("Pacific"):
            assert all(dates <= set(one) for one in found), change


def test_a_clock_on_the_wall_knows_which_date_may_be_late() -> None:
    """Until three o'clock the date before, as the zone counts."""
    assert wall_clock("UTC", MONDAY + 179 * MINUTE).late == date(2026, 3, 15)
    assert wall_clock("UTC", MONDAY + 180 * MINUTE).late is None
    after = datetime(2011, 12, 30, 10, 30, tzinfo=UTC)
    assert wall_clock("Pacific/Apia", after).late == date(2011, 12, 29)


def test_an_evening_may_be_late_but_not_for_who_was_not_there() -> None:
    """Three hours by the clock, for its date, unless that or today has an edition."""
    schedule, past = Schedule(1410), Past(LONG_AGO)
    sunday = date(2026, 3, 15)
    assert due_date(schedule, past, MONDAY + 149 * MINUTE) == sunday
    assert due_date(schedule, past, MONDAY + 151 * MINUTE) is None
    assert due_date(schedule, Past(LONG_AGO, {sunday}), MONDAY) is None
    assert due_date(schedule, Past(LONG_AGO, {date(2026, 3, 16)}), MONDAY) is None
    assert due_date(schedule, Past(MONDAY - 30 * MINUTE), MONDAY) is None
    assert due_date(schedule, Past(MONDAY - 31 * MINUTE), MONDAY) == sunday
    assert due_date(replace(schedule, weekdays=frozenset({0})), past, MONDAY) is None
    assert due_date(replace(schedule, paused_until=date(2026, 3, 16)), past, MONDAY) is None


def test_a_weekly_edition_is_made_up_for_until_the_next() -> None:
    """From the hour on, each of the six days after; by an evening's reader from nine o'clock on."""
    monday = Schedule(420, weekdays=frozenset({0}))
    past = Past(LONG_AGO, {date(2026, 3, 15)})
    for ahead in range(7):
        day = MONDAY + ahead * DAY
        assert due_date(monday, past, day + 7 * HOUR - MINUTE) is None
        assert due_date(monday, past, day + 7 * HOUR) == day.date()
    assert due_date(monday, Past(LONG_AGO, {date(2026, 3, 17)}), MONDAY + 3 * DAY) is None
    late = replace(monday, minute=1439)
    assert due_date(late, past, MONDAY + 2 * DAY + 20 * HOUR) is None
    assert due_date(late, past, MONDAY + 2 * DAY + 21 * HOUR) == date(2026, 3, 18)
    assert due_date(late, past, MONDAY + DAY) == date(2026, 3, 16)
    paused = replace(monday, paused_until=date(2026, 3, 17))
    assert due_date(paused, past, MONDAY + 2 * DAY + 8 * HOUR) is None


def test_who_changed_the_zone_rests_for_18_hours() -> None:
    """Since the edition that was made elsewhere."""
    past = Past(LONG_AGO, (), MONDAY)
    assert due_date(Schedule(0), past, MONDAY + 18 * HOUR - MINUTE) is None
    assert due_date(Schedule(0), past, MONDAY + 18 * HOUR) == date(2026, 3, 16)


@pytest.mark.parametrize(
    ("days", "gap"),
    [
        (WEEK, 1),
        (frozenset(range(5)), 3),
        ({0}, 7),
        ({0, 3}, 4),
        ({5, 6}, 6),
        ({6}, 7),
        ({0, 6}, 6),
    ],
)
def test_the_longest_gap_of_a_schedule(days: set[int], gap: int) -> None:
    """From one wanted weekday to the next, over the end of the week too."""
    assert Schedule(weekdays=frozenset(days)).longest_gap == gap


@given(
    st.integers(0, 1439),
    st.sampled_from(["UTC", "Europe/Berlin", "Africa/Cairo", "America/Godthab", "Asia/Kolkata"]),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)),  # noqa: DTZ001 - the zone is below
    st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2027, 12, 1))),
)
def test_the_next_moment_is_the_first_at_which_the_edition_is_due(
    minute: int, zone: str, days: frozenset[int], now: datetime, pause: date | None
) -> None:
    """A minute before it is not; where the last hour of a date is left out, it is the next date."""
    now = now.replace(tzinfo=UTC)
    schedule = Schedule(minute, zone, days, pause)
    moment = next_due(schedule, now)
    assert moment is not None
    assert moment > now
    day = local_date(zone, moment)
    fresh = Past(moment - MINUTE)  # nothing to make up for
    past_midnight = due_date(schedule, fresh, moment) is None
    assert past_midnight or due_date(schedule, fresh, moment) == day
    assert pause is None or day >= pause
    assert not past_midnight or wall_clock(zone, moment).minute == 0


def test_nobody_waits_for_no_weekday() -> None:
    """There is no next moment then."""
    assert next_due(Schedule(weekdays=frozenset()), MONDAY) is None
    assert Schedule(weekdays=frozenset()).longest_gap == 1


def test_a_deadline_is_the_evening_within_bounds() -> None:
    """Local 23:00; at least four hours, at most twenty."""
    assert deadline_of("UTC", MONDAY + 7 * HOUR) == MONDAY + 23 * HOUR
    assert deadline_of("UTC", MONDAY + 22 * HOUR) == MONDAY + 26 * HOUR
    assert deadline_of("UTC", MONDAY) == MONDAY + 20 * HOUR
    assert deadline_of("Asia/Tokyo", MONDAY) == MONDAY + 14 * HOUR
