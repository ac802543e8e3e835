"""Pages: texts in every form that a taste is compared with, and what a taste gives each.

For text x, z its projection on the subjects, u its subject, m the mean text:

    lexical(x) = p·x + quoted phrases - β (m·x) - c·z        subject(x) = e·u
    fit(x)     = g (lexical / σl + subject / σs - centre)

p, β, c, e, σl, σs, centre and g are a taste's; see digest.ranking.taste. Both parts are sums over
the text's own terms (z is linear in x, u is z scaled and shifted), so each term's share is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digest.ranking.sheet import COLUMNS, WORDS, Sheet
from digest.ranking.subjects import Subjects
from digest.ranking.taste import Taste, at
from digest.ranking.weights import (
    Floats,
    Sparse,
    Weights,
    row_lengths,
    row_sums,
    unit,
    used_columns,
)

_BLOCK = 500


@dataclass(frozen=True)
class Pages:
    """Texts: `vectors` [texts x columns], `common` m·x [texts], `z` and `u` [texts x subjects]."""

    weights: Weights
    subjects: Subjects | None
    vectors: Sparse
    common: Floats
    z: Floats
    u: Floats

    @classmethod
    def of(cls, sheet: Sheet, weights: Weights, subjects: Subjects | None) -> "Pages":
        """The vectors of counted texts."""
        vectors = weights.vectors(sheet)
        common = row_sums(vectors.data * weights.mean(vectors.indices), vectors.indptr)
        if subjects is None:
            z = u = np.zeros((len(sheet), 0), np.float32)
        else:
            z = subjects.project(vectors)
            u = subjects.subject(z)
        return cls(weights, subjects, vectors, common.astype(np.float32), z, u)

    def __len__(self) -> int:
        """How many texts there are."""
        return int(self.vectors.shape[0])

    @cached_property
    def _own(self) -> NDArray[np.int64]:
        """The columns that any text has, rising: most products are over these alone."""
        return used_columns(self.vectors)

    def _places(self) -> NDArray[np.int32]:
        """The own number of each column; -1 for those that no text has. Large: not kept."""
        place = np.full(COLUMNS, -1, np.int32)
        place[self._own] = np.arange(self._own.size, dtype=np.int32)
        return place

    @cached_property
    def _short(self) -> Sparse:
        """The texts as [texts x own columns]."""
        parts = (self.vectors.data, self._places()[self.vectors.indices], self.vectors.indptr)
        return sparse.csr_array(parts, shape=(len(self), self._own.size))

    @cached_property
    def _across(self) -> Sparse:
        """The texts as [own columns x texts]."""
        return self._short.T.tocsr()

    def cosines(self, texts: Sequence[int]) -> Floats:
        """How alike texts are in their terms, [n x n]."""
        rows = unit(self._short[list(texts)])
        return np.asarray((rows @ rows.T).toarray(), np.float32)

    def same(self, least: float) -> list[tuple[int, int]]:
        """Texts that share most of their pairs of words, as (later, earlier).

        Args:
            least: of the cosine of their pairs.
        """
        rows = self._pairs
        across = rows.T.tocsr()
        found: list[tuple[int, int]] = []
        for start in range(0, len(self), _BLOCK):
            products = (rows[start : start + _BLOCK] @ across).tocoo()
            later = products.row + start
            near = (products.data >= least) & (products.col < later)
            found += zip(later[near].tolist(), products.col[near].tolist(), strict=True)
        return sorted(found)

    def same_as(self, others: "Pages", least: float) -> list[tuple[int, int]]:
        """Texts that share most of their pairs of words with other ones, as (other, text)."""
        rows = _pairs_alone(others.vectors, others.vectors.indices)
        products = self.products(rows.indices, rows.data, rows.indptr, self._pairs).tocoo()
        near = products.data >= least
        return list(zip(products.row[near].tolist(), products.col[near].tolist(), strict=True))

    @property
    def _pairs(self) -> Sparse:
        """The texts' pairs of words alone, at length one, [texts x own columns]."""
        return _pairs_alone(self._short, self._own[self._short.indices])

    def nearness(self, columns: NDArray[np.int32], values: Floats, subject: Floats) -> Floats:
        """How near each text is to one given by its row and its subject: the sum of two cosines."""
        found = at(columns, values, self.vectors.indices) * self.vectors.data
        lengths = row_lengths(self.vectors.data, self.vectors.indptr)
        lengths *= float(np.linalg.norm(values))
        near = np.divide(
            row_sums(found, self.vectors.indptr),
            lengths,
            out=np.zeros_like(lengths),
            where=lengths > 0,
        )
        return np.asarray(near + self.u @ subject, np.float32)

    def products(
        self,
        columns: NDArray[Any],
        values: Floats,
        ends: NDArray[np.int64],
        texts: Sparse | None = None,
    ) -> Sparse:
        """Products of sparse rows with all texts, [rows x texts], sparse.

        Args:
            columns: of the rows' entries.
            values: of the same entries.
            ends: where each row begins, and the last one ends.
            texts: the texts in another form, [texts x own columns].
        """
        local = self._places()[columns]
        there = np.flatnonzero(local >= 0)
        across = self._across if texts is None else texts.T.tocsr()
        parts = (values[there], local[there], np.searchsorted(there, ends))
        return sparse.csr_array(parts, shape=(len(ends) - 1, self._own.size)) @ across

    def present(self, columns: NDArray[Any], ends: NDArray[np.int64]) -> NDArray[np.float32]:
        """How many of the columns of each row each text has, [rows x texts]."""
        across = self._across
        ones = sparse.csr_array(
            (np.ones_like(across.data), across.indices, across.indptr), shape=across.shape
        )
        local = self._places()[columns]
        there = np.flatnonzero(local >= 0)
        parts = (np.ones(there.size, np.float32), local[there], np.searchsorted(there, ends))
        rows = sparse.csr_array(parts, shape=(len(ends) - 1, across.shape[0]))
        return np.asarray((rows @ ones).toarray(), np.float32)

    def lexical(self, tastes: Sequence[Taste]) -> Floats:
        """The lexical parts without quoted phrases, [tastes x texts]."""
        ends = np.cumsum([0, *(len(taste.columns) for taste in tastes)])
        columns = np.concatenate([np.zeros(0, np.uint32), *(t.columns for t in tastes)])
        values = np.concatenate([np.zeros(0, np.float32), *(t.values for t in tastes)])
        parts: Floats = self.products(columns, values, ends).toarray().astype(np.float32)
        parts -= np.outer([taste.mean_share for taste in tastes], self.common)
        if self.z.shape[1]:
            parts -= np.stack([taste.calm for taste in tastes]) @ self.z.T
        return parts

    def subject(self, tastes: Sequence[Taste]) -> Floats:
        """The parts of the subject, [tastes x texts]."""
        if not self.u.shape[1]:
            return np.zeros((len(tastes), len(self)), np.float32)
        return np.asarray(np.stack([taste.lean for taste in tastes]) @ self.u.T, np.float32)

    def row(self, text: int) -> tuple[NDArray[np.int32], Floats]:
        """The columns and values of a text."""
        mine = slice(self.vectors.indptr[text], self.vectors.indptr[text + 1])
        return self.vectors.indices[mine], self.vectors.data[mine]

    def shares(self, taste: Taste, text: int) -> tuple[Floats, float]:
        """What each entry of a text (see `row`) adds to its fit, and what is added in any case.

        Quoted phrases are left out: they are the ranker's.
        """
        columns, values = self.row(text)
        wanted = taste.at(columns) - taste.mean_share * self.weights.mean(columns)
        shares = wanted / taste.lexical_scale
        base = -taste.centre
        if self.subjects is not None and self.u.shape[1]:
            words = np.flatnonzero(columns < WORDS)
            places = np.searchsorted(self.subjects.columns, columns[words])
            places = np.minimum(places, len(self.subjects.columns) - 1)
            known = self.subjects.columns[places] == columns[words]
            across = self.subjects.vectors[places[known]]
            words = words[known]
            shares[words] -= (across @ taste.calm) / taste.lexical_scale
            long, wide = self._scales(text)
            if long and wide:
                shares[words] += (across @ taste.lean) / (long * wide * taste.subject_scale)
                base -= float(taste.lean @ self.subjects.unit_mean) / (wide * taste.subject_scale)
        return (taste.gain * shares * values).astype(np.float32), taste.gain * base

    def _scales(self, text: int) -> tuple[float, float]:
        """The length of z, and of z at length one less its mean."""
        assert self.subjects is not None  # noqa: S101 - for the type checker
        long = float(np.linalg.norm(self.z[text]))
        if not long:
            return 0.0, 0.0
        return long, float(np.linalg.norm(self.z[text] / long - self.subjects.unit_mean))


def _pairs_alone(rows: Sparse, columns: NDArray[Any]) -> Sparse:
    """Rows without their single words, at length one; `columns` are those of their entries."""
    pairs = rows.copy()
    pairs.data[columns < WORDS] = 0
    pairs.eliminate_zeros()
    return unit(pairs)
