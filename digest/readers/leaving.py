"""Leaving and coming back: by the link in every letter, with nothing to prove but that link."""

from dataclasses import dataclass
from datetime import datetime

from digest.model import Reader
from digest.store import Store


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a reader stands: `wants` mail, or not; `reader` is None for one who is gone."""

    reader: Reader | None
    wants: bool


def standing(store: Store, handle: str) -> Standing:
    """How it is with the reader whom a link names."""
    known = store.readers.linked(handle)
    return Standing(known.reader, known.active) if known else Standing(None, wants=False)


def unsubscribe(store: Store, handle: str, now: datetime) -> bool:
    """Send a reader nothing any more, at once; again, it changes nothing.

    What waits to be sent is not sent; a mail whose last word was said already may still arrive.

    Returns:
        whether this changed anything.
    """
    return store.readers.unsubscribe(handle, now)


def come_back(store: Store, handle: str, now: datetime) -> bool:
    """Take it back: everything is as it was. What was cancelled meanwhile stays so.

    Returns:
        whether this changed anything.
    """
    return store.readers.resubscribe(handle, now)
