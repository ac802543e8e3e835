"""What a subject is called: the phrase that its papers write, as most of them write it.

A term of the index is a stem or a pair of stems. Its name is found in the texts: its words as they
stand there, with neighbours for as long as most of the papers have these, too ("graph neural"
becomes "graph neural networks"), in the form used most inside of sentences, where a capital says
something.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digest.model import Paper
from digest.ranking.stopwords import STOP_WORDS
from digest.ranking.terms import fold

_GENERAL = """
ability absolute accuracy accurate achieve achieving adapt adaptive additional advance advanced
advantage aim alternative analyse analysis analyze application applied apply approach area art
aspect assess assessment author automated automatic available average balanced base based baseline
behavior behaviour benchmark benchmarking best better broad build building capability case
category challenge challenging change class clear code combine combining common compare comparing
comparison competitive complete complex complexity component comprehensive computational compute
computing concept consistency consistent constraint contribution control core cost critical cross
current data dataset datum day dependent derive design detail develop developing development
difference different difficult direct direction distribution diverse domain downstream driven
dynamic early effect effective effectiveness efficiency efficient element empirical enable
enabling end enhance enhanced enhancing environment error estimate estimating evaluate evaluating
evaluation evidence existing experiment experimental explore exploring extend extended extensive
external factor failure fair fast feature field find finding fine fixed focus form formulation
foundation four framework free full function future gain gap general generate generated generating
global goal good grained ground group guided hard harmful heavy help hide high higher hoc hour
idea identify identifying impact implementation importance important improve improved improving
independent individual inference information informed initial input inspired instance integrate
integrated integrating interaction internal introduce investigate investigating issue joint key
know lack large larger lead learn learned learner learning length level leverage leveraging light
lightweight limit limited linear local long low lower main manner matching maximum mean measure
measurement mechanism method methodology metric model modeling modelling modular module multi
multiple nature need network new non normal novel number objective observation observed offer open
operation optimal optimization optimize option order original outcome outperform output pair paper
parameter part performance performing perspective pipeline plan point poor population position
positive post potential power powerful practical practice pre predict prediction present prior
problem procedure process processing program project property propose proposed proposing provide
providing purpose quality question range rate raw reach real recent reduce reduced reducing
related relation relative relevant reliability reliable remain remaining report represent
representation require research resource response result review rich robust robustness role rule
run sample scalability scalable scale scenario scheme scientific score select selection sensitive
series set setting short show sim similar simple single size small software solution solve solving
source space special specific specified spectrum stage standard state statistical step strategy
strength strong structure structured study sub subset success suite supervised support survey
system systematic table target task team technical technique term testing text textual theory
third time tool total train trained training trial two type unchanged underlying unified unique
update user valid validate validation value variable variant variation version vertical via view
wide work workflow worst year
"""
GENERAL = frozenset(_GENERAL.split())
MOST_WORDS = 4
LONGEST = 60  # letters of a name
_SHARE = 0.6  # of the papers must have a longer phrase for it to be the name
_TITLED = 0.4  # of the papers
_SHORT = 2
_PLURAL = 4  # letters, from which on a final s is one
_WORD = re.compile(r"\w+(?:[.'\u2019]\w+)*")
_HYPHENS = frozenset("-\u2010\u2011\u2013")
_JOINTS = frozenset(" ") | _HYPHENS
_PART = re.compile(r"\w+")
_BEFORE = 200  # letters in which a short name is spelled out
_BEGINS = re.compile(r"(?:^|[.:;!?]\s|\n)\W*$")

Roots = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A text in words: the root of each, where it starts and stops."""

    text: str
    roots: Roots
    spans: tuple[tuple[int, int], ...]

    def joint(self, place: int) -> str:
        """What stands between a word and the next one; nothing after the last."""
        if not 0 <= place < len(self.spans) - 1:
            return ""
        return self.text[self.spans[place][1] : self.spans[place + 1][0]]

    def places(self, phrase: Roots) -> Iterator[int]:
        """Where the phrase stands, all of it in a row."""
        first, size = phrase[0], len(phrase)
        for place, root in enumerate(self.roots):
            if root == first and self.roots[place : place + size] == phrase:
                joints = (self.joint(place + step) for step in range(size - 1))
                if all(joint in _JOINTS for joint in joints):
                    yield place

    def surface(self, place: int, size: int) -> str:
        """So many words as they are written there."""
        return self.text[self.spans[place][0] : self.spans[place + size - 1][1]]

    def begins(self, place: int) -> bool:
        """Whether a sentence begins with this word."""
        start = self.spans[place][0]
        return _BEGINS.search(self.text[max(start - 4, 0) : start]) is not None


@dataclass(frozen=True, slots=True)
class Name:
    """A phrase, as it is written most, and how often each paper has it in its title and in all."""

    words: str
    roots: Roots
    titled: tuple[bool, ...]
    counts: tuple[int, ...]

    @property
    def good(self) -> bool:
        """Whether it can stand alone: several words, a proper name, or the word of many titles."""
        if len(self.roots) > 1:
            return not set(self.roots) <= GENERAL | STOP_WORDS
        if means_nothing(self.roots[0]):
            return False
        return self.proper or sum(self.titled) >= _TITLED * len(self.titled)

    @property
    def proper(self) -> bool:
        """Whether it is the name of something, by a capital or a digit."""
        return self.words != self.words.lower() or any(char.isdigit() for char in self.words)


