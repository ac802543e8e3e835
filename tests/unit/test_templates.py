"""Templates of the person who runs this: bounded, proofed, documented; faults 54 to 59."""

import dataclasses
import os
import re
import typing
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import copy

import pytest

from digest.errors import TemplateError
from digest.letters import LetterOffice, Sender
from digest.letters import proof as proofing
from digest.letters.inlining import inlined
from digest.letters.lint import Finding, lint
from digest.letters.loading import LARGEST, NAMES, shipped_templates
from digest.letters.proof import press_of, proof
from digest.letters.render import Press, shipped_press
from digest.letters.samples import ALERT, NOTE, editions, steering
from digest.letters.sandbox import _FILTERS
from digest.letters.view import AlertView, LetterView, NoteView

SITUATIONS = editions()
SENDER = Sender("digest@example.org", "owner@example.org")
HOSTILE = "<script>alert(1)</script>"
GROW = "{% set n = namespace(x='ab') %}{% for a in range(100) %}{% set n.x SET %}{% endfor %}"
TWICE = (
    "{% set n = namespace(x=[]) %}{% set v = 'a ' * 20000 %}{% for a in range(1000) %}"
    "{% for b in range(200) %}{% set n.x USE %}{% endfor %}{% endfor %}"
)
NESTED = (
    "{% set n = namespace(x=(1,), y=(1,)) %}{% for a in range(60) %}{% set n.x = (n.x, n.x) %}"
    "{% set n.y = (n.y, n.y) %}{% endfor %}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of templates."""
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


@pytest.fixture
def full(folder: Path) -> Path:
    """A folder with a copy of every shipped template."""
    for name in NAMES:
        copy(shipped_templates() / name, folder)
    return folder


def set_note(folder: Path, text: str) -> str:
    """The text part of a note, set with this template."""
    (folder / "note.txt.j2").write_text(text, encoding="utf-8")
    return Press(folder).note(NOTE)[0]


def change(file: Path, old: str, new: str) -> None:
    """Change a template at one place."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def said(folder: Path) -> str:
    """All that a proof finds wrong."""
    return "\n".join(str(finding) for finding in proof(Press(folder)))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_copied_template_sets_what_the_shipped_one_sets(full: Path, situation: str) -> None:
    """Bounds change nothing but the time it takes."""
    edition = SITUATIONS[situation]
    for links in (steering(edition), None):
        ours, theirs = (
            LetterOffice(press, SENDER).letter(edition, links)
            for press in (shipped_press(), Press(full))
        )
        assert ours == theirs
        assert shipped_press().text(ours[0]) == Press(full).text(ours[0])
    assert Press(full).note(NOTE) == shipped_press().note(NOTE)
    assert Press(full).alert(ALERT) == shipped_press().alert(ALERT)


def test_what_is_not_replaced_stays_shipped(folder: Path) -> None:
    """One file of six is enough."""
    assert set_note(folder, "Hello: {{ letter.heading }}\n") == f"Hello: {NOTE.heading}\n"
    press = Press(folder)
    assert press.replaced == ("note.txt.j2",)
    assert press.note(NOTE)[1] == shipped_press().note(NOTE)[1]
    assert press.alert(ALERT) == shipped_press().alert(ALERT)


def test_templates_include_extend_and_import_each_other(folder: Path) -> None:
    """Those of the folder, and the shipped ones by their name."""
    (folder / "parts").mkdir()
    (folder / "parts/base.j2").write_text("[{% block one %}base{% endblock %}]")
    (folder / "parts/macros.j2").write_text("{% macro loud(x) %}{{ x | upper }}!{% endmacro %}")
    page = (
        '{% extends "parts/base.j2" %}{% from "parts/macros.j2" import loud %}'
        '{% block one %}{{ loud("a") }}{% include "shipped/note.txt.j2" %}{{ super() }}{% endblock %}'
    )
    assert set_note(folder, page) == f"[A!{shipped_press().note(NOTE)[0]}base]"


# --- fault 54: escaping ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    ["{{ letter.heading }}", "{% set x %}{{ letter.heading }}{% endset %}{{ x }}",
     "{{ letter.heading ~ '' }}", "{{ [letter.heading] | join('') }}",
     "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(letter.heading) }}"],
)  # fmt: skip
def test_fault_54_html_is_escaped_whatever_the_file_is_called(folder: Path, page: str) -> None:
    """In templates of one's own, by whatever way text comes there; in the shipped ones as well."""
    note = replace(NOTE, heading=HOSTILE)
    (folder / "note.html.j2").write_text(f'<html lang="en"><body>{page}</body></html>')
    for press in (Press(folder), shipped_press()):
        html = press.note(note)[1]
        assert "<script" not in html
        assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "page",
    [
        "{{ letter.heading | safe }}",
        "{% autoescape false %}{{ letter.heading }}{% endautoescape %}",
    ],
)
def test_fault_54_escaping_cannot_be_turned_off(folder: Path, page: str) -> None:
    """There is no way to say so."""
    (folder / "note.html.j2").write_text(page)
    with pytest.raises(TemplateError, match=r"note\.html\.j2, line 1: .*(safe|escaping)"):
        Press(folder).note(NOTE)


