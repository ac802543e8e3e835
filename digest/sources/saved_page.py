"""Pages of the Daily Papers site that somebody saved as text, in both layouts seen.

One layout has a line a paragraph and glues the first title to the word Subscribe; the other
parts all paragraphs by empty lines and shows a day (`Mar 17`, without a year) above the list.
Titles and abstracts alternate; they are told apart by length, so that a missing abstract does
not shift all that follows.
"""

import re

from digest.intake.paper import paper_from_fields
from digest.model import Sighting
from digest.sources import Batch, Parsed

MARK = "Get trending papers in your email inbox"
_BUTTON = "Subscribe"
_HEADER_LINES = 10
_DAY = re.compile(r"[A-Z][a-z]{2} \d{1,2}")
_SHORTEST_ABSTRACT = 250  # of 652 papers seen: titles up to 183 characters, abstracts from 439


def is_saved_page(head: str) -> bool:
    """Whether a text begins like such a page."""
    return any(MARK in line for line in head.splitlines()[:_HEADER_LINES])


def parse_page(text: str, place: str) -> Batch:
    """Read a page; its papers have no id, no authors and no date.

    Args:
        text: the page.
        place: the file's name, for troubles.
    """
    parsed = Parsed()
    title: str | None = None
    abstract: list[str] = []
    where = place
    for number, paragraph in _paragraphs(text):
        if len(paragraph) >= _SHORTEST_ABSTRACT:
            if title is None:
                parsed.trouble(f"{place}, line {number}: an abstract without a title")
            else:
                abstract.append(paragraph)
            continue
        if title is not None:
            _add(parsed, title, abstract, where)
        title, abstract, where = paragraph, [], f"{place}, line {number}"
    if title is not None:
        _add(parsed, title, abstract, where)
    if not parsed.announced:
        parsed.trouble(f"{place}: a saved page without papers")
    return parsed.batch()


def _add(parsed: Parsed, title: str, abstract: list[str], where: str) -> None:
    parsed.announced += 1
    paper = paper_from_fields({"title": title, "abstract": " ".join(abstract)})
    if isinstance(paper, str):
        parsed.trouble(f"{where}: {title!r}: {paper}")
        return
    if not abstract:
        parsed.trouble(f"{where}: {title!r} has no abstract")
    parsed.sightings.append(Sighting(paper))


def _paragraphs(text: str) -> list[tuple[int, str]]:
    """The numbered lines below the page's header, empty ones left out."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line]
    for index, (number, line) in enumerate(lines[:_HEADER_LINES]):
        if not line.startswith(_BUTTON):
            continue
        if rest := line.removeprefix(_BUTTON).strip():
            return [(number, rest), *lines[index + 1 :]]
        for day, (_, below) in enumerate(lines[index + 1 : index + 5], index + 1):
            if _DAY.fullmatch(below):
                return lines[day + 1 :]
        return lines[index + 1 :]
    return [(number, line) for number, line in lines if MARK not in line]
