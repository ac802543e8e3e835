"""Days of collecting from invented services that fail every day; `bin/bench month` is the long one.

The services answer on loopback at a simulated time (tests/replay); sources, session, store and the
whole step `collect` are the real ones.
"""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from digest.intake.http import PoliteSession
from digest.model import Announcement
from digest.sources import Request
from digest.sources.arxiv_api import read_page
from digest.sources.arxiv_oai import read_list
from digest.sources.services import open_service
from tests.feeds import parse_feed
from tests.replay.answers import Answer
from tests.replay.calendar import Calendar
from tests.replay.faults import Kind
from tests.replay.formats_arxiv import api, feed, oai
from tests.replay.month import Account, Plan, live
from tests.replay.rota import EVERYTHING, month_of, week_of
from tests.replay.server import serving_world
from tests.replay.world import ASKED, Maker, World

MONDAY = date(2025, 11, 3)
RUNS = (time(5, 23), time(11, 41), time(20, 37))


@pytest.fixture(scope="module")
def world() -> World:
    """A week and a few days."""
    return Maker(3, MONDAY, 10, 24, Calendar()).make()


def lived(world: World, place: Path, *, forgetful: bool = False) -> Account:
    """The week, in a database at this place."""
    plan = Plan(world, MONDAY, 7, week_of(MONDAY), RUNS, forgetful)
    return live(plan, f"sqlite:///{place / 'week.db'}")


def test_a_week_of_faults_loses_no_paper(world: World, tmp_path: Path) -> None:
    """All that was announced is in the store, once, and no count says complete too early.

    No host is asked twice at once, and what is caught up with has the date of its announcement.
    """
    account = lived(world, tmp_path)
    assert [(one.source, one.date, one.key) for one in account.lost] == []
    assert account.doubled == []
    assert account.claims == []
    assert account.read == account.announced > 150
    assert account.late > 0
    assert account.folded > 0
    assert account.faults > 50
    assert account.most_at_once == 1
    assert account.misdated == 0


def test_the_same_week_without_memory_loses_papers(world: World, tmp_path: Path) -> None:
    """The harness sees a loss: who forgets what is not settled catches up with nothing."""
    account = lived(world, tmp_path, forgetful=True)
    assert {"arxiv", "biorxiv"} & {one.source for one in account.lost}


def test_the_month_has_a_fault_every_day_of_every_kind_for_every_service() -> None:
    """What the long run proves is not more than what goes wrong in it."""
    first = date(2025, 11, 1)
    rota = month_of(first)
    hit = {fault.begin.date() for fault in rota.faults} | rota.down
    assert hit == {first + timedelta(days=number) for number in range(30)}
    assert {fault.kind for fault in rota.faults} == set(Kind)
    assert {fault.service for fault in rota.faults} == set(EVERYTHING)


def test_a_world_is_the_same_for_a_seed() -> None:
    """What is found can be looked at again."""
    first, second = (Maker(5, MONDAY, 3, 10).make() for _ in range(2))
    assert first == second
    assert first != Maker(6, MONDAY, 3, 10).make()


def test_the_three_ways_to_arxiv_show_the_same_papers(world: World) -> None:
    """Feed, API and OAI-PMH agree on a listing, but for what only one of them can show.

    The API shows a held paper at its submission, and OAI-PMH forgets a change for the next one.
    """
    day = date(2025, 11, 6)
    noon = datetime(2025, 11, 6, 17, tzinfo=UTC)
    plain = {
        paper.key
        for paper in world.arxiv
        if paper.listed == day and not paper.held and set(paper.categories) & set(ASKED)
    }
    fed = parse_feed(feed(world, noon, f"/atom/{'+'.join(ASKED)}").body, day).sightings
    new = {s.paper.key for s in fed if s.kind in (Announcement.NEW, Announcement.CROSS)}
    window = "submittedDate:[202511041900 TO 202511051859]"
    cats = " OR ".join(f"cat:{name}" for name in ASKED)
    asked = {"search_query": f"({cats}) AND {window}", "max_results": "2000"}
    found = {one.paper.key for one in read_page(api(world, noon, asked).body).found}
    span = {"from": "2025-11-06", "until": "2025-11-06", "metadataPrefix": "arXivRaw"}
    listed = read_list(oai(world, noon, {"verb": "ListRecords", **span}).body).records
    assert plain
    assert plain <= new
    assert plain <= found
    assert plain <= {record.paper.key for record in listed}


RECORDED = "hf_daily_papers/2026-08-21.json"


def test_a_recorded_day_is_collected_from_the_same_server(world: World, shared: Path) -> None:
    """Answers as they were really given come through server, session and source."""
    body = (shared / "data" / "recorded" / RECORDED).read_bytes()
    assert len(served_day(world, body)) > 5


def test_a_written_day_is_collected_from_the_same_server(world: World) -> None:
    """The twin: the same with an answer of our own."""
    body = b'[{"paper": {"id": "2608.19880", "title": "A title", "upvotes": 3}}]'
    assert served_day(world, body) == {"arxiv:2608.19880"}


def served_day(world: World, body: bytes) -> set[str]:
    """The papers of one answer, by way of the server."""
    day = date(2026, 8, 21)
    now = datetime(2026, 8, 21, 12, 10, tzinfo=UTC)
    with serving_world(world, now) as services:
        for one in (day, day - timedelta(days=1)):
            path = f"/api/daily_papers?date={one}&limit=100&p=0"
            services.recorded[path] = Answer(body if one == day else b"[]", 200, "application/json")
        session = PoliteSession(None, spacing=0.0, now=lambda: now)
        source = open_service("huggingface", session, services.settings())
        batches = list(source.fetch(Request(day, now)))
    return {sighting.paper.key for batch in batches for sighting in batch.sightings}
