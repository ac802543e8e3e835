"""The archive: editions as they were made, read back from their picks; mails may be gone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Date,
    Engine,
    Integer,
    Row,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from digest.model import Mood, Reason, ReasonKind, Sentence
from digest.store.due import DAILY
from digest.store.engine import reading
from digest.store.rows import chunks
from digest.store.schema import deliveries, editions, papers, picks
from digest.store.states import State

_ESCAPE = "\\"


@dataclass(frozen=True, slots=True)
class Listed:
    """An edition in a list: how many papers it has, and what became of its mail."""

    date: date
    subject: str
    papers: int
    made: datetime
    state: State | None


@dataclass(frozen=True, slots=True)
class Picked:
    """A pick as it was stored; `position` is its place in the edition, `paper` its row.

    `change` is the paper's last one: with the same number it has the same text.
    """

    position: int
    paper: int
    change: int
    score: float
    interest: str | None
    reasons: tuple[Reason, ...] = ()
    explores: bool = False
    sentence: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An edition as it was stored, its picks in order; `earlier` and `later` stand beside it."""

    day: date
    subject: str
    mood: Mood
    considered: int
    made: datetime
    picks: tuple[Picked, ...]
    state: State | None
    earlier: date | None = None
    later: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader had a paper: the date of the edition and the place in it."""

    date: date
    position: int
    paper: int


@dataclass(frozen=True, slots=True)
class Archive:
    """All editions of all readers. Each method is one transaction."""

    engine: Engine = field(repr=False)

    def count(self, reader: int) -> int:
        """How many editions a reader has had."""
        with reading(self.engine) as connection:
            return connection.scalar(_COUNT, {"reader": reader}) or 0

    def listed(self, reader: int, start: int, most: int) -> list[Listed]:
        """A reader's editions, the newest first.

        Args:
            reader: whose.
            start: how many of the newest are left out.
            most: the most that are wanted.
        """
        with reading(self.engine) as connection:
            return _listed(connection, reader, start, most)

    def newest(self, reader: int, most: int, titles: int) -> list[tuple[Listed, list[str]]]:
        """A reader's newest editions, the newest first, each with the titles of its first places.

        Args:
            reader: whose.
            most: the most editions that are wanted.
            titles: the most titles of each.
        """
        found: dict[date, list[str]] = {}
        with reading(self.engine) as connection:
            every = _listed(connection, reader, 0, most)
            asked = {"reader": reader, "days": [one.date for one in every], "most": titles}
            for day, title in connection.execute(_FIRST_TITLES, asked):
                found.setdefault(day, []).append(title)
        return [(one, found.get(one.date, [])) for one in every]

    def edition(self, reader: int, day: date) -> Kept | None:
        """A reader's edition of a date; None where there is none."""
        asked = {"reader": reader, "day": day}
        with reading(self.engine) as connection:
            row = connection.execute(_EDITION, asked).first()
            if row is None:
                return None
            return Kept(
                day=day,
                subject=row.subject,
                mood=Mood(row.mood),
                considered=row.considered,
                made=row.made,
                picks=tuple(map(_picked, connection.execute(_PICKS, {"edition": row.id}))),
                state=_state(row.state),
                earlier=row.earlier,
                later=row.later,
            )

    def pick(self, reader: int, day: date, position: int) -> Picked | None:
        """One pick of a reader's edition; None where edition or pick are gone."""
        asked = {"reader": reader, "day": day, "position": position}
        with reading(self.engine) as connection:
            row = connection.execute(_PICK, asked).first()
            return _picked(row) if row else None

    def held(self, reader: int) -> tuple[int, list[int]]:
        """How many editions a reader has had, and every paper that was in them."""
        asked = {"reader": reader}
        with reading(self.engine) as connection:
            count = connection.scalar(_COUNT, asked) or 0
            return count, list(connection.scalars(_PAPERS_OF, asked))

    def holding(self, reader: int, words: Sequence[str], most: int) -> list[int]:
        """Papers of a reader's editions whose title or abstract has all of these words.

        They come in the order of the editions, the newest first.
        """
        asked = (
            select(picks.c.paper_id)
            .join(editions, editions.c.id == picks.c.edition_id)
            .join(papers, papers.c.id == picks.c.paper_id)
            .where(*_of(reader), *(_has(word) for word in words))
            .group_by(picks.c.paper_id)
            .order_by(func.max(editions.c.date).desc(), func.min(picks.c.position))
            .limit(most)
        )
        with reading(self.engine) as connection:
            return list(connection.scalars(asked))

    def places(self, reader: int, numbers: Sequence[int]) -> dict[int, Place]:
        """The latest edition in which a reader had each of these papers, by paper."""
        found: dict[int, Place] = {}
        with reading(self.engine) as connection:
            for chunk in chunks(numbers):
                rows = connection.execute(
                    select(editions.c.date, picks.c.position, picks.c.paper_id)
                    .join(picks, picks.c.edition_id == editions.c.id)
                    .where(*_of(reader), picks.c.paper_id.in_(chunk))
                    .order_by(editions.c.date)
                )
                found.update((row.paper_id, Place(*row)) for row in rows)
        return found

    def uncertain(self, before: Mapping[int, date]) -> dict[int, date]:
        """Readers whose latest edition before a date may not have arrived, with its date.

        What is older than a month is left alone.

        Args:
            before: the date for each reader.
        """
        found: dict[int, date] = {}
        with reading(self.engine) as connection:
            for day in sorted(set(before.values())):
                numbers = [number for number, its in before.items() if its == day]
                for chunk in chunks(numbers):
                    found.update(_uncertain(connection, chunk, day))
        return found


