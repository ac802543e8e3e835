"""arXiv: three ways to the papers of its listings, and a count for each category and date.

The announcement feed first, one request a category. What it does not show (it fails, is cut short,
is empty on a working day, or is that of an earlier date) is asked of the API, then of OAI-PMH; so
is what was missed while nobody asked. docs/arxiv.md tells how.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

from digest.config import Settings
from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.model import Count, Standing
from digest.sources import Batch, Request
from digest.sources.arxiv_api import ArxivApi
from digest.sources.arxiv_backfill import Backfill, cursors_gone
from digest.sources.arxiv_calendar import (
    NEW_YORK,
    latest_listing,
    listing_expected,
)
from digest.sources.arxiv_feed import ACCEPT, FeedReader, shows
from digest.sources.arxiv_ledger import FEED, Ledger
from digest.sources.arxiv_oai import ArxivOai
from digest.sources.arxiv_paper import NAME
from digest.sources.days import FARTHEST, dropped

ENOUGH_FAILURES = 2  # where so many feeds fail and none answers, the others are not asked
_FRIDAY = 4
_FEED = "feed "  # begins the name of a note on a category's feed
_LATE = timedelta(hours=6)  # after midnight: no feed is filled as late as that
_ANYWHERE = timedelta(hours=12)  # a local date may be so far behind


@dataclass(frozen=True, slots=True)
class FeedNote:
    """What is remembered of a category's last feed that had entries.

    `known` is what to say for an unchanged one not to be sent again, "" where it was not read
    whole; `newest` is the key of the new paper with the highest number; `begun` is the listing for
    which the category was asked first.
    """

    known: str = ""
    date: str = ""
    announced: int = 0
    read: int = 0
    newest: str = ""
    begun: str = ""

    @classmethod
    def of(cls, text: str) -> "FeedNote":
        """What was noted, or nothing."""
        try:
            note = cls(**json.loads(text))
            for day in (note.date, note.begun):
                date.fromisoformat(day or date.min.isoformat())
        except (ValueError, TypeError):
            return cls()
        return note

    def counts(self, category: str) -> tuple[Count, ...]:
        """What it told of its date, where it was read whole."""
        if not self.known:
            return ()
        day = date.fromisoformat(self.date)
        return (Count(category, day, Standing.COMPLETE, self.announced, self.read, FEED),)

    def written(self) -> str:
        """As it is noted."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Arxiv:
    """The listings of some categories; cross-lists make one paper appear in several."""

    session: PoliteSession
    feed: str
    api: str
    oai: str
    categories: tuple[str, ...]
    name: str = NAME
    pace: timedelta = timedelta(hours=1)

    def expected(self, now: datetime) -> date:
        """The newest listing that must be out at a moment (aware)."""
        return latest_listing(now)

    def quiet(self, day: date) -> str | None:
        """Why nothing is announced on a date, in a word, or None."""
        if listing_expected(day):
            return None
        return "weekend" if day.weekday() > _FRIDAY else "holiday"

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Yield what the feeds show, then what can be had of listings that were missed.

        Asked by hand for a past date, that date alone, of the API.

        Raises:
            SourceError: when the papers of the newest listing (or of that date) are not all read.
        """
        ledger = Ledger.of(self.categories, request.covered, self._begun(request.notes))
        newest = latest_listing(request.now)
        api, oai = ArxivApi(self.session, self.api), ArxivOai(self.session, self.oai)
        late = latest_listing(request.now, _LATE) == newest
        backfill = Backfill(api, oai, ledger, newest, late)
        by_hand = request.at_once and request.date < newest
        if by_hand and request.date < (request.now - _ANYWHERE).date():
            yield _known(ledger, request.date)
            wanted, before = request.date, []
        else:
            yield from self._feeds(request, ledger, newest)
            wanted, before = newest, ledger.gaps_before(newest, request.now, request.date)
        if ended := dropped(request.covered, self.categories):
            yield Batch((), 0, 0, counts=ended)
        since = min(wanted, newest - FARTHEST)
        if gone := cursors_gone(request.notes, ledger, since):
            yield Batch((), 0, 0, notes=gone)
        on = ledger.gap_on(wanted) if listing_expected(wanted) else None
        for gaps in ([on] if on else [], before):
            if gaps and request.left():
                yield from backfill.fill(gaps, request)
        if listing_expected(wanted) and (lacking := ledger.lacks(wanted)):
            raise SourceError(NAME, lacking)

    def _begun(self, notes: Mapping[str, str]) -> dict[str, date]:
        """Since when categories are asked for, as the notes of their feeds tell."""
        told = {one: FeedNote.of(notes.get(f"{_FEED}{one}", "")).begun for one in self.categories}
        return {one: date.fromisoformat(day) for one, day in told.items() if day}

    def _feeds(self, request: Request, ledger: Ledger, newest: date) -> Iterator[Batch]:
        """The feeds of all categories; one that fails does not stop the others."""
        today = request.now.astimezone(NEW_YORK).date()
        if today.weekday() > _FRIDAY:
            yield _known(ledger, newest)  # the feeds are empty; on holidays they are looked at
            return
        failures: list[str] = []
        answered = False
        for category in self.categories:
            if not request.left():
                return
            if read := ledger.rests(category, newest, request.now):
                yield Batch((), read.read, read.announced)
                continue
            if len(failures) >= ENOUGH_FAILURES and not answered:
                yield _broken(ledger, category, newest, f"not asked, as others: {failures[0]}")
                continue
            try:
                for batch in self._feed(category, request, ledger, newest):
                    ledger.take(batch.counts)
                    yield batch
                answered = True
            except SourceError as error:
                failures.append(error.problem)
                yield _broken(ledger, category, newest, error.problem)
                if error.retry_at:
                    raise

    def _feed(
        self, category: str, request: Request, ledger: Ledger, newest: date
    ) -> Iterator[Batch]:
        """One feed, in parts; what is known of it stands with the last one."""
        name = f"{_FEED}{category}"
        note = FeedNote.of(request.notes.get(name, ""))
        begun = note.begun or newest.isoformat()
        late = bool(note.date) and note.date < newest.isoformat()
        stale = Count(
            category, newest, Standing.STALE, way=FEED, said=f"the feed still shows {note.date}"
        )
        url = f"{self.feed}/{category}"
        with self.session.open(
            self.name, url, accept=ACCEPT, known=note.known, left=request.left()
        ) as answer:
            if answer.unchanged:
                seen = (0, 0) if late else (note.read, note.announced)
                yield Batch((), *seen, counts=(stale,) if late else note.counts(category))
                return
            if late and note.newest and shows(answer.body, note.newest):
                yield Batch((), 0, 0, counts=(stale,))
                return
            # A day ahead is let pass where dates are read, since zones differ; not here.
            today = request.now.astimezone(NEW_YORK).date()
            reader = FeedReader(category, today - timedelta(days=1))
            last = Batch((), 0, 0)
            for batch in reader.batches(answer.body):
                if last.announced:
                    yield last
                last = batch
            counts = _counts_of(reader, newest)
            if not reader.announced and today == newest:
                ledger.empty.add(category)
                counts = (
                    Count(category, newest, Standing.PARTIAL, way=FEED, said="an empty feed"),
                )
            if ledger.settled(category, newest) and not reader.announced:
                counts = (ledger.counts[category, newest],)  # it was looked at again, that is all
            notes = {name: replace(note, known="", begun=begun).written()}
            if reader.shown:
                whole = any(c.standing is Standing.COMPLETE for c in counts)
                known = answer.known if whole else ""
                announced, read = reader.of(reader.shown)
                shown = reader.shown.isoformat()
                told = FeedNote(known, shown, announced, read, reader.newest, begun)
                notes = {name: told.written()}
            yield replace(last, counts=counts, notes=notes)


def _counts_of(reader: FeedReader, newest: date) -> tuple[Count, ...]:
    """What a feed tells of its date, and of the newest listing where it is another."""
    day = reader.shown or newest
    announced, read = reader.of(day)
    if not announced:
        return ()
    said = reader.cut
    if not said and read < announced:
        said = f"{announced - read} entries could not be read"
    if not said and not reader.shown:
        said = "the entries have no date that can be right"
    standing = Standing.PARTIAL if said else Standing.COMPLETE
    count = Count(reader.category, day, standing, announced, read, FEED, said)
    if day >= newest:
        return (count,)
    said = f"the feed still shows {day}"
    return (count, Count(reader.category, newest, Standing.STALE, way=FEED, said=said))


def _broken(ledger: Ledger, category: str, newest: date, problem: str) -> Batch:
    """A feed that gave nothing; what is settled stays so."""
    count = Count(category, newest, Standing.BROKEN, way=FEED, said=problem)
    ledger.take((count,))
    return Batch((), 0, 0, (f"{category}: {problem}",), counts=(count,))


def _known(ledger: Ledger, day: date) -> Batch:
    """What was read of a date before."""
    announced, read = ledger.read_on(day)
    return Batch((), read, announced)


def open_source(session: PoliteSession, settings: Settings) -> Arxiv:
    """The listings of the configured categories."""
    return Arxiv(
        session,
        settings.arxiv_feed,
        settings.arxiv_api,
        settings.arxiv_oai,
        settings.arxiv_categories,
    )
