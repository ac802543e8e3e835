"""Troubles that last: blocked senders, closed channels, lost alerts, clocks that were ahead."""

import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from digest.alerts import Alarm, broken
from digest.config import load
from digest.delivery import Outcome, Verdict
from digest.errors import StoreBusyError, StoreError, TemplateError
from digest.letters import LetterOffice, Sender
from digest.letters.render import shipped_press
from digest.model import Edition, Message, Mood
from digest.progress import Quiet
from digest.run import Order, run
from digest.store import Store, open_store, steps
from digest.store.bounces import give_point
from digest.store.channels import Channels
from digest.store.deliveries import Deliveries
from digest.store.editions import MadeEdition
from digest.store.states import State, Step
from digest.wiring import House, build
from tests.channels import Script, down
from tests.conftest import DATA, DAY, NOW
from tests.deliveries import DEADLINE, queue
from tests.papers import reader
from tests.postgresql import make_database
from tests.unit.test_post import LATER, NO_MAILBOX, POLICY, REFUSED, Hands, send

MINUTE, DAYS = timedelta(minutes=1), timedelta(days=1)
SPAM = Outcome(Verdict.REFUSED, "554 5.7.1 spam", 554, suspicious=True)


def alarm(store: Store, folder: Path, channel: str = "smtp") -> Alarm:
    """The owner's."""
    office = LetterOffice(shipped_press(), Sender("d@x.example", "owner@x.example"))
    return Alarm(store, office, "owner@x.example", "UTC", channel, (), folder / "notes")


def test_a_blocked_sender_is_tried_ever_more_seldom(store: Store) -> None:
    """By policy for all: the breaker stays open for longer and is told; then all go."""
    queue(store, 100)
    hands = Hands()
    channel = Script(offers=[POLICY] * 1000)
    for _ in range(130):
        send(store, channel, clock=hands)
        hands.now += MINUTE
    assert channel.steps.count("offer") < 15
    assert broken(store.channels.state("smtp"), hands.now)
    channel.offers.clear()
    for _ in range(40):
        send(store, channel, clock=hands)
        hands.now += MINUTE
    assert store.channels.state("smtp").failures == 0
    assert store.deliveries.counts() == {"sent": 100}


def test_mails_taken_for_spam_are_few(store: Store) -> None:
    """Refused for good after the last word, one after the other: most are never tried."""
    queue(store, 100)
    hands = Hands()
    channel = Script(ends=[SPAM] * 1000)
    for _ in range(30):
        send(store, channel, clock=hands)
        hands.now += MINUTE
    assert store.deliveries.counts()["failed"] < 10


def test_a_trial_that_did_not_happen_opens_nothing(store: Store) -> None:
    """The program is stopped between the claim of the trial and its offer."""
    queue(store, 5)
    hands = Hands()
    send(store, Script(offers=[down()]), clock=hands)
    hands.now += 2 * MINUTE
    asked = iter([False, *[True] * 9])
    send(store, Script(), clock=hands, stopping=lambda: next(asked))
    assert store.channels.state("smtp").failures == 1


def test_a_channel_that_is_no_more_is_settled_and_silent(store: Store, tmp_path: Path) -> None:
    """The owner went over to a folder: the old mails expire, and there is one alert of it."""
    queue(store, 2)
    hands = Hands()
    send(store, Script(offers=[down(lasting=True)]), clock=hands)
    told = 0
    for _ in range(10):
        hands.now += DAYS
        folder = Script(name="outbox", repeatable=True)
        send(store, folder, clock=hands)
        told += alarm(store, tmp_path, "outbox").tell(hands.now).queued
        send(store, folder, clock=hands)
    assert told <= 1
    assert store.deliveries.counts().get("expired") == 2


def test_an_owner_whose_mailbox_refuses_finds_a_file(store: Store, tmp_path: Path) -> None:
    """What the lost alert said stands there."""
    queue(store)
    send(store, Script(ends=[REFUSED]))
    bell = alarm(store, tmp_path)
    assert bell.tell(NOW).queued
    send(store, Script(offers=[NO_MAILBOX]))
    bell.tell(NOW + MINUTE)
    (file,) = (tmp_path / "notes").iterdir()
    assert "refused for good" in file.read_text()


def test_what_an_expired_alert_said_is_said_again(store: Store, tmp_path: Path) -> None:
    """Mail broke before the alert had left."""
    queue(store)
    send(store, Script(ends=[REFUSED]))
    bell = alarm(store, tmp_path)
    assert bell.tell(NOW).queued
    send(store, Script(offers=[down(lasting=True)]), clock=Hands(NOW + MINUTE))
    for hours in range(1, 50):
        now = NOW + timedelta(hours=hours)
        store.deliveries.sweep("smtp", now, repeatable=False)
        bell.tell(now)
    written = [file.read_text() for file in (tmp_path / "notes").iterdir()]
    assert any("refused for good" in said for said in written)


def test_a_number_that_is_given_again_is_another_reader(store: Store) -> None:
    """Made for one who left meanwhile: not stored under whoever came next."""
    gone = store.readers.save(reader("a@example.org"), NOW)
    message = Message("<a@x>", "d@x.example", gone.address, "S", "a", b"bytes")
    made = MadeEdition(Edition(gone, DAY, (), Mood.MATCHED, 3), message, DEADLINE)
    assert store.readers.remove(gone.handle)
    store.readers.save(reader("b@example.org"), NOW)
    assert store.editions.save([made], "smtp", NOW) == []
    assert store.deliveries.counts() == {}


