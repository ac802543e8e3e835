"""arXiv's daily announcement feed, one request a category, as Atom or RSS 2.0.

Papers are dated by announcement. New papers, cross-lists and replacements are told apart by
`arxiv:announce_type`; the text that the feed sets before the abstract is taken off.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from email.utils import parsedate_to_datetime
from xml.etree.ElementTree import Element

from digest.config import Settings
from digest.errors import SourceError
from digest.identity import home_of, pdf_of, read_identifier
from digest.intake.http import PoliteSession
from digest.intake.normal import (
    clean,
    clean_date,
    clean_names,
    clean_title,
    clean_words,
)
from digest.intake.paper import with_title_key
from digest.model import Announcement, Paper, Sighting
from digest.sources import Batch, Parsed, Request
from digest.sources.xml import entries, root_tag

NAME = "arxiv"
FEED_LIMIT = 2000  # the service's own cap on one feed
MAX_ENTRIES = 10 * FEED_LIMIT

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PREFIX = re.compile(
    r"^\s*arXiv:\S+\s+Announce Type:\s*(?P<type>\S+)\s*(?:Abstract:)?\s*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ArxivFeed:
    """The feeds of some categories; cross-lists make one paper appear in several."""

    session: PoliteSession
    address: str
    categories: tuple[str, ...]
    name: str = NAME
    pace: timedelta = timedelta(hours=1)

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Yield one batch a category; a category that fails does not stop the others."""
        failed: list[SourceError] = []
        for category in self.categories:
            try:
                body = self.session.get(
                    self.name,
                    f"{self.address}/{category}",
                    accept="application/atom+xml, application/rss+xml;q=0.9, application/xml;q=0.8",
                )
                batch = parse_feed(body, max(request.date, request.now.date()), category)
                yield batch
                if batch.cut:
                    failed.append(SourceError(self.name, batch.cut))
            except SourceError as error:
                if error.retry_at:
                    raise
                failed.append(error)
        if failed:
            more = f" (and {len(failed) - 1} more categories)" if len(failed) > 1 else ""
            raise SourceError(self.name, failed[0].problem + more)


def open_source(session: PoliteSession, settings: Settings) -> ArxivFeed:
    """The feeds of the configured categories."""
    return ArxivFeed(session, settings.arxiv_feed, settings.arxiv_categories)


def parse_feed(body: bytes, latest: date, category: str = "feed") -> Batch:
    """Read a feed.

    An entry that cannot be read is named and left out; a damaged end keeps what came before it.

    Args:
        body: the answer, Atom or RSS 2.0.
        latest: the last date that an announcement can have.
        category: what was asked for, for troubles.

    Raises:
        SourceError: when the answer is no feed at all.
    """
    tag = root_tag(NAME, body)
    if tag not in (f"{_ATOM}feed", "rss"):
        raise SourceError(NAME, f"an unknown kind of XML (<{tag}>) for {category}")
    parsed = Parsed()
    try:
        for element in entries(NAME, body, frozenset((f"{_ATOM}entry", "item"))):
            if parsed.announced >= MAX_ENTRIES:
                break
            parsed.announced += 1
            sighting = _sighting(element, latest)
            if isinstance(sighting, str):
                parsed.trouble(f"{category}, entry {parsed.announced}: {sighting}")
            else:
                parsed.sightings.append(sighting)
    except SourceError as error:
        if not parsed.sightings:
            raise
        parsed.cut = f"{category}: {error.problem}; read as far as that"
    if parsed.announced >= FEED_LIMIT:
        parsed.cut = f"{category}: the feed ends at {FEED_LIMIT} entries and may be cut short"
    return parsed.batch()


def _sighting(element: Element, latest: date) -> Sighting | str:
    """A paper, or what is wrong with the entry."""
    fields = _atom(element) if element.tag == f"{_ATOM}entry" else _rss(element)
    if "api/errors" in fields["id"]:
        return f"the service reports an error: {clean(fields['summary'], 200)}"
    identifier = read_identifier(fields["id"])
    if identifier is None:
        return f"no arXiv id in {clean(fields['id'], 80)!r}"
    title = clean_title(fields["title"])
    if not title:
        return f"{identifier.key} has no title"
    prefix = _PREFIX.match(fields["summary"])
    written = (fields["type"] or (prefix["type"] if prefix else "new")).strip().lower()
    try:
        kind = Announcement(written)
    except ValueError:
        return f"{identifier.key} has the unknown announce type {clean(written, 40)!r}"
    paper = Paper(
        keys=with_title_key(identifier.key, title),
        title=title,
        abstract=clean(fields["summary"][prefix.end() if prefix else 0 :]),
        authors=clean_names(fields["authors"]),
        categories=clean_words(fields["categories"]),
        version=identifier.version,
        url=home_of(identifier.key),
        pdf=pdf_of(identifier.key),
    )
    return Sighting(paper, kind, _date(fields["date"], latest))


def _atom(element: Element) -> dict[str, str]:
    return {
        "id": element.findtext(f"{_ATOM}id", ""),
        "title": element.findtext(f"{_ATOM}title", ""),
        "summary": element.findtext(f"{_ATOM}summary", ""),
        "type": element.findtext(f"{_ARXIV}announce_type", ""),
        "authors": element.findtext(f"{_DC}creator", ""),
        "categories": " ".join(c.get("term", "") for c in element.iter(f"{_ATOM}category")),
        "date": element.findtext(f"{_ATOM}published", ""),
    }


def _rss(element: Element) -> dict[str, str]:
    return {
        "id": element.findtext("guid", ""),
        "title": element.findtext("title", ""),
        "summary": element.findtext("description", ""),
        "type": element.findtext(f"{_ARXIV}announce_type", ""),
        "authors": element.findtext(f"{_DC}creator", ""),
        "categories": " ".join(c.text or "" for c in element.iter("category")),
        "date": element.findtext("pubDate", ""),
    }


def _date(written: str, latest: date) -> date | None:
    """The local date that the service wrote: Atom's ISO date or RSS's mail date."""
    if found := clean_date(written, latest):
        return found
    try:
        return clean_date(parsedate_to_datetime(written).date().isoformat(), latest)
    except (ValueError, TypeError):
        return None
