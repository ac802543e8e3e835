"""Readers, their interests, and the question of the day: who is due?"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from digest.errors import UsageError
from digest.grammar.interests import format_interest, liked_in, parse_interest
from digest.model import Interest, Reader, ReaderKind, Schedule
from digest.store.engine import Turn, reading, writing
from digest.store.schema import editions, interests, readers

log = logging.getLogger(__name__)

DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Due:
    """A reader and the local date that an edition is for."""

    reader: Reader
    date: date


@dataclass(frozen=True, slots=True)
class Readers:
    """All readers of the store. Each method is one transaction."""

    engine: Engine

    def save(self, reader: Reader, now: datetime) -> Reader:
        """Store a reader under its name, new or changed; returns it with its number."""
        with writing(self.engine, Turn.SAVE_READER) as connection:
            known = connection.scalar(select(readers.c.id).where(readers.c.name == reader.name))
            values = _columns(reader)
            if known is None:
                made = connection.execute(insert(readers).values(**values, created=now))
                primary = made.inserted_primary_key
                known = primary[0] if primary else None
            else:
                connection.execute(update(readers).where(readers.c.id == known).values(**values))
            rows = [
                {
                    "reader_id": known,
                    "position": position,
                    "name": interest.name,
                    "text": format_interest(interest),
                }
                for position, interest in enumerate(reader.interests)
            ]
            kept = connection.execute(
                select(interests).where(interests.c.reader_id == known).order_by("position")
            )
            if [dict(row) for row in kept.mappings()] != rows:
                connection.execute(delete(interests).where(interests.c.reader_id == known))
                if rows:
                    connection.execute(insert(interests), rows)
            return _with_interests(
                connection, connection.execute(select(readers).where(readers.c.id == known)).all()
            )[0]

    def rest(self, name: str) -> None:
        """Keep a reader and its history, but make it due no more."""
        with writing(self.engine) as connection:
            connection.execute(update(readers).where(readers.c.name == name).values(active=False))

    def remove(self, name: str) -> bool:
        """Delete a reader with all that refers to it; returns whether there was one."""
        # Papers must not be joined meanwhile: both would take the same rows, in other orders.
        with writing(self.engine, Turn.PAPERS) as connection:
            gone = connection.execute(delete(readers).where(readers.c.name == name))
            return gone.rowcount > 0

    def find(self, name: str) -> Reader | None:
        """The active reader of this name."""
        with reading(self.engine) as connection:
            named = select(readers).where(readers.c.name == name, readers.c.active)
            rows = connection.execute(named).all()
            found = _with_interests(connection, rows)
            return found[0] if found else None

    def shard(self, after: int = 0, most: int = 1000) -> list[Reader]:
        """Active readers of configuration and store, by number."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(readers)
                .where(_listed(), readers.c.id > after)
                .order_by(readers.c.id)
                .limit(most)
            ).all()
            return _with_interests(connection, rows)

    def liked_keys(self) -> frozenset[str]:
        """Every paper that an active reader's interests name with `like:`."""
        with reading(self.engine) as connection:
            texts = connection.scalars(
                select(interests.c.text)
                .join(readers, readers.c.id == interests.c.reader_id)
                .where(readers.c.active, interests.c.text.contains("like:"))
            )
            return frozenset(key for text in texts for key in liked_in(text))

    def count(self) -> int:
        """How many active readers of configuration and store there are."""
        with reading(self.engine) as connection:
            return (
                connection.scalar(select(func.count()).select_from(readers).where(_listed())) or 0
            )

    def served(self, now: datetime, on: date | None, most: int = 100) -> list[Due]:
        """The first readers, by number, who have their edition already; see `due`."""
        with reading(self.engine) as connection:
            if on is None:
                zones = _zones_by_minute(connection, now)
                has = or_(
                    false(),
                    *(and_(readers.c.zone.in_(z), _has_edition(d)) for (d, _), z in zones.items()),
                )
            else:
                has = _has_edition(on)
            query = select(readers).where(_listed(), has).order_by(readers.c.id).limit(most)
            found = _with_interests(connection, connection.execute(query).all())
        return [Due(reader, on or local_date(reader.schedule.zone, now)) for reader in found]

    def due(self, now: datetime, on: date | None, after: int = 0, most: int = 1000) -> list[Due]:
        """The next readers, by number, who should get an edition.

        Args:
            now: the time (aware).
            on: a date asked for by hand; the readers' hours and weekdays do not matter then.
            after: the number behind which to go on.
            most: the size of a shard.
        """
        with reading(self.engine) as connection:
            query = select(readers).where(readers.c.id > after, _listed())
            if on is None:
                query = query.where(or_(false(), *_local_moments(connection, now)))
            else:
                query = query.where(~_has_edition(on))
            rows = connection.execute(query.order_by(readers.c.id).limit(most)).all()
            found = _with_interests(connection, rows)
        return [Due(reader, on or local_date(reader.schedule.zone, now)) for reader in found]


