"""Processes that are killed while they post: `bin/bench kill`, as CI and a reader would run it."""

import subprocess
import sys
from pathlib import Path

KILLS = 25


def test_no_kill_sends_twice_on_sqlite(checkout: Path) -> None:
    """Killed at random and at every point: each mail is accounted for, none arrives twice."""
    assert_holds(besieged(checkout, "sqlite"), "SQLite")


def test_no_kill_sends_twice_on_postgresql(checkout: Path, postgresql: str) -> None:
    """The same on a server that many processes share; skips where none is installed."""
    assert postgresql
    assert_holds(besieged(checkout, "postgresql"), "PostgreSQL")


def besieged(checkout: Path, database: str) -> str:
    """What the harness said; a naive poster in it must have sent some mails twice."""
    done = bench(checkout, "--check", "--kills", str(KILLS), "--database", database)
    assert done.returncode == 0, done.stdout + done.stderr
    last_line: str = done.stdout.splitlines()[-1]
    return last_line


def bench(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The harness, ended."""
    command = [sys.executable, str(checkout / "benchmarks" / "kill.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


def assert_holds(last_line: str, database: str) -> None:
    """The last line gives the figures."""
    assert last_line.startswith(f"{KILLS} kills over ")
    assert f" deliveries on {database}: 0 duplicates, 0 unaccounted, " in last_line
    assert "0 of them unexplained; without faults 0 uncertain; died at " in last_line
    assert last_line.endswith(" duplicates: holds")


def test_the_harness_refuses_what_is_not_its_own(checkout: Path, tmp_path: Path) -> None:
    """A file of another command is not gone on with."""
    kept = tmp_path / "state.json"
    kept.write_text('{"order": {"kills": 1}, "chunks": []}', encoding="utf-8")
    done = bench(checkout, "--resume", str(kept))
    assert done.returncode == 1
    assert "belongs to another command" in done.stderr
