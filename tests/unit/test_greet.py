"""Greeting: the mails that follow from typing an address, and the limits on them."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import func, select

from digest.config import load
from digest.delivery import Outcome, Verdict
from digest.errors import TemplateError
from digest.grammar.interests import parse_interest
from digest.greet import FLOOD, REFUSED, Greeter, GreetReport
from digest.letters import LetterOffice, Sender
from digest.letters.note import NoteView, note_mail
from digest.letters.render import Press, shipped_press
from digest.links import Links, Purpose, Token
from digest.model import Schedule
from digest.progress import Quiet
from digest.readers import subscribe
from digest.readers.signups import ask
from digest.run import Order
from digest.sources import Batch, Request
from digest.store import Store, open_store
from digest.store.engine import reading
from digest.store.schema import bodies, deliveries, knocks
from digest.watch import watched_run
from digest.wiring import build
from tests.channels import Script
from tests.conftest import DATA, NOW
from tests.deliveries import queue
from tests.unit.test_post import send

BASE = "https://digest.example.org"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
VICTIM = "victim@example.org"
OFFICE = LetterOffice(shipped_press(), Sender("digest@example.org", "owner@example.org"))


def greeter(store: Store, per_hour: int = 100) -> Greeter:
    """Greets over a store."""
    store.keys.renew(NOW)
    return Greeter(store, OFFICE, Links(BASE, store.keys.all), per_hour)


def greet(store: Store, now: datetime = NOW, per_hour: int = 100) -> GreetReport:
    """One step of a run."""
    return greeter(store, per_hour).greet("outbox", now)


def wish(store: Store, address: str = VICTIM, text: str = "", now: datetime = NOW) -> None:
    """Somebody types an address, and perhaps interests."""
    interests = (parse_interest("keywords", text),) if text else ()
    assert ask(store, address, interests, Schedule(), 10, now)


def letters(store: Store) -> list[Message]:
    """The mails that are queued, in their order."""
    with reading(store.engine) as connection:
        rows = connection.scalars(
            select(bodies.c.body).join(deliveries).order_by(deliveries.c.id)
        ).all()
    return [message_from_bytes(raw, policy=default) for raw in rows]


def text_of(letter: Message) -> str:
    """The text part."""
    part = letter.get_body(("plain",))  # type: ignore[attr-defined]
    return " ".join(part.get_content().split())


def link_in(letter: Message, purpose: Purpose) -> str:
    """The signed part of the link of a purpose."""
    words = text_of(letter).split()
    start = f"{BASE}/{purpose.value}/"
    return next(word for word in words if word.startswith(start)).removeprefix(start)


def test_an_unknown_mailbox_is_asked_back(store: Store) -> None:
    """Its mail says who asked, where, for what, has one link, and asks vacation programs to rest."""
    wish(store, "ann@example.org", "owls, bats, -survey")
    assert greet(store) == GreetReport(1, 0)
    [letter] = letters(store)
    assert letter["To"] == "ann@example.org"
    assert letter["Auto-Submitted"] == "auto-generated"
    text = text_of(letter)
    for said in ("17 March 2026 at 09:30 UTC", BASE, "every day from 07:00 (UTC)", "2 interests"):
        assert said in text
    assert "If it was not you, do nothing" in text
    links = Links(BASE, store.keys.all)
    token = links.read(Purpose.CONFIRM, link_in(letter, Purpose.CONFIRM), NOW + 7 * DAY)
    found = store.signups.find(token.name)
    assert found is not None
    assert found.address == "ann@example.org"


def test_nothing_that_a_stranger_wrote_is_in_the_mail(store: Store) -> None:
    """The form is no way to send texts to others: neither words nor address are in the body."""
    wish(store, "ann+hello@example.org", '"buy pills at pills.example", "<b>now</b>"')
    greet(store)
    [letter] = letters(store)
    for part in letter.iter_parts():  # type: ignore[attr-defined]
        assert "pills" not in part.get_content()
        assert "<b>" not in part.get_content()
        assert "ann+" not in part.get_content()


def test_a_reader_is_told_where_the_preferences_are(store: Store) -> None:
    """Who typed a reader's address learns nothing; the reader gets a link, and stays as it is."""
    reader = subscribe(store, VICTIM, (), Schedule(), 10, NOW - 9 * DAY)
    wish(store)
    greet(store)
    [letter] = letters(store)
    assert f"{BASE}/c/" not in text_of(letter)
    links = Links(BASE, store.keys.all)
    token = links.read(Purpose.PREFERENCES, link_in(letter, Purpose.PREFERENCES), NOW)
    assert token == Token(Purpose.PREFERENCES, reader.handle, NOW.date())


def test_who_unsubscribed_is_asked_whether_it_comes_back(store: Store) -> None:
    """A mailbox that left gets no preferences, but the same question as a stranger's."""
    reader = subscribe(store, VICTIM, (), Schedule(), 10, NOW - 9 * DAY)
    store.readers.unsubscribe(reader.handle, NOW - DAY)
    wish(store)
    greet(store)
    [letter] = letters(store)
    assert letter["Subject"] == "Please confirm: The Paper Digest"
    assert store.deliveries.sweep("outbox", NOW, repeatable=True).cancelled == 0


