"""`digest deliveries`: what a person sees of mails, and can do about them."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from digest.cli.common import utc_now
from digest.model import Edition, Message, Mood
from digest.store import Store, open_store
from digest.store.editions import MadeEdition
from digest.store.ledger import Wanted
from digest.store.states import State, Step
from tests.conftest import DATA, DAY, Digest
from tests.papers import reader

DB = ("--database", "t.db")


def mail(store: Store, name: str, state: State, on: date = DAY) -> int:
    """An edition's mail in a state; returns its number."""
    now = utc_now()
    whose = store.readers.save(reader(f"{name}@example.org", "graph"), now)
    raw = b"From: d@x\r\nSubject: S\r\n\r\nHello.\r\n"
    message = Message(f"<{name}@x>", "d@x", whose.address, f"For {name}", name, raw)
    edition = Edition(whose, on, (), Mood.MATCHED, 3)
    made = MadeEdition(edition, message, now + timedelta(hours=20))
    store.editions.save([made], "outbox", now)
    if state is not State.QUEUED:
        (held,) = store.deliveries.claim("outbox", now)
        store.deliveries.record([], now, doubt=held)
        store.deliveries.record([Step(held, state, f"said of {name}", 451)], now)
    (entry,) = store.ledger.listing(Wanted(address=whose.address), 1)
    return entry.id


@pytest.fixture
def numbers() -> dict[State, int]:
    """A store with a mail in each of four states."""
    store = open_store("sqlite:///t.db")
    states = (State.SENT, State.FAILED, State.UNCERTAIN, State.QUEUED)
    found = {state: mail(store, state.value, state) for state in states}
    store.close()
    return found


def lines(out: str) -> list[dict[str, Any]]:
    """JSON, one object a line."""
    return [json.loads(line) for line in out.splitlines()]


def test_an_empty_store_has_no_mails(digest: Digest) -> None:
    """It says so, and it is no error."""
    done = digest("deliveries", *DB)
    assert (done.code, done.out) == (0, "No such mails.\n")
    assert digest("deliveries", *DB, "--json").out == ""


def test_the_list_shows_what_became_of_each(digest: Digest, numbers: dict[State, int]) -> None:
    """Newest first, with the answer; filters choose; --limit ends it."""
    done = digest("deliveries", *DB)
    assert done.code == 0
    for state in numbers:
        assert f"{state}@example.org" in done.out
    assert "said of failed" in done.out
    found = lines(digest("deliveries", *DB, "--json").out)
    assert [one["number"] for one in found] == sorted(numbers.values(), reverse=True)
    assert {one["state"] for one in found} == {state.value for state in numbers}
    bad = digest("deliveries", *DB, "--json", "--state", "failed", "--state", "uncertain")
    assert {one["state"] for one in lines(bad.out)} == {"failed", "uncertain"}
    one = digest("deliveries", *DB, "--json", "--reader", "SENT@example.org", "--date", DAY)
    assert [entry["recipient"] for entry in lines(one.out)] == ["sent@example.org"]
    assert lines(digest("deliveries", *DB, "--json", "--date", "2026-03-18").out) == []
    assert len(lines(digest("deliveries", *DB, "--json", "--limit", 2).out)) == 2


def test_one_number_is_shown_in_full(digest: Digest, numbers: dict[State, int]) -> None:
    """Also its Message-ID, subject and times; an unknown one is said and ends with 1."""
    number = numbers[State.UNCERTAIN]
    done = digest("deliveries", number, *DB)
    assert done.code == 0
    for said in ("<uncertain@x>", "For uncertain", "said of uncertain", "settled: ", "451"):
        assert said in done.out
    missing = digest("deliveries", number, 999, *DB)
    assert missing.code == 1
    assert "999: there is no such delivery" in missing.err
    assert "uncertain@example.org" in missing.out


def test_settling_by_hand_tells_of_each_number(digest: Digest, numbers: dict[State, int]) -> None:
    """What can be done is done, what cannot says why; again, it is so already."""
    uncertain, sent, queued = (numbers[s] for s in (State.UNCERTAIN, State.SENT, State.QUEUED))
    done = digest("deliveries", uncertain, sent, queued, 999, "--sent", *DB)
    assert done.code == 1
    assert f"{uncertain}: sent now" in done.out
    assert f"{sent}: is sent already" in done.out
    assert f"{queued}: not changed: it is queued" in done.err
    assert "999: not changed: there is no such delivery" in done.err
    again = digest("deliveries", uncertain, sent, "--sent", *DB)
    assert (again.code, again.err) == (0, "")
    assert again.out.count("is sent already") == 2
    refused = digest("deliveries", uncertain, "--failed", "--json", *DB)
    assert refused.code == 1
    assert "only what is uncertain" in lines(refused.out)[0]["why_not"]


def test_a_mail_is_sent_again_by_hand_once(digest: Digest, numbers: dict[State, int]) -> None:
    """The next run writes the same mail, with the same Message-ID; a sent one never again."""
    number = numbers[State.FAILED]
    assert not list(Path("out").glob("failed*"))
    for _ in range(2):
        done = digest("deliveries", number, "--resend", *DB)
        assert done.code == 0
    assert "is queued already" in done.out
    digest("run", DATA / "papers.jsonl", *DB, "--outbox", "out")
    assert Path("out/failed.eml").read_bytes().endswith(b"Hello.\r\n")
    (entry,) = lines(digest("deliveries", number, *DB, "--json").out)
    assert (entry["state"], entry["message_id"]) == ("sent", "<failed@x>")
    shutil.rmtree("out")
    refused = digest("deliveries", number, "--resend", *DB)
    assert refused.code == 1
    assert "a second copy is never made" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sent",), "which ones? 'digest deliveries NUMBER --sent'"),
        ((7, "--state", "sent"), "leave NUMBERs out"),
        (("--state", "lost"), "'lost' is not one of"),
        ((0,), "not in the range"),
        (("--date", "yesterday"), "is no date"),
    ],
)
def test_mistakes_are_named(digest: Digest, arguments: tuple[object, ...], said: str) -> None:
    """Each ends with 2."""
    done = digest("deliveries", *DB, *arguments)
    assert done.code == 2
    assert said in done.err
