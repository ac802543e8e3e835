"""Any RSS or Atom feed: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, as they are found.

An entry becomes a paper by its title; its identity is a DOI or an arXiv id, wherever the entry has
one, else the title.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import BinaryIO
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element

from digest.errors import SourceError
from digest.identity import Identifier, home_of, pdf_of, read_identifier, title_key
from digest.intake.normal import (
    MAX_AUTHORS,
    clean,
    clean_address,
    clean_date,
    clean_names,
    clean_title,
    clean_words,
)
from digest.model import Paper
from digest.sources.plain import MOST, plain
from digest.sources.xml import entries, root

_SPACES = {
    "": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://www.w3.org/2005/Atom": "",
    "http://purl.org/atom/ns#": "",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dc:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
}
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_ROOTS = frozenset(("rss", "rdf:rdf", "feed"))
_DATES = (
    "pubdate", "published", "dc:date", "issued", "dc:issued", "dc:created", "updated", "modified",
    "prism:publicationdate", "prism:coverdate",
)  # fmt: skip
_LONGEST_TAG = 200
_TITLES = 5  # of one entry: looked at until one says something
_TEXTS = ("summary", "description", "dc:abstract", "dc:description", "content:encoded", "content")
_DOI_IN_PATH = re.compile(
    r"/doi/(?:[a-z]{1,12}/){0,2}(10\.\d{4,9}/[^\s?#]{1,200}?)(?:/(?:full|abstract|pdf|epdf|html))?$"
)
_AUTHOR_OF_RSS = re.compile(r"[^\s@]{1,200}@[^\s@]{1,200}\s*\(([^()]{1,200})\)")

Fields = dict[str, list[Element]]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that can be read; `mark` tells it from the others of its feed, over time."""

    paper: Paper
    published: date | None
    mark: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that cannot be read, and why."""

    problem: str
    mark: str


@dataclass(slots=True)
class FeedReader:
    """Reads one answer; the feed's own title is known when some of it was read.

    Args:
        source: who asks, for errors.
        address: where the answer is from, for links that lead from there.
        latest: the last date that an entry can have.
        title: what the feed calls itself.
    """

    source: str
    address: str
    latest: date
    title: str = ""

    def read(self, body: bytes | BinaryIO) -> Iterator[Entry | Unreadable]:
        """Yield the entries in order.

        Raises:
            SourceError: for what is no feed, and for damage, after what stands before it.
        """
        top = root(self.source, body)
        if _name(top.tag) not in _ROOTS:
            shown = clean(str(top.tag).rpartition("}")[2], 40)
            raise SourceError(self.source, f"no feed: an unknown kind of XML (<{shown}>)")
        spaces = {*_SPACES, str(top.tag).rpartition("}")[0].removeprefix("{")}
        base = _joined(self.address, top.get(_BASE, ""))
        found = entries(
            self.source,
            body,
            _tags(spaces, "item", "entry"),
            beside=_tags(spaces, "title"),
            lenient=True,
        )
        for element in found:
            if str(element.tag).endswith("title"):
                self.title = self.title or _title(element)
            else:
                yield self._entry(element, base)

    def _entry(self, element: Element, base: str) -> Entry | Unreadable:
        fields: Fields = {}
        for child in element:
            fields.setdefault(_name(child.tag), []).append(child)
        links = _links(element, fields, base)
        titles = map(_title, fields.get("title", fields.get("dc:title", []))[:_TITLES])
        title = next((one for one in titles if any(sign.isalnum() for sign in one)), "")
        about = next(iter(_texts(fields, "guid", "id") or links), "")
        titled = title_key(title)
        told = f"{about} {titled}"  # there are feeds whose entries share one id
        mark = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:12]
        if not title:
            return Unreadable(f"an entry without a title ({clean(about, 80)!r})", mark)
        known = _identity(element, fields, links)
        key = known.key if known else None
        paper = Paper(
            keys=(key, titled) if key else (titled,),
            title=title,
            abstract=_abstract(fields),
            authors=_authors(fields),
            categories=_categories(fields),
            version=known.version if known else 1,
            url=next(iter(links), None) or (home_of(key) if key else None),
            pdf=pdf_of(key) if key else None,
        )
        return Entry(paper, self._published(fields), mark)

    def _published(self, fields: Fields) -> date | None:
        """The first date that can be right; in UTC, and no later than the latest."""
        for written in _texts(fields, *_DATES):
            if found := clean_date(_iso(written), self.latest):
                return min(found, self.latest)
        return None


def _tags(spaces: set[str], *names: str) -> frozenset[str]:
    return frozenset(f"{{{one}}}{name}" if one else name for one in spaces for name in names)


def _name(tag: str) -> str:
    """An element's name with a prefix of ours, in small letters."""
    return _prefixed(tag) if len(tag) < _LONGEST_TAG else "?"