# --- fault 55: what is not defined ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("line one\n{{ letter.headng }}", "line 2: .*headng"),
        ("\n\n{% if %}", "line 3: "),
        ("{{ letter.heading | nofilter }}", "line 1: .*nofilter"),
        ("\n{{ letter.paragraphs + 1 }}", "line 2: "),
        ("\n{{ nothing }}", "line 2: 'nothing' is undefined"),
        ("{% for x in letter.nothing %}{% endfor %}", "line 1: a NoteView has no 'nothing'; docs"),
        ("\n{% include 'nowhere.j2' %}", "line 2: the template nowhere.j2 is missing"),
        ("{{ letter.paragraphs }}", "line 1: a tuple cannot be set"),
        ("{% for a in [1] %}" * 25 + "{% endfor %}" * 25, "nested"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "nests too deeply"),
    ],
)
def test_fault_55_what_is_broken_is_named_by_file_and_line(
    folder: Path, page: str, problem: str
) -> None:
    """Whether it cannot be read or fails while it is set."""
    with pytest.raises(TemplateError, match=rf"note\.txt\.j2.*{problem}"):
        set_note(folder, page)


@pytest.mark.parametrize("inside", ["{{ letter.nothing }}", "{% if %}", "{{ 1 | nofilter }}"])
def test_fault_55_the_shipped_environment_names_them_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    """Should one of ours ever be broken."""
    for name in NAMES:
        (tmp_path / name).write_text(f"\n{inside}")
    monkeypatch.setattr("digest.letters.loading.shipped_templates", lambda: tmp_path)
    with pytest.raises(TemplateError, match=r"note\.txt\.j2, line 2: "):
        Press().note(NOTE)
    with pytest.raises(TemplateError, match=r"alert\.txt\.j2, line 2: "):
        Press().alert(ALERT)


def test_fault_55_nothing_is_set_as_long_as_something_is_undefined(folder: Path) -> None:
    """The press of a broken folder sets no letter and no note, and tells the owner all the same."""
    (folder / "letter.txt.j2").write_text("\n{{ letter.nothing }}")
    press = press_of(folder)
    letter, _ = LetterOffice(shipped_press(), SENDER).letter(SITUATIONS["a daily edition"], None)
    for set_it in (press.html, press.text):
        with pytest.raises(TemplateError, match=r"letter\.txt\.j2, line 2: .*nothing"):
            set_it(letter)
    with pytest.raises(TemplateError, match="nobody gets a letter"):
        press.note(NOTE)
    assert press.alert(ALERT) == shipped_press().alert(ALERT)


