"""Faults 4 and 13, and a server that goes away: who has to wait, waits, and nobody is mailed twice."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text

from digest.errors import StoreBusyError, StoreError
from digest.store import Store, engine, open_store
from digest.store.steps import DOUBT_LEASE
from tests.children import (
    Letterbox,
    address_of,
    at,
    begin,
    end,
    ended,
    lines,
    note,
    opened,
    send,
    stopped,
)
from tests.conftest import DATA, NOW, Digest
from tests.deliveries import queue
from tests.postgresql import make_database

LATER = NOW + DOUBT_LEASE + timedelta(minutes=1)
WAIT = 0.2  # seconds that a lock is waited for in these tests
RUN = ["run", str(DATA / "papers.jsonl"), "--date", "2026-03-17", "--outbox", "out"]


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """Where the Message-IDs of taken mails are noted."""
    return tmp_path / "taken"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, store: Store) -> Iterator[Store]:
    """A store on either database that waits for locks for a moment only."""
    monkeypatch.setattr(engine, "_LOCK_WAIT_MS", int(WAIT * 1000))
    with opened(address_of(store)) as own:
        yield own


def grab(connection: Connection) -> None:
    """Lock the whole queue; on SQLite whoever writes has done that."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE deliveries"))


class Holder:
    """Another process that holds the whole queue for so many seconds, once it is told to."""

    def __init__(self, store: Store, folder: Path, seconds: float = 60) -> None:
        self._held = folder / "held"
        self._seconds = seconds
        self._address = address_of(store)
        self._child = 0

    def hold(self) -> None:
        """Begin, and return once the lock is held."""
        self._child = begin(self._work)
        until = time.monotonic() + 30
        while not self._held.exists():
            assert time.monotonic() < until
            time.sleep(0.005)

    def close(self) -> None:
        """End it, whether it still holds or not."""
        os.kill(self._child, signal.SIGKILL)
        end(self._child)

    def _work(self) -> None:
        with opened(self._address) as own, engine.writing(own.engine) as connection:
            grab(connection)
            note(self._held, "held")
            time.sleep(self._seconds)


def test_fault_13_a_lock_held_when_a_mail_was_taken(
    impatient: Store, tmp_path: Path, taken: Path
) -> None:
    """Waiting is not enough, so that the outcome is recorded by another try: all sent, once."""
    queue(impatient, 3)
    with closing(Holder(impatient, tmp_path, 2.5 * WAIT)) as holder:
        report = send(impatient, Letterbox(taken, at("taken", 2, holder.hold)))
    assert (report.sent, report.uncertain) == (3, 0)
    assert impatient.deliveries.counts() == {"sent": 3}
    assert len(lines(taken)) == 3


def test_fault_13_a_lock_held_for_too_long(impatient: Store, tmp_path: Path, taken: Path) -> None:
    """In the end it gives up in one line; the mail that was taken is never sent again."""
    queue(impatient, 3)
    with closing(Holder(impatient, tmp_path)) as holder:
        box = Letterbox(taken, at("taken", 2, holder.hold))
        with pytest.raises(StoreBusyError, match="another program holds it"):
            send(impatient, box)
    assert impatient.deliveries.counts() == {"sent": 1, "in_doubt": 1, "claimed": 1}
    send(impatient, Letterbox(taken), clock=lambda: LATER)
    assert impatient.deliveries.counts() == {"sent": 2, "uncertain": 1}
    assert len(lines(taken)) == len(set(lines(taken))) == 3


def test_fault_13_a_lock_held_before_a_claim(impatient: Store, tmp_path: Path, taken: Path) -> None:
    """Nobody is mailed, nothing has changed, and the next round does it all."""
    queue(impatient, 3)
    with closing(Holder(impatient, tmp_path)) as holder:
        holder.hold()
        with pytest.raises(StoreBusyError):
            send(impatient, Letterbox(taken))
    assert impatient.deliveries.counts() == {"queued": 3}
    assert lines(taken) == []
    assert send(impatient, Letterbox(taken)).sent == 3


