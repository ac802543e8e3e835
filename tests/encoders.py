"""An encoder for tests: hashed words, projected by a seeded matrix, with synonyms that it knows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from digest.ranking.weights import Floats

_ROOM = 4096
_COMMON = frozenset(("a", "an", "and", "are", "by", "for", "in", "is", "of", "on", "the", "to"))


@dataclass(slots=True)
class WordEncoder:
    """Texts that share words are near each other; `same` maps words to the one that they mean.

    `read` holds every text that was encoded, in order.
    """

    name: str = "words"
    dimensions: int = 256
    same: dict[str, str] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)

    def encode(self, texts: Sequence[str]) -> Floats:
        """See digest.ranking.encoder."""
        self.read += texts
        across = np.random.default_rng(7).standard_normal((_ROOM, self.dimensions))
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for place, text in enumerate(texts):
            words = sorted(set(re.findall(r"[a-z0-9]+", text.lower())) - _COMMON) or ["nothing"]
            known = [crc32(self.same.get(word, word).encode()) % _ROOM for word in words]
            total = across[known].sum(axis=0)
            rows[place] = total / np.linalg.norm(total)
        return rows
