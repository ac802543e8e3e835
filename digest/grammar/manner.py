"""How readers want their letters, as people write it and read it; the dial is in dial.py."""

import difflib

from digest.errors import UsageError
from digest.grammar.dial import dial_in_full
from digest.model import Manner, Quiet

# What comes on a day when nothing new meets the interests, within a sentence.
QUIET_DAYS = {
    Quiet.TRENDING: "what everyone reads",
    Quiet.NOTE: "a few lines that say so",
    Quiet.NOTHING: "no letter",
}
_YES, _NO = frozenset(("yes", "on", "true", "1")), frozenset(("no", "off", "false", "0"))


def parse_quiet(text: str) -> Quiet:
    """`trending`, `note` or `nothing`.

    Raises:
        UsageError: naming them.
    """
    word = text.strip().lower()
    try:
        return Quiet(word)
    except ValueError:
        known = [quiet.value for quiet in Quiet]
        near = difflib.get_close_matches(word, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"write {', '.join(known)}"
        raise UsageError(f"{text!r} is not known for quiet days: {hint}") from None


def parse_yes(text: str) -> bool:
    """`yes` or `no`.

    Raises:
        UsageError: for anything else.
    """
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise UsageError(f"{text!r} is neither yes nor no: write one of them")
    return word in _YES


def manner_in_words(manner: Manner) -> tuple[str, str, str]:
    """What a reader's letters hold, what comes on quiet days, and what is shown of each paper."""
    return (
        dial_in_full(manner.dial),
        QUIET_DAYS[manner.quiet],
        "the abstract" if manner.abstracts else "its one sentence",
    )