def test_fault_13_stopped_with_a_lock_in_its_hands(
    impatient: Store, tmp_path: Path, taken: Path
) -> None:
    """A process that is stopped in mid-commit keeps the others waiting, and harms no mail."""
    queue(impatient, 3)

    def work() -> None:
        with opened(address_of(impatient)) as own, engine.writing(own.engine) as connection:
            grab(connection)
            os.kill(os.getpid(), signal.SIGSTOP)

    sleeper = begin(work)
    with ended(sleeper):
        stopped(sleeper)
        with pytest.raises(StoreBusyError):
            impatient.deliveries.sweep("smtp", NOW, repeatable=False)
        os.kill(sleeper, signal.SIGCONT)
        assert end(sleeper) == 0
    assert send(impatient, Letterbox(taken)).sent == 3


def test_fault_13_a_server_takes_back_what_a_stopped_process_holds(
    postgresql: str, monkeypatch: pytest.MonkeyPatch, taken: Path
) -> None:
    """After a while the others go on; the one that wakes up has lost its transaction."""

    def work() -> None:
        monkeypatch.setattr(engine, "_IDLE_MS", int(WAIT * 1000))
        with opened(address) as own, engine.writing(own.engine) as connection:
            grab(connection)
            os.kill(os.getpid(), signal.SIGSTOP)
            connection.execute(text("UPDATE deliveries SET attempts = 1"))

    address = make_database(postgresql, "idle")
    with opened(address) as store:
        queue(store, 3)
        sleeper = begin(work)
        with ended(sleeper):
            stopped(sleeper)
            assert send(store, Letterbox(taken)).sent == 3
            os.kill(sleeper, signal.SIGCONT)
            assert end(sleeper) == 78


@contextmanager
def no_server(server: str, name: str) -> Iterator[None]:
    """A server that has thrown everyone out and lets nobody in, for a while."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
        yield
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_a_server_that_goes_away_after_the_250(postgresql: str, taken: Path) -> None:
    """One line; the mail is uncertain; the next round, with the server back, sends the others."""
    name = "away"
    with opened(make_database(postgresql, name)) as store:
        queue(store, 3)
        gone = no_server(postgresql, name)
        box = Letterbox(taken, at("taken", 2, gone.__enter__))
        with pytest.raises(StoreError) as caught:
            send(store, box)
        gone.__exit__(None, None, None)
        assert "\n" not in str(caught.value)
        assert store.deliveries.counts() == {"sent": 1, "in_doubt": 1, "claimed": 1}
        report = send(store, Letterbox(taken), clock=lambda: LATER)
        assert (report.sent, report.uncertain) == (1, 1)
    assert len(lines(taken)) == len(set(lines(taken))) == 3


def test_a_server_that_is_away_is_said_in_one_line(postgresql: str) -> None:
    """The whole run: 78, nobody is mailed; as soon as it is back all is well."""
    address = make_database(postgresql, "closed")
    open_store(address).close()
    command = [sys.executable, "-m", "digest", *RUN, "--database", address, "--keywords", "graph"]
    with no_server(postgresql, "closed"):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78
    (line,) = done.stderr.splitlines()
    assert "does the server run" in line
    assert not Path("out").exists()
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


READERS = 60


def test_fault_04_sigterm_finishes_the_mail_at_hand(digest: Digest) -> None:
    """The rest of its batch goes back at once, under no lease; the next run sends it."""
    for number in range(READERS):
        address = f"r{number}@example.org"
        digest("readers", "add", address, "--keywords", "graph", "--database", "t.db")
    command = [sys.executable, "-m", "digest", *RUN, "--database", "t.db"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        until = time.monotonic() + 60
        while len(list(Path("out").glob("*.eml"))) < 3:
            assert time.monotonic() < until
            time.sleep(0.002)
        run.send_signal(signal.SIGTERM)
        said, _ = run.communicate(timeout=60)
    assert run.returncode == 0
    sent = len(list(Path("out").glob("*.eml")))
    assert 3 <= sent < READERS
    assert f"{READERS - sent} mails wait" in said
    with closing(sqlite3.connect("t.db")) as connection:
        query = "SELECT state, token IS NULL, lease_until IS NULL, count(*) FROM deliveries"
        found = connection.execute(f"{query} GROUP BY 1, 2, 3 ORDER BY 1").fetchall()
    assert found == [("queued", 1, 1, READERS - sent), ("sent", 1, 1, sent)]
    assert digest(*RUN, "--database", "t.db").code == 0
    assert len(list(Path("out").glob("*.eml"))) == READERS
