"""What the owner is told of sources: which are silent, of which dates papers are missing."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from digest.coverage import SourceDay, by_day, lacks_papers
from digest.coverage.words import details_of, name_of
from digest.errors import printable
from digest.letters.view import Notice, day_in_words
from digest.store import Store
from digest.store.overview import Silence

SILENT = timedelta(days=1)  # a source without a complete visit for longer
_LATELY = timedelta(hours=12)
_OVER = timedelta(hours=36)  # from a date's beginning in UTC until it has ended everywhere
_FARTHEST = timedelta(days=7)  # how far back dates are told of
_NAMED = 5


def gaps_of(store: Store, sources: Collection[str], now: datetime) -> list[SourceDay]:
    """The dates of last week that are over, and of which a source was not read to its end.

    Not those that were asked for lately for the first time: a digest that was off, or is new,
    does not know how long it has been so.
    """
    last = (now - _OVER).astimezone(UTC).date()
    rows = store.coverage.between(last - _FARTHEST, last)
    days = by_day(row for row in rows if row.source in sources)
    missing = [day for day in days.values() if lacks_papers(day, last)]
    silent = {day.source for day in missing}
    asked = {one: store.visits.last_before(one, now - _LATELY) for one in silent}
    return [day for day in missing if _begun(asked[day.source], day.date)]


def notices_of_sources(
    silences: Sequence[Silence], gaps: Sequence[SourceDay], now: datetime
) -> Iterator[Notice]:
    """One notice for each source that was not read: since when, which dates, which parts."""
    quiet = {silence.source: silence for silence in silences if _silent(silence, now)}
    missing: dict[str, list[SourceDay]] = {}
    for day in gaps:
        missing.setdefault(day.source, []).append(day)
    for source in dict.fromkeys((*quiet, *missing)):
        days, silence = missing.get(source, []), quiet.get(source)
        lines = [f"{day_in_words(day.date)}: {details_of(day)}" for day in days[-_NAMED:]]
        if len(days) > _NAMED:
            lines.append(f"… and {len(days) - _NAMED} dates before")
        if silence:
            since = f"could not be read since {day_in_words(silence.since.date())}"
            lines.insert(0, f"last: {printable(silence.problem)}")
        else:
            dates = "1 date" if len(days) == 1 else f"{len(days)} dates"
            begun = day_in_words(days[0].date)
            since = f"was not read to its end for {dates}, the first of them {begun}"
        yield Notice(f"{name_of(source)} {since}", tuple(lines), (_ASKED_AGAIN,))


_ASKED_AGAIN = (
    "It is asked again by itself, and caught up with for a month. 'digest papers --coverage' shows "
    "what is missing, 'digest doctor --live' what the service answers."
)


def _begun(asked: datetime | None, day: date) -> bool:
    """Whether a source was asked on a date or later."""
    return asked is not None and asked >= datetime.combine(day, time(), UTC)


def _silent(silence: Silence, now: datetime) -> bool:
    """Whether a source is down for more than a day: a digest that was off does not know."""
    return now - silence.since > SILENT and silence.dates > 1
