"""Exact matches: phrases, excluded words, authors and categories of candidates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from digest.model import Keyword, KeywordKind, Paper
from digest.ranking import Mask
from digest.ranking.terms import fold

_TOKEN = re.compile(r"\w+")


def words(text: str) -> str:
    """The words of a text, each between single spaces, for looking up whole words."""
    return f" {' '.join(_TOKEN.findall(fold(text)))} "


# The same few phrases are looked for in every candidate.
sought = lru_cache(maxsize=4096)(words)


@dataclass(slots=True)
class Matcher:
    """Looks keywords up in candidates; each keyword once, whoever asks."""

    papers: Sequence[Paper]
    _texts: dict[int, str] = field(default_factory=dict)
    _by_family: dict[str, list[tuple[int, list[str]]]] = field(init=False)
    _found: dict[tuple[KeywordKind, str], Mask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare an index of family names."""
        self._by_family = {}
        for number, paper in enumerate(self.papers):
            for author in paper.authors:
                family, given = _name(author)
                self._by_family.setdefault(family, []).append((number, given))

    def holds(self, candidate: int, phrase: str) -> bool:
        """Whether a candidate's title or abstract holds a phrase exactly."""
        return sought(phrase) in self._text(candidate)

    def has(self, candidate: int, phrase: str) -> bool:
        """Whether a candidate's title or abstract holds a phrase, or its plural."""
        found = sought(phrase).rstrip()
        text = self._text(candidate)
        return f"{found} " in text or f"{found}s " in text

    def _text(self, candidate: int) -> str:
        """The words of a candidate, found when they are first asked for."""
        known = self._texts.get(candidate)
        if known is None:
            known = self._texts[candidate] = words(self.papers[candidate].text)
        return known

    def matches(self, keyword: Keyword) -> Mask:
        """Which candidates meet a keyword exactly."""
        known = self._found.get((keyword.kind, keyword.text))
        if known is None:
            known = self._look_up(keyword)
            self._found[keyword.kind, keyword.text] = known
        return known

    def _look_up(self, keyword: Keyword) -> Mask:
        mask = np.zeros(len(self.papers), dtype=np.bool_)
        if keyword.kind is KeywordKind.AUTHOR:
            family, given = _name(keyword.text)
            for number, other in self._by_family.get(family, ()):
                mask[number] |= _same_given(given, other)
        elif keyword.kind is KeywordKind.CATEGORY:
            wanted = keyword.text.casefold()
            for number, paper in enumerate(self.papers):
                mask[number] = any(
                    category.casefold() == wanted or category.casefold().startswith(wanted + ".")
                    for category in paper.categories
                )
        else:
            for number in range(len(self.papers)):
                mask[number] = self.has(number, keyword.text)
        return mask


def family_name(written: str) -> str:
    """The family name of `Jane Roe` or `Roe, Jane`, as it is compared."""
    return _name(written)[0]


def _name(written: str) -> tuple[str, list[str]]:
    """Family name and given names, from `Jane Roe` or `Roe, Jane`."""
    family, comma, given = written.partition(",")
    parts = _TOKEN.findall(fold(f"{given} {family}" if comma else written))
    return (parts[-1], parts[:-1]) if parts else ("", [])


def _same_given(asked: list[str], found: list[str]) -> bool:
    """Whether given names agree as far as both are written; an initial stands for a name."""
    if not asked or not found:
        return not asked
    first, other = asked[0], found[0]
    if len(first) == 1 or len(other) == 1:
        return first[0] == other[0]
    return first == other
