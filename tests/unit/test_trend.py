"""The trend score: what a paper may expect, from counts of any number, age and order."""

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import UPVOTES, Signal
from digest.ranking.trend import GROWTH, LEAST_AGE, trend_of

BEGAN = datetime(2026, 3, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def expected(count: int, age: float, now: float | None = None) -> float:
    """What a paper may expect that was counted once at an age in days, asked at another."""
    counted = BEGAN + age * DAY
    asked = counted if now is None else BEGAN + now * DAY
    return trend_of([Signal(UPVOTES, count, counted)], BEGAN, asked).expected


def test_it_is_about_what_papers_gained() -> None:
    """As measured before 2026: at eight hours as many again, at a day a third, later little."""
    assert 10 < expected(12, 0.35) < 16
    assert 5 < expected(20, 1.0) < 8
    assert 1 < expected(33, 3.0) < 4
    assert 0.5 < expected(52, 6.5) < 2.5


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 4000))
def test_papers_of_one_age_are_in_the_order_of_their_counts(
    one: int, other: int, age: float
) -> None:
    """So within one page nothing is worse than the counts themselves."""
    assert (expected(one, age) < expected(other, age)) == (one < other)


@given(st.integers(0, 10**6), st.floats(LEAST_AGE, 4000), st.floats(0.01, 4000))
def test_of_equal_counts_the_younger_expects_more(count: int, age: float, older: float) -> None:
    """What took longer to come comes more slowly."""
    assert expected(count, age + older) < expected(count, age)


def test_young_papers_are_shrunk_towards_all_papers() -> None:
    """A first upvote within the hour is no trend; many after a day are one."""
    assert expected(1, 0.02) < expected(40, 1.0)
    assert expected(1, 0.02) > expected(1, 1.0)
    assert expected(3, 0.3) < 2 * expected(1, 0.3)


@given(st.integers(0, 10**9), st.floats(-400, 40_000), st.floats(-400, 40_000))
def test_any_age_gives_a_number(count: int, age: float, now: float) -> None:
    """Before the paper's own day, on it, a century later, asked before it was counted: above 0."""
    said = expected(count, age, now)
    assert math.isfinite(said)
    assert said > 0
    if now <= age:
        assert said == expected(count, age)


def test_a_count_from_long_ago_says_less_of_now() -> None:
    """What it let one expect then has come since."""
    assert expected(30, 0.5, now=4.5) < expected(30, 0.5) / 3
    assert expected(30, 0.5, now=4.5) > expected(30, 4.5)


@pytest.mark.parametrize(
    "values",
    [(7,), (1, 3, 7), (9, 8, 7), (7, 7, 7), (0, 0, 7)],
    ids=["one", "rising", "falling", "resting", "late"],
)
def test_the_last_count_tells(values: tuple[int, ...]) -> None:
    """However many there were, seconds or hours apart, and where votes were taken back."""
    now = BEGAN + 10 * HOUR
    for step in (timedelta(seconds=1), HOUR):
        places = range(len(values) - 1, -1, -1)
        counts = [
            Signal(UPVOTES, value, now - place * step)
            for value, place in zip(values, places, strict=True)
        ]
        trend = trend_of(counts, BEGAN, now)
        assert trend.expected == expected(7, 10 / 24)
        assert trend.counts == tuple(counts)
        assert trend.began == BEGAN


def test_no_upvotes_are_no_error() -> None:
    """Nought and less expect what any paper of that age may."""
    assert expected(-3, 1.0) == expected(0, 1.0) > 0


def test_what_comes_in_parts_comes_in_all() -> None:
    """Expectations of days add up, and all that ever comes has an end."""
    days = [GROWTH.expected(20, 1, age, age + 1) for age in range(1, 8)]
    assert sum(days) == pytest.approx(GROWTH.expected(20, 1, 1, 8))
    assert days == sorted(days, reverse=True)
    assert GROWTH.expected(20, 1, 1, 10**9) < 40


def test_the_documented_figures_are_the_programs(checkout: Path) -> None:
    """The table and the formula of docs/ranking.md."""
    text = (checkout / "docs/ranking.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", text, re.MULTILINE
    )
    assert len(rows) == 4
    for count, *figures in rows:
        for age, figure in zip((1 / 3, 1, 3, 6), figures, strict=True):
            assert float(figure) == round(expected(int(count), age), 1)
    formula = f"({GROWTH.prior} + n) / ({GROWTH.weight} + F(age when counted))"
    curve = f"1 − (1 + age / {GROWTH.scale})^−{GROWTH.power}"
    assert formula in text
    assert curve in text
