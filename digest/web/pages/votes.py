"""Votes: a link in a letter shows the paper and four buttons; only a button says anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, abort, render_template, request, url_for

from digest.errors import LinkError
from digest.letters.steering import LETTERS
from digest.letters.view import day_in_words
from digest.letters.words import named
from digest.links import Purpose, Token
from digest.model import Vote, VoteKind
from digest.readers.archive import as_in_letters
from digest.readers.votes import vote_on_pick
from digest.web.guards import allow
from digest.web.linked import KINDS, Followed, Meant, follow, pick_meant, vote_in
from digest.web.site import visit

blueprint = Blueprint("votes", __name__)

_MOST, _HOUR = 300, timedelta(hours=1)  # votes of one reader from one place
ABSTRACT = 320  # characters: on a phone the buttons stand below it, in sight
_SAYS = {
    VoteKind.MORE: "More like this",
    VoteKind.LESS: "Less like this",
    VoteKind.MUTE: "Mute: nothing like this",
    VoteKind.SAVE: "Save for later",
}
_SAID = {
    VoteKind.MORE: "You asked for more like this",
    VoteKind.LESS: "You asked for less like this",
    VoteKind.MUTE: "You asked for nothing like this",
    VoteKind.SAVE: "It is on your reading list",
}
_DONE = {
    VoteKind.MORE: "More papers like this one will come.",
    VoteKind.LESS: "Papers like this one will come less often.",
    VoteKind.MUTE: "Papers that say the same will come no more.",
    VoteKind.SAVE: "It is on your reading list, and papers like it will come more often.",
}
_UNDONE = "It counts no more: the next edition will not know of it."


@dataclass(frozen=True, slots=True)
class Button:
    """One thing to say of a paper: how it is written in the form, and in words."""

    letter: str
    label: str
    first: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a paper, and how its undoing is written in the form."""

    letter: str
    words: str
    day: str


@blueprint.get("/v/<token>")
def page(token: str) -> str:
    """The paper, what was said of it so far, and the buttons; the linked one stands first."""
    with visit().house.store.together():
        link = follow(Purpose.VOTE, token)
        position, kind = vote_in(link.token)
        meant, votes = pick_meant(link, position), votes_so_far(link)
        return _page(link, meant, votes, kind, "")


@blueprint.post("/v/<token>")
def cast(token: str) -> str:
    """Say it, or take it back; the last word counts, and saying it again changes nothing."""
    link = follow(Purpose.VOTE, token)
    allow(f"vote {link.reader.handle}", _MOST, _HOUR)
    position, kind = vote_in(link.token)
    meant = pick_meant(link, position)
    here = visit()
    if (undone := request.form.get("undo")) is not None:
        here.house.store.votes.withdraw(link.reader.row, meant.pick.paper, _kind(undone))
        return _page(link, meant, votes_so_far(link), kind, _UNDONE)
    if (written := request.form.get("vote")) is not None:
        kind = _kind(written)
    if vote_on_pick(here.house.store, link.reader, meant.pick, kind, here.now) is None:
        raise LinkError("the paper, or all that is stored about you, was deleted just now")
    return _page(link, meant, votes_so_far(link), kind, _DONE[kind])


def buttons(first: VoteKind | None) -> list[Button]:
    """The buttons, the one that is meant before all others."""
    kinds = sorted(LETTERS, key=lambda kind: kind is not first)
    return [Button(LETTERS[kind], _SAYS[kind], kind is first) for kind in kinds]


def votes_so_far(link: Followed) -> list[Vote]:
    """All that the reader has said."""
    return visit().house.store.votes.of([link.reader.row]).get(link.reader.row, [])


def said_of(votes: Sequence[Vote], paper: int) -> list[Said]:
    """What a reader's votes say of a paper."""
    return [_said(vote) for vote in votes if vote.paper == paper]


def vote_address(link: Followed, position: int) -> str:
    """Where the buttons of a pick send what they say."""
    said = (f"{position}{LETTERS[VoteKind.MORE]}",)
    token = Token(Purpose.VOTE, link.reader.handle, link.day, said)
    return url_for("votes.page", token=visit().house.links.sign(token))


def _page(link: Followed, meant: Meant, votes: Sequence[Vote], first: VoteKind, done: str) -> str:
    pick = meant.pick
    why = Token(Purpose.WHY, link.reader.handle, link.day, (str(pick.position),))
    edition = Token(Purpose.EDITION, link.reader.handle, link.day)
    links = visit().house.links
    said = said_of(votes, pick.paper)
    standing = {one.letter for one in said}
    shown = buttons(first)
    return render_template(
        "vote.html.j2",
        paper=meant.view(ABSTRACT),
        buttons=[one for one in shown if one.letter not in standing] if done else shown,
        said=said,
        done=done,
        position=pick.position,
        day=day_in_words(link.day),
        interest=named(as_in_letters(visit().house.store, link.reader), pick.interest)
        if pick.interest
        else "",
        why=url_for("why.page", token=links.sign(why)),
        edition=url_for("archive.edition", token=links.sign(edition)),
    )


def _kind(written: str) -> VoteKind:
    return KINDS.get(written) or abort(400)


def _said(vote: Vote) -> Said:
    return Said(LETTERS[vote.kind], _SAID[vote.kind], f"{vote.at:%Y-%m-%d}")
