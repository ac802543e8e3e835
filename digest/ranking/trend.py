"""What everyone reads: how many upvotes a paper may expect, from those that it has.

A page of votes moves fast at first and soon comes to rest, so that counts of papers of different
ages cannot be compared as they stand. One score can: the upvotes that a paper may expect in the
next three days.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from digest.model import COMMENTS, STARS, UPVOTES, Reason, ReasonKind, Signal, StoredPaper, Trend

MOST_LIFT = 0.25
_DAY = timedelta(days=1)


def trend_of(counts: Sequence[Signal], began: datetime, now: datetime) -> Trend:
    """The trend of a paper.

    Args:
        counts: its upvotes in order of time, at least one.
        began: when its source showed it first (aware).
        now: the time (aware).
    """
    age = max((now - began) / _DAY, 0.1)
    expected = 1.1 * (counts[-1].value + 4) * (1 + age) ** -1.9
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
