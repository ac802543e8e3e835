"""The terms of texts: stemmed words and pairs of neighbours, counted for many texts at once.

Texts are folded (lower case, accents off), laid side by side as code points and cut into words
with array operations; only a word never seen before costs a call to the stemmer. A word is two or
more letters or digits; scripts without spaces (Han, kana) give one word a sign, so that pairs of
neighbours do what words do elsewhere. Pairs leave stop words out and end where a sentence does.

Every term is a column: words in [0, 2**20), pairs in [2**20, 2**21), by a hash. No vocabulary is
kept, so any rare word can be asked for, and memory does not grow with the number of texts.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import Stemmer
from numpy.typing import NDArray

from digest.ranking.sheet import COLUMNS, MOST_COUNT, WORDS, Sheet
from digest.ranking.stopwords import STOP_WORDS

_U64 = np.uint64
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64
_INVERSE = pow(_BASE, -1, 2**64)
_STOP = np.uint64(0)
_ENDS = ".;:!?\n\u3002\uff01\uff1f"
_SLOTS = 2**20
_TOP = np.uint64(64 - 20)
_INSIDE = ("Pc", "Mc", "Mn")  # underscores, and the vowel signs of Indic scripts
_PLAIN = re.compile(r"[\w'\u2019-]+(?: [\w'\u2019-]+){0,3}")
_UNSPACED = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)

Hashes = NDArray[np.uint64]
Codes = NDArray[np.uint32]


def fold(text: str) -> str:
    """Lower case, accents off: what is compared."""
    text = text.casefold()
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return "".join(char for char in parts if not unicodedata.combining(char))


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of texts: where each stands in the joined text, its stem, its text, its sentence."""

    text: str
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    stems: Hashes
    owners: NDArray[np.int64]
    sentences: NDArray[np.int32]


