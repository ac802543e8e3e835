"""One paper in words: what it is, what it says, why it is there."""

from dataclasses import dataclass

from digest.letters.passage import Passage, passage_of
from digest.letters.steering import Link, Steering
from digest.letters.words import cut, figure, is_library, listed
from digest.model import (
    COMMENTS,
    STARS,
    UPVOTES,
    Edition,
    Pick,
    Reason,
    ReasonKind,
    StoredPaper,
)

_AUTHORS = 4
_TITLE, _SHORT_TITLE = 400, 120
_NAME, _SHORT_NAME = 80, 30
_TITLE_IN_LINE = 100
_LABEL, _SHORT_LABEL = 60, 12
_TWINS = 2
_LEAST_SHOWN = 0.005
_KINDS = (
    (ReasonKind.TERM, "speaks of"),
    (ReasonKind.AUTHOR, "by"),
    (ReasonKind.CATEGORY, "in"),
)


@dataclass(frozen=True, slots=True)
class PickView:
    """One paper as the letter shows it; empty texts are left out."""

    number: int
    title: str
    url: str
    byline: str
    categories: tuple[str, ...]
    abstract: Passage
    why: str
    twins: tuple[Link, ...]
    counts: str
    links: tuple[Link, ...]
    votes: tuple[Link, ...] = ()
    vote_page: Link | None = None


def pick_view(
    number: int, pick: Pick, edition: Edition, abstract: int, steering: Steering | None = None
) -> PickView:
    """A pick in words.

    Args:
        number: its place in the letter.
        pick: the paper, and why it was chosen.
        edition: where it stands.
        abstract: how many characters of the abstract; with none, all else is short too.
        steering: makes the links for votes, where there are pages.
    """
    paper = pick.paper.paper
    links = (
        ("Abstract", paper.url),
        ("PDF", paper.pdf),
        ("Code", paper.code),
        ("Project", paper.project),
    )
    page = steering.vote_page(pick.paper.number) if steering else None
    return PickView(
        number=number,
        title=cut(paper.title, _TITLE if abstract else _SHORT_TITLE),
        url=_address(pick.paper),
        byline=_byline(paper.authors, _NAME if abstract else _SHORT_NAME),
        categories=paper.categories[:3],
        abstract=passage_of(paper.abstract, pick.sentence, abstract),
        why=_why(pick, edition, short=not abstract),
        twins=_twins(pick) if abstract else (),
        counts=_counts(pick),
        links=tuple(Link(label, url) for label, url in links if url),
        votes=_votes(pick, steering) if abstract else (page,) if page else (),
        vote_page=page,
    )


def reasons_in_words(
    pick: Pick, edition: Edition | None = None, *, title: int = _TITLE_IN_LINE, label: int = _LABEL
) -> str:
    """Why a pick was made: its terms, authors and categories, and the liked paper it is like.

    Args:
        pick: what was chosen.
        edition: where the titles of liked papers are; without it none is named.
        title: how many characters of such a title are shown.
        label: how many of a term, an author or a category.
    """
    said = []
    for kind, word in _KINDS:
        labels = _labels(pick.reasons, kind, label)
        if labels:
            said.append(f"{word} {listed(labels)}")
    if edition is not None:
        said += _likeness(pick, edition, title)
    if said or pick.interest is not None:
        return "; ".join(said)
    return listed(_labels(pick.reasons, ReasonKind.UPVOTES, label))


def lift_of(pick: Pick) -> str:
    """What upvotes added to the score of a pick that serves an interest, where it shows."""
    if pick.interest is None:
        return ""
    share = sum(r.share for r in pick.reasons if r.kind is ReasonKind.UPVOTES)
    return f"{share:.2f}" if share >= _LEAST_SHOWN else ""


def _why(pick: Pick, edition: Edition, *, short: bool) -> str:
    """The reasons with the score; the score of a paper to explore is told above it."""
    if pick.interest is None:
        return ""
    why = reasons_in_words(pick, label=_SHORT_LABEL) if short else reasons_in_words(pick, edition)
    if not why or pick.explores:
        return f"Why: {why}" if why else ""
    lift = lift_of(pick)
    of_it = f", {lift} of it for upvotes" if lift else ""
    return f"Why: {why} (score {figure(pick.score)}{of_it})"


def _likeness(pick: Pick, edition: Edition, most: int) -> list[str]:
    """The liked paper that a pick is most like: each is named once, with the best of its picks."""
    title = edition.liked.get(pick.nearest) if pick.nearest is not None else None
    if not title or pick.interest is None:
        return []
    if pick is not next((one for one in edition.picks if one.nearest == pick.nearest), pick):
        return []
    if is_library(edition.reader, pick.interest):
        return [f"like “{cut(title, most)}” in your library"]
    return [f"like “{cut(title, most)}”, which you liked"]


def _votes(pick: Pick, steering: Steering | None) -> tuple[Link, ...]:
    return steering.votes(pick.paper.number) if steering else ()


def _twins(pick: Pick) -> tuple[Link, ...]:
    return tuple(
        Link(cut(twin.paper.title, _TITLE_IN_LINE), _address(twin)) for twin in pick.twins[:_TWINS]
    )


def _address(stored: StoredPaper) -> str:
    return stored.paper.url or stored.paper.pdf or stored.paper.project or ""


def _byline(authors: tuple[str, ...], most: int) -> str:
    names = [cut(author, most) for author in authors]
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


def _labels(reasons: tuple[Reason, ...], kind: ReasonKind, most: int) -> list[str]:
    return [cut(reason.label, most) for reason in reasons if reason.kind is kind]
