"""The sentences of an abstract, and the one that says most to a reader."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.model import Reason, Sentence
from digest.ranking.matching import sought, words
from digest.ranking.sheet import Sheet
from digest.ranking.taste import at
from digest.ranking.weights import Floats, row_sums

_END = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s+(?=[^\sa-z])")
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|resp|approx|Fig|Figs|Eq|Eqs|Sec|Ref|Refs|No|Dr|Prof|St|"
    r"[A-Z])\.)$"
)
_LEAST = 25
_MOST = 400
_TERMS = 4


@dataclass(frozen=True)
class Sentences:
    """An abstract's sentences, and their terms."""

    texts: tuple[str, ...]
    sheet: Sheet

    def best(
        self, columns: NDArray[Any], shares: Floats, reasons: Sequence[Reason]
    ) -> Sentence | None:
        """The sentence whose terms add most to the score for its length; None where none adds.

        Args:
            columns: of the paper, rising.
            shares: what each of them adds to the score.
            reasons: the paper's terms in words, largest first.
        """
        if not self.texts:
            return None
        said = _by_length(at(columns, shares, self.sheet.columns), self.sheet)
        best = int(np.argmax(said))
        if said[best] <= 0:
            return None
        text = self.texts[best]
        terms = [reason.label for reason in reasons if sought(reason.label) in self._words[best]]
        return Sentence(text, tuple(terms[:_TERMS]))

    @cached_property
    def _words(self) -> list[str]:
        return [words(text) for text in self.texts]


def split(abstract: str) -> tuple[str, ...]:
    """The sentences of an abstract; what is too short to say anything stays with its neighbour."""
    found: list[str] = []
    for part in _END.split(abstract.strip()):
        if found and (_SHORT.search(found[-1]) or len(found[-1]) < _LEAST or len(part) < _LEAST):
            found[-1] = f"{found[-1]} {part}"
        elif part:
            found.append(part)
    return tuple(text for text in found if len(text) <= _MOST and "://" not in text) or tuple(
        found[:1]
    )


def _by_length(gains: Floats, sheet: Sheet) -> Floats:
    """What each sentence adds, through the root of its number of terms."""
    per = row_sums(gains, sheet.ends) / np.sqrt(np.diff(sheet.ends) + 4.0)
    return np.asarray(per, np.float32)
