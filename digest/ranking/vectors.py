"""Vectors of papers: encoded once, kept in the store for all workers and days."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

import numpy as np

from digest.progress import Progress
from digest.ranking import MOST_PAST, Mask
from digest.ranking.background import Background
from digest.ranking.encoder import BATCH, Encoder, encoded
from digest.ranking.weights import Floats

LEAST_PAST = 400
_MOST_TEXTS = 20_000
_HALF = 2  # bytes a number
_PART = 500  # papers whose texts are in memory together
_NEAR_ONE = 0.01  # what half precision does to a length is less
_GROWS = 2  # the background is learnt anew with so many times the papers


class Vectors(Protocol):
    """Papers and texts as vectors of one encoder, at length one, float32."""

    @property
    def meaning(self) -> str:
        """Another one where another vector or background would come of the same text."""
        ...

    def of(self, numbers: Sequence[int]) -> Floats:
        """The vectors of papers, in this order; zeros for one that is unknown."""
        ...

    def read(self, texts: Sequence[str]) -> Floats:
        """The vectors of texts."""
        ...

    def keep(self, parts: Iterable[Sequence[int]]) -> None:
        """See that papers are read, some at a time: what is learnt then is learnt of all of them.

        Raises:
            EncoderError: where none can be read.
        """
        ...

    def past(self) -> tuple[Sequence[int], Floats]:
        """Papers of the past that scores are held against, their numbers and vectors."""
        ...

    def background(self) -> Background:
        """What papers have in common."""
        ...


class Shelf(Protocol):
    """Where vectors are kept, as bytes; those of papers whose text changed since are not there."""

    def of(self, encoder: str, numbers: Sequence[int]) -> dict[int, bytes]:
        """The vectors of these papers, as far as they are known."""
        ...

    def texts(self, numbers: Sequence[int]) -> Sequence[tuple[int, int, str]]:
        """What is read of these papers, as far as they are known: number, change and text."""
        ...

    def keep(self, encoder: str, rows: Sequence[tuple[int, int, bytes]]) -> None:
        """Keep vectors: number, change and bytes of each paper."""
        ...

    def announced(self, encoder: str) -> Sequence[int]:
        """The announced papers that have vectors, the earliest first."""
        ...

    def background(self, encoder: str) -> tuple[int, bytes] | None:
        """The background, and of how many papers it was learnt."""
        ...

    def keep_background(self, encoder: str, papers: int, content: bytes) -> None:
        """Keep the background in place of the one before."""
        ...


@dataclass(slots=True)
class KeptVectors:
    """Vectors of the papers of a store; what is missing is encoded, a batch at a time, and kept.

    `sample` are papers of the past, to be encoded where too few are: so the first day has a past.
    A text at which the encoder failed is not tried again by the same object, which is good for one
    state of the index: whoever has to do with it would wait for the encoder anew.
    """

    encoder: Encoder
    shelf: Shelf
    progress: Progress
    sample: Sequence[int]
    _texts: dict[str, Floats] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)
    _background: tuple[str, Background] | None = None
    _past: tuple[Sequence[int], Floats] | None = None

    @property
    def meaning(self) -> str:
        """The encoder with its background."""
        self.background()
        return self._background[0] if self._background else ""

    def of(self, numbers: Sequence[int]) -> Floats:
        """See Vectors.

        Raises:
            EncoderError: where texts have to be read, and none can be.
        """
        distinct = list(dict.fromkeys(numbers))
        known, rows = self._known(distinct)
        place_of = {number: place for place, number in enumerate(known)}
        missing = self._to_read([number for number in distinct if number not in place_of])
        if missing:
            with self._reading(len(missing)) as advance:
                read, more = self._encode(missing, advance)
            place_of.update({number: len(rows) + place for place, number in enumerate(read)})
            rows = np.concatenate([rows, more])
        nothing = np.zeros((1, self.encoder.dimensions), np.float32)
        every = np.concatenate([rows, nothing])
        return every[[place_of.get(number, len(rows)) for number in numbers]]

    def read(self, texts: Sequence[str]) -> Floats:
        """See Vectors; zeros for a text at which the encoder fails.

        What was read is remembered for a while.

        Raises:
            EncoderError: where none can be read.
        """
        distinct = [text for text in dict.fromkeys(texts) if text not in self._failed]
        new = [text for text in distinct if text not in self._texts]
        if len(self._texts) + len(new) > _MOST_TEXTS:
            self._texts.clear()
            new = distinct
        rows, good = encoded(self.encoder, new)
        self._note_failed(new, good)
        for text, row, fine in zip(new, rows, good.tolist(), strict=True):
            if fine:
                self._texts[text] = row
        if not texts:
            return np.zeros((0, self.encoder.dimensions), np.float32)
        nothing = np.zeros(self.encoder.dimensions, np.float32)
        return np.stack([self._texts.get(text, nothing) for text in texts])

    def keep(self, parts: Iterable[Sequence[int]]) -> None:
        """See Vectors."""
        missing: dict[int, None] = {}
        for part in parts:
            known, _ = self._known(part)
            missing.update(dict.fromkeys(sorted(set(part).difference(known))))
        if missing:
            numbers = list(missing)
            with self._reading(len(numbers)) as advance:
                for start in range(0, len(numbers), _PART):
                    self._encode(self._to_read(numbers[start : start + _PART]), advance)

    def past(self) -> tuple[Sequence[int], Floats]:
        """At most 2,000 announced papers that have vectors, spread evenly.

        Where there are fewer than 400, papers of the sample are encoded until there are so many.
        """
        if self._past is None:
            have = self.shelf.announced(self.encoder.name)
            if len(have) < LEAST_PAST:
                known = set(have)
                more = [number for number in self.sample if number not in known]
                more = _evenly(more, LEAST_PAST - len(have))
                self.of(more)
                have = self.shelf.announced(self.encoder.name)
            numbers = _evenly(have, MOST_PAST)
            self._past = numbers, self.of(numbers)
        return self._past

    def background(self) -> Background:
        """Learnt anew whenever the announced papers that have vectors have doubled."""
        if self._background is None:
            self._background = self._known_background() or self._learnt_background()
        return self._background[1]

    def _known_background(self) -> tuple[str, Background] | None:
        kept = self.shelf.background(self.encoder.name)
        if kept is None:
            return None
        papers, content = kept
        if len(self.shelf.announced(self.encoder.name)) >= _GROWS * papers:
            return None
        try:
            found = Background.from_bytes(content)
        except ValueError:
            return None
        if len(found.mean) != self.encoder.dimensions:
            return None
        return self._named(content), found

    def _learnt_background(self) -> tuple[str, Background]:
        _, vectors = self.past()
        content = Background.of(vectors).to_bytes()
        have = len(self.shelf.announced(self.encoder.name))
        self.shelf.keep_background(self.encoder.name, have, content)
        return self._named(content), Background.from_bytes(content)

    def _named(self, content: bytes) -> str:
        return f"{self.encoder.name} {sha256(content).hexdigest()[:16]}"

    def _known(self, numbers: Sequence[int]) -> tuple[list[int], Floats]:
        """The papers that have a vector, and their vectors; a damaged one is none."""
        kept = self.shelf.of(self.encoder.name, numbers)
        size = self.encoder.dimensions
        whole = {number: raw for number, raw in kept.items() if len(raw) == _HALF * size}
        rows = np.frombuffer(b"".join(whole.values()), "<f2").reshape(-1, size)
        lengths = np.linalg.norm(rows.astype(np.float32), axis=1)
        sound = np.abs(lengths - 1) < _NEAR_ONE
        known = [number for number, good in zip(whole, sound.tolist(), strict=True) if good]
        return known, rows[sound].astype(np.float32)

    def _reading(self, count: int) -> AbstractContextManager[Callable[[int], None]]:
        return self.progress.track("reading papers with the encoder", count)

    def _to_read(self, numbers: Sequence[int]) -> list[tuple[int, int, str]]:
        """What is to be read of papers: number, change and text; without those that failed."""
        texts = self.shelf.texts(numbers) if numbers else ()
        return [one for one in texts if one[2] not in self._failed]

    def _encode(
        self, missing: Sequence[tuple[int, int, str]], advance: Callable[[int], None]
    ) -> tuple[list[int], Floats]:
        """Encode papers in batches, each kept at once: a run that is killed goes on from there.

        Returns:
            Their numbers, and their vectors as they are kept. One that could not be read has zeros,
            and is tried again another time.
        """
        rows = np.zeros((len(missing), self.encoder.dimensions), "<f2")
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            texts = [text for _, _, text in batch]
            vectors, good = encoded(self.encoder, texts)
            self._note_failed(texts, good)
            rows[start : start + BATCH] = vectors
            self.shelf.keep(
                self.encoder.name,
                [
                    (number, change, row.tobytes())
                    for (number, change, _), row, fine in zip(
                        batch, rows[start : start + BATCH], good.tolist(), strict=True
                    )
                    if fine
                ],
            )
            advance(len(batch))
        return [number for number, _, _ in missing], rows.astype(np.float32)

    def _note_failed(self, texts: Sequence[str], good: Mask) -> None:
        """Remember the texts that are not good."""
        if len(self._failed) > _MOST_TEXTS:
            self._failed.clear()
        self._failed.update(texts[place] for place in np.flatnonzero(~good).tolist())


@dataclass(slots=True)
class HeldVectors:
    """Vectors of texts that are all in memory: a corpus and candidates, numbered through.

    Args:
        encoder: what reads them.
        texts: all texts.
        past: the numbers of those that scores are held against.
    """

    encoder: Encoder
    texts: Sequence[str]
    numbers_of_past: Sequence[int]
    _rows: Floats | None = None
    _background: Background | None = None

    @property
    def meaning(self) -> str:
        """There is but one background."""
        return self.encoder.name

    def of(self, numbers: Sequence[int]) -> Floats:
        """See Vectors."""
        if self._rows is None:
            self._rows = self.read(self.texts)
        return np.asarray(self._rows[list(numbers)], np.float32)

    def read(self, texts: Sequence[str]) -> Floats:
        """See Vectors.

        Raises:
            EncoderError: where none can be read.
        """
        return encoded(self.encoder, texts)[0]

    def keep(self, parts: Iterable[Sequence[int]]) -> None:
        """All of them are at hand."""

    def past(self) -> tuple[Sequence[int], Floats]:
        """See Vectors."""
        return self.numbers_of_past, self.of(self.numbers_of_past)

    def background(self) -> Background:
        """See Vectors."""
        if self._background is None:
            self._background = Background.of(self.past()[1])
        return self._background


def _evenly(numbers: Sequence[int], most: int) -> list[int]:
    if len(numbers) <= most:
        return list(numbers)
    return [numbers[n] for n in np.linspace(0, len(numbers) - 1, most).astype(int).tolist()]
