"""The finder: the few hundred papers of the index that can be the best, without reading the rest.

Its sections lie in the index's folder, each named by its rows and by what it was made of: one that
is of another index, of other subjects, cut or damaged is not used. Rows that no kept section has
are read from the index, as long as they are few. The weights of terms are always those of now; what
a section remembers of them, the lengths of vectors, is as old as the section. Authors and
categories are too: they change without being counted as a change.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digest.model import Interest, Keyword
from digest.ranking import Mask
from digest.ranking.head import VERSION
from digest.ranking.index import SECTION, UNUSABLE, Index, write_arrays
from digest.ranking.marks import Marked, column_of
from digest.ranking.model import Model
from digest.ranking.phrases import Phrases
from digest.ranking.section import SPAN, Section, Terms, make_section
from digest.ranking.sheet import WORDS, Rows
from digest.ranking.taste import Palate, Taste, at, score_of
from digest.ranking.weights import blend

MOST_READ = 8000  # rows that are read from the index where no section has them
LEAST_KEPT = 2000  # fewer new rows are not worth a section
_EDITION = 1  # counts up whenever sections change their meaning
_ARRAYS = tuple(one.name for one in fields(Section)[1:])

Marks = Callable[[Sequence[int]], Sequence[Marked]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for.

    `palate` and `phrases` are of the words and liked papers, None where nothing of that kind is
    asked for; `shares` are the authors and categories, with what each adds to a score.
    """

    interest: Interest
    palate: Palate | None
    phrases: Phrases | None
    shares: Sequence[tuple[Keyword, float]] = ()


