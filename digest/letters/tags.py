"""The tags of a template's HTML, found beside what stands in Jinja's brackets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

HOLE = "\ue000"  # stands for each sign of a {{ … }}; nobody writes it
TURN = "\ue001"  # and this for each of a {% … %} and {# … #}
_STRING = r"\"(?:\\.|[^\"\\])*+\"|'(?:\\.|[^'\\])*+'"
# What is never closed goes on to the end, so that no text is gone through again and again.
_JINJA = re.compile(
    r"\{#.*?(?:#\}|\Z)"
    rf"|\{{%(?:{_STRING}|[^%\"']|%(?!\}}))*+(?:%\}}|\Z|(?=[\"']))"
    rf"|\{{\{{(?:{_STRING}|[^}}\"']|\}}(?!\}}))*+(?:\}}\}}|\Z|(?=[\"']))",
    re.DOTALL,
)
_FOUND = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<name>[a-zA-Z][a-zA-Z0-9]*)(?P<rest>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"(?P<name>[^\s=<>\"'/\ue001]+)(?:\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?"
)
_MARKUPLESS = frozenset(("script", "style", "textarea", "title"))


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute as it is written; `start` and `stop` are its places in the source."""

    name: str
    value: str
    quoted: bool
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag; `end` is where what is in it stops, for those that hold no markup."""

    name: str
    start: int
    stop: int
    attributes: tuple[Attribute, ...]
    end: int

    def of(self, name: str) -> Attribute | None:
        """The attribute of this name."""
        return next((one for one in self.attributes if one.name == name), None)


def masked(source: str) -> str:
    """A template with holes in place of what Jinja reads; lines and places stay."""

    def hole(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", HOLE if found[0].startswith("{{") else TURN, found[0])

    return _JINJA.sub(hole, source)


def is_holed(text: str) -> bool:
    """Whether something of Jinja's stood in a masked text."""
    return HOLE in text or TURN in text


def tags_of(page: str) -> Iterator[Tag]:
    """Every start tag of a masked template, those in comments aside."""
    place = 0
    while found := _FOUND.search(page, place):
        place = found.end()
        if found["name"] is None:
            continue
        name = found["name"].lower()
        end = place
        if name in _MARKUPLESS:
            closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(page, place)
            end = closing.start() if closing else len(page)
            place = end
        attributes = tuple(_attributes(found["rest"], found.start("rest")))
        yield Tag(name, found.start(), found.end(), attributes, end)


def line_of(source: str, place: int) -> int:
    """The line, from 1, of a place in a text."""
    return source.count("\n", 0, place) + 1


def _attributes(rest: str, offset: int) -> Iterator[Attribute]:
    for found in _ATTRIBUTE.finditer(rest):
        value = found["value"] or ""
        quoted = value[:1] in ("'", '"')
        yield Attribute(
            found["name"].lower(),
            value[1:-1] if quoted else value,
            quoted or not value,
            offset + found.start(),
            offset + found.end(),
        )
