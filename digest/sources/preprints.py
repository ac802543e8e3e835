"""bioRxiv and medRxiv by their details interface: what was posted on a date, page by page.

The services' counts are not to be trusted too far: a total may be higher than what comes, dates may
be written `2026-6-30`, numbers as text. What is sure: a page says how many rows it holds, and past
the last one there are none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from digest.errors import SourceError
from digest.identity import read_identifier, title_key
from digest.intake.http import PoliteSession
from digest.intake.normal import (
    clean,
    clean_count,
    clean_date,
    clean_names,
    clean_title,
)
from digest.model import Announcement, Count, Paper, Sighting, Standing
from digest.sources import Batch, Parsed, Request
from digest.sources.answers import a_list, a_text, an_object, read_json
from digest.sources.days import Days, by_day

MAX_PAGES = 200
_SLACK = timedelta(days=1)  # a date's rows go on coming for some hours after it
_TRIES = 2  # for a page without rows that says it has some
_OVERSHOT = 0.1  # by so much a total has been seen to promise too much
_WAY = "details"
_NO_POSTS = "no posts found"


@dataclass(frozen=True, slots=True)
class Preprints:
    """The postings of one server, of all its categories or of some.

    The last two dates are asked for each time, since they grow; so are dates that were missed.
    """

    session: PoliteSession
    address: str
    name: str
    categories: tuple[str, ...] = ()
    pace: timedelta = timedelta(hours=3)

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Yield the pages of each date, the latest first; one may fail without the others."""
        days = Days.of(request, _SLACK)
        yield from by_day(
            self.name, days, request, lambda day: self._pages(day, days, request), _WAY
        )

    def _pages(self, day: date, days: Days, request: Request) -> Iterator[Batch]:
        """The pages of a date; the count stands on the last one, which holds no paper."""
        rows = announced = unread = 0
        for number in range(MAX_PAGES):
            page = self._page(day, rows, request)
            announced = max(announced, page.total)
            if number == 0 and _same(days, day, page.total):
                return
            if not page.rows:
                break
            rows += page.rows
            unread += page.rows - page.readable
            yield page.batch
        count = _counted(day, announced, rows, unread)
        yield Batch((), 0, counts=(count,))

    def _page(self, day: date, cursor: int, request: Request) -> "Page":
        """The page from this row on.

        One that holds fewer rows than it says is no loss, since the next one begins behind what
        came; an empty one is asked for again.
        """
        url = f"{self.address}/details/{self.name}/{day}/{day}/{cursor}"
        for _ in range(_TRIES):
            body = self.session.get(self.name, url, accept="application/json", left=request.left())
            page = parse_details(self.name, body, day, self.categories)
            if page.rows or not page.promised:
                return page
        raise SourceError(
            self.name, f"an empty page of {day}, where {page.promised} rows are said to be"
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its papers, and how many rows it holds and says it holds; `total` is of its date."""

    batch: Batch
    rows: int
    readable: int
    promised: int
    total: int


def parse_details(source: str, body: bytes, day: date, categories: tuple[str, ...] = ()) -> Page:
    """Read a page of postings; of several versions of a paper the newest is taken.

    Args:
        source: the server, for errors.
        body: the answer.
        day: what was asked for: the latest date that a posting can have.
        categories: those whose papers are wanted, in small letters; none means all.

    Raises:
        SourceError: for what is no page, and for the errors that the service reports.
    """
    answer = read_json(source, body, str(day))
    messages = an_object(answer).get("messages")
    message = an_object((a_list(messages) or [None])[0])
    status = a_text(message.get("status"), 200)
    collection = an_object(answer).get("collection")
    if status != "ok" and not status.lower().startswith(_NO_POSTS):
        raise SourceError(source, f"the service reports for {day}: {status or 'no status'}")
    if not isinstance(collection, list) and status == "ok":
        raise SourceError(source, f"no list of postings for {day}")
    rows = a_list(collection)
    parsed = Parsed()
    newest: dict[str, Sighting] = {}
    readable = 0
    for position, row in enumerate(rows, 1):
        sighting = _sighting(an_object(row), day)
        if isinstance(sighting, str):
            parsed.trouble(f"{day}, row {position}: {sighting}")
            parsed.announced += 1
            continue
        readable += 1
        if not categories or _category(row) in categories:
            key = sighting.paper.key
            newest[key] = _newer(newest[key], sighting) if key in newest else sighting
    parsed.sightings.extend(newest.values())
    parsed.announced += len(newest)
    promised = clean_count(message.get("count")) or 0
    total = clean_count(message.get("total")) or 0
    return Page(parsed.batch(), len(rows), readable, promised, total)


def _sighting(row: object, day: date) -> Sighting | str:
    fields = an_object(row)
    identifier = read_identifier(a_text(fields.get("doi"), 300))
    if identifier is None:
        return f"no DOI in {a_text(fields.get('doi'), 80)!r}"
    title = clean_title(fields.get("title"))
    if not title:
        return f"{identifier.key} has no title"
    version = clean_count(fields.get("version")) or identifier.version
    server = "medrxiv" if a_text(fields.get("server")).lower() == "medrxiv" else "biorxiv"
    doi = identifier.key.removeprefix("doi:")
    home = f"https://www.{server}.org/content/{doi}v{version}"
    # The journal's DOI, where the paper has come out: another name of the same work.
    journal = read_identifier(a_text(fields.get("published"), 300))
    category = clean(fields.get("category"), 60)
    paper = Paper(
        keys=tuple(
            dict.fromkeys((identifier.key, *((journal.key,) if journal else ()), title_key(title)))
        ),
        title=title,
        abstract=clean(fields.get("abstract")),
        authors=_authors(fields.get("authors")),
        categories=(category.lower(),) if category else (),
        version=version,
        url=home,
        pdf=f"{home}.full.pdf",
    )
    kind = Announcement.NEW if version == 1 else Announcement.REPLACE
    return Sighting(paper, kind, clean_date(fields.get("date"), day) or day)


def _newer(first: Sighting, second: Sighting) -> Sighting:
    """The newer version of two; new where its first version came on the same page."""
    newest = max(first, second, key=lambda one: one.paper.version)
    fresh = first.kind.fresh or second.kind.fresh
    return replace(newest, kind=Announcement.NEW) if fresh else newest


def _authors(written: object) -> tuple[str, ...]:
    """`Roe, J.; Doe, K. L.` as `J. Roe`, `K. L. Doe`."""
    if not isinstance(written, str):
        return ()
    names = []
    for one in written[:100_000].split(";"):
        family, comma, given = one.partition(",")
        names.append(f"{given.strip()} {family.strip()}" if comma else one)
    return clean_names(names)


def _category(row: object) -> str:
    return clean(an_object(row).get("category"), 80).lower().replace("_", " ")


def _same(days: Days, day: date, total: int) -> bool:
    """Whether a date was read to its end before, and nothing was posted since."""
    covered = days.known.get(day)
    if covered is None or not total or days.over(day):
        return False
    count = covered.count
    return count.standing is Standing.OPEN and count.announced == total == count.read


def _counted(day: date, announced: int, rows: int, unread: int) -> Count:
    """The count of a date whose pages were all read."""
    missing = announced - rows
    if missing > max(3, _OVERSHOT * announced):
        said = f"{announced} rows were promised, and {rows} came"
        return Count("", day, Standing.PARTIAL, announced, rows - unread, _WAY, said)
    if unread:
        said = f"{unread} of {rows} rows could not be read"
        return Count("", day, Standing.PARTIAL, rows, rows - unread, _WAY, said)
    return Count("", day, Standing.COMPLETE, rows, rows, _WAY)
