"""Marks: authors and categories of papers as columns beyond those of terms, for finding.

An author stands under the family name alone, a category under itself and each group that it is in:
whoever is found by a mark is looked at again by the matcher.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from digest.model import Keyword, KeywordKind
from digest.ranking.matching import family_name
from digest.ranking.sheet import COLUMNS, Sheet

ROOM = 2**20
EVERY = COLUMNS + 2 * ROOM  # columns of terms and marks


@dataclass(frozen=True, slots=True)
class Marked:
    """Who wrote a paper, and where it was put."""

    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def columns(self) -> list[int]:
        """The columns of its marks, rising."""
        families = (_column(family_name(author), 0) for author in self.authors)
        groups = (_column(group, 1) for its in self.categories for group in _groups(its))
        return sorted({*families, *groups})


NOBODY = Marked()


def column_of(keyword: Keyword) -> int | None:
    """The column that stands for an author or a category; None for words."""
    if keyword.kind is KeywordKind.AUTHOR:
        return _column(family_name(keyword.text), 0)
    if keyword.kind is KeywordKind.CATEGORY:
        return _column(keyword.text.casefold(), 1)
    return None


def sheet_of(marked: Sequence[Marked]) -> Sheet:
    """The marks of papers, each once."""
    rows = [one.columns for one in marked]
    columns = np.fromiter((column for row in rows for column in row), np.uint32)
    return Sheet(_ends(len(row) for row in rows), columns, np.ones(columns.size, np.uint8))


def _ends(sizes: Iterable[int]) -> NDArray[np.int64]:
    return np.cumsum([0, *sizes], dtype=np.int64)


def _groups(category: str) -> list[str]:
    """`cs.lg` and `cs` of cs.LG."""
    parts = category.casefold().split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _column(name: str, kind: int) -> int:
    return COLUMNS + kind * ROOM + crc32(name.encode()) % ROOM
