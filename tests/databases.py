"""Empty databases for tests: migrated once in each process, and copied from then on.

A copy takes a tenth of what the migrations take. All copies have one identity, as a database and
its backup do: a test that compares two databases opens them at fresh addresses.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from digest.store import Store, open_store
from tests.postgresql import copy_database, make_database

_PATTERN = "blank"


def blank_sqlite(file: Path) -> str:
    """The address of a new, empty database in a file."""
    shutil.copy(_migrated(), file)  # its rights too
    return f"sqlite:///{file}"


def open_blank_sqlite(file: Path) -> Store:
    """A new, empty store in a file."""
    return open_store(blank_sqlite(file))


def blank_postgresql(server: str, name: str) -> str:
    """The address of a new, empty database on a server of tests/postgresql.py."""
    _migrated_on(server)
    return copy_database(server, _PATTERN, name)


@cache
def _migrated() -> Path:
    folder = tempfile.mkdtemp(prefix="digest-blank-")
    atexit.register(shutil.rmtree, folder)
    file = Path(folder) / "blank.db"
    open_store(f"sqlite:///{file}").close()
    return file


@cache
def _migrated_on(server: str) -> None:
    open_store(make_database(server, _PATTERN)).close()
