"""Short ways to make papers and readers in tests."""

from datetime import date

from digest.grammar.interests import parse_interest
from digest.identity import title_key
from digest.model import (
    UPVOTES,
    Announcement,
    Interest,
    Paper,
    Reader,
    ReaderKind,
    Schedule,
    Sighting,
    Signal,
    StoredPaper,
)
from tests.conftest import DAY, NOW


def paper(title: str, abstract: str = "", key: str | None = None, **fields: object) -> Paper:
    """A paper with the keys that a source would give it."""
    keys = (key, title_key(title)) if key else (title_key(title),)
    return Paper(keys=keys, title=title, abstract=abstract, **fields)  # type: ignore[arg-type]


def seen(
    of: Paper,
    on: date | None = DAY,
    upvotes: int | None = None,
    kind: Announcement = Announcement.NEW,
) -> Sighting:
    """A sighting of a paper, with upvotes counted at noon of nowhere in particular."""
    signals = () if upvotes is None else (Signal(UPVOTES, upvotes, NOW),)
    return Sighting(of, kind, on, signals)


def stored(number: int, of: Paper, upvotes: int | None = None) -> StoredPaper:
    """A paper as the store gives it back."""
    signals = {} if upvotes is None else {UPVOTES: upvotes}
    return StoredPaper(number, of, DAY, ("file",), signals)


def reader(address: str = "ann@example.org", *interests: str, **fields: object) -> Reader:
    """A saved reader; interests are named by their place."""
    parsed: tuple[Interest, ...] = tuple(
        parse_interest(f"interest {place}", text) for place, text in enumerate(interests, 1)
    )
    schedule = fields.pop("schedule", Schedule())
    return Reader(
        address,
        address,
        ReaderKind.SAVED,
        parsed,
        schedule,  # type: ignore[arg-type]
        **fields,  # type: ignore[arg-type]
    )
