"""Files and folders instead of services: JSON Lines, plain or gzip, and saved pages."""

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast

from digest.errors import SourceError, UsageError
from digest.sources import Batch, Request
from digest.sources.jsonl import MAX_LINE, parse_lines
from digest.sources.saved_page import is_saved_page, parse_page

NAME = "file"
_ENDINGS = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".txt", ".txt.gz")
_LINES = (".jsonl", ".ndjson")
_HEAD = 4096
_MAX_PAGE = 16 * 1024 * 1024
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Files:
    """Papers from files; one that cannot be read is named, the others are read."""

    paths: tuple[Path, ...]
    name: str = NAME
    pace: timedelta = timedelta()

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Yield the papers of each file in turn, a few hundred at a time."""
        failed: list[str] = []
        for path in self.paths:
            try:
                with opened(path) as stream:
                    yield from _batches(stream, path.name, request)
            except (OSError, EOFError, zlib.error) as error:
                failed.append(f"{path.name}: {in_words(error)}")
            except SourceError as error:
                failed.append(error.problem)
        if failed:
            raise SourceError(self.name, "; ".join(failed))


def find_files(arguments: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files that these arguments mean; folders stand for what is in them.

    Raises:
        UsageError: for a path that does not exist and for a folder without such files.
    """
    found: list[Path] = []
    for argument in arguments:
        if argument.is_dir():
            inside = sorted(p for p in argument.rglob("*") if p.name.endswith(_ENDINGS))
            if not inside:
                raise UsageError(
                    f"{argument}: no files in this folder end in {', '.join(_ENDINGS)}"
                )
            found += inside
        elif argument.exists():
            found.append(argument)
        else:
            raise UsageError(f"{argument}: there is no such file or folder")
    return tuple(dict.fromkeys(found))


def _batches(stream: BinaryIO, place: str, request: Request) -> Iterator[Batch]:
    named_lines = place.removesuffix(".gz").endswith(_LINES)
    text = "" if named_lines else _beginning(stream)
    saved = is_saved_page(text)
    if named_lines or (not saved and any(line[:1] == "{" for line in text.splitlines())):
        empty = True
        for batch in parse_lines(lines_of(stream), place, request.date, request.now):
            empty = False
            yield batch
        if empty:
            raise SourceError(NAME, f"{place}: the file is empty")
    elif saved:
        body = stream.read(_MAX_PAGE + 1)
        if len(body) > _MAX_PAGE:
            raise SourceError(NAME, f"{place}: a page larger than {_MAX_PAGE >> 20} MB")
        try:
            yield parse_page(body.decode("utf-8-sig"), place)
        except UnicodeDecodeError as error:
            raise SourceError(NAME, f"{place}: not UTF-8 (byte {error.start})") from error
    elif not text:
        raise SourceError(NAME, f"{place}: the file is empty")
    else:
        raise SourceError(
            NAME,
            f"{place}: neither JSON Lines (a JSON object a line) nor a saved Daily Papers page",
        )


def _beginning(stream: BinaryIO) -> str:
    """The first few thousand letters, as far as they can be read."""
    head = b""
    with contextlib.suppress(OSError, EOFError, zlib.error):
        while len(head) < _HEAD and (line := stream.readline(_HEAD)):
            head += line
    stream.seek(0)
    return head.decode("utf-8", errors="replace").lstrip("\ufeff \r\n\t")


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of bounded length; what is longer comes cut, and its rest is skipped."""
    first = True
    while line := stream.readline(MAX_LINE + 1):
        yield line.removeprefix(b"\xef\xbb\xbf") if first else line
        first = False
        while len(line) > MAX_LINE and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE + 1)


def opened(path: Path) -> BinaryIO:
    """A file's bytes, unpacked where it is gzip by its first two bytes."""
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
    return cast("BinaryIO", gzip.open(path, "rb") if packed else path.open("rb"))


def in_words(error: Exception) -> str:
    """Why a file could not be read, or not to its end."""
    if isinstance(error, EOFError):
        return "the gzip file ends too early; read as far as that"
    if isinstance(error, gzip.BadGzipFile | zlib.error):
        return "damaged gzip data; read as far as that"
    return str(getattr(error, "strerror", None) or error)
