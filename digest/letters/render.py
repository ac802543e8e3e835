"""Setting a letter: Jinja templates, CSS inlined; a broken template is named by file and line.

The templates that come with the program are part of it, and Jinja sets them as they are. Those of
a folder of the person who runs it are set within bounds (`sandbox.py`), and so is all that they
include or extend.
"""

import os
import re
from copy import copy
from functools import cache
from pathlib import Path

from jinja2 import (
    Environment,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2 import (
    TemplateError as JinjaError,
)

from digest.errors import TemplateError
from digest.letters.inlining import inlined, inlined_page
from digest.letters.loading import (
    NAMES,
    SHIPPED,
    Folder,
    file_of,
    read_template,
    shipped_templates,
)
from digest.letters.quick import QuickEnvironment
from digest.letters.sandbox import LONGEST, Sandbox
from digest.letters.view import AlertView, LetterView, NoteView

__all__ = ["COLUMNS", "Press", "shipped_press", "shipped_templates", "wrap"]

COLUMNS = 72
_SPACES = re.compile(r"[\t\n\x0b\x0c\r ]+")
_WIDE_SIGNS = "\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f"
_WIDE_SIGNS += "\uff00-\uff60\uffe0-\uffe6\U0001f300-\U0001faff\U00020000-\U0003fffd"
_WIDE = re.compile(f"[{_WIDE_SIGNS}]")
_CLOSING = "\u3001\u3002\u3009\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f"
_UNIT = re.compile(  # what stays on one line: a sign of two columns, or a word of others
    f"(?P<space> ?)(?P<word>(?:[{_WIDE_SIGNS}]|[^ {_WIDE_SIGNS}]+)[{_CLOSING}]*)"
)
_HALF = re.compile("[\ud800-\udfff]")
_NO_FIELD = re.compile(r"'digest\.(?:\w+\.)*(\w+) object' has no attribute ('\w+')")
_BROKEN = (
    *(ArithmeticError, AssertionError, AttributeError, JinjaError, LookupError, MemoryError),
    *(RecursionError, SyntaxError, TypeError, ValueError),
)
"""What a template can raise: it is given values, and calls nothing that could do more."""

View = LetterView | AlertView | NoteView


class Press:
    """Sets letters with the shipped templates, and those of a folder in place of its namesakes.

    `fault` says what is wrong with the folder as it is now, where these are the templates that it
    had before; `replaced` are the names of the templates that the folder replaces.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Prepare the templates; they are read when the first letter is set."""
        self.fault = ""
        self.folder = folder
        self.replaced = tuple(
            name for name in NAMES if folder is not None and os.path.lexists(folder / name)
        )
        self._html = self._environment(escapes=True, inlining=True)
        self._text = self._environment(escapes=False, inlining=False)
        self._beforehand: dict[str, bool] = {}
        self._bare: Environment | None = None  # for what is inlined only once it is set

    def html(self, letter: LetterView) -> str:
        """The HTML part.

        Raises:
            TemplateError: naming the template's file and line.
        """
        return self._page("letter.html.j2", letter)

    def text(self, letter: LetterView) -> str:
        """The text part, at most 72 columns wide (single long words aside).

        Raises:
            TemplateError: naming the template's file and line.
        """
        return self._set(self._text, "letter.txt.j2", letter)

    def alert(self, alert: AlertView) -> tuple[str, str]:
        """The text and the HTML that tell the owner of troubles.

        Raises:
            TemplateError: naming the template's file and line.
        """
        return self._set(self._text, "alert.txt.j2", alert), self._page("alert.html.j2", alert)

    def note(self, note: NoteView) -> tuple[str, str]:
        """The text and the HTML of a short mail that somebody asked for.

        Raises:
            TemplateError: naming the template's file and line.
        """
        return self._set(self._text, "note.txt.j2", note), self._page("note.html.j2", note)

    def despite(self, fault: str) -> "Press":
        """The same press, which knows that the folder is broken by now."""
        other = copy(self)
        other.fault = fault
        return other

    def beforehand(self, name: str) -> bool:
        """Whether the CSS of a template is inlined when it is loaded."""
        if name not in self._beforehand:
            source = read_template(file_of(self.folder, name))
            self._beforehand[name] = inlined(source) is not None
        return self._beforehand[name]

    def _page(self, name: str, letter: View) -> str:
        try:
            if self.beforehand(name):
                return self._set(self._html, name, letter)
            if self._bare is None:
                self._bare = self._environment(escapes=True, inlining=False)
            return inlined_page(self._set(self._bare, name, letter))
        except _BROKEN as error:
            raise _named(error, name) from error

    def _environment(self, *, escapes: bool, inlining: bool) -> Environment:
        loader = Folder(self.folder, inlining=inlining)
        if self.folder is not None:
            return Sandbox(loader, escapes=escapes, wrap=wrap)
        made = QuickEnvironment(
            loader=loader,
            autoescape=escapes,
            undefined=StrictUndefined,
            auto_reload=False,
            keep_trailing_newline=not escapes,
        )
        made.filters["wrap"] = wrap
        return made

    def _set(self, environment: Environment, name: str, letter: View) -> str:
        try:
            if not isinstance(environment, Sandbox):
                return environment.get_template(name).render(letter=letter)
            with environment.counting():
                return _bounded(environment.get_template(name), letter)
        except _BROKEN as error:
            raise _named(error, name) from error


class BrokenPress(Press):
    """Sets nothing but what tells the owner why, and that with the shipped templates."""

    def __init__(self, fault: str) -> None:
        """Remember what is wrong."""
        super().__init__()
        self.fault = fault

    def html(self, _letter: LetterView) -> str:
        """None: nobody's day is used up by a letter that is not as it was meant."""
        raise TemplateError(self.fault)

    def text(self, _letter: LetterView) -> str:
        """None either."""
        raise TemplateError(self.fault)

    def note(self, _note: NoteView) -> tuple[str, str]:
        """None: whoever asked is served once the templates are mended."""
        raise TemplateError(self.fault)


def _bounded(template: Template, letter: View) -> str:
    """What a template sets, as long as it is no endless text."""
    parts, length = [], 0
    for part in template.generate(letter=letter):
        parts.append(part)
        length += len(part)
        if length > LONGEST:
            raise ValueError(f"this sets more than {LONGEST:,} signs: an endless loop?")
    text = "".join(parts)
    if not text.isascii() and _HALF.search(text):
        raise ValueError("half a sign (a \\u between d800 and dfff) is set: no mail can hold it")
    return text


def wrap(text: str, indent: int = 0, hang: int | None = None) -> str:
    """Text in lines of 72 columns after `indent` spaces, all but the first after `hang`.

    As textwrap.fill does it without breaking words, in less time.
    """
    if "  " in text or text[:1] == " " or text[-1:] == " " or not text.isprintable():
        text = " ".join(word for word in _SPACES.split(text) if word)
    if not text:
        return ""
    before = " " * min(indent, COLUMNS)
    others = before if hang is None else " " * min(hang, COLUMNS)
    if not text.isascii() and _WIDE.search(text):
        return _wrapped_wide(text, before, others)
    lines: list[str] = []
    start, end = 0, len(text)
    while end - start > (room := COLUMNS - len(before)):
        stop = text.rfind(" ", start, start + room + 1)
        if stop < 0:  # a word that is longer than a line
            stop = text.find(" ", start + room)
            if stop < 0:
                break
        lines.append(before + text[start:stop])
        start, before = stop + 1, others
    lines.append(before + text[start:])
    return "\n".join(lines)


def _columns(text: str) -> int:
    """How many columns a text takes: East Asian signs take two."""
    return len(text) + len(_WIDE.findall(text))


def _wrapped_wide(text: str, before: str, others: str) -> str:
    """Text with signs of two columns, which may be parted anywhere between two of them."""
    lines, line, width = [], before, len(before)
    for found in _UNIT.finditer(text):
        word, space = found["word"], " " if found["space"] and line.strip() else ""
        columns = _columns(word)
        if width + len(space) + columns > COLUMNS and line.strip():
            lines.append(line)
            line, width, space = others, len(others), ""
        line += space + word
        width += len(space) + columns
    return "\n".join((*lines, line))


def _named(error: Exception, name: str) -> TemplateError:
    """Any of these errors with the place of the template where it arose."""
    if isinstance(error, TemplateNotFound):
        missing = (error.name or name).removeprefix(SHIPPED)
        return TemplateError(f"{_place(error, name)}: the template {missing} is missing")
    if isinstance(error, TemplateSyntaxError):
        return TemplateError(f"{error.filename or name}, line {error.lineno}: {error.message}")
    if isinstance(error, SyntaxError):
        return TemplateError(f"{name}: {error.msg}")
    if isinstance(error, RecursionError):
        endless = "it includes or calls itself without end, or nests too deeply"
        return TemplateError(f"{_place(error, name)}: {endless}")
    said = _NO_FIELD.sub(r"a \1 has no \2; docs/templates.md lists what it has", str(error))
    return TemplateError(f"{_place(error, name)}: {said or type(error).__name__}")


def _place(error: BaseException, name: str) -> str:
    """File and line of the template in which an error arose."""
    trace = error.__traceback__
    place = name
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            place = f"{file}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


@cache
def shipped_press() -> Press:
    """The press with the templates that come with the program."""
    return Press()
