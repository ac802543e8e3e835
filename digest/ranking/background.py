"""The background: what the vectors of papers of any subject have in common.

An encoder puts all texts of a house into one corner of its space, and most of what tells them apart
there is the same for every reader. So a text's place x is its vector less the mean of the papers of
the past, at length one again, and the liked papers' mean place l is held against their spread C:

    p = (1 - h) l + h s (C + λ s I)^-1 (1 + λ) l        s: the mean eigenvalue of C
    h = N / (N + 3) for N liked papers

The second term is the linear discriminant of the liked papers against all papers (Hastie,
Tibshirani and Friedman, The Elements of Statistical Learning, 4.3), shrunk by a ridge. One liked
paper says little of what its reader does not mean; the more there are, the more it counts.
"""

import struct
from dataclasses import dataclass

import numpy as np

from digest.ranking.subjects import at_length_one
from digest.ranking.weights import Floats

RIDGE = 0.3
_FEW = 20  # papers
_HEAD = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Background:
    """The `mean` [dimensions] of vectors, and the map of the second term, `calm`, a square."""

    mean: Floats
    calm: Floats

    @classmethod
    def of(cls, vectors: Floats) -> "Background":
        """From vectors of papers of the past, [papers x dimensions]; without any it does nothing.

        Where papers are fewer than dimensions their spread is little known, and counts less. The
        mean of a few papers is mostly those papers: less of it is taken away, of forty 86 percent.
        """
        papers, size = vectors.shape
        even = np.eye(size, dtype=np.float32)
        if not papers:
            return cls(np.zeros(size, np.float32), even)
        mean = vectors.mean(axis=0, dtype=np.float64) * -np.expm1(-papers / _FEW)
        places = _places(vectors, np.asarray(mean, np.float32)).astype(np.float64)
        spread = places - places.mean(axis=0)
        usual = float((spread**2).sum()) / papers / size
        if usual <= 0:
            return cls(np.asarray(mean, np.float32), even)
        ridge = RIDGE * (1 + size / papers) * usual
        calm = np.linalg.inv(spread.T @ spread / papers + ridge * np.eye(size))
        return cls(np.asarray(mean, np.float32), np.asarray((usual + ridge) * calm, np.float32))

    def places(self, vectors: Floats) -> Floats:
        """The places of texts, [texts x dimensions] at length one; zeros for an unknown text."""
        return _places(vectors, self.mean)

    def to_bytes(self) -> bytes:
        """For the store."""
        arrays = (self.mean.astype("<f4"), self.calm.astype("<f4"))
        return _HEAD.pack(len(self.mean)) + b"".join(array.tobytes() for array in arrays)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Background":
        """From the store.

        Raises:
            ValueError: where the bytes are no background.
        """
        if len(raw) < _HEAD.size:
            raise ValueError("too short for a background")
        (size,) = _HEAD.unpack_from(raw)
        if len(raw) != _HEAD.size + 4 * size * (size + 1):
            raise ValueError("cut short")
        numbers = np.frombuffer(raw, "<f4", offset=_HEAD.size)
        return cls(numbers[:size], numbers[size:].reshape(size, size))


def _places(vectors: Floats, mean: Floats) -> Floats:
    found = at_length_one(np.asarray(vectors - mean, np.float32))
    found[~vectors.any(axis=1)] = 0
    return found
