"""The breaker of each channel: while it is open nobody tries, and then one mail does for all."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select, update

from digest.store.engine import Turn, reading, writing
from digest.store.schema import channels
from digest.store.upserts import upsert

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30))
LONGEST = max(PAUSES)
TRIAL = timedelta(minutes=3)  # how long one mail may take to find out whether it works again
TOGETHER = timedelta(seconds=30)  # failures of several connections in so short a time are one
MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel stands: `failures` in a row (0: in order), and when it is tried again.

    `lasting` says that waiting will not mend it: a login, a certificate, a sender refused.
    """

    name: str
    failures: int = 0
    since: datetime | None = None
    last: datetime | None = None
    retry_at: datetime | None = None
    problem: str | None = None
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """How many mails may be claimed, and whether that is to try a channel in trouble."""

    most: int
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Channels:
    """The breakers of all channels. Each method is one transaction."""

    engine: Engine

    def state(self, name: str) -> ChannelState:
        """How a channel stands."""
        with reading(self.engine) as connection:
            row = connection.execute(select(channels).where(channels.c.name == name)).first()
            return ChannelState(**row._asdict()) if row else ChannelState(name)

    def trip(self, name: str, problem: str, now: datetime, *, lasting: bool = False) -> datetime:
        """Open the breaker for longer with each failure in a row; returns until when.

        Several connections that fail at the same moment count as one failure.
        """
        with writing(self.engine, Turn.CHANNELS) as connection:
            row = connection.execute(select(channels).where(channels.c.name == name)).first()
            failed = row.failures if row else 0
            if row and failed and now - row.last < TOGETHER:
                until: datetime = row.retry_at
                again = update(channels).where(channels.c.name == name)
                connection.execute(again.values(problem=problem[:500], lasting=lasting, last=now))
                return until
            until = now + PAUSES[min(failed, len(PAUSES) - 1)]
            values = {
                "name": name,
                "failures": failed + 1,
                "since": row.since if row and failed else now,
                "last": now,
                "retry_at": until,
                "problem": problem[:500],
                "lasting": lasting,
            }
            connection.execute(upsert(connection, channels).values(**values))
            return until

    def restore(self, name: str) -> None:
        """Close the breaker: the channel works."""
        with writing(self.engine) as connection:
            connection.execute(
                update(channels)
                .where(channels.c.name == name, channels.c.failures > 0)
                .values(
                    failures=0, since=None, last=None, retry_at=None, problem=None, lasting=False
                )
            )

    def try_now(self, name: str, now: datetime) -> None:
        """Let the next mail find out whether the channel works again."""
        with writing(self.engine) as connection:
            connection.execute(
                update(channels)
                .where(channels.c.name == name, channels.c.failures > 0)
                .values(retry_at=now)
            )


def may_claim(connection: Connection, name: str, now: datetime) -> Leave:
    """How many mails may be claimed: any number, none, or the one that tries the channel."""
    row = connection.execute(
        select(channels).where(channels.c.name == name).with_for_update()
    ).first()
    if row is None or not row.failures:
        return Leave(MANY)
    # A pause longer than any comes from a clock that was ahead.
    if row.retry_at is not None and now < row.retry_at <= now + LONGEST:
        return Leave(0)
    connection.execute(update(channels).where(channels.c.name == name).values(retry_at=now + TRIAL))
    return Leave(1, trial=True)