# --- fault 56: attributes without quotes, and what else is wrong in HTML ----------------------------


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('<html lang="en">', "<html>", "without a language"),
        ('href="{{ letter.url }}"', "href={{ letter.url }}", "href= without quotes"),
        ('<p class="name">', "<p class=name>", "class= without quotes"),
        ("<h1>", "<h1 {{ letter.heading }}>", "in place of an attribute"),
        ("<h1>", "<script>x</script><h1>", "<script>"),
        ("<h1>", '<h1 onclick="x()">', "onclick="),
        ("<h1>", '<form action="https://example.org"></form><h1>', "<form>"),
        ("<h1>", '<img src="https://example.org/x.png" alt=""><h1>', "src= fetches"),
        ("<h1>", '<img alt="" src="{{ letter.url }}"><h1>', "src= fetches"),
        ("<h1>", '<!--[if mso]><img alt="" src="//example.org/x"><![endif]--><h1>', "src= fetches"),
        ("<h1>", '<table background="x.png"></table><h1>', "background= fetches"),
        ("<h1>", '<h1 style="background: url(https://example.org/x)">', "a style that fetches"),
        ("<style>", "<style>@import 'https://example.org/x.css';", "a style sheet that fetches"),
        ("<style>", '<link rel="stylesheet" href="https://example.org/x.css"><style>', "<link>"),
        ('href="{{ letter.url }}"', 'href="javascript:alert(1)"', "leads nowhere"),
        ('href="{{ letter.url }}"', 'href="/preferences"', "leads nowhere"),
        ("<style>", '<meta http-equiv="refresh" content="0"><style>', "by itself"),
    ],
)
def test_fault_56_what_mail_must_not_hold_is_named_by_line(
    full: Path, old: str, new: str, problem: str
) -> None:
    """Attributes without quotes, scripts, forms, and whatever is fetched."""
    file = full / "note.html.j2"
    line = file.read_text(encoding="utf-8").partition(old)[0].count("\n") + 1
    change(file, old, new)
    assert re.search(rf"note\.html\.j2, line {line}: .*{re.escape(problem)}.*; \w", said(full))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<h1>", '<img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><h1>'),
        ("<h1>", '<h1{% if letter.after %} class="name"{% endif %}>'),
        ("<h1>", '<a href="mailto:{{ letter.label | urlencode }}">x</a><br/><h1>'),
        ("<h1>", "<!-- <script> --><h1>"),
        ("<h1>", "{# <script> #}<h1>"),
        ("<h1>", "{% if 1 < 2 and '\"' %}{% endif %}<h1>"),
    ],
)
def test_what_is_right_is_not_complained_of(full: Path, old: str, new: str) -> None:
    """Conditional attributes, comments, signs within Jinja's brackets."""
    change(full / "note.html.j2", old, new)
    assert said(full) == ""


def test_a_file_that_replaces_nothing_is_named(full: Path) -> None:
    """With a name mistyped nothing would ever be set; a part that another includes is right."""
    (full / "note.txt.j2").rename(full / "notes.txt.j2")
    (full / "colours.j2").write_text("x")
    found = said(full)
    assert (
        "notes.txt.j2: it replaces no template, and none includes it; call it note.txt.j2" in found
    )
    assert "colours.j2: it replaces no template, and none includes it; take it out" in found
    (full / "notes.txt.j2").rename(full / "note.txt.j2")
    change(full / "note.txt.j2", "{{ letter.url }}", '{{ letter.url }}{% include "colours.j2" %}')
    assert said(full) == ""


def test_parts_in_other_files_are_looked_at_too(full: Path) -> None:
    """Whatever they are called, but for those of text parts."""
    (full / "foot.j2").write_text('\n<p class=x>{{ "<" }}</p>')
    (full / "foot.txt.j2").write_text("<https://example.org/a=b>")
    change(full / "note.html.j2", "</body>", '{% include "foot.j2" %}</body>')
    change(full / "note.txt.j2", "{{ letter.url }}", '{{ letter.url }}{% include "foot.txt.j2" %}')
    (only,) = proof(Press(full))
    assert only.where.endswith("foot.j2, line 2")


def test_the_shipped_templates_are_proofed(full: Path) -> None:
    """As they lie there, and copied into a folder."""
    assert proof(Press()) == []
    assert said(full) == ""


# --- fault 57: Python underneath, loops without end, files elsewhere --------------------------------


