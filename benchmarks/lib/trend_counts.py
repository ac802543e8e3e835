"""Upvotes as they were counted at several times: pairs to learn from, dates to measure on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from digest.model import UPVOTES, Signal
from lib.shared import read_lines

LEAST_PAPERS = 8
LEAST_SEEN_LATE = 0.9
YOUNGEST, OLDEST = 0.1, 8.0  # days since midnight UTC of the page's day
HORIZON = timedelta(days=3)
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Watched:
    """A paper with its counts by time: upvotes, and comments and stars where they were counted."""

    day: date
    upvotes: dict[datetime, int] = field(default_factory=dict)
    comments: dict[datetime, int] = field(default_factory=dict)
    stars: dict[datetime, int] = field(default_factory=dict)

    @property
    def began(self) -> datetime:
        """Midnight UTC of the page's day."""
        return datetime.combine(self.day, time(), UTC)

    def age(self, at: datetime) -> float:
        """Days since then."""
        return (at - self.began) / _DAY


@dataclass(frozen=True, slots=True)
class Pair:
    """A count at a time, and what came until another `span` days later.

    `counts` are all upvotes up to `at`, the count itself last; `comments` and `stars` those of that
    time, 0 where they were not counted.
    """

    day: date
    began: datetime
    at: datetime
    age: float
    counts: tuple[Signal, ...]
    gain: int
    span: float
    comments: int
    stars: int

    @property
    def count(self) -> int:
        """The upvotes at that time."""
        return self.counts[-1].value


@dataclass(frozen=True, slots=True)
class Rule:
    """Which papers of a date are ranked: counted once more so many days later, at least so old."""

    shortest: float
    longest: float
    youngest: float = 0.0

    @property
    def words(self) -> str:
        """For a heading."""
        old = f", ages from {self.youngest:g} days" if self.youngest else ""
        return f"counted again {self.shortest:g} to {self.longest:g} days later{old}"


def read_watched(data: Path) -> list[Watched]:
    """All papers whose page's day is known, with every count that any of the files has.

    Most snapshots do not say the day; the papers' file does.
    """
    folder = data / "hf_daily"
    papers = list(read_lines(folder / "papers.jsonl.gz"))
    snapshots = list(read_lines(folder / "upvote_snapshots.jsonl.gz"))
    twice = list(read_lines(folder / "early_vs_late.jsonl.gz"))
    days: dict[str, str] = {}
    for row in [*papers, *snapshots, *twice]:
        day = row.get("date") or row.get("page_date")
        if day:
            days.setdefault(_id(row), day)
    found = {key: Watched(date.fromisoformat(day)) for key, day in days.items()}
    for row in snapshots:
        _note(found, row, row["snapshot_at"], row["upvotes"], row.get("num_comments"))
    for row in papers:
        _note(found, row, row.get("observed"), row.get("upvotes"), row.get("comments"))
    for row in twice:
        _note(found, row, row["early_at"], row["early"], row.get("num_comments"))
        _note(found, row, row["late_at"], row["late"], None)
    return list(found.values())


def pairs(papers: Iterable[Watched], shortest: float, longest: float) -> Iterator[Pair]:
    """Every two counts of one paper that lie so many days apart."""
    for paper in papers:
        times = sorted(paper.upvotes)
        for place, at in enumerate(times):
            if not YOUNGEST <= paper.age(at) < OLDEST:
                continue
            for later in times[place + 1 :]:
                if shortest <= (later - at) / _DAY <= longest:
                    yield _pair(paper, times[: place + 1], later)


def dates(papers: Iterable[Watched], rule: Rule) -> dict[date, list[Pair]]:
    """Papers to rank by the date (UTC) of their count, at least eight of two page days.

    A paper takes part with its last count of that date, and with the later count that is nearest
    to three days after it.
    """
    found: dict[date, list[Pair]] = {}
    for paper in papers:
        for pair in _once_a_date(paper, rule):
            found.setdefault(pair.at.date(), []).append(pair)
    return {
        day: ranked
        for day, ranked in sorted(found.items())
        if len(ranked) >= LEAST_PAPERS and len({pair.day for pair in ranked}) > 1
    }


def page_days(data: Path) -> dict[date, list[Pair]]:
    """The papers of one page with an early and a late count; the gain is the late count itself.

    Days with at least 8 papers, 90 % of all that the page had counted late.
    """
    sizes: dict[str, int] = {}
    for row in read_lines(data / "hf_daily" / "papers.jsonl.gz"):
        sizes[row["date"]] = sizes.get(row["date"], 0) + 1
    pages: dict[str, list[Pair]] = {}
    for row in read_lines(data / "hf_daily" / "early_vs_late.jsonl.gz"):
        pages.setdefault(row["page_date"], []).append(_of_page(row))
    return {
        date.fromisoformat(day): late
        for day, late in sorted(pages.items())
        if len(late) >= max(LEAST_PAPERS, LEAST_SEEN_LATE * sizes.get(day, 0))
    }


def _once_a_date(paper: Watched, rule: Rule) -> Iterator[Pair]:
    times = sorted(paper.upvotes)
    last: dict[date, tuple[int, datetime]] = {}
    for place, at in enumerate(times):
        later = [other for other in times if rule.shortest <= (other - at) / _DAY <= rule.longest]
        if rule.youngest <= paper.age(at) < OLDEST and later:
            last[at.date()] = place, min(later, key=lambda other: abs(other - at - HORIZON))
    for place, later in last.values():
        yield _pair(paper, times[: place + 1], later)


def _pair(paper: Watched, times: Sequence[datetime], later: datetime) -> Pair:
    at = times[-1]
    return Pair(
        paper.day,
        paper.began,
        at,
        paper.age(at),
        tuple(Signal(UPVOTES, paper.upvotes[one], one) for one in times),
        max(paper.upvotes[later] - paper.upvotes[at], 0),
        (later - at) / _DAY,
        paper.comments.get(at, 0),
        paper.stars.get(at, 0),
    )


def _of_page(row: dict[str, Any]) -> Pair:
    day = date.fromisoformat(row["page_date"])
    paper = Watched(day)
    at, late = _time(row["early_at"]), _time(row["late_at"])
    counts = (Signal(UPVOTES, row["early"], at),)
    span = (late - at) / _DAY
    return Pair(day, paper.began, at, paper.age(at), counts, row["late"], span, 0, 0)


def _note(
    found: dict[str, Watched],
    row: dict[str, Any],
    at: str | None,
    upvotes: int | None,
    comments: int | None,
) -> None:
    """Keep the first count of a time."""
    paper = found.get(_id(row))
    if paper is None or at is None or upvotes is None or _time(at) in paper.upvotes:
        return
    paper.upvotes[_time(at)] = upvotes
    if comments is not None:
        paper.comments[_time(at)] = comments
    if row.get("github_stars") is not None:
        paper.stars[_time(at)] = row["github_stars"]


def _id(row: dict[str, Any]) -> str:
    return str(row["id"]).removeprefix("arxiv:")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
