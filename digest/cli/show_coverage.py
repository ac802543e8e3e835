"""Coverage as a table, a chart of the last weeks, and lines of JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from digest.coverage import SourceDay
from digest.coverage.words import details_of, name_of, standing_of
from digest.model import Standing

_STEPS = " ▁▂▃▄▅▆▇█"
_FULL = len(_STEPS) - 1
_MISSING = "░"
_MARGIN = 2
_FEW = 3  # sources that have tall bars
_TALL, _LOW = 4, 2  # lines of a bar
_STYLES = {"partial": "yellow", "stale": "yellow", "broken": "red", "not asked": "red"}
# Each kind of day by a mark of its own: colours only repeat what marks say.
MARKS = {
    "quiet": "·",
    "so far": "…",
    "partial": "!",
    "stale": "~",
    "broken": "x",
    "not asked": "?",
    "late": "+",
}


def show_coverage(console: Console, days: Mapping[str, Sequence[SourceDay]], first: date) -> None:
    """The table of the days since `first`, the latest first; below it a chart of all days."""
    console.print(_table(days, first))
    drawn = {name: shown for name, shown in days.items() if shown}
    if drawn:
        lines, used = _chart(drawn, console.width)
        for line in lines:
            console.print(line, no_wrap=True, overflow="crop", soft_wrap=False)
        console.print(_legend(used))


def coverage_as_json(day: SourceDay) -> dict[str, Any]:
    """One date of one source; see docs/commands.md for its fields."""
    return {
        "date": day.date.isoformat(),
        "source": day.source,
        "standing": standing_of(day),
        "announced": day.announced,
        "read": day.read,
        "ways": list(day.ways),
        "late": day.late,
        "settled": day.settled.isoformat() if day.settled else None,
        "quiet": day.quiet or None,
        "parts": day.parts,
        "lacking": [
            {
                "part": count.part,
                "standing": count.standing.value,
                "announced": count.announced,
                "read": count.read,
                "way": count.way,
                "said": count.said,
            }
            for count in day.lacking
        ],
    }


def _table(days: Mapping[str, Sequence[SourceDay]], first: date) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("date", no_wrap=True, min_width=len("2026-03-17"))
    table.add_column("source", no_wrap=True)
    table.add_column("announced", justify="right", no_wrap=True)
    table.add_column("read", justify="right", no_wrap=True)
    table.add_column("standing", overflow="fold")
    table.add_column("way", overflow="fold")
    table.add_column("late", no_wrap=True)
    shown = [day for found in days.values() for day in found if day.date >= first]
    names = list(days)
    for day in sorted(shown, key=lambda day: (-day.date.toordinal(), names.index(day.source))):
        style = _STYLES.get(standing_of(day), "" if day.standing is Standing.COMPLETE else "dim")
        details = details_of(day)
        said = f"{standing_of(day)}: {details}" if details else standing_of(day)
        told = day.standing not in (None, Standing.QUIET)
        table.add_row(
            day.date.isoformat(),
            Text(day.source),
            "?" if told and day.announced is None else f"{day.announced or 0:,}" if told else "",
            f"{day.read:,}" if told else "",
            Text(said, style=style),
            Text(" ".join(day.ways)),
            "late" if day.late else "",
        )
    return table


@dataclass(frozen=True, slots=True)
class _Bar:
    """One day of a chart: how much is read and how much is missing, in eighths of a line."""

    read: int
    announced: int
    mark: str

    def cell(self, line: int) -> str:
        """What stands in a line, counted from below."""
        over = self.read - line * _FULL
        if over > 0:
            return _STEPS[min(over, _FULL)]
        return _MISSING if self.announced - line * _FULL > 0 else " "


def _chart(
    days: Mapping[str, Sequence[SourceDay]], width: int
) -> tuple[list[Text], Mapping[str, str]]:
    """The lines of all sources, and the marks that are in them, by meaning."""
    last = max(shown[-1].date for shown in days.values())
    longest = max((last - shown[0].date).days + 1 for shown in days.values())
    room = max(width - _MARGIN, 1)
    count = min(longest, room)
    step = 2 if 2 * count <= room else 1
    first = date.fromordinal(last.toordinal() - count + 1)
    tall = _TALL if len(days) <= _FEW else _LOW
    lines: list[Text] = []
    used: dict[str, str] = {}
    for name, shown in days.items():
        within = {day.date: day for day in shown if day.date >= first}
        peak = max((max(day.read, day.announced or 0) for day in within.values()), default=0)
        dates = [date.fromordinal(first.toordinal() + place) for place in range(count)]
        bars = [_bar(within.get(day), peak, tall, used) for day in dates]
        lines += [Text(), Text(_head(name, within, peak), style="bold")]
        for line in reversed(range(tall)):
            lines.append(_spread([bar.cell(line) for bar in bars], step))
        if any(bar.mark != " " for bar in bars):
            lines.append(_spread([bar.mark for bar in bars], step))
    lines.append(_axis(first, count, step))
    return lines, used


def _head(name: str, days: Mapping[date, SourceDay], peak: int) -> str:
    announced = sum(day.announced or 0 for day in days.values())
    read = sum(day.read for day in days.values())
    most = f", at most {peak:,} a day" if peak else ""
    return f"{name_of(name)}: {announced:,} announced, {read:,} read{most}"


def _bar(day: SourceDay | None, peak: int, tall: int, used: dict[str, str]) -> _Bar:
    if day is None:
        return _Bar(0, 0, " ")
    meaning = "late" if day.whole and day.late else standing_of(day)
    mark = MARKS.get(meaning, " ")
    if meaning in MARKS:
        used[meaning] = mark
    most = max(day.announced or 0, day.read)
    if most > day.read:
        used["announced, not read"] = _MISSING
    return _Bar(_height(day.read, peak, tall), _height(most, peak, tall), mark)


def _height(number: int, peak: int, tall: int) -> int:
    """In eighths of a line; whatever is there is seen."""
    return max(round(number / peak * tall * _FULL), 1) if number else 0


def _spread(cells: Sequence[str], step: int) -> Text:
    return Text(" " * _MARGIN + "".join(cell.ljust(step) for cell in cells).rstrip())


def _axis(first: date, count: int, step: int) -> Text:
    """The Mondays, as far as their names have room."""
    line = ""
    for place in range(count):
        day = date.fromordinal(first.toordinal() + place)
        at = _MARGIN + place * step
        if day.weekday() == 0 and at >= len(line) and place + 7 // step <= count:
            line = line.ljust(at) + f"{day.day} {day:%b} "
    return Text(line.rstrip(), style="dim")


def _legend(used: Mapping[str, str]) -> Text:
    told = [f"{mark} {meaning}" for meaning, mark in used.items()]
    return Text("  ".join(told), style="dim") if told else Text("all read", style="dim")
