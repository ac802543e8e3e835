"""The post room with a scripted channel, each test on SQLite and on PostgreSQL."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from digest.delivery import Outcome, Verdict
from digest.errors import StoreBusyError, StoreError
from digest.model import Message
from digest.post import PostReport, post
from digest.post.pace import Pace
from digest.post.postman import BATCH
from digest.post.protocol import JITTER, RETRIES, after
from digest.progress import Quiet
from digest.store import Store
from digest.store.channels import PAUSES
from digest.store.deliveries import CLAIM_LEASE, Deliveries
from digest.store.states import Claim, State
from digest.store.steps import DOUBT_LEASE
from tests.channels import Script, down
from tests.conftest import NOW
from tests.deliveries import DEADLINE, queue

LATER = Outcome(Verdict.LATER, "451 4.7.1 try again", 451)
REFUSED = Outcome(Verdict.REFUSED, "554 5.6.0 no", 554)
NO_MAILBOX = Outcome(Verdict.NO_MAILBOX, "550 5.1.1 no such user", 550)
UNKNOWN = Outcome(Verdict.UNKNOWN, "the connection was lost")
POLICY = Outcome(Verdict.LATER, "550 5.7.1 policy", 550, suspicious=True)
UNLIMITED = Pace(None, time.monotonic, time.sleep)


@dataclass
class Hands:
    """A clock that a test sets."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def send(
    store: Store,
    *channels: Script,
    clock: Callable[[], datetime] = lambda: NOW,
    stopping: Callable[[], bool] = lambda: False,
    pace: Pace = UNLIMITED,
) -> PostReport:
    """One round of the post."""
    return post(store, channels, clock=clock, progress=Quiet(), stopping=stopping, pace=pace)


def test_all_that_waits_is_sent_once(store: Store) -> None:
    """Over more than one batch; a second round finds nothing."""
    queue(store, BATCH + 3)
    channel = Script()
    report = send(store, channel)
    assert (report.sent, report.in_order) == (BATCH + 3, True)
    assert sorted(channel.taken) == sorted({f"<{n}@x>" for n in range(BATCH + 3)})
    assert store.deliveries.counts() == {"sent": BATCH + 3}
    assert send(store, channel).sent == 0


def test_what_another_process_queues_at_the_end_is_its_to_send(store: Store) -> None:
    """It is no trouble, unlike a mail that is tried again later, or none that may be sent now."""

    def meanwhile(step: str) -> None:
        if step == "close":
            queue(store, 2)

    report = send(store, Script(before=meanwhile))
    assert report.in_order
    assert report.delayed is not None
    assert (report.delayed.count, report.delayed.under_way) == (0, 2)

    stopped = send(store, Script(), stopping=lambda: True).delayed
    assert stopped is not None
    assert (stopped.count, stopped.under_way) == (2, 0)

    report = send(store, Script(offers=[LATER]))
    assert not report.in_order
    assert report.delayed is not None
    assert (report.delayed.count, report.delayed.under_way) == (1, 0)


def test_the_doubt_is_committed_before_the_last_word(store: Store) -> None:
    """And the outcome of the mail before rides with it: never two in doubt."""
    queue(store, 3)
    seen: list[dict[str, int]] = []

    def look(step: str) -> None:
        if step == "conclude":
            seen.append(store.deliveries.counts())

    send(store, Script(before=look))
    assert seen == [
        {"claimed": 2, "in_doubt": 1},
        {"sent": 1, "claimed": 1, "in_doubt": 1},
        {"sent": 2, "in_doubt": 1},
    ]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(LATER, "queued"), (REFUSED, "failed"), (NO_MAILBOX, "failed"), (UNKNOWN, "uncertain")],
)
def test_fault_22_one_refusal_lets_the_others_go(
    store: Store, outcome: Outcome, state: str
) -> None:
    """Each outcome by the table, and the mails after it are sent."""
    queue(store, 3)
    script = {"ends": [outcome]} if outcome is UNKNOWN else {"offers": [outcome]}
    report = send(store, Script(**script))  # type: ignore[arg-type]
    assert store.deliveries.counts() == {state: 1, "sent": 2}
    assert not report.in_order


