"""Whether two descriptions tell of one work, where no id says so: titles, authors, abstracts.

A wrong yes loses a paper for everybody, a wrong no shows it twice: where in doubt, no. The bounds
are those of docs/identity.md, fitted by `bin/bench identity`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from digest.model import Paper

# How much of two titles is the same, and how much of the abstracts has to be the same then.
BOUNDS = ((0.95, 0.1), (0.86, 0.3), (0.15, 0.75))
ALONE = 0.95  # of titles, where an abstract is missing
_CROWD = 50  # authors: more of them sign all that they write, in the same order
_LEAST_AGREEING = 0.5  # of the shorter list of authors
_RUN = 3  # words in a row that abstracts are compared by
_FEWEST_RUNS = 20  # of an abstract that tells anything

STOP = frozenset(
    re.findall(
        r"\w+",
        """a an the and of for in on with via to by from using towards toward at as is are""",
    )
)
WORD = re.compile(r"[^\W_]+")
# Words that make another work of a title: one title has it, the other has not.
_TELLING = frozenset(
    re.findall(
        r"\w+",
        """no not non never without part reply response rejoinder comment comments commentary
        erratum errata corrigendum corrigenda correction addendum retraction retracted withdrawn
        supplement supplementary appendix revisited sequel continued extended tutorial editorial
        preface demo poster thesis update updated introduction""",
    )
)
_NUMBER_WORDS = frozenset(
    re.findall(
        r"\w+",
        """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
        sixteen seventeen eighteen nineteen twenty first second third fourth fifth sixth seventh
        eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth""",
    )
)
_ROMAN = re.compile(r"(?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*|\+")
_HYPHEN = re.compile(r"(?<=\w)[-\u2010\u2011\u2012\u2013](?=\w)")
_LEFT_OVER = re.compile(r"(?:text(?:tt|bf|it|sc|sf|rm)|math(?:cal|bb|rm|bf|sf|it))(?=[^\W\d_])")
_SIGNS = str.maketrans({"∞": " infty ", "°": " circ ", "&": " and ", "'": "", "\u2019": ""})
_VARIES = re.compile(r"is[eia]|ys[ei]|our|ll[ei]|tres?$|ogue|ence|[ao]e")
_SPELLINGS = tuple(
    (re.compile(pattern), american)
    for pattern, american in (
        (r"(?<=\w{3})is(?=(?:e[drs]?|ing|ations?|ers?)$)", "iz"),
        (r"(?<=\w)ys(?=(?:e[drs]?|ing|ers?)$)", "yz"),
        (r"(?<=\w{3})our(?=\w)|(?<=\w{3})our$", "or"),
        (r"(?<=\w{2})ll(?=(?:ing|ed|ers?)$)", "l"),
        (r"(?<=\w{3})tre(?=s?$)", "ter"),
        (r"(?<=\w{3})ogue(?=s?$)", "og"),
        (r"(?<=\w{3})ence(?=s?$)", "ense"),
        (r"[ao]e(?=\w{3})", "e"),
    )
)
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv"))
_GROUP = re.compile(r"\b(?:collaborations?|consorti(?:um|a)|teams?|group|committee|initiative)\b")
_SIGNS_THAT_TELL = re.compile(r"\d+(?:\.\d+)+|[+#]")


def alike(one: Paper, other: Paper) -> bool:
    """Whether titles, authors and abstracts tell of one work; ids are not looked at.

    Numbers, single letters and words such as "part" or "reply" have to be the same in both titles.
    Without authors on either side nothing is alike; a collaboration is no author, and where one
    list is a crowd's, titles have to be the same word for word, or abstracts nearly so.
    """
    mine, its = persons(one.authors), persons(other.authors)
    if not agree(mine, its) or _counted(one.title) != _counted(other.title):
        return False
    title, text = similarity(one.title, other.title), overlap(one.abstract, other.abstract)
    if max(len(mine), len(its)) > _CROWD:
        least, same = BOUNDS[-1]
        told_again = title >= least and (text or 0.0) >= same
        return told_again or not any(_reworded(one.title, other.title))
    if text is None:
        return title >= ALONE and not all(_reworded(one.title, other.title))
    return any(title >= of_title and text >= of_text for of_title, of_text in BOUNDS)


def agree(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two lists of authors are of one work: half of the shorter one is in the other.

    Names are `Jane Roe`, `J. Roe` or `Roe, Jane`; given names must not contradict each other.
    """
    mine, its = ([_name(name) for name in names] for names in (some, others))
    shorter, longer = (mine, its) if len(mine) <= len(its) else (its, mine)
    by_family: dict[str, list[tuple[str, ...]]] = {}
    for family, given in longer:
        by_family.setdefault(family, []).append(given)
    known = sum(
        any(_compatible(given, its_given) for its_given in by_family.get(family, ()))
        for family, given in shorter
    )
    return known > 0 and known >= _LEAST_AGREEING * len(shorter)


