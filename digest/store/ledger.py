"""The ledger: deliveries as a person looks at them, and settles by hand what nobody else can."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, CursorResult, Engine, func, or_, select, update

from digest.localtime import deadline_of
from digest.store.engine import reading, writing
from digest.store.schema import deliveries, readers
from digest.store.states import State

LONGEST = 500
_COLUMNS = tuple(
    deliveries.c[name]
    for name in (
        "id",
        "kind",
        "date",
        "reader_id",
        "channel",
        "message_id",
        "sender",
        "recipient",
        "subject",
        "label",
        "state",
        "attempts",
        "queued",
        "not_before",
        "deadline",
        "lease_until",
        "code",
        "answer",
        "settled",
    )
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery without its body; times are aware, `date` is its reader's.

    `reader_id` is the row of whom it is for, None for mails to the owner; `not_before` says when a
    queued one is tried, `deadline` until when, `lease_until` how long one that is under way is left
    alone; `code` and `answer` are what the other side said last.
    """

    id: int
    kind: str
    date: date
    reader_id: int | None
    channel: str
    message_id: str
    sender: str
    recipient: str
    subject: str
    label: str
    state: State
    attempts: int
    queued: datetime
    not_before: datetime
    deadline: datetime
    lease_until: datetime | None
    code: int | None
    answer: str | None
    settled: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are asked for; what is empty does not matter.

    `address` is that of a reader, or of the owner for mails of other kinds.
    """

    states: Collection[State] = ()
    date: "date | None" = None
    address: str | None = None


class Wish(StrEnum):
    """What a person says of a delivery."""

    SENT = "sent"  # it arrived
    FAILED = "failed"  # it did not, and is not to be sent
    RESEND = "resend"  # it is to be sent once more


@dataclass(frozen=True, slots=True)
class Settling:
    """What came of a wish: `done`, or what it was `already`, or else why not, in words."""

    number: int
    done: bool = False
    already: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All deliveries, to be looked at. Each method is one transaction."""

    engine: Engine

    def listing(self, wanted: Wanted, most: int) -> list[Entry]:
        """At most so many deliveries, those of the latest date first, then those queued last."""
        with reading(self.engine) as connection:
            numbers = connection.scalars(
                select(deliveries.c.id)
                .where(*_conditions(connection, wanted))
                .order_by(deliveries.c.date.desc(), deliveries.c.id.desc())
                .limit(most)
            ).all()
            found = _entries(connection, numbers)
        return [found[number] for number in numbers]

    def find(self, number: int) -> Entry | None:
        """The delivery of a number."""
        with reading(self.engine) as connection:
            return _entries(connection, [number]).get(number)

    def settle(self, number: int, wish: Wish, now: datetime, zone: str) -> Settling:
        """Do what a person says of a delivery, where that is possible; else nothing.

        What changed since it was looked at stays as it is.

        Args:
            number: of the delivery.
            wish: what a person says.
            now: the time (aware).
            zone: the owner's, for the deadline of mails to the owner.
        """
        with writing(self.engine) as connection:
            entry = _entries(connection, [number]).get(number)
            if entry is None:
                return Settling(number, why_not="there is no such delivery")
            if _is_so(entry, wish):
                return Settling(number, already=True)
            why_not = _why_not(connection, entry, wish, now)
            if why_not:
                return Settling(number, why_not=why_not)
            values = _resent(connection, entry, now, zone) if wish is Wish.RESEND else {}
            values |= {"state": _AFTER[wish].value, "token": None, "lease_until": None}
            values["answer"] = _answer(entry, wish)
            values["settled"] = None if wish is Wish.RESEND else entry.settled or now
            done: CursorResult[tuple[()]] = connection.execute(
                update(deliveries)
                .where(deliveries.c.id == number, deliveries.c.state == entry.state.value)
                .values(**values)
            )
        if done.rowcount:
            return Settling(number, done=True)
        return Settling(number, why_not="it changed at this moment: look at it again")


_AFTER = {Wish.SENT: State.SENT, Wish.FAILED: State.FAILED, Wish.RESEND: State.QUEUED}
_RESENDABLE = (State.UNCERTAIN, State.FAILED, State.EXPIRED)


