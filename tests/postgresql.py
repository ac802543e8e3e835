"""A PostgreSQL server of the tests' own: made, used over loopback, stopped by its own command."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.smtp import free_port


@contextmanager
def throwaway_server() -> Iterator[str]:
    """Yield the address of a fresh server; skip where PostgreSQL is not installed."""
    tools = _tools()
    if tools is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    as_user = _as_user()
    if as_user is None:
        pytest.skip("PostgreSQL refuses root, and there is no other user to run it as")
    with tempfile.TemporaryDirectory(prefix="digest-pg-") as folder:
        place = Path(folder)
        if as_user:
            account = pwd.getpwnam(as_user[-2])
            os.chown(place, account.pw_uid, account.pw_gid)
        port = free_port()
        data = place / "data"

        def call(*command: str) -> None:
            done = subprocess.run(
                [*as_user, *command], capture_output=True, text=True, check=False, cwd="/"
            )
            assert done.returncode == 0, done.stdout + done.stderr

        trust = ("--auth=trust", "--username=tester", "--encoding=UTF8", "--no-sync")
        call(str(tools / "initdb"), "-D", str(data), *trust)
        options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c max_connections=200"
        log = str(place / "log")
        call(str(tools / "pg_ctl"), "-D", str(data), "-l", log, "-w", "-o", options, "start")
        try:
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        finally:
            call(str(tools / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")


def _tools() -> Path | None:
    """The folder of PostgreSQL's programs."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _as_user() -> list[str] | None:
    """How to run a program as somebody other than root; empty where we are no root."""
    if os.getuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        if shutil.which("runuser"):
            return ["runuser", "-u", name, "--"]
    return None