def means_nothing(seed: str) -> bool:
    """Whether a term can be part of any subject: words of research in general, small words."""
    roots = read(seed).roots
    if len(roots) == 1:
        return len(seed) <= _SHORT or seed[0].isdigit() or "_" in seed or roots[0] in GENERAL
    inner = set(roots) & STOP_WORDS - {"of"}
    return bool(inner) or "_" in seed or set(roots) <= GENERAL | STOP_WORDS


def read(text: str) -> Written:
    """The words of a text."""
    found = list(_WORD.finditer(text))
    return Written(text, tuple(_root(word[0]) for word in found), tuple(w.span() for w in found))


def has(text: Written, phrase: Roots) -> bool:
    """Whether the phrase stands in a text."""
    return any(True for _ in text.places(phrase))


def name_of(seed: str, papers: Sequence[Paper]) -> Name | None:
    """The name of what papers have in common; None where too few of them write the seed.

    Args:
        seed: the term, in whatever case and number.
        papers: those that speak of it.
    """
    titles = [read(paper.title) for paper in papers]
    abstracts = [read(paper.abstract) for paper in papers]
    phrase = read(seed).roots
    if not phrase or len(seed) > LONGEST:
        return None
    while len(phrase) < MOST_WORDS:
        longer = _longer(phrase, titles, abstracts)
        if longer is None:
            break
        phrase = longer
    titled = tuple(has(title, phrase) for title in titles)
    counts = tuple(
        sum(1 for _ in title.places(phrase)) + sum(1 for _ in abstract.places(phrase))
        for title, abstract in zip(titles, abstracts, strict=True)
    )
    if 2 * sum(map(bool, counts)) < len(papers):
        return None
    words = _most_written(phrase, abstracts) or _most_written(phrase, titles)
    full = _spelled_out(words, papers)
    if 0 < len(full) <= LONGEST - len(words) - len(" ()"):
        words = f"{full} ({words})"
    return Name(words, phrase, titled, counts) if words and len(words) <= LONGEST else None


def _longer(phrase: Roots, titles: Sequence[Written], abstracts: Sequence[Written]) -> Roots | None:
    """The phrase with one more word at either end, where most papers have that one, too."""
    papers: Counter[Roots] = Counter()
    holders = 0
    for pair in zip(titles, abstracts, strict=True):
        found = {longer for text in pair for longer in _neighbours(phrase, text)}
        holders += any(True for text in pair for _ in text.places(phrase))
        papers.update(found)
    if not papers:
        return None
    best, count = min(papers.items(), key=lambda item: (-item[1], item[0]))
    return best if count >= max(_SHARE * holders, 2) else None


def _neighbours(phrase: Roots, text: Written) -> Iterator[Roots]:
    """The phrase with the word before it and with the one after it, wherever it stands.

    A small word belongs to it only where a hyphen says so ("on-policy"), a general one at its
    end, too ("graph neural networks").
    """
    size = len(phrase)
    for place in text.places(phrase):
        before, after = text.joint(place - 1), text.joint(place + size - 1)
        if before in _JOINTS and _adds(text.roots[place - 1], before, STOP_WORDS | GENERAL):
            yield (text.roots[place - 1], *phrase)
        if after in _JOINTS and _adds(text.roots[place + size], after, STOP_WORDS):
            yield (*phrase, text.roots[place + size])


def _adds(root: str, joint: str, but: frozenset[str]) -> bool:
    return joint in _HYPHENS or (root not in but and not root.isdigit())


def _most_written(phrase: Roots, texts: Sequence[Written]) -> str:
    """The way in which most papers write it, inside of sentences where any does."""
    inside: Counter[str] = Counter()
    first: Counter[str] = Counter()
    for text in texts:
        places = list(text.places(phrase))
        own = {text.surface(place, len(phrase)) for place in places if not text.begins(place)}
        inside.update(own)
        first.update({text.surface(place, len(phrase)) for place in places})
    ways = inside or first
    return min(ways, key=lambda way: (-ways[way], way)) if ways else ""


def _spelled_out(short: str, papers: Sequence[Paper]) -> str:
    """What a short name stands for, as at least two papers say before it: "on-policy distillation
    (OPD)"; empty where they do not.
    """
    letters = [char for char in short.casefold() if char.isalnum()]
    if len(letters) < _SHORT or not short[:_SHORT].isupper() or not short.isalnum():
        return ""
    if letters[-1] == "s" and short.endswith("s"):
        letters.pop()
    ways: Counter[str] = Counter()
    for paper in papers:
        before, found, _ = paper.abstract.partition(f"({short})")
        words = list(_PART.finditer(before[-_BEFORE:]))[-len(letters) :] if found else []
        if [word[0][0].casefold() for word in words] == letters:
            ways[before[-_BEFORE:][words[0].start() :].strip()] += 1
    best = min(ways, key=lambda way: (-ways[way], way)) if ways else ""
    return best if ways[best] > 1 else ""


def _root(word: str) -> str:
    """A word without case, accents and the s of many."""
    folded = fold(word)
    plural = len(folded) >= _PLURAL and folded.endswith("s") and not folded.endswith("ss")
    return folded[:-1] if plural else folded
