"""Eight editions as values, and the mails that they become: the same bytes every time.

The papers are those of `digest demo`, and some strange ones; all are invented.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path

from digest.grammar.interests import parse_interest
from digest.identity import title_key
from digest.intake.normal import clean
from digest.letters import LetterOffice, Sender
from digest.letters.render import shipped_press
from digest.links import Key, Links
from digest.model import (
    COMMENTS,
    STARS,
    UPVOTES,
    Coverage,
    Edition,
    Lack,
    LookBack,
    Manner,
    Mood,
    Paper,
    Pick,
    Quiet,
    Reader,
    ReaderKind,
    Reason,
    ReasonKind,
    Risen,
    Schedule,
    Sentence,
    Signal,
    Standing,
    StoredPaper,
    Topic,
    Trend,
)
from digest.ranking.trend import trend_of

FOLDER = Path(__file__).parent / "letters"
DAY = date(2026, 3, 17)
NOON = datetime(2026, 3, 17, 12, tzinfo=UTC)
BASE = "https://digest.example.org"
OWNER = "owner@example.org"
SAMPLE = Path(__file__).parents[2] / "digest" / "sample" / "papers.jsonl"

ANOMALIES, MOLECULES = "anomalies and alarms", "graphs and molecules"
COVERAGE = (
    Coverage("arxiv", 1127, 1127, standing=Standing.COMPLETE, parts=5),
    Coverage("huggingface", 76, 76, standing=Standing.COMPLETE, parts=1),
)
LINKS = Links(BASE, lambda: [Key("ab" * 32, NOON)])
WITH_PAGES = LetterOffice(shipped_press(), Sender("digest@example.org", OWNER), LINKS)
WITHOUT_PAGES = LetterOffice(shipped_press(), Sender("digest@example.org", OWNER))


@cache
def sample() -> tuple[StoredPaper, ...]:
    """The papers of the demo as the store would give them back."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    return tuple(_stored(number, json.loads(line)) for number, line in enumerate(lines, 1))


def _stored(number: int, line: dict[str, object]) -> StoredPaper:
    ident = str(line.get("id", f"arxiv:9912.{number:05}")).removeprefix("arxiv:")
    counted = {name: line[name] for name in (UPVOTES, COMMENTS, STARS) if line.get(name)}
    featured = int(str(counted.get(UPVOTES, 0))) > 15
    paper = Paper(
        keys=(f"arxiv:{ident}", title_key(str(line["title"]))),
        title=clean(line["title"]),  # as every source has it cleaned at the border
        abstract=clean(line["abstract"]),
        authors=tuple(map(str, line["authors"])),  # type: ignore[call-overload]
        categories=tuple(map(str, line["categories"])),  # type: ignore[call-overload]
        url=f"https://papers.example.org/abs/{ident}",
        pdf=f"https://papers.example.org/pdf/{ident}",
        code=f"https://code.example.org/{number}" if line.get("code") else None,
    )
    sources = ("arxiv", "huggingface") if featured else ("arxiv",)
    return StoredPaper(number, paper, DAY, sources, counted)  # type: ignore[arg-type]


def titled(start: str) -> StoredPaper:
    """The paper of the demo whose title starts so."""
    (found,) = (one for one in sample() if one.paper.title.startswith(start))
    return found


def trend(count: int, days: float, seen: int = 8) -> Trend:
    """Upvotes counted so often up to this morning; some came fast, some are still on their way."""
    began = NOON - timedelta(days=days, hours=5)
    span = NOON - timedelta(hours=5) - began
    shares = [(step + 1) / seen for step in range(seen)]
    bend = (0.8, 2.0, 4.0)[count % 3]
    counts = [
        Signal(UPVOTES, round(count * (1 - (1 - share) ** bend)), began + span * share)
        for share in shares
    ]
    return trend_of(counts, began, NOON)


