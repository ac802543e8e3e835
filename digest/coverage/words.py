"""Coverage in words: one source on one date, and how it stands with a source."""

from collections.abc import Sequence
from datetime import date

from digest.coverage import SourceDay, SourceState
from digest.errors import printable
from digest.letters.words import listed, source_name
from digest.model import Count, Standing

_MOST_NAMED = 3
_MOST_SAID = 160

NOT_OUT = "not out yet"
NOT_ASKED = "not asked"


def standing_of(day: SourceDay) -> str:
    """How it stands, in a word or two."""
    if day.standing is None:
        return NOT_ASKED if day.due else NOT_OUT
    return day.standing.value


def details_of(day: SourceDay) -> str:
    """Why it is quiet, or which parts lack what; empty where there is nothing to say."""
    if not day.lacking:
        return printable(day.quiet, _MOST_SAID) if day.standing is Standing.QUIET else ""
    return "; ".join(_lack(counts) for counts in _alike(day.lacking))


def numbers_of(day: SourceDay) -> str:
    """What was announced and read."""
    if day.announced is None:
        return f"{day.read:,} read"
    return f"{day.announced:,} announced, {day.read:,} read"


def state_in_words(state: SourceState) -> str:
    """The last date that is whole, and what is missing."""
    said = [f"{name_of(state.source)}: {_last(state)}"]
    if state.missing:
        many = len(state.missing)
        shown = state.missing[-_MOST_NAMED:]
        more = f" (and {many - len(shown)} dates before)" if many > len(shown) else ""
        said.append(f"missing: {listed([_missing(day) for day in shown])}{more}")
    if state.problem and state.since:
        said.append(f"no whole visit since {_day(state.since.date())}: {state.problem}")
    return printable("; ".join(said), 600)


def name_of(source: str) -> str:
    """What a source is called."""
    return source_name(source) or source


def _last(state: SourceState) -> str:
    if state.last is None:
        return "nothing was read in full yet"
    told = state.last.standing is Standing.COMPLETE
    numbers = numbers_of(state.last) if told else "nothing announced"
    return f"last read in full: {_day(state.last.date)} ({numbers})"


def _missing(day: SourceDay) -> str:
    alike = (f"{_parts(counts)} {counts[0].standing.value}" for counts in _alike(day.lacking))
    return f"{_day(day.date)} ({', '.join(alike).strip() or standing_of(day)})"


def _alike(lacking: Sequence[Count]) -> list[list[Count]]:
    """The counts that lack the same, together."""
    found: dict[Standing, list[Count]] = {}
    for count in lacking:
        found.setdefault(count.standing, []).append(count)
    return list(found.values())


def _lack(counts: Sequence[Count]) -> str:
    """What is wrong with parts of one standing, as the first of them says."""
    first = counts[0]
    said = printable(first.said, _MOST_SAID) if first.said else first.standing.value
    told = [count for count in counts if count.announced is not None]
    if first.standing is Standing.PARTIAL and told:
        read, announced = sum(c.read for c in told), sum(c.announced or 0 for c in told)
        said = f"{read:,} of {announced:,} read: {said}"
    return f"{_parts(counts)}: {said}".removeprefix(": ")


def _parts(counts: Sequence[Count]) -> str:
    """The names of parts, the first few."""
    names = [printable(count.part, 60) for count in counts if count.part]
    if len(names) > _MOST_NAMED:
        names = [*names[: _MOST_NAMED - 1], f"{len(names) - _MOST_NAMED + 1} more"]
    return listed(names)


def _day(day: date) -> str:
    return f"{day:%A} {day.isoformat()}"
