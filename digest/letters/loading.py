"""Where templates are found: in a folder of the person who runs this, else the shipped ones."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import BaseLoader, Environment, TemplateNotFound, TemplateSyntaxError

from digest.letters.inlining import inlined

SHIPPED = "shipped/"  # names the template that came with the program, replaced or not
SUFFIX = ".j2"
LARGEST = 256 * 1024  # bytes of a template
NAMES = (
    *("letter.html.j2", "letter.txt.j2"),
    *("note.html.j2", "note.txt.j2"),
    *("alert.html.j2", "alert.txt.j2"),
)
"""What can be replaced."""


def shipped_templates() -> Path:
    """The folder of templates: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def file_of(folder: Path | None, name: str) -> Path:
    """The file of a template: the folder's own, else the one that is shipped.

    Raises:
        TemplateNotFound: where there is none, or it lies elsewhere: links may lead where they
            like, what they lead to has to lie in the folder.
    """
    plain = name.removeprefix(SHIPPED)
    places = [shipped_templates()]
    if folder is not None and plain == name:
        places.insert(0, folder)
    for place in places:
        try:
            file = (place / plain).resolve()
            if file.is_relative_to(place.resolve()) and plain.endswith(SUFFIX) and file.is_file():
                return file
        except (OSError, ValueError):  # no name of a file at all
            break
    raise TemplateNotFound(name)


class Folder(BaseLoader):
    """Finds templates for an environment; with `inlining` their style sheets are inlined."""

    def __init__(self, folder: Path | None, *, inlining: bool) -> None:
        """Take note of the folder; None: the shipped templates alone."""
        self._folder = folder
        self._inlining = inlining

    def get_source(
        self,
        environment: Environment,  # noqa: ARG002 - the library's signature
        template: str,
    ) -> tuple[str, str, Callable[[], bool]]:
        """The text of a template, the name of its file, and whether it is still the same."""
        file = file_of(self._folder, template)
        text = read_template(file)
        if self._inlining:
            text = inlined(text) or text
        return text, str(file), lambda: True


def read_template(file: Path) -> str:
    """The text of a template.

    Raises:
        TemplateSyntaxError: where it cannot be read, is no text, or is far too long.
    """
    try:
        raw = file.read_bytes() if file.stat().st_size <= LARGEST else b""
        if not raw and file.stat().st_size:
            raise TemplateSyntaxError(f"longer than {LARGEST // 1024} KB", 1, None, str(file))
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TemplateSyntaxError("not UTF-8: save it as UTF-8", line, None, str(file)) from error
    except OSError as error:
        said = f"cannot be read: {error.strerror}"
        raise TemplateSyntaxError(said, 1, None, str(file)) from error
