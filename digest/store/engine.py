"""Opening the database: dialects, durability, migrations; library errors translated once."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.engine import URL, ExecutionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from digest.errors import StoreAwayError, StoreBusyError, StoreError, installing, printable
from digest.store.alive import look_before_use
from digest.store.disks import make_private, networked
from digest.store.together import refuse_to_write, shared

REVISION = "0007"


class Turn(IntEnum):
    """What only one transaction does at a time."""

    MIGRATE = 1
    PAPERS = 2
    SAVE_READER = 3
    PROFILES = 4
    CHANNELS = 5
    TROUBLES = 6
    KEYS = 7
    SIGNUPS = 8
    LIMITS = 9


_LOCKS = 0x64696765  # our own space among a server's advisory locks
_LOCK_WAIT_MS = 60_000
# An option of statements that read letters: as text they are twice as long and four times slower.
AS_BYTES = "digest_as_bytes"
_JOURNAL_BYTES = 4 * 1024 * 1024
_SHORT, _LONG = 0.001, 0.01  # seconds between two looks at a lock of SQLite
_BUSY = frozenset(("55P03", "40P01", "40001"))  # lock not available, deadlock, not in one order
_PROCESS, _WAIT = "digest_process", "digest_lock_wait_ms"
# A server that does not answer is given up, where libpq alone would wait for hours.
_PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": f"{_LOCK_WAIT_MS}",
}
_IDLE_MS = 600_000  # then the server takes back what a stopped process holds
# Commits reach the disk before they count, whatever the server does for others.
_SESSION = (
    "SELECT set_config('lock_timeout', %s, false),"
    " set_config('idle_in_transaction_session_timeout', %s, false),"
    " set_config('jit', 'off', false),"  # it takes longer than our queries do
    " CASE current_setting('synchronous_commit')"
    " WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END"
)


def open_engine(address: str, wait: float | None = None) -> Engine:
    """An engine on a database that is migrated and ready; locks are waited for `wait` seconds.

    Raises:
        StoreError: when it cannot be opened, is newer than this program, or is damaged.
    """
    url = _url(address)
    lite = url.get_backend_name() == "sqlite"
    if lite:
        _prepare_folder(url)
    engine = create_engine(
        url,
        connect_args={} if lite else {k: v for k, v in _PATIENCE.items() if k not in url.query},
        execution_options={
            _PROCESS: os.getpid(),
            _WAIT: _LOCK_WAIT_MS if wait is None else int(wait * 1000),
        },
        hide_parameters=True,  # errors and logs show statements: keys and addresses are values
    )
    (_prepare_sqlite if lite else _prepare_postgresql)(engine)
    try:
        with translated(engine):
            _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn the library's errors into one that says what to do; the address without password.

    Raises:
        StoreBusyError: another program holds the database, or a part of it.
        StoreAwayError: the database's server cannot be reached.
        StoreError: for every other reason, and in a process that did not open the database.
    """
    if not _opened_here(engine):
        raise StoreError(
            f"the database {_shown(engine)} was opened by another process: "
            "open it anew in each process, after the fork"
        )
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        said = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
        raise _kind(cause)(
            f"the database {_shown(engine)} cannot be used: {said}{_advice(said)}"
        ) from error
    except (ValueError, TypeError) as error:
        if not _makes_no_sense(error):
            raise
        raise StoreError(
            f"the database {_shown(engine)} cannot be used: what it holds makes no sense "
            f"({printable(str(error), 200)}); it is damaged: restore a backup or name another"
        ) from error


def close_engine(engine: Engine) -> None:
    """Give all connections back; those of another process are left to it."""
    engine.dispose(close=_opened_here(engine))


def _opened_here(engine: Engine) -> bool:
    opened: int = engine.get_execution_options()[_PROCESS]
    return opened == os.getpid()


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _makes_no_sense(error: Exception) -> bool:
    """Whether the library failed at a value that was read, such as a date of 99 months."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    where = step.tb_frame.f_globals.get("__name__", "") if step else ""
    return isinstance(error, UnicodeDecodeError) or where.startswith("sqlalchemy.")


def _kind(cause: BaseException) -> type[StoreError]:
    if _busy(cause):
        return StoreBusyError
    return StoreAwayError if _away(cause) else StoreError


def _away(cause: BaseException) -> bool:
    """Whether PostgreSQL cannot be reached, or is going down or coming up."""
    if type(cause).__module__.partition(".")[0] != "psycopg":
        return False
    state = getattr(cause, "sqlstate", None)
    if state is None:  # no answer at all
        return type(cause).__name__ == "OperationalError"
    return str(state).startswith(("08", "57P"))


def _busy(cause: BaseException) -> bool:
    """Whether another program was in the way, and nothing was changed."""
    name = getattr(cause, "sqlite_errorname", None) or ""
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or (
        getattr(cause, "sqlstate", None) in _BUSY
    )


@contextmanager
def writing(engine: Engine, turn: Turn | None = None) -> Iterator[Connection]:
    """One transaction that writes: all of it or nothing.

    SQLite lets one writer in at a time anyway. On PostgreSQL transactions that look and then
    insert take a `turn`, so that two of a kind do not insert the same thing.
    """
    refuse_to_write(engine)
    with translated(engine), engine.connect() as plain:
        connection = plain.execution_options(digest_writes=True)
        with connection.begin():
            _take(connection, turn)
            yield connection


@contextmanager
def at_once(engine: Engine) -> Iterator[Connection]:
    """Room for one statement, of one or many rows, that is a transaction by itself.

    On PostgreSQL the rows travel together and are committed with the last, without another word
    to the server; SQLite has to be told.
    """
    if engine.dialect.name != "postgresql":
        with writing(engine) as connection:
            yield connection
        return
    with translated(engine), engine.connect() as plain:
        yield plain.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that only reads, or a part of what is read together."""
    with translated(engine), shared(engine) or engine.connect() as connection:
        yield connection


