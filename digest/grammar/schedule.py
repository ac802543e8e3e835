"""Hours, zones and weekdays as people write them."""

import difflib
import re
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from digest.errors import UsageError
from digest.model import WEEK

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?")
EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)
_WORDS = {"daily": WEEK, "weekdays": frozenset(range(5)), "weekends": frozenset((5, 6))}


def parse_hour(text: str) -> int:
    """`7`, `07` or `7:30` as minutes after midnight."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None or int(match["hour"]) > 23 or int(match["minute"] or 0) > 59:  # noqa: PLR2004
        raise UsageError(f"{text!r} is no hour: write 7 or 7:30, from 0:00 to 23:59")
    return int(match["hour"]) * 60 + int(match["minute"] or 0)


def format_hour(minute: int) -> str:
    """Minutes after midnight as `07:30`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def parse_date(text: str) -> date:
    """`2026-12-01` as a date."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = date.min
    if not EARLIEST <= day <= LATEST:
        raise UsageError(f"{text!r} is no date: write it like 2026-12-01")
    return day


def parse_zone(text: str) -> str:
    """The name of a zone of the tz database, such as `Europe/Berlin`."""
    name = text.strip()
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = available_timezones()
        near = difflib.get_close_matches(name, known, 1, 0.6) or [
            zone for zone in sorted(known) if zone.lower().endswith("/" + name.lower())
        ]
        hint = f": did you mean {near[0]}?" if near else ", such as Europe/Berlin or UTC"
        raise UsageError(f"{text!r} is no time zone{hint}") from error
    return name


def parse_weekdays(text: str) -> frozenset[int]:
    """`daily`, `weekdays`, `mon-fri` or `mon, wed, fri` as days (Monday is 0)."""
    days: set[int] = set()
    for part in re.split(r"[,\s]+", text.strip().lower()):
        if part in _WORDS:
            days |= _WORDS[part]
            continue
        first, dash, last = part.partition("-")
        start, end = _day(first, text), _day(last if dash else first, text)
        days |= {(start + step) % 7 for step in range((end - start) % 7 + 1)}
    return frozenset(days)


def format_weekdays(days: frozenset[int]) -> str:
    """Days as `daily`, `weekdays` or `mon, wed`."""
    for word, meant in _WORDS.items():
        if days == meant:
            return word
    return ", ".join(_DAYS[day] for day in sorted(days))


def _day(name: str, text: str) -> int:
    if len(name) >= 2:  # noqa: PLR2004
        for number, day in enumerate(_DAYS):
            if name.startswith(day) or day.startswith(name):
                return number
    raise UsageError(f"{text!r} names no weekdays: write daily, weekdays, mon-fri or mon, wed, fri")
