"""The links of a letter: what its reader may do from it, each signed for that alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from digest.links import Links, Purpose, Stem, Token
from digest.model import Edition, Reader, ReaderKind, VoteKind

LETTERS: Mapping[VoteKind, str] = {
    VoteKind.MORE: "m",
    VoteKind.LESS: "l",
    VoteKind.MUTE: "x",
    VoteKind.SAVE: "s",
}
"""How a vote is written in a link."""
_LABELS = tuple((kind.value, letter) for kind, letter in LETTERS.items())


@dataclass(frozen=True, slots=True)
class Link:
    """A link under a pick; without an address, its label alone."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Steering:
    """Makes the links of one edition.

    Args:
        links: what signs them.
        reader: whom they are for.
        day: the date of the edition.
        issued: the date from which the link to the preferences counts its days.
        places: the position of each pick in the edition as it is stored, by paper.
        missed: the date of an edition that may not have arrived.
    """

    links: Links
    reader: Reader
    day: date
    issued: date
    places: Mapping[int, int] = field(repr=False)
    missed: date | None = None
    _votes: Stem = field(init=False, repr=False)
    _reasons: Stem = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Sign what most links begin with once."""
        for name, purpose in (("_votes", Purpose.VOTE), ("_reasons", Purpose.WHY)):
            stem = self.links.stem(purpose, self.reader.handle, self.day)
            object.__setattr__(self, name, stem)

    def votes(self, paper: int, page: Link) -> tuple[Link, ...]:
        """What a reader may say of a pick, and the account of its score.

        Args:
            paper: its number.
            page: the one link to all of this, which is the first of them with another label.
        """
        place, url = str(self.places[paper]), self._votes.url
        first, *others = _LABELS
        said = [Link(label, url(place + letter)) for label, letter in others]
        return (Link(first[0], page.url), *said, Link("why this?", self._reasons.url(place)))

    def vote_page(self, paper: int) -> Link:
        """One link to all of this, for the text, and for letters that would be too long."""
        return Link("Vote, or why this?", self._votes.url(f"{self.places[paper]}{_LABELS[0][1]}"))

    def why(self, place: int) -> str:
        """Where the score of a pick is accounted for."""
        return self._reasons.url(str(place))

    @property
    def preferences(self) -> str:
        """Where a reader changes what it gets."""
        return self.links.url(Token(Purpose.PREFERENCES, self.reader.handle, self.issued))

    @property
    def archive(self) -> str:
        """Where all of its editions are."""
        return self.links.url(Token(Purpose.ARCHIVE, self.reader.handle))

    @property
    def unsubscribe(self) -> str:
        """Where it leaves."""
        return self.links.url(Token(Purpose.UNSUBSCRIBE, self.reader.handle))

    @property
    def missing(self) -> str:
        """Where the edition is that may not have arrived; empty where none is missing."""
        return edition_link(self.links, self.reader, self.missed) if self.missed else ""


def edition_link(links: Links, reader: Reader, day: date) -> str:
    """Where an edition of a reader is shown."""
    return links.url(Token(Purpose.EDITION, reader.handle, day))


def steering_of(
    links: Links | None, edition: Edition, issued: date, missed: date | None = None
) -> Steering | None:
    """The links of a letter; None where there are no pages, or for a reader of one command line."""
    reader = edition.reader
    if links is None or reader.kind is ReaderKind.UNSAVED or not reader.handle:
        return None
    places = {pick.paper.number: place for place, pick in enumerate(edition.picks, 1)}
    return Steering(links, reader, edition.date, issued, places, missed)
