"""Liked papers from a BibTeX file, as JabRef, Zotero, BibDesk and people write it.

The file is cut into its entries here, and the library sees one at a time: so a broken entry spoils
nothing but itself, and a file of broken ones takes no longer than a good one.
"""

import logging
import re
import stat
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from bibtexparser.entrypoint import parse_string
from bibtexparser.exceptions import BlockAbortedException
from bibtexparser.model import Block, DuplicateFieldKeyBlock, Entry, ParsingFailedBlock

from digest.errors import LibraryError, printable
from digest.intake.normal import (
    MAX_ABSTRACT,
    MAX_AUTHORS,
    MAX_NAMES,
    MAX_TITLE,
    clean,
    clean_names,
    clean_words,
)
from digest.libraries import MAX_NAME, Liked, Reading, Shelf
from digest.libraries.papers import Fields, day_of, paper_of

MAX_FILE = 20_000_000
MAX_ENTRIES = 20_000
MAX_ENTRY = 200_000
_MAX_STRINGS = 5_000
_MAX_STRING = 1_000  # they name journals; without a limit they could double line by line
_NO_ENTRIES = frozenset(("comment", "preamble", "control", "set"))
_ADDED = ("creationdate", "date-added", "dateadded", "added-at", "timestamp")
_NAMED = ("doi", "url", "ee")
_PROSE = ("howpublished", "journal", "journaltitle", "volume", "number", "note", "extra", "annote")

_START = re.compile(r"^[ \t]*@[ \t]*(\w+)\s*[{(]\s*([^\s,{}()=]{0,200})", re.MULTILINE)
_ADDED_FIELD = re.compile(
    rf"""\b(?:{"|".join(_ADDED)})\s*=\s*["{{]+\s*(\d{{4}}[-./]\d{{1,2}}[-./]\d{{1,2}})""",
    re.IGNORECASE,
)
_PART = re.compile(r'[^\s#"{}]+|["{]')
_ENCLOSING = re.compile(r'(?<!\\)[{}"]')
_AND = re.compile(r"(?<!\s)\s+and\s+|[{}]", re.IGNORECASE)  # each run of spaces is tried once
_COMMA = re.compile(r",|[{}]")
_TIE = re.compile(r"(?<!\\)~")
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # damage is named by us


@dataclass(frozen=True, slots=True)
class _Piece:
    """An entry as it stands in the file, not parsed yet."""

    line: int
    kind: str
    key: str
    text: str

    @property
    def place(self) -> str:
        return f"line {self.line}: {self.key or 'an entry without a key'}"


