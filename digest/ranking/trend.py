"""What everyone reads: the order of papers by their counts."""

from bisect import bisect_left
from collections.abc import Sequence

from digest.model import COMMENTS, STARS, UPVOTES, Reason, ReasonKind, StoredPaper

MOST_LIFT = 0.05


def by_upvotes(papers: Sequence[StoredPaper]) -> list[int]:
    """Places of the papers in order: most upvotes, then comments, stars, newest, first stored.

    The same papers give the same order every time.
    """

    def order(place: int) -> tuple[int, int, int, int, int]:
        paper = papers[place]
        counts = [-paper.signals.get(name, 0) for name in (UPVOTES, COMMENTS, STARS)]
        day = paper.announced.toordinal() if paper.announced else 0
        return (counts[0], counts[1], counts[2], -day, paper.number)

    return sorted(range(len(papers)), key=order)


def trend_score(paper: StoredPaper) -> float:
    """The score of a pick that upvotes chose: their number."""
    return float(paper.upvotes or 0)


def trend_reasons(paper: StoredPaper, share: float | None = None) -> tuple[Reason, ...]:
    """The upvotes, in words, as far as there are any; they are the score unless they add to it."""
    if not paper.upvotes:
        return ()
    votes = "1 upvote" if paper.upvotes == 1 else f"{paper.upvotes} upvotes"
    return (Reason(ReasonKind.UPVOTES, votes, paper.upvotes if share is None else share),)


def lifts(papers: Sequence[StoredPaper]) -> list[float]:
    """What upvotes add to a score: up to 0.05, for the share of upvoted papers that have fewer.

    It orders papers that fit about as well; it never brings one above the threshold.
    """
    votes = sorted(paper.upvotes for paper in papers if paper.upvotes)
    return [
        MOST_LIFT * bisect_left(votes, paper.upvotes) / len(votes) if paper.upvotes else 0.0
        for paper in papers
    ]
