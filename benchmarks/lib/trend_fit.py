"""Learning how upvotes grow, from pairs of counts; and what was tried beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

from digest.ranking.trend import HORIZON, LEAST_AGE, Growth
from lib.trend_counts import Pair

Floats = NDArray[np.float64]
SHORTEST, LONGEST = 0.4, 4.5  # days between the two counts of a pair to learn from
BANDS = (0.5, 0.9, 1.5, 2.5, 3.5, 5.0)  # days: ages of which each has to be heard
_STARTS = ((6.6, 0.14, 0.14, 0.4), (6.6, 0.14, 0.6, 1.6), (6.6, 0.14, 1.6, 2.7))
_WORTH, _SPREAD = 0.3, 1.6


@dataclass(frozen=True, slots=True)
class Fitted:
    """A growth, and how much other evidence weighs beside an upvote."""

    growth: Growth
    worth: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of each paper: upvotes at an age, and other evidence of as many `more` upvotes,
    come since the age `since`.
    """

    ages: Floats
    counts: Floats
    more: Floats
    since: Floats


Reading = Callable[[Sequence[Pair]], Evidence]


def counts_alone(pairs: Sequence[Pair]) -> Evidence:
    """The upvotes of each paper."""
    ages = np.maximum(np.array([pair.age for pair in pairs]), LEAST_AGE)
    return Evidence(
        ages, np.array([float(pair.count) for pair in pairs]), np.zeros(len(pairs)), ages
    )


def velocity(pairs: Sequence[Pair]) -> Evidence:
    """The upvotes of the last day count once more; between two counts they came evenly."""
    plain = counts_alone(pairs)
    since = np.maximum(plain.ages - 1.0, 0.0)
    then = np.array([_count_at(pair, age) for pair, age in zip(pairs, since, strict=True)])
    return replace(plain, more=np.maximum(plain.counts - then, 0), since=since)


def comments(pairs: Sequence[Pair]) -> Evidence:
    """Comments are upvotes of another weight."""
    return replace(counts_alone(pairs), more=np.array([float(pair.comments) for pair in pairs]))


def stars(pairs: Sequence[Pair]) -> Evidence:
    """Stars too, by their logarithm: most were won before the paper was shown."""
    told = np.log1p(np.array([float(pair.stars) for pair in pairs]))
    return replace(counts_alone(pairs), more=told)


def fit(pairs: Sequence[Pair], read: Reading = counts_alone) -> Fitted:
    """The most likely growth for pairs of counts.

    Gains are negative binomial around what is expected, with one spread. Pairs of an age weigh less
    the more there are of that age (by the root of their number): most are of the first day.
    """
    evidence = read(pairs)
    gains = np.array([float(pair.gain) for pair in pairs])
    spans = np.array([pair.span for pair in pairs])
    bands = np.digitize([pair.age for pair in pairs], BANDS)
    weights = 1 / np.sqrt(np.bincount(bands, minlength=len(BANDS) + 1)[bands])
    weights /= weights.sum()
    further = () if read is counts_alone else (_WORTH,)

    def unlikely(point: Floats) -> float:
        spread = float(np.exp(point[-1]))
        means = np.maximum(expected(evidence, _at(point), spans), 1e-9)
        chance = gammaln(gains + spread) - gammaln(spread)
        chance += spread * np.log(spread / (spread + means))
        chance += gains * np.log(means / (spread + means))
        return -float((weights * chance).sum())

    found = [
        minimize(
            unlikely,
            np.log([*start, *further, _SPREAD]),
            method="Nelder-Mead",
            options={"maxiter": 8000, "maxfev": 8000, "xatol": 1e-4, "fatol": 1e-7},
        )
        for start in _STARTS
    ]
    return _at(min(found, key=lambda one: float(one.fun)).x)


def expected(evidence: Evidence, fitted: Fitted, spans: Floats | float = HORIZON) -> Floats:
    """The upvotes that come in so many days after each count, as `Growth.expected` has it."""
    growth, ages = fitted.growth, evidence.ages
    shown = _part(growth, ages)
    lately = fitted.worth * (shown - _part(growth, evidence.since))
    known = growth.prior + evidence.counts + fitted.worth * evidence.more
    coming: Floats = _part(growth, ages + spans) - shown
    return known / (growth.weight + shown + lately) * coming


def _at(point: Floats) -> Fitted:
    prior, weight, scale, power, *worth, _ = (float(value) for value in np.exp(point))
    return Fitted(Growth(prior, weight, scale, power), *worth)


def _part(growth: Growth, ages: Floats) -> Floats:
    part: Floats = 1 - (1 + ages / growth.scale) ** -growth.power
    return part


def _count_at(pair: Pair, age: float) -> float:
    ages = [0.0, *((one.observed - pair.began) / timedelta(days=1) for one in pair.counts)]
    return float(np.interp(age, ages, [0.0, *(float(one.value) for one in pair.counts)]))
