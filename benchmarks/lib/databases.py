"""Databases to measure on: new ones on demand, each empty and ready, gone afterwards."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

from tests.postgresql import NoServerError, make_database, throwaway_server

SQLITE, POSTGRESQL, BOTH = "sqlite", "postgresql", "both"
CHOICES = (SQLITE, POSTGRESQL, BOTH)
NAMES = {SQLITE: "SQLite", POSTGRESQL: "PostgreSQL"}
Make = Callable[[], str]


@contextlib.contextmanager
def fresh_databases(asked: str, *, durable: bool = False) -> Iterator[Mapping[str, Make]]:
    """How to make a new database of each kind that was asked for; returns its address.

    Args:
        asked: one of CHOICES; of both, PostgreSQL may be missing here, which is said in a line.
        durable: whether the PostgreSQL server waits for the disk; SQLite always does.

    Raises:
        SystemExit: where PostgreSQL alone was asked for, and is not here.
    """
    with contextlib.ExitStack() as stack:
        makers: dict[str, Make] = {}
        if asked != POSTGRESQL:
            makers[SQLITE] = _files(Path(stack.enter_context(_folder())))
        if asked != SQLITE:
            try:
                makers[POSTGRESQL] = _server(stack.enter_context(throwaway_server(durable=durable)))
            except NoServerError as reason:
                if asked == POSTGRESQL:
                    raise SystemExit(str(reason)) from reason
                print(f"{reason}: SQLite alone", flush=True)
        yield makers


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="digest-bench-")


def _files(folder: Path) -> Make:
    numbers = count(1)

    def make() -> str:
        for old in folder.iterdir():
            old.unlink()
        return f"sqlite:///{folder / f'bench{next(numbers)}.db'}"

    return make


def _server(address: str) -> Make:
    numbers = count(1)
    return lambda: make_database(address, f"bench{next(numbers)}")


def versions_of(makers: Mapping[str, Make]) -> str:
    """The databases with their versions."""
    said = []
    for name, make in makers.items():
        if name == SQLITE:
            said.append(f"SQLite {sqlite3.sqlite_version}")
        else:
            import psycopg  # noqa: PLC0415 - an extra

            with psycopg.connect(make()) as connection:
                row = connection.execute("SHOW server_version").fetchone()
            said.append(f"PostgreSQL {row[0].split()[0] if row else '?'}")
    return ", ".join(said)
