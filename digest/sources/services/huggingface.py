"""Hugging Face Daily Papers of a date, with upvotes, comments and stars as signals.

The list of a day is partial while the day lasts: the day before is asked again every few hours, and
days that were missed are asked for later. Counts go on rising for weeks: older days are asked again
about once a day, as long as they move.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from digest.config import Settings
from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.intake.paper import paper_from_fields, signals_from_fields
from digest.model import COMMENTS, STARS, UPVOTES, Announcement, Sighting
from digest.sources import Batch, Parsed, Request
from digest.sources.answers import an_object, read_json
from digest.sources.days import LATEST, Days, by_day, counted

NAME = "huggingface"
PAGE = 100
MAX_PAGES = 10
MAX_ENTRIES = 10 * PAGE
_SIGNALS = {UPVOTES: "upvotes", COMMENTS: "comments", STARS: "githubStars"}


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """The Daily Papers of the requested date, of the day before, and of days that were missed."""

    session: PoliteSession
    address: str
    name: str = NAME
    pace: timedelta = timedelta(minutes=45)

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Yield the pages of each day, the latest first; one may fail without the others."""
        days = Days.of(request, timedelta())
        yield from days.resting(LATEST)
        yield from by_day(self.name, days, request, lambda day: self._pages(day, request))

    def count_again(self, request: Request) -> Iterator[Batch]:
        """Yield the pages of the requested date alone."""
        for batch in self._pages(request.date, request):
            yield replace(batch, counts=())

    def _pages(self, day: date, request: Request) -> Iterator[Batch]:
        """The pages of a day; the last one says how many papers all of them had."""
        announced = read = 0
        for page in range(MAX_PAGES):
            body = self.session.get(
                self.name,
                self.address,
                {"date": day.isoformat(), "limit": str(PAGE), "p": str(page)},
                accept="application/json",
                left=request.left(),
            )
            batch = parse_daily(body, day, request.now)
            announced, read = announced + (batch.announced or 0), read + batch.read
            if (batch.announced or 0) < PAGE:
                yield replace(batch, counts=(counted(day, announced, read),))
                return
            yield batch
        yield Batch((), 0, counts=(counted(day, announced, read),))


def open_source(session: PoliteSession, settings: Settings) -> HuggingFace:
    """The Daily Papers of the configured address."""
    return HuggingFace(session, settings.huggingface)


def parse_daily(body: bytes, day: date, now: datetime) -> Batch:
    """Read one page of a day.

    Raises:
        SourceError: when the answer is no list of papers.
    """
    answer = read_json(NAME, body, str(day))
    if not isinstance(answer, list):
        said = an_object(answer).get("error")
        raise SourceError(NAME, f"no list of papers for {day}{f': {said}'[:200] if said else ''}")
    parsed = Parsed(announced=len(answer))
    for position, entry in enumerate(answer[:MAX_ENTRIES], 1):
        sighting = _sighting(entry, day, now)
        if isinstance(sighting, str):
            parsed.trouble(f"{day}, entry {position}: {sighting}")
        else:
            parsed.sightings.append(sighting)
    return parsed.batch()


def _sighting(entry: object, day: date, now: datetime) -> Sighting | str:
    """A featured paper with its counts, or what is wrong with the entry."""
    if not isinstance(entry, Mapping):
        return f"{type(entry).__name__} instead of an object"
    inner = entry.get("paper")
    if not isinstance(inner, Mapping):
        return "no paper in it"
    authors = inner.get("authors")
    fields = {
        **inner,
        "title": inner.get("title") or entry.get("title"),
        "abstract": inner.get("summary") or entry.get("summary"),
        "authors": [a.get("name") for a in authors if isinstance(a, Mapping)]
        if isinstance(authors, list)
        else [],
        "code": inner.get("githubRepo"),
        "project": inner.get("projectPage"),
        "comments": entry.get("numComments"),
    }
    paper = paper_from_fields(fields)
    if isinstance(paper, str):
        return paper
    signals = signals_from_fields(fields, _SIGNALS, now)
    return Sighting(paper, Announcement.FEATURED, day, signals)