def test_greeting_again_makes_no_second_mail(store: Store) -> None:
    """A step that is done again finds nothing to do."""
    wish(store)
    assert [greet(store).queued for _ in range(3)] == [1, 0, 0]


def test_two_runs_at_once_make_one_mail(store: Store) -> None:
    """Two processes that greet at the same moment queue one mail, under one count."""
    wish(store)
    together = threading.Barrier(4)
    greeter(store)

    def one(_: int) -> int:
        together.wait()
        return greet(store).queued

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 1
    assert len(letters(store)) == 1
    with reading(store.engine) as connection:
        assert connection.scalar(select(knocks.c.mails)) == 1


def test_fault_45_a_victim_gets_one_mail_a_day_and_three_ever() -> None:
    """10,000 sign-ups of one mailbox over ten days, with tags and capitals: three mails in all."""
    store = open_store("sqlite://")  # in memory: no disk is waited for
    by_day = []
    spellings = (VICTIM, "Victim@example.org", "victim+1@example.org", "VICTIM+x@Example.org")
    for day in range(10):
        queued = 0
        for number in range(1000):
            now = NOW + day * DAY + timedelta(seconds=number)
            wish(store, spellings[number % 4], now=now)
            if number % 100 == 0:
                queued += greet(store, now).queued
        by_day.append(queued + greet(store, NOW + day * DAY + HOUR).queued)
    store.close()
    assert max(by_day) == 1
    assert sum(by_day) == 3


def test_fault_45_a_reader_gets_three_in_a_month(store: Store) -> None:
    """A reader's mailbox, too: one a day, three in 30 days, and then again."""
    subscribe(store, VICTIM, (), Schedule(), 10, NOW - 9 * DAY)
    queued = []
    for day in range(36):
        now = NOW + day * DAY + day * HOUR  # a little more than a day
        wish(store, now=now)
        queued.append(greet(store, now).queued)
    assert sum(queued[:29]) == 3
    assert sum(queued) == 6


def test_fault_46_a_flood_is_answered_slowly_and_in_order(store: Store) -> None:
    """Many addresses at once: as many an hour as are set, the first first; the owner is told."""
    addresses = [f"a{number}@example.org" for number in range(200)]
    for number, address in enumerate(addresses):
        wish(store, address, now=NOW + timedelta(milliseconds=number))
    now = NOW + timedelta(minutes=1)
    assert greet(store, now, 30) == GreetReport(30, 170)
    assert [letter["To"] for letter in letters(store)] == addresses[:30]
    assert greet(store, now + 59 * timedelta(minutes=1), 30).queued == 0
    assert [trouble.topic for trouble in store.troubles.open()] == [FLOOD]
    assert greet(store, now + HOUR + timedelta(seconds=1), 30).queued == 30
    assert [letter["To"] for letter in letters(store)] == addresses[:60]


def test_the_owner_is_told_when_a_flood_is_over(store: Store) -> None:
    """The trouble ends with the first run that has mails left for all."""
    for number in range(3):
        wish(store, f"a{number}@example.org")
    greet(store, NOW, 2)
    assert store.troubles.open()
    assert greet(store, NOW + HOUR + timedelta(seconds=1), 2) == GreetReport(1, 0)
    assert not store.troubles.open()


def test_a_broken_template_loses_nobody(store: Store, tmp_path: Path) -> None:
    """Who waits when the mail cannot be set is mailed once it can."""
    (tmp_path / "note.txt.j2").write_text("{{ nothing }}")
    broken = replace(greeter(store), office=replace(OFFICE, press=Press(tmp_path)))
    wish(store)
    with pytest.raises(TemplateError, match=r"note.txt.j2"):
        broken.greet("outbox", NOW)
    assert greet(store).queued == 1


def test_fault_46_readers_letters_go_on_in_a_flood(tmp_path: Path) -> None:
    """A run in the middle of a flood serves its readers, mails some of the rest, tells the owner."""
    settings = load(
        None,
        {
            "DIGEST_DATABASE": f"sqlite:///{tmp_path / 'digest.db'}",
            "DIGEST_OUTBOX": str(tmp_path / "outbox"),
            "DIGEST_BASE_URL": BASE,
            "DIGEST_OWNER": "owner@example.org",
            "DIGEST_SIGNUPS_PER_HOUR": "5",
        },
    )
    house = build(settings, files=[DATA / "papers.jsonl"])
    subscribe(house.store, "reader@example.org", (), Schedule(), 10, NOW - 9 * DAY)
    for number in range(50):
        wish(house.store, f"a{number}@example.org")
    report = watched_run(
        house, Order(), clock=lambda: NOW, progress=Quiet(), stopping=threading.Event().is_set
    )
    sent = sorted(path.read_text() for path in (tmp_path / "outbox").glob("*.eml"))
    house.close()
    assert report.greeted == GreetReport(5, 45)
    assert report.edited.made == 1
    assert sum("To: reader@example.org" in mail for mail in sent) == 1
    assert sum("Subject: Please confirm" in mail for mail in sent) == 5
    assert sum("To: owner@example.org" in mail for mail in sent) == 1


