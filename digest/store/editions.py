"""Editions with their picks, and the queued delivery that comes with each: one transaction."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, insert, select, true

from digest.model import Edition, Message
from digest.store.deliveries import State
from digest.store.engine import insert_new, reading, writing
from digest.store.readers import DAILY
from digest.store.schema import deliveries, editions, picks


@dataclass(frozen=True, slots=True)
class MadeEdition:
    """An edition and the mail that carries it."""

    edition: Edition
    message: Message


@dataclass(frozen=True, slots=True)
class Editions:
    """All editions of the store. Each method is one transaction."""

    engine: Engine

    def save(self, made: Sequence[MadeEdition], channel: str, now: datetime) -> list[MadeEdition]:
        """Store editions, picks and deliveries queued for a channel together.

        Returns:
            those that are new; where a reader has one for that date already, it stays as it is.
        """
        if not made:
            return []
        by_place = {(m.edition.reader.number, m.edition.date): m for m in made}
        with writing(self.engine) as connection:
            statement = insert_new(connection, editions).returning(
                editions.c.id, editions.c.reader_id, editions.c.date
            )
            rows = connection.execute(statement, [_edition_row(m, now) for m in made]).all()
            new = [(row.id, by_place[row.reader_id, row.date]) for row in rows]
            pick_rows = [row for number, m in new for row in _pick_rows(number, m.edition)]
            if pick_rows:
                connection.execute(insert(picks), pick_rows)
            if new:
                connection.execute(
                    insert(deliveries), [_delivery_row(n, m.message, channel, now) for n, m in new]
                )
        return [m for _, m in new]

    def exists(self, reader: int, day: date) -> bool:
        """Whether a reader has an edition for a date."""
        with reading(self.engine) as connection:
            found = connection.scalar(
                select(editions.c.id).where(
                    editions.c.reader_id == reader,
                    editions.c.date == day,
                    editions.c.kind == DAILY,
                )
            )
            return found is not None

    def papers_had(
        self, first: int, last: int, other_than: date | None = None
    ) -> dict[int, set[int]]:
        """What readers with numbers from `first` to `last` had before: papers by reader.

        An edition that was refused for good was never seen, and does not count; nor does the
        edition of the date `other_than`.
        """
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(editions.c.reader_id, picks.c.paper_id)
                .join(picks, picks.c.edition_id == editions.c.id)
                .join(deliveries, deliveries.c.edition_id == editions.c.id)
                .where(
                    editions.c.reader_id.between(first, last),
                    deliveries.c.state != State.FAILED.value,
                    true() if other_than is None else editions.c.date != other_than,
                )
            )
            had: dict[int, set[int]] = {}
            for reader, paper in rows:
                had.setdefault(reader, set()).add(paper)
            return had


def _edition_row(made: MadeEdition, now: datetime) -> dict[str, Any]:
    return {
        "reader_id": made.edition.reader.number,
        "date": made.edition.date,
        "kind": DAILY,
        "mood": made.edition.mood.value,
        "subject": made.message.subject,
        "considered": made.edition.considered,
        "made": now,
    }


def _pick_rows(number: int, edition: Edition) -> list[dict[str, Any]]:
    return [
        {
            "edition_id": number,
            "paper_id": pick.paper.number,
            "position": position,
            "score": pick.score,
            "interest": pick.interest,
            "reasons": json.dumps([asdict(reason) for reason in pick.reasons]),
        }
        for position, pick in enumerate(edition.picks, 1)
    ]


def _delivery_row(number: int, message: Message, channel: str, now: datetime) -> dict[str, Any]:
    return {
        "edition_id": number,
        "channel": channel,
        "message_id": message.message_id,
        "sender": message.sender,
        "recipient": message.recipient,
        "subject": message.subject,
        "label": message.label,
        "body": message.raw,
        "body_hash": hashlib.sha256(message.raw).hexdigest(),
        "state": State.QUEUED.value,
        "attempts": 0,
        "not_before": now,
    }
