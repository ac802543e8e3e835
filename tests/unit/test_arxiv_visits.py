"""Visits to arXiv: the feed, and what is done where it fails, on a server that can be made to."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from digest.collect import collect
from digest.intake.http import PoliteSession
from digest.model import Count, Standing
from digest.progress import Quiet
from digest.sources import Announcing, Request
from digest.sources.arxiv_calendar import listing_of, window
from digest.sources.services.arxiv import Arxiv
from digest.store import Store, open_store
from digest.visiting import SourceReport
from tests.conftest import Replay, serving

CATEGORIES = ("cs.LG", "stat.ML")
MONDAY = date(2026, 3, 16)
A_DAY = timedelta(days=1)
NEW_YORK = ZoneInfo("America/New_York")
Answer = tuple[int, bytes, dict[str, str]]


@dataclass(frozen=True)
class Work:
    """A paper of the invented arXiv; `crossed` is when it was put into stat.ML as well."""

    id: str
    categories: tuple[str, ...]
    submitted: datetime
    listed: date
    crossed: date | None = None
    version: int = 1

    def on(self, day: date) -> tuple[str, ...]:
        """Its categories as of a date."""
        return (
            (*self.categories, "stat.ML")
            if self.crossed and self.crossed <= day
            else self.categories
        )


@dataclass
class Service:
    """An arXiv on loopback, at a date; `faults` answer instead of it, by a part of the address."""

    works: list[Work] = field(default_factory=list)
    today: date = MONDAY
    shows: dict[str, date] = field(default_factory=dict)  # categories whose feed is of another date
    faults: dict[str, Callable[[str], Answer | None]] = field(default_factory=dict)
    page: int = 1000  # of OAI-PMH
    tag: bool = True

    def get(self, asked: str, _default: object = None) -> Answer | None:
        """Answer as the routes of a replay server do."""
        for part, fault in self.faults.items():
            if part in asked and (answer := fault(asked)):
                return answer
        parts, query = urlsplit(asked), query_in(asked)
        if parts.path.startswith("/feed/"):
            return self.feed(parts.path.removeprefix("/feed/"))
        if parts.path == "/api":
            return 200, self.api(query), {}
        return (200, self._oai(query), {}) if parts.path == "/oai" else None

    def announce(self, day: date, number: int = 3, held: int = 0) -> None:
        """So many papers in each category under a date; some were submitted a week before."""
        first, end = window(day)
        for n in range(number):
            moment = first + (end - first) * n / number - timedelta(days=7 if n < held else 0)
            for c, category in enumerate(CATEGORIES):
                self.works.append(Work(f"{day:%y%m}.{day:%d}{c}{n:02}", (category,), moment, day))

    def feed(self, category: str) -> Answer:
        """The feed of a category, as Atom."""
        day = self.shows.get(category, self.today)
        entries = "".join(
            f"""<entry><id>oai:arXiv.org:{work.id}v1</id><title>Title {work.id}</title>
