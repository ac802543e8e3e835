"""Subjects: latent semantic analysis (Deerwester and others 1990) of the papers of the index.

A truncated SVD of the papers' words, [papers x words] = U S V', gives each text x two short
vectors: z = x V, and its subject u, which is z at length one, less the mean of all papers, at
length one again. Papers that share a subject without sharing words are near each other there.

The same decomposition says in which directions papers differ most from each other whoever reads
them. `calm` holds s² / (s² + n λ), the share of each direction that ridge regression takes back:
a profile less that share is the linear discriminant of its liked papers against all papers
(Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.3), without a fit a
reader.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.ranking.sheet import WORDS, Rows, Sheet
from digest.ranking.weights import Floats, Sparse, Weights, sparse_rows

SUBJECTS = 128
LEAST_PAPERS = 400
MOST_PAPERS = 30_000
MOST_WORDS = 50_000
_RIDGE = 1e-3
_ROUNDS = 4
_PART = 2000


@dataclass(frozen=True, slots=True)
class Subjects:
    """The map from words to subjects: `vectors` [words x subjects] for the words `columns`.

    `mean` and `unit_mean` [subjects] are the means of z and of z at length one over the papers.
    """

    columns: NDArray[np.uint32]
    vectors: Floats
    calm: Floats
    mean: Floats
    unit_mean: Floats

    def project(self, rows: Sparse) -> Floats:
        """Z of each row: [rows x subjects]."""
        short = _restricted(rows, self.columns)
        return np.asarray(short @ self.vectors, dtype=np.float32)

    def subject(self, projected: Floats) -> Floats:
        """U of each z: [rows x subjects]; zeros for a text without known words."""
        centred = at_length_one(projected) - self.unit_mean
        centred[~projected.any(axis=1)] = 0
        return at_length_one(centred)


def learn(take: Callable[[Rows], Sheet], rows: Rows, weights: Weights) -> Subjects | None:
    """Fit the subjects of some texts (evenly thinned where they are many).

    There are as many as the square root of their number, at most 128: few papers carry few.

    Returns:
        None where there are too few papers to learn from.
    """
    if rows.size < LEAST_PAPERS:
        return None
    from scipy import sparse  # noqa: PLC0415
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415 - slow, and rarely needed

    if rows.size > MOST_PAPERS:
        rows = rows[np.linspace(0, rows.size - 1, MOST_PAPERS).astype(np.int64)]
    common = np.argsort(-weights.seen[:WORDS].astype(np.int64), kind="stable")[:MOST_WORDS]
    columns = np.sort(common[weights.seen[common] > 1]).astype(np.uint32)
    if not columns.size:
        return None
    # In parts: the pairs of words are needed for the lengths alone.
    short = sparse.vstack(
        [
            _restricted(weights.vectors(take(rows[start : start + _PART])), columns)
            for start in range(0, rows.size, _PART)
        ],
        format="csr",
    )
    most = min(SUBJECTS, round(rows.size**0.5), max(len(columns) - 1, 1))
    _, sizes, across = randomized_svd(short, most, n_iter=_ROUNDS, random_state=0)
    squares = sizes**2
    found = Subjects(
        columns,
        np.ascontiguousarray(across.T, dtype=np.float32),
        (squares / (squares + rows.size * _RIDGE)).astype(np.float32),
        *(np.zeros(most, np.float32) for _ in range(2)),
    )
    projected = np.asarray(short @ found.vectors, np.float32)
    return Subjects(
        found.columns,
        found.vectors,
        found.calm,
        projected.mean(axis=0),
        at_length_one(projected).mean(axis=0),
    )


def _restricted(rows: Sparse, columns: NDArray[np.uint32]) -> Sparse:
    """Rows at some word columns only."""
    words = np.flatnonzero(rows.indices < WORDS)
    wanted = rows.indices[words]
    places = np.minimum(np.searchsorted(columns, wanted), max(len(columns) - 1, 0))
    there = columns[places] == wanted if len(columns) else np.zeros(len(words), np.bool_)
    entries = words[there]
    ends = np.searchsorted(entries, rows.indptr)
    return sparse_rows(
        (rows.data[entries], places[there], ends), shape=(rows.shape[0], len(columns))
    )


def at_length_one(rows: Floats) -> Floats:
    """Each row divided by its length; zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0))
