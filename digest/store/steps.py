"""Steps of claimed deliveries: one statement moves them, each only while its claim holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
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
from digest.store.engine import writing
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


class _LostError(Exception):
    """At least one claim did not hold."""


def record(engine: Engine, steps: Sequence[Step], now: datetime, doubt: Claim | None) -> Recorded:
    """Write down what became of mails, and that one more is about to be taken: one transaction."""
    moves = [_outcome(step, now) for step in steps]
    if doubt is not None:
        moves.append(_doubt(doubt, now))
    try:
        moved = _move_all(engine, steps, moves, now)
    except _LostError:  # seldom: nothing was kept, so that each can be tried for itself
        moved = _move_each(engine, steps, moves, now)
    return Recorded(tuple(moved[: len(steps)]), doubt is not None and moved[-1])


def _move_all(
    engine: Engine, steps: Sequence[Step], moves: Sequence[dict[str, Any]], now: datetime
) -> list[bool]:
    with writing(engine) as connection:
        done: CursorResult[tuple[()]] = connection.execute(_MOVE, moves)
        if done.rowcount != len(moves):
            raise _LostError
        for step in steps:
            give_point(connection, step, now)
    return [True] * len(moves)


def _move_each(
    engine: Engine, steps: Sequence[Step], moves: Sequence[dict[str, Any]], now: datetime
) -> list[bool]:
    with writing(engine) as connection:
        done: list[CursorResult[tuple[()]]] = [connection.execute(_MOVE, move) for move in moves]
        moved = [each.rowcount == 1 for each in done]
        for step, kept in zip(steps, moved, strict=False):
            if kept:
                give_point(connection, step, now)
    return moved


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
