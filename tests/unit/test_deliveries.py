"""The queue of mails, each test on SQLite and on PostgreSQL: every row of the protocol's table."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from digest.store import Store
from digest.store.bounces import ENOUGH
from digest.store.channels import PAUSES, TRIAL
from digest.store.deliveries import CLAIM_LEASE
from digest.store.states import Claim, Kind, State, Step
from digest.store.steps import DOUBT_LEASE
from tests.conftest import DAY, NOW
from tests.deliveries import DEADLINE, queue, settle
from tests.papers import reader

SECOND = timedelta(seconds=1)


def claimed(store: Store) -> Claim:
    """The one mail that waits, claimed."""
    (claim,) = store.deliveries.claim("smtp", NOW)
    return claim


def doubted(store: Store) -> Claim:
    """The one mail that waits, its last word about to be said."""
    claim = claimed(store)
    assert store.deliveries.record([], NOW, claim).open
    return claim


def test_a_mail_is_claimed_once(store: Store) -> None:
    """Two claims, two mails; a third gets none. Another channel's mails are not taken."""
    queue(store, 2)
    assert store.deliveries.claim("outbox", NOW) == []
    claims = [store.deliveries.claim("smtp", NOW) for _ in range(3)]
    assert claims[2] == []
    assert len({claim.number for found in claims for claim in found}) == 2


def test_a_batch_is_claimed_under_one_token(store: Store) -> None:
    """Oldest first, as many as were asked for, with the bodies that were queued."""
    queue(store, 5)
    batch = store.deliveries.claim("smtp", NOW, 3)
    assert [claim.message.message_id for claim in batch] == ["<0@x>", "<1@x>", "<2@x>"]
    assert len({claim.token for claim in batch}) == 1
    assert all(claim.whole and claim.message.raw == b"bytes" for claim in batch)
    assert store.deliveries.counts() == {"claimed": 3, "queued": 2}


def test_workers_at_once_take_different_mails(store: Store) -> None:
    """Eight threads, forty mails, none twice and none left."""
    queue(store, 40)

    def take(_: int) -> list[int]:
        found = []
        while batch := store.deliveries.claim("smtp", NOW, 3):
            found += [claim.number for claim in batch]
        return found

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for found in pool.map(take, range(8)) for number in found]
    assert len(numbers) == len(set(numbers)) == 40


def test_the_straight_way(store: Store) -> None:
    """Queued, claimed, in doubt, sent; and a second outcome changes nothing."""
    queue(store)
    claim = doubted(store)
    assert store.deliveries.counts() == {"in_doubt": 1}
    assert settle(store, claim, State.SENT, "250 ok")
    assert not settle(store, claim, State.FAILED, "late")
    assert store.deliveries.counts() == {"sent": 1}


def test_one_commit_records_one_mail_and_doubts_the_next(store: Store) -> None:
    """What rides along is kept with the doubt."""
    queue(store, 2)
    first, second = store.deliveries.claim("smtp", NOW, 2)
    assert store.deliveries.record([], NOW, first).open
    recorded = store.deliveries.record([Step(first, State.SENT, "250")], NOW, second)
    assert recorded.kept == (True,)
    assert recorded.open
    assert store.deliveries.counts() == {"sent": 1, "in_doubt": 1}


def test_an_outcome_is_kept_though_the_next_mail_may_not_go(store: Store) -> None:
    """The reader of the second left between claim and doubt."""
    queue(store, 2)
    first, second = store.deliveries.claim("smtp", NOW, 2)
    assert store.readers.remove(store.readers.named(["r1"])["r1"].reader.handle)
    recorded = store.deliveries.record([Step(first, State.SENT, "250")], NOW, second)
    assert recorded.kept == (True,)
    assert not recorded.open
    assert store.deliveries.counts() == {"sent": 1}


def test_fault_01_killed_while_claimed(store: Store) -> None:
    """After the lease the mail is queued again, and the old claim is worth nothing."""
    queue(store)
    old = claimed(store)
    store.deliveries.sweep("smtp", NOW + CLAIM_LEASE / 2, repeatable=False)
    assert store.deliveries.counts() == {"claimed": 1}
    after = NOW + CLAIM_LEASE + SECOND
    assert store.deliveries.sweep("smtp", after, repeatable=False).uncertain == 0
    (new,) = store.deliveries.claim("smtp", after)
    assert new.number == old.number
    assert new.attempts == 0
    assert not store.deliveries.record([], after, old).open
    assert not settle(store, old, State.FAILED)
    assert store.deliveries.record([], after, new).open


