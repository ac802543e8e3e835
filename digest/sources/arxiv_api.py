"""arXiv's API: pages of papers by time of submission, with how many there are in all.

Later pages are at times empty although the service says that there is more: such a page is asked
for again, and what it lacks then is unknown, never "no papers".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO
from xml.etree.ElementTree import Element

from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.intake.normal import clean, clean_count, clean_time
from digest.model import Paper
from digest.sources import Parsed
from digest.sources.arxiv_paper import NAME, arxiv_paper, query_of
from digest.sources.xml import entries, root_tag

PAGE = 1000
MOST = 30_000  # results that the service gives out for one query
TRIES = 3  # for a page that lacks papers

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_ENTRY = f"{_ATOM}entry"
_TOTAL = f"{_SEARCH}totalResults"
_A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Found:
    """A paper as the API shows it: its newest version, and when its first was submitted (UTC)."""

    paper: Paper
    submitted: datetime | None


@dataclass(slots=True)
class Page:
    """A part of an answer: `total` results in all (None: not said), `entries` of them here."""

    total: int | None = None
    entries: int = 0
    found: list[Found] = field(default_factory=list)
    parsed: Parsed = field(default_factory=Parsed)

    def lacks(self, start: int) -> bool:
        """Whether there are fewer papers than the service says that there are from `start` on."""
        return self.total is None or self.entries < min(PAGE, self.total - start)


@dataclass(frozen=True, slots=True)
class Query:
    """Papers in any of some categories, submitted in a span of time (UTC, the end without)."""

    categories: tuple[str, ...]
    first: datetime
    end: datetime

    def written(self) -> str:
        """As the API reads it: minutes in GMT, the last one included."""
        parts = " OR ".join(query_of(category) for category in self.categories)
        cats = f"({parts})" if len(self.categories) > 1 else parts
        last = self.end - _A_MINUTE
        return f"{cats} AND submittedDate:[{self.first:%Y%m%d%H%M} TO {last:%Y%m%d%H%M}]"


@dataclass(frozen=True, slots=True)
class ArxivApi:
    """Asks the API, page by page."""

    session: PoliteSession
    address: str

    def page(self, query: Query, start: int, left: float) -> Page:
        """The results from `start` on, at most `PAGE`; a page that lacks some is asked for again.

        Raises:
            SourceError: when there is no answer, or an error instead of one.
        """
        best = Page()
        for before in range(TRIES):
            page = self._ask(query, start, left)
            if best.total is None or page.entries > best.entries:
                best = page
            # "None at all" is asked for twice: it may be the answer that is empty by mistake.
            if not best.lacks(start) and (best.total or before):
                break
        return best

    def _ask(self, query: Query, start: int, left: float) -> Page:
        asked = {
            "search_query": query.written(),
            "start": str(start),
            "max_results": str(PAGE),
            "sortBy": "submittedDate",
            "sortOrder": "ascending",
        }
        accept = "application/atom+xml"
        with self.session.open(NAME, self.address, asked, accept, left=left) as answer:
            return read_page(answer.body)


def read_page(body: bytes | BinaryIO) -> Page:
    """Read an answer of the API.

    Raises:
        SourceError: for anything but a feed, for damage, and for the error entry.
    """
    page = Page()
    for element in _elements(body):
        if element.tag == _TOTAL:
            page.total = clean_count(element.text)
            continue
        page.entries += 1
        refuse_error(element, NAME)
        paper = paper_of(element)
        if isinstance(paper, str):
            page.parsed.trouble(paper)
            continue
        written = element.findtext(f"{_ATOM}published", "")
        page.found.append(Found(paper, clean_time(written)))
    return page


def refuse_error(element: Element, source: str) -> None:
    """See that an entry is none of those by which the API reports errors.

    Raises:
        SourceError: with what the service says.
    """
    if "/api/errors" in element.findtext(f"{_ATOM}id", ""):
        said = clean(element.findtext(f"{_ATOM}summary", ""), 200)
        raise SourceError(source, f"the service reports an error: {said}")


def paper_of(element: Element) -> Paper | str:
    """The paper of an entry, or what is wrong with it."""
    primary = element.find(f"{_ARXIV}primary_category")
    first = [primary.get("term", "")] if primary is not None else []
    return arxiv_paper(
        element.findtext(f"{_ATOM}id", ""),
        element.findtext(f"{_ATOM}title", ""),
        element.findtext(f"{_ATOM}summary", ""),
        [author.findtext(f"{_ATOM}name", "") for author in element.iter(f"{_ATOM}author")],
        [*first, *(category.get("term", "") for category in element.iter(f"{_ATOM}category"))],
        element.findtext(f"{_ARXIV}doi", ""),
    )


def papers_of(body: bytes, source: str) -> tuple[Sequence[Paper], Sequence[str]]:
    """The papers of an answer, and what is wrong with the other entries.

    Raises:
        SourceError: as `read_page`, in the name of `source`.
    """
    papers, troubles = [], []
    for element in _elements(body, source):
        if element.tag == _ENTRY:
            refuse_error(element, source)
            paper = paper_of(element)
            troubles.append(paper) if isinstance(paper, str) else papers.append(paper)
    return papers, troubles


def _elements(body: bytes | BinaryIO, source: str = NAME) -> Iterator[Element]:
    tag = root_tag(source, body)
    if tag != f"{_ATOM}feed":
        raise SourceError(source, f"an unknown kind of XML (<{tag}>) from the API")
    return entries(source, body, frozenset((_ENTRY, _TOTAL)))
