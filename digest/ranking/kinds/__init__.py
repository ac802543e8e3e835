"""Kinds of rankers. The folder is the registry: a new one is one new file here.

The file's name is the word for `DIGEST_RANKER`; its function `make_ranker(stock, candidates)` makes
the ranker of the candidates of one date, its `meaning` says what stored profiles were made with,
beside the index, and `READS` whether it needs an encoder.
"""

import importlib
from collections.abc import Iterable, Sequence
from typing import Protocol, cast

from digest.config.keys import DEFAULT_RANKER
from digest.model import StoredPaper
from digest.ranking import Ranker
from digest.ranking import encoder as encoders
from digest.ranking.encoder import Encoder
from digest.ranking.stock import Stock

DEFAULT = DEFAULT_RANKER


class Kind(Protocol):
    """What a file of this folder offers.

    `READS` is whether it reads papers with an encoder, which has to be installed then.
    """

    READS: bool

    def make_ranker(self, stock: Stock, candidates: Sequence[StoredPaper]) -> Ranker:
        """A ranker of these papers, made from what is known of all papers.

        Raises:
            ConfigError: where something is not installed that this kind needs.
        """
        ...

    def read(self, stock: Stock, parts: Iterable[Sequence[int]]) -> None:
        """See that papers are read, some at a time, where this kind reads papers.

        What is held against papers of the past is held against all of these then, and not against
        the first to be ranked.

        Raises:
            ConfigError: as make_ranker.
        """
        ...

    def meaning(self, stock: Stock) -> str:
        """What profiles are made with beside the index; "" for nothing else."""
        ...


def encoder_of(name: str) -> Encoder | None:
    """The encoder that the kind of this name reads papers with; None where it reads none.

    Raises:
        ConfigError: where none is installed and one is needed, with what to do.
    """
    return encoders.open_encoder() if open_kind(name).READS else None


def open_kind(name: str) -> Kind:
    """The kind of this name."""
    return cast("Kind", importlib.import_module(f"{__name__}.{name}"))
