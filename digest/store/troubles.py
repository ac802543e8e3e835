"""Troubles: what a person should know of, from its first sight until it is over."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select, update

from digest.store.engine import Turn, reading, writing
from digest.store.schema import troubles
from digest.store.upserts import upsert


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that needs a person: what it is about, what is wrong, and when it was seen."""

    topic: str
    text: str
    since: datetime
    last: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Troubles:
    """One row a topic. Each method is one transaction."""

    engine: Engine

    def note(self, topic: str, text: str, now: datetime) -> None:
        """See a trouble, for the first time or again."""
        with writing(self.engine, Turn.TROUBLES) as connection:
            row = connection.execute(select(troubles).where(troubles.c.topic == topic)).first()
            goes_on = row is not None and row.ended is None
            connection.execute(
                upsert(connection, troubles).values(
                    topic=topic,
                    text=text[:2000],
                    since=row.since if row is not None and goes_on else now,
                    last=now,
                    ended=None,
                )
            )

    def end(self, topic: str, now: datetime) -> None:
        """Say that a trouble is over."""
        with writing(self.engine) as connection:
            connection.execute(
                update(troubles)
                .where(troubles.c.topic == topic, troubles.c.ended.is_(None))
                .values(ended=now)
            )

    def open(self) -> list[Trouble]:
        """What is not over, the oldest first."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(troubles).where(troubles.c.ended.is_(None)).order_by(troubles.c.since)
            )
            return [Trouble(**row._asdict()) for row in rows]

    def seen_since(self, moment: datetime) -> list[Trouble]:
        """What was seen after a moment, whether it is over or not."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(troubles).where(troubles.c.last > moment).order_by(troubles.c.since)
            )
            return [Trouble(**row._asdict()) for row in rows]
