"""Deliveries: the queue of mails, each with what became of it.

    queued ──claim──▶ sending ──▶ sent | failed | uncertain
       ▲                 │
       └──── refused for now, or the channel was down before the mail was handed over

Whatever is found in `sending` after its lease has ended was cut off while it was handed over:
nobody can know whether it arrived. It becomes `uncertain` and is never sent again by itself,
except where the channel can take the same mail twice without harm (a folder).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, CursorResult, Engine, func, select, update

from digest.model import Message
from digest.store.engine import reading, writing
from digest.store.schema import deliveries

LEASE = timedelta(minutes=10)  # longer than the slowest dialogue with a mail server


class State(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this process, and no other, may hand over now; `token` proves it."""

    number: int
    token: str
    attempts: int
    message: Message


@dataclass(frozen=True, slots=True)
class Delayed:
    """Mails that have not left yet.

    `count` were tried and wait for `next_try`; `under_way` are being sent by another process, or
    were cut off while they were and wait for the end of their lease.
    """

    count: int
    under_way: int
    next_try: datetime | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Deliveries:
    """All deliveries of the store. Each method is one transaction."""

    engine: Engine

    def waiting(self, channel: str, now: datetime) -> int:
        """How many of a channel's mails may be sent now."""
        with reading(self.engine) as connection:
            return (
                connection.scalar(
                    select(func.count()).select_from(deliveries).where(*_ready(channel, now))
                )
                or 0
            )

    def delayed(self, channel: str, now: datetime) -> Delayed | None:
        """A channel's mails that were tried in vain or are in other hands, if there are any."""
        tried = (deliveries.c.state == State.QUEUED.value) & (deliveries.c.not_before > now)
        with reading(self.engine) as connection:
            count, next_try, answer = connection.execute(
                select(
                    func.count(), func.min(deliveries.c.not_before), func.max(deliveries.c.answer)
                ).where(deliveries.c.channel == channel, tried)
            ).one()
            under_way = connection.scalar(
                select(func.count())
                .select_from(deliveries)
                .where(deliveries.c.channel == channel, deliveries.c.state == State.SENDING.value)
            )
        return Delayed(count, under_way or 0, next_try, answer) if count or under_way else None

    def claim(self, channel: str, now: datetime) -> Claim | None:
        """Take a channel's oldest mail that may be sent; it is in `sending` when this returns."""
        token = secrets.token_hex(16)
        with writing(self.engine) as connection:
            row = connection.execute(
                select(deliveries)
                .where(*_ready(channel, now))
                .order_by(deliveries.c.not_before, deliveries.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return None
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id == row.id, deliveries.c.state == State.QUEUED.value)
                .values(state=State.SENDING.value, token=token, lease_until=now + LEASE)
            )
        message = Message(
            row.message_id, row.sender, row.recipient, row.subject, row.label, row.body
        )
        return Claim(row.id, token, row.attempts, message)

    def settle(self, claim: Claim, state: State, answer: str, now: datetime) -> bool:
        """Record a final outcome; False where the claim had been lost."""
        return self._set(
            claim, state=state.value, answer=answer[:500], settled=now, attempts=claim.attempts + 1
        )

    def put_back(
        self, claim: Claim, not_before: datetime, answer: str, *, counts: bool = True
    ) -> bool:
        """Queue again for later; without `counts` no attempt is spent."""
        return self._set(
            claim,
            state=State.QUEUED.value,
            not_before=not_before,
            answer=answer[:500],
            attempts=claim.attempts + counts,
        )

    def postpone(self, channel: str, until: datetime, answer: str) -> None:
        """Let all of a channel's waiting mails wait; no attempt is spent."""
        with writing(self.engine) as connection:
            connection.execute(
                update(deliveries)
                .where(*_ready(channel, until))
                .values(not_before=until, answer=answer[:500])
            )

    def try_now(self, channel: str, now: datetime) -> None:
        """Let mails wait no longer that only wait because the channel was down."""
        with writing(self.engine) as connection:
            connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.channel == channel,
                    deliveries.c.state == State.QUEUED.value,
                    deliveries.c.attempts == 0,
                    deliveries.c.not_before > now,
                )
                .values(not_before=now)
            )

    def release_abandoned(self, channel: str, now: datetime, *, repeatable: bool) -> int:
        """Settle what was cut off in mid-sending, once its lease has ended.

        Args:
            channel: whose mails.
            now: the time (aware).
            repeatable: whether sending such a mail again does no harm.

        Returns:
            how many became uncertain.
        """
        state = State.QUEUED if repeatable else State.UNCERTAIN
        with writing(self.engine) as connection:
            changed: CursorResult[tuple[()]] = connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.channel == channel,
                    deliveries.c.state == State.SENDING.value,
                    deliveries.c.lease_until < now,
                )
                .values(state=state.value, token=None, answer="cut off while sending")
            )
            return 0 if repeatable else changed.rowcount

    def counts(self) -> dict[str, int]:
        """How many deliveries there are in each state."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
            )
            return {row[0]: row[1] for row in rows}

    def _set(self, claim: Claim, **values: object) -> bool:
        with writing(self.engine) as connection:
            changed: CursorResult[tuple[()]] = connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.id == claim.number,
                    deliveries.c.token == claim.token,
                    deliveries.c.state == State.SENDING.value,
                )
                .values(token=None, lease_until=None, **values)
            )
            return changed.rowcount == 1


def _ready(channel: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        deliveries.c.channel == channel,
        deliveries.c.state == State.QUEUED.value,
        deliveries.c.not_before <= now,
    )
