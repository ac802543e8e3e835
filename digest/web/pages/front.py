"""The front page: the papers of a day, a week or a month, and the box to subscribe."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, render_template, request
from werkzeug.exceptions import NotFound

from digest.letters.parts import topic_view
from digest.topics import kept_topics
from digest.web.lately import keep
from digest.web.listing import BRIEF, FULL, Listing, Sheet, latest_day, list_period
from digest.web.periods import Period, Span, period_of, read_period
from digest.web.site import visit

MOST_AGE = 60  # seconds that anyone may keep a list
_LONGEST_NUMBER = 3

blueprint = Blueprint("front", __name__)


@dataclass(frozen=True, slots=True)
class RisingView:
    """A topic that rises, in words, with key and title of the papers that carry it most."""

    words: str
    said: str
    papers: tuple[tuple[str, str], ...]


@blueprint.get("/")
def page() -> str:
    """The latest day."""
    visit().public = MOST_AGE
    period = latest(Span.DAY)
    if period is None:
        return render_template("front.html.j2", listing=None, latest=True, coming=False)
    return _shown(period, latest_one=True)


@blueprint.get("/day/<written>")
def day(written: str) -> str:
    """A day."""
    return _asked(Span.DAY, written)


@blueprint.get("/week/<written>")
def week(written: str) -> str:
    """The week that a date is in."""
    return _asked(Span.WEEK, written)


@blueprint.get("/month/<written>")
def month(written: str) -> str:
    """A month."""
    return _asked(Span.MONTH, written)


def latest(span: Span) -> Period | None:
    """The period of the latest papers; None where there are none."""
    here = visit()
    store = here.house.store
    found = keep("latest", None, lambda: latest_day(store, here.now.date()))
    return period_of(span, found) if found else None


def listed(period: Period, number: int = 1, sheet: Sheet = FULL) -> Listing:
    """A page of a period; feeds have the fuller ones of any.

    Raises:
        NotFound: where there is no such page.
    """
    store = visit().house.store
    found = keep("list", (period, number, sheet), lambda: list_period(store, period, number, sheet))
    if found is None:
        raise NotFound
    return found


def _asked(span: Span, written: str) -> str:
    visit().public = MOST_AGE
    period = read_period(span, written)
    if period is None:
        abort(404)
    return _shown(period, latest_one=False)


def _shown(period: Period, *, latest_one: bool) -> str:
    written = request.args.get("page", "1")
    if not (written.isascii() and written.isdigit() and len(written) <= _LONGEST_NUMBER):
        abort(404)
    found = listed(period, int(written), FULL if period.span is Span.DAY else BRIEF)
    return render_template(
        "front.html.j2",
        listing=found,
        rising=_rising(found.day) if period.span is Span.WEEK and found.page == 1 else (),
        latest=latest_one,
        coming=period.first > visit().now.date(),
    )


def _rising(day: date) -> tuple[RisingView, ...]:
    """What editions of a date found to rise; nothing is looked for here."""
    store = visit().house.store

    def made() -> tuple[RisingView, ...]:
        return tuple(
            RisingView(
                (told := topic_view(topic, weekly=True)).words,
                told.said,
                tuple((one.paper.key, one.paper.title) for one in topic.carriers),
            )
            for topic in kept_topics(store, day) or ()
        )

    return keep("rising", day, made)
