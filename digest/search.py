"""Search: the papers of the store that say most of an interest, or the newest.

Two looks: the first takes the few hundred papers that can be the best, by the finder where there is
one, else by going over the index, part by part; the second reads these and scores them as an
edition would. Where there is no finder, authors, categories and exclusions are known only in the
second look, so that it has to be a wide one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from digest.catalogue import Catalogue
from digest.model import Interest, KeywordKind, StoredPaper
from digest.ranking import Example, Mask, Profile, Scores
from digest.ranking.exact import exact_shares
from digest.ranking.finder import Question
from digest.ranking.kinds import DEFAULT
from digest.ranking.making import Wish, phrases_of
from digest.ranking.scoring import rough_fits
from digest.ranking.sheet import Rows
from digest.ranking.taste import Palate

POOL = 1000  # papers of the second look, where the first went over the index
WIDE_POOL = 5000  # with authors or categories, which that look does not know
_FACTOR = 3  # of papers asked for, after a finder's look, which sees all but the order of words
_SPARE = 20
_PART = 4000
_TEXTUAL = (KeywordKind.WORDS, KeywordKind.PHRASE)
_FAR = -np.inf


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: an interest, papers that are liked, and the earliest date.

    Where `among` is given, only among these papers.
    """

    interest: Interest
    liked: tuple[int, ...] = ()
    since: date | None = None
    among: frozenset[int] | None = None

    @property
    def profile(self) -> Profile:
        """As the ranker takes it."""
        examples = tuple(Example(number) for number in self.liked)
        return Profile(self.interest, examples, self.interest.titles)

    @property
    def by_text(self) -> bool:
        """Whether words can tell papers apart."""
        words = any(keyword.kind in _TEXTUAL for keyword in self.interest.keywords)
        return bool(words or self.liked or self.interest.titles)

    @property
    def wants(self) -> bool:
        """Whether some papers are better than others."""
        return self.interest.wants or bool(self.liked)


@dataclass(frozen=True, slots=True)
class Found:
    """A paper with its score; None where nothing was asked for."""

    stored: StoredPaper
    score: float | None


def search(catalogue: Catalogue, asked: Asked, limit: int) -> list[Found]:
    """The best papers of the store, best first; without anything asked for, the newest.

    Args:
        catalogue: papers and their index, which is brought up to date.
        asked: what is looked for; liked papers themselves are left out.
        limit: the most papers.
    """
    catalogue.refresh()
    return find(catalogue, asked, limit)


def find(catalogue: Catalogue, asked: Asked, limit: int) -> list[Found]:
    """The same by the index as it is."""
    allowed = _allowed(catalogue, asked)
    if not allowed.any():
        return []
    if not (asked.wants or asked.interest.excluded):
        rows = _newest(catalogue, allowed)
        stored = _stored(catalogue, rows[: limit + _SPARE])
        return [Found(paper, None) for paper in stored[:limit]]
    profile = asked.profile
    if asked.by_text:
        profile = catalogue.ranker((), DEFAULT).prepare([profile])[0]
    finder = catalogue.finder()
    if finder is not None:
        rows = finder.best(_question(catalogue, profile, asked), allowed, _FACTOR * limit + _SPARE)
    else:
        rows = _gone_over(catalogue, profile, asked, allowed, limit)
    pool = _stored(catalogue, rows)
    return _second_look(catalogue, profile, asked, pool)[:limit]


def _allowed(catalogue: Catalogue, asked: Asked) -> Mask:
    """Which rows of the index may be found."""
    index = catalogue.index
    allowed = np.array(index.alive)
    if asked.since is not None:
        allowed &= index.days >= asked.since.toordinal()
    if asked.among is not None:
        own = index.rows_of(np.array(sorted(asked.among), np.int64))
        mine = np.zeros_like(allowed)
        mine[own[own >= 0]] = True
        allowed &= mine
    liked = index.rows_of(np.array(asked.liked, np.int64))
    allowed[liked[liked >= 0]] = False
    return allowed


def _question(catalogue: Catalogue, profile: Profile, asked: Asked) -> Question:
    shares = exact_shares(profile)
    if not asked.by_text:
        return Question(profile.interest, None, None, shares)
    palate = Palate.from_bytes(profile.kept or b"")
    phrases = phrases_of(catalogue.model(), [Wish(profile.interest)])
    return Question(profile.interest, palate, phrases, shares)


def _second_look(
    catalogue: Catalogue, profile: Profile, asked: Asked, pool: Sequence[StoredPaper]
) -> list[Found]:
    """The papers of a pool that fit, best first."""
    if not pool:
        return []
    scores: Scores = catalogue.ranker(pool, DEFAULT).score([profile])[0]
    wants = asked.wants
    order = np.argsort(-np.round(scores, 6), kind="stable").tolist() if wants else range(len(pool))
    return [
        Found(pool[place], float(scores[place]) if wants else None)
        for place in order
        if scores[place] > (0 if wants else _FAR)
    ]


def _newest(catalogue: Catalogue, allowed: Mask) -> Rows:
    """The rows that may be found, the newest first."""
    index = catalogue.index
    rows = np.flatnonzero(allowed)
    return rows[np.lexsort((-index.numbers[rows], -index.days[rows]))]


def _gone_over(
    catalogue: Catalogue, profile: Profile, asked: Asked, allowed: Mask, limit: int
) -> Rows:
    """The rows that can fit best, found without a finder."""
    rows = _newest(catalogue, allowed)
    exact = any(keyword.kind not in _TEXTUAL for keyword in asked.interest.keywords)
    size = max(WIDE_POOL if exact or not asked.by_text else POOL, limit)
    if not asked.by_text or rows.size <= size:
        return rows[:size]
    model = catalogue.model()
    tastes = Palate.from_bytes(profile.kept or b"").tastes
    phrases = phrases_of(model, [Wish(profile.interest)])
    rows = np.sort(rows)
    fits = []
    for part in _parts(rows):
        pages = model.pages(catalogue.index.take(part))
        fits.append(np.max([rough_fits(taste, phrases, pages) for taste in tastes], axis=0))
    return rows[np.argsort(-np.concatenate(fits), kind="stable")[:size]]


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, rows.size, _PART):
        yield rows[start : start + _PART]


def _stored(catalogue: Catalogue, rows: Rows) -> Sequence[StoredPaper]:
    """The papers of these rows in their order, without those that left meanwhile."""
    numbers = catalogue.index.numbers[rows].tolist()
    papers = catalogue.store.papers.by_numbers(numbers)
    return [papers[number] for number in numbers if number in papers]
