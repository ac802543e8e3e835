"""Step 1, collect: ask every source that is due, and keep what it showed.

One source's failure never stops another; each batch is kept whole, together with what the source
says of it; asking again changes nothing; nobody is waited for without end.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import median_low

from digest.coverage import REMEMBERED
from digest.errors import SourceError, StoreError
from digest.model import UPVOTES, Told
from digest.progress import Progress
from digest.ranking.trend import trend_of
from digest.sources import Counting, Request, Source
from digest.store import Store
from digest.visiting import OUR_FAULT, SourceReport, Timer, not_yet, remember

log = logging.getLogger(__name__)

SOURCE_SECONDS = 10 * 60.0
RUN_SECONDS = 15 * 60.0  # readers who become due meanwhile wait for the end

# Past days whose papers are counted again; nearer ones are asked for with the day itself.
NEAREST, FARTHEST = timedelta(days=2), timedelta(days=7)
WORTH_ASKING = 5.0  # upvotes that a day's papers may expect together in the next three days
_COUNT_PACE = timedelta(hours=20)


def collect(
    store: Store,
    sources: Sequence[Source],
    request: Request,
    *,
    progress: Progress,
    stopping: Callable[[], bool],
    meanwhile: Callable[[], object] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
) -> list[SourceReport]:
    """Ask the sources in turn; returns a report for each.

    Args:
        store: where papers, counts and visits are kept.
        sources: whom to ask.
        request: what for.
        progress: is told of each paper.
        stopping: whether to end after the batch at hand.
        meanwhile: called after each source and each batch: what cannot wait for the end.
        clock: seconds that only go forward.
    """
    reports = []
    timer = Timer.of(clock, RUN_SECONDS)
    for source in sources:
        if stopping():
            break
        if waits := not_yet(store, source, request):
            reports.append(SourceReport(source.name, skipped=waits))
        elif not timer.left():
            waits = f"the sources before took {RUN_SECONDS / 60:.0f} min: asked in the next run"
            reports.append(SourceReport(source.name, skipped=waits))
        else:
            asked = _prepared(store, source, request, timer.at_most(SOURCE_SECONDS))
            reports.append(_ask(store, source, asked, progress, stopping, meanwhile))
            meanwhile()
    return reports


def _prepared(store: Store, source: Source, request: Request, timer: Timer) -> Request:
    """The request with what the source told before, and the time it has."""
    tomorrow = request.date + timedelta(days=1)
    return replace(
        request,
        notes=store.notes.of(source.name),
        covered=store.coverage.between(request.date - REMEMBERED, tomorrow, source.name),
        left=timer.left,
    )


def _ask(
    store: Store,
    source: Source,
    request: Request,
    progress: Progress,
    stopping: Callable[[], bool],
    meanwhile: Callable[[], object],
) -> SourceReport:
    """Read one source to its end, or as far as it goes."""
    report = SourceReport(source.name)
    retry_at: datetime | None = None
    try:
        with progress.track(f"collecting from {source.name}", None) as advance:
            for batch in source.fetch(request):
                told = Told(request.now, batch.counts, batch.notes)
                added = store.papers.add(batch.sightings, source.name, request.date, told)
                report = report.with_batch(batch, added)
                advance(batch.read)
                meanwhile()
                if stopping():
                    report = replace(report, problem="stopped before its end")
                    break
                if not request.left():
                    minutes = f"{SOURCE_SECONDS / 60:.0f} min"
                    report = replace(report, problem=f"not read to its end within {minutes}")
                    break
    except SourceError as error:
        report = replace(report, problem=error.problem)
        retry_at = error.retry_at
    except StoreError:
        raise
    except Exception:
        log.exception("source %s", source.name)
        report = replace(report, problem=OUR_FAULT)
    if report.problem is None and isinstance(source, Counting):
        trouble, retry_at = _count_again(store, source, request, stopping)
        report = report.with_trouble(trouble) if trouble else report
    for trouble in report.troubles:
        log.warning("%s: %s", source.name, trouble)
    if report.problem:
        log.warning("%s: %s", source.name, report.problem)
    remember(store, report, request, retry_at)
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
            return f"the counts of {day}: {OUR_FAULT}", None
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
