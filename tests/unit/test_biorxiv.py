"""bioRxiv and medRxiv: pages of postings, dates that grow and dates that were missed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import load
from digest.errors import SourceError
from digest.identity import title_key
from digest.model import Announcement
from digest.sources.preprints import Preprints, parse_details
from digest.sources.services import open_service
from tests.conftest import DAY, Replay
from tests.visits import A_DAY, Visits, quick_session, titles

PAGE = 3


def row(number: int, day: date = DAY, **fields: object) -> dict[str, object]:
    """A posting as the service writes it, date unpadded."""
    return {
        "doi": f"10.1101/2026.03.01.{number:06}",
        "title": f"Owls number {number}",
        "authors": "Roe, J.; Doe, K. L.; The Owl Group",
        "date": f"{day.year}-{day.month}-{day.day}",
        "version": "1",
        "category": "neuroscience",
        "abstract": "They  fly.",
        "published": "NA",
        "server": "bioRxiv",
        **fields,
    }


def answer(rows: list[object], **message: object) -> bytes:
    """A page."""
    told = {"status": "ok", "count": len(rows), "total": str(len(rows)), **message}
    return json.dumps({"messages": [told], "collection": rows}).encode()


NO_POSTS = json.dumps({"messages": [{"status": "no posts found"}], "collection": []}).encode()


@dataclass
class Server(Visits):
    """A server on loopback; dates that no test names have no posts."""

    replay: Replay = field(default_factory=Replay)

    def has(self, day: date, rows: list[dict[str, object]], overshot: int = 0) -> None:
        """Let a date have these rows, on pages of three."""
        for cursor in range(len(rows) + PAGE):
            page: list[object] = [*rows[cursor : cursor + PAGE]]
            body = answer(page, total=str(len(rows) + overshot)) if page else NO_POSTS
            self.replay.answer(path(day, cursor), body)

    def asked(self) -> list[str]:
        """The dates and cursors that were asked for since the last look."""
        asked = [one.rpartition("2026-")[2] for one in self.replay.asked]
        self.replay.asked.clear()
        return asked


class Quiet(dict[str, tuple[int, bytes, dict[str, str]]]):
    """Routes that answer "no posts" where nothing else is said."""

    def get(self, key: str, default: object = None) -> tuple[int, bytes, dict[str, str]]:
        """An answer for each date."""
        return super().get(key) or (200, NO_POSTS, {})


def path(day: date, cursor: int = 0) -> str:
    """How a page is asked for."""
    return f"/details/biorxiv/{day}/{day}/{cursor}"


@pytest.fixture
def server(replay: Replay) -> Server:
    """BioRxiv on loopback."""
    replay.routes = Quiet()
    return Server(Preprints(quick_session(), replay.address, "biorxiv"), replay=replay)


def test_a_posting_with_its_names() -> None:
    """The DOI, the journal's DOI where it has come out, the title; a link to the version."""
    body = answer([row(1, version="2", published="10.7554/eLife.43696")])
    (sighting,) = parse_details("biorxiv", body, DAY).batch.sightings
    paper = sighting.paper
    assert paper.keys == (
        "doi:10.1101/2026.03.01.000001", "doi:10.7554/elife.43696", title_key("Owls number 1"),
    )  # fmt: skip
    assert paper.authors == ("J. Roe", "K. L. Doe", "The Owl Group")
    assert (paper.version, paper.abstract, paper.categories) == (2, "They fly.", ("neuroscience",))
    assert paper.url == "https://www.biorxiv.org/content/10.1101/2026.03.01.000001v2"
    assert (sighting.kind, sighting.announced) == (Announcement.REPLACE, DAY)


def test_of_several_versions_the_newest_is_taken() -> None:
    """It is new where its first version came with it."""
    rows = [row(1, version="2", title="Owls at night"), row(1), row(2, version="3")]
    found = parse_details("biorxiv", answer([*rows]), DAY).batch.sightings
    assert [(s.paper.title, s.paper.version, s.kind.value) for s in found] == [
        ("Owls at night", 2, "new"), ("Owls number 2", 3, "replace"),
    ]  # fmt: skip


