"""OpenAlex: works on chosen topics, in chosen journals, by chosen authors.

OpenAlex learns of a work some days or weeks after it was published, so once a day the works of the
last month are asked for, at other visits those of the last days; a work is announced on the day on
which it came to be known there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta

from digest.config import Settings
from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.intake.normal import clean_date, clean_time
from digest.model import Count, Covered, Standing
from digest.sources import Batch, Request
from digest.sources.days import dropped
from digest.sources.openalex_works import NAME, Page, parse_works

PAGE = 100
MAX_PAGES = 200
IDS_A_QUESTION = 50
WINDOW = timedelta(days=30)
_FIRST_DAYS = timedelta(days=7)
_LAST_DAYS = timedelta(days=3)
_ONCE = timedelta(hours=20)  # a month's works are many pages, and bring few that are new
_A_DAY = timedelta(days=1)
_WAY = "works"
# Begin names of notes: for which day a kind was asked first, when the month was read to its end.
_BEGUN, _MONTH = "begun ", "month "
# By the letter of an id: what it is called in counts, and how the service filters by it.
_KINDS = {
    "T": ("topics", "topics.id"),
    "S": ("journals", "primary_location.source.id"),
    "A": ("authors", "authorships.author.id"),
}
_FIELDS = (
    "id,doi,title,display_name,publication_date,created_date,is_paratext,is_retracted,authorships,"
    "primary_location,locations,primary_topic,abstract_inverted_index"
)


@dataclass(frozen=True, slots=True)
class OpenAlex:
    """The works of some topics, journals and authors; each kind has its own counts."""

    session: PoliteSession
    address: str
    wanted: tuple[str, ...]
    key: str | None = field(default=None, repr=False)
    name: str = NAME
    pace: timedelta = timedelta(hours=8)

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Yield the works of a month, or of days, kind by kind; one may fail without the others."""
        failed: list[SourceError] = []
        # No date that has not begun in UTC: works are dated ahead.
        request = replace(request, date=min(request.date, request.now.astimezone(UTC).date()))
        parts = {_KINDS[one[0]][0] for one in self.wanted if one[0] in _KINDS}
        if gone := dropped(request.covered, parts):
            yield Batch((), 0, 0, counts=gone)
        for letter, (part, _) in _KINDS.items():
            ids = [one for one in self.wanted if one.startswith(letter)]
            if not ids:
                continue
            reading = _Reading.of(part, request)
            try:
                for start in range(0, len(ids), IDS_A_QUESTION):
                    yield from self._works(letter, ids[start : start + IDS_A_QUESTION], reading)
                yield Batch((), 0, counts=reading.counts(), notes=reading.notes())
                if reading.missing:
                    failed.append(SourceError(self.name, reading.lost))
            except SourceError as error:
                problem = error.problem.replace(self.key, "…") if self.key else error.problem
                yield Batch((), 0, counts=(reading.broken(problem),))
                if error.retry_at:
                    raise SourceError(self.name, problem, error.retry_at) from None
                failed.append(SourceError(self.name, problem))
        if failed:
            raise failed[0]

    def _works(self, letter: str, ids: list[str], reading: "_Reading") -> Iterator[Batch]:
        """The pages of one question; the newest works come first."""
        cursor = "*"
        reading.begin()
        for _ in range(MAX_PAGES):
            body = self.session.get(
                self.name,
                f"{self.address}/works",
                self._question(letter, ids, cursor, reading),
                accept="application/json",
                left=reading.request.left(),
            )
            page = parse_works(body, reading.request.date)
            yield reading.take(page)
            if not page.ids or not page.cursor or page.cursor == cursor or reading.whole:
                return
            cursor = page.cursor

    def _question(
        self, letter: str, ids: list[str], cursor: str, reading: "_Reading"
    ) -> dict[str, str]:
        filters = (
            f"{_KINDS[letter][1]}:{'|'.join(ids)}",
            f"from_publication_date:{reading.first}",
            f"to_publication_date:{reading.request.date}",
            "is_paratext:false",
            "is_retracted:false",
        )
        asked = {
            "filter": ",".join(filters),
            "sort": "publication_date:desc",
            "select": _FIELDS,
            "per-page": str(PAGE),
            "cursor": cursor,
        }
        if self.session.contact:
            asked["mailto"] = self.session.contact
        return asked | ({"api_key": self.key} if self.key else {})


