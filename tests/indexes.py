"""Indexes of a few texts for tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from digest.ranking.index import Index, append, fit, new_index, open_index
from digest.ranking.terms import Terms
from digest.ranking.weights import Weights

TERMS = Terms()
IDENTITY = "0123456789abcdef" * 2
TEXTS = ("owls hunt mice", "bread and flour", "", "galaxies at dawn")
FILES = ("ends", "columns", "counts", "numbers", "days", "dead")


def filled(folder: Path, texts: Sequence[str] = TEXTS, first: int = 10) -> Index:
    """An index of these texts, numbered from `first`, with weights."""
    return fit(grown(new_index(folder, IDENTITY), texts, first))


def grown(index: Index, texts: Sequence[str], first: int) -> Index:
    """With more texts."""
    numbers = range(first, first + len(texts))
    change = index.head.change + len(texts)
    return append(
        index, TERMS.count(texts), numbers, [7] * len(texts), change=change, key=f"title:{change}"
    )


def contents(index: Index) -> dict[int, tuple[list[int], list[int]]]:
    """What the index says of each living paper."""
    numbers = sorted(index.numbers[index.alive].tolist())
    rows = index.rows_of(np.array(numbers, np.int64))
    found = {}
    for number, row in zip(numbers, rows.tolist(), strict=True):
        one = index.take(np.array([row]))
        found[number] = (one.columns.tolist(), one.counts.tolist())
    return found


def expected(texts: dict[int, str]) -> dict[int, tuple[list[int], list[int]]]:
    """What an index should say of these texts."""
    found = {}
    for number, text in texts.items():
        one = TERMS.count([text])
        found[number] = (one.columns.tolist(), one.counts.tolist())
    return found


def opened(folder: Path) -> Index:
    """The index that lies there."""
    index = open_index(folder, IDENTITY)
    assert index is not None
    return index


def assert_fitted_as_anew(index: Index) -> None:
    """Its weights are exactly those of its living papers."""
    anew = Weights.of(index.take(np.flatnonzero(index.alive)))
    assert index.weights.papers == anew.papers
    assert (index.weights.seen == anew.seen).all()
    np.testing.assert_allclose(index.weights.total, anew.total, rtol=1e-5, atol=1e-6)
