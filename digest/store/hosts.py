"""Whose turn it is to ask a host, over all processes that share the database.

A turn is a row's holder and lease; each step is one short transaction, and none spans a request.
Times are those of the database's server, so that the clocks of several machines need not agree;
SQLite has no clock but ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, or_, select, update

from digest.intake.turns import LEASE, LONGEST_HOLD, Answer, Budget, Place, Slot, place
from digest.store.engine import reading, writing
from digest.store.schema_asking import hosts
from digest.store.upserts import insert_new

_IDLE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The book of turns that all processes share (the protocol `Book` of intake).

    Args:
        engine: the database.
        lease: seconds after which the turn of a process that died is over.
        clock: the time (aware), where the database has none.
    """

    engine: Engine
    lease: float = LEASE
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def take(self, budget: Budget, holder: str, most: float) -> Place:
        """Take the turn, to begin in at most `most` seconds, if it can be had."""
        with reading(self.engine) as connection:  # who has to wait needs no turn to write
            row = connection.execute(select(hosts).where(hosts.c.host == budget.name)).one_or_none()
            if row is not None:
                found = self._place(connection, row, budget, most)
                if found.answer is not Answer.TAKEN:
                    return found
        with writing(self.engine) as connection:
            row = self._locked(connection, budget)
            found = self._place(connection, row, budget, most)
            if found.answer is Answer.TAKEN:
                begin = self._now(connection) + timedelta(seconds=found.wait)
                _change(
                    connection,
                    budget,
                    holder=holder,
                    lease=begin + timedelta(seconds=self.lease),
                    free_at=begin + timedelta(seconds=budget.spacing),
                )
            return found

    def renew(self, budget: Budget, holder: str) -> bool:
        """Hold the turn for another lease; False where it is somebody else's by now."""
        with writing(self.engine) as connection:
            if self._locked(connection, budget).holder != holder:
                return False
            lease = self._now(connection) + timedelta(seconds=self.lease)
            _change(connection, budget, lease=lease)
            return True

    def give(self, budget: Budget, holder: str, rest: float) -> None:
        """Give the turn back; the next request may begin in `rest` seconds."""
        with writing(self.engine) as connection:
            if self._locked(connection, budget).holder == holder:
                free = self._now(connection) + timedelta(seconds=rest)
                _change(connection, budget, holder=None, lease=None, free_at=free)

    def hold(self, budget: Budget, seconds: float) -> None:
        """Leave the hosts alone for so long; never shorter than they asked before."""
        with writing(self.engine) as connection:
            row = self._locked(connection, budget)
            now = self._now(connection)
            until = now + timedelta(seconds=min(seconds, LONGEST_HOLD))
            before = _ahead(row.held_until, now)
            if not 0 < before <= LONGEST_HOLD or row.held_until < until:
                _change(connection, budget, held_until=until)

    def _place(self, connection: Connection, row: Row[Any], budget: Budget, most: float) -> Place:
        now = self._now(connection)
        lease = _ahead(row.lease, now) if row.holder else 0.0
        slot = Slot(_ahead(row.free_at, now), lease, _ahead(row.held_until, now))
        return place(slot, most, budget.spacing, self.lease)

    def _locked(self, connection: Connection, budget: Budget) -> Row[Any]:
        """The row of a budget, made if there is none, for this transaction alone."""
        made = connection.execute(insert_new(connection, hosts), {"host": budget.name})
        if made.rowcount == 1:
            self._sweep(connection, budget)
        return connection.execute(
            select(hosts).where(hosts.c.host == budget.name).with_for_update()
        ).one()

    def _sweep(self, connection: Connection, budget: Budget) -> None:
        """Forget hosts that nobody has asked for long, when a new one comes."""
        long_ago = self._now(connection) - _IDLE
        idle = or_(hosts.c.free_at.is_(None), hosts.c.free_at < long_ago)
        held = or_(hosts.c.held_until.is_(None), hosts.c.held_until < long_ago)
        connection.execute(
            delete(hosts).where(idle, held, hosts.c.holder.is_(None), hosts.c.host != budget.name)
        )

    def _now(self, connection: Connection) -> datetime:
        if connection.dialect.name != "postgresql":
            return self.clock()
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)


def _change(connection: Connection, budget: Budget, **values: object) -> None:
    connection.execute(update(hosts).where(hosts.c.host == budget.name).values(values))


def _ahead(moment: datetime | None, now: datetime) -> float:
    """The seconds until a moment; 0.0 where there is none."""
    return 0.0 if moment is None else (moment - now).total_seconds()
