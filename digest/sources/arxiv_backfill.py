"""Filling gaps: what the announcement feed did not show is asked of the API and of OAI-PMH.

The API gives papers by the time of submission, a listing's window, and says how many there are.
OAI-PMH gives what was changed on a date: the same papers, and those that a window does not show,
held back by moderators or cross-listed later. Where one of the two fails, the other one does.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from digest.errors import SourceError
from digest.model import Count, Sighting, Standing
from digest.sources import Batch, Request
from digest.sources.arxiv_api import MOST, ArxivApi, Found, Page, Query
from digest.sources.arxiv_calendar import listing_of, window
from digest.sources.arxiv_ledger import API, OAI, Gap, Ledger
from digest.sources.arxiv_oai import ArxivOai, RecordList, within
from digest.sources.arxiv_paper import BATCH, NAME, belongs, kind_of, set_of

CHANGES_TELL = timedelta(days=31)  # records of earlier listings were changed again since
_WINDOWS = "windows"
_CURSOR = "cursor "
_GROUP = ""  # stands for all categories of a group, wanted or not

_ALONE = "by OAI-PMH alone, which shows papers that changed since on later dates"

Place = tuple[str, date]


@dataclass(slots=True)
class Cursor:
    """How far the filling of a gap came, so that it can go on after an interruption.

    `part` is what is being read: the API's answer, or "date set" of OAI-PMH; `at` the next page or
    token of it; `seen` its entries so far; `unread` all those that could not be read. `submitted`
    and `changed` count papers by category and date, as the API and OAI-PMH show them; `whole`
    tells whether the API showed all of them. `shown` are the papers of this visit, not noted.
    """

    gap: Gap
    part: str = _WINDOWS
    at: str = ""
    seen: int = 0
    unread: int = 0
    submitted: Counter[Place] = field(default_factory=Counter)
    changed: Counter[Place] = field(default_factory=Counter)
    whole: bool = False
    shown: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """What its note is called."""
        return f"{_CURSOR}{self.gap.dates[0]}"

    @property
    def note(self) -> dict[str, str]:
        """As it is noted."""
        told = {
            "dates": [day.isoformat() for day in self.gap.dates],
            "categories": self.gap.categories,
            **{name: getattr(self, name) for name in ("part", "at", "seen", "unread", "whole")},
            "submitted": _listed(self.submitted),
            "changed": _listed(self.changed),
        }
        return {self.name: json.dumps(told)}

    @classmethod
    def resumed(cls, notes: Mapping[str, str], gap: Gap) -> "Cursor":
        """The cursor that was noted for the same gap, or a new one."""
        cursor = cls(gap)
        try:
            told = json.loads(notes.get(cursor.name, ""))
            dates = tuple(date.fromisoformat(day) for day in told["dates"])
            if Gap(dates, tuple(told["categories"])) != gap:
                return cursor
            return cls(
                gap,
                str(told["part"]),
                str(told["at"]),
                int(told["seen"]),
                int(told["unread"]),
                _counter(told["submitted"]),
                _counter(told["changed"]),
                bool(told["whole"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cursor

    def go_to(self, part: str) -> None:
        """Begin with another part, unless it was begun already."""
        if part != self.part:
            self.part, self.at, self.seen = part, "", 0

    def places(self, categories: Sequence[str], day: date) -> list[Place]:
        """Where a paper of these categories is counted."""
        return [(one, day) for one in self.gap.categories if belongs(categories, one)]


@dataclass(frozen=True, slots=True)
class Backfill:
    """Fills gaps of a ledger.

    `newest` is the newest listing that must be out; `late` tells that it must have been out for
    hours, so that an empty feed is no late one.
    """

    api: ArxivApi
    oai: ArxivOai
    ledger: Ledger
    newest: date
    late: bool

    def fill(self, gaps: Sequence[Gap], request: Request) -> Iterator[Batch]:
        """Yield what the API has of all gaps, then OAI-PMH, then what is known of them.

        Raises:
            SourceError: only where the service names a time to be asked again.
        """
        cursors = [Cursor.resumed(request.notes, gap) for gap in gaps]
        said: dict[Gap, list[str]] = {gap: [] for gap in gaps}
        for way, asked in ((API, self._from_api), (OAI, self._from_oai)):
            for cursor in cursors:
                try:
                    for batch in asked(cursor, request.left):
                        self.ledger.take(batch.counts)
                        yield batch
                except SourceError as error:
                    said[cursor.gap].append(f"{way}: {error.problem}")
                    if error.retry_at:
                        raise
                    if not request.left():
                        return  # the next visit goes on
        for gap, problems in said.items():
            words = "; ".join(problems) or "the other ways show nothing of it yet"
            counts = self.ledger.lost(gap, OAI, words)
            self.ledger.take(counts)
            if counts or problems:
                yield Batch((), 0, 0, troubles=(f"{gap}: {words}",), counts=counts)

    def _from_api(self, cursor: Cursor, left: Callable[[], float]) -> Iterator[Batch]:
        """The papers of the gap's windows; how far OAI-PMH came before stays noted."""
        if cursor.whole:
            return
        gap, came = cursor.gap, (cursor.part, cursor.at, cursor.seen)
        cursor.go_to(_WINDOWS)
        if not cursor.at:
            cursor.submitted.clear()
        query = Query(gap.categories, window(gap.dates[0])[0], window(gap.dates[-1])[1])
        try:
            for page in self._pages(query, int(cursor.at or 0), left):
                fresh = [found for found in page.found if found.paper.key not in cursor.shown]
                cursor.at = str(int(cursor.at or 0) + page.entries)
                cursor.unread += page.entries - len(page.found)
                sightings = [self._in_window(cursor, found) for found in fresh]
                yield from _batches(page, sightings, cursor)
        finally:
            if came[0] != _WINDOWS:
                cursor.part, cursor.at, cursor.seen = came
        cursor.whole = True
        counts = self._counts(cursor, [day for day in gap.dates if not self._tells(day)])
        for place in gap.places():
            read = cursor.submitted[place]
            if read and self._tells(place[1]):
                said = "what was held back or cross-listed later is still to be looked for"
                counts.append(Count(*place, Standing.PARTIAL, read, read, API, said))
        yield Batch((), 0, 0, counts=tuple(counts), notes=cursor.note)

    def _pages(self, query: Query, start: int, left: Callable[[], float]) -> Iterator[Page]:
        """All pages from a number on.

        Raises:
            SourceError: where one lacks papers; what there is of it is yielded before.
        """
        while True:
            if not left():
                raise SourceError(NAME, "the time is over; the next visit goes on")
            page = self.api.page(query, start, left())
            if page.total is None:
                raise SourceError(NAME, "an answer of the API that does not say how many there are")
            if page.total > MOST:
                raise SourceError(NAME, f"{page.total} papers are more than the API gives out")
            if page.lacks(start):
                some = f"{page.entries} of {page.total} papers from number {start} on"
                raise SourceError(NAME, f"{some}, however often asked")
            yield page
            start += page.entries
            if start >= page.total:
                return

    def _in_window(self, cursor: Cursor, found: Found) -> Sighting:
        """A paper of the gap's windows, dated by its own."""
        days = cursor.gap.dates
        day = listing_of(found.submitted) if found.submitted else days[-1]
        day = min(max(day, days[0]), days[-1])
        cursor.submitted.update(cursor.places(found.paper.categories, day))
        return Sighting(found.paper, kind_of(found.paper, self.ledger.categories), day)

    def _from_oai(self, cursor: Cursor, left: Callable[[], float]) -> Iterator[Batch]:
        """The records of the gap's dates, set by set; each date is settled by itself."""
        gap = cursor.gap
        names = sorted({set_of(category) for category in gap.categories})
        days = [day for day in gap.dates if self._tells(day)]
        parts = [(f"{day} {name}", day) for day in days for name in names]
        begun = next((n for n, (part, _) in enumerate(parts) if part == cursor.part), 0)
        for part, day in parts[begun:]:
            cursor.go_to(part)
            yield from self._records(cursor, left)
            if part == f"{day} {names[-1]}":
                yield Batch((), 0, 0, counts=tuple(self._counts(cursor, [day])))
        yield Batch((), 0, 0, notes={cursor.name: ""})

    def _records(self, cursor: Cursor, left: Callable[[], float]) -> Iterator[Batch]:
        """One set on one date."""
        written, _, name = cursor.part.partition(" ")
        day = date.fromisoformat(written)
        mine = tuple(one for one in cursor.gap.categories if set_of(one) == name)
        size = None
        begun = not cursor.at  # what an attempt before saw of the list comes again
        for part, again in self.oai.lists(name, day, cursor.at, left):
            if begun or again:
                cursor.seen = 0
                for category in mine:
                    del cursor.changed[category, day]
            begun = False
            begins = window(day)[0].date()
            cursor.changed[_GROUP, day] += sum(
                record.is_new_since(begins) for record in part.records
            )
            records = within(part.records, mine)
            for record in records:  # those in two sets are counted in the categories of each
                places = cursor.places(record.paper.categories, day)
                cursor.changed.update(place for place in places if place[0] in mine)
            sightings = [record.sighting(day, self.ledger.categories) for record in records]
            size = part.size if part.size is not None else size
            cursor.at, cursor.seen = part.token, cursor.seen + part.parsed.announced
            cursor.unread += part.parsed.announced - len(part.records) - part.deleted
            yield from _batches(part, sightings, cursor)
        if size is not None and cursor.seen < size:
            said = f"OAI-PMH gave {cursor.seen} of {size} records of {cursor.part}"
            raise SourceError(NAME, said)

    def _tells(self, day: date) -> bool:
        """Whether what was changed on a date still tells what was announced then."""
        return self.newest - day <= CHANGES_TELL

    def _counts(self, cursor: Cursor, days: Sequence[date]) -> list[Count]:
        """What is known of some of a gap's dates after they were read to their end.

        No papers of a category are a quiet day where it is sure that the service knows of the date:
        it shows others of it, a later listing is out, or the feed was there and empty, while others
        were not, or hours after it must have been filled. OAI-PMH alone tells all of the newest
        listing only: records of earlier ones that were changed again stand under later dates.
        """
        told = (*cursor.submitted.items(), *cursor.changed.items())
        shown = max((day for (_, day), number in told if number), default=None)
        said = f"{cursor.unread} entries could not be read" if cursor.unread else None
        way = API if cursor.whole else OAI
        counts = []
        for category in cursor.gap.categories:
            for day in days:
                read = max(cursor.submitted[category, day], cursor.changed[category, day])
                empty = category in self.ledger.empty and (self.late or self.ledger.has_some(day))
                known = (shown and shown >= day) or day < self.newest
                if day < self.newest and not cursor.whole:
                    counts.append(Count(category, day, Standing.PARTIAL, None, read, way, _ALONE))
                elif read:
                    counts.append(Count(category, day, Standing.COMPLETE, read, read, way, said))
                elif known or empty:
                    quiet = f"nothing announced, by the {way.upper()} as well"
                    counts.append(Count(category, day, Standing.QUIET, 0, 0, way, quiet))
        return counts


