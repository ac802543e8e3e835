"""Readers and their interests; who of them is due, is asked in due.py."""

import logging
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from digest.errors import UsageError
from digest.grammar.interests import format_interest, liked_in, parse_interest
from digest.localtime import local_date, next_due
from digest.model import Interest, Manner, Quiet, Reader, ReaderKind, Schedule
from digest.store import due
from digest.store.engine import Turn, reading, writing
from digest.store.rows import NUMBERS
from digest.store.schema import house, interests, readers
from digest.store.untold import sweep_untold, untold_of

log = logging.getLogger(__name__)

HANDLE_BYTES = 6  # 8 letters
_WHEN = ("minute", "zone", "weekdays", "paused_until")
_WISHES = (*_WHEN, "picks", "dial", "quiet", "abstracts")
_SCHEDULE = (*_WHEN, "active")
_LATELY = 512  # interests that need not be read anew


@dataclass(frozen=True, slots=True)
class Due:
    """A reader and the local date that an edition is for."""

    reader: Reader
    date: date


@dataclass(frozen=True, slots=True)
class Known:
    """A reader whom a link or an address names; one who is not `active` wants no mail.

    `left` is since when.
    """

    reader: Reader
    active: bool
    left: datetime | None = None


@dataclass(frozen=True, slots=True)
class Readers:
    """All readers of the store. Each method is one transaction."""

    engine: Engine

    def save(self, reader: Reader, now: datetime) -> Reader:
        """Store a reader under its name, new or changed; returns it with its number."""
        with writing(self.engine, Turn.SAVE_READER) as connection:
            return store_reader(connection, reader, now)

    def change(self, reader: Reader, now: datetime) -> bool:
        """Store what a reader wants otherwise, unless it left or unsubscribed meanwhile."""
        wishes = {name: _columns(reader)[name] for name in _WISHES}
        with writing(self.engine, Turn.SAVE_READER) as connection:
            its = (readers.c.handle == reader.handle, readers.c.active)
            before = connection.execute(select(readers).where(*its).with_for_update()).first()
            if before is None:
                return False
            if any(getattr(before, name) != wishes[name] for name in _WHEN):
                wishes["rescheduled"] = now
            connection.execute(update(readers).where(*its).values(**wishes))
            _keep_interests(connection, before.id, reader.interests)
            return True

    def rest(self, name: str) -> None:
        """Keep a reader and its history, but make it due no more."""
        with writing(self.engine) as connection:
            connection.execute(update(readers).where(readers.c.name == name).values(active=False))

    def remove(self, handle: str) -> bool:
        """Delete a reader with all that refers to it; returns whether there was one."""
        # Papers must not be joined meanwhile: both would take the same rows, in other orders.
        with writing(self.engine, Turn.PAPERS) as connection:
            untold = untold_of(connection, handle)
            gone = connection.execute(delete(readers).where(readers.c.handle == handle))
            sweep_untold(connection, untold)
            return gone.rowcount > 0

    def find(self, name: str) -> Reader | None:
        """The active reader of this name."""
        known = self.named([name]).get(name)
        return known.reader if known and known.active else None

    def left(self, name: str) -> Reader | None:
        """The reader of this name, if it wants no mail."""
        known = self.named([name]).get(name)
        return known.reader if known and not known.active else None

    def named(self, names: Sequence[str]) -> dict[str, Known]:
        """The readers of these names, by name: those who are active, and who want no mail."""
        with reading(self.engine) as connection:
            rows = connection.execute(_NAMED, {"names": list(names)}).all()
        return {known.reader.name: known for known in _known(rows)}

    def count_left(self) -> int:
        """How many readers want no mail."""
        with reading(self.engine) as connection:
            gone = select(func.count()).where(readers.c.unsubscribed.is_not(None))
            return connection.scalar(gone) or 0

    def by_handle(self, handle: str) -> Reader | None:
        """The active reader whom links name so."""
        known = self.linked(handle)
        return known.reader if known and known.active else None

    def unsubscribed(self, handle: str) -> Reader | None:
        """The reader whom links name so, if it wants no mail."""
        known = self.linked(handle)
        return known.reader if known and not known.active else None

    def linked(self, handle: str) -> Known | None:
        """The reader whom links name so; None for one who is gone, or rests."""
        with reading(self.engine) as connection:
            rows = connection.execute(_LINKED, {"handle": handle}).all()
        return next(_known(rows), None)

    def numbered(self, number: int) -> Known | None:
        """The reader of this number, which stays its own wherever it moves."""
        with reading(self.engine) as connection:
            rows = connection.execute(_NUMBERED, {"number": number}).all()
        return next(_known(rows), None)

    def unsubscribe(self, handle: str, now: datetime) -> bool:
        """Send a reader nothing any more, and keep all else; True where this changed something.

        What waits to be sent is not sent.
        """
        wanting = (readers.c.handle == handle, readers.c.active)
        with writing(self.engine) as connection:
            done = connection.execute(
                update(readers).where(*wanting).values(active=False, unsubscribed=now)
            )
            return done.rowcount > 0

    def resubscribe(self, handle: str, now: datetime) -> bool:
        """Take back an unsubscription; True where this changed something."""
        gone = (readers.c.handle == handle, readers.c.unsubscribed.is_not(None))
        with writing(self.engine) as connection:
            back = {"active": True, "unsubscribed": None, "rescheduled": now}
            return connection.execute(update(readers).where(*gone).values(**back)).rowcount > 0

    def shard(self, after: int = 0, most: int = 1000) -> list[Reader]:
        """Active readers of configuration and store, by number."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(readers)
                .where(due.listed(), readers.c.id > after)
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
                connection.scalar(select(func.count()).select_from(readers).where(due.listed()))
                or 0
            )

    def served(self, now: datetime, on: date | None, most: int = 100) -> list[Due]:
        """The first readers, by number, who have their edition already; see `due`."""
        with reading(self.engine) as connection:
            clocks = due.clocks_of(connection, now)
            if not clocks:
                return []
            query = due.served(clocks, now, on).order_by(readers.c.id).limit(most)
            found = _with_interests(connection, connection.execute(query).all())
        return [Due(reader, on or local_date(reader.schedule.zone, now)) for reader in found]

    def due(self, now: datetime, on: date | None, most: int = 1000) -> list[Due]:
        """The first readers, by number, who should get an edition; see `due_shards`."""
        return next(self.due_shards(now, on, most), [])

    def due_shards(self, now: datetime, on: date | None, most: int) -> Iterator[list[Due]]:
        """All readers who should get an edition, by number; see `localtime.due_date`.

        Args:
            now: the time (aware).
            on: a date asked for by hand; the readers' hours and weekdays do not matter then.
            most: the size of a shard.
        """
        dates = self._dates_due(now, on)
        numbers = sorted(dates)
        for start in range(0, len(numbers), most):
            wanted = readers.c.id.in_(numbers[start : start + most])
            with reading(self.engine) as connection:
                rows = connection.execute(select(readers).where(wanted).order_by("id")).all()
                found = _with_interests(connection, rows)
            if found:
                yield [Due(one, dates[one.row]) for one in found]

    def _dates_due(self, now: datetime, on: date | None) -> dict[int, date]:
        """For which date each reader is due, by number; asked once for all of them."""
        with reading(self.engine) as connection:
            clocks = due.clocks_of(connection, now)
            if not clocks:
                return {}
            query = due.due(clocks, now, on)
            asked = query.with_only_columns(readers.c.id, readers.c.minute, readers.c.zone)
            rows = connection.execute(asked).all()
        return {row.id: on or due.date_due(row.minute, clocks[row.zone]) for row in rows}

    def next_due(self, now: datetime) -> datetime | None:
        """The next moment (aware) from which any reader is due; None where nobody ever is."""
        said = (readers.c.minute, readers.c.zone, readers.c.weekdays, readers.c.paused_until)
        with reading(self.engine) as connection:
            rows = connection.execute(select(*said).where(due.mailed()).distinct()).all()
        moments = (next_due(_schedule(row), now) for row in rows)
        return min((moment for moment in moments if moment is not None), default=None)


def store_reader(connection: Connection, reader: Reader, now: datetime) -> Reader:
    """Store a reader under its name; where several do so at once, each in its turn."""
    values = _columns(reader)
    before = connection.execute(select(readers).where(readers.c.name == reader.name)).first()
    known = before.id if before else None
    if before is None:
        named = values | {"handle": new_handle()} | _number(connection)
        made = connection.execute(insert(readers).values(**named, created=now))
        primary = made.inserted_primary_key
        known = primary[0] if primary else None
    else:
        if any(getattr(before, name) != values[name] for name in _SCHEDULE):
            values["rescheduled"] = now
        connection.execute(update(readers).where(readers.c.id == known).values(**values))
    _keep_interests(connection, known, reader.interests)
    return _with_interests(
        connection, connection.execute(select(readers).where(readers.c.id == known)).all()
    )[0]


def new_handle() -> str:
    """What links name a reader by: 8 random letters."""
    return secrets.token_urlsafe(HANDLE_BYTES)


def _number(connection: Connection) -> dict[str, int]:
    """A number that no reader ever had: who still works for one who left must meet nobody else.

    PostgreSQL sees to that by itself; SQLite would give the last one again.
    """
    if connection.dialect.name != "sqlite":
        return {}
    last = connection.scalar(select(func.max(readers.c.id))) or 0
    number = max(last, connection.scalar(select(house.c.last_reader)) or 0) + 1
    connection.execute(update(house).values(last_reader=number))
    return {"id": number}


def _columns(reader: Reader) -> dict[str, Any]:
    return {
        "name": reader.name,
        "address": reader.address,
        "kind": reader.kind.value,
        "minute": reader.schedule.minute,
        "zone": reader.schedule.zone,
        "weekdays": sum(1 << day for day in reader.schedule.weekdays),
        "paused_until": reader.schedule.paused_until,
        "picks": reader.limit,
        "dial": reader.manner.dial,
        "quiet": reader.manner.quiet.value,
        "abstracts": reader.manner.abstracts,
        "active": True,
        "unsubscribed": None,
    }


def _keep_interests(connection: Connection, reader: int | None, wanted: Sequence[Interest]) -> None:
    """Make a reader's interests exactly these."""
    rows = [
        {
            "reader_id": reader,
            "position": position,
            "name": interest.name,
            "text": format_interest(interest),
        }
        for position, interest in enumerate(wanted)
    ]
    kept = connection.execute(
        select(interests).where(interests.c.reader_id == reader).order_by("position")
    )
    if [dict(row) for row in kept.mappings()] != rows:
        connection.execute(delete(interests).where(interests.c.reader_id == reader))
        if rows:
            connection.execute(insert(interests), rows)


