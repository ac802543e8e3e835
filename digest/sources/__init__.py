"""Where papers come from; one file a source, those asked each day in `services/`.

A source turns a service's answer into sightings and says how complete they are. Parsing bytes is
a function apart from fetching them; asking politely is `digest.intake.http`'s business.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol, runtime_checkable

from digest.errors import printable
from digest.model import Count, Covered, Sighting

MAX_TROUBLES = 20
ENDLESS = float("inf")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a source: the papers announced on `date`; `now` is aware.

    With `at_once` a source that failed shortly before is asked again without a pause. `notes` are
    what the source noted with earlier batches, by name; `covered` what it told of the last weeks,
    by date and part: what is not settled there can be caught up with. `left` says how many seconds
    the source may still take.
    """

    date: date
    now: datetime
    at_once: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
    covered: tuple[Covered, ...] = ()
    left: Callable[[], float] = field(default=lambda: ENDLESS, compare=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """A part of a source's answer, kept as a whole or not at all.

    `announced` is how many papers the service said there were (None: it did not say), `read` how
    many of them could be read; `troubles` names the first of what could not, each with its place;
    `cut` says why the part ends too early, if it does. `counts` and `notes` are kept in one
    transaction with the sightings: a cursor is noted with the last batch of what it stands behind,
    never before.
    """

    sightings: tuple[Sighting, ...]
    read: int
    announced: int | None = None
    troubles: tuple[str, ...] = ()
    more_troubles: int = 0
    cut: str | None = None
    counts: tuple[Count, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Parsed:
    """What a parser has found so far; keeps the count of troubles, and the first few in words."""

    sightings: list[Sighting] = field(default_factory=list)
    announced: int = 0
    troubles: list[str] = field(default_factory=list)
    more_troubles: int = 0
    cut: str | None = None

    def trouble(self, text: str) -> None:
        """Note what could not be read, and go on."""
        if len(self.troubles) < MAX_TROUBLES:
            self.troubles.append(printable(text))
        else:
            self.more_troubles += 1

    def batch(self) -> Batch:
        """What was found, as a batch."""
        return Batch(
            tuple(self.sightings),
            len(self.sightings),
            self.announced,
            tuple(self.troubles),
            self.more_troubles,
            self.cut,
        )


class Source(Protocol):
    """A service or a pile of files that papers come from.

    `pace` is the time between two visits for the same date; zero where asking costs nobody.
    """

    @property
    def name(self) -> str:
        """What the source is called in the store and in reports."""
        ...

    @property
    def pace(self) -> timedelta:
        """The least time between two visits for the same date."""
        ...

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Yield the papers of a day, part by part.

        Raises:
            SourceError: when nothing more can be had; what was yielded before stays.
        """
        ...


@runtime_checkable
class Counting(Source, Protocol):
    """A source whose counts go on moving after a paper's day: past days can be asked for again.

    What it announces then is no news: the day had its visit.
    """

    def count_again(self, request: Request) -> Iterator[Batch]:
        """Yield the papers of a past day, as `fetch` does, with the counts that they have now.

        Raises:
            SourceError: when nothing more can be had; what was yielded before stays.
        """
        ...


@runtime_checkable
class Announcing(Source, Protocol):
    """A source that announces on known days, so that a quiet day can be told from a broken source.

    The desk asks it whether a date's papers must be out before it tells a reader that there were
    none; the tables of coverage ask it why a date has no counts.
    """

    def expected(self, now: datetime) -> date:
        """The newest date whose announcements must be out at a moment (aware)."""
        ...

    def quiet(self, day: date) -> str | None:
        """Why nothing is announced on a date, in a word ("weekend", "holiday"); None: it is."""
        ...
