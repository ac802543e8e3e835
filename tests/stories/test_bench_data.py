"""Benchmarks that measure on real data, where there are none."""

import subprocess
import sys
from pathlib import Path

import pytest

ON_REAL_DATA = ("evaluate", "identity", "index", "ranking", "rising", "rivals", "trend")


@pytest.mark.parametrize("name", ON_REAL_DATA)
def test_without_the_data_it_says_what_is_missing(
    name: str, checkout: Path, tmp_path: Path
) -> None:
    """Exit code 2 and one line: nothing was measured, nothing installed."""
    done = subprocess.run(
        [sys.executable, str(checkout / "benchmarks" / f"{name}.py"), "--check"],
        env={"DIGEST_SHARED": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert "DIGEST_SHARED" in line


def test_every_benchmark_on_real_data_is_looked_at(checkout: Path) -> None:
    """Those that ask for the folder of data, and no other."""
    files = (checkout / "benchmarks").glob("*.py")
    asking = {file.stem for file in files if "data_folder()" in file.read_text(encoding="utf-8")}
    assert asking == set(ON_REAL_DATA)