def test_a_recorded_answer(shared: Path) -> None:
    """Reconstructed from the service's documents; asked by DOI, so without a total."""
    body = next((shared / "data/recorded/biorxiv").iterdir()).read_bytes()
    page = parse_details("biorxiv", body, DAY)
    (sighting,) = page.batch.sightings
    assert sighting.paper.keys[:2] == ("doi:10.1101/456574", "doi:10.7554/elife.43696")
    assert sighting.announced == date(2018, 10, 30)
    assert sighting.paper.authors[0] == "A. Naka"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty answer"),
        (b"<html>", "a web page"),
        (b"[]", "no status"),
        (b'{"messages": [{"status": "ok"}]}', "no list of postings"),
        (
            b'{"messages": [{"status": "Error : (2) bad \\u0007 date"}]}',
            r"reports for .*bad \? date",
        ),
        (b'{"messages": "ok", "collection": {}}', "no status"),
        (b'{"messages": [[]], "collection": 7}', "no status"),
        (b'{"a":' * 100_000, "nested"),
    ],
)
def test_what_is_no_page(body: bytes, said: str) -> None:
    """Named, with the date."""
    with pytest.raises(SourceError, match=said):
        parse_details("biorxiv", body, DAY)


def test_rows_that_cannot_be_read_are_counted() -> None:
    """No DOI, no title, no object."""
    rows = [row(1), row(2, doi=None), row(3, title=" "), "x", row(4, doi="10.1101/\ud800")]
    page = parse_details("biorxiv", answer([*rows]), DAY)
    assert (page.rows, page.readable, len(page.batch.troubles)) == (5, 1, 4)
    assert "row 2: no DOI" in page.batch.troubles[0]


def test_odd_values_do_no_harm() -> None:
    """Wrong types anywhere."""
    odd = row(
        1, authors=7, version=[], category={}, abstract=None, published=3, date="2099-1-1", server=0
    )
    (sighting,) = parse_details(
        "biorxiv", answer([odd], total=None, count="x"), DAY
    ).batch.sightings
    assert (sighting.paper.version, sighting.announced, sighting.paper.authors) == (1, DAY, ())


def test_pages_are_read_to_the_end(server: Server) -> None:
    """On by what a page holds, whatever its size; a total that promises too much is no loss."""
    server.has(DAY, [row(n) for n in range(7)], overshot=1)
    assert len(server.visit()) == 7
    asked = [one for one in server.asked() if one.startswith("03-17/")]
    assert [one.rpartition("/")[2] for one in asked] == ["0", "3", "6", "7"]
    assert server.standing() == ("so far", 7, 7)
    assert server.problem is None


def test_far_too_few_rows_are_no_whole_date(server: Server) -> None:
    """An end that comes much too early is not believed."""
    server.has(DAY, [row(n) for n in range(7)], overshot=20)
    assert len(server.visit()) == 7
    assert server.standing() == ("partial", 27, 7)


def test_a_page_with_fewer_rows_than_it_says_loses_none(server: Server) -> None:
    """The next question begins behind what came."""
    rows = [row(n) for n in range(5)]
    server.has(DAY, rows)
    server.replay.answer(path(DAY), answer([*rows[:1]], count=3, total=5))
    assert len(server.visit()) == 5
    assert server.standing() == ("so far", 5, 5)


def test_an_empty_page_where_rows_are_promised_is_an_error(server: Server) -> None:
    """Asked for twice; the pages before are kept, and the other date is read."""
    server.has(DAY, [row(n) for n in range(5)])
    server.has(DAY - A_DAY, [row(9, DAY - A_DAY)])
    server.replay.answer(path(DAY, 3), answer([], count=2, total=5))
    assert len(server.visit()) == 4
    assert server.asked().count("03-17/3") == 2
    assert "an empty page" in str(server.problem)
    assert (server.standing(), server.standing(-1)) == (("partial", None, 3), ("so far", 1, 1))


def test_a_date_in_which_nothing_moved_costs_one_page(server: Server) -> None:
    """While it grows, its total tells; when it is over, it is read once more."""
    server.has(DAY, [row(n) for n in range(7)])
    server.visit()
    server.asked()
    assert server.visit(0.2) == []
    assert "03-17/0" in server.asked()
    server.has(DAY, [row(n) for n in range(8)])
    assert len(server.visit(0.4)) == 8
    server.has(DAY, [row(n) for n in range(9)])
    assert len(server.visit(2)) == 9  # the day after the next: it is over
    server.asked()
    server.visit(3)
    assert not any(one.startswith("03-17") for one in server.asked())


