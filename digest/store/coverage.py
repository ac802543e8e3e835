"""Coverage: what each part of a source announced on a date, and what was read of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine, Row, select, tuple_

from digest.model import Count, Covered, Standing
from digest.store.engine import reading
from digest.store.rows import chunks
from digest.store.schema_asking import coverage, source_notes
from digest.store.upserts import upsert

TITLE = "title "  # begins the name of a note that says what a part is called
_RANK = (
    Standing.BROKEN,
    Standing.STALE,
    Standing.PARTIAL,
    Standing.OPEN,
    Standing.QUIET,
    Standing.COMPLETE,
)


@dataclass(frozen=True, slots=True)
class CoverageBook:
    """What was announced and read, by source, part and date of announcement."""

    engine: Engine

    def between(self, first: date, last: date, source: str | None = None) -> tuple[Covered, ...]:
        """All that is known of the dates from `first` to `last`, by date, source and part."""
        query = select(coverage).where(coverage.c.date.between(first, last))
        if source is not None:
            query = query.where(coverage.c.source == source)
        query = query.order_by(coverage.c.date, coverage.c.source, coverage.c.part)
        with reading(self.engine) as connection:
            return tuple(_covered(row) for row in connection.execute(query))

    def titles(self) -> dict[tuple[str, str], str]:
        """What parts call themselves (feeds do), by source and part, as sources noted it."""
        query = select(source_notes).where(source_notes.c.name.startswith(TITLE, autoescape=True))
        with reading(self.engine) as connection:
            return {
                (row.source, row.name.removeprefix(TITLE)): row.text
                for row in connection.execute(query)
            }


def keep_counts(
    connection: Connection, source: str, counts: Sequence[Count], asked: datetime
) -> None:
    """Keep counts of one visit; what was settled before is not unsettled by a worse answer.

    Of two counts for one part and date in the same visit the later one holds.
    """
    last = {(count.part, count.date): count for count in counts}
    known: dict[tuple[str, date], Covered] = {}
    place = tuple_(coverage.c.part, coverage.c.date)
    for chunk in chunks(sorted(last)):
        stored = connection.execute(
            select(coverage).where(coverage.c.source == source, place.in_(chunk))
        )
        known.update({(row.part, row.date): _covered(row) for row in stored})
    rows = [
        _row(source, count, asked, known.get(key))
        for key, count in last.items()
        if key not in known or not _worse(count, known[key].count)
    ]
    if rows:
        connection.execute(upsert(connection, coverage), rows)


def _worse(new: Count, old: Count) -> bool:
    """Whether a new count knows less than the old one."""
    grew = (new.announced or 0) > (old.announced or 0)
    return _RANK.index(new.standing) < _RANK.index(old.standing) and not grew


def _row(source: str, count: Count, asked: datetime, before: Covered | None) -> dict[str, object]:
    completed = before.completed if before else None
    if completed is None and count.standing.settled:
        completed = asked
    return {
        "source": source,
        "part": count.part,
        "date": count.date,
        "standing": count.standing.value,
        "announced": count.announced,
        "read": count.read,
        "way": count.way,
        "said": count.said,
        "asked": asked,
        "completed": completed,
    }


def _covered(row: Row[tuple[object, ...]]) -> Covered:
    count = Count(
        row.part,
        row.date,
        Standing(row.standing),
        row.announced,
        row.read,
        row.way,
        row.said,
    )
    return Covered(row.source, count, row.asked, row.completed)