@pytest.mark.parametrize(
    ("outcome", "state"), [(LATER, "queued"), (REFUSED, "failed"), (UNKNOWN, "uncertain")]
)
def test_fault_20_answers_after_the_last_word(store: Store, outcome: Outcome, state: str) -> None:
    """A clear refusal was no delivery, and can be tried again or fails; silence is uncertain."""
    queue(store)
    send(store, Script(ends=[outcome]))
    assert store.deliveries.counts() == {state: 1}


def test_fault_18_a_lost_answer_is_one_copy(store: Store) -> None:
    """However often the post comes by."""
    queue(store)
    channel = Script(ends=[UNKNOWN])
    hands = Hands()
    for _ in range(5):
        send(store, channel, clock=hands)
        hands.now += timedelta(hours=1)
    assert channel.taken == ["<0@x>"]
    assert store.deliveries.counts() == {"uncertain": 1}


def test_fault_21_greylisting(store: Store) -> None:
    """Refused for now, tried again after its pause, then taken."""
    queue(store)
    hands = Hands()
    channel = Script(offers=[LATER])
    assert send(store, channel, clock=hands).later == 1
    hands.now += RETRIES[0]
    assert send(store, channel, clock=hands).sent == 0  # spread by chance, never earlier
    hands.now += RETRIES[0] * JITTER
    assert send(store, channel, clock=hands).sent == 1


def test_attempts_end(store: Store) -> None:
    """Five refusals for now are a failure."""
    queue(store)
    hands = Hands()
    channel = Script(offers=[LATER] * 9)
    for wait in (*RETRIES, timedelta()):
        send(store, channel, clock=hands)
        hands.now += wait * 2
    assert store.deliveries.counts() == {"failed": 1}
    assert channel.steps.count("offer") == len(RETRIES) + 1


def test_retries_end_at_the_deadline(store: Store) -> None:
    """A next try behind it will never be: expired at once, and said."""
    queue(store)
    report = send(store, Script(offers=[LATER]), clock=Hands(DEADLINE - timedelta(minutes=1)))
    assert report.expired == 1
    assert store.deliveries.counts() == {"expired": 1}


def test_fault_15_a_channel_in_trouble_spends_nobodys_attempts(store: Store) -> None:
    """The breaker opens for longer each time; one mail tries; then all go."""
    queue(store, 3)
    hands = Hands()
    channel = Script(offers=[down(), down()])
    report = send(store, channel, clock=hands)
    assert report.problem == "no connection"
    assert report.delayed is not None
    assert (report.delayed.count, report.delayed.next_try) == (3, NOW + PAUSES[0])
    assert send(store, channel, clock=hands).sent == 0
    assert channel.steps.count("offer") == 1
    hands.now += PAUSES[0]
    send(store, channel, clock=hands)
    assert store.channels.state("smtp").retry_at == hands.now + PAUSES[1]
    hands.now += PAUSES[1]
    assert send(store, channel, clock=hands).sent == 3
    assert store.channels.state("smtp").failures == 0
    with store.engine.connect() as connection:
        attempts = connection.scalars(text("SELECT attempts FROM deliveries")).all()
    assert attempts == [1, 1, 1]


def test_fault_24_a_refused_login_is_lasting(store: Store) -> None:
    """The store knows that waiting will not mend it."""
    queue(store)
    send(store, Script(offers=[down("login refused", lasting=True)]))
    assert store.channels.state("smtp").lasting


def test_fault_25_going_away_in_mid_run(store: Store) -> None:
    """421 before or after the last word: nothing was taken, nothing is lost, the next run resumes."""
    queue(store, 3)
    hands = Hands()
    channel = Script(offers=[None, None, None], ends=[Outcome(Verdict.SENT, "250"), down("421")])
    assert send(store, channel, clock=hands).sent == 1
    assert store.deliveries.counts() == {"sent": 1, "queued": 2}
    hands.now += PAUSES[0]
    assert send(store, channel, clock=hands).sent == 2
    assert len(channel.taken) == len(set(channel.taken)) == 3


def test_one_policy_refusal_is_one_mails(store: Store) -> None:
    """The others go; it waits, nobody is suppressed."""
    queue(store, 3)
    report = send(store, Script(offers=[POLICY]))
    assert (report.sent, report.later, report.problem) == (2, 1, None)


