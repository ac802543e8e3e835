"""Topics that rose on a date: found once, kept for everyone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, insert, select

from digest.store.engine import reading, writing
from digest.store.schema import topics


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

    def of(self, day: date) -> list[KeptTopic]:
        """The topics of a date, the strongest first; none where none were kept."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(topics).where(topics.c.date == day).order_by(topics.c.position)
            )
            return [
                KeptTopic(row.words, row.seen, row.expected, tuple(json.loads(row.papers)))
                for row in rows
            ]

    def keep(self, day: date, found: Sequence[KeptTopic]) -> None:
        """Keep the topics of a date, unless another process was faster."""
        with writing(self.engine) as connection:
            there = connection.scalar(select(topics.c.date).where(topics.c.date == day).limit(1))
            if there is None and found:
                rows = [
                    {
                        "date": day,
                        "position": position,
                        "words": topic.words,
                        "seen": topic.seen,
                        "expected": topic.expected,
                        "papers": json.dumps(topic.papers),
                    }
                    for position, topic in enumerate(found, 1)
                ]
                connection.execute(insert(topics), rows)
