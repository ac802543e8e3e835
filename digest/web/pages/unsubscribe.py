"""Leaving: one button, or a mail program's one click (RFC 8058); and the way back."""

from flask import Blueprint, render_template, request

from digest.links import Purpose
from digest.model import ReaderKind
from digest.readers import erase
from digest.readers.leaving import come_back, standing, unsubscribe
from digest.web.site import visit

blueprint = Blueprint("unsubscribe", __name__)

ONE_CLICK = ("List-Unsubscribe", "One-Click")


@blueprint.get("/u/<token>")
def page(token: str) -> str:
    """What would be done, with one button that does it."""
    return _page(_handle(token), "")


@blueprint.post("/u/<token>")
def leave(token: str) -> str:
    """Do what the form says; a form that says nothing of ours changes nothing."""
    handle = _handle(token)
    store, now = visit().house.store, visit().now
    name, value = ONE_CLICK
    if request.form.get(name) == value or request.form.get("do") == "leave":
        unsubscribe(store, handle, now)
        return _page(handle, "left")
    if request.form.get("do") == "back":
        come_back(store, handle, now)
        return _page(handle, "back")
    if request.form.get("do") == "delete":
        return _delete(handle)
    return _page(handle, "")


def _delete(handle: str) -> str:
    """Delete all that is stored about one who left and is sure of it."""
    store = visit().house.store
    reader = store.readers.unsubscribed(handle)
    if reader is None:
        return _page(handle, "")
    if request.form.get("sure") != "yes":
        return _page(handle, "unsure")
    erase(store, reader)
    return _page(handle, "deleted")


def _handle(token: str) -> str:
    return visit().house.links.read(Purpose.UNSUBSCRIBE, token, visit().now).name


def _page(handle: str, done: str) -> str:
    stands = standing(visit().house.store, handle)
    reader = stands.reader
    return render_template(
        "unsubscribe.html.j2",
        address=reader.address if reader else "",
        wants=stands.wants,
        configured=reader is not None and reader.kind is ReaderKind.CONFIG,
        done=done,
    )