@pytest.mark.parametrize(("repeatable", "state"), [(True, "queued"), (False, "uncertain")])
def test_fault_01_killed_while_in_doubt(store: Store, repeatable: bool, state: str) -> None:  # noqa: FBT001
    """Uncertain after the lease, never again by itself; a folder may be written twice."""
    queue(store)
    doubted(store)
    store.deliveries.sweep("smtp", NOW + DOUBT_LEASE / 2, repeatable=repeatable)
    assert store.deliveries.counts() == {"in_doubt": 1}
    swept = store.deliveries.sweep("smtp", NOW + DOUBT_LEASE + SECOND, repeatable=repeatable)
    assert swept.uncertain == (0 if repeatable else 1)
    assert store.deliveries.counts() == {state: 1}
    assert bool(store.deliveries.claim("smtp", NOW + DOUBT_LEASE + SECOND)) is repeatable


def test_a_late_answer_settles_what_became_uncertain(store: Store) -> None:
    """The worker was stopped beyond its lease, and heard the answer when it went on."""
    queue(store)
    claim = doubted(store)
    store.deliveries.sweep("smtp", NOW + DOUBT_LEASE + SECOND, repeatable=False)
    assert settle(store, claim, State.SENT, "250 ok")
    assert store.deliveries.counts() == {"sent": 1}


@pytest.mark.parametrize("state", [State.QUEUED, State.FAILED, State.UNCERTAIN])
def test_what_follows_from_doubt(store: Store, state: State) -> None:
    """A clear refusal queues or fails; silence is uncertain."""
    queue(store)
    assert settle(store, doubted(store), state, "said")
    assert store.deliveries.counts() == {state.value: 1}


def test_a_mail_put_back_waits_for_its_time(store: Store) -> None:
    """And counts an attempt only where one was spent."""
    queue(store)
    later = NOW + timedelta(minutes=5)
    step = Step(claimed(store), State.QUEUED, "451 later", 451, later)
    assert store.deliveries.record([step], NOW).kept == (True,)
    assert store.deliveries.claim("smtp", NOW) == []
    waiting = store.deliveries.delayed("smtp", NOW)
    assert waiting is not None
    assert (waiting.count, waiting.next_try, waiting.answer) == (1, later, "451 later")
    assert (waiting.ready, waiting.under_way) == (0, 0)
    waiting = store.deliveries.delayed("smtp", later)
    assert waiting is not None
    assert waiting.ready == 1
    (again,) = store.deliveries.claim("smtp", later)
    assert again.attempts == 1
    step = Step(again, State.QUEUED, "no connection", None, later, spends=False)
    store.deliveries.record([step], later)
    (third,) = store.deliveries.claim("smtp", later)
    assert third.attempts == 1


def test_a_mail_past_its_deadline_is_neither_claimed_nor_sent(store: Store) -> None:
    """Not even where it was claimed in time."""
    queue(store, 2)
    (claim,) = store.deliveries.claim("smtp", NOW)
    assert not store.deliveries.record([], DEADLINE, claim).open
    assert store.deliveries.why_not(claim, DEADLINE) is State.EXPIRED
    assert store.deliveries.claim("smtp", DEADLINE) == []
    assert store.deliveries.sweep("smtp", DEADLINE, repeatable=False).expired == 2
    assert store.deliveries.counts() == {"expired": 2}


def gone(store: Store, how: str) -> None:
    """The reader r0 is mailed no more."""
    if how == "rests":
        store.readers.rest("r0")
    else:
        value = {"paused": "paused_until = '2026-04-01'", "refuses": "suppressed = '2026-03-01'"}
        with store.engine.begin() as connection:
            connection.execute(text(f"UPDATE readers SET {value[how]}"))  # noqa: S608


@pytest.mark.parametrize("how", ["rests", "paused", "refuses"])
def test_fault_60_whoever_leaves_is_not_mailed(store: Store, how: str) -> None:
    """It wins until the mail is in doubt; what still waits is cancelled."""
    queue(store)
    claim = claimed(store)
    gone(store, how)
    assert not store.deliveries.record([], NOW, claim).open
    assert store.deliveries.why_not(claim, NOW) is State.CANCELLED
    store.deliveries.record([Step(claim, State.QUEUED, "", spends=False)], NOW)
    assert store.deliveries.sweep("smtp", NOW, repeatable=False).cancelled == 1
    assert store.deliveries.counts() == {"cancelled": 1}


def test_a_lost_claim_has_no_reason(store: Store) -> None:
    """Nothing to record where the row is gone or in other hands."""
    queue(store)
    claim = claimed(store)
    assert store.readers.remove(store.readers.named(["r0"])["r0"].reader.handle)
    assert store.deliveries.why_not(claim, NOW) is None


