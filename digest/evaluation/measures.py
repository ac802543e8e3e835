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

    Args:
        values: at least one.
        seed: of the lots that resample them.

    Raises:
        ValueError: where there are none.
    """
    drawn = np.asarray(values, np.float64)
    if not drawn.size:
        raise ValueError("nothing has no mean")
    lots = np.random.default_rng(seed).integers(0, drawn.size, (RESAMPLES, drawn.size))
    low, high = np.percentile(drawn[lots].mean(axis=1), [2.5, 97.5])
    return Mean(float(drawn.mean()), float(low), float(high))


def dates_needed(differences: Sequence[float] | Floats) -> int | None:
    """How many dates would show a difference of this size, in four of five cases.

    The usual size of a sample for a paired difference by the normal approximation:
    ((1.96 + 0.84) · spread / mean)², the spread being the standard deviation of the differences.

    Args:
        differences: one a date.

    Returns:
        None where fewer than two dates differ, or the mean is zero: nothing can be said then.
    """
    found = np.asarray(differences, np.float64)
    if np.count_nonzero(found) <= 1 or abs(found.mean()) < np.finfo(np.float32).eps:
        return None
    spread, size = float(found.std(ddof=1)), float(found.mean())
    return math.ceil(((_SURE + _POWER) * spread / size) ** 2)