def _with_interests(connection: Connection, rows: Sequence[Row[Any]]) -> list[Reader]:
    found: dict[int, list[Interest]] = {}
    for row in _interest_rows(connection, [row.id for row in rows]):
        if (interest := _parsed(row.reader_id, row.name, row.text)) is not None:
            found.setdefault(row.reader_id, []).append(interest)
    return [_reader(row, tuple(found.get(row.id, ()))) for row in rows]


def _interest_rows(connection: Connection, numbers: Sequence[int]) -> Iterable[Row[Any]]:
    return connection.execute(_INTERESTS, {"numbers": numbers}) if numbers else []


def _known(rows: Iterable[Row[Any]]) -> Iterator[Known]:
    """Readers from rows that hold one interest each, or none."""
    for number, mine in groupby(rows, attrgetter("id")):
        every = list(mine)
        written = [(row.interest, row.text) for row in every if row.interest is not None]
        its = (_parsed(number, name, text) for name, text in written)
        first = every[0]
        reader = _reader(first, tuple(one for one in its if one))
        yield Known(reader, first.active, first.unsubscribed)


def _parsed(number: int, name: str, text: str) -> Interest | None:
    """An interest of a reader, by its row; None for one that another version wrote."""
    try:
        return _interest(name, text)
    except UsageError as error:  # one interest, not everyone's run
        log.error("interest %r of reader %d: %s", name, number, error)
        return None