@pytest.mark.parametrize(
    "page",
    [
        "{{ letter.__class__ }}",
        "{{ letter.subject.__class__.__mro__ }}",
        "{{ ''['__class__'] }}",
        "{{ letter | attr('__class__') }}",
        "{{ [letter] | map(attribute='__class__') | list | length }}{{ ([letter] | map(attribute='__class__') | first).x }}",
        "{{ '{0.__class__}'.format(letter) }}",
        "{{ letter.subject.format(1) }}",
        "{{ range.__self__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% set letter.subject = 1 %}",
        "{{ letter.paragraphs.count(1) }}",
        "{{ lipsum(3) }}",
    ],
)  # fmt: skip
def test_fault_57_no_way_leads_to_what_is_underneath(folder: Path, page: str) -> None:
    """Attributes of Python's own, methods, formats: refused by file and line."""
    with pytest.raises(TemplateError, match=r"note\.txt\.j2, line 1"):
        set_note(folder, page)


@pytest.mark.parametrize(
    "page",
    [
        "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in range(1000000000) %}{% endfor %}",
        "{{ 'x' * 10000000000 }}",
        "{{ [1] * 10000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        GROW.replace("SET", "= n.x ~ n.x"),
        GROW.replace("SET", "= n.x + n.x"),
        GROW.replace("SET", "= [n.x, n.x] | join"),
        GROW.replace("SET", "= n.x | replace('a', n.x)"),
        GROW.replace("SET", "= (n.x, n.x) | join(n.x)"),
        GROW.replace("SET", "%}{{ n.x }}{{ n.x }}{% endset"),
        GROW.replace("'ab'", "3").replace("SET", "= n.x * n.x"),
        GROW.replace("'ab'", "[1]").replace("SET", "= n.x + n.x"),
        "{{ '%999999999d' % 1 }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ 'a'.ljust(999999999) }}",
        "{{ 'a' | center(999999999) }}",
        "{{ [1] | batch(999999999, 1) | list | length }}",
        "{{ 'a' | wrap(999999999) | wrap(0, 999999999) }}{{ nothing }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{% include 'note.txt.j2' %}",
        "{% extends 'note.txt.j2' %}",
        "{% for a in range(1000) %}" + "y" * 10_000 + "{% endfor %}",
        "{% set x %}{% for a in range(1000) %}" + "y" * 10_000 + "{% endfor %}{% endset %}",
        "{% for a in range(900) %}{{ 'x' * 49000 }}{% endfor %}",
        "{{ 1 | round(-999999999) }}{{ 1 | round(99999999, 'ceil') }}",
        "{{ ('f' * 40000) | int(0, 16) // 3 }}",
        "{{ ('a' * 4000) | truncate(1, True, 'b' * 4000) }}",
        "{% set x = ['a.j2'] * 40000 %}{% include x ignore missing %}",
        "{{ ([namespace(y='x' * 40000)] * 40000) | join(attribute='y') }}",
        TWICE.replace("USE", "= [n.x, v[1:]]"),
        TWICE.replace("USE", "= [n.x, v * 1]"),
        TWICE.replace("USE", "= [n.x, v.split()]"),
        TWICE.replace("USE", "= [n.x, [" + "1, " * 9000 + "]]"),
        TWICE.replace("USE", "= v.title()"),
        TWICE.replace("USE", "= 'aaaaab' in v"),
        TWICE.replace("USE", "= [v] == [v ~ '']"),
        TWICE.replace("USE", "= v is eq v"),
        *(NESTED + use for use in (
            "{{ n.x == n.y }}", "{{ n.x is eq n.y }}", "{{ {n.x: 1} }}", "{{ letter[n.x] }}", "{{ n.x() }}",
            "{{ [n.x] | unique | list }}", "{{ [n.x, n.y] | sort }}", "{{ [n.x, n.y] | max }}",
            "{% for a in (1, 2) %}{{ loop.changed(n.x if loop.first else n.y) }}{% endfor %}",
        )),
    ],
)  # fmt: skip
def test_fault_57_no_loop_and_no_text_is_without_end(folder: Path, page: str) -> None:
    """Bounded by what it costs, not by the clock; each of these would fill time or memory."""
    with pytest.raises(TemplateError, match=r"note\.txt\.j2"):
        set_note(folder, page)


def test_fault_57_no_error_names_a_place_in_memory(folder: Path) -> None:
    """What is refused is said the same way each time: the owner is told once."""
    with pytest.raises(TemplateError, match=r"line 1: center\(\) is not to be had here$"):
        set_note(folder, "{{ letter.heading.center(9) }}")