<summary>arXiv:{work.id}v1 Announce Type: {kind} \nAbstract: About {work.id}.</summary>
{"".join(f'<category term="{name}"/>' for name in work.on(day))}
<published>{day}T00:00:00-04:00</published><arxiv:announce_type>{kind}</arxiv:announce_type>
<dc:creator>Ada Okafor</dc:creator></entry>"""
            for work in self.works
            if category in work.on(day) and day in (work.listed, work.crossed)
            for kind in ["new" if work.listed == day else "cross"]
        )
        body = f"""<feed xmlns:arxiv="http://arxiv.org/schemas/atom"
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://www.w3.org/2005/Atom">{entries}</feed>"""
        return 200, body.encode(), {"ETag": f'"{category}{day}"'} if self.tag else {}

    def api(self, query: dict[str, str], short: int = 0) -> bytes:
        """An answer of the API; pages are `short` of so many papers."""
        found = re.search(r"\[(\d+) TO (\d+)\]", query["search_query"])
        assert found
        first, last = (
            datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC) for text in found.groups()
        )
        names = re.findall(r"cat:([\w.]+)", query["search_query"])
        out = [
            work
            for work in self.works
            if work.listed <= self.today
            and set(names) & set(work.on(self.today))
            and first <= work.submitted < last + timedelta(minutes=1)
        ]
        start = int(query["start"])
        entries = "".join(
            f"""<entry><id>http://arxiv.org/abs/{work.id}v1</id><title>Title {work.id}</title>
<summary>About {work.id}.</summary><published>{work.submitted:%Y-%m-%dT%H:%M:%SZ}</published>
{"".join(f'<category term="{name}"/>' for name in work.on(self.today))}
<author><name>Ada Okafor</name></author></entry>"""
            for work in out[start : start + int(query["max_results"]) - short]
        )
        return f"""<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"
xmlns="http://www.w3.org/2005/Atom"><opensearch:totalResults>{len(out)}</opensearch:totalResults>
{entries}</feed>""".encode()

    def _oai(self, query: dict[str, str]) -> bytes:
        token = query.get("resumptionToken", "")
        day, name, start = token.split("|") if token else (query["from"], query["set"], "0")
        on = date.fromisoformat(day)
        out = [
            work
            for work in self.works
            if max(work.listed, work.crossed or work.listed) == on
            and any(category.startswith(f"{name}.") for category in work.on(on))
        ]
        if not out:
            return NONE
        end = int(start) + self.page
        records = "".join(
            f"""<record><header><identifier>oai:arXiv.org:{work.id}</identifier>
<datestamp>{day}</datestamp></header><metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/">
<id>{work.id}</id><created>{work.submitted:%Y-%m-%d}</created><authors><author>
<keyname>Okafor</keyname><forenames>Ada</forenames></author></authors><title>Title {work.id}</title>
<categories>{" ".join(work.on(on))}</categories><abstract>About {work.id}.</abstract></arXiv>
</metadata></record>"""
            for work in out[int(start) : end]
        )
        more = f"{day}|{name}|{end}" if end < len(out) else ""
        return f"""<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>{records}
<resumptionToken completeListSize="{len(out)}">{more}</resumptionToken></ListRecords></OAI-PMH>""".encode()


@dataclass
class House:
    """A store, the service, and a source that asks it."""

    store: Store
    service: Service
    replay: Replay
    source: Arxiv
    since: date = date.max
    seconds: float = 0.0  # that the time runs ahead by with each look at it

    def visit(self, day: date, hour: int = 12, **options: object) -> SourceReport:
        """Visit at an hour of a date, New York's; returns what the visit brought."""
        now = datetime(day.year, day.month, day.day, hour, 21, tzinfo=NEW_YORK).astimezone(UTC)
        request = Request(day, now, at_once=True)
        if "asked" in options:
            request = Request(date.fromisoformat(str(options["asked"])), now, at_once=True)
        self.service.today = day
        self.since = min(self.since, day)
        self.replay.asked.clear()
        clock = iter(range(10**9))
        (report,) = collect(
            self.store,
            [self.source],
            request,
            progress=Quiet(),
            stopping=lambda: False,
            clock=lambda: next(clock) * self.seconds,
        )
        return report

    def counts(self, day: date) -> dict[str, Count]:
        """What is known of a date, by category."""
        return {one.count.part: one.count for one in self.store.coverage.between(day, day)}

    def standings(self, day: date) -> list[str]:
        """How it stands with both categories on a date, and by which way that is known."""
        counts = self.counts(day)
        return [f"{counts[c].standing} {counts[c].way}" if c in counts else "-" for c in CATEGORIES]

    def lacking(self) -> set[str]:
        """Papers that were announced since the first visit and are not in the store."""
        days = (self.since, self.service.today)
        works = [w for w in self.service.works if days[0] <= (w.crossed or w.listed) <= days[1]]
        keys = {f"arxiv:{work.id}" for work in works}
        return keys - self.store.papers.known_keys(keys)

    def lacking_in(self, category: str, day: date) -> set[str]:
        """Papers of a category's listing that are not in the store."""
        works = (w for w in self.service.works if day in (w.listed, w.crossed))
        keys = {f"arxiv:{w.id}" for w in works if category in w.on(day) and day >= self.since}
        return keys - self.store.papers.known_keys(keys)

    def asked(self, part: str) -> list[str]:
        """What the last visit asked of a part of the service."""
        return [path for path in self.replay.asked if path.startswith(f"/{part}")]

    def announced(self, id_: str) -> date | None:
        """When a paper was announced, as the store has it."""
        number = self.store.papers.numbers_by_keys([f"arxiv:{id_}"])[f"arxiv:{id_}"]
        return self.store.papers.by_numbers([number])[number].announced


