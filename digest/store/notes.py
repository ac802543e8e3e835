"""What sources noted for their next visit: cursors, validators of answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, select

from digest.store.engine import reading
from digest.store.schema_asking import source_notes
from digest.store.upserts import upsert


@dataclass(frozen=True, slots=True)
class Notes:
    """The memory of sources. Notes are kept together with the papers that they speak of."""

    engine: Engine

    def of(self, source: str) -> dict[str, str]:
        """What a source noted, by name."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(source_notes.c.name, source_notes.c.text).where(
                    source_notes.c.source == source
                )
            )
            return {row.name: row.text for row in rows}


def keep_notes(connection: Connection, source: str, notes: Mapping[str, str]) -> None:
    """Keep notes in place of those of before; an empty text forgets one."""
    gone = [name for name, text in notes.items() if not text]
    if gone:
        connection.execute(
            delete(source_notes).where(
                source_notes.c.source == source, source_notes.c.name.in_(gone)
            )
        )
    kept = [{"source": source, "name": name, "text": text} for name, text in notes.items() if text]
    if kept:
        connection.execute(upsert(connection, source_notes), kept)
