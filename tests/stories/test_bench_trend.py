"""Whether the trend score tells what will be read: `bin/bench trend`, on the real counts."""

import subprocess
import sys
from pathlib import Path


def test_it_beats_counts_on_dates_that_it_was_not_fitted_on(checkout: Path, shared: Path) -> None:
    """The gates hold, and the last line has their figures.

    Without the real counts, `test_it_is_about_what_papers_gained` holds the score to a few of them.
    """
    assert (shared / "data").is_dir()
    done = subprocess.run(
        [sys.executable, str(checkout / "benchmarks" / "trend.py"), "--check"],
        env={"DIGEST_SHARED": str(shared)},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last_line = done.stdout.splitlines()[-1]
    assert last_line.startswith("Spearman ours - upvotes +")
    assert last_line.endswith("constants as fitted: holds")
