"""Why this paper: the account of a pick's score, what adds up to it, and the four votes."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template, url_for
from werkzeug.exceptions import ServiceUnavailable

from digest.account import Account, Weighed
from digest.account.words import addends, as_addend, outcome, reach
from digest.errors import UsageError
from digest.letters.picks import reasons_in_words
from digest.letters.view import day_in_words
from digest.letters.words import figure, named
from digest.links import Purpose, Token
from digest.model import Reader, Vote
from digest.readers.archive import as_in_letters, pick_of
from digest.store.archive import Picked
from digest.web.linked import Followed, Meant, follow, pick_meant, place_in
from digest.web.pages.votes import buttons, said_of, vote_address, votes_so_far
from digest.web.site import visit

blueprint = Blueprint("why", __name__)

ABSTRACT = 420
_REST = "all else, less what all papers have in common"


@dataclass(frozen=True, slots=True)
class Sum:
    """A score as a table: what each thing added, and the whole; both as they are shown."""

    heading: str
    rows: tuple[tuple[str, str], ...]
    total: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What another interest says of the paper."""

    name: str
    score: str
    level: str


@blueprint.get("/w/<token>")
def page(token: str) -> str:
    """The account of a pick, as it was and as it is weighed now."""
    with visit().house.store.together():
        link = follow(Purpose.WHY, token)
        meant = pick_meant(link, place_in(link.token))
        votes = votes_so_far(link)
        reader = as_in_letters(visit().house.store, link.reader)
    pick = meant.pick
    account = _account(link, meant, votes)
    edition = Token(Purpose.EDITION, link.reader.handle, link.day)
    weighed = _serving(account, pick)
    return render_template(
        "why.html.j2",
        paper=meant.view(ABSTRACT),
        told=_told(reader, meant),
        sum=_weighed_sum(weighed, reader) if weighed else _stored_sum(pick, reader),
        changed=_changed(weighed, pick),
        nearest=weighed.nearest if weighed else None,
        others=_others(account, pick, reader),
        outcome=_outcome(account) if account else [],
        said=said_of(votes, pick.paper),
        buttons=buttons(None),
        votes=vote_address(link, pick.position),
        edition=url_for("archive.edition", token=visit().house.links.sign(edition)),
        day=day_in_words(link.day),
    )


def sum_of(heading: str, addends: Sequence[tuple[float, str]], total: float, note: str = "") -> Sum:
    """Addends as a table whose rounded figures add up: what rounding left is in all else.

    Args:
        heading: what the score is of.
        addends: shares with their labels.
        total: the score.
        note: what is said below the table.
    """
    cents = [round(share * 100) for share, _ in addends]
    whole = round(total * 100)
    labels = [label for _, label in addends]
    if _REST not in labels:
        cents.append(0)
        labels.append(_REST)
    cents[labels.index(_REST)] += whole - sum(cents)
    rows = tuple(
        (label, f"{cent / 100:+.2f}".replace("-", "−"))
        for label, cent in zip(labels, cents, strict=True)
        if cent
    )
    return Sum(heading, rows, figure(whole / 100), note)


def _account(link: Followed, meant: Meant, votes: Sequence[Vote]) -> Account | None:
    """The account as it is made now; None where it cannot be, so that the letter's own is shown."""
    try:
        return visit().room.account(link.reader, meant.pick.paper, link.day, votes)
    except (UsageError, ServiceUnavailable):
        return None


def _serving(account: Account | None, pick: Picked) -> Weighed | None:
    """What the interest that brought the pick says now, if the reader has it still."""
    every = account.interests if account else ()
    return next((one for one in every if one.name == pick.interest and _scored(one)), None)


def _scored(weighed: Weighed) -> bool:
    return weighed.asks and weighed.score is not None


def _score(weighed: Weighed) -> float:
    return (weighed.score or 0.0) + weighed.lift


def _told(reader: Reader, meant: Meant) -> str:
    """What the letter said of it."""
    pick = meant.pick
    if pick.interest is None:
        return "It was chosen by upvotes, not for one of your interests."
    why = reasons_in_words(pick_of(pick, meant.paper), reader=reader)
    name = named(reader, pick.interest)
    how = (
        f"drawn by lot from those that came near to {name}"
        if pick.explores
        else f"chosen for {name}"
    )
    said = f"It was {how}, with a score of "
    return f"{said}{figure(pick.score)}{f': it {why}' if why else ''}."


def _weighed_sum(weighed: Weighed, reader: Reader) -> Sum:
    many = f", {reach(weighed)}" if weighed.a_day is not None else ""
    note = f"A paper is good enough from {figure(weighed.level)} on{many}."
    return sum_of(named(reader, weighed.name), addends(weighed), _score(weighed), note)


def _stored_sum(pick: Picked, reader: Reader) -> Sum | None:
    """The sum as the letter had it, where it cannot be made anew."""
    if pick.interest is None:
        return None
    shares = [(reason.share, as_addend(reason)) for reason in pick.reasons]
    return sum_of(named(reader, pick.interest), shares, pick.score)


def _changed(weighed: Weighed | None, pick: Picked) -> bool:
    """Whether the score is another one by what is known now."""
    return weighed is not None and figure(_score(weighed)) != figure(pick.score)


def _outcome(account: Account) -> list[str]:
    """What became of it, in sentences; what ends with a colon is one with the next."""
    lines = list(outcome(account))
    if lines[0].endswith(":"):
        lines[:2] = [" ".join(lines[:2])]
    return lines


def _others(account: Account | None, pick: Picked, reader: Reader) -> list[Line]:
    every = account.interests if account else ()
    return [
        Line(named(reader, one.name), figure(_score(one)), figure(one.level))
        for one in every
        if one.name != pick.interest and _scored(one)
    ]
