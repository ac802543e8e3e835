"""What the queue of mails is told in: states, claims on them, and steps between them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from digest.model import Message


class State(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    IN_DOUBT = "in_doubt"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


UNDER_WAY = (State.CLAIMED, State.IN_DOUBT)
NEVER_SEEN = (State.FAILED, State.EXPIRED, State.CANCELLED)


class Kind(StrEnum):
    """What a mail is for."""

    DAILY = "daily"  # an edition
    ALERT = "alert"  # to the owner
    CONFIRM = "confirm"  # whether a mailbox wants editions
    LINK = "link"  # to a reader who asked to subscribe again: where the preferences are
    MOVE = "move"  # whether a reader's editions shall go to another mailbox, and that they do


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this process, and no other, may hand over now; `token` proves it.

    `reader` is the row of whom it is for, None for mails to the owner; `whole` tells whether the
    body is what it was when it was queued. A `trial` finds out for all whether a channel that was
    in trouble works again.
    """

    number: int
    token: str
    attempts: int
    deadline: datetime
    reader: int | None
    message: Message
    whole: bool = True
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a claimed delivery: its next state and what the other side said.

    `not_before` is when a queued one may be claimed again; `bounced` gives the reader a point, on
    that date.
    """

    claim: Claim
    state: State
    answer: str
    code: int | None = None
    not_before: datetime | None = None
    spends: bool = True
    bounced: date | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """Which steps were kept, in their order, and whether the last word may be said."""

    kept: tuple[bool, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class Delayed:
    """Mails that have not left yet.

    `count` wait in the queue, the first of them until `next_try`, and `ready` of these could be
    sent now; `under_way` are being sent by another process, or were cut off while they were and
    wait for the end of their lease.
    """

    count: int
    ready: int
    under_way: int
    next_try: datetime | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Swept:
    """How many deliveries a sweep found past their lease in doubt, past their deadline, or void."""

    uncertain: int
    expired: int
    cancelled: int
