"""What sources announced, part by part and date by date, against what was read of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Standing(StrEnum):
    """How it stands with one part of a source on one date."""

    COMPLETE = "complete"  # all that was announced was read
    OPEN = "so far"  # the same, but before the date was over: more may come
    QUIET = "quiet"  # nothing was announced, and that is known: a weekend, a holiday, a check
    PARTIAL = "partial"  # some of what was announced could not be read
    STALE = "stale"  # there was an answer, but it still shows an earlier date
    BROKEN = "broken"  # there was no answer that could be read

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be asked for."""
        return self in (Standing.COMPLETE, Standing.QUIET)


@dataclass(frozen=True, slots=True)
class Count:
    """What a part of a source (a category, a feed; "" where it has none) announced on `date`.

    `announced` is how many papers the service said there were (None: it did not say), `read` how
    many of them were read; `way` by which of its ways it was asked; `said` what is wrong, or why
    it is quiet.
    """

    part: str
    date: date
    standing: Standing
    announced: int | None = None
    read: int = 0
    way: str = ""
    said: str | None = None

    @property
    def empty(self) -> bool:
        """Whether it is an empty list that is not believed to be a quiet day yet."""
        return self.standing is Standing.PARTIAL and self.announced is None and not self.read


@dataclass(frozen=True, slots=True)
class Covered:
    """A count as it is kept: of which source, when it was asked for, and first was settled."""

    source: str
    count: Count
    asked: datetime
    completed: datetime | None = None

    @property
    def date(self) -> date:
        """The date of announcement."""
        return self.count.date


@dataclass(frozen=True, slots=True)
class Told:
    """What is kept in one transaction with the papers of a batch.

    `asked` is when the visit began (aware); `notes` are the source's own, by name (an empty text
    forgets one).
    """

    asked: datetime
    counts: tuple[Count, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
