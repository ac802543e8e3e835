"""Every kind of page, made once for a reader: what is checked of pages is checked of all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import select

from digest.links import Links, Purpose, Token
from digest.localtime import local_date
from digest.model import Interest, Schedule
from digest.readers import subscribe
from digest.readers.moving import ask_to_move
from digest.readers.signups import ask
from digest.store.schema import moves, signups
from tests.pages import Pages

READER, STRANGER, NEW = "ann@example.org", "stranger@example.com", "new@example.com"
SECRET = frozenset("acefmpuvw")  # the first letter of what only a link opens


@dataclass(frozen=True)
class Kind:
    """One kind of page: its address, and the form that is sent to it, if it answers one."""

    name: str
    address: str
    form: dict[str, str] | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def secret(self) -> bool:
        """Whether the address is a signed link."""
        first = self.address.split("/")[1]
        return len(first) == 1 and first in SECRET


def settle(pages: Pages, interests: Sequence[Interest], files: Sequence[Path] = ()) -> None:
    """Make a reader, with an edition, votes to cast and a new address asked for; and a stranger."""
    subscribe(pages.store, READER, interests, Schedule(minute=0), 10, pages.now)
    report = pages.run(files)
    assert report.edited.made, report
    ask(pages.store, STRANGER, tuple(interests), Schedule(), 10, pages.now)
    ask_to_move(pages.store, pages.reader(READER), NEW, pages.now)
    pages.run(files)  # the mails that were asked for


def links_of(pages: Pages) -> Links:
    """What signs the links of a house."""
    with pages.site.visited() as floor:
        return floor.house.links


def kinds(pages: Pages, paper: str, question: str) -> list[Kind]:
    """Every kind of page, after `settle`.

    The pages that a sent form is answered with come last, in an order in which each still works.

    Args:
        pages: a house that is settled.
        paper: the key of a paper in it.
        question: what is searched for and previewed.
    """
    links, reader = links_of(pages), pages.reader(READER)
    day = local_date(reader.schedule.zone, pages.now)

    def link(purpose: Purpose, *rest: str, name: str = reader.handle) -> str:
        dated = day if purpose not in (Purpose.UNSUBSCRIBE, Purpose.ARCHIVE, Purpose.FEED) else None
        return f"/{purpose.value}/{links.sign(Token(purpose, name, dated, rest))}"

    with pages.store.engine.connect() as connection:
        wish = connection.execute(select(signups.c.nonce)).scalar_one()
        move = connection.execute(select(moves.c.nonce)).scalar_one()
    mine, vote = link(Purpose.PREFERENCES), link(Purpose.VOTE, "1m")
    asked = {"interests": question}
    wishes = {"hour": "7:30", "zone": "Europe/Berlin", "rhythm": "weekly", "weekday": "2"}
    refused = {**asked, "trend": "101", "quiet": "loud"}
    leave = link(Purpose.UNSUBSCRIBE)
    shown = [
        Kind("front", "/"),
        Kind("day", f"/day/{day}"),
        Kind("week", f"/week/{day}"),
        Kind("month", f"/month/{day:%Y-%m}"),
        Kind("empty", "/day/2001-02-03"),
        Kind("paper", f"/paper/{paper}"),
        Kind("search", "/search"),
        Kind("found", f"/search?q={_quoted(question)}"),
        Kind("not found", "/search?q=zzzzzz"),
        Kind("misread search", '/search?q="open', status=400),
        Kind("preview", f"/preview?interests={_quoted(question)}"),
        Kind("part of a preview", f"/preview/part?interests={_quoted(question)}"),
        Kind("subscribe", "/subscribe"),
        Kind("subscribe with interests", f"/subscribe?interests={_quoted(question)}"),
        Kind("confirm", link(Purpose.CONFIRM, name=wish)),
        Kind("preferences", mine),
        Kind("delete", f"{mine}/delete"),
        Kind("move, old mailbox", link(Purpose.MOVE, "o", name=move)),
        Kind("move, new mailbox", link(Purpose.MOVE, "n", name=move)),
        Kind("vote", vote),
        Kind("why", link(Purpose.WHY, "1")),
        Kind("edition", link(Purpose.EDITION)),
        Kind("archive", link(Purpose.ARCHIVE)),
        Kind("archive, searched", f"{link(Purpose.ARCHIVE)}?q={_quoted(question)}"),
        Kind("unsubscribe", leave),
        Kind("no such page", "/nowhere", status=404),
        Kind("broken link", f"{vote}x", status=404),
    ]
    sent = [
        Kind("subscribe, preview asked", "/subscribe", {**asked, "do": "preview"}),
        Kind("subscribe, refused", "/subscribe", {**refused, "address": "no one"}, 400),
        Kind("subscribed", "/subscribe", {**asked, **wishes, "address": "else@example.com"}),
        Kind("confirmed", link(Purpose.CONFIRM, name=wish), {}),
        Kind("moved", link(Purpose.MOVE, "o", name=move), {"answer": "yes"}),
        Kind("preferences, refused", mine, {"do": "manner", "trend": "101"}, 400),
        Kind("voted", vote, {"vote": "m"}),
        Kind("preferences with a vote", mine),
        Kind("unsubscribed", leave, {"do": "leave"}),
        Kind("unsubscribe, again", leave),
        Kind("came back", leave, {"do": "back"}),
        Kind("deleting, not sure", f"{mine}/delete", {}, 400),
    ]
    return [*shown, *sent]


def feeds(pages: Pages, question: str) -> list[Kind]:
    """Everything that feed readers ask for."""
    mine = links_of(pages).sign(Token(Purpose.FEED, pages.reader(READER).handle))
    lists = [f"/{span}.{form}" for span in ("day", "week", "month") for form in ("atom", "rss")]
    searched = [f"/search.{form}?q={_quoted(question)}" for form in ("atom", "rss")]
    return [Kind(address, address) for address in (*lists, *searched, f"/f/{mine}")]


def ask_for(pages: Pages, kind: Kind, **headers: str) -> str:
    """The text of a page of this kind; it has the status that belongs to it."""
    answer = (
        pages.get(kind.address, headers=headers)
        if kind.form is None
        else pages.post(kind.address, **kind.form)
    )
    assert answer.status_code == kind.status, (kind.name, answer.status_code, answer.text[:3000])
    text: str = answer.text
    return text


def _quoted(text: str) -> str:

    return quote(text)
