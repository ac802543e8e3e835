"""A large collection keeps its small parts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking import MOST_FACETS
from digest.ranking.facets import (
    LEANING,
    LEAST_IN_FACET,
    LEAST_PAPERS,
    faceted,
    parted,
)
from digest.ranking.weights import Floats


def directions(seed: int, *sizes: int, spread: float = 0.3) -> Floats:
    """Points at length one around as many far directions as there are sizes."""
    random = np.random.default_rng(seed)
    centres = np.eye(len(sizes), 12)
    points = np.concatenate(
        [
            centre + spread * random.standard_normal((size, 12)) / np.sqrt(12)
            for centre, size in zip(centres, sizes, strict=True)
        ]
    )
    found = points / np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(found, np.float32)


@given(seed=st.integers(0, 100), few=st.integers(LEAST_IN_FACET, 10))
def test_a_small_part_is_found(seed: int, few: int) -> None:
    """Points of a small group stand apart from the large one."""
    labels = parted(directions(seed, 60, few), 3)
    assert set(labels[60:].tolist()).isdisjoint(labels[:60].tolist())


@given(seed=st.integers(0, 100), size=st.integers(3, 60), most=st.integers(1, MOST_FACETS))
def test_parts_are_few_and_not_too_small(seed: int, size: int, most: int) -> None:
    """No more than asked for, the same every time, and hardly any of less than three points."""
    points = directions(seed, size, spread=3.0)
    labels = parted(points, most)
    assert len(set(labels.tolist())) <= most
    assert labels.tolist() == parted(points, most).tolist()
    assert len(labels) == size


def test_points_that_are_all_the_same() -> None:
    """One part is all there is."""
    points = np.full((50, 4), 0.5, np.float32)
    assert len(set(parted(points, 6).tolist())) == 1


def test_a_small_collection_has_one_facet() -> None:
    """Its examples as they are; so has any where no subjects are known."""
    examples = [(row, 1.0) for row in range(LEAST_PAPERS - 1)]
    assert faceted(examples, directions(0, 30, 30)) == [tuple(examples)]
    many = [(row, 1.0) for row in range(LEAST_PAPERS)]
    assert faceted(many, np.zeros((LEAST_PAPERS, 0), np.float32)) == [tuple(many)]


def test_each_facet_leans_towards_its_own() -> None:
    """All examples are in every facet; each liked one weighs more in exactly one of them."""
    examples = [(row, 0.5) for row in range(66)] + [(66, -1.0)]
    facets = faceted(examples, directions(1, 60, 7))
    assert len(facets) > 1
    assert all([row for row, _ in facet] == list(range(67)) for facet in facets)
    assert all(facet[66] == (66, -1.0) for facet in facets)
    for place in range(66):
        assert sum(facet[place][1] > 0.5 for facet in facets) == 1
    (small,) = [facet for facet in facets if facet[60][1] > 0.5]
    own = [weight for row, weight in small if weight > 0.5]
    assert sum(own) == np.float64(0.5 * len(own) + LEANING * 33)
