"""The files of `digest rank`: papers and profiles, one JSON object a line, plain or gzip.

Ids may be numbers or strings; `7` and `"7"` name the same paper. A line that cannot be read is
named and left out.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from digest.errors import UsageError, printable
from digest.model import Paper
from digest.ranking.sheet import MOST_COUNT
from digest.sources.file import in_words, lines_of, opened
from digest.sources.jsonl import fields_of

MOST_TOLD = 5

Id = int | str
Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper: its id as it was written, and what the ranking reads."""

    id: Id
    paper: Paper


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """A profile: its id as it was written, keywords, and the ids of papers."""

    id: Id
    keywords: str
    liked: tuple[Id, ...]
    disliked: tuple[Id, ...]


@dataclass(slots=True)
class Troubles:
    """What was left out: the first few in words, the others counted."""

    say: Callable[[str], object]
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, text: str) -> None:
        """Tell of one, unless enough of its kind were told."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= MOST_TOLD:
            self.say(text)

    def close(self) -> None:
        """Tell how many more there were."""
        for kind, count in self._counts.items():
            if count > MOST_TOLD:
                self.say(f"… and {count - MOST_TOLD:,} more: {kind}")


def read_papers(path: Path, troubles: Troubles) -> list[PaperLine]:
    """The papers of a file, each id once.

    Raises:
        UsageError: where the file cannot be read or has no paper.
    """
    return _read(path, _paper, "papers", troubles)


def read_profiles(path: Path, troubles: Troubles) -> list[ProfileLine]:
    """The profiles of a file, each id once.

    Raises:
        UsageError: where the file cannot be read or has no profile.
    """
    return _read(path, _profile, "profiles", troubles)


def _read(
    path: Path, read: Callable[[Mapping[str, object]], Line], what: str, troubles: Troubles
) -> list[Line]:
    found: dict[str, Line] = {}
    empty = True
    for number, line in _lines(path):
        empty = False
        fields = fields_of(line)
        try:
            if isinstance(fields, str):
                raise UsageError(fields)  # noqa: TRY301 - all that is wrong with a line, in one place
            key, one = str(_id(fields.get("id"))), read(fields)
        except UsageError as error:
            troubles.add(
                f"lines of {path} that cannot be read", f"{path}, line {number}: {error}: left out"
            )
            continue
        if key in found:
            shown = printable(key, 60)
            troubles.add(
                f"ids that {path} has twice",
                f"{path}, line {number}: the id {shown} was there before: the first counts",
            )
        found.setdefault(key, one)
    if empty:
        raise UsageError(f"{path}: the file is empty: write one JSON object a line")
    if not found:
        raise UsageError(f"{path}: none of its lines can be read, so there are no {what}")
    return list(found.values())


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that hold anything, numbered."""
    try:
        with opened(path) as stream:
            for number, line in enumerate(lines_of(stream), 1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path} cannot be read: {in_words(error)}") from error


def _paper(fields: Mapping[str, object]) -> PaperLine:
    title, abstract = _text(fields, "title"), _text(fields, "abstract") or _text(fields, "text")
    bow = fields.get("bow")
    if bow is not None:
        abstract = " ".join(part for part in (abstract or "", _words(bow)) if part)
    if title is None and abstract is None:
        raise UsageError("no title, abstract, text or bow")
    identity = _id(fields.get("id"))
    authors, categories = (_names(fields, name) for name in ("authors", "categories"))
    return PaperLine(
        identity, Paper((str(identity),), title or "", abstract or "", authors, categories)
    )


def _profile(fields: Mapping[str, object]) -> ProfileLine:
    return ProfileLine(
        _id(fields.get("id")),
        _text(fields, "keywords") or "",
        _ids(fields, "liked"),
        _ids(fields, "disliked"),
    )


def _id(value: object) -> Id:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise UsageError("no id that is a number or a string")
    return value


def _ids(fields: Mapping[str, object], name: str) -> tuple[Id, ...]:
    return tuple(dict.fromkeys(_id(value) for value in _list(fields, name)))


def _names(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    return tuple(str(value) for value in _list(fields, name))


def _list(fields: Mapping[str, object], name: str) -> Sequence[object]:
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UsageError(f"{name} is no list")
    return value


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{name} is no text")
    return value


def _words(bow: object) -> str:
    """A bag of words as text: each word as often as it counts, with no neighbours."""
    if not isinstance(bow, dict):
        raise UsageError("bow is no object of words and counts")
    words: list[str] = []
    for word, count in bow.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise UsageError(f"bow counts {printable(word, 40)!r} with no whole number")
        words += [word] * min(count, MOST_COUNT)
    return ". ".join(words)
