"""Storing what a source showed: find each work by its keys, merge, upgrade, keep every count.

A batch is placed in memory first (works that are new get numbers below zero), then written with
a handful of statements.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    Connection,
    String,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from digest.model import Paper, Sighting
from digest.store.joining import FRESH, join_rows
from digest.store.marks import drop_marks, marks_of, put_marks, rows_by_mark
from digest.store.merging import with_page_key
from digest.store.rows import chunks, columns_of, numbers_of, put_rows, rows_of
from digest.store.schema import announcements, paper_keys, papers, signals
from digest.store.shelf import Shelf
from digest.store.upserts import insert_new, upsert


def add_sightings(
    connection: Connection, sightings: Sequence[Sighting], source: str, today: date
) -> int:
    """Store a batch; returns how many works were not known before."""
    seen = [with_page_key(sighting.paper) for sighting in sightings]
    shelf = _load(connection, seen)
    marks = _load_near(connection, shelf, seen)
    last = connection.scalar(select(func.max(papers.c.change))) or 0
    places = [shelf.place(paper, its) for paper, its in zip(seen, marks, strict=True)]
    for number, sighting in zip(map(shelf.placed, places), sightings, strict=True):
        if sighting.kind.fresh:
            shelf.date(number, sighting.announced or today)
    for keep, drop in shelf.joined:
        join_rows(connection, keep, drop)
    _free_keys(connection, shelf.freed)
    drop_marks(connection, shelf.published)
    added = _insert_works(connection, shelf, last)
    _update_works(connection, shelf)
    _count_changes(connection, shelf.retold(), last + added)
    placed = [
        (shelf.row_of(number), sighting) for number, sighting in zip(places, sightings, strict=True)
    ]
    _insert_announcements(connection, placed, source, today)
    _insert_signals(connection, placed, source)
    return added


def _load(connection: Connection, seen: Sequence[Paper]) -> Shelf:
    """The works that the keys of a batch lead to."""
    numbers = numbers_of(connection, [key for paper in seen for key in paper.keys])
    shelf = Shelf()
    for number, (paper, announced) in rows_of(connection, set(numbers.values())).items():
        shelf.hold(number, paper, announced)
    return shelf


def _load_near(
    connection: Connection, shelf: Shelf, seen: Sequence[Paper]
) -> list[tuple[int, ...]]:
    """The marks of each paper whose work may be known by nearly the same title, and those works."""
    marks = [() if shelf.knows(paper) else marks_of(paper) for paper in seen]
    shelf.marked = rows_by_mark(connection, (mark for its in marks for mark in its))
    near = {number for works in shelf.marked.values() for number in works} - shelf.papers.keys()
    for number, (paper, announced) in rows_of(connection, near).items():
        shelf.hold(number, paper, announced)
    return marks


def _free_keys(connection: Connection, freed: set[str]) -> None:
    """Take keys from their works, before others get them; those are given theirs when updated."""
    passing = literal("freed:") + cast(papers.c.id, String)
    for chunk in chunks(sorted(freed)):
        connection.execute(delete(paper_keys).where(paper_keys.c.key.in_(chunk)))
        connection.execute(update(papers).where(papers.c.key.in_(chunk)).values(key=passing))


def _insert_works(connection: Connection, shelf: Shelf, last: int) -> int:
    fresh = sorted((number for number in shelf.papers if number < 0), reverse=True)
    if fresh:
        rows = [
            {
                **columns_of(shelf.papers[number]),
                "announced": _written(shelf.dates[number]),
                "change": change,
            }
            for change, number in enumerate(fresh, last + 1)
        ]
        put_rows(connection, insert(papers), rows)
        made = connection.execute(
            select(papers.c.change, papers.c.id).where(papers.c.change > last)
        )
        shelf.renumber({fresh[change - last - 1]: number for change, number in made})
    if shelf.new_keys:
        keys = [{"key": key, "paper_id": shelf.numbers[key]} for key in sorted(shelf.new_keys)]
        put_rows(connection, insert_new(connection, paper_keys), keys)
    put_marks(connection, shelf.new_marks)
    return len(fresh)


def _update_works(connection: Connection, shelf: Shelf) -> None:
    rows = [
        {"number": number, "announced": shelf.dates[number], **columns_of(shelf.papers[number])}
        for number in sorted(shelf.changed)
        if number > 0
    ]
    if rows:
        values: dict[str, Any] = {
            name: bindparam(f"new_{name}") for name in rows[0] if name != "number"
        }
        connection.execute(
            update(papers).where(papers.c.id == bindparam("number")).values(**values),
            [{n if n == "number" else f"new_{n}": v for n, v in row.items()} for row in rows],
        )


def _count_changes(connection: Connection, numbers: Sequence[int], last: int) -> None:
    if numbers:
        connection.execute(
            update(papers)
            .where(papers.c.id == bindparam("number"))
            .values(change=bindparam("new_change")),
            [
                {"number": number, "new_change": change}
                for change, number in enumerate(numbers, last + 1)
            ],
        )


def _insert_announcements(
    connection: Connection, placed: Sequence[tuple[int, Sighting]], source: str, today: date
) -> None:
    rows: dict[tuple[int, date], dict[str, Any]] = {}
    # Fresh kinds first: a paper that is new in one list and a replacement in another is new.
    for number, sighting in sorted(placed, key=lambda pair: not pair[1].kind.fresh):
        day = sighting.announced or today
        row = {
            "paper_id": number,
            "source": source,
            "date": day.isoformat(),
            "kind": sighting.kind.value,
        }
        rows.setdefault((number, day), row)
    if rows:
        # A replacement in one list may be a cross-list in another: then the paper is fresh.
        stale = and_(*(announcements.c.kind != kind for kind in FRESH))
        put_rows(connection, upsert(connection, announcements, stale), list(rows.values()))


def _insert_signals(
    connection: Connection, placed: Sequence[tuple[int, Sighting]], source: str
) -> None:
    rows = {
        (number, signal.name, signal.observed): {
            "paper_id": number,
            "source": source,
            "name": signal.name,
            "observed": signal.observed,
            "value": signal.value,
        }
        for number, sighting in placed
        for signal in sighting.signals
    }
    if rows:
        connection.execute(upsert(connection, signals), list(rows.values()))


def _written(day: date | None) -> str | None:
    return day.isoformat() if day else None
