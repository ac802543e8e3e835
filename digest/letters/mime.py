"""The bytes of a mail: headers that cannot be injected, a text and an HTML part.

Every header's value is cleaned, encoded and folded here, and the finished head is parsed again:
a mail whose headers read back differently is never made.
"""

import base64
import binascii
import unicodedata
from collections.abc import Sequence
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.utils import formataddr

from digest.errors import DigestError

_MOST = 300
_FOLD = 76
_MAILBOXES = ("From", "To")


def clean_header(text: str) -> str:
    """A header's text on one line: no controls, no direction marks, no encoded words."""
    kept = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") else char
        for char in text
    )
    words = " ".join(kept.replace("=?", "= ?").split())
    return words if len(words) <= _MOST else words[: _MOST - 1] + "…"


def mailbox(name: str, address: str) -> str:
    """A name and an address for From and To, quoted as needed."""
    if not name:
        return address
    # The library's function knows addresses in ASCII only.
    return formataddr((clean_header(name), "a@b")).removesuffix("<a@b>") + f"<{address}>"


def assemble(headers: Sequence[tuple[str, str]], text: str, html: str, boundary: str) -> bytes:
    """A multipart/alternative mail with CRLF line ends.

    Args:
        headers: names and values; values may hold any characters.
        text: the text part.
        html: the HTML part.
        boundary: what parts the parts; must not occur in them.
    """
    head = [(name, value) for name, value in headers]
    head += [
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    lines = b"".join(_header(name, value) for name, value in head)
    _verify(lines, head)
    mark = b"--" + boundary.encode("ascii")
    return b"\r\n".join(
        (
            lines,
            mark,
            *_part("plain", text),
            mark,
            *_part("html", html),
            mark + b"--",
            b"",
        )
    )


def _part(kind: str, body: str) -> tuple[bytes, bytes, bytes, bytes]:
    """A part in the shorter of the two encodings: base64 where most letters are not Latin."""
    plain = body.replace("\r\n", "\n").encode("utf-8")
    name, encoded = b"quoted-printable", binascii.b2a_qp(plain, istext=True)
    if len(encoded) > len(plain) * 3 // 2:
        name, encoded = b"base64", base64.encodebytes(plain.replace(b"\n", b"\r\n"))
    return (
        f'Content-Type: text/{kind}; charset="utf-8"'.encode("ascii"),
        b"Content-Transfer-Encoding: " + name,
        b"",
        encoded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    )


def _header(name: str, value: str) -> bytes:
    """One header: text that is not ASCII is encoded, addresses stay as they are (RFC 6532)."""
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


def _verify(head: bytes, wanted: Sequence[tuple[str, str]]) -> None:
    """Read the head back; it must hold exactly the headers that were meant."""
    try:
        found = message_from_bytes(head + b"\r\n")
        same = [(name, _read_back(value)) for name, value in found.raw_items()]
    except (HeaderParseError, UnicodeError, LookupError) as error:
        raise DigestError(f"a header cannot be written safely: {error}") from error
    meant = [(name, " ".join(value.split())) for name, value in wanted]
    if [(name, " ".join(value.split())) for name, value in same] != meant:
        raise DigestError("a header would read back differently: the mail was not made")


def _read_back(value: str) -> str:
    """A header's value as a reader of the mail sees it."""
    raw = value.encode("ascii", "surrogateescape").decode("utf-8")
    return str(make_header(decode_header(raw)))
