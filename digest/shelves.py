"""Papers that readers like already: their libraries, and what arXiv knows of liked ids."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from digest.errors import LibraryError, SourceError, StoreError
from digest.identity import arxiv_id
from digest.libraries import Library
from digest.model import Announcement, Reader, Sighting
from digest.readers.library import put_on_shelf
from digest.sources import Request
from digest.sources.arxiv_ids import IDS_A_REQUEST, NAME, ArxivIds
from digest.store import Store
from digest.store.libraries import LibraryState
from digest.visiting import OUR_FAULT, PATIENCE, SourceReport, remember, waits_for

log = logging.getLogger(__name__)

_RETRY = timedelta(minutes=10)
_LOOK_UP_PACE = timedelta(hours=20)


def look_up_liked(store: Store, service: ArxivIds, request: Request) -> SourceReport | None:
    """Ask arXiv for papers that readers like and the store does not know; None: nothing to ask."""
    last = store.visits.last(NAME, request.date)
    soon = last and request.now - last.asked < (_LOOK_UP_PACE if last.complete else _RETRY)
    if (soon and not (request.at_once and last and not last.complete)) or waits_for(
        store, NAME, request
    ):
        return None
    liked = store.readers.liked_keys()
    unknown = liked - store.papers.known_keys(liked)
    ids = [found for key in unknown if (found := arxiv_id(key))]
    # Another hundred each day, so that ids which arXiv does not know block nobody for ever.
    ids.sort(key=lambda one: hashlib.sha256(f"{one}{request.date}".encode()).digest())
    ids = ids[:IDS_A_REQUEST]
    if not ids:
        return None
    report, retry_at = SourceReport(NAME, announced=len(ids)), None
    try:
        papers = service.look_up(ids)
        sightings = [Sighting(paper, Announcement.LOOKED_UP) for paper in papers]
        added = store.papers.add(sightings, NAME, request.date)
        report = replace(report, read=len(papers), added=added)
    except StoreError:
        raise
    except SourceError as error:
        report, retry_at = replace(report, problem=error.problem), error.retry_at
    except Exception:
        log.exception("source %s", NAME)
        report = replace(report, problem=OUR_FAULT)
    remember(store, report, request, retry_at)
    return report


def keep_libraries(
    store: Store, reader: Reader, libraries: Sequence[Library], request: Request
) -> list[SourceReport]:
    """Bring a reader's own libraries up to date, and forget those that are no more.

    What was read of a library before still holds where it cannot be read now.
    """
    for origin, _ in store.libraries.origins(reader.row):
        if origin not in {library.name for library in libraries}:
            store.libraries.forget(reader.row, origin)
    return [
        report
        for library in libraries
        if (report := _keep_library(store, reader, library, request)) is not None
    ]


def _keep_library(
    store: Store, reader: Reader, library: Library, request: Request
) -> SourceReport | None:
    """Read a library that is due; None: it is not, or nothing changed in it."""
    state = store.libraries.state(reader.row, library.name)
    if state.retry_at and request.now < state.retry_at:
        waits = f"{PATIENCE} {state.retry_at:%Y-%m-%d %H:%M} UTC"
        return SourceReport(library.name, skipped=waits) if request.at_once else None
    if not request.at_once and state.asked and request.now < state.asked + library.pace:
        return None
    visited = replace(state, asked=request.now, retry_at=None)
    try:
        # What waited for a paper that the store knows now is in the library, not in the store.
        learnt = bool(state.waiting and store.papers.known_keys(state.waiting))
        shelf = library.read(None if learnt else state.version)
        if not shelf.unchanged:
            waiting = put_on_shelf(store, reader, library.name, shelf, request.date)
            visited = LibraryState(shelf.version, request.now, waiting=waiting)
    except StoreError:
        raise
    except LibraryError as error:
        log.warning("%s", error)
        visited = replace(visited, retry_at=error.retry_at)
        store.libraries.save_state(reader.row, library.name, visited)
        return SourceReport(library.name, problem=error.problem)
    except Exception:
        log.exception("library %s", library.name)
        store.libraries.save_state(reader.row, library.name, visited)
        return SourceReport(library.name, problem=OUR_FAULT)
    store.libraries.save_state(reader.row, library.name, visited)
    if shelf.unchanged:
        return None
    for trouble in shelf.troubles:
        log.warning("%s: %s", library.name, trouble)
    return SourceReport(
        library.name,
        read=len(shelf.liked),
        troubles=shelf.troubles,
        more_troubles=shelf.more_troubles,
    )