def matched(
    start: str, interest: str, score: float, *terms: str, days: float = 0.9, **fields: object
) -> Pick:
    """A pick that serves an interest, for some of its terms; days since it was first voted for."""
    one = titled(start)
    share = score / (len(terms) or 1)
    reasons = tuple(Reason(ReasonKind.TERM, term, share) for term in terms)
    count = one.upvotes
    made = Pick(one, score, interest, reasons, _sentence(one.paper.abstract, terms))
    if count:
        lift = Reason(ReasonKind.UPVOTES, f"{count} upvotes", 0.03)
        made = replace(made, reasons=(*reasons, lift), trend=trend(count, days))
    return replace(made, **fields)  # type: ignore[arg-type]


def read_by_all(start: str, days: float, seen: int = 8, dial: int | None = None) -> Pick:
    """A pick that upvotes chose; `dial` is the reader's, where that gave it a place."""
    one = titled(start)
    count = one.upvotes or 0
    course = trend(count, days, seen)
    reasons = [Reason(ReasonKind.UPVOTES, f"{count} upvotes", course.expected)]
    if dial is not None:
        reasons.append(Reason(ReasonKind.DIAL, f"{dial} % of the letter", 0.0))
    return Pick(one, course.expected, None, tuple(reasons), trend=course)


def most_first(*picks: Pick) -> tuple[Pick, ...]:
    """In the order of the upvotes that they may expect."""
    return tuple(sorted(picks, key=lambda pick: -pick.score))


def _sentence(abstract: str, terms: tuple[str, ...]) -> Sentence:
    """The first sentence with most of the terms."""
    sentences = [one.rstrip(".") + "." for one in abstract.split(". ")]
    return Sentence(max(sentences, key=lambda s: sum(t in s.lower() for t in terms)), terms)


def reader(*interests: tuple[str, str], **fields: object) -> Reader:
    """Whom a letter is for."""
    parsed = tuple(parse_interest(*one) for one in interests)
    made = Reader("ann", "ann@example.com", ReaderKind.SAVED, parsed, handle="h4nDl3xY")
    return replace(made, **fields)  # type: ignore[arg-type]


TWO = (
    (ANOMALIES, '"anomaly detection", monitoring, leaks, alarm'),
    (MOLECULES, "graph, graphlet, molecules, crystal"),
)
RISING = (
    Topic(
        "interrupted light curves",
        14,
        3.2,
        (titled("Half a Flicker"), titled("Sorting Transients"), titled("Nineteen Planet")),
    ),
    Topic("abstention", 9, 1.1, (titled("Calibrated Silence"), titled("Answerable or Not"))),
)


def daily() -> Edition:
    """Two interests, what everyone reads, one to explore, topics, an interest that nothing met."""
    twin = titled("Drift Scores")
    picks = (
        matched("Quiet Faults", ANOMALIES, 0.94, "anomaly detection", "sensor", twins=(twin,)),
        matched("G²-Pool", MOLECULES, 0.91, "graphlet", "pooling", days=2.1, nearest=22),
        matched("Detecting Slow Leaks", ANOMALIES, 0.83, "leaks", "night-time pressure"),
        matched("How Far Can a Crystal", MOLECULES, 0.74, "crystal", "graph"),
        *most_first(
            read_by_all("Half a Billion", 2.0, dial=20),
            read_by_all("Reading Lists That Fade", 4.1, dial=20),
        ),
        matched("Sleep Staging", ANOMALIES, 0.41, "sensor", explores=True, trend=None),
    )
    who = reader(*TWO, ("owls", "owls, bats"))
    liked = {22: "Blame the Neighbours: Depth, Degree and Noise in Node Classification"}
    return Edition(
        who, DAY, picks, Mood.MATCHED, 1203, COVERAGE, ("owls",), liked, rising=RISING[:1]
    )


def first() -> Edition:
    """A short welcome before the first picks."""
    picks = (
        matched("Alarm Budgets", ANOMALIES, 0.88, "alarm", "detection"),
        matched("One Model per Fleet", ANOMALIES, 0.79, "monitoring"),
        read_by_all("Seasonal Baselines", 0.8, seen=3, dial=20),
    )
    return Edition(reader(TWO[0]), DAY, picks, Mood.MATCHED, 1203, COVERAGE, first=True)


