"""Past days of papers on owls and on bread, for tests of what is replayed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from digest.model import Reader, Vote, VoteKind
from digest.store import Store
from tests.papers import paper, seen

FIRST = date(2026, 3, 2)  # a Monday
DAYS = 14
OWLS = ("barn", "snowy", "tawny", "eagle")
BREADS = ("rye", "wheat", "barley", "spelt")
_FEATHERS = "Feathers and hunting of birds at night in the forest."
_OVENS = "Ovens and kneading of dough at dawn in the bakery."


def title(kind: str, day: date) -> str:
    """The title of a day's paper on a kind of owl or of bread."""
    return f"The {kind} {'owl' if kind in OWLS else 'bread'} number {day.toordinal()}"


def fill(store: Store, days: int = DAYS, first: date = FIRST) -> None:
    """Eight papers a day: four kinds of owls, four of bread."""
    for ahead in range(days):
        day = first + timedelta(days=ahead)
        papers = [
            paper(title(kind, day), f"{_FEATHERS if kind in OWLS else _OVENS} {_own(kind, day)}")
            for kind in (*OWLS, *BREADS)
        ]
        store.papers.add([seen(one, day) for one in papers], "file", day)


def _own(kind: str, day: date) -> str:
    """Words that no other paper has, so that no two say the same."""
    return " ".join(f"{kind}{day:%j}{letter}x" for letter in "abcdefghijkl") + "."


def number_of(store: Store, kind: str, day: date) -> int:
    """The row of a day's paper."""
    wanted = title(kind, day)
    return next(
        stored.number for stored in store.papers.candidates(day, 1) if stored.paper.title == wanted
    )


def vote(
    store: Store,
    of: Reader,
    kind: str,
    day: date,
    *,
    says: VoteKind = VoteKind.MORE,
    at: datetime | None = None,
) -> int:
    """A vote on a day's paper, in its evening unless told otherwise; the paper's row."""
    number = number_of(store, kind, day)
    cast = at or datetime.combine(day, time(19), UTC)
    assert store.votes.cast(Vote(of.row, number, says, None, cast))
    return number


def like_each_day(
    store: Store,
    of: Reader,
    kinds: Sequence[str],
    days: int = DAYS,
    at: datetime | None = None,
) -> None:
    """A vote for one of these kinds of each day, in turn; in its evening, or all at one time."""
    for ahead in range(days):
        vote(store, of, kinds[ahead % len(kinds)], FIRST + timedelta(days=ahead), at=at)
