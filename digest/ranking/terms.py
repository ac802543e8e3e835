"""The terms of a text: stemmed words and pairs of neighbours, with the words as written."""

import re
from functools import lru_cache
from itertools import pairwise

import snowballstemmer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, strip_accents_unicode

_WORD = re.compile(r"\w\w+")
_STEMMER = snowballstemmer.stemmer("english")


def terms(text: str) -> list[str]:
    """The terms of a text, each as often as it occurs."""
    stems = [_stem(word) for word in _content_words(text)]
    return stems + [f"{first} {second}" for first, second in pairwise(stems)]


def spoken_terms(text: str) -> dict[str, str]:
    """Each term of a text with the first way in which the text writes it."""
    written = _content_words(text)
    spoken: dict[str, str] = {}
    for word in written:
        spoken.setdefault(_stem(word), word)
    for first, second in pairwise(written):
        spoken.setdefault(f"{_stem(first)} {_stem(second)}", f"{first} {second}")
    return spoken


def _content_words(text: str) -> list[str]:
    plain = strip_accents_unicode(text.lower())
    return [word for word in _WORD.findall(plain) if word not in ENGLISH_STOP_WORDS]


@lru_cache(maxsize=2**17)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))