def test_several_policy_refusals_are_the_channels(store: Store) -> None:
    """The sender is refused everywhere: the breaker opens, and the rest is not tried."""
    queue(store, 5)
    channel = Script(offers=[POLICY] * 5)
    report = send(store, channel)
    assert report.problem is not None
    assert "policy" in report.problem
    assert channel.steps.count("offer") == 3
    assert store.deliveries.counts() == {"queued": 5}
    assert store.bounces.suppressed() == []


def test_fault_04_stopping_finishes_the_mail_at_hand(store: Store) -> None:
    """The others of its batch are free at once, not after a lease."""
    queue(store, 5)
    channel = Script()
    report = send(store, channel, stopping=lambda: len(channel.taken) >= 2)
    assert report.stopped
    assert store.deliveries.counts() == {"sent": 2, "queued": 3}
    assert len(store.deliveries.claim("smtp", NOW, 9)) == 3


def test_fault_05_stopped_beyond_the_lease(store: Store) -> None:
    """Another takes the mail meanwhile; the late one says no last word."""
    queue(store)
    hands = Hands()
    other = Script()

    def sleep(step: str) -> None:
        if step == "offer":
            hands.now += CLAIM_LEASE * 2
            assert send(store, other, clock=hands).sent == 1

    late = Script(before=sleep)
    assert send(store, late, clock=hands).sent == 0
    assert late.taken == []
    assert late.steps[:2] == ["offer", "withdraw"]
    assert store.deliveries.counts() == {"sent": 1}


def test_fault_05_stopped_in_doubt(store: Store) -> None:
    """Others leave the mail alone, and its late answer still settles it."""
    queue(store)
    hands = Hands()
    other = Script()

    def sleep(step: str) -> None:
        if step == "conclude":
            hands.now += DOUBT_LEASE * 2
            assert send(store, other, clock=hands).uncertain == 1

    late = Script(before=sleep)
    send(store, late, clock=hands)
    assert late.taken == ["<0@x>"]
    assert other.taken == []
    assert store.deliveries.counts() == {"sent": 1}


def test_fault_38_the_clock_steps_in_a_lease(store: Store) -> None:
    """A day ahead, then back: fenced by the token, one copy."""
    queue(store)
    other = Script()

    def step_ahead(step: str) -> None:
        if step == "offer":
            send(store, other, clock=Hands(NOW + CLAIM_LEASE * 3))

    assert send(store, Script(before=step_ahead)).sent == 0
    assert other.taken == ["<0@x>"]


def test_fault_60_leaving_wins_until_the_doubt(store: Store) -> None:
    """The reader leaves while the mail is offered: it is withdrawn and cancelled."""
    queue(store)

    def leave(step: str) -> None:
        if step == "offer":
            store.readers.rest("r0")

    channel = Script(before=leave)
    report = send(store, channel)
    assert (report.cancelled, channel.taken) == (1, [])
    assert store.deliveries.counts() == {"cancelled": 1}


def test_a_mail_that_expires_on_its_way(store: Store) -> None:
    """Its deadline passes between claim and last word."""
    queue(store)
    hands = Hands()

    def late(step: str) -> None:
        if step == "offer":
            hands.now = DEADLINE

    assert send(store, Script(before=late), clock=hands).expired == 1


def test_a_damaged_body_is_never_sent(store: Store) -> None:
    """It fails, and the others go."""
    queue(store, 2)
    with store.engine.begin() as connection:
        connection.execute(
            text("UPDATE bodies SET body = :body WHERE delivery_id = 1"), {"body": b"!"}
        )
    channel = Script()
    report = send(store, channel)
    assert (report.sent, report.failed, channel.taken) == (1, 1, ["<1@x>"])


@pytest.mark.parametrize(
    ("step", "repeatable", "state"),
    [("offer", False, "queued"), ("conclude", False, "uncertain"), ("conclude", True, "queued")],
)
def test_a_mistake_of_ours(store: Store, step: str, repeatable: bool, state: str) -> None:  # noqa: FBT001
    """Before the last word the mail can be tried again; after it nobody knows."""
    queue(store, 2)
    bug: dict[str, list[Exception]] = {
        {"offer": "offers", "conclude": "ends"}[step]: [KeyError("bug")]
    }
    channel = Script(repeatable=repeatable, **bug)  # type: ignore[arg-type]
    send(store, channel)
    assert store.deliveries.counts() == {state: 1, "sent": 1}


