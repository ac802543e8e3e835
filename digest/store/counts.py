"""Counts over time: the upvotes, comments and stars of papers as each source showed them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import Engine, func, select

from digest.model import Signal
from digest.store.engine import reading
from digest.store.rows import chunks
from digest.store.schema import announcements, signals


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of a paper in order of time, by one source, which showed it first at `began`."""

    counts: tuple[Signal, ...]
    began: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """All counts of the store. Each method is one transaction."""

    engine: Engine

    def series(self, numbers: Sequence[int], name: str) -> dict[int, Counted]:
        """The counts of papers, by row: of the source whose last count is largest.

        Args:
            numbers: rows of papers; those never counted are left out.
            name: what is counted.
        """
        found: dict[int, dict[str, list[Signal]]] = {}
        began: dict[tuple[int, str], datetime] = {}
        with reading(self.engine) as connection:
            for chunk in chunks(numbers):
                counted = select(
                    signals.c.paper_id, signals.c.source, signals.c.value, signals.c.observed
                )
                rows = counted.where(
                    signals.c.paper_id.in_(chunk), signals.c.name == name
                ).order_by(signals.c.paper_id, signals.c.source, signals.c.observed)
                for number, source, value, observed in connection.execute(rows):
                    counts = found.setdefault(number, {}).setdefault(source, [])
                    counts.append(Signal(name, value, observed))
                first = (
                    select(
                        announcements.c.paper_id,
                        announcements.c.source,
                        func.min(announcements.c.date),
                    )
                    .where(announcements.c.paper_id.in_(list(found)))
                    .group_by(announcements.c.paper_id, announcements.c.source)
                )
                for number, source, day in connection.execute(first):
                    began[number, source] = datetime.combine(day, time(), UTC)
        return {
            number: _largest(number, by_source.items(), began)
            for number, by_source in found.items()
        }


def _largest(
    number: int,
    series: Iterable[tuple[str, list[Signal]]],
    began: dict[tuple[int, str], datetime],
) -> Counted:
    source, counts = max(series, key=lambda one: one[1][-1].value)
    first = counts[0].observed
    return Counted(tuple(counts), min(began.get((number, source), first), first))
