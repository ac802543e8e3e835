"""Steps of claimed deliveries: one statement moves them, each only while its claim holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    String,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)

from digest.store.bounces import give_point
from digest.store.engine import at_once, writing
from digest.store.rows import readers_here
from digest.store.schema import UtcTime, deliveries, readers
from digest.store.states import UNDER_WAY, Claim, Recorded, State, Step

DOUBT_LEASE = timedelta(minutes=12)  # the last reply may take ten (RFC 5321, 4.5.3.2.6)


def wanted() -> ColumnElement[bool]:
    """Whether whom a mail is for still takes mail; mails to the owner have no reader."""
    here = (
        select(1)
        .where(
            readers.c.id == deliveries.c.reader_id,
            readers.c.active,
            readers.c.suppressed.is_(None),
            or_(readers.c.paused_until.is_(None), readers.c.paused_until <= deliveries.c.date),
        )
        .exists()
    )
    return or_(deliveries.c.reader_id.is_(None), here)


_state, _to = deliveries.c.state, bindparam("to", type_=String())
_doubts = _to == State.IN_DOUBT.value
# A late outcome still counts for what became uncertain meanwhile.
_settles = or_(*(_state == state.value for state in (*UNDER_WAY, State.UNCERTAIN)))
# Built once, and executed for several rows at once: that is half of what a mail costs.
_MOVE = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("number"),
        deliveries.c.token == bindparam("held"),
        or_(
            and_(
                _doubts,
                _state == State.CLAIMED.value,
                deliveries.c.deadline > bindparam("now"),
                wanted(),
            ),
            and_(~_doubts, _settles),
        ),
    )
    .values(
        state=_to,
        token=bindparam("holds"),
        lease_until=bindparam("lease"),
        answer=func.coalesce(bindparam("said", type_=String()), deliveries.c.answer),
        code=bindparam("reply"),
        attempts=bindparam("spent"),
        settled=bindparam("at"),
        not_before=func.coalesce(bindparam("again", type_=UtcTime()), deliveries.c.not_before),
    )
)


def record(engine: Engine, steps: Sequence[Step], now: datetime, doubt: Claim | None) -> Recorded:
    """Write down what became of mails, and that one more is about to be taken: one transaction."""
    moves = [_outcome(step, now) for step in steps]
    if doubt is not None:
        moves.append(_doubt(doubt, now))
    if not moves:
        return Recorded((), open=False)
    pointed = any(step.bounced for step in steps)
    with writing(engine) if pointed else at_once(engine) as connection:
        if pointed:  # readers before deliveries, in the order in which a reader is removed
            readers_here(connection, [step.claim.reader or 0 for step in steps])
        moved = _move(connection, moves)
        for step, kept in zip(steps, moved, strict=False):
            if kept and step.bounced:
                give_point(connection, step, now)
    return Recorded(tuple(moved[: len(steps)]), doubt is not None and moved[-1])


def _move(connection: Connection, moves: Sequence[dict[str, Any]]) -> list[bool]:
    """Which of these moved; where all did, the database is not asked again."""
    done: CursorResult[tuple[()]] = connection.execute(_MOVE, moves)
    if done.rowcount == len(moves):
        return [True] * len(moves)
    rows = connection.execute(
        select(
            deliveries.c.id, deliveries.c.state, deliveries.c.token, deliveries.c.attempts
        ).where(deliveries.c.id.in_([move["number"] for move in moves]))
    )
    found = {row.id: (row.state, row.token, row.attempts) for row in rows}
    return [
        found.get(move["number"]) == (move["to"], move["holds"], move["spent"]) for move in moves
    ]


def _outcome(step: Step, now: datetime) -> dict[str, Any]:
    claim = step.claim
    return {
        "number": claim.number,
        "held": claim.token,
        "holds": None,
        "to": step.state.value,
        "lease": None,
        "said": step.answer[:500],
        "reply": step.code,
        "spent": claim.attempts + step.spends,
        "at": None if step.state is State.QUEUED else now,
        "again": step.not_before or (now if step.state is State.QUEUED else None),
        "now": now,
    }


def _doubt(claim: Claim, now: datetime) -> dict[str, Any]:
    """From claimed to in_doubt, where the claim holds and the mail is still wanted and in time."""
    return {
        "number": claim.number,
        "held": claim.token,
        "holds": claim.token,
        "to": State.IN_DOUBT.value,
        "lease": now + DOUBT_LEASE,
        "said": None,
        "reply": None,
        "spent": claim.attempts,
        "at": None,
        "again": None,
        "now": now,
    }
