"""Facets: what a collection of liked papers is about, part by part.

The mean of a collection forgets a subject that few of its papers have. So a large one is parted by
spherical k-means (Dhillon and Modha 2001) over the papers' subjects, and each part makes a taste of
its own: the mean of all papers, leaning towards the part. A paper's score is the best of them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from digest.ranking import MOST_FACETS
from digest.ranking.subjects import at_length_one
from digest.ranking.weights import Floats

LEAST_PAPERS = 40
PAPERS_A_FACET = 20
LEAST_IN_FACET = 3
LEANING = 0.25
_ROUNDS = 8

Examples = Sequence[tuple[int, float]]


def faceted(examples: Examples, subjects: Floats) -> list[tuple[tuple[int, float], ...]]:
    """The examples once for each facet, those of the facet with more weight.

    Args:
        examples: (row, weight); those with weights below 0 count alike in every facet.
        subjects: of all rows, [rows x subjects] at length one.
    """
    liked = [example for example in examples if example[1] > 0]
    count = min(MOST_FACETS, len(liked) // PAPERS_A_FACET)
    if len(liked) < LEAST_PAPERS or count < 2 or not subjects.shape[1]:  # noqa: PLR2004
        return [tuple(examples)]
    labels = parted(subjects[[row for row, _ in liked]], count)
    every = sum(weight for _, weight in liked)
    found = []
    for label in np.unique(labels).tolist():
        mine = {row for (row, _), its in zip(liked, labels, strict=True) if its == label}
        more = 1 + LEANING * every / sum(weight for row, weight in liked if row in mine)
        found.append(tuple((r, w * more if w > 0 and r in mine else w) for r, w in examples))
    return found


def parted(points: Floats, most: int) -> NDArray[np.int64]:
    """Which part each point belongs to; at most so many parts, none of fewer than three points.

    The first centres are as far apart as can be, so that a small part of its own is found.

    Args:
        points: directions at length one, [points x dimensions], at least three.
        most: the most parts.
    """
    centres = [int(np.argmax(points @ points.mean(axis=0)))]
    near = points @ points[centres[0]]
    while len(centres) < most:
        centres.append(int(np.argmin(near)))
        near = np.maximum(near, points @ points[centres[-1]])
    middles = points[centres]
    for _ in range(_ROUNDS + most):
        labels = np.argmax(points @ middles.T, axis=1)
        sizes = np.bincount(labels, minlength=len(middles))
        kept = list(range(len(middles)))
        if len(kept) > 1 and sizes.min() < LEAST_IN_FACET:
            kept.remove(int(sizes.argmin()))  # one at a time: two may be halves of one part
        sums = np.stack([points[labels == part].sum(axis=0) for part in kept])
        middles = at_length_one(sums)
    return np.asarray(np.argmax(points @ middles.T, axis=1), np.int64)
