"""A reader's past editions: one of them as a letter again, and the papers in all of them."""

from dataclasses import dataclass
from datetime import datetime

from digest.letters.steering import Steering
from digest.letters.view import LetterView, view_of
from digest.links import Links, Purpose, holds
from digest.model import Edition, Pick, Reader, StoredPaper
from digest.store import Store
from digest.store.archive import Kept, Picked, Place

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
    edition = Edition(
        reader,
        kept.day,
        tuple(pick_of(pick, papers[pick.paper]) for pick in there),
        kept.mood,
        kept.considered,
    )
    places = {pick.paper: pick.position for pick in there}
    votes = Steering(links, reader, kept.day, kept.day, places)
    return KeptLetter(edition, votes if holds(Purpose.VOTE, kept.day, now) else None)


def pick_of(picked: Picked, paper: StoredPaper) -> Pick:
    """A stored pick as it was chosen; its sentence and its twins are not kept."""
    return Pick(paper, picked.score, picked.interest, picked.reasons, explores=picked.explores)


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
