"""The press: CSS inlined when a template is loaded, headers read back, lines of 72 columns."""

import re
import textwrap
import unicodedata
from dataclasses import replace
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import DigestError
from digest.letters import LetterOffice, Sender
from digest.letters import compose as composing
from digest.letters import picks as pick_words
from digest.letters.compose import ABSTRACTS, CLIPPED_FROM
from digest.letters.inlining import inlined, inlined_page
from digest.letters.loading import NAMES
from digest.letters.mime import assemble, clean_header
from digest.letters.picks import Cards
from digest.letters.render import Press, shipped_press, shipped_templates, wrap
from digest.letters.samples import ALERT, NOTE, NOW, editions, steering
from digest.letters.view import LetterView, view_of
from digest.model import Edition

OFFICE = LetterOffice(shipped_press(), Sender("digest@example.org", "owner@example.org"))
HTML = tuple(name for name in NAMES if ".html." in name)
SITUATIONS = editions()
PAGE = """<!doctype html>
<html lang="en"><head><title>{{ letter.subject }}</title>
<style>
.a { margin: 0; color: #111111; }
p.b { font: 13px/19px Georgia, 'Times New Roman', serif; }
#c, td { padding: 1px 2px; }
.a { color: #222222; }
@media (max-width: 520px) {
  .a { color: #333333 !important; }
}
</style></head>
<body>
<table>{% for one in letter.paragraphs %}{% if loop.first %}
<tr><td class="a">{{ one }}</td></tr>{% endif %}{% endfor %}</table>
<p class="a b" style="margin: 3px">{{ letter.heading }}</p><p id="c">x</p><br>
<a class="a" href="{{ letter.url }}" title="{{ '"' if letter.url else ">" }}">y</a>
</body></html>
"""


class _Look(HTMLParser):
    """Every tag with its attributes, but for what a parser adds or moves by itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        if tag not in ("style", "tbody"):
            own = {name: re.sub(r"([:;])\s+|;$", r"\1", value or "") for name, value in attrs}
            self.tags.append((tag, own))


def looks(page: str) -> list[tuple[str, dict[str, str]]]:
    """What a mail program makes of a page."""
    return _Look(page).tags


def letter_of(edition: Edition) -> tuple[LetterView, str]:
    """A letter with links to pages."""
    return OFFICE.letter(edition, steering(edition))


def late(monkeypatch: pytest.MonkeyPatch) -> Press:
    """A press with the same templates, which inlines what it has set."""
    press = Press()
    monkeypatch.setattr(press, "beforehand", lambda _: False)
    return press


@pytest.mark.parametrize("situation", SITUATIONS)
def test_inlined_when_loaded_a_letter_looks_as_if_inlined_when_set(
    situation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same tags, attributes and styles, in every situation."""
    letter, page = letter_of(SITUATIONS[situation])
    afterwards = late(monkeypatch).html(letter)
    assert afterwards != page
    assert looks(page) == looks(afterwards)
    assert page.count("style=") > 10


def test_short_mails_inlined_when_loaded_look_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes and alerts too."""
    other = late(monkeypatch)
    assert looks(shipped_press().note(NOTE)[1]) == looks(other.note(NOTE)[1])
    assert looks(shipped_press().alert(ALERT)[1]) == looks(other.alert(ALERT)[1])


@pytest.mark.parametrize("name", HTML)
def test_the_shipped_templates_are_inlined_once(name: str) -> None:
    """Line for line as they were, so that an error names the line that people see."""
    source = (shipped_templates() / name).read_text(encoding="utf-8")
    done = inlined(source)
    assert done is not None
    assert shipped_press().beforehand(name)
    assert done.count("\n") == source.count("\n")
    jinja = re.compile(r"\{[{%].*?[%}]\}")
    assert jinja.findall(done) == jinja.findall(source)


def test_a_template_is_inlined_around_what_jinja_reads(tmp_path: Path) -> None:
    """Loops in tables, quotes within quotes, own styles, later rules: all as in a set page."""
    (tmp_path / "note.html.j2").write_text(PAGE)
    press = Press(tmp_path)
    assert press.beforehand("note.html.j2")
    page = press.note(NOTE)[1]
    (tmp_path / "note.html.j2").write_text(
        PAGE.replace(".a {", "u:hover { margin: 9px; }\n.a {", 1)
    )
    again = Press(tmp_path)
    assert not again.beforehand("note.html.j2")
    assert looks(page) == looks(again.note(NOTE)[1])
    assert '<td class="a" style="padding:1px 2px;margin:0;color:#222222">' in page
    assert "@media (max-width: 520px)" in page
    assert "margin: 0" not in page


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("p.b {", "p .b {"),
        ("p.b {", "p > .b {"),
        ("p.b {", "td:first-child {"),
        ("p.b {", "a[href] {"),
        ("#222222", "{{ letter.colour }}"),
        ('class="a b"', 'class="a {{ letter.subject }}"'),
        ('class="a b"', '{% if letter.url %}class="a b"{% endif %}'),
        ('style="margin: 3px"', 'style="margin: {{ letter.width }}px"'),
        ("<p id=", '{% include "note.txt.j2" %}<p id='),
        ("<body>", "<body>{% block body %}{% endblock %}"),
        ("<table>", "<tr><td>nowhere</td></tr><table>"),
    ],
)
def test_what_depends_on_the_letter_is_inlined_once_it_is_set(old: str, new: str) -> None:
    """A style that a tag's own name and classes do not decide cannot be known before."""
    assert inlined(PAGE) is not None
    assert old in PAGE
    assert inlined(PAGE.replace(old, new)) is None


