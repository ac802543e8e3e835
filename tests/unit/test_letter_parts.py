"""What a letter says beside its picks, how upvotes are drawn, and what kind of day it is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.letters.curve import LONGEST, curve_of, expected_in_words, time_in_words
from digest.letters.parts import topic_view
from digest.letters.passage import Passage, one_sentence
from digest.letters.picks import reasons_in_words
from digest.letters.render import shipped_press
from digest.letters.steering import steering_of
from digest.letters.view import LetterView, view_of
from digest.letters.words import byline, number_word, share_of_letter, source_name
from digest.model import (
    COMMENTS,
    UPVOTES,
    Coverage,
    Edition,
    LookBack,
    Manner,
    Mood,
    Pick,
    Quiet,
    Reader,
    ReaderKind,
    Reason,
    ReasonKind,
    Risen,
    Sentence,
    Signal,
    Topic,
    Trend,
)
from tests.conftest import DAY
from tests.golden.situations import LINKS
from tests.papers import paper, reader, stored

BEGAN = datetime(2026, 3, 15, tzinfo=UTC)
IN_ORDER = "All is in order."
SIGNS = "▁▂▃▄▅▆▇█"
OWNER = "owner@example.org"


def trend(*counts: tuple[float, int], expected: float = 12.4) -> Trend:
    """Upvotes so many hours after the source showed the paper."""
    signals = (Signal(UPVOTES, value, BEGAN + timedelta(hours=at)) for at, value in counts)
    return Trend(expected, tuple(signals), BEGAN)


def read_by_all(dial: int | None = 20) -> Pick:
    """A pick that upvotes chose; `dial` is the reader's, where that gave it a place."""
    votes: tuple[Reason, ...] = (Reason(ReasonKind.UPVOTES, "34 upvotes", 12.4),)
    if dial is not None:
        votes += (Reason(ReasonKind.DIAL, f"{dial} % of the letter", 0.0),)
    told = trend((24, 20), (48, 34))
    return Pick(stored(9, paper("Read by all"), 34), 12.4, None, votes, trend=told)


def chosen(number: int = 1, interest: str = "interest 1", **fields: object) -> Pick:
    """A pick that serves an interest."""
    reasons = (Reason(ReasonKind.TERM, "owls", 0.5),)
    made = Pick(stored(number, paper(f"Owls {number}", "Owls hear. They see.")), 0.6, interest)
    return replace(made, reasons=reasons, **fields)  # type: ignore[arg-type]


def edition(*picks: Pick, of: Reader | None = None, **fields: object) -> Edition:
    """An edition of these picks, for one interest."""
    who = of or replace(reader("ann@example.org", "owls"), handle="h4nDl3xY")
    made = Edition(who, DAY, picks, Mood.MATCHED, 500, (Coverage("arxiv", 500, 500),))
    return replace(made, **fields)  # type: ignore[arg-type]


def view(made: Edition, *, pages: bool = True) -> LetterView:
    """The letter in words."""
    steering = steering_of(LINKS, made, made.date) if pages else None
    return view_of(made, OWNER, steering=steering)


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([(6, 1), (12, 2), (18, 3), (24, 4), (30, 5), (36, 6), (42, 7), (48, 8)], "▁▂▃▄▅▆▇█"),
        ([(24, 17), (48, 34)], "▄█"),
        ([(12, 34), (48, 34)], "██"),
        ([(47, 0), (48, 40)], "▁█"),
        ([(12, 40), (24, 20), (48, 10)], "█▄▂"),
        ([(step, step) for step in range(1, 101)], "▁▂▃▄▅▆▇█"),
    ],
)
def test_a_curve_is_the_count_at_the_end_of_equal_steps(
    counts: list[tuple[float, int]], shown: str
) -> None:
    """As many steps as counts, eight at most, in eighths of the largest; counts may fall."""
    assert curve_of(trend(*counts)) == shown


@pytest.mark.parametrize(
    "counts",
    [
        [(5, 12)],  # counted once
        [(24, 0), (48, 0)],  # none at all
        [(24, 2), (48, 4)],  # too few: each would be a step of its own
        [(0, 5), (0.001, 6)],  # seconds apart
        [(-5, 3), (-1, 4)],  # counted before it began, by a clock that is wrong
        [(-5, 3), (5, 4)],  # one count that is left
    ],
)
def test_where_there_is_nothing_to_draw_there_is_no_curve(counts: list[tuple[float, int]]) -> None:
    """A single point, few upvotes or none, no time between."""
    assert curve_of(trend(*counts)) == ""


