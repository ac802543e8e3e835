"""What pages cost and that reading changes nothing: `bin/bench web`, in a small form."""

import subprocess
import sys
from pathlib import Path


def test_links_in_mails_change_nothing(checkout: Path) -> None:
    """A thousand links of all purposes, followed as scanners do; figures stand on the last line.

    Times and rates are not judged here: machines that test do other things at once.
    """
    sizes = ("--papers", "600", "--few", "300", "--readers", "20", "--gets", "1000")
    command = [sys.executable, str(checkout / "benchmarks" / "web.py"), *sizes, "--rounds", "2"]
    done = subprocess.run(
        [*command, "--quick"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last_line = done.stdout.splitlines()[-1]
    assert last_line.startswith("1000 mailed links, content the same; ")
    assert "failed" not in last_line
    assert "statuses 200: 1000\n" in done.stdout
