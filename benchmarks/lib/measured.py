"""Whole processes: how long a command takes, and how much memory."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Run:
    """Wall seconds and peak megabytes of one command with its children, and what it printed."""

    seconds: float
    megabytes: float
    said: dict[str, Any]


def run(script: str, *arguments: object) -> Run:
    """Run a script of this folder; its last line is a JSON object, see `run_command`."""
    return run_command([sys.executable, str(HERE / script), *map(str, arguments)])


def run_command(command: Sequence[str], folder: Path | None = None) -> Run:
    """Run a command, in a folder or where we are; its last line is a JSON object.

    Where that object has `peak_kb`, a bound for several processes at once, it counts if it is more
    than what the largest process held.
    """
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.json"
        done = subprocess.run(  # noqa: S603 - our own scripts
            [sys.executable, "-I", "-S", str(HERE / "launch.py"), str(report), *command],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            cwd=folder,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed (exit {done.returncode})")
        found = json.loads(report.read_text(encoding="utf-8"))
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return Run(found["seconds"], max(found["kilobytes"], said.get("peak_kb", 0)) / 1024, said)


def middle(runs: Sequence[Run]) -> Run:
    """Median seconds and median megabytes, with what the last one said."""
    return Run(
        median(run.seconds for run in runs),
        median(run.megabytes for run in runs),
        runs[-1].said,
    )
