"""The first minute on a fresh machine: what `bin/digest` says before anything is installed."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

PIECES = ("bin", "pyproject.toml", "constraints.txt")


@pytest.fixture
def fresh(checkout: Path, tmp_path: Path) -> Path:
    """What a clone has, as far as setting up is concerned."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for piece in PIECES:
        source = checkout / piece
        (shutil.copytree if source.is_dir() else shutil.copy)(source, clone / piece)
    return clone


def call(clone: Path, python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`bin/digest` of a clone, with a Python of our choice."""
    environment = {**os.environ, "PYTHON": str(python), "PIP_INDEX_URL": "http://127.0.0.1:9/none",
                   "PIP_NO_INDEX": "", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}  # fmt: skip
    return subprocess.run(
        [clone / "bin" / "digest", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_without_pip_one_line_says_what_to_install(fresh: Path, tmp_path: Path) -> None:
    """And nothing is left half made."""
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False, symlinks=True)
    done = call(fresh, bare / "bin" / "python", "demo")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "digest needs pip" in done.stderr
    assert "apt install python3-pip" in done.stderr
    assert not (fresh / ".venv").exists()


def test_a_python_that_is_too_old_is_refused(fresh: Path, tmp_path: Path) -> None:
    """Asked for by name, it is refused in one line."""
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = call(fresh, old)
    assert done.returncode == 1
    assert done.stderr.startswith("digest needs Python 3.11 or newer")


def test_when_packages_cannot_be_had_it_is_said_and_the_next_call_goes_on(fresh: Path) -> None:
    """Pip's last words, where all of them are, and no environment that claims to be ready."""
    done = call(fresh, Path(sys.executable).resolve(), "demo")
    assert done.returncode == 1
    assert "the packages could not be installed" in done.stderr
    assert "Traceback" not in done.stderr
    assert (fresh / ".venv-install.log").exists()
    assert not (fresh / ".venv" / "ready.json").exists()


def test_a_python_that_does_not_exist_is_said(fresh: Path) -> None:
    """Asked for by name, no other is taken in its place."""
    done = call(fresh, Path("/nonexistent/python"))
    assert done.returncode == 1
    assert done.stderr == "PYTHON=/nonexistent/python: there is no such program\n"


def test_constraints_name_no_registry(checkout: Path) -> None:
    """Pinned versions only, each of what pyproject.toml asks for among them."""
    lines = (checkout / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(len(line.split("==")) == 2 for line in lines)
    assert not any("/" in line or "@" in line for line in lines)
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    assert {"scikit-learn", "sqlalchemy", "apscheduler", "jinja2", "yagmail"} <= pinned
