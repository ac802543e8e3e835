"""A real browser for tests: Debian's Chromium, driven by playwright; skipped where one is missing."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NODE = Path(__file__).parents[2] / ".venv" / "node" / "node_modules"


@pytest.fixture(scope="package")
def browser() -> Iterator["Browser"]:
    """Chromium without a window; it asks nobody for updates."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    quiet = ["--no-sandbox", "--disable-quic", "--disable-component-update", "--no-first-run"]
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program, args=[*quiet, "--disable-background-networking"]
        )
        yield started
        started.close()


@pytest.fixture(scope="package")
def axe() -> str:
    """The source of axe-core; skips where it is not installed."""
    path = NODE / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.skip("axe-core is not installed (.ci/run installs it)")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="package")
def html_validate() -> list[str]:
    """The command of html-validate; skips where it is not installed."""
    node, path = shutil.which("node"), NODE / "html-validate" / "bin" / "html-validate.mjs"
    if node is None or not path.is_file():
        pytest.skip("html-validate is not installed (.ci/run installs it)")
    return [node, str(path)]