@dataclass(slots=True)
class Terms:
    """Counts terms; remembers the stems of words in a million slots, the latest in each."""

    _known: Hashes = field(default_factory=lambda: np.zeros(_SLOTS, _U64))
    _stems: Hashes = field(default_factory=lambda: np.zeros(_SLOTS, _U64))
    _is_word: NDArray[np.bool_] = field(init=False)
    _is_sign: NDArray[np.bool_] = field(init=False)
    _ends_sentence: NDArray[np.bool_] = field(init=False)
    _looked_at: NDArray[np.bool_] = field(init=False)
    _stemmer: "Stemmer.Stemmer" = field(default_factory=lambda: Stemmer.Stemmer("english", 0))

    def __post_init__(self) -> None:
        """Nothing is known yet of any character."""
        self._is_word, self._is_sign, self._ends_sentence, self._looked_at = (
            np.zeros(0x110000, np.bool_) for _ in range(4)
        )

    def count(self, texts: Sequence[str]) -> Sheet:
        """The terms of each text, each column once, in the order of the columns."""
        words = self._read(texts)
        kept = words.stems != _STOP
        stems, owners, sentences = words.stems[kept], words.owners[kept], words.sentences[kept]
        together = (owners[1:] == owners[:-1]) & (sentences[1:] == sentences[:-1])
        pairs = _pair_columns(stems[:-1][together], stems[1:][together])
        columns = np.concatenate([_word_columns(stems), pairs])
        keys = np.concatenate([owners, owners[1:][together]]) << np.int64(22)
        keys += columns
        keys.sort()
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: keys.size])
        counts = np.diff(np.append(first, keys.size))
        keys = keys[first]
        ends = np.searchsorted(keys, np.arange(len(texts) + 1, dtype=np.int64) << np.int64(22))
        return Sheet(
            ends.astype(np.int64),
            (keys & (COLUMNS - 1)).astype(np.uint32),
            np.minimum(counts, MOST_COUNT).astype(np.uint8),
        )

    def spoken(self, text: str) -> dict[int, str]:
        """Each column of a text with the first way in which the text writes its term."""
        words = self._read([text])
        kept = np.flatnonzero(words.stems != _STOP)
        names = [words.text[words.starts[n] : words.stops[n]] for n in kept.tolist()]
        found: dict[int, str] = {}
        stems, sentences = words.stems[kept], words.sentences[kept]
        for column, name in zip(_word_columns(stems).tolist(), names, strict=True):
            found.setdefault(column, name)
        pairs = _pair_columns(stems[:-1], stems[1:]).tolist()
        together = (sentences[1:] == sentences[:-1]).tolist()
        stretches = zip(words.starts[kept].tolist(), words.stops[kept].tolist(), strict=True)
        spans = zip(pairwise(stretches), pairwise(names), strict=True)
        for column, near, (((start, _), (_, stop)), both) in zip(
            pairs, together, spans, strict=True
        ):
            if near:
                found.setdefault(column, _span(words.text[start:stop], both))
        return found

    def _read(self, texts: Sequence[str]) -> "_Words":
        """The words of all texts in order."""
        folded = [fold(text) for text in texts]
        joined = "\n".join(folded)
        codes = _codes(joined)
        starts, stops = self._cut(codes)
        begins = np.cumsum([0, *(len(text) + 1 for text in folded)])
        return _Words(
            joined,
            starts,
            stops,
            self._stems_of(joined, codes, starts, stops),
            np.searchsorted(begins, starts, side="right") - 1,
            np.cumsum(self._ends_sentence[codes], dtype=np.int32)[starts],
        )

    def _stems_of(
        self, text: str, codes: Codes, starts: NDArray[np.int64], stops: NDArray[np.int64]
    ) -> Hashes:
        """The hash of the stem of each word; 0 for a stop word."""
        hashes = _hashes(codes, starts, stops)
        slots = (hashes >> _TOP).astype(np.int64)
        stems = self._stems[slots]
        new = np.flatnonzero(self._known[slots] != hashes)
        if new.size:
            unique, where, inverse = np.unique(hashes[new], return_index=True, return_inverse=True)
            first = new[where].tolist()
            found = self._stem([text[starts[n] : stops[n]] for n in first])
            stems[new] = found[inverse]
            self._known[slots[first]] = unique
            self._stems[slots[first]] = found
        return stems

    def _stem(self, words: Sequence[str]) -> Hashes:
        """The hash of the stem of each of these words; 0 for a stop word."""
        stems = self._stemmer.stemWords(list(words))
        lengths = np.array([len(stem) for stem in stems])
        starts = np.cumsum(lengths + 1) - lengths - 1
        found = _hashes(_codes("\n".join(stems)), starts, starts + lengths)
        found[[word in STOP_WORDS for word in words]] = _STOP
        return found

    def _cut(self, codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where words start and stop."""
        self._look_at(codes)
        word = self._is_word[codes]
        sign = self._is_sign[codes]
        before = np.zeros_like(word)
        before[1:] = word[:-1]
        start = word & ~before
        stop = ~word & before
        if sign.any():
            after_sign = np.zeros_like(sign)
            after_sign[1:] = sign[:-1]
            start |= sign | (word & after_sign)
            stop |= (sign & before) | after_sign
        starts, stops = np.flatnonzero(start), np.flatnonzero(stop)
        if stops.size < starts.size:
            stops = np.append(stops, codes.size)
        long = (stops - starts > 1) | sign[starts]
        return starts[long], stops[long]

    def _look_at(self, codes: Codes) -> None:
        """Learn which of these characters make words."""
        new = codes[~self._looked_at[codes]]
        for code in np.unique(new).tolist():
            char = chr(code)
            self._is_word[code] = char.isalnum() or unicodedata.category(char) in _INSIDE
            self._is_sign[code] = bool(_UNSPACED.match(char))
            self._ends_sentence[code] = char in _ENDS
            self._looked_at[code] = True


def _span(text: str, both: tuple[str, str]) -> str:
    """Two words and what stands between them; only the two where that is more than small words."""
    text = " ".join(text.split())
    return text if _PLAIN.fullmatch(text) else " ".join(both)


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


_powers = np.ones(1, _U64), np.ones(1, _U64)


def _grown(size: int) -> tuple[Hashes, Hashes]:
    """Powers of the base and of its inverse, modulo 2**64."""
    global _powers  # noqa: PLW0603
    if _powers[0].size < size:
        up, down = np.full(size, _BASE, _U64), np.full(size, _INVERSE, _U64)
        up[0] = down[0] = 1
        _powers = np.multiply.accumulate(up), np.multiply.accumulate(down)
    return _powers


def _hashes(codes: Codes, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> Hashes:
    """A hash of each stretch of characters: a polynomial, from sums up to each place."""
    up, down = _grown(codes.size + 1)
    sums = np.zeros(codes.size + 1, _U64)
    np.cumsum((codes.astype(_U64) + _U64(1)) * up[: codes.size], out=sums[1:])
    found = (sums[stops] - sums[starts]) * down[starts]
    found = _mixed(found)
    found[found == _STOP] = 1
    return found


def _mixed(hashes: Hashes) -> Hashes:
    """Spread over all bits (the finalizer of MurmurHash3)."""
    hashes = hashes ^ (hashes >> _U64(33))
    hashes = hashes * _U64(0xFF51AFD7ED558CCD)
    hashes = hashes ^ (hashes >> _U64(33))
    hashes = hashes * _U64(0xC4CEB9FE1A85EC53)
    return hashes ^ (hashes >> _U64(33))


def _word_columns(stems: Hashes) -> NDArray[np.int64]:
    return (stems & _U64(WORDS - 1)).astype(np.int64)


def _pair_columns(first: Hashes, second: Hashes) -> NDArray[np.int64]:
    mixed = _mixed(first * _U64(3) + second)
    return (mixed % _U64(COLUMNS - WORDS)).astype(np.int64) + WORDS