@contextmanager
def opened(store: Store) -> Iterator[House]:
    """An arXiv with five days of papers, and a house that never asked it."""
    service = Service()
    for n in range(5):
        service.announce(MONDAY + n * A_DAY)
    with serving() as replay:
        replay.routes = service  # type: ignore[assignment]
        session = PoliteSession(None, spacing=0, sleep=lambda _: None)
        address = replay.address
        source = Arxiv(session, f"{address}/feed", f"{address}/api", f"{address}/oai", CATEGORIES)
        yield House(store, service, replay, source)


@pytest.fixture
def house(sqlite: Store) -> Iterator[House]:
    """A house of which nothing is known."""
    with opened(sqlite) as found:
        yield found


def query_in(asked: str) -> dict[str, str]:
    """The query of what was asked."""
    return {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}


EXPIRED = (
    b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
    b'<error code="badResumptionToken"/></OAI-PMH>'
)
NONE = EXPIRED.replace(b"badResumptionToken", b"noRecordsMatch")


def always(status: int = 500, body: bytes = b"", **headers: str) -> Callable[[str], Answer]:
    """A fault that lasts."""
    return lambda _: (status, body, {k.replace("_", "-"): v for k, v in headers.items()})


def test_a_good_day_needs_one_request_a_category(house: House) -> None:
    """The feeds show all; nothing else is asked, and the counts say so."""
    report = house.visit(MONDAY)
    assert (report.read, report.announced, report.failed, report.troubles) == (6, 6, False, ())
    assert len(house.replay.asked) == 2
    assert house.standings(MONDAY) == ["complete feed", "complete feed"]
    assert house.counts(MONDAY)["cs.LG"].announced == house.counts(MONDAY)["cs.LG"].read == 3
    assert house.lacking() == set()


def test_an_unchanged_feed_is_not_sent_again(house: House) -> None:
    """The service is told what we know; the visit says again what was read before."""
    house.visit(MONDAY, 6)
    house.service.faults["/feed"] = always(304)
    report = house.visit(MONDAY, 12)
    assert (report.read, report.announced, report.failed) == (6, 6, False)
    assert {headers.get("If-None-Match") for headers in house.replay.headers[-2:]} == {
        '"cs.LG2026-03-16"',
        '"stat.ML2026-03-16"',
    }
    assert house.standings(MONDAY) == ["complete feed", "complete feed"]
    report = house.visit(MONDAY + A_DAY)  # unchanged on the next day: that is yesterday's
    assert house.standings(MONDAY + A_DAY) == ["complete api", "complete api"]
    assert house.lacking() == set()


