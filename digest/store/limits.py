"""Limits: how often something may be done in a while, counted by who does it.

The table is bounded: what is over is swept with each count, and where a flood fills it, the counts
that would end first make room.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, and_, case, delete, exists, func, or_, select

from digest.store.engine import Turn, reading, writing
from digest.store.schema import limits
from digest.store.upserts import insert_or_change

MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Limits:
    """One row for each bucket that was used lately. What is counted is one transaction."""

    engine: Engine
    most_rows: int = MOST_ROWS

    def take(self, bucket: str, now: datetime, most: int, per: timedelta) -> bool:
        """Count one more; False, and nothing is counted, where `most` were counted before.

        Args:
            bucket: what is done by whom, in at most 64 characters.
            now: the time (aware).
            most: how many are allowed.
            per: for how long, from the first one on.
        """
        if self._refused(bucket, now, most, per):
            return False
        with writing(self.engine, Turn.LIMITS) as connection:
            connection.execute(delete(limits).where(limits.c.until <= now))
            count = _counted(connection, bucket, now, most, per)
            if count == 1:
                self._make_room(connection)
            return count is not None

    def _refused(self, bucket: str, now: datetime, most: int, per: timedelta) -> bool:
        """Whether there were enough already: a flood is told so without a turn to write."""
        counted = and_(limits.c.bucket == bucket, limits.c.count >= most)
        running = and_(limits.c.until > now, limits.c.until <= now + per)
        with reading(self.engine) as connection:
            return connection.scalar(select(exists().where(counted, running))) or False

    def _make_room(self, connection: Connection) -> None:
        """Give up the counts that would end first, where there are too many."""
        rows = connection.scalar(select(func.count()).select_from(limits)) or 0
        if rows > self.most_rows:
            first = select(limits.c.bucket).order_by(limits.c.until, limits.c.bucket)
            going = first.limit(rows - self.most_rows)
            connection.execute(delete(limits).where(limits.c.bucket.in_(going)))


def _counted(
    connection: Connection, bucket: str, now: datetime, most: int, per: timedelta
) -> int | None:
    """The count with this one; None where there were enough."""
    until = now + per
    anew = limits.c.until > until  # left by a clock that was ahead
    changes = {
        "until": case((anew, until), else_=limits.c.until),
        "count": case((anew, 1), else_=limits.c.count + 1),
    }
    allowed = or_(anew, limits.c.count < most)
    statement = insert_or_change(connection, limits, changes, allowed)
    statement = statement.values(bucket=bucket, until=until, count=1)
    count: int | None = connection.scalar(statement.returning(limits.c.count))
    return count
