"""A new address: the page that a mailbox agrees on; what came of it is said by mail alone."""

from flask import Blueprint, abort, render_template, request

from digest.links import Purpose
from digest.readers.moving import linked_move
from digest.store.moves import Move, Side
from digest.web.site import visit

blueprint = Blueprint("moves", __name__)


@blueprint.get("/m/<token>")
def page(token: str) -> str:
    """What is asked, with a button to agree and one to refuse."""
    move, side = _linked(token)
    agreed = move.old_agrees if side is Side.OLD else move.new_agrees
    return _page(move, side, "agreed" if agreed else "asked")


@blueprint.post("/m/<token>")
def answer(token: str) -> str:
    """Agree or refuse; agreeing again changes nothing, and a refusal ends it."""
    move, side = _linked(token)
    said = request.form.get("answer", "")
    store = visit().house.store
    if said == "yes":
        store.moves.agree(move.nonce, side)
        return _page(move, side, "agreed")
    if said == "no":
        store.moves.drop(move.nonce)
        return _page(move, side, "refused")
    return abort(400)


def _linked(token: str) -> tuple[Move, Side]:
    here = visit()
    said = here.house.links.read(Purpose.MOVE, token, here.now)
    return linked_move(here.house.store, said, here.now)


def _page(move: Move, side: Side, stage: str) -> str:
    """The page of one mailbox; only the old one is shown both addresses."""
    old = move.old if side is Side.OLD else ""
    return render_template("move.html.j2", old=old, new=move.new, stage=stage)
