"""`digest demo`, and the package as it is installed."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import Digest


def test_the_demo_needs_nothing(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, no configuration: a letter, a table with scores and reasons, where to open it."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the demo opened a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)
    Path("config.env").write_text("THIS IS NOT READ\n")
    done = digest("demo")
    assert done.code == 0
    assert "speaks of" in done.out
    assert re.search(r"0\.\d\d", done.out)
    (letter,) = Path("outbox").glob("*.html")
    assert letter.resolve().as_uri() in done.out
    page = letter.read_text(encoding="utf-8")
    for heading in ("Molecules and materials", "Anomaly detection", "The night sky"):
        assert f">{heading}</h2>" in page
    assert digest("demo").code == 0
    assert len(list(Path("outbox").iterdir())) == 2
    assert not Path(os.environ["XDG_DATA_HOME"]).exists()  # nothing is stored


def test_the_outbox_of_the_demo_can_be_chosen(digest: Digest) -> None:
    """And an impossible one is said."""
    assert digest("demo", "--outbox", "here").code == 0
    assert list(Path("here").glob("*.eml"))
    Path("file").write_text("")
    done = digest("demo", "--outbox", "file/below")
    assert done.code == 1
    assert "cannot write to the outbox folder" in done.err


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without any network."""
    folder = tmp_path_factory.mktemp("wheel")
    builder = (
        "import os, sys\nfrom hatchling.build import build_wheel\n"
        "os.chdir(sys.argv[1]); print(build_wheel(sys.argv[2]))"
    )
    subprocess.run(
        [sys.executable, "-c", builder, str(checkout), str(folder)],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_an_installed_wheel_offers_the_same(wheel: Path, tmp_path: Path) -> None:
    """Templates, migrations and the sample are inside: the demo runs from the wheel alone."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
        entries = archive.read(
            next(n for n in archive.namelist() if n.endswith("entry_points.txt"))
        )
    assert b"digest = digest.cli:main" in entries
    script = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import digest.cli; "
        "assert 'site' in digest.cli.__file__, digest.cli.__file__; digest.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "site"), "demo", "--outbox", "wheel-out"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "wheel-out").glob("*.eml"))
