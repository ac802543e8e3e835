"""A taste: an interest as vectors, made from keywords, liked and disliked papers.

    p = q + w l / |l|, less what is disliked    q: the keywords' vectors by weight, at length one
    β = |q| + w h / |l|                         l: the mean of the liked papers' vectors
    c = w k · calm ∘ (z(l) - z̄) / |l|           h = N / (N + 3), k = 1 - 1 / N for N liked papers
    e = u(q) + w · the mean of the liked papers' subjects, at length one again
    w = h beside keywords, so that one liked paper does not weigh as much as all of them, else 1

β takes away what all papers share, c what readers of anything would share (the ridge part of a
linear discriminant, see digest.ranking.subjects), the more the more liked papers there are: one
paper says little of what its reader does not mean, and nothing of what its reader's papers have
in common. Keywords are asked for as they are.

σl and σs bring both parts to the same size: their spread over papers of the past. centre and g
make fits comparable between interests and days: 0 is the average paper of the past, and 0.8 is
as good as the best one in a hundred of them, or half of what a paper gets that names a keyword
twice (or that is as near to the liked papers as they are to each other), whichever is more: where
nothing was ever on the subject, the best of it is not good. The score of a fit above 0.8 is
1 - 0.16 / fit, so that 0.9 has twice the evidence of 0.8, and no terms lead beyond 1.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from digest.ranking.weights import Floats

Columns = NDArray[np.uint32]

MOST_COLUMNS = 4000
TYPICAL = 0.8
MEANING = 2  # counts up whenever what a stored taste says of papers changes
_MOST_TASTES = 100
LADDER = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
_HEADER = struct.Struct("<IIfffff9f")
_COLUMN, _FLOAT = np.dtype("<u4"), np.dtype("<f4")
_FLAT = (0.0,) * len(LADDER)


@dataclass(frozen=True, slots=True)
class Taste:
    """See the module; `columns` rise, `calm` and `lean` are empty where there are no subjects.

    `ladder` holds the fits that each share of LADDER of the papers of the past reached.
    """

    columns: Columns
    values: "Floats"
    mean_share: float
    calm: "Floats"
    lean: "Floats"
    lexical_scale: float = 1.0
    subject_scale: float = 1.0
    centre: float = 0.0
    gain: float = 1.0
    ladder: tuple[float, ...] = _FLAT

    def reached_by(self, share: float) -> float:
        """The score that a share of the papers of the past reached, be it 0.01 of them."""
        return score_reached(self.ladder, share)

    def at(self, columns: NDArray[Any]) -> "Floats":
        """The values at some columns; 0 where there is none."""
        return at(self.columns, self.values, columns)

    def to_bytes(self) -> bytes:
        """For the store: a header, then the arrays."""
        head = _HEADER.pack(
            len(self.columns),
            len(self.calm),
            self.mean_share,
            self.lexical_scale,
            self.subject_scale,
            self.centre,
            self.gain,
            *self.ladder,
        )
        floats = (part.astype("<f4") for part in (self.values, self.calm, self.lean))
        arrays = (self.columns.astype("<u4"), *floats)
        return head + b"".join(array.tobytes() for array in arrays)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Taste":
        """From the store.

        Raises:
            ValueError: where the bytes are not a taste.
        """
        try:
            columns, subjects, mean_share, *rest = _HEADER.unpack_from(raw)
        except struct.error as error:
            raise ValueError("too short for a taste") from error
        if len(raw) != _HEADER.size + 8 * columns + 8 * subjects:
            raise ValueError("cut short")
        start, values = _HEADER.size, _HEADER.size + 4 * columns
        calm, lean = values + 4 * columns, values + 4 * (columns + subjects)
        scale, spread, centre, gain, *ladder = rest
        return cls(
            np.frombuffer(raw, _COLUMN, columns, start),
            np.frombuffer(raw, _FLOAT, columns, values),
            mean_share,
            np.frombuffer(raw, _FLOAT, subjects, calm),
            np.frombuffer(raw, _FLOAT, subjects, lean),
            lexical_scale=scale,
            subject_scale=spread,
            centre=centre,
            gain=gain,
            ladder=tuple(ladder),
        )


@dataclass(frozen=True, slots=True)
class Palate:
    """All tastes of one profile: one, or one for each facet of a large collection."""

    tastes: tuple[Taste, ...]

    def reached_by(self, share: float) -> float:
        """The score that a share of the papers of the past reached, or a little more than that."""
        return max(taste.reached_by(share) for taste in self.tastes)

    def to_bytes(self) -> bytes:
        """For the store: how many there are, and each with its length."""
        parts = [taste.to_bytes() for taste in self.tastes]
        sizes = struct.pack(f"<{len(parts) + 1}I", len(parts), *map(len, parts))
        return sizes + b"".join(parts)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Palate":
        """From the store.

        Raises:
            ValueError: where the bytes are no palate.
        """
        try:
            (count,) = struct.unpack_from("<I", raw)
            if not 0 < count <= _MOST_TASTES:
                raise ValueError("no such number of tastes")
            sizes = struct.unpack_from(f"<{count}I", raw, 4)
        except struct.error as error:
            raise ValueError("too short for a palate") from error
        ends = list(accumulate(sizes, initial=4 + 4 * count))
        if ends[-1] != len(raw):
            raise ValueError("cut short")
        return cls(tuple(Taste.from_bytes(raw[a:b]) for a, b in pairwise(ends)))


def at(columns: NDArray[Any], values: "Floats", wanted: NDArray[Any]) -> "Floats":
    """The values of a sparse row, whose columns rise, at some columns; 0 where there is none."""
    found = np.zeros(len(wanted), np.float32)
    if len(columns):
        places = np.minimum(np.searchsorted(columns, wanted), len(columns) - 1)
        there = columns[places] == wanted
        found[there] = values[places[there]]
    return found


def score_of(fits: Any) -> Any:  # noqa: ANN401 - a number or an array
    """The score of a fit: the fit itself up to 0.8, above that 1 - 0.16 / fit."""
    return np.where(fits <= TYPICAL, fits, 1 - TYPICAL * (1 - TYPICAL) / np.maximum(fits, TYPICAL))


def score_reached(ladder: Sequence[float], share: float) -> float:
    """The score that a share of the papers of the past reached.

    Args:
        ladder: the fits that each share of LADDER reached.
        share: be it 0.01; beyond the ends of LADDER it goes on as over the last step.
    """
    share = max(share, 1e-9)
    found = float(np.interp(np.log(share), np.log(LADDER[::-1]), ladder[::-1]))
    if share < LADDER[-1]:
        step = (ladder[-1] - ladder[-2]) / np.log(LADDER[-2] / LADDER[-1])
        found += float(step * np.log(LADDER[-1] / share))
    return float(score_of(found))
