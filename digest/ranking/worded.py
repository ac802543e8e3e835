"""What every kind of ranker asks terms: which candidates say the same, and in which words."""

from collections.abc import Sequence

from digest.ranking import Scores
from digest.ranking.tfidf import TfidfRanker


class Worded:
    """A part of rankers that have one by terms beside them: what repeats itself repeats words."""

    def __init__(self, terms: TfidfRanker) -> None:
        """With a ranker by terms of the same candidates."""
        self._terms = terms

    def strongest(self, candidate: int, most: int) -> list[str]:
        """The words and pairs that say most of a candidate, whoever reads it, as it writes them."""
        return self._terms.strongest(candidate, most)

    def alike(self, candidates: Sequence[int]) -> Scores:
        """How alike candidates are to each other, in terms."""
        return self._terms.alike(candidates)

    def twins(self) -> dict[int, int]:
        """Candidates that say the same as an earlier one, in the same words, and that one."""
        return self._terms.twins()

    def same_as(self, numbers: Sequence[int]) -> dict[int, set[int]]:
        """Candidates that say the same as papers of the store, by the papers' numbers."""
        return self._terms.same_as(numbers)