def test_a_conditional_class_has_the_style_of_its_letter(tmp_path: Path) -> None:
    """Set first and inlined then, as the rule has it."""
    text = '<p class="{% if letter.after %}a{% else %}b{% endif %}">'
    (tmp_path / "note.html.j2").write_text(PAGE.replace('<p class="a b"', text + "</p><p"))
    page = Press(tmp_path).note(NOTE)[1]
    assert dict(looks(page)[-4:])["p"] is not None
    assert ("p", {"class": "a", "style": "margin:0;color:#222222"}) in looks(page)


def test_letters_that_fit_are_set_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And those that are too long twice, whatever lies between the longest and what fits."""
    tries: list[int] = []

    def counted(edition: Edition, owner: str | None, abstract: int, *rest: object) -> LetterView:
        tries.append(abstract)
        return view_of(edition, owner, abstract, *rest)  # type: ignore[arg-type]

    class Counting(Press):
        def html(self, letter: LetterView) -> str:
            sets.append(letter)
            return super().html(letter)

    sets: list[LetterView] = []
    monkeypatch.setattr(composing, "view_of", counted)
    office = LetterOffice(Counting(), OFFICE.sender)
    office.letter(SITUATIONS["a daily edition"], None)
    assert (len(sets), tries) == (1, [ABSTRACTS[0]])
    for most, tried in ((60_000, 2), (20_000, 2), (5_000, 2)):
        sets.clear()
        monkeypatch.setattr(composing, "CLIPPED_FROM", most)
        _, page = office.letter(SITUATIONS["a long edition"], None)
        assert len(sets) <= tried
        assert len(page.encode()) <= most or sets[-1].brief


def test_fault_59_the_longest_edition_is_trimmed_below_what_gmail_shows() -> None:
    """Fifty papers with all their links, in less than 102 KB."""
    _, page = letter_of(SITUATIONS["a long edition"])
    assert len(page.encode()) <= CLIPPED_FROM < 102 * 1000 + 1000


@pytest.mark.parametrize(
    "text", ["Plain words, ▲ 3, “quoted”.\n" * 900, "記憶の研究。\n" * 4000, ""]
)
def test_both_parts_come_back_letter_by_letter(text: str) -> None:
    """On lines that every server takes, with the line ends of a mail."""
    raw = assemble([("To", "a@example.org")], text, f"<p>{text}</p>", "=_b")
    mail = message_from_bytes(raw, policy=policy.default)
    plain, html = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    assert (plain, html) == (text, f"<p>{text}</p>")
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_what_every_reader_is_told_alike_is_said_once_and_never_of_another_paper() -> None:
    """A kept card serves the same paper with the same trend, in a letter of the same kind."""
    pick = SITUATIONS["a daily edition"].picks[3]
    assert pick.trend is not None
    cards = Cards()
    card = cards.of(pick, short=False)
    assert cards.of(replace(pick, score=0.1, interest="x"), short=False) is card
    assert (card.source, cards.of(pick, short=True).source) == ("arXiv", "")
    assert card.curve
    assert cards.of(replace(pick, trend=None), short=False).curve == ""
    renamed = replace(pick.paper, paper=replace(pick.paper.paper, title="Another"))
    assert cards.of(replace(pick, paper=renamed), short=False).title == "Another"


def test_letters_are_the_same_whoever_was_told_of_their_papers_before() -> None:
    """One office for all editions, and a new one for each, make the same mails."""
    shared = LetterOffice(shipped_press(), OFFICE.sender)
    for edition in (*SITUATIONS.values(), *reversed(SITUATIONS.values())):
        alone = LetterOffice(shipped_press(), OFFICE.sender)
        assert shared.compose(edition, NOW) == alone.compose(edition, NOW)


def test_cards_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A house that runs for years keeps those of the last papers alone."""
    monkeypatch.setattr(pick_words, "_MOST_CARDS", 3)
    cards = Cards()
    for pick in SITUATIONS["a long edition"].picks:
        assert cards.of(pick, short=False).url == pick.paper.paper.url
        assert len(cards._kept) <= 3  # noqa: SLF001 - what is bounded


@given(st.text(max_size=3000))
@settings(max_examples=200)
def test_any_text_comes_back_from_a_mail(text: str) -> None:
    """Whatever is set, in both parts; line ends are those of a mail."""
    text = text.encode("utf-8", "ignore").decode().replace("\r", "")
    raw = assemble([("To", "a@example.org")], text, text, "=_mark-of-this-mail")
    mail = message_from_bytes(raw, policy=policy.default)
    for part in mail.iter_parts():
        assert part.get_content().replace("\r\n", "\n") == text


