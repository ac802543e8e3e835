"""Deliveries: the queue of mails, each with what became of it.

    queued ──claim──▶ claimed ──doubt──▶ in_doubt ──▶ sent | failed | uncertain
       ▲                 │                  │
       └── lease over, refused for now ─────┘  (refused after the last word: nothing was taken)
       └──▶ expired (past its deadline) | cancelled (the reader left, paused, or bounces)

A claim holds a random token; whoever has lost it changes nothing any more. `in_doubt` is committed
immediately before the last word that makes the other side take the mail: whatever is found there
after its lease may have arrived. It becomes `uncertain` and is never sent again by itself, except
where the channel can take the same mail twice without harm (a folder).
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    Row,
    and_,
    case,
    func,
    insert,
    select,
    update,
)

from digest.model import Message
from digest.store.channels import Leave, may_claim
from digest.store.engine import AS_BYTES, reading, writing
from digest.store.schema import bodies, deliveries
from digest.store.states import UNDER_WAY, Claim, Delayed, Kind, Recorded, State, Step, Swept
from digest.store.steps import record, wanted
from digest.store.upserts import insert_new

CLAIM_LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The queue, as the post room uses it. Each method is one transaction."""

    engine: Engine

    def enqueue(
        self,
        message: Message,
        kind: Kind,
        day: date,
        channel: str,
        now: datetime,
        deadline: datetime,
    ) -> bool:
        """Queue a mail that carries no edition; False where one of its Message-ID was there."""
        values = row_of(message, kind, day, channel, now, deadline)
        with writing(self.engine) as connection:
            return bool(queue_mails(connection, [(message, values)]))

    def waiting(self, channel: str, now: datetime) -> int:
        """How many of a channel's mails may be sent now."""
        with reading(self.engine) as connection:
            query = select(func.count()).select_from(deliveries).where(*_ready(channel, now))
            return connection.scalar(query) or 0

    def delayed(self, channel: str, now: datetime) -> Delayed | None:
        """A channel's mails that have not left, if there are any."""
        mine = deliveries.c.channel == channel
        with reading(self.engine) as connection:
            count, ready, next_try, answer = connection.execute(
                select(
                    func.count(),
                    func.count(case((deliveries.c.not_before <= now, 1))),
                    func.min(deliveries.c.not_before),
                    func.max(deliveries.c.answer),
                ).where(mine, deliveries.c.state == State.QUEUED.value)
            ).one()
            under_way = connection.scalar(
                select(func.count())
                .select_from(deliveries)
                .where(mine, deliveries.c.state.in_(UNDER_WAY))
            )
        if not count and not under_way:
            return None
        return Delayed(count, ready, under_way or 0, next_try, answer)

    def claim(self, channel: str, now: datetime, most: int = 1) -> list[Claim]:
        """Take a channel's oldest mails that may be sent, under one new token.

        None while the channel's breaker is open; one where it is to be tried again.
        """
        with writing(self.engine) as connection:
            leave = may_claim(connection, channel, now)
            if not leave.most:
                return []
            rows = connection.execute(
                select(deliveries, bodies.c.body)
                .join(bodies, bodies.c.delivery_id == deliveries.c.id)
                .where(*_ready(channel, now), deliveries.c.deadline > now)
                .order_by(deliveries.c.not_before, deliveries.c.id)
                .limit(min(most, leave.most))
                .with_for_update(skip_locked=True, of=deliveries)
                .execution_options(**{AS_BYTES: True})
            ).all()
            token = secrets.token_hex(16)
            if rows:
                connection.execute(
                    update(deliveries)
                    .where(deliveries.c.id.in_([row.id for row in rows]))
                    .values(state=State.CLAIMED.value, token=token, lease_until=now + CLAIM_LEASE)
                )
        return [_claim(row, token, leave) for row in rows]

    def renew(self, claims: Sequence[Claim], now: datetime) -> None:
        """Hold on to claims for another lease; those that were lost stay lost."""
        if claims:
            with writing(self.engine) as connection:
                connection.execute(
                    update(deliveries)
                    .where(
                        deliveries.c.id.in_([claim.number for claim in claims]),
                        deliveries.c.token == claims[0].token,
                        deliveries.c.state == State.CLAIMED.value,
                    )
                    .values(lease_until=now + CLAIM_LEASE)
                )

    def record(self, steps: Sequence[Step], now: datetime, doubt: Claim | None = None) -> Recorded:
        """Write down what became of mails, and that one more is about to be taken.

        Args:
            steps: outcomes; each counts only while its claim holds.
            now: the time (aware).
            doubt: the mail whose last word is said as soon as this returns.

        Returns:
            which outcomes were kept, and whether the last word may be said.
        """
        return record(self.engine, steps, now, doubt)

    def why_not(self, claim: Claim, now: datetime) -> State | None:
        """Why a last word may not be said: expired or cancelled; None where the claim was lost."""
        with reading(self.engine) as connection:
            held = connection.scalar(
                select(deliveries.c.id).where(
                    deliveries.c.id == claim.number,
                    deliveries.c.token == claim.token,
                    deliveries.c.state == State.CLAIMED.value,
                )
            )
        if held is None:
            return None
        return State.EXPIRED if claim.deadline <= now else State.CANCELLED

    def sweep(self, channel: str, now: datetime, *, repeatable: bool) -> Swept:
        """Settle what nobody will: leases that ended, deadlines that passed, readers who left.

        Args:
            channel: whose leases; deadlines and readers are seen to for all channels, because a
                channel that was taken out of the configuration has nobody else.
            now: the time (aware).
            repeatable: whether sending a mail again that may have arrived does no harm.
        """
        back = {"state": State.QUEUED.value, "token": None, "lease_until": None}
        doubted = back if repeatable else {"state": State.UNCERTAIN.value, "lease_until": None}
        gone = {"lease_until": None, "token": None, "settled": now}
        with writing(self.engine) as connection:

            def change(state: State, where: ColumnElement[bool], values: dict[str, Any]) -> int:
                # Rows that somebody holds just now are passed over: whoever it is lives, and two
                # who wait for each other's rows would end each other.
                these = (
                    select(deliveries.c.id)
                    .where(deliveries.c.state == state.value, where)
                    .with_for_update(skip_locked=True, of=deliveries)
                )
                done: CursorResult[tuple[()]] = connection.execute(
                    update(deliveries).where(deliveries.c.id.in_(these)).values(**values)
                )
                return done.rowcount

            lost = and_(deliveries.c.channel == channel, deliveries.c.lease_until < now)
            change(State.CLAIMED, lost, back)
            said = {"answer": "cut off before the answer", "settled": now}
            uncertain = change(State.IN_DOUBT, lost, doubted | ({} if repeatable else said))
            late = deliveries.c.deadline <= now
            expired = change(State.QUEUED, late, gone | {"state": State.EXPIRED.value})
            void = gone | {"state": State.CANCELLED.value, "answer": "no longer wanted"}
            cancelled = change(State.QUEUED, ~wanted(), void)
        return Swept(0 if repeatable else uncertain, expired, cancelled)

    def try_now(self, channel: str, now: datetime) -> None:
        """Let mails wait no longer that were never tried."""
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

    def counts(self) -> dict[str, int]:
        """How many deliveries there are in each state."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
            )
            return {row[0]: row[1] for row in rows}


def queue_mails(
    connection: Connection, mails: Sequence[tuple[Message, Mapping[str, Any]]]
) -> dict[str, int]:
    """Queue mails with their rows, as one transaction's part; those that are there stay.

    Returns:
        the numbers of the new ones, by Message-ID.
    """
    if not mails:
        return {}
    new = insert_new(connection, deliveries).returning(deliveries.c.message_id, deliveries.c.id)
    queued = connection.execute(new, [dict(row) for _, row in mails])
    numbers = {row.message_id: row.id for row in queued}
    written = [
        {"delivery_id": numbers[message.message_id], "body": message.raw}
        for message, _ in mails
        if message.message_id in numbers
    ]
    if written:
        connection.execute(insert(bodies), written)
    return numbers


def row_of(
    message: Message, kind: Kind, day: date, channel: str, now: datetime, deadline: datetime
) -> dict[str, Any]:
    """The row of a mail that is queued; its body is frozen by its hash."""
    return {
        "kind": kind.value,
        "date": day,
        "channel": channel,
        "message_id": message.message_id,
        "sender": message.sender,
        "recipient": message.recipient,
        "subject": message.subject,
        "label": message.label,
        "body_hash": hashlib.sha256(message.raw).hexdigest(),
        "state": State.QUEUED.value,
        "attempts": 0,
        "queued": now,
        "not_before": now,
        "deadline": deadline,
    }


def _claim(row: Row[Any], token: str, leave: Leave) -> Claim:
    message = Message(row.message_id, row.sender, row.recipient, row.subject, row.label, row.body)
    whole = hashlib.sha256(row.body).hexdigest() == row.body_hash
    return Claim(
        row.id, token, row.attempts, row.deadline, row.reader_id, message, whole, leave.trial
    )


def _ready(channel: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        deliveries.c.channel == channel,
        deliveries.c.state == State.QUEUED.value,
        deliveries.c.not_before <= now,
    )
