"""Several processes on one database, and processes that are killed."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.children import opened
from tests.conftest import DATA, Digest
from tests.postgresql import make_database
from tests.smtp import PASSWORD, USER, Sink, authority_file, smtp_server

COMMAND = [sys.executable, "-m", "digest"]
RUN = ["run", str(DATA / "papers.jsonl"), "--date", "2026-03-17", "--outbox", "out"]
READERS = 40


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The address of a database without readers."""
    if request.param == "sqlite":
        return "sqlite:///t.db"
    name = f"runs_{abs(hash(request.node.nodeid))}"
    return make_database(request.getfixturevalue("postgresql"), name)


def add_readers(digest: Digest, database: str) -> None:
    """A few dozen readers."""
    for number in range(READERS):
        address = f"r{number}@example.org"
        digest("readers", "add", address, "--keywords", "graph", "--database", database)


@pytest.fixture
def readers(digest: Digest) -> None:
    """A few dozen readers in t.db."""
    add_readers(digest, "t.db")


def states(database: str = "sqlite:///t.db") -> dict[str, int]:
    """Deliveries by state."""
    with opened(database) as store:
        return store.deliveries.counts()


def test_fault_06_two_runs_at_once_send_once(digest: Digest, database: str) -> None:
    """Each reader has one edition, each mail is sent once, and both runs end well."""
    add_readers(digest, database)
    command = [*COMMAND, *RUN, "--database", database, "--json"]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    reports = [json.loads(run.communicate(timeout=100)[0]) for run in runs]
    told = [{key: report[key] for key in report if key != "editions"} for report in reports]
    assert [run.returncode for run in runs] == [0, 0], told
    assert sum(report["made"] for report in reports) == READERS
    assert sum(report["sent"] for report in reports) == READERS
    assert mails() == READERS
    assert states(database) == {"sent": READERS}


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
def test_fault_01_a_run_that_is_killed_can_run_again(readers: None, moment: str) -> None:
    """Whenever it dies: afterwards every reader has one edition and one mail, none is lost."""
    command = [*COMMAND, *RUN, "--database", "t.db"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not MOMENTS[moment]() and run.poll() is None:
        time.sleep(0.001)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL, f"the run had ended before {moment}"
    leases_end()
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert states() == {"sent": READERS}
    assert mails() == READERS
    assert len(list(Path("out").glob("*.html"))) == READERS


def leases_end() -> None:
    """Let the time of what was under way pass."""
    with closing(sqlite3.connect("t.db")) as connection, connection:
        connection.execute(
            "UPDATE deliveries SET lease_until = '2026-01-01 00:00:00.000000' "
            "WHERE state IN ('claimed', 'in_doubt')"
        )


@pytest.fixture
def mailserver(tmp_path: Path) -> Iterator[Sink]:
    """A mail server, and a configuration that names it."""
    authority = trustme.CA()
    with smtp_server(authority) as sink:
        path = Path("config.env")
        path.write_text(
            "DIGEST_DATABASE=sqlite:///t.db\nDIGEST_SMTP_HOST=127.0.0.1\n"
            f"DIGEST_SMTP_PORT={sink.port}\nDIGEST_SMTP_USER={USER}\n"
            f"DIGEST_SMTP_PASSWORD={PASSWORD}\n"
            f"DIGEST_SMTP_CA_FILE={authority_file(authority, tmp_path)}\n"
        )
        path.chmod(0o600)
        yield sink


@pytest.mark.parametrize("step", ["handle_RCPT", "handle_DATA"])
def test_fault_01_killed_while_the_server_answers(
    readers: None, mailserver: Sink, step: str
) -> None:
    """One mail is uncertain, and came once.

    After the final dot it is that mail; before it the one before, whose answer was to be recorded
    with the doubt of this one, which goes out later.
    """
    victims: list[subprocess.Popen[bytes]] = []
    answer = getattr(mailserver, step)

    async def strike(*arguments: Any) -> str:
        if victims and len(mailserver.mails) == READERS // 2:
            victims.pop().kill()
        said: str = await answer(*arguments)
        return said

    setattr(mailserver, step, strike)
    command = [*COMMAND, *RUN[:4]]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    victims.append(run)
    assert run.wait(60) == -signal.SIGKILL
    leases_end()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False, timeout=60)
    after = states()
    assert after == {"sent": READERS - 1, "uncertain": 1}
    assert len({mail["Message-ID"] for mail in mailserver.mails}) == READERS
    assert len(mailserver.mails) == READERS