def test_a_held_claim_outlives_its_lease(store: Store) -> None:
    """Renewed ones stay; lost ones are not won back."""
    queue(store)
    claim = claimed(store)
    later = NOW + CLAIM_LEASE - SECOND
    store.deliveries.renew([claim], later)
    store.deliveries.sweep("smtp", NOW + CLAIM_LEASE + SECOND, repeatable=False)
    assert store.deliveries.counts() == {"claimed": 1}
    after = later + CLAIM_LEASE + SECOND
    store.deliveries.sweep("smtp", after, repeatable=False)
    store.deliveries.renew([claim], after)
    assert store.deliveries.counts() == {"queued": 1}


def test_a_damaged_body_is_known(store: Store) -> None:
    """The frozen body no longer fits its hash."""
    queue(store)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE bodies SET body = :body"), {"body": b"bytez"})
    assert not claimed(store).whole


@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED, State.CANCELLED])
def test_what_was_never_seen_may_come_again(store: Store, state: State) -> None:
    """Its papers are open again; those of an uncertain edition are not."""
    queue(store, 2)
    first, second = store.deliveries.claim("smtp", NOW, 2)
    settle(store, first, state)
    settle(store, second, State.UNCERTAIN)
    rows = [each.row for each in store.readers.shard()]
    assert list(store.editions.papers_had(rows, DAY, 3)) == [rows[1]]


def test_a_mail_of_one_message_id_is_queued_once(store: Store) -> None:
    """An alert of a day, from two daemons."""
    queue(store)
    message = replace(claimed(store).message, message_id="<alert@x>")
    queued = [
        store.deliveries.enqueue(message, Kind.ALERT, DAY, "smtp", NOW, DEADLINE) for _ in range(2)
    ]
    assert queued == [True, False]
    (claim,) = store.deliveries.claim("smtp", NOW)
    assert claim.reader is None
    assert store.deliveries.record([], NOW, claim).open


def test_an_open_breaker_lets_nobody_try(store: Store) -> None:
    """Then one mail tries for all; each failure in a row keeps it open for longer."""
    queue(store, 3)
    now = NOW
    for pause in (*PAUSES, PAUSES[-1]):
        assert store.channels.trip("smtp", "no connection", now) == now + pause
        assert store.deliveries.claim("smtp", now + pause - SECOND, 20) == []
        now += pause
        (trial,) = store.deliveries.claim("smtp", now, 20)
        assert store.deliveries.claim("smtp", now + SECOND, 20) == []
        step = Step(trial, State.QUEUED, "no connection", None, now, spends=False)
        store.deliveries.record([step], now)
    state = store.channels.state("smtp")
    assert (state.failures, state.since) == (len(PAUSES) + 1, NOW)
    store.channels.restore("smtp")
    assert len(store.deliveries.claim("smtp", now, 20)) == 3


def test_connections_that_fail_together_are_one_failure(store: Store) -> None:
    """Five threads meet the same dead server."""
    for _ in range(5):
        store.channels.trip("smtp", "no connection", NOW)
    assert store.channels.state("smtp").failures == 1


def test_a_trial_that_was_killed_ends(store: Store) -> None:
    """Another mail tries the channel a little later."""
    queue(store, 2)
    store.channels.trip("smtp", "no connection", NOW)
    now = NOW + PAUSES[0]
    assert len(store.deliveries.claim("smtp", now)) == 1
    assert len(store.deliveries.claim("smtp", now + TRIAL)) == 1


def test_a_mailbox_has_one_point_a_day(store: Store) -> None:
    """Enough of them end the mails; a long time without one begins anew; forgiving takes all."""
    queue(store)
    claim = claimed(store)
    for days in (0, 0, 1, 2, 30, 31, 32, 33):
        step = Step(claim, State.FAILED, "550", 550, bounced=DAY + timedelta(days=days))
        with store.engine.begin() as connection:
            connection.execute(
                text("UPDATE deliveries SET state = 'claimed', token = :t"), {"t": claim.token}
            )
        assert store.deliveries.record([step], NOW + timedelta(days=days)).kept == (True,)
        assert store.bounces.suppressed() == []
    assert ENOUGH == 5
    with store.engine.begin() as connection:
        connection.execute(
            text("UPDATE deliveries SET state = 'claimed', token = :t"), {"t": claim.token}
        )
    last = Step(claim, State.FAILED, "550", 550, bounced=DAY + timedelta(days=34))
    store.deliveries.record([last], NOW)
    (found,) = store.bounces.suppressed()
    assert (found.name, found.since) == ("r0", NOW)
    assert store.bounces.forgive("r0")
    assert store.bounces.suppressed() == []
    assert not store.bounces.forgive(reader("nobody").name)
