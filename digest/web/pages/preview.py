"""The preview: today's edition for interests, as a page and as a part of one."""

from flask import Blueprint, render_template, request

from digest.web.previews import preview_of
from digest.web.site import visit

blueprint = Blueprint("preview", __name__)

_MOST_AGE = 60  # seconds


@blueprint.get("/preview")
def page() -> str | tuple[str, int]:
    """A form for interests, and today's edition for them."""
    interests = request.args.get("interests", "")
    preview = preview_of(request.args)
    visit().public = _MOST_AGE
    shown = render_template("preview.html.j2", interests=interests, preview=preview)
    return (shown, 400) if preview.wrong else shown


@blueprint.get("/preview/part")
def part() -> str:
    """The edition alone, by interests and dial, for the script of the form."""
    visit().public = _MOST_AGE
    preview = preview_of(request.args)
    return render_template("preview_part.html.j2", preview=preview)
