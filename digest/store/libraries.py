"""Libraries: the papers that readers have in a reference manager or a BibTeX file."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine, bindparam, delete, func, select

from digest.identity import is_strong
from digest.model import Announcement, LibraryPaper, Paper, Sighting
from digest.store.adding import add_sightings
from digest.store.engine import Turn, reading, writing
from digest.store.marks import told_near
from digest.store.merging import NO_VERSION, same_work
from digest.store.rows import chunks, numbers_of, readers_here, rows_of
from digest.store.schema import library, library_visits, papers
from digest.store.untold import sweep_untold
from digest.store.upserts import upsert

_NEVER = date.min  # the day of what was never added


@dataclass(frozen=True, slots=True)
class LibraryState:
    """The last visit to a library.

    Args:
        version: of what was read, as the library counts.
        asked: when it was asked.
        retry_at: the earliest time at which it wants to be asked again, if it said so.
        waiting: keys of entries without a title, whose papers the store did not know.
    """

    version: int | None = None
    asked: datetime | None = None
    retry_at: datetime | None = None
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Libraries:
    """All libraries of the store. Each method is one transaction."""

    engine: Engine

    def replace(
        self,
        reader: int,
        origin: str,
        papers: Sequence[tuple[Paper, date | None]],
        source: str,
        today: date,
    ) -> int:
        """Make an origin's list exactly these papers; doing so again changes nothing.

        Args:
            reader: whose library it is.
            origin: the name of the file or the service.
            papers: each with the date on which the reader added it, where that is known. Of a
                work that the store knows they add nothing but a missing abstract, and no key: a
                library may be wrong about it, and all readers have the store.
            source: under which name papers that the store does not know are stored. They were
                not announced, so they are candidates of no day.
            today: the date of storing them.

        Returns:
            how many entries came, went or got another date; none for a reader who left.
        """
        with writing(self.engine, Turn.PAPERS) as connection:
            if not readers_here(connection, [reader]):
                return 0
            rows = _placed(connection, [paper for paper, _ in papers], source, today)
            wanted = _entries(rows, [added for _, added in papers])
            known = _known(connection, reader, origin)
            gone = known.keys() - wanted.keys()
            for chunk in chunks(sorted(gone)):
                connection.execute(
                    delete(library).where(
                        library.c.reader_id == reader,
                        library.c.origin == origin,
                        library.c.paper_id.in_(chunk),
                    )
                )
            sweep_untold(connection, gone)
            changed = {row: day for row, day in wanted.items() if known.get(row, _NEVER) != day}
            return len(gone) + _put(connection, reader, origin, changed)

    def add(
        self,
        reader: int,
        origin: str,
        papers: Sequence[tuple[Paper, date | None]],
        source: str,
        today: date,
    ) -> int:
        """Add these papers to an origin's list, which keeps what it has; see `replace`.

        To a work that the store knows they add nothing at all: anybody may send them.

        Returns:
            how many were not in it before; none for a reader who left.
        """
        with writing(self.engine, Turn.PAPERS) as connection:
            if not readers_here(connection, [reader]):
                return 0
            rows = _placed(connection, [paper for paper, _ in papers], source, today, fill=False)
            wanted = _entries(rows, [added for _, added in papers])
            known = _known(connection, reader, origin)
            new = {row: day for row, day in wanted.items() if row not in known}
            return _put(connection, reader, origin, new)

    def of(self, readers: Sequence[int]) -> dict[int, list[LibraryPaper]]:
        """All entries of these readers, by origin and paper; readers without any are left out."""
        found: dict[int, list[LibraryPaper]] = {}
        with reading(self.engine) as connection:
            for chunk in chunks(readers):
                rows = connection.execute(
                    select(library)
                    .where(library.c.reader_id.in_(chunk))
                    .order_by(library.c.reader_id, library.c.origin, library.c.paper_id)
                )
                for row in rows:
                    found.setdefault(row.reader_id, []).append(LibraryPaper(*row))
        return found

    def origins(self, reader: int) -> list[tuple[str, int]]:
        """Where a reader's entries come from, each with how many there are."""
        with reading(self.engine) as connection:
            rows = connection.execute(_ORIGINS, {"reader": reader})
            return sorted((origin, count) for origin, count in rows)

    def titles(self, reader: int, most: int) -> dict[str, list[str]]:
        """The titles of so many papers of each origin, those that came last first."""
        with reading(self.engine) as connection:
            found: dict[str, list[str]] = {}
            for row in connection.execute(_TITLES, {"reader": reader, "most": most}):
                found.setdefault(row.origin, []).append(row.title)
            return found

    def forget(self, reader: int, origin: str) -> int:
        """Delete an origin's list and the state of its service; returns how many entries went.

        Papers of it that no service told of go too, unless anybody else has them.
        """
        with writing(self.engine, Turn.PAPERS) as connection:
            gone = _known(connection, reader, origin)
            for table in (library_visits, library):
                its = (table.c.reader_id == reader, table.c.origin == origin)
                connection.execute(delete(table).where(*its))
            sweep_untold(connection, gone)
            return len(gone)

    def state(self, reader: int, origin: str) -> LibraryState:
        """What is kept of the last visit to a library."""
        with reading(self.engine) as connection:
            row = connection.execute(
                select(library_visits).where(
                    library_visits.c.reader_id == reader, library_visits.c.origin == origin
                )
            ).first()
        if row is None:
            return LibraryState()
        waiting = tuple(json.loads(row.waiting or "[]"))
        return LibraryState(row.version, row.asked, row.retry_at, waiting)

    def save_state(self, reader: int, origin: str, state: LibraryState) -> None:
        """Keep what is to be known at the next visit to a library."""
        row = {
            "reader_id": reader,
            "origin": origin,
            "version": state.version,
            "asked": state.asked,
            "retry_at": state.retry_at,
            "waiting": json.dumps(state.waiting) if state.waiting else None,
        }
        with writing(self.engine) as connection:
            if readers_here(connection, [reader]):
                connection.execute(upsert(connection, library_visits).values(**row))


