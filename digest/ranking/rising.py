"""Topics that rise: terms of which more papers speak lately than the weeks before let one expect.

A paper speaks of a term where it says it at least twice, as a title and its abstract do; what is
said in passing ("extensive experiments") hardly counts. Lately is a date with the six days before
it. Before are twelve weeks, or as many as there are, two at least; where four are left, the three
weeks between them and lately count half.

**How much a term rises.** Of `n` papers lately and `m` before, `b` of which speak of it, about
`E = n · (b + ½) / m` are expected to. Where some fields announce more papers than they did, their
terms do not rise by that: E is multiplied by the growth of the categories of the papers that speak
of it. The lift, of `a` papers that do, is `a / E`, shrunk towards 1 while papers are few: with a
Gamma prior of mean 1 and Poisson counts it is a Gamma(1 + a, 1 + E), and what it is at least, but
for one time in fifty, orders the terms (DuMouchel, "Bayesian Data Mining in Large Frequency
Tables", The American Statistician 53, 1999, with one Gamma in place of two). The papers between add
half of their counts to both, as in a discounted Poisson filter (West and Harrison, "Bayesian
Forecasting and Dynamic Models"). Thousands of terms are looked at, so that some seem to rise by
chance: a term counts where the probability that its rate is not higher than before is at most
0.002, and so small that two such terms are expected among all, of which most fall out by what
follows. Both rates are unknown, with Gamma priors (½ paper before; lately one at the rate of all
these papers), so that a Beta distribution gives it: what few papers before tell is weighed, too.

**What is a topic.** Papers of one topic are like each other beyond its own words: the mean cosine
of their vectors, without the columns of the topic's name, is at least 1.6 times (of a word alone:
2.2 times) that of any papers of the week. Words that stand in texts of every kind ("regulatory",
"case study") fall out by this. What it is called: digest.ranking.naming.

Memory: three counts of every column (50 MB), and what was counted of 2,000 papers at a time.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from digest.model import UPVOTES, Paper, StoredPaper, Topic
from digest.ranking.index import Index
from digest.ranking.marks import Marked
from digest.ranking.naming import Name, Roots, Written, has, means_nothing, name_of, read
from digest.ranking.sheet import COLUMNS, Rows
from digest.ranking.terms import Terms
from digest.ranking.weights import row_lengths

LATELY, BETWEEN, BEFORE = 7, 21, 84  # days
LEAST_BEFORE = 14  # days that the papers before must span
LEAST_APART = 28  # days so that others may lie between them and lately
LEAST_SHARE = 0.5  # of these days must have papers
LEAST_PAPERS = 5
LEAST_GROUPS = 4  # of authors: papers that share none
MOST_TOPICS = 5
MOST_CARRIERS = 3
LEAST_RATIO = 1.5  # of the papers lately to those expected
_TWICE = 2  # said in a paper that speaks of it
_PRIOR = 1.0  # papers, as many as expected
_CHANCE = 0.002  # that a term does not rise
_FALSE = 2.0  # terms that may seem to rise by chance
_HALF = 0.5  # what papers between count
_DOUBT = 0.02  # that the lift is less
_ALIKE, _ALIKE_WORD = 1.6, 2.2  # times as much as any papers are
_FIELD = 5  # papers by which the growth of a category is shrunk towards 1
_PART = 2000
_WEIGHED, _LOOKED_AT = 1000, 200  # terms whose fields are looked at, whose words are
_FEW, _MOST = 8, 150  # papers that a term is named by at first, and in the end
_PAIRS = 300  # papers that tell how alike any are
_SHARED = 0.35  # of the papers of either of two topics: they are one

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Where topics are looked for.

    `marks` gives authors and categories of papers by number, in this order; `papers` the papers
    themselves, without those that are gone.
    """

    index: Index
    terms: Terms
    marks: Callable[[Sequence[int]], Sequence[Marked]]
    papers: Callable[[Sequence[int]], Mapping[int, StoredPaper]]


