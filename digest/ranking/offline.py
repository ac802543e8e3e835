"""The ranker apart from the store: a corpus, candidates and profiles, all in memory."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from digest.errors import UsageError
from digest.grammar.interests import parse_interest
from digest.model import Interest, Keyword, Paper, StoredPaper
from digest.ranking import Ranker
from digest.ranking import encoder as encoders
from digest.ranking.encoder import Encoder
from digest.ranking.kinds import DEFAULT, open_kind
from digest.ranking.model import Model, sample_of_past
from digest.ranking.sheet import Sheet, joined
from digest.ranking.subjects import Subjects, learn
from digest.ranking.terms import Terms
from digest.ranking.vectors import HeldVectors
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

    def ranker(
        self, papers: Sequence[Paper], kind: str = DEFAULT, encoder: Encoder | None = None
    ) -> Ranker:
        """The ranker of the candidates, as the product makes it; scores shards of any size.

        Examples of profiles are texts by number: through the corpus and on through the candidates.

        Args:
            papers: the candidates as papers, whose texts they are.
            kind: of the ranker, a name of digest.ranking.kinds.
            encoder: reads the texts where the kind needs one; the installed one unless given.

        Raises:
            ConfigError: where an encoder is needed and none is installed.
        """
        first = len(self.corpus)
        stored = [StoredPaper(number, paper, None) for number, paper in enumerate(papers, first)]
        model = self._model()
        titles = {one.number: one.paper.title for one in stored}

        def vectors() -> HeldVectors:
            reads = encoder or encoders.open_encoder()
            return HeldVectors(reads, [*self.corpus, *self.candidates], model.past_numbers)

        return open_kind(kind).make_ranker(_Held(model, self.sheet, titles, vectors), stored)

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


@dataclass(slots=True)
class _Held:
    """The stock of a ranker apart from the store; see digest.ranking.stock."""

    known: Model
    sheet: Sheet
    names: Mapping[int, str]
    make_vectors: Callable[[], HeldVectors]
    _vectors: HeldVectors | None = None

    def model(self) -> Model:
        """What was learnt."""
        return self.known

    def counted(self, numbers: Sequence[int]) -> Sheet:
        """Texts by number."""
        return self.sheet.take(np.array(numbers, np.int64))

    def titles(self, numbers: Sequence[int]) -> dict[int, str]:
        """Of candidates; the corpus has texts alone."""
        return {number: self.names[number] for number in numbers if number in self.names}

    def vectors(self) -> HeldVectors:
        """Of all texts, read once."""
        if self._vectors is None:
            self._vectors = self.make_vectors()
        return self._vectors
