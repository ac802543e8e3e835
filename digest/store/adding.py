"""Storing what a source showed: find each work by its keys, merge, upgrade, keep every count.

A batch is placed in memory first (works that are new get numbers below zero), then written with
a handful of statements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

from digest.identity import is_strong
from digest.model import Paper, Sighting
from digest.store.joining import FRESH, join_rows
from digest.store.merging import merged, same_work
from digest.store.rows import chunks, columns_of, numbers_of, rows_of
from digest.store.schema import announcements, paper_keys, papers, signals
from digest.store.upserts import insert_new, upsert


@dataclass(slots=True)
class _Shelf:
    """The part of the store that a batch touches."""

    papers: dict[int, Paper] = field(default_factory=dict)
    dates: dict[int, date | None] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    new_keys: set[str] = field(default_factory=set)
    freed: set[str] = field(default_factory=set)  # keys that their works have no more
    told: dict[int, tuple[str, str, bool]] = field(default_factory=dict)  # as stored, see _told
    made: int = 0

    def place(self, paper: Paper) -> tuple[int, list[int]]:
        """The number of a paper's work, and of other rows that turn out to be the same work."""
        matches: list[int] = []
        for key in paper.keys:
            number = self.numbers.get(key)
            if number is None or number in matches:
                continue
            if is_strong(key) or same_work(self.papers[number], paper):
                matches.append(number)
        if not matches:
            self.made += 1
            number = -self.made
            self.papers[number], self.dates[number] = paper, None
        else:
            number = matches[0]
            before = self.papers[number]
            newest = merged(before, paper)
            if newest != before:
                self.papers[number] = newest
                self.changed.add(number)
                self.free(number, before.keys)
        for key in self.papers[number].keys:
            if key not in self.numbers:
                self.numbers[key] = number
                self.new_keys.add(key)
        same = [n for n in matches[1:] if same_work(self.papers[number], self.papers[n])]
        return number, same

    def date(self, number: int, day: date) -> None:
        """Keep the earliest date of a work."""
        earlier = self.dates.get(number)
        if earlier is None or day < earlier:
            self.dates[number] = day
            self.changed.add(number)

    def join(self, first: int, second: int) -> tuple[int, int]:
        """Make two works one in memory; returns the number that stays and the one that goes."""
        stored = [number for number in (first, second) if number > 0]
        keep = min(stored) if stored else max(first, second)
        drop = second if keep == first else first
        known = self.papers[keep]
        self.papers[keep] = merged(self.papers[first], self.papers[second])
        days = [day for day in (self.dates[first], self.dates[second]) if day]
        self.dates[keep] = min(days, default=None)
        for key, number in self.numbers.items():
            if number == drop:
                self.numbers[key] = keep
        before = self.papers.pop(drop).keys + known.keys
        del self.dates[drop]
        self.changed.discard(drop)
        self.changed.add(keep)
        self.free(keep, before)
        if drop > 0:  # the number of the row that goes must not be the last one, to be given again
            self.told.pop(keep, None)
        return keep, drop

    def free(self, number: int, before: Sequence[str]) -> None:
        """Let go of keys that a work had before: another work may be announced by them."""
        gone = set(before) - set(self.papers[number].keys)
        lost = {key for key in gone if self.numbers.get(key) == number}
        for key in lost:
            del self.numbers[key]
        if lost:
            self.freed |= lost
            self.new_keys -= lost
            self.told.pop(number, None)  # it may have been known by such a key where it was read

    def retold(self) -> list[int]:
        """Stored works that say something else now, and those that another row was joined to."""
        return sorted(
            number
            for number, paper in self.papers.items()
            if number > 0 and self.told.get(number) != _told(paper, self.dates[number])
        )

    def renumber(self, real: Mapping[int, int]) -> None:
        """Give new works the numbers of their rows."""
        self.numbers = {key: real.get(number, number) for key, number in self.numbers.items()}


def _told(paper: Paper, announced: date | None) -> tuple[str, str, bool]:
    """What a change is counted for: the texts, and whether the paper was announced at all."""
    return paper.title, paper.abstract, announced is not None


def add_sightings(
    connection: Connection, sightings: Sequence[Sighting], source: str, today: date
) -> int:
    """Store a batch; returns how many works were not known before."""
    shelf = _load(connection, [key for sighting in sightings for key in sighting.paper.keys])
    last = connection.scalar(select(func.max(papers.c.change))) or 0
    for sighting in sightings:
        number, same = shelf.place(sighting.paper)
        for other in same:
            number, gone = shelf.join(number, other)
            if gone > 0:
                join_rows(connection, number, gone)
        if sighting.kind.fresh:
            shelf.date(number, sighting.announced or today)
    _free_keys(connection, shelf.freed)
    added = _insert_works(connection, shelf, last)
    _update_works(connection, shelf)
    _count_changes(connection, shelf.retold(), last + added)
    placed = [(shelf.numbers[sighting.paper.key], sighting) for sighting in sightings]
    _insert_announcements(connection, placed, source, today)
    _insert_signals(connection, placed, source)
    return added


def _load(connection: Connection, keys: Sequence[str]) -> _Shelf:
    numbers = numbers_of(connection, keys)
    shelf = _Shelf()
    for number, (paper, announced) in rows_of(connection, set(numbers.values())).items():
        shelf.papers[number] = paper
        shelf.dates[number] = announced
        shelf.told[number] = _told(paper, shelf.dates[number])
        shelf.numbers.update(dict.fromkeys(paper.keys, number))
    return shelf


def _free_keys(connection: Connection, freed: set[str]) -> None:
    """Take keys from their works, before others get them; those are given theirs when updated."""
    passing = literal("freed:") + cast(papers.c.id, String)
    for chunk in chunks(sorted(freed)):
        connection.execute(delete(paper_keys).where(paper_keys.c.key.in_(chunk)))
        connection.execute(update(papers).where(papers.c.key.in_(chunk)).values(key=passing))


def _insert_works(connection: Connection, shelf: _Shelf, last: int) -> int:
    fresh = sorted((number for number in shelf.papers if number < 0), reverse=True)
    if fresh:
        rows = [
            {
                **columns_of(shelf.papers[number]),
                "announced": shelf.dates[number],
                "change": change,
            }
            for change, number in enumerate(fresh, last + 1)
        ]
        made = connection.execute(
            insert(papers).returning(papers.c.id, sort_by_parameter_order=True), rows
        )
        shelf.renumber(dict(zip(fresh, made.scalars(), strict=True)))
    if shelf.new_keys:
        keys = [{"key": key, "paper_id": shelf.numbers[key]} for key in sorted(shelf.new_keys)]
        connection.execute(insert_new(connection, paper_keys), keys)
    return len(fresh)


def _update_works(connection: Connection, shelf: _Shelf) -> None:
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
        row = {"paper_id": number, "source": source, "date": day, "kind": sighting.kind.value}
        rows.setdefault((number, day), row)
    if rows:
        # A replacement in one list may be a cross-list in another: then the paper is fresh.
        stale = and_(*(announcements.c.kind != kind for kind in FRESH))
        connection.execute(upsert(connection, announcements, stale), list(rows.values()))


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