def weekly() -> Edition:
    """The week's ten without abstracts, what the reader liked, what rose."""
    starts = (
        ("Equivariant Force Fields", "molecular"),
        ("Bond Angles", "message passing"),
        ("When Two Laboratories", "graph models"),
        ("Screening Solid Electrolytes", "hops"),
        ("Retrosynthesis", "reaction routes"),
        ("A Small Graph Network", "graph network"),
        ("Counting Short Cycles", "graph networks"),
    )
    picks = tuple(
        matched(start, MOLECULES, 0.95 - 0.05 * place, term, days=5.0)
        for place, (start, term) in enumerate(starts)
    )
    most = ("Half a Billion", "Reading the Footnotes", "Adding the Slopes")
    picks += most_first(*(read_by_all(start, 6.0, dial=30) for start in most))
    who = reader(
        TWO[1],
        schedule=Schedule(weekdays=frozenset({1})),
        manner=Manner(dial=30, abstracts=False),
    )
    week = LookBack(
        DAY - timedelta(days=7),
        (titled("G²-Pool"), titled("Mirrored, Dented")),
        (Risen(titled("Seasonal Baselines"), 61), Risen(titled("Sorting Transients"), 38)),
    )
    return Edition(who, DAY, picks, Mood.MATCHED, 5310, COVERAGE, rising=RISING, week=week)


def trending() -> Edition:
    """A reader without interests."""
    picks = most_first(
        read_by_all("Half a Billion", 1.2),
        read_by_all("Reading Lists That Fade", 2.2),
        read_by_all("Reading the Footnotes", 0.4, seen=1),
        read_by_all("Mirrored, Dented", 6.1),
    )
    return Edition(reader(), DAY, picks, Mood.TRENDING, 1203, COVERAGE, rising=RISING)


def quiet() -> Edition:
    """Nothing met the interests; yesterday's edition may not have arrived."""
    picks = most_first(
        read_by_all("Adding the Slopes", 1.2),
        read_by_all("Calibrated Silence", 3.0),
    )
    return Edition(reader(("owls", "owls, bats")), DAY, picks, Mood.UNMATCHED, 1203, COVERAGE)


def nothing() -> Edition:
    """A few lines that say so, as the reader chose."""
    who = reader(("owls", "owls, bats"), manner=Manner(quiet=Quiet.NOTE))
    return Edition(who, DAY, (), Mood.NOTHING, 1203, COVERAGE, ("owls",), rising=RISING[:1])


def long() -> Edition:
    """Fifty papers."""
    picks = []
    for place in range(50):
        one = sample()[place % len(sample())]
        interest = (ANOMALIES, MOLECULES)[place % 2]
        reasons = (
            Reason(
                ReasonKind.TERM, max(re.findall(r"[a-z]+", one.paper.title.lower()), key=len), 0.4
            ),
        )
        text = _sentence(one.paper.abstract, (reasons[0].label,))
        stored = replace(one, number=place + 1)
        count = stored.upvotes
        course = trend(count, 1.5) if count else None
        picks.append(Pick(stored, 0.96 - place / 100, interest, reasons, text, trend=course))
    return Edition(reader(*TWO, limit=50), DAY, tuple(picks), Mood.MATCHED, 1203, COVERAGE)


