"""The picker: from one reader's scores to the picks of an edition.

Reads a desk, stores nothing; the same scores give the same picks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from digest.desk import Desk, Desks
from digest.model import Mood, Pick, Reader, Threshold
from digest.ranking import Mask, Profile, Scores
from digest.ranking.choose import Choice, choose, excluded, explore, with_twins
from digest.ranking.trend import trend_reasons

FALLBACK_PICKS = 5
LEAST_TO_EXPLORE = 5


@dataclass(frozen=True, slots=True)
class Picked:
    """The picks of a reader, the mood of the day, and the interests that nothing met."""

    picks: tuple[Pick, ...]
    mood: Mood
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picker:
    """Chooses and explains; see the module."""

    desks: Desks
    threshold: Threshold

    def pick(
        self,
        desk: Desk,
        reader: Reader,
        profiles: Sequence[Profile],
        scores: Scores,
        barred: set[int],
        limit: int,
    ) -> Picked | None:
        """The picks for a reader; None where nothing is new.

        Args:
            desk: the candidates.
            reader: whom they are for.
            profiles: what the reader is interested in.
            scores: [profiles x candidates].
            barred: candidates that must not be picked.
            limit: the most picks.
        """
        wants = np.array([asks(profile) for profile in profiles], dtype=np.bool_)
        wanting = [profile for profile in profiles if asks(profile)]
        asked = scores[wants]
        # An interest of exclusions alone excludes from the whole edition.
        barred = barred | excluded(scores[~wants])
        levels = self.levels(desk, wanting)
        picks = self._matched(desk, reader, wanting, asked, barred, levels, limit)
        mood = Mood.MATCHED
        if not picks:
            most = min(limit, FALLBACK_PICKS) if wanting else limit
            picks = _trending(desk, self._shut(desk, barred | excluded(scores)), most)
            mood = Mood.UNMATCHED if wanting else Mood.TRENDING
        if not picks:
            return None
        return Picked(tuple(picks), mood, _silent(wanting, asked, barred, levels))

    def levels(self, desk: Desk, wanting: Sequence[Profile]) -> list[float]:
        """The least score for each profile: as set, or as so many papers a day reach it."""
        threshold = self.threshold
        if threshold.a_day is None or not wanting or not desk.daily:
            return [threshold.score] * len(wanting)
        share = threshold.a_day / len(wanting) / desk.daily
        ranker = self.desks.ranker(desk)
        return [max(ranker.level(profile, share), threshold.least) for profile in wanting]

    def _matched(
        self,
        desk: Desk,
        reader: Reader,
        wanting: Sequence[Profile],
        scores: Scores,
        barred: set[int],
        levels: Sequence[float],
        limit: int,
    ) -> list[Pick]:
        """The picks that serve interests, and one to explore; none where nothing is good enough."""
        if not wanting:
            return []
        ranker, twins = self.desks.ranker(desk), self.desks.twins(desk)
        good = scores >= np.array(levels, np.float32)[:, None]
        lifted = scores + np.where(good, np.array(desk.lifts, np.float32), 0)
        found = None
        if limit >= LEAST_TO_EXPLORE:
            above = np.flatnonzero(good.any(axis=0))
            found = explore(
                scores,
                with_twins(barred | excluded(scores), twins),
                desk.places,
                chosen=with_twins(set(above.tolist()), twins),
                least=self.threshold.least,
                seed=f"{reader.name} {desk.date}",
            )
        choices = choose(
            lifted,
            barred,
            desk.places,
            levels=levels,
            limit=limit if found is None else limit - 1,
            twins=twins,
            alike=ranker.alike,
        )
        picks = [
            self._pick(desk, wanting, choice, desk.lifts[choice.candidate]) for choice in choices
        ]
        if picks and found is not None:
            picks.append(replace(self._pick(desk, wanting, found, 0.0), explores=True))
        return picks

    def _shut(self, desk: Desk, barred: set[int]) -> set[int]:
        """Barred candidates, and those that say the same, where papers were compared."""
        return with_twins(barred, self.desks.twins(desk)) if self.desks.ranked else barred

    def _pick(self, desk: Desk, wanting: Sequence[Profile], choice: Choice, lift: float) -> Pick:
        """A choice with its reasons, and what upvotes added to its score."""
        profile = wanting[choice.interest]
        why = self.desks.ranker(desk).explain(profile, choice.candidate)
        paper = desk.candidates[choice.candidate]
        trend = desk.trends.get(choice.candidate)
        lifted = trend_reasons(trend, lift) if trend and lift else ()
        return Pick(
            paper,
            choice.score,
            profile.interest.name,
            (*why.reasons, *lifted),
            why.sentence,
            why.nearest,
            twins=tuple(desk.candidates[twin] for twin in choice.twins),
            trend=trend,
        )


def asks(profile: Profile) -> bool:
    """Whether a profile asks for anything: exclusions and dislikes alone only narrow."""
    liked = any(example.weight > 0 for example in profile.examples)
    return bool(profile.interest.keywords or liked or profile.titles)


def _silent(
    wanting: Sequence[Profile], scores: Scores, barred: set[int], levels: Sequence[float]
) -> tuple[str, ...]:
    """The names of interests for which no open candidate is good enough."""
    shown = np.ones(scores.shape[1], dtype=np.bool_)
    shown[list(barred)] = False
    reached = scores[:, shown] >= np.array(levels, np.float32)[:, None]
    met: Mask = np.asarray(reached.any(axis=1))
    return tuple(p.interest.name for p, found in zip(wanting, met, strict=True) if not found)


def _trending(desk: Desk, barred: set[int], most: int) -> list[Pick]:
    places = [place for place in desk.order if place not in barred][:most]
    return [_trending_pick(desk, place) for place in places]


def _trending_pick(desk: Desk, place: int) -> Pick:
    trend = desk.trends.get(place)
    reasons = trend_reasons(trend) if trend else ()
    score = trend.expected if trend else 0.0
    return Pick(desk.candidates[place], score, None, reasons, trend=trend)
