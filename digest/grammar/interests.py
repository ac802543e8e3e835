"""The one grammar of interests: configuration, command line, web form and mail all use it.

    "graph neural network"^2, molecules, author:"Jane Roe", cat:cs.LG, like:2401.12345, -survey

Items are parted by commas or line ends. Plain words match singly and together; words in double
quotes match only as they stand; `^2` doubles an item's weight; `-` excludes; `like:` takes an
arXiv id, a DOI, an address or the title of a paper that the reader likes.
"""

import difflib
import re
from collections.abc import Iterator

from digest.errors import UsageError
from digest.identity import read_identifier
from digest.model import Interest, Keyword, KeywordKind

MAX_ITEMS = 2500
MAX_WEIGHT = 100.0
_TITLE_WORDS = 3

_PREFIXES = {
    "author": KeywordKind.AUTHOR,
    "cat": KeywordKind.CATEGORY,
}
_SPECIAL = re.compile(r"[,^\s]")
_TEXTUAL = (KeywordKind.WORDS, KeywordKind.PHRASE)
_ITEM = re.compile(
    r"""(?P<minus>-\s*)?
        (?:(?P<prefix>[A-Za-z]{2,12}):\s*)?
        (?:"(?P<quoted>[^"]*)"|(?P<plain>[^"^]*?))
        \s*(?:\^\s*(?P<weight>\S*))?""",
    re.VERBOSE,
)


def parse_interest(name: str, text: str) -> Interest:
    """Read an interest.

    Raises:
        UsageError: naming the item that cannot be read and what it should look like.
    """
    keywords: list[Keyword] = []
    excluded: list[Keyword] = []
    liked: list[str] = []
    titles: list[str] = []
    for item in _items(text):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise UsageError(
                f'cannot read {item!r}: write words, "a phrase", author:"Jane Roe", cat:cs.LG, '
                "like:2401.12345, each with an optional ^weight, or -word to exclude"
            )
        if (match["prefix"] or "").lower() == "like":
            text = _liked(item, match)
            identifier = read_identifier(text)
            if identifier:
                liked.append(identifier.key)
            else:
                titles.append(text)
            continue
        keyword = _keyword(item, match)
        if match["minus"]:
            excluded.append(keyword)
        else:
            keywords.append(keyword)
    if len(keywords) + len(excluded) + len(liked) + len(titles) > MAX_ITEMS:
        raise UsageError(f"interest {name!r} has more than {MAX_ITEMS} items: part it in several")
    return Interest(
        name,
        tuple(dict.fromkeys(keywords)),
        tuple(dict.fromkeys(excluded)),
        tuple(dict.fromkeys(liked)),
        tuple(dict.fromkeys(titles)),
    )


def format_interest(interest: Interest) -> str:
    """Write an interest so that reading it gives the same one."""
    items = [_written(keyword) for keyword in interest.keywords]
    items += [f'like:"{key}"' if _SPECIAL.search(key) else f"like:{key}" for key in interest.liked]
    items += [f'like:"{title}"' for title in interest.titles]
    items += ["-" + _written(keyword) for keyword in interest.excluded]
    return ", ".join(items)


def _items(text: str) -> Iterator[str]:
    """Part at commas and line ends that stand outside quotes."""
    if text.count('"') % 2:
        raise UsageError(f"a double quote is never closed in {text!r}")
    for item in re.findall(r'(?:"[^"]*"|[^",\n])+', text):
        if item.strip():
            yield " ".join(item.split())


def _keyword(item: str, match: re.Match[str]) -> Keyword:
    kind, text = KeywordKind.WORDS, match["plain"] or ""
    if match["quoted"] is not None:
        kind, text = KeywordKind.PHRASE, match["quoted"]
    if prefix := match["prefix"]:
        if prefix.lower() in _PREFIXES:
            kind = _PREFIXES[prefix.lower()]
        elif near := difflib.get_close_matches(prefix.lower(), [*_PREFIXES, "like"], 1, 0.7):
            raise UsageError(f"unknown prefix {prefix!r} in {item!r}: did you mean {near[0]}:?")
        else:
            text = f"{prefix}: {text}"
    text = text.strip()
    if not any(char.isalnum() for char in text):
        raise UsageError(f"cannot read {item!r}: there is no word in it")
    if kind in _TEXTUAL and not match["minus"] and not re.search(r"\w\w", text):
        raise UsageError(
            f"{item!r} would find nothing: single letters are not told apart in texts; write a "
            "word of two letters or more"
        )
    return Keyword(text, kind, _weight(item, match["weight"]))


def _liked(item: str, match: re.Match[str]) -> str:
    if match["minus"] or match["weight"] is not None:
        raise UsageError(f"cannot read {item!r}: like: takes neither - nor ^weight")
    text = (match["quoted"] or match["plain"] or "").strip()
    if read_identifier(text) is None and len(re.findall(r"[^\W\d_]{2,}", text)) < _TITLE_WORDS:
        raise UsageError(
            f"cannot read {item!r}: after like: comes an arXiv id (2401.12345), a DOI "
            "(10.1101/…), the address of a paper's page or a whole title"
        )
    return text


def _weight(item: str, written: str | None) -> float:
    if written is None:
        return 1.0
    try:
        weight = float(written)
    except ValueError:
        weight = 0.0
    if not 0 < weight <= MAX_WEIGHT:
        raise UsageError(
            f"cannot read {item!r}: a weight is a number above 0 and at most {MAX_WEIGHT:g}; "
            "to exclude a word write a minus before it"
        )
    return weight


def _written(keyword: Keyword) -> str:
    text = keyword.text if keyword.kind is KeywordKind.WORDS else f'"{keyword.text}"'
    if keyword.kind in (KeywordKind.AUTHOR, KeywordKind.CATEGORY):
        text = f"{keyword.kind.value}:{text}"
    return text if keyword.weight == 1 else f"{text}^{keyword.weight!r}".removesuffix(".0")


def liked_in(text: str) -> tuple[str, ...]:
    """The keys of liked papers in a written interest; none where it cannot be read."""
    try:
        return parse_interest("", text).liked
    except UsageError:
        return ()