@pytest.mark.parametrize("fault", ["stale", "dated anew", "empty", "cut", "away", "a page"])
def test_what_one_feed_does_not_show_is_asked_of_the_api(house: House, fault: str) -> None:
    """The other category is not asked for again; both are complete in the end."""
    house.visit(MONDAY)
    tuesday = MONDAY + A_DAY
    house.service.tag = False
    stale = house.service.feed("cs.LG")[1]
    good = Service(house.service.works, tuesday).feed("cs.LG")[1]
    answers = {
        "stale": stale,
        "dated anew": stale.replace(b"2026-03-16T", b"2026-03-17T"),
        "empty": b'<rss version="2.0"><channel></channel></rss>',
        "cut": good[: len(good) * 2 // 3],
        "a page": b"<html>busy</html>",
    }
    status = 404 if fault == "away" else 200
    house.service.faults["/feed/cs.LG"] = always(status, answers.get(fault, b""))
    report = house.visit(tuesday)
    assert not report.failed
    assert house.standings(tuesday) == ["complete api", "complete feed"]
    assert len(house.asked("feed")) == 2
    assert all("cat%3Acs.LG" in path and "stat" not in path for path in house.asked("api"))
    assert len(house.asked("api")) == len(house.asked("oai")) == 1
    assert house.lacking() == set()
    assert {house.announced(w.id) for w in house.service.works if w.listed == tuesday} == {tuesday}
    for hour, asked in ((14, []), (19, ["/feed/stat.ML"]), (22, [])):
        again = house.visit(tuesday, hour)  # that feed has nothing to add any more
        assert (again.read, again.announced, again.failed) == (6, 6, False)
        assert house.replay.asked == asked


def test_held_papers_and_late_cross_lists_are_found_where_the_feed_fails(house: House) -> None:
    """They are outside their listing's window; OAI-PMH tells that they were changed that day."""
    wednesday = MONDAY + 2 * A_DAY
    house.visit(wednesday)
    thursday = wednesday + A_DAY
    house.service.works = [work for work in house.service.works if work.listed != thursday]
    house.service.announce(thursday, 4, held=1)
    early = datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert listing_of(early) < MONDAY
    house.service.works.append(Work("2603.00999", ("math.OC",), early, listing_of(early), thursday))
    house.service.faults["/feed"] = always(500)
    report = house.visit(thursday)
    assert not report.failed
    assert house.lacking() == set()
    assert house.announced("2603.00999") == thursday
    counts = house.counts(thursday)
    assert [(counts[c].announced, counts[c].read) for c in CATEGORIES] == [(4, 4), (5, 5)]


def test_pages_that_come_empty_are_asked_for_again(house: House) -> None:
    """An answer with a total and no entries is unknown, never "no papers" (fault 29)."""
    tries: list[str] = []

    def empty_twice(asked: str) -> Answer | None:
        tries.append(asked)
        return (200, house.service.api(query_in(asked), 1000), {}) if len(tries) < 3 else None

    house.service.faults = {"/feed": always(500), "/api": empty_twice}
    report = house.visit(MONDAY)
    assert not report.failed
    assert len(set(tries)) == 1
    assert house.standings(MONDAY) == ["complete api", "complete api"]


def test_where_the_api_gives_too_little_the_other_way_does(house: House) -> None:
    """Partial pages, however often asked; the papers come by OAI-PMH, and the trouble is told."""

    def short(asked: str) -> Answer:
        return 200, house.service.api(query_in(asked), 998), {}

    house.service.page = 2
    house.service.faults = {"/feed": always(500), "/api": short}
    report = house.visit(MONDAY)
    assert not report.failed
    assert any("2 of 6 papers" in trouble for trouble in report.troubles)
    assert len(house.asked("api")) == 3
    assert house.standings(MONDAY) == ["complete oai", "complete oai"]
    assert house.lacking() == set()


def test_where_nothing_answers_the_day_is_broken_and_caught_up_later(house: House) -> None:
    """It is said so; the next visit that gets through reads it, under its own date."""
    house.visit(MONDAY)
    tuesday = MONDAY + A_DAY
    house.service.faults = {"/": always(500)}
    report = house.visit(tuesday)
    assert report.failed
    assert report.problem is not None
    assert "2026-03-17, cs.LG: broken" in report.problem
    assert house.standings(tuesday) == ["broken oai", "broken oai"]
    house.service.faults = {}
    report = house.visit(tuesday + A_DAY)
    assert not report.failed
    assert house.standings(tuesday) == ["complete api", "complete api"]
    assert house.lacking() == set()
    assert {house.announced(w.id) for w in house.service.works if w.listed == tuesday} == {tuesday}


def test_days_of_downtime_are_caught_up_with(house: House) -> None:
    """All that was announced meanwhile, by its dates, with one query; weekends cost nothing."""
    house.visit(MONDAY)
    report = house.visit(MONDAY + 4 * A_DAY)
    assert (report.failed, report.read, report.added) == (False, 24, 24)
    assert house.lacking() == set()
    assert len(house.asked("api")) == 1
    for n in range(1, 5):
        assert {s.split()[0] for s in house.standings(MONDAY + n * A_DAY)} == {"complete"}
    saturday = house.visit(MONDAY + 5 * A_DAY)
    assert (saturday.failed, saturday.read, house.replay.asked) == (False, 6, [])


def test_a_new_house_has_no_past(house: House) -> None:
    """Only the newest listing is asked for; nothing before it is called missing."""
    report = house.visit(MONDAY + 3 * A_DAY)
    assert (report.read, len(house.replay.asked)) == (6, 2)
    assert house.counts(MONDAY) == {}


def test_a_past_date_can_be_asked_for_by_hand(house: House) -> None:
    """The API is asked for it, not the feed; once it is known, nothing is."""
    house.visit(MONDAY + 3 * A_DAY)
    report = house.visit(MONDAY + 3 * A_DAY, asked=MONDAY)
    assert (report.failed, house.asked("feed")) == (False, [])
    assert house.standings(MONDAY) == ["complete api", "complete api"]
    report = house.visit(MONDAY + 3 * A_DAY, 15, asked=MONDAY)
    assert (report.read, report.announced, house.replay.asked) == (6, 6, [])
    report = house.visit(MONDAY + 3 * A_DAY, asked=MONDAY - A_DAY)
    assert (report.failed, report.read, house.replay.asked) == (False, 0, [])


def test_a_quiet_day_is_known_only_after_a_second_way(house: House) -> None:
    """An empty feed on a working day, and a service that has none either; else it is not known."""
    house.service.works = [w for w in house.service.works if w.listed != MONDAY + A_DAY]
    house.visit(MONDAY)
    report = house.visit(MONDAY + A_DAY)
    assert not report.failed
    assert {s.split()[0] for s in house.standings(MONDAY + A_DAY)} == {"quiet"}
    house.service.works = [w for w in house.service.works if w.listed < MONDAY + 2 * A_DAY]
    house.service.faults["/feed"] = always(500)
    report = house.visit(MONDAY + 2 * A_DAY)
    assert report.failed  # no feed, and an API that may not have the day yet
    assert {s.split()[0] for s in house.standings(MONDAY + 2 * A_DAY)} == {"broken"}


def test_a_feed_that_is_filled_late_is_waited_for(house: House) -> None:
    """An empty one in the small hours is no quiet day yet, where no category has anything."""
    house.visit(MONDAY)
    tuesday = MONDAY + A_DAY
    announced = house.service.works
    house.service.works = [work for work in announced if work.listed != tuesday]
    assert house.visit(tuesday, 2).failed
    assert house.standings(tuesday) == ["partial oai", "partial oai"]  # and not broken
    assert all(count.empty for count in house.counts(tuesday).values())
    house.service.works = announced
    assert not house.visit(tuesday, 4).failed
    assert house.standings(tuesday) == ["complete feed", "complete feed"]


def test_a_small_category_may_have_nothing(house: House) -> None:
    """Its empty feed is believed at once where others have papers, and the other ways agree."""
    house.visit(MONDAY)
    tuesday = MONDAY + A_DAY
    works = house.service.works
    house.service.works = [w for w in works if w.listed != tuesday or w.categories != ("stat.ML",)]
    assert not house.visit(tuesday, 2).failed
    assert house.standings(tuesday) == ["complete feed", "quiet api"]
    house.service.works = works  # it was late after all: the feed is still looked at
    assert not house.visit(tuesday, 5).failed
    assert house.standings(tuesday) == ["complete feed", "complete feed"]


def test_a_small_category_may_have_nothing_alone(house: House) -> None:
    """New papers of its group in OAI-PMH show that the listing is out: it need not be late."""
    alone = replace(house.source, categories=("stat.ML",))
    house.source = replace(alone, categories=("stat.ME",))
    first, tuesday = window(MONDAY + A_DAY)[0], MONDAY + A_DAY
    old = Work("2601.00001", ("stat.AP",), first - timedelta(days=40), MONDAY - 40 * A_DAY, tuesday)
    house.service.works = [old]  # changed on that day: that shows nothing
    assert house.visit(tuesday, 2).failed
    assert house.standings(tuesday) == ["-", "-"]
    assert house.counts(tuesday)["stat.ME"].empty
    house.service.announce(tuesday)
    assert not house.visit(tuesday, 3).failed
    assert house.counts(tuesday)["stat.ME"].standing is Standing.QUIET
    assert house.counts(tuesday)["stat.ME"].announced == 0


def test_a_settled_feed_is_left_alone_for_hours(house: House) -> None:
    """What is hourly asked costs a few questions a day; the next listing is looked for at once."""
    asked = []
    for hours in range(48):
        day = MONDAY + timedelta(days=hours // 24)
        house.visit(day, hours % 24)
        asked.append(len(house.asked("feed")))
    assert [hour for hour, count in enumerate(asked[1:24], 1) if count] == [1, 7, 13, 19]
    assert sum(asked[24:]) == 2 * 5  # at midnight, when it must be out, and three times after
    assert house.lacking() == set()


def test_long_downtime_is_caught_up_with_for_a_month(house: House) -> None:
    """Also where no count of the last month is left to tell that there was a past."""
    house.visit(MONDAY - 45 * A_DAY)
    assert not house.visit(MONDAY + 6 * A_DAY).failed  # a Sunday: the newest listing is Friday's
    house.since = MONDAY
    assert house.lacking() == set()
    assert house.standings(MONDAY) == ["complete api", "complete api"]
    house.visit(MONDAY + 6 * A_DAY, 14)
    assert house.replay.asked == []  # not even for dates whose counts are not at hand any more


def test_where_it_is_yesterday_still_its_listing_comes_too(house: House) -> None:
    """A new house in Honolulu: the next listing is out, but its reader's date is the one before."""
    tuesday = MONDAY + A_DAY
    assert not house.visit(tuesday, 2, asked=MONDAY.isoformat()).failed
    house.since = MONDAY
    assert house.lacking() == set()
    assert house.standings(MONDAY) == ["complete api", "complete api"]
    assert house.standings(tuesday) == ["complete feed", "complete feed"]


def test_a_category_that_is_dropped_is_missing_no_more(house: House) -> None:
    """What could not be read of it is no gap; where it is wanted again, it is one again."""
    house.service.faults["cs.LG"] = house.service.faults["oai"] = always(404)
    assert house.visit(MONDAY).failed
    wanted = house.source
    house.source = replace(wanted, categories=("stat.ML",))
    assert not house.visit(MONDAY + A_DAY).failed
    assert house.counts(MONDAY)["cs.LG"].standing is Standing.QUIET
    assert house.counts(MONDAY)["cs.LG"].said == "no longer asked for"
    house.source = wanted
    house.service.faults.clear()
    assert not house.visit(MONDAY + 2 * A_DAY).failed
    assert house.standings(MONDAY)[0] == "complete api"
    assert house.lacking() == set()


def test_what_one_way_shows_of_a_past_date_is_not_all(house: House) -> None:
    """Records that changed since stand elsewhere in OAI-PMH: the API is asked until it answers."""
    house.visit(MONDAY)
    house.service.faults["/api"] = always(404)
    assert not house.visit(MONDAY + 2 * A_DAY).failed
    assert house.lacking() == set()
    assert house.standings(MONDAY + A_DAY) == ["partial oai", "partial oai"]
    house.service.faults.clear()
    assert not house.visit(MONDAY + 2 * A_DAY, 22).failed
    assert house.standings(MONDAY + A_DAY) == ["complete api", "complete api"]


def test_what_was_missed_comes_by_the_fast_way_first(house: House) -> None:
    """The API for all gaps, then OAI-PMH: papers are there before the slow way has its say."""
    house.visit(MONDAY)
    house.service.faults = {"/": always(500)}
    house.visit(MONDAY + A_DAY)
    house.service.faults = {}
    house.visit(MONDAY + 2 * A_DAY)
    house.service.works += [
        Work(
            w.id.replace("2603.", "2604."),
            w.categories,
            w.submitted + 7 * A_DAY,
            w.listed + 7 * A_DAY,
        )
        for w in house.service.works
    ]
    house.service.faults = {"/oai": always(500)}
    report = house.visit(MONDAY + 9 * A_DAY)
    assert not report.failed  # the newest listing is complete, by its feed
    assert house.standings(MONDAY + 7 * A_DAY) == ["partial oai", "partial oai"]
    assert house.lacking() == set()
    assert len(house.asked("api")) == 1
    house.service.faults = {}
    house.visit(MONDAY + 9 * A_DAY, 22)
    assert house.asked("api") == []
    assert house.standings(MONDAY + 7 * A_DAY) == ["complete api", "complete api"]


def test_nothing_is_missed_before_a_listing_must_be_out(house: House) -> None:
    """At midnight and some minutes the feed of the day before is no stale one."""
    house.visit(MONDAY)
    tuesday = MONDAY + A_DAY
    house.service.shows = dict.fromkeys(CATEGORIES, MONDAY)
    report = house.visit(tuesday, 0)
    assert not report.failed
    assert len(house.replay.asked) == 2
    assert house.counts(tuesday) == {}


def test_a_service_that_names_a_time_is_left_alone_until_then(house: House) -> None:
    """No way is tried after that (fault 28)."""
    house.visit(MONDAY)
    house.service.faults["/feed/cs.LG"] = always(429, Retry_After="5000")
    report = house.visit(MONDAY + A_DAY)
    assert report.failed
    assert house.asked("api") == house.asked("oai") == house.asked("feed/stat") == []
    patience = house.store.visits.patience("arxiv")
    assert patience is not None
    assert house.visit(MONDAY + A_DAY, 13).skipped is not None
    assert house.replay.asked == []


def test_an_expired_token_begins_the_list_again_once(house: House) -> None:
    """The count is not doubled by it; where it expires each time, the day stays open."""
    house.visit(MONDAY)
    house.service.page = 1
    tokens: list[str] = []

    def once(asked: str) -> Answer | None:
        tokens.append(asked)
        return (200, EXPIRED, {}) if len(tokens) == 2 else None

    house.service.faults = {"/feed": always(500), "/api": always(500), "resumptionToken": once}
    report = house.visit(MONDAY + A_DAY)
    assert not report.failed
    counts = house.counts(MONDAY + A_DAY)
    assert [counts[c].read for c in CATEGORIES] == [3, 3]
    house.service.faults["resumptionToken"] = always(200, EXPIRED)
    report = house.visit(MONDAY + 2 * A_DAY)
    assert report.problem is not None
    assert "badResumptionToken" in report.problem


def test_a_filling_that_is_interrupted_goes_on_where_it_was(house: House) -> None:
    """Pages that were read are not asked for again; the counts are those of all of them."""
    tuesday = MONDAY + A_DAY
    house.visit(MONDAY)
    house.service.page = 1
    house.service.faults = {"/feed": always(500), f"{tuesday}%7Ccs%7C2": always(500)}
    report = house.visit(tuesday)
    assert report.failed
    assert house.standings(tuesday) == ["partial oai", "partial oai"]
    house.service.faults = {"/feed": always(500)}
    assert not house.visit(tuesday, 14).failed
    assert house.asked("api") == []
    first = house.asked("oai")[0]
    assert f"{tuesday}%7Ccs%7C2" in first
    assert house.standings(tuesday) == ["complete api", "complete api"]
    assert [house.counts(tuesday)[c].read for c in CATEGORIES] == [3, 3]
    assert not [name for name in house.store.notes.of("arxiv") if name.startswith("cursor")]


def test_when_the_time_is_over_the_rest_waits(house: House) -> None:
    """What was read is kept; what was not is no broken day, and comes with the next visit."""
    house.visit(MONDAY)
    house.seconds = 110
    report = house.visit(MONDAY + 4 * A_DAY)
    assert house.standings(MONDAY + 4 * A_DAY)[0] == "complete feed"
    assert report.read >= 3
    house.seconds = 0
    assert not house.visit(MONDAY + 4 * A_DAY, 15).failed
    assert house.lacking() == set()


def test_feeds_that_all_fail_are_not_all_asked(house: House) -> None:
    """Two that fail are enough to ask elsewhere."""
    names = ("cs.LG", "stat.ML", "cs.CV", "cs.CL", "math.OC")
    source = house.source
    house.source = Arxiv(source.session, source.feed, source.api, source.oai, names)
    house.service.faults["/feed"] = always(500)
    house.visit(MONDAY)
    assert set(house.asked("feed")) == {"/feed/cs.LG", "/feed/stat.ML"}
    assert house.standings(MONDAY) == ["complete api", "complete api"]
    assert house.counts(MONDAY)["cs.CV"].standing is Standing.QUIET  # others of the day are there


def test_it_can_be_asked_what_is_expected(house: House) -> None:
    """For the letter and the tables: the newest listing, and why a day has none."""
    assert isinstance(house.source, Announcing)
    assert house.source.expected(datetime(2026, 3, 21, 12, tzinfo=UTC)) == date(2026, 3, 20)
    assert house.source.quiet(date(2026, 3, 21)) == "weekend"
    assert house.source.quiet(date(2026, 11, 27)) == "holiday"
    assert house.source.quiet(date(2026, 3, 17)) is None


FEED_FAULTS = ("good", "away", "stale", "empty", "cut")
OTHER_FAULTS = ("good", "away", "empty")
WEATHER = st.tuples(
    st.sampled_from(FEED_FAULTS), st.sampled_from(OTHER_FAULTS), st.sampled_from(OTHER_FAULTS)
)


def weathered(service: Service, feed: str, api: str, oai: str) -> None:
    """Let the service be like this on a day; its API says how many there are, and shows none."""
    service.faults = {}
    service.shows = {}
    if feed == "stale":
        service.shows = dict.fromkeys(CATEGORIES, service.today - A_DAY)
    elif feed == "cut":
        whole = service.feed("cs.LG")[1]
        service.faults["/feed/cs.LG"] = always(200, whole[: len(whole) // 2])
    elif feed != "good":
        empty = b'<rss version="2.0"><channel></channel></rss>'
        service.faults["/feed"] = always(200, empty) if feed == "empty" else always(500)
    if api == "empty":
        service.faults["/api"] = lambda asked: (200, service.api(query_in(asked), 1000), {})
    elif api == "away":
        service.faults["/api"] = always(500)
    if oai == "away":
        service.faults["/oai"] = always(500)
    elif oai == "empty":
        service.page = 1
        service.faults["resumptionToken"] = always(200, EXPIRED)


@given(st.lists(WEATHER, min_size=6, max_size=6))
@settings(
    max_examples=6,
    phases=(Phase.generate,),  # an example takes a second: none is made smaller
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_fails_nothing_is_lost_and_nothing_claimed(
    tmp_path: Path, weather: list[tuple[str, str, str]]
) -> None:
    """A week of faults and a calm day: every paper is there once, under its date or an earlier one.

    What is called complete or quiet on the way is so.
    """
    with ExitStack() as stack:
        store = open_store(f"sqlite:///{tmp_path / uuid4().hex}.db")
        stack.callback(store.close)
        house = stack.enter_context(opened(store))
        service = house.service
        days = [MONDAY + n * A_DAY for n in (0, 1, 2, 3, 4, 7)]
        service.announce(days[5])
        early = datetime(2026, 3, 9, 9, tzinfo=UTC)
        service.works.append(Work("2603.00999", ("cs.LG",), early, listing_of(early), days[2]))
        house.visit(days[0])
        for day, faults in zip(days[1:], weather[1:], strict=True):
            service.today = day
            weathered(service, *faults)
            house.visit(day, 9)
            settled = [one.count for one in store.coverage.between(days[0], day)]
            for count in settled:
                if count.standing.settled:
                    assert not house.lacking_in(count.part, count.date), faults
        weathered(service, "good", "good", "good")
        house.visit(days[-1] + A_DAY)
        assert house.lacking() == set()
        for day in days:
            assert all(count.standing.settled for count in house.counts(day).values())
            assert len(house.counts(day)) == 2
        for work in service.works:
            assert work.crossed or house.announced(work.id) == work.listed
