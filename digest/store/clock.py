"""The latest time that a run has seen: what a clock that was set back is known by."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, or_, select, update

from digest.errors import ClockError
from digest.store.engine import reading, writing
from digest.store.schema import channels, deliveries, house, library_visits
from digest.store.schema_asking import visits

MOST_BEHIND = timedelta(minutes=10)  # so much may the clocks of several machines differ


@dataclass(frozen=True, slots=True)
class Clock:
    """The high-water mark of time."""

    engine: Engine

    def seen(self) -> datetime | None:
        """The latest time that a run has seen; None before the first."""
        with reading(self.engine) as connection:
            seen: datetime | None = connection.scalar(select(house.c.seen))
            return seen

    def keep(self, now: datetime) -> None:
        """Remember a time, unless it lies behind the latest: by such a clock nothing is done.

        Raises:
            ClockError: where it is more than ten minutes behind.
        """
        seen = self.seen()
        if seen is not None and seen - now > MOST_BEHIND:
            raise ClockError(now, seen)
        self.advance(now)

    def advance(self, now: datetime) -> None:
        """Remember a time, if it is later than all before."""
        with writing(self.engine) as connection:
            connection.execute(
                update(house)
                .where(or_(house.c.seen.is_(None), house.c.seen < now))
                .values(seen=now)
            )

    def reset(self, now: datetime) -> None:
        """Take this time for right, whatever was seen before; nothing waits for the other time."""
        ahead = now + MOST_BEHIND
        with writing(self.engine) as connection:
            connection.execute(update(house).values(seen=now))
            for table, column in (
                (deliveries, deliveries.c.not_before),
                (deliveries, deliveries.c.lease_until),
                (channels, channels.c.retry_at),
                (visits, visits.c.asked),
                (visits, visits.c.retry_at),
                (library_visits, library_visits.c.asked),
                (library_visits, library_visits.c.retry_at),
            ):
                connection.execute(update(table).where(column > ahead).values({column: now}))
