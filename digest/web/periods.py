"""Days, weeks and months that lists are of, and how they are written in words and addresses."""

import re
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta
from enum import StrEnum

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-\d{2}")
_ONE = timedelta(days=1)
_DECEMBER = 12
_EARLIEST = date(1985, 1, 1)  # before any preprint
_LATEST = date(MAXYEAR - 1, 12, 31)


class Span(StrEnum):
    """How much time a list is of; the value is its place in the address."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """The dates from first to last, both among them."""

    span: Span
    first: date
    last: date

    @property
    def address(self) -> str:
        """The period as it stands in an address: `2026-03-17`, `2026-03`."""
        return self.first.isoformat()[: 7 if self.span is Span.MONTH else 10]

    @property
    def words(self) -> str:
        """The period as the head of a page."""
        first, last = self.first, self.last
        if self.span is Span.DAY:
            return date_in_words(first)
        if self.span is Span.MONTH:
            return f"{first:%B} {first.year}"
        if first.month == last.month:
            return f"{first.day} to {last.day} {last:%B} {last.year}"
        if first.year == last.year:
            return f"{first.day} {first:%B} to {last.day} {last:%B} {last.year}"
        return f"{first.day} {first:%B} {first.year} to {last.day} {last:%B} {last.year}"

    def beside(self, other: "Period") -> str:
        """The period as the label of a link from another one."""
        first, last = self.first, self.last
        if self.span is Span.MONTH:
            return f"{first:%B} {first.year}"
        year = "" if last.year == other.last.year else f" {last.year}"
        if self.span is Span.DAY:
            return f"{first.day} {first:%B}{year}"
        return f"{first.day} {first:%b} to {last.day} {last:%b}{year}"


def date_in_words(day: date) -> str:
    """A date as a newspaper writes it: `Tuesday, 17 March 2026`."""
    return f"{day:%A}, {day.day} {day:%B} {day.year}"


def period_of(span: Span, day: date) -> Period:
    """The day, the week from Monday on, or the month that a date is in."""
    if span is Span.DAY:
        return Period(span, day, day)
    if span is Span.WEEK:
        first = day - day.weekday() * _ONE
        return Period(span, first, first + 6 * _ONE)
    first = day.replace(day=1)
    year, month = divmod(first.year * _DECEMBER + first.month, _DECEMBER)
    return Period(span, first, date(year, month + 1, 1) - _ONE)


def read_period(span: Span, written: str) -> Period | None:
    """The period of an address; None where there is no such date."""
    pattern, rest = (_MONTH, "-01") if span is Span.MONTH else (_DAY, "")
    if not (pattern.fullmatch(written) and written.isascii()):
        return None
    try:
        day = date.fromisoformat(written + rest)
    except ValueError:
        return None
    return period_of(span, day) if _EARLIEST <= day <= _LATEST else None
