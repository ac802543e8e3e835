"""Golden letters: what is mailed in eight situations, and what holds for each of them."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from digest.letters import LetterOffice
from digest.letters.compose import CLIPPED_FROM
from digest.links import MOST_BASE, MOST_URL, Key, Links
from digest.model import Edition, Mood, Pick
from tests.golden.situations import (
    ANOMALIES,
    BASE,
    COVERAGE,
    DAY,
    FOLDER,
    NOON,
    SITUATIONS,
    TWO,
    WITH_PAGES,
    letter,
    matched,
    reader,
    sample,
)

TEMPLATE = Path(__file__).parents[2] / "templates" / "letter.html.j2"
VOID = {"br", "meta"}
EVERY = pytest.mark.parametrize("name", SITUATIONS)


@EVERY
def test_the_letter_is_the_golden_one(name: str) -> None:
    """Byte for byte in both parts; `python -m tests.golden` writes them anew."""
    made = letter(name)
    assert made.html == (FOLDER / f"{name}.html").read_text(encoding="utf-8")
    assert made.text == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_every_situation_is_kept_and_no_other() -> None:
    """Two files each."""
    kept = {path.name for path in FOLDER.iterdir()}
    assert kept == {f"{name}.{kind}" for name in SITUATIONS for kind in ("html", "txt")}


@EVERY
def test_the_head_reads_back(name: str) -> None:
    """By the standard library's parser: one of each header, addresses and date as meant."""
    mail = letter(name).mail
    assert mail.defects == []
    names = [one.lower() for one in mail.keys()]  # noqa: SIM118 - all, with repeats
    assert len(names) == len(set(names))
    assert [one.addr_spec for one in mail["From"].addresses] == ["digest@example.org"]
    assert [one.addr_spec for one in mail["To"].addresses] == ["ann@example.com"]
    assert parsedate_to_datetime(mail["Date"]) == NOON
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", mail["Message-ID"])
    assert mail["Subject"]
    assert "\n" not in mail["Subject"]
    assert ("List-Unsubscribe-Post" in mail) == (BASE in mail["List-Unsubscribe"])
    kinds = [(part.get_content_type(), part.get_content_charset()) for part in mail.iter_parts()]
    assert kinds == [("text/plain", "utf-8"), ("text/html", "utf-8")]
    again = message_from_bytes(letter(name).raw, policy=policy.SMTP)
    assert [str(value) for value in again.values()] == [str(value) for value in mail.values()]


@EVERY
def test_the_text_is_readable_at_72_columns(name: str) -> None:
    """No line is longer, but for addresses and words that are; no markup, nothing twice empty."""
    text = letter(name).text
    for line in text.splitlines():
        assert len(line) <= 72 or "://" in line or " " not in line.strip(), line
        assert line == line.rstrip()
    assert "\n\n\n\n" not in text
    assert "&amp;" not in text
    assert text.endswith("\n")


class Parts(HTMLParser):
    """What stands in a page."""

    def __init__(self, page: str) -> None:
        """Read it."""
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)


@EVERY
def test_nothing_is_fetched_and_nothing_acts(name: str) -> None:
    """No image, script, form, font or style from elsewhere; links are all that leads away."""
    page = letter(name).html
    for tag, attributes in Parts(page).tags:
        assert tag not in ("img", "script", "form", "link", "iframe", "object", "input", "base")
        assert not {"src", "srcset", "background", "action", "poster"} & set(attributes)
        assert not any(one.startswith("on") for one in attributes)
        assert ("href" in attributes) == (tag == "a")
        if tag == "a":
            assert attributes["href"].startswith(("https://", "mailto:"))
    styles = "".join(re.findall(r'<style>.*?</style>|style="[^"]*"', page, re.DOTALL))
    assert styles
    assert "url(" not in styles
    assert "@import" not in styles


