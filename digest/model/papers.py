"""Papers, their counts over time, and how sources showed them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

UPVOTES = "upvotes"
COMMENTS = "comments"
STARS = "stars"


class Announcement(StrEnum):
    """In what way a source announced a paper."""

    NEW = "new"
    CROSS = "cross"
    FEATURED = "featured"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"
    LOOKED_UP = "looked-up"  # not announced: a reader likes it, so it was asked for by id

    @property
    def fresh(self) -> bool:
        """Whether such a paper may enter an edition: a new version of an old paper may not."""
        return self in (Announcement.NEW, Announcement.CROSS, Announcement.FEATURED)


@dataclass(frozen=True, slots=True)
class Paper:
    """One work, whatever its versions and sources, in the normal form of the source's border.

    `keys` are all its identities, strongest first: `arxiv:2401.12345`, `doi:10.1101/…`,
    `title:<hash of the normalised title>`.
    """

    keys: tuple[str, ...]
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    version: int = 1
    url: str | None = None
    pdf: str | None = None
    code: str | None = None
    project: str | None = None

    @property
    def key(self) -> str:
        """The strongest identity."""
        return self.keys[0]

    @property
    def text(self) -> str:
        """What a ranker reads."""
        return f"{self.title}. {self.abstract}"


@dataclass(frozen=True, slots=True)
class Signal:
    """How many upvotes, comments or stars a paper had when its source was asked."""

    name: str
    value: int
    observed: datetime


@dataclass(frozen=True, slots=True)
class Sighting:
    """A paper as one source showed it; without `announced` it counts for the day of the run."""

    paper: Paper
    kind: Announcement = Announcement.NEW
    announced: date | None = None
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredPaper:
    """A paper of the store: `number` is its row, `signals` are the latest values by name."""

    number: int
    paper: Paper
    announced: date | None
    sources: tuple[str, ...] = ()
    signals: Mapping[str, int] = field(default_factory=dict)

    @property
    def upvotes(self) -> int | None:
        """The latest count, or None where no source has one."""
        return self.signals.get(UPVOTES)


@dataclass(frozen=True, slots=True)
class Changed:
    """What a ranker reads of a paper that is new or was given another text.

    `number` is its row; `change` counts such events over the whole store and only grows. `key` and
    `announced` are as they are now: where they alone change, no new event is counted.
    """

    number: int
    change: int
    key: str
    announced: date | None
    title: str
    abstract: str

    @property
    def text(self) -> str:
        """What a ranker reads, as of a Paper."""
        return f"{self.title}. {self.abstract}"
