"""Libraries: the papers that readers have in a reference manager or a BibTeX file."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine, delete, func, select

from digest.model import Announcement, LibraryPaper, Paper, Sighting
from digest.store.adding import add_sightings
from digest.store.engine import Turn, reading, upsert, writing
from digest.store.rows import chunks, numbers_of, readers_here, rows_of
from digest.store.schema import library, library_visits

_NO_VERSION = 0  # what a reader's file says of a paper gives way to what any service says


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
            papers: each with the date on which the reader added it, where that is known.
            source: under which name papers that the store does not know are stored. They were
                not announced, so they are candidates of no day.
            today: the date of storing them.

        Returns:
            how many entries came, went or got another date; none for a reader who left.
        """
        with writing(self.engine, Turn.PAPERS) as connection:
            if not readers_here(connection, [reader]):
                return 0
            _add_unknown(connection, [paper for paper, _ in papers], source, today)
            wanted = _entries(connection, papers)
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
            moved = [
                {"reader_id": reader, "origin": origin, "paper_id": number, "added": added}
                for number, added in wanted.items()
                if number not in known or known[number] != added
            ]
            if moved:
                connection.execute(upsert(connection, library), moved)
            return len(gone) + len(moved)

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
            rows = connection.execute(
                select(library.c.origin, func.count())
                .where(library.c.reader_id == reader)
                .group_by(library.c.origin)
            )
            return sorted((origin, count) for origin, count in rows)

    def forget(self, reader: int, origin: str) -> int:
        """Delete an origin's list and the state of its service; returns how many entries went."""
        with writing(self.engine, Turn.PAPERS) as connection:
            gone = 0
            for table in (library_visits, library):
                its = (table.c.reader_id == reader, table.c.origin == origin)
                gone = connection.execute(delete(table).where(*its)).rowcount
            return gone

    def library_state(self, reader: int, origin: str) -> tuple[int | None, datetime | None]:
        """The version of a service's library that was last read, and when it was asked."""
        with reading(self.engine) as connection:
            row = connection.execute(
                select(library_visits.c.version, library_visits.c.asked).where(
                    library_visits.c.reader_id == reader, library_visits.c.origin == origin
                )
            ).first()
            return (row.version, row.asked) if row else (None, None)

    def save_library_state(
        self, reader: int, origin: str, version: int | None, asked: datetime | None
    ) -> None:
        """Remember the version of a service's library, and when it was asked."""
        row = {"reader_id": reader, "origin": origin, "version": version, "asked": asked}
        with writing(self.engine) as connection:
            if readers_here(connection, [reader]):
                connection.execute(upsert(connection, library_visits).values(**row))


def _add_unknown(connection: Connection, papers: Sequence[Paper], source: str, today: date) -> None:
    """Store papers that the store does not know, and abstracts that it lacks."""
    numbers = numbers_of(connection, [paper.key for paper in papers])
    stored = rows_of(connection, set(numbers.values()))
    blank = {number for number, (paper, _) in stored.items() if not paper.abstract}
    sightings = [
        Sighting(dataclasses.replace(paper, version=_NO_VERSION), Announcement.LOOKED_UP)
        for paper in papers
        if paper.key not in numbers or (paper.abstract and numbers[paper.key] in blank)
    ]
    if sightings:
        add_sightings(connection, sightings, source, today)


def _entries(
    connection: Connection, papers: Sequence[tuple[Paper, date | None]]
) -> Mapping[int, date | None]:
    """The earliest date of each paper's row, where several entries lead to one."""
    numbers = numbers_of(connection, [paper.key for paper, _ in papers])
    dates: dict[int, list[date]] = {}
    for paper, added in papers:
        dates.setdefault(numbers[paper.key], []).extend([added] if added else [])
    return {number: min(days, default=None) for number, days in dates.items()}


def _known(connection: Connection, reader: int, origin: str) -> dict[int, date | None]:
    rows = connection.execute(
        select(library.c.paper_id, library.c.added).where(
            library.c.reader_id == reader, library.c.origin == origin
        )
    )
    return {number: added for number, added in rows}  # noqa: C416 - rows are no pairs to mypy
