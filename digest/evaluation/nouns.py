"""The nouns of a replay: what is compared, what was asked, what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from digest.evaluation.measures import Mean, chance_of, mean, ndcg
from digest.model import Reader

LEAST_DATES = 10  # a mean of fewer hangs on one or two of them


@dataclass(frozen=True, slots=True)
class Variant:
    """A reader as it is or as it would be after a change, and how its papers are ranked."""

    reader: Reader
    ranker: str


@dataclass(frozen=True, slots=True)
class Question:
    """One date: papers announced from `since` to `day`, and those of them that were voted on."""

    since: date
    day: date
    liked: frozenset[int]
    disliked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Votes:
    """How many papers were voted on in all, and how many of those liked stand on no date.

    Those are announced outside of the dates that were asked for, not at all, or after the vote, or
    were in the reader's library before.
    """

    liked: int
    disliked: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The edition of one variant: the papers in order, and the places from 1 of liked ones."""

    papers: tuple[int, ...]
    found: tuple[int, ...]
    disliked: int

    def ndcg(self, liked: int) -> float:
        """nDCG@10 where so many papers were to be found."""
        return ndcg(self.found, liked)


@dataclass(frozen=True, slots=True)
class Replayed:
    """One date with the edition of each variant, in their order; `considered` were candidates.

    `keys` are those of the papers that were shown or liked, by row: as they were then, since others
    may join papers meanwhile.
    """

    question: Question
    considered: int
    shown: tuple[Shown, ...]
    keys: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure, a mean over dates: today's, the change's, and the mean of the differences."""

    name: str
    today: Mean
    change: Mean | None = None
    difference: Mean | None = None


class Verdict(StrEnum):
    """What can be told."""

    TOO_FEW = "too few"  # dates with a liked paper
    ALONE = "alone"  # there is nothing to compare with
    SAME = "same"  # all editions hold the same papers in the same order
    BETTER = "better"
    WORSE = "worse"
    OPEN = "open"  # the difference may well be chance


@dataclass(frozen=True)
class Evaluation:
    """Past dates replayed for one reader: today's settings and, where one was named, a change.

    `asked` are all dates of the reader's schedule from `first` to `last`; those `replayed`, oldest
    first, had a liked paper. `unknown` are keys of papers that the change likes and nobody stored.
    """

    today: Variant
    change: Variant | None
    first: date
    last: date
    asked: int
    votes: Votes
    replayed: tuple[Replayed, ...]
    unknown: tuple[str, ...] = ()

    @property
    def liked(self) -> int:
        """How many liked papers stand on these dates."""
        return sum(len(one.question.liked) for one in self.replayed)

    @property
    def disliked(self) -> int:
        """How many disliked papers stand on these dates."""
        return sum(len(one.question.disliked) for one in self.replayed)

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """All measures, the deciding one first; none without a date."""
        if not self.replayed:
            return ()
        return tuple(self._figure(name, measure) for name, measure in _MEASURES.items())

    @property
    def differences(self) -> tuple[float, ...]:
        """What the change does to nDCG@10, by date; none without a change."""
        if self.change is None:
            return ()
        return tuple(_ndcg(one, one.shown[1]) - _ndcg(one, one.shown[0]) for one in self.replayed)

    @cached_property
    def chance(self) -> float | None:
        """In which share of cases chance alone makes such a difference; None without a change."""
        return chance_of(self.differences) if self.change and self.replayed else None

    def _figure(self, name: str, measure: "_Measure") -> Figure:
        before = [measure(one, one.shown[0]) for one in self.replayed]
        if self.change is None:
            return Figure(name, mean(before))
        after = [measure(one, one.shown[1]) for one in self.replayed]
        apart = [new - old for new, old in zip(after, before, strict=True)]
        return Figure(name, mean(before), mean(after), mean(apart))


_Measure = Callable[[Replayed, Shown], float]


def _ndcg(one: Replayed, shown: Shown) -> float:
    return shown.ndcg(len(one.question.liked))


_MEASURES: dict[str, _Measure] = {
    "ndcg@10": _ndcg,
    "hit_rate": lambda _, shown: float(bool(shown.found)),
    "picks": lambda _, shown: float(len(shown.papers)),
    "disliked": lambda _, shown: float(shown.disliked),
}
