"""Sign-ups: what typing an address does to the store, and what the link in the mail does."""

import json
import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, func, select

from digest.config import Settings
from digest.errors import UsageError
from digest.grammar.address import is_role, mailbox_key
from digest.grammar.interests import parse_interest
from digest.model import Manner, Message, Quiet, Reader, Schedule
from digest.readers import find, get, keep_configured, leave, subscribe
from digest.readers.signups import MOST_LETTERS, Standing, ask, confirm, look
from digest.store import Store
from digest.store.engine import reading
from digest.store.schema import deliveries, knocks, signups
from digest.store.signups import MadeNote, Signup
from digest.store.states import Kind
from tests.conftest import NOW
from tests.effort import effort

DAY = timedelta(days=1)
WEEKLY = Schedule(8 * 60, "Asia/Tokyo", frozenset({2}))
OWLS = parse_interest("keywords", "owls, bats^2")


SPARSE = Manner(0, Quiet.NOTHING, abstracts=False)


def wish(store: Store, address: str = "ann@example.org", now: datetime = NOW) -> None:
    """Somebody asks for weekly editions about owls."""
    assert ask(store, address, (OWLS,), WEEKLY, 7, now)


def mail(store: Store, now: datetime = NOW, most: int = 100) -> list[Signup]:
    """Make the mails of all who may be mailed, as the run does; returns what was asked."""
    callers, _ = store.signups.callers(now, most)
    notes = [
        MadeNote(
            caller,
            Message(f"<{caller.signup.nonce}@x>", "d@x", caller.signup.address, "S", "label", b"b"),
            Kind.CONFIRM,
        )
        for caller in callers
    ]
    store.signups.mailed(notes, "outbox", now.date(), now, now + timedelta(hours=12))
    return [caller.signup for caller in callers]


def member(store: Store, address: str = "ann@example.org") -> Reader:
    """A reader since long ago."""
    return subscribe(store, address, (), Schedule(), 10, NOW - 100 * DAY)