@pytest.mark.parametrize("what", ["renew", "trip"])
def test_an_answer_is_kept_before_anything_else_is_asked(
    store: Store, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The store is locked when leases are held, or the breaker is opened."""
    queue(store, 3)
    hands = Hands()

    def busy(*_: object, **__: object) -> None:
        raise StoreBusyError("locked")

    def slow(step: str) -> None:
        if step == "conclude":
            hands.now += timedelta(seconds=40)

    monkeypatch.setattr(Deliveries if what == "renew" else Channels, what, busy)
    monkeypatch.setattr("digest.post.postman._FIRST_WAIT", 0.0)
    channel = Script(before=slow) if what == "renew" else Script(offers=[None, down()])
    with pytest.raises(StoreError):
        send(store, channel, clock=hands)
    assert store.deliveries.counts()["sent"] == 1
    assert "in_doubt" not in store.deliveries.counts()


def test_a_server_that_restarts_after_the_answer(postgresql: str) -> None:
    """Its connections end between a 250 and the next commit: asked again, nothing is uncertain."""
    store = open_store(make_database(postgresql, "restarted"))
    queue(store, 3)
    offers: list[str] = []

    def restart(step: str) -> None:
        if step == "offer":
            offers.append(step)
        if step == "offer" and len(offers) == 2:
            other = create_engine(store.engine.url, isolation_level="AUTOCOMMIT")
            with other.connect() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            other.dispose()

    assert send(store, Script(before=restart)).sent == 3
    assert store.deliveries.counts() == {"sent": 3}
    store.close()


def test_fault_37_a_clock_that_was_ahead_leaves_nothing_waiting(
    store: Store, tmp_path: Path
) -> None:
    """A breaker, a retry and an alert of the next year, once the clock is taken for right."""
    year = NOW + 365 * DAYS
    queue(store, 2)
    send(store, Script(offers=[LATER]), clock=Hands(DEADLINE - timedelta(hours=1)))
    store.channels.trip("smtp", "certificate", year, lasting=True)
    store.troubles.note("run", "x", year)
    assert alarm(store, tmp_path).tell(year).queued
    store.troubles.end("run", year)
    store.clock.reset(NOW)
    assert send(store, Script()).sent == 2
    assert store.deliveries.counts() == {"sent": 3}
    store.troubles.note("run", "y", NOW)
    assert alarm(store, tmp_path).tell(NOW + MINUTE).queued


def test_an_outcome_whose_claim_was_lost_is_not_kept(store: Store) -> None:
    """Though the mail is in the state that the outcome names."""
    queue(store)
    (claim,) = store.deliveries.claim("smtp", NOW)
    later = NOW + timedelta(hours=1)
    store.deliveries.sweep("smtp", later, repeatable=False)
    step = Step(claim, State.QUEUED, "451", 451, later + timedelta(hours=1))
    assert store.deliveries.record([step], later).kept == (False,)


def test_a_refusal_and_a_farewell_do_not_wait_for_each_other(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mailbox refuses while its reader is removed: both happen."""
    queue(store)
    (claim,) = store.deliveries.claim("smtp", NOW)
    handle = store.readers.named(["r0"])["r0"].reader.handle
    leaving = threading.Thread(target=store.readers.remove, args=(handle,))

    def slowly(*arguments: object) -> None:
        leaving.start()
        time.sleep(0.3)
        give_point(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(steps, "give_point", slowly)
    step = Step(claim, State.FAILED, "550 5.1.1", 550, bounced=DAY)
    assert store.deliveries.record([step], NOW).kept == (True,)
    leaving.join()
    assert store.readers.count() == 0


def house(channel: Script) -> House:
    """A person of the configuration, invented papers, and a scripted channel."""
    Path("config.env").write_text(
        "DIGEST_ADDRESS=ann@example.org\nDIGEST_KEYWORDS=graph\nDIGEST_DATABASE=sqlite:///t.db\n"
    )
    Path("config.env").chmod(0o600)
    return replace(build(load(None, {}), files=[DATA / "papers.jsonl"]), channels=(channel,))


def papers_of(store: Store, day: str) -> set[int]:
    """Which papers the editions of a date have."""
    query = "SELECT paper_id FROM picks JOIN editions ON editions.id = edition_id WHERE date = :day"
    with store.engine.connect() as connection:
        return set(connection.scalars(text(query), {"day": day}))


def test_papers_of_an_edition_that_was_never_sent_come_again() -> None:
    """One run a day, and mail was down on the first: its edition expires before the next is made."""
    home = house(Script(offers=[down()]))
    tomorrow = NOW + DAYS
    for now in (NOW, tomorrow):
        hands = Hands(now)
        run(home, Order(by_hand=True), clock=hands, progress=Quiet(), stopping=lambda: False)
    first, second = papers_of(home.store, "2026-03-17"), papers_of(home.store, "2026-03-18")
    counts = home.store.deliveries.counts()
    home.close()
    assert len(first & second) >= 3  # all but the step aside, which is drawn by the date
    assert counts == {"expired": 1, "sent": 1}


def test_a_broken_template_holds_no_mail_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail that was refused for now goes, though new editions cannot be made."""
    home = house(Script(offers=[LATER]))
    run(home, Order(), clock=lambda: NOW, progress=Quiet(), stopping=lambda: False)
    home.store.readers.save(reader("bob@example.org", "graph"), NOW)

    def torn(*_: object) -> None:
        raise TemplateError("letter.html.j2, line 3")

    monkeypatch.setattr(LetterOffice, "compose", torn)
    later = NOW + timedelta(hours=1)
    with pytest.raises(TemplateError):
        run(home, Order(), clock=lambda: later, progress=Quiet(), stopping=lambda: False)
    counts = home.store.deliveries.counts()
    home.close()
    assert counts == {"sent": 1}