def persons(authors: Sequence[str]) -> tuple[str, ...]:
    """The authors that are people."""
    return tuple(filter(is_person, authors))


def is_person(name: str) -> bool:
    """Whether an author is one: a collaboration or a team has hundreds of papers."""
    return _GROUP.search(name.lower()) is None


def same_signs(one: str, other: str) -> bool:
    """Whether titles of the same letters have the same points in numbers, and plus signs."""
    mine, its = (_SIGNS_THAT_TELL.findall(fold(title)) for title in (one, other))
    return mine == its


def similarity(one: str, other: str) -> float:
    """How much of two titles is the same, from 0 to 1: by words, or by letters in order."""
    words = words_of(fold(one)), words_of(fold(other))
    if not words[0] or not words[1]:
        return 0.0
    mine, its = (Counter({word: n * len(word) for word, n in Counter(w).items()}) for w in words)
    dice = 2 * (mine & its).total() / (mine.total() + its.total())
    letters = SequenceMatcher(None, "".join(words[0]), "".join(words[1]), autojunk=False)
    return max(dice, letters.ratio())


def overlap(one: str, other: str) -> float | None:
    """How many runs of three words of the shorter abstract the other one has, from 0 to 1.

    None where one of them says too little. Papers on one subject by the same authors share
    words, but few runs of them.
    """
    mine, its = _runs(one), _runs(other)
    fewer = min(len(mine), len(its))
    return len(mine & its) / fewer if fewer >= _FEWEST_RUNS else None


def fold(text: str) -> str:
    """Small letters without accents; Greek letters by name, hyphens within words left out."""
    plain = text.translate(_SIGNS) if not text.isascii() or "&" in text or "'" in text else text
    if plain.isascii():
        plain = plain.lower()
    else:
        plain = "".join(map(_letter, unicodedata.normalize("NFKD", plain).casefold()))
    if "text" in plain or "math" in plain:
        plain = _LEFT_OVER.sub("", plain)
    return _HYPHEN.sub("", plain)


@lru_cache(maxsize=65_536)
def spelled(word: str) -> str:
    """A folded word in one spelling, British or American; it may be a word of neither."""
    if _VARIES.search(word):
        for pattern, american in _SPELLINGS:
            word = pattern.sub(american, word)
    return word


def words_of(folded: str) -> list[str]:
    """The words of a folded text, stop words aside, each in one spelling."""
    return [spelled(word) for word in WORD.findall(folded) if word not in STOP]


def family_of(name: str) -> str:
    """The family name of an author, folded."""
    family, _, _ = _family(name)
    return family


def _family(name: str) -> tuple[str, list[str], str]:
    """The family name, folded, and what stands before and behind it, a comma aside."""
    before, comma, after = name.partition(",")
    words = before.replace(".", " ").split()
    family = ""
    while words:
        family = fold(words.pop())
        if family not in _SUFFIXES:
            break
    return family, [] if comma else words, after


def _name(name: str) -> tuple[str, tuple[str, ...]]:
    """The family name and the given ones, folded."""
    family, before, after = _family(name)
    given = map(fold, [*before, *after.replace(".", " ").split()])
    return family, tuple(word for word in given if word not in _SUFFIXES)


def _compatible(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether given names may be one person's: J. and Jane may, Jane and Joan may not."""
    if not one or not other:
        return True
    return any(mine.startswith(its) or its.startswith(mine) for mine in one for its in other)


def _counted(title: str) -> tuple[list[str], frozenset[str]]:
    """What two titles must share: numbers, single letters, and words that tell works apart."""
    folded = fold(title)
    words = re.findall(r"[^\W\d_]+", folded)
    counts = [
        word
        for word in words
        if (len(word) == 1 and word != "a") or word in _NUMBER_WORDS or _ROMAN.fullmatch(word)
    ]
    return sorted(counts + _NUMBER.findall(folded)), _TELLING.intersection(words)


def _reworded(one: str, other: str) -> tuple[list[str], list[str]]:
    """The words that only one title has and those that only the other has; spaces aside."""
    words = words_of(fold(one)), words_of(fold(other))
    if "".join(words[0]) == "".join(words[1]):
        return [], []
    mine, its = map(Counter, words)
    return sorted((mine - its).elements()), sorted((its - mine).elements())


def _runs(text: str) -> set[tuple[str, ...]]:
    words = [spelled(word) for word in WORD.findall(fold(text))]
    return {tuple(words[place : place + _RUN]) for place in range(len(words) - _RUN + 1)}


@lru_cache(maxsize=4096)
def _letter(char: str) -> str:
    if unicodedata.combining(char):
        return ""
    name = unicodedata.name(char, "")
    return name.rpartition(" ")[2].lower() if name.startswith("GREEK SMALL LETTER") else char
