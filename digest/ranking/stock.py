"""The stock: what rankers are made from."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from digest.ranking.model import Model
from digest.ranking.sheet import Sheet
from digest.ranking.vectors import Vectors


class Stock(Protocol):
    """What is known of all papers, and of each by its number."""

    def model(self) -> Model:
        """Weights, subjects and a sample of the past."""
        ...

    def counted(self, numbers: Sequence[int]) -> Sheet:
        """What was counted of papers, in this order; empty for one that is unknown."""
        ...

    def titles(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """The titles of papers; one that is unknown is left out."""
        ...

    def vectors(self) -> Vectors:
        """Papers as vectors of the encoder.

        Raises:
            ConfigError: where no encoder is installed, with what to do.
        """
        ...
