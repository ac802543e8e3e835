"""What the ranker knows of papers in general, before it knows any reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from digest.ranking import MOST_PAST
from digest.ranking.pages import Pages
from digest.ranking.sheet import Rows, Sheet
from digest.ranking.subjects import Subjects
from digest.ranking.terms import Terms
from digest.ranking.weights import Weights

_RECENT = 30_000


@dataclass(frozen=True)
class Model:
    """Weights and subjects of all papers, and a sample of the past that scores are held against.

    `past_numbers` are the numbers of the papers of the past, where they have any.
    """

    terms: Terms
    weights: Weights
    subjects: Subjects | None
    past: Sheet
    past_numbers: tuple[int, ...] = ()

    @cached_property
    def past_pages(self) -> Pages:
        """The papers of the past as vectors."""
        return self.pages(self.past)

    @cached_property
    def place_in_past(self) -> Mapping[int, int]:
        """Where each paper stands among those of the past."""
        return {number: place for place, number in enumerate(self.past_numbers)}

    def pages(self, sheet: Sheet) -> Pages:
        """Counted texts as vectors."""
        return Pages.of(sheet, self.weights, self.subjects)

    def read(self, texts: list[str]) -> Pages:
        """Texts as vectors."""
        return self.pages(self.terms.count(texts))


def sample_of_past(rows: Rows) -> Rows:
    """At most 2,000 rows, spread evenly over the latest 30,000."""
    recent = rows[-_RECENT:]
    if recent.size <= MOST_PAST:
        return recent
    return recent[np.linspace(0, recent.size - 1, MOST_PAST).astype(np.int64)]
