"""Deliveries as a person looks at them, and what can be settled by hand; on both databases."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from digest.model import Edition, Message, Mood, Reader, Schedule
from digest.store import Store
from digest.store.editions import MadeEdition
from digest.store.ledger import Wanted, Wish
from digest.store.overview import LastAlert
from digest.store.states import Claim, Kind, State, Step
from digest.store.steps import DOUBT_LEASE
from tests.conftest import DAY, NOW
from tests.papers import reader

LATER = NOW + timedelta(hours=6)
OWNER = "owner@example.org"


def queue(store: Store, whose: Reader, on: date = DAY) -> int:
    """An edition's mail that waits; returns its number."""
    message = Message(f"<{whose.name}.{on}@x>", "d@x", whose.address, "S", "label", b"bytes")
    made = MadeEdition(Edition(whose, on, (), Mood.MATCHED, 3), message, NOW + timedelta(hours=20))
    store.editions.save([made], "smtp", NOW)
    (entry, *_) = store.ledger.listing(Wanted(address=whose.address, date=on), 1)
    return entry.id


def keep(store: Store, address: str = "ann@example.org", zone: str = "UTC") -> Reader:
    """A reader in the store."""
    return store.readers.save(reader(address, "graph", schedule=Schedule(zone=zone)), NOW)


def claim(store: Store) -> Claim:
    """The one mail that waits, claimed."""
    (found,) = store.deliveries.claim("smtp", NOW)
    return found


def bring(store: Store, state: State) -> int:
    """One mail in a state, brought there as the post room would."""
    whose = keep(store)
    number = queue(store, whose)
    match state:
        case State.QUEUED:
            pass
        case State.CLAIMED:
            claim(store)
        case State.IN_DOUBT:
            store.deliveries.record([], NOW, doubt=claim(store))
        case State.EXPIRED:
            store.deliveries.sweep("smtp", NOW + timedelta(days=2), repeatable=False)
        case State.CANCELLED:
            store.readers.rest(whose.name)
            store.deliveries.sweep("smtp", NOW, repeatable=False)
            keep(store)
        case _:
            held = claim(store)
            store.deliveries.record([], NOW, doubt=held)
            store.deliveries.record([Step(held, state, "250 or not", 250)], NOW)
    assert store.ledger.find(number)
    assert state_of(store, number) is state
    return number


def state_of(store: Store, number: int) -> State:
    """Where a delivery stands."""
    entry = store.ledger.find(number)
    assert entry is not None
    return entry.state


def test_the_list_is_filtered_and_the_latest_comes_first(store: Store) -> None:
    """By state, date and reader; never more than asked for."""
    ann, bob = keep(store), keep(store, "Bob@example.org")
    first = queue(store, ann, DAY)
    third = queue(store, ann, DAY + timedelta(days=1))
    second = queue(store, bob, DAY)
    listing = store.ledger.listing
    assert [e.id for e in listing(Wanted(), 9)] == [third, second, first]
    assert [e.id for e in listing(Wanted(), 1)] == [third]
    assert [e.id for e in listing(Wanted(date=DAY), 9)] == [second, first]
    assert [e.id for e in listing(Wanted(address="BOB@example.org"), 9)] == [second]
    assert listing(Wanted(address="nobody@example.org"), 9) == []
    store.ledger.settle(first, Wish.FAILED, NOW, "UTC")
    assert len(listing(Wanted((State.QUEUED,)), 9)) == 3
    assert listing(Wanted((State.FAILED, State.UNCERTAIN)), 9) == []


def test_mails_to_the_owner_are_found_by_the_address(store: Store) -> None:
    """They belong to no reader."""
    message = Message("<alert@x>", "d@x", OWNER, "S", "label", b"bytes")
    store.deliveries.enqueue(message, Kind.ALERT, DAY, "smtp", NOW, LATER)
    (entry,) = store.ledger.listing(Wanted(address=OWNER.upper()), 9)
    assert (entry.kind, entry.reader_id, entry.message_id) == ("alert", None, "<alert@x>")


