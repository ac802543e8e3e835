"""The nouns of an account: what decided for or against a paper, and what would change it."""

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from digest.model import Edition, Pick, Reader, StoredPaper, Threshold, Trend, Vote
from digest.ranking import Explanation
from digest.store.editions import Shown


class Verdict(StrEnum):
    """What became of the paper, or what would."""

    PICKED = "picked"
    TWIN = "twin"  # a pick says the same and stands for it
    NO_CANDIDATE = "no candidate"
    HAD = "had"
    KNOWN = "known"  # liked, voted on, or in a library
    EXCLUDED = "excluded"
    BELOW = "below"  # the threshold of every interest
    CROWDED_OUT = "crowded out"
    LESS_READ = "less read"  # upvotes chose, and others may expect more


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one interest gives the paper.

    `score` is None where it excludes the paper, by `excluded`; `lift` is what upvotes add to it;
    `a_day` is how many papers a day reach `level`, where that is known; `place` counts all
    candidates by this interest. An interest that does not `ask` only excludes.
    """

    name: str
    asks: bool
    score: float | None
    lift: float
    level: float
    a_day: float | None
    place: int | None
    why: Explanation | None
    nearest: str | None
    excluded: tuple[str, ...]

    @property
    def short_of(self) -> float:
        """How far the score is below the level; at most 0 where it is not."""
        return math.inf if self.score is None else self.level - self.score


@dataclass(frozen=True, slots=True)
class Trial:
    """A keyword added to an interest, tried: the score then, and the level that applies then."""

    keyword: str
    interest: str
    score: float
    level: float

    @property
    def reaches(self) -> bool:
        """Whether the paper would be good enough."""
        return self.score >= self.level


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would bring the paper in; each is None, or empty, where it would not.

    `score` and `a_day` are thresholds that it reaches, `has_room` says whether it is picked then;
    `limit` is how many papers an edition must hold, `dial` how much of it must go to what everyone
    reads, in percent.
    """

    score: float | None = None
    a_day: int | None = None
    has_room: bool = False
    limit: int | None = None
    dial: int | None = None
    trials: tuple[Trial, ...] = ()


_NO_REMEDY = Remedy()


@dataclass(frozen=True, slots=True)
class Read:
    """How widely a paper is read: its trend, and its `place` among the `of` papers with upvotes.

    `places` of the edition, at most, go to what everyone reads.
    """

    trend: Trend | None
    place: int | None
    of: int
    places: int


@dataclass(frozen=True, slots=True)
class Account:
    """All that decided for or against a paper, for a reader and a date.

    `window` are the first and last day of announcement of the date's candidates; `shown` the
    editions that had the paper; `counts_for` the interests that learn from it, `origins` the
    libraries that hold it. `place` is its place among all candidates, by its best score or, without
    interests, by upvotes; `read` tells how widely it is read. `pick` is what stands for it in the
    edition of the date, at `position`.
    """

    reader: Reader
    day: date
    paper: StoredPaper
    verdict: Verdict
    threshold: Threshold
    window: tuple[date, date]
    is_candidate: bool
    considered: int
    shown: tuple[Shown, ...]
    votes: tuple[Vote, ...]
    counts_for: tuple[str, ...]
    origins: tuple[str, ...]
    twins: tuple[StoredPaper, ...]
    interests: tuple[Weighed, ...]
    place: int
    read: Read
    edition: Edition | None
    position: int | None
    pick: Pick | None
    remedy: Remedy = _NO_REMEDY