@pytest.mark.parametrize(
    "value",
    [
        "a\r\nBcc: eve@example.org",
        "a\nBcc: eve@example.org",
        "a\rBcc: eve@example.org",
        "a\r\n\r\nbody",
        "=?utf-8?Q?=41?=",
        "a\x00b",
        "a\x0bb",
        "ü\x00",
        "\r\n",
        "a\r\n \r\n b",
        "\n \r\n ",
        "=?\x0c?=",
        "\ud800",
        "x" * 1200,
        "ü" + "x" * 1200,
    ],
)
@pytest.mark.parametrize("name", ["Subject", "From", "List-Unsubscribe", "Message-ID"])
def test_no_header_takes_the_short_way_past_the_check(name: str, value: str) -> None:
    """What is not plain words in ASCII is read back by a real parser, and refused where it lies."""
    try:
        raw = assemble([(name, value), ("To", "a@example.org")], "t", "h", "=_b")
    except DigestError:
        return
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail.keys() == [name, "To", "MIME-Version", "Content-Type"]
    assert "eve@example.org" not in str(mail["Bcc"])
    assert re.fullmatch(
        rb"(?:[\x20-\x7e\x80-\xff]{1,998}\r\n)+", raw.partition(b"\r\n\r\n")[0] + b"\r\n"
    )


_FRAGMENTS = (
    *("\r\n", "\n", "\r", " ", "\t", "\x00", "\x0b", "\x1c", "\x85", "\u2028", "\u202e", "\ud800"),
    *(
        "=?utf-8?Q?=41?=",
        "=?",
        "?=",
        "=?utf-8?B?QQ==?=",
        "Bcc: eve@example.org",
        "a",
        "é",
        "字",
        "<",
    ),
    *(">", '"', ",", ":", ";", "@", "x" * 80, "x" * 1000, "\r\n ", " \r\n "),
)


@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=12).map("".join))
@settings(max_examples=500)
def test_any_subject_is_cleaned_into_one_that_reads_back(text: str) -> None:
    """Whatever a title holds; and uncleaned it is one header, or no mail."""
    meant = clean_header(text)
    mail = message_from_bytes(
        assemble([("Subject", meant)], "t", "h", "=_b"), policy=policy.default
    )
    assert (mail.keys()[0], " ".join(str(mail["Subject"]).split())) == ("Subject", meant)
    for name in ("Subject", "To", "List-Unsubscribe"):
        try:
            raw = assemble([(name, text)], "t", "h", "=_b")
        except DigestError:
            continue
        assert message_from_bytes(raw).keys() == [name, "MIME-Version", "Content-Type"]


def test_half_a_sign_costs_nobody_a_letter() -> None:
    """A lone surrogate from wherever is set as a question mark."""
    mail = message_from_bytes(assemble([("To", "a@b.c")], "\ud800", "<p>\ud800", "=_b"))
    parts = [part.get_payload(decode=True) for part in mail.get_payload()]  # type: ignore[union-attr]
    assert parts == [b"?", b"<p>?"]


_WORDS = st.lists(st.text("abcü–.-", min_size=1, max_size=90), max_size=30)


@given(_WORDS, st.sampled_from([(0, None), (3, None), (0, 3), (3, 3), (2, 4)]))
@settings(max_examples=300)
def test_lines_are_wrapped_as_the_library_does_it(
    words: list[str], margins: tuple[int, int | None]
) -> None:
    """At 72 columns, words whole; spaces, tabs and line ends between them are one."""
    indent, hang = margins
    meant = textwrap.fill(
        " ".join(words),
        72,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent if hang is None else hang),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for between in (" ", "  ", "\n\t "):
        assert wrap(between.join(words), indent, hang) == meant
        assert wrap(f" {between.join(words)} ", indent, hang) == meant


@given(
    st.text("字かカ한。、）ｶabc é-", min_size=1), st.sampled_from([(0, None), (3, None), (2, 4)])
)
@settings(max_examples=300)
def test_signs_of_two_columns_are_counted_so(text: str, margins: tuple[int, int | None]) -> None:
    """No line is wider than 72 columns on a terminal, words of others aside; no sign is lost."""
    lines = wrap(text, *margins).split("\n")
    for line in lines:
        columns = sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in line)
        assert columns <= 72 + 2 or len(max(re.split("[^abcé-]", line), key=len)) > 60
        assert line.strip()[:1] not in "。、）" or line == lines[0] or line.strip()[:1] == ""
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_line_of_wide_signs_is_half_as_many() -> None:
    """Thirty-six; what closes a sentence does not begin a line."""
    assert [len(line) for line in wrap("字" * 100).split("\n")] == [36, 36, 28]
    assert wrap("字" * 35 + "abc 字。") == "字" * 35 + "\nabc 字。"
    assert wrap("字" * 34 + "。" * 9).split("\n")[0] == "字" * 33


def test_a_page_that_is_inlined_when_set_keeps_its_rules_for_media() -> None:
    """For dark mode and phones."""
    assert "@media" in inlined_page(PAGE)
