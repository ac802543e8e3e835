"""Vectors of papers: what an encoder made of each text, kept until the text changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import ColumnElement, Engine, and_, literal_column, select

from digest.model import Paper
from digest.store.engine import reading, writing
from digest.store.rows import chunks
from digest.store.schema import backgrounds, papers, vectors
from digest.store.upserts import upsert

MOST_PASSING = 8000  # vectors in memory, about 1 kB each


@dataclass(frozen=True, slots=True)
class Vectors:
    """All vectors of the store. Each method is one transaction.

    A vector is good as long as its `change` is the paper's: a text that changed has none.
    """

    engine: Engine

    def of(self, encoder: str, numbers: Sequence[int]) -> dict[int, bytes]:
        """The vectors of these papers by one encoder, as far as they are known."""
        found: dict[int, bytes] = {}
        with reading(self.engine) as connection:
            for chunk in chunks(numbers):
                rows = connection.execute(
                    select(vectors.c.paper_id, vectors.c.vector)
                    .join(papers, _good(encoder))
                    .where(vectors.c.paper_id.in_(chunk))
                )
                found.update((row.paper_id, row.vector) for row in rows)
        return found

    def texts(self, numbers: Sequence[int]) -> list[tuple[int, int, str]]:
        """What is read of these papers, as far as they are known: number, change and text."""
        found: list[tuple[int, int, str]] = []
        named = (papers.c.id, papers.c.change, papers.c.title, papers.c.abstract)
        with reading(self.engine) as connection:
            for chunk in chunks(numbers):
                rows = connection.execute(
                    select(*named).where(papers.c.id.in_(chunk)).order_by(papers.c.id)
                )
                found += [
                    (row.id, row.change, Paper((), row.title, row.abstract).text) for row in rows
                ]
        return found

    def keep(self, encoder: str, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """Keep vectors: number, change and bytes of each paper.

        None is kept of a paper that went, or that somebody is changing; and none replaces that of a
        later text.
        """
        with writing(self.engine) as connection:
            here: set[int] = set()
            for chunk in chunks([number for number, _, _ in rows]):
                its = select(papers.c.id).where(papers.c.id.in_(chunk))
                free = its.with_for_update(read=True, key_share=True, skip_locked=True)
                here.update(connection.scalars(free))
            values = [
                {"paper_id": number, "encoder": encoder, "change": change, "vector": content}
                for number, change, content in sorted(rows)  # in one order, whoever writes
                if number in here
            ]
            if values:
                later = vectors.c.change <= literal_column("excluded.change")
                connection.execute(upsert(connection, vectors, later), values)

    def announced(self, encoder: str) -> list[int]:
        """The announced papers that have vectors by an encoder, the earliest first."""
        return [number for _, number in _announced(self.engine, encoder)]

    def background(self, encoder: str) -> tuple[int, bytes] | None:
        """What papers have in common for an encoder, and of how many papers that was learnt."""
        with reading(self.engine) as connection:
            row = connection.execute(
                select(backgrounds.c.papers, backgrounds.c.content).where(
                    backgrounds.c.encoder == encoder
                )
            ).one_or_none()
        return None if row is None else (row.papers, row.content)

    def keep_background(self, encoder: str, papers: int, content: bytes) -> None:
        """Keep it in place of the one before."""
        row = {"encoder": encoder, "papers": papers, "content": content}
        with writing(self.engine) as connection:
            connection.execute(upsert(connection, backgrounds), row)


@dataclass(frozen=True, slots=True)
class PassingVectors(Vectors):
    """The vectors of the store for whoever only looks: what is read anew stays in memory.

    Where there are too many, the oldest go. The background of the store holds, however many papers
    were read since: profiles were made with it. For one thread at a time.
    """

    _read: dict[tuple[str, int], tuple[int, bytes]] = field(default_factory=dict, compare=False)
    _learnt: dict[str, tuple[int, bytes]] = field(default_factory=dict, compare=False)

    def of(self, encoder: str, numbers: Sequence[int]) -> dict[int, bytes]:
        """See Vectors; those in memory first, which came where one of the store is damaged."""
        mine = {n: self._read[encoder, n][1] for n in self._unchanged(encoder, numbers)}
        others = [number for number in numbers if number not in mine]
        return Vectors.of(self, encoder, others) | mine

    def keep(self, encoder: str, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """Keep vectors in memory: number, change and bytes of each paper."""
        for number, change, content in rows:
            self._read.pop((encoder, number), None)  # so that it counts as new
            self._read[encoder, number] = change, content
        for key in list(self._read)[: max(len(self._read) - MOST_PASSING, 0)]:
            del self._read[key]

    def announced(self, encoder: str) -> list[int]:
        """See Vectors."""
        known = [number for name, number in self._read if name == encoder]
        mine = {(day, n) for n, day in self._unchanged(encoder, known).items() if day is not None}
        return [number for _, number in sorted(mine.union(_announced(self.engine, encoder)))]

    def background(self, encoder: str) -> tuple[int, bytes] | None:
        """See Vectors; that of the store is told as learnt of all papers that were read."""
        kept = Vectors.background(self, encoder)
        if kept is None:
            return self._learnt.get(encoder)
        return max(kept[0], len(self.announced(encoder))), kept[1]

    def keep_background(self, encoder: str, papers: int, content: bytes) -> None:
        """Keep it in memory."""
        self._learnt[encoder] = papers, content

    def _unchanged(self, encoder: str, numbers: Iterable[int]) -> dict[int, date | None]:
        """Those in memory whose text is still the one that was read, with their announcement."""
        read = [number for number in numbers if (encoder, number) in self._read]
        found: dict[int, date | None] = {}
        named = select(papers.c.id, papers.c.change, papers.c.announced)
        with reading(self.engine) as connection:
            for chunk in chunks(read):
                for row in connection.execute(named.where(papers.c.id.in_(chunk))):
                    if row.change == self._read[encoder, row.id][0]:
                        found[row.id] = row.announced
        return found


def _announced(engine: Engine, encoder: str) -> list[tuple[date, int]]:
    """The papers that have vectors, with the dates of their announcement, in order."""
    with reading(engine) as connection:
        rows = connection.execute(
            select(papers.c.announced, papers.c.id)
            .join(vectors, _good(encoder))
            .where(papers.c.announced.is_not(None))
            .order_by(papers.c.announced, papers.c.id)
        )
        return [(row.announced, row.id) for row in rows]


def _good(encoder: str) -> ColumnElement[bool]:
    """Whether a row is a vector of a paper's text as it is."""
    return and_(
        vectors.c.paper_id == papers.c.id,
        vectors.c.encoder == encoder,
        vectors.c.change == papers.c.change,
    )
