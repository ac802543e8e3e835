"""Coverage for people: what each source announced and what was read of it, day by day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from digest.model import Count, Covered, Standing
from digest.sources import Announcing, Source
from digest.store import Store

REMEMBERED = timedelta(days=31)  # for so long a source is caught up with
_BELIEVED = timedelta(days=5)  # then every source knows whether an empty list is a quiet day
_A_DAY = timedelta(days=1)

Calendars = Mapping[str, Announcing]


@dataclass(frozen=True, slots=True)
class SourceDay:
    """One source on one date of announcement, all its parts together.

    `standing` is None where nothing is known of the date: its papers are `due` and the source was
    not asked, or they are not out yet. `announced` is None where no part said how many there were;
    `lacking` are the parts that are not settled; `ways` how it was asked; `settled` when the last
    part was, and `late` whether papers came more than a day after the date; `quiet` says why there
    was nothing.
    """

    source: str
    date: date
    standing: Standing | None
    announced: int | None = None
    read: int = 0
    parts: int = 0
    lacking: tuple[Count, ...] = ()
    ways: tuple[str, ...] = ()
    quiet: str = ""
    settled: datetime | None = None
    late: bool = False
    due: bool = True

    @property
    def whole(self) -> bool:
        """Whether nothing of it is left to be asked for."""
        return self.standing is not None and self.standing.settled


@dataclass(frozen=True, slots=True)
class SourceState:
    """How it stands with one source: its last date that is whole, and what is missing since.

    `missing` are the dates of the last month that lack papers or were not asked for, the oldest
    first. `problem` and `since` tell of a last visit that was not complete: what it said, and since
    when it is so.
    """

    source: str
    last: SourceDay | None
    missing: tuple[SourceDay, ...]
    problem: str | None = None
    since: datetime | None = None

    @property
    def told(self) -> bool:
        """Whether anything is known of it."""
        return bool(self.last or self.missing or self.problem)

    @property
    def well(self) -> bool:
        """Whether nothing is missing."""
        return not (self.missing or self.problem)


def calendars_of(sources: Iterable[Source]) -> dict[str, Announcing]:
    """Those of these sources that know on which days they announce, by name."""
    return {source.name: source for source in sources if isinstance(source, Announcing)}


def sum_up(rows: Sequence[Covered]) -> SourceDay:
    """The parts of one source on one date, together.

    Args:
        rows: at least one; all of one source and date.
    """
    first, counts = rows[0], [row.count for row in rows]
    lacking = tuple(count for count in counts if not count.standing.settled)
    told = [count.announced for count in counts if count.announced is not None]
    times = [row.completed for row in rows if row.completed is not None]
    settled = max(times) if times and not lacking else None
    standing = together(counts, lacking)
    late = settled is not None and settled >= _begin(first.date + 2 * _A_DAY)
    quiet = [count.said for count in counts if count.standing is Standing.QUIET and count.said]
    return SourceDay(
        first.source,
        first.date,
        standing,
        sum(told) if told else None,
        sum(count.read for count in counts),
        len(counts),
        lacking,
        tuple(dict.fromkeys(count.way for count in counts if count.way)),
        quiet[0] if quiet else "",
        settled,
        late and standing is Standing.COMPLETE,
    )


def together(counts: Sequence[Count], lacking: Sequence[Count]) -> Standing:
    """One standing for several: whatever was read makes it better than nothing at all."""
    if not lacking:
        all_quiet = all(count.standing is Standing.QUIET for count in counts)
        return Standing.QUIET if all_quiet else Standing.COMPLETE
    kinds = {count.standing for count in lacking}
    if kinds == {Standing.OPEN}:
        return Standing.OPEN
    if len(lacking) < len(counts) or any(count.read for count in counts):
        return Standing.PARTIAL
    for standing in (Standing.PARTIAL, Standing.STALE):
        if standing in kinds:
            return standing
    return Standing.BROKEN


def by_day(rows: Iterable[Covered]) -> dict[tuple[str, date], SourceDay]:
    """The sums of all these rows, by source and date."""

    def place(row: Covered) -> tuple[str, date]:
        return row.source, row.date

    return {key: sum_up(list(found)) for key, found in groupby(sorted(rows, key=place), place)}


def days_of(
    rows: Iterable[Covered], sources: Sequence[str], calendars: Calendars, now: datetime
) -> dict[str, list[SourceDay]]:
    """What is known of each source, date by date without a gap, the oldest first.

    It begins with the first date that a source told of: before, it was not asked.

    Args:
        rows: counts of the dates to tell of.
        sources: those that are asked; others are told of where they have counts.
        calendars: of those that know on which days they announce.
        now: the time (aware); it ends with the date in UTC.
    """
    sums = by_day(rows)
    names = dict.fromkeys((*sources, *(source for source, _ in sums)))
    found: dict[str, list[SourceDay]] = {}
    for name in names:
        mine = sorted(day for source, day in sums if source == name)
        if not mine:
            found[name] = []
            continue
        dates = dates_between(mine[0], max(mine[-1], now.astimezone(UTC).date()))
        calendar = calendars.get(name)
        found[name] = [sums.get((name, day)) or _untold(name, day, calendar, now) for day in dates]
    return found


def _untold(source: str, day: date, calendar: Announcing | None, now: datetime) -> SourceDay:
    """A date that a source has no counts of."""
    if calendar is None:
        return SourceDay(source, day, None, due=day < now.astimezone(UTC).date())
    quiet = calendar.quiet(day)
    if quiet:
        return SourceDay(source, day, Standing.QUIET, quiet=quiet)
    return SourceDay(source, day, None, due=day <= calendar.expected(now))


def states_of(
    store: Store, sources: Sequence[str], calendars: Calendars, now: datetime
) -> list[SourceState]:
    """How it stands with each of these sources."""
    today = now.astimezone(UTC).date()
    rows = store.coverage.between(today - REMEMBERED, today + _A_DAY)
    days = days_of(rows, sources, calendars, now)
    silences = {silence.source: silence for silence in store.overview.silences(sources)}
    found = []
    for source in sources:
        whole = [day for day in days[source] if day.whole]
        latest = [day for day in whole if day.standing is Standing.COMPLETE] or whole
        silence = silences.get(source)
        found.append(
            SourceState(
                source,
                latest[-1] if latest else None,
                tuple(
                    day
                    for day in days[source]
                    if lacks_papers(day, today) or (day.standing is None and day.due)
                ),
                silence.problem if silence else None,
                silence.since if silence else None,
            )
        )
    return found


def lacks(count: Count, today: date) -> bool:
    """Whether papers of a count are missing on a later date, in UTC.

    A date that was read before it was over has two days to be read again; an empty list that is not
    believed yet has some, until every source knows whether it is a quiet day.
    """
    if count.standing is Standing.OPEN:
        return today - count.date > 2 * _A_DAY  # bioRxiv's lists grow for a day after their date
    if count.empty:
        return today - count.date > _BELIEVED
    return not count.standing.settled


def lacks_papers(day: SourceDay, today: date) -> bool:
    """Whether papers of a date are missing, as of today in UTC."""
    return any(lacks(count, today) for count in day.lacking)


def dates_between(first: date, last: date) -> list[date]:
    """All dates from the first to the last."""
    return [first + step * _A_DAY for step in range((last - first).days + 1)]


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
