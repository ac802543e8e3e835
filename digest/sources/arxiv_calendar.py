"""When arXiv announces: listing dates, cut-offs, the days on which there is no mailing.

All of it goes by the clock in New York. What is submitted until 14:00 of a working day is announced
at 20:00 (Friday's on Sunday) and listed under the next date, Monday to Friday; the feed shows it
from midnight. On a holiday nothing is frozen at 14:00, so the listing of the day after is missing
(a holiday on Friday takes Monday's) and its papers come with the next one. This is the rule of
arXiv's page "Availability of submissions" and of the published code of its local time page.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
CUT_OFF = time(14)
GRACE = timedelta(hours=1)  # after midnight, until a listing must be out in the feed

_A_DAY = timedelta(days=1)
_FRIDAY = 4

# Working days without a freeze, as arXiv publishes them for each year: the yearly lists of its page
# "Availability of submissions", and for 2026 the table arXiv_holidays of its code.
_KNOWN_YEARS = range(2022, 2027)
_HOLIDAYS = frozenset(
    date.fromisoformat(f"{year}-{day}")
    for year, days in {
        2022: "01-17 06-20 09-05 11-24 12-27 12-29",
        2023: "01-16 06-14 06-19 07-04 08-17 09-04 11-23 12-25 12-27",
        2024: "01-15 05-22 06-19 07-04 09-02 10-08 11-28 12-25 12-26 12-31",
        2025: "01-01 01-20 06-19 07-04 09-01 11-27 12-25 12-30",
        2026: "01-01 01-19 06-19 07-03 09-07 11-26 12-25 12-29 12-31",
    }.items()
    for day in days.split()
)


def is_known(day: date) -> bool:
    """Whether the holidays of a date's year were published; for others they are a guess."""
    return day.year in _KNOWN_YEARS


def is_holiday(day: date) -> bool:
    """Whether arXiv takes a working day off; for years whose list is not known, probably."""
    return day in _HOLIDAYS if is_known(day) else _probably(day)


def listing_expected(day: date) -> bool:
    """Whether papers are announced under a date: not on weekends, not after a holiday."""
    return day.weekday() <= _FRIDAY and not is_holiday(_frozen_on(day))


def latest_listing(now: datetime, grace: timedelta = GRACE) -> date:
    """The newest listing that must be out at a moment (aware)."""
    day = (now - grace).astimezone(NEW_YORK).date()
    return day if listing_expected(day) else previous_listing(day)


def previous_listing(day: date) -> date:
    """The last listing before a date."""
    return next(one for one in _days(day - _A_DAY, -_A_DAY) if listing_expected(one))


def next_listing(day: date) -> date:
    """The first listing after a date."""
    return next(one for one in _days(day + _A_DAY, _A_DAY) if listing_expected(one))


def listings(first: date, last: date) -> tuple[date, ...]:
    """The listings from one date to another, both included."""
    days = takewhile(lambda day: day <= last, _days(first, _A_DAY))
    return tuple(day for day in days if listing_expected(day))


def window(listing: date) -> tuple[datetime, datetime]:
    """When the papers of a listing were submitted, as a rule: from (with) until (without), UTC.

    Papers that moderators hold back are announced later than their window says.
    """
    return _cut_off(previous_listing(listing)), _cut_off(listing)


def listing_of(submitted: datetime) -> date:
    """The listing that a submission (aware) belongs to, unless it is held back."""
    local = submitted.astimezone(NEW_YORK)
    day = local.date() if local.time() < CUT_OFF else local.date() + _A_DAY
    return next(one for one in _days(day, _A_DAY) if _is_after(one, submitted))


def _is_after(day: date, submitted: datetime) -> bool:
    return listing_expected(day) and submitted < _cut_off(day)


@lru_cache(maxsize=256)
def _cut_off(listing: date) -> datetime:
    return datetime.combine(_frozen_on(listing), CUT_OFF, NEW_YORK).astimezone(UTC)


def _frozen_on(listing: date) -> date:
    """The day at whose 14:00 a listing is closed: the working day before."""
    return listing - (3 if listing.weekday() == 0 else 1) * _A_DAY


def _days(first: date, step: timedelta) -> Iterator[date]:
    day = first
    while True:
        yield day
        day += step


def _probably(day: date) -> bool:
    """A guess at the holidays of a year: those that all known years share, more or less."""
    new_year, juneteenth = date(day.year, 1, 1), _observed(date(day.year, 6, 19))
    independence, christmas = _observed(date(day.year, 7, 4)), _observed(date(day.year, 12, 25))
    king, labor = _weekday(day.year, 1, 0, 3), _weekday(day.year, 9, 0, 1)
    thanksgiving = _weekday(day.year, 11, 3, 4)
    return day in (new_year, king, juneteenth, independence, labor, thanksgiving, christmas)


def _weekday(year: int, month: int, weekday: int, number: int) -> date:
    """The so-manieth weekday (Monday is 0) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _observed(day: date) -> date:
    """A holiday on Saturday is kept on Friday, one on Sunday on Monday."""
    return day + {5: -_A_DAY, 6: _A_DAY}.get(day.weekday(), timedelta())
