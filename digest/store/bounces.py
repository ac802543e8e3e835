"""Points of mailboxes that refuse: at most one a day; enough of them end the mails."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select, update

from digest.store.engine import reading, writing
from digest.store.schema import readers
from digest.store.states import Step

ENOUGH = 5
STALE = timedelta(days=7)  # after so long without a point the count begins anew


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A reader who gets no mail, because the mailbox refused it on so many days."""

    name: str
    address: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Bounces:
    """What is known of mailboxes that refuse. Each method is one transaction."""

    engine: Engine

    def suppressed(self, most: int = 100) -> list[Suppressed]:
        """Readers who get no mail, the newest first."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(readers.c.name, readers.c.address, readers.c.suppressed)
                .where(readers.c.active, readers.c.suppressed.is_not(None))
                .order_by(readers.c.suppressed.desc())
                .limit(most)
            )
            return [Suppressed(*row) for row in rows]

    def forgive(self, name: str) -> bool:
        """Take all points back, and mail the reader again; False for an unknown reader."""
        with writing(self.engine) as connection:
            done = connection.execute(
                update(readers)
                .where(readers.c.name == name)
                .values(bounces=0, bounced=None, suppressed=None)
            )
            return done.rowcount > 0


def give_point(connection: Connection, step: Step, now: datetime) -> None:
    """One point for a refusal, unless the day had one; the last one suppresses the reader."""
    reader, day = step.claim.reader, step.bounced
    if reader is None or day is None:
        return
    row = connection.execute(
        select(readers.c.bounces, readers.c.bounced, readers.c.suppressed)
        .where(readers.c.id == reader)
        .with_for_update()
    ).first()
    if row is None or row.bounced == day:
        return
    fresh = row.bounced is not None and day - row.bounced <= STALE
    points = row.bounces + 1 if fresh else 1
    since = row.suppressed or (now if points >= ENOUGH else None)
    connection.execute(
        update(readers)
        .where(readers.c.id == reader)
        .values(bounces=points, bounced=day, suppressed=since)
    )