@given(
    st.lists(st.tuples(st.floats(-10, 4000), st.integers(0, 10**6)), min_size=1, max_size=40),
)
def test_any_counts_make_a_short_curve_or_none(counts: list[tuple[float, int]]) -> None:
    """Two to eight of the eight signs; what only grows never falls; the largest is full."""
    made = trend(*sorted(counts))
    curve = curve_of(made)
    assert len(curve) in (0, *range(2, LONGEST + 1))
    assert set(curve) <= set(SIGNS)
    assert not curve or "█" in curve
    if all(one.value <= other.value for one, other in pairwise(made.counts)):
        heights = [SIGNS.index(sign) for sign in curve]
        assert heights == sorted(heights)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0.5, ""),
        (1, "in an hour"),
        (14, "in 14 hours"),
        (21, "in a day"),
        (47, "in two days"),
        (300, "in twelve days"),
        (340, "in 14 days"),
    ],
)
def test_the_time_that_upvotes_took(hours: float, said: str) -> None:
    """Hours up to most of a day, days after; none where there was no time."""
    assert time_in_words(trend((hours, 3))) == said


def test_what_is_expected_is_said_in_words() -> None:
    """Rounded; less than half an upvote is hardly any."""
    said = [expected_in_words(trend((9, 3), expected=more)) for more in (0.4, 1.2, 12.4, 1234.5)]
    assert said == [
        "hardly any more upvotes expected",
        "about one more upvote expected in three days",
        "about twelve more upvotes expected in three days",
        "about 1,234 more upvotes expected in three days",
    ]


def test_what_everyone_reads_stands_apart_with_its_reason_and_curve() -> None:
    """After the interests, whatever its place in the edition; with the share and how to set it."""
    letter = view(edition(chosen(1), read_by_all(), chosen(2)))
    assert [section.heading for section in letter.sections] == ["Interest 1", "Trending"]
    assert [section.kicker for section in letter.sections] == ["For you", ""]
    trending = letter.sections[1]
    assert trending.note == "What everyone reads gets up to a fifth of your letter."
    assert trending.link is not None
    assert trending.link.url == letter.preferences
    (pick,) = trending.picks
    assert pick.number == 3
    assert pick.why == "Why: much read; about twelve more upvotes expected in three days"
    assert (pick.upvotes, pick.curve) == ("34 upvotes in two days", "▅█")
    assert view(edition(chosen(1), read_by_all()), pages=False).sections[1].link is None


@pytest.mark.parametrize(
    ("dial", "note"),
    [
        (35, "What everyone reads gets up to 35 % of your letter."),
        (50, "What everyone reads gets up to half of your letter."),
        (100, "What everyone reads, as you set it: your interests only leave papers out."),
    ],
)
def test_the_dial_is_explained_where_it_decided(dial: int, note: str) -> None:
    """Above what it chose, and as a reason of its own."""
    who = replace(reader("ann@example.org", "owls"), manner=Manner(dial=dial))
    made = edition(read_by_all(dial), of=who)
    assert view(made).sections[0].note == note
    said = f"34 upvotes; by your dial: {dial} % of the letter"
    assert reasons_in_words(made.picks[0]) == said


@pytest.mark.parametrize("mood", [Mood.TRENDING, Mood.UNMATCHED])
def test_where_the_dial_decided_nothing_it_is_not_spoken_of(mood: Mood) -> None:
    """Without interests, or where nothing met them, everything is trending."""
    made = edition(read_by_all(None), mood=mood)
    assert view(made).sections[0].note == ""
    assert reasons_in_words(made.picks[0]) == "34 upvotes"


def test_a_first_edition_says_what_this_is() -> None:
    """How it learns, and where things are changed: by the ways that this reader has."""
    first = edition(chosen(), first=True)
    letter = view(first)
    assert letter.subject == "Your first edition: Owls 1"
    assert letter.welcome is not None
    assert letter.welcome.link is not None
    assert letter.welcome.link.url == letter.preferences
    assert "“mute”" in " ".join(letter.welcome.paragraphs)
    apart = view(first, pages=False).welcome
    assert apart is not None
    assert apart.link is None
    assert apart.paragraphs[-1].endswith(f"write to {OWNER}.")
    configured = replace(first, reader=replace(first.reader, kind=ReaderKind.CONFIG))
    told = view(configured, pages=False).welcome
    assert told is not None
    assert "digest vote" in told.paragraphs[-1]
    open_to_all = view(edition(read_by_all(), of=reader(), first=True)).welcome
    assert open_to_all is not None
    assert "Name some interests" in open_to_all.paragraphs[0]
    assert view(edition(chosen())).welcome is None


def test_a_weekly_edition_looks_back() -> None:
    """Its name counts the picks; what the reader liked, and what rose, each with its words."""
    liked = replace(stored(5, paper("Bats", url="https://example.org/5", authors=("A B", "C D"))))
    risen = stored(6, paper("Kites"), 58)
    week = LookBack(DAY - timedelta(days=7), (liked,), (Risen(risen, 41), Risen(risen, 58)))
    letter = view(edition(*(chosen(n) for n in range(10)), week=week, silent=("owls",)))
    assert letter.subject == "The week’s ten: Owls 0, and 9 more"
    assert (letter.occasion, letter.week) == ("The week’s ten", "11 to 17 March")
    assert letter.quiet == "Nothing this week for: owls."
    assert [(item.title, item.url, item.said) for item in letter.liked] == [
        ("Bats", "https://example.org/5", "A B, C D")
    ]
    assert [item.said for item in letter.risen] == [
        "▲ 41 upvotes this week, 58 in all",
        "▲ 58 upvotes this week",
    ]
    text = shipped_press().text(letter)
    for said in ("THE WEEK’S TEN, 11 TO 17 MARCH", "WHAT YOU LIKED", "WHAT ROSE"):
        assert said in text
    early = view(edition(chosen(), date=date(2026, 3, 4), week=LookBack(date(2026, 2, 25))))
    assert (early.occasion, early.week) == ("Your week", "26 February to 4 March")


