"""What a letter has beside its picks: a welcome, topics that rise, a look back at a week."""

from dataclasses import dataclass

from digest.letters.steering import Link, Steering
from digest.letters.words import byline, counted, cut, number_word
from digest.model import Edition, ReaderKind, StoredPaper, Topic

_CARRIERS = 3
_WORDS = 60
_TITLE = 160
_NAME = 60
_ITEMS = 10


@dataclass(frozen=True, slots=True)
class WelcomeView:
    """What a first edition says of itself.

    Attributes:
        paragraphs: what this is, and how it learns.
        link: where things are changed; None where there are no pages.
    """

    paragraphs: tuple[str, ...]
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class TopicView:
    """A subject that rises.

    Attributes:
        words: its name, as papers write it.
        said: how many papers speak of it, and how many were to be expected.
        carriers: up to three of those papers: title and address, which may be empty.
    """

    words: str
    said: str
    carriers: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class ItemView:
    """A paper in one line, as the week's look back has it.

    Attributes:
        title: the paper's.
        url: where it is; may be empty.
        said: who wrote it, or what it gained; may be empty.
    """

    title: str
    url: str
    said: str


def address_of(stored: StoredPaper) -> str:
    """Where a paper is read; empty where nothing is known."""
    return stored.paper.url or stored.paper.pdf or stored.paper.project or ""


def welcome_of(edition: Edition, owner: str | None, steering: Steering | None) -> WelcomeView:
    """A first edition's welcome.

    Args:
        edition: the first of its reader.
        owner: whom a reader without pages may write to, if there is anyone.
        steering: makes the links to pages, where there are any.
    """
    reader = edition.reader
    if reader.interests:
        what = (
            "Welcome. From now on new papers are weighed against your interests, and the few that "
            "are worth your time come to you, each with the reason why. No paper comes twice."
        )
    else:
        what = (
            "Welcome. From now on the papers that everyone reads come to you. Name some interests, "
            "and the letter follows them instead. No paper comes twice."
        )
    if steering:
        how = (
            "It learns from you: under each paper, “more” asks for others like it, “less” for "
            "fewer, “mute” for none at all, and “save” keeps it on your reading list. Interests, "
            "hour, days and length are changed on one page."
        )
        return WelcomeView((what, how), Link("Your preferences", steering.preferences))
    if reader.kind is ReaderKind.CONFIG:
        how = (
            "It learns from you: “digest vote” takes more, less, mute or save for a paper. "
            "Interests, hour and days stand in your configuration."
        )
        return WelcomeView((what, how))
    if owner and owner != reader.address:
        how = f"To change interests, hour or days, write to {owner}."
        return WelcomeView((what, how))
    return WelcomeView((what,))


def topic_view(topic: Topic, *, weekly: bool = False) -> TopicView:
    """A rising topic in words; `weekly` letters say the same of the same seven days."""
    expected = round(topic.expected)
    usual = (
        "hardly any was"
        if expected < 1
        else "one was"
        if expected == 1
        else f"{number_word(expected)} were"
    )
    span = "this week" if weekly else "in seven days"
    papers = "one paper" if topic.seen == 1 else f"{topic.seen:,} papers"
    return TopicView(
        cut(topic.words, _WORDS),
        f"{papers} {span} where {usual} to be expected",
        tuple(map(_link, topic.carriers[:_CARRIERS])),
    )


def liked_views(edition: Edition) -> tuple[ItemView, ...]:
    """What a reader liked in the week that the edition looks back on."""
    liked = edition.week.liked if edition.week else ()
    return tuple(_item(one, byline(one.paper.authors, _NAME)) for one in liked[:_ITEMS])


def risen_views(edition: Edition) -> tuple[ItemView, ...]:
    """What rose most in that week."""
    risen = edition.week.risen if edition.week else ()
    return tuple(_item(one.paper, _gained(one.gained, one.paper.upvotes)) for one in risen[:_ITEMS])


def _gained(gained: int, all_of_them: int | None) -> str:
    votes = f"▲ {counted(gained, 'upvote')} this week"
    return f"{votes}, {all_of_them:,} in all" if all_of_them and all_of_them > gained else votes


def _link(stored: StoredPaper) -> Link:
    return Link(cut(stored.paper.title, _TITLE), address_of(stored))


def _item(stored: StoredPaper, said: str) -> ItemView:
    return ItemView(cut(stored.paper.title, _TITLE), address_of(stored), said)
