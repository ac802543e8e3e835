"""Moves: new addresses that readers asked for, until both mailboxes have agreed.

Whoever moves gets a handle of its own anew: links in letters to the mailbox before are dead then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)

from digest.grammar.address import lookup_key
from digest.model import Message, ReaderKind
from digest.store.deliveries import queue_mails, row_of
from digest.store.engine import Turn, reading, writing
from digest.store.knocks import forget_knocks
from digest.store.readers import new_handle
from digest.store.schema import deliveries, moves, readers
from digest.store.signups import forget_signups
from digest.store.states import Kind
from digest.store.upserts import upsert

TELLS = "-told"  # how labels of mails end that tell what came of a move


class Side(StrEnum):
    """Which mailbox of a move: the one that the letters leave, or the one that they go to."""

    OLD = "o"
    NEW = "n"


@dataclass(frozen=True, slots=True)
class Move:
    """A new address that a reader asked for; `waits`: for mails that are to be made."""

    reader: int
    handle: str
    old: str
    new: str
    nonce: str
    asked: datetime
    waits: bool
    old_agrees: bool
    new_agrees: bool

    @property
    def agreed(self) -> bool:
        """Whether both mailboxes said yes."""
        return self.old_agrees and self.new_agrees


@dataclass(frozen=True, slots=True)
class Moves:
    """All moves that are asked for, at most one a reader. Each method is one transaction."""

    engine: Engine

    def ask(self, handle: str, address: str, nonce: str, now: datetime) -> bool:
        """Keep what a reader asks for in place of what it asked before; False: the reader left."""
        with writing(self.engine) as connection:
            its = select(readers.c.id).where(readers.c.handle == handle, readers.c.active)
            reader = connection.scalar(its.with_for_update(read=True))
            if reader is None:
                return False
            row = {"reader_id": reader, "address": address, "nonce": nonce, "asked": now}
            fresh = {"waits": True, "old_agrees": False, "new_agrees": False}
            connection.execute(upsert(connection, moves).values(**row, **fresh))
            return True

    def of(self, handle: str) -> Move | None:
        """What a reader asked for."""
        return self._one(_OF, handle)

    def by_nonce(self, nonce: str) -> Move | None:
        """The move that links name so."""
        return self._one(_BY_NONCE, nonce)

    def agree(self, nonce: str, side: Side) -> bool:
        """Note that a mailbox agrees; where both have, the move waits to be carried out."""
        mine, other = _SIDES[side]
        both = case((other, True), else_=moves.c.waits)
        with writing(self.engine) as connection:
            done = connection.execute(
                update(moves)
                .where(moves.c.nonce == nonce)
                .values({mine: True, moves.c.waits: both})
            )
            return done.rowcount > 0

    def drop(self, nonce: str) -> bool:
        """Forget a move; its links are dead."""
        with writing(self.engine) as connection:
            gone = connection.execute(delete(moves).where(moves.c.nonce == nonce))
            return gone.rowcount > 0

    def sweep(self, before: datetime) -> int:
        """Forget what was asked for before a moment; returns how many moves."""
        old = moves.c.asked < before
        with reading(self.engine) as connection:
            if connection.scalar(select(moves.c.reader_id).where(old).limit(1)) is None:
                return 0
        with writing(self.engine) as connection:
            return connection.execute(delete(moves).where(old)).rowcount

    def waiting(self, after: int = 0, most: int = 1000) -> list[Move]:
        """Moves whose mails are to be made, or that both agreed to, by the reader's number."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                _MOVES.where(moves.c.waits, readers.c.active, moves.c.reader_id > after)
                .order_by(moves.c.reader_id)
                .limit(most)
            )
            return [_move(row) for row in rows]

    def mailed(
        self,
        made: Sequence[tuple[Move, Sequence[Message]]],
        channel: str,
        day: date,
        now: datetime,
        deadline: datetime,
    ) -> int:
        """Queue the mails that ask both mailboxes; returns how many moves they are for.

        Moves that were dropped, or asked for anew, meanwhile are passed over.
        """
        with writing(self.engine) as connection:
            still = connection.scalars(
                update(moves)
                .where(moves.c.nonce.in_([move.nonce for move, _ in made]), moves.c.waits)
                .values(waits=moves.c.old_agrees & moves.c.new_agrees)
                .returning(moves.c.nonce)
            ).all()
            for move, messages in made:
                if move.nonce in still:
                    for message in messages:
                        row = row_of(message, Kind.MOVE, day, channel, now, deadline)
                        queue_mails(connection, [(message, row)])
            return len(still)

    def carry_out(
        self,
        move: Move,
        told: Mapping[bool, Message],
        channel: str,
        day: date,
        now: datetime,
        deadline: datetime,
    ) -> bool | None:
        """Give a reader the address that both mailboxes agreed to, and queue what tells of it.

        It gets another handle, too.

        Args:
            move: what was agreed to.
            told: the mails that tell whether the reader moved, or somebody else has the address.
            channel: the channel that they leave by.
            day: their date.
            now: the time (aware).
            deadline: until when they are worth sending (aware).

        Returns:
            whether the reader moved; None where the move was dropped meanwhile.
        """
        with writing(self.engine, Turn.SAVE_READER) as connection:
            _hold(connection, move.handle)
            its = (moves.c.nonce == move.nonce, moves.c.old_agrees, moves.c.new_agrees)
            if not connection.execute(delete(moves).where(*its)).rowcount:
                return None
            free = not _taken(connection, move.new, move.handle)
            message = told[free]
            row = row_of(message, Kind.MOVE, day, channel, now, deadline)
            queue_mails(connection, [(message, row)])
            if free:
                _rename(connection, move.handle, move.new)
            return free

    def forget(self, handle: str) -> None:
        """Forget what a reader asked for, with all mails that were ever made of it."""
        number = select(readers.c.id).where(readers.c.handle == handle).scalar_subquery()
        with writing(self.engine) as connection:
            connection.execute(delete(moves).where(moves.c.reader_id == number))
            connection.execute(delete(deliveries).where(_mails(handle)))

    def set_address(self, handle: str, address: str) -> bool:
        """Give a reader another address without asking its mailboxes; False: somebody has it."""
        with writing(self.engine, Turn.SAVE_READER) as connection:
            if _taken(connection, address, handle):
                return False
            number = _hold(connection, handle)
            connection.execute(delete(moves).where(moves.c.reader_id == number))
            _rename(connection, handle, address)
            return True

    def _one(self, query: Select[Any], named: str) -> Move | None:
        with reading(self.engine) as connection:
            row = connection.execute(query, {"named": named}).first()
            return _move(row) if row else None


