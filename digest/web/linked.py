"""Links that readers follow from their letters: whose they are, and which pick they mean."""

from dataclasses import dataclass
from datetime import date

from digest.errors import LinkError
from digest.letters.steering import LETTERS
from digest.letters.view import day_in_words
from digest.links import Purpose, Token
from digest.model import Reader, StoredPaper, VoteKind
from digest.readers import linked
from digest.store.archive import Picked
from digest.web.lately import keep_stated
from digest.web.papers import PaperView, paper_view
from digest.web.site import visit

KINDS = {letter: kind for kind, letter in LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Followed:
    """A link with the reader whose it is, and the date of the edition that it is of."""

    token: Token
    reader: Reader
    day: date


@dataclass(frozen=True, slots=True)
class Meant:
    """The pick that a link means, and its paper as it is known now."""

    pick: Picked
    paper: StoredPaper

    def view(self, opening: int) -> PaperView:
        """The paper for a page, with so many characters of its abstract."""
        stated = self.pick.paper, self.pick.change, opening
        return keep_stated("view", stated, lambda: paper_view(self.paper, opening=opening))


def follow(purpose: Purpose, written: str) -> Followed:
    """Read a link of a reader's.

    Raises:
        LinkError: for one that does not hold, and where the reader is gone.
    """
    here = visit()
    token = here.house.links.read(purpose, written, here.now)
    reader = linked(here.house.store, token.name)
    if reader is None:
        raise LinkError(
            "nothing is stored any more under this link: whom it was made for is deleted, or "
            "gets editions at another address, with links of its own"
        )
    return Followed(token, reader, token.day or here.now.date())


def pick_meant(link: Followed, position: int) -> Meant:
    """The pick at a position of the link's edition.

    Raises:
        LinkError: where edition or pick are gone.
    """
    store = visit().house.store
    pick = store.archive.pick(link.reader.row, link.day, position)
    if pick is not None:
        stated = pick.paper, pick.change
        papers = keep_stated("picked", stated, lambda: store.papers.by_numbers(stated[:1]))
        if pick.paper in papers:
            return Meant(pick, papers[pick.paper])
    raise LinkError(
        f"paper {position} of the edition of {day_in_words(link.day)} is no longer stored, or "
        "turned out to be another paper of that edition: its other links work"
    )


def place_in(token: Token) -> int:
    """The position that a link for the account of a score says.

    Raises:
        LinkError: where it says none.
    """
    return _number(token.rest[0] if token.rest else "")


def vote_in(token: Token) -> tuple[int, VoteKind]:
    """The position and the vote that a link for votes says.

    Raises:
        LinkError: where it says none.
    """
    said = token.rest[0] if token.rest else ""
    kind = KINDS.get(said[-1:])
    if kind is None:
        raise LinkError("this link says no vote: use those of the latest letter")
    return _number(said[:-1]), kind


def _number(said: str) -> int:
    if not (said.isascii() and said.isdigit()):
        raise LinkError("this link names no paper: use those of the latest letter")
    return int(said)
