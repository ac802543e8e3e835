"""A reader's own library: papers that it has, and that speak for what it likes."""

from datetime import date

from digest.errors import UsageError, printable
from digest.libraries import Library, Shelf
from digest.model import Paper, Reader, ReaderKind
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
    papers, waiting = _counting(store, shelf, today)
    store.libraries.replace(reader.row, name, papers, name[:60], today)
    return waiting


def add_to_shelf(
    store: Store, reader: Reader, name: str, shelf: Shelf, today: date
) -> tuple[int, tuple[str, ...]]:
    """Keep what was read beside what the library of this name has; see `put_on_shelf`.

    Returns:
        how many papers are new in it, and the keys of those that do not count yet.
    """
    papers, waiting = _counting(store, shelf, today)
    return store.libraries.add(reader.row, name, papers, name[:60], today), waiting


def _counting(
    store: Store, shelf: Shelf, today: date
) -> tuple[list[tuple[Paper, date | None]], tuple[str, ...]]:
    """The papers of a shelf that count, with their days; and the keys of those that do not yet."""
    bare = {key for liked in shelf.liked if not liked.paper.title for key in liked.paper.keys}
    known = store.papers.known_keys(bare) if bare else frozenset()
    counting = [one for one in shelf.liked if one.paper.title or known.intersection(one.paper.keys)]
    papers = [(one.paper, min(one.added, today) if one.added else None) for one in counting]
    found = {key for one in counting for key in one.paper.keys}
    return papers, tuple(sorted(bare - found))


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