def local_date(zone: str, now: datetime) -> date:
    """The date that it is in a zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def _listed() -> ColumnElement[bool]:
    return and_(readers.c.active, readers.c.kind != ReaderKind.UNSAVED.value)


def _has_edition(day: date) -> ColumnElement[bool]:
    return (
        select(1)
        .where(
            editions.c.reader_id == readers.c.id,
            editions.c.date == day,
            editions.c.kind == DAILY,
        )
        .exists()
    )


def _zones_by_minute(connection: Connection, now: datetime) -> dict[tuple[date, int], list[str]]:
    """The readers' zones, by the local date and minute that it is there."""
    zones = connection.scalars(select(readers.c.zone).where(_listed()).distinct())
    found: dict[tuple[date, int], list[str]] = {}
    for zone in zones:
        local = now.astimezone(ZoneInfo(zone))
        found.setdefault((local.date(), local.hour * 60 + local.minute), []).append(zone)
    return found


def _local_moments(connection: Connection, now: datetime) -> list[ColumnElement[bool]]:
    """One condition for all zones in which it is the same local minute."""
    return [
        and_(
            readers.c.zone.in_(zones),
            readers.c.minute <= minute,
            readers.c.weekdays.bitwise_and(1 << day.weekday()) != 0,
            ~_has_edition(day),
        )
        for (day, minute), zones in _zones_by_minute(connection, now).items()
    ]


def _columns(reader: Reader) -> dict[str, Any]:
    return {
        "name": reader.name,
        "address": reader.address,
        "kind": reader.kind.value,
        "minute": reader.schedule.minute,
        "zone": reader.schedule.zone,
        "weekdays": sum(1 << day for day in reader.schedule.weekdays),
        "picks": reader.limit,
        "active": True,
    }


def _with_interests(connection: Connection, rows: Sequence[Row[Any]]) -> list[Reader]:
    found: dict[int, list[Interest]] = {}
    for row in _interest_rows(connection, [row.id for row in rows]):
        try:
            found.setdefault(row.reader_id, []).append(parse_interest(row.name, row.text))
        except UsageError as error:  # written by another version; one interest, not everyone's run
            log.error("interest %r of reader %d: %s", row.name, row.reader_id, error)
    return [_reader(row, tuple(found.get(row.id, ()))) for row in rows]


def _interest_rows(connection: Connection, numbers: Sequence[int]) -> Iterable[Row[Any]]:
    if not numbers:
        return []
    wanted = interests.c.reader_id.in_(numbers)
    return connection.execute(select(interests).where(wanted).order_by("reader_id", "position"))


def _reader(row: Row[Any], its: tuple[Interest, ...]) -> Reader:
    days = frozenset(day for day in range(7) if row.weekdays & (1 << day))
    return Reader(
        name=row.name,
        address=row.address,
        kind=ReaderKind(row.kind),
        interests=its,
        schedule=Schedule(row.minute, row.zone, days),
        limit=row.picks,
        number=row.id,
    )
