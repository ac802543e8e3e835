"""Two rankers by an encoder's vectors: the mean of the liked papers, and the newest counting most.

zotero: w_i = 1 / (1 + log10 i), i = 1 for the paper added last; shares that add up to one;
a score is the sum of share times cosine. Readers of CiteULike have no order of adding: the paper
with the highest number counts as the last one (in CiteULike-a numbers rise with time).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lib.protocols import Profile
from lib.rivals import Rows, Scores, Vectors


class Mean:
    """Cosine with the mean of the liked papers, or with the keywords."""

    def __init__(self, vectors: Vectors) -> None:
        """The vectors of all texts."""
        self._vectors = vectors

    def learn(self, known: Sequence[str], candidates: Sequence[str]) -> None:
        """Nothing: the encoder was trained by others."""

    def add(self) -> None:
        """Vectors of the candidates, as they are."""
        self._columns = np.ascontiguousarray(self._vectors.candidates.T)

    def read(self, profiles: Sequence[Profile]) -> Rows:
        """A vector for each reader."""
        if profiles[0].keywords:
            return self._vectors.keywords
        found = np.array([self._mean(profile.liked) for profile in profiles])
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def score(self, wishes: Rows) -> Scores:
        """One product for all."""
        return wishes @ self._columns

    def _mean(self, liked: Sequence[int]) -> Rows:
        return self._vectors.known[list(liked)].mean(axis=0)


class Zotero(Mean):
    """zotero-arxiv-daily's sum of cosines; it reads with the same encoder here."""

    def read(self, profiles: Sequence[Profile]) -> Rows:
        """The sum of weighed cosines is the cosine with the weighed sum."""
        newest_first = [sorted(profile.liked, reverse=True) for profile in profiles]
        return np.array(
            [shares(len(liked)) @ self._vectors.known[liked] for liked in newest_first], np.float32
        )


def shares(count: int) -> NDArray[np.float64]:
    """What each of so many liked papers counts, the newest first; together one."""
    weights = 1 / (1 + np.log10(np.arange(1, count + 1)))
    found: NDArray[np.float64] = weights / weights.sum()
    return found
