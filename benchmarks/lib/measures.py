"""Figures of a ranking, one a reader, and how sure their mean is."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from digest.evaluation import measures
from digest.evaluation.measures import Floats
from lib.protocols import Task


@dataclass(frozen=True, slots=True)
class Mean(measures.Mean):
    """A mean over readers with its 95 % bootstrap interval, as tables show it."""

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"

    @property
    def signed(self) -> str:
        """For a difference."""
        return f"{self.value:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


def mean(values: Floats) -> Mean:
    """Resample the readers; the same ones for the same number of readers."""
    return Mean(*astuple(measures.mean(values)))


def measure(task: Task, scores: NDArray[np.float32]) -> dict[str, Floats]:
    """Every measure of every reader: name to one figure a reader.

    Args:
        task: who should have got what.
        scores: readers x candidates.
    """
    rows = [_reader(task, number, scores[number]) for number in range(len(task.profiles))]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _reader(task: Task, number: int, scores: NDArray[np.float32]) -> dict[str, float]:
    gains = task.gains[number]
    if task.pools:
        pool = task.pools[number]
        ranked = pool[np.argsort(-scores[pool], kind="stable")]
        return _graded(ranked, gains, task.profiles[number].liked)
    return _plain(np.argsort(-scores, kind="stable"), gains)


def _plain(ranked: NDArray[np.intp], gains: Mapping[int, float]) -> dict[str, float]:
    right = np.isin(ranked, list(gains), assume_unique=True)
    first = int(np.argmax(right))
    return {
        "nDCG@10": ndcg(ranked, gains, 10),
        "recall@20": float(right[:20].sum()) / len(gains),
        "recall@100": float(right[:100].sum()) / len(gains),
        "MRR": 1 / (first + 1),
    }


def _graded(
    ranked: NDArray[np.intp], gains: Mapping[int, float], liked: Sequence[int]
) -> dict[str, float]:
    """To a fifth of the pool, to the twentieth place, and without papers asked with themselves."""
    others = ranked[~np.isin(ranked, liked)]
    its = {paper: gain for paper, gain in gains.items() if paper not in liked}
    return {
        "nDCG%20": ndcg(ranked, gains, len(ranked) // 5),
        "nDCG@20": ndcg(ranked, gains, 20),
        "nDCG%20 of others": ndcg(others, its, len(others) // 5),
    }


def ndcg(ranked: NDArray[np.intp], gains: Mapping[int, float], depth: int) -> float:
    """Discounted gain of the first places as a share of the best that there could be."""
    got = np.array([gains.get(int(paper), 0.0) for paper in ranked[:depth]])
    best = np.sort(np.array(list(gains.values())))[::-1][:depth]
    ideal = float((best / _discount(len(best))).sum())
    return float((got / _discount(len(got))).sum()) / ideal if ideal else 0.0


def _discount(places: int) -> Floats:
    return np.log2(np.arange(2, places + 2))
