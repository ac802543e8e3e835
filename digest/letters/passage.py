"""What is shown of an abstract: its opening, and the sentence that says most to the reader.

The sentence stands where it stands in the abstract. Where the abstract is cut before it, the
opening gives way: a shorter opening, an ellipsis, the sentence.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from digest.letters.words import cut
from digest.model import Sentence

_LEAST_OPENING = 80
_PLURAL = "s"
_END = re.compile(r"(?<=[^\W\d]{3})[.?!](?=\s+[A-Z])|[。？！]")  # of a sentence; after no "e.g."


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence; `marked` where it is one of the reader's terms."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """What stands before the sentence that says most, the sentence, and what stands after it."""

    before: str = ""
    said: tuple[Piece, ...] = ()
    after: str = ""

    @property
    def shown(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.before or self.said)

    @property
    def plain(self) -> str:
        """The passage without type: marked terms stand between asterisks."""
        said = (f"*{piece.text}*" if piece.marked else piece.text for piece in self.said)
        return f"{self.before}{''.join(said)}{self.after}"


def passage_of(abstract: str, sentence: Sentence | None, most: int) -> Passage:
    """At most about so many characters of an abstract, with the sentence in any case.

    Args:
        abstract: all of it.
        sentence: the one that says most; what does not stand in the abstract is left out.
        most: how many characters; with none, nothing is shown.
    """
    if not most:
        return Passage()
    opening = cut(abstract, most)
    start = abstract.find(sentence.text) if sentence and sentence.text else -1
    if sentence is None or start < 0:
        return Passage(opening)
    end = start + len(sentence.text)
    if opening[start:end] == sentence.text:
        return Passage(opening[:start], marked(sentence.text, sentence.terms), opening[end:])
    text = cut(sentence.text, most)
    before = _shortened(abstract[:start], most - len(text))
    return Passage(before, marked(text, sentence.terms))


def one_sentence(abstract: str, sentence: Sentence | None, most: int) -> Passage:
    """The sentence that says most, alone; the abstract's first one where none was chosen.

    Args:
        abstract: all of it.
        sentence: the one that says most.
        most: how many characters; with none, nothing is shown.
    """
    if not most:
        return Passage()
    if sentence is not None and sentence.text:
        return Passage(said=marked(cut(sentence.text, most), sentence.terms))
    end = _END.search(abstract)
    return Passage(cut(abstract[: end.end()].rstrip() if end else abstract, most))


def marked(text: str, terms: Sequence[str]) -> tuple[Piece, ...]:
    """A text in pieces, the first place of each term marked, whatever its case and accents.

    Args:
        text: as it is shown.
        terms: folded: lower case, without accents.
    """
    folded, places = _folded(text)
    spans = [span for term in terms if (span := _first(folded, term))]
    spans.sort()
    bounds = [0, 0]  # where plain and marked pieces take turns
    for start, stop in spans:
        first, last = places[start], places[stop - 1] + 1
        if bounds[-1] and not text[bounds[-1] : first].strip():
            bounds[-1] = max(bounds[-1], last)  # terms that meet are marked as one
        else:
            bounds += first, last
    bounds.append(len(text))
    pieces, start = [], 0
    for number, stop in enumerate(bounds[1:], 1):
        if start < stop:
            pieces.append(Piece(text[start:stop], number % 2 == 1))
        start = stop
    return tuple(pieces)


def _shortened(opening: str, room: int) -> str:
    """An opening that leads to a sentence further on, or an ellipsis in its place."""
    if len(opening) <= room:
        return opening
    if room < _LEAST_OPENING:
        return "… "
    kept = cut(opening.rstrip(), room - 2)
    return f"{kept} " if kept.endswith("…") else f"{kept} … "


def _first(folded: str, term: str) -> tuple[int, int] | None:
    """Where a term first stands as a word of its own, in the singular or the plural."""
    start = folded.find(term) if term else -1
    while start >= 0:
        if not (start and _is_within(folded[start - 1])):
            stop = start + len(term)
            after = folded[stop : stop + 2]
            if after[:1] == _PLURAL and not _is_within(after[1:]):
                return start, stop + 1
            if not _is_within(after[:1]):
                return start, stop
        start = folded.find(term, start + 1)
    return None


def _is_within(char: str) -> bool:
    """Whether a word goes on here; a sign of a script without spaces is a word of its own."""
    return char.isalnum() and not "\u3040" <= char <= "\u9fff"


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Lower case, accents off, as terms are; and the place in the text of each of its signs."""
    if text.isascii():
        return text.lower(), range(len(text))
    found = [
        (char, place)
        for place, own in enumerate(text)
        for char in unicodedata.normalize("NFKD", own.lower())
        if not unicodedata.combining(char)
    ]
    return "".join(char for char, _ in found), [place for _, place in found]
