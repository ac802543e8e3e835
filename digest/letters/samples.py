"""Editions that were never sent: one for each situation, to try templates with.

Papers, people and addresses are invented; example.org belongs to nobody.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from digest.letters.steering import Steering, steering_of
from digest.letters.view import AlertView, NoteView, Notice
from digest.links import Key, Links
from digest.model import (
    COMMENTS,
    UPVOTES,
    Coverage,
    Edition,
    Interest,
    Keyword,
    LookBack,
    Manner,
    Mood,
    Paper,
    Pick,
    Reader,
    ReaderKind,
    Reason,
    ReasonKind,
    Risen,
    Schedule,
    Sentence,
    Signal,
    StoredPaper,
    Topic,
    Trend,
)

DAY = date(2026, 3, 17)
NOW = datetime(2026, 3, 17, 7, tzinfo=UTC)
MANY, MOST = 50, 100
LINKS = Links("https://digest.example.org", lambda: (Key("00" * 32, NOW),))
READER = Reader(
    "ann@example.org",
    "ann@example.org",
    ReaderKind.SAVED,
    (
        Interest("memory", (Keyword("slow traces"),)),
        Interest("night sky", (Keyword("exoplanets"),)),
    ),
    number=1,
    handle="sAmPl3",
)
_TITLES = (
    "Slow Traces: What Networks <Keep> & What They Lose",
    "Exoplanets Behind Thin Clouds, Seen Twice",
    "Größe ohne Gewicht: 記憶 in Small Models",
    "A Tide Table for Attention",
)
_ABSTRACT = (
    "We study how slow traces help a network to remember what fast ones lost. In five tasks the "
    "slow trace keeps twice as much & costs half. " + "We say where it fails, and why. " * 22
)


def _paper(number: int) -> StoredPaper:
    """A paper like any other."""
    key = f"arxiv:9912.{number:05}"
    title = _TITLES[number % len(_TITLES)]
    paper = Paper(
        (key,),
        f"{title}, Part {number}" if number > len(_TITLES) else title,
        _ABSTRACT,
        ("Delphine Asante", "Hiroto Vallbrook", "Ines Okoro", "Per Lindqvist", "Mo Tal")[
            : number % 5 + 1
        ],
        ("cs.LG", "stat.ML"),
        url=f"https://example.org/abs/{number}",
        pdf=f"https://example.org/pdf/{number}",
        code=f"https://example.org/code/{number}" if number % 2 else None,
    )
    return StoredPaper(number, paper, DAY, ("arxiv",), {UPVOTES: 7 * number, COMMENTS: number})


def _matched(number: int, interest: str = "memory") -> Pick:
    """A pick that serves an interest."""
    return Pick(
        _paper(number),
        0.9 - number / 100,
        interest,
        (
            Reason(ReasonKind.TERM, "slow traces", 0.5),
            Reason(ReasonKind.CATEGORY, "cs.LG", 0.1),
            Reason(ReasonKind.UPVOTES, f"{7 * number} upvotes", 0.02),
        ),
        Sentence("In five tasks the slow trace keeps twice as much & costs half.", ("slow trace",)),
        nearest=1,
        twins=(_paper(90),) if number == 1 else (),
    )


def _trending(number: int) -> Pick:
    """A pick that upvotes chose."""
    began = NOW - timedelta(days=2)
    counts = tuple(
        Signal(UPVOTES, 7 * number * part // 8, began + timedelta(hours=6 * part))
        for part in range(1, 9)
    )
    reasons = (Reason(ReasonKind.UPVOTES, f"{7 * number} upvotes", 12.0),)
    return Pick(_paper(number), 12.0, None, reasons, trend=Trend(12.0, counts, began))


def _edition(*picks: Pick, mood: Mood = Mood.MATCHED) -> Edition:
    coverage = (
        Coverage("arxiv", 445, 446),
        Coverage("huggingface", 0, None, "no connection"),
    )
    return Edition(READER, DAY, picks, mood, 500, coverage, liked={1: "A Liked & Old <Paper>"})


def editions() -> dict[str, Edition]:
    """One edition for each situation, by its name."""
    explored = replace(_matched(6, "night sky"), explores=True, score=0.31)
    daily = replace(
        _edition(
            _matched(1), _matched(2), _matched(3, "night sky"), _trending(4), _trending(5), explored
        ),
        rising=(Topic("tide tables", 14, 3.0, (_paper(4), _paper(7))),),
    )
    weekly = LookBack(DAY - timedelta(days=7), (_paper(8),), (Risen(_paper(9), 41),))
    weekly_reader = replace(READER, schedule=Schedule(weekdays=frozenset((1,))))
    bare = replace(READER, interests=())
    return {
        "a daily edition": daily,
        "a first edition": replace(daily, first=True),
        "a weekly edition": replace(daily, reader=weekly_reader, week=weekly),
        "a trending edition": replace(
            _edition(_trending(1), _trending(2), mood=Mood.TRENDING), reader=bare
        ),
        "a quiet day": replace(
            _edition(_trending(1), mood=Mood.UNMATCHED), silent=("memory", "night sky")
        ),
        "a day with nothing new": _edition(mood=Mood.NOTHING),
        "an edition without abstracts": replace(
            daily, reader=replace(READER, manner=Manner(abstracts=False))
        ),
        "a long edition": _edition(*map(_matched, range(1, MANY + 1))),
        "the longest edition": _edition(*map(_matched, range(1, MOST + 1))),
    }


def steering(edition: Edition) -> Steering | None:
    """Links to pages, as of a house that has them; an edition before may not have arrived."""
    return steering_of(LINKS, edition, DAY, DAY - timedelta(days=1))


NOTE = NoteView(
    "Do you want The Paper Digest?",
    "Do you want new papers & <more>?",
    ("Somebody, hopefully you, asked for it.", "Say so with one press."),
    "Yes, I want it",
    "https://digest.example.org/c/sAmPl3?a=1&b=2",
    ("The link holds until 24 March 2026.",),
)
ALERT = AlertView(
    "Digest: arxiv could not be read since yesterday",
    "Tuesday, 17 March 2026",
    (
        Notice("arxiv could not be read since <yesterday>", ("answered 503",), ("wait a day",)),
        Notice("One mail was refused"),
    ),
)