@dataclass(frozen=True, slots=True)
class BibtexFile:
    """A BibTeX file as a library: read again when its size or time of change is another."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return printable(self.path.name[:MAX_NAME])

    @property
    def pace(self) -> timedelta:
        """Ten minutes, so that a file that cannot be read is not complained of each minute."""
        return timedelta(minutes=10)

    def read(self, since: int | None) -> Shelf:
        """The papers of the file, or that it did not change since that version.

        Raises:
            LibraryError: when it cannot be read.
        """
        try:
            state = self.path.stat()
        except OSError:
            return read_bibtex(self.path)  # which says what is wrong
        version = zlib.crc32(f"{state.st_mtime_ns} {state.st_size}".encode()) >> 1
        if version == since:
            return Shelf(version=version, unchanged=True)
        return replace(read_bibtex(self.path), version=version)


def read_bibtex(path: Path) -> Shelf:
    """The papers of a BibTeX file.

    What cannot be read in it is named among the troubles, and everything else is read. Of more
    than `MAX_ENTRIES` entries the newest count: by their days, and else those that stand last.

    Raises:
        LibraryError: when there is no such file, it cannot be read, is larger than `MAX_FILE`
            bytes or holds no text.
    """
    text = _text_of(path)
    if not text.strip():
        reading = Reading()
        reading.trouble("the file is empty: export your library to it again")
        return reading.shelf()
    return read_entries(text)


def holds_entries(text: str) -> bool:
    """Whether any line of a text begins an entry."""
    return _START.search(text) is not None


def read_entries(text: str) -> Shelf:
    """The papers of a text of BibTeX; see `read_bibtex`."""
    reading = Reading()
    pieces = list(_pieces(text))
    strings = _strings(pieces)
    entries = [piece for piece in pieces if piece.kind not in _NO_ENTRIES | {"string"}]
    if not entries:
        reading.trouble("no BibTeX entry in it: an entry begins with a line like @article{key,")
    if len(entries) > MAX_ENTRIES:
        reading.trouble(
            f"{len(entries):,} entries, of which the newest {MAX_ENTRIES:,} are read: export the "
            "part that you still care about"
        )
        entries = _newest(entries)
    first: dict[str, int] = {}
    for piece in entries:
        _read_piece(piece, strings, first, reading)
    reading.liked.reverse()  # what stands last was added last
    return reading.shelf()


def _text_of(path: Path) -> str:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise LibraryError(str(path), "is a folder: name the .bib file in it")
        if not stat.S_ISREG(status.st_mode):
            raise LibraryError(str(path), "is no ordinary file: name a .bib file")
        with path.open("rb") as file:
            written = file.read(MAX_FILE + 1)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}: check its path and who may read it"
        raise LibraryError(str(path), problem) from error
    except ValueError as error:
        raise LibraryError(str(path), "cannot be the path of a file: correct it") from error
    if len(written) > MAX_FILE:
        raise LibraryError(
            str(path),
            f"larger than {MAX_FILE // 1_000_000} MB: export it without notes and files, or name "
            "several smaller files",
        )
    if b"\0" in written:
        raise LibraryError(str(path), "is no text: export your library as BibTeX, in UTF-8")
    try:
        text = written.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = written.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _pieces(text: str) -> Iterator[_Piece]:
    """The text cut where a line begins an entry."""
    line, counted = 1, 0
    match = _START.search(text)
    while match:
        following = _START.search(text, match.end())
        begin = match.start()
        end = following.start() if following else len(text)
        line += text.count("\n", counted, begin)
        counted = begin
        # One sign more than allowed, so that it can be told from one that fits.
        piece = text[begin : min(end, begin + MAX_ENTRY + 1)]
        yield _Piece(line, match[1].lower(), match[2], piece)
        match = following


def _newest(pieces: list[_Piece]) -> list[_Piece]:
    """As many as are allowed, in the order of the file."""

    def age(number: int) -> tuple[date, int]:
        match = _ADDED_FIELD.search(pieces[number].text)
        return (match and day_of(match[1])) or date.min, number

    newest = sorted(range(len(pieces)), key=age, reverse=True)[:MAX_ENTRIES]
    return [pieces[number] for number in sorted(newest)]


def _strings(pieces: list[_Piece]) -> dict[str, str]:
    """What @string lines define, in the order of the file, by name in lower case."""
    strings: dict[str, str] = {}
    for piece in [piece for piece in pieces if piece.kind == "string"][:_MAX_STRINGS]:
        if len(piece.text) <= MAX_ENTRY:
            for string in parse_string(piece.text, parse_stack=[]).strings:
                strings[string.key.lower()] = _value(string.value, strings)[:_MAX_STRING]
    return strings


def _read_piece(
    piece: _Piece, strings: Mapping[str, str], first: dict[str, int], reading: Reading
) -> None:
    if len(piece.text) > MAX_ENTRY:
        reading.trouble(f"{piece.place}: longer than {MAX_ENTRY:,} signs: is a brace missing?")
        return
    for block in parse_string(piece.text, parse_stack=[]).blocks:
        entry = _entry(block)
        if entry is not None:
            _read_entry(piece, entry, strings, first, reading)
        elif isinstance(block, ParsingFailedBlock):
            reading.trouble(f"{piece.place}: {_why(block)}: correct it, and it will count")


def _entry(block: Block) -> Entry | None:
    """An entry, also one in which a field stands twice: its first value counts."""
    if isinstance(block, DuplicateFieldKeyBlock):
        block = block.ignore_error_block or block
    return block if isinstance(block, Entry) else None


def _why(block: ParsingFailedBlock) -> str:
    error = block.error
    reason = error.abort_reason if isinstance(error, BlockAbortedException) else ""
    if not reason or "end of file" in reason:
        return "its braces or quotes are not closed"
    return f"cannot be read ({' '.join(reason.split()).rstrip('. ')})"


def _read_entry(
    piece: _Piece,
    entry: Entry,
    strings: Mapping[str, str],
    first: dict[str, int],
    reading: Reading,
) -> None:
    line = piece.line + (entry.start_line or 0)
    place = f"line {line}: {entry.key or 'an entry without a key'}"
    if entry.key and first.setdefault(entry.key, line) != line:
        reading.trouble(
            f"{place}: the key stands already on line {first[entry.key]}: rename one, and it will "
            "count"
        )
        return
    fields: dict[str, str] = {}
    for field in entry.fields:
        fields.setdefault(field.key.strip().lower(), _value(field.value, strings))
    liked = _liked(fields)
    if liked is None:
        reading.trouble(f"{place}: neither title nor identifier: give it a title, doi or eprint")
    else:
        reading.liked.append(liked)


def _liked(fields: Mapping[str, str]) -> Liked | None:
    def get(name: str) -> str:
        return fields.get(name, "")

    url = _verbatim(get("url"))
    paper = paper_of(
        Fields(
            title=_prose(get("title"), MAX_TITLE),
            abstract=_prose(get("abstract"), MAX_ABSTRACT),
            authors=_authors(get("author")),
            categories=clean_words(_verbatim(get("primaryclass"))) if _on_arxiv(fields) else (),
            url=url,
            named=(*_eprint(fields), *(_verbatim(get(name)) for name in _NAMED)),
            prose=tuple(_verbatim(get(name)) for name in _PROSE),
        )
    )
    if paper is None:
        return None
    days = (day_of(get(name)) for name in _ADDED)
    return Liked(paper, next((day for day in days if day), None))


def _on_arxiv(fields: Mapping[str, str]) -> bool:
    """Whether an eprint is one of arXiv, which it also is where nothing is said."""
    archive = fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv"
    return _verbatim(archive).lower() == "arxiv"


def _eprint(fields: Mapping[str, str]) -> tuple[str, ...]:
    eprint = _verbatim(fields.get("eprint", ""))
    return (eprint,) if eprint and _on_arxiv(fields) else ()


def _value(raw: str, strings: Mapping[str, str]) -> str:
    """A value without its braces or quotes, names of @string replaced, parts put together."""
    parts: list[str] = []
    size = position = 0
    while size <= MAX_NAMES and (match := _PART.search(raw, position)):
        if match[0] in ('"', "{"):
            position = _closing(raw, match.start()) + 1
            part = raw[match.end() : position - 1]
        else:
            position = match.end()
            part = strings.get(match[0].lower(), match[0])
        parts.append(part)
        size += len(part)
    return "".join(parts)[:MAX_NAMES]


def _closing(raw: str, start: int) -> int:
    """Where the brace or quote at `start` is closed; the end of the text where it is not."""
    depth = 0
    for match in _ENCLOSING.finditer(raw, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0 and match.start() > start and match[0] == ("}" if raw[start] == "{" else '"'):
            return match.start()
    return len(raw)


def _prose(value: str, limit: int) -> str:
    """Running text in the normal form; braces only keep capitals, so they go."""
    value = _TIE.sub(" ", value).replace("---", "—").replace("--", "–")
    if "``" in value:  # otherwise '' may be a second derivative
        value = value.replace("``", "“").replace("''", "”")
    return " ".join(clean(value, limit).replace("{", "").replace("}", "").split())


def _verbatim(value: str) -> str:
    r"""An address or identifier: no \url around it, no braces, no \ before signs."""
    bare = re.sub(r"\\(?:url|href)\b", "", value[:MAX_TITLE])
    return re.sub(r"\\([_%&#$~])", r"\1", re.sub(r"[{}]", "", bare)).strip()


def _authors(value: str) -> tuple[str, ...]:
    """Names as they are spoken: "Roe, Jane and {The Group}" is Jane Roe, The Group."""
    names = _split(_AND, value)[:MAX_AUTHORS]
    spoken = (_spoken(name) for name in names if name.strip().lower() != "others")
    return clean_names([_prose(name, 200) for name in spoken])


def _spoken(name: str) -> str:
    """First names first: "Roe, Jr., Jane" is Jane Roe Jr."""
    family, *rest = (part.strip() for part in _split(_COMMA, name))
    return " ".join([*rest[-1:], family, *rest[:-1]])


def _split(pattern: re.Pattern[str], text: str) -> list[str]:
    """The parts between the matches that stand outside of braces."""
    parts: list[str] = []
    depth = begin = 0
    for match in pattern.finditer(text):
        if match[0] in ("{", "}"):
            depth = max(depth + (1 if match[0] == "{" else -1), 0)
        elif depth == 0:
            parts.append(text[begin : match.start()])
            begin = match.end()
    return [*parts, text[begin:]]
