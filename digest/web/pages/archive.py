"""The archive: a reader's editions as a list that can be searched, as pages, and as a feed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, Response, abort, render_template, request, url_for
from werkzeug.exceptions import ServiceUnavailable

from digest.errors import LinkError, UsageError
from digest.letters.compose import ABSTRACTS
from digest.letters.steering import edition_link
from digest.letters.view import LetterView, day_in_words
from digest.links import Purpose, Token
from digest.model import Mood, Reader
from digest.readers.archive import (
    PastPick,
    kept_letter,
    past_picks,
    with_words,
)
from digest.store.archive import Kept, Listed
from digest.store.states import State
from digest.web.lately import keep, keep_stated
from digest.web.linked import follow
from digest.web.papers import PaperView, paper_view, shown
from digest.web.site import visit

blueprint = Blueprint("archive", __name__)

A_PAGE = 50
IN_FEED = 30
TITLES_IN_FEED = 6
MOST_PAGE = 96_000  # bytes: abstracts give way beyond it
MOST_QUESTION = 300
MOST_TITLE = 300
OPENING = 240
_AMONG = ("a",)  # the rest of links of the archive: its editions lead to each other, and back
_MISSED = {
    State.UNCERTAIN: "may not have reached you",
    State.FAILED: "could not be delivered",
    State.EXPIRED: "was not sent in time",
    State.CANCELLED: "was not sent",
    State.QUEUED: "is about to be sent",
}


@dataclass(frozen=True, slots=True)
class Past:
    """An edition in the list: where it is, what it had, and what became of its letter."""

    url: str
    day: str
    subject: str
    papers: str
    missed: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that the search found, and the edition that had it."""

    paper: PaperView
    url: str
    day: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An edition in the feed; `identity` stays, whatever its address becomes."""

    identity: str
    url: str
    title: str
    updated: str
    titles: tuple[str, ...]
    more: int


@blueprint.get("/a/<token>")
def page(token: str) -> str:
    """All editions, the newest first; with a question, the papers in them that answer it."""
    store, number = visit().house.store, _page_number()
    question = shown(request.args.get("q", ""))[:MOST_QUESTION]
    listed: list[Listed] = []
    papers: list[int] = []
    with store.together():
        reader = follow(Purpose.ARCHIVE, token).reader
        if question:
            count, papers = store.archive.held(reader.row)
        else:
            count = store.archive.count(reader.row)
            listed = store.archive.listed(reader.row, (number - 1) * A_PAGE, A_PAGE)
    found, problem = _search(reader, question, papers) if question else ([], "")
    if number > 1 and not listed:
        abort(404)
    return render_template(
        "archive.html.j2",
        here=url_for("archive.page", token=token),
        feed=_path(Purpose.FEED, reader),
        address=reader.address,
        question=question,
        problem=problem,
        found=found,
        past=[_past(reader, one) for one in listed],
        count=count,
        page=number,
        pages=max(1, -(-count // A_PAGE)),
    )


@blueprint.get("/e/<token>")
def edition(token: str) -> str:
    """One edition, with what may be said of its papers; whatever became of its mail.

    A link that does not come from the archive opens no other edition.
    """
    store = visit().house.store
    with store.together():
        link = follow(Purpose.EDITION, token)
        kept = store.archive.edition(link.reader.row, link.day)
    if kept is None or link.token.day is None:
        raise LinkError(f"there is no edition of {day_in_words(link.day)}, or it was deleted")
    reader = link.reader
    among = link.token.rest == _AMONG
    for abstract in ABSTRACTS:
        letter = _letter(reader, kept, abstract)
        text = render_template(
            "edition.html.j2",
            letter=letter,
            day=day_in_words(link.day),
            gone=kept.mood is not Mood.NOTHING and kept.considered and not letter.sections,
            missed=_MISSED.get(kept.state) if kept.state else None,
            earlier=_neighbour(reader, kept.earlier) if among else None,
            later=_neighbour(reader, kept.later) if among else None,
            archive=_path(Purpose.ARCHIVE, reader) if among else "",
        )
        if len(text.encode()) <= MOST_PAGE:
            break
    return text


@blueprint.get("/f/<token>")
def feed(token: str) -> Response:
    """The newest editions as an Atom feed; who has its address reads them, so it is a secret."""
    house = visit().house
    with house.store.together():
        reader = follow(Purpose.FEED, token).reader
        newest = house.store.archive.newest(reader.row, IN_FEED, TITLES_IN_FEED)
        identity = keep_stated("identity", None, house.store.identity)
    entries = [
        Entry(
            _urn(identity, reader, one.date.isoformat()),
            edition_link(house.links, reader, one.date),
            shown(one.subject),
            _stamp(one.made),
            tuple(shown(title)[:MOST_TITLE] for title in titles),
            one.papers - len(titles),
        )
        for one, titles in newest
    ]
    text = render_template(
        "private.atom.j2",
        identity=_urn(identity, reader, "feed"),
        itself=house.links.url(Token(Purpose.FEED, reader.handle)),
        archive=house.links.url(Token(Purpose.ARCHIVE, reader.handle)),
        updated=_stamp(newest[0][0].made if newest else visit().now),
        entries=entries,
    )
    return Response(text, mimetype="application/atom+xml")


def _search(reader: Reader, question: str, papers: list[int]) -> tuple[Sequence[Hit], str]:
    """Those of the papers of a reader's editions that answer a question; what is wrong with it.

    They are ranked as editions are; where that cannot be done, those with all of its words.
    """
    store = visit().house.store
    problem = ""
    try:
        numbers = visit().room.among(question, papers)
    except ServiceUnavailable:
        numbers = with_words(store, reader, question)
    except UsageError as error:
        problem = str(error)
        numbers = with_words(store, reader, question)

    def hits() -> list[Hit]:
        return [_hit(reader, one) for one in past_picks(store, reader, numbers)]

    return keep("hits", (reader.handle, tuple(numbers)), hits), problem


def _letter(reader: Reader, kept: Kept, abstract: int) -> LetterView:
    """An edition as a letter again; it is what reader, picks and papers are, but for counts."""
    here = visit()
    store, links = here.house.store, here.house.links

    def made() -> LetterView:
        return kept_letter(store, links, reader, kept, here.now).view(abstract)

    return keep_stated("letter", (reader, kept, abstract), made)


def _page_number() -> int:
    written = request.args.get("page", "1")
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 6 else 0  # noqa: PLR2004
    return number or abort(404)


def _past(reader: Reader, one: Listed) -> Past:
    return Past(
        _path(Purpose.EDITION, reader, one.date),
        day_in_words(one.date),
        one.subject,
        "1 paper" if one.papers == 1 else f"{one.papers} papers",
        _MISSED.get(one.state, "") if one.state else "",
    )


def _hit(reader: Reader, one: PastPick) -> Hit:
    return Hit(
        paper_view(one.paper, opening=OPENING),
        _path(Purpose.EDITION, reader, one.place.date),
        day_in_words(one.place.date),
    )


def _neighbour(reader: Reader, day: date | None) -> tuple[str, str] | None:
    """Address and date of the edition before or after."""
    return (_path(Purpose.EDITION, reader, day), day_in_words(day)) if day else None


_ENDPOINTS = {
    Purpose.ARCHIVE: "archive.page",
    Purpose.EDITION: "archive.edition",
    Purpose.FEED: "archive.feed",
}


def _path(purpose: Purpose, reader: Reader, day: date | None = None) -> str:
    rest = _AMONG if purpose is Purpose.EDITION else ()
    token = visit().house.links.sign(Token(purpose, reader.handle, day, rest))
    return url_for(_ENDPOINTS[purpose], token=token)


def _urn(identity: str, reader: Reader, what: str) -> str:
    """A name that no key and no address of the site is part of (RFC 4151's purpose, as a UUID)."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{identity} {reader.handle} {what}").urn


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
