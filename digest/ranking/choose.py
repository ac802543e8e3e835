"""From scores to picks: pure, and the same every time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from digest.ranking import Scores


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate, the interest (row of the scores) that it serves best, and its score there."""

    candidate: int
    interest: int
    score: float


def choose(
    scores: Scores,
    barred: Collection[int],
    places: Mapping[int, int],
    *,
    threshold: float,
    limit: int,
) -> list[Choice]:
    """The best candidates above the threshold, best first, with room for every interest.

    Each paper serves the interest for which it scores highest. Every interest that has papers
    gets an equal share of half the places before the rest go to the best scores, so that a small
    interest is not crowded out by a large one.

    Args:
        scores: [interests × candidates].
        barred: candidates that must not be chosen.
        places: each candidate's place in the order that breaks ties.
        threshold: the least score of a choice.
        limit: the most choices.
    """
    if scores.size == 0 or limit < 1:
        return []
    best = scores.argmax(axis=0)
    top = scores.max(axis=0)
    barred = set(barred)
    ranked = [
        Choice(place, int(best[place]), float(top[place]))
        for place in np.flatnonzero((top >= threshold) & np.isfinite(top)).tolist()
        if place not in barred
    ]
    ranked.sort(key=lambda choice: (-round(choice.score, 6), places[choice.candidate]))
    interests = {choice.interest for choice in ranked}
    share = max(1, limit // (2 * len(interests))) if interests else 0
    chosen: list[Choice] = []
    taken = dict.fromkeys(interests, 0)
    for choice in ranked:
        if taken[choice.interest] < share and len(chosen) < limit:
            taken[choice.interest] += 1
            chosen.append(choice)
    kept = {choice.candidate for choice in chosen}
    for choice in ranked:
        if len(chosen) < limit and choice.candidate not in kept:
            chosen.append(choice)
    return sorted(chosen, key=lambda c: (-round(c.score, 6), places[c.candidate]))
