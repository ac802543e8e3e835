"""One paper in words: what it is, what it says, why it is there."""

from dataclasses import dataclass, replace

from digest.letters.curve import curve_of, expected_in_words, time_in_words
from digest.letters.parts import address_of
from digest.letters.passage import Passage, one_sentence, passage_of
from digest.letters.steering import Link, Steering
from digest.letters.words import byline, counted, cut, figure, is_library, listed, source_name
from digest.model import (
    COMMENTS,
    STARS,
    Edition,
    Pick,
    Reader,
    Reason,
    ReasonKind,
    StoredPaper,
    Trend,
)

_SENTENCE = 400
_LITTLE = 200  # characters of an abstract; where there is no room for more, votes are one link
_TITLE, _SHORT_TITLE = 400, 120
_NAME, _SHORT_NAME = 80, 30
_TITLE_IN_LINE, _SHORT_TITLE_IN_LINE = 100, 40
_MOST_LIKED = 2
_LABEL, _SHORT_LABEL = 60, 12
_TWINS = 2
_LONG_ADDRESS = 100
_MOST_CARDS = 4000
_LEAST_SHOWN = 0.005
_MUCH = 10  # upvotes, from which on a paper is much read
_KINDS = (
    (ReasonKind.TERM, "speaks of"),
    (ReasonKind.AUTHOR, "by"),
    (ReasonKind.CATEGORY, "in"),
)


@dataclass(frozen=True, slots=True)
class PickView:
    """One paper as the letter shows it. Empty texts are left out.

    Attributes:
        number: its place as the letter is read, from 1.
        title: the paper's, shortened where it is very long.
        url: where the title leads; may be empty.
        byline: the authors, four at most.
        categories: three at most.
        abstract: `abstract.shown` says whether there is any; `before`, the pieces `said` (each with
            `text` and `marked`) and `after` are the opening, the sentence that says most with its
            terms marked, and what follows; `plain` is all of it as text.
        why: the reasons in words, with the score.
        twins: papers that say the same, as links (`label` and `url`, which may be empty).
        upvotes: how many, and in what time where that is known.
        curve: the upvotes over time, as two to eight characters of growing height; empty where
            they were counted once. For the eye alone: `upvotes` says the same in words.
        counts: comments and stars.
        source: which sources announced the paper.
        links: abstract, PDF, code and project page, as far as they are known; where all is short,
            those alone that are, and that the title does not lead to.
        votes: links for more, less, mute and save, and to the account of the score; one link to
            all of that in a long letter; none where there are no pages.
        vote_page: one link to all of that, for the text; None where there are no pages.
    """

    number: int
    title: str
    url: str
    byline: str
    categories: tuple[str, ...]
    abstract: Passage
    why: str
    twins: tuple[Link, ...]
    upvotes: str
    curve: str
    counts: str
    source: str
    links: tuple[Link, ...]
    votes: tuple[Link, ...] = ()
    vote_page: Link | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What is said of a paper to every reader alike: fields of a PickView."""

    title: str
    url: str
    byline: str
    categories: tuple[str, ...]
    upvotes: str
    curve: str
    counts: str
    source: str
    links: tuple[Link, ...]


class Cards:
    """The cards of the papers that were shown last; those of a day are shown to many readers."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[tuple[int, bool], tuple[StoredPaper, Trend | None, Card]] = {}

    def of(self, pick: Pick, *, short: bool) -> Card:
        """The card of a pick's paper."""
        key = (id(pick.paper), short)
        kept = self._kept.get(key)
        if kept and kept[0] is pick.paper and kept[1] is pick.trend:
            return kept[2]
        if len(self._kept) >= _MOST_CARDS:
            self._kept.clear()
        card = _card(pick, short=short)
        self._kept[key] = (pick.paper, pick.trend, card)  # kept, its id is nobody else's
        return card


def _card(pick: Pick, *, short: bool) -> Card:
    """Where all is short, what the title leads to is no link again, nor is a long address one."""
    paper, address = pick.paper.paper, address_of(pick.paper)
    links = [
        (label, url)
        for label, url in (
            ("Abstract", paper.url),
            ("PDF", paper.pdf),
            ("Code", paper.code),
            ("Project", paper.project),
        )
        if url and not (short and (url == address or len(url) > _LONG_ADDRESS))
    ]
    return Card(
        title=cut(paper.title, _SHORT_TITLE if short else _TITLE),
        url=address,
        byline=byline(paper.authors, _SHORT_NAME if short else _NAME),
        categories=paper.categories[:3],
        upvotes=_upvotes(pick),
        curve=curve_of(pick.trend) if pick.trend else "",
        counts=_counts(pick),
        source="" if short else ", ".join(filter(None, map(source_name, pick.paper.sources))),
        links=tuple(Link(label, url) for label, url in links),
    )


