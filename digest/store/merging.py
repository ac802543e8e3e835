"""When two descriptions are one work, and what the one description then says."""

from dataclasses import replace
from urllib.parse import urlsplit

from digest.identity import is_deposit, is_strong, service_of, title_key
from digest.model import Paper
from digest.store.likeness import agree, alike, same_signs

_SHORTEST_TELLING_TITLE = 15
_SHORTEST_OF_A_PAGE = 40  # columns have titles such as "What we read this week", and no id
NO_VERSION = 0  # of a paper that no service told of: it is in readers' libraries alone


def same_work(known: Paper, other: Paper) -> bool:
    """Whether papers that share a title (or an id) are one work.

    With ids of one service on both sides, the ids decide. With ids on one side only, the title
    does, where it is long enough to tell. With ids of two services (arXiv and a DOI), the authors
    too, where both have them, must be the same. Pages without ids and with a short title are told
    apart by their addresses.
    """
    known_ids, other_ids = _ids(known), _ids(other)
    if known_ids & other_ids:
        return not numbered_twice(known, other)
    if not known_ids or not other_ids:
        named = bool(known_ids or other_ids)
        telling = _SHORTEST_TELLING_TITLE if named else _SHORTEST_OF_A_PAGE
        return len(other.title) >= telling or not _two_pages(known, other)
    if contradict(known, other) or len(other.title) < _SHORTEST_TELLING_TITLE:
        return False
    if title_key(known.title) == title_key(other.title) and not same_signs(
        known.title, other.title
    ):
        return False
    return not known.authors or not other.authors or agree(known.authors, other.authors)


def numbered_twice(one: Paper, other: Paper) -> bool:
    """Whether a service gave an id to each of two papers, which are not alike.

    Then an id that both have, such as a journal's DOI, is wrong at one of them: authors mistype
    it, or give that of the whole volume.
    """
    same = one.key == other.key and one.key.startswith("arxiv:")  # as nearly always
    if same or NO_VERSION in (one.version, other.version):
        return False
    mine, its = _numbers(one), _numbers(other)
    apart = [mine[service].isdisjoint(its[service]) for service in mine.keys() & its.keys()]
    if not apart or not all(apart):
        return False
    return title_key(one.title) != title_key(other.title) and not alike(one, other)


def with_page_key(paper: Paper) -> Paper:
    """A paper without an id and with a short title gets a key of its own: others share its title.

    What comes from a reader's library is as it is.
    """
    short = len(paper.title) < _SHORTEST_OF_A_PAGE
    if not short or paper.url is None or paper.version == NO_VERSION or _ids(paper):
        return paper
    own = title_key(f"{paper.title} {_place(paper.url)}")
    return replace(paper, keys=tuple(dict.fromkeys((*paper.keys, own))))


def near_work(known: Paper, other: Paper) -> bool:
    """Whether papers of nearly the same title are one work; at least one must have an id."""
    named = bool(_ids(known) or _ids(other))
    return named and not contradict(known, other) and alike(known, other)


def contradict(one: Paper, other: Paper) -> bool:
    """Whether the ids of two papers say that they are two works."""
    mine, its = _ids(one), _ids(other)
    if mine & its or not mine or not its:
        return False
    if all(map(is_deposit, mine)) or all(map(is_deposit, its)):
        return True
    return bool({service_of(key) for key in mine} & {service_of(key) for key in its})


def merged(known: Paper, seen: Paper) -> Paper:
    """What is known of a work after it was seen again: the newest text, no field lost.

    Of one service's versions the last one is the newest text. Versions of two services cannot be
    compared: there a text with an abstract comes before one without. Keys and links of both stay.

    What came from a reader's library is that reader's own, and may be wrong: once a service tells
    of the work, no field and no key of it is left.
    """
    if (known.version == NO_VERSION) != (seen.version == NO_VERSION):
        return seen if known.version == NO_VERSION else known
    newer = _is_newer(seen, known)
    first, second = (seen, known) if newer else (known, seen)
    keys = tuple(dict.fromkeys(known.keys + seen.keys))
    return replace(
        first,
        keys=tuple(sorted(keys, key=strength)),
        abstract=first.abstract or second.abstract,
        authors=first.authors or second.authors,
        categories=tuple(dict.fromkeys(first.categories + second.categories)),
        version=max(known.version, seen.version),
        url=first.url or second.url,
        pdf=first.pdf or second.pdf,
        code=first.code or second.code,
        project=first.project or second.project,
    )


def strength(key: str) -> tuple[int, str]:
    """Sorts keys strongest first: arXiv, DOI, other ids, titles."""
    order = ("arxiv:", "doi:")
    rank = next((i for i, prefix in enumerate(order) if key.startswith(prefix)), len(order))
    return (rank if is_strong(key) else len(order) + 1, key)


def _ids(paper: Paper) -> set[str]:
    return {key for key in paper.keys if is_strong(key)}


def _numbers(paper: Paper) -> dict[str, set[str]]:
    """The ids that preprint servers gave, by server."""
    found: dict[str, set[str]] = {}
    for key in _ids(paper):
        if (service := service_of(key)) != "doi":
            found.setdefault(service, set()).add(key)
    return found


def _two_pages(one: Paper, other: Paper) -> bool:
    """Whether papers of the same short title are at two addresses, or by others."""
    if not one.url or not other.url:
        return False
    if _ids(one) or _ids(other):
        return not agree(one.authors, other.authors)
    return _place(one.url) != _place(other.url)


def _place(address: str) -> str:
    """An address without what differs between links to one page."""
    parts = urlsplit(address)
    asked = [one for one in parts.query.split("&") if one and not one.startswith("utm_")]
    host = (parts.hostname or "").removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}?{'&'.join(asked)}"


def _is_newer(seen: Paper, known: Paper) -> bool:
    """Whether the text of a description comes before what is known."""
    mine, its = _ids(seen), _ids(known)
    fuller = bool(seen.abstract) and not known.abstract
    if mine and its and not mine & its:
        same = bool(seen.abstract) == bool(known.abstract)
        return fuller or (same and strength(seen.key) < strength(known.key))
    stronger = bool(mine) and not its
    return seen.version > known.version or (seen.version == known.version and (stronger or fuller))