# What each wish does to a mail in each state: the state after it, and a word of the refusal.
OUTCOMES = {
    (State.QUEUED, Wish.SENT): (State.QUEUED, "queued"),
    (State.QUEUED, Wish.FAILED): (State.QUEUED, "queued"),
    (State.QUEUED, Wish.RESEND): (State.QUEUED, None),
    (State.CLAIMED, Wish.SENT): (State.CLAIMED, "being sent"),
    (State.CLAIMED, Wish.FAILED): (State.CLAIMED, "being sent"),
    (State.CLAIMED, Wish.RESEND): (State.CLAIMED, "being sent"),
    (State.IN_DOUBT, Wish.SENT): (State.IN_DOUBT, "being sent"),
    (State.IN_DOUBT, Wish.FAILED): (State.IN_DOUBT, "being sent"),
    (State.IN_DOUBT, Wish.RESEND): (State.IN_DOUBT, "being sent"),
    (State.UNCERTAIN, Wish.SENT): (State.SENT, None),
    (State.UNCERTAIN, Wish.FAILED): (State.FAILED, None),
    (State.UNCERTAIN, Wish.RESEND): (State.QUEUED, None),
    (State.SENT, Wish.SENT): (State.SENT, None),
    (State.SENT, Wish.FAILED): (State.SENT, "only what is uncertain"),
    (State.SENT, Wish.RESEND): (State.SENT, "never made"),
    (State.FAILED, Wish.SENT): (State.FAILED, "only what is uncertain"),
    (State.FAILED, Wish.FAILED): (State.FAILED, None),
    (State.FAILED, Wish.RESEND): (State.QUEUED, None),
    (State.EXPIRED, Wish.SENT): (State.EXPIRED, "only what is uncertain"),
    (State.EXPIRED, Wish.FAILED): (State.EXPIRED, "only what is uncertain"),
    (State.EXPIRED, Wish.RESEND): (State.QUEUED, None),
    (State.CANCELLED, Wish.SENT): (State.CANCELLED, "only what is uncertain"),
    (State.CANCELLED, Wish.FAILED): (State.CANCELLED, "only what is uncertain"),
    (State.CANCELLED, Wish.RESEND): (State.CANCELLED, "digest readers resume"),
}


def test_every_state_and_wish_is_thought_of() -> None:
    """The table below has them all."""
    assert set(OUTCOMES) == {(state, wish) for state in State for wish in Wish}


@pytest.mark.parametrize(("state", "wish"), OUTCOMES)
def test_what_a_wish_does(sqlite: Store, state: State, wish: Wish) -> None:
    """Each refusal says why; what is so already is no mistake; a second time changes nothing."""
    after, why = OUTCOMES[state, wish]
    number = bring(sqlite, state)
    done = sqlite.ledger.settle(number, wish, NOW, "UTC")
    assert state_of(sqlite, number) is after
    if why is None:
        assert (done.done, done.already) == (state is not after, state is after)
        assert sqlite.ledger.settle(number, wish, NOW, "UTC").already
    else:
        assert why in done.why_not
        assert not done.done


def test_a_number_that_is_nobodys_is_refused(store: Store) -> None:
    """It is said, and nothing happens."""
    assert "no such delivery" in store.ledger.settle(7, Wish.SENT, NOW, "UTC").why_not


def test_what_was_cut_off_can_be_settled_when_its_lease_is_over(store: Store) -> None:
    """As sent or failed; to be sent again only once a run has found out what it is."""
    number = bring(store, State.IN_DOUBT)
    over = NOW + DOUBT_LEASE + timedelta(seconds=1)
    assert "digest run" in store.ledger.settle(number, Wish.RESEND, over, "UTC").why_not
    assert store.ledger.settle(number, Wish.SENT, over, "UTC").done
    assert state_of(store, number) is State.SENT


def test_sending_again_begins_anew_with_the_same_mail(store: Store) -> None:
    """Same Message-ID and body, no attempts, a new deadline in the reader's zone, claimed once."""
    whose = keep(store, zone="Asia/Tokyo")
    number = queue(store, whose)
    held = claim(store)
    store.deliveries.record([Step(held, State.FAILED, "550 no", 550)], NOW)
    later = NOW + timedelta(days=3)
    assert store.ledger.settle(number, Wish.RESEND, later, "UTC").done
    entry = store.ledger.find(number)
    assert entry is not None
    assert (entry.attempts, entry.code, entry.settled, entry.lease_until) == (0, None, None, None)
    assert entry.deadline == later + timedelta(hours=4, minutes=30)  # 23:00 in Tokyo
    assert "550 no" in (entry.answer or "")
    (again,) = store.deliveries.claim("smtp", later)
    assert again.message == held.message
    assert again.whole
    assert again.token != held.token
    assert not store.deliveries.record([Step(held, State.SENT, "late")], later).kept[0]


