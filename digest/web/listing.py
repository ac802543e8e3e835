"""The list of a day, a week or a month: its papers by upvotes, and where to go from there."""

from dataclasses import dataclass
from datetime import date, timedelta

from digest.model import UPVOTES
from digest.store import Store
from digest.web.papers import OPENING, PaperView, page_of
from digest.web.periods import Period, Span, period_of

MOST_PAPERS = 1000  # of a period
_DAYS_TO_UPVOTES = 7  # how far back the front page looks for papers that somebody upvoted
_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sheet:
    """How much a page holds: papers, and characters of each abstract."""

    papers: int
    opening: int


FULL = Sheet(50, OPENING)
BRIEF = Sheet(25, 160)  # a week or a month is skimmed, in about ten screens of a phone


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a period; `before` and `after` are the nearest periods that have papers.

    `day` is the latest date of the period that has papers, or its first; `start` is the number of
    the page's first paper.
    """

    period: Period
    day: date
    before: Period | None
    after: Period | None
    papers: tuple[PaperView, ...]
    size: int
    start: int
    page: int
    pages: int

    @property
    def spans(self) -> tuple[Period, ...]:
        """The day, the week and the month of the period's latest date."""
        return tuple(period_of(span, self.day) for span in Span)

    @property
    def words(self) -> str:
        """How many papers the period has."""
        return f"{self.size:,} new paper{'' if self.size == 1 else 's'}, the most upvoted first"


def latest_day(store: Store, today: date) -> date | None:
    """The date that the front page is of: the latest with upvotes, or else the latest.

    arXiv is told of in the night, and upvotes come by day: a list that nobody has read yet is in
    no order.

    Args:
        store: where papers are.
        today: the date in UTC; a date may be a day ahead of it.
    """
    latest = store.lists.last_day(today + _ONE)
    if latest is None:
        return None
    return store.lists.last_upvoted_day(latest - _DAYS_TO_UPVOTES * _ONE, latest) or latest


def list_period(store: Store, period: Period, page: int, sheet: Sheet) -> Listing | None:
    """A page of a period; None where there is no such page.

    Args:
        store: where papers are.
        period: whose papers.
        page: from 1 on.
        sheet: how much the page holds.
    """
    first, last = period.first, period.last
    size = store.lists.size(first, last)
    pages = max(1, -(-min(size, MOST_PAPERS) // sheet.papers))
    if not 1 <= page <= pages:
        return None
    start = (page - 1) * sheet.papers
    numbers = store.lists.ranked(first, last, start + sheet.papers)[start:]
    stored = store.papers.by_numbers(numbers)
    series = store.counts.curves(numbers, UPVOTES)
    before = store.lists.last_day(first - _ONE)
    after = store.lists.first_day(last + _ONE)
    return Listing(
        period=period,
        day=max(first, store.lists.last_day(last) or first),
        before=_around(period.span, before),
        after=_around(period.span, after),
        papers=page_of([stored[n] for n in numbers if n in stored], series, opening=sheet.opening),
        size=size,
        start=start + 1,
        page=page,
        pages=pages,
    )


def _around(span: Span, day: date | None) -> Period | None:
    return period_of(span, day) if day else None