@dataclass(frozen=True, slots=True)
class Burst:
    """A term that rises: `rows` are the papers lately that speak of it, of so many expected."""

    column: int
    rows: Rows
    expected: float


@dataclass(frozen=True, slots=True)
class _Found:
    """A topic, the roots of its name, its papers lately, and the texts of (some of) these."""

    topic: Topic
    roots: Roots
    rows: frozenset[int]
    texts: tuple[Written, ...]

    def same_as(self, other: "_Found") -> bool:
        """Whether many papers of the one are of the other, or say its name."""
        shared = len(self.rows & other.rows) / min(len(self.rows), len(other.rows))
        return max(shared, self.saying(other.roots), other.saying(self.roots)) >= _SHARED

    def saying(self, name: Roots) -> float:
        """The share of the papers that say a name."""
        return sum(has(text, name) for text in self.texts) / max(len(self.texts), 1)


@dataclass(frozen=True, slots=True)
class _Week:
    """The papers lately, between and before, with authors and categories of those lately.

    `growth` is how many times its former share of the papers each field has now.
    """

    rows: Rows
    between: Rows
    before: Rows
    marks: Mapping[int, Marked]
    growth: Mapping[str, float]

    def lifts(self, seen: Counts, recent: Counts, before: Counts, growth: Floats) -> Floats:
        """The lift that each term has for certain, see the module; 0 where it does not rise.

        Args:
            seen: how many papers lately speak of it.
            recent: how many of those between.
            before: how many of those before.
            growth: by how much its fields grew since.
        """
        from scipy.special import betainc, gammaincinv  # noqa: PLC0415 - once a date

        expected = self.expected(before, growth)
        said = seen + _HALF * recent
        papers = self.rows.size + _HALF * self.between.size
        past = self.before.size / growth
        alike = (papers + past) / (said + before)  # papers for one that speaks of it, at any time
        awaited = papers + _PRIOR * alike
        chance = betainc(_PRIOR + said, before + 0.5, awaited / (awaited + past))
        likely = chance <= min(_CHANCE, _FALSE / max(seen.size, 1))
        rises = likely & (seen >= LEAST_RATIO * expected)
        a, e = _PRIOR + said, _PRIOR + expected * (papers / self.rows.size)
        least = gammaincinv(a, _DOUBT) / e
        return np.asarray(np.where(rises, least, 0.0), np.float64)

    def expected(self, before: Counts, growth: Floats) -> Floats:
        """How many papers lately are expected to speak of each term."""
        return (before + 0.5) / self.before.size * growth * self.rows.size

    def growth_of(self, rows: Rows) -> float:
        """How many times as many papers there are in the fields of these; never less than one."""
        grown = [self.growth[_field(self.marks[row])] for row in rows.tolist()]
        return max(sum(grown) / len(grown), 1.0)

    def groups(self, rows: Rows) -> int:
        """How many of these papers share no author with one counted already."""
        known: set[str] = set()
        found = 0
        for row in rows.tolist():
            authors = {author.casefold() for author in self.marks[row].authors}
            found += not authors & known
            known |= authors
        return found


def rising(corpus: Corpus, day: date) -> tuple[Topic, ...]:
    """The topics that rise on a date, the strongest first; the same papers give the same ones.

    None rise where the papers before span less than two weeks.

    Args:
        corpus: all papers; those without a date of announcement do not count.
        day: papers after it do not count.
    """
    week = _week(corpus, day)
    if week is None:
        return ()
    usual = _alikeness(corpus.index, _some(week.rows, _PAIRS), ())
    found: list[_Found] = []
    for burst in _coherent(corpus, _bursts(corpus.index, week), usual):
        one = _topic_of(corpus, burst, usual)
        if one is not None and not any(one.same_as(other) for other in found):
            found.append(one)
        if len(found) == MOST_TOPICS:
            break
    return tuple(one.topic for one in found)


