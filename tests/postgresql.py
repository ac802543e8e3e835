"""A PostgreSQL server of the tests' own: made, used over loopback, stopped by its own command."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.smtp import free_port


class NoServerError(Exception):
    """There can be no server here; the text says why and what to do."""


@contextmanager
def throwaway_server(*, durable: bool = False) -> Iterator[str]:
    """Yield the address of a fresh server.

    Args:
        durable: whether it waits for the disk at each commit, as a real one does.

    Raises:
        NoServerError: where PostgreSQL is not installed, or may not be started.
    """
    tools = _tools()
    if tools is None:
        raise NoServerError("PostgreSQL is not installed (Debian: apt install postgresql)")
    user = _other_than_root()
    with tempfile.TemporaryDirectory(prefix="digest-pg-") as folder:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        port = free_port()
        data = str(Path(folder) / "data")

        def call(program: str, *arguments: str) -> None:
            done = subprocess.run(
                [tools / program, *arguments],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                user=user and user.pw_uid,
                group=user and user.pw_gid,
                extra_groups=None if user is None else [],
            )
            assert done.returncode == 0, done.stdout + done.stderr

        trust = ("--auth=trust", "--username=tester", "--encoding=UTF8", "--no-sync")
        call("initdb", "-D", data, *trust)
        disk = "fsync=on" if durable else "fsync=off -c max_wal_size=128MB"  # it may be memory
        options = (
            f"-h 127.0.0.1 -p {port} -k {folder} -c {disk} -c synchronous_commit=on "
            "-c max_connections=200"
        )
        call("pg_ctl", "-D", data, "-l", f"{folder}/log", "-w", "-o", options, "start")
        try:
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "stop")


def make_database(server: str, name: str) -> str:
    """A new, empty database on a server; returns its address."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return server.rpartition("/")[0] + f"/{name}"


def copy_database(server: str, pattern: str, name: str) -> str:
    """A copy of a database of a server that nobody is connected to; returns its address."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(pattern)
            )
        )
    return server.rpartition("/")[0] + f"/{name}"


def drop_database(server: str, name: str) -> None:
    """Take a database away, whoever is connected to it: files of many fill a disk."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _tools() -> Path | None:
    """The folder of PostgreSQL's programs."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _other_than_root() -> pwd.struct_passwd | None:
    """Whom to run the server as, since it refuses root; None where we are somebody else."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServerError("PostgreSQL refuses root, and there is no other user to run it as")