@pytest.mark.parametrize(
    "text", ["{{ '\\ud800' }}", "{% include 5 %}", "{% include letter.after %}"]
)
def test_fault_57_what_no_mail_and_no_file_can_be_is_named(folder: Path, text: str) -> None:
    """Half a sign, a template that is no name, a name that no file can have."""
    for page in (text, "{% include 'a' * 5000 ~ '.j2' %}", "{% include '\\0.j2' %}"):
        with pytest.raises(TemplateError, match=r"note\.txt\.j2"):
            set_note(folder, page)


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 40_000,
        "{% for a in range(900) %}"
        + "<div>" * 40
        + "{% endfor %}{% include 'a.j2' ignore missing %}",
        "<b>" * 40_000,
        "<style>" + "a" * 200_000 + "</style>",
        "<style>" + "@a" * 100_000 + "</style>",
        '{% if "' * 30_000,
        "{{ '" * 50_000,
    ],
)
def test_fault_57_no_page_ends_the_program(folder: Path, page: str) -> None:
    """What the inliner could not bear, or what would be gone through for hours."""
    (folder / "note.html.j2").write_text(page)
    with pytest.raises(TemplateError, match=r"note\.html\.j2"):
        Press(folder).note(NOTE)


@pytest.mark.parametrize(
    "page", ["<!--" * 60_000, "<!--[if " * 30_000, "{#" * 100_000, "<" * 200_000]
)
def test_what_is_never_closed_is_looked_through_once(page: str) -> None:
    """Text, as long as a file may be."""
    assert list(lint(Path("a.j2"), page)) == []
    assert inlined(page + "<p>") is not None


@pytest.mark.parametrize("name", ["letter.html.j2", "note.txt.j2"])
def test_what_is_no_file_is_said_and_not_passed_over(full: Path, name: str) -> None:
    """A folder, a pipe, a link to nowhere or out: else the shipped one would be set in silence."""
    file = full / name
    file.unlink()
    (full.parent / name).write_text("x")
    ways: list[Callable[[], None]] = [
        file.mkdir,
        partial(os.mkfifo, file),
        partial(file.symlink_to, "nowhere"),
        partial(file.symlink_to, full.parent / name),
    ]
    for made in ways:
        made()
        assert f"{name}: it is no file of this folder" in said(full)
        (file.rmdir if file.is_dir() else file.unlink)()
    assert said(full) == ""


def test_the_mark_that_some_editors_write_first_is_not_set(folder: Path) -> None:
    """A byte order mark."""
    assert set_note(folder, "\ufeffa") == "a"


def test_fault_57_the_bounds_leave_room(folder: Path) -> None:
    """Fifty papers take less than a tenth of the work; loops, macros and filters do what they do."""
    for name in NAMES:
        copy(shipped_templates() / name, folder)
    press = Press(folder)
    letter, _ = LetterOffice(press, SENDER).letter(SITUATIONS["a long edition"], None)
    press.html(letter)
    assert press._html._purse.left > press._html._purse.__class__.left * 0.9  # type: ignore[attr-defined]  # noqa: SLF001 - what is left of the bound
    page = (
        "{% for p in letter.paragraphs %}{{ loop.index }}/{{ loop.length }} {{ loop.cycle('a', 'b') }}"
        "{{ p | upper | truncate(9) }} {% endfor %}{% set n = namespace(k=0) %}{% set n.k = n.k + 1 %}"
        "{{ n.k }} {{ 2 * 3 }} {{ '-' * 5 }} {{ letter.label.upper().split(' ') | join('_') }}"
        " {{ [3, 1] | sort | join(d=', ') }} {{ 'aXa' | replace('X', '-') }} {{ 7 % 4 }}"
        "{{ letter.nothing | default('?') }} {{ letter.after | map('upper') | list | length }}"
    )
    assert set_note(folder, page) == (
        "1/2 aSOMEBO... 2/2 bSAY... 1 6 ----- YES,_I_WANT_IT 1, 3 a-a 3? 1"
    )


@pytest.mark.parametrize("name", ["../secret.j2", "/etc/passwd", "link.j2", "a/../../secret.j2",
                                  "shipped/../../secret.j2", "fifo.j2", "plain.txt", "\0.j2"])  # fmt: skip