def cursors_gone(notes: Mapping[str, str], ledger: Ledger, since: date) -> dict[str, str]:
    """What to note for cursors to be forgotten: their dates are settled, or long ago."""
    names = [name for name in notes if name.startswith(_CURSOR)]
    days = {name: date.fromisoformat(name.removeprefix(_CURSOR)) for name in names}
    return {name: "" for name, day in days.items() if day < since or not ledger.open(day)}


def _batches(
    part: Page | RecordList, sightings: Sequence[Sighting], cursor: Cursor
) -> Iterator[Batch]:
    """Parts of a page; the cursor that stands behind the page is noted with the last one.

    Papers that this visit showed before are stored again, but not counted.
    """
    last = max(len(sightings) - 1, 0) // BATCH
    for number in range(last + 1):
        some = tuple(sightings[number * BATCH : (number + 1) * BATCH])
        fresh = {sighting.paper.key for sighting in some} - cursor.shown
        cursor.shown |= fresh
        ended = number == last
        yield Batch(
            some,
            len(fresh),
            len(fresh),
            tuple(part.parsed.troubles) if ended else (),
            part.parsed.more_troubles if ended else 0,
            notes=cursor.note if ended else {},
        )


def _listed(counts: Counter[Place]) -> list[tuple[str, str, int]]:
    return [(part, day.isoformat(), number) for (part, day), number in counts.items()]


def _counter(listed: Sequence[tuple[str, str, int]]) -> Counter[Place]:
    return Counter({(part, date.fromisoformat(day)): int(n) for part, day, n in listed})
