"""Sign-ups: who asked to subscribe, by typing an address that need not be the person's own.

    asked ──▶ waits ──mail made──▶ mailed ──link used──▶ confirmed
                 └────────── a week ─────────┴──────────▶ gone

Asking writes one row, whoever is asked for: nobody learns from it who is known here. Who waits is
mailed in the order of asking, as far as knocks allow.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from digest.grammar.address import lookup_key
from digest.model import Message, Reader
from digest.store.deliveries import queue_mails, row_of
from digest.store.engine import Turn, reading, writing
from digest.store.knocks import count, mailbox_of, may_knock
from digest.store.readers import store_reader
from digest.store.schema import deliveries, knocks, readers, signups
from digest.store.states import Kind, State
from digest.store.upserts import insert_or_change

KEPT = timedelta(days=7)
MOST_WAITING = 20_000
_NONCE_BYTES = 9  # 12 letters
_CONFIGURED = "config"  # what the person of the configuration is called

Wishes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signup:
    """What somebody asked for, under a nonce that only the mail knows.

    `at` is when it was asked, or when its mail was made; `left` is since when a reader of that
    address wants no mail.
    """

    nonce: str
    address: str
    wishes: Wishes
    at: datetime
    confirmed: datetime | None = None
    left: datetime | None = None

    @property
    def alive(self) -> bool:
        """Whether its link may still be used: not twice, and not by who left after it was sent."""
        return self.confirmed is None and (self.left is None or self.left < self.at)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who waits for a mail; `handle` is the reader's whose mailbox it is, if there is one.

    `active` tells whether that reader gets editions.
    """

    mailbox: str
    signup: Signup
    handle: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class MadeNote:
    """A caller's mail, ready to be queued."""

    caller: Caller
    message: Message
    kind: Kind


@dataclass(frozen=True, slots=True)
class Signups:
    """All that was asked within a week. Each method is one transaction."""

    engine: Engine
    most_waiting: int = MOST_WAITING

    def ask(self, address: str, wishes: Wishes, now: datetime) -> bool:
        """Write down that somebody asked; False where too many wait already.

        The same steps for every address. Who asks again before the mail is made keeps the place.
        """
        with writing(self.engine, Turn.SIGNUPS) as connection:
            waiting = select(func.count()).select_from(signups).where(signups.c.waits)
            if (connection.scalar(waiting) or 0) >= self.most_waiting:
                return False
            asked = {
                "address": address,
                "name": lookup_key(address),
                "wishes": json.dumps(dict(wishes), ensure_ascii=False),
                "nonce": secrets.token_urlsafe(_NONCE_BYTES),
            }
            statement = insert_or_change(connection, signups, asked)
            mailbox = mailbox_of(connection, address)
            connection.execute(statement.values(mailbox=mailbox, waits=True, at=now, **asked))
            return True

    def callers(self, now: datetime, most: int) -> tuple[list[Caller], int]:
        """Who may be mailed now, the first who asked first, each mailbox once.

        Args:
            now: the time (aware).
            most: how many.

        Returns:
            the first of them, and how many there are.
        """
        with reading(self.engine) as connection:
            query = _callers(now)
            person = {"person": _person(connection)}
            total = connection.scalar(query.with_only_columns(func.count()), person) or 0
            rows = connection.execute(query.order_by("at", "mailbox").limit(most), person).all()
        return [
            Caller(row.mailbox, _signup(row), row.handle, bool(row.active)) for row in rows
        ], total

    def mailed(
        self,
        notes: Sequence[MadeNote],
        channel: str,
        day: date,
        now: datetime,
        deadline: datetime,
    ) -> int:
        """Queue callers' mails and count them; returns how many were queued.

        Whoever was mailed meanwhile, or asked anew, is passed over.
        """
        if not notes:
            return 0
        with writing(self.engine, Turn.SIGNUPS) as connection:
            wanted = _still(connection, notes, now)
            mails = [
                (note.message, row_of(note.message, note.kind, day, channel, now, deadline))
                for note in wanted
            ]
            numbers = queue_mails(connection, mails)
            _replace(connection, [note.caller.mailbox for note in wanted])
            if wanted:
                connection.execute(
                    update(signups)
                    .where(signups.c.nonce == bindparam("asked"))
                    .values(waits=False, at=now, delivery_id=bindparam("number")),
                    [
                        {
                            "asked": note.caller.signup.nonce,
                            "number": numbers.get(note.message.message_id),
                        }
                        for note in wanted
                    ],
                )
            for known in (False, True):
                mailboxes = [
                    note.caller.mailbox for note in wanted if bool(note.caller.handle) is known
                ]
                count(connection, mailboxes, now, known=known)
            return len(numbers)

    def refused(self, most: int = 5) -> list[str]:
        """What the other side said of the last mails, if all of so many were refused for good."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(deliveries.c.state, deliveries.c.answer)
                .join(signups, signups.c.delivery_id == deliveries.c.id)
                .where(~signups.c.waits, deliveries.c.settled.is_not(None))
                .order_by(deliveries.c.settled.desc(), deliveries.c.id.desc())
                .limit(most)
            ).all()
        all_refused = all(row.state == State.FAILED.value for row in rows)
        return [row.answer or "" for row in rows] if all_refused and len(rows) == most else []

    def find(self, nonce: str) -> Signup | None:
        """What was asked under a nonce whose mail was made."""
        with reading(self.engine) as connection:
            asked = {"nonce": nonce, "person": _person(connection)}
            row = connection.execute(_FIND, asked).first()
            return _signup(row, row.unsubscribed) if row else None

    def asked(self, address: str) -> datetime | None:
        """Since when a mailbox that asked, or was asked, has not confirmed; None: nothing is open.

        It may be a reader's all the same.
        """
        with reading(self.engine) as connection:
            mailbox = mailbox_of(connection, address)
            its = (signups.c.mailbox == mailbox, signups.c.confirmed.is_(None))
            first = select(signups.c.at).where(*its).order_by(signups.c.at).limit(1)
            since: datetime | None = connection.scalar(first)
            return since

    def count_asked(self) -> int:
        """How many mailboxes have asked, are no reader's and have not confirmed yet."""
        with reading(self.engine) as connection:
            strangers = (
                select(func.count(signups.c.mailbox.distinct()))
                .select_from(signups.outerjoin(readers, readers.c.name == _NAME))
                .where(signups.c.confirmed.is_(None), readers.c.id.is_(None))
            )
            return connection.scalar(strangers, {"person": _person(connection)}) or 0

    def confirm(self, nonce: str, reader: Reader, now: datetime) -> bool:
        """Store a reader whose link was used; what else waits of that mailbox is void.

        False, and nothing is changed, where the link was used before, where the reader gets
        editions by now, and where it left after the link was sent.
        """
        with writing(self.engine, Turn.SAVE_READER) as connection:
            its = select(readers.c.active, readers.c.unsubscribed).where(
                readers.c.name == reader.name
            )
            before = connection.execute(its.with_for_update()).first()
            if before is not None and before.active:
                return False
            mine = [signups.c.nonce == nonce, ~signups.c.waits, signups.c.confirmed.is_(None)]
            if before is not None and before.unsubscribed is not None:
                mine.append(signups.c.at > before.unsubscribed)
            used = {"confirmed": now, "wishes": "{}"}
            mailbox = connection.scalar(
                update(signups).where(*mine).values(**used).returning(signups.c.mailbox)
            )
            if mailbox is None:
                return False
            others = (signups.c.mailbox == mailbox, signups.c.waits)
            connection.execute(delete(signups).where(*others))
            store_reader(connection, reader, now)
            return True

    def sweep(self, now: datetime) -> int:
        """Forget what is a week old, with its mails; returns how much that was."""
        old = signups.c.at <= now - KEPT
        with reading(self.engine) as connection:
            if connection.scalar(select(signups.c.mailbox).where(old).limit(1)) is None:
                return 0
        with writing(self.engine, Turn.SIGNUPS) as connection:
            return _forget(connection, old)

    def forget(self, address: str) -> None:
        """Keep nothing that was asked for a mailbox, nor its mails."""
        with writing(self.engine, Turn.SIGNUPS) as connection:
            forget_signups(connection, address)


