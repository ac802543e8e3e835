"""A reader's own library: papers that it has, and that speak for what it likes."""

from datetime import date

from digest.errors import UsageError
from digest.libraries import Library, Shelf
from digest.model import Reader, ReaderKind
from digest.store import Store


def put_on_shelf(store: Store, reader: Reader, shelf: Shelf, today: date) -> int:
    """Keep what was read of a library, and nothing else of it; returns how much changed.

    A day of the future counts as today. An entry without a title counts where the store knows its
    paper.
    """
    bare = {liked.paper.key for liked in shelf.liked if not liked.paper.title}
    known = store.papers.known_keys(bare) if bare else frozenset()
    papers = [
        (liked.paper, min(liked.added, today) if liked.added else None)
        for liked in shelf.liked
        if liked.paper.title or liked.paper.key in known
    ]
    return store.libraries.replace(reader.row, shelf.name, papers, shelf.name[:60], today)


def import_library(store: Store, reader: Reader, library: Library, today: date) -> Shelf:
    """Read a library once into a saved reader's interests.

    Raises:
        LibraryError: when it cannot be read.
        UsageError: for the person of the configuration, whose libraries are named there.
    """
    _only_saved(reader)
    shelf = library.read(None)
    put_on_shelf(store, reader, shelf, today)
    return shelf


def forget_library(store: Store, reader: Reader, name: str) -> int:
    """Take a library out of a saved reader's interests; returns how many papers it had.

    Raises:
        UsageError: where there is none of this name, and for the person of the configuration.
    """
    _only_saved(reader)
    names = [origin for origin, _ in store.libraries.origins(reader.row)]
    if name not in names:
        known = ", ".join(names) or "none"
        raise UsageError(f"{reader.address} has no library {name!r}; there is: {known}")
    return store.libraries.forget(reader.row, name)


def _only_saved(reader: Reader) -> None:
    if reader.kind is ReaderKind.CONFIG:
        raise UsageError(
            f"{reader.address} is the person of the configuration: name libraries with "
            "DIGEST_BIBTEX and DIGEST_ZOTERO in config.env"
        )
