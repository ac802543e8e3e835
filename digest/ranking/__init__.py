"""Which papers are worth a reader's time, and why. A new ranker is one new file.

A ranker is made for the candidates of one date and then answers for shards of readers:
profiles × candidates at once, never reader by reader.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from digest.model import Interest, Paper, Reason

Scores = NDArray[np.float32]
Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Profile:
    """One interest, with the papers that its `like:` items name, as far as the store has them."""

    interest: Interest
    liked: tuple[Paper, ...] = ()


class Ranker(Protocol):
    """Scores and explains the candidates that it was made for."""

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """An array [profiles × candidates]; minus infinity where a profile excludes a paper."""
        ...

    def explain(self, profile: Profile, candidate: int) -> tuple[Reason, ...]:
        """What carried a candidate's score, the largest share first."""
        ...


MakeRanker = Callable[[Sequence[Paper], Sequence[Paper]], Ranker]
"""Makes a ranker from a background of papers and the candidates of a date."""