@dataclass(frozen=True)
class Finder:
    """Sections of all rows of an index."""

    index: Index
    model: Model
    sections: Sequence[Section]

    def best(self, question: Question, allowed: Mask, size: int) -> Rows:
        """About the best rows, best first; of equals the newest.

        Papers that hold a word of an exclusion somewhere come on top of them, half as many: whether
        they are excluded is seen only in the text itself.

        Args:
            question: what is looked for.
            allowed: which rows of the index may be found.
            size: how many.
        """
        keys = np.round(self._scores(question).astype(np.float64), 6) + self._newness
        doubted = self._doubted(question.interest)
        rows = np.concatenate(
            [
                _largest(keys, np.flatnonzero(allowed & ~doubted), size),
                _largest(keys, np.flatnonzero(allowed & doubted), (size + 1) // 2),
            ]
        )
        return rows[np.argsort(-keys[rows], kind="stable")]

    def _scores(self, question: Question) -> NDArray[np.float32]:
        scores = np.zeros(self.index.head.rows, np.float32)
        if question.palate is not None:
            wanted = [
                (taste, self._terms(taste, question.phrases)) for taste in question.palate.tastes
            ]
            fits = [
                np.max([section.fits(terms, taste) for taste, terms in wanted], axis=0)
                for section in self.sections
            ]
            scores += score_of(np.concatenate([np.zeros(0, np.float32), *fits]))
        for keyword, share in question.shares:
            scores[self._having([column_of(keyword)])] += share
        return scores

    def _terms(self, taste: Taste, phrases: Phrases | None) -> Terms:
        """The terms of a taste, and of quoted phrases wherever their words stand."""
        if phrases is None or not phrases.texts:
            return Terms.of(taste.columns, taste.values, self.model.weights)
        quoted = blend(phrases.weights, phrases.vectors)
        columns = np.union1d(taste.columns, quoted.indices).astype(np.uint32)
        values = taste.at(columns) + at(quoted.indices, quoted.data, columns)
        return Terms.of(columns, values, self.model.weights)

    def _doubted(self, interest: Interest) -> Mask:
        """Which rows may be excluded."""
        found = np.zeros(self.index.head.rows, np.bool_)
        for keyword in interest.excluded:
            mark = column_of(keyword)
            if mark is None:
                columns = self.model.terms.count([keyword.text]).columns
                found |= self._having(columns[columns < WORDS].tolist())
            else:
                found |= self._having([mark])
        return found

    def _having(self, columns: Sequence[int | None]) -> Mask:
        wanted = [column for column in columns if column is not None]
        parts = [section.having(wanted) for section in self.sections]
        return np.concatenate([np.zeros(0, np.bool_), *parts])

    @cached_property
    def _newness(self) -> NDArray[np.float64]:
        """What tells equal scores apart: more for what is newer, never as much as a score."""
        index = self.index
        found = np.zeros(index.head.rows)
        found[np.lexsort((index.numbers, index.days))] = np.arange(index.head.rows)
        return found * (5e-7 / max(index.head.rows, 1))


def _largest(keys: NDArray[np.float64], rows: Rows, size: int) -> Rows:
    if rows.size <= size:
        return rows
    return rows[np.argpartition(-keys[rows], size)[:size]]


def open_finder(index: Index, model: Model, marks: Marks) -> Finder | None:
    """The finder of an index; None where too much of it would have to be read for that.

    Args:
        index: a state of the index.
        model: of the same state.
        marks: authors and categories of papers, by their numbers.
    """
    kept = [_kept(index, start, model) for start in range(0, index.head.rows, SPAN)]
    lacking = index.head.rows - sum(len(section) for section in kept if section is not None)
    if lacking > MOST_READ:
        return None
    sections: list[Section] = []
    for start, section in zip(range(0, index.head.rows, SPAN), kept, strict=True):
        end = min(start + SPAN, index.head.rows)
        if section is not None:
            sections.append(section)
            start += len(section)  # noqa: PLW2901 - what is left
        if start < end:
            sections.append(_made(index, model, marks, range(start, end)))
    return Finder(index, model, sections)


def keep_finder(index: Index, model: Model, marks: Marks) -> bool:
    """Write the sections that are missing or lack many rows; returns whether any was written.

    Whoever writes must be alone with the index.
    """
    good: set[str] = set()
    written = False
    for start in range(0, index.head.rows, SPAN):
        rows = range(start, min(start + SPAN, index.head.rows))
        section = _kept(index, start, model)
        if section is not None and len(rows) - len(section) < LEAST_KEPT:
            good.add(_name(index, range(start, start + len(section))))
        elif section is not None or len(rows) >= LEAST_KEPT:
            made = _made(index, model, marks, rows)
            fresh = index.folder / f"{SECTION}.new"
            write_arrays(fresh, {name: getattr(made, name) for name in _ARRAYS})
            good.add(_name(index, rows))
            place = index.folder / _name(index, rows)
            shutil.rmtree(place, ignore_errors=True)
            fresh.rename(place)
            written = True
    for path in _folders(index):
        if path.name not in good:
            shutil.rmtree(path, ignore_errors=True)
    return written


def _made(index: Index, model: Model, marks: Marks, rows: range) -> Section:
    every = np.arange(rows.start, rows.stop)
    return make_section(model, index.take, every, marks(index.numbers[every].tolist()))


def _kept(index: Index, start: int, model: Model) -> Section | None:
    """The longest section that is kept of the rows from `start` on, if any can be used."""
    most = min(SPAN, index.head.rows - start)
    for length in sorted(_lengths(index, start), reverse=True):
        place = index.folder / _name(index, range(start, start + length))
        if length <= most and place.is_dir():
            try:
                return _opened(place, start, length, model)
            except UNUSABLE:
                continue
    return None


def _opened(place: Path, start: int, length: int, model: Model) -> Section:
    arrays = {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
    section = Section(start, **arrays)
    ends, entries = section.ends, len(section.rows)
    width = 0 if model.subjects is None else len(model.subjects.calm)
    sound = (
        section.subjects.shape == (length, width)
        and len(section.common) == len(section.lengths) == length
        and len(section.counts) == entries == int(ends[-1])
        and len(ends) == len(section.columns) + 1
        and int(ends[0]) == 0
        and bool((np.diff(ends) > 0).all())
        and bool((np.diff(section.columns.astype(np.int64)) > 0).all())
        and int(section.rows.max(initial=0)) < length
        and bool(section.counts.all())
        and all(np.isfinite(one).all() for one in (section.lengths, section.common))
        and bool((section.lengths > 0).all())
        and bool(np.isfinite(section.subjects).all())
    )
    if not sound:
        raise ValueError(f"{place} holds what was never written there")
    return section


def _lengths(index: Index, start: int) -> Iterator[int]:
    """How many rows the folders say that there are of a section."""
    for path in _folders(index):
        parts = path.name.split("-")
        if parts[1] == str(start) and parts[2].isdecimal():
            yield int(parts[2])


def _folders(index: Index) -> list[Path]:
    return [path for path in index.folder.glob(f"{SECTION}-*-*-*") if path.is_dir()]


def _name(index: Index, rows: range) -> str:
    """The folder of a section: its rows, and a digest of all that it depends on."""
    head, mine = index.head, slice(rows.start, rows.stop)
    digest = hashlib.sha256(repr((head.identity, VERSION, _EDITION, head.subjects)).encode())
    digest.update(index.numbers[mine].tobytes())
    digest.update((index.ends[rows.start : rows.stop + 1] - index.ends[rows.start]).tobytes())
    return f"{SECTION}-{rows.start}-{len(rows)}-{digest.hexdigest()[:16]}"
