"""Sections of the finder: which papers hold a term, and of what subject each is.

The index tells the terms of a paper; a section tells the papers of a term, for a stretch of the
index's rows. What a taste gives each of its papers is then a sum over the papers of the taste's
terms, and one product with their subjects, whatever else the papers say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digest.ranking.marks import EVERY, Marked, sheet_of
from digest.ranking.model import Model
from digest.ranking.sheet import Rows, Sheet
from digest.ranking.taste import Taste
from digest.ranking.weights import Floats, Weights, often

SPAN = 32_768  # rows of a section: their numbers within it take two bytes
MOST_TERMS = 48  # of a taste; those that say most
_PART = 2000


@dataclass(frozen=True, slots=True)
class Section:
    """The papers of the index's rows from `first` on.

    Term `columns[n]` (they rise) stands in the papers `rows` [ends[n], ends[n + 1]), as often as
    `counts` says. `lengths` [papers] divide their vectors, `common` [papers] is m·x, and
    `subjects` [papers x subjects] u of each, see digest.ranking.pages.
    """

    first: int
    columns: NDArray[np.uint32]
    ends: NDArray[np.int64]
    rows: NDArray[np.uint16]
    counts: NDArray[np.uint8]
    lengths: Floats
    common: Floats
    subjects: Floats

    def __len__(self) -> int:
        """How many papers there are."""
        return len(self.lengths)

    def fits(self, terms: "Terms", taste: Taste) -> Floats:
        """About what a taste gives each paper, [papers]."""
        found = self._sums(terms) / self.lengths
        found -= taste.mean_share * self.common
        found /= taste.lexical_scale
        if self.subjects.shape[1]:
            found += self.subjects @ (taste.lean / np.float32(taste.subject_scale))
        found -= taste.centre
        found *= taste.gain
        return found

    def having(self, columns: Sequence[int]) -> NDArray[np.bool_]:
        """Which papers have all of these columns, [papers]; all have none of none."""
        every = np.ones(len(self), np.bool_)
        for stretch in self._stretches(np.array(columns, np.uint32)):
            mine = np.zeros(len(self), np.bool_)
            mine[self.rows[stretch]] = True
            every &= mine
        return every

    def _sums(self, terms: "Terms") -> Floats:
        sums = np.zeros(len(self), np.float32)
        stretches = self._stretches(terms.columns)
        for stretch, value in zip(stretches, terms.values, strict=True):
            # A paper stands once in the stretch of a term.
            sums[self.rows[stretch]] += value * often(self.counts[stretch])
        return sums

    def _stretches(self, columns: NDArray[np.uint32]) -> list[slice]:
        """Where the papers of each column stand."""
        if not len(self.columns):
            return [slice(0, 0)] * columns.size
        places = np.minimum(np.searchsorted(self.columns, columns), len(self.columns) - 1)
        there = self.columns[places] == columns
        starts, stops = self.ends[places], np.where(there, self.ends[places + 1], self.ends[places])
        return [slice(a, b) for a, b in zip(starts.tolist(), stops.tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms that are looked for, and what a paper gets that has each once."""

    columns: NDArray[np.uint32]
    values: Floats

    @classmethod
    def of(cls, columns: NDArray[np.uint32], values: Floats, weights: Weights) -> "Terms":
        """The terms of a wanted vector that say most."""
        worth = values * weights.rarity(columns)
        if worth.size > MOST_TERMS:
            kept = np.argpartition(-np.abs(worth), MOST_TERMS)[:MOST_TERMS]
            columns, worth = columns[kept], worth[kept]
        return cls(columns, worth)


def make_section(
    model: Model, take: Callable[[Rows], Sheet], rows: Rows, marked: Sequence[Marked]
) -> Section:
    """The section of neighbouring rows of the index.

    Args:
        model: weights and subjects.
        take: gives what was counted of rows.
        rows: at most SPAN, without a gap.
        marked: authors and categories of the same papers.
    """
    sheets, lengths, common, subjects = [], [], [], []
    for start in range(0, rows.size, _PART):
        sheet = take(rows[start : start + _PART])
        pages = model.pages(sheet)
        lengths.append(model.weights.lengths(sheet))
        common.append(pages.common)
        subjects.append(pages.u)
        sheets.append(_beside(sheet, sheet_of(marked[start : start + _PART])))
    columns, ends, owners, counts = _turned(sheets)
    width = 0 if model.subjects is None else len(model.subjects.calm)
    return Section(
        int(rows[0]) if rows.size else 0,
        columns,
        ends,
        owners,
        counts,
        np.concatenate([np.zeros(0, np.float32), *lengths]),
        np.concatenate([np.zeros(0, np.float32), *common]),
        np.concatenate([np.zeros((0, width), np.float32), *subjects]),
    )


def _beside(sheet: Sheet, marks: Sheet) -> sparse.csr_array:
    """Counts and marks of texts as one, [texts x columns]."""
    terms, its = (
        sparse.csr_array((one.counts, one.columns, one.ends), shape=(len(one), EVERY))
        for one in (sheet, marks)
    )
    return terms + its


def _turned(
    parts: Sequence[sparse.csr_array],
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint16], NDArray[np.uint8]]:
    """From the terms of papers to the papers of terms."""
    if not parts:
        return (
            np.zeros(0, np.uint32),
            np.zeros(1, np.int64),
            np.zeros(0, np.uint16),
            np.zeros(0, np.uint8),
        )
    turned = sparse.vstack(parts, format="csr").tocsc()
    sizes = np.diff(turned.indptr)
    columns = np.flatnonzero(sizes)
    return (
        columns.astype(np.uint32),
        np.concatenate([[0], np.cumsum(sizes[columns])]).astype(np.int64),
        turned.indices.astype(np.uint16),
        turned.data.astype(np.uint8),
    )
