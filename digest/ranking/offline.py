"""The ranker apart from the store: a corpus, candidates and profiles, all in memory."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from digest.errors import UsageError
from digest.grammar.interests import parse_interest
from digest.model import Interest, Keyword, Paper
from digest.ranking import Scores
from digest.ranking.making import Wish as Asked
from digest.ranking.making import make_palates, phrases_of
from digest.ranking.model import Model, sample_of_past
from digest.ranking.pages import Pages
from digest.ranking.scoring import fits
from digest.ranking.sheet import Sheet, joined
from digest.ranking.subjects import Subjects, learn
from digest.ranking.terms import Terms
from digest.ranking.tfidf import TfidfRanker
from digest.ranking.weights import Weights

_PART = 200
_SHARD = 1000
_PROSE = re.compile(r"[.?!](\s|$)")


@dataclass(frozen=True, slots=True)
class Wish:
    """A profile: keywords in the grammar of interests, numbers of liked and disliked texts.

    Texts are numbered through the corpus and on through the candidates.
    """

    keywords: str = ""
    liked: Sequence[int] = ()
    disliked: Sequence[int] = ()


@dataclass(slots=True)
class Offline:
    """Ranks candidates for profiles; idf, means and subjects come from corpus and candidates."""

    corpus: Sequence[str]
    candidates: Sequence[str]
    sheet: Sheet = field(init=False)
    _terms: Terms = field(default_factory=Terms)
    _weights: Weights = field(init=False)
    _subjects: Subjects | None = None
    _ready: tuple[Model, Pages] | None = None

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
        self._ready = None

    def score(self, wishes: Sequence[Wish]) -> Scores:
        """How well each candidate fits each profile, [profiles x candidates].

        A candidate's score grows with its fit; exact matches are the ranker's.
        """
        if self._ready is None:
            model = self._model()
            self._ready = model, model.pages(self._of_candidates())
        model, pages = self._ready
        scores = [
            _score_shard(model, pages, self.sheet, wishes[start : start + _SHARD])
            for start in range(0, len(wishes), _SHARD)
        ]
        return np.concatenate([np.zeros((0, len(pages)), np.float32), *scores])

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
        return Model(self._terms, self._weights, self._subjects, self.sheet.take(past))


def _score_shard(model: Model, pages: Pages, sheet: Sheet, wishes: Sequence[Wish]) -> Scores:
    used = sorted({row for wish in wishes for row in (*wish.liked, *wish.disliked)})
    place = {row: number for number, row in enumerate(used)}
    asked = [
        Asked(
            read_keywords(wish.keywords),
            (
                *((place[row], 1.0) for row in wish.liked),
                *((place[row], -1.0) for row in wish.disliked),
            ),
        )
        for wish in wishes
    ]
    palates = make_palates(model, asked, sheet.take(np.array(used, np.int64)))
    return fits(palates, phrases_of(model, asked), pages)


def read_keywords(text: str) -> Interest:
    """An interest from keywords; prose, and what is not in the grammar, counts as plain words."""
    if _PROSE.search(text):
        return Interest("keywords", (Keyword(text),))
    try:
        return parse_interest("keywords", text)
    except UsageError:
        return Interest("keywords", (Keyword(text),))
