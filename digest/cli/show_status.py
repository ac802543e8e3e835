"""The status and the doctor's checks, as tables for people and as JSON for programs."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from digest.cli.show_coverage import coverage_as_json
from digest.coverage import SourceState
from digest.coverage.words import state_in_words
from digest.errors import printable
from digest.status import Day, Status

COLUMNS = (
    "collected",
    "announced",
    "editions",
    "sent",
    "waiting",
    "uncertain",
    "failed",
    "cancelled",
)
BAD = ("uncertain", "failed")
_UNKNOWN = "?"


def show_status(console: Console, status: Status, zone: str, *, served: bool) -> None:
    """The days as a table, and a line for each thing that one should know."""
    # All columns fit a terminal of 80: no lines between them, and one space.
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("date", no_wrap=True, min_width=len("2026-03-17"))
    for name in COLUMNS:
        table.add_column(name, justify="right", overflow="fold")
    for day in status.days:
        table.add_row(str(day.date), *(_cell(day, name) for name in COLUMNS))
    console.print(table)
    for day in status.days:
        if day.incomplete:
            _say(console, f"{day.date}: not read to its end: {', '.join(day.incomplete)}")
    _say_sources(console, status)
    _say(console, f"next run: {_next(status, zone)}")
    _say(console, f"daemon: {'runs' if served else 'does not run here'}")
    for line in _channels(status):
        _say(console, line)
    for reader in status.suppressed:
        said = f"{reader.address} gets no mail since {reader.since:%Y-%m-%d}: its mailbox refused"
        _say(console, f"{said} ('digest readers resume {reader.address}')", "red")
    if status.suppressed_count > len(status.suppressed):
        _say(console, f"… and so do {status.suppressed_count - len(status.suppressed)} more", "red")
    for trouble in status.troubles:
        since = f"{trouble.since:%Y-%m-%d %H:%M} UTC"
        _say(console, f"{trouble.topic}: {printable(trouble.text)} (since {since})", "red")
    if any(day.uncertain or day.failed for day in status.days):
        _say(console, "'digest deliveries --state uncertain --state failed' lists what went wrong")


def status_as_json(status: Status, *, served: bool) -> dict[str, Any]:
    """The status for programs; see docs/commands.md for its fields."""
    return {
        "days": [_plain(asdict(day)) for day in status.days],
        "sources": [_source(state) for state in status.sources],
        "due_now": status.due_now,
        "next_run": status.next_run.isoformat() if status.next_run else None,
        "daemon": served,
        "channels_down": [_plain(asdict(state)) for state in status.channels_down],
        "suppressed": [_plain(asdict(reader)) for reader in status.suppressed],
        "suppressed_count": status.suppressed_count,
        "troubles": [_plain(asdict(trouble)) for trouble in status.troubles],
    }


def _say_sources(console: Console, status: Status) -> None:
    """A line for each source that anything is known of."""
    for state in status.sources:
        if state.told:
            _say(console, state_in_words(state), "" if state.well else "yellow")
    if any(state.missing for state in status.sources):
        _say(console, "'digest papers --coverage' shows it by day; it is caught up with by itself")


def _source(state: SourceState) -> dict[str, Any]:
    return {
        "source": state.source,
        "last": coverage_as_json(state.last) if state.last else None,
        "missing": [coverage_as_json(day) for day in state.missing],
        "problem": state.problem,
        "since": state.since.isoformat() if state.since else None,
    }


def _say(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)


def _cell(day: Day, name: str) -> Text:
    value = getattr(day, name)
    shown = _UNKNOWN if value is None and day.collected else f"{value or 0:,}"
    return Text(shown, style="red" if value and name in BAD else "" if value else "dim")


def _next(status: Status, zone: str) -> str:
    if status.due_now:
        return "now: somebody is due"
    if status.next_run is None:
        return "nobody waits for one yet ('digest run', or 'digest readers add ADDRESS')"
    local = status.next_run.astimezone(ZoneInfo(zone))
    return f"{local:%A, %Y-%m-%d %H:%M} {zone}"


def _channels(status: Status) -> list[str]:
    if not status.channels_down:
        return ["mail: in order"]
    return [
        f"mail ({state.name}): out of order since {_minute(state.since)}, tried again from "
        f"{_minute(state.retry_at)} on: {printable(state.problem or '')} ('digest doctor')"
        for state in status.channels_down
    ]


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "?"


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Times and dates as text."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in values.items()
    }