@lru_cache(maxsize=1_000)
def _prefixed(tag: str) -> str:
    space, _, local = tag.rpartition("}")
    space = space.removeprefix("{")
    prefix = _SPACES.get(space)
    if prefix is None:
        prefix = "prism:" if "prismstandard.org" in space else f"{space}:"
    return (prefix + local).lower()


def _texts(fields: Fields, *names: str) -> list[str]:
    """The texts of these elements, in this order; empty ones are left out."""
    found = (one.text for name in names if name in fields for one in fields[name][:50])
    return [text for text in ((one or "").strip() for one in found) if text]


def _title(element: Element) -> str:
    return clean_title(plain(_written(element)))


def _written(element: Element) -> str:
    """What an element says; XHTML in it without its tags."""
    if len(element) == 0:
        return (element.text or "")[:MOST]
    parts: list[str] = []
    size = 0
    for part in element.itertext():
        parts.append(part)
        size += len(part)
        if size > MOST:
            break
    return " ".join(parts)


def _abstract(fields: Fields) -> str:
    for name in _TEXTS:
        for element in fields.get(name, ())[:5]:
            if text := clean(plain(_written(element))):
                return text
    return ""


def _links(element: Element, fields: Fields, base: str) -> list[str]:
    """Where the entry leads, http(s) only; its own page first."""
    about = element.get(_ABOUT, "")
    base = _joined(base, element.get(_BASE, ""))
    found: list[str] = []
    for link in fields.get("link", ())[:50]:
        if link.get("rel", "alternate") == "alternate":
            written = link.get("href") or link.text or ""
            if written.strip():
                found.append(_joined(_joined(base, link.get(_BASE, "")), written))
    guids = [g.text or "" for g in fields.get("guid", ())[:5] if _leads(g)]
    found += [one for one in (*guids, *_texts(fields, "id", "prism:url"), about) if one]
    cleaned = (clean_address(one) for one in found)
    return list(dict.fromkeys(one for one in cleaned if one))


def _leads(guid: Element) -> bool:
    """Whether an RSS id is an address too."""
    return guid.get("isPermaLink", "true").lower() == "true"


def _joined(base: str, written: str) -> str:
    """An address as seen from another; empty where it is none."""
    try:
        return urljoin(base, written.strip()) if written.strip() else base
    except ValueError:
        return ""


def _identity(element: Element, fields: Fields, links: list[str]) -> Identifier | None:
    """The DOI or arXiv id that an entry has anywhere."""
    for written in _texts(fields, "prism:doi", "dc:identifier", "guid", "id"):
        sure = re.match(r"(?i)10\.|doi:|https?://|oai:arxiv|arxiv:|info:doi/", written)
        if sure and (found := read_identifier(re.sub(r"(?i)^info:doi/", "", written[:500]))):
            return found
    for link in (*links, element.get(_ABOUT, "")):
        if found := read_identifier(link) or _from_path(link):
            return found
    return None


def _from_path(link: str) -> Identifier | None:
    """The DOI in an address as publishers make them: `https://…/doi/abs/10.1000/x`."""
    try:
        path = unquote(urlsplit(link).path)
    except ValueError:
        return None
    found = _DOI_IN_PATH.search(path[:500])
    return read_identifier(found[1]) if found else None


def _authors(fields: Fields) -> tuple[str, ...]:
    people = [one for name in ("author", "contributor") for one in fields.get(name, ())]
    names = [
        child.text or ""
        for one in people[:MAX_AUTHORS]
        for child in one
        if _name(child.tag) == "name"
    ]
    if not names:
        names = _texts(fields, "dc:creator", "author", "dc:contributor")
        names = [match[1] if (match := _AUTHOR_OF_RSS.fullmatch(one)) else one for one in names]
    if len(names) == 1:
        return clean_names(_parted(plain(names[0])))
    return clean_names([plain(one) for one in names])


def _parted(names: str) -> str | list[str]:
    """Names in one text: parted by semicolons, or by commas and "and"; one as `Roe, Jane`."""
    if ";" in names:
        return names.split(";")
    family, comma, given = names.partition(",")
    if comma and " " not in family.strip() and " " not in given.strip() and "," not in given:
        return [f"{given.strip()} {family.strip()}"]
    return names


def _categories(fields: Fields) -> tuple[str, ...]:
    terms = [one.get("term") or one.text or "" for one in fields.get("category", ())[:20]]
    return clean_words([*terms, *_texts(fields, "dc:subject")[:20]])


def _iso(written: str) -> str:
    """A date as ISO text: of ISO 8601 or of a mail's head, in UTC where a zone is named."""
    written = written[:100].strip()
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        try:
            found = parsedate_to_datetime(written)
        except (ValueError, TypeError, IndexError, OverflowError):
            return written
    try:
        return (found.astimezone(UTC) if found.tzinfo else found).date().isoformat()
    except (ValueError, OverflowError):
        return written
