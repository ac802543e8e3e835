"""Rankings to compare: a plain centroid, a linear SVM for each reader, and ours."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.model import Paper
from digest.ranking import Example
from digest.ranking import Profile as Wanted
from digest.ranking.offline import Offline, read_keywords
from lib.protocols import Profile, Task
from lib.rivals import Scores
from lib.rivals.terms import Centroid, Machine

SHARD = 1000


@dataclass(frozen=True, slots=True)
class Ranked:
    """Scores, readers x candidates, and the milliseconds that each reader took."""

    scores: Scores
    milliseconds: float


def centroid(task: Task) -> Ranked:
    """The mean of the liked papers' TF-IDF rows, or the row of the keywords."""
    plain = Centroid(None)
    plain.learn(task.corpus or task.candidates, task.candidates)
    plain.add()
    wishes = plain.read(task.profiles)
    started = time.perf_counter()
    return Ranked(plain.score(wishes), _each(started, task))


class Machines:
    """arxiv-sanity-lite's ranking, from its features to a model for each reader."""

    def __init__(self, task: Task) -> None:
        self._machine = Machine(None)
        self._machine.learn(task.corpus, task.candidates)
        self._machine.add()

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """Train and ask one model after the other."""
        return self._machine.score(self._machine.read(profiles))


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