def count(store: Store, table: Any) -> int:
    """The rows of a table."""
    with reading(store.engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_wish_is_no_reader_until_the_link_is_used(store: Store) -> None:
    """Asking and mailing subscribe nobody; using the link does, with all that was wished for."""
    wish(store)
    assert find(store, "ann@example.org") is None
    [signup] = mail(store)
    assert look(store, signup.nonce).standing is Standing.OPEN
    assert find(store, "ann@example.org") is None
    done = confirm(store, signup.nonce, NOW + DAY)
    assert done.standing is Standing.DONE
    reader = find(store, "ann@example.org")
    assert reader is not None
    assert reader == done.reader
    assert (reader.interests, reader.schedule, reader.limit) == ((OWLS,), WEEKLY, 7)


def test_the_manner_that_was_wished_for_is_the_readers(store: Store) -> None:
    """Dial, quiet days and abstracts; also of somebody who had another before leaving."""
    reader = member(store)
    store.readers.unsubscribe(reader.handle, NOW - DAY)
    for address in ("ann@example.org", "eve@example.org"):
        assert ask(store, address, (), Schedule(), 10, NOW, SPARSE)
    for signup in mail(store):
        done = confirm(store, signup.nonce, NOW).reader
        assert done is not None
        assert done.manner == SPARSE


def test_without_a_word_on_the_manner_it_is_the_houses(store: Store) -> None:
    """Who says nothing of it gets letters as this house has them."""
    assert ask(store, "ann@example.org", (), Schedule(), 10, NOW, None, SPARSE)
    [signup] = mail(store)
    done = confirm(store, signup.nonce, NOW).reader
    assert done is not None
    assert done.manner == SPARSE


def test_wishes_from_before_there_was_a_choice_still_confirm(store: Store) -> None:
    """A row without any word on the manner makes a reader with the usual one."""
    wishes = {"interests": [], "minute": 420, "zone": "UTC", "weekdays": [0], "limit": 10}
    assert store.signups.ask("ann@example.org", wishes, NOW)
    [signup] = mail(store)
    done = confirm(store, signup.nonce, NOW + DAY)
    assert done.standing is Standing.DONE
    assert done.reader is not None
    assert done.reader.manner == Manner()


def test_using_a_link_twice_changes_nothing(store: Store) -> None:
    """The second use finds a reader, and does not undo what it has changed meanwhile."""
    wish(store)
    [signup] = mail(store)
    confirm(store, signup.nonce, NOW)
    reader = find(store, "ann@example.org")
    assert reader is not None
    store.readers.change(replace(reader, limit=3), NOW)
    assert confirm(store, signup.nonce, NOW + DAY).standing is Standing.DONE
    changed = find(store, "ann@example.org")
    assert changed is not None
    assert changed.limit == 3


def test_fault_48_a_link_that_was_used_brings_nobody_back(store: Store) -> None:
    """Confirm, unsubscribe, confirm again by the old link: it is dead, and nothing is sent."""
    wish(store)
    [signup] = mail(store)
    reader = confirm(store, signup.nonce, NOW).reader
    assert reader is not None
    store.readers.unsubscribe(reader.handle, NOW + DAY)
    assert confirm(store, signup.nonce, NOW + 2 * DAY).standing is Standing.DEAD
    assert find(store, "ann@example.org") is None


def test_fault_48_a_link_from_before_leaving_brings_nobody_back(store: Store) -> None:
    """A link that was sent, not used, and is older than the unsubscription is dead too."""
    wish(store)
    [signup] = mail(store)
    reader = member(store)
    store.readers.unsubscribe(reader.handle, NOW + DAY)
    assert confirm(store, signup.nonce, NOW + 2 * DAY).standing is Standing.DEAD
    assert find(store, "ann@example.org") is None


def test_who_left_comes_back_with_all_that_was_kept(store: Store) -> None:
    """A new link, asked for after leaving, brings the same reader back under the same handle."""
    reader = member(store)
    store.readers.change(replace(reader, manner=SPARSE), NOW - 99 * DAY)
    store.readers.unsubscribe(reader.handle, NOW - DAY)
    wish(store)
    [signup] = mail(store)
    back = confirm(store, signup.nonce, NOW).reader
    assert back is not None
    assert back.manner == SPARSE  # nothing was said of it
    assert (back.handle, back.number) == (reader.handle, reader.number)
    assert back.interests == (OWLS,)
    assert store.readers.unsubscribed(reader.handle) is None


def test_who_is_a_reader_keeps_everything(store: Store) -> None:
    """A stranger who types a reader's address changes nothing of it, whatever link there is."""
    reader = member(store)
    wish(store)
    [signup] = mail(store)
    assert confirm(store, signup.nonce, NOW).standing is Standing.DONE
    assert find(store, "ann@example.org") == reader


def test_a_removed_reader_leaves_no_link_behind(store: Store) -> None:
    """What was asked for a mailbox is forgotten with its reader: an old link makes no new one."""
    wish(store)
    [signup] = mail(store)
    confirm(store, signup.nonce, NOW)
    leave(store, "ann@example.org")
    assert confirm(store, signup.nonce, NOW).standing is Standing.DEAD
    assert find(store, "ann@example.org") is None
    assert (count(store, signups), count(store, knocks), count(store, deliveries)) == (0, 0, 0)


def test_asking_again_replaces_what_waits(store: Store) -> None:
    """The last wish before the mail counts, and is mailed once."""
    wish(store)
    assert ask(store, "Ann@example.org", (), Schedule(), 20, NOW)
    [signup] = mail(store)
    assert signup.wishes["limit"] == 20
    assert count(store, signups) == 1


def test_a_link_holds_until_the_next_mail_is_made(store: Store) -> None:
    """Somebody else's asking does not kill a link that was sent; a newer mail does, a day later."""
    wish(store)
    [first] = mail(store)
    wish(store)
    assert mail(store) == []
    assert look(store, first.nonce).standing is Standing.OPEN
    [second] = mail(store, NOW + DAY)
    assert look(store, first.nonce).standing is Standing.DEAD
    assert look(store, second.nonce).standing is Standing.OPEN


def test_confirming_voids_what_else_waits(store: Store) -> None:
    """Who has confirmed is not asked again for what was typed before."""
    wish(store)
    [first] = mail(store)
    wish(store)
    confirm(store, first.nonce, NOW)
    assert mail(store, NOW + DAY) == []


def test_two_who_use_a_link_at_once_are_one(store: Store) -> None:
    """A double click makes one reader, and both answers say that it is done."""
    wish(store)
    [signup] = mail(store)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: confirm(store, signup.nonce, NOW), range(4)))
    assert {one.standing for one in done} == {Standing.DONE}
    assert store.readers.count() == 1


def test_fault_48_a_link_used_while_its_mailbox_leaves_brings_nobody_back(store: Store) -> None:
    """The reader came back, and left again, after the page was looked at: the last word counts."""
    handle = member(store).handle
    store.readers.unsubscribe(handle, NOW - DAY)
    wish(store)
    [signup] = mail(store)
    found = look(store, signup.nonce)
    assert found.reader is not None
    store.readers.resubscribe(handle, NOW + DAY)
    store.readers.unsubscribe(handle, NOW + 2 * DAY)
    assert not store.signups.confirm(signup.nonce, found.reader, NOW + 2 * DAY)
    assert find(store, "ann@example.org") is None
    assert look(store, signup.nonce).standing is Standing.DEAD


