"""RSS and Atom feeds of journals and blogs, as many as are configured.

Each feed is a part of the source, with its own counts and its own memory; one that is broken never
stops the others. A feed that has not changed costs one small answer.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from digest.config import Settings
from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.model import Announcement, Count, Sighting, Standing
from digest.sources import Batch, Parsed, Request
from digest.sources.days import dropped
from digest.sources.feed import Entry, FeedReader, Unreadable
from digest.sources.feed_memory import WAY, Memory, Tally

NAME = "feeds"
MAX_ENTRIES = 5_000  # of one feed at one visit
ENTRIES_A_BATCH = 500
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, "
    "text/xml;q=0.7, */*;q=0.1"
)
_LONGEST_PART = 100
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Feeds:
    """The configured feeds, asked in turn."""

    session: PoliteSession
    addresses: tuple[str, ...]
    name: str = NAME
    pace: timedelta = timedelta(hours=2)

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Yield what is new in each feed.

        Raises:
            SourceError: where none of them could be read.
        """
        failed: list[SourceError] = []
        parts = parts_of(self.addresses)
        if gone := dropped(request.covered, parts):
            yield Batch((), 0, 0, counts=gone)
        for part in _longest_unread_first(parts, request):
            visit = _Visit(part, parts[part], request)
            try:
                yield from self._read(visit)
            except SourceError as error:
                yield visit.broken(error.problem)
                failed.append(error)
        if failed and len(failed) == len(parts):
            others = len(failed) - 1
            more = f" (and {others} more feed{'s' if others > 1 else ''})" if others else ""
            waits = [error.retry_at for error in failed if error.retry_at]
            retry_at = min(waits) if len(waits) == len(failed) else None
            raise SourceError(self.name, failed[0].problem + more, retry_at)

    def _read(self, visit: "_Visit") -> Iterator[Batch]:
        with self.session.open(
            self.name,
            visit.address,
            accept=_ACCEPT,
            known=visit.memory.known,
            left=visit.request.left(),
            foreign=True,
        ) as answer:
            if answer.unchanged:
                yield visit.unchanged(answer.known)
                return
            reader = FeedReader(self.name, visit.address, visit.today)
            for found in reader.read(answer.body):
                visit.take(found)
                if not visit.request.left():
                    raise SourceError(self.name, "not read to its end: no time was left")
                if visit.tally.listed >= MAX_ENTRIES:
                    visit.parsed.trouble(f"{visit.part}: read as far as entry {MAX_ENTRIES}")
                    break
                if len(visit.parsed.sightings) >= ENTRIES_A_BATCH:
                    yield visit.batch()
            if visit.memory.seen and not visit.tally.listed:
                raise SourceError(self.name, "the feed had entries before, and is empty now")
            yield visit.end(answer.known, reader.title)


def open_source(session: PoliteSession, settings: Settings) -> Feeds:
    """The configured feeds."""
    return Feeds(session, settings.feeds)


def _longest_unread_first(parts: Iterable[str], request: Request) -> list[str]:
    """The feeds in the order in which they are asked: where time ends, others lose by it."""
    asked = {one.count.part: one.asked for one in request.covered}  # later dates come later
    return sorted(parts, key=lambda part: asked.get(part, _NEVER))


def parts_of(addresses: tuple[str, ...]) -> dict[str, str]:
    """The addresses by short names that stay the same: host and path."""
    found: dict[str, str] = {}
    for address in addresses:
        place = urlsplit(address)
        host = place.netloc.rpartition("@")[2].lower().removeprefix("www.")
        short = (host + place.path).rstrip("/")
        if place.query or len(short) > _LONGEST_PART or short in found:
            # A query may hold a key: it is told apart, and not shown.
            mark = hashlib.sha256(address.encode()).hexdigest()[:6]
            short = f"{short[:_LONGEST_PART]}#{mark}"
        found[short] = address
    return found


@dataclass(slots=True)
class _Visit:
    """One reading of one feed."""

    part: str
    address: str
    request: Request
    memory: Memory = field(init=False)
    today: date = field(init=False)
    tally: Tally = field(init=False)
    seen: frozenset[str] = field(init=False)
    parsed: Parsed = field(default_factory=Parsed)
    unreadable: int = 0  # since the last batch
    marks: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.memory = Memory.of(self.request.notes.get(f"memory {self.part}", ""))
        self.seen = frozenset(self.memory.seen)
        # A feed shows what is new now, whatever past date it is asked for.
        now = self.request.now.date()
        past = self.request.date < now - timedelta(days=1)
        self.today = now if past else self.request.date
        self.tally = Tally(self.part, self.today)

    def take(self, found: Entry | Unreadable) -> None:
        """Add what is new; what was seen at an earlier visit is passed over."""
        self.tally.listed += 1
        new = found.mark not in self.seen and found.mark not in self.marks
        self.tally.known += found.mark in self.seen
        self.marks[found.mark] = None
        if not new:
            return
        self.parsed.announced += 1
        self.tally.entry(readable=isinstance(found, Entry))
        if isinstance(found, Unreadable):
            self.unreadable += 1
            self.parsed.trouble(f"{self.part}: {found.problem}")
            return
        announced = self.memory.announced(found.published, self.today)
        if announced is not None:
            self.tally.dated(announced)
            self.parsed.sightings.append(Sighting(found.paper, Announcement.NEW, announced))

    def batch(self) -> Batch:
        """What was found since the last batch; old entries of a first visit are counted as read."""
        batch = replace(self.parsed.batch(), read=self.parsed.announced - self.unreadable)
        self.parsed, self.unreadable = Parsed(), 0
        return batch

    def end(self, known: str, title: str) -> Batch:
        """The last batch of a feed that was read to its end."""
        counts = self.tally.counts(self.memory, self.request)
        kept = self.memory.after(self.marks, known, self.today)
        return replace(self.batch(), counts=counts, notes=self._notes(kept, title))

    def unchanged(self, known: str) -> Batch:
        """A feed in which nothing is new, by its own word."""
        self.tally.listed = self.tally.known = len(self.memory.seen)
        return self.end(known, "")

    def broken(self, problem: str) -> Batch:
        """What was read of a feed until it broke; it is asked for whole the next time."""
        self.parsed.trouble(f"{self.part}: {problem}")
        if not self.marks:
            count = Count(self.part, self.today, Standing.BROKEN, None, 0, WAY, problem)
            return replace(self.batch(), counts=(count,))
        counts = self.tally.counts(self.memory, self.request, problem)
        kept = replace(self.memory.after(self.marks, "", self.today), read=self.memory.read)
        return replace(self.batch(), counts=counts, notes=self._notes(kept, ""))

    def _notes(self, memory: Memory, title: str) -> dict[str, str]:
        notes = {f"memory {self.part}": memory.note()}
        return {**notes, f"title {self.part}": title} if title else notes
