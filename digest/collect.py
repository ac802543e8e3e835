"""Step 1, collect: ask every source that is due, and keep what it showed.

One source's failure never stops another; each batch is kept whole; asking again changes nothing.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import median_low

from digest.errors import LibraryError, SourceError, StoreError
from digest.identity import arxiv_id
from digest.libraries import Library
from digest.model import UPVOTES, Announcement, Reader, Sighting
from digest.progress import Progress
from digest.ranking.trend import trend_of
from digest.readers.library import put_on_shelf
from digest.sources import MAX_TROUBLES, Counting, Request, Source
from digest.sources.arxiv_ids import IDS_A_REQUEST, NAME, ArxivIds
from digest.store import Store
from digest.store.libraries import LibraryState
from digest.store.visits import Visit

log = logging.getLogger(__name__)

_OUR_FAULT = "an error in this program; the log has the details"
_PATIENCE = "the service asked us to wait until"
_RETRY = timedelta(minutes=10)
_LOOK_UP_PACE = timedelta(hours=20)

# Past days whose papers are counted again; nearer ones are asked for with the day itself.
NEAREST, FARTHEST = timedelta(days=2), timedelta(days=7)
WORTH_ASKING = 5.0  # upvotes that a day's papers may expect together in the next three days
_COUNT_PACE = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How one source fared: counts, what could not be read, or why it was not asked."""

    source: str
    read: int = 0
    announced: int | None = None
    added: int = 0
    troubles: tuple[str, ...] = ()
    more_troubles: int = 0
    problem: str | None = None
    skipped: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the source could not be read to its end."""
        return self.problem is not None


def collect(
    store: Store,
    sources: Sequence[Source],
    request: Request,
    *,
    progress: Progress,
    stopping: Callable[[], bool],
) -> list[SourceReport]:
    """Ask the sources in turn; returns a report for each."""
    reports = []
    for source in sources:
        if stopping():
            break
        waits = _not_yet(store, source, request)
        if waits:
            reports.append(SourceReport(source.name, skipped=waits))
        else:
            reports.append(_ask(store, source, request, progress, stopping))
    return reports


def look_up_liked(store: Store, service: ArxivIds, request: Request) -> SourceReport | None:
    """Ask arXiv for papers that readers like and the store does not know; None: nothing to ask."""
    last = store.visits.last(NAME, request.date)
    patience = store.visits.patience(NAME)
    soon = last and request.now - last.asked < _pause(last, _LOOK_UP_PACE, request)
    if soon or (patience and patience > request.now):
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
        report = replace(report, problem=_OUR_FAULT)
    _remember(store, report, request, retry_at)
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
        waits = f"{_PATIENCE} {state.retry_at:%Y-%m-%d %H:%M} UTC"
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
        return SourceReport(library.name, problem=_OUR_FAULT)
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


def _not_yet(store: Store, source: Source, request: Request) -> str | None:
    """Why a source is not to be asked now, or None."""
    if not source.pace:
        return None
    patience = store.visits.patience(source.name)
    if patience and patience > request.now:
        return f"{_PATIENCE} {patience:%Y-%m-%d %H:%M} UTC"
    last = store.visits.last(source.name, request.date)
    if last and request.now - last.asked < _pause(last, source.pace, request):
        minutes = max(int((request.now - last.asked).total_seconds() // 60), 0)
        return f"asked {minutes} min ago"
    return None


def _pause(last: Visit, pace: timedelta, request: Request) -> timedelta:
    """How long to wait after a visit: its pace, or a little where it failed."""
    if last.complete:
        return pace
    return timedelta() if request.at_once else _RETRY


def _ask(
    store: Store,
    source: Source,
    request: Request,
    progress: Progress,
    stopping: Callable[[], bool],
) -> SourceReport:
    """Read one source to its end, or as far as it goes."""
    report = SourceReport(source.name)
    retry_at: datetime | None = None
    try:
        with progress.track(f"collecting from {source.name}", None) as advance:
            for batch in source.fetch(request):
                added = store.papers.add(batch.sightings, source.name, request.date)
                known = [*report.troubles, *batch.troubles]
                report = replace(
                    report,
                    read=report.read + batch.read,
                    announced=(report.announced or 0) + (batch.announced or batch.read),
                    added=report.added + added,
                    troubles=tuple(known[:MAX_TROUBLES]),
                    more_troubles=report.more_troubles
                    + batch.more_troubles
                    + max(len(known) - MAX_TROUBLES, 0),
                )
                advance(batch.read)
                if stopping():
                    report = replace(report, problem="stopped before its end")
                    break
    except SourceError as error:
        report = replace(report, problem=error.problem)
        retry_at = error.retry_at
    except StoreError:
        raise
    except Exception:
        log.exception("source %s", source.name)
        report = replace(report, problem=_OUR_FAULT)
    if report.problem is None and isinstance(source, Counting):
        trouble, retry_at = _count_again(store, source, request, stopping)
        report = _with_trouble(report, trouble) if trouble else report
    for trouble in report.troubles:
        log.warning("%s: %s", source.name, trouble)
    if report.problem:
        log.warning("%s: %s", source.name, report.problem)
    _remember(store, report, request, retry_at)
    return report


def _count_again(
    store: Store, source: Counting, request: Request, stopping: Callable[[], bool]
) -> tuple[str | None, datetime | None]:
    """Count the papers of past days again; returns what went wrong, and how long to wait then.

    It is no part of the visit: what the source announced and what was read stay as they were, and
    so do the dates of the papers.
    """
    for day in days_that_move(store, source.name, request):
        if stopping():
            break
        try:
            for batch in source.count_again(replace(request, date=day)):
                store.papers.add(batch.sightings, source.name, day)
        except StoreError:
            raise
        except SourceError as error:
            return f"the counts of {day}: {error.problem}", error.retry_at
        except Exception:
            log.exception("source %s", source.name)
            return f"the counts of {day}: {_OUR_FAULT}", None
    return None, None


def days_that_move(store: Store, source: str, request: Request) -> list[date]:
    """The past days of a source that are worth a request, the latest first.

    Those that were counted nearly a day ago, and whose papers may expect upvotes still. A paper
    that left its day's list, or is on another's too, does not speak for the others.
    """
    first, last = request.date - FARTHEST, request.date - NEAREST
    days = []
    for day, papers in store.counts.last_by_date(source, UPVOTES, first, last).items():
        counted = median_low(paper.counts[-1].observed for paper in papers)
        trends = (trend_of(paper.counts, paper.began, request.now) for paper in papers)
        worth = sum(trend.expected for trend in trends) >= WORTH_ASKING
        if worth and request.now - counted >= _COUNT_PACE:
            days.append(day)
    return sorted(days, reverse=True)


def _with_trouble(report: SourceReport, trouble: str) -> SourceReport:
    if len(report.troubles) < MAX_TROUBLES:
        return replace(report, troubles=(*report.troubles, trouble))
    return replace(report, more_troubles=report.more_troubles + 1)


def _remember(
    store: Store, report: SourceReport, request: Request, retry_at: datetime | None
) -> None:
    """Keep what a visit brought, for coverage and for the next visit."""
    store.visits.save(
        Visit(
            report.source,
            request.date,
            request.now,
            complete=not report.failed,
            read=report.read,
            announced=report.announced,
            problem=report.problem,
            retry_at=retry_at,
        )
    )
