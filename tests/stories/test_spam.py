"""What a filter thinks of our letters: SpamAssassin's own rules, without asking any network."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.golden.situations import SITUATIONS, letter

MOST_POINTS = 0.5
# Every filter knows this line as a test: https://spamassassin.apache.org/gtube/
TEST_LINE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@pytest.fixture
def spamassassin() -> str:
    """The program; skips where it is not installed."""
    found = shutil.which("spamassassin")
    if found is None:
        pytest.skip("SpamAssassin is not installed (Debian: apt install spamassassin)")
    return found


def asked(program: str, folder: Path, mails: Iterable[bytes], *options: str) -> str:
    """What the program says of a box of mails."""
    start = b"From digest@example.org Tue Mar 17 12:00:00 2026\n"
    lines = (raw.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ") for raw in mails)
    box = folder / "box"
    box.write_bytes(b"".join(start + one + b"\n" for one in lines))
    call = [program, "-L", "-x", *options, "--mbox", str(box)]
    home = os.environ | {"HOME": str(folder), "LC_ALL": "C"}
    done = subprocess.run(call, capture_output=True, check=True, timeout=300, env=home)
    return done.stdout.decode("utf-8", "replace")


def test_no_golden_letter_looks_like_spam(spamassassin: str, tmp_path: Path) -> None:
    """Half a point at most, where five make a mail spam."""
    mails = [letter(name).raw for name in SITUATIONS]
    reports = asked(spamassassin, tmp_path, mails, "-t").split("Content analysis details:")[1:]
    assert len(reports) == len(mails)
    points = [re.match(r"\s+\((-?[\d.]+) points", one) for one in reports]
    told = zip(SITUATIONS, points, reports, strict=True)
    assert {n: one for n, found, one in told if not found or float(found[1]) > MOST_POINTS} == {}


def test_the_filter_sees_what_is_spam(spamassassin: str, tmp_path: Path) -> None:
    """A mail with the line that all filters know, or the test above would mean nothing."""
    head, _, _ = letter("nothing").raw.partition(b"\r\nMIME-Version")
    said = asked(spamassassin, tmp_path, [head + b"\r\n\r\n" + TEST_LINE + b"\r\n"])
    assert re.search(r"^X-Spam-Status: Yes, score=\d{3}", said, re.MULTILINE)
