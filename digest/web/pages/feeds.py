"""Feeds of every list, as Atom (RFC 4287) and as RSS 2.0."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from html import escape

from flask import Blueprint, Response, render_template, url_for

from digest.errors import UsageError
from digest.web.pages import front, search
from digest.web.papers import PaperView
from digest.web.periods import Span
from digest.web.site import origin, visit

blueprint = Blueprint("feeds", __name__)

_FORM = "<any(atom,rss):form>"
_TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper of a feed; `updated` is the date of its announcement, midnight UTC.

    `page` is the address of its page here; `html` is the opening as markup that is text, since
    readers of RSS take a description for markup.
    """

    paper: PaperView
    identity: str
    page: str
    updated: datetime
    html: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A list, ready to be set; all addresses are whole."""

    title: str
    identity: str
    itself: str
    page: str
    updated: datetime
    entries: tuple[Entry, ...]


@blueprint.get(f"/<any(day,week,month):span>.{_FORM}")
def listed(span: str, form: str) -> Response:
    """The latest day, week or month."""
    found = front.latest(Span(span))
    papers = front.listed(found).papers if found else ()
    title = f"The Paper Digest: {found.words}" if found else "The Paper Digest"
    page = url_for(f"front.{span}", written=found.address) if found else url_for("front.page")
    itself = url_for("feeds.listed", span=span, form=form)
    return _answer(title, span, (itself, page), papers, form)


@blueprint.get(f"/search.{_FORM}")
def found(form: str) -> Response:
    """What a search finds, the newest first."""
    asked = search.read_question()
    if asked.wrong or not asked.text:
        raise UsageError(asked.text_error or asked.since_error or "Say what to look for: ?q=owls")
    papers = sorted(search.papers_for(asked), key=_announced, reverse=True)
    text, since = asked.text, asked.since_text or None
    itself = url_for("feeds.found", form=form, q=text, since=since)
    page = url_for("search.page", q=text, since=since)
    name = f"search {asked.text} {asked.since_text}".rstrip()
    return _answer(f"The Paper Digest: {asked.words}", name, (itself, page), papers, form)


def _answer(
    title: str, name: str, places: tuple[str, str], papers: Sequence[PaperView], form: str
) -> Response:
    """A feed; its places are its own and that of the page with the same papers."""
    itself, page = places
    base = origin()
    entries = tuple(_entry(paper, base) for paper in papers)
    feed = Feed(
        title=title,
        identity=_identity(f"list {name}"),
        itself=base + itself,
        page=base + page,
        updated=max((entry.updated for entry in entries), default=_midnight(visit().now.date())),
        entries=entries,
    )
    visit().public = front.MOST_AGE
    text = render_template(f"feed.{form}.j2", feed=feed, rfc822=format_datetime)
    return Response(text, mimetype=_TYPES[form])


def _entry(paper: PaperView, base: str) -> Entry:
    return Entry(
        paper=paper,
        identity=_identity(paper.key),
        page=base + url_for("paper.page", written=paper.key),
        updated=_midnight(paper.announced or visit().now.date()),
        html=escape(paper.abstract),
    )


def _announced(paper: PaperView) -> date:
    return paper.announced or date.min


def _identity(name: str) -> str:
    """The same for the same name, wherever these pages move."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"digest {name}").urn


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
