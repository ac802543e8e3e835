"""Editions: what one reader gets for one date, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from digest.model.asking import Standing
from digest.model.papers import Signal, StoredPaper
from digest.model.readers import Reader

NOT_ASKED = "was not asked"  # a source whose turn has not come yet


class ReasonKind(StrEnum):
    """What carried a part of a score."""

    TERM = "term"
    AUTHOR = "author"
    CATEGORY = "category"
    LIKED = "liked"  # a liked paper that it is near to; its title is the label
    KEYWORDS = "keywords"  # all keywords together, as far as their meaning goes
    UPVOTES = "upvotes"
    DIAL = "dial"  # the reader gives a share of the letter to what everyone reads; adds nothing
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
class Trend:
    """What the upvotes of a paper say: it may expect so many (`expected`) in the next three days.

    `counts` are its upvotes in order of time, as one source counted them; the source showed the
    paper first at `began` (aware).
    """

    expected: float
    counts: tuple[Signal, ...]
    began: datetime


@dataclass(frozen=True, slots=True)
class Pick:
    """A paper chosen for a reader; `interest` is None where upvotes chose it.

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
    trend: Trend | None = None

    @property
    def trends(self) -> bool:
        """Whether upvotes alone chose it."""
        return self.interest is None and not self.explores


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject that rises: so many papers lately (`seen`) speak of it, where the weeks before let
    one expect `expected`. `words` is how the papers write it, `carriers` those that carry it most.
    """

    words: str
    seen: int
    expected: float
    carriers: tuple[StoredPaper, ...] = ()


@dataclass(frozen=True, slots=True)
class Risen:
    """A paper that gained so many upvotes (`gained`) in the days that an edition looks back on."""

    paper: StoredPaper
    gained: int


@dataclass(frozen=True, slots=True)
class LookBack:
    """What a weekly edition looks back on, from `since` to its own date: what its reader liked (or
    saved), the newest first, and what rose most.
    """

    since: date
    liked: tuple[StoredPaper, ...] = ()
    risen: tuple[Risen, ...] = ()


class Mood(StrEnum):
    """What kind of day the edition tells of."""

    MATCHED = "matched"  # picks serve the reader's interests
    TRENDING = "trending"  # the reader has no interests, or turned the dial up: upvotes chose
    UNMATCHED = "unmatched"  # nothing met the interests: upvotes chose
    NOTHING = "nothing"  # nothing met the interests, or nothing was new: there are no picks


@dataclass(frozen=True, slots=True)
class Lack:
    """A part of a source (a category, a feed; "" the whole of it) that was not read to its end.

    `since` is the first date of which something is missing, `shown` the last one before that is
    whole, `last` the last one that lacks (None: it goes on).
    """

    part: str
    standing: Standing
    since: date
    shown: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one source announced and what was read of it; `announced` may be unknown.

    `problem` says why not all was read. Where the source told it date by date, `standing` sums it
    up (None: it did not), `parts` is how many categories or feeds it has, `lacks` are those that
    are not read to their end, `quiet` says why nothing was announced, and `of` is the date of the
    counts where those of the edition's own date are not out yet. `title` is what the only part
    calls itself.
    """

    source: str
    read: int
    announced: int | None = None
    problem: str | None = None
    standing: Standing | None = None
    parts: int = 0
    lacks: tuple[Lack, ...] = ()
    quiet: str = ""
    of: date | None = None
    title: str = ""


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
    picks are near to; `rising` the topics that rise whoever reads; `first` is whether the reader
    had no edition before; `week` is there in a weekly edition.
    """

    reader: Reader
    date: date
    picks: tuple[Pick, ...]
    mood: Mood
    considered: int
    coverage: tuple[Coverage, ...] = ()
    silent: tuple[str, ...] = ()
    liked: Mapping[int, str] = field(default_factory=dict)
    rising: tuple[Topic, ...] = ()
    first: bool = False
    week: LookBack | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A mail ready for a channel: `raw` are its bytes, `label` names its files in an outbox."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    label: str
    raw: bytes = field(repr=False)
