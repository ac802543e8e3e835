"""Quoted phrases: they count only where they stand, all of their words in a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from digest.model import Keyword
from digest.ranking.pages import Pages
from digest.ranking.sheet import COLUMNS, WORDS
from digest.ranking.taste import Taste
from digest.ranking.weights import Floats, Sparse

if TYPE_CHECKING:
    from digest.ranking.model import Model


@dataclass(frozen=True, slots=True)
class Phrases:
    """Distinct phrases: `vectors` [phrases x columns], `weights` [wishes x phrases]."""

    texts: tuple[str, ...]
    vectors: Sparse
    weights: Sparse

    @classmethod
    def none(cls, wishes: int) -> "Phrases":
        """Of wishes that quote nothing."""
        empty = sparse.csr_array((0, COLUMNS), dtype=np.float32)
        return cls((), empty, sparse.csr_array((wishes, 0), dtype=np.float32))

    @classmethod
    def of(cls, model: "Model", quoted: Sequence[Sequence[Keyword]]) -> "Phrases":
        """The phrases of each wish."""
        texts = tuple(dict.fromkeys(keyword.text for own in quoted for keyword in own))
        place = {text: number for number, text in enumerate(texts)}
        weights = np.array([keyword.weight for own in quoted for keyword in own], np.float32)
        columns = [place[keyword.text] for own in quoted for keyword in own]
        ends = np.cumsum([0, *(len(own) for own in quoted)])
        shape = (len(quoted), len(texts))
        return cls(
            texts,
            model.read(list(texts)).vectors,
            sparse.csr_array((weights, columns, ends), shape=shape),
        )

    def standing(self, pages: Pages, stands: Callable[[int, int], bool] | None = None) -> Sparse:
        """Products [phrases x texts], kept where the phrase stands in the text.

        Args:
            pages: the texts.
            stands: whether (phrase, text) is so in the text as written; without it, whether the
                text has all pairs of neighbours of the phrase.
        """
        vectors = self.vectors.tocsr()
        products = pages.products(vectors.indices, vectors.data, vectors.indptr).tocoo()
        if stands is None:
            kept = self._has_all(pages)[products.row, products.col]
        else:
            pairs = zip(products.row.tolist(), products.col.tolist(), strict=True)
            kept = np.array([stands(phrase, text) for phrase, text in pairs], np.bool_)
        entries = (products.data[kept], (products.row[kept], products.col[kept]))
        return sparse.csr_array(entries, shape=products.shape)

    def products(self, pages: Pages, stands: Callable[[int, int], bool] | None = None) -> Floats:
        """What phrases add to the lexical part of each wish, [wishes x texts]; see `standing`."""
        if not self.texts:
            return np.zeros((self.weights.shape[0], len(pages)), np.float32)
        added = self.weights @ self.standing(pages, stands)
        return np.asarray(added.toarray(), np.float32)

    def wanted(self, wish: int, stands: Callable[[str], bool]) -> Taste | None:
        """The phrases of a wish that stand in a text, as one weighed row; None without any."""
        mine = slice(self.weights.indptr[wish], self.weights.indptr[wish + 1])
        chosen = [
            (int(phrase), float(weight))
            for phrase, weight in zip(
                self.weights.indices[mine], self.weights.data[mine], strict=True
            )
            if stands(self.texts[phrase])
        ]
        if not chosen:
            return None
        rows = sum(self.vectors[[phrase]] * weight for phrase, weight in chosen)
        row = sparse.csr_array(rows)
        row.sort_indices()
        empty = np.zeros(0, np.float32)
        return Taste(row.indices.astype(np.uint32), row.data.astype(np.float32), 0.0, empty, empty)

    def _has_all(self, pages: Pages) -> Sparse:
        """Whether each text has every pair of the phrase, or its word where it has but one."""
        vectors = self.vectors.tocsr()
        rows = np.repeat(np.arange(len(self.texts)), np.diff(vectors.indptr))
        pairs = vectors.indices >= WORDS
        has_pair = np.bincount(rows[pairs], minlength=len(self.texts)) > 0
        needed = pairs | ~has_pair[rows]
        counts = np.bincount(rows[needed], minlength=len(self.texts))
        ends = np.concatenate([[0], np.cumsum(counts)])
        present = pages.present(vectors.indices[needed], ends)
        return present == counts[:, None]
