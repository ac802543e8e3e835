"""Two rankers by plain TF-IDF: the mean of the liked papers, and arxiv-sanity-lite's SVM."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from lib import arxiv_sanity
from lib.protocols import Profile
from lib.rivals import Scores

CHUNK = 500


class Centroid:
    """Plain TF-IDF: cosine with the mean of the liked papers, or with the keywords."""

    def __init__(self, _: None) -> None:
        """Needs no vectors."""
        self._weigh = TfidfVectorizer(
            sublinear_tf=True, stop_words="english", strip_accents="unicode"
        )

    def learn(self, known: Sequence[str], candidates: Sequence[str]) -> None:
        """Weights and rows of the known papers."""
        self._known = self._weigh.fit_transform(known)
        self._texts = candidates

    def add(self) -> None:
        """Rows of the candidates."""
        self._columns = self._weigh.transform(self._texts).T.tocsc()

    def read(self, profiles: Sequence[Profile]) -> sparse.csr_matrix:
        """A row for each reader."""
        if profiles[0].keywords:
            return self._weigh.transform(profile.keywords for profile in profiles)
        return _means(profiles, self._known.shape[0]) @ self._known

    def score(self, wishes: sparse.csr_matrix) -> Scores:
        """Products, some readers at once."""
        return np.vstack(
            [
                (wishes[start : start + CHUNK] @ self._columns).toarray().astype(np.float32)
                for start in range(0, wishes.shape[0], CHUNK)
            ]
        )


class Machine:
    """A linear SVM for each reader, with all other papers as negatives, on its own features."""

    def __init__(self, _: None) -> None:
        """Needs no vectors."""

    def learn(self, known: Sequence[str], candidates: Sequence[str]) -> None:
        """Its features; in bags of words, which have no neighbours, its terms are single words."""
        self._weigh = arxiv_sanity.vectorizer(1 if _are_bags(known) else 2)
        self._known = self._weigh.fit_transform(known).astype(np.float32)
        self._texts = candidates

    def add(self) -> None:
        """Features of the candidates."""
        self._candidates = self._weigh.transform(self._texts).astype(np.float32)

    def read(self, profiles: Sequence[Profile]) -> list[object]:
        """A trained model for each reader."""
        return [arxiv_sanity.fitted(self._known, np.array(one.liked)) for one in profiles]

    def score(self, wishes: Sequence[object]) -> Scores:
        """Ask one model after the other."""
        rows = [model.decision_function(self._candidates) for model in wishes]
        return np.array(rows, dtype=np.float32)


def _means(profiles: Sequence[Profile], papers: int) -> sparse.csr_matrix:
    """Readers x papers: each liked paper's share in its reader's mean."""
    rows = [np.full(len(profile.liked), number) for number, profile in enumerate(profiles)]
    columns = [paper for profile in profiles for paper in profile.liked]
    shares = [1 / len(profile.liked) for profile in profiles for _ in profile.liked]
    return sparse.csr_matrix(
        (shares, (np.concatenate(rows), columns)), shape=(len(profiles), papers)
    )


def _are_bags(texts: Sequence[str]) -> bool:
    """Whether each word is a sentence of its own."""
    return all(" " not in sentence for sentence in texts[0].split(". "))
