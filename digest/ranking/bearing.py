"""Bearings: an interest as a direction among the places of papers (digest.ranking.background).

    p = q + w l / |l| - a d / |d|      q: the keywords' places by weight, at length one
                                       l: the liked papers' mean place, calmed; d: of disliked ones
    w = N / (N + 3) beside keywords, else 1;    a = 3/4 D / (D + 3) for D dislikes

as for terms (digest.ranking.taste). p is divided by the length that it has without dislikes, so
that p·x is a cosine; a scale makes it a fit. As p is a sum over keywords and liked papers, p·x is
one too.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from digest.model import Interest, Keyword, KeywordKind
from digest.ranking.facets import faceted
from digest.ranking.scale import BYTES, Scale, with_stand_ins
from digest.ranking.weights import Floats

_EVIDENCE = 3.0
_DISLIKE = 0.75
_NAMED = 0.25  # half of the cosine of a keyword and a paper that is all about it
_SIMILAR = 0.5
_BEST = 0.4  # the cosine of the best paper in a hundred, before any are seen
_SEVERAL = 1.5  # papers: below that no two can be compared
_MOST = 100
_SIZES = struct.Struct("<II")

READ = (KeywordKind.WORDS, KeywordKind.PHRASE)


class Example(NamedTuple):
    """A paper that speaks for or against an interest: its row, and its weight."""

    row: int
    weight: float


@dataclass(frozen=True, slots=True)
class Bearing:
    """A direction [dimensions], and the scale of what it gives."""

    direction: Floats
    scale: Scale


@dataclass(frozen=True, slots=True)
class Bearings:
    """All of one profile: one, or one for each facet of a large collection.

    `words` [dimensions] is the mean place of its keywords: explaining needs it, and reading a text
    takes the encoder.
    """

    words: Floats
    every: tuple[Bearing, ...]

    def best(self, place: Floats) -> int:
        """Which of them a text fits best."""
        return int(np.argmax([b.scale.fits(float(b.direction @ place)) for b in self.every]))

    def reached_by(self, share: float) -> float:
        """The score that a share of the papers of the past reached, or a little more than that."""
        return max(bearing.scale.reached_by(share) for bearing in self.every)

    def to_bytes(self) -> bytes:
        """For the store."""
        parts = [b.direction.astype("<f4").tobytes() + b.scale.to_bytes() for b in self.every]
        head = _SIZES.pack(len(self.every), len(self.words))
        return head + self.words.astype("<f4").tobytes() + b"".join(parts)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Bearings":
        """From the store.

        Raises:
            ValueError: where the bytes are no bearings.
        """
        if len(raw) < _SIZES.size:
            raise ValueError("too short for bearings")
        count, size = _SIZES.unpack_from(raw)
        each, first = 4 * size + BYTES, _SIZES.size + 4 * size
        if not 0 < count <= _MOST or len(raw) != first + count * each:
            raise ValueError("cut short")
        starts = [first + n * each for n in range(count)]
        return cls(
            np.frombuffer(raw, "<f4", size, _SIZES.size),
            tuple(
                Bearing(
                    np.frombuffer(raw, "<f4", size, start),
                    Scale.from_bytes(raw[start + 4 * size : start + each]),
                )
                for start in starts
            ),
        )


@dataclass(frozen=True, slots=True)
class Part:
    """What one liked paper, or all keywords together (`row` is None), add to a direction."""

    row: int | None
    direction: Floats


@dataclass(frozen=True, slots=True)
class Wish:
    """An interest with its examples: rows of `places`, and of `calmed`, the same by the background.

    `words` [dimensions] is the mean of its keywords' places by weight: the shorter, the less they
    have to do with each other, and the less can a paper be about all of them.
    """

    words: Floats
    examples: tuple[Example, ...]
    places: Floats
    calmed: Floats

    def parts(self) -> list[Part]:
        """What is wanted, in parts that add up to a direction of length one."""
        asking = float(np.linalg.norm(self.words))
        found = [Part(None, self.words / np.float32(asking))] if asking else []
        liked = [one for one in self.examples if one.weight > 0]
        if liked:
            rows = [one.row for one in liked]
            weights = np.array([one.weight for one in liked], np.float32)
            many = float(weights.sum() ** 2 / (weights**2).sum())
            sure = np.float32(many / (many + _EVIDENCE))
            calmed = (1 - sure) * self.places[rows] + sure * self.calmed[rows]
            length = float(np.linalg.norm(weights @ calmed))
            strength = (sure if asking else 1.0) / length if length else 0.0
            shares = (weights * np.float32(strength))[:, None] * calmed
            found += [Part(row, share) for row, share in zip(rows, shares, strict=True)]
        whole = float(np.linalg.norm(direction_of(found, self.words)))
        return [Part(one.row, one.direction / np.float32(whole or 1)) for one in found]

    def against(self) -> Floats:
        """What is taken away for disliked papers, beside a direction of length one."""
        disliked = [one for one in self.examples if one.weight < 0]
        if not disliked:
            return np.zeros_like(self.words)
        weights = np.array([-one.weight for one in disliked], np.float32)
        mean = weights @ self.places[[one.row for one in disliked]]
        total = float(weights.sum())
        share = _DISLIKE * total / (total + _EVIDENCE)
        return np.asarray(share * mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)

    def expected(self, parts: Sequence[Part]) -> float:
        """Half of what a paper gets that is about a keyword, or as the liked ones each other.

        Of `parts`, which were made of this.
        """
        named = [float(part.direction @ part.direction) for part in parts if part.row is None]
        asked = _NAMED * float(np.sqrt(named[0]) * np.linalg.norm(self.words)) if named else 0.0
        liked = [one for one in self.examples if one.weight > 0]
        weights = np.array([one.weight for one in liked])
        many = float(weights.sum() ** 2 / (weights**2).sum()) if liked else 0.0
        if many <= _SEVERAL:
            return asked
        shares = weights / weights.sum()
        rows = np.stack([part.direction for part in parts if part.row is not None])
        products = self.places[[one.row for one in liked]] @ rows.sum(axis=0)
        own = np.einsum("ij,ij->i", self.places[[one.row for one in liked]], rows)
        # Each from the others alone, as if those were all.
        alike = float(shares @ ((products - own) / np.maximum(1 - shares, 1e-9)))
        return max(asked, _SIMILAR * alike)

    def best(self) -> float:
        """What the best paper in a hundred is thought to get before any are seen."""
        if any(one.weight > 0 for one in self.examples):
            return _BEST
        return _BEST * (float(np.linalg.norm(self.words)) or 1.0)


def wishes_of(
    examples: Sequence[Example], places: Floats, calmed: Floats, words: Floats
) -> list[Wish]:
    """The wish of a profile, or one for each facet of a large collection.

    Args:
        examples: rows of `places`, with their weights.
        places: of all examples.
        calmed: the same, by the background.
        words: the mean of its keywords' places by weight, [dimensions].
    """
    facets = faceted(examples, places)
    return [Wish(words, tuple(Example(*one) for one in own), places, calmed) for own in facets]


def bearings_of(
    wanted: Sequence[tuple[Sequence[Wish], Sequence[int]]], past: Floats
) -> list[Bearings]:
    """The bearings of profiles, scaled by papers of the past.

    Args:
        wanted: of each profile its wishes, one or one a facet, and those papers of the past that it
            was made of.
        past: the places of papers of the past.
    """
    every = [(wish, wish.parts(), own) for wishes, own in wanted for wish in wishes]
    if not every:
        return []
    directions = np.stack([direction_of(parts, wish.words) for wish, parts, _ in every])
    raw = np.asarray(directions @ past.T, np.float32)  # of all at once: small products cost most
    found = iter(
        [
            Bearing(
                np.asarray(direction - wish.against(), np.float32),
                Scale.of(with_stand_ins(row, own), wish.expected(parts), wish.best()),
            )
            for (wish, parts, own), direction, row in zip(every, directions, raw, strict=True)
        ]
    )
    return [Bearings(wishes[0].words, tuple(next(found) for _ in wishes)) for wishes, _ in wanted]


def direction_of(parts: Sequence[Part], like: Floats) -> Floats:
    """The sum of parts; nothing, as long as `like`, where there are none."""
    if not parts:
        return np.zeros_like(like)
    return np.asarray(np.sum([part.direction for part in parts], axis=0), np.float32)


def keywords_read(interest: Interest) -> list[Keyword]:
    """The keywords of an interest that are read as text: all but authors and categories."""
    return [keyword for keyword in interest.keywords if keyword.kind in READ]
