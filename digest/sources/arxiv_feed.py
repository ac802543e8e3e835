"""arXiv's announcement feed of a category, as Atom or RSS 2.0, read as a stream.

Papers are dated by announcement. New papers, cross-lists and replacements are told apart by
`arxiv:announce_type`; the text that the feed sets before the abstract is taken off.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO
from xml.etree.ElementTree import Element

from digest.errors import SourceError
from digest.intake.normal import clean, clean_any_date
from digest.model import Announcement, Sighting
from digest.sources import Batch, Parsed
from digest.sources.arxiv_paper import BATCH, NAME, arxiv_paper, rank_of
from digest.sources.xml import entries, root_tag

FEED_LIMIT = 2000  # the service's own cap on one feed
ACCEPT = "application/atom+xml, application/rss+xml;q=0.9, application/xml;q=0.8"

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_ENTRIES = frozenset((f"{_ATOM}entry", "item"))
_PREFIX = re.compile(
    r"^\s*arXiv:\S+\s+Announce Type:\s*(?P<type>\S+)\s*(?:Abstract:)?\s*", re.IGNORECASE
)
_CHUNK = 1 << 16


@dataclass(slots=True)
class FeedReader:
    """Reads one feed; what it found out about the feed as a whole is there afterwards.

    `announced` and `read` count entries by date of announcement (None: the entry has none that can
    be right); `newest` is the id, as it is written, of the new paper that was announced last;
    `cut` says why there may be more than was read.
    """

    category: str
    latest: date
    announced: Counter[date | None] = field(default_factory=Counter)
    read: Counter[date | None] = field(default_factory=Counter)
    newest: str = ""
    cut: str | None = None

    @property
    def shown(self) -> date | None:
        """The last date that entries have."""
        return max((day for day in self.announced if day), default=None)

    def of(self, day: date) -> tuple[int, int]:
        """How many entries were announced on a date, and read; those without a date count too."""
        return (
            self.announced[day] + self.announced[None],
            self.read[day] + self.read[None],
        )

    def batches(self, body: bytes | BinaryIO) -> Iterator[Batch]:
        """Yield the sightings, at most `BATCH` at once.

        An entry that cannot be read is named and left out; a damaged end keeps what came before it.

        Raises:
            SourceError: when the answer is no feed at all.
        """
        stream = io.BytesIO(body) if isinstance(body, bytes) else body
        tag = root_tag(NAME, stream)
        if tag not in (f"{_ATOM}feed", "rss"):
            raise SourceError(NAME, f"an unknown kind of XML (<{tag}>) for {self.category}")
        parsed = Parsed()
        count = 0
        try:
            for element in entries(NAME, stream, _ENTRIES):
                count += 1
                self._take(parsed, element, count)
                if parsed.announced >= BATCH:
                    yield parsed.batch()
                    parsed = Parsed()
        except SourceError as error:
            if not any(self.read.values()):
                raise
            self.cut = f"{self.category}: {error.problem}; read as far as that"
        if count >= FEED_LIMIT and not self.cut:
            self.cut = f"{self.category}: the feed ends at {count} entries and may be cut short"
        parsed.cut = self.cut
        if parsed.announced or parsed.cut:
            yield parsed.batch()

    def _take(self, parsed: Parsed, element: Element, number: int) -> None:
        fields = _atom(element) if element.tag == f"{_ATOM}entry" else _rss(element)
        day = clean_any_date(fields["date"], self.latest)
        sighting = _sighting(fields, day)
        parsed.announced += 1
        self.announced[day] += 1
        if isinstance(sighting, str):
            parsed.trouble(f"{self.category}, entry {number}: {sighting}")
            return
        parsed.sightings.append(sighting)
        self.read[day] += 1
        if sighting.kind is Announcement.NEW:
            self.newest = max(self.newest, sighting.paper.key, key=rank_of)


def shows(body: BinaryIO, key: str) -> bool:
    """Whether a feed has the first version of a paper among its entries; it is read from the start.

    A paper is new in a category once: where it is shown again on a later date, the feed is that of
    the date before, whatever dates it gives itself.
    """
    needle = f"oai:arXiv.org:{key.removeprefix('arxiv:')}v1".encode()
    tail = b""
    found = False
    while not found and (chunk := body.read(_CHUNK)):
        found = needle in tail + chunk
        tail = chunk[-len(needle) :]
    body.seek(0)
    return found


def _sighting(fields: dict[str, str], day: date | None) -> Sighting | str:
    """A paper, or what is wrong with the entry."""
    if "api/errors" in fields["id"]:
        return f"the service reports an error: {clean(fields['summary'], 200)}"
    summary = fields["summary"]
    prefix = _PREFIX.match(summary)
    paper = arxiv_paper(
        fields["id"],
        fields["title"],
        summary[prefix.end() if prefix else 0 :],
        fields["authors"],
        fields["categories"],
        fields["doi"],
    )
    if isinstance(paper, str):
        return paper
    written = (fields["type"] or (prefix["type"] if prefix else "new")).strip().lower()
    try:
        kind = Announcement(written)
    except ValueError:
        return f"{paper.key} has the unknown announce type {clean(written, 40)!r}"
    return Sighting(paper, kind, day)


def _atom(element: Element) -> dict[str, str]:
    return {
        "id": element.findtext(f"{_ATOM}id", ""),
        "title": element.findtext(f"{_ATOM}title", ""),
        "summary": element.findtext(f"{_ATOM}summary", ""),
        "categories": " ".join(c.get("term", "") for c in element.iter(f"{_ATOM}category")),
        "date": element.findtext(f"{_ATOM}published", ""),
        **_extensions(element),
    }


def _rss(element: Element) -> dict[str, str]:
    return {
        "id": element.findtext("guid", ""),
        "title": element.findtext("title", ""),
        "summary": element.findtext("description", ""),
        "categories": " ".join(c.text or "" for c in element.iter("category")),
        "date": element.findtext("pubDate", ""),
        **_extensions(element),
    }


def _extensions(element: Element) -> dict[str, str]:
    return {
        "type": element.findtext(f"{_ARXIV}announce_type", ""),
        "authors": element.findtext(f"{_DC}creator", ""),
        "doi": element.findtext(f"{_ARXIV}DOI", "") or element.findtext(f"{_ARXIV}doi", ""),
    }
