"""Opening the database, and what may go wrong with it, on SQLite and on PostgreSQL."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from digest.errors import StoreBusyError, StoreError
from digest.store import Store, open_store
from digest.store import disks as disks_module
from digest.store import engine as engine_module
from digest.store.disks import networked
from digest.store.engine import reading, translated, writing
from tests.children import address_of, begin, end, opened
from tests.conftest import DAY, NOW
from tests.papers import paper, seen
from tests.postgresql import make_database

Use = Callable[[Store], object]
USES: dict[str, Use] = {
    "read": lambda store: store.deliveries.counts(),
    "write": lambda store: store.papers.add([seen(paper("Two"))], "file", DAY),
    "examine": lambda store: store.health.examine(),
    "write for a trial": lambda store: store.health.writable(),
}


@pytest.mark.parametrize("use", list(USES))
def test_fault_14_a_database_is_not_used_across_a_fork(store: Store, use: str) -> None:
    """The child is told what to do instead, and the parent goes on as before."""
    store.papers.add([seen(paper("One"))], "file", DAY)

    def work() -> None:
        with pytest.raises(StoreError, match="was opened by another process: open it anew"):
            USES[use](store)
        store.close()
        with opened(address_of(store)) as own:
            assert USES[use](own) is not NotImplemented

    assert end(begin(work)) == 0
    USES[use](store)
    assert store.deliveries.counts() == {}


def test_fault_14_a_child_that_ends_leaves_the_connection_whole(store: Store) -> None:
    """Even in the midst of a transaction of the parent."""
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE house SET seen = NULL"))
        assert end(begin(store.close)) == 0
        connection.execute(text("UPDATE house SET seen = NULL"))
    assert store.clock.seen() is None


def setting(connection: Connection, name: str) -> Any:
    """A setting of a session of PostgreSQL."""
    return connection.execute(text(f"SHOW {name}")).scalar()


@pytest.mark.parametrize(
    ("server", "ours"),
    [("off", "on"), ("on", "on"), ("local", "local"), ("remote_apply", "remote_apply")],
)
def test_commits_reach_the_disk_whatever_the_server_does_for_others(
    postgresql: str, server: str, ours: str
) -> None:
    """What a server is told to do beyond that stays."""
    name = f"commits_{server}"
    address = make_database(postgresql, name)
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = {server}")
    with opened(address) as store, reading(store.engine) as session:
        assert setting(session, "synchronous_commit") == ours
        assert setting(session, "lock_timeout") == "1min"
        assert setting(session, "idle_in_transaction_session_timeout") == "10min"


def test_settings_outlive_a_transaction_that_is_rolled_back(postgresql: str) -> None:
    """They are the session's."""
    with opened(make_database(postgresql, "session")) as store:
        with pytest.raises(StoreError), writing(store.engine) as session:
            session.execute(text("SELECT 1 / 0"))
        with reading(store.engine) as session:
            assert setting(session, "lock_timeout") == "1min"


def test_an_address_may_have_patience_of_its_own(postgresql: str) -> None:
    """What it says of a connection counts."""
    address = make_database(postgresql, "patience") + "?connect_timeout=3&keepalives_idle=7"
    with opened(address) as store, reading(store.engine) as session:
        raw: Any = session.connection.driver_connection
        found = raw.info.get_parameters()
    assert (found["connect_timeout"], found["keepalives_idle"]) == ("3", "7")
    assert found["tcp_user_timeout"] == "60000"


def test_a_deadlock_may_be_asked_again(postgresql: str) -> None:
    """It is the kind of error after which nothing has changed."""
    with opened(make_database(postgresql, "deadlock")) as store:
        for state in ("40P01", "55P03", "40001"):
            with pytest.raises(StoreBusyError), writing(store.engine) as session:
                session.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$"))
        with pytest.raises(StoreError) as caught, writing(store.engine) as session:
            session.execute(text("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$"))
    assert not isinstance(caught.value, StoreBusyError)


def test_a_locked_file_is_busy(sqlite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so; the word in another error does not make it so."""
    monkeypatch.setattr(engine_module, "_LOCK_WAIT_MS", 10)
    with opened(address_of(sqlite)) as store:
        with writing(sqlite.engine), pytest.raises(StoreBusyError, match="program holds it"):
            store.clock.reset(NOW)
        with pytest.raises(StoreError) as caught, writing(store.engine) as connection:
            connection.execute(text("SELECT * FROM locked"))
    assert not isinstance(caught.value, StoreBusyError)


def test_mistakes_of_this_program_stay_what_they_are(sqlite: Store) -> None:
    """Only what the library fails to read is the database's fault."""
    with pytest.raises(ValueError, match="invalid literal"), reading(sqlite.engine):
        int("x")
    with pytest.raises(TypeError), translated(sqlite.engine):
        len(3)  # type: ignore[arg-type]


def mounts(folder: Path, kind: str) -> Path:
    """A list of mounts, as Linux writes it, that names the folder's device with a kind."""
    device = folder.stat().st_dev
    path = folder / "mountinfo"
    path.write_text(
        "22 28 0:21 / /proc rw,nosuid - proc proc rw\n"
        "nonsense\n"
        f"36 28 {os.major(device)}:{os.minor(device)} / /mnt rw,noatime shared:1 master:2 - "
        f"{kind} server:/export rw,vers=4.2\n"
    )
    return path


@pytest.mark.parametrize(
    ("kind", "found"),
    [("nfs4", "nfs4"), ("cifs", "cifs"), ("fuse.sshfs", "fuse.sshfs"), ("ext4", None)],
)
def test_a_network_file_system_is_known_by_its_mount(
    tmp_path: Path, kind: str, found: str | None
) -> None:
    """By the device that the folder is on."""
    assert networked(tmp_path, mounts(tmp_path, kind)) == found


def test_where_mounts_are_not_listed_nothing_is_refused(tmp_path: Path) -> None:
    """Other systems than Linux, and devices that are not listed."""
    assert networked(tmp_path, tmp_path / "none") is None
    (tmp_path / "mountinfo").write_text("22 28 0:21 / /proc rw - nfs4 proc rw\n")
    assert networked(tmp_path, tmp_path / "mountinfo") is None
    assert networked(tmp_path / "gone", mounts(tmp_path, "nfs")) is None
    assert networked(tmp_path) is None


def test_sqlite_on_a_network_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks do not hold there; nothing is made."""
    listed = mounts(tmp_path, "nfs4")
    monkeypatch.setattr(disks_module, "_MOUNTS", listed)
    for address in ("sqlite:///t.db", f"sqlite:///file:{tmp_path}/t.db?mode=rwc&uri=true"):
        with pytest.raises(StoreError, match=r"network file system .nfs4.*or use PostgreSQL"):
            open_store(address)
    assert not Path("t.db").exists()
    open_store("sqlite://").close()


def test_a_file_is_written_with_care(sqlite: Store) -> None:
    """What is committed outlives a loss of power, and references hold."""
    with reading(sqlite.engine) as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {
        "journal_mode": "persist",
        "synchronous": 3,
        "foreign_keys": 1,
        "busy_timeout": 60_000,
    }
