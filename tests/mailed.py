"""Letters as tests read them: written to the outbox by a run, with the links in them."""

import hashlib
import re
from dataclasses import dataclass
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

from sqlalchemy import select

from digest.grammar.interests import parse_interest
from digest.links import Token
from digest.model import Reader, Schedule
from digest.readers import subscribe
from digest.store import Store
from digest.store.schema import metadata
from tests.conftest import DAY
from tests.pages import BASE, Pages
from tests.papers import paper, seen

ANN = "ann@example.org"
SUBJECTS = ("Tides", "Owls", "Glaciers", "Looms", "Bridges", "Clocks", "Rivers", "Kites")
WISH = "memory, forgetting, recurrent networks"


@dataclass(frozen=True)
class Letter:
    """A letter of the outbox, parsed."""

    mail: EmailMessage

    @property
    def text(self) -> str:
        """The text part."""
        return self._part("plain")

    @property
    def page(self) -> str:
        """The HTML part."""
        return self._part("html")

    @property
    def links(self) -> list[str]:
        """Every address of our pages in either part and in the head, once."""
        head = " ".join(str(value) for value in self.mail.values())
        found = re.findall(rf"{re.escape(BASE)}/[^\s<>\"]+", f"{head} {self.text} {self.page}")
        return list(dict.fromkeys(found))

    def first(self, purpose: str) -> str:
        """The first link for a purpose."""
        return next(link for link in self.links if link.startswith(f"{BASE}/{purpose}/"))

    def _part(self, kind: str) -> str:
        body = self.mail.get_body((kind,))
        assert body is not None
        return str(body.get_content())


def letters(pages: Pages, to: str = ANN) -> list[Letter]:
    """The letters to somebody, the oldest first."""
    files = sorted((pages.folder / "outbox").glob("*.eml"))
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [Letter(mail) for mail in mails if mail["To"] == to]


def news(pages: Pages, day: date = DAY) -> None:
    """Eight invented papers, announced on a date; each of another day has other words."""
    sightings = [
        seen(
            paper(
                f"{subject} in recurrent networks {mark(day, place)}",
                f"We study {subject.lower()} and forgetting. It helps memory {mark(day, place)}. "
                "The slow trace of a network keeps what the fast one lost.",
                f"arxiv:99{day:%m}.{day:%d}{place:03}",
                authors=("Delphine Asante", "Hiroto Vallbrook"),
                categories=("cs.LG",),
                url=f"https://example.org/{day}/{place}",
            ),
            day,
            upvotes=10 * place,
        )
        for place, subject in enumerate(SUBJECTS)
    ]
    pages.store.papers.add(sightings, "file", day)


def mark(day: date, place: int) -> str:
    """A word that no other paper has."""
    return f"w{hashlib.sha256(f'{day} {place}'.encode()).hexdigest()[:8]}"


def add_reader(pages: Pages, address: str = ANN, wish: str = WISH) -> Reader:
    """A reader who gets an edition each day from midnight on."""
    interests = (parse_interest("memory", wish),) if wish else ()
    now = pages.now - timedelta(days=2)
    return subscribe(pages.store, address, interests, Schedule(0, "UTC"), 10, now)


def mailed(pages: Pages, address: str = ANN, wish: str = WISH) -> Letter:
    """The first letter to a new reader."""
    add_reader(pages, address, wish)
    news(pages, pages.now.date())
    pages.run()
    return letters(pages, address)[-1]


def link(pages: Pages, token: Token) -> str:
    """A link as this house signs it."""
    house = pages.site._floor.house  # type: ignore[union-attr]  # noqa: SLF001 - as a page does
    house.links.refresh()
    return house.links.url(token)


def checksum(store: Store, besides: str = "") -> str:
    """A mark of all that is stored, down to the last row, besides one table."""
    found = hashlib.sha256()
    with store.engine.connect() as connection:
        for table in metadata.sorted_tables:
            if table.name == besides:
                continue
            rows = connection.execute(select(table).order_by(*table.primary_key.columns)).all()
            found.update(f"{table.name} {[tuple(row) for row in rows]}".encode())
    return found.hexdigest()