@pytest.mark.parametrize(
    ("seen", "expected", "said"),
    [
        (14, 3.2, "14 papers in seven days where three were to be expected"),
        (6, 1.4, "6 papers in seven days where one was to be expected"),
        (1, 0.1, "one paper in seven days where hardly any was to be expected"),
    ],
)
def test_a_rising_topic_says_how_much(seen: int, expected: float, said: str) -> None:
    """How many papers, and how many the weeks before let one expect; three carriers at most."""
    carriers = tuple(stored(n, paper(f"P{n}", url=f"https://example.org/{n}")) for n in range(5))
    shown = topic_view(Topic("night vision", seen, expected, carriers))
    assert shown.said == said
    assert [link.label for link in shown.carriers] == ["P0", "P1", "P2"]
    assert topic_view(Topic("x", 5, 2), weekly=True).said.startswith("5 papers this week")


@pytest.mark.parametrize(
    ("fields", "subject", "said"),
    [
        (
            {},
            "Nothing new for you today",
            f"Nothing new met your interests today. 500 papers were weighed, and none fits. {IN_ORDER}",
        ),
        (
            {"considered": 1},
            "Nothing new for you today",
            f"Nothing new met your interests today. One paper was weighed, and none fits. {IN_ORDER}",
        ),
        (
            {"considered": 0},
            "Nothing new today",
            f"Nothing new was announced today. {IN_ORDER}",
        ),
        (
            {
                "considered": 0,
                "coverage": (Coverage("arxiv", 3, 9, "cut"), Coverage("x", 0, 0, "x")),
            },
            "Nothing new today",
            "Nothing new was announced today. arXiv and x could not be read in full, so there may be more.",
        ),
    ],
)
def test_a_day_without_picks_is_no_breakdown(
    fields: dict[str, object], subject: str, said: str
) -> None:
    """What was weighed, and that all is in order, or what could not be read; in both parts."""
    who = replace(reader("ann@example.org", "owls"), manner=Manner(quiet=Quiet.NOTE))
    letter = view(edition(of=who, mood=Mood.NOTHING, silent=("owls",), **fields))
    assert (letter.subject, letter.intro, letter.preheader) == (subject, said, said)
    assert letter.sections == ()
    assert said in " ".join(shipped_press().text(letter).split())
    assert said in shipped_press().html(letter)


def test_who_wants_no_abstracts_gets_the_one_sentence() -> None:
    """With its terms marked; the first one where none was chosen, as for what everyone reads."""
    who = replace(reader("ann@example.org", "owls"), manner=Manner(abstracts=False))
    told = chosen(1, sentence=Sentence("They see.", ("see",)))
    letter = view(edition(told, chosen(2), of=who))
    first, second = letter.sections[0].picks
    assert first.abstract.plain == "They *see*."
    assert second.abstract.plain == "Owls hear."


@pytest.mark.parametrize(
    ("abstract", "first"),
    [
        ("We show e.g. that it works. Then more.", "We show e.g. that it works."),
        ("It is 3.5 times as fast! Really.", "It is 3.5 times as fast!"),
        ("No end in sight", "No end in sight"),
        ("星を見る。次の文。", "星を見る。"),
        ("", ""),
    ],
)
def test_the_first_sentence_of_an_abstract(abstract: str, first: str) -> None:
    """Up to a mark after a whole word and before a capital; in scripts without spaces at theirs."""
    assert one_sentence(abstract, None, 400).plain == first
    assert one_sentence(abstract, None, 0) == Passage()


def test_sources_and_comments_are_told_of_each_pick() -> None:
    """By the names that people know; a look-up is no source."""
    one = stored(1, paper("Owls"), 34)
    one = replace(
        one, sources=("arxiv", "arxiv ids", "huggingface"), signals={COMMENTS: 1, UPVOTES: 34}
    )
    pick = view(edition(replace(chosen(), paper=one))).sections[0].picks[0]
    assert pick.source == "arXiv, Hugging Face Daily Papers"
    assert (pick.upvotes, pick.counts, pick.curve) == ("34 upvotes", "1 comment", "")
    assert source_name("your files") == "your files"


def test_small_words() -> None:
    """Numbers up to twelve, shares as people say them, authors beyond four as a number."""
    assert [number_word(n) for n in (0, 1, 12, 13, 1200)] == ["no", "one", "twelve", "13", "1,200"]
    assert share_of_letter(75) == "three quarters of your letter"
    assert byline(("A", "B", "C", "D"), 9) == "A, B, C, D"
    assert byline(("A", "B", "C", "D", "E"), 9) == "A, B, C and 2 others"