def test_fault_57_no_file_outside_of_the_folder_is_read(folder: Path, name: str) -> None:
    """Not upwards, not by a whole path, not over a link; only files that are templates."""
    (folder.parent / "secret.j2").write_text("secret")
    (folder / "plain.txt").write_text("secret")
    (folder / "link.j2").symlink_to(folder.parent / "secret.j2")
    os.mkfifo(folder / "fifo.j2")
    with pytest.raises(TemplateError, match=r"note\.txt\.j2, line 1: "):
        set_note(folder, f"{{% include {name!r} %}}")


def test_links_within_the_folder_are_followed(folder: Path) -> None:
    """As services that change all files of a folder at once make them."""
    (folder / "..data").mkdir()
    (folder / "..data/note.txt.j2").write_text("by link: {{ letter.heading }}")
    (folder / "note.txt.j2").symlink_to(folder / "..data/note.txt.j2")
    assert Press(folder).note(NOTE)[0] == f"by link: {NOTE.heading}"
    (folder / "..data/note.txt.j2").write_text("by link: {{ letter.url }}")
    (folder / ".#note.txt.j2").symlink_to("nowhere")  # as an editor leaves it
    assert proof(Press(folder)) == []
    assert press_of(folder).fault == ""


@pytest.mark.parametrize(
    ("raw", "problem"),
    [(b"x" * (LARGEST + 1), "longer than 256 KB"), (b"one\ntwo\n\xff", "line 3: not UTF-8")],
)
def test_a_file_that_is_no_text_or_far_too_long_is_refused(
    folder: Path, raw: bytes, problem: str
) -> None:
    """By its name."""
    for name in ("note.txt.j2", "note.html.j2"):
        (folder / name).write_bytes(raw)
        with pytest.raises(TemplateError, match=rf"{re.escape(name)}.*{problem}"):
            Press(folder).note(NOTE)
        (folder / name).unlink()


# --- fault 58: what a letter must have --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "old", "problem"),
    [
        ("letter.html.j2", "{{ letter.unsubscribe }}", "the way to unsubscribe is missing"),
        ("letter.txt.j2", "{{ letter.unsubscribe }}", "the way to unsubscribe is missing"),
        ("note.txt.j2", "{{ letter.url }}", "the link is missing"),
        ("note.html.j2", "{{ letter.url }}", "the link is missing"),
        ("alert.txt.j2", "{{ notice.what | wrap }}", "what happened is missing"),
    ],
)
def test_fault_58_what_must_stand_in_a_part_is_asked_for(
    full: Path, name: str, old: str, problem: str
) -> None:
    """The way to unsubscribe in both parts, the link of a note, what happened."""
    change(full / name, old, "")
    assert re.search(rf"{re.escape(name)}: {problem}; set {{{{ \w", said(full))


@pytest.mark.parametrize("text", ["", " \n", "Open the HTML part. " * 20])
def test_fault_58_a_text_part_that_says_nothing_is_refused(full: Path, text: str) -> None:
    """It must name the papers: some read nothing else."""
    (full / "letter.txt.j2").write_text(text)
    assert "letter.txt.j2: the text part of a daily edition says too little" in said(full)


# --- fault 59: length -------------------------------------------------------------------------------


def test_fault_59_a_letter_that_gmail_would_cut_is_refused(full: Path) -> None:
    """Where a template sets long abstracts whatever the room; `letter.brief` is the word for it."""
    change(full / "letter.html.j2", "</body>", "{{ 'xy ' * 15000 }}{{ 'xy ' * 15000 }}</body>")
    assert re.search(
        r"letter\.html\.j2: a long edition takes \d+ KB: Gmail cuts it off", said(full)
    )
    assert "letter.brief" in said(full)


# --- changes while a daemon runs --------------------------------------------------------------------


def test_a_change_is_seen_after_a_proof_and_a_broken_one_leaves_the_old(full: Path) -> None:
    """Mended, the new templates are taken; unchanged ones are neither read nor proofed again."""
    first = press_of(full)
    assert first.fault == ""
    assert press_of(full) is first
    before = first.note(NOTE)[0]

    (full / "note.txt.j2").write_text("\n{{ nothing }}")
    broken = press_of(full)
    assert "note.txt.j2, line 2: 'nothing' is undefined" in broken.fault
    assert "the templates of before" in broken.fault
    assert broken.note(NOTE)[0] == before
    assert press_of(full) is broken

    (full / "note.txt.j2").write_text("{{ letter.url }} and more words")
    mended = press_of(full)
    assert mended.fault == ""
    assert mended.note(NOTE)[0] == f"{NOTE.url} and more words"


