"""Liked papers as people paste them: a line each, as id, DOI, address or title; or BibTeX."""

import re

from digest.errors import printable
from digest.identity import home_of, pdf_of, read_identifier, title_key
from digest.intake.normal import clean_title
from digest.libraries import Liked, Reading, Shelf
from digest.libraries.bibtex import MAX_ENTRIES, holds_entries, read_entries
from digest.model import Paper

_TITLE_WORDS = 3
_WORD = re.compile(r"[^\W\d_]{2,}")
_BETWEEN = re.compile(r"[\s,;]+")
_SHOWN = 60


def read_pasted(text: str) -> Shelf:
    """The papers of a text that somebody pasted; what cannot be read is named by its line.

    A line may hold several ids, with spaces or commas between them. Where any line begins a BibTeX
    entry, everything but lines of ids is read as BibTeX.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    named: list[Liked] = []
    others: list[str] = []
    for line in lines:
        found = _identified(line)
        named += found
        others.append("" if found else line)
    rest = "\n".join(others)
    shelf = read_entries(rest) if holds_entries(rest) else _titled(others)
    whole = [*named, *shelf.liked]
    reading = Reading(whole[:MAX_ENTRIES], list(shelf.troubles), shelf.more_troubles)
    if len(whole) > MAX_ENTRIES:
        reading.trouble(f"{len(whole):,} papers, of which {MAX_ENTRIES:,} are read: part them")
    if not whole and not reading.troubles:
        reading.trouble("nothing to read: paste ids, DOIs, addresses, titles or BibTeX")
    return reading.shelf()


def _identified(line: str) -> list[Liked]:
    """The papers of a line that holds identifiers and nothing else."""
    words = [word for word in _BETWEEN.split(line.strip()) if word]
    found = [read_identifier(word) for word in words]
    papers = [
        Paper(
            keys=(one.key,),
            title="",
            version=one.version,
            url=home_of(one.key),
            pdf=pdf_of(one.key),
        )
        for one in found
        if one is not None
    ]
    return [Liked(paper) for paper in papers] if len(papers) == len(words) else []


def _titled(lines: list[str]) -> Shelf:
    """The papers whose titles stand on lines of their own."""
    reading = Reading()
    for number, line in enumerate(lines, 1):
        title = clean_title(line)
        if not title:
            continue
        if "://" in title or len(_WORD.findall(title)) < _TITLE_WORDS:
            reading.trouble(
                f"line {number}: {printable(title, _SHOWN)}: neither an arXiv id, a DOI, the "
                "address of a paper's page nor a whole title: correct it"
            )
        else:
            reading.liked.append(Liked(Paper(keys=(title_key(title),), title=title)))
    return reading.shelf()
