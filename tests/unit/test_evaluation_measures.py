"""Measures of editions: by hand, against scikit-learn, and how sure a mean is."""

import math
from itertools import cycle, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from digest.evaluation.measures import RARE, Mean, chance_of, dates_needed, mean, ndcg


def test_ndcg_by_hand() -> None:
    """Places 1 and 3 of two: (1 + 1/2) over (1 + 1/log2(3)); what is not shown counts as missed."""
    assert ndcg([1, 3], 2) == pytest.approx(1.5 / (1 + 1 / math.log2(3)))
    assert ndcg([1, 2], 2) == 1.0
    assert ndcg([1], 2) == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert ndcg([], 3) == 0.0
    assert ndcg([11], 1) == 0.0
    assert ndcg([], 0) == 0.0
    assert ndcg(range(1, 11), 25) == pytest.approx(1.0)


@given(st.lists(st.booleans(), min_size=2, max_size=40).filter(any))
def test_ndcg_is_that_of_scikit_learn(order: list[bool]) -> None:
    """For a list in which all papers are ranked, at any number of relevant ones."""
    found = [place for place, liked in enumerate(order, 1) if liked]
    scores = np.arange(len(order), 0, -1, dtype=float)
    theirs = ndcg_score([np.array(order, float)], [scores], k=10)
    assert ndcg(found, len(found)) == pytest.approx(theirs)


def test_the_interval_of_a_mean() -> None:
    """About 1.96 standard errors to either side; the same values give the same interval."""
    values = np.random.default_rng(5).normal(2.0, 1.0, 400)
    found = mean(values)
    error = values.std(ddof=1) / 20
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.value == pytest.approx(1.96 * error, rel=0.15)
    assert found.value - found.low == pytest.approx(1.96 * error, rel=0.15)
    assert found.apart
    assert mean(values) == found
    assert mean(values, seed=3) != found


def test_means_without_doubt() -> None:
    """Equal values have an interval without width; zero is in one of zeros; nothing has no mean."""
    assert mean([0.5] * 9) == Mean(0.5, 0.5, 0.5)
    assert mean([0.0] * 9) == Mean(0.0, 0.0, 0.0)
    assert not mean([0.0] * 9).apart
    assert not mean([-1.0, 1.0] * 10).apart
    assert mean([-1.0] * 5).apart
    with pytest.raises(ValueError, match="no mean"):
        mean([])


def test_how_many_dates_a_difference_needs() -> None:
    """A spread as large as the mean: (2.8)², so 8; half of the mean: four times as many."""
    assert dates_needed([0.0, 2.0]) is None  # a single one differs
    assert dates_needed([0.5, 2.5, 0.0]) is not None
    assert dates_needed([1.0 + math.sqrt(0.5), 1.0 - math.sqrt(0.5)]) == 8
    small = [0.5 + math.sqrt(0.5), 0.5 - math.sqrt(0.5)]
    assert dates_needed(small) == 32
    assert dates_needed([-one for one in small]) == 32
    assert dates_needed([0.0] * 20) is None
    assert dates_needed([1.0, -1.0] * 10) is None


def test_the_dates_that_are_needed_show_the_difference() -> None:
    """So many dates of this spread find it apart from zero in about four of five cases."""
    few = list(islice(cycle([-0.2, 0.0, 0.1, 0.4]), 12))
    dates = dates_needed(few)
    assert dates is not None
    lot = np.random.default_rng(7)
    found = [chance_of(lot.choice(few, dates)) < RARE for _ in range(80)]
    assert 0.7 < np.mean(found) < 0.9


def test_at_least_six_dates_have_to_differ() -> None:
    """Where the spread alone would be content with fewer: five of ten the same way need twelve."""
    assert dates_needed([1.0] * 5 + [0.0] * 5) == 12
    assert dates_needed([1.0] * 10) == 6


def test_chance_by_hand() -> None:
    """The share of all ways to turn the signs that leave the sum as far from zero or farther."""
    assert chance_of([]) == chance_of([0.0] * 9) == 1.0
    assert chance_of([0.3] * 5) == 2 / 32
    assert chance_of([-0.3] * 6 + [0.0] * 30) == 2 / 64
    assert chance_of([4.0, 2.0, -1.0]) == 4 / 8  # 7 and 5, on both sides
    assert chance_of([0.1] * 3 + [0.2, -0.1]) == chance_of([-0.1] * 3 + [-0.2, 0.1])
    many = [0.2] * 20 + [-0.1] * 4
    assert chance_of(many) == chance_of(many) < 0.001
    assert chance_of([0.2, -0.2] * 10) == 1.0


def test_chance_by_lots_is_that_of_all_ways() -> None:
    """Fourteen differences are turned in every way, fifteen by lot: near to the binomial."""
    values = [0.1] * 11 + [-0.1] * 4
    more = sum(math.comb(15, k) for k in range(5)) * 2 / 2**15
    assert chance_of(values) == pytest.approx(more, rel=0.1)


def test_a_change_that_does_nothing_is_seldom_taken_for_one() -> None:
    """In at most one of twenty cases, also where few dates differ; intervals alone would not do."""
    lot = np.random.default_rng(4)
    shape = 80, 15
    differ = np.where(lot.random(shape) < 0.4, lot.choice([-1.0, 1.0], shape), 0.0)
    draws = differ * lot.choice([0.1, 0.3, 0.6], shape)
    assert np.mean([chance_of(one) < RARE for one in draws]) <= RARE
    assert np.mean([mean(one).apart for one in draws]) > RARE


def test_more_resamples_of_fewer_values() -> None:
    """Other lots move the ends of an interval of fifty values in the third digit at most."""
    values = np.random.default_rng(5).random(50)
    one, other = mean(values), mean(values, seed=9)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.001)
