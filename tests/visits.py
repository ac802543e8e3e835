"""Visits to one source by hand, as `collect` makes them: what it notes and counts is kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from digest.coverage import REMEMBERED
from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.model import Count, Covered, Sighting
from digest.sources import Batch, Request, Source
from tests.conftest import DAY, NOW

A_DAY = timedelta(days=1)


def quick_session(*private: str) -> PoliteSession:
    """A session for loopback: no pauses."""
    return PoliteSession(
        "ann@example.org", spacing=0, sleep=lambda _: None, private_hosts=frozenset(private)
    )


@dataclass
class Visits:
    """A source, and what is kept of it between its visits."""

    source: Source
    notes: dict[str, str] = field(default_factory=dict)
    covered: dict[tuple[str, date], Covered] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    problem: str | None = None
    left: Callable[[], float] = lambda: float("inf")

    def visit(self, days: float = 0, day: date | None = None) -> list[Sighting]:
        """What a visit so many days later finds; an error is kept in `problem`."""
        now = NOW + days * A_DAY
        asked = day or now.date()
        known = (c for c in self.covered.values() if c.date >= asked - REMEMBERED)
        notes, covered = dict(self.notes), tuple(known)
        request = Request(asked, now, notes=notes, covered=covered, left=self.left)
        self.batches, self.problem = [], None
        try:
            for batch in self.source.fetch(request):
                self.batches.append(batch)
                self.notes.update(batch.notes)
                for count in batch.counts:
                    self.covered[count.part, count.date] = Covered(self.source.name, count, now)
        except SourceError as error:
            self.problem = error.problem
        return [sighting for batch in self.batches for sighting in batch.sightings]

    def count(self, days: int = 0, part: str = "") -> Count | None:
        """What was counted for a day, so many after the first."""
        covered = self.covered.get((part, DAY + days * A_DAY))
        return covered.count if covered else None

    def standing(self, days: int = 0, part: str = "") -> tuple[str, int | None, int] | None:
        """How it stands with a day: in a word, announced, read."""
        count = self.count(days, part)
        return (count.standing.value, count.announced, count.read) if count else None


def titles(found: list[Sighting]) -> list[str]:
    """The titles of papers."""
    return [one.paper.title for one in found]
