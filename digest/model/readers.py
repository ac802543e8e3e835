"""Readers: what they are interested in, when and how they want their letters, what they said."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise


class KeywordKind(StrEnum):
    """What a keyword of an interest is compared with."""

    WORDS = "words"
    PHRASE = "phrase"
    AUTHOR = "author"
    CATEGORY = "cat"


@dataclass(frozen=True, slots=True)
class Keyword:
    """One item of an interest; `weight` multiplies its share of the score (default 1)."""

    text: str
    kind: KeywordKind = KeywordKind.WORDS
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Interest:
    """A named set of weighted keywords, excluded keywords and liked papers (by key or title)."""

    name: str
    keywords: tuple[Keyword, ...] = ()
    excluded: tuple[Keyword, ...] = ()
    liked: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()

    @property
    def wants(self) -> bool:
        """Whether it asks for anything: exclusions alone only narrow what is shown."""
        return bool(self.keywords or self.liked or self.titles)


class ReaderKind(StrEnum):
    """Where a reader comes from: the configuration, the store, or one command line."""

    CONFIG = "config"
    SAVED = "saved"
    UNSAVED = "unsaved"


class Quiet(StrEnum):
    """What a reader gets on a day when nothing new meets its interests."""

    TRENDING = "trending"  # what everyone reads
    NOTE = "note"  # a few lines that say so, also where there is nothing new at all
    NOTHING = "nothing"  # no letter


ONLY_MINE, EVERYONE = 0, 100


@dataclass(frozen=True, slots=True)
class Manner:
    """How a reader wants its letters.

    `dial` is the share of a letter, in percent, that goes to what everyone reads, from `ONLY_MINE`
    to `EVERYONE`; `abstracts` is whether abstracts are shown.
    """

    dial: int = 20
    quiet: Quiet = Quiet.TRENDING
    abstracts: bool = True


WEEK = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a reader wants the edition: minutes after local midnight, zone, days (Monday is 0).

    `paused_until` is the first local date that has an edition again.
    """

    minute: int = 7 * 60
    zone: str = "UTC"
    weekdays: frozenset[int] = WEEK
    paused_until: date | None = None

    @property
    def longest_gap(self) -> int:
        """The most days from one wanted weekday to the next: 1 for daily, 7 for weekly."""
        days = sorted(self.weekdays)
        return max(b - a for a, b in pairwise([*days, days[0] + 7])) if days else 1

    def before(self, day: date) -> date:
        """The last date before this one that has an edition, whatever was paused or missed."""
        days = (day - timedelta(days=back) for back in range(1, 8))
        return next((past for past in days if past.weekday() in self.weekdays), day)

    @property
    def weekly(self) -> bool:
        """Whether there is one edition a week."""
        return len(self.weekdays) == 1


@dataclass(frozen=True, slots=True)
class Reader:
    """One address with interests and a schedule; `name` tells readers apart in the store.

    `handle` is what links name it by; the store gives it once, and never to anyone else.
    """

    name: str
    address: str
    kind: ReaderKind
    interests: tuple[Interest, ...] = ()
    schedule: Schedule = Schedule()
    limit: int = 10
    number: int | None = None
    handle: str = field(default="", compare=False)
    manner: Manner = Manner()

    @property
    def row(self) -> int:
        """The number in the store.

        Raises:
            ValueError: for a reader who was never stored.
        """
        if self.number is None:
            raise ValueError(f"{self.name} is not stored")
        return self.number


class VoteKind(StrEnum):
    """What a reader says of a paper; `more`, `less` and `mute` exclude each other, `save` none."""

    MORE = "more"
    LESS = "less"
    MUTE = "mute"
    SAVE = "save"  # put on the reading list

    @property
    def likes(self) -> bool:
        """Whether it asks for papers like this one: saving does too."""
        return self in (VoteKind.MORE, VoteKind.SAVE)


@dataclass(frozen=True, slots=True)
class Vote:
    """What a reader (its row) said of a paper (its row), and which interest had brought it."""

    reader: int
    paper: int
    kind: VoteKind
    interest: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class LibraryPaper:
    """A paper (its row) in a reader's own library; `origin` names the file or the service."""

    reader: int
    origin: str
    paper: int
    added: date | None


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """What was learnt of one interest: `position` is its place among the reader's interests.

    `digest` tells what it was made from, `fitted` which numbers `vector` was made with.
    """

    reader: int
    position: int
    digest: str
    fitted: str
    vector: bytes = field(repr=False)
