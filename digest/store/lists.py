"""What lists of papers read: which dates have papers, the order of a period, who announced what."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import (
    CTE,
    ColumnElement,
    Engine,
    ScalarSelect,
    Select,
    exists,
    func,
    literal,
    select,
)

from digest.model import COMMENTS, STARS, UPVOTES, Announcement
from digest.store.engine import reading
from digest.store.joining import FRESH
from digest.store.schema import announcements, papers, signals

_COUNTS = (UPVOTES, COMMENTS, STARS)


@dataclass(frozen=True, slots=True)
class Told:
    """A source that announced a paper on a date, and how."""

    source: str
    date: date
    kind: Announcement


@dataclass(frozen=True, slots=True)
class Lists:
    """Questions of lists. Each method is one transaction that reads."""

    engine: Engine

    def last_day(self, until: date) -> date | None:
        """The latest date up to `until` on which a paper was announced as fresh."""
        return self._day(announcements.c.date <= until, announcements.c.date.desc())

    def first_day(self, since: date) -> date | None:
        """The earliest date from `since` on with a paper announced as fresh."""
        return self._day(announcements.c.date >= since, announcements.c.date)

    def last_upvoted_day(self, first: date, last: date) -> date | None:
        """The latest date of a period with a paper that has upvotes."""
        upvoted = exists().where(
            signals.c.paper_id == announcements.c.paper_id,
            signals.c.name == UPVOTES,
            signals.c.value > 0,
        )
        period = announcements.c.date.between(first, last)
        return self._day(period & upvoted, announcements.c.date.desc())

    def ranked(self, first: date, last: date, most: int) -> list[int]:
        """Rows of the papers announced as fresh in a period, as `by_trend` has them without.

        Most upvotes come first, then comments, stars, the newest, the first stored. Only the
        latest count of each source counts, and the largest of two sources.

        Args:
            first: the first date of the period.
            last: the last one.
            most: at most so many.
        """
        counted = _counted(first, last)
        counts = [counted.c[name] for name in _COUNTS]
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(papers.c.id, *counts)
                .join(counted, counted.c.paper_id == papers.c.id)
                .order_by(
                    *(count.desc() for count in counts), papers.c.announced.desc(), papers.c.id
                )
                .limit(most)
            )
            leading = [number for number, *values in rows if any(values)]
            if len(leading) == most:
                return leading
            others = connection.scalars(
                select(papers.c.id)
                .where(papers.c.id.in_(_within(first, last)), papers.c.id.not_in(leading))
                .order_by(papers.c.announced.desc(), papers.c.id)
                .limit(most - len(leading))
            )
            return [*leading, *others]

    def size(self, first: date, last: date) -> int:
        """How many papers were announced as fresh in a period."""
        with reading(self.engine) as connection:
            within = _within(first, last).subquery()
            return connection.scalar(select(func.count()).select_from(within)) or 0

    def told(self, number: int) -> list[Told]:
        """Who announced a paper, when and how, the earliest first."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(announcements.c.source, announcements.c.date, announcements.c.kind)
                .where(announcements.c.paper_id == number)
                .order_by(announcements.c.date, announcements.c.source)
            )
            return [Told(source, day, Announcement(kind)) for source, day, kind in rows]

    def _day(self, wanted: ColumnElement[bool], order: ColumnElement[date]) -> date | None:
        with reading(self.engine) as connection:
            found: date | None = connection.scalar(
                select(announcements.c.date)
                .where(wanted, announcements.c.kind.in_(FRESH))
                .order_by(order)
                .limit(1)
            )
            return found


def _within(first: date, last: date) -> Select[tuple[int]]:
    """The rows of the papers of a period, each once."""
    return (
        select(announcements.c.paper_id)
        .where(announcements.c.date.between(first, last), announcements.c.kind.in_(FRESH))
        .distinct()
    )


def _counted(first: date, last: date) -> CTE:
    """The latest upvotes, comments and stars of the papers of a period that were counted.

    A source that counts a paper announced it, so that the latest count of each source is found by
    a few looks into an index, however long the series is.
    """
    within = _within(first, last).cte("within")
    # A look for each pair, where PostgreSQL would read all counts of the store for EXISTS.
    counts_it = (
        select(literal(1))
        .where(
            signals.c.paper_id == announcements.c.paper_id,
            signals.c.source == announcements.c.source,
        )
        .limit(1)
        .scalar_subquery()
    )
    by = (
        select(announcements.c.paper_id, announcements.c.source)
        .join(within, within.c.paper_id == announcements.c.paper_id)
        .where(counts_it.is_not(None))
        .distinct()
        .cte("by")
    )
    latest = select(by.c.paper_id, *(_latest(by, name).label(name) for name in _COUNTS)).cte()
    counts = [func.max(func.coalesce(latest.c[name], 0)).label(name) for name in _COUNTS]
    return select(latest.c.paper_id, *counts).group_by(latest.c.paper_id).cte("counted")


def _latest(by: CTE, name: str) -> ScalarSelect[int]:
    """The last count of a paper by a source."""
    return (
        select(signals.c.value)
        .where(
            signals.c.paper_id == by.c.paper_id,
            signals.c.source == by.c.source,
            signals.c.name == name,
        )
        .order_by(signals.c.observed.desc())
        .limit(1)
        .scalar_subquery()
    )
