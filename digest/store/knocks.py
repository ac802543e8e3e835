"""Knocks: how many mails went to a mailbox because somebody typed its address.

Who types an address need not own it, so a mailbox is mailed once in 24 hours at most: three times
ever before it has confirmed anything, three times in 30 days where it is a reader's. Of the address
only a hash is kept, made with a secret of the house.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, delete, func, or_, select

from digest.grammar.address import mailbox_key
from digest.store.engine import Turn, reading, writing
from digest.store.schema import house, knocks, link_keys
from digest.store.upserts import insert_or_change

REST = timedelta(hours=24)
MONTH = timedelta(days=30)
MOST = 3
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Knocks:
    """One row for each mailbox that was ever mailed so. Each method is one transaction."""

    engine: Engine

    def take(self, address: str, now: datetime, *, known: bool = False) -> bool:
        """Count one more mail to a mailbox; False, and nothing is counted, where it is too many.

        Args:
            address: whom the mail is for.
            now: the time (aware).
            known: whether it is a reader's mailbox.
        """
        with writing(self.engine, Turn.SIGNUPS) as connection:
            mailbox = mailbox_of(connection, address)
            there = select(knocks.c.mailbox).where(knocks.c.mailbox == mailbox)
            found = connection.scalar(there.where(~may_knock(now, known=known)))
            if found is None:
                count(connection, [mailbox], now, known=known)
            return found is None

    def left(self, now: datetime, per_hour: int) -> int:
        """How many more mailboxes may be mailed so within this hour, if so many an hour may be."""
        with reading(self.engine) as connection:
            lately = knocks.c.last.between(now - _HOUR, now)
            used = connection.scalar(select(func.count()).select_from(knocks).where(lately))
            return max(0, per_hour - (used or 0))

    def forget(self, address: str) -> None:
        """Keep nothing of a mailbox."""
        with writing(self.engine, Turn.SIGNUPS) as connection:
            forget_knocks(connection, address)


def forget_knocks(connection: Connection, address: str) -> None:
    """Keep nothing of a mailbox."""
    mailbox = mailbox_of(connection, address)
    connection.execute(delete(knocks).where(knocks.c.mailbox == mailbox))


def mailbox_of(connection: Connection, address: str) -> str:
    """What stands for a mailbox: 64 hex digits, which nobody without this database can make."""
    identity = connection.execute(select(house.c.identity)).scalar_one()
    written = mailbox_key(address).encode()
    return hmac.new(identity.encode(), written, hashlib.sha256).hexdigest()


def may_knock(now: datetime, *, known: bool) -> ColumnElement[bool]:
    """Whether a mailbox with a row may be mailed once more; one without a row may.

    It need not rest where the keys were replaced since: the link in that mail is dead.
    """
    replaced = select(link_keys.c.id).where(link_keys.c.retired > knocks.c.last).exists()
    rested = or_(knocks.c.last <= now - REST, replaced)
    few = knocks.c.mails < MOST
    return and_(rested, or_(few, knocks.c.since <= now - MONTH) if known else few)


def count(connection: Connection, mailboxes: Sequence[str], now: datetime, *, known: bool) -> None:
    """Count one more mail to each of these; for readers' mailboxes each month anew."""
    if not mailboxes:
        return
    more = {"mails": knocks.c.mails + 1, "last": now}
    over = knocks.c.since <= now - MONTH
    anew = {
        "mails": case((over, 1), else_=knocks.c.mails + 1),
        "since": case((over, now), else_=knocks.c.since),
        "last": now,
    }
    connection.execute(
        insert_or_change(connection, knocks, anew if known else more),
        [{"mailbox": mailbox, "mails": 1, "since": now, "last": now} for mailbox in mailboxes],
    )
