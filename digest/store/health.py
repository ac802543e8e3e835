"""Health: what can be wrong with a database that opened: asked by `digest doctor`."""

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, func, select, text, update
from sqlalchemy.exc import OperationalError

from digest.model import ReaderKind
from digest.store.engine import reading, translated
from digest.store.schema import house, interests, readers

CHECK_SECONDS = 60.0  # how long a file is read through
_STEPS = 200_000  # of SQLite's machine between two looks at the clock
_EXTRA, _FULL = 3, 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether all is well, what was seen, and what mends it."""

    well: bool
    said: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Examinations of the database. Each method is one transaction that changes nothing."""

    engine: Engine

    def writable(self) -> None:
        """Write, and take it back.

        Raises:
            StoreError: where that cannot be done.
        """
        with translated(self.engine), self.engine.connect() as plain:
            connection = plain.execution_options(digest_writes=True)
            with connection.begin() as transaction:
                connection.execute(update(house).values(seen=house.c.seen))
                transaction.rollback()

    def examine(self, seconds: float = CHECK_SECONDS) -> list[Finding]:
        """Whether it is whole, and keeps what it was told to keep.

        Args:
            seconds: how long a SQLite file is read through at most.
        """
        with reading(self.engine) as connection:
            if connection.dialect.name == "postgresql":
                return list(_server(connection))
            return [_whole(connection, seconds), *_durable(connection)]

    def without_interests(self) -> int:
        """How many active readers have no interests, and so get the trending edition."""
        with reading(self.engine) as connection:
            theirs = select(1).where(interests.c.reader_id == readers.c.id).exists()
            query = select(func.count()).select_from(readers)
            return connection.scalar(query.where(*_kept(), ~theirs)) or 0

    def doubled(self, most: int = 20) -> list[str]:
        """Addresses that more than one active reader has."""
        with reading(self.engine) as connection:
            address = func.lower(readers.c.address)
            query = select(address).where(*_kept()).group_by(address)
            found = connection.scalars(query.having(func.count() > 1).order_by(address).limit(most))
            return list(found)


def _kept() -> tuple[ColumnElement[bool], ...]:
    return (readers.c.active, readers.c.kind != ReaderKind.UNSAVED.value)


def _whole(connection: Connection, seconds: float) -> Finding:
    """SQLite's own check of the file, as far as it comes in the time."""
    driver = connection.connection.driver_connection
    end = time.monotonic() + seconds
    if isinstance(driver, sqlite3.Connection):
        driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        said = [str(row[0]) for row in connection.execute(text("PRAGMA quick_check(3)"))]
    except OperationalError as error:
        if "interrupted" in str(error):
            return Finding(True, f"no damage found in {seconds:.0f} s; not read to its end")
        raise
    finally:
        if isinstance(driver, sqlite3.Connection):
            driver.set_progress_handler(None, 0)
    if said == ["ok"]:
        return Finding(True, "the file is whole")
    damage = "; ".join(said)[:300]
    return Finding(False, f"the file is damaged: {damage}", "restore a backup; send nothing before")


def _durable(connection: Connection) -> Iterator[Finding]:
    """Whether what is committed survives a power cut."""
    journal = connection.execute(text("PRAGMA journal_mode")).scalar()
    sync = connection.execute(text("PRAGMA synchronous")).scalar()
    well = (journal in ("delete", "persist", "memory") and sync == _EXTRA) or (
        journal == "wal" and sync in (_FULL, _EXTRA)
    )
    yield Finding(
        well,
        f"journal {journal}, synchronous {sync}",
        "" if well else "another program changed how the file is written: end it",
    )


def _server(connection: Connection) -> Iterator[Finding]:
    version = connection.execute(text("SHOW server_version")).scalar()
    yield Finding(True, f"PostgreSQL {version}")
    for name in ("synchronous_commit", "fsync", "full_page_writes"):
        value = connection.execute(text(f"SHOW {name}")).scalar()
        well = value != "off"
        yield Finding(
            well,
            f"{name} is {value}",
            "" if well else f"a crash may lose what was sent: set {name} to on at the server",
        )
