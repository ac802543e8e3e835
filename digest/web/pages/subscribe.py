"""Subscribing: a form that shows today's edition first; what it is sent with, the mailbox confirms.

The answer says the same of every address, whether it is known here or not.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from zoneinfo import available_timezones

from flask import Blueprint, render_template, request

from digest.errors import LinkError, UsageError
from digest.grammar.dial import dial_in_full
from digest.links import INVITATION_DAYS, Purpose
from digest.model import Schedule
from digest.readers.signups import ask, parse_personal
from digest.web.forms import (
    ABSTRACTS,
    MANNER,
    Wishes,
    dials,
    manner_fields,
    quiet_days,
    rhythms,
    schedule_fields,
    weekdays,
    wishes_of,
)
from digest.web.guards import allow
from digest.web.previews import Preview, preview_of
from digest.web.site import visit

blueprint = Blueprint("subscribe", __name__)

_MOST = 10  # forms of one visitor an hour
_HOUR = timedelta(hours=1)
_FOLDED = ("hour", "zone", "rhythm", "weekday", "limit")  # fields that are shown on demand

Shown = str | tuple[str, int] | tuple[str, int, dict[str, str]]
Fields = Mapping[str, str]


@blueprint.get("/subscribe")
def page() -> Shown:
    """The form; interests may be filled in already, an address never is."""
    kept = {name: request.args.get(name, "") for name in ("interests", "invite")}
    if (closed := _closed(kept["invite"])) is not None:
        return closed
    return _form(kept, {}, preview_of(kept), 200)


@blueprint.post("/subscribe")
def send() -> Shown:
    """Write down a wish, or show what it would bring today."""
    sent = request.form
    if (closed := _closed(sent.get("invite", ""))) is not None:
        return closed
    here = visit()
    wishes, errors = wishes_of(sent, _usual())
    if sent.get("do") == "preview":
        return _form(sent, errors, preview_of(sent), 200)
    try:
        address = parse_personal(sent.get("address", ""))
    except UsageError as error:
        errors["address"] = str(error)
    if errors:
        return _form(sent, errors, None, 400)
    allow("subscribe", _MOST, _HOUR)
    usual, schedule, limit = _usual(), wishes.schedule, wishes.limit
    manner = None if sent.keys().isdisjoint(MANNER) else wishes.manner
    try:
        taken = ask(
            here.house.store,
            address,
            wishes.interests,
            schedule,
            limit,
            here.now,
            manner,
            usual.manner,
        )
    except UsageError as error:
        return _form(sent, {"interests": str(error)}, None, 400)
    if not taken:
        return render_template("subscribe_busy.html.j2"), 503, {"Retry-After": "3600"}
    return render_template("subscribe_done.html.j2", address=address)


def _closed(invite: str) -> Shown | None:
    """Why nobody, or nobody without an invitation, can subscribe; None where the form is open."""
    here = visit()
    joining = here.house.settings.subscribe
    if joining == "open":
        return None
    if joining == "invite" and invite:
        try:
            here.house.links.read(Purpose.INVITE, invite, here.now)
        except LinkError:
            return _refusal(
                "This invitation does not work",
                f"Invitations hold for {INVITATION_DAYS} days at most, and their link has to be "
                "whole. Look whether yours is, or ask whoever invited you for another one.",
                404,
            )
        return None
    if joining == "invite":
        return _refusal(
            "By invitation",
            "Who was invited can subscribe here: open the link of the invitation.",
            403,
        )
    return _refusal(
        "Nobody can subscribe here",
        "Whoever runs this site adds readers by hand: ask there.",
        404,
    )


def _refusal(title: str, text: str, status: int) -> Shown:
    return render_template("error.html.j2", title=title, text=text, lost=False), status


def _usual() -> Wishes:
    """What is asked for where the form says nothing."""
    settings = visit().house.settings
    return Wishes((), Schedule(7 * 60, settings.zone), settings.limit, settings.manner)


def _form(sent: Fields, errors: Mapping[str, str], preview: Preview | None, status: int) -> Shown:
    usual = _usual()
    before = {
        "address": "",
        "interests": "",
        "invite": "",
        "limit": str(usual.limit),
        **schedule_fields(usual.schedule),
        **manner_fields(usual.manner),
    }
    fields = {name: sent.get(name, value) for name, value in before.items()}
    wrong = dict(errors)
    if preview is not None and preview.wrong:
        wrong.setdefault("interests", preview.wrong)
    shown = render_template(
        "subscribe.html.j2",
        fields=fields,
        errors=wrong,
        usual=before,
        preview=preview or Preview(),
        rhythms=rhythms(usual.schedule),
        weekdays=weekdays(),
        zones=_zones(),
        guess="zone" not in sent,
        unfolded=not wrong.keys().isdisjoint(_FOLDED),
        dials=dials(usual.manner),
        quiet_days=quiet_days(),
        abstracts=ABSTRACTS,
        usually=dial_in_full(usual.manner.dial),
        manner_unfolded=any(name in wrong or fields[name] != before[name] for name in MANNER),
    )
    return shown, status


@cache
def _zones() -> tuple[str, ...]:
    """The zones that people live in, by name."""
    aside = ("Etc/", "SystemV/", "US/", "posix/", "right/")
    named = (zone for zone in available_timezones() if "/" in zone and not zone.startswith(aside))
    return ("UTC", *sorted(named))
