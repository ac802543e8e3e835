"""Rows as values, and back; what several nouns of the store share."""

import json
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import BindParameter, Connection, Insert, Row, Select, bindparam, func, select

from digest.model import Paper
from digest.store.merging import strength
from digest.store.schema import paper_keys, papers, readers, signals

_PARAMETERS = 10_000  # well below what either database takes in one statement
NUMBERS: BindParameter[Any] = bindparam("numbers", expanding=True)


def _latest() -> Select[Any]:
    """The last value that each source had of each count."""
    last = (
        select(
            signals.c.paper_id,
            signals.c.source,
            signals.c.name,
            func.max(signals.c.observed).label("observed"),
        )
        .where(signals.c.paper_id.in_(NUMBERS))
        .group_by(signals.c.paper_id, signals.c.source, signals.c.name)
        .subquery()
    )
    return select(signals.c.paper_id, signals.c.name, signals.c.value).join(
        last,
        (signals.c.paper_id == last.c.paper_id)
        & (signals.c.source == last.c.source)
        & (signals.c.name == last.c.name)
        & (signals.c.observed == last.c.observed),
    )


# Made once: every page asks for papers, and making statements takes longer than answering them.
_KEYS = select(paper_keys).where(paper_keys.c.paper_id.in_(NUMBERS))
_PAPERS = select(papers).where(papers.c.id.in_(NUMBERS))
_LATEST = _latest()


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Parts small enough for one statement."""
    every = list(values)
    for start in range(0, len(every), _PARAMETERS):
        yield every[start : start + _PARAMETERS]


def numbers_of(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """The rows that these keys lead to, by key; unknown keys are left out."""
    found: dict[str, int] = {}
    for chunk in chunks(dict.fromkeys(keys)):
        rows = connection.execute(select(paper_keys).where(paper_keys.c.key.in_(chunk)))
        found.update((row.key, row.paper_id) for row in rows)
    return found


def put_rows(connection: Connection, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute an insert for many rows whose values are as both drivers take them; dates are text.

    SQLAlchemy looks at each value of each row, which takes longer than what the database does.
    """
    if not rows:
        return
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
    if not compiled.positional:
        known = compiled.params
        connection.exec_driver_sql(str(compiled), [{**known, **row} for row in rows])
        return
    names = list(compiled.positiontup or ())
    fixed = {name: compiled.params[name] for name in names if name not in rows[0]}
    values = operator.itemgetter(*names)
    many = [values({**row, **fixed}) for row in rows] if fixed else list(map(values, rows))
    connection.exec_driver_sql(str(compiled), many)


def rows_of(connection: Connection, numbers: Iterable[int]) -> dict[int, tuple[Paper, date | None]]:
    """Papers with all their keys and their date, by row number."""
    wanted = list(numbers)
    keys: dict[int, list[str]] = {}
    found: dict[int, tuple[Paper, date | None]] = {}
    for chunk in chunks(wanted):
        for row in connection.execute(_KEYS, {"numbers": chunk}):
            keys.setdefault(row.paper_id, []).append(row.key)
        for row in connection.execute(_PAPERS, {"numbers": chunk}):
            others = sorted(set(keys.get(row.id, ())) - {row.key}, key=strength)
            found[row.id] = (paper_of(row, (row.key, *others)), row.announced)
    return found


def paper_of(row: Row[Any], keys: tuple[str, ...]) -> Paper:
    """A paper from its row."""
    return Paper(
        keys=keys,
        title=row.title,
        abstract=row.abstract,
        authors=tuple(json.loads(row.authors)),
        categories=tuple(json.loads(row.categories)),
        version=row.version,
        url=row.url,
        pdf=row.pdf,
        code=row.code,
        project=row.project,
    )


def columns_of(paper: Paper) -> dict[str, Any]:
    """A paper as the columns of its row."""
    return {
        "key": paper.key,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": json.dumps(paper.authors, ensure_ascii=False),
        "categories": json.dumps(paper.categories, ensure_ascii=False),
        "version": paper.version,
        "url": paper.url,
        "pdf": paper.pdf,
        "code": paper.code,
        "project": paper.project,
    }


def latest_signals(connection: Connection, numbers: Iterable[int]) -> dict[int, Mapping[str, int]]:
    """The last value of each count; the largest where two sources have one."""
    found: dict[int, dict[str, int]] = {}
    for chunk in chunks(numbers):
        rows = connection.execute(_LATEST, {"numbers": chunk})
        for number, name, value in rows:
            counts = found.setdefault(number, {})
            counts[name] = max(value, counts.get(name, 0))
    return dict(found)


def readers_here(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Which of these readers are there, by name; they cannot leave before the transaction ends."""
    here: dict[int, str] = {}
    for chunk in chunks(numbers):
        rows = select(readers.c.id, readers.c.name).where(readers.c.id.in_(chunk))
        locked = rows.order_by(readers.c.id).with_for_update(read=True)
        here.update((row.id, row.name) for row in connection.execute(locked))
    return here


def is_paper(connection: Connection, number: int) -> bool:
    """Whether there is such a row, which may have become another one meanwhile."""
    found = connection.scalar(select(papers.c.id).where(papers.c.id == number))
    return found is not None
