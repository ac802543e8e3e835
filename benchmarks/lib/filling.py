"""Mails to post: made in memory, and queued as the editions of new readers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, text

from digest.model import Edition, Message, Mood, Reader, ReaderKind
from digest.store import Store
from digest.store.editions import MadeEdition
from digest.store.schema import readers
from lib.sink import NOBODY

CHANNEL = "smtp"
DAY = datetime.now(UTC).date()  # so that `digest status` shows them
_SENDER = "digest@example.org"
_WORTH_SENDING = timedelta(days=3650)  # deadlines have tests of their own
_ONE_NOBODY_IN = 100
_AT_ONCE = 1000


def letters(first: int, sizes: Sequence[int], *, all_exist: bool = True) -> list[Message]:
    """Mails of about these bytes, numbered from `first`, each to somebody else.

    Unless all addresses exist, the server refuses one in a hundred for good.
    """
    return [_letter(number, size, all_exist) for number, size in enumerate(sizes, first)]


def _letter(number: int, size: int, all_exist: bool) -> Message:  # noqa: FBT001
    wrong = not all_exist and number % _ONE_NOBODY_IN == _ONE_NOBODY_IN - 1
    name = f"{NOBODY if wrong else 'reader'}{number}"
    message_id, recipient = f"<{name}.{DAY}@example.org>", f"{name}@example.net"
    raw = _body(message_id, recipient, size)
    return Message(message_id, _SENDER, recipient, "Papers", name, raw)


def _body(message_id: str, recipient: str, size: int) -> bytes:
    """A mail's bytes; some of its lines begin with a dot."""
    head = (
        f"From: {_SENDER}\r\nTo: {recipient}\r\nSubject: Papers\r\nMessage-ID: {message_id}\r\n"
        'MIME-Version: 1.0\r\nContent-Type: text/plain; charset="utf-8"\r\n\r\n'
    ).encode()
    plain = b"a line of a letter that says what a paper found and why it is worth reading\r\n"
    part = b"." + plain + 31 * plain
    count = (size - len(head)) // len(plain)
    return head + part * (count // 32) + plain * (count % 32)


def enqueue(store: Store, mails: Sequence[Message]) -> None:
    """Queue mails as a day's editions of readers who are made for them."""
    for start in range(0, len(mails), _AT_ONCE):
        _enqueue(store, mails[start : start + _AT_ONCE])


def settle(store: Store) -> None:
    """Let a server write down what was queued, so that it does not do so while mails are timed."""
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect() as plain:
            plain.execution_options(isolation_level="AUTOCOMMIT").execute(text("CHECKPOINT"))


def _enqueue(store: Store, mails: Sequence[Message]) -> None:
    now = datetime.now(UTC)
    names = [mail.recipient for mail in mails]
    row = {
        "kind": ReaderKind.SAVED.value,
        "minute": 420,
        "zone": "UTC",
        "weekdays": 127,
        "picks": 10,
        "active": True,
        "created": now,
    }
    with store.engine.connect().execution_options(digest_writes=True) as connection:
        connection.execute(
            insert(readers), [row | {"name": name, "address": name} for name in names]
        )
        chosen = select(readers.c.name, readers.c.id).where(readers.c.name.in_(names))
        numbers = dict(connection.execute(chosen).tuples().all())
        connection.commit()
    made = [_made(numbers[mail.recipient], mail, now) for mail in mails]
    assert len(store.editions.save(made, CHANNEL, now)) == len(mails)


def _made(number: int, mail: Message, now: datetime) -> MadeEdition:
    reader = Reader(mail.recipient, mail.recipient, ReaderKind.SAVED, number=number)
    edition = Edition(reader, DAY, (), Mood.TRENDING, 0)
    return MadeEdition(edition, mail, now + _WORTH_SENDING)
