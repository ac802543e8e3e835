"""XML of services: entry by entry from a stream, no DTDs, errors in words.

What is read is let go: memory does not grow with the number of entries. Expat reads the text;
here stand the bounds it does not have, and the way there (see `decoding` and `mending`).
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from digest.errors import SourceError
from digest.sources.decoding import text_of
from digest.sources.mending import mended

MAX_DEPTH = 60
MAX_ENTRY = 8 * 1024 * 1024  # signs of one entry, and of what stands between two
MAX_PIECE = 2 * 1024 * 1024  # signs of one tag or text: an open tag is read again and again
MAX_ELEMENTS = 100_000  # of the same
MAX_NAMES = 20_000  # different ones, of elements, attributes and prefixes: expat keeps each
HEAD = 65_536  # in the first so many bytes the outermost element begins

_BLANK = " \t\r\n\ufeff"
_NOT_BLANK = re.compile(f"[^{_BLANK}]")
_LEADING_COMMENTS = re.compile(f"(?:[{_BLANK}]++|<!--.*?-->)*+", re.DOTALL)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NONE: frozenset[str] = frozenset()


def entries(
    source: str,
    body: bytes | BinaryIO,
    tags: frozenset[str],
    *,
    beside: frozenset[str] = _NONE,
    charset: str = "",
    lenient: bool = False,
) -> Iterator[Element]:
    """Yield the outermost elements with one of these tags, each complete, in order.

    A damaged end is an error only after everything before it was yielded. A stream is read as the
    entries are asked for, and is not closed.

    Args:
        source: who asks, for errors.
        body: the answer, whole or as a stream.
        tags: what an entry is called, `{namespace}name`.
        beside: elements outside of entries that are wanted too, such as the title of all.
        charset: the encoding that the answer's head names, if it does.
        lenient: whether entities of HTML and bare ampersands are mended, as feeds have them.

    Raises:
        SourceError: for HTML, an empty answer, a DTD, damage, and what exceeds the bounds above,
            in words.
    """
    chunks = _chunks(source, body, charset, lenient=lenient)
    reading = _Reading(source, tags, beside)
    text = ""
    parser: XMLPullParser[Element] = XMLPullParser(("start", "end", "start-ns"))
    try:
        for text in chunks:
            parser.feed(text)
            yield from reading.wanted(parser)
            reading.grew(text)
        ended = _closed(parser)
        yield from reading.wanted(parser)
        if ended is not None:
            raise ended
    except ParseError as error:
        raise _damage(source, error, text) from error
    except UnicodeError as error:
        raise SourceError(source, f"damaged XML: {error}") from error


def _closed(parser: "XMLPullParser[Element]") -> ParseError | None:
    """Say that the text has ended; what is wrong with its end, to be told after what is right."""
    try:
        parser.close()
    except ParseError as error:
        return error
    return None


def root_tag(source: str, body: bytes | BinaryIO, charset: str = "") -> str:
    """The tag of the outermost element. A stream is left where it was.

    Raises:
        SourceError: as `entries`.
    """
    return str(root(source, body, charset).tag)


def root(source: str, body: bytes | BinaryIO, charset: str = "") -> Element:
    """The outermost element with its attributes, and nothing of what is in it.

    Raises:
        SourceError: as `entries`.
    """
    if isinstance(body, bytes):
        head = body[:HEAD]
    else:
        place = body.tell()
        head = body.read(HEAD)
        body.seek(place)
    parser: XMLPullParser[Element] = XMLPullParser(("start",))
    text = ""
    try:
        for text in _chunks(source, head, charset, lenient=True):
            parser.feed(text)
            for _, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
                return Element(element.tag, element.attrib)
    except ParseError as error:
        raise _damage(source, error, text) from error
    except SourceError:
        if not text or len(head) < HEAD:
            raise  # a sign of several bytes may be cut at the head's end
    raise SourceError(source, "damaged XML: its first tag does not end")


@dataclass(slots=True)
class _Reading:
    """Where in the text the parser is: how deep, and inside of which entry."""

    source: str
    tags: frozenset[str]
    beside: frozenset[str]
    depth: int = 0
    inside: int = 0  # the depth of the entry that is open; 0 outside of entries
    elements: int = 0  # since the last entry
    size: int = 0  # signs since the last entry, to a chunk's length
    open: int = 0  # signs since the last end of a tag
    names: set[str] = field(default_factory=set)  # of all that was read
    parents: list[Element] = field(default_factory=list)  # what is open outside of entries

    def wanted(self, parser: "XMLPullParser[Element]") -> Iterator[Element]:
        """The entries that have ended since the last look, and what is wanted beside them."""
        depth, inside = self.depth, self.inside
        for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
            if event == "start":
                depth += 1
                self.elements += 1
                self.names.add(element.tag)
                if element.attrib:
                    self.names.update(element.attrib)
                if depth > MAX_DEPTH or self.elements > MAX_ELEMENTS:
                    raise self._too_much(depth)
                if not inside and self._begins(element):
                    inside = depth
                continue
            if event == "start-ns":
                self.names.add(f"{element[0]!s} ")
                continue
            if inside == depth:
                inside = 0
                yield element
                self._let_go()
            elif not inside:
                self.parents.pop()
                if element.tag in self.beside:
                    yield element
            depth -= 1
        self.depth, self.inside = depth, inside

    def _begins(self, element: Element) -> bool:
        """Whether an entry begins; else something outside of entries does."""
        if element.tag in self.tags:
            return True
        self.parents.append(element)
        return False

    def _let_go(self) -> None:
        """Forget what was read."""
        self.elements = self.size = 0
        if self.parents:
            self.parents[-1].clear()

    def _too_much(self, depth: int) -> SourceError:
        if depth > MAX_DEPTH:
            return SourceError(self.source, f"XML nested deeper than {MAX_DEPTH} levels")
        return SourceError(self.source, f"an entry of more than {MAX_ELEMENTS} elements")

    def grew(self, text: str) -> None:
        """Count what was read since the last entry, and since anything ended at all."""
        self.size += len(text)
        last = text.rfind(">")
        self.open = len(text) - last if last >= 0 else self.open + len(text)
        if self.size > MAX_ENTRY:
            raise SourceError(self.source, f"an entry larger than {MAX_ENTRY >> 20} MB")
        if self.open > MAX_PIECE:
            raise SourceError(self.source, f"a tag or a text larger than {MAX_PIECE >> 20} MB")
        if len(self.names) > MAX_NAMES:
            raise SourceError(self.source, f"more than {MAX_NAMES} names of elements")


def _chunks(source: str, body: bytes | BinaryIO, charset: str, *, lenient: bool) -> Iterator[str]:
    """The text in pieces; its beginning was looked at before the first is given."""
    pieces = text_of(source, io.BytesIO(body) if isinstance(body, bytes) else body, charset)
    head, begins = "", -1
    for piece in pieces:
        head += piece
        begins = _beginning(source, head, whole=False)
        if begins >= 0:
            break
        if len(head) > HEAD:
            raise SourceError(source, "no element in the first 64 KB: no XML that is known here")
    if begins < 0:
        begins = _beginning(source, head, whole=True)
    if begins < 0:
        raise SourceError(source, "damaged XML: it ends before its first element")
    start = len(head) - len(head.lstrip(_BLANK))
    comments = _LEADING_COMMENTS.match(head, 0, begins)
    if lenient and comments and head.startswith("<?xml", comments.end()):
        start = comments.end()  # before the declaration they are not allowed, but seen
    text = chain((head[start:],), pieces)
    yield from mended(text) if lenient else text


def _beginning(source: str, head: str, *, whole: bool) -> int:
    """Where the outermost element begins; below zero where more is to be read.

    Only comments and instructions may stand before it. A DTD, the door of XML's attacks, can stand
    nowhere else: it is refused here, in every encoding.
    """
    place = 0
    while True:
        begun = _NOT_BLANK.search(head, place)
        if begun is None:
            if whole and not place:
                raise SourceError(source, "empty answer")
            return -1
        place = begun.start()
        if head.startswith("<!--", place):
            end = head.find("-->", place + 4)
        elif head.startswith("<?", place):
            end = head.find("?>", place + 2)
        elif not whole and len(head) - place < _telling(head, place):
            return -1
        else:
            _refuse(source, head[place : place + 200].lower())
            return place
        if end < 0:
            return -1
        place = head.index(">", end) + 1


def _telling(head: str, place: int) -> int:
    """How many signs it takes to know what begins here."""
    return len("<!doctype html>" if head.startswith("<!", place) else "<html>")


def _refuse(source: str, start: str) -> None:
    """Name what is no XML that can be read, by its first signs."""
    if re.match(r"<!doctype\s+html|<html", start):
        raise SourceError(source, "a web page instead of XML")
    if re.match(r"<!\s*(doctype|entity)", start):
        raise SourceError(source, "XML with a document type definition, which is refused")
    if start[0] in "{[":
        raise SourceError(source, "JSON instead of XML")
    if start[0] == "\x00":
        raise SourceError(source, "zero bytes instead of XML")
    if start[0] != "<":
        raise SourceError(source, f"something else instead of XML (it begins with {start[:30]!r})")


def _damage(source: str, error: ParseError, text: str) -> SourceError:
    line, column = error.position
    said = str(error.msg).partition(":")[0]
    if control := _CONTROLS.search(text):
        said = f"the control character U+{ord(control[0]):04X}"
    return SourceError(
        source, f"damaged XML at line {line}, column {column} of the answer ({said})"
    )