def _take(connection: Connection, turn: Turn | None) -> None:
    if turn is not None and connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCKS, int(turn))))


def _url(address: str) -> URL:
    try:
        url = make_url(address)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() == "sqlite" and url.database:
            url = url.set(database=str(Path(url.database).expanduser()))
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise StoreError(
            "the database address cannot be understood: write sqlite:///file.db or "
            "postgresql://user@host/name"
        ) from error
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"{url.get_backend_name()} is not supported: use SQLite or PostgreSQL")
    if url.get_backend_name() == "postgresql":
        try:
            import psycopg  # noqa: F401, PLC0415 - an extra
        except ImportError as error:
            raise StoreError(
                f"PostgreSQL needs the package psycopg: {installing('psycopg[binary]')}"
            ) from error
    return url


def _prepare_folder(url: URL) -> None:
    """Make the folder of a SQLite file; refuse one where locks do not hold."""
    if not url.database or url.database == ":memory:":
        return
    folder = Path(url.database.removeprefix("file:")).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder of the database {url.database} cannot be made: {error.strerror}"
        ) from error
    if found := networked(folder):
        raise StoreError(
            f"the database {url.database} lies on a network file system ({found}), where SQLite's "
            "locks do not hold: move it to a disk of this machine, or use PostgreSQL"
        )
    if not url.database.startswith("file:"):
        make_private(Path(url.database))


def _prepare_postgresql(engine: Engine) -> None:
    from psycopg import Cursor, pq  # noqa: PLC0415 - an extra

    look_before_use(engine)
    wait = engine.get_execution_options()[_WAIT]

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - psycopg is an extra
        connection.execute(_SESSION, (str(wait), str(_IDLE_MS)))
        connection.commit()

    @event.listens_for(engine, "before_cursor_execute")
    def _execute(
        _connection: Connection,
        cursor: Cursor[Any],
        _statement: str,
        _values: object,
        context: ExecutionContext,
        _many: bool,  # noqa: FBT001 - the library's way
    ) -> None:
        if context.execution_options.get(AS_BYTES):
            cursor.format = pq.Format.BINARY


def _prepare_sqlite(engine: Engine) -> None:
    wait = engine.get_execution_options()[_WAIT]

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        # The rollback journal: write-ahead logging can lose a database before SQLite 3.51.3.
        for pragma in (
            f"busy_timeout = {wait}",
            "foreign_keys = ON",
            "journal_mode = PERSIST",
            f"journal_size_limit = {_JOURNAL_BYTES}",
            "synchronous = EXTRA",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("digest_writes"):
            _await_turn(connection)
        else:
            connection.exec_driver_sql("BEGIN")


def _await_turn(connection: Connection) -> None:
    """Begin to write, as soon as nobody else does.

    SQLite itself asks ever more seldom, so that who commits without a pause starves the others.
    """
    raw: Any = connection.connection.driver_connection
    wait: int = connection.get_execution_options()[_WAIT]
    began = time.monotonic()
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        while (waited := time.monotonic() - began) * 1000 < wait:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not _busy(error):
                    break
                time.sleep(_SHORT if waited < 1 else _LONG)
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # for the library to raise what is wrong
    finally:
        raw.execute(f"PRAGMA busy_timeout = {wait}")


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        found = _revision(connection)
    if found == REVISION:
        return
    from alembic import command  # noqa: PLC0415 - slow, and needed once in a database's life
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"the database {_shown(engine)} was made by a newer "
            f"digest (schema {found}, this one knows {REVISION}): update digest; nothing changed"
        )
    with writing(engine, Turn.MIGRATE) as connection:
        if _revision(connection) != REVISION:  # another process may have been faster
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    """The schema that a database has; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


# What to do, by words of the library's error; the first that fits.
_ADVICE = (
    (("readonly", "read-only"), "it is read-only: mend its permissions"),
    (("unable to open",), "is the path right, and may you write there?"),
    (
        ("not a database", "malformed", "could not decode"),
        "the file is damaged or is no SQLite database: restore a backup or name another",
    ),
    (("is full", "no space left"), "the disk is full: make room"),
    (("disk i/o error",), "its disk is full or fails: make room, or see to the disk"),
    (("locked", "lock timeout"), "another program holds it, and has not let go in time: try again"),
    (("connection",), "does the server run, and may you connect?"),
)


def _advice(said: str) -> str:
    lowered = said.lower()
    fitting = (advice for words, advice in _ADVICE if any(word in lowered for word in words))
    advice = next(fitting, None)
    return f"; {advice}" if advice else ""