def test_several_connections_share_the_queue(store: Store) -> None:
    """Each mail once, all of them; each connection waits in its first mail for the others."""
    queue(store, 60)
    meeting = threading.Barrier(3)
    channels = [Script() for _ in range(3)]

    def meet(channel: Script, step: str) -> None:
        if step == "offer" and not channel.taken:
            meeting.wait(30)

    for channel in channels:
        channel.before = partial(meet, channel)
    report = send(store, *channels)
    taken = [mail for channel in channels for mail in channel.taken]
    assert report.sent == len(taken) == len(set(taken)) == 60
    assert all(channel.taken for channel in channels)


def test_connections_that_fail_end_together(store: Store) -> None:
    """All mails stay, and the breaker counts one failure."""
    queue(store, 60)
    report = send(store, *(Script(offers=[down()]) for _ in range(3)))
    assert report.problem == "no connection"
    assert store.deliveries.counts() == {"queued": 60}
    assert store.channels.state("smtp").failures == 1


def test_fault_27_a_limit_a_minute(store: Store) -> None:
    """Mails leave evenly; a mail that waits for its turn is nobody's."""
    queue(store, 4)
    waits: list[float] = []
    claims: list[dict[str, int]] = []

    def wait(seconds: float) -> None:
        waits.append(round(seconds))
        claims.append(store.deliveries.counts())

    frozen = 100.0
    report = send(store, Script(), pace=Pace(6, lambda: frozen, wait))
    assert report.sent == 4
    assert waits == [10, 20, 30, 40]
    assert all("claimed" not in counts and "in_doubt" not in counts for counts in claims)


def test_fault_13_a_locked_database_is_asked_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be recorded for a while is recorded then; the mail went once."""
    queue(store, 2)
    record, calls = Deliveries.record, []

    def busy(self: Deliveries, *arguments: object) -> object:
        calls.append(1)
        if len(calls) in (2, 3):
            raise StoreBusyError("the database is locked")
        return record(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Deliveries, "record", busy)
    channel = Script()
    assert send(store, channel).sent == 2
    assert len(channel.taken) == 2
    assert store.deliveries.counts() == {"sent": 2}


def test_fault_08_an_outcome_that_cannot_be_recorded_stops_the_post(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mail went and stays in doubt; no second one is sent, and it never goes again."""
    queue(store, 3)
    record, calls = Deliveries.record, []

    def full(self: Deliveries, *arguments: object) -> object:
        calls.append(1)
        if len(calls) > 1:
            raise StoreError("the disk is full")
        return record(self, *arguments)  # type: ignore[arg-type]

    channel = Script()
    with monkeypatch.context() as patch, pytest.raises(StoreError, match="full"):
        patch.setattr(Deliveries, "record", full)
        send(store, channel)
    assert channel.taken == ["<0@x>"]
    assert channel.steps[-1] == "close"
    after_all = Hands(NOW + DOUBT_LEASE * 2)
    assert send(store, channel, clock=after_all).uncertain == 1
    assert channel.taken == ["<0@x>", "<1@x>", "<2@x>"]
    assert store.deliveries.counts() == {"uncertain": 1, "sent": 2}


def test_the_table_is_pure() -> None:
    """The same outcome of the same mail leads to the same step, by a seeded chance."""
    message = Message("<1@x>", "d@x", "r@x", "S", "l", b"")
    claim = Claim(1, "t", 0, DEADLINE, 1, message)
    steps = [after(claim, LATER, NOW, random.Random(1)) for _ in range(2)]
    assert steps[0] == steps[1]
    assert steps[0].state is State.QUEUED
    assert steps[0].not_before is not None
    assert RETRIES[0] <= steps[0].not_before - NOW <= RETRIES[0] * (1 + JITTER)
    tired = replace(claim, attempts=len(RETRIES))
    assert after(tired, LATER, NOW, random.Random(1)).state is State.FAILED
    assert after(claim, NO_MAILBOX, NOW, random.Random(1)).bounced == NOW.date()
    assert after(claim, REFUSED, NOW, random.Random(1)).bounced is None
