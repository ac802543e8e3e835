"""What everyone reads: how many upvotes a paper may expect, from those that it has.

Upvotes come fast at first and soon come to rest, so that counts of papers of different ages cannot
be compared as they stand. One score can: the upvotes that a paper may expect in the next three
days. It means the same on every day, and papers of one age are in the order of their counts.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.model import COMMENTS, STARS, UPVOTES, Reason, ReasonKind, Signal, StoredPaper, Trend

HORIZON = 3.0  # days
LEAST_AGE = 0.2  # days: counts of younger papers were too few to learn from
MOST_LIFT = 0.25
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Growth:
    """How upvotes grow: a Gamma-Poisson model (empirical Bayes).

    Upvotes of a paper come as a Poisson process. All papers share the curve
    F(a) = 1 - (1 + a/scale)^-power of their age in days; each has a popularity of its own, drawn
    from a Gamma distribution with shape `prior` and rate `weight`. A paper with n upvotes at age a
    has then the mean popularity (prior + n) / (weight + F(a)): its own speed on the clock of the
    curve, shrunk towards that of all papers as long as little is known of it.
    """

    prior: float
    weight: float
    scale: float
    power: float

    def expected(self, count: float, age: float, first: float, last: float) -> float:
        """The upvotes that come between two ages of a paper.

        Args:
            count: its upvotes so far.
            age: its age when they were counted, in days.
            first: the age from which on they are expected, in days.
            last: the age until which.
        """
        popularity = (self.prior + count) / (self.weight + 1 - self._left(age))
        return popularity * (self._left(first) - self._left(last))

    def _left(self, age: float) -> float:
        """The share of all upvotes that is still to come, 1 - F(age)."""
        left: float = (1 + age / self.scale) ** -self.power
        return left


# By `bin/bench trend --fit`, on counts of before 2026; `bin/bench trend` measures them after that.
GROWTH = Growth(prior=6.6, weight=0.12, scale=0.23, power=0.53)


def trend_of(counts: Sequence[Signal], began: datetime, now: datetime) -> Trend:
    """The trend of a paper: its last count tells, however long ago it was counted.

    Args:
        counts: its upvotes in order of time, at least one.
        began: when its source showed it first (aware): midnight UTC of its page's day.
        now: the time (aware); the time of the last count where that is later.
    """
    last = counts[-1]
    counted = max((last.observed - began) / _DAY, LEAST_AGE)
    age = max((now - began) / _DAY, counted)
    expected = GROWTH.expected(max(last.value, 0), counted, age, age + HORIZON)
    return Trend(expected, tuple(counts), began)


def by_trend(papers: Sequence[StoredPaper], trends: Mapping[int, Trend]) -> list[int]:
    """Places of the papers in order: most upvotes expected, then counted, newest, first stored.

    The same papers give the same order every time.

    Args:
        papers: what is ordered.
        trends: by the place of a paper; those without upvotes have none.
    """

    def order(place: int) -> tuple[float, int, int, int, int, int]:
        paper = papers[place]
        expected = trends[place].expected if place in trends else 0.0
        counts = [-paper.signals.get(name, 0) for name in (UPVOTES, COMMENTS, STARS)]
        day = paper.announced.toordinal() if paper.announced else 0
        return (-expected, counts[0], counts[1], counts[2], -day, paper.number)

    return sorted(range(len(papers)), key=order)


def trend_reasons(trend: Trend, share: float | None = None) -> tuple[Reason, ...]:
    """The upvotes, in words; what is expected is the score unless they add to it (`share`)."""
    count = trend.counts[-1].value
    if not count:
        return ()
    votes = "1 upvote" if count == 1 else f"{count} upvotes"
    return (Reason(ReasonKind.UPVOTES, votes, trend.expected if share is None else share),)


def lifts(trends: Mapping[int, Trend], candidates: int) -> list[float]:
    """What upvotes add to a score at a dial of 100: up to 0.25, for the share of the papers with
    upvotes that may expect fewer.

    It orders papers that fit about as well; it never brings one above the threshold.

    Args:
        trends: by the place of a candidate.
        candidates: how many there are.
    """
    expected = sorted(trend.expected for trend in trends.values())
    return [
        MOST_LIFT * bisect_left(expected, trends[place].expected) / len(expected)
        if place in trends
        else 0.0
        for place in range(candidates)
    ]