def _week(corpus: Corpus, day: date) -> _Week | None:
    """The papers of a date and those before; None where there is too little to compare with."""
    index, last = corpus.index, day.toordinal()
    known = index.alive & (index.days > 0)
    ago = last - index.days
    lately = np.flatnonzero(known & (ago >= 0) & (ago < LATELY))
    if lately.size < LEAST_PAPERS:
        return None
    earlier = np.flatnonzero(known & (ago >= LATELY) & (ago < LATELY + BETWEEN + BEFORE))
    recent = index.days[earlier] > last - LATELY - BETWEEN
    between, before = earlier[recent], earlier[~recent]
    if not _comparable(index, before, lately, LEAST_APART):
        between, before = between[:0], earlier
        if not _comparable(index, before, lately, LEAST_BEFORE):
            return None
    marks, former = _marks(corpus, lately), _marks(corpus, _some(before, 2 * _PART))
    return _Week(lately, between, before, marks, _growth(marks.values(), former.values()))


def _comparable(index: Index, before: Rows, lately: Rows, least: int) -> bool:
    """Whether papers tell what to expect of others: of so many days at least, and as many."""
    days = np.unique(index.days[before])
    if days.size < least * LEAST_SHARE or days[-1] - days[0] < least - 1:
        return False
    return before.size >= lately.size


def _marks(corpus: Corpus, rows: Rows) -> dict[int, Marked]:
    numbers = corpus.index.numbers[rows].tolist()
    return dict(zip(rows.tolist(), corpus.marks(numbers), strict=True))


def _growth(lately: Iterable[Marked], before: Iterable[Marked]) -> dict[str, float]:
    """How many times its former share of the papers each field has now."""
    now, then = (Counter(map(_field, every)) for every in (lately, before))
    ratio = now.total() / then.total()
    return {field: (now[field] + _FIELD) / (then[field] * ratio + _FIELD) for field in now | then}


def _field(marked: Marked) -> str:
    """The first category of a paper."""
    return marked.categories[0] if marked.categories else ""


def _bursts(index: Index, week: _Week) -> list[Burst]:
    """The terms that rise most, the strongest first."""
    every = [_speaking(index, rows) for rows in (week.rows, week.between, week.before)]
    columns = np.flatnonzero(every[0] >= LEAST_PAPERS)
    seen, recent, before = (counts[columns] for counts in every)
    growth = np.ones(columns.size)
    lifts = week.lifts(seen, recent, before, growth)
    order = np.lexsort((columns, -lifts))
    order = order[lifts[order] > 0][:_WEIGHED]
    holders = _holders(index, week.rows, columns[order])
    # Anew, with the growth of the fields of those that speak of each.
    growth[order] = [week.growth_of(holders[column]) for column in columns[order].tolist()]
    lifts = week.lifts(seen, recent, before, growth)
    order = order[np.lexsort((columns[order], -lifts[order]))]
    expected = week.expected(before, growth)
    found = (
        Burst(column, holders[column], float(expected[place]))
        for place, column in zip(order.tolist(), columns[order].tolist(), strict=True)
        if lifts[place] > 0 and week.groups(holders[column]) >= LEAST_GROUPS
    )
    return list(islice(found, _LOOKED_AT))


def _speaking(index: Index, rows: Rows) -> Counts:
    """How many of these papers speak of each term, [columns]."""
    total = np.zeros(COLUMNS, np.int64)
    for part in _parts(rows):
        sheet = index.take(part)
        total += np.bincount(sheet.columns[sheet.counts >= _TWICE], minlength=COLUMNS)
    return total


def _holders(index: Index, rows: Rows, columns: Counts) -> dict[int, Rows]:
    """The papers that speak of each of these terms."""
    wanted = np.zeros(COLUMNS, np.bool_)
    wanted[columns] = True
    found: dict[int, list[int]] = {column: [] for column in columns.tolist()}
    for part in _parts(rows):
        sheet = index.take(part)
        owners = np.repeat(part, np.diff(sheet.ends))
        kept = wanted[sheet.columns] & (sheet.counts >= _TWICE)
        for column, row in zip(sheet.columns[kept].tolist(), owners[kept].tolist(), strict=True):
            found[column].append(row)
    return {column: np.array(own, np.int64) for column, own in found.items()}


