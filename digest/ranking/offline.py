"""The ranker apart from the store: a corpus, candidates and profiles, all in memory."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from digest.errors import UsageError
from digest.grammar.interests import parse_interest
from digest.model import Interest, Keyword, Paper
from digest.ranking.model import Model, sample_of_past
from digest.ranking.sheet import Sheet, joined
from digest.ranking.subjects import Subjects, learn
from digest.ranking.terms import Terms
from digest.ranking.tfidf import TfidfRanker
from digest.ranking.weights import Weights

_PART = 200
_QUOTED = re.compile(r'"[^"]*"')
_PROSE = re.compile(r"[.?!](\s|$)")


@dataclass(slots=True)
class Offline:
    """Ranks candidates for profiles; idf, means and subjects come from corpus and candidates."""

    corpus: Sequence[str]
    candidates: Sequence[str]
    sheet: Sheet = field(init=False)
    _terms: Terms = field(default_factory=Terms)
    _weights: Weights = field(init=False)
    _subjects: Subjects | None = None

    def __post_init__(self) -> None:
        """Count and weigh the texts."""
        texts = [*self.corpus, *self.candidates]
        self.sheet = joined(
            self._terms.count(texts[start : start + _PART]) for start in range(0, len(texts), _PART)
        )
        self._weights = Weights.of(self.sheet)

    def learn(self) -> None:
        """Learn the subjects of all texts."""
        self._subjects = learn(self.sheet.take, np.arange(len(self.sheet)), self._weights)

    def ranker(self, papers: Sequence[Paper]) -> TfidfRanker:
        """The ranker of the candidates, as the product makes it; scores shards of any size.

        Examples of profiles are texts by number: through the corpus and on through the candidates.

        Args:
            papers: the candidates as papers, whose texts they are.
        """
        return TfidfRanker(
            self._model(),
            papers,
            self._of_candidates(),
            lambda numbers: self.sheet.take(np.array(numbers, np.int64)),
        )

    def _of_candidates(self) -> Sheet:
        return self.sheet.take(np.arange(len(self.corpus), len(self.sheet)))

    def _model(self) -> Model:
        every = np.arange(len(self.sheet))
        past = sample_of_past(every[: len(self.corpus)] if self.corpus else every)
        numbers = tuple(past.tolist())
        return Model(self._terms, self._weights, self._subjects, self.sheet.take(past), numbers)


def read_keywords(text: str) -> Interest:
    """An interest from keywords; prose, and what is not in the grammar, counts as plain words."""
    if _PROSE.search(_QUOTED.sub("", text)):
        return Interest("keywords", (Keyword(text),))
    try:
        return parse_interest("keywords", text)
    except UsageError:
        return Interest("keywords", (Keyword(text),))