_SIDES = {
    Side.OLD: (moves.c.old_agrees, moves.c.new_agrees),
    Side.NEW: (moves.c.new_agrees, moves.c.old_agrees),
}
_MOVES = select(moves, readers.c.handle, readers.c.address.label("old")).join(
    readers, readers.c.id == moves.c.reader_id
)
_OF = _MOVES.where(readers.c.handle == bindparam("named"), readers.c.active)
_BY_NONCE = _MOVES.where(moves.c.nonce == bindparam("named"), readers.c.active)


def _hold(connection: Connection, handle: str) -> int | None:
    """A reader's number; it is taken before its move, as where a reader is removed."""
    its = select(readers.c.id).where(readers.c.handle == handle)
    number: int | None = connection.scalar(its.with_for_update())
    return number


def _taken(connection: Connection, address: str, handle: str) -> bool:
    """Whether an address is another reader's, be it one who unsubscribed."""
    key = lookup_key(address)
    person = ReaderKind.CONFIG.value  # the name of the person of the configuration
    rows = connection.execute(
        select(readers.c.name, readers.c.address).where(
            readers.c.handle != handle, readers.c.name.in_((key, person))
        )
    )
    return any(row.name == key or lookup_key(row.address) == key for row in rows)


def _rename(connection: Connection, handle: str, address: str) -> None:
    """Give a reader another address and handle; of the mailbox before, nothing is kept.

    A mail that told of a move goes on to be found by the reader's handle.
    """
    its = (readers.c.handle == handle, readers.c.kind == ReaderKind.SAVED.value)
    before = connection.scalar(select(readers.c.address).where(*its))
    if before is None:
        return
    fresh, name = new_handle(), lookup_key(address)
    values = {"name": name, "address": address, "handle": fresh}
    connection.execute(
        update(readers).where(*its).values(**values, bounces=0, bounced=None, suppressed=None)
    )
    forget_signups(connection, before)
    forget_knocks(connection, before)
    label = deliveries.c.label
    connection.execute(delete(deliveries).where(_mails(handle), ~label.endswith(TELLS)))
    connection.execute(
        update(deliveries).where(_mails(handle)).values(label=func.replace(label, handle, fresh))
    )


def _mails(handle: str) -> ColumnElement[bool]:
    """The mails that were made of a reader's moves, as their labels say."""
    return and_(
        deliveries.c.reader_id.is_(None),
        deliveries.c.kind == Kind.MOVE.value,
        deliveries.c.label.contains(handle, autoescape=True),
    )


def _move(row: Row[Any]) -> Move:
    return Move(
        row.reader_id,
        row.handle,
        row.old,
        row.address,
        row.nonce,
        row.asked,
        row.waits,
        row.old_agrees,
        row.new_agrees,
    )
