"""What is known of all sources for the editions of one date: what they tell, whether it is all."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from digest.coverage import REMEMBERED, Calendars, dates_between, lacks, sum_up, together
from digest.model import NOT_ASKED, Count, Coverage, Covered, Lack, Standing
from digest.sources import Announcing
from digest.store import Store
from digest.store.visits import Visit

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of all sources, for the editions of one date.

    `rows` are the counts of the last month up to its `day`, in the order of dates; `visits` those
    of the date on which sources are asked, `visited` those of the editions' date, by source;
    `sources` are those that are asked, in their order, `titles` what parts call themselves.
    """

    day: date
    rows: tuple[Covered, ...]
    visits: Mapping[str, Visit]
    visited: Mapping[str, Visit]
    sources: tuple[str, ...]
    calendars: Calendars
    now: datetime
    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def coverage(self, since: date) -> tuple[Coverage, ...]:
        """What each source announced and what was read of it, from `since` to the date."""
        names = tuple(dict.fromkeys((*self.sources, *sorted(self.visits))))
        told = tuple(name for name in names if name in self.visits or self._of(name))
        # Where files were read in place of services, nothing is to be said of these.
        return tuple(
            self._titled(self._coverage(name, self._of(name), since)) for name in told or names
        )

    def complete(self) -> bool:
        """Whether no papers of the date are to come: each source was read to its end for it."""
        return bool(self.sources) and all(self._complete(source) for source in self.sources)

    def _of(self, source: str) -> list[Covered]:
        return [row for row in self.rows if row.source == source]

    def _titled(self, coverage: Coverage) -> Coverage:
        """The same, with the names that parts give themselves."""
        source, parts = coverage.source, {row.count.part for row in self._of(coverage.source)}
        only = self.titles.get((source, next(iter(parts), "")), "") if len(parts) == 1 else ""
        lacks = tuple(
            replace(lack, part=self.titles.get((source, lack.part), lack.part))
            for lack in coverage.lacks
        )
        return replace(coverage, lacks=lacks, title=only)

    def _complete(self, source: str) -> bool:
        calendar, visit = self.calendars.get(source), self.visited.get(source)
        visited = visit is not None and visit.complete
        day = self.day if calendar is None else _last_announced(calendar, self.day)
        told = [row.count for row in self._of(source) if row.date == day]
        settled = all(_whole(count) for count in told)
        if calendar is None:
            return visited and settled
        # Who was killed in the middle of a visit told of the first parts alone.
        before = [row for row in self._of(source) if row.date < day]
        parts = {row.count.part for row in before if row.date == before[-1].date}
        whole = {count.part for count in told}.issuperset(parts) if parts else visited
        return bool(told) and settled and whole and calendar.expected(self.now) >= day

    def _coverage(self, source: str, mine: Sequence[Covered], since: date) -> Coverage:
        if not mine:
            return _of_visit(source, self.visits.get(source))
        if source not in self.calendars:  # what came on the last edition's date, after it
            since -= _A_DAY
        gap = self._gap(source, {row.date for row in mine}, since)
        within = [row for row in mine if row.date >= since]
        if within or gap:
            return _summed(source, mine, within, self._today, gap)
        newest = mine[-1].date
        earlier = [row for row in mine if row.date == newest]
        settled = all(row.count.standing.settled for row in earlier)
        calendar = self.calendars.get(source)
        if calendar and settled and (quiet := _quiet(calendar, since, self.day)):
            return Coverage(source, 0, 0, standing=Standing.QUIET, quiet=quiet)
        return _summed(source, mine, earlier, self._today, of=newest)

    @property
    def _today(self) -> date:
        return self.now.astimezone(UTC).date()

    def _gap(self, source: str, told: AbstractSet[date], since: date) -> Lack | None:
        """The first date from `since` on that a source should have told of, and did not."""
        calendar, visit = self.calendars.get(source), self.visits.get(source)
        if calendar is not None:
            last = min(self.day, calendar.expected(self.now))
            missed = [
                day
                for day in dates_between(max(since, min(told)), last)
                if day not in told and not calendar.quiet(day)
            ]
        else:
            failed = visit is not None and not visit.complete
            missed = [max(told) + _A_DAY] if failed and max(told) < self.day else []
        if not missed:
            return None
        before = [day for day in told if day < missed[0]]
        over = missed[-1] if max(told) > missed[-1] else None
        return Lack("", Standing.BROKEN, missed[0], max(before, default=None), over)


