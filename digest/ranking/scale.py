"""Scales: what makes fits comparable between interests, kinds of rankers and days.

0 is the average paper of the past; 0.8 is as good as the best one in a hundred of them, or as what
a paper on the subject would get, whichever is more (see digest.ranking.taste, which does the same
for terms).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.ranking.taste import LADDER, TYPICAL, score_reached
from digest.ranking.weights import Floats

Numbers = NDArray[np.float64]

_PRIOR = 100  # papers that what is expected before any are seen is worth
_BEST_SHARE = 0.01
_HEAD = struct.Struct(f"<2f{len(LADDER)}f")
BYTES = _HEAD.size


@dataclass(frozen=True, slots=True)
class Scale:
    """A fit is gain · (raw - centre); `ladder` are the fits that shares of the past reached."""

    centre: float
    gain: float
    ladder: tuple[float, ...]

    @classmethod
    def of_all(cls, raw: Floats, expected: Numbers, best: Numbers) -> list["Scale"]:
        """From what papers of the past got, all rows at once.

        Args:
            raw: [rows x papers of the past], of as many papers as there are.
            expected: what the best one in a hundred should at least have above the average paper.
            best: what it is thought to have before any are seen.
        """
        number = raw.shape[1]
        trust = number / (number + _PRIOR)
        tops = best
        centres, steps = np.zeros(len(raw)), np.zeros((len(LADDER), len(raw)))
        if number:
            centres = raw.mean(axis=1, dtype=np.float64) * trust
            steps = np.quantile(raw, [1 - share for share in LADDER], axis=1) - centres
            tops = trust * steps[LADDER.index(_BEST_SHARE)] + (1 - trust) * tops
        gains = TYPICAL / np.maximum(tops, np.maximum(best / 2, expected))
        rungs = (steps * gains).T.tolist()
        every = zip(centres.tolist(), gains.tolist(), rungs, strict=True)
        return [cls(centre, gain, tuple(ladder)) for centre, gain, ladder in every]

    def fits(self, raw: Any) -> Any:  # noqa: ANN401 - a number or an array
        """Fits of raw products."""
        return self.gain * (raw - self.centre)

    def reached_by(self, share: float) -> float:
        """The score that a share of the papers of the past reached, be it 0.01 of them."""
        return score_reached(self.ladder, share)

    def to_bytes(self) -> bytes:
        """For the store, BYTES long."""
        return _HEAD.pack(self.centre, self.gain, *self.ladder)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Scale":
        """From the store.

        Raises:
            ValueError: where the bytes are no scale.
        """
        if len(raw) != BYTES:
            raise ValueError("not as long as a scale")
        centre, gain, *ladder = _HEAD.unpack(raw)
        return cls(centre, gain, tuple(ladder))


def with_stand_ins(raw: Floats, own: Sequence[int]) -> Floats:
    """Products of papers of the past, other ones in place of a profile's own.

    No paper is measured by its own likes.
    """
    strange = np.ones(raw.size, np.bool_)
    strange[list(own)] = False
    others = np.flatnonzero(strange)
    if not len(own) or not others.size:
        return raw
    found = raw.copy()
    found[list(own)] = raw[others[np.arange(len(own)) * others.size // len(own)]]
    return found
