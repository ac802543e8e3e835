"""Measures of editions: by hand, against scikit-learn, and how sure a mean is."""

import math
from itertools import cycle, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from digest.evaluation.measures import Mean, dates_needed, mean, ndcg


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
    found = [mean(lot.choice(few, dates)).apart for _ in range(200)]
    assert 0.7 < np.mean(found) < 0.9
