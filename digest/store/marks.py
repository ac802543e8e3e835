"""Marks: numbers that works with nearly the same title and the same first author share.

A way to find such works with one look at an index, no identity: `likeness` decides. A mark is made
of the first author's family name and of two long words of the title, or of the name before its
colon. So one word may change, come or go, or the whole subtitle.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import combinations
from zlib import crc32

from sqlalchemy import Connection, delete

from digest.model import Paper
from digest.store.likeness import STOP, WORD, family_of, fold, is_person, spelled, words_of
from digest.store.merging import NO_VERSION, near_work
from digest.store.rows import chunks, put_rows, rows_of
from digest.store.schema import title_marks
from digest.store.upserts import insert_new

_HEAD_ENDS = re.compile(r"[:?!\u2013\u2014]\s|\s-\s")
_SHORTEST_WORD = 3
COMMON = 50  # works of one mark, so many tell nothing: a column, or a report of every day
_SPLIT = 2**31  # marks are signed, as integers of databases are


def marks_of(paper: Paper) -> tuple[int, ...]:
    """Up to four marks of a paper; none without authors that are people, or without words."""
    family = next(map(family_of, filter(is_person, paper.authors)), "")
    if not family:
        return ()
    title = fold(paper.title)
    end = _HEAD_ENDS.search(title)
    if end is None:
        longest, words = _longest(title)
        found = [f"{min(pair)} {max(pair)}" for pair in combinations(longest, 2)]
        if words <= len(longest):
            found.append("".join(words_of(title)))
    else:  # one change in each half of a title is too much anyway
        found = [_mark_of_half(half) for half in (title[: end.start()], title[end.end() :])]
    return tuple({crc32(f"{family} {one}".encode()) - _SPLIT for one in found if one})


def rows_by_mark(connection: Connection, marks: Iterable[int]) -> dict[int, list[int]]:
    """The rows of works with these marks, by mark, oldest first.

    Marks that are unknown, or of so many works that they tell nothing, are left out.
    """
    found: dict[int, list[int]] = {}
    for chunk in chunks(sorted(set(marks))):
        # Numbers of ours, written out: thousands of parameters take longer than the answer.
        numbers = ", ".join(map(str, chunk))
        rows = connection.exec_driver_sql(
            f"SELECT mark, paper_id FROM title_marks WHERE mark IN ({numbers})"  # noqa: S608
        )
        for mark, number in sorted(rows.all()):
            found.setdefault(mark, []).append(number)
    return {mark: numbers for mark, numbers in found.items() if len(numbers) <= COMMON}


def told_near(connection: Connection, seen: Sequence[Paper]) -> list[tuple[int, Paper] | None]:
    """The one work of nearly each title that services tell of, with its row; None else."""
    marks = [marks_of(paper) for paper in seen]
    rows = rows_by_mark(connection, (mark for its in marks for mark in its))
    stored = rows_of(connection, {number for numbers in rows.values() for number in numbers})
    told = {n: work for n, (work, _) in stored.items() if work.version != NO_VERSION}
    found: list[tuple[int, Paper] | None] = []
    for paper, its in zip(seen, marks, strict=True):
        numbers = {number for mark in its for number in rows.get(mark, ()) if number in told}
        near = [number for number in numbers if near_work(told[number], paper)]
        found.append((near[0], told[near[0]]) if len(near) == 1 else None)
    return found


def put_marks(connection: Connection, marks: Iterable[tuple[int, int]]) -> None:
    """Store marks with the rows of their works; those that are there stay."""
    rows = [{"mark": mark, "paper_id": number} for mark, number in sorted(marks)]
    put_rows(connection, insert_new(connection, title_marks), rows)


def drop_marks(connection: Connection, numbers: Iterable[int]) -> None:
    """Delete all marks of these rows."""
    for chunk in chunks(sorted(numbers)):
        connection.execute(delete(title_marks).where(title_marks.c.paper_id.in_(chunk)))


def _mark_of_half(half: str) -> str:
    """Two long words, or all of a name such as stands before a colon."""
    longest, words = _longest(half)
    return " ".join(sorted(longest[:2])) if words > 2 else "".join(words_of(half))  # noqa: PLR2004


def _longest(folded: str) -> tuple[list[str], int]:
    """The three longest words, and how many there are.

    By length before spelling: where that makes a difference, it is one word of three.
    """
    words = {word for word in WORD.findall(folded) if len(word) >= _SHORTEST_WORD} - STOP
    return [spelled(word) for word in sorted(words, key=_by_length)[:3]], len(words)


def _by_length(word: str) -> tuple[int, str]:
    return -len(word), word
