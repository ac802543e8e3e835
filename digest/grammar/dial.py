"""The dial of a reader: how much of its letters goes to what everyone reads, as people write it.

A number from 0 to 100 is a share in percent; five of them have a word.
"""

import difflib
import re

from digest.errors import UsageError
from digest.model import EVERYONE, ONLY_MINE

# The positions that have a word, for commands and settings, in their order.
POSITIONS = {
    "mine": ONLY_MINE,
    "mostly-mine": 20,
    "half": 50,
    "mostly-everyone": 80,
    "everyone": EVERYONE,
}
_HALF = POSITIONS["half"]
_SHARE = re.compile(r"(?P<number>[0-9]{1,3})\s*%?")


def parse_dial(text: str) -> int:
    """`20`, `20 %` or a word of `POSITIONS` as a share in percent.

    Raises:
        UsageError: saying what it should look like.
    """
    word = re.sub(r"[\s_-]+", "-", text.strip().lower())
    if word in POSITIONS:
        return POSITIONS[word]
    match = _SHARE.fullmatch(text.strip())
    if match is not None and ONLY_MINE <= int(match["number"]) <= EVERYONE:
        return int(match["number"])
    near = difflib.get_close_matches(word, POSITIONS, 1)
    hint = f"did you mean {near[0]}?" if near else f"write one, or {', '.join(POSITIONS)}"
    raise UsageError(f"{text!r} is no share from {ONLY_MINE} to {EVERYONE}: {hint}")


def format_dial(dial: int) -> str:
    """A dial as `parse_dial` reads it: its word where it has one."""
    return next((word for word, share in POSITIONS.items() if share == dial), str(dial))


def dial_in_words(dial: int) -> str:
    """What a dial lets a letter have, within a sentence: "mostly your interests"."""
    if dial <= ONLY_MINE:
        return "only your interests"
    if dial >= EVERYONE:
        return "what everyone reads"
    if dial == _HALF:
        return "half your interests, half what everyone reads"
    return "mostly your interests" if dial < _HALF else "mostly what everyone reads"


def dial_in_full(dial: int) -> str:
    """The same, with the lesser share: "mostly your interests, 20 % what everyone reads"."""
    words = dial_in_words(dial)
    if dial in (ONLY_MINE, _HALF, EVERYONE):
        return words
    if dial < _HALF:
        return f"{words}, {dial} % what everyone reads"
    return f"{words}, {EVERYONE - dial} % your interests"
