"""Topics that rose on a date: found once, kept for everyone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, insert, select

from digest.store.engine import reading, writing
from digest.store.schema import topics
from digest.store.upserts import insert_new

_LOOKED = 0  # the position of the row that says: here somebody looked for topics


@dataclass(frozen=True, slots=True)
class KeptTopic:
    """A topic as model.Topic has it; `papers` are the keys of those that carry it most."""

    words: str
    seen: int
    expected: float
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of the store. Each method is one transaction."""

    engine: Engine

    def of(self, day: date) -> list[KeptTopic] | None:
        """The topics of a date, the strongest first; None where nobody has looked for any."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(topics).where(topics.c.date == day).order_by(topics.c.position)
            ).all()
        if not rows:
            return None
        return [
            KeptTopic(row.words, row.seen, row.expected, tuple(json.loads(row.papers)))
            for row in rows
            if row.position != _LOOKED
        ]

    def keep(self, day: date, found: Sequence[KeptTopic]) -> None:
        """Keep the topics of a date, or that there are none, unless another process was faster."""
        looked = {"date": day, "words": "", "seen": 0, "expected": 0.0, "papers": "[]"}
        with writing(self.engine) as connection:
            first = insert_new(connection, topics).values(position=_LOOKED, **looked)
            told = connection.execute(first.returning(topics.c.position)).all()
            if told and found:
                rows = [
                    {
                        "date": day,
                        "position": position,
                        "words": topic.words,
                        "seen": topic.seen,
                        "expected": topic.expected,
                        "papers": json.dumps(topic.papers),
                    }
                    for position, topic in enumerate(found, _LOOKED + 1)
                ]
                connection.execute(insert(topics), rows)