def pick_view(
    number: int,
    pick: Pick,
    edition: Edition,
    abstract: int,
    steering: Steering | None = None,
    cards: Cards | None = None,
) -> PickView:
    """A pick in words.

    Args:
        number: its place in the letter.
        pick: the paper, and why it was chosen.
        edition: where it stands.
        abstract: how many characters of the abstract; with none, all else is short too.
        steering: makes the links for votes, where there are pages.
        cards: what other readers were told of the same papers.
    """
    paper = pick.paper.paper
    card = (cards or Cards()).of(pick, short=not abstract)
    page: Link | None = None
    votes: tuple[Link, ...] = ()
    if steering:
        page = steering.vote_page(pick.paper.number)
        votes = steering.votes(pick.paper.number, page) if abstract > _LITTLE else (page,)
    if edition.reader.manner.abstracts:
        passage = passage_of(paper.abstract, pick.sentence, abstract)
    else:
        passage = one_sentence(paper.abstract, pick.sentence, min(abstract, _SENTENCE))
    return PickView(
        number=number,
        title=card.title,
        url=card.url,
        byline=card.byline,
        categories=card.categories,
        abstract=passage,
        why=_why(pick, edition, short=not abstract),
        twins=_twins(pick) if abstract else (),
        upvotes=card.upvotes,
        curve=card.curve,
        counts=card.counts,
        source=card.source,
        links=card.links,
        votes=votes,
        vote_page=page,
    )


def reasons_in_words(
    pick: Pick,
    edition: Edition | None = None,
    *,
    reader: Reader | None = None,
    title: int = _TITLE_IN_LINE,
    label: int = _LABEL,
) -> str:
    """Why a pick was made: its terms, authors and categories, and the liked paper it is like.

    Where upvotes chose it, they are the reason, and the dial where that gave it a place.

    Args:
        pick: what was chosen.
        edition: where the titles of liked papers are; without it none is named but in reasons.
        reader: whose pick it is, with interests for its libraries; the edition's unless given.
        title: how many characters of such a title are shown.
        label: how many of a term, an author or a category.
    """
    said = []
    for kind, word in _KINDS:
        labels = _labels(pick.reasons, kind, label)
        if labels:
            said.append(f"{word} {listed(labels)}")
    near = _nearness(pick, reader or (edition.reader if edition else None), title)
    said += near
    if edition is not None and not near:
        said += _likeness(pick, edition, title)
    if pick.interest is None:
        said += _labels(pick.reasons, ReasonKind.UPVOTES, label)
        for share in _labels(pick.reasons, ReasonKind.DIAL, label):
            said.append(f"by your dial: {share}")
    return "; ".join(said)


def lift_of(pick: Pick) -> str:
    """What upvotes added to the score of a pick that serves an interest, where it shows."""
    if pick.interest is None:
        return ""
    share = sum(r.share for r in pick.reasons if r.kind is ReasonKind.UPVOTES)
    return f"{share:.2f}" if share >= _LEAST_SHOWN else ""


def _why(pick: Pick, edition: Edition, *, short: bool) -> str:
    """The reasons with the score; the score of a paper to explore is told above it."""
    if pick.interest is None:
        return _why_it_trends(pick.trend) if pick.trend else ""
    if short:
        unlike = replace(edition, liked={})  # no room to say which liked paper it is like
        why = reasons_in_words(pick, unlike, title=_SHORT_TITLE_IN_LINE, label=_SHORT_LABEL)
    else:
        why = reasons_in_words(pick, edition)
    if not why or pick.explores:
        return f"Why: {why}" if why else ""
    lift = lift_of(pick)
    of_it = f", {lift} of it for upvotes" if lift else ""
    return f"Why: {why} (score {figure(pick.score)}{of_it})"


def _why_it_trends(trend: Trend) -> str:
    """What upvotes say of a paper that they chose."""
    read = "much read; " if trend.counts[-1].value >= _MUCH else ""
    return f"Why: {read}{expected_in_words(trend)}"


def _nearness(pick: Pick, reader: Reader | None, most: int) -> list[str]:
    """What an encoder found it close to: liked papers, each named once, and keywords."""
    said = []
    titles = list(dict.fromkeys(_labels(pick.reasons, ReasonKind.LIKED, most)))[:_MOST_LIKED]
    if titles:
        named = listed([f"“{title}”" for title in titles])
        library = reader and pick.interest and is_library(reader, pick.interest)
        said.append(f"is close to {named}{' in your library' if library else ', which you liked'}")
    if any(reason.kind is ReasonKind.KEYWORDS for reason in pick.reasons):
        said.append("is close in meaning to your keywords")
    return said


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


def _twins(pick: Pick) -> tuple[Link, ...]:
    return tuple(
        Link(cut(twin.paper.title, _TITLE_IN_LINE), address_of(twin))
        for twin in pick.twins[:_TWINS]
    )


def _upvotes(pick: Pick) -> str:
    """The count of the trend where there is one: the time that is told belongs to it."""
    count = pick.trend.counts[-1].value if pick.trend else pick.paper.upvotes
    if not count:
        return ""
    votes = counted(count, "upvote")
    since = time_in_words(pick.trend) if pick.trend else ""
    return f"{votes} {since}" if since else votes


def _counts(pick: Pick) -> str:
    signals = pick.paper.signals
    words = ((COMMENTS, "", "comment"), (STARS, "★\N{NO-BREAK SPACE}", "star"))
    shown = [sign + counted(signals[name], noun) for name, sign, noun in words if signals.get(name)]
    return " · ".join(shown)


def _labels(reasons: tuple[Reason, ...], kind: ReasonKind, most: int) -> list[str]:
    return [cut(reason.label, most) for reason in reasons if reason.kind is kind]
