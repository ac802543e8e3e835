"""Search: the papers of the store that say most of an interest, or the newest.

Two looks: the first goes over the index, part by part, and takes the few hundred papers that can
be the best; the second reads these and scores them as an edition would. Authors, categories and
exclusions are known only in the second look.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from digest.catalogue import Catalogue
from digest.model import Interest, KeywordKind, StoredPaper
from digest.ranking import Example, Profile, Scores
from digest.ranking.making import Wish, phrases_of
from digest.ranking.scoring import rough_fits
from digest.ranking.taste import Palate

if TYPE_CHECKING:
    from digest.ranking.sheet import Rows

POOL = 1000  # papers of the second look
WIDE_POOL = 5000  # with authors or categories, which the first look does not know
_PART = 4000
_TEXTUAL = (KeywordKind.WORDS, KeywordKind.PHRASE)
_FAR = -np.inf


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: an interest, papers that are liked, and the earliest date."""

    interest: Interest
    liked: tuple[int, ...] = ()
    since: date | None = None

    @property
    def profile(self) -> Profile:
        """As the ranker takes it."""
        examples = tuple(Example(number) for number in self.liked)
        return Profile(self.interest, examples, self.interest.titles)

    @property
    def by_text(self) -> bool:
        """Whether the first look can tell papers apart."""
        words = any(keyword.kind in _TEXTUAL for keyword in self.interest.keywords)
        return bool(words or self.liked or self.interest.titles)


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
    rows = _newest(catalogue, asked.since)
    if not (asked.interest.wants or asked.interest.excluded or asked.liked):
        stored = _stored(catalogue, rows[: limit + POOL])
        return [Found(paper, None) for paper in stored[:limit]]
    exact = any(keyword.kind not in _TEXTUAL for keyword in asked.interest.keywords)
    size = max(WIDE_POOL if exact or not asked.by_text else POOL, limit)
    profile = asked.profile
    if asked.by_text and rows.size > size:
        profile = catalogue.ranker(()).prepare([profile])[0]
        rows = _first_look(catalogue, profile, rows, size)
    pool = _stored(catalogue, rows[:size])
    if not pool:
        return []
    scores: Scores = catalogue.ranker(pool).score([profile])[0]
    liked = set(asked.liked)
    wants = asked.interest.wants or bool(asked.liked)
    order = np.argsort(-np.round(scores, 6), kind="stable").tolist() if wants else range(len(pool))
    found = [
        Found(pool[place], float(scores[place]) if wants else None)
        for place in order
        if scores[place] > (0 if wants else _FAR) and pool[place].number not in liked
    ]
    return found[:limit]


def _newest(catalogue: Catalogue, since: date | None) -> "Rows":
    """The rows of the index, the newest first, from a date on."""
    index = catalogue.index
    rows = np.flatnonzero(index.alive)
    if since is not None:
        rows = rows[index.days[rows] >= since.toordinal()]
    return rows[np.lexsort((-index.numbers[rows], -index.days[rows]))]


def _first_look(catalogue: Catalogue, profile: Profile, rows: "Rows", size: int) -> "Rows":
    """The rows that can fit best, the best first."""
    model = catalogue.model()
    tastes = Palate.from_bytes(profile.kept or b"").tastes
    phrases = phrases_of(model, [Wish(profile.interest)])
    rows = np.sort(rows)
    fits = []
    for part in _parts(rows):
        pages = model.pages(catalogue.index.take(part))
        fits.append(np.max([rough_fits(taste, phrases, pages) for taste in tastes], axis=0))
    return rows[np.argsort(-np.concatenate(fits), kind="stable")[:size]]


def _parts(rows: "Rows") -> Iterator["Rows"]:
    for start in range(0, rows.size, _PART):
        yield rows[start : start + _PART]


def _stored(catalogue: Catalogue, rows: "Rows") -> Sequence[StoredPaper]:
    """The papers of these rows in their order, without those that left meanwhile."""
    numbers = catalogue.index.numbers[rows].tolist()
    papers = catalogue.store.papers.by_numbers(numbers)
    return [papers[number] for number in numbers if number in papers]
