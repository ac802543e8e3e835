"""From scores to picks: pure, and the same every time."""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking import Scores

DIVERSITY = 0.15
_POOL = 4
_NEAR = 20

Alike = Callable[[Sequence[int]], Scores]


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate, the interest (row of the scores) that it serves best, and its score there.

    `twins` are candidates that say the same and were folded into it.
    """

    candidate: int
    interest: int
    score: float
    twins: tuple[int, ...] = ()


def choose(
    scores: Scores,
    barred: Collection[int],
    places: Mapping[int, int],
    *,
    levels: Sequence[float],
    limit: int,
    twins: Mapping[int, int] | None = None,
    alike: Alike | None = None,
) -> list[Choice]:
    """The best candidates above the threshold, best first, with room for every interest.

    Each paper serves the interest for which it scores highest. Every interest that has papers
    gets an equal share of half the places before the rest go to the best scores, so that a small
    interest is not crowded out by a large one. Of papers that say the same the best stands for
    all. A paper gives way to one that scores up to 0.15 less, the more it is like those chosen.

    Args:
        scores: [interests × candidates].
        barred: candidates that must not be chosen, nor their twins.
        places: each candidate's place in the order that breaks ties.
        levels: the least score of a choice, for each interest.
        limit: the most choices.
        twins: candidates that say the same as another one, and that one.
        alike: how alike candidates are, [n × n]; 1 for the same text.
    """
    if scores.size == 0 or limit < 1:
        return []
    ranked = _folded(_ranked(scores, barred, places, levels), barred, twins or {})
    interests = {choice.interest for choice in ranked}
    share = max(1, limit // (2 * len(interests))) if interests else 0
    pool = _pool(ranked, limit, share)
    likeness = (
        alike([choice.candidate for choice in pool])
        if alike and len(pool) > 1
        else np.zeros((len(pool), len(pool)), np.float32)
    )
    near = np.zeros(len(pool), np.float32)
    own = np.array([choice.score for choice in pool], np.float64)
    rank = np.array([places[choice.candidate] for choice in pool])
    interest = np.array([choice.interest for choice in pool])
    taken = np.zeros(scores.shape[0], np.int64)
    left = np.ones(len(pool), np.bool_)
    chosen: list[Choice] = []
    while left.any() and len(chosen) < limit:
        short = left & (taken[interest] < share)
        open_to = np.flatnonzero(short if short.any() else left)
        value = np.round(own[open_to] - DIVERSITY * near[open_to], 6)
        best = int(open_to[np.lexsort((rank[open_to], -value))[0]])
        left[best] = False
        chosen.append(pool[best])
        taken[interest[best]] += 1
        near = np.maximum(near, likeness[best])
    return sorted(chosen, key=lambda c: (-round(c.score, 6), places[c.candidate]))


def explore(
    scores: Scores,
    barred: Collection[int],
    places: Mapping[int, int],
    *,
    chosen: Collection[int],
    least: float,
    seed: str,
) -> Choice | None:
    """One of the twenty papers that came nearest to being chosen, by lot: what votes learn from.

    Args:
        scores: [interests × candidates].
        barred: candidates that must not be shown.
        places: each candidate's place in the order that breaks ties.
        chosen: candidates that are shown already, and their twins.
        least: the least score of a paper that is near at all.
        seed: the lot; the same seed draws the same.
    """
    if scores.size == 0:
        return None
    levels = [least] * scores.shape[0]
    near = _ranked(scores, {*barred, *chosen}, places, levels, _NEAR)
    if not near:
        return None
    return random.Random(seed).choice(near)  # noqa: S311 - a lot, no secret


def excluded(scores: Scores) -> set[int]:
    """Candidates that any of these rows excludes."""
    return set(np.flatnonzero(np.isneginf(scores).any(axis=0)).tolist())


def with_twins(candidates: set[int], twins: Mapping[int, int]) -> set[int]:
    """These candidates, and all that say the same as one of them."""
    groups = {twins.get(candidate, candidate) for candidate in candidates}
    return candidates | groups | {n for n, first in twins.items() if first in groups}


def others_of(candidate: int, twins: Mapping[int, int]) -> list[int]:
    """All other candidates that say the same as one."""
    return sorted(with_twins({candidate}, twins) - {candidate})


def _ranked(
    scores: Scores,
    barred: Collection[int],
    places: Mapping[int, int],
    levels: Sequence[float],
    most: int | None = None,
) -> list[Choice]:
    """Candidates that reach the level of an interest, each with the interest it serves best.

    The best come first, at most so many.
    """
    reached = np.where(scores >= np.asarray(levels, np.float32)[:, None], scores, -np.inf)
    top = reached.max(axis=0)
    top[list(barred)] = -np.inf
    found = np.flatnonzero(np.isfinite(top))
    order = np.lexsort(([places[n] for n in found.tolist()], -np.round(top[found], 6)))
    found = found[order][:most]
    best = reached[:, found].argmax(axis=0)
    return [
        Choice(candidate, interest, score)
        for candidate, interest, score in zip(
            found.tolist(), best.tolist(), top[found].tolist(), strict=True
        )
    ]


def _folded(
    ranked: Sequence[Choice], barred: Collection[int], twins: Mapping[int, int]
) -> list[Choice]:
    """Without twins: the best of those that say the same stands for all, unless one is barred."""
    if not twins:
        return list(ranked)
    shut = {twins.get(candidate, candidate) for candidate in barred}
    groups: dict[int, list[Choice]] = {}
    for choice in ranked:
        groups.setdefault(twins.get(choice.candidate, choice.candidate), []).append(choice)
    return [
        Choice(
            first.candidate,
            first.interest,
            first.score,
            tuple(sorted(other.candidate for other in others)),
        )
        for group, (first, *others) in groups.items()
        if group not in shut
    ]


def _pool(ranked: Sequence[Choice], limit: int, share: int) -> list[Choice]:
    """The best of all, and the best of each interest."""
    taken: dict[int, int] = {}
    pool = []
    for number, choice in enumerate(ranked):
        mine = taken.get(choice.interest, 0)
        if number < _POOL * limit or mine < share:
            pool.append(choice)
        taken[choice.interest] = mine + 1
    return pool
