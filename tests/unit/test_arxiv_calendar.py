"""When arXiv announces: windows, holidays, listings that are missing, and New York's clock."""

import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.arxiv_calendar import (
    GRACE,
    is_holiday,
    is_known,
    latest_listing,
    listing_expected,
    listing_of,
    listings,
    next_listing,
    previous_listing,
    window,
)

NEW_YORK = ZoneInfo("America/New_York")
DAYS = st.dates(date(2022, 2, 1), date(2030, 12, 31))


def at(text: str) -> datetime:
    """A moment on New York's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("submitted", "listed"),
    [
        ("2026-03-16 13:59", "2026-03-17"),  # Monday before the cut-off: Tuesday's listing
        ("2026-03-16 14:00", "2026-03-18"),
        ("2026-03-19 13:59", "2026-03-20"),  # Thursday
        ("2026-03-19 14:00", "2026-03-23"),  # from then to Friday 14:00: Monday's
        ("2026-03-20 14:00", "2026-03-24"),  # the weekend's: Tuesday's
        ("2026-03-22 23:00", "2026-03-24"),
        ("2026-11-25 14:00", "2026-11-30"),  # Thanksgiving: nothing closes on Thursday
        ("2026-07-03 13:00", "2026-07-07"),  # a holiday on Friday takes Monday's listing
        ("2026-07-02 13:00", "2026-07-03"),
        ("2026-12-24 14:00", "2026-12-29"),  # Christmas on Friday, then the break's own days
        ("2026-12-28 14:00", "2026-12-31"),
    ],
)
def test_a_submission_belongs_to_a_listing(submitted: str, listed: str) -> None:
    """The cut-off is 14:00 of working days; what comes on a holiday waits for the next one."""
    assert listing_of(at(submitted)) == date.fromisoformat(listed)


@given(DAYS)
def test_windows_have_no_gap_and_no_overlap(day: date) -> None:
    """Each begins where the one before ends, and holds what belongs to its listing."""
    listing = next_listing(day)
    first, end = window(listing)
    assert window(previous_listing(listing))[1] == first < end
    for moment in (first, end - timedelta(minutes=1)):
        assert listing_of(moment) == listing
    assert listing_of(end) == next_listing(listing)
    assert end.astimezone(NEW_YORK).hour == first.astimezone(NEW_YORK).hour == 14


@given(DAYS)
def test_listings_between_two_dates(day: date) -> None:
    """Both ends count, in order, and only days with a listing."""
    last = day + timedelta(days=20)
    found = listings(day, last)
    assert list(found) == sorted(found)
    assert set(found) == {
        one for n in range(21) if listing_expected(one := day + timedelta(days=n))
    }


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        ("2026-03-17 00:59", "2026-03-16"),  # an hour of grace after midnight
        ("2026-03-17 01:00", "2026-03-17"),
        ("2026-03-21 12:00", "2026-03-20"),  # weekend
        ("2026-03-23 00:30", "2026-03-20"),
        ("2026-11-27 12:00", "2026-11-26"),  # the day after Thanksgiving has no listing
        ("2026-03-08 03:30", "2026-03-06"),  # the night in which clocks go forward
        ("2026-11-02 01:00", "2026-11-02"),
    ],
)
def test_the_newest_listing_that_must_be_out(now: str, newest: str) -> None:
    """By New York's clock, with some grace."""
    assert latest_listing(at(now)) == date.fromisoformat(newest)
    assert latest_listing(at(now).astimezone(UTC)) == date.fromisoformat(newest)


@given(st.integers(0, 5 * 365 * 24 * 60))
def test_the_newest_listing_never_goes_back(minutes: int) -> None:
    """It is a listing, and began at least the grace ago."""
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    newest = latest_listing(now)
    assert listing_expected(newest)
    begun = datetime(newest.year, newest.month, newest.day, tzinfo=NEW_YORK)
    assert begun + GRACE <= now
    assert latest_listing(now + timedelta(hours=7)) >= newest


def test_unknown_years_are_guessed() -> None:
    """New Year, the third Monday of January, Thanksgiving: every known year has them; 2031 too."""
    assert not is_known(date(2031, 1, 1))
    for day in ("2031-01-01", "2031-01-20", "2031-06-19", "2031-07-04", "2031-09-01", "2031-11-27"):
        assert is_holiday(date.fromisoformat(day))
    assert not is_holiday(date(2031, 3, 18))
    assert is_holiday(date(2032, 7, 5))  # on Sunday, kept on Monday


def test_known_holidays_are_days_on_which_it_works_otherwise() -> None:
    """A weekend in the list would be a slip of the pen; every known year has some days."""
    for year in range(2022, 2027):
        days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
        off = [day for day in days if is_holiday(day)]
        assert 5 < len(off) < 12
        assert all(day.weekday() < 5 for day in off)


def test_real_announcements_keep_to_the_calendar(shared: Path) -> None:
    """A well covered category has nearly no papers on any date without a listing, all year."""
    counts = Counter[date]()
    with gzip.open(shared / "data/arxiv/arxiv_daily.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            paper = json.loads(line)
            if paper["primary"] == "astro-ph.GA":
                counts[date.fromisoformat(paper["date"])] += 1
    days = [date(2025, 6, 2) + timedelta(days=n) for n in range(290)]
    missing = [day for day in days if day.weekday() < 5 and not listing_expected(day)]
    assert len(missing) == 8
    assert max(counts[day] for day in missing) <= 2
    others = sorted(counts[day] for day in days if listing_expected(day))
    assert others[len(others) // 2] > 10
