"""The processes of `bin/bench rivals`: each method on each task, the vectors, the race."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from lib import peers
from lib.measured import Run, run_command
from lib.measures import Floats, measure
from lib.protocols import Task
from lib.rivals import APART, RIVALS, Rival, vectors
from lib.shared import CHECKOUT, read_lines

FOLDER = Path(__file__).resolve().parents[2]
KNOWN, NEW = 10_000, 2_000
READERS, LIKES = 1_000, 20
ENCODED = 200  # abstracts a round


@dataclass(frozen=True, slots=True)
class Ran:
    """What a method reached on a task, a figure a reader for each measure, and what it cost.

    Seconds for all texts, milliseconds for the profile and the scores of each reader, megabytes of
    its largest process.
    """

    figures: Mapping[str, Floats]
    index: float
    profile: float
    scores: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds for each new paper, and megabytes of the largest process."""

    weigh: float
    score: float
    megabytes: float

    @property
    def paper(self) -> float:
        """All of it."""
        return self.weigh + self.score


@dataclass(frozen=True, slots=True)
class Places:
    """Where the data are, where vectors are kept, and where a run may write; whole paths."""

    data: Path
    vectors: Path
    scratch: Path


def on_task(key: str, task: Task, places: Places, made: vectors.Made) -> dict[str, Ran]:
    """Every method that can answer this task, in a process each.

    Args:
        key: the name of the task.
        task: to measure by.
        places: for the processes.
        made: how the vectors came about, which counts for those who use them.
    """
    return {
        rival.name: _on(rival, key, task, places, made)
        for rival in RIVALS
        if rival.keywords or not task.profiles[0].keywords
    }


def _on(rival: Rival, key: str, task: Task, places: Places, made: vectors.Made) -> Ran:
    file = places.scratch / "scores.npy"
    done = _runner_of(rival)("one", rival.name, key, places.data, file, places.vectors)
    figures = measure(task, np.load(file))
    encoding, memory = (made.seconds, made.megabytes) if rival.encoder else (0.0, 0.0)
    said, memory = done.said, max(done.megabytes, memory)
    return Ran(figures, said["index"] + encoding, said["profile"], said["scores"], memory)


def encoded(task: Task, places: Places) -> tuple[vectors.Made, bool]:
    """See that the vectors of a task are in their folder; whether they were before."""
    made = vectors.kept(places.vectors, task)
    if made is not None:
        return made, True
    texts = _written(places.scratch / "texts.json", vectors.texts_of(task))
    done = _apart("encode", texts, vectors.file_of(places.vectors, task))
    return vectors.note(places.vectors, task, done.said["encoding"], done.megabytes), False


class Race:
    """What new papers cost, all methods in turn, on the same real abstracts.

    Known papers, new ones, and readers who each like papers of one category.
    """

    def __init__(self, places: Places) -> None:
        """Write down what all of them get."""
        lines = read_lines(places.data / "arxiv" / "arxiv_daily.jsonl.gz")
        papers = list(islice(lines, KNOWN + NEW))
        self._new = [_text(paper) for paper in papers[KNOWN:]]
        bed = {
            "known": [_text(paper) for paper in papers[:KNOWN]],
            "new": self._new,
            "readers": _readers([paper["primary"] for paper in papers[:KNOWN]]),
        }
        self._bed = _written(places.scratch / "bed.json", bed)
        self._some = places.scratch / "some.json"

    def round(self, number: int) -> dict[str, Cost]:
        """Every method once."""
        start = number * ENCODED
        some = _written(self._some, self._new[start : start + ENCODED])
        encoder = _apart("encode", some)
        each = encoder.said["encoding"] / ENCODED * 1000
        found = {}
        for rival in RIVALS:
            done = _runner_of(rival)("cost", rival.name, self._bed)
            weigh, memory = (each, encoder.megabytes) if rival.encoder else (0.0, 0.0)
            found[rival.name] = Cost(
                done.said["weigh"] + weigh, done.said["score"], max(done.megabytes, memory)
            )
        return found


def middle(rounds: Sequence[Mapping[str, Cost]]) -> dict[str, Cost]:
    """The medians of the rounds."""
    return {
        name: Cost(
            median(costs[name].weigh for costs in rounds),
            median(costs[name].score for costs in rounds),
            median(costs[name].megabytes for costs in rounds),
        )
        for name in rounds[0]
    }


def ratio(rounds: Sequence[Mapping[str, Cost]], one: str, other: str) -> float:
    """How many times as much a paper costs the one: the median of the rounds' ratios."""
    return median(costs[one].paper / costs[other].paper for costs in rounds)


def sizes() -> dict[str, int]:
    """Bytes installed for each method with all that it requires; ours with the program itself."""
    return {rival.name: _size(rival) for rival in RIVALS}


def _size(rival: Rival) -> int:
    here = [package for package in rival.packages if package not in APART]
    apart = [package for package in rival.packages if package in APART]
    found: dict[str, int] = {}
    for run, packages in ((_apart, apart), (_here, here)):
        if packages:
            found |= run("installed", *packages).said
    program = (CHECKOUT / "digest").rglob("*.py") if rival.ours else ()
    return sum(found.values()) + sum(file.stat().st_size for file in program)


def draw(picture: Mapping[str, Any], folder: Path, target: Path) -> None:
    """Have the picture drawn."""
    _apart("plot", _written(folder / "picture.json", picture), target)


def _runner_of(rival: Rival) -> Callable[..., Run]:
    return _apart if rival.apart else _here


def _here(module: str, *arguments: object) -> Run:
    return _process(sys.executable, module, arguments)


def _apart(module: str, *arguments: object) -> Run:
    return _process(str(peers.PYTHON), module, arguments)


def _process(python: str, module: str, arguments: Sequence[object]) -> Run:
    return run_command([python, "-m", f"lib.rivals.{module}", *map(str, arguments)], FOLDER)


def _readers(categories: Sequence[str], seed: int = 4) -> list[list[int]]:
    """What each reader likes: papers of one category, as often as papers are of it."""
    random = np.random.default_rng(seed)
    its: dict[str, list[int]] = {}
    for number, category in enumerate(categories):
        its.setdefault(category, []).append(number)
    large = {category: papers for category, papers in its.items() if len(papers) >= LIKES}
    chance = np.array([len(papers) for papers in large.values()], np.float64)
    chosen = random.choice(list(large), READERS, p=chance / chance.sum())
    return [random.choice(large[one], LIKES, replace=False).tolist() for one in chosen]


def _text(paper: Mapping[str, Any]) -> str:
    return f"{paper['title']}. {paper.get('abstract') or ''}"


def _written(file: Path, content: object) -> Path:
    file.write_text(json.dumps(content), encoding="utf-8")
    return file