def _placed(
    connection: Connection,
    papers: Sequence[Paper],
    source: str,
    today: date,
    *,
    fill: bool = True,
) -> list[int]:
    """The row of each paper, after storing unknown ones.

    Args:
        connection: of the transaction.
        papers: what a library holds.
        source: under which name unknown papers are stored.
        today: the date of storing them.
        fill: whether known papers get abstracts that they lack.
    """
    numbers = numbers_of(connection, [key for paper in papers for key in paper.keys])
    stored = rows_of(connection, set(numbers.values()))
    works = {number: work for number, (work, _) in stored.items()}
    rows = [_row_of(paper, numbers, works) for paper in papers]
    unknown = [place for place, row in enumerate(rows) if row is None]
    for place, near in zip(
        unknown, told_near(connection, [papers[place] for place in unknown]), strict=True
    ):
        if near is not None:
            rows[place], works[near[0]] = near
    new: list[Paper] = []
    for paper, row in zip(papers, rows, strict=True):
        if row is None:
            new.append(dataclasses.replace(paper, version=NO_VERSION))
        elif fill and paper.abstract and not works[row].abstract:
            new.append(dataclasses.replace(works[row], abstract=paper.abstract))
    if new:
        sightings = [Sighting(paper, Announcement.LOOKED_UP) for paper in new]
        add_sightings(connection, sightings, source, today)
        numbers |= numbers_of(connection, [paper.key for paper in new])
    return [
        numbers[paper.key] if row is None else row for paper, row in zip(papers, rows, strict=True)
    ]


_ORIGINS = (  # made once, as those in rows.py
    select(library.c.origin, func.count())
    .where(library.c.reader_id == bindparam("reader"))
    .group_by(library.c.origin)
)

_RANKED = (
    select(
        library.c.origin,
        library.c.paper_id,
        func.row_number()
        .over(
            partition_by=library.c.origin,
            order_by=(func.coalesce(library.c.added, _NEVER).desc(), library.c.paper_id.desc()),
        )
        .label("place"),
    )
    .where(library.c.reader_id == bindparam("reader"))
    .subquery()
)
_TITLES = (
    select(_RANKED.c.origin, papers.c.title)
    .join(papers, papers.c.id == _RANKED.c.paper_id)
    .where(_RANKED.c.place <= bindparam("most"))
    .order_by(_RANKED.c.origin, _RANKED.c.place)
)


def _row_of(paper: Paper, numbers: Mapping[str, int], works: Mapping[int, Paper]) -> int | None:
    """The row of the first of its keys that names a known work for sure, or as a title does."""
    for key in paper.keys:
        number = numbers.get(key)
        if number is not None and (is_strong(key) or same_work(works[number], paper)):
            return number
    return None


def _entries(rows: Sequence[int], added: Sequence[date | None]) -> Mapping[int, date | None]:
    """The earliest date of each row, where several entries lead to one."""
    dates: dict[int, list[date]] = {}
    for row, day in zip(rows, added, strict=True):
        dates.setdefault(row, []).extend([day] if day else [])
    return {row: min(days, default=None) for row, days in dates.items()}


def _put(connection: Connection, reader: int, origin: str, days: Mapping[int, date | None]) -> int:
    """Store entries, each a paper's row and the day it was added; returns how many."""
    entries = [
        {"reader_id": reader, "origin": origin, "paper_id": number, "added": added}
        for number, added in days.items()
    ]
    if entries:
        connection.execute(upsert(connection, library), entries)
    return len(entries)


def _known(connection: Connection, reader: int, origin: str) -> dict[int, date | None]:
    rows = connection.execute(
        select(library.c.paper_id, library.c.added).where(
            library.c.reader_id == reader, library.c.origin == origin
        )
    )
    return {number: added for number, added in rows}  # noqa: C416 - rows are no pairs to mypy
