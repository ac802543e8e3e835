"""Rankings to compare: a plain centroid, a linear SVM for each reader, and ours."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from digest.model import Paper
from digest.ranking import Example
from digest.ranking import Profile as Wanted
from digest.ranking.offline import Offline, read_keywords
from lib import arxiv_sanity
from lib.protocols import Profile, Task

Scores = NDArray[np.float32]
CHUNK = 500
SHARD = 1000


@dataclass(frozen=True, slots=True)
class Ranked:
    """Scores, readers x candidates, and the milliseconds that each reader took."""

    scores: Scores
    milliseconds: float


def centroid(task: Task) -> Ranked:
    """The mean of the liked papers' TF-IDF rows, or the row of the keywords."""
    weigh = plain_vectorizer()
    known = weigh.fit_transform(task.corpus or task.candidates)
    candidates = weigh.transform(task.candidates) if task.corpus else known
    if task.profiles[0].keywords:
        profiles = weigh.transform(profile.keywords for profile in task.profiles)
    else:
        profiles = means(task.profiles, known.shape[0]) @ known
    columns = candidates.T.tocsc()
    started = time.perf_counter()
    chunks = [
        (profiles[start : start + CHUNK] @ columns).toarray().astype(np.float32)
        for start in range(0, profiles.shape[0], CHUNK)
    ]
    return Ranked(np.vstack(chunks), _each(started, task))


def plain_vectorizer() -> TfidfVectorizer:
    """TF-IDF as scikit-learn's users know it."""
    return TfidfVectorizer(sublinear_tf=True, stop_words="english", strip_accents="unicode")


def means(profiles: Sequence[Profile], papers: int) -> sparse.csr_matrix:
    """Readers x papers: each liked paper's share in its reader's mean."""
    rows = [np.full(len(profile.liked), number) for number, profile in enumerate(profiles)]
    columns = [paper for profile in profiles for paper in profile.liked]
    shares = [1 / len(profile.liked) for profile in profiles for _ in profile.liked]
    return sparse.csr_matrix(
        (shares, (np.concatenate(rows), columns)), shape=(len(profiles), papers)
    )


@dataclass(slots=True)
class Machines:
    """arxiv-sanity-lite's ranking: its features, and its model for each reader."""

    task: Task
    longest: int
    known: sparse.csr_matrix = field(init=False)
    candidates: sparse.csr_matrix = field(init=False)

    def __post_init__(self) -> None:
        weigh = arxiv_sanity.vectorizer(self.longest)
        self.known = weigh.fit_transform(self.task.corpus).astype(np.float32)
        self.candidates = weigh.transform(self.task.candidates).astype(np.float32)

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """Train and ask one model after the other."""
        rows = [
            arxiv_sanity.fitted(self.known, np.array(profile.liked)).decision_function(
                self.candidates
            )
            for profile in profiles
        ]
        return np.array(rows, dtype=np.float32)


class Ours:
    """The product's ranking, on texts instead of a store."""

    def __init__(self, task: Task) -> None:
        started = time.perf_counter()
        self._offline = Offline(task.corpus, task.candidates)
        self.counting = time.perf_counter() - started
        started = time.perf_counter()
        self._offline.learn()
        self._ranker = self._offline.ranker(
            [Paper((f"text:{number}",), text) for number, text in enumerate(task.candidates)]
        )
        self.learning = time.perf_counter() - started

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """All profiles at once, as the product does it."""
        wanted = [
            Wanted(read_keywords(profile.keywords), tuple(Example(n) for n in profile.liked))
            for profile in profiles
        ]
        shards = [
            self._ranker.score(wanted[start : start + SHARD])
            for start in range(0, len(wanted), SHARD)
        ]
        return np.concatenate(shards)

    def ranked(self, task: Task) -> Ranked:
        """Scores with their time."""
        started = time.perf_counter()
        scores = self.score(task.profiles)
        return Ranked(scores, _each(started, task))


def race(ours: Ours, machines: Machines, task: Task, rounds: int) -> tuple[Ranked, Ranked, float]:
    """Ours and the machines in turn on a share of the readers each; times are medians.

    Ours scores all readers of the task in every round: it is made for many at once.

    Returns:
        ours, the machines', and the median of the rounds' ratios of time.
    """
    mine, theirs, rows = [], [], []
    for share in np.array_split(np.arange(len(task.profiles)), rounds):
        mine.append(ours.ranked(task))
        started = time.perf_counter()
        rows.append(machines.score([task.profiles[n] for n in share]))
        theirs.append((time.perf_counter() - started) / len(share) * 1000)
    ratios = [theirs[n] / mine[n].milliseconds for n in range(rounds)]
    middle = float(np.median([run.milliseconds for run in mine]))
    return (
        Ranked(mine[-1].scores, middle),
        Ranked(np.vstack(rows), float(np.median(theirs))),
        float(np.median(ratios)),
    )


def _each(started: float, task: Task) -> float:
    return (time.perf_counter() - started) / len(task.profiles) * 1000
