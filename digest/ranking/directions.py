"""Directions: what interests point at among the places of papers (digest.ranking.background).

    p = q + w l / |l| - a d / |d|      q: the keywords' places by weight, at length one
                                       l: the liked papers' mean place, calmed; d: of disliked ones
    w = N / (N + 3) beside keywords, else 1;    a = 3/4 D / (D + 3) for D dislikes

as for terms (digest.ranking.taste). p is divided by the length that it has without dislikes, so
that p·x is a cosine. As p is a sum over keywords and liked papers, p·x is one too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digest.ranking.facets import faceted
from digest.ranking.weights import Floats, Sparse

_EVIDENCE = 3.0
_DISLIKE = 0.75
_NAMED = 0.25  # half of the cosine of a keyword and a paper that is all about it
_SIMILAR = 0.5
_BEST = 0.4  # the cosine of the best paper in a hundred, before any are seen
_SEVERAL = 1.5  # papers: below that no two can be compared

Numbers = NDArray[np.float64]


class Example(NamedTuple):
    """A paper that speaks for or against an interest: its row, and its weight."""

    row: int
    weight: float


@dataclass(frozen=True, slots=True)
class Wish:
    """An interest with its examples: rows of places that the wishes of a shard share.

    `words` [dimensions] is the mean of its keywords' places by weight: the shorter, the less they
    have to do with each other, and the less can a paper be about all of them.
    """

    words: Floats
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Directions:
    """The directions of wishes, and what adds up to them.

    wanted = asking · words + liking @ ((1 - sure) places + sure places @ calm)

    Attributes:
        asking: the factor of each wish's words.
        liking: the factors of its liked papers, [wishes x examples].
        sure: how much its liked papers are held against all papers.
        wanted: what is wanted, [wishes x dimensions] at length one.
        against: what is taken away beside that for disliked papers.
        expected: half of what a paper gets that is about a keyword, or as the liked ones from each
            other.
        best: what the best paper in a hundred is thought to get before any are seen.
    """

    asking: Numbers
    liking: Sparse
    sure: Numbers
    wanted: Floats
    against: Floats
    expected: Numbers
    best: Numbers

    @classmethod
    def of(cls, wishes: Sequence[Wish], places: Floats, calm: Floats) -> "Directions":
        """Of all wishes at once.

        Args:
            wishes: one or more.
            places: of all examples, [examples x dimensions].
            calm: the background's map.
        """
        good = _weights([[e for e in wish.examples if e.weight > 0] for wish in wishes], places)
        words = np.stack([wish.words for wish in wishes])
        long = np.linalg.norm(words, axis=1).astype(np.float64)
        many = _over(_sums(good) ** 2, _sums(good.power(2)))
        sure = many / (many + _EVIDENCE)
        mean = good @ places
        mean = _times(1 - sure, mean) + _times(sure, mean @ calm)
        strength = _over(np.where(long > 0, sure, 1.0), _lengths(mean))
        asking = _over(np.ones_like(long), long)
        wanted = _times(asking, words) + _times(strength, mean)
        whole = _over(np.ones_like(long), _lengths(wanted))
        liking = sparse.diags_array(whole * strength).tocsr() @ good
        alike = _alike(liking, _shares(good), sure, places, calm)
        liked = np.where(many > _SEVERAL, _SIMILAR * alike, 0)
        return cls(
            asking=whole * asking,
            liking=liking,
            sure=sure,
            wanted=_times(whole, wanted),
            against=_against(wishes, places),
            expected=np.maximum(_NAMED * whole * long, liked),
            best=_BEST * np.where((many > 0) | (long == 0), 1.0, long),
        )

    def shares(self, wish: int, place: Floats, places: Floats, calm: Floats) -> Numbers:
        """What each example adds to the product of a wish's direction and a place, [examples]."""
        sure = self.sure[wish]
        seen = (1 - sure) * place + sure * (calm @ place)
        mine = slice(self.liking.indptr[wish], self.liking.indptr[wish + 1])
        rows = self.liking.indices[mine]
        found = np.zeros(len(places))
        found[rows] = self.liking.data[mine] * (places[rows] @ seen)
        return found


def wishes_of(examples: Sequence[Example], places: Floats, words: Floats) -> list[Wish]:
    """The wish of a profile, or one for each facet of a large collection.

    Args:
        examples: rows of `places`, with their weights.
        places: of all examples of a shard.
        words: the mean of its keywords' places by weight, [dimensions].
    """
    return [Wish(words, tuple(Example(*one) for one in own)) for own in faceted(examples, places)]


def _weights(chosen: Sequence[Sequence[Example]], places: Floats) -> Sparse:
    """The weights of examples, [wishes x examples]; those of one that is there twice add up."""
    ends = np.cumsum([0, *(len(own) for own in chosen)])
    rows = np.array([one.row for own in chosen for one in own], np.int64)
    weights = np.array([one.weight for own in chosen for one in own], np.float32)
    found = sparse.csr_array((weights, rows, ends), shape=(len(chosen), len(places)))
    found.sum_duplicates()
    return found


def _against(wishes: Sequence[Wish], places: Floats) -> Floats:
    """What is taken away for disliked papers, beside directions of length one."""
    bad = _weights([[e for e in wish.examples if e.weight < 0] for wish in wishes], places)
    mean = -(bad @ places)
    total = -_sums(bad)
    return _times(_over(_DISLIKE * total / (total + _EVIDENCE), _lengths(mean)), mean)


def _alike(liking: Sparse, shares: Sparse, sure: Numbers, places: Floats, calm: Floats) -> Numbers:
    """What the liked papers of each wish get from its other ones, as if those were all."""
    others = shares.copy()
    others.data = others.data / np.maximum(1 - others.data, np.float32(1e-9))
    near = others @ places
    given = liking @ places
    given = _times(1 - sure, given) + _times(sure, given @ calm)
    all_of_it = np.einsum("ij,ij->i", near, given)
    own = others.multiply(liking).tocsr()
    plain = own @ np.einsum("ij,ij->i", places, places)
    calmed = own @ np.einsum("ij,ij->i", places @ calm, places)
    return np.asarray(all_of_it - ((1 - sure) * plain + sure * calmed), np.float64)


def _shares(rows: Sparse) -> Sparse:
    """Each row divided by its sum."""
    return sparse.diags_array(_over(np.ones(rows.shape[0]), _sums(rows))).tocsr() @ rows


def _sums(rows: Sparse) -> Numbers:
    return np.asarray(rows.sum(axis=1), np.float64).ravel()


def _lengths(rows: Floats) -> Numbers:
    return np.asarray(np.linalg.norm(rows, axis=1), np.float64)


def _times(factors: Numbers, rows: Floats) -> Floats:
    return np.asarray(factors[:, None] * rows, np.float32)


def _over(above: Numbers, below: Numbers) -> Numbers:
    """The quotients; 0 where nothing is below."""
    found = np.divide(above, below, out=np.zeros_like(below, np.float64), where=below > 0)
    return np.asarray(found, np.float64)