@EVERY
def test_both_parts_say_the_same(name: str) -> None:
    """Every title, reason, curve and rising topic of the HTML stands in the text too."""
    situation = SITUATIONS[name].edition()
    text = " ".join(letter(name).text.split())
    page = " ".join("".join(Parts(letter(name).html).words).split())
    said = re.findall(r"Why: [^▲]*?\(score [^)]*\)|[▁▂▃▄▅▆▇█]{2,}", page)
    for one in (*said, *(topic.words for topic in situation.rising)):
        assert one in text
    for pick in situation.picks:
        for part in (text, page):
            assert "".join(pick.paper.paper.title.split())[:90] in "".join(part.split())


@EVERY
def test_a_mail_program_is_told_language_and_roles(name: str) -> None:
    """The language on the page and on what mail programs keep of it; tables are for looks alone."""
    tags = Parts(letter(name).html).tags
    assert dict(tags)["html"]["lang"] == "en"
    (article,) = (one for _, one in tags if one.get("role") == "article")
    assert article["lang"] == "en"
    assert article["aria-label"] == letter(name).mail["Subject"]
    tables = [one for tag, one in tags if tag == "table"]
    assert tables
    assert all(one.get("role") == "presentation" for one in tables)
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@EVERY
def test_outlook_gets_a_table_of_640_pixels(name: str) -> None:
    """Word knows no max-width: a table around the letter, for it alone, sets the width."""
    page = letter(name).html
    opened = page.index('<!--[if mso]><table role="presentation" width="640"')
    closed = page.index("<!--[if mso]></td></tr></table><![endif]-->")
    assert opened < page.index("The Paper Digest</h1>") < closed
    for tag, attributes in Parts(page).tags:
        if re.search(r"padding:[^;]*[1-9]", attributes.get("style", "")):
            assert tag == "td", attributes


@EVERY
def test_a_mailbox_shows_no_more_than_the_preheader(name: str) -> None:
    """Behind it stands so much of nothing that the body does not leak into the preview."""
    words = "".join(Parts(letter(name).html).words)
    shown = words[: words.index("The Paper Digest")].rpartition("}")[2]
    assert shown.count("\u034f\u00a0") == 70


@EVERY
def test_styles_stay_within_what_gmail_keeps(name: str) -> None:
    """16 KB of styles in the head, and the whole below the size at which it clips."""
    page = letter(name).html
    assert sum(map(len, re.findall(r"<style>.*?</style>", page, re.DOTALL))) < 16 * 1024
    assert len(page.encode()) <= CLIPPED_FROM


def longest(many: int) -> bytes:
    """A letter of so many papers with votes by the longest links, abstracts, twins and curves."""
    base = f"https://{'d' * (MOST_BASE - len('https://'))}"
    office = replace(WITH_PAGES, links=Links(base, lambda: [Key("ab" * 32, NOON)]))
    picks = [_told(place) for place in range(many)]
    made = Edition(reader(*TWO, limit=many), DAY, tuple(picks), Mood.MATCHED, 1203, COVERAGE)
    return _html(office, made)


def _told(place: int) -> Pick:
    start = sample()[place % 48].paper.title
    chosen = matched(start, ANOMALIES, 0.9, "the", "a model", "measurements")
    return replace(chosen, paper=replace(chosen.paper, number=place + 1))


def _html(office: LetterOffice, made: Edition) -> bytes:
    mail = message_from_bytes(office.compose(made, NOON).raw, policy=policy.default)
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content()).encode()


@pytest.mark.parametrize(("many", "most"), [(10, 40_000), (50, 102_000)])
def test_a_letter_stays_small(many: int, most: int) -> None:
    """Ten papers with abstracts and all links of 75 characters, fifty as they fit."""
    page = longest(many)
    assert len(page) < most
    links = re.findall(rb'href="(https://d+/[vw]/[^"]+)"', page)
    assert len(links) == (many * 5 if many == 10 else many)
    assert max(map(len, links)) <= MOST_URL
    assert page.count(b"Why: speaks of") == many


def test_fifty_papers_keep_abstracts_where_these_fit_without_four_votes() -> None:
    """One link for all votes makes room for 140 characters of each."""
    page = (FOLDER / "long.html").read_text(encoding="utf-8")
    assert page.count('class="abstract"') == 50
    assert page.count('class="vote" href="https://digest.example.org/v/') == 50