@dataclass
class Slow:
    """A source that takes two minutes for a batch, and counts the mails that have left by then."""

    clock: list[datetime]
    outbox: Path
    left: list[int] = field(default_factory=list)
    name: str = "slow"
    pace: timedelta = HOUR

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Nothing, slowly."""
        for _ in range(3):
            self.clock[0] = request.now + 2 * timedelta(minutes=1 + len(self.left))
            self.left.append(len(list(self.outbox.glob("*.eml"))))
            yield Batch((), 0)


def test_who_subscribes_need_not_wait_for_slow_sources(tmp_path: Path) -> None:
    """Mails leave while services are asked; the run's report counts them. By --dry none does."""
    settings = load(
        None,
        {
            "DIGEST_DATABASE": f"sqlite:///{tmp_path / 'digest.db'}",
            "DIGEST_OUTBOX": str(tmp_path / "outbox"),
            "DIGEST_BASE_URL": BASE,
        },
    )
    clock = [NOW.replace(minute=15)]
    source = Slow(clock, tmp_path / "outbox")
    house = replace(build(settings), sources=(source,), liked_papers=None)
    wish(house.store, now=clock[0])
    for order in (Order(dry=True, by_hand=True), Order(by_hand=True)):
        clock[0] += 2 * HOUR
        report = watched_run(
            house, order, clock=lambda: clock[0], progress=Quiet(), stopping=lambda: False
        )
    house.close()
    assert source.left == [0, 0, 0, 0, 1, 1]
    assert report.posted.sent == 1


NO = Outcome(Verdict.REFUSED, "550 no such user", 550, suspicious=True)


def test_fault_46_made_up_addresses_do_not_close_the_channel(store: Store) -> None:
    """Strangers' addresses that are refused, one after the other, hold up no reader's letter."""
    for number in range(5):
        wish(store, f"a{number}@example.org")
    greeter(store).greet("smtp", NOW)
    queue(store, 2)
    channel = Script(offers=[NO] * 5)
    report = send(store, channel)
    assert (report.failed, report.sent, report.problem) == (5, 2, None)
    assert store.channels.state("smtp").failures == 0
    greet(store, NOW + HOUR)
    [trouble] = store.troubles.open()
    assert (trouble.topic, "no such user" in trouble.text) == (REFUSED, True)


def test_refused_letters_of_readers_still_close_the_channel(store: Store) -> None:
    """Between strangers' mails, too, three refusals of readers' letters are the channel's trouble."""
    queue(store, 4)
    wish(store)
    greeter(store).greet("smtp", NOW)
    report = send(store, Script(offers=[NO] * 5))
    assert report.problem is not None


def test_the_owner_is_told_once_questions_arrive_again(store: Store) -> None:
    """The trouble of refused questions ends with the first one that is taken."""
    for number in range(5):
        wish(store, f"a{number}@example.org")
    greeter(store).greet("smtp", NOW)
    send(store, Script(offers=[NO] * 5))
    greeter(store).greet("smtp", NOW + HOUR)
    assert store.troubles.open()
    wish(store, now=NOW + HOUR)
    greeter(store).greet("smtp", NOW + HOUR)
    send(store, Script(), clock=lambda: NOW + HOUR)
    greeter(store).greet("smtp", NOW + 2 * HOUR)
    assert not store.troubles.open()


def test_a_mail_that_nobody_took_is_void_after_hours(store: Store) -> None:
    """A question is not asked days later: its mail has a deadline."""
    wish(store)
    greet(store)
    assert store.deliveries.sweep("outbox", NOW + 12 * HOUR, repeatable=True).expired == 1


def test_a_note_escapes_what_it_is_given() -> None:
    """Whatever a note says is text: in HTML it is escaped, in the head it is one line."""
    note = NoteView("A\r\nBcc: x@y", "<i>h</i>", ("<script>",), "Go & see", f"{BASE}/c/x", ("a<b",))
    mail = note_mail(OFFICE, VICTIM, note, ("test",), NOW)
    letter = message_from_bytes(mail.raw, policy=default)
    html = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert letter["Bcc"] is None
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert note_mail(OFFICE, VICTIM, note, ("test",), NOW + DAY).message_id == mail.message_id
    assert note_mail(OFFICE, VICTIM, note, ("other",), NOW).message_id != mail.message_id


def test_a_count_of_mails_is_kept_without_the_address(store: Store) -> None:
    """A week later nothing but a hash is left of who never confirmed."""
    wish(store)
    greet(store)
    greet(store, NOW + 7 * DAY)
    with reading(store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(deliveries)) == 0
        assert VICTIM not in str(connection.execute(select(knocks)).all())
