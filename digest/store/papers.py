"""Papers as they are read back: by key or number, as candidates of a day, as they changed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from digest.model import Changed, Paper, Sighting, StoredPaper, Told
from digest.store.adding import add_sightings
from digest.store.coverage import keep_counts
from digest.store.engine import Turn, reading, writing
from digest.store.joining import FRESH
from digest.store.notes import keep_notes
from digest.store.rows import NUMBERS, chunks, latest_signals, numbers_of, rows_of
from digest.store.schema import announcements, papers


@dataclass(frozen=True, slots=True)
class Papers:
    """All papers of the store. Each method is one transaction."""

    engine: Engine

    def add(
        self, sightings: Sequence[Sighting], source: str, today: date, told: Told | None = None
    ) -> int:
        """Store what a source showed; doing so again changes nothing.

        Args:
            sightings: papers with kind, date and counts.
            source: the source's name.
            today: the date of announcement for papers that have none.
            told: what the source announced and noted; kept with the papers or not at all.

        Returns:
            how many works were not known before.
        """
        if not sightings and not (told and (told.counts or told.notes)):
            return 0  # a part without news waits for nobody
        with writing(self.engine, Turn.PAPERS) as connection:
            added = add_sightings(connection, sightings, source, today) if sightings else 0
            if told is not None:
                keep_counts(connection, source, told.counts, told.asked)
                keep_notes(connection, source, told.notes)
            return added

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

    def numbers_by_keys(self, keys: Iterable[str]) -> dict[str, int]:
        """The rows of the papers that these keys name, by key; unknown ones are left out."""
        with reading(self.engine) as connection:
            return numbers_of(connection, list(keys))

    def by_numbers(self, numbers: Iterable[int]) -> dict[int, StoredPaper]:
        """The papers of these rows, with every source that announced them as fresh."""
        sources: dict[int, set[str]] = {number: set() for number in numbers}
        with reading(self.engine) as connection:
            for chunk in chunks(sources):
                for number, source in connection.execute(_WHO, {"numbers": chunk}):
                    sources[number].add(source)
            return _stored(connection, sources)

    def titles_of(self, numbers: Iterable[int]) -> dict[int, str]:
        """The titles of these papers, by row."""
        found: dict[int, str] = {}
        named = select(papers.c.id, papers.c.title)
        with reading(self.engine) as connection:
            for chunk in chunks(numbers):
                rows = connection.execute(named.where(papers.c.id.in_(chunk)))
                found.update((row.id, row.title) for row in rows)
        return found

    def names_of(self, numbers: Iterable[int]) -> dict[int, tuple[Sequence[str], Sequence[str]]]:
        """The authors and the categories of these papers, by row."""
        found: dict[int, tuple[Sequence[str], Sequence[str]]] = {}
        named = select(papers.c.id, papers.c.authors, papers.c.categories)
        with reading(self.engine) as connection:
            for chunk in chunks(numbers):
                for number, authors, categories in connection.execute(
                    named.where(papers.c.id.in_(chunk))
                ):
                    found[number] = (json.loads(authors), json.loads(categories))
        return found

    def candidates(self, day: date, days: int) -> list[StoredPaper]:
        """Papers announced as fresh on `day` or on the `days` - 1 days before, oldest row first."""
        window = announcements.c.date.between(day - timedelta(days=days - 1), day)
        with reading(self.engine) as connection:
            return list(_stored(connection, _sources(connection, window)).values())

    def dates_of(self, numbers: Iterable[int]) -> dict[int, list[date]]:
        """The dates on which any source announced these papers as fresh, in order, by row."""
        found: dict[int, set[date]] = {}
        with reading(self.engine) as connection:
            for chunk in chunks(numbers):
                for number, day in connection.execute(_WHEN, {"numbers": chunk}):
                    found.setdefault(number, set()).add(day)
        return {number: sorted(days) for number, days in found.items()}

    def announced_between(self, first: date, last: date) -> dict[date, int]:
        """How many papers were first announced as fresh on each day; days without any are left out.

        Args:
            first: the first day that counts.
            last: the last day that counts.
        """
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(papers.c.announced, func.count())
                .where(papers.c.announced.between(first, last))
                .group_by(papers.c.announced)
                .order_by(papers.c.announced)
            )
            return {day: count for day, count in rows if day is not None}

    def changes(self, after: int, most: int) -> list[Changed]:
        """At most `most` papers that are new or have another text since the change `after`.

        A paper stands where it last changed. Two that turn out to be one work are a change of the
        one that stays; the number of the other is no longer among `numbers()`.
        """
        named = [papers.c[name] for name in ("change", "key", "announced", "title", "abstract")]
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(papers.c.id, *named)
                .where(papers.c.change > after)
                .order_by(papers.c.change)
                .limit(most)
            )
            return [Changed(*row) for row in rows]

    def key_at(self, change: int) -> str | None:
        """The key of the paper that last changed with this number; None where none did."""
        with reading(self.engine) as connection:
            key: str | None = connection.scalar(
                select(papers.c.key).where(papers.c.change == change)
            )
            return key

    def changes_of(self, numbers: Iterable[int]) -> dict[int, int]:
        """The last change of each of these papers."""
        found: dict[int, int] = {}
        with reading(self.engine) as connection:
            for chunk in chunks(numbers):
                rows = connection.execute(
                    select(papers.c.id, papers.c.change).where(papers.c.id.in_(chunk))
                )
                found.update((row.id, row.change) for row in rows)
        return found

    def last_change(self) -> int:
        """The number of the latest change; 0 while there are no papers."""
        with reading(self.engine) as connection:
            return connection.scalar(_LAST_CHANGE) or 0

    def numbers(self) -> list[int]:
        """All rows, in order: one that is missing was joined to another.

        SQLite may give its number to a paper that comes later, which is a change then.
        """
        with reading(self.engine) as connection:
            return sorted(connection.scalars(select(papers.c.id)))  # by an index, not the table


# Made once, as those in rows.py.
_LAST_CHANGE = select(func.max(papers.c.change))
_FRESHLY = select(announcements.c.paper_id, announcements.c.source).where(
    announcements.c.kind.in_(FRESH)
)
_WHEN = select(announcements.c.paper_id, announcements.c.date).where(
    announcements.c.kind.in_(FRESH), announcements.c.paper_id.in_(NUMBERS)
)
_WHO = _FRESHLY.where(announcements.c.paper_id.in_(NUMBERS))


def _sources(connection: Connection, wanted: ColumnElement[bool]) -> dict[int, set[str]]:
    """Who announced papers as fresh, by row."""
    found: dict[int, set[str]] = {}
    for number, source in connection.execute(_FRESHLY.where(wanted)):
        found.setdefault(number, set()).add(source)
    return found


def _stored(connection: Connection, sources: Mapping[int, set[str]]) -> dict[int, StoredPaper]:
    """The papers of these rows, oldest first."""
    counts = latest_signals(connection, sources)
    return {
        number: StoredPaper(
            number, paper, announced, tuple(sorted(sources[number])), counts.get(number, {})
        )
        for number, (paper, announced) in sorted(rows_of(connection, sources).items())
    }
