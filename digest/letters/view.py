"""What a letter says, in words: the variables of the templates, ready to be set."""

from dataclasses import dataclass
from itertools import count
from urllib.parse import quote

from digest.model import (
    COMMENTS,
    STARS,
    UPVOTES,
    Coverage,
    Edition,
    Mood,
    Pick,
    ReaderKind,
    Reason,
    ReasonKind,
)

UNNAMED = "keywords"
ABSTRACT = 620
_AUTHORS = 4
_TITLE, _SHORT_TITLE = 400, 160
_NAME, _SHORT_NAME = 80, 40
_TITLE_IN_SUBJECT = 120
_SOURCES = {"arxiv": "arXiv", "huggingface": "Hugging Face Daily Papers", "file": "your files"}


_ASIDE = frozenset(("arxiv ids",))  # looked up for the ranking, announced by nobody


@dataclass(frozen=True, slots=True)
class Link:
    """A link under a pick."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class PickView:
    """One paper as the letter shows it; empty texts are left out."""

    number: int
    title: str
    url: str
    byline: str
    categories: tuple[str, ...]
    abstract: str
    why: str
    counts: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Picks under one heading: an interest, or what is trending."""

    heading: str
    picks: tuple[PickView, ...]


@dataclass(frozen=True, slots=True)
class LetterView:
    """The whole letter."""

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


def view_of(edition: Edition, owner: str | None, abstract: int = ABSTRACT) -> LetterView:
    """Put an edition into words.

    Args:
        edition: what the reader gets.
        owner: the address that a wish to unsubscribe is written to, if there is one.
        abstract: how many characters of each abstract are shown; with none, all else is short too.
    """
    day = edition.date
    return LetterView(
        subject=subject_of(edition),
        preheader=" · ".join(_cut(pick.paper.paper.title, 80) for pick in edition.picks[1:4]),
        date=f"{day:%A}, {day.day} {day:%B %Y}",
        coverage=_coverage(edition),
        intro=_intro(edition),
        sections=tuple(_sections(edition, abstract)),
        quiet=_quiet(edition),
        because=_because(edition),
        owner=owner or "",
        unsubscribe=""
        if owner == edition.reader.address
        else f"mailto:{quote(owner, safe='@')}?subject=unsubscribe"
        if owner
        else "",
    )


def subject_of(edition: Edition) -> str:
    """The best pick's title, and how many more there are."""
    if not edition.picks:
        return "Nothing new today"
    more = len(edition.picks) - 1
    best = _cut(edition.picks[0].paper.paper.title, _TITLE_IN_SUBJECT)
    return f"{best}, and {more} more" if more else best


def reasons_in_words(pick: Pick) -> str:
    """Why a pick was made: its terms, authors and categories with the score."""
    terms = _labels(pick.reasons, ReasonKind.TERM)
    authors = _labels(pick.reasons, ReasonKind.AUTHOR)
    categories = _labels(pick.reasons, ReasonKind.CATEGORY)
    said = []
    if terms:
        said.append(f"speaks of {_listed(terms)}")
    if authors:
        said.append(f"by {_listed(authors)}")
    if categories:
        said.append(f"in {_listed(categories)}")
    if said:
        return "; ".join(said)
    return _listed(_labels(pick.reasons, ReasonKind.UPVOTES))


def _sections(edition: Edition, abstract: int) -> list[Section]:
    """Picks by interest, in the order of the best of each; numbered as they are read."""
    by_interest: dict[str | None, list[Pick]] = {}
    for pick in edition.picks:
        by_interest.setdefault(pick.interest, []).append(pick)
    only_one = len(edition.reader.interests) == 1
    numbers = count(1)
    return [
        Section(
            _heading(interest, only_one=only_one),
            tuple(_pick_view(next(numbers), pick, abstract) for pick in picks),
        )
        for interest, picks in by_interest.items()
    ]


def _heading(interest: str | None, *, only_one: bool) -> str:
    if interest is None:
        return "Trending"
    if interest == UNNAMED:
        return "For you" if only_one else "Your keywords"
    return interest[:1].upper() + interest[1:]


def _pick_view(number: int, pick: Pick, abstract: int) -> PickView:
    paper = pick.paper.paper
    links = (
        ("Abstract", paper.url),
        ("PDF", paper.pdf),
        ("Code", paper.code),
        ("Project", paper.project),
    )
    why = reasons_in_words(pick) if pick.interest is not None else ""
    return PickView(
        number=number,
        title=_cut(paper.title, _TITLE if abstract else _SHORT_TITLE),
        url=paper.url or paper.pdf or paper.project or "",
        byline=_byline(paper.authors, _NAME if abstract else _SHORT_NAME),
        categories=paper.categories[:3],
        abstract=_cut(paper.abstract, abstract) if abstract else "",
        why=f"Why: {why} (score {pick.score:.2f})" if why else "",
        counts=_counts(pick),
        links=tuple(Link(label, url) for label, url in links if url),
    )


def _byline(authors: tuple[str, ...], most: int) -> str:
    names = [_cut(author, most) for author in authors]
    if len(names) > _AUTHORS:
        return f"{', '.join(names[: _AUTHORS - 1])} and {len(names) - _AUTHORS + 1} others"
    return ", ".join(names)


def _counts(pick: Pick) -> str:
    signals = pick.paper.signals
    words = (
        (UPVOTES, "▲ {} upvote{}"),
        (COMMENTS, "{} comment{}"),
        (STARS, "★ {} star{}"),
    )
    shown = [
        text.format(f"{signals[name]:,}", "" if signals[name] == 1 else "s")
        for name, text in words
        if signals.get(name)
    ]
    return " · ".join(shown)


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
    return f"Nothing today for: {', '.join(_named(name) for name in edition.silent)}."


def _named(interest: str) -> str:
    return "your keywords" if interest == UNNAMED else interest


def _because(edition: Edition) -> str:
    reader = edition.reader
    if reader.kind is ReaderKind.UNSAVED:
        return "Made on request from the command line."
    names = [interest.name for interest in reader.interests]
    interests = ", ".join(_named(name) for name in names)
    if not interests:
        return f"You get this at {reader.address}, without interests: the most upvoted papers."
    return f"You get this at {reader.address} for: {interests}."


def _labels(reasons: tuple[Reason, ...], kind: ReasonKind) -> list[str]:
    return [reason.label for reason in reasons if reason.kind is kind]


def _listed(labels: list[str]) -> str:
    if len(labels) < 2:  # noqa: PLR2004 - one needs no "and"
        return "".join(labels)
    return f"{', '.join(labels[:-1])} and {labels[-1]}"


def _cut(text: str, most: int) -> str:
    """Text of bounded length, cut at a sentence where one ends late enough, else at a word."""
    if len(text) <= most:
        return text
    sentence = text.rfind(". ", 0, most)
    if sentence > most * 0.6:
        return text[: sentence + 1]
    word = text.rfind(" ", 0, most - 1)
    return text[: word if word > most // 2 else most - 1].rstrip(" ,;:-") + "…"
