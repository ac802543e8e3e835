"""The golden letters before the checkers of HTML for pages and for mail, and before a browser."""

import json
import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import NODE
from tests.browser.test_pages import examine, validate
from tests.browser.town import DESKTOP, PHONE, visiting
from tests.golden.situations import SITUATIONS, letter

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).parent
PROGRAMS = ("gmail.*", "outlook.*", "apple-mail.*", "samsung-email.*")
OLDEST_NODE = 20
NO_PAGE = ("landmark-one-main:", "region:")  # landmarks are the mail program's
EVERY = pytest.mark.parametrize("name", SITUATIONS)


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the HTML of every letter."""
    folder = tmp_path_factory.mktemp("letters")
    for name in SITUATIONS:
        (folder / f"{name}.html").write_text(letter(name).html, encoding="utf-8")
    return folder


def test_every_letter_is_valid_html(
    html_validate: list[str], letters: Path, tmp_path: Path
) -> None:
    """By html-validate's recommended rules, but those that docs/letter.md takes back."""
    folder = tmp_path / "html"
    shutil.copytree(letters, folder)
    found = validate(html_validate, "htmlvalidate-letter.json", folder)
    assert found == [], "\n".join(found)


def test_the_rules_taken_back_are_those_of_the_document(checkout: Path) -> None:
    """Each with its reason in docs/letter.md, and no other."""
    settings = json.loads((HERE / "htmlvalidate-letter.json").read_text(encoding="utf-8"))
    text = (checkout / "docs" / "letter.md").read_text(encoding="utf-8")
    section = text.partition("### html-validate")[2].partition("\n#")[0]
    assert set(re.findall(r"^- `([\w-]+)`", section, re.MULTILINE)) == set(settings["rules"])


def asked(folder: Path) -> dict[str, dict[str, list[str]]]:
    """What caniemail says of all letters: by feature, where it is missing and where in part."""
    node, package = shutil.which("node"), NODE / "caniemail"
    if node is None or not package.is_dir():
        pytest.skip("caniemail is not installed (.ci/run installs it)")
    version = subprocess.run([node, "--version"], capture_output=True, check=True, text=True)
    if int(version.stdout.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"caniemail needs Node {OLDEST_NODE}, here is {version.stdout.strip()}")
    call = [node, str(HERE / "caniemail.mjs"), str(package), ",".join(PROGRAMS)]
    call += [str(path) for path in sorted(folder.glob("*.html"))]
    done = subprocess.run(call, capture_output=True, check=False, timeout=120, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    return found


def justified(checkout: Path) -> dict[str, tuple[list[str], list[str]]]:
    """The table of docs/letter.md: by feature, the programs that lack it, those that half do."""
    text = (checkout / "docs" / "letter.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|([^|]*)\|([^|]*)\| (\S[^|]*)\|$", text, re.MULTILINE)
    assert len({feature for feature, *_ in rows}) == len(rows)
    return {
        feature: (re.findall(r"[\w.*-]+", lacks), re.findall(r"[\w.*-]+", half))
        for feature, lacks, half, _ in rows
    }


def _apart(found: list[str], told: list[str]) -> list[str]:
    """Programs that no pattern tells of, and patterns that tell of none."""
    untold = [one for one in found if not any(fnmatchcase(one, pattern) for pattern in told)]
    return untold + [pattern for pattern in told if not any(fnmatchcase(o, pattern) for o in found)]


def test_what_mail_programs_lack_is_known_and_justified(letters: Path, checkout: Path) -> None:
    """Each exception of caniemail has its line in docs/letter.md, and each line its exception."""
    found, told = asked(letters), justified(checkout)
    assert set(found) == set(told)
    apart = {
        feature: (
            _apart(found[feature]["errors"], told[feature][0]),
            _apart(found[feature]["warnings"], told[feature][1]),
        )
        for feature in found
    }
    assert {feature: both for feature, both in apart.items() if any(both)} == {}


def test_caniemail_sees_what_no_program_shows(tmp_path: Path) -> None:
    """A letter with mistakes on purpose, or the test above would mean nothing."""
    bad = '<div style="display:grid;position:fixed"><svg></svg></div>'
    (tmp_path / "bad.html").write_text(bad, encoding="utf-8")
    assert {"display:grid", "position"} <= set(asked(tmp_path))


@EVERY
def test_a_browser_asks_nobody_and_needs_no_room(browser: "Browser", name: str, axe: str) -> None:
    """Nothing is fetched; by day and by night, nothing is wider than a phone; axe finds nothing."""
    with visiting(browser, "about:", size=PHONE, examined=True) as visitor:
        found = []
        for dark in (False, True):
            visitor.page.emulate_media(color_scheme="dark" if dark else "light")
            visitor.page.set_content(letter(name).html)
            wide = visitor.page.evaluate("document.documentElement.scrollWidth")
            found += [f"{wide} pixels wide"] if wide > PHONE[0] else []
            found += [one for one in examine(visitor, axe) if not one.startswith(NO_PAGE)]
        assert found == []
        assert visitor.foreign == []
        assert visitor.complaints == []
        visitor.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        box = visitor.page.locator(".column").bounding_box()
        assert box is not None
        assert box["width"] == 640
