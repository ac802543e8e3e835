"""A reader's own library: papers that it has, and that speak for what it likes."""

from datetime import date

from digest.errors import UsageError, printable
from digest.libraries import Library, Shelf
from digest.model import Reader, ReaderKind
from digest.store import Store


def put_on_shelf(
    store: Store, reader: Reader, name: str, shelf: Shelf, today: date
) -> tuple[str, ...]:
    """Keep what was read of the library of this name, and nothing else of it.

    A day of the future counts as today. An entry without a title counts where the store knows its
    paper.

    Returns:
        the keys of those that do not count yet.
    """
    bare = {key for liked in shelf.liked if not liked.paper.title for key in liked.paper.keys}
    known = store.papers.known_keys(bare) if bare else frozenset()
    counting = [one for one in shelf.liked if one.paper.title or known.intersection(one.paper.keys)]
    papers = [(one.paper, min(one.added, today) if one.added else None) for one in counting]
    store.libraries.replace(reader.row, name, papers, name[:60], today)
    found = {key for one in counting for key in one.paper.keys}
    return tuple(sorted(bare - found))


def import_library(store: Store, reader: Reader, library: Library, today: date) -> Shelf:
    """Read a library once into a saved reader's interests.

    Raises:
        LibraryError: when it cannot be read.
        UsageError: for the person of the configuration, whose libraries are named there.
    """
    _only_saved(reader)
    shelf = library.read(None)
    put_on_shelf(store, reader, library.name, shelf, today)
    return shelf


def forget_library(store: Store, reader: Reader, name: str) -> int:
    """Take a library out of a saved reader's interests; returns how many papers it had.

    Raises:
        UsageError: where there is none of this name, and for the person of the configuration.
    """
    _only_saved(reader)
    names = [origin for origin, _ in store.libraries.origins(reader.row)]
    if name not in names:
        known = printable(", ".join(names)) or "none"
        raise UsageError(f"{reader.address} has no library {name!r}; there is: {known}")
    return store.libraries.forget(reader.row, name)


def _only_saved(reader: Reader) -> None:
    if reader.kind is ReaderKind.CONFIG:
        raise UsageError(
            f"{reader.address} is the person of the configuration: name libraries with "
            "DIGEST_BIBTEX and DIGEST_ZOTERO in config.env"
        )
