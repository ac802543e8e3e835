"""What a letter says, in words: the variables of the templates, ready to be set."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from urllib.parse import quote

from digest.letters.picks import PickView, pick_view
from digest.letters.steering import Steering
from digest.letters.words import cut, figure, heading_of, named
from digest.model import Coverage, Edition, Mood, Pick, ReaderKind

ABSTRACT = 620
_TITLE_IN_SUBJECT = 120
_SOURCES = {"arxiv": "arXiv", "huggingface": "Hugging Face Daily Papers", "file": "files"}
_ASIDE = frozenset(("arxiv ids",))  # looked up for the ranking, announced by nobody


@dataclass(frozen=True, slots=True)
class Section:
    """Picks under one heading: an interest, what is trending, or the one to explore."""

    heading: str
    note: str
    picks: tuple[PickView, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """An earlier edition that may not have arrived: what is said of it, and where it is."""

    said: str
    url: str


@dataclass(frozen=True, slots=True)
class LetterView:
    """The whole letter; a `brief` one is so long that each paper has to take little room."""

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
) -> LetterView:
    """Put an edition into words.

    Args:
        edition: what the reader gets.
        owner: the address that a wish to unsubscribe is written to, if there is one.
        abstract: how many characters of each abstract are shown; with none, all else is short too.
        steering: makes the links to pages, where there are any.
    """
    day = edition.date
    return LetterView(
        subject=subject_of(edition),
        preheader=_preheader(edition),
        date=day_in_words(day),
        coverage=_coverage(edition),
        intro=_intro(edition),
        sections=tuple(_sections(edition, abstract, steering)),
        quiet=_quiet(edition),
        because=_because(edition),
        owner=owner or "",
        unsubscribe=steering.unsubscribe if steering else _by_mail(edition, owner),
        preferences=steering.preferences if steering else "",
        archive=steering.archive if steering else "",
        brief=not abstract,
        missing=_missing(edition, steering),
    )


def day_in_words(day: date) -> str:
    """A date as a newspaper has it."""
    return f"{day:%A}, {day.day} {day:%B %Y}"


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


def _short_day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B}"


def subject_of(edition: Edition) -> str:
    """The best pick's title, and how many more there are."""
    if not edition.picks:
        return "Nothing new today"
    more = len(edition.picks) - 1
    best = cut(edition.picks[0].paper.paper.title, _TITLE_IN_SUBJECT)
    return f"{best}, and {more} more" if more else best


def _preheader(edition: Edition) -> str:
    """What a mailbox shows beside the subject: the next titles, none of them to explore."""
    titles = [pick.paper.paper.title for pick in edition.picks[1:4] if not pick.explores]
    return " · ".join(cut(title, 80) for title in titles)


def _sections(edition: Edition, abstract: int, steering: Steering | None) -> Iterator[Section]:
    """Picks by interest, in the order of the best of each, and the one to explore after all.

    They are numbered as they are read.
    """
    by_interest: dict[str | None, list[Pick]] = {}
    for pick in edition.picks:
        if not pick.explores:
            by_interest.setdefault(pick.interest, []).append(pick)
    numbers = count(1)
    for interest, picks in by_interest.items():
        views = tuple(pick_view(next(numbers), pick, edition, abstract, steering) for pick in picks)
        yield Section(heading_of(edition.reader, interest), "", views)
    for pick in edition.picks:
        if pick.explores:
            view = pick_view(next(numbers), pick, edition, abstract, steering)
            yield Section("Further afield", _near_miss(pick, edition), (view,))


def _near_miss(pick: Pick, edition: Edition) -> str:
    """Why a paper is shown that no interest asked for."""
    near = named(edition.reader, pick.interest) if pick.interest else "your interests"
    score = figure(pick.score)
    return f"A near miss for {near} (score {score}, below the threshold), drawn by lot."


def _coverage(edition: Edition) -> str:
    weighed = f"{edition.considered:,} new paper{'' if edition.considered == 1 else 's'} weighed"
    sources = [_source(coverage) for coverage in edition.coverage if coverage.source not in _ASIDE]
    return " · ".join([weighed, *(text for text in sources if text)])


def _source(coverage: Coverage) -> str:
    name = _SOURCES.get(coverage.source, coverage.source)
    if coverage.problem and not coverage.read:
        return f"{name} could not be read"
    if coverage.announced is None or coverage.announced == coverage.read:
        read = f"{name}: {coverage.read:,} read"
    else:
        read = f"{name}: {coverage.read:,} of {coverage.announced:,} read"
    return f"{read} (incomplete)" if coverage.problem else read


def _intro(edition: Edition) -> str:
    if edition.mood is Mood.UNMATCHED:
        return (
            "Nothing new met your interests today. This is what other readers found worth "
            "their time."
        )
    if edition.mood is Mood.TRENDING and not any(pick.paper.upvotes for pick in edition.picks):
        return "No upvotes are known of these papers yet; the newest come first."
    return ""


def _quiet(edition: Edition) -> str:
    """The interests that nothing met, while others found something."""
    if edition.mood is not Mood.MATCHED or not edition.silent:
        return ""
    return (
        f"Nothing today for: {', '.join(named(edition.reader, name) for name in edition.silent)}."
    )


def _because(edition: Edition) -> str:
    reader = edition.reader
    if reader.kind is ReaderKind.UNSAVED:
        return "Made on request from the command line."
    interests = ", ".join(named(reader, interest.name) for interest in reader.interests)
    if not interests:
        return f"You get this at {reader.address}, without interests: the most upvoted papers."
    return f"You get this at {reader.address} for: {interests}."
