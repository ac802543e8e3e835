"""Counts over time: the upvotes, comments and stars of papers as each source showed them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection, Engine, func, select

from digest.model import Signal
from digest.store.engine import reading
from digest.store.joining import FRESH
from digest.store.rows import chunks
from digest.store.schema import announcements, signals

Series = tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of a paper in order of time, by one source, which showed it first at `began`."""

    counts: Series
    began: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """All counts of the store. Each method is one transaction."""

    engine: Engine

    def curves(self, numbers: Sequence[int], name: str) -> dict[int, Series]:
        """The counts of papers in order of time, by row: of the source whose last is largest.

        Args:
            numbers: rows of papers; those never counted are left out.
            name: what is counted.
        """
        with reading(self.engine) as connection:
            return {
                number: by_source[_leading(by_source)]
                for number, by_source in _counts(connection, numbers, name).items()
            }

    def series(self, numbers: Sequence[int], name: str) -> dict[int, Counted]:
        """The same, with the time at which that source showed each paper first.

        Args:
            numbers: rows of papers; those never counted are left out.
            name: what is counted.
        """
        with reading(self.engine) as connection:
            found = _counts(connection, numbers, name)
            first = _first_shown(connection, list(found))
        series = {}
        for number, by_source in found.items():
            source = _leading(by_source)
            counts = by_source[source]
            earliest = counts[0].observed
            began = min(first.get((number, source), earliest), earliest)
            series[number] = Counted(counts, began)
        return series

    def last_by_date(
        self, source: str, name: str, first: date, last: date
    ) -> dict[date, list[Counted]]:
        """The last count of each paper that a source announced as fresh in a period, by its date.

        Args:
            source: who announced and counted them.
            name: what is counted.
            first: the first date of the period; dates without counts are left out.
            last: the last one.
        """
        observed = func.max(signals.c.observed).label("observed")
        latest = (
            select(announcements.c.date, signals.c.paper_id, observed)
            .join(signals, signals.c.paper_id == announcements.c.paper_id)
            .where(
                announcements.c.source == source,
                announcements.c.kind.in_(FRESH),
                announcements.c.date.between(first, last),
                signals.c.source == source,
                signals.c.name == name,
            )
            .group_by(announcements.c.date, signals.c.paper_id)
            .subquery()
        )
        rows = (
            select(latest.c.date, signals.c.value, signals.c.observed)
            .join(
                signals,
                (signals.c.paper_id == latest.c.paper_id)
                & (signals.c.observed == latest.c.observed),
            )
            .where(signals.c.source == source, signals.c.name == name)
            .order_by(latest.c.date, latest.c.paper_id)
        )
        found: dict[date, list[Counted]] = {}
        with reading(self.engine) as connection:
            for day, value, at in connection.execute(rows):
                counted = Counted((Signal(name, value, at),), _midnight(day))
                found.setdefault(day, []).append(counted)
        return found


def _counts(
    connection: Connection, numbers: Sequence[int], name: str
) -> dict[int, dict[str, Series]]:
    """The counts of papers in order of time, by row and by source."""
    found: dict[int, dict[str, list[Signal]]] = {}
    for chunk in chunks(numbers):
        rows = (
            select(signals.c.paper_id, signals.c.source, signals.c.value, signals.c.observed)
            .where(signals.c.paper_id.in_(chunk), signals.c.name == name)
            .order_by(signals.c.paper_id, signals.c.source, signals.c.observed)
        )
        for number, source, value, observed in connection.execute(rows):
            counts = found.setdefault(number, {}).setdefault(source, [])
            counts.append(Signal(name, value, observed))
    return {
        number: {source: tuple(counts) for source, counts in by_source.items()}
        for number, by_source in found.items()
    }


def _first_shown(connection: Connection, numbers: Sequence[int]) -> dict[tuple[int, str], datetime]:
    """When each source announced papers first, by row and source."""
    found: dict[tuple[int, str], datetime] = {}
    of, who = announcements.c.paper_id, announcements.c.source
    first = select(of, who, func.min(announcements.c.date)).group_by(of, who)
    for chunk in chunks(numbers):
        for number, source, day in connection.execute(first.where(of.in_(chunk))):
            found[number, source] = _midnight(day)
    return found


def _leading(by_source: Mapping[str, Series]) -> str:
    """The source whose last count is largest, the first by name of several."""
    return max(by_source, key=lambda source: by_source[source][-1].value)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
