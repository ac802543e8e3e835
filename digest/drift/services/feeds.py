"""Feeds of any kind: whether each can be read, and has what a paper needs."""

from datetime import date

from digest.config import Settings
from digest.drift import Question, Seen, Shape
from digest.drift.reading import xml_seen

NAME = "feeds"

_SPACES = (
    "http://www.w3.org/2005/Atom",
    "http://purl.org/atom/ns#",
    "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://channel.netscape.com/rdf/simple/0.9/",
    "http://backend.userland.com/rss2",
)
_ENTRIES = frozenset(
    ("item", "entry", *(f"{{{space}}}{name}" for space in _SPACES for name in ("item", "entry")))
)
ENTRY = Shape(("title", ("link", "guid", "id")))


def questions(settings: Settings, _day: date) -> tuple[Question, ...]:
    """Each feed, whole: there is no smaller question."""
    return tuple(
        Question(
            NAME,
            address,
            address,
            {},
            "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.1",
            _read,
            ENTRY,
            "DIGEST_FEEDS",
            foreign=True,
        )
        for address in settings.feeds
    )


def _read(body: bytes) -> Seen:
    """Its entries by the names that all kinds share; what else they hold is theirs to choose."""
    seen = xml_seen(NAME, body, _ENTRIES, lenient=True)
    wanted = ("title", "link", "guid", "id")
    entries = [
        {key: text for name, text in entry.items() if (key := name.rpartition("}")[2]) in wanted}
        for entry in seen.entries
    ]
    return Seen(seen.head, entries)
