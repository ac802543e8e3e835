"""Bytes of an answer as text: in the encoding it is written in, a piece at a time."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from digest.errors import SourceError

CHUNK = 65_536
_HEAD = 1_024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as the next one does
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How a first "<" and the letter after it look where there is no mark.
_SHAPES = (
    (re.compile(rb"<\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0<"), "utf-32-be"),
    (re.compile(rb"<\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0<\0[^\0]"), "utf-16-be"),
)
_DECLARED = re.compile(
    rb"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']\s*([A-Za-z0-9._:-]{1,40})\s*[\"']"
)
# What people call an encoding is often its smaller sister.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949"}
_TEXT = re.compile(
    r"ascii|utf-8|utf-16(-[bl]e)?|utf-32(-[bl]e)?|iso8859-\d+|cp(125\d|437|85\d|86\d|874|932|949"
    r"|950)|koi8-[rtu]|mac-\w+|gb18030|hz|big5|big5hkscs|euc_(jp|jis_2004)|johab|shift_jis\w*"
    r"|iso2022_(jp|kr)\w*|tis-620|ptcp154|kz1048"
)


def text_of(source: str, body: BinaryIO, charset: str = "") -> Iterator[str]:
    """The text of an XML answer, in pieces of at most 64 K signs, without a byte order mark.

    The encoding is that of a byte order mark, else `charset` (of the answer's head), else the one
    that the text declares, else UTF-8.

    Raises:
        SourceError: for an encoding that is not known, and for bytes that are none of it; then
            what came before them was given.
    """
    head = body.read(_HEAD)
    name, mark = _encoding(source, head, charset)
    decoder = codecs.getincrementaldecoder(name)("strict")
    data, place = head[mark:], mark
    while data:
        try:
            yield decoder.decode(data)
            place += len(data)
            data = body.read(CHUNK)
        except UnicodeDecodeError as error:
            if not name.startswith(("iso2022", "hz")):  # what stands before needs no memory
                yield error.object[: error.start].decode(name, "ignore")
            before = len(error.object) - len(data)  # what the decoder still held
            raise _damaged(source, name, place + error.start - before) from error
    try:
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _damaged(source, name, place) from error


def _damaged(source: str, name: str, place: int) -> SourceError:
    if name == "utf-8":
        name = "UTF-8, which XML is unless it says otherwise"
    return SourceError(source, f"damaged XML: not {name}, at byte {place} of the answer")


def _encoding(source: str, head: bytes, charset: str) -> tuple[str, int]:
    """The name of a codec, and how many bytes its mark takes."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    for shape, name in _SHAPES:
        if shape.match(head):
            return name, 0
    declared = _DECLARED.search(head)
    written = charset or (declared[1].decode("ascii") if declared else "utf-8")
    if re.match(r"(?i)utf-?(16|32)|ucs", written):
        return "utf-8", 0  # it says so in letters of one byte: it cannot be
    try:
        name = codecs.lookup(written).name
    except (LookupError, ValueError):
        name = ""
    name = _WIDER.get(name, name)
    if not _TEXT.fullmatch(name):
        raise SourceError(source, f"XML in an encoding that is not known here ({written!r})")
    return name, 0
