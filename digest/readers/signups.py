"""Signing up by oneself: a wish that is written down, a mail that asks back, a link that confirms.

Nothing here tells who typed an address whether it is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from digest.errors import UsageError
from digest.grammar.address import NOBODY, is_role, lookup_key, parse_address
from digest.grammar.interests import format_interest, parse_interest
from digest.model import Interest, Manner, Quiet, Reader, ReaderKind, Schedule
from digest.readers import USUAL, addressed
from digest.store import Store
from digest.store.signups import Signup

MOST_LETTERS = 5000  # of all interests together: a stranger's wishes are kept before a mail is made


class Standing(StrEnum):
    """What the link of a confirming mail may still do."""

    OPEN = "open"  # it subscribes
    DONE = "done"  # its mailbox is a reader's by now
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a link is about: `reader` is who gets editions now, or would by using it."""

    standing: Standing
    reader: Reader | None = None


def ask(
    store: Store,
    address: str,
    interests: Sequence[Interest],
    schedule: Schedule,
    limit: int,
    now: datetime,
    manner: Manner | None = None,
    usual: Manner = USUAL,
) -> bool:
    """Write down that somebody wants editions; the next run asks the mailbox itself.

    Args:
        store: where to.
        address: as it was typed.
        interests: what editions are to be about.
        schedule: when they are to come.
        limit: the most papers in one.
        now: the time (aware).
        manner: how they are to be; None where nothing was said of it: as it was for a reader who
            comes back, else as usual.
        usual: how they are in this house.

    Returns:
        False where too many others wait already.

    Raises:
        UsageError: for an address that could be nobody's, and for interests that are too long.
    """
    address = parse_personal(address)
    wishes = _written(interests, schedule, limit, manner, usual)
    if sum(len(text) for _, text in wishes["interests"]) > MOST_LETTERS:
        raise UsageError(
            f"interests longer than {MOST_LETTERS:,} letters: begin with the most important ones, "
            "the others can be added once you have confirmed"
        )
    return store.signups.ask(address, wishes, now)


def parse_personal(text: str) -> str:
    """The address of a person, somewhere on the internet, in its normal form.

    Raises:
        UsageError: with the reason.
    """
    address = parse_address(text)
    domain = address.rpartition("@")[2]
    if address == NOBODY or "." not in domain or domain.startswith("["):
        raise UsageError(f"{text!r} is no address that the internet knows: check what is after @")
    if is_role(address):
        raise UsageError(
            f"{text!r} belongs to an office, not to a person: give an address of your own"
        )
    return address


def look(store: Store, nonce: str) -> Confirmation:
    """What using a link would do; nothing is changed."""
    signup = store.signups.find(nonce)
    if signup is None:
        return Confirmation(Standing.DEAD)
    reader, left = addressed(store, signup.address)
    if reader is not None:
        return Confirmation(Standing.DONE, reader)
    if not signup.alive:
        return Confirmation(Standing.DEAD)
    return Confirmation(Standing.OPEN, _asked(signup, left))


def confirm(store: Store, nonce: str, now: datetime) -> Confirmation:
    """Use a link: its mailbox gets editions from now on; doing it again changes nothing."""
    found = look(store, nonce)
    if found.standing is not Standing.OPEN or found.reader is None:
        return found
    if store.signups.confirm(nonce, found.reader, now):
        store.bounces.forgive(found.reader.name)
    return look(store, nonce)


def count_interests(signup: Signup) -> int:
    """How many items of interests were written; the mail says no more of what strangers write."""
    return sum(
        len(interest.keywords) + len(interest.liked) + len(interest.titles)
        for interest in _interests(signup)
    )


def schedule_asked(signup: Signup) -> Schedule:
    """When editions are asked for."""
    wishes = signup.wishes
    return Schedule(wishes["minute"], wishes["zone"], frozenset(wishes["weekdays"]))


def _asked(signup: Signup, left: Reader | None) -> Reader:
    """The reader whom a sign-up asks for; one who had left comes back with what was kept of it."""
    if left is not None and left.kind is ReaderKind.CONFIG:
        return left  # its wishes stand in the configuration
    interests = _interests(signup)
    return Reader(
        name=lookup_key(signup.address),
        address=signup.address,
        kind=ReaderKind.SAVED,
        interests=interests or (left.interests if left else ()),
        schedule=schedule_asked(signup),
        limit=signup.wishes["limit"],
        manner=_manner(signup, left),
    )


def _interests(signup: Signup) -> tuple[Interest, ...]:
    return tuple(parse_interest(name, text) for name, text in signup.wishes["interests"])


def _manner(signup: Signup, left: Reader | None) -> Manner:
    """How editions are to be: as was said, as they were, or as usual; see `ask`."""
    said = signup.wishes.get("manner")
    if said is None and left is not None:
        return left.manner
    asked = said or signup.wishes.get("usual")  # neither is there from before there was a choice
    return Manner(asked["dial"], Quiet(asked["quiet"]), asked["abstracts"]) if asked else USUAL


def _written(
    interests: Sequence[Interest],
    schedule: Schedule,
    limit: int,
    manner: Manner | None,
    usual: Manner,
) -> Mapping[str, Any]:
    return {
        "interests": [[interest.name, format_interest(interest)] for interest in interests],
        "minute": schedule.minute,
        "zone": schedule.zone,
        "weekdays": sorted(schedule.weekdays),
        "limit": limit,
        "manner": asdict(manner) if manner else None,
        "usual": asdict(usual),
    }
