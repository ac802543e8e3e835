"""Vectors of texts in memory, as `digest rank` takes them: read in batches, each text in its place."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from digest.errors import EncoderError
from digest.ranking.encoder import BATCH
from digest.ranking.vectors import HeldVectors
from digest.ranking.weights import Floats
from tests.encoders import WordEncoder

TEXTS = [f"Owls number {n} {'of the north ' * (n % 5)}" for n in range(300)]
BATCHES = -(-len(TEXTS) // BATCH)
MOST = BATCHES + BATCH + 1  # each text of one batch, and one that shows whether anything is read


@dataclass(slots=True)
class Counted(WordEncoder):
    """Notes how many texts it was given at once; fails where one of them is among `hard`."""

    hard: frozenset[str] = frozenset()
    calls: list[int] = field(default_factory=list)

    def encode(self, texts: Sequence[str]) -> Floats:
        """See Encoder."""
        self.calls.append(len(texts))
        if self.hard.intersection(texts):
            raise RuntimeError("index out of range")
        return WordEncoder.encode(self, texts)


@pytest.mark.parametrize("bad", [0, 150, 299])
def test_a_text_that_cannot_be_read_has_its_batch_alone_read_one_by_one(bad: int) -> None:
    """Not all texts; it has zeros, and each other one its vector."""
    encoder = Counted(hard=frozenset([TEXTS[bad]]))
    vectors = HeldVectors(encoder, TEXTS, range(len(TEXTS)))
    found = vectors.of(range(len(TEXTS)))
    exact = WordEncoder().encode(TEXTS)
    exact[bad] = 0
    assert found == pytest.approx(exact, abs=1e-6)
    assert len(encoder.calls) <= MOST
    assert max(encoder.calls) <= BATCH
    vectors.of([0, 1])
    assert len(encoder.calls) <= MOST


def test_keywords_of_a_shard_are_read_in_batches_too() -> None:
    """One that cannot be read leaves the others as they are; no texts are no rows."""
    encoder = Counted(hard=frozenset([TEXTS[7]]))
    vectors = HeldVectors(encoder, (), ())
    assert np.flatnonzero(~vectors.read(TEXTS).any(axis=1)).tolist() == [7]
    assert len(encoder.calls) <= MOST
    assert vectors.read([]).shape == (0, encoder.dimensions)


def test_texts_of_like_lengths_are_read_together() -> None:
    """What reads a batch fills all of it up to the longest: mixed ones would take longer."""
    encoder = Counted()
    HeldVectors(encoder, TEXTS, ()).of([0])
    lengths = [len(text) for text in encoder.read]
    assert lengths == sorted(lengths, reverse=True)
    assert encoder.calls == [BATCH] * (BATCHES - 1) + [len(TEXTS) - BATCH * (BATCHES - 1)]


def test_an_encoder_that_reads_nothing_is_found_out_at_the_first_batch() -> None:
    """And not after all texts were tried."""
    encoder = Counted(hard=frozenset((*TEXTS, "how birds find their way")))
    with pytest.raises(EncoderError, match="reads nothing"):
        HeldVectors(encoder, TEXTS, ()).of([0])
    assert len(encoder.calls) == 2
