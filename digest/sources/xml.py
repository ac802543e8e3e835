"""XML of known services: entry by entry, no DTDs, errors in words."""

import io
import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError, iterparse

from digest.errors import SourceError

_DTD = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_MAX_DEPTH = 60


def entries(source: str, body: bytes | BinaryIO, tags: frozenset[str]) -> Iterator[Element]:
    """Yield the elements with one of these tags, each complete, in order.

    A damaged end is an error only after everything before it was yielded.

    Raises:
        SourceError: for HTML, an empty answer, a DTD, extreme nesting or damage, in words.
    """
    body = body if isinstance(body, bytes) else body.read()
    _refuse_unreadable(source, body)
    open_elements: list[Element] = []
    try:
        for event, element in _parse(body):
            if event == "start":
                open_elements.append(element)
                if len(open_elements) > _MAX_DEPTH:
                    raise SourceError(source, f"XML nested deeper than {_MAX_DEPTH} levels")
                continue
            open_elements.pop()
            if element.tag in tags:
                yield element
                if open_elements:  # what was read is let go, so that memory stays bounded
                    open_elements[-1].remove(element)
    except ParseError as error:
        line, column = error.position
        raise SourceError(
            source, f"damaged XML at line {line}, column {column} of the answer ({error.msg})"
        ) from error
    except (LookupError, ValueError, UnicodeError) as error:
        raise SourceError(source, f"XML in an unreadable encoding ({error})") from error


def root_tag(source: str, body: bytes) -> str:
    """The tag of the outermost element.

    Raises:
        SourceError: as `entries`.
    """
    _refuse_unreadable(source, body)
    try:
        for _event, element in _parse(body):
            return str(element.tag)
    except (ParseError, LookupError, ValueError, UnicodeError) as error:
        raise SourceError(
            source, f"damaged XML at the beginning of the answer ({error})"
        ) from error
    raise SourceError(source, "empty answer")


def _refuse_unreadable(source: str, body: bytes) -> None:
    head = body[:1024].lstrip()
    if not head:
        raise SourceError(source, "empty answer")
    lowered = head.lower().replace(b"\x00", b"")
    if lowered.startswith((b"<!doctype html", b"<html")) or b"<html" in lowered:
        raise SourceError(source, "a web page instead of XML")
    if lowered.startswith((b"{", b"[")):
        raise SourceError(source, "JSON instead of XML")
    # UTF-16 would hide the words between zeros.
    if _DTD.search(body.replace(b"\x00", b"") if b"\x00" in body else body):
        raise SourceError(source, "XML with a document type definition, which is refused")


def _parse(body: bytes) -> Iterator[tuple[str, Element]]:
    """Starts and ends of elements; DTDs, the door of XML's attacks, were refused before."""
    events: Iterator[tuple[str, Element]] = iterparse(  # noqa: S314 - see above
        io.BytesIO(body), events=("start", "end")
    )
    return events
