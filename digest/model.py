"""The nouns: frozen values without I/O, each with the meaning of its fields.

Dates are local to whom they belong (a reader's date, a service's announcement date);
times are aware and in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise

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


class ReasonKind(StrEnum):
    """What carried a part of a score."""

    TERM = "term"
    AUTHOR = "author"
    CATEGORY = "category"
    UPVOTES = "upvotes"
    REST = "rest"  # all other terms, less what papers of any subject have


@dataclass(frozen=True, slots=True)
class Reason:
    """A part of a score: what it is (`label`), and how much it added (`share`)."""

    kind: ReasonKind
    label: str
    share: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """The sentence of an abstract that says most to a reader, with its matching terms."""

    text: str
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pick:
    """A paper chosen for a reader; `interest` is None where upvotes or curiosity chose it.

    `nearest` is the number of the liked paper that is most like it; `explores` marks the one pick
    outside of the reader's interests; `twins` are papers that say the same and were folded in.
    """

    paper: StoredPaper
    score: float
    interest: str | None
    reasons: tuple[Reason, ...] = ()
    sentence: Sentence | None = None
    nearest: int | None = None
    explores: bool = False
    twins: tuple[StoredPaper, ...] = ()


class Mood(StrEnum):
    """What kind of day the edition tells of."""

    MATCHED = "matched"  # picks serve the reader's interests
    TRENDING = "trending"  # the reader has no interests: upvotes chose
    UNMATCHED = "unmatched"  # nothing met the interests: upvotes chose


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one source announced and what was read of it; `announced` may be unknown."""

    source: str
    read: int
    announced: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a paper must reach to be picked: a score, or the score that so many reach a day.

    `least` is required in any case, so that a day without anything stays one.
    """

    score: float = 0.5
    a_day: float | None = None
    least: float = 0.2


@dataclass(frozen=True, slots=True)
class Edition:
    """What one reader gets for one local date; `considered` papers were weighed for it.

    `silent` are the interests that nothing met; `liked` the titles of liked papers, by number, that
    picks are near to.
    """

    reader: Reader
    date: date
    picks: tuple[Pick, ...]
    mood: Mood
    considered: int
    coverage: tuple[Coverage, ...] = ()
    silent: tuple[str, ...] = ()
    liked: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A mail ready for a channel: `raw` are its bytes, `label` names its files in an outbox."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    label: str
    raw: bytes = field(repr=False)
