"""Ours as rivals: the product's rankers of each kind, on texts instead of a store."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from digest.model import Paper
from digest.ranking import Example, Ranker
from digest.ranking import Profile as Wanted
from digest.ranking.offline import Offline, read_keywords
from digest.ranking.terms import Terms
from lib.protocols import Profile
from lib.rivals import DIMENSIONS, Rows, Scores, Vectors

SHARD = 1000
PART = 200


@dataclass(slots=True)
class OnFile:
    """An encoder that knows its texts: the vectors are made already."""

    rows: dict[str, Rows] = field(default_factory=dict)
    name: str = "on file"
    dimensions: int = DIMENSIONS

    def know(self, texts: Sequence[str], vectors: Rows) -> None:
        """Remember what these texts' vectors are."""
        self.rows.update(zip(texts, vectors, strict=True))

    def encode(self, texts: Sequence[str]) -> Rows:
        """The vectors of texts."""
        found = [self.rows[text] for text in texts]
        return np.array(found, np.float32).reshape(len(found), self.dimensions)


class ByTerms:
    """The product's ranker by terms, its default."""

    kind = "terms"

    def __init__(self, vectors: Vectors | None) -> None:
        """Vectors are for the other kinds."""
        self._vectors = vectors
        self._encoder = OnFile()

    def learn(self, known: Sequence[str], candidates: Sequence[str]) -> None:
        """Count and weigh all texts, learn the subjects."""
        self._texts = candidates
        if self._vectors is not None:
            self._encoder.know(known, self._vectors.known)
            self._encoder.know(candidates, self._vectors.candidates)
        corpus = () if known is candidates else known
        self._offline = Offline(corpus, candidates)
        self._offline.learn()
        self._ranker: Ranker | None = None

    def add(self) -> None:
        """Count the candidates, though they were counted with the rest; make their ranker."""
        terms = Terms()
        for start in range(0, len(self._texts), PART):
            terms.count(self._texts[start : start + PART])
        self._ranker = self._made()

    def read(self, profiles: Sequence[Profile]) -> list[Wanted]:
        """The profiles as the product keeps them."""
        if self._vectors is not None and profiles[0].keywords:
            self._encoder.know([one.keywords for one in profiles], self._vectors.keywords)
        wanted = [
            Wanted(read_keywords(profile.keywords), tuple(Example(n) for n in profile.liked))
            for profile in profiles
        ]
        ranker = self._ranker or self._made()
        return [
            ready
            for start in range(0, len(wanted), SHARD)
            for ready in ranker.prepare(wanted[start : start + SHARD])
        ]

    def score(self, wishes: Sequence[Wanted]) -> Scores:
        """Shards of readers."""
        assert self._ranker is not None, "candidates first"
        shards = [
            self._ranker.score(wishes[start : start + SHARD])
            for start in range(0, len(wishes), SHARD)
        ]
        return np.concatenate(shards)

    def _made(self) -> Ranker:
        papers = [Paper((f"text:{number}",), text) for number, text in enumerate(self._texts)]
        if self.kind == "terms":
            return self._offline.ranker(papers)
        return self._offline.ranker(papers, kind=self.kind, encoder=self._encoder)


class ByEncoder(ByTerms):
    """The product's ranker by the encoder alone."""

    kind = "encoder"


class Blend(ByTerms):
    """The product's ranker by terms and encoder."""

    kind = "blend"
