"""Every kind of page in a real browser: readable by everybody, by day and night, on any width."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digest.grammar.interests import parse_interest
from tests.browser.town import DESKTOP, PHONE, Town, Visitor, open_town, visiting
from tests.kinds import READER, Kind, ask_for, kinds, settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAPER, QUESTION = "arxiv:9912.20001", "graph, retrieval"
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
# A piece of another page, and pages that differ from others in their texts alone.
ALIKE = frozenset({"part of a preview", "day", "month", "broken link", "unsubscribe, again"})
RULES_OF_HTML = Path(__file__).parent


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A house with a reader, whose edition has been mailed."""
    with open_town(tmp_path) as opened:
        settle(opened.pages, [parse_interest("graphs", "graph, retrieval, optimiser")])
        yield opened


def examine(visitor: Visitor, axe: str) -> list[str]:
    """What axe-core finds wrong with the page at hand, in one line each."""
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    visitor.page.evaluate(axe + ";0")
    result: Any = visitor.page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{found['id']}: {node['html'][:160]} ({node['failureSummary'][:300]})"
        for found in result["violations"]
        for node in found["nodes"][:3]
    ]


def send(visitor: Visitor, kind: Kind) -> None:
    """Open a page; where it answers a form, send the form from a page of ours."""
    if kind.form is None:
        visitor.go(kind.address)
        return
    visitor.go("/search")
    script = """([address, fields]) => {
        const form = document.createElement('form');
        form.method = 'post'; form.action = address;
        for (const [name, value] of Object.entries(fields)) {
            const field = document.createElement('input');
            field.name = name; field.value = value; form.append(field);
        }
        document.body.append(form); form.submit();
    }"""
    with visitor.page.expect_navigation():
        visitor.page.evaluate(script, [kind.address, kind.form])


def test_every_kind_of_page_can_be_used_by_everybody(
    town: Town, browser: "Browser", axe: str
) -> None:
    """WCAG 2.2 AA as far as axe-core sees it: by day on a desk, by night on a phone."""
    wrong: dict[str, list[str]] = {}
    with visiting(browser, town.base, examined=True) as visitor:
        for kind in kinds(town.pages, PAPER, QUESTION):
            if kind.name in ALIKE:
                continue
            visitor.page.emulate_media(color_scheme="light")
            visitor.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
            send(visitor, kind)
            found = examine(visitor, axe)
            visitor.page.emulate_media(color_scheme="dark")
            visitor.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            found += [f"dark phone: {one}" for one in examine(visitor, axe)]
            wide = visitor.page.evaluate("document.documentElement.scrollWidth")
            found += [f"{wide} pixels wide"] if wide > PHONE[0] else []
            if found:
                wrong[kind.name] = found
    assert wrong == {}, json.dumps(wrong, indent=1, ensure_ascii=False)
    assert visitor.foreign == []


def validate(call: list[str], settings: str, folder: Path) -> list[str]:
    """What html-validate finds wrong with the files of a folder, in one line each."""
    report = folder / "report.json"  # through a pipe it would be cut where it is long
    call = [*call, "--config", str(RULES_OF_HTML / settings), "--formatter", "json", str(folder)]
    with report.open("w") as stream:
        done = subprocess.run(call, stdout=stream, stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return [
        f"{Path(file['filePath']).name}:{said['line']}: {said['ruleId']}: {said['message']}"
        for file in json.loads(report.read_text(encoding="utf-8"))
        for said in file["messages"]
    ]


def test_every_kind_of_page_is_valid_html(
    town: Town, html_validate: list[str], tmp_path: Path
) -> None:
    """By html-validate's recommended rules, but one: a paper's title is as long as it is."""
    folder = tmp_path / "html"
    folder.mkdir()
    for kind in kinds(town.pages, PAPER, QUESTION):
        if kind.name != "part of a preview":
            name = kind.name.replace(" ", "-").replace(",", "")
            (folder / f"{name}.html").write_text(ask_for(town.pages, kind), encoding="utf-8")
    found = validate(html_validate, "htmlvalidate.json", folder)
    assert found == [], "\n".join(found)


def test_the_letter_is_valid_html(town: Town, html_validate: list[str], tmp_path: Path) -> None:
    """By the same rules, but two: mail programs need styles in elements, and widths of tables."""
    folder = tmp_path / "html"
    folder.mkdir()
    (letter,) = (mail for mail in town.mails_to(READER) if mail["List-Id"])
    part = letter.get_body(("html",))
    assert part is not None
    (folder / "letter.html").write_text(part.get_content(), encoding="utf-8")
    found = validate(html_validate, "htmlvalidate-letter.json", folder)
    assert found == [], "\n".join(found)


def test_the_checkers_see_what_is_wrong(
    browser: "Browser", axe: str, html_validate: list[str], tmp_path: Path
) -> None:
    """A page with mistakes on purpose: both find them, or the tests above would mean nothing."""
    folder = tmp_path / "html"
    folder.mkdir()
    bad = '<html><head></head><body><img src="x"><p style="color:#ccc;background:#fff">faint</body>'
    (folder / "bad.html").write_text(bad, encoding="utf-8")
    rules = {line.split(": ")[1] for line in validate(html_validate, "htmlvalidate.json", folder)}
    assert {"no-inline-style", "wcag/h37"} <= rules
    with visiting(browser, "file://", examined=True) as visitor:
        visitor.page.goto(f"file://{folder}/bad.html")
        seen = {line.split(": ")[0] for line in examine(visitor, axe)}
    assert {"document-title", "html-has-lang", "image-alt", "color-contrast"} <= seen