def open_source(session: PoliteSession, settings: Settings) -> OpenAlex:
    """The works of the configured topics, journals and authors."""
    return OpenAlex(session, settings.openalex, settings.openalex_works, settings.openalex_key)


@dataclass(slots=True)
class _Reading:
    """What one visit reads of one kind."""

    part: str
    request: Request
    kept: dict[date, Covered]
    ids: set[str] = field(default_factory=set)  # of the question that is being asked
    total: int = 0
    missing: int = 0  # of the questions before
    unread: int = 0
    by_date: dict[date, int] = field(default_factory=dict)

    @classmethod
    def of(cls, part: str, request: Request) -> "_Reading":
        """A reading that has not begun."""
        return cls(part, request, {o.date: o for o in request.covered if o.count.part == part})

    @property
    def first(self) -> date:
        """The first date of publication that is asked for: a week at the first visit."""
        notes = self.request.notes
        if not (self.kept or f"{_BEGUN}{self.part}" in notes):
            return self.request.date - _FIRST_DAYS
        return self.request.date - (_LAST_DAYS if self.short else WINDOW)

    @property
    def short(self) -> bool:
        """Whether the works of the last days will do, since the month was read lately."""
        lately = clean_time(self.request.notes.get(f"{_MONTH}{self.part}"))
        known = self.request.date in self.kept
        return known and lately is not None and self.request.now - lately < _ONCE

    def notes(self) -> dict[str, str]:
        """What is known of the kind after a visit that was read to its end."""
        told = {f"{_BEGUN}{self.part}": self._begun().isoformat()}
        if not (self.short or self.missing or self.unread):
            told[f"{_MONTH}{self.part}"] = self.request.now.isoformat()
        return told

    def _begun(self) -> date:
        noted = clean_date(self.request.notes.get(f"{_BEGUN}{self.part}"), self.request.date)
        return min((noted or self.request.date, *self.kept))

    @property
    def whole(self) -> bool:
        """Whether the question has all its works."""
        return len(self.ids) >= self.total

    def begin(self) -> None:
        """Another question."""
        self.missing += max(self.total - len(self.ids), 0)
        self.ids, self.total = set(), 0

    def take(self, page: Page) -> Batch:
        """Count a page; what an earlier page had, since the list moved, is no new work."""
        self.ids |= page.ids
        self.total = max(self.total, page.total)
        batch = page.parsed.batch()
        self.unread += len(batch.troubles) + batch.more_troubles
        for sighting in batch.sightings:
            day = sighting.announced or self.request.date
            self.by_date[day] = self.by_date.get(day, 0) + 1
        passed_over = len(page.ids) - len(batch.troubles) - batch.more_troubles
        return replace(batch, read=max(passed_over, len(batch.sightings)))

    def counts(self) -> tuple[Count, ...]:
        """What the visit says of its date, and of days before that nothing good is known of."""
        self.begin()
        day = max(self._begun(), self.request.date - WINDOW)
        found = []
        while day <= self.request.date:
            before = self.kept.get(day)
            last = self.request.date - day <= _A_DAY
            if last or before is None or not before.count.standing.settled:
                found.append(self._count(day))
            day += _A_DAY
        return tuple(found)

    def _count(self, day: date) -> Count:
        read, before = self.by_date.get(day, 0), self.kept.get(day)
        if self.short and before:  # it saw some of them
            read = max(read, before.count.read)
        if self.lost:
            standing = Standing.PARTIAL if self.by_date else Standing.BROKEN
            return Count(self.part, day, standing, None, read, _WAY, self.lost)
        if read:
            return Count(self.part, day, Standing.COMPLETE, read, read, _WAY)
        return Count(self.part, day, Standing.QUIET, 0, 0, _WAY, "no new works")

    @property
    def lost(self) -> str:
        """What did not come, in words; empty where all did."""
        lost = self.missing + self.unread
        return f"{lost} works of the last month did not come, or could not be read" if lost else ""

    def broken(self, problem: str) -> Count:
        """The count of a visit that was not read to its end."""
        standing = Standing.PARTIAL if self.by_date else Standing.BROKEN
        read = self.by_date.get(self.request.date, 0)
        return Count(self.part, self.request.date, standing, None, read, _WAY, problem)
