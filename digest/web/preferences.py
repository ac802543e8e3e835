"""What the page of preferences shows: where the reader stands, and what was written into a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import url_for

from digest.grammar.interests import format_interest
from digest.grammar.manner import manner_in_words
from digest.grammar.schedule import format_hour, format_weekdays
from digest.letters.view import day_in_words
from digest.letters.words import cut
from digest.links import Links, Purpose, Token
from digest.model import Reader, ReaderKind, VoteKind
from digest.readers import paused
from digest.readers.moving import asked_move
from digest.readers.preferences import LIKED, Pasted, not_known_yet, votes_said
from digest.store import Store
from digest.store.moves import Move
from digest.web.forms import (
    ABSTRACTS,
    InterestRow,
    dials,
    manner_fields,
    quiet_days,
    rhythms,
    rows_of,
    schedule_fields,
    weekdays,
)
from digest.web.papers import shown

DONE = {
    "interests": "Your interests are saved. The next edition goes by them.",
    "volume": "Your edition has at most as many papers from now on.",
    "manner": "Saved. Your next edition goes by it.",
    "schedule": "Your schedule is saved.",
    "pause": "You pause. Nothing is sent until then.",
    "resume": "The pause is over.",
    "paste": "The papers are on your list of liked ones.",
    "forget": "That library counts no more.",
    "withdraw": "That vote counts no more.",
    "move": "Both mailboxes get a mail with a link within the next day. Use both links.",
    "stay": "Your editions go on coming to the address that you have.",
}
_DIGITS = 9  # of the number of a row
_TITLE = 160
_NAMED = 20  # papers of a list that are named; the others are counted
_SAYS = {
    VoteKind.MORE: "More like",
    VoteKind.LESS: "Less like",
    VoteKind.MUTE: "Nothing like",
    VoteKind.SAVE: "Saved",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A form that could not be taken as it is: what was written, and what is wrong, by field."""

    fields: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[InterestRow] = ()
    pasted: Pasted | None = None


@dataclass(frozen=True, slots=True)
class VoteLine:
    """A vote of the reader, with what its button sends."""

    title: str
    key: str
    words: str
    day: str
    sends: str


@dataclass(frozen=True, slots=True)
class LibraryLine:
    """A library of the reader: its name as it is shown and as its button sends it; its papers.

    `titles` are some of them, and `more` is how many others there are.
    """

    name: str
    sends: str
    papers: str
    titles: Sequence[str]
    more: int


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the other pages of a reader are."""

    leave: str
    archive: str
    feed: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A reader as its page of preferences shows it."""

    reader: Reader
    configured: bool
    interests: Sequence[tuple[str, str]]
    when: str
    manner: tuple[str, str, str]
    rows: Sequence[InterestRow]
    fields: Mapping[str, str]
    errors: Mapping[str, str]
    rhythms: Sequence[tuple[str, str]]
    weekdays: Sequence[tuple[str, str]]
    dials: Sequence[tuple[str, str]]
    quiet_days: Sequence[tuple[str, str]]
    abstracts: Sequence[tuple[str, str]]
    pause: str
    pasted: Pasted | None
    liked: str
    libraries: Sequence[LibraryLine]
    awaited: Sequence[str]
    more_awaited: int
    votes: Sequence[VoteLine]
    move: Move | None
    addresses: Addresses

    def value(self, name: str) -> str:
        """What stands in a field."""
        return self.fields.get(name, "")

    def error(self, name: str) -> str:
        """What is wrong with a field; empty where nothing is."""
        return self.errors.get(name, "")


def desk_of(store: Store, links: Links, reader: Reader, now: datetime, written: Written) -> Desk:
    """All that the page of a reader shows."""
    until = paused(reader, now)
    schedule = reader.schedule
    awaited = not_known_yet(store, reader)
    return Desk(
        reader=reader,
        configured=reader.kind is ReaderKind.CONFIG,
        interests=[(one.name, format_interest(one)) for one in reader.interests],
        when=f"{format_weekdays(schedule.weekdays)} from {format_hour(schedule.minute)}, "
        f"{schedule.zone}",
        manner=manner_in_words(reader.manner),
        rows=written.rows or rows_of(reader.interests),
        fields={
            "limit": str(reader.limit),
            **manner_fields(reader.manner),
            **schedule_fields(schedule),
            **written.fields,
        },
        errors=written.errors,
        rhythms=rhythms(schedule),
        weekdays=weekdays(),
        dials=dials(reader.manner),
        quiet_days=quiet_days(),
        abstracts=ABSTRACTS,
        pause=day_in_words(until) if until else "",
        pasted=written.pasted,
        liked=LIKED,
        libraries=_libraries(store, reader),
        awaited=[shown(key) for key in awaited[:_NAMED]],
        more_awaited=len(awaited[_NAMED:]),
        votes=_votes(store, reader),
        move=asked_move(store, reader, now),
        addresses=addresses_of(links, reader),
    )


def addresses_of(links: Links, reader: Reader) -> Addresses:
    """Where a reader leaves, and finds its past editions."""

    def path(endpoint: str, purpose: Purpose) -> str:
        return url_for(endpoint, token=links.sign(Token(purpose, reader.handle)))

    return Addresses(
        path("unsubscribe.page", Purpose.UNSUBSCRIBE),
        path("archive.page", Purpose.ARCHIVE),
        path("archive.feed", Purpose.FEED),
    )


def vote_sent(written: str) -> tuple[int, VoteKind] | None:
    """The paper (its row) and the vote that a button sends; None for what none of ours does."""
    number, _, kind = written.partition(" ")
    if not (
        number.isascii() and number.isdigit() and len(number) <= _DIGITS and kind in set(VoteKind)
    ):
        return None
    return int(number), VoteKind(kind)


def _libraries(store: Store, reader: Reader) -> list[LibraryLine]:
    titles = store.libraries.titles(reader.row, _NAMED)
    lines = []
    for name, count in store.libraries.origins(reader.row):
        its = [cut(shown(title), _TITLE) for title in titles.get(name, ())]
        lines.append(LibraryLine(shown(name), name, _papers(count), its, count - len(its)))
    return lines


def _votes(store: Store, reader: Reader) -> list[VoteLine]:
    return [
        VoteLine(
            cut(shown(said.title), _TITLE),
            said.key,
            _SAYS[said.vote.kind],
            f"{said.vote.at:%Y-%m-%d}",
            f"{said.vote.paper} {said.vote.kind.value}",
        )
        for said in votes_said(store, reader)
    ]


def _papers(count: int) -> str:
    return f"{count:,} paper{'' if count == 1 else 's'}"
