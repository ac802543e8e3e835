"""One normal form at the border: what every source does to text before it becomes a paper.

Unicode NFC, single spaces, no control or direction characters, LaTeX as a person would read it.
"""

import logging
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import urlsplit

from pylatexenc.latex2text import LatexNodes2Text

MAX_TITLE = 1_000
MAX_ABSTRACT = 20_000
MAX_AUTHORS = 3_000
MAX_NAMES = 100_000
MAX_ADDRESS = 300
MAX_WORD = 60
_SIGNS_A_COMMAND = 50  # of LaTeX: each takes time, and a text of nothing else takes too much
_FEW_COMMANDS = 20
_EARLIEST = date(1985, 1, 1)

_MATH = re.compile(r"\$\$?([^$]{1,400}?)\$\$?")
_COMMAND = re.compile(
    r"""\\[Hvcudbkr](?:\s*\{\s*[a-zA-Z]\s*\}|\s+[a-zA-Z])  # accents by letter: \v{s}  \H o
      | \\[`'^"~=.]\s*(?:\{\s*\\?[a-zA-Z]\s*\}|\\[ij](?![a-zA-Z])|[a-zA-Z])  # \'e  \"{o}  \'{\i}
      | \\[a-zA-Z]+\s*(?:\{[^{}]{0,200}\})*   # \alpha  \emph{word}
      | \\[&%$\#_{}]                          # escaped signs
      | \\[,:;!]\ ?                           # narrow spaces""",
    re.VERBOSE,
)
_FONT = re.compile(
    r"""\\(?:text(?:tt|bf|it|rm|sf|sc)?|emph|mbox|underline|bm|boldsymbol|operatorname
        |math(?:rm|bf|it|sf|tt|cal|frak)?)\s*\{([^{}]*)\}
      | \{\\(?:it|bf|tt|rm|em|sc|sf)\s+([^{}]*)\}""",
    re.VERBOSE,
)
_FUNCTION = re.compile(r"\\(log|ln|exp|sin|cos|tan|max|min|sup|inf|det|dim|arg|lim)(?![a-zA-Z])\s*")
_GROUP = re.compile(r"(?<![\^_\\\w])\{([\w .-]{1,80})\}")
_LETTER_GROUP = re.compile(r"(?<=\w)\{(\w)\}")
_SCRIPT = re.compile(r"([\^_])\{([^{}$]{1,40})\}")
_BARE_POWER = re.compile(r"(?<=[\w)])\^(\d{1,3}(?!\.\d)|[+*∘NKMTknti](?![a-z]))")
_BARE_INDEX = re.compile(r"_(\d)(?!\w)")
_PRICE = re.compile(r"\d[\d.,]*\s*[A-Za-z]*\b.*\s")
_UPPER = str.maketrans("0123456789+-=()nitkNKMT*∘", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵗᵏᴺᴷᴹᵀ*°")
_LOWER = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_MATH_SIGNS = re.compile(r"[\\^_{}=<>|]")
_LATEX = "$\\^{"
_LATEX_READER = LatexNodes2Text(math_mode="text", strict_latex_spaces=True)
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)  # damage is expected and handled


