"""Bearings: an interest as a direction (digest.ranking.directions) with a scale.

The product of a direction and a paper's place is a cosine; the scale makes it a fit.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from digest.model import Interest, Keyword, KeywordKind
from digest.ranking.directions import Directions
from digest.ranking.scale import BYTES, Scale
from digest.ranking.weights import Floats

_MOST = 100
_SIZES = struct.Struct("<III")

READ = (KeywordKind.WORDS, KeywordKind.PHRASE)


@dataclass(frozen=True, slots=True)
class Bearing:
    """A direction [dimensions], and the scale of what it gives."""

    direction: Floats
    scale: Scale


@dataclass(frozen=True, slots=True)
class Said:
    """Where the words of a profile lie: explaining needs it, and reading a text takes the encoder.

    `words` [dimensions] is the mean place of its keywords by weight, `titles` [titles x dimensions]
    are the places of liked papers that the store does not have.
    """

    words: Floats
    titles: Floats


@dataclass(frozen=True, slots=True)
class Bearings:
    """All of one profile: one, or one for each facet of a large collection."""

    said: Said
    every: tuple[Bearing, ...]

    def best(self, place: Floats) -> int:
        """Which of them a text fits best."""
        return int(np.argmax([b.scale.fits(float(b.direction @ place)) for b in self.every]))

    def reached_by(self, share: float) -> float:
        """The score that a share of the papers of the past reached, or a little more than that."""
        return max(bearing.scale.reached_by(share) for bearing in self.every)

    def to_bytes(self) -> bytes:
        """For the store."""
        words, titles = self.said.words, self.said.titles
        parts = [b.direction.astype("<f4").tobytes() + b.scale.to_bytes() for b in self.every]
        head = _SIZES.pack(len(self.every), len(words), len(titles))
        said = words.astype("<f4").tobytes() + titles.astype("<f4").tobytes()
        return head + said + b"".join(parts)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Bearings":
        """From the store.

        Raises:
            ValueError: where the bytes are no bearings.
        """
        if len(raw) < _SIZES.size:
            raise ValueError("too short for bearings")
        count, size, titles = _SIZES.unpack_from(raw)
        each, first = 4 * size + BYTES, _SIZES.size + 4 * size * (1 + titles)
        if not 0 < count <= _MOST or len(raw) != first + count * each:
            raise ValueError("cut short")
        starts = [first + n * each for n in range(count)]
        said = np.frombuffer(raw, "<f4", size * (1 + titles), _SIZES.size).reshape(-1, size)
        return cls(
            Said(said[0], said[1:]),
            tuple(
                Bearing(
                    np.frombuffer(raw, "<f4", size, start),
                    Scale.from_bytes(raw[start + 4 * size : start + each]),
                )
                for start in starts
            ),
        )


def bearings_of(
    said: Sequence[Said], counts: Sequence[int], directions: Directions, raw: Floats
) -> list[Bearings]:
    """The bearings of profiles, scaled by papers of the past.

    Args:
        said: where the words of each profile lie.
        counts: how many wishes each has, one or one a facet.
        directions: of all wishes.
        raw: what is wanted by each gives papers of the past, others in place of a profile's own;
            dislikes left out: a vote against a subject is not made up for by another scale.
    """
    scales = Scale.of_all(raw, directions.expected, directions.best)
    ways = np.asarray(directions.wanted - directions.against, np.float32)
    every = iter([Bearing(*one) for one in zip(ways, scales, strict=True)])
    return [
        Bearings(own, tuple(islice(every, count))) for own, count in zip(said, counts, strict=True)
    ]


def keywords_read(interest: Interest) -> list[Keyword]:
    """The keywords of an interest that are read as text: all but authors and categories."""
    return [keyword for keyword in interest.keywords if keyword.kind in READ]
