"""What a template must not hold, and what a letter must: found before anyone gets one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from digest.letters.tags import HOLE, Attribute, Tag, line_of, masked, tags_of

_REFUSED = {
    **dict.fromkeys(("script", "iframe", "object", "embed", "applet"), "mail programs drop it"),
    **dict.fromkeys(("form", "input", "button", "select", "textarea"), "mails are for reading"),
    **dict.fromkeys(("link", "base", "frame", "audio", "video", "source"), "it fetches"),
}
_FETCHES = ("src", "srcset", "background", "poster", "lowsrc", "data")
_ADDRESSES = ("href", "action", "formaction")
_CONDITIONAL = re.compile(r"<!--\[if[^\]<]{0,200}\]>(?:<!-->)?|<!\[endif\]-->|<!--<!\[endif\]-->")
_CSS_FETCH = re.compile(r"@import|url\(\s*(?![\"']?data:)", re.IGNORECASE)
_SCHEMES = re.compile(r"https?:|mailto:|#|\ue000", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a template: where (its file, and the line), what, and what mends it."""

    where: str
    said: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.said}; {self.mend}"


def lint(file: Path, source: str) -> Iterator[Finding]:
    """What is wrong with an HTML template as it is written, by line."""
    page = masked(source)
    page = _CONDITIONAL.sub(lambda found: " " * len(found[0]), page)
    for tag in tags_of(page):
        for place, said, mend in _of_tag(page, tag):
            yield Finding(f"{file}, line {line_of(page, place)}", said, mend)


def _of_tag(page: str, tag: Tag) -> Iterator[tuple[int, str, str]]:
    """Places of what is wrong with a tag, with words."""
    if tag.name in _REFUSED:
        yield tag.start, f"<{tag.name}> ({_REFUSED[tag.name]})", "leave it out"
    if tag.name == "html" and tag.of("lang") is None:
        yield tag.start, "<html> without a language", 'write <html lang="en">'
    if tag.name == "style" and (found := _CSS_FETCH.search(page, tag.stop, tag.end)):
        yield found.start(), "a style sheet that fetches", "write the style into the template"
    for attribute in tag.attributes:
        for said, mend in _of_attribute(attribute):
            yield attribute.start, said, mend


def _of_attribute(attribute: Attribute) -> Iterator[tuple[str, str]]:
    """What is wrong with an attribute, and what mends it."""
    name, value = attribute.name, attribute.value.strip()
    if HOLE in name:
        yield "a variable in place of an attribute", 'put it between quotes: name="{{ … }}"'
    elif not attribute.quoted:
        yield f"{name}= without quotes: a space in it would end it", f'write {name}="…"'
    if name.startswith("on"):
        yield f"{name}= ({_REFUSED['script']})", "leave it out"
    if name in _FETCHES and not value.startswith("data:"):
        yield f"{name}= fetches, and tells who reads when", "show no picture, or data:"
    if name == "style" and _CSS_FETCH.search(value):
        yield "a style that fetches", "leave url() out"
    if name in _ADDRESSES and not _SCHEMES.match(value):
        yield f"{name}= leads nowhere from a mail", "write a whole address (https://…)"
    if name == "http-equiv" and value.lower() == "refresh":
        yield "a mail that leads elsewhere by itself", "leave it out"
