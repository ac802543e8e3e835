"""Templates are proofed before anybody's letter is set with them.

Each is read, linted, and set with an edition for every situation there is. What is wrong is said
with file and line; as long as anything is, no letter is made with them, and nobody's day is used
up. A press that was good goes on with what it had.
"""

import difflib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jinja2 import TemplateError as JinjaError

from digest.errors import TemplateError
from digest.letters.compose import CLIPPED_FROM, LetterOffice, Sender
from digest.letters.lint import Finding, lint
from digest.letters.loading import NAMES, SUFFIX, read_template
from digest.letters.render import BrokenPress, Press, shipped_press
from digest.letters.samples import ALERT, NOTE, editions, steering
from digest.letters.steering import Steering
from digest.letters.tags import tags_of
from digest.model import Edition

MOST_FILES = 200
_LEAST_TEXT = 100  # signs; a day with nothing new has more
_OFFICE_SENDER = Sender("digest@example.org", "owner@example.org")
_HTML, _TEXT = "letter.html.j2", "letter.txt.j2"
_ADVICE = "mend it, or take the file out of the folder: the shipped one is used then"
_MISSING = "DIGEST_TEMPLATES names no folder: make it ('digest templates copy FOLDER'), or unset it"


def proof(press: Press) -> list[Finding]:
    """What is wrong with the templates of a press, each thing once."""
    if press.folder is not None and not press.folder.is_dir():
        return [Finding(str(press.folder), "there is no such folder", _MISSING)]
    found = [*_linted(press), *_mails(press)]
    for situation, edition in editions().items():
        for pages in (True, False):
            found += _letter(press, situation, edition, steering(edition) if pages else None)
    return list(dict.fromkeys(found))


def _linted(press: Press) -> Iterator[Finding]:
    """What is wrong in the files of the folder as they are written."""
    if press.folder is None:
        return
    for name in press.replaced:
        file = press.folder / name
        if not (file.is_file() and file.resolve().is_relative_to(press.folder.resolve())):
            mend = "put the file itself there, or take it out of the folder"
            yield Finding(str(file), "it is no file of this folder, and replaces nothing", mend)
    sources = {}
    for file in _files(press.folder):
        try:
            sources[file] = read_template(file) if file.is_file() else ""
        except JinjaError:
            sources[file] = ""  # said where it is set, if it is
    for file, source in sources.items():
        if not file.name.endswith(f".txt{SUFFIX}"):
            yield from lint(file, source)
        name = file.relative_to(press.folder).as_posix()
        if name not in NAMES and not any(name in other for other in sources.values()):
            near = difflib.get_close_matches(file.name, NAMES, 1)
            mend = f"call it {near[0]}" if near else "take it out of the folder"
            yield Finding(str(file), "it replaces no template, and none includes it", mend)


def _mails(press: Press) -> Iterator[Finding]:
    """The short mails: one has to hold its link, the other what happened."""
    what = ALERT.notices[1].what
    for name, made, wanted, said, variable in (
        ("note", partial(press.note, NOTE), NOTE.url, "the link", "letter.url"),
        ("alert", partial(press.alert, ALERT), what, "what happened", "notice.what"),
    ):
        try:
            text, html = made()
        except TemplateError as error:
            yield _broken(error)
            continue
        yield from _holds(press, f"{name}.txt.j2", text, wanted, said, variable)
        yield from _holds(press, f"{name}.html.j2", html, wanted, said, variable)