def test_a_link_used_while_its_mailbox_became_a_readers_changes_nothing(store: Store) -> None:
    """Added by hand meanwhile: the reader keeps what it was given."""
    wish(store)
    [signup] = mail(store)
    found = look(store, signup.nonce)
    assert found.reader is not None
    known = member(store)
    assert not store.signups.confirm(signup.nonce, found.reader, NOW)
    assert find(store, "ann@example.org") == known


def test_two_wishes_at_once_are_one(store: Store) -> None:
    """Two forms for one mailbox at the same moment leave one wish that waits."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: wish(store), range(8)))
    assert count(store, signups) == 1
    assert len(mail(store)) == 1


def test_what_is_a_week_old_is_forgotten(store: Store) -> None:
    """Address, wishes and mail go; the count of mails stays, as a hash."""
    wish(store, "bob@example.org")
    mail(store)
    assert store.signups.sweep(NOW + 6 * DAY) == 0
    assert store.signups.sweep(NOW + 7 * DAY) == 1
    assert (count(store, signups), count(store, deliveries), count(store, knocks)) == (0, 0, 1)
    with reading(store.engine) as connection:
        row = connection.execute(select(knocks)).one()
    assert "bob" not in str(row)


def test_a_full_queue_takes_nobody_more(store: Store) -> None:
    """Beyond the bound nothing is written: the table cannot be filled."""
    small = replace(store, signups=replace(store.signups, most_waiting=2))
    assert ask(small, "a@example.org", (), Schedule(), 10, NOW)
    assert ask(small, "b@example.org", (), Schedule(), 10, NOW)
    assert not ask(small, "c@example.org", (), Schedule(), 10, NOW)
    assert count(store, signups) == 2


@pytest.mark.parametrize(
    ("spellings", "mailboxes"),
    [
        (("ann@example.org", "Ann@Example.ORG", "ann+papers@example.org"), 1),
        (("a.n.n@gmail.com", "ann@googlemail.com", "ann+x@gmail.com"), 1),
        (("a.nn@example.org", "ann@example.org"), 2),
        (("ann@example.org", "ann@example.com"), 2),
        (("+a@example.org", "+b@example.org"), 2),
    ],
)
def test_what_is_one_mailbox(spellings: Sequence[str], mailboxes: int) -> None:
    """Letters' case, tags and Google's dots make no other mailbox."""
    assert len({mailbox_key(address) for address in spellings}) == mailboxes


@pytest.mark.parametrize(
    "address",
    [
        "abuse@example.org", "Postmaster@example.org", "no-reply@example.org",
        "do.not.reply@example.org", "mailer-daemon@example.org", "noreply+x@example.org",
    ],
)  # fmt: skip
def test_offices_cannot_subscribe(sqlite: Store, address: str) -> None:
    """Role addresses are refused, in words that say what to do."""
    assert is_role(address)
    with pytest.raises(UsageError, match="an address of your own"):
        ask(sqlite, address, (), Schedule(), 10, NOW)


@pytest.mark.parametrize("address", ["rooted@example.org", "info.ann@example.org", "wwwill@x.org"])
def test_people_are_no_offices(address: str) -> None:
    """A name that begins like an office's is a person's."""
    assert not is_role(address)


@pytest.mark.parametrize(
    "address", ["reader@localhost", "ann@intranet", "ann@[127.0.0.1]", "a@b@example.org", "", "ann"]
)
def test_addresses_of_nobody_are_refused(sqlite: Store, address: str) -> None:
    """What the internet cannot deliver to is refused at once: it tells nothing about anybody."""
    with pytest.raises(UsageError):
        ask(sqlite, address, (), Schedule(), 10, NOW)
    assert count(sqlite, signups) == 0


def test_a_stranger_cannot_store_a_book(sqlite: Store) -> None:
    """Interests are bounded before anybody has confirmed anything."""
    long = parse_interest("keywords", ", ".join(f"owl{n:05}" for n in range(MOST_LETTERS // 9)))
    with pytest.raises(UsageError, match="longer than"):
        ask(sqlite, "ann@example.org", (long,), Schedule(), 10, NOW)


def test_fault_47_asking_is_the_same_work_for_everybody(store: Store) -> None:
    """Known, unknown, departed and waiting addresses: the same statements, and like work."""
    member(store, "known@example.org")
    gone = member(store, "gone@example.org")
    store.readers.unsubscribe(gone.handle, NOW)
    wish(store, "waiting@example.org")
    wish(store, "mailed@example.org")
    whose = ("known", "gone", "waiting", "mailed", "unknown")
    said: dict[str, list[str]] = {}
    taken: dict[str, list[int]] = {one: [] for one in whose}

    def hear(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.setdefault(asked, []).append(statement)

    event.listen(store.engine, "before_cursor_execute", hear)
    for turn in range(10):
        for asked in whose:
            address = f"{asked}@example.org" if asked != "unknown" else f"new{turn}@example.org"
            taken[asked].append(effort(partial(wish, store, address)))
    event.remove(store.engine, "before_cursor_execute", hear)
    assert len({json.dumps(statements) for statements in said.values()}) == 1
    medians = {one: statistics.median(times) for one, times in taken.items()}
    assert max(medians.values()) < 1.2 * min(medians.values()), medians


def test_knocks_of_a_stranger_and_of_a_reader(store: Store) -> None:
    """Once in 24 hours; three times ever for a stranger, three times in 30 days for a reader."""

    def tries(address: str, days: Sequence[float], *, known: bool) -> list[bool]:
        take = store.knocks.take
        return [take(address, NOW + day * DAY, known=known) for day in days]

    days = [0, 0.9, 1, 2, 3, 29, 30, 31, 400]
    assert tries("s@example.org", days, known=False) == [
        True, False, True, True, False, False, False, False, False,
    ]  # fmt: skip
    assert tries("r@example.org", days, known=True) == [
        True, False, True, True, False, False, True, True, True,
    ]  # fmt: skip
    assert store.knocks.left(NOW + 400 * DAY, 5) == 4
    store.knocks.forget("S@example.org")
    assert store.knocks.take("s@example.org", NOW + 400 * DAY)


def test_a_mailbox_whose_link_died_with_its_key_is_asked_anew(store: Store) -> None:
    """Keys that are replaced end the rest of 24 hours once; they count no mail less."""
    for hour, address in enumerate(("ann@example.org", "bea@example.org")):
        wish(store, address)
        assert len(mail(store, NOW + timedelta(hours=hour))) == 1
    wish(store)
    assert not mail(store, NOW + timedelta(hours=2))
    store.keys.replace(NOW + timedelta(minutes=30))  # after Ann's mail, before Bea's
    wish(store, "bea@example.org", NOW + timedelta(hours=2))
    assert [one.address for one in mail(store, NOW + timedelta(hours=3))] == ["ann@example.org"]
    wish(store, now=NOW + timedelta(hours=4))
    assert not mail(store, NOW + timedelta(hours=5))
    for hour, sent in ((6, 1), (8, 0)):
        store.keys.replace(NOW + timedelta(hours=hour))
        wish(store, now=NOW + timedelta(hours=hour))
        found = mail(store, NOW + timedelta(hours=hour + 1))
        assert [one.address for one in found].count("ann@example.org") == sent
    assert not store.knocks.take("ann@example.org", NOW + 9 * DAY)


def test_who_has_not_confirmed_is_known_and_counted(store: Store) -> None:
    """Once a mailbox, until it confirms; what a reader asks again is not counted."""
    bea = member(store, "bea@example.org")
    for address in ("Ann@example.org", "bea@example.org", "eve@example.org"):
        wish(store, address)
    [ann] = [one for one in mail(store) if one.address.startswith("Ann")]
    wish(store, now=NOW + DAY)
    assert store.signups.count_asked() == 2
    assert store.signups.asked("ann@example.org") == NOW
    with pytest.raises(UsageError, match="asked on 2026-03-17, not confirmed yet"):
        get(store, "ann@example.org")
    assert get(store, "bea@example.org") == bea
    confirm(store, ann.nonce, NOW + DAY)
    assert store.signups.count_asked() == 1
    assert store.signups.asked("ann@example.org") is None
    assert store.readers.count_left() == 0
    store.readers.unsubscribe(bea.handle, NOW + DAY)
    assert store.readers.count_left() == 1
    with pytest.raises(UsageError, match="has unsubscribed on 2026-03-18"):
        get(store, "bea@example.org")


def test_two_knocks_at_once_are_one(store: Store) -> None:
    """Two processes that mail the same mailbox at the same moment do it once."""
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: store.knocks.take("a@example.org", NOW), range(8)))
    assert sum(taken) == 1


def test_the_person_of_the_configuration_is_known(store: Store) -> None:
    """Its address, typed into the form, is a reader's: it is told so, and asked nothing."""
    settings = Settings(address="me@example.org")
    person = keep_configured(store, settings, NOW)
    wish(store, "Me@example.org")
    [caller] = store.signups.callers(NOW, 10)[0]
    assert person is not None
    assert (caller.handle, caller.active) == (person.handle, True)


def test_the_person_of_the_configuration_comes_back_as_configured(store: Store) -> None:
    """Who unsubscribed and signs up again has the interests of the configuration, not the form's."""
    settings = Settings(address="me@example.org", interests=(OWLS,), minute=60, dial=80)
    person = keep_configured(store, settings, NOW - DAY)
    assert person is not None
    store.readers.unsubscribe(person.handle, NOW - DAY)
    assert ask(store, "me@example.org", (), WEEKLY, 3, NOW)
    [signup] = mail(store)
    back = confirm(store, signup.nonce, NOW).reader
    assert back == person
    assert keep_configured(store, settings, NOW) == person
