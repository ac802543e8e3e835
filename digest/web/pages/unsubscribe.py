"""Leaving: one button, or a mail program's one click (RFC 8058); and the way back.

A link of a key that is retired, or long out of use, lets its reader go: such a key may be in other
hands. It shows no address, brings nobody back and deletes nothing.
"""

from datetime import timedelta

from flask import Blueprint, render_template, request

from digest.links import Purpose, Token
from digest.model import ReaderKind
from digest.readers import erase
from digest.readers.leaving import come_back, standing, unsubscribe
from digest.web.guards import allow
from digest.web.site import visit

blueprint = Blueprint("unsubscribe", __name__)

_MOST, _HOUR = 30, timedelta(hours=1)  # times that one may come back; leaving is never refused
ONE_CLICK = ("List-Unsubscribe", "One-Click")


@blueprint.get("/u/<token>")
def page(token: str) -> str:
    """What would be done, with one button that does it."""
    return _page(_link(token), "")


@blueprint.post("/u/<token>")
def leave(token: str) -> str:
    """Do what the form says; a form that says nothing of ours changes nothing."""
    link = _link(token)
    store, now = visit().house.store, visit().now
    name, value = ONE_CLICK
    clicked = request.form.get(name, "").strip() == value  # some end the form with a line end
    if clicked or request.form.get("do") == "leave":
        unsubscribe(store, link.name, now)
        return _page(link, "left")
    if not link.living:
        return _page(link, "")
    if request.form.get("do") == "back":
        allow(f"back {link.name}", _MOST, _HOUR)
        come_back(store, link.name, now)
        return _page(link, "back")
    if request.form.get("do") == "delete":
        return _delete(link)
    return _page(link, "")


def _delete(link: Token) -> str:
    """Delete all that is stored about one who left and is sure of it."""
    store = visit().house.store
    reader = store.readers.unsubscribed(link.name)
    if reader is None:
        return _page(link, "")
    if request.form.get("sure") != "yes":
        return _page(link, "unsure")
    erase(store, reader)
    return _page(link, "deleted")


def _link(token: str) -> Token:
    return visit().house.links.read(Purpose.UNSUBSCRIBE, token, visit().now)


def _page(link: Token, done: str) -> str:
    stands = standing(visit().house.store, link.name)
    reader = stands.reader
    return render_template(
        "unsubscribe.html.j2",
        known=reader is not None,
        address=reader.address if reader and link.living else "",
        wants=stands.wants,
        configured=reader is not None and reader.kind is ReaderKind.CONFIG,
        done=done,
    )
