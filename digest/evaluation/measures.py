"""Measures of editions against what a reader liked, and how sure their means are.

Values and formulas alone: nothing here knows of papers, stores or readers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEPTH = 10
RESAMPLES = 2000
SEED = 2
RARE = 0.05  # what chance brings in fewer cases than this is not taken for chance
_DRAWN = 2_000_000  # values at least: the ends of an interval of few values would wobble otherwise
_AT_ONCE = 1_000_000  # values drawn together: 16 MB
_EXACT = 14  # so many signs are turned in every way; of more, lots are cast
_LOTS = 10_000
_LEAST_APART = 6  # with five values that differ chance makes all of one sign in 1 of 16 cases
_SURE, _POWER = 1.96, 0.84  # normal quantiles: 95 % on both sides, found in 80 % of cases

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    @property
    def apart(self) -> bool:
        """Whether zero is outside of the interval."""
        return self.low > 0 or self.high < 0


def ndcg(found: Sequence[int], relevant: int, depth: int = DEPTH) -> float:
    """Discounted gain of the first places, as a share of the best that there could be.

    Each relevant paper gains 1, divided by the binary logarithm of its place plus one (Järvelin and
    Kekäläinen 2002). The best has all relevant papers first, also those that were not shown.

    Args:
        found: the places, from 1, at which relevant papers stand.
        relevant: how many there are, shown or not.
        depth: places beyond this one gain nothing.
    """
    if relevant < 1:
        return 0.0
    gained = sum(1 / math.log2(place + 1) for place in found if place <= depth)
    best = sum(1 / math.log2(place + 1) for place in range(1, min(relevant, depth) + 1))
    return gained / best


def mean(values: Sequence[float] | Floats, seed: int = SEED) -> Mean:
    """The mean with a percentile bootstrap interval, the same for the same values.

    Of few values more resamples are drawn than of many: it costs the same, and the ends of the
    interval are sure to the third digit.

    Args:
        values: at least one.
        seed: of the lots that resample them.

    Raises:
        ValueError: where there are none.
    """
    drawn = np.asarray(values, np.float64)
    if not drawn.size:
        raise ValueError("nothing has no mean")
    lots = np.random.default_rng(seed)
    left, means = max(RESAMPLES, _DRAWN // drawn.size), []
    while left > 0:
        rows = min(left, max(1, _AT_ONCE // drawn.size))
        means.append(drawn[lots.integers(0, drawn.size, (rows, drawn.size))].mean(axis=1))
        left -= rows
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return Mean(float(drawn.mean()), float(low), float(high))


def chance_of(differences: Sequence[float] | Floats, seed: int = SEED) -> float:
    """In which share of cases chance alone makes a mean at least as far from zero.

    Fisher's randomisation test of paired values: were the two sides the same but for chance, each
    difference could as well have the other sign. Unlike a bootstrap interval it holds for few
    differences, and where most of them are zero.

    Args:
        differences: one a date.
        seed: of the lots, which are cast where signs are too many for all ways to turn them.
    """
    found = np.asarray(differences, np.float64)
    found = found[found != 0]
    if found.size <= _EXACT:
        ways = np.arange(2**found.size)[:, None] >> np.arange(found.size) & 1
    else:
        ways = np.random.default_rng(seed).integers(0, 2, (_LOTS, found.size))
        ways[0] = 1  # the one that was found
    sums = np.abs((2 * ways - 1) @ found)
    return float(np.mean(sums >= abs(found.sum()) * (1 - np.finfo(np.float32).eps)))


def dates_needed(differences: Sequence[float] | Floats) -> int | None:
    """How many dates would show a difference of this size, in four of five cases.

    The usual size of a sample for a paired difference by the normal approximation:
    ((1.96 + 0.84) · spread / mean)², the spread being the standard deviation of the differences.
    At least so many that six dates differ, where as many do as did here: fewer show nothing.

    Args:
        differences: one a date.

    Returns:
        None where fewer than two dates differ, or the mean is zero: nothing can be said then.
    """
    found = np.asarray(differences, np.float64)
    differ = np.count_nonzero(found)
    if differ <= 1 or abs(found.mean()) < np.finfo(np.float32).eps:
        return None
    spread, size = float(found.std(ddof=1)), float(found.mean())
    usual = math.ceil(((_SURE + _POWER) * spread / size) ** 2)
    return max(usual, math.ceil(_LEAST_APART * found.size / differ))
