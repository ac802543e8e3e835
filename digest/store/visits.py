"""Visits: when each source was last asked for a date, what it announced, and what was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, func, select

from digest.store.engine import reading, writing
from digest.store.schema_asking import visits
from digest.store.upserts import upsert


@dataclass(frozen=True, slots=True)
class Visit:
    """One source asked for one date; `retry_at` is when the service wants to be asked again.

    `failures` counts the visits in a row that failed, this one included, whatever their dates.
    """

    source: str
    date: date
    asked: datetime
    complete: bool
    read: int
    announced: int | None = None
    problem: str | None = None
    retry_at: datetime | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Visits:
    """The last visit of each source and date. Each method is one transaction."""

    engine: Engine

    def save(self, visit: Visit) -> None:
        """Remember a visit in place of the one before."""
        values = {name: getattr(visit, name) for name in visits.columns.keys()}  # noqa: SIM118
        with writing(self.engine) as connection:
            connection.execute(upsert(connection, visits).values(**values))

    def last(self, source: str, day: date) -> Visit | None:
        """The last visit of a source for a date."""
        with reading(self.engine) as connection:
            row = connection.execute(
                select(visits).where(visits.c.source == source, visits.c.date == day)
            ).first()
            return Visit(**row._asdict()) if row else None

    def latest(self, source: str) -> Visit | None:
        """The last visit of a source, whatever the date."""
        with reading(self.engine) as connection:
            row = connection.execute(
                select(visits)
                .where(visits.c.source == source)
                .order_by(visits.c.asked.desc(), visits.c.date.desc())
                .limit(1)
            ).first()
            return Visit(**row._asdict()) if row else None

    def last_before(self, source: str, moment: datetime) -> datetime | None:
        """When a source was last asked before a moment (aware), as far as it is known."""
        with reading(self.engine) as connection:
            latest: datetime | None = connection.scalar(
                select(func.max(visits.c.asked)).where(
                    visits.c.source == source, visits.c.asked <= moment
                )
            )
            return latest

    def dates(self, sources: Sequence[str], last: date, most: int) -> list[date]:
        """The latest dates, up to `last`, for which any of these sources was asked."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(visits.c.date)
                .where(visits.c.source.in_(sources), visits.c.date <= last)
                .distinct()
                .order_by(visits.c.date.desc())
                .limit(most)
            )
            return list(rows.scalars())

    def patience(self, source: str) -> datetime | None:
        """The latest time until which a service asked us to wait, whatever the date."""
        with reading(self.engine) as connection:
            latest: datetime | None = connection.scalar(
                select(func.max(visits.c.retry_at)).where(visits.c.source == source)
            )
            return latest

    def of_date(self, day: date) -> tuple[Visit, ...]:
        """The last visit of each source for a date, by source."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(visits).where(visits.c.date == day).order_by(visits.c.source)
            )
            return tuple(Visit(**row._asdict()) for row in rows)