def forget_signups(connection: Connection, address: str) -> None:
    """Keep nothing that was asked for a mailbox, nor its mails."""
    _forget(connection, signups.c.mailbox == mailbox_of(connection, address))


_PERSON = select(readers.c.address).where(readers.c.name == _CONFIGURED)
# What the reader is called whose address was typed.
_NAME = case((signups.c.name == bindparam("person"), _CONFIGURED), else_=signups.c.name)
_FIND = (
    select(signups, readers.c.unsubscribed)
    .select_from(signups.outerjoin(readers, readers.c.name == _NAME))
    .where(signups.c.nonce == bindparam("nonce"), ~signups.c.waits)
)


def _person(connection: Connection) -> str:
    """What the person of the configuration would be called, had it signed up; or empty."""
    address = connection.scalar(_PERSON)
    return lookup_key(address) if address else ""


def _callers(now: datetime) -> Select[Any]:
    """Who waits and may be mailed."""
    allowed = or_(
        knocks.c.mailbox.is_(None),
        and_(readers.c.id.is_not(None), may_knock(now, known=True)),
        may_knock(now, known=False),
    )
    return (
        select(signups, readers.c.handle, readers.c.active)
        .select_from(
            signups.outerjoin(readers, readers.c.name == _NAME).outerjoin(
                knocks, knocks.c.mailbox == signups.c.mailbox
            )
        )
        .where(signups.c.waits, allowed)
    )


def _still(connection: Connection, notes: Sequence[MadeNote], now: datetime) -> list[MadeNote]:
    """Those whose callers still wait, and were not mailed by another process."""
    rows = connection.scalars(
        select(signups.c.nonce)
        .select_from(signups.outerjoin(knocks, knocks.c.mailbox == signups.c.mailbox))
        .where(
            signups.c.waits,
            signups.c.nonce.in_([note.caller.signup.nonce for note in notes]),
            or_(knocks.c.mailbox.is_(None), may_knock(now, known=True)),
        )
    )
    waiting = frozenset(rows)
    return [note for note in notes if note.caller.signup.nonce in waiting]


def _replace(connection: Connection, mailboxes: Sequence[str]) -> None:
    """Forget what was mailed before to mailboxes that are mailed anew."""
    _forget(connection, and_(~signups.c.waits, signups.c.mailbox.in_(mailboxes)))


def _forget(connection: Connection, where: ColumnElement[bool]) -> int:
    """Delete sign-ups, and their mails with the addresses in them."""
    mails = select(signups.c.delivery_id).where(where, signups.c.delivery_id.is_not(None))
    connection.execute(delete(deliveries).where(deliveries.c.id.in_(mails)))
    return connection.execute(delete(signups).where(where)).rowcount


def _signup(row: Any, left: datetime | None = None) -> Signup:  # noqa: ANN401 - several shapes
    return Signup(row.nonce, row.address, json.loads(row.wishes), row.at, row.confirmed, left)
