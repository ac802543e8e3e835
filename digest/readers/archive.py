"""A reader's past editions: one of them as a letter again, and the papers in all of them."""

from dataclasses import dataclass, replace
from datetime import datetime

from digest.letters.steering import Steering
from digest.letters.view import LetterView, view_of
from digest.links import Links, Purpose, holds
from digest.model import UPVOTES, Edition, Interest, Pick, Reader, StoredPaper, Trend
from digest.ranking.trend import trend_of
from digest.store import Store
from digest.store.archive import Kept, Picked, Place
from digest.store.counts import Counted

MOST_FOUND = 50
MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class PastPick:
    """A paper that a reader was sent: when, where in that edition, and what is known of it now."""

    place: Place
    paper: StoredPaper


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """An edition of the archive, ready to be set; votes are asked for while they count."""

    edition: Edition
    steering: Steering | None

    def view(self, abstract: int) -> LetterView:
        """The edition as a letter, with so many characters of each abstract; see `view_of`."""
        return view_of(self.edition, None, abstract, self.steering)


def kept_letter(
    store: Store, links: Links, reader: Reader, kept: Kept, now: datetime
) -> KeptLetter:
    """An edition of the archive, made again from its picks.

    Args:
        store: where the papers are.
        links: what signs the links for votes.
        reader: whose edition it is.
        kept: the edition as it was stored.
        now: the time (aware).
    """
    papers = store.papers.by_numbers([pick.paper for pick in kept.picks])
    there = [pick for pick in kept.picks if pick.paper in papers]
    counted = store.counts.series(list(papers), UPVOTES)
    picks = [
        _at(
            pick_of(pick, papers[pick.paper]),
            _trend_at(kept.made, counted.get(pick.paper), pick),
        )
        for pick in there
    ]
    whose = as_in_letters(store, reader)
    edition = Edition(whose, kept.day, tuple(picks), kept.mood, kept.considered)
    places = {pick.paper: pick.position for pick in there}
    votes = Steering(links, reader, kept.day, kept.day, places)
    return KeptLetter(edition, votes if holds(Purpose.VOTE, kept.day, now) else None)


def as_in_letters(store: Store, reader: Reader) -> Reader:
    """The reader with an interest for each of its libraries, as letters speak of them."""
    own = {interest.name for interest in reader.interests}
    origins = store.libraries.origins(reader.row)
    libraries = (Interest(origin) for origin, _ in origins if origin not in own)
    return replace(reader, interests=(*reader.interests, *libraries))


def _at(pick: Pick, trend: Trend | None) -> Pick:
    """A pick with its trend, and with as many upvotes as that has."""
    if trend is None:
        return pick
    signals = {**pick.paper.signals, UPVOTES: trend.counts[-1].value}
    return replace(pick, paper=replace(pick.paper, signals=signals), trend=trend)


def _trend_at(made: datetime, counted: Counted | None, picked: Picked) -> Trend | None:
    """What the upvotes of a pick said when its edition was made."""
    counts = [one for one in counted.counts if one.observed <= made] if counted else []
    if counted is None or not counts:
        return None
    trend = trend_of(counts, counted.began, made)
    by_upvotes = picked.interest is None and not picked.explores
    return replace(trend, expected=picked.score) if by_upvotes else trend


def pick_of(picked: Picked, paper: StoredPaper) -> Pick:
    """A stored pick as it was chosen; its twins and its trend are not kept."""
    return Pick(
        paper,
        picked.score,
        picked.interest,
        picked.reasons,
        picked.sentence,
        explores=picked.explores,
    )


def past_picks(store: Store, reader: Reader, numbers: list[int]) -> list[PastPick]:
    """Where a reader had these papers, in their order; what it never had is left out."""
    wanted = numbers[:MOST_FOUND]
    places = store.archive.places(reader.row, wanted)
    papers = store.papers.by_numbers(places)
    return [
        PastPick(places[number], papers[number])
        for number in wanted
        if number in places and number in papers
    ]


def with_words(store: Store, reader: Reader, text: str) -> list[int]:
    """Papers of a reader's editions that have all words of a text, the latest edition first."""
    words = text.split()[:MOST_WORDS]
    return store.archive.holding(reader.row, words, MOST_FOUND) if words else []
