"""Opening the database: dialects, durability, migrations; library errors translated once."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from digest.errors import StoreError

REVISION = "0002"


class Turn(IntEnum):
    """What only one transaction does at a time."""

    MIGRATE = 1
    PAPERS = 2
    SAVE_READER = 3
    PROFILES = 4


_LOCKS = 0x64696765  # our own space among a server's advisory locks
_LOCK_WAIT_MS = 60_000


def open_engine(address: str) -> Engine:
    """An engine on a database that is migrated and ready.

    Raises:
        StoreError: when it cannot be opened, is newer than this program, or is damaged.
    """
    url = _url(address)
    engine = create_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    if url.get_backend_name() == "sqlite":
        _prepare_sqlite(engine, url)
    try:
        with translated(engine):
            _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn the library's errors into one that says what to do; the address without password."""
    try:
        yield
    except SQLAlchemyError as error:
        shown = engine.url.render_as_string(hide_password=True)
        cause = getattr(error, "orig", None) or error
        said = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
        raise StoreError(f"the database {shown} cannot be used: {said}{_advice(said)}") from error


@contextmanager
def writing(engine: Engine, turn: Turn | None = None) -> Iterator[Connection]:
    """One transaction that writes: all of it or nothing.

    SQLite lets one writer in at a time anyway. On PostgreSQL transactions that look and then
    insert take a `turn`, so that two of a kind do not insert the same thing.
    """
    with translated(engine), engine.connect() as plain:
        connection = plain.execution_options(digest_writes=True)
        with connection.begin():
            _take(connection, turn)
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that only reads."""
    with translated(engine), engine.connect() as connection:
        yield connection


def _take(connection: Connection, turn: Turn | None) -> None:
    if turn is not None and connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCKS, int(turn))))


def insert_new(connection: Connection, table: Table) -> Any:  # noqa: ANN401 - two dialects' types
    """An insert that passes over rows which are there already."""
    dialect = _dialect(connection)
    return dialect.insert(table).on_conflict_do_nothing()


def upsert(
    connection: Connection, table: Table, only_where: ColumnElement[bool] | None = None
) -> Any:  # noqa: ANN401 - two dialects' types
    """An insert that replaces the other columns of a row which is there already.

    Args:
        connection: tells the dialect.
        table: what to insert into.
        only_where: which rows may be replaced; the others stay as they are.
    """
    dialect = _dialect(connection)
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others, where=only_where)


def _dialect(connection: Connection) -> Any:  # noqa: ANN401 - a module
    """What the database in use understands; the other one is not loaded."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return postgresql
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415

    return sqlite


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
                "PostgreSQL needs the package psycopg: pip install 'digest[postgresql]'"
            ) from error
    return url


def _prepare_sqlite(engine: Engine, url: URL) -> None:
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the folder of the database {url.database} cannot be made: {error.strerror}"
            ) from error

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        # The rollback journal: write-ahead logging can lose a database before SQLite 3.51.3.
        for pragma in (
            f"busy_timeout = {_LOCK_WAIT_MS}",
            "foreign_keys = ON",
            "journal_mode = DELETE",
            "synchronous = EXTRA",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("digest_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


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
            f"the database {engine.url.render_as_string(hide_password=True)} was made by a newer "
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


def _advice(said: str) -> str:
    lowered = said.lower()
    if "readonly" in lowered or "read-only" in lowered:
        return "; it is read-only: mend its permissions"
    if "unable to open" in lowered:
        return "; is the path right, and may you write there?"
    if "not a database" in lowered or "malformed" in lowered:
        return "; the file is damaged or is no SQLite database: restore a backup or name another"
    if "full" in lowered:
        return "; the disk is full: make room"
    if "locked" in lowered:
        return "; another program has held it for a minute: try again"
    return ""
