"""Setting a letter: Jinja templates, CSS inlined; a broken template is named by file and line."""

import re
from functools import cache
from pathlib import Path

import css_inline
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2 import (
    TemplateError as JinjaError,
)

from digest.errors import TemplateError
from digest.letters.view import AlertView, LetterView, NoteView

COLUMNS = 72
_SPACES = re.compile(r"[\t\n\x0b\x0c\r ]+")
_INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def shipped_templates() -> Path:
    """The folder of templates: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


class Press:
    """Sets letters with the templates of one folder."""

    def __init__(self, folder: Path) -> None:
        """Prepare the folder's templates; they are read when the first letter is set."""
        loader = FileSystemLoader(folder)
        self._html = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=False
        )
        self._text = Environment(
            loader=loader,
            autoescape=False,  # noqa: S701 - plain text has nothing to escape
            undefined=StrictUndefined,
            keep_trailing_newline=True,
        )
        self._text.filters["wrap"] = wrap

    def html(self, letter: LetterView) -> str:
        """The HTML part.

        Raises:
            TemplateError: naming the template's file and line.
        """
        return _INLINER.inline(_render(self._html, "letter.html.j2", letter))

    def text(self, letter: LetterView) -> str:
        """The text part, at most 72 columns wide (single long words aside).

        Raises:
            TemplateError: naming the template's file and line.
        """
        return _render(self._text, "letter.txt.j2", letter)

    def alert(self, alert: AlertView) -> tuple[str, str]:
        """The text and the HTML that tell the owner of troubles.

        Raises:
            TemplateError: naming the template's file and line.
        """
        text = _render(self._text, "alert.txt.j2", alert)
        return text, _INLINER.inline(_render(self._html, "alert.html.j2", alert))

    def note(self, note: NoteView) -> tuple[str, str]:
        """The text and the HTML of a short mail that somebody asked for.

        Raises:
            TemplateError: naming the template's file and line.
        """
        text = _render(self._text, "note.txt.j2", note)
        return text, _INLINER.inline(_render(self._html, "note.html.j2", note))


def wrap(text: str, indent: int = 0, hang: int | None = None) -> str:
    """Text in lines of 72 columns after `indent` spaces, all but the first after `hang`.

    As textwrap.fill does it without breaking words, in less time.
    """
    words = [word for word in _SPACES.split(text) if word]
    if not words:
        return ""
    lines: list[str] = []
    line = " " * indent + words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) <= COLUMNS:
            line += f" {word}"
        else:
            lines.append(line)
            line = " " * (indent if hang is None else hang) + word
    lines.append(line)
    return "\n".join(lines)


def _render(environment: Environment, name: str, letter: LetterView | AlertView | NoteView) -> str:
    try:
        return environment.get_template(name).render(letter=letter)
    except TemplateNotFound as error:
        raise TemplateError(f"the template {error.name} is missing") from error
    except TemplateSyntaxError as error:
        raise TemplateError(
            f"{error.filename or name}, line {error.lineno}: {error.message}"
        ) from error
    except (JinjaError, TypeError, ValueError, AttributeError) as error:
        raise TemplateError(f"{_place(error, name)}: {error}") from error


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
    return Press(shipped_templates())
