"""Making liked papers from the fields that BibTeX and Zotero share."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from digest.identity import Identifier, arxiv_id, home_of, pdf_of, read_identifier, title_key
from digest.intake.normal import clean_address, clean_date
from digest.model import Paper

_MENTION = re.compile(
    r"""(?:\barxiv(?:\s+(?:id|number|e-?print))?\s*:\s*|^abs/)
        (?P<arxiv>(?:\d{4}\.\d{4,5}|[a-z][a-z-]{1,20}(?:\.[a-z]{2})?/\d{7})(?:v\d{1,3})?)(?!\d)
      | \bdoi\s*:\s*(?:https?://(?:dx\.)?doi\.org/)?(?P<doi>10\.\d{4,9}/\S{1,250})""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_DAY = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
_ANY_DAY = date(9999, 1, 1)
_LONGEST_PROSE = 10_000


@dataclass(frozen=True, slots=True)
class Fields:
    """A library's item in the normal form, but for its identifiers.

    `named` are fields that name the work itself by an identifier or an address. `prose` are those
    in which one may be mentioned, "arXiv preprint arXiv:2401.12345", but also that of another
    work: they count only where the others name nothing, and the first mention alone.
    """

    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    url: str
    named: tuple[str, ...]
    prose: tuple[str, ...]


def paper_of(fields: Fields) -> Paper | None:
    """A paper, keys strongest first, or None where there is neither title nor identifier."""
    titled = any(char.isalnum() for char in fields.title)
    strong = _strongest(map(_named, fields.named)) or list(islice(_mentioned(fields.prose), 1))
    keys = tuple(one.key for one in strong) + ((title_key(fields.title),) if titled else ())
    if not keys:
        return None
    return Paper(
        keys=keys,
        title=fields.title if titled else "",
        abstract=fields.abstract,
        authors=fields.authors,
        categories=fields.categories,
        version=strong[0].version if strong else 1,
        url=clean_address(fields.url) or home_of(keys[0]),
        pdf=pdf_of(keys[0]),
    )


def day_of(written: str) -> date | None:
    """The day in a library's way to write one: `2024-01-31T12:00:00Z`, `2024.01.31`."""
    match = _DAY.match(written.strip())
    return clean_date("-".join(match.groups()), _ANY_DAY) if match else None


def _named(text: str) -> Identifier | None:
    """The identifier that a field is, or begins with: `arXiv:2401.12345 [cs.LG]`."""
    match = _MENTION.match(text.strip()[:_LONGEST_PROSE])
    return read_identifier(text) or (_of_mention(match) if match else None)


def _mentioned(prose: Iterable[str]) -> Iterator[Identifier]:
    for text in prose:
        # Without a slash it may be the number of anything.
        found = [read_identifier(text)] if "/" in text else []
        found += map(_of_mention, _MENTION.finditer(text[:_LONGEST_PROSE]))
        yield from (one for one in found if one)


def _of_mention(match: re.Match[str]) -> Identifier | None:
    return read_identifier(f"arxiv:{match['arxiv']}" if match["arxiv"] else match["doi"])


def _strongest(identifiers: Iterable[Identifier | None]) -> list[Identifier]:
    """The first arXiv id and the first DOI: a second one belongs to something else."""
    arxiv: list[Identifier] = []
    others: list[Identifier] = []
    for one in identifiers:
        if one is not None:
            (arxiv if arxiv_id(one.key) else others).append(one)
    return arxiv[:1] + others[:1]
