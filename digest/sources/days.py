"""Which days a source with one list a day is asked for: the latest, and those that were missed."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from digest.errors import SourceError
from digest.intake.normal import clean_date, clean_time
from digest.model import Count, Covered, Standing
from digest.sources import Batch, Request

FARTHEST = timedelta(days=30)  # for so long what was missed is caught up with, of every source
LATEST = 2  # days that are asked for each time, since their lists may grow
_AGAIN = timedelta(hours=3)  # a past day that is not complete is not asked for more often
_SELDOM = timedelta(hours=20)  # nor one of which a part can never be read, after some days
MOST_FAILURES = 2  # in a row: then the service is away, and further days would only be more of it
_PATIENCE = timedelta(days=3)  # for so long an empty list of a working day is not believed
_OFTEN = timedelta(hours=3)  # a day that is over but counts on moving is not asked for more often
_A_WHILE = timedelta(hours=26)  # nor one of a weekend: services may be empty for a day
_WORKING = 5
DROPPED = "no longer asked for"
TIME_IS_OVER = "the time is over; the next visit goes on"
_EMPTY = "an empty list: it is asked for again"
_EARLY = "nothing yet: its list may still come"
_LASTS = "its date was not over"
_BEGUN = "begun"  # the note that says for which day a source was asked first
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """The days of one part of a source.

    `known` is what was counted before, by date, `notes` what was noted; `asked_for` is the date of
    the request, which may be after `today`. A list grows while its
    day lasts, and `slack` longer: what was read before that is asked for again once, even where it
    was complete.
    """

    known: dict[date, Covered]
    today: date
    now: datetime
    slack: timedelta
    asked_for: date
    notes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request, slack: timedelta, part: str = "") -> "Days":
        """The days that a request is about; none after today in UTC, where lists are made."""
        now = request.now.astimezone(UTC)
        known = {one.date: one for one in request.covered if one.count.part == part}
        today = min(request.date, now.date())
        return cls(known, today, now, slack, request.date, request.notes)

    def wanted(self, latest: int) -> list[date]:
        """The days to ask for: so many of the latest, then those that were missed, backwards.

        Of the latest those that are complete are left alone for some hours. Nothing is missed
        before the first day that was ever asked for.
        """
        days = [day for day in self._recent(latest) if not self._rests(day)]
        first = max(self._begun(), self.asked_for - FARTHEST)  # before, counts are not at hand
        older = self.today - latest * _A_DAY
        while older >= first:
            if self._missed(older):
                days.append(older)
            older -= _A_DAY
        return days

    def resting(self, latest: int) -> tuple[Batch, ...]:
        """What is known of the days that are left alone, without their papers."""
        counts = [self.known[day].count for day in self._recent(latest) if self._rests(day)]
        return tuple(Batch((), count.read, count.announced) for count in counts)

    def over(self, day: date) -> bool:
        """Whether a day's list does not grow any more."""
        return self.now >= self._end(day)

    def told(self, batch: Batch) -> Batch:
        """A batch whose counts can be believed; since when a list is empty is noted with it.

        An empty list may be a quiet day, or a bad answer. It is believed when it stays empty: of a
        weekend for a day, of a working day for three. While the day lasts it says nothing.
        """
        counts, notes = [], dict(batch.notes)
        lately = self.today >= self.now.date() - _A_DAY  # it was not asked for a past day by hand
        if batch.counts and lately and _BEGUN not in self.notes:
            notes[_BEGUN] = self._begun().isoformat()
        for count in batch.counts:
            whole = count.standing is Standing.COMPLETE
            empty = whole and not (count.read or count.announced)
            if whole and not empty and not self.over(count.date):
                count = replace(count, standing=Standing.OPEN, said=_LASTS)  # noqa: PLW2901
            note = f"empty {count.date}"
            since = clean_time(self.notes.get(note)) or self.now
            counts.append(self._judged(count, since) if empty else count)
            if empty and self.over(count.date) and not counts[-1].standing.settled:
                notes[note] = since.isoformat()
            elif note in self.notes:
                notes[note] = ""
        return replace(batch, counts=tuple(counts), notes=notes)

    def _judged(self, count: Count, since: datetime) -> Count:
        if not self.over(count.date):
            return replace(count, standing=Standing.PARTIAL, announced=None, said=_EARLY)
        weekend = count.date.weekday() >= _WORKING
        if self.now - since < (_A_WHILE if weekend else _PATIENCE):
            return replace(count, standing=Standing.PARTIAL, announced=None, said=_EMPTY)
        said = "a weekend" if weekend else "its list stayed empty"
        return replace(count, standing=Standing.QUIET, announced=0, said=said)

    def _recent(self, latest: int) -> list[date]:
        return [self.today - back * _A_DAY for back in range(latest)]

    def _begun(self) -> date:
        """The first day that was asked for: by the note, or as it was counted."""
        noted = clean_date(self.notes.get(_BEGUN), self.today)
        return min((noted or self.today, *self.known))

    def _rests(self, day: date) -> bool:
        """Whether a day was complete when it was over, and asked for lately."""
        covered = self.known.get(day)
        if covered is None or covered.asked < self._end(day):
            return False
        return covered.count.standing.settled and self.now - covered.asked < _OFTEN

    def _missed(self, day: date) -> bool:
        covered = self.known.get(day)
        if covered is None:
            return True
        if covered.asked < self._end(day):
            return True
        pause = _SELDOM if covered.count.read and self.today - day > _PATIENCE else _AGAIN
        return not covered.count.standing.settled and self.now - covered.asked >= pause

    def _end(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + _A_DAY + self.slack


def by_day(
    source: str,
    days: Days,
    request: Request,
    pages: Callable[[date], Iterator[Batch]],
    way: str = "",
) -> Iterator[Batch]:
    """The pages of each day that is wanted, the latest first; one may fail without the others.

    Args:
        source: who asks, for errors.
        days: which they are.
        request: says how much time is left.
        pages: gives the pages of a day; its count stands on the last one.
        way: how the source is asked.

    Raises:
        SourceError: when the time is over, the service asks for patience, or a day failed.
    """
    failed: list[SourceError] = []
    in_a_row = 0
    for day in days.wanted(LATEST):
        if not request.left():
            raise SourceError(source, TIME_IS_OVER)  # that says nothing of the day
        read = 0
        try:
            for batch in pages(day):
                read += batch.read
                yield days.told(batch)
        except SourceError as error:
            yield Batch((), 0, counts=(broken(day, error.problem, read, way),))
            if error.retry_at:
                raise
            failed.append(error)
            in_a_row += 1
            if in_a_row >= MOST_FAILURES:
                break
        else:
            in_a_row = 0
    if failed:
        raise failed[0]


def dropped(covered: Iterable[Covered], wanted: Collection[str]) -> tuple[Count, ...]:
    """Counts that end the search for papers of parts that were taken out of the configuration."""
    counts = (one.count for one in covered)
    return tuple(
        replace(count, standing=Standing.QUIET, announced=count.read, said=DROPPED)
        for count in counts
        if count.part not in wanted and not count.standing.settled
    )


def broken(day: date, problem: str, read: int = 0, way: str = "", part: str = "") -> Count:
    """The count of a day that could not be read, or only in part."""
    standing = Standing.PARTIAL if read else Standing.BROKEN
    return Count(part, day, standing, None, read, way, problem)


def counted(day: date, announced: int, read: int, way: str = "", part: str = "") -> Count:
    """The count of a day that was read to its end."""
    if read >= announced:
        return Count(part, day, Standing.COMPLETE, announced, read, way)
    said = f"{announced - read} of {announced} could not be read"
    return Count(part, day, Standing.PARTIAL, announced, read, way, said)
