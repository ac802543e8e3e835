"""Counted texts: for each, its terms and how often it holds them, in three arrays."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORDS = 2**20
COLUMNS = 2**21
MOST_COUNT = 255

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Text `n` has the entries [ends[n], ends[n + 1]) of `columns` and `counts`.

    Columns below WORDS are words, those from there to COLUMNS are pairs of words; a count above
    MOST_COUNT stands as MOST_COUNT. The arrays may be maps of files.
    """

    ends: NDArray[np.int64]
    columns: NDArray[np.uint32]
    counts: NDArray[np.uint8]

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self.ends) - 1

    def take(self, rows: Rows) -> "Sheet":
        """Some texts, in the order asked for, copied."""
        lengths = self.ends[rows + 1] - self.ends[rows]
        ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        entries = np.repeat(self.ends[rows] - ends[:-1], lengths) + np.arange(ends[-1])
        return Sheet(ends, self.columns[entries], self.counts[entries])

    def parts(self, size: int) -> Iterator["Sheet"]:
        """The texts, `size` at a time."""
        for start in range(0, len(self), size):
            ends = self.ends[start : start + size + 1]
            mine = slice(int(ends[0]), int(ends[-1]))
            yield Sheet(ends - ends[0], self.columns[mine], self.counts[mine])


def joined(sheets: Iterable[Sheet]) -> Sheet:
    """Sheets one after the other as one."""
    parts = list(sheets)
    lengths = [np.diff(part.ends) for part in parts]
    return Sheet(
        np.concatenate([[0], np.cumsum(np.concatenate([np.zeros(0, np.int64), *lengths]))]).astype(
            np.int64
        ),
        np.concatenate([np.zeros(0, np.uint32), *(part.columns for part in parts)]),
        np.concatenate([np.zeros(0, np.uint8), *(part.counts for part in parts)]),
    )
