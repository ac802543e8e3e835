"""Papers as they are read back: by key, as candidates of a day, as a background."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Engine, func, select

from digest.model import Paper, Sighting, StoredPaper
from digest.store.adding import FRESH, add_sightings
from digest.store.engine import Turn, reading, writing
from digest.store.rows import latest_signals, numbers_of, paper_of, rows_of
from digest.store.schema import announcements, papers


@dataclass(frozen=True, slots=True)
class Papers:
    """All papers of the store. Each method is one transaction."""

    engine: Engine

    def add(self, sightings: Sequence[Sighting], source: str, today: date) -> int:
        """Store what a source showed; doing so again changes nothing.

        Args:
            sightings: papers with kind, date and counts.
            source: the source's name.
            today: the date of announcement for papers that have none.

        Returns:
            how many works were not known before.
        """
        with writing(self.engine, Turn.PAPERS) as connection:
            return add_sightings(connection, sightings, source, today)

    def count(self) -> int:
        """How many works there are."""
        with reading(self.engine) as connection:
            return connection.scalar(select(func.count()).select_from(papers)) or 0

    def known_keys(self, keys: Iterable[str]) -> frozenset[str]:
        """Which of these keys the store knows."""
        with reading(self.engine) as connection:
            return frozenset(numbers_of(connection, list(keys)))

    def by_keys(self, keys: Iterable[str]) -> dict[str, Paper]:
        """The papers that these keys name, by key; unknown ones are left out."""
        with reading(self.engine) as connection:
            numbers = numbers_of(connection, list(keys))
            rows = rows_of(connection, set(numbers.values()))
            return {key: rows[number][0] for key, number in numbers.items()}

    def candidates(self, day: date, days: int) -> list[StoredPaper]:
        """Papers announced as fresh on `day` or on the `days` - 1 days before, oldest row first."""
        with reading(self.engine) as connection:
            found = connection.execute(
                select(announcements.c.paper_id, announcements.c.source).where(
                    announcements.c.date.between(day - timedelta(days=days - 1), day),
                    announcements.c.kind.in_(FRESH),
                )
            )
            sources: dict[int, set[str]] = {}
            for number, source in found:
                sources.setdefault(number, set()).add(source)
            rows = rows_of(connection, set(sources))
            counts = latest_signals(connection, set(sources))
        return [
            StoredPaper(
                number, paper, announced, tuple(sorted(sources[number])), counts.get(number, {})
            )
            for number, (paper, announced) in sorted(rows.items())
        ]

    def background(self, most: int) -> list[Paper]:
        """The `most` papers that came last: what a reader's profile is compared with."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(papers).order_by(papers.c.id.desc()).limit(most))
            return [paper_of(row, (row.key,)) for row in rows]