def _letter(
    press: Press, situation: str, edition: Edition, links: Steering | None
) -> Iterator[Finding]:
    """A letter in both parts."""
    office = LetterOffice(press, _OFFICE_SENDER)
    try:
        letter, html = office.letter(edition, links)
        text = press.text(letter)
    except TemplateError as error:
        yield _broken(error)
        return
    titles = [pick.paper.paper.title for pick in edition.picks]
    yield from _well_formed(press, situation, html)
    plain = "".join(text.split()).casefold()  # lines may end within words of wide signs
    wanted = ("".join(title.split()).casefold() for title in titles)
    if len(plain) < _LEAST_TEXT or any(title not in plain for title in wanted):
        said = f"the text part of {situation} says too little: some read nothing else"
        yield Finding(_where(press, _TEXT), said, "set what letter.sections holds")
    way, what = letter.unsubscribe, "the way to unsubscribe"
    if way:
        yield from _holds(press, _HTML, html, way, what, "letter.unsubscribe")
    if way.startswith("http"):
        yield from _holds(press, _TEXT, text, way, what, "letter.unsubscribe")
    elif way:
        yield from _holds(press, _TEXT, text, letter.owner, what, "letter.owner")


def _well_formed(press: Press, situation: str, html: str) -> Iterator[Finding]:
    """What an HTML part must be, whatever it says."""
    where = _where(press, _HTML)
    root = next((tag for tag in tags_of(html) if tag.name == "html"), None)
    if root is None or root.of("lang") is None:
        said = f"{situation} is no page with a language"
        yield Finding(where, said, 'write <html lang="en"> around it')
    if len(html.encode()) > CLIPPED_FROM:
        said = f"{situation} takes {len(html.encode()) // 1024} KB: Gmail cuts it off"
        yield Finding(where, said, "set less of each paper where letter.brief is true")


def _holds(
    press: Press, name: str, part: str, wanted: str, what: str, variable: str
) -> Iterator[Finding]:
    """Whether a part says what it must say."""
    if wanted not in part and wanted.replace("&", "&amp;") not in part:
        yield Finding(_where(press, name), f"{what} is missing", f"set {{{{ {variable} }}}}")


def _where(press: Press, name: str) -> str:
    """The file of a template, as errors name it."""
    return str(press.folder / name) if press.folder and name in press.replaced else name


def _broken(error: TemplateError) -> Finding:
    where, _, said = str(error).partition(": ")
    return Finding(where, said, _ADVICE)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A folder as it was when it was looked at last, and what is set with since."""

    stamp: object
    press: Press
    good: Press | None


_presses: dict[Path, _Kept] = {}
_lock = threading.Lock()


def press_of(folder: Path | None) -> Press:
    """The press of a folder, proofed whenever one of its files has changed.

    Where the proof fails, it is the press of before, with what is wrong as its `fault`; and where
    none was good yet, one that sets no letter at all.
    """
    if folder is None:
        return shipped_press()
    folder = folder.resolve()
    with _lock:
        kept = _presses.get(folder)
        stamp = _stamp(folder)
        if kept is None or kept.stamp != stamp:
            kept = _proofed(folder, stamp, kept.good if kept else None)
            _presses[folder] = kept
        return kept.press


def _proofed(folder: Path, stamp: object, before: Press | None) -> _Kept:
    press = Press(folder)
    found = proof(press)
    if not found:
        return _Kept(stamp, press, press)
    more = f" (and {len(found) - 1} more: 'digest templates check')" if len(found) > 1 else ""
    fault = f"{found[0]}{more}"
    if before is None:
        return _Kept(stamp, BrokenPress(f"{fault}. Until then nobody gets a letter"), None)
    fault = f"{fault}. Until then letters are set with the templates of before"
    return _Kept(stamp, before.despite(fault), before)


def _stamp(folder: Path) -> object:
    """What changes when a template does."""
    try:
        if not folder.is_dir():
            return None
        stats = ((str(file), file.stat()) for file in _files(folder))
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
    except OSError as error:
        return str(error)


def _files(folder: Path) -> list[Path]:
    """The templates of a folder, without what editors and services hide there."""
    found = sorted(folder.rglob(f"*{SUFFIX}"))[:MOST_FILES]
    return [f for f in found if not any(p[0] == "." for p in f.relative_to(folder).parts)]