def _coherent(corpus: Corpus, bursts: Sequence[Burst], usual: float) -> Iterator[Burst]:
    """Those whose papers are like each other, in the same order."""
    few = {burst.column: _some(burst.rows, _FEW) for burst in bursts}
    rows = np.unique(np.concatenate([np.zeros(0, np.int64), *few.values()]))
    known = _read(corpus, rows)
    for burst in bursts:
        papers = [known[row].paper for row in few[burst.column].tolist() if row in known]
        seed = _spoken(corpus.terms, burst.column, papers)
        if not seed or means_nothing(seed):
            continue
        if _coheres(corpus, burst, seed, usual):
            yield burst


def _coheres(corpus: Corpus, burst: Burst, words: str, usual: float) -> bool:
    """Whether the papers are like each other beyond these words of theirs."""
    own = corpus.terms.count([words]).columns.tolist()
    alike = _alikeness(corpus.index, _some(burst.rows, _MOST), (burst.column, *own))
    return alike >= usual * (_ALIKE if len(own) > 1 else _ALIKE_WORD)


def _alikeness(index: Index, rows: Rows, apart: Sequence[int]) -> float:
    """The mean cosine of two of these papers, some columns left out."""
    vectors = index.weights.vectors(index.take(rows))
    vectors.data[np.isin(vectors.indices, apart)] = 0
    lengths = row_lengths(vectors.data, vectors.indptr)
    units = 1 / np.where(lengths > 0, lengths, 1)
    whole = np.asarray(units @ vectors)
    papers = max(rows.size, 2)
    return float((whole @ whole - papers) / (papers * (papers - 1)))


def _topic_of(corpus: Corpus, burst: Burst, usual: float) -> _Found | None:
    """A burst in words, with the papers that carry it most; None where it has no good name."""
    stored = list(_read(corpus, _some(burst.rows, _MOST)).values())
    papers = [one.paper for one in stored]
    name = name_of(_spoken(corpus.terms, burst.column, papers), papers)
    if name is None or not name.good or not _coheres(corpus, burst, name.words, usual):
        return None
    order = sorted(range(len(stored)), key=lambda place: _carries(stored[place], name, place))
    carriers = tuple(stored[place] for place in order[:MOST_CARRIERS] if name.counts[place])
    topic = Topic(name.words, int(burst.rows.size), burst.expected, carriers)
    texts = tuple(read(paper.text) for paper in papers)
    return _Found(topic, name.roots, frozenset(burst.rows.tolist()), texts)


def _carries(stored: StoredPaper, name: Name, place: int) -> tuple[bool, int, int, int]:
    """Sorts papers by how much they carry a topic: title, upvotes, how often, first stored."""
    votes = stored.signals.get(UPVOTES, 0)
    return (not name.titled[place], -votes, -name.counts[place], stored.number)


def _spoken(terms: Terms, column: int, papers: Sequence[Paper]) -> str:
    """How most of these papers write a term."""
    ways = Counter(
        way for paper in papers if (way := terms.spoken(paper.text).get(column)) is not None
    )
    return min(ways, key=lambda way: (-ways[way], way)) if ways else ""


def _read(corpus: Corpus, rows: Rows) -> dict[int, StoredPaper]:
    """The papers of rows that a source announced, by row."""
    numbers = corpus.index.numbers[rows].tolist()
    papers = corpus.papers(numbers)
    found = ((row, papers.get(number)) for row, number in zip(rows.tolist(), numbers, strict=True))
    return {row: stored for row, stored in found if stored and stored.announced and stored.sources}


def _some(rows: Rows, most: int) -> Rows:
    """At most so many of these, evenly from all."""
    if rows.size <= most:
        return rows
    return rows[np.linspace(0, rows.size - 1, most).astype(np.int64)]


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, rows.size, _PART):
        yield rows[start : start + _PART]