@lru_cache(maxsize=_LATELY)
def _interest(name: str, text: str) -> Interest:
    """An interest as it was written; whoever looks at one page looks at the next as well."""
    return parse_interest(name, text)


# Made once, as those in rows.py: most pages begin with them.
_KNOWN = (
    select(readers, interests.c.name.label("interest"), interests.c.text)
    .outerjoin(interests, interests.c.reader_id == readers.c.id)
    .where(or_(readers.c.active, readers.c.unsubscribed.is_not(None)))
    .order_by(readers.c.id, interests.c.position)
)
_LINKED = _KNOWN.where(readers.c.handle == bindparam("handle"))
_NUMBERED = _KNOWN.where(readers.c.id == bindparam("number"))
_NAMED = _KNOWN.where(readers.c.name.in_(bindparam("names", expanding=True)))
_INTERESTS = (
    select(interests)
    .where(interests.c.reader_id.in_(NUMBERS))
    .order_by(interests.c.reader_id, interests.c.position)
)


def _reader(row: Row[Any], its: tuple[Interest, ...]) -> Reader:
    return Reader(
        name=row.name,
        address=row.address,
        kind=ReaderKind(row.kind),
        interests=its,
        schedule=_schedule(row),
        limit=row.picks,
        number=row.id,
        handle=row.handle,
        manner=Manner(row.dial, Quiet(row.quiet), row.abstracts),
    )


def _schedule(row: Any) -> Schedule:  # noqa: ANN401 - rows of several shapes
    days = frozenset(day for day in range(7) if row.weekdays & (1 << day))
    return Schedule(row.minute, row.zone, days, row.paused_until)
