"""Papers of some weeks for tests of topics: many of any subject, some of one that rises."""

import random
from collections.abc import Sequence
from datetime import date, timedelta

from digest.model import UPVOTES, Announcement, Paper, Sighting, Signal
from digest.store import Store
from tests.conftest import DAY, NOW
from tests.papers import paper

A_DAY = 12
_LOT = random.Random(6)
_WORDS = [
    "".join(_LOT.choice("bdfgklmnprstvz") + _LOT.choice("aeiou") for _ in range(4))
    for _ in range(900)
]
HARBOUR = [
    "masts",
    "winches",
    "gusts",
    "hangars",
    "airships",
    "ropes",
    "ballast",
    "docking",
    "anchors",
    "towers",
]


def usual(day: date, place: int, category: str = "cs.AA") -> Sighting:
    """A paper of any subject."""
    lot = random.Random(f"{day} {place}")
    words = [lot.choice(_WORDS) for _ in range(40)]
    title = f"{words[0]} {words[1]} {words[2]} {day.toordinal()} {place}"
    abstract = f"{' '.join(words[3:])}. Extensive experiments show it."
    return _sighting(title, abstract, day, category, (f"Author {day} {place}",))


def about(
    subject: str,
    day: date,
    place: int,
    *,
    title: str = "",
    authors: Sequence[str] = (),
    upvotes: int | None = None,
    category: str = "cs.AA",
    words: Sequence[str] = HARBOUR,
) -> Sighting:
    """A paper that speaks of a subject, in the words of its trade."""
    lot = random.Random(f"{subject} {day} {place}")
    trade = lot.sample(list(words), 6)
    others = " ".join(lot.choice(_WORDS) for _ in range(12))
    verbs = [lot.choice(_WORDS) for _ in range(4)]
    abstract = (
        f"We {verbs[0]} {subject} {verbs[1]} {' '.join(trade)}. "
        f"Here {verbs[2]} {subject} {verbs[3]} {others}. Extensive experiments show it."
    )
    named = title or f"{' '.join(lot.choice(_WORDS) for _ in range(3))} {day.toordinal()} {place}"
    found = _sighting(
        named, abstract, day, category, authors or (f"Writer {subject} {day} {place}",)
    )
    if upvotes is None:
        return found
    return Sighting(found.paper, found.kind, day, (Signal(UPVOTES, upvotes, NOW),))


def weeks(store: Store, number: int = 6, last: date = DAY, category: str = "cs.AA") -> None:
    """Papers of any subject, for so many weeks up to a date."""
    days = [last - timedelta(days=back) for back in range(7 * number)]
    every = [usual(day, place, category) for day in days for place in range(A_DAY)]
    store.papers.add(every, "arxiv", last)


def burst(store: Store, subject: str, number: int = 8, last: date = DAY, **fields: object) -> None:
    """So many papers on a subject in the week up to a date."""
    every = [
        about(subject, last - timedelta(days=place % 7), place, **fields)  # type: ignore[arg-type]
        for place in range(number)
    ]
    store.papers.add(every, "arxiv", last)


def _sighting(
    title: str, abstract: str, day: date, category: str, authors: Sequence[str]
) -> Sighting:
    one: Paper = paper(title, abstract, authors=tuple(authors), categories=(category,))
    return Sighting(one, Announcement.NEW, day)
