"""The encoder's vectors of a task's texts: what it reads of them, and a folder to keep them in.

A task's file has a row for each text: known papers, candidates, then readers' keywords.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.protocols import Task
from lib.rivals import DIMENSIONS, Vectors


@dataclass(frozen=True, slots=True)
class Made:
    """How the vectors of a task came about; megabytes are 0 where nobody measured them."""

    texts: int
    digest: str
    seconds: float
    megabytes: float = 0.0


def texts_of(task: Task) -> list[str]:
    """What the encoder reads; of a bag of words each word once, the most frequent first."""
    every = [*task.corpus, *task.candidates]
    if task.bags:
        every = [unpacked(text) for text in every]
    return [*every, *(profile.keywords for profile in task.profiles if profile.keywords)]


def unpacked(bag: str) -> str:
    """The distinct words of a bag by falling count."""
    return " ".join(word for word, _ in Counter(bag.split(". ")).most_common())


def digest_of(texts: Sequence[str]) -> str:
    """Another one where a text changed."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def file_of(folder: Path, task: Task) -> Path:
    """Where the vectors of a task are kept; beside it, how they were made."""
    return folder / f"{task.name.lower().replace(' ', '-')}.npy"


def kept(folder: Path, task: Task) -> Made | None:
    """How the vectors of a task were made; None where there are none of these texts."""
    file = file_of(folder, task)
    if not file.exists() or not file.with_suffix(".json").exists():
        return None
    made = Made(**json.loads(file.with_suffix(".json").read_text(encoding="utf-8")))
    return made if made.digest == digest_of(texts_of(task)) else None


def note(folder: Path, task: Task, seconds: float, megabytes: float = 0.0) -> Made:
    """Write down how the vectors of a task were made."""
    texts = texts_of(task)
    made = Made(len(texts), digest_of(texts), round(seconds, 1), round(megabytes))
    words = {name: getattr(made, name) for name in Made.__slots__}
    file_of(folder, task).with_suffix(".json").write_text(json.dumps(words), encoding="utf-8")
    return made


def of_task(folder: Path, task: Task) -> Vectors:
    """The vectors of a task, at length one."""
    rows = np.load(file_of(folder, task)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    known, papers = len(task.corpus), len(task.corpus) + len(task.candidates)
    every = rows[:papers]
    return Vectors(every if not known else every[:known], every[known:], rows[papers:])


def invented(known: int, candidates: int) -> Vectors:
    """Vectors of no meaning, where only time is measured."""
    rows = np.random.default_rng(0).normal(size=(known + candidates, DIMENSIONS))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return Vectors(rows[:known], rows[known:], rows[:0])
