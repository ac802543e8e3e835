"""Editions with their picks, and the queued delivery that comes with each: one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, true

from digest.model import Edition, Message, Sentence
from digest.store.deliveries import row_of
from digest.store.due import DAILY
from digest.store.engine import Turn, reading, writing
from digest.store.rows import chunks, readers_here
from digest.store.schema import announcements, bodies, deliveries, editions, papers, picks
from digest.store.schema import readers as people
from digest.store.states import NEVER_SEEN, Kind
from digest.store.upserts import insert_new


@dataclass(frozen=True, slots=True)
class MadeEdition:
    """An edition, the mail that carries it, and until when it is worth sending (aware)."""

    edition: Edition
    message: Message
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a reader saw a paper: the edition's date, the place in it, and what brought it."""

    date: date
    position: int
    score: float
    interest: str | None


@dataclass(frozen=True, slots=True)
class Editions:
    """All editions of the store. Each method is one transaction."""

    engine: Engine

    def save(self, made: Sequence[MadeEdition], channel: str, now: datetime) -> list[MadeEdition]:
        """Store editions, picks and deliveries queued for a channel together.

        Returns:
            those that are new; where a reader has one for that date already, it stays as it is.
        """
        by_place = {(m.edition.reader.row, m.edition.date): m for m in made}
        # Papers must not be joined, nor readers leave, between the look and the insert.
        with writing(self.engine, Turn.PAPERS) as connection:
            made = _still_there(connection, made)
            if not made:
                return []
            statement = insert_new(connection, editions).returning(
                editions.c.id, editions.c.reader_id, editions.c.date
            )
            rows = connection.execute(statement, [_edition_row(m, now) for m in made]).all()
            new = [(row.id, by_place[row.reader_id, row.date]) for row in rows]
            pick_rows = [row for number, m in new for row in _pick_rows(number, m.edition)]
            if pick_rows:
                connection.execute(insert(picks), pick_rows)
            if new:
                queued = connection.execute(
                    insert(deliveries).returning(deliveries.c.id, deliveries.c.edition_id),
                    [_delivery_row(number, m, channel, now) for number, m in new],
                )
                by_edition = {row.edition_id: row.id for row in queued}
                connection.execute(
                    insert(bodies),
                    [{"delivery_id": by_edition[n], "body": m.message.raw} for n, m in new],
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

    def had_before(self, readers: Sequence[int], day: date) -> set[int]:
        """Which of these readers had an edition before a date; one never seen does not count."""
        found: set[int] = set()
        earlier = (
            select(1)
            .select_from(editions)
            .join(deliveries, deliveries.c.edition_id == editions.c.id)
            .where(
                editions.c.reader_id == people.c.id,
                editions.c.kind == DAILY,
                editions.c.date < day,
                deliveries.c.state.not_in(NEVER_SEEN),
            )
            .exists()
        )
        with reading(self.engine) as connection:
            for chunk in chunks(readers):
                asked = select(people.c.id).where(people.c.id.in_(chunk), earlier)
                found.update(connection.scalars(asked))
        return found

    def papers_had(
        self, readers: Sequence[int], day: date, days: int, other_than: date | None = None
    ) -> dict[int, set[int]]:
        """Which of a date's candidates these readers had before: papers by reader.

        An edition that was refused for good, expired or cancelled was never seen, and does not
        count; nor does the edition of the date `other_than`.
        """
        window = announcements.c.date.between(day - timedelta(days=days - 1), day)
        had: dict[int, set[int]] = {}
        if not readers:
            return had
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(editions.c.reader_id, picks.c.paper_id)
                .join(picks, picks.c.edition_id == editions.c.id)
                .join(deliveries, deliveries.c.edition_id == editions.c.id)
                .where(
                    editions.c.reader_id.in_(readers),
                    picks.c.paper_id.in_(select(announcements.c.paper_id).where(window)),
                    deliveries.c.state.not_in(NEVER_SEEN),
                    true() if other_than is None else editions.c.date != other_than,
                )
            )
            for reader, paper in rows:
                had.setdefault(reader, set()).add(paper)
            return had

    def interest_of(self, reader: int, paper: int) -> str | None:
        """The interest that brought a paper to a reader, in the latest edition that had it."""
        with reading(self.engine) as connection:
            found: str | None = connection.scalar(
                select(picks.c.interest)
                .join(editions, editions.c.id == picks.c.edition_id)
                .where(editions.c.reader_id == reader, picks.c.paper_id == paper)
                .order_by(editions.c.date.desc(), editions.c.id.desc())
                .limit(1)
            )
            return found

    def shown(self, reader: int, paper: int) -> list[Shown]:
        """Every edition of a reader that had a paper, oldest first; not those never seen."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(editions.c.date, picks.c.position, picks.c.score, picks.c.interest)
                .join(picks, picks.c.edition_id == editions.c.id)
                .join(deliveries, deliveries.c.edition_id == editions.c.id)
                .where(
                    editions.c.reader_id == reader,
                    picks.c.paper_id == paper,
                    deliveries.c.state.not_in(NEVER_SEEN),
                )
                .order_by(editions.c.date, editions.c.id)
            )
            return [Shown(*row) for row in rows]


def _still_there(connection: Connection, made: Sequence[MadeEdition]) -> list[MadeEdition]:
    """Without editions whose reader left, or whose paper became another row, meanwhile."""
    stay = readers_here(connection, [m.edition.reader.row for m in made])
    shown = {pick.paper.number for m in made for pick in m.edition.picks}
    papers_here = select(papers.c.id).where(papers.c.id.in_(shown))
    whole = set(connection.scalars(papers_here))
    return [
        m
        for m in made
        # SQLite gives the number of somebody who left to whoever comes next.
        if stay.get(m.edition.reader.row) == m.edition.reader.name
        and all(pick.paper.number in whole for pick in m.edition.picks)
    ]


def _edition_row(made: MadeEdition, now: datetime) -> dict[str, Any]:
    return {
        "reader_id": made.edition.reader.row,
        "date": made.edition.date,
        "kind": DAILY,
        "mood": made.edition.mood.value,
        "subject": made.message.subject,
        "considered": made.edition.considered,
        "made": now,
        "zone": made.edition.reader.schedule.zone,
    }


def _pick_rows(number: int, edition: Edition) -> list[dict[str, Any]]:
    return [
        {
            "edition_id": number,
            "paper_id": pick.paper.number,
            "position": position,
            "score": pick.score,
            "interest": pick.interest,
            "reasons": json.dumps(
                [{"kind": r.kind, "label": r.label, "share": r.share} for r in pick.reasons]
            ),
            "explores": pick.explores,
            "sentence": _written(pick.sentence),
        }
        for position, pick in enumerate(edition.picks, 1)
    ]


def _written(sentence: Sentence | None) -> str | None:
    return json.dumps([sentence.text, *sentence.terms], ensure_ascii=False) if sentence else None


def _delivery_row(number: int, made: MadeEdition, channel: str, now: datetime) -> dict[str, Any]:
    edition = made.edition
    row = row_of(made.message, Kind.DAILY, edition.date, channel, now, made.deadline)
    return row | {"edition_id": number, "reader_id": edition.reader.row}
