"""The bytes of a mail: headers that cannot be injected, a text and an HTML part.

Every header's value is cleaned, encoded and folded here, and each finished header is read again:
a mail whose headers read back differently is never made.
"""

import binascii
import re
import unicodedata
from collections.abc import Sequence
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.utils import formataddr
from functools import lru_cache
from struct import Struct

from digest.errors import DigestError

_MOST = 300
_FOLD = 76
_MAILBOXES = ("From", "To")
_UNCLEAN = re.compile(
    rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n [ -~\x80-\xff])|\r\n +\r"
)
_HALF = re.compile("[\ud800-\udfff]")
_LONGEST = 998  # bytes of a line (RFC 5322, section 2.1.1)
_NEXT = b"X-Next"
_LINE = 76  # signs of an encoded line (RFC 2045, section 6.8)
# What no mail program can take for anything else: a name, then words in printable ASCII on one line
# or on lines that begin with a space.
_PLAIN = re.compile(rb"[A-Za-z][A-Za-z-]*: [!-~](?:[ -~]|\r\n [!-~])*\r\n")


def clean_header(text: str) -> str:
    """A header's text on one line: no controls, no direction marks, no encoded words."""
    if text.isascii() and text.isprintable():
        kept = text
    else:
        kept = "".join(
            " " if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") else char
            for char in text
        )
    words = " ".join(kept.replace("=?", "= ?").split())
    return words if len(words) <= _MOST else words[: _MOST - 1] + "…"


@lru_cache(maxsize=16)
def mailbox(name: str, address: str) -> str:
    """A name and an address for From and To, quoted as needed."""
    if not name:
        return address
    # The library's function knows addresses in ASCII only.
    return formataddr((clean_header(name), "a@b")).removesuffix("<a@b>") + f"<{address}>"


def assemble(
    headers: Sequence[tuple[str, str]], text: str, html: str | bytes, boundary: str
) -> bytes:
    """A multipart/alternative mail with CRLF line ends.

    Args:
        headers: names and values; values may hold any characters.
        text: the text part.
        html: the HTML part, or that in UTF-8.
        boundary: what parts the parts.

    Raises:
        DigestError: for a header that cannot be written, or would read back differently.
    """
    head = [(name, value) for name, value in headers]
    head += [
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    lines = b"".join(_verified(_header(name, value), name, value) for name, value in head)
    mark = b"--" + boundary.encode("ascii")
    return b"\r\n".join(
        (
            lines,
            mark,
            *_part(b"plain", text.encode("utf-8", "replace")),
            mark,
            *_part(b"html", html if isinstance(html, bytes) else html.encode("utf-8", "replace")),
            mark + b"--",
            b"",
        )
    )


def _part(kind: bytes, body: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """A part in base64, whatever it holds: quoted-printable takes three times as long to write."""
    plain = body.replace(b"\r\n", b"\n") if b"\r" in body else body
    return (
        b"Content-Type: text/" + kind + b'; charset="utf-8"',
        b"Content-Transfer-Encoding: base64",
        b"",
        _base64(plain.replace(b"\n", b"\r\n")),
    )


def _base64(plain: bytes) -> bytes:
    """Lines of base64."""
    whole = binascii.b2a_base64(plain, newline=False)
    lines = _lines(len(whole) // _LINE)
    return b"\r\n".join((*lines.unpack_from(whole), whole[lines.size :], b""))


@lru_cache(maxsize=256)
def _lines(count: int) -> Struct:
    """Takes so many whole lines from the beginning of a text, faster than slices do."""
    return Struct(f"{_LINE}s" * count)


def _header(name: str, value: str) -> bytes:
    """One header: text that is not ASCII is encoded, addresses stay as they are (RFC 6532)."""
    if not value.isascii() and _HALF.search(value):
        raise DigestError(f"{name} cannot hold {value!r}: half a sign is in it")
    if value.isascii() or name in _MAILBOXES:
        folded = _folded(name, value)
    elif name == "Subject":
        folded = Header(value, "utf-8", maxlinelen=_FOLD, header_name=name).encode(linesep="\r\n")
    else:
        raise DigestError(f"{name} cannot hold {value!r}: encoded, it would mean nothing")
    return f"{name}: {folded}\r\n".encode()


def _folded(name: str, value: str) -> str:
    """Fold at spaces; a word that is too long for a line (an address) stays whole."""
    lines, line = [], f"{name}:"
    for word in value.split(" "):
        if len(line) + 1 + len(word) > _FOLD and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    return "\r\n".join(lines)[len(name) + 2 :]


def _verified(line: bytes, name: str, value: str) -> bytes:
    """A header, read back: it must be one header, and say exactly what was meant."""
    plain = _PLAIN.fullmatch(line) and b"=?" not in line
    if not plain and _UNCLEAN.search(line.removesuffix(b"\r\n")):
        raise DigestError("a header cannot be written safely: it holds more than words on a line")
    if len(line) > _LONGEST and max(map(len, line.split(b"\r\n"))) > _LONGEST:
        raise DigestError(f"a header has a word of more than {_LONGEST} signs: no server takes it")
    try:
        found = [_plainly(line)] if plain else _parsed(line)
    except (HeaderParseError, UnicodeError, LookupError) as error:
        raise DigestError(f"a header cannot be written safely: {error}") from error
    if [(own, _spaced(said)) for own, said in found] != [(name, _spaced(value))]:
        raise DigestError("a header would read back differently: the mail was not made")
    return line


def _plainly(line: bytes) -> tuple[str, str]:
    """A header in plain ASCII without encoded words: nothing in it can be read in two ways."""
    name, _, value = line.decode("ascii").partition(": ")
    return name, value.replace("\r\n", "")


def _parsed(line: bytes) -> list[tuple[str, str]]:
    """All other headers, as a real parser reads them, with another one after them.

    Raises:
        HeaderParseError: where what comes after it is no header any more.
    """
    found = message_from_bytes(line + _NEXT + b": x\r\n\r\n")
    items = list(found.raw_items())
    if items[-1:] != [(_NEXT.decode(), "x")]:
        raise HeaderParseError("the head ends with it")
    return [(name, _read_back(value)) for name, value in items[:-1]]


def _spaced(value: str) -> str:
    return " ".join(value.split())


def _read_back(value: str) -> str:
    """A header's value as a reader of the mail sees it."""
    raw = value.encode("ascii", "surrogateescape").decode("utf-8")
    return str(make_header(decode_header(raw)))
