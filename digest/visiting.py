"""Visiting sources: whether one is to be asked now, for how long, and what its visit brought."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from digest.intake.rhythm import on_the_hour, pause_after, stretched
from digest.sources import MAX_TROUBLES, Batch, Request, Source
from digest.store import Store
from digest.store.visits import Visit

OUR_FAULT = "an error in this program; the log has the details"
PATIENCE = "the service asked us to wait until"


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

    def with_trouble(self, trouble: str) -> "SourceReport":
        """The same, with one more thing that could not be read."""
        if len(self.troubles) < MAX_TROUBLES:
            return replace(self, troubles=(*self.troubles, trouble))
        return replace(self, more_troubles=self.more_troubles + 1)

    def with_batch(self, batch: Batch, added: int) -> "SourceReport":
        """The same, with one more batch."""
        known = [*self.troubles, *batch.troubles]
        return replace(
            self,
            read=self.read + batch.read,
            announced=(self.announced or 0)
            + (batch.read if batch.announced is None else batch.announced),
            added=self.added + added,
            troubles=tuple(known[:MAX_TROUBLES]),
            more_troubles=self.more_troubles
            + batch.more_troubles
            + max(len(known) - MAX_TROUBLES, 0),
        )


@dataclass(frozen=True, slots=True)
class Timer:
    """Counts down: `clock` are seconds that only go forward, `end` when time is over."""

    clock: Callable[[], float]
    end: float

    @classmethod
    def of(cls, clock: Callable[[], float], seconds: float) -> "Timer":
        """A timer that runs from now on."""
        return cls(clock, clock() + seconds)

    def left(self) -> float:
        """The seconds that are left; none below zero."""
        return max(self.end - self.clock(), 0.0)

    def at_most(self, seconds: float) -> "Timer":
        """A timer that ends with this one, or sooner."""
        return Timer(self.clock, min(self.end, self.clock() + seconds))


def not_yet(store: Store, source: Source, request: Request) -> str | None:
    """Why a source is not to be asked now, or None."""
    if not source.pace:
        return None
    if waits := waits_for(store, source.name, request):
        return waits
    by_hand = request.at_once
    last = (
        store.visits.last(source.name, request.date)
        if by_hand
        else store.visits.latest(source.name)
    )
    if last is None:
        return None
    if not by_hand and on_the_hour(request.now):
        return "not asked on the hour, when services have most to do"
    if request.now - last.asked < _pause(store, last, source.pace, at_once=by_hand):
        minutes = max(int((request.now - last.asked).total_seconds() // 60), 0)
        return f"asked {minutes} min ago"
    return None


def waits_for(store: Store, source: str, request: Request) -> str | None:
    """Until when a service wants to be left alone, in words, or None."""
    patience = store.visits.patience(source)
    if patience and patience > request.now:
        return f"{PATIENCE} {patience:%Y-%m-%d %H:%M} UTC"
    return None


def _pause(store: Store, last: Visit, pace: timedelta, *, at_once: bool) -> timedelta:
    """How long to wait after a visit: its pace, or longer after each failure."""
    seed = f"{store.identity()} {last.source} {last.asked.isoformat()}"
    if last.complete:
        return pace if at_once else stretched(pace, seed)
    return timedelta() if at_once else pause_after(last.failures, seed)


def remember(
    store: Store, report: SourceReport, request: Request, retry_at: datetime | None
) -> None:
    """Keep what a visit brought, for the status and for the next visit."""
    before = store.visits.latest(report.source)
    failed_before = before.failures if before else 0
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
            failures=failed_before + 1 if report.failed else 0,
        )
    )
