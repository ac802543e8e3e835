"""What arXiv's ways of telling of a paper have in common."""

import re
from collections.abc import Iterable, Sequence

from digest.identity import home_of, pdf_of, read_identifier, title_key
from digest.intake.normal import clean, clean_names, clean_title, clean_words
from digest.model import Announcement, Paper

NAME = "arxiv"
BATCH = 500  # sightings that are kept at once

# Archives that are divided into categories, and those of them that are groups of their own.
_GROUPS = frozenset(("cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"))
_DIVIDED = _GROUPS | {"astro-ph", "cond-mat", "nlin", "physics"}


def arxiv_paper(
    written: str,
    title: str,
    abstract: str,
    authors: str | Sequence[str],
    categories: str | Sequence[str],
    doi: str = "",
    version: int | None = None,
) -> Paper | str:
    """A paper from fields as arXiv writes them, or what is wrong with them.

    `written` is its id in any form, `doi` that of the journal's version: a second identity.
    """
    identifier = read_identifier(written)
    if identifier is None or not identifier.key.startswith("arxiv:"):
        return f"no arXiv id in {clean(written, 80)!r}"
    cleaned = clean_title(title)
    if not any(char.isalnum() for char in cleaned):
        return f"{identifier.key} has no title"
    names = clean_names(authors if isinstance(authors, str) else list(authors))
    return Paper(
        keys=tuple(dict.fromkeys((identifier.key, *_journal(doi), title_key(cleaned)))),
        title=cleaned,
        abstract=clean(abstract),
        authors=tuple(name for name in names if any(char.isalnum() for char in name)),
        categories=clean_words(categories if isinstance(categories, str) else list(categories)),
        version=version or identifier.version,
        url=home_of(identifier.key),
        pdf=pdf_of(identifier.key),
    )


def _journal(doi: str) -> tuple[str, ...]:
    """The key of the first DOI of a field that may hold several."""
    if not doi:
        return ()
    first = next(iter(re.split(r"[\s,;]+", doi.strip()[:1000])), "")
    found = read_identifier(first)
    return (found.key,) if found and found.key.startswith("doi:") else ()


def kind_of(paper: Paper, categories: Iterable[str]) -> Announcement:
    """How a new paper was announced to who reads these categories: by its first one, or across."""
    first = paper.categories[:1]
    inside = any(belongs(first, category) for category in categories)
    return Announcement.NEW if inside else Announcement.CROSS


def belongs(names: Iterable[str], category: str) -> bool:
    """Whether one of these names is in a category, which may be a whole archive (`cs`)."""
    return any(name == category or name.startswith(f"{category}.") for name in names)


def query_of(category: str) -> str:
    """How the API is asked for a category or an archive."""
    return f"cat:{category}.*" if category in _DIVIDED else f"cat:{category}"


def set_of(category: str) -> str:
    """The set of OAI-PMH that a category is in: a group, or an archive of physics."""
    archive = category.partition(".")[0]
    return archive if archive in _GROUPS else f"physics:{archive}"


def rank_of(key: str) -> tuple[int, int]:
    """Where an id stands in the order of announcement: arXiv counts them up when it announces.

    Old ids have a row for each archive, which says nothing here: they stand before all others.
    """
    found = re.fullmatch(r"arxiv:(\d{4})\.(\d{4,5})", key)
    return (int(found[1]), int(found[2])) if found else (0, 0)