def _listed(connection: Connection, reader: int, start: int, most: int) -> list[Listed]:
    asked = {"reader": reader, "start": start, "most": most}
    return [
        Listed(day, subject, many, made, _state(state))
        for day, subject, many, made, state in connection.execute(_LISTED, asked)
    ]


def _uncertain(connection: Connection, numbers: Sequence[int], day: date) -> dict[int, date]:
    last = (
        select(editions.c.reader_id, func.max(editions.c.date).label("date"))
        .where(editions.c.reader_id.in_(numbers), editions.c.kind == DAILY, editions.c.date < day)
        .group_by(editions.c.reader_id)
        .subquery()
    )
    rows = connection.execute(
        select(last.c.reader_id, last.c.date)
        .join(
            editions,
            and_(
                editions.c.reader_id == last.c.reader_id,
                editions.c.date == last.c.date,
                editions.c.kind == DAILY,
            ),
        )
        .join(deliveries, deliveries.c.edition_id == editions.c.id)
        .where(deliveries.c.state == State.UNCERTAIN.value)
    )
    return {row.reader_id: row.date for row in rows}


def _of(reader: int) -> tuple[Any, Any]:
    return editions.c.reader_id == reader, editions.c.kind == DAILY


# Made once, as those in rows.py: what pages ask for with every visit.
_MINE = (editions.c.reader_id == bindparam("reader"), editions.c.kind == DAILY)
_ON = editions.c.date == bindparam("day", type_=Date)
_COUNT = select(func.count()).select_from(editions).where(*_MINE)
_HELD = (
    select(func.count())
    .select_from(picks)
    .where(picks.c.edition_id == editions.c.id)
    .scalar_subquery()
)
_LISTED = (
    select(editions.c.date, editions.c.subject, _HELD, editions.c.made, deliveries.c.state)
    .outerjoin(deliveries, deliveries.c.edition_id == editions.c.id)
    .where(*_MINE)
    .order_by(editions.c.date.desc())
    .offset(bindparam("start", type_=Integer))
    .limit(bindparam("most", type_=Integer))
)
_OTHER = editions.alias()
_BESIDE = (_OTHER.c.reader_id == bindparam("reader"), _OTHER.c.kind == DAILY)
_BEFORE = select(func.max(_OTHER.c.date)).where(*_BESIDE, _OTHER.c.date < editions.c.date)
_AFTER = select(func.min(_OTHER.c.date)).where(*_BESIDE, _OTHER.c.date > editions.c.date)
_EDITION = (
    select(
        editions,
        deliveries.c.state,
        _BEFORE.scalar_subquery().label("earlier"),
        _AFTER.scalar_subquery().label("later"),
    )
    .outerjoin(deliveries, deliveries.c.edition_id == editions.c.id)
    .where(*_MINE, _ON)
)
_WITH_CHANGE = select(picks, papers.c.change).join(papers, papers.c.id == picks.c.paper_id)
_PICKS = _WITH_CHANGE.where(picks.c.edition_id == bindparam("edition")).order_by(picks.c.position)
_PAPERS_OF = (
    select(picks.c.paper_id)
    .join(editions, editions.c.id == picks.c.edition_id)
    .where(*_MINE)
    .distinct()
)
_FIRST_TITLES = (
    select(editions.c.date, papers.c.title)
    .join(picks, picks.c.edition_id == editions.c.id)
    .join(papers, papers.c.id == picks.c.paper_id)
    .where(
        *_MINE,
        editions.c.date.in_(bindparam("days", expanding=True)),
        picks.c.position <= bindparam("most", type_=Integer),
    )
    .order_by(editions.c.date, picks.c.position)
)
_PICK = _WITH_CHANGE.join(editions, editions.c.id == picks.c.edition_id).where(
    *_MINE, _ON, picks.c.position == bindparam("position")
)


def _has(word: str) -> Any:  # noqa: ANN401 - a condition of the library's
    """Whether title or abstract have a word, whatever its case."""
    plain = word.casefold()
    for sign in (_ESCAPE, "%", "_"):
        plain = plain.replace(sign, _ESCAPE + sign)
    like = f"%{plain}%"
    return or_(
        func.lower(papers.c.title).like(like, escape=_ESCAPE),
        func.lower(papers.c.abstract).like(like, escape=_ESCAPE),
    )


def _state(written: str | None) -> State | None:
    return None if written is None else State(written)


def _picked(row: Row[Any]) -> Picked:
    return Picked(
        row.position,
        row.paper_id,
        row.change,
        row.score,
        row.interest,
        _reasons(row.reasons),
        explores=bool(row.explores),
        sentence=_sentence(row.sentence),
    )


def _sentence(written: str | None) -> Sentence | None:
    if written is None:
        return None
    text, *terms = json.loads(written)
    return Sentence(text, tuple(terms))


def _reasons(written: str) -> tuple[Reason, ...]:
    return tuple(
        Reason(ReasonKind(one["kind"]), one["label"], one["share"]) for one in json.loads(written)
    )