def test_dates_that_were_missed_are_read_later(server: Server) -> None:
    """After ten days away each date is asked for, and dated by its own date; none before the first."""
    server.has(DAY, [row(1)])
    server.visit()
    for days in range(-3, 11):
        server.has(DAY + days * A_DAY, [row(100 + days, DAY + days * A_DAY)])
    found = server.visit(10)
    assert {one.announced for one in found} == {DAY + days * A_DAY for days in range(-1, 11)}
    assert all(server.standing(days) == ("complete", 1, 1) for days in range(9))
    assert all(server.standing(days) == ("so far", 1, 1) for days in (9, 10))


def test_a_date_that_failed_is_asked_for_again(server: Server) -> None:
    """One date's failure does not stop the others."""
    server.has(DAY, [row(1)])
    server.replay.answer(path(DAY - A_DAY), b"", 500)
    assert titles(server.visit()) == ["Owls number 1"]
    assert "answered 500" in str(server.problem)
    assert server.standing(-1) == ("broken", None, 0)
    server.has(DAY - A_DAY, [row(2, DAY - A_DAY)])
    server.visit(0.1)
    assert server.standing(-1) == ("so far", 1, 1)


def test_an_empty_date_is_quiet_only_when_it_stays_empty(server: Server) -> None:
    """DAY is a Tuesday: not believed for three days; a Saturday for one, however often asked."""
    server.visit()
    count = server.count()
    assert count is not None
    assert (count.standing.settled, count.said) == (False, "nothing yet: its list may still come")
    for days in (2, 2.2, 3, 4.9):
        server.visit(days)
        assert server.standing() == ("partial", None, 0)
    server.visit(5.1)
    assert server.standing() == ("quiet", 0, 0)
    for days in (6, 6.3, 6.6, 6.9):  # Saturday is day four, over when Monday begins
        server.visit(days)
        assert server.standing(4) == ("partial", None, 0)
    server.visit(7.2)
    assert server.standing(4) == ("quiet", 0, 0)
    count = server.count(4)
    assert count is not None
    assert count.said == "a weekend"


def test_a_service_that_is_empty_for_a_day_is_not_believed(server: Server) -> None:
    """After a long time away, too: the days before are asked for again, and nothing is lost."""
    server.has(DAY, [row(1)])
    server.visit()
    for days in (10, 10.2, 10.4, 10.6):
        server.visit(days)
    assert server.standing(4) == ("partial", None, 0)
    server.has(DAY + 4 * A_DAY, [row(4, DAY + 4 * A_DAY)])
    server.visit(11)
    assert server.standing(4) == ("complete", 1, 1)
    assert not server.notes[f"empty {DAY + 4 * A_DAY}"]


def test_categories_are_filtered_here(server: Server) -> None:
    """All rows are counted as read; the chosen ones become papers."""
    rows = [row(1), row(2, category="Cell_Biology"), row(3, category="genomics")]
    server.has(DAY, rows)
    server.source = Preprints(
        quick_session(), server.replay.address, "biorxiv", ("cell biology", "neuroscience")
    )
    assert titles(server.visit()) == ["Owls number 1", "Owls number 2"]
    assert server.standing() == ("so far", 3, 3)


@pytest.mark.parametrize("name", ["biorxiv", "medrxiv"])
def test_both_servers_are_sources_by_their_categories(name: str, replay: Replay) -> None:
    """Over one interface, each by its own name."""
    environment = {
        f"DIGEST_{name.upper()}_CATEGORIES": "Cell Biology", "DIGEST_BIORXIV": replay.address,
    }  # fmt: skip
    settings = load(None, environment)
    assert name in settings.sources
    source = open_service(name, quick_session(), settings)
    replay.answer(f"/details/{name}/{DAY}/{DAY}/0", answer([row(1, category="cell biology")]))
    replay.answer(f"/details/{name}/{DAY}/{DAY}/1", NO_POSTS)
    visits = Visits(source)
    assert len(visits.visit()) == 1
    assert source.name == name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(row(1))), JSON), JSON)
def test_any_row_becomes_a_paper_or_a_trouble(fields: Mapping[str, object], other: object) -> None:
    """No other error comes out."""
    rows: list[object] = [{**row(1), **fields}, other]
    page = parse_details("biorxiv", answer(rows), DAY)
    assert page.rows == 2
    assert len(page.batch.sightings) + len(page.batch.troubles) <= 2