STRANGE = (
    Paper(
        ("title:1",),
        "On $\\mathcal{O}(n^{2}\\log n)$ bounds & <b>bold</b> claims for $k$-<script>alert(1)</script>",
        "We prove $\\sum_{i<j} x_i x_j \\ge 0$ {{ letter.owner }} & {% raw %} \"quoted\" 'text' "
        "with <img src=x onerror=alert(1)>. The bound \\emph{cannot} be improved upon.",
        ("Ærøskøbing Þórðardóttir", "O'Brien <script>", "李 小龍", "Ng"),
        ("math.CO",),
        url='https://papers.example.org/abs/1?a=1&b="2"',
    ),
    Paper(
        ("title:2",),
        "銀河の衝突における星形成の抑制について：狭帯域観測による再検討と今後の課題",
        "銀河の衝突は星形成を促すと考えられてきた。本研究では、四十一時間の狭帯域観測により、衝突の初期"
        "段階で星形成が抑制されることを示す。観測は二つの矮小銀河を結ぶ淡い橋を捉えた。",
        ("山田 花子", "佐藤 次郎"),
        ("astro-ph.GA",),
        url="https://papers.example.org/abs/2",
    ),
    Paper(
        ("title:3",),
        "ضبط النماذج على التعليمات يمحو اللهجات: دليل من ست لهجات عربية",
        "نفحص أثر ضبط النماذج على التعليمات في ست لهجات عربية. تتقارب الإجابات نحو الفصحى حتى عندما "
        "يُطلب غير ذلك صراحةً (BLEU = 31.4).",
        ("ليلى حداد", "Omar El-Sayed"),
        ("cs.CL",),
    ),
    Paper(
        ("title:4",),
        "Antidisestablishmentarianistically" * 6 + " and " + "a title that will not end " * 18,
        "x" * 900,
        tuple(
            f"Wolfeschlegelsteinhausenbergerdorff-{n} the Younger of Long Names" for n in range(9)
        ),
        ("cs.LG", "stat.ML", "math.ST", "cs.AI"),
        url="https://papers.example.org/abs/" + "9" * 120,
    ),
)


def strange() -> Edition:
    """Everything that tries to break a letter, to a reader without pages; a source failed."""
    terms = ("bound", "狭帯域観測", "اللهجات", "xxx")
    picks = tuple(
        Pick(
            StoredPaper(number, one, DAY, ("arxiv",), {UPVOTES: 12_345, COMMENTS: 1}),
            0.9,
            'math & <i>"more"</i>',
            (Reason(ReasonKind.TERM, terms[number], 0.5),),
            _sentence(one.abstract, (terms[number],)),
        )
        for number, one in enumerate(STRANGE)
    )
    stale = Lack("cs.AI", Standing.STALE, DAY, DAY - timedelta(days=1))
    partial = Lack("x" * 900, Standing.PARTIAL, DAY, DAY - timedelta(days=1))
    down = Lack("", Standing.BROKEN, DAY - timedelta(days=2), DAY - timedelta(days=3))
    coverage = (
        Coverage("arxiv", 445, 446, "cut", Standing.PARTIAL, 5, (stale, partial)),
        Coverage("huggingface", 0, None, "down", Standing.BROKEN, 1, (down,)),
    )
    who = reader(('math & <i>"more"</i>', "bounds"))
    return Edition(who, DAY, picks, Mood.MATCHED, 1, coverage)


@dataclass(frozen=True)
class Situation:
    """An edition, who composes it, and the date of one before it that may be lost."""

    edition: Callable[[], Edition]
    office: LetterOffice = WITH_PAGES
    missed: date | None = None


SITUATIONS = {
    "daily": Situation(daily),
    "first": Situation(first),
    "weekly": Situation(weekly),
    "trending": Situation(trending),
    "quiet": Situation(quiet, missed=DAY - timedelta(days=1)),
    "nothing": Situation(nothing),
    "long": Situation(long),
    "strange": Situation(strange, WITHOUT_PAGES),
}


@dataclass(frozen=True)
class Letter:
    """A composed mail: its bytes, what a parser reads, and both parts."""

    raw: bytes
    mail: EmailMessage
    text: str
    html: str


@cache
def letter(name: str) -> Letter:
    """The mail of a situation."""
    situation = SITUATIONS[name]
    raw = situation.office.compose(situation.edition(), NOON, situation.missed).raw
    mail = message_from_bytes(raw, policy=policy.default)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    parts = (str(part.get_content()).replace("\r\n", "\n") for part in (text, html))
    return Letter(raw, mail, *parts)
