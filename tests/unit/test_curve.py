"""Counts as lines, and the dates of a list: values alone."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from digest.model import UPVOTES, Signal
from digest.web.curve import curve_of, gain_in_words, thinned, trend_of
from digest.web.periods import Span, period_of, read_period
from tests.conftest import NOW

HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)


def counts(*values: int, apart: timedelta = HOUR) -> tuple[Signal, ...]:
    """Upvotes so far apart, the last ones counted now."""
    first = NOW - (len(values) - 1) * apart
    return tuple(Signal(UPVOTES, value, first + n * apart) for n, value in enumerate(values))


@pytest.mark.parametrize(
    ("values", "apart", "words"),
    [
        ((3, 15), A_DAY, "+12 in a day"),
        ((3, 15), timedelta(hours=23), "+12 in a day"),
        ((3, 15), timedelta(hours=5), "+12 in 5 hours"),
        ((3, 15), timedelta(minutes=70), "+12 in an hour"),
        ((3, 15), 3 * A_DAY, "+12 in 3 days"),
        ((3, 2000), A_DAY, "+1,997 in a day"),
        ((9, 4), A_DAY, "−5 in a day"),
        ((1, 9, 9), A_DAY, "no change in a day"),
        ((1, 5, 9, 12), 12 * HOUR, "+7 in a day"),
        ((4,), HOUR, ""),
    ],
)
def test_a_gain_is_told_with_its_time(
    values: tuple[int, ...], apart: timedelta, words: str
) -> None:
    """It is the gain of a day, or of the time nearest to a day that was counted."""
    assert gain_in_words(counts(*values, apart=apart)) == words


@pytest.mark.parametrize("make", [trend_of, lambda series: curve_of(series, "upvotes")])
def test_a_line_stays_in_its_box(make: Callable[..., Any]) -> None:
    """Time goes to the right, more is higher, also with a thousand counts."""
    line = make(counts(*range(0, 3000, 3)))
    points = [tuple(map(float, point.split(","))) for point in line.points.split()]
    assert len(points) <= 120
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert all(0 <= x <= 480 and 0 <= y <= 210 for x, y in points)


@pytest.mark.parametrize("values", [(0, 0), (1, 1), (0, 3), (7, 999_999_999), (5, 0)])
def test_a_curve_has_round_labels(values: tuple[int, ...]) -> None:
    """They begin at nought, reach the largest count, and are few; also where nothing was given."""
    curve = curve_of(counts(*values), "upvotes")
    assert curve is not None
    labels = [int(tick.label.replace(",", "")) for tick in curve.up]
    assert labels[0] == 0
    assert labels[-1] >= max(values)
    assert 2 <= len(labels) <= 6
    assert [row.value for row in curve.rows] == list(reversed(values))


def test_there_is_no_line_of_one_count() -> None:
    """Nor a trend where nothing changed."""
    assert curve_of(counts(5), "upvotes") is None
    assert trend_of(counts(5, 5, 5)) is None
    assert trend_of(()) is None


def test_thinned_counts_keep_both_ends() -> None:
    """The first and the last always stand."""
    kept = thinned(counts(*range(1000)), 7)
    assert len(kept) == 7
    assert (kept[0].value, kept[-1].value) == (0, 999)


@pytest.mark.parametrize(
    ("span", "day", "first", "last", "words"),
    [
        (Span.DAY, date(2026, 3, 17), date(2026, 3, 17), date(2026, 3, 17), "Tuesday, 17 March 2026"),
        (Span.WEEK, date(2026, 3, 17), date(2026, 3, 16), date(2026, 3, 22), "16 to 22 March 2026"),
        (Span.WEEK, date(2026, 4, 1), date(2026, 3, 30), date(2026, 4, 5), "30 March to 5 April 2026"),
        (Span.WEEK, date(2027, 1, 1), date(2026, 12, 28), date(2027, 1, 3), "28 December 2026 to 3 January 2027"),
        (Span.MONTH, date(2028, 2, 3), date(2028, 2, 1), date(2028, 2, 29), "February 2028"),
        (Span.MONTH, date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31), "December 2026"),
        (Span.MONTH, date(2026, 11, 30), date(2026, 11, 1), date(2026, 11, 30), "November 2026"),
    ],
)  # fmt: skip
def test_a_period_has_its_dates_words_and_address(
    span: Span, day: date, first: date, last: date, words: str
) -> None:
    """And its address leads to itself."""
    period = period_of(span, day)
    assert (period.first, period.last, period.words) == (first, last, words)
    assert read_period(span, period.address) == period
