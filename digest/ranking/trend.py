"""What everyone reads: the order of papers by their counts."""

from collections.abc import Sequence

from digest.model import COMMENTS, STARS, UPVOTES, Reason, ReasonKind, StoredPaper


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


def trend_reasons(paper: StoredPaper) -> tuple[Reason, ...]:
    """The upvotes, in words, as far as there are any."""
    if not paper.upvotes:
        return ()
    votes = "1 upvote" if paper.upvotes == 1 else f"{paper.upvotes} upvotes"
    return (Reason(ReasonKind.UPVOTES, votes, float(paper.upvotes)),)
