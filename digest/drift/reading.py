"""Answers as fields: XML and JSON in one form, so that one rule serves both."""

from collections.abc import Mapping
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from xml.etree.ElementTree import Element

from digest.drift import Fields, Seen
from digest.errors import SourceError
from digest.sources.answers import an_object, read_json
from digest.sources.xml import entries, root_tag

_DEEP = 2  # levels of an object whose names are told
_MOST = 2_000  # entries
_LONG = 400  # signs of a value that are looked at

SPACES = {
    "http://www.w3.org/2005/Atom": "",
    "http://arxiv.org/schemas/atom": "arxiv:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://a9.com/-/spec/opensearch/1.1/": "opensearch:",
    "http://www.openarchives.org/OAI/2.0/": "",
    "http://arxiv.org/OAI/arXiv/": "",
}


def xml_seen(
    source: str,
    body: bytes,
    tags: frozenset[str],
    beside: frozenset[str] = frozenset(),
    roots: frozenset[str] = frozenset(),
    *,
    lenient: bool = False,
) -> Seen:
    """The entries of an XML answer.

    Args:
        source: who is asked, for errors.
        body: the answer.
        tags: what an entry is called, `{namespace}name`.
        beside: elements outside of entries that tell of the whole.
        roots: what the outermost element may be called; anything where it is empty.
        lenient: whether it is mended as feeds need it.

    Raises:
        SourceError: when it is no XML, or something else than was asked for.
    """
    root = root_tag(source, body)
    if roots and root not in roots:
        raise SourceError(source, f"an unknown kind of XML: <{short(root)}>")
    head: dict[str, str] = {}
    found: list[Fields] = []
    for element in entries(source, body, tags, beside=beside, lenient=lenient):
        if element.tag in tags:
            found.append(_fields(element))
        else:
            head[short(element.tag)] = _text(element)
        if len(found) >= _MOST:
            break
    return Seen(head, found)


def json_seen(source: str, body: bytes, where: str = "", head: str = "") -> Seen:
    """The entries of a JSON answer: a list, or the list under a name of its object.

    Args:
        source: who is asked, for errors.
        body: the answer.
        where: the name of the list; empty where the answer is one.
        head: the name of what tells of the whole: an object, or a list that begins with one.

    Raises:
        SourceError: when it is no JSON, or the list is not there.
    """
    value = read_json(source, body)
    listed = an_object(value).get(where) if where else value
    if not isinstance(listed, list):
        names = ", ".join(sorted(map(str, an_object(value)))[:6]) or type(value).__name__
        wanted = f'no list "{where}" in it' if where else "no list"
        raise SourceError(source, f"{wanted}, but {names}")
    told = an_object(value).get(head) if head else None
    whole = told[0] if isinstance(told, list) and told else told
    return Seen(_flat(an_object(whole)), [_flat(an_object(one)) for one in listed[:_MOST]])


def short(tag: str) -> str:
    """A tag with a short name for its namespace, where that is known."""
    space, _, name = tag.removeprefix("{").rpartition("}")
    return f"{SPACES[space]}{name}" if space in SPACES else tag


def a_day(text: str) -> str | None:
    """What is wrong with a date: as ISO has it, or a mail."""
    for read in (date.fromisoformat, datetime.fromisoformat, parsedate_to_datetime):
        try:
            read(text.strip())
        except (ValueError, TypeError, OverflowError):
            continue
        return None
    parts = text.strip().split("-")  # some write 2026-6-30
    if len(parts) == len("ymd") and all(part.isdigit() for part in parts):
        return None
    return f"a date that cannot be read: {text[:40]!r}"


def _fields(element: Element) -> dict[str, str]:
    """The children of an element with their texts; those of children that hold others as a/b."""
    found: dict[str, list[str]] = {}
    for child in element:
        name = short(child.tag)
        if len(child):
            for below in child:
                found.setdefault(f"{name}/{short(below.tag)}", []).append(_text(below))
        else:
            found.setdefault(name, []).append(_text(child))
    return {name: "\n".join(filter(None, texts)) for name, texts in found.items()}


def _text(element: Element) -> str:
    """The text of an element, or what its attributes say instead."""
    text = " ".join("".join(element.itertext()).split())[:_LONG]
    return text or " ".join(element.attrib.values())[:_LONG]


def _flat(value: Mapping[str, object], level: int = 1) -> dict[str, str]:
    """The fields of an object; those of objects in it as a/b."""
    found: dict[str, str] = {}
    for name, inner in value.items():
        if isinstance(inner, dict) and level < _DEEP:
            found[name] = "{}" if inner else ""
            below = _flat(inner, level + 1)
            found |= {f"{name}/{key}": text for key, text in below.items()}
        elif inner is None or inner in ("", [], {}):
            found[name] = ""
        else:
            found[name] = str(inner)[:_LONG]
    return found
