"""Faults 7 to 10: a disk that is full, a database that is read-only or damaged."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import repeat
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from digest.errors import StoreError
from digest.store import Store, open_store
from digest.store.steps import DOUBT_LEASE
from tests.children import Letterbox, address_of, at, begin, end, lines, opened, send
from tests.conftest import DATA, NOW, Digest
from tests.deliveries import queue
from tests.postgresql import make_database

LATER = NOW + DOUBT_LEASE + timedelta(minutes=1)
NOBODY = 65534
UNUSABLE = 78
RUN = ["run", str(DATA / "papers.jsonl"), "--date", "2026-03-17", "--outbox", "out"]


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """Where the Message-IDs of taken mails are noted."""
    return tmp_path / "taken"


def full(at_bytes: int) -> None:
    """From now on no file of this process grows beyond so many bytes: 0 is a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (at_bytes, resource.RLIM_INFINITY))


def run(*arguments: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """`digest` as a process, on a disk that is full at so many bytes."""
    return subprocess.run(
        [sys.executable, "-m", "digest", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=None if limit is None else lambda: full(limit),
    )


def says_one_line(done: subprocess.CompletedProcess[str], what: str) -> None:
    """It ended as unusable, said so in one line, and mailed nobody."""
    assert done.returncode == UNUSABLE, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("digest: the database ")
    assert what in line
    assert not list(Path("out").glob("*.eml"))


@pytest.fixture
def reader(digest: Digest) -> None:
    """One reader in t.db."""
    digest("readers", "add", "ann@example.org", "--keywords", "graph", "--database", "t.db")


@pytest.mark.parametrize("room", [None, 0], ids=["cannot grow", "cannot be written"])
def test_fault_07_disk_full_before_a_claim(reader: None, room: int | None) -> None:
    """One line that says what to do, 78, no mail; with room again all is as it should be."""
    before = Path("t.db").read_bytes()
    limit = len(before) if room is None else room
    says_one_line(run(*RUN, "--database", "t.db", limit=limit), "make room")
    assert Path("t.db").read_bytes() == before or room is None
    assert run(*RUN, "--database", "t.db").returncode == 0
    assert len(list(Path("out").glob("*.eml"))) == 1


def test_fault_07_a_daemon_on_a_full_disk_ends_loudly(reader: None) -> None:
    """With the store's exit code, for the service manager to see; nobody is mailed."""
    Path("config.env").write_text(
        "DIGEST_DATABASE=sqlite:///t.db\nDIGEST_OUTBOX=out\nDIGEST_LOG=digest.log\n"
        "DIGEST_HUGGINGFACE=http://127.0.0.1:1/\nDIGEST_SOURCES=huggingface\n"
    )
    done = run("daemon", limit=Path("t.db").stat().st_size // 4)
    assert done.returncode == UNUSABLE
    assert "make room" in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("out").exists()


def test_fault_07_sqlite_has_no_page_left(sqlite: Store, taken: Path) -> None:
    """What does not fit is not stored by half, and says so."""
    pages = sqlite3.connect(str(sqlite.engine.url.database)).execute("PRAGMA page_count").fetchone()

    def work() -> None:
        @event.listens_for(Engine, "connect")
        def _connect(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute(f"PRAGMA max_page_count = {pages[0]}")

        with opened(address_of(sqlite)) as own, pytest.raises(StoreError, match="make room"):
            queue(own, 50, body=b"x" * 5000)

    assert end(begin(work)) == 0
    assert sqlite.deliveries.counts() == {}


def test_fault_08_disk_full_after_the_250(sqlite: Store, taken: Path) -> None:
    """It stops at the next commit; the mail that was taken is uncertain and not sent again."""
    queue(sqlite, 3)

    def work() -> None:
        with opened(address_of(sqlite)) as own:
            send(own, Letterbox(taken, at("taken", 2, lambda: full(0))))

    assert end(begin(work)) == UNUSABLE
    assert sqlite.deliveries.counts() == {"sent": 1, "in_doubt": 1, "claimed": 1}
    assert len(lines(taken)) == 2
    send(sqlite, Letterbox(taken), clock=lambda: LATER)
    assert sqlite.deliveries.counts() == {"sent": 2, "uncertain": 1}
    assert len(lines(taken)) == len(set(lines(taken))) == 3


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may look into."""
    with tempfile.TemporaryDirectory(prefix="digest-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def without_rights() -> None:
    """Be nobody, where we are root: root may write everywhere."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


@pytest.mark.parametrize(("file", "folder"), [(0o444, 0o755), (0o444, 0o555), (0o666, 0o555)])
def test_fault_09_read_only_by_its_rights(open_folder: Path, file: int, folder: int) -> None:
    """The file, its folder, or both: 78, nobody is mailed, nothing is changed."""
    path, box = open_folder / "t.db", open_folder / "taken"
    with opened(f"sqlite:///{path}") as store:
        queue(store, 2)
    before = path.read_bytes()
    path.chmod(file)
    open_folder.chmod(folder)

    def work() -> None:
        without_rights()
        with opened(f"sqlite:///{path}") as own:
            send(own, Letterbox(box))

    assert end(begin(work)) == UNUSABLE
    assert path.read_bytes() == before
    assert lines(box) == []


def test_fault_09_a_read_only_address(reader: None) -> None:
    """The whole run on SQLite: one line, 78, nobody is mailed."""
    read_only = "sqlite:///file:t.db?mode=ro&uri=true"
    says_one_line(run(*RUN, "--database", read_only), "it is read-only")


def test_fault_09_a_read_only_server(postgresql: str) -> None:
    """The whole run on PostgreSQL: one line, 78, nobody is mailed."""
    address = make_database(postgresql, "read_only")
    open_store(address).close()
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("ALTER DATABASE read_only SET default_transaction_read_only = on")
    done = run(*RUN, "--database", address)
    says_one_line(done, "it is read-only")


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with thirty queued mails."""
    path = tmp_path_factory.mktemp("whole") / "whole.db"
    with opened(f"sqlite:///{path}") as store:
        queue(store, 30, channel="outbox", body=b"x" * 3000)
    return path


def _page_of(path: Path, table: str) -> int:
    """Where the first page of a table begins, in bytes."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        page: int = connection.execute(query, (table,)).fetchone()[0]
    return (page - 1) * 4096


DAMAGES: dict[str, Callable[[Path], None]] = {
    "no header": lambda path: _write(path, 0, b"\0" * 100),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "no schema": lambda path: _write(path, 100, b"\xff" * 3996),
    "no queue": lambda path: _write(path, _page_of(path, "deliveries"), b"\xff" * 4096),
    "no index": lambda path: _write(path, _page_of(path, "ix_deliveries_queue"), b"\xff" * 4096),
}


def _write(path: Path, place: int, content: bytes) -> None:
    with path.open("r+b") as stream:
        stream.seek(place)
        stream.write(content)


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_fault_10_a_damaged_database_is_refused(whole: Path, damage: str) -> None:
    """One line that says what to do, 78, no trace, nobody is mailed."""
    shutil.copy(whole, "t.db")
    DAMAGES[damage](Path("t.db"))
    says_one_line(run(*RUN, "--database", "t.db"), "damaged")


def test_fault_10_damage_at_any_page(whole: Path, taken: Path) -> None:
    """Whichever page is lost: sent, or refused with the store's error; never twice."""
    ends = Counter[str]()
    pages = whole.stat().st_size // 4096
    for page in range(pages):
        taken.unlink(missing_ok=True)
        shutil.copy(whole, "t.db")
        _write(Path("t.db"), page * 4096, b"\xff" * 4096)
        for now in (NOW, LATER):
            try:
                with opened("sqlite:///t.db") as store:
                    send(store, Letterbox(taken, name="outbox"), clock=repeat(now).__next__)
                ends["sent"] += 1
            except StoreError as error:
                assert "damaged" in str(error)
                ends["refused"] += 1
        assert len(lines(taken)) == len(set(lines(taken)))
    assert ends["refused"] > pages / 2
    assert ends["sent"] > 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("deadline", "'2026-99-17 09:30:00.000000'"),
        ("deadline", "x'00'"),
        ("subject", "CAST(x'ff' AS TEXT)"),
    ],
)
def test_fault_10_values_that_make_no_sense(column: str, value: str, taken: Path) -> None:
    """A date of the 99th month is the database's fault, and said in one line."""
    with opened("sqlite:///t.db") as store:
        queue(store, 1)
    with closing(sqlite3.connect("t.db")) as connection, connection:
        connection.execute(f"UPDATE deliveries SET {column} = {value}")  # noqa: S608
    with opened("sqlite:///t.db") as store, pytest.raises(StoreError, match="damaged"):
        send(store, Letterbox(taken))
    assert lines(taken) == []
