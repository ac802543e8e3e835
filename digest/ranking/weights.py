"""TF-IDF: counted texts as vectors, weighed by how rare their terms are among all papers.

A term that occurs f times, in d of n papers, weighs (1 + ln f) · (ln((1 + n) / (1 + d)) + 1), a
pair of words 0.4 of that. A text's vector is divided by 0.7 of its length and 0.3 of the mean
length (pivoted length normalisation, Singhal, Buckley and Mitra 1996), so that a text of few words
does not win by its brevity.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.ranking.sheet import COLUMNS, MOST_COUNT, WORDS, Sheet

PAIR = 0.4
PIVOT = 0.3
_SHRINK = 100
_PART = 4000
_FEW = 20_000  # entries: sorting them is quicker than looking at every column
_LOG_COUNT = (1 + np.log(np.arange(1, MOST_COUNT + 1))).astype(np.float32)

Floats = NDArray[np.float32]
Sparse = Any  # rows of scipy.sparse, which has no types


@dataclass(frozen=True, slots=True)
class Weights:
    """What all papers have in common.

    `seen` [columns] counts the papers that hold a term; `total` [columns] is the sum of the
    vectors of `papers` papers; `length` the mean length of a vector before it is divided.
    """

    papers: int
    seen: NDArray[np.uint32]
    total: Floats
    length: float

    @classmethod
    def of(
        cls,
        sheet: Sheet,
        *,
        alive: NDArray[np.bool_] | None = None,
        seen: NDArray[np.uint32] | None = None,
    ) -> "Weights":
        """Of all (or the living) texts of a sheet, in two passes with bounded memory.

        Args:
            sheet: what was counted.
            alive: which texts count.
            seen: how many of them hold each term, where that is known: one pass is enough then.
        """
        every = np.arange(len(sheet)) if alive is None else np.flatnonzero(alive)
        counts = np.zeros(COLUMNS, np.uint32) if seen is None else np.array(seen)
        weights = cls(every.size, counts, np.zeros(COLUMNS, np.float32), 1.0)
        for part in _living(sheet, alive) if seen is None else ():
            np.add.at(weights.seen, part.columns, np.uint32(1))
        sample = every[:: max(every.size // _PART, 1)]
        lengths = row_lengths(*weights._weighed(sheet.take(sample)))
        mean = float(lengths.mean()) if sample.size else 1.0
        weights = cls(weights.papers, weights.seen, weights.total, mean or 1.0)
        for part in _living(sheet, alive):
            values, ends = weights._weighed(part)
            np.add.at(weights.total, part.columns, weights._divided(values, ends))
        return weights

    def grown(self, added: Sheet, gone: Sheet) -> "Weights":
        """With some papers more and some fewer; the vectors of all others stay as they were."""
        if not len(added) and not len(gone):
            return self
        papers = self.papers + len(added) - len(gone)
        weights = Weights(papers, np.array(self.seen), np.array(self.total), self.length)
        for part, one in ((added, 1), (gone, -1)):
            np.add.at(weights.seen, part.columns, np.uint32(one % 2**32))
        for part, sign in ((added, np.float32(1)), (gone, np.float32(-1))):
            values, ends = weights._weighed(part)
            np.add.at(weights.total, part.columns, sign * weights._divided(values, ends))
        return weights

    def vectors(self, sheet: Sheet) -> Sparse:
        """The vectors of texts, [texts x columns]."""
        values, ends = self._weighed(sheet)
        shape = (len(sheet), COLUMNS)
        columns = sheet.columns.astype(np.int32)
        return sparse_rows((self._divided(values, ends), columns, ends), shape=shape)

    def mean(self, columns: NDArray[Any]) -> Floats:
        """The mean vector of all papers at some columns, less while there are few papers."""
        mean: Floats = self.total[columns] / np.float32(self.papers + _SHRINK)
        return mean

    def rarity(self, columns: NDArray[Any]) -> Floats:
        """What a term weighs that a text has once."""
        rare = np.log((1 + self.papers) / (1 + self.seen[columns].astype(np.float32))) + 1
        rare[columns >= WORDS] *= PAIR
        return np.asarray(rare, np.float32)

    def lengths(self, sheet: Sheet) -> Floats:
        """What the vector of each text is divided by."""
        return self._lengths(*self._weighed(sheet))

    def _weighed(self, sheet: Sheet) -> tuple[Floats, NDArray[np.int64]]:
        """The weights of all entries, and where each text ends."""
        return self.rarity(sheet.columns) * often(sheet.counts), sheet.ends

    def _lengths(self, values: Floats, ends: NDArray[np.int64]) -> Floats:
        lengths = (1 - PIVOT) * row_lengths(values, ends) + PIVOT * self.length
        return np.asarray(lengths, np.float32)

    def _divided(self, values: Floats, ends: NDArray[np.int64]) -> Floats:
        each = np.repeat(self._lengths(values, ends), np.diff(ends))
        return np.asarray(values / each, np.float32)


def often(counts: NDArray[np.uint8]) -> Floats:
    """How many times a term weighs what it weighs once, by how often a text has it (1 or more)."""
    factors: Floats = _LOG_COUNT[counts - 1]
    return factors


def sparse_rows(parts: tuple[Any, Any, Any], shape: tuple[int, int]) -> Sparse:
    """Rows from (values, columns, where each row ends)."""
    from scipy import sparse  # noqa: PLC0415 - an update of the index counts, and has no need of it

    return sparse.csr_array(parts, shape=shape)


def unit(rows: Sparse) -> Sparse:
    """Each row brought to length one."""
    lengths = row_lengths(rows.data, rows.indptr)
    lengths[lengths == 0] = 1
    values = rows.data / np.repeat(lengths, np.diff(rows.indptr)).astype(np.float32)
    return sparse_rows((values, rows.indices, rows.indptr), shape=rows.shape)


def _living(sheet: Sheet, alive: NDArray[np.bool_] | None) -> Sparse:
    for number, part in enumerate(sheet.parts(_PART)):
        if alive is None:
            yield part
            continue
        mine = alive[number * _PART : number * _PART + len(part)]
        yield part if mine.all() else part.take(np.flatnonzero(mine))


def blend(shares: Sparse, rows: Sparse) -> Sparse:
    """Sums of rows by share, [sums x columns]: a product over the columns that the rows have.

    SciPy would set up memory for every column there is.
    """
    used = used_columns(rows)
    place = np.zeros(COLUMNS, np.int32)
    place[used] = np.arange(used.size, dtype=np.int32)
    short = sparse_rows(
        (rows.data, place[rows.indices], rows.indptr), shape=(rows.shape[0], used.size)
    )
    found = shares @ short
    found.sort_indices()
    parts = (found.data, used[found.indices].astype(np.int32), found.indptr)
    return sparse_rows(parts, shape=(shares.shape[0], COLUMNS))


def used_columns(rows: Sparse) -> NDArray[np.int64]:
    """The columns that any row has, rising."""
    if rows.indices.size < _FEW:
        return np.unique(rows.indices).astype(np.int64)
    used = np.zeros(COLUMNS, np.bool_)
    used[rows.indices] = True
    return np.flatnonzero(used)


def row_sums(values: Floats, ends: NDArray[Any]) -> NDArray[np.float64]:
    """The sum of each row of entries."""
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return np.asarray(sums[ends[1:]] - sums[ends[:-1]], np.float64)


def row_lengths(values: Floats, ends: NDArray[Any]) -> NDArray[np.float64]:
    """The Euclidean length of each row of entries."""
    return np.sqrt(np.maximum(row_sums(values * values, ends), 0.0))
