"""Counts over time as small drawings: a trend beside a paper, a curve with axes on its page.

Coordinates are those of the drawing's own box; what is drawn is also said in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil, floor, log10

from digest.model import Signal

TREND_BOX = (80, 18)
CURVE_BOX = (480, 210)
_MOST_POINTS = 16
_MOST_CURVE_POINTS = 120
_MOST_ROWS = 40
_EDGE = 2
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 30
_LABEL_WIDTH = 90
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Trend:
    """A line without axes, and what it says: `+12 in a day`."""

    points: str
    words: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label at a place of an axis."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One count of the table under a curve; `at` is the time in words, UTC."""

    at: str
    value: int


@dataclass(frozen=True, slots=True)
class Curve:
    """A line with axes; `words` say what it shows, `rows` are its counts, the latest first."""

    points: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    words: str
    rows: tuple[Row, ...]


def trend_of(series: Sequence[Signal]) -> Trend | None:
    """The line of counts in order of time; None where they never differed."""
    if len({signal.value for signal in series}) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    width, height = TREND_BOX
    least, most = min(s.value for s in series), max(s.value for s in series)
    begin, span = series[0].observed, series[-1].observed - series[0].observed
    points = [
        (
            _EDGE + (width - 2 * _EDGE) * ((s.observed - begin) / span if span else 0.0),
            height - _EDGE - (height - 2 * _EDGE) * (s.value - least) / (most - least),
        )
        for s in thinned(series, _MOST_POINTS)
    ]
    return Trend(_line(points), gain_in_words(series))


def gain_in_words(series: Sequence[Signal]) -> str:
    """What was gained in the last day, or in the time nearest to a day that was counted."""
    last, before = series[-1], _day_before(series)
    span = last.observed - before.observed
    if not span:
        return ""
    gain = last.value - before.value
    said = f"+{gain:,}" if gain > 0 else f"−{-gain:,}" if gain else "no change"
    hours, days = round(span / _HOUR), round(span / _DAY)
    if days > 1:
        return f"{said} in {days} days"
    if hours < 20:  # noqa: PLR2004 - less than what is called a day
        return f"{said} in {hours} hours" if hours > 1 else f"{said} in an hour"
    return f"{said} in a day"


def curve_of(series: Sequence[Signal], noun: str) -> Curve | None:
    """The curve of counts in order of time; None for fewer than two.

    Args:
        series: the counts.
        noun: what is counted, in the plural.
    """
    if len(series) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    first, last = series[0], series[-1]
    span = last.observed - first.observed
    step = _round_step(max(signal.value for signal in series))
    top = step * max(1, ceil(max(signal.value for signal in series) / step))
    width, height = CURVE_BOX
    wide, high = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM

    def across(signal: Signal) -> float:
        return _LEFT + wide * ((signal.observed - first.observed) / span if span else 0.0)

    def up(value: int) -> float:
        return _TOP + high * (1 - value / top)

    kept = thinned(series, _MOST_CURVE_POINTS)
    one_day = first.observed.date() == last.observed.date()
    return Curve(
        _line([(across(signal), up(signal.value)) for signal in kept]),
        _labels([(across(s), f"{s.observed:%H:%M}" if one_day else _day(s)) for s in kept]),
        tuple(Tick(round(up(value), 1), f"{value:,}") for value in range(0, top + 1, step)),
        f"From {first.value:,} {noun} on {_day(first)} to {last.value:,} on {_day(last)}"
        f"{_aside(series)}.",
        tuple(
            Row(f"{s.observed.day} {s.observed:%B %Y, %H:%M}", s.value)
            for s in reversed(thinned(series, _MOST_ROWS))
        ),
    )


def thinned(series: Sequence[Signal], most: int) -> list[Signal]:
    """At most so many counts, the first and the last among them, the others evenly apart."""
    if len(series) <= most:
        return list(series)
    return [series[round(place * (len(series) - 1) / (most - 1))] for place in range(most)]


def _labels(places: Sequence[tuple[float, str]]) -> tuple[Tick, ...]:
    """Labels that differ and do not touch each other."""
    kept: list[Tick] = []
    for place, label in places:
        if not kept or (label != kept[-1].label and place - kept[-1].place >= _LABEL_WIDTH):
            kept.append(Tick(round(place, 1), label))
    return tuple(kept)


def _round_step(most: int) -> int:
    """The step between labels, 1, 2 or 5 with noughts, so that there are three to five."""
    rough = max(1.0, most / 4)
    ten = 10 ** floor(log10(rough))
    return int(next(ten * factor for factor in (1, 2, 5, 10) if ten * factor >= rough))


def _line(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.4g},{y:.4g}" for x, y in points)


def _day(signal: Signal) -> str:
    return f"{signal.observed.day} {signal.observed:%b}"


def _day_before(series: Sequence[Signal]) -> Signal:
    """The count nearest to a day before the last; the last itself where there is no other."""
    last = series[-1]
    return min(series[:-1], key=lambda s: abs(last.observed - _DAY - s.observed), default=last)


def _aside(series: Sequence[Signal]) -> str:
    """What came last, unless it is all there is."""
    return "" if _day_before(series) is series[0] else f", {gain_in_words(series)} at the end"
