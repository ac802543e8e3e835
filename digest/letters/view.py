"""What a letter says, in words: the variables of the templates, ready to be set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from urllib.parse import quote

from digest.letters.covered import coverage_of
from digest.letters.day import (
    because_of,
    intro_of,
    is_weekly,
    occasion_of,
    preheader_of,
    quiet_of,
    span_of,
    subject_of,
)
from digest.letters.parts import (
    ItemView,
    TopicView,
    WelcomeView,
    liked_views,
    risen_views,
    topic_view,
    welcome_of,
)
from digest.letters.picks import Cards, PickView, pick_view
from digest.letters.steering import Link, Steering
from digest.letters.words import (
    figure,
    heading_of,
    named,
    share_of_letter,
)
from digest.model import EVERYONE, Edition, Pick, Reader, ReasonKind

ABSTRACT = 620
_FOR_YOU = "For you"
_RISING = 5


@dataclass(frozen=True, slots=True)
class Section:
    """Picks under one heading.

    Attributes:
        heading: an interest, "Trending", or "One to explore".
        note: a sentence under the heading; may be empty.
        picks: in the order in which they are read.
        kicker: a word over the heading: "For you" where it is an interest; else empty.
        link: what the note leads to; None where there are no pages.
    """

    heading: str
    note: str
    picks: tuple[PickView, ...]
    kicker: str = ""
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """An earlier edition that may not have arrived.

    Attributes:
        said: what is said of it.
        url: where it is.
    """

    said: str
    url: str


@dataclass(frozen=True, slots=True)
class LetterView:
    """The whole letter. Empty texts, tuples and None are left out.

    Attributes:
        subject: the mail's subject.
        preheader: what a mailbox shows beside the subject.
        date: the edition's date, in words.
        coverage: how many papers were weighed, and what was read of each source.
        intro: what kind of day it is, where there is something to say of it.
        sections: the picks, by heading; none on a day without picks.
        quiet: the interests that nothing met, while others found something.
        because: why the reader gets this.
        owner: the address of the person who runs the digest; may be empty.
        unsubscribe: where the reader leaves: a page, or `mailto:`; may be empty.
        preferences: the page where the reader changes what it gets; empty without pages.
        archive: the page with the reader's past editions; empty without pages.
        brief: whether the letter is so long that each paper has to take little room.
        missing: an earlier edition that may not have arrived.
        occasion: the name of an edition that is not an everyday one: the first, or the week's.
        welcome: what a first edition says of itself.
        topics: subjects that rise.
        week: the span of a weekly edition, in words.
        liked: what the reader liked in that span.
        risen: what rose most in that span.
    """

    subject: str
    preheader: str
    date: str
    coverage: str
    intro: str
    sections: tuple[Section, ...]
    quiet: str
    because: str
    owner: str
    unsubscribe: str
    preferences: str = ""
    archive: str = ""
    brief: bool = False
    missing: Missing | None = None
    occasion: str = ""
    welcome: WelcomeView | None = None
    topics: tuple[TopicView, ...] = ()
    week: str = ""
    liked: tuple[ItemView, ...] = ()
    risen: tuple[ItemView, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that needs a person: what happened, the particulars, and what mends it."""

    what: str
    details: tuple[str, ...] = ()
    mends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertView:
    """A mail to the owner."""

    subject: str
    date: str
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class NoteView:
    """A short mail that somebody asked for: a few sentences, one link; `after` follows it."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    label: str
    url: str
    after: tuple[str, ...] = ()


def view_of(
    edition: Edition,
    owner: str | None,
    abstract: int = ABSTRACT,
    steering: Steering | None = None,
    cards: Cards | None = None,
) -> LetterView:
    """Put an edition into words.

    Args:
        edition: what the reader gets.
        owner: the address that a wish to unsubscribe is written to, if there is one.
        abstract: how many characters of each abstract are shown; with none, all else is short too.
        steering: makes the links to pages, where there are any.
        cards: what other readers are told of the same papers, to say it again in less time.
    """
    day = edition.date
    return LetterView(
        subject=subject_of(edition),
        preheader=preheader_of(edition),
        date=day_in_words(day),
        coverage=coverage_of(edition),
        intro=intro_of(edition),
        sections=tuple(_sections(edition, abstract, steering, cards)),
        quiet=quiet_of(edition),
        because=because_of(edition),
        owner=owner or "",
        unsubscribe=steering.unsubscribe if steering else _by_mail(edition, owner),
        preferences=steering.preferences if steering else "",
        archive=steering.archive if steering else "",
        brief=not abstract,
        missing=_missing(edition, steering),
        occasion=occasion_of(edition),
        welcome=welcome_of(edition, owner, steering) if edition.first else None,
        topics=tuple(
            topic_view(topic, weekly=is_weekly(edition)) for topic in edition.rising[:_RISING]
        ),
        week=span_of(edition),
        liked=liked_views(edition),
        risen=risen_views(edition),
    )


def day_in_words(day: date) -> str:
    """A date as a newspaper has it."""
    return f"{day:%A}, {day.day} {day:%B %Y}"


def _short_day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B}"


def _by_mail(edition: Edition, owner: str | None) -> str:
    """How to leave where there are no pages: by a mail to the owner, who needs none."""
    if not owner or owner == edition.reader.address:
        return ""
    return f"mailto:{quote(owner, safe='@')}?subject=unsubscribe"


def _missing(edition: Edition, steering: Steering | None) -> Missing | None:
    if steering is None or steering.missed is None:
        return None
    yesterday = edition.date - steering.missed == timedelta(days=1)
    which = "Yesterday’s edition" if yesterday else f"The edition of {_short_day(steering.missed)}"
    return Missing(f"{which} may not have reached you", steering.missing)


def _sections(
    edition: Edition, abstract: int, steering: Steering | None, cards: Cards | None
) -> Iterator[Section]:
    """Picks by interest, in the order of the best of each; what everyone reads; the one to explore.

    They are numbered as they are read.
    """
    by_interest: dict[str, list[Pick]] = {}
    trending, explored = [], []
    for pick in edition.picks:
        if pick.explores:
            explored.append(pick)
        elif pick.interest is None:
            trending.append(pick)
        else:
            by_interest.setdefault(pick.interest, []).append(pick)
    numbers = count(1)

    def views(picks: list[Pick]) -> tuple[PickView, ...]:
        return tuple(
            pick_view(next(numbers), pick, edition, abstract, steering, cards) for pick in picks
        )

    for interest, picks in by_interest.items():
        heading = heading_of(edition.reader, interest)
        yield Section(heading, "", views(picks), "" if heading == _FOR_YOU else _FOR_YOU)
    if trending:
        note = _share(trending, edition.reader)
        link = Link("Change it", steering.preferences) if note and steering else None
        yield Section(heading_of(edition.reader, None), note, views(trending), link=link)
    for pick in explored:
        yield Section("One to explore", _near_miss(pick, edition), views([pick]))


def _share(picks: Sequence[Pick], reader: Reader) -> str:
    """What the dial gives to what everyone reads, where it gave picks their places."""
    if not any(reason.kind is ReasonKind.DIAL for pick in picks for reason in pick.reasons):
        return ""
    dial = reader.manner.dial
    if dial >= EVERYONE:
        return "What everyone reads, as you set it: your interests only leave papers out."
    return f"What everyone reads gets up to {share_of_letter(dial)}."


def _near_miss(pick: Pick, edition: Edition) -> str:
    """Why a paper is shown that no interest asked for."""
    near = named(edition.reader, pick.interest) if pick.interest else "your interests"
    score = figure(pick.score)
    return f"A near miss for {near} (score {score}, below the threshold), drawn by lot."
