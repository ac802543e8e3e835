"""The page of one paper: all that is known of it, its upvotes over time, and papers like it."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, render_template
from werkzeug.exceptions import ServiceUnavailable

from digest.identity import read_identifier
from digest.model import UPVOTES, Announcement, Signal
from digest.store import Store
from digest.store.lists import Told
from digest.web.curve import Curve, curve_of
from digest.web.lately import keep
from digest.web.papers import PaperView, page_of, paper_view, shown, source_in_words
from digest.web.periods import date_in_words
from digest.web.site import visit

MOST_AGE = 300  # seconds that anyone may keep a paper's page
MOST_SIMILAR = 6
_MOST_AUTHORS = 200
_MOST_EVENTS = 40
_LONGEST_KEY = 300
_MOST_BYTES_ALIKE = 12_000
_WHOLE = 20_000

blueprint = Blueprint("paper", __name__)

_KINDS = {  # looking a paper up for a reader is not told
    Announcement.NEW: "new",
    Announcement.CROSS: "cross-listed",
    Announcement.FEATURED: "featured",
    Announcement.REPLACE: "a new version",
    Announcement.REPLACE_CROSS: "a new version, cross-listed",
}


@dataclass(frozen=True, slots=True)
class Event:
    """A source that told of the paper: who, how, and on which date in words and for machines.

    A file of the owner's tells nothing but its paper: `kind` is empty.
    """

    source: str
    kind: str
    day: str
    iso: str


@dataclass(frozen=True, slots=True)
class WholePaper:
    """All of a paper; `view` has what lists show too."""

    view: PaperView
    authors: str
    categories: str
    keys: tuple[str, ...]
    version: int
    announced: str
    announced_iso: str
    events: tuple[Event, ...]
    curve: Curve | None
    counted: str


@blueprint.get("/paper/<path:written>", merge_slashes=False)
def page(written: str) -> str:
    """A paper by any of its keys, or by an id as people write it."""
    store = visit().house.store
    found = keep("paper", written, lambda: _whole(store, written))
    if found is None:
        abort(404)
    number = found.view.number
    visit().public = MOST_AGE
    try:
        alike = keep("alike", number, lambda: _alike(number))
    except ServiceUnavailable:  # the room is full: the paper itself can be shown
        alike, visit().public = (), None
    return render_template("paper.html.j2", paper=found, alike=alike)


def _whole(store: Store, written: str) -> WholePaper | None:
    number = _number(store, written)
    stored = store.papers.by_numbers([number]).get(number) if number else None
    if stored is None:
        return None
    events = [told for told in store.lists.told(stored.number) if told.kind in _KINDS]
    if not events:  # of somebody's own library alone, and nobody else's business
        return None
    paper = stored.paper
    series = store.counts.curves([stored.number], UPVOTES).get(stored.number, ())
    names = [shown(author) for author in paper.authors[:_MOST_AUTHORS]]
    more = len(paper.authors) - len(names)
    return WholePaper(
        view=paper_view(stored, series, _WHOLE),
        authors=", ".join(names) + (f" and {more:,} others" if more else ""),
        categories=", ".join(map(shown, paper.categories)),
        keys=tuple(key for key in paper.keys if not key.startswith("title:")),
        version=paper.version,
        announced=date_in_words(stored.announced) if stored.announced else "",
        announced_iso=stored.announced.isoformat() if stored.announced else "",
        events=tuple(_event(told) for told in events[-_MOST_EVENTS:]),
        curve=curve_of(series, "upvotes"),
        counted=_counted(series),
    )


def _number(store: Store, written: str) -> int | None:
    """The row of the paper that is meant; None where there is none."""
    if len(written) > _LONGEST_KEY or not written.isprintable():
        return None
    identifier = read_identifier(written)
    keys = [written, identifier.key] if identifier else [written]
    found = store.papers.numbers_by_keys(keys)
    return next((found[key] for key in keys if key in found), None)


def _alike(number: int) -> tuple[PaperView, ...]:
    here = visit()
    stored = here.room.similar(number, MOST_SIMILAR)
    series = here.house.store.counts.curves([one.number for one in stored], UPVOTES)
    return page_of(stored, series, most=_MOST_BYTES_ALIKE)


def _event(told: Told) -> Event:
    source, kind = source_in_words(told.source), _KINDS[told.kind]
    if told.source == "file":
        source, kind = "Read from a file", ""
    return Event(source, kind, _day(told.date), told.date.isoformat())


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _counted(series: tuple[Signal, ...]) -> str:
    """When upvotes were counted last."""
    if not series:
        return ""
    last = series[-1].observed
    return f"on {last.day} {last:%B %Y at %H:%M} UTC"