def known_of(
    store: Store,
    day: date,
    asked_on: date,
    sources: Sequence[str],
    calendars: Calendars,
    now: datetime,
) -> Known:
    """What the store knows for the editions of a date.

    Args:
        store: what is asked.
        day: the date of the editions.
        asked_on: the date for which sources were asked, in the owner's zone.
        sources: the names of those that are asked.
        calendars: of those that know on which days they announce.
        now: the time (aware).
    """
    return Known(
        day,
        store.coverage.between(day - REMEMBERED, day),
        {visit.source: visit for visit in store.visits.of_date(asked_on)},
        {visit.source: visit for visit in store.visits.of_date(day)},
        tuple(sources),
        calendars,
        now,
        store.coverage.titles(),
    )


def _of_visit(source: str, visit: Visit | None) -> Coverage:
    """Of a source that tells nothing date by date."""
    if visit is None:
        return Coverage(source, 0, None, NOT_ASKED)
    return Coverage(source, visit.read, visit.announced, visit.problem)


def _summed(
    source: str,
    mine: Sequence[Covered],
    within: Sequence[Covered],
    today: date,
    gap: Lack | None = None,
    of: date | None = None,
) -> Coverage:
    """The counts of some dates together, with what is not whole among them.

    Args:
        source: whose counts.
        mine: all of them, in the order of dates.
        within: those to sum up.
        today: the date in UTC, as of which they are whole or not.
        gap: the dates that the source should have told of, and did not.
        of: their date, where it is none of the edition's.
    """
    days = [sum_up(list(rows)) for _, rows in groupby(within, lambda row: row.date)]
    told = [day.announced for day in days if day.announced is not None]
    counts = [row.count for row in within]
    lacking = [count for count in counts if not _whole(count) or lacks(count, today)]
    quiet = {day.quiet for day in days}
    missing = (*_lacks(mine, lacking), *((gap,) if gap else ()))
    standing = together(counts, lacking) if counts else Standing.BROKEN
    return Coverage(
        source,
        sum(day.read for day in days),
        sum(told) if told else None,
        next((count.said or count.standing.value for count in lacking), "" if gap else None),
        Standing.PARTIAL if gap and standing.settled else standing,
        len({count.part for count in counts}),
        missing,
        quiet.pop() if len(quiet) == 1 else "",
        of,
    )


def _lacks(mine: Sequence[Covered], lacking: Sequence[Count]) -> list[Lack]:
    """The parts that are not whole, each since when; of several dates the last one holds."""
    found = {}
    for count in lacking:
        of_part = [row for row in mine if row.count.part == count.part]
        past = [row for row in of_part if row.date <= count.date]
        shown = max(
            (row.date for row in past if row.date < count.date and _whole(row.count)), default=None
        )
        since = min(row.date for row in past if shown is None or row.date > shown)
        last = count.date if of_part[-1].date > count.date else None
        found[count.part] = Lack(count.part, count.standing, since, shown, last)
    return list(found.values())


def _whole(count: Count) -> bool:
    """Whether all was read that was announced until it was asked for."""
    return count.standing.settled or count.standing is Standing.OPEN


def _quiet(calendar: Announcing, first: date, last: date) -> str:
    """Why nothing was announced on any of these dates; empty where something was."""
    said = [calendar.quiet(day) or "" for day in dates_between(first, last)]
    return said[-1] if said and all(said) else ""


def _last_announced(calendar: Announcing, day: date) -> date:
    """The newest date up to this one on which something is announced."""
    past = (day - back * _A_DAY for back in range(REMEMBERED.days))
    return next((day for day in past if calendar.quiet(day) is None), day)
