"""Profiles: what was learnt of each interest, kept between runs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from digest.model import StoredProfile
from digest.store.engine import Turn, reading, writing
from digest.store.rows import chunks, readers_here
from digest.store.schema import profiles
from digest.store.upserts import upsert


@dataclass(frozen=True, slots=True)
class Profiles:
    """All profiles of the store. Each method is one transaction."""

    engine: Engine

    def of(self, readers: Sequence[int]) -> dict[tuple[int, int], StoredProfile]:
        """The profiles of these readers, by reader and place of the interest."""
        found: dict[tuple[int, int], StoredProfile] = {}
        with reading(self.engine) as connection:
            for chunk in chunks(readers):
                rows = connection.execute(select(profiles).where(profiles.c.reader_id.in_(chunk)))
                found.update(((row.reader_id, row.position), StoredProfile(*row)) for row in rows)
        return found

    def save(self, rows: Sequence[StoredProfile], readers: Sequence[int]) -> None:
        """Store profiles in place of those before.

        Args:
            rows: all profiles of the readers, each reader's numbered from 0 without a gap.
            readers: whose they are; places beyond the number of a reader's rows are forgotten.
        """
        with writing(self.engine, Turn.PROFILES) as connection:
            here = readers_here(connection, readers)
            values = [_columns(row) for row in rows if row.reader in here]
            if values:
                connection.execute(upsert(connection, profiles), values)
            _shorten(connection, here, rows)


def _shorten(connection: Connection, readers: Iterable[int], rows: Sequence[StoredProfile]) -> None:
    """Forget interests that are no more: one statement for all readers with as many interests."""
    counts = Counter(row.reader for row in rows)
    by_count: dict[int, list[int]] = {}
    for reader in readers:
        by_count.setdefault(counts[reader], []).append(reader)
    for count, its in by_count.items():
        for chunk in chunks(its):
            beyond = profiles.c.position >= count
            connection.execute(delete(profiles).where(profiles.c.reader_id.in_(chunk), beyond))


def _columns(profile: StoredProfile) -> dict[str, Any]:
    return {
        "reader_id": profile.reader,
        "position": profile.position,
        "digest": profile.digest,
        "fitted": profile.fitted,
        "vector": profile.vector,
    }