def test_a_mail_to_the_owner_is_sent_again_until_the_owners_evening(store: Store) -> None:
    """It has no reader whose zone would count."""
    message = Message("<alert@x>", "d@x", OWNER, "S", "label", b"bytes")
    store.deliveries.enqueue(message, Kind.ALERT, DAY, "smtp", NOW, LATER)
    held = claim(store)
    store.deliveries.record([Step(held, State.FAILED, "no")], NOW)
    assert store.ledger.settle(held.number, Wish.RESEND, NOW, "Europe/Berlin").done
    entry = store.ledger.find(held.number)
    assert entry is not None
    assert entry.deadline == NOW.replace(hour=22, minute=0)


def test_nobody_who_takes_no_mail_is_sent_an_old_one(store: Store) -> None:
    """A reader who pauses, left, or whose mailbox refuses: it would be cancelled at once."""
    number = bring(store, State.FAILED)
    whose = keep(store)
    paused = replace(whose.schedule, paused_until=DAY + timedelta(days=9))
    store.readers.save(replace(whose, schedule=paused), NOW)
    refused = store.ledger.settle(number, Wish.RESEND, NOW, "UTC")
    assert "pauses until" in refused.why_not
    assert "digest readers resume ann@example.org" in refused.why_not
    keep(store)
    store.readers.rest(whose.name)
    assert "left" in store.ledger.settle(number, Wish.RESEND, NOW, "UTC").why_not
    assert state_of(store, number) is State.FAILED


def test_a_late_answer_and_a_person_do_not_overwrite_each_other(store: Store) -> None:
    """Who comes first is right: a late 250 settles what is uncertain, and not what was settled."""
    number = bring(store, State.IN_DOUBT)
    whose = store.ledger.find(number)
    assert whose is not None
    over = NOW + DOUBT_LEASE + timedelta(seconds=1)
    store.deliveries.sweep("smtp", over, repeatable=False)
    assert state_of(store, number) is State.UNCERTAIN
    assert store.ledger.settle(number, Wish.FAILED, over, "UTC").done
    entry = store.ledger.find(number)
    assert entry is not None
    assert entry.settled == over
    assert "settled by hand" in (entry.answer or "")


def test_a_late_250_wins_over_a_person_who_is_later_still(store: Store) -> None:
    """The mail is sent; that it failed is refused then."""
    whose = keep(store)
    number = queue(store, whose)
    held = claim(store)
    store.deliveries.record([], NOW, doubt=held)
    over = NOW + DOUBT_LEASE + timedelta(seconds=1)
    store.deliveries.sweep("smtp", over, repeatable=False)
    assert store.deliveries.record([Step(held, State.SENT, "250 late", 250)], over).kept == (True,)
    assert "it is sent" in store.ledger.settle(number, Wish.FAILED, over, "UTC").why_not
    assert store.ledger.settle(number, Wish.SENT, over, "UTC").already


def test_a_person_wins_over_a_250_that_is_later_still(store: Store) -> None:
    """What was settled by hand stays as it was settled."""
    number = queue(store, keep(store))
    held = claim(store)
    store.deliveries.record([], NOW, doubt=held)
    over = NOW + DOUBT_LEASE + timedelta(seconds=1)
    store.deliveries.sweep("smtp", over, repeatable=False)
    assert store.ledger.settle(number, Wish.FAILED, over, "UTC").done
    assert store.deliveries.record([Step(held, State.SENT, "250 late", 250)], over).kept == (False,)
    assert state_of(store, number) is State.FAILED


def test_counts_by_date_leave_out_mails_to_the_owner(store: Store) -> None:
    """A day's editions in each state; an alert is none of them."""
    number = bring(store, State.FAILED)
    queue(store, keep(store, "bob@example.org"))
    message = Message("<alert@x>", "d@x", OWNER, "S", "label", b"bytes")
    store.deliveries.enqueue(message, Kind.ALERT, DAY, "smtp", NOW, LATER)
    counts = store.overview.editions(DAY, DAY)[DAY]
    assert {state: n for state, n in counts.items() if n} == {State.FAILED: 1, State.QUEUED: 1}
    assert store.overview.editions(DAY + timedelta(days=1), DAY + timedelta(days=9)) == {}
    lost, named = store.overview.lost("smtp", NOW - timedelta(hours=1))
    assert lost == {State.FAILED: 1}
    assert [mail.number for mail in named] == [number]
    assert store.overview.lost("smtp", NOW) == ({}, [])
    assert store.overview.last_alert(NOW) == LastAlert(DAY, NOW)
    assert store.overview.last_alert(NOW - timedelta(minutes=1)) is None
