"""The picker: from one reader's scores to the picks of an edition.

Reads a desk, stores nothing; the same scores give the same picks.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from digest.desk import Desk, Desks
from digest.model import (
    EVERYONE,
    Mood,
    Pick,
    Quiet,
    Reader,
    Reason,
    ReasonKind,
    Threshold,
)
from digest.ranking import Mask, Profile, Scores
from digest.ranking.choose import Choice, choose, excluded, explore, others_of, with_twins
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
class _Case:
    """What the picks of one reader are chosen from, and by which rules.

    `scores` are [asking profiles x candidates], `levels` the least good score of each profile;
    `barred` candidates serve no interest, `shut` ones are not shown for their upvotes either: some
    interest excludes them, or they say the same as one that is barred.
    """

    desk: Desk
    reader: Reader
    wanting: Sequence[Profile]
    scores: Scores
    levels: Sequence[float]
    barred: Collection[int]
    shut: Collection[int]
    twins: Mapping[int, int]
    limit: int

    @property
    def lift(self) -> float:
        """What the dial leaves of the lift of upvotes."""
        return self.reader.manner.dial / EVERYONE

    def good(self) -> Mask:
        """Which candidates are good enough for which profile."""
        return np.asarray(self.scores >= np.array(self.levels, np.float32)[:, None])


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
        """The picks for a reader; None where there is nothing to tell.

        Args:
            desk: the candidates.
            reader: whom they are for, and in which manner.
            profiles: what the reader is interested in.
            scores: [profiles x candidates].
            barred: candidates that must not be picked.
            limit: the most picks.
        """
        wants = np.array([asks(profile) for profile in profiles], dtype=np.bool_)
        wanting = [profile for profile in profiles if asks(profile)]
        # Where a reader asks for nothing, papers need not have been compared.
        twins = self.desks.twins(desk) if profiles else {}
        shut = with_twins(barred | excluded(scores), twins)
        if not wanting or reader.manner.dial >= EVERYONE:
            dial = reader.manner.dial if wanting else None
            read = _most_read(desk.order, shut, twins, limit)
            picks = tuple(_trending(desk, place, twins, dial) for place in read)
            return Picked(picks, Mood.TRENDING) if picks else self.without(desk, reader)
        asked, levels = scores[wants], self.levels(desk, wanting)
        # An interest of exclusions alone excludes from the whole edition.
        barred = barred | excluded(scores[~wants])
        case = _Case(desk, reader, wanting, asked, levels, barred, shut, twins, limit)
        picks, silent = self._matched(case), _silent(case)
        if picks:
            return Picked(picks, Mood.MATCHED, silent)
        if reader.manner.quiet is not Quiet.TRENDING:
            return self.without(desk, reader, silent)
        read = _most_read(desk.order, shut, twins, min(limit, FALLBACK_PICKS))
        picks = tuple(_trending(desk, place, twins) for place in read)
        return Picked(picks, Mood.UNMATCHED, silent) if picks else None

    def without(self, desk: Desk, reader: Reader, silent: tuple[str, ...] = ()) -> Picked | None:
        """What a reader gets on a day without picks: a note, where one is wished for, or None.

        A note says that all is in order, and uses up the day: there is none as long as a source
        was not read to its end, since papers may still come.
        """
        if reader.manner.quiet is Quiet.NOTE and desk.complete:
            return Picked((), Mood.NOTHING, silent)
        return None

    def levels(self, desk: Desk, wanting: Sequence[Profile]) -> list[float]:
        """The least score for each profile: as set, or as so many papers a day reach it."""
        threshold = self.threshold
        if threshold.a_day is None or not wanting or not desk.daily:
            return [threshold.score] * len(wanting)
        share = threshold.a_day / len(wanting) / desk.daily
        ranker = self.desks.ranker(desk)
        return [max(ranker.level(profile, share), threshold.least) for profile in wanting]

    def _matched(self, case: _Case) -> tuple[Pick, ...]:
        """The picks of a day that met interests: for them, by upvotes alone, and one to explore.

        None where nothing is good enough. What upvotes cannot fill of their places goes to the
        interests; what those cannot fill stays empty.
        """
        desk, good = case.desk, case.good()
        lifted = case.scores + np.where(good, desk.lifts * np.float32(case.lift), np.float32(0))
        popular = [place for place in desk.popular if place not in case.shut]
        share = min(places_for_all(case.reader.manner.dial, case.limit), len(popular))
        found = self._explored(case, good) if case.limit - share > 1 else None
        room = case.limit if found is None else case.limit - 1
        while True:
            choices = choose(
                lifted,
                case.barred,
                desk.places,
                levels=case.levels,
                limit=room - share,
                twins=case.twins,
                alike=self.desks.ranker(desk).alike,
            )
            if not choices:
                return ()
            shown = {choice.candidate for choice in [*choices, *([found] if found else [])]}
            read = _most_read(popular, with_twins(shown, case.twins), case.twins, share)
            if len(read) == share:
                break
            share = len(read)
        # What is widely read and good enough for an interest is told as a pick for it.
        also = [_choice(case, lifted, good, place) for place in read if good[:, place].any()]
        best = sorted(
            [*choices, *also], key=lambda one: (-round(one.score, 6), desk.places[one.candidate])
        )
        picks = [self._pick(case, one) for one in best]
        dial = case.reader.manner.dial
        picks += [
            _trending(desk, place, case.twins, dial) for place in read if not good[:, place].any()
        ]
        if found is not None:
            picks.append(replace(self._pick(case, found, lifted=False), explores=True))
        return tuple(picks)

    def _explored(self, case: _Case, good: Mask) -> Choice | None:
        """The one outside of the interests, where an edition is large enough for it."""
        if case.limit < LEAST_TO_EXPLORE:
            return None
        above = set(np.flatnonzero(good.any(axis=0)).tolist())
        return explore(
            case.scores,
            with_twins({*case.barred} | excluded(case.scores), case.twins),
            case.desk.places,
            chosen=with_twins(above, case.twins),
            least=self.threshold.least,
            seed=f"{case.reader.name} {case.desk.date}",
        )

    def _pick(self, case: _Case, choice: Choice, *, lifted: bool = True) -> Pick:
        """A choice with its reasons, and what upvotes added to its score."""
        desk, profile = case.desk, case.wanting[choice.interest]
        why = self.desks.ranker(desk).explain(profile, choice.candidate)
        trend = desk.trends.get(choice.candidate)
        lift = float(desk.lifts[choice.candidate]) * case.lift if lifted else 0.0
        votes = trend_reasons(trend, lift) if trend and lift else ()
        return Pick(
            desk.candidates[choice.candidate],
            choice.score,
            profile.interest.name,
            (*why.reasons, *votes),
            why.sentence,
            why.nearest,
            twins=tuple(desk.candidates[twin] for twin in choice.twins),
            trend=trend,
        )


def asks(profile: Profile) -> bool:
    """Whether a profile asks for anything: exclusions and dislikes alone only narrow."""
    liked = any(example.weight > 0 for example in profile.examples)
    return bool(profile.interest.keywords or liked or profile.titles)


def places_for_all(dial: int, limit: int) -> int:
    """How many places of an edition go to what everyone reads.

    The dial's share of them; a half is not rounded up, and while the dial is below 100 one place at
    least stays with the interests.

    Args:
        dial: in percent.
        limit: the places of the edition.
    """
    if dial >= EVERYONE:
        return limit
    return min((dial * limit + EVERYONE // 2 - 1) // EVERYONE, limit - 1)


def _silent(case: _Case) -> tuple[str, ...]:
    """The names of interests for which no open candidate is good enough."""
    shown = np.ones(case.scores.shape[1], dtype=np.bool_)
    shown[list(case.barred)] = False
    met: Mask = np.asarray(case.good()[:, shown].any(axis=1))
    return tuple(p.interest.name for p, found in zip(case.wanting, met, strict=True) if not found)


def _most_read(
    order: Sequence[int], shut: Collection[int], twins: Mapping[int, int], most: int
) -> list[int]:
    """The first open candidates of an order, one of those that say the same."""
    found: list[int] = []
    told: set[int] = set()
    for place in order:
        if len(found) == most:
            break
        group = twins.get(place, place)
        if place not in shut and group not in told:
            told.add(group)
            found.append(place)
    return found


def _choice(case: _Case, lifted: Scores, good: Mask, place: int) -> Choice:
    """A candidate as a choice for the interest that it serves best."""
    reached = np.where(good[:, place], lifted[:, place], -np.inf)
    best = int(reached.argmax())
    return Choice(place, best, float(reached[best]), tuple(others_of(place, case.twins)))


def _trending(desk: Desk, place: int, twins: Mapping[int, int], dial: int | None = None) -> Pick:
    """A pick by upvotes alone; `dial` is the reader's, where that gave it a place."""
    trend = desk.trends.get(place)
    reasons = trend_reasons(trend) if trend else ()
    if dial is not None:
        reasons = (*reasons, Reason(ReasonKind.DIAL, f"{dial} % of the letter", 0.0))
    return Pick(
        desk.candidates[place],
        trend.expected if trend else 0.0,
        None,
        reasons,
        twins=tuple(desk.candidates[twin] for twin in others_of(place, twins)),
        trend=trend,
    )
