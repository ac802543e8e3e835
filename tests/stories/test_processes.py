"""Several processes on one database, and processes that are killed."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import DATA, Digest

COMMAND = [sys.executable, "-m", "digest"]
RUN = ["run", str(DATA / "papers.jsonl"), "--database", "t.db", "--date", "2026-03-17",
       "--outbox", "out"]  # fmt: skip
READERS = 40


@pytest.fixture
def readers(digest: Digest) -> None:
    """A few dozen readers."""
    for number in range(READERS):
        digest(
            "readers", "add", f"r{number}@example.org", "--keywords", "graph", "--database", "t.db"
        )


def states() -> dict[str, int]:
    """Deliveries by state."""
    with closing(sqlite3.connect("t.db")) as connection, connection:
        return dict(connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))


def test_two_runs_at_once_send_once(readers: None) -> None:
    """Each reader has one edition, each mail is sent once, and both runs end well."""
    runs = [
        subprocess.Popen([*COMMAND, *RUN, "--json"], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    reports = [json.loads(run.communicate(timeout=100)[0]) for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert sum(report["made"] for report in reports) == READERS
    assert sum(report["sent"] for report in reports) == READERS
    assert len(list(Path("out").glob("*.eml"))) == READERS
    assert states() == {"sent": READERS}


def rows(table: str) -> int:
    """How many rows a table has; none while the database is busy or not there yet."""
    with (
        contextlib.suppress(sqlite3.Error),
        closing(sqlite3.connect("t.db", timeout=0)) as database,
    ):
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
    return 0


def mails() -> int:
    """How many letters lie in the outbox."""
    return len(list(Path("out").glob("*.eml")))


MOMENTS: dict[str, Callable[[], bool]] = {
    "at once": lambda: True,
    "papers are stored": lambda: rows("papers") > 0,
    "mails are queued": lambda: rows("deliveries") > 0,
    "the first mail is out": lambda: mails() > 0,
    "half of the mails are out": lambda: mails() >= READERS // 2,
}


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_a_run_that_is_killed_can_run_again(readers: None, moment: str) -> None:
    """Whenever it dies: afterwards every reader has one edition and one mail, none is lost."""
    run = subprocess.Popen([*COMMAND, *RUN], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not MOMENTS[moment]() and run.poll() is None:
        time.sleep(0.001)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL, f"the run had ended before {moment}"
    with closing(sqlite3.connect("t.db")) as connection, connection:
        # The lease of a mail in mid-sending has ended.
        connection.execute(
            "UPDATE deliveries SET lease_until = '2026-01-01 00:00:00.000000' "
            "WHERE state = 'sending'"
        )
    done = subprocess.run([*COMMAND, *RUN, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert states() == {"sent": READERS}
    assert mails() == READERS
    assert len(list(Path("out").glob("*.html"))) == READERS


def test_a_read_only_database_is_refused(digest: Digest) -> None:
    """With its own exit code and what to do; nobody is mailed."""
    digest("readers", "add", "ann@example.org", "--database", "t.db")
    done = digest(*RUN[:2], "--database", "sqlite:///file:t.db?mode=ro&uri=true", *RUN[4:])
    assert done.code == 78
    assert "it is read-only" in done.err
    assert not Path("out").exists()