def _conditions(connection: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(deliveries.c.state.in_([state.value for state in wanted.states]))
    if wanted.date is not None:
        found.append(deliveries.c.date == wanted.date)
    if wanted.address is not None:
        address = wanted.address.lower()
        theirs = or_(readers.c.name == address, func.lower(readers.c.address) == address)
        rows = connection.scalars(select(readers.c.id).where(theirs)).all()
        owners = deliveries.c.reader_id.is_(None) & (func.lower(deliveries.c.recipient) == address)
        found.append(or_(deliveries.c.reader_id.in_(rows), owners))
    return found


def _entries(connection: Connection, numbers: Sequence[int]) -> dict[int, Entry]:
    """Deliveries by number, their bodies left where they are."""
    if not numbers:
        return {}
    rows = connection.execute(select(*_COLUMNS).where(deliveries.c.id.in_(numbers)))
    return {row.id: Entry(**row._asdict() | {"state": State(row.state)}) for row in rows}


def _is_so(entry: Entry, wish: Wish) -> bool:
    return entry.state is _AFTER[wish]


def _why_not(connection: Connection, entry: Entry, wish: Wish, now: datetime) -> str:
    """Why a wish cannot be fulfilled, and what would be right; empty where it can."""
    if entry.state is State.UNCERTAIN:
        return _unwanted(connection, entry) if wish is Wish.RESEND else ""
    if entry.state in (State.CLAIMED, State.IN_DOUBT):
        return _under_way(entry, wish, now)
    if wish is Wish.RESEND and entry.state in _RESENDABLE:
        return _unwanted(connection, entry)
    if wish is Wish.RESEND:
        return _NEVER_AGAIN[entry.state]
    if entry.state is State.QUEUED:
        return f"it is queued: it is tried again from {entry.not_before:%Y-%m-%d %H:%M} UTC on"
    return f"it is {entry.state}: only what is uncertain can be settled as {wish}"


_NEVER_AGAIN = {
    State.SENT: "it was sent: a second copy is never made",
    State.CANCELLED: "it was cancelled, because its reader takes no mail: "
    "'digest readers resume ADDRESS', and the next edition comes",
}


def _under_way(entry: Entry, wish: Wish, now: datetime) -> str:
    """A mail in somebody's hands is theirs; one in doubt is nobody's when its lease is over."""
    if entry.lease_until is None or entry.lease_until >= now:
        return "it is being sent at this moment: look again in some minutes"
    if entry.state is State.IN_DOUBT and wish is not Wish.RESEND:
        return ""
    return "it was cut off while it was sent: 'digest run' finds out first what becomes of it"


def _unwanted(connection: Connection, entry: Entry) -> str:
    """Why a mail that is queued again would be cancelled at once."""
    if entry.reader_id is None:
        return ""
    row = connection.execute(
        select(readers.c.active, readers.c.suppressed, readers.c.paused_until).where(
            readers.c.id == entry.reader_id
        )
    ).one()
    resume = f"'digest readers resume {entry.recipient}' first"
    if not row.active:
        return "its reader left"
    if row.suppressed is not None:
        return f"the mailbox refused too often and gets no mail: {resume}"
    if row.paused_until is not None and row.paused_until > entry.date:
        return f"its reader pauses until {row.paused_until}: {resume}"
    return ""


def _resent(connection: Connection, entry: Entry, now: datetime, zone: str) -> dict[str, Any]:
    """A new start for the same mail, until a new deadline in its reader's zone."""
    theirs = connection.scalar(select(readers.c.zone).where(readers.c.id == entry.reader_id))
    return {
        "attempts": 0,
        "not_before": now,
        "deadline": deadline_of(theirs or zone, now),
        "code": None,
    }


def _answer(entry: Entry, wish: Wish) -> str:
    """What is remembered: who settled it, and what was known before."""
    said = "to be sent again, by hand" if wish is Wish.RESEND else f"{wish}, settled by hand"
    before = f"{entry.state}: {entry.answer}" if entry.answer else str(entry.state)
    return f"{said}; before: {before}"[:LONGEST]
