"""A paper as pages and feeds show it: texts ready to be set, nothing left to decide."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Final
from urllib.parse import quote, urlsplit

from digest.intake.normal import clean_address
from digest.letters.words import cut
from digest.model import COMMENTS, STARS, Signal, StoredPaper
from digest.web.curve import Trend, trend_of

OPENING = 420
MOST_BYTES = 84_000  # of the papers of one page; what stands around them takes less than the rest
_SHORT_OPENING = 160
_TITLE, _SHORT_TITLE = 300, 120
_NAME, _SHORT_NAME = 80, 30
_AUTHORS = 4
_CATEGORIES = 3
_KEY = 120  # characters of an address
_AROUND = 480  # bytes of tags of one paper
_LINK_AROUND = 40

# Control and direction characters, and what XML 1.0 cannot hold: kept out at the sources' border,
# and here as well, since a feed with one of them cannot be read at all.
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]+"
)
_SOURCES = {"arxiv": "arXiv", "huggingface": "Hugging Face Daily Papers"}


@dataclass(frozen=True, slots=True)
class Link:
    """An address outside, with the word that stands for it."""

    label: str
    url: str

    @property
    def host(self) -> str:
        """Whose address it is."""
        return (urlsplit(self.url).hostname or "").removeprefix("www.")


@dataclass(frozen=True, slots=True)
class PaperView:
    """One paper in a list; empty texts are left out.

    `key` is one that leads to its page. `upvotes`, `comments` and `stars` are in words (`12
    upvotes`); `note` is what a page has to say of it, such as how well it fits.
    """

    number: int
    key: str
    title: str
    byline: str
    categories: tuple[str, ...]
    abstract: str
    announced: date | None
    sources: str
    upvotes: str
    comments: str
    stars: str
    trend: Trend | None
    links: tuple[Link, ...]
    note: str = ""


def shown(text: str) -> str:
    """Text without characters that hide, or turn the direction of, what is read."""
    return " ".join(_HIDDEN.sub(" ", text).split())


def paper_view(
    stored: StoredPaper, series: Sequence[Signal] = (), opening: int = OPENING, note: str = ""
) -> PaperView:
    """A paper for a list.

    Args:
        stored: the paper with its latest counts.
        series: its upvotes in order of time, for the trend.
        opening: how many characters of the abstract; with none, all else is short too.
        note: what the page has to say of it.
    """
    paper = stored.paper
    return PaperView(
        number=stored.number,
        key=_leading(paper.keys),
        title=cut(shown(paper.title), _TITLE if opening else _SHORT_TITLE),
        byline=byline(paper.authors, _NAME if opening else _SHORT_NAME),
        categories=tuple(shown(category) for category in paper.categories[:_CATEGORIES])
        if opening
        else (),
        abstract=cut(shown(paper.abstract), opening) if opening else "",
        announced=stored.announced,
        sources=sources_in_words(stored.sources),
        upvotes=_counted(stored.upvotes, "upvote"),
        comments=_counted(stored.signals.get(COMMENTS), "comment"),
        stars=_counted(stored.signals.get(STARS), "star"),
        trend=trend_of(series),
        links=links_of(stored) if opening else (),
        note=note,
    )


def page_of(
    papers: Iterable[StoredPaper],
    series: Mapping[int, Sequence[Signal]] | None = None,
    notes: Mapping[int, str] | None = None,
    most: int = MOST_BYTES,
    opening: int = OPENING,
) -> tuple[PaperView, ...]:
    """The papers of one page; abstracts give way where they would take more than `most` bytes.

    Args:
        papers: in their order.
        series: the upvotes of each over time, by row.
        notes: what the page has to say of each, by row.
        most: bytes, about.
        opening: how many characters of each abstract, where there is room.
    """
    every = list(papers)
    series, notes = series or {}, notes or {}

    def view(stored: StoredPaper, letters: int) -> PaperView:
        number = stored.number
        return paper_view(stored, series.get(number, ()), letters, notes.get(number, ""))

    views = [view(stored, opening) for stored in every]
    if sum(map(_weight, views)) <= most:
        return tuple(views)
    shortest = [view(stored, 0) for stored in every]
    left = most - sum(map(_weight, shortest))
    views = []
    for stored, short in zip(every, shortest, strict=True):
        longer = (view(stored, letters) for letters in (opening, _SHORT_OPENING))
        chosen = next((one for one in longer if _weight(one) - _weight(short) <= left), short)
        left -= _weight(chosen) - _weight(short)
        views.append(chosen)
    return tuple(views)


def links_of(stored: StoredPaper) -> tuple[Link, ...]:
    """Where a paper is found: http and https only, each address once."""
    paper = stored.paper
    named = (
        ("Abstract", paper.url),
        ("PDF", paper.pdf),
        ("Code", paper.code),
        ("Project", paper.project),
    )
    found: dict[str, str] = {}
    for label, url in named:
        if address := clean_address(url):
            found.setdefault(address, label)
    return tuple(Link(label, address) for address, label in found.items())


def source_in_words(source: str) -> str:
    """A source as readers know it."""
    return _SOURCES.get(source, shown(source))


def sources_in_words(sources: Iterable[str]) -> str:
    """Who announced a paper; a file of the owner's says nothing to others."""
    return ", ".join(source_in_words(source) for source in sources if source != "file")


def byline(authors: Sequence[str], most: int = _NAME) -> str:
    """The first authors, and how many there are more; each name of bounded length."""
    names = [cut(shown(author), most) for author in authors[:_AUTHORS]]
    more = len(authors) - _AUTHORS + 1
    if more > 1:
        return f"{', '.join(names[:-1])} and {more} others"
    return ", ".join(names)


def _counted(count: int | None, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}" if count else ""


def _leading(keys: Sequence[str]) -> str:
    """The strongest key that is short in an address, else the shortest there is."""
    short = (key for key in keys if len(quote(key)) <= _KEY)
    return next(short, None) or min(keys, key=lambda key: len(quote(key)))


def _weight(view: PaperView) -> int:
    """About how many bytes a paper takes in a page."""
    texts = (view.title, view.byline, view.abstract, view.sources, view.note, *view.categories)
    said = sum(len(escape(text).encode()) for text in texts)
    links = sum(len(escape(link.url)) + _LINK_AROUND for link in view.links)
    trend = len(view.trend.points) + len(view.trend.words) if view.trend else 0
    return _AROUND + len(quote(view.key)) + said + links + trend