def test_long_addresses_do_not_make_a_long_letter() -> None:
    """Four addresses of 300 signs for each of fifty papers: the title's stays."""
    url = f"{BASE}/{'x' * 270}"
    picks = tuple(
        replace(one, paper=replace(one.paper, paper=replace(
            one.paper.paper, url=url, pdf=f"{url}.pdf", code=f"{url}/c", project=f"{url}/p")))
        for one in map(_told, range(50))
    )  # fmt: skip
    made = Edition(reader(*TWO, limit=50), DAY, picks, Mood.MATCHED, 1203, COVERAGE)
    page = _html(WITH_PAGES, made)
    assert len(page) < CLIPPED_FROM
    assert page.count(f'href="{url}"'.encode()) == 50


def _rules(style: str) -> dict[str, dict[str, str]]:
    """The declarations of each class."""
    found: dict[str, dict[str, str]] = {}
    for names, body in re.findall(r"([^{}]+)\{([^{}]*)\}", style):
        for name in names.split(","):
            for line in filter(str.strip, body.split(";")):
                key, _, value = line.partition(":")
                meant = value.replace("!important", "").strip()
                found.setdefault(name.strip(), {})[key.strip()] = meant
    return found


def _contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG 2.2, from 1 to 21."""

    def light(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_colour_of_text_stands_out_from_the_paper(*, dark: bool) -> None:
    """4.5 to 1 at least (WCAG AA), computed from the template's colours, by day and by night."""
    style = TEMPLATE.read_text(encoding="utf-8").partition("<style>")[2].partition("</style>")[0]
    day, _, rest = style.partition("@media")
    night = rest.partition("prefers-color-scheme: dark) {")[2]
    rules = _rules(day)
    coloured = {name for name, rule in rules.items() if "color" in rule} - {".preheader"}
    if dark:
        told = _rules(night)
        assert coloured <= {name for name, rule in told.items() if "color" in rule}
        edged = {name for name, rule in rules.items() if any("border-" in key for key in rule)}
        assert edged <= {name for name, rule in told.items() if "border-color" in rule}
        rules = told
    paper = rules[".sheet"]["background-color"]
    low = {
        name: round(_contrast(rules[name]["color"], paper), 2)
        for name in coloured
        if _contrast(rules[name]["color"], paper) < 4.5
    }
    assert low == {}


def test_the_formula_of_contrast_is_that_of_wcag() -> None:
    """Black on white is 21, a colour on itself 1, #767676 on white the faintest that passes."""
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#8a1c1c", "#8a1c1c") == 1
    assert _contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_styles_are_by_class_alone() -> None:
    """So that they can be set into the template once: no style depends on what a letter says."""
    page = TEMPLATE.read_text(encoding="utf-8")
    style = page.partition("<style>")[2].partition("</style>")[0]
    for names in re.findall(r"^\s*([^{}@]+)\{", style, re.MULTILINE):
        assert all(re.fullmatch(r"\.[a-z]+", name.strip()) for name in names.split(",")), names
    body = page.partition("<body")[2]
    assert "style=" not in body
    assert not re.search(r'class="[^"]*\{', body)
    used = set(re.findall(r'class="(\w+)"', page))
    assert used == {name.strip(".") for name in _rules(style.partition("@media")[0])}


@EVERY
def test_elements_are_closed_as_they_were_opened(name: str) -> None:
    """No mail program has to guess: tags nest, whatever of the letter is left out."""
    page = re.sub(
        r"<!--.*?-->|<!doctype[^>]*>", "", letter(name).html, flags=re.DOTALL | re.IGNORECASE
    )
    opened: list[str] = []
    for end, tag in re.findall(r"<(/?)([a-z][a-z0-9]*)\b", page):
        if tag in VOID:
            continue
        if end:
            assert opened.pop() == tag
        else:
            opened.append(tag)
    assert opened == []
