"""`digest status`: the last days at a glance."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from digest.cli.common import utc_now
from digest.daemon import is_served, one_at_a_time
from digest.localtime import local_date
from digest.model import Count, Message, Standing, Told
from digest.store import open_store
from digest.store.states import Kind, State
from digest.store.visits import Visit
from tests.conftest import DATA, Digest, Replay
from tests.papers import reader
from tests.stories.test_deliveries_command import mail

DB = ("--database", "t.db")


def test_an_empty_store_has_a_status(digest: Digest) -> None:
    """Seven days of nothing, and nobody who waits."""
    done = digest("status", *DB)
    assert done.code == 0
    assert "nobody waits for one" in done.out
    assert "mail: in order" in done.out
    assert "daemon: does not run here" in done.out
    report = digest("status", *DB, "--days", 3, "--json").json
    assert [day["editions"] for day in report["days"]] == [0, 0, 0]
    assert (report["next_run"], report["due_now"], report["daemon"]) == (None, False, False)


def test_a_day_is_told_from_collecting_to_the_mailbox(digest: Digest, replay: Replay) -> None:
    """Announced, read, made, sent: the same numbers as the run reported."""
    replay.answer("/daily", (DATA / "huggingface_2026-03-17.json").read_bytes())
    Path("config.env").write_text(
        "DIGEST_ADDRESS=ann@example.org\nDIGEST_HOUR=0\nDIGEST_SOURCES=huggingface\n"
        f"DIGEST_HUGGINGFACE={replay.address}/daily\nDIGEST_DATABASE=sqlite:///t.db\n"
        "DIGEST_OUTBOX=out\n"
    )
    assert digest("status", "--json").json["due_now"] is False  # nobody is known yet
    run = digest("run", "--json").json
    assert run["sent"] == 1
    report = digest("status", "--json").json
    (source,) = run["sources"]
    today = report["days"][0]
    assert today["date"] == run["date"]
    assert (today["collected"], today["announced"]) == (source["read"], source["announced"])
    assert (today["editions"], today["sent"], today["waiting"]) == (1, 1, 0)
    assert (
        report["next_run"] == f"{local_date('UTC', utc_now() + timedelta(days=1))}T00:00:00+00:00"
    )
    shown = digest("status").out
    assert "next run: " in shown
    assert "00:00 UTC" in shown


def test_what_needs_a_person_stands_below(digest: Digest) -> None:
    """Each state counted, the channel, the troubles, with the commands that look further."""
    store = open_store("sqlite:///t.db")
    now = utc_now()
    for state in (State.SENT, State.FAILED, State.UNCERTAIN, State.QUEUED):
        mail(store, state.value, state, now.date())
    store.channels.trip("smtp", "535 wrong password", now, lasting=True)
    store.troubles.note("clock", "it shows 1970", now)
    store.visits.save(Visit("arxiv", now.date(), now, complete=False, read=3, problem="busy"))
    store.close()
    done = digest("status", *DB)
    assert done.code == 0
    for said in (
        "out of order since",
        "535 wrong password",
        "'digest doctor'",
        "clock: it shows 1970",
        "not read to its end: arxiv",
        "'digest deliveries --state uncertain --state failed'",
    ):
        assert said in done.out
    report = digest("status", *DB, "--json").json
    day = report["days"][0]
    counts = {name: day[name] for name in ("editions", "sent", "waiting", "uncertain", "failed")}
    assert counts == {"editions": 4, "sent": 1, "waiting": 1, "uncertain": 1, "failed": 1}
    assert report["channels_down"][0]["lasting"] is True
    assert report["troubles"][0]["topic"] == "clock"
    assert report["days"][0]["incomplete"] == ["arxiv"]
    assert report["days"][0]["announced"] is None


def test_what_was_made_up_for_is_missed_no_more(digest: Digest) -> None:
    """A visit that failed stays one; its date is whole when its papers came later."""
    store = open_store("sqlite:///t.db")
    now = utc_now()
    store.visits.save(Visit("x", now.date(), now, complete=False, read=0, problem="busy"))
    count = Count("", now.date(), Standing.BROKEN, said="busy")
    store.papers.add((), "x", now.date(), Told(now, (count,)))
    assert "not read to its end: x" in digest("status", *DB).out
    count = replace(count, standing=Standing.COMPLETE, announced=4, read=4, said=None)
    store.papers.add((), "x", now.date(), Told(now, (count,)))
    store.close()
    assert "not read to its end: x" not in digest("status", *DB).out


def test_mailboxes_that_refuse_are_named(digest: Digest) -> None:
    """With the command that takes it back."""
    store = open_store("sqlite:///t.db")
    now = utc_now()
    store.readers.save(reader("ann@example.org", "graph"), now)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE readers SET suppressed = '2026-03-17 09:30:00.000000'")
    store.close()
    done = digest("status", *DB)
    assert "ann@example.org gets no mail since 2026-03-17" in done.out
    assert "'digest readers resume ann@example.org'" in done.out
    report = digest("status", *DB, "--json").json
    assert (report["suppressed_count"], report["next_run"]) == (1, None)


def test_readers_ahead_of_the_owner_have_a_line_of_their_own(digest: Digest) -> None:
    """Where it is tomorrow already, tomorrow's editions are shown, and counted as no alert is."""
    store = open_store("sqlite:///t.db")
    now = utc_now()
    tomorrow = now.date() + timedelta(days=1)
    alert = Message("<alert@x>", "d@x", "o@example.org", "S", "label", b"x")
    store.deliveries.enqueue(alert, Kind.ALERT, tomorrow, "outbox", now, now + timedelta(hours=9))
    (only,) = digest("status", *DB, "--days", 1, "--json").json["days"]
    assert only["date"] == now.date().isoformat()
    mail(store, "kim", State.QUEUED, tomorrow)
    store.close()
    first, _ = digest("status", *DB, "--days", 1, "--json").json["days"]
    assert (first["date"], first["editions"], first["waiting"]) == (tomorrow.isoformat(), 1, 1)


@pytest.mark.parametrize("days", ["0", "367", "many"])
def test_days_are_a_number(digest: Digest, days: str) -> None:
    """From 1 to 366."""
    assert digest("status", *DB, "--days", days).code == 2


def test_it_knows_whether_the_daemon_runs(digest: Digest) -> None:
    """Without being in its way."""
    digest("status", *DB)
    assert not is_served("sqlite:///t.db")
    with one_at_a_time("sqlite:///t.db"):
        assert is_served("sqlite:///t.db")
        assert "daemon: runs" in digest("status", *DB).out
    with one_at_a_time("sqlite:///t.db"):
        pass
    assert digest("status", *DB, "--json").json["daemon"] is False
