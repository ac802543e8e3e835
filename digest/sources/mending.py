"""What feeds get wrong so often that it is mended: entities of HTML, and bare ampersands."""

import re
from collections.abc import Iterator
from html.entities import html5

_OPENING = re.compile(r"<!\[CDATA\[|<!--")
_CLOSING = {"<![CDATA[": "]]>", "<!--": "-->"}
_AMPERSAND = re.compile(r"&(?:(#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)?")
_OF_XML = frozenset(("amp", "lt", "gt", "quot", "apos"))
_LONGEST = 40  # signs of an entity, or of an opening
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def mended(pieces: Iterator[str]) -> Iterator[str]:
    """The same text with entities that XML does not know written out.

    `&nbsp;` becomes its sign, `a & b` becomes `a &amp; b`; CDATA and comments stay as they are.
    """
    closing = ""  # what ends the CDATA section or comment that is open
    rest = ""
    for piece in pieces:
        text = rest + piece
        done: list[str] = []
        place = 0
        while True:
            if closing:
                end = text.find(closing, place)
                if end < 0:
                    keep = max(len(text) - len(closing) + 1, place)
                    break
                end += len(closing)
                done.append(text[place:end])
                place, closing = end, ""
                continue
            opening = _OPENING.search(text, place)
            if opening is None:
                keep = _safe(text, place)
                break
            done.append(_mend(text[place : opening.start()]))
            place, closing = opening.start(), _CLOSING[opening[0]]
            done.append(opening[0])
            place = opening.end()
        part = text[place:keep]
        done.append(part if closing else _mend(part))
        rest = text[keep:]
        yield "".join(done)
    if rest:
        yield rest if closing else _mend(rest)


def _safe(text: str, place: int) -> int:
    """How far a text can be mended before more of it is there."""
    start = max(place, len(text) - _LONGEST)
    cut = max(text.rfind("&", start), text.rfind("<", start))
    if cut < 0 or (text[cut] == "&" and ";" in text[cut:]):
        return len(text)
    return cut


def _mend(text: str) -> str:
    return _AMPERSAND.sub(_reference, text) if "&" in text else text


def _reference(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return "&amp;"
    if name in _OF_XML:
        return match[0]
    if name[0] == "#":
        number = int(f"0{name[1:]}", 0) if name[1] in "xX" else int(name[1:])
        return match[0].replace("X", "x") if _is_sign(number) else "\ufffd"
    signs = html5.get(f"{name};")
    if signs is None:
        return f"&amp;{name};"
    return "".join(_ESCAPED.get(sign, sign) for sign in signs)


def _is_sign(number: int) -> bool:
    """Whether XML can hold the sign of this number."""
    if number < 0x20:  # noqa: PLR2004 - blanks among the controls
        return number in (9, 10, 13)
    return not (0xD800 <= number <= 0xDFFF or number in (0xFFFE, 0xFFFF) or number > 0x10FFFF)  # noqa: PLR2004 - surrogates, no signs
