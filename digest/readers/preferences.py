"""What readers change for themselves; what else they change is in readers, library and votes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from digest.errors import UsageError
from digest.grammar.interests import format_interest, parse_interest
from digest.libraries.pasted import read_pasted
from digest.localtime import local_date
from digest.model import Interest, Reader, ReaderKind, Vote, VoteKind
from digest.readers import change
from digest.readers.library import add_to_shelf
from digest.store import Store

LIKED = "liked papers"  # the library of what was pasted, and the interest that both speak for
MOST_PASTED = 1_000_000  # characters
MOST_LIKED = 5_000  # papers on the list: all readers have one store
# All interests together: each page of preferences shows and reads them, and others wait meanwhile.
MOST_LETTERS = 50_000
MOST_ITEMS = 2_500
_PASTES_A_DAY = 20
_SHOWN_VOTES = 50


@dataclass(frozen=True, slots=True)
class Pasted:
    """What came of pasted papers.

    `added` are new in the reader's library; `awaited` are not stored here, and count as soon as
    they are. `troubles` name what could not be read; `more_troubles` counts those left unnamed.
    """

    added: int
    awaited: int
    troubles: tuple[str, ...] = ()
    more_troubles: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """A vote with the title and the key of its paper."""

    vote: Vote
    title: str
    key: str


def paste_liked(store: Store, reader: Reader, text: str, now: datetime) -> Pasted:
    """Add papers that a reader likes: ids, DOIs, addresses or titles by line, or BibTeX.

    Papers that are named by an identifier alone, which the store does not know, are kept in the
    interest `LIKED`, so that they are looked up.

    Raises:
        UsageError: for the person of the configuration, for too long a text, where list or
            interest cannot take as many, for a reader who left, and one who pasted often today.
    """
    if reader.kind is ReaderKind.CONFIG:
        raise UsageError(
            f"{reader.address} is the person of the configuration: name libraries with "
            "DIGEST_BIBTEX and DIGEST_ZOTERO in config.env, or papers with like:"
        )
    if len(text) > MOST_PASTED:
        raise UsageError(f"longer than {MOST_PASTED:,} letters: paste it in parts")
    if too_often(store, reader, "paste", _PASTES_A_DAY, now):
        raise UsageError(f"you pasted {_PASTES_A_DAY} times today: try again tomorrow")
    shelf = read_pasted(text)
    has = dict(store.libraries.origins(reader.row)).get(LIKED, 0)
    if has + len(shelf.liked) > MOST_LIKED:
        raise UsageError(
            f"these are {len(shelf.liked):,} papers, your list has {has:,} and takes "
            f"{MOST_LIKED:,}: paste those that you care about most, or forget the list first"
        )
    today = local_date(reader.schedule.zone, now)
    added, waiting = add_to_shelf(store, reader, LIKED, shelf, today) if shelf.liked else (0, ())
    awaited = _await(store, reader, waiting, now) if waiting else 0
    return Pasted(added, awaited, shelf.troubles, shelf.more_troubles)


def change_interests(
    store: Store, reader: Reader, interests: Sequence[Interest], now: datetime
) -> None:
    """Give a reader other interests, as far as readers may have many of their own accord.

    Raises:
        UsageError: where they are too many or too long together; see `readers.change`.
    """
    letters = sum(len(format_interest(one)) for one in interests)
    if letters > MOST_LETTERS:
        raise UsageError(
            f"your interests have {letters:,} letters together, and {MOST_LETTERS:,} are the most: "
            "leave out what matters least"
        )
    items = sum(
        len(one.keywords) + len(one.excluded) + len(one.liked) + len(one.titles)
        for one in interests
    )
    if items > MOST_ITEMS:
        raise UsageError(
            f"your interests have {items:,} items together, and {MOST_ITEMS:,} are the most: "
            "leave out what matters least"
        )
    change(store, replace(reader, interests=tuple(interests)), now)


def too_often(store: Store, reader: Reader, what: str, most: int, now: datetime) -> bool:
    """Count what a reader does; True, and nothing is counted, from so many times a day on."""
    return not store.limits.take(bucket_of(reader.handle, what), now, most, timedelta(days=1))


def bucket_of(handle: str, what: str) -> str:
    """What counts something that a reader does."""
    return hashlib.sha256(f"{what} {handle}".encode()).hexdigest()


def votes_said(store: Store, reader: Reader, most: int = _SHOWN_VOTES) -> list[Said]:
    """A reader's last votes, the newest first."""
    last = store.votes.of([reader.row]).get(reader.row, [])[::-1][:most]
    papers = store.papers.by_numbers({vote.paper for vote in last})
    return [
        Said(vote, papers[vote.paper].paper.title, papers[vote.paper].paper.key)
        for vote in last
        if vote.paper in papers
    ]


def not_known_yet(store: Store, reader: Reader) -> tuple[str, ...]:
    """The papers that a reader's interests name by an identifier which the store does not know."""
    liked = tuple(dict.fromkeys(key for interest in reader.interests for key in interest.liked))
    known = store.papers.known_keys(liked) if liked else frozenset()
    return tuple(key for key in liked if key not in known)


def take_back(store: Store, reader: Reader, paper: int, kind: VoteKind) -> bool:
    """Withdraw a reader's vote on a paper, by its row; False where there was none."""
    return store.votes.withdraw(reader.row, paper, kind) > 0


def _await(store: Store, reader: Reader, keys: tuple[str, ...], now: datetime) -> int:
    """Name papers in the interest of liked ones; returns how many were not in it."""
    reader = store.readers.by_handle(reader.handle) or reader
    interests = {interest.name: interest for interest in reader.interests}
    mine = interests.get(LIKED, Interest(LIKED))
    writable = (key for key in keys if '"' not in key)
    liked = tuple(dict.fromkeys((*mine.liked, *writable)))
    new = len(liked) - len(mine.liked)
    if new:
        written = format_interest(replace(mine, liked=liked))
        interests[LIKED] = parse_interest(LIKED, written)  # which says where they are too many
        change_interests(store, reader, tuple(interests.values()), now)
    return new
