"""A reader's whole life, in a real browser, with mails in a real sink: with scripts and without."""

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Table, func, select

from digest.model import ONLY_MINE
from digest.store.schema import readers, votes
from tests.browser.town import PHONE, Town, Visitor, open_town, visiting
from tests.effort import SOON

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

ADDRESS = "rosa@example.com"
OWLS, BOATS = "owls hunting at night", "sailing boats in the wind"
# What makes a paper of one day say something else than that of another.
PLACES = (
    "Volunteers kept diaries in a harbour town, and tides explain a third of the differences.",
    "Cameras on church towers took part, although fog spoiled every second picture of them.",
    "A radar that was built against birds on runways turned out to count everything else, too.",
    "Microphones under a railway bridge recorded trains mostly, which we subtract by schedule.",
    "School children from six islands drew maps, and their maps beat our statistical model.",
    "Moonlight, measured with cheap phones, predicts less than any textbook says it should.",
    "Old lighthouse logbooks reach back ninety winters; we transcribed their storms by hand.",
)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A house where anybody may subscribe."""
    with open_town(tmp_path) as opened:
        yield opened


def papers(folder: Path, day: date, count: int = 4) -> Path:
    """New papers of a day: half of them about owls, half about boats, each a little different."""
    path = folder / f"{day}.jsonl"
    lines = [
        {
            "id": f"arxiv:99{day:%m}.{day:%d}{kind}{number:02}",
            "title": f"{subject.capitalize()}: {word} of {day:%-d %B}",
            "abstract": f"We study {subject} by {word} in the field. {subject.capitalize()} need "
            f"{word}; what we saw of {subject} over {number + 3} years says how. "
            f"{PLACES[(day.day + number) % len(PLACES)]}",
            "authors": ["Wanda Example"],
            "categories": ["q-bio.NC"],
            "upvotes": 5 + number,
            "date": f"{day}",
        }
        for kind, subject in enumerate((OWLS, BOATS))
        for number, word in enumerate(["patience", "listening", "balance", "memory"][:count])
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def count(town: Town, what: Table) -> int:
    """How many rows there are of a kind."""
    with town.pages.store.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(what)).scalar_one()


@dataclass
class Life:
    """One reader of a town, through one window; each step checks its effect, and only that."""

    town: Town
    visitor: Visitor
    folder: Path

    @property
    def page(self) -> "Page":
        """What the window shows."""
        return self.visitor.page

    @property
    def letter(self) -> EmailMessage:
        """The latest edition that arrived."""
        return [mail for mail in self.town.mails_to(ADDRESS) if mail["List-Id"]][-1]

    def days_papers(self) -> list[str]:
        """The daily run over new papers; the titles of the latest letter, in its order."""
        self.town.run(papers(self.folder, self.town.pages.now.date()))
        part = self.letter.get_body(("html",))
        assert part is not None
        return re.findall(r"<h3[^>]*>(?:<[^>]+>)*([^<]+)", part.get_content())

    def button(self, name: str) -> "Locator":
        """The button of exactly this name in the page's own part."""
        return self.page.get_by_role("main").get_by_role("button", name=name, exact=True)

    def preview(self, *, scripts: bool) -> None:
        """The edition is seen before an address is given."""
        self.visitor.go("/")
        nav = self.page.get_by_role("navigation", name="Main")
        self.visitor.follow(nav.get_by_role("link", name="Subscribe"))
        self.page.get_by_label("What do you read about?").fill("owls, sailing boats")
        if not scripts:
            self.visitor.follow(self.page.locator("button[value=preview]"))
        self.page.locator("#preview").get_by_text("Owls hunting").first.wait_for()
        assert count(self.town, readers) == 0

    def subscribe(self) -> None:
        """Address, hour, days, dial are written down; no mail leaves at that moment."""
        self.page.get_by_label("Your address").fill(ADDRESS)
        self.page.get_by_text("Hour, days").click()
        self.page.get_by_label("From", exact=True).fill("06:00")
        self.page.get_by_label("Time zone").fill("Europe/Berlin")
        self.page.get_by_label("How often").select_option("daily")
        self.page.get_by_text("What is in it").click()
        self.page.get_by_label("Only your interests").check()
        self.visitor.follow(self.page.locator("button[value=subscribe]"))
        assert ADDRESS in self.page.get_by_role("main").inner_text()
        assert self.town.mails_to(ADDRESS) == []

    def confirm(self) -> None:
        """One mail, whose link shows what its button does."""
        self.town.run()
        (question,) = self.town.mails_to(ADDRESS)
        (link,) = self.town.links(question, "c")
        self.visitor.go(link)
        self.visitor.go(link)
        assert count(self.town, readers) == 0
        self.visitor.follow(self.page.get_by_role("main").get_by_role("button").first)
        assert count(self.town, readers) == 1
        assert self.town.pages.reader(ADDRESS).manner.dial == ONLY_MINE
        assert self.page.get_by_role("link", name=re.compile("references")).count() > 0

    def vote(self, position: int, title: str) -> None:
        """The link shows the paper; its button says that nothing like it is wanted."""
        links = self.town.links(self.letter, "v")
        self.visitor.go(next(link for link in links if _field(link) == f"{position}x"))
        assert count(self.town, votes) == 0
        assert title in self.page.get_by_role("main").inner_text()
        self.visitor.follow(self.page.locator("button[name=vote]").first)  # the one of the link
        assert count(self.town, votes) == 1
        assert self.page.get_by_role("button", name=re.compile("^Undo")).count() == 1

    def look_back(self) -> None:
        """Why a paper was picked, and the edition that had it."""
        self.visitor.go(self.town.links(self.letter, "w")[0])
        assert self.page.get_by_role("table").count() >= 1
        self.visitor.go(self.town.links(self.letter, "a")[0])
        main = self.page.get_by_role("main")
        self.visitor.follow(main.get_by_role("link", name=re.compile("March")).first)
        assert self.page.get_by_text("Owls hunting").count() > 0

    def want_one_paper(self) -> None:
        """Preferences: the volume."""
        self.visitor.go(self.town.links(self.letter, "p")[0])
        self.page.locator("input[name=limit]").fill("1")
        self.visitor.follow(self.button("Save volume"))
        assert self.page.locator(".done").count() == 1

    def leave(self) -> None:
        """One click, as a mail program does it (RFC 8058)."""
        assert self.letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = re.search(r"<(http://[^>]+)>", str(self.letter["List-Unsubscribe"]))
        assert link is not None
        assert _one_click(link[1]) == 200


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_readers_whole_life(
    town: Town, browser: "Browser", tmp_path: Path, *, scripts: bool
) -> None:
    """Subscribe, confirm, read, vote, steer, leave, silence; nobody else is asked for anything."""
    town.run(papers(tmp_path, town.pages.now.date()))
    with visiting(browser, town.base, scripts=scripts, size=PHONE) as visitor:
        life = Life(town, visitor, tmp_path)
        life.preview(scripts=scripts)
        life.subscribe()
        life.confirm()

        town.wait_a_day()
        first = life.days_papers()
        assert about(OWLS, first)
        boat = about(BOATS, first)[0]
        life.vote(first.index(boat) + 1, boat)
        town.wait_a_day()
        second = life.days_papers()
        assert about(OWLS, second)
        assert len(about(BOATS, second)) < len(about(BOATS, first)), (first, second)

        life.look_back()
        life.want_one_paper()
        town.wait_a_day()
        assert len(life.days_papers()) == 1

        before = len(town.mails_to(ADDRESS))
        life.leave()
        for _ in range(2):
            town.wait_a_day()
            life.days_papers()
        assert len(town.mails_to(ADDRESS)) == before
        assert visitor.foreign == []
        assert visitor.complaints == []


def about(subject: str, titles: list[str]) -> list[str]:
    """The titles of one subject."""
    return [title for title in titles if title.startswith(subject.capitalize())]


def _field(link: str) -> str:
    """What a vote's link says: position and letter, before the signature."""
    return link.rpartition("/")[2].split(".")[2]


def _one_click(link: str) -> int:
    """The request of RFC 8058: no cookies, no origin, one field."""
    parts = urlsplit(link)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=SOON)) as line:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        line.request("POST", parts.path, b"List-Unsubscribe=One-Click", form)
        return line.getresponse().status
