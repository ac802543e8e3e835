"""Preferences: one page by a signed link, each form on it does one thing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from digest import readers as service
from digest.errors import UsageError
from digest.grammar.schedule import parse_date
from digest.links import Purpose, Token
from digest.model import Reader, ReaderKind
from digest.readers.export import export_of
from digest.readers.library import forget_library
from digest.readers.moving import ask_to_move, stay
from digest.readers.preferences import change_interests, paste_liked, take_back
from digest.web.forms import (
    MANNER,
    Wishes,
    interests_of,
    manner_of,
    schedule_of,
    wishes_of,
    with_room,
    wrong,
)
from digest.web.guards import allow
from digest.web.preferences import DONE, Written, addresses_of, desk_of, vote_sent
from digest.web.site import visit

blueprint = Blueprint("preferences", __name__)

_MOST = 300  # forms of one visitor an hour
GONE = 410


@dataclass(frozen=True, slots=True)
class Visitor:
    """A reader who came by a link, and whether it gets editions."""

    token: str
    reader: Reader
    active: bool


Shown = str | tuple[str, int] | Answer


def visitor(token: str) -> Visitor | None:
    """Whom a link names; None where all that was stored about it is deleted.

    Raises:
        LinkError: for a link that does not hold.
    """
    here = visit()
    said: Token = here.house.links.read(Purpose.PREFERENCES, token, here.now)
    known = here.house.store.readers.linked(said.name)
    return Visitor(token, known.reader, known.active) if known else None


@blueprint.get("/p/<token>")
def page(token: str) -> Shown:
    """Where the reader stands, with a form for each thing that it may change."""
    who = visitor(token)
    if who is None:
        return render_template("deleted.html.j2"), GONE
    return _page(who, Written(), 200)


@blueprint.post("/p/<token>")
def act(token: str) -> Shown:
    """Do the one thing that a form asks for, and show the page again."""
    who = visitor(token)
    if who is None:
        return render_template("deleted.html.j2"), GONE
    allow("preferences", _MOST, timedelta(hours=1))
    done = request.form.get("do", "")
    if done not in _ACTS:
        abort(400)
    if not who.active:
        return _page(who, Written(), 200)
    written = _ACTS[done](who.reader)
    if written is not None:
        return _page(who, written, 400 if written.errors or wrong(list(written.rows)) else 200)
    return redirect(url_for("preferences.page", token=token, done=done, _anchor="done"), 303)


@blueprint.get("/p/<token>/export")
def export(token: str) -> Shown:
    """All that is stored about the reader, as one JSON file."""
    who = visitor(token)
    if who is None:
        return render_template("deleted.html.j2"), GONE
    here = visit()
    pieces = export_of(here.house.store, who.reader, here.now)
    answer = Response(pieces, mimetype="application/json")
    name = f"paper-digest-{here.now:%Y-%m-%d}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@blueprint.get("/p/<token>/delete")
def leaving(token: str) -> Shown:
    """What deleting for good means, and the form that does it."""
    who = visitor(token)
    if who is None:
        return render_template("deleted.html.j2"), GONE
    return _leaving(who, 200)


@blueprint.post("/p/<token>/delete")
def delete(token: str) -> Shown:
    """Delete all that is stored about the reader, where it is sure; again, it changes nothing."""
    who = visitor(token)
    if who is None:
        return render_template("deleted.html.j2")
    if request.form.get("sure") != "yes":
        return _leaving(who, 400, "Tick the box if you are sure: this cannot be undone.")
    service.erase(visit().house.store, who.reader)
    return render_template("deleted.html.j2", done=True)


def _page(who: Visitor, written: Written, status: int) -> tuple[str, int]:
    here = visit()
    with here.house.store.together():
        desk = desk_of(here.house.store, here.house.links, who.reader, here.now, written)
    return render_template(
        "preferences.html.j2",
        token=who.token,
        active=who.active,
        desk=desk,
        done=DONE.get(request.args.get("done", ""), "") if request.method == "GET" else "",
        wrong=status != 200,  # noqa: PLR2004 - as it is sent
    ), status


def _leaving(who: Visitor, status: int, error: str = "") -> tuple[str, int]:
    here = visit()
    return render_template(
        "deleting.html.j2",
        token=who.token,
        reader=who.reader,
        configured=who.reader.kind is ReaderKind.CONFIG,
        addresses=addresses_of(here.house.links, who.reader),
        error=error,
    ), status


def _interests(reader: Reader) -> Written | None:
    interests, rows = interests_of(request.form)
    if wrong(rows):
        return Written(rows=with_room(rows))
    try:
        change_interests(visit().house.store, reader, interests, visit().now)
    except UsageError as error:
        if not rows:
            raise
        longest = max(range(len(rows)), key=lambda place: len(rows[place].text))
        rows[longest] = replace(rows[longest], text_error=str(error))
        return Written(rows=with_room(rows))
    return None


def _volume(reader: Reader) -> Written | None:
    before = Wishes(reader.interests, reader.schedule, reader.limit)
    fields = {"limit": request.form.get("limit", "")}
    wishes, errors = wishes_of(fields, before)
    if errors:
        return Written(fields, errors)
    service.change(visit().house.store, replace(reader, limit=wishes.limit), visit().now)
    return None


def _manner(reader: Reader) -> Written | None:
    manner, errors = manner_of(request.form, reader.manner)
    if errors:
        return Written({name: request.form.get(name, "") for name in MANNER}, errors)
    service.change(visit().house.store, replace(reader, manner=manner), visit().now)
    return None


def _schedule(reader: Reader) -> Written | None:
    schedule, errors = schedule_of(request.form, reader.schedule)
    if errors:
        names = ("hour", "zone", "rhythm", "weekday")
        return Written({name: request.form.get(name, "") for name in names}, errors)
    service.change(visit().house.store, replace(reader, schedule=schedule), visit().now)
    return None


def _pause(reader: Reader) -> Written | None:
    written = request.form.get("until", "")
    try:
        until = parse_date(written)
        service.pause_reader(visit().house.store, reader, until, visit().now)
    except UsageError as error:
        return Written({"until": written}, {"until": str(error)})
    return None


def _resume(reader: Reader) -> Written | None:
    service.end_pause(visit().house.store, reader, visit().now)
    return None


def _paste(reader: Reader) -> Written | None:
    text = request.form.get("papers", "")
    try:
        pasted = paste_liked(visit().house.store, reader, text, visit().now)
    except UsageError as error:
        return Written({"papers": text}, {"papers": str(error)})
    if not pasted.troubles:
        return None
    return Written({"papers": text}, pasted=pasted)


def _forget(reader: Reader) -> Written | None:
    store, name = visit().house.store, request.form.get("library", "")
    if name in dict(store.libraries.origins(reader.row)):  # else it was forgotten before
        forget_library(store, reader, name)
    return None


def _withdraw(reader: Reader) -> Written | None:
    sent = vote_sent(request.form.get("vote", ""))
    if sent is None:
        abort(400)
    take_back(visit().house.store, reader, *sent)
    return None


def _move(reader: Reader) -> Written | None:
    address = request.form.get("address", "")
    try:
        ask_to_move(visit().house.store, reader, address, visit().now)
    except UsageError as error:
        return Written({"address": address}, {"address": str(error)})
    return None


def _stay(reader: Reader) -> Written | None:
    stay(visit().house.store, reader)
    return None


_ACTS: dict[str, Callable[[Reader], Written | None]] = {
    "interests": _interests,
    "volume": _volume,
    "manner": _manner,
    "schedule": _schedule,
    "pause": _pause,
    "resume": _resume,
    "paste": _paste,
    "forget": _forget,
    "withdraw": _withdraw,
    "move": _move,
    "stay": _stay,
}
