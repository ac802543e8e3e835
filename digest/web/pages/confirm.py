"""Confirming: the link of the mail shows what would be subscribed, its button does it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template

from digest.grammar.interests import format_interest
from digest.letters.view import day_in_words
from digest.links import Purpose, Token
from digest.localtime import Past, due_date, next_due
from digest.model import Reader
from digest.readers.signups import Confirmation, Standing, confirm, look
from digest.web.site import visit

blueprint = Blueprint("confirm", __name__)

_GONE = 410


@blueprint.get("/c/<token>")
def page(token: str) -> str | tuple[str, int]:
    """What would be subscribed; opened by whoever looks through mails, it changes nothing."""
    store, nonce = visit().house.store, _nonce(token)
    with store.together():
        found = look(store, nonce)
    return _page(found, acted=False)


@blueprint.post("/c/<token>")
def act(token: str) -> str | tuple[str, int]:
    """Subscribe; again, it changes nothing."""
    here = visit()
    return _page(confirm(here.house.store, _nonce(token), here.now), acted=True)


def _nonce(token: str) -> str:
    here = visit()
    return here.house.links.read(Purpose.CONFIRM, token, here.now).name


def _page(found: Confirmation, *, acted: bool) -> str | tuple[str, int]:
    reader = found.reader
    if found.standing is Standing.DEAD or reader is None:
        return render_template("confirm.html.j2", reader=None, links=None), _GONE
    links, today = visit().house.links, visit().now.date()
    open_to = {
        "preferences": links.url(Token(Purpose.PREFERENCES, reader.handle, today)),
        "archive": links.url(Token(Purpose.ARCHIVE, reader.handle)),
    }
    done = found.standing is Standing.DONE
    return render_template(
        "confirm.html.j2",
        reader=reader,
        interests=[format_interest(interest) for interest in reader.interests],
        done=done,
        links=open_to if done and acted else None,
        first=_first(reader, visit().now),
    )


def _first(reader: Reader, now: datetime) -> str:
    """When the first edition comes, in words."""
    store, zone = visit().house.store, ZoneInfo(reader.schedule.zone)
    due = due_date(reader.schedule, Past(since=now), now)
    served = due is not None and reader.number and store.editions.exists(reader.number, due)
    if due is not None and not served:
        return "within minutes, where there are new papers today"
    moment = next_due(reader.schedule, now)
    if moment is None:
        return "when your pause is over"
    local = moment.astimezone(zone)
    return f"on {day_in_words(local.date())}, from {local:%H:%M} ({reader.schedule.zone})"
