"""Works as OpenAlex writes them: abstracts turned inside out, ids at several places."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from digest.errors import SourceError
from digest.identity import read_identifier, title_key
from digest.intake.normal import (
    MAX_AUTHORS,
    clean,
    clean_address,
    clean_count,
    clean_date,
    clean_names,
    clean_title,
    clean_words,
)
from digest.model import Announcement, Paper, Sighting
from digest.sources import Parsed
from digest.sources.answers import a_list, a_text, an_object, read_json
from digest.sources.plain import plain

NAME = "openalex"
MAX_WORDS = 10_000  # of an abstract
_LONGEST_WORD = 100
_MOST_LOCATIONS = 50
_OPENING = re.compile(r"^abstract\b[\s.:–—-]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of works: what could be read, whose ids, how many works there are, what follows."""

    parsed: Parsed
    ids: frozenset[str]
    total: int
    cursor: str


def parse_works(body: bytes, latest: date) -> Page:
    """Read a page; works that are no papers (paratext, retracted, without a title) are passed over.

    Args:
        body: the answer.
        latest: the last date that a work can have.

    Raises:
        SourceError: for what is no page, and for the errors that the service reports.
    """
    answer = an_object(read_json(NAME, body, "the works"))
    results, meta = answer.get("results"), an_object(answer.get("meta"))
    if not isinstance(results, list):
        said = a_text(answer.get("message")) or a_text(answer.get("error"))
        raise SourceError(NAME, f"no list of works{f': {said}'[:200] if said else ''}")
    parsed = Parsed(announced=len(results))
    ids = set()
    for position, result in enumerate(results, 1):
        work = an_object(result)
        ids.add(a_text(work.get("id"), 100) or f"{position} of {meta.get('next_cursor')!r}"[:100])
        if not work:
            parsed.trouble(f"work {position}: {type(result).__name__} instead of an object")
        elif sighting := _sighting(work, latest):
            parsed.sightings.append(sighting)
    total = clean_count(meta.get("count")) or 0
    return Page(parsed, frozenset(ids), total, a_text(meta.get("next_cursor")))


def abstract_of(index: object) -> str:
    """The text of an inverted index (each word with its places), at most `MAX_WORDS` words."""
    words: dict[int, str] = {}
    for word, places in an_object(index).items():
        for place in a_list(places)[:MAX_WORDS]:
            if isinstance(place, int) and 0 <= place < MAX_WORDS:
                words[place] = word[:_LONGEST_WORD]
    return _OPENING.sub("", clean(plain(" ".join(words[place] for place in sorted(words)))))


def _sighting(work: Mapping[str, object], latest: date) -> Sighting | None:
    title = clean_title(plain(a_text(work.get("title")) or a_text(work.get("display_name"))))
    none = work.get("is_paratext") is True or work.get("is_retracted") is True
    if none or not any(sign.isalnum() for sign in title):
        return None
    home = an_object(work.get("primary_location"))
    topic = an_object(work.get("primary_topic"))
    paper = Paper(
        keys=(*_keys(work), title_key(title)),
        title=title,
        abstract=abstract_of(work.get("abstract_inverted_index")),
        authors=clean_names(list(_authors(work))),
        categories=clean_words([topic.get("display_name")]),
        url=clean_address(home.get("landing_page_url")) or clean_address(work.get("doi")),
        pdf=clean_address(home.get("pdf_url")),
    )
    return Sighting(paper, Announcement.NEW, _announced(work, latest))


def _announced(work: Mapping[str, object], latest: date) -> date | None:
    """The day on which a work came to be known there: of its publication, or later."""
    days = [
        clean_date(a_text(work.get(name), 40), latest)
        for name in ("publication_date", "created_date")
    ]
    return min(max((day for day in days if day), default=latest), latest)


def _keys(work: Mapping[str, object]) -> tuple[str, ...]:
    """ArXiv's id where it has one, then its DOIs, its own before those of other places."""
    places = [an_object(one) for one in a_list(work.get("locations"))[:_MOST_LOCATIONS]]
    written = [work.get("doi"), *(place.get("landing_page_url") for place in places)]
    found = (read_identifier(a_text(one, 500)) for one in written if one)
    keys = list(dict.fromkeys(one.key for one in found if one))
    arxiv = [key for key in keys if key.startswith("arxiv:")][:1]
    return (*arxiv, *[key for key in keys if key.startswith("doi:")][:3])


def _authors(work: Mapping[str, object]) -> Iterator[object]:
    for one in a_list(work.get("authorships"))[:MAX_AUTHORS]:
        ship = an_object(one)
        yield an_object(ship.get("author")).get("display_name") or ship.get("raw_author_name")
