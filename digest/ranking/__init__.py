"""Which papers are worth a reader's time, and why. A new ranker is one new file.

A ranker is made for the candidates of one date and then answers for shards of readers:
profiles × candidates at once, never reader by reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from digest.model import Interest, Reason, Sentence

MOST_PAST = 2000  # papers of the past that scores are held against
MOST_FACETS = 6  # parts of a large collection of liked papers

Scores = NDArray[np.float32]
Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Example:
    """A paper of the store that speaks for an interest, or with a weight below 0 against it.

    `change` tells which text of it is meant.
    """

    number: int
    weight: float = 1.0
    change: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """One interest with its examples, newest first; `kept` is what a ranker made of it before.

    `titles` are liked papers that the store does not have.
    """

    interest: Interest
    examples: tuple[Example, ...] = ()
    titles: tuple[str, ...] = ()
    kept: bytes | None = None

    def keeping(self, kept: bytes | None) -> "Profile":
        """The same with what is kept of it; itself where that is the same."""
        return self if kept == self.kept else replace(self, kept=kept)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a candidate has its score: reasons, largest first, whose shares add up to it.

    `nearest` is the number of the liked paper that is most like it.
    """

    reasons: tuple[Reason, ...]
    sentence: Sentence | None = None
    nearest: int | None = None


class Ranker(Protocol):
    """Scores and explains the candidates that it was made for."""

    def prepare(self, profiles: Sequence[Profile]) -> list[Profile]:
        """The same profiles, each with what is worth keeping of it until it changes."""
        ...

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """An array [profiles × candidates]; minus infinity where a profile excludes a paper."""
        ...

    def level(self, profile: Profile, share: float) -> float:
        """The score that this share of the papers of the past reached."""
        ...

    def explain(
        self, profile: Profile, candidate: int, most: int = 4, least: float = 0.05
    ) -> Explanation:
        """What carried a candidate's score.

        Args:
            profile: whose score.
            candidate: of which paper.
            most: at most so many terms by name.
            least: the least share of a term that is named, as a part of the largest.
        """
        ...

    def strongest(self, candidate: int, most: int) -> list[str]:
        """The words and pairs that say most of a candidate, whoever reads it, as it writes them."""
        ...

    def alike(self, candidates: Sequence[int]) -> Scores:
        """How alike candidates are to each other, [n × n]; 1 for the same text."""
        ...

    def same_as(self, numbers: Sequence[int]) -> dict[int, set[int]]:
        """Candidates that say the same as papers of the store, by the papers' numbers."""
        ...

    def twins(self) -> dict[int, int]:
        """Candidates that say the same as an earlier one, and that one."""
        ...


_Item = TypeVar("_Item")


def portions(items: Sequence[_Item], sizes: Sequence[int], most: int) -> Iterator[Sequence[_Item]]:
    """Items in their order, in parts that can be held at once.

    Args:
        items: what is to be parted.
        sizes: how much each takes.
        most: how much a part may take; a part of one item may take more.
    """
    start, held = 0, 0
    for place, size in enumerate(sizes):
        if place > start and held + size > most:
            yield items[start:place]
            start, held = place, 0
        held += size
    if start < len(items):
        yield items[start:]