def clean(text: object, limit: int = MAX_ABSTRACT) -> str:
    """Text in the normal form, cut at `limit` characters; anything but text gives ''."""
    if not isinstance(text, str):
        return ""
    text = text[: 2 * limit]
    # White space is collapsed first: endless runs of it would slow the patterns below.
    tidy = text.isprintable() and "  " not in text  # its only white space are single spaces
    plain = unicodedata.normalize("NFC", text.strip() if tidy else " ".join(text.split()))
    if any(sign in plain for sign in _LATEX):
        most = max(limit // _SIGNS_A_COMMAND, _FEW_COMMANDS)
        plain = " ".join(_readable(plain, most).split())
    if not plain.isprintable():  # sign by sign is slow, and most texts have nothing to hide
        plain = " ".join("".join(char for char in plain if not _hidden(char)).split())
    return plain[:limit].rstrip()


def clean_title(text: object) -> str:
    """A title in the normal form."""
    return clean(text, MAX_TITLE)


def clean_names(names: object) -> tuple[str, ...]:
    """Authors, given as a list or as one text with commas, each once and in order."""
    if isinstance(names, str):
        names = " ".join(names[:MAX_NAMES].split())
        names = re.split(r",\s*(?:and\s+)?|\s+and\s+", names)
    if not isinstance(names, list | tuple):
        return ()
    cleaned = (clean(name, 200) for name in names[:MAX_AUTHORS])
    return tuple(dict.fromkeys(name for name in cleaned if name))


def clean_words(words: object) -> tuple[str, ...]:
    """Categories or other short words, given as a list or as one text with spaces."""
    if isinstance(words, str):
        words = words.split()
    if not isinstance(words, list | tuple):
        return ()
    cleaned = (_word(word) for word in words[:50])
    return tuple(dict.fromkeys(word for word in cleaned if word))


def _word(word: object) -> str:
    """A short word; the same few categories come again and again."""
    short = isinstance(word, str) and len(word) <= MAX_WORD
    return _clean_word(word) if short else clean(word, MAX_WORD)


@lru_cache(maxsize=1024)
def _clean_word(word: str) -> str:
    return clean(word, MAX_WORD)


def clean_address(address: object) -> str | None:
    """A web address that a letter may link to, or None: http and https only."""
    if not isinstance(address, str) or len(address) > MAX_ADDRESS:
        return None
    text = address.strip()
    if re.search(r"[\s<>\"'`\\]", text) or any(_hidden(char) for char in text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and host else None


def clean_count(value: object) -> int | None:
    """A number of upvotes, comments or stars, or None where there is none to believe."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value.strip()):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 10**9 else None


def clean_date(value: object, latest: date) -> date | None:
    """A date from text such as `2026-6-30` or `2026-06-30T12:00:00Z`.

    None for what is no date, for years before any preprint, and for days after `latest`
    plus one (zones differ).
    """
    if not isinstance(value, str):
        return None
    match = re.match(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)", value)
    if match is None:
        return None
    try:
        found = date(*(int(part) for part in match.groups()))
    except ValueError:
        return None
    return found if _EARLIEST <= found <= latest + timedelta(days=1) else None


def clean_any_date(written: str, latest: date) -> date | None:
    """A date as ISO 8601 or as mails write it: `Mon, 07 Oct 2024 10:45:05 GMT`, as it stands there.

    None as of `clean_date`.
    """
    return _dated(written[:100], latest)


@lru_cache(maxsize=256)  # the entries of an answer have few dates
def _dated(written: str, latest: date) -> date | None:
    if found := clean_date(written, latest):
        return found
    try:
        return clean_date(parsedate_to_datetime(written).date().isoformat(), latest)
    except (ValueError, TypeError, OverflowError):
        return None


def clean_time(value: object) -> datetime | None:
    """A time in UTC from ISO 8601 text with a zone, or None."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        if found.tzinfo is None:
            return None
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.date() >= _EARLIEST else None


def _hidden(char: str) -> bool:
    """Controls, direction marks and other signs that a reader cannot see."""
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") and char != "\u200d"


def _readable(text: str, most: int) -> str:
    """LaTeX in running text, as a person would read it; a price stays a price.

    At most so many formulas, and so many commands outside of them, are read.
    """
    if "\\" in text:
        text = _without_fonts(text)
    if "$" in text:
        text = _MATH.sub(_math, text, most)
    if "\\" in text:
        text = _COMMAND.sub(lambda match: _plain(match[0]), text, most)
    if "{" in text:
        text = _LETTER_GROUP.sub(r"\1", _SCRIPT.sub(_script, text))
        text = _GROUP.sub(r"\1", text)
    return _BARE_POWER.sub(_power, text) if "^" in text else text


def _without_fonts(text: str) -> str:
    """Commands that only change how letters look; nested ones from the inside out."""
    for _ in range(4):
        plainer = _FONT.sub(lambda match: match[1] or match[2] or "", text)
        if plainer == text:
            break
        text = plainer
    return _FUNCTION.sub(r"\1 ", text)


def _math(match: re.Match[str]) -> str:
    inner = match[1]
    if _PRICE.match(inner) and not _MATH_SIGNS.search(inner):
        return match[0]  # "$5 million and $6 million" is no formula
    scripted = _SCRIPT.sub(_script, _BARE_POWER.sub(_power, inner))
    scripted = _BARE_INDEX.sub(lambda index: index[1].translate(_LOWER), scripted)
    return _plain(scripted) if "\\" in scripted or "{" in scripted else scripted


def _power(match: re.Match[str]) -> str:
    return match[1].translate(_UPPER)


def _script(match: re.Match[str]) -> str:
    table, sign = (_UPPER, "^") if match[1] == "^" else (_LOWER, "_")
    inner = match[2].strip()
    if inner and all(ord(char) in table for char in inner):
        return inner.translate(table)
    return f"{sign}{inner}" if len(inner) == 1 or inner.isalnum() else f"{sign}({inner})"


@lru_cache(maxsize=4096)
def _plain(latex: str) -> str:
    """A short piece of LaTeX as text; its bare letters where it cannot be read."""
    if latex[:1] == "\\" and latex[1:2] in ",:;!":
        return " "
    try:
        found = str(_LATEX_READER.latex_to_text(latex, tolerant_parsing=True))
    except Exception:  # noqa: BLE001 - the library fails in many ways on damaged input
        found = ""
    if not found.strip() or ("%s" in found and "%s" not in latex):
        return re.sub(r"[\\{}$]", "", latex)
    return found
