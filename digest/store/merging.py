"""When two descriptions are one work, and what the one description then says."""

from dataclasses import replace

from digest.identity import is_strong
from digest.model import Paper

_SHORTEST_TELLING_TITLE = 15
NO_VERSION = 0  # of a paper that no service told of: it is in readers' libraries alone


def same_work(known: Paper, other: Paper) -> bool:
    """Whether papers that share a title (or a key) are one work.

    With ids of one service on both sides, the ids decide. With ids on one side only, the title
    does. With ids of two services (arXiv and a DOI), the title must be long enough to tell and
    the authors, where both have them, must share a family name.
    """
    known_ids = [key for key in known.keys if is_strong(key)]
    other_ids = [key for key in other.keys if is_strong(key)]
    if not known_ids or not other_ids or set(known_ids) & set(other_ids):
        return True
    services = {key.partition(":")[0] for key in known_ids}
    if services & {key.partition(":")[0] for key in other_ids}:
        return False
    if len(other.title) < _SHORTEST_TELLING_TITLE:
        return False
    return not known.authors or not other.authors or bool(_families(known) & _families(other))


def merged(known: Paper, seen: Paper) -> Paper:
    """What is known of a work after it was seen again: the newest text, no field lost.

    What came from a reader's library is that reader's own, and may be wrong: once a service tells
    of the work, no field and no key of it is left.
    """
    if (known.version == NO_VERSION) != (seen.version == NO_VERSION):
        return seen if known.version == NO_VERSION else known
    stronger = is_strong(seen.key) and not is_strong(known.key)
    fuller = bool(seen.abstract) and not known.abstract
    newer = seen.version > known.version or (seen.version == known.version and (stronger or fuller))
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


def _families(paper: Paper) -> set[str]:
    return {name.split()[-1].casefold() for name in paper.authors if name.split()}