def test_templates_are_proofed_once_while_nothing_changes(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick costs a look at the files."""
    proofs: list[Press] = []

    def counted(press: Press) -> list[Finding]:
        proofs.append(press)
        return proof(press)

    monkeypatch.setattr(proofing, "proof", counted)
    for _ in range(3):
        press_of(full)
    assert len(proofs) == 1
    (full / "extra.j2").write_text("x")
    press_of(full)
    assert len(proofs) == 2


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    """And the templates of before go on; without any, nothing is set."""
    folder = tmp_path / "gone"
    assert "there is no such folder" in press_of(folder).fault
    folder.mkdir()
    assert press_of(folder).fault == ""
    folder.rmdir()
    assert "the templates of before" in press_of(folder).fault
    assert press_of(folder).note(NOTE) == shipped_press().note(NOTE)


# --- documentation ----------------------------------------------------------------------------------


def views() -> dict[str, set[str]]:
    """What templates can name: the fields and properties of each class of values."""
    found: dict[str, set[str]] = {}

    def walk(kind: typing.Any) -> None:
        for part in typing.get_args(kind):
            walk(part)
        if dataclasses.is_dataclass(kind) and isinstance(kind, type) and kind.__name__ not in found:
            own = {field.name for field in dataclasses.fields(kind)}
            found[kind.__name__] = own | {
                name for name, value in vars(kind).items() if isinstance(value, property)
            }
            for hint in typing.get_type_hints(kind).values():
                walk(hint)

    for view in (LetterView, NoteView, AlertView):
        walk(view)
    return found


NAMED = {
    "LetterView": "letter", "Section": "section", "PickView": "pick", "Passage": "abstract",
    "Piece": "piece", "Link": "link", "Missing": "missing", "WelcomeView": "welcome",
    "TopicView": "topic", "ItemView": "item", "NoteView": "note", "AlertView": "alert",
    "Notice": "notice",
}  # fmt: skip


def test_every_variable_is_documented_and_no_other(checkout: Path) -> None:
    """docs/templates.md and the values agree, both ways."""
    text = (checkout / "docs/templates.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+\.\w+)` \|", text, re.MULTILINE))
    meant = {f"{NAMED[kind]}.{name}" for kind, names in views().items() for name in names}
    assert documented == meant


def test_every_filter_is_documented_and_no_other(checkout: Path) -> None:
    """What templates may do is written down."""
    text = (checkout / "docs/templates.md").read_text(encoding="utf-8")
    listed = text[text.index("these filters:") : text.index("and `wrap`")]
    assert set(re.findall(r"`(\w+)`", listed)) == set(_FILTERS)


def test_every_template_is_documented(checkout: Path) -> None:
    """And every one that is named is shipped."""
    text = (checkout / "docs/templates.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(\w+\.(?:html|txt)\.j2)`", text)) == set(NAMES)


def documented_variables(checkout: Path) -> Iterator[str]:
    """Every `letter.…` of the tables of letters."""
    text = (checkout / "docs/templates.md").read_text(encoding="utf-8")
    yield from re.findall(r"^\| `(letter\.\w+)` \|", text, re.MULTILINE)


def test_the_documented_variables_can_be_set(folder: Path, checkout: Path) -> None:
    """Each is there in every letter, if only empty."""
    names = sorted(set(documented_variables(checkout)))
    page = "".join(f"{{% if {name} %}}{name}\n{{% endif %}}" for name in names)
    (folder / "letter.txt.j2").write_text(page)
    seen: set[str] = set()
    for edition in SITUATIONS.values():
        letter, _ = LetterOffice(Press(folder), SENDER).letter(edition, steering(edition))
        seen.update(Press(folder).text(letter).split())
    quiet = {"letter.quiet"}  # an interest that nothing met, while others found something
    assert set(names) - seen <= quiet
