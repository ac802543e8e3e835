"""What goes wrong on which day of a month: at least one thing a day, every kind, every service."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tests.replay.faults import Fault, Kind

ARXIV = ("feed", "api", "oai")
EVERYTHING = (*ARXIV, "huggingface", "biorxiv", "medrxiv", "feeds", "openalex")
_WORDS = {kind.value: kind for kind in Kind}
_DOWN = "down"  # our own machine is off

# A day: faults, "kind service", for the whole day; "@12" ends one at noon, "kind service=part" is
# for what is asked with this part. Days begin at 00:00 UTC; the first is a Saturday.
_MONTH: tuple[tuple[str, ...], ...] = (
    ("503 huggingface",),
    ("drop biorxiv@12", "empty feeds"),
    ("stale feed=cs.AI",),
    ("429 feed@12", "page feeds=journal"),
    ("drop feed", "reset openalex@12"),
    ("page feed", "partial api", "503 huggingface"),
    ("503 feed", "503 api", "503 oai", "truncated medrxiv"),
    ("partial openalex", "429 biorxiv"),
    ("loop feeds=blog", "page biorxiv"),
    ("drip feed=cs.CV@6", "charset huggingface"),
    ("empty feed", "drop medrxiv"),
    ("empty feed", "empty api", "loop huggingface"),
    ("bomb feed=cs.LG@6", "bomb feeds=letters@6", "stale feed=stat.ML"),
    (_DOWN,),
    (_DOWN,),
    (_DOWN,),
    ("empty huggingface", "truncated biorxiv@12"),
    ("truncated feed", "503 api@12"),
    ("refused feed", "refused api", "expired oai"),
    ("loop feed", "truncated api", "partial oai@12"),
    ("charset feed", "page huggingface", "charset medrxiv"),
    ("empty biorxiv", "503 medrxiv"),
    ("empty openalex", "drop feeds"),
    ("partial api", "stale feed=cs.LG", "stale feed=cs.CL"),
    tuple(f"429 {service}@12" for service in EVERYTHING),
    tuple(f"503 {service}" for service in EVERYTHING),
    ("503 feed", "reset huggingface"),
    ("drip huggingface@6", "page openalex", "reset feed"),
    ("partial biorxiv", "loop openalex"),
    ("charset feeds=letters", "truncated huggingface", "truncated openalex"),
)

# A week that is quick: from a Monday.
_WEEK: tuple[tuple[str, ...], ...] = (
    ("stale feed=cs.AI", "drop biorxiv@12"),
    ("503 feed", "503 api@12", "empty huggingface"),
    (_DOWN,),
    ("429 feed@12", "page openalex", "truncated medrxiv"),
    ("503 feed", "503 api", "503 oai", "partial biorxiv", "drip huggingface@6"),
    ("loop feeds=blog", "reset huggingface"),
    ("empty openalex", "charset feeds=journal"),
)


@dataclass(frozen=True, slots=True)
class Rota:
    """Faults of some days, and the days on which nobody asks."""

    faults: tuple[Fault, ...]
    down: frozenset[date]


def month_of(first: date) -> Rota:
    """Thirty days of faults."""
    return _rota(_MONTH, first)


def week_of(first: date) -> Rota:
    """Seven days of faults."""
    return _rota(_WEEK, first)


def _rota(script: tuple[tuple[str, ...], ...], first: date) -> Rota:
    days = {first + timedelta(days=number): words for number, words in enumerate(script)}
    down = frozenset(day for day, words in days.items() if _DOWN in words)
    return Rota(tuple(fault for day in days for fault in _faults(day, days[day])), down)


def _faults(day: date, words: tuple[str, ...]) -> Iterator[Fault]:
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for word in words:
        if word == _DOWN:
            continue
        kind, _, rest = word.partition(" ")
        rest, _, hour = rest.partition("@")
        service, _, match = rest.partition("=")
        end = begin + timedelta(hours=int(hour or 24))
        yield Fault(_WORDS[kind], service, begin, end, match)
