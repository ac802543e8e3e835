"""OpenAlex: abstracts turned inside out, ids at several places, works that come late."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import load
from digest.errors import SourceError
from digest.sources.openalex_works import abstract_of, parse_works
from digest.sources.services import open_service
from digest.sources.services.openalex import OpenAlex
from tests.conftest import DAY, Replay
from tests.unit.test_biorxiv import JSON
from tests.visits import A_DAY, Visits, quick_session, titles


def work(number: int, day: date = DAY, **fields: object) -> dict[str, object]:
    """A work as the service writes it."""
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/10.1000/owls.{number}",
        "title": f"Owls number {number}",
        "publication_date": day.isoformat(),
        "authorships": [{"author": {"display_name": "Jane Roe"}}, {"raw_author_name": "Kim Doe"}],
        "primary_location": {"landing_page_url": "https://x.example/1", "pdf_url": "ftp://x/1"},
        "locations": [],
        "primary_topic": {"display_name": "Owls at night"},
        "abstract_inverted_index": {"Abstract": [0], "They": [1], "fly.": [2]},
        **fields,
    }


def answer(works: list[object], count: int | None = None, cursor: object = None) -> bytes:
    """A page."""
    meta = {"count": len(works) if count is None else count, "next_cursor": cursor}
    return json.dumps({"meta": meta, "results": works}).encode()


def test_a_work_with_its_names_and_text() -> None:
    """Its DOI, authors under either name, the abstract in order; links of the web alone."""
    (sighting,) = parse_works(answer([work(1)]), DAY).parsed.sightings
    paper = sighting.paper
    assert paper.keys[0] == "doi:10.1000/owls.1"
    assert paper.authors == ("Jane Roe", "Kim Doe")
    assert paper.abstract == "They fly."
    assert (paper.url, paper.pdf) == ("https://x.example/1", None)
    assert paper.categories == ("Owls at night",)


def test_a_recorded_work(shared: Path) -> None:
    """As the service sent it in 2025, but for the abstract."""
    body = (shared / "data/recorded/openalex/work.json").read_bytes()
    (sighting,) = parse_works(answer([json.loads(body)]), DAY).parsed.sightings
    assert sighting.paper.key == "doi:10.7717/peerj.4375"
    assert sighting.paper.authors[:2] == ("Heather Piwowar", "Jason Priem")
    assert sighting.paper.abstract.startswith("Despite growing interest in Open Access")
    assert sighting.announced is not None


def test_a_work_is_the_preprint_too() -> None:
    """Where arXiv is among its places, arXiv's id names it first."""
    places = [
        {"landing_page_url": "http://arxiv.org/abs/9912.00001"},
        {"landing_page_url": "https://doi.org/10.1101/2026.03.01.000001"}, {"landing_page_url": None}, 7,
    ]  # fmt: skip
    (sighting,) = parse_works(answer([work(1, locations=places)]), DAY).parsed.sightings
    assert sighting.paper.keys[:3] == (
        "arxiv:9912.00001", "doi:10.1000/owls.1", "doi:10.1101/2026.03.01.000001",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("published", "created", "announced"),
    [
        ("2026-03-10", "2026-03-16", date(2026, 3, 16)),
        ("2026-03-16", "2026-03-10T01:02:03", date(2026, 3, 16)),
        ("2026-03-10", None, date(2026, 3, 10)),
        ("2026-3-9", 7, date(2026, 3, 9)),
        ("2031-01-01", "x", DAY),
        (None, None, DAY),
    ],
)
def test_a_work_is_announced_when_it_came_to_be_known(
    published: object, created: object, announced: date
) -> None:
    """The later one of its two dates, and no later than the day of the visit."""
    told = work(1, publication_date=published, created_date=created)
    (sighting,) = parse_works(answer([told]), DAY).parsed.sightings
    assert sighting.announced == announced


def test_markup_in_titles_is_read() -> None:
    """As publishers leave it there."""
    title = "The <i>Strix</i> genome &amp; CO<sub>2</sub>"
    (sighting,) = parse_works(answer([work(1, title=title)]), DAY).parsed.sightings
    assert sighting.paper.title == "The Strix genome & CO2"


def test_what_is_no_paper_is_passed_over() -> None:
    """Covers, retracted works, works without a title: no papers and no troubles."""
    works: list[object] = [
        work(1, is_paratext=True), work(2, is_retracted=True), work(3, title=None), work(4, title="—"),
        "x", work(5),
    ]  # fmt: skip
    page = parse_works(answer(works), DAY)
    assert [one.paper.title for one in page.parsed.sightings] == ["Owls number 5"]
    assert page.parsed.troubles == ["work 5: str instead of an object"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty answer"),
        (b"<html>", "a web page"),
        (b"[]", "no list of works"),
        (b'{"error": "Invalid query", "message": "topics.idd is no filter"}', "topics.idd is no filter"),
    ],
)  # fmt: skip
def test_what_is_no_page(body: bytes, said: str) -> None:
    """Named; what the service says goes with it."""
    with pytest.raises(SourceError, match=said):
        parse_works(body, DAY)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ({"b": [1, 3], "a": [0], "c": [2]}, "a b c b"),
        ({"a": [0], "far": [10**9], "before": [-1], "x": ["1"], "y": 3, "z": [True, None]}, "a z"),
        ({"<p>One": [0], "two</p>": [1]}, "One two"),
        (None, ""),
        ([], ""),
        ({}, ""),
    ],
)
def test_abstracts_are_turned_back(index: object, text: str) -> None:
    """By their places, within bounds."""
    assert abstract_of(index) == text


def test_an_abstract_is_bounded() -> None:
    """A place for each of a million words, or a million places for one."""
    assert len(abstract_of({f"w{n}": [n] for n in range(200_000)})) <= 20_000
    assert len(abstract_of({"word": list(range(1_000_000))})) <= 20_000
    assert len(abstract_of({"x" * 1_000_000: [0]})) == 100


def source(replay: Replay, *wanted: str, key: str | None = None) -> Visits:
    """OpenAlex on loopback."""
    return Visits(OpenAlex(quick_session(), replay.address, wanted or ("T1",), key))


def questions(replay: Replay) -> list[dict[str, str]]:
    """What was asked, by parameter."""
    found = [{k: v[0] for k, v in parse_qs(urlsplit(one).query).items()} for one in replay.asked]
    replay.asked.clear()
    return found


def test_each_kind_is_asked_by_its_own_filter(replay: Replay) -> None:
    """With the contact address; topics, journals and authors have their own counts."""
    replay.answer("/works", answer([work(1)]))
    visits = source(replay, "T10", "S7", "A5", "T11")
    visits.visit()
    asked = questions(replay)
    assert [one["filter"].split(",")[0] for one in asked] == [
        "topics.id:T10|T11", "primary_location.source.id:S7", "authorships.author.id:A5",
    ]  # fmt: skip
    for one in asked:
        assert "from_publication_date:2026-03-10,to_publication_date:2026-03-17" in one["filter"]
        assert (one["mailto"], one["cursor"]) == ("ann@example.org", "*")
        assert "api_key" not in one
    for part in ("topics", "journals", "authors"):
        assert visits.standing(part=part) == ("complete", 1, 1)


def test_a_key_is_sent_and_never_shown(replay: Replay) -> None:
    """Not in what is said of a failure either."""
    replay.answer("/works", answer([]), 500)
    visits = source(replay, key="s3cret")
    visits.visit()
    assert questions(replay)[0]["api_key"] == "s3cret"
    assert "answered 500" in str(visits.problem)
    replay.answer("/works", b'{"error": "the key s3cret is used up"}')
    visits.visit()
    assert "the key … is used up" in str(visits.problem)
    assert "s3cret" not in repr([visits.batches, visits.problem, visits.source])


def cursors(replay: Replay, pages: Mapping[str, bytes]) -> None:
    """Let each cursor have its page."""

    class Routes(dict[str, tuple[int, bytes, dict[str, str]]]):
        def get(self, key: str, _: object = None) -> tuple[int, bytes, dict[str, str]] | None:  # type: ignore[override]
            asked = parse_qs(urlsplit(key).query).get("cursor")
            return (200, pages[asked[0]], {}) if asked else None

    replay.routes = Routes()


def test_pages_follow_cursors_until_all_works_are_there(replay: Replay) -> None:
    """The last one is not followed by a question for nothing."""
    cursors(replay, {"*": answer([work(1), work(2)], 3, "b="), "b=": answer([work(3)], 3, "c=")})
    visits = source(replay)
    assert len(visits.visit()) == 3
    assert [one["cursor"] for one in questions(replay)] == ["*", "b="]
    assert visits.standing(part="topics") == ("complete", 3, 3)


def test_a_page_that_comes_short_is_told_and_made_up_for(replay: Replay) -> None:
    """The day is not complete; the next visit asks for the whole month again."""
    cursors(replay, {"*": answer([work(1)], 3, "b"), "b": answer([], 3)})
    visits = source(replay)
    assert len(visits.visit()) == 1
    assert visits.standing(part="topics") == ("partial", None, 1)
    replay.routes = {}
    replay.answer("/works", answer([work(n) for n in range(3)]))
    visits.visit(1)
    assert "from_publication_date:2026-02-16" in questions(replay)[-1]["filter"]
    assert visits.standing(part="topics") == ("complete", 3, 3)
    assert visits.standing(1, "topics") == ("quiet", 0, 0)


def test_a_cursor_that_leads_nowhere_ends(replay: Replay) -> None:
    """The same again, or without end."""
    cursors(replay, {"*": answer([work(1)], 9, "*")})
    visits = source(replay)
    assert len(visits.visit()) == 1
    assert len(replay.asked) == 1
    assert visits.standing(part="topics") == ("partial", None, 1)


def test_days_that_were_missed_are_settled_by_a_later_visit(replay: Replay) -> None:
    """Each by the works that came to be known on it."""
    replay.answer("/works", answer([work(1)]))
    visits = source(replay)
    visits.visit()
    replay.answer("/works", b"", 503)
    visits.visit(1)
    assert visits.standing(1, "topics") == ("broken", None, 0)
    late = work(2, DAY - 9 * A_DAY, created_date=str(DAY + A_DAY))
    replay.answer("/works", answer([work(1), late]))
    found = visits.visit(4)
    assert titles(found) == ["Owls number 1", "Owls number 2"]
    assert [visits.standing(days, "topics") for days in range(5)] == [
        ("complete", 1, 1), ("complete", 1, 1), *[("quiet", 0, 0)] * 3,
    ]  # fmt: skip


def test_after_long_downtime_the_last_month_is_asked_for(replay: Replay) -> None:
    """Also where no count of it is left: it is no first visit."""
    replay.answer("/works", answer([work(1)]))
    visits = source(replay, "T1")
    firsts = []
    for days in (0, 45):
        visits.visit(days)
        (question,) = questions(replay)
        firsts.append(question["filter"].partition("from_publication_date:")[2][:10])
    assert firsts == [str(DAY - 7 * A_DAY), str(DAY + 15 * A_DAY)]


def test_a_month_is_asked_for_once_a_day(replay: Replay) -> None:
    """Between, the last days; what was counted does not shrink by that, and failures are repeated."""
    replay.answer("/works", answer([work(1), work(2)]))
    visits = source(replay, "T1")

    def first(hours: float) -> int:
        visits.visit(hours / 24)
        (question,) = questions(replay)
        begun = question["filter"].partition("from_publication_date:")[2][:10]
        return (DAY - date.fromisoformat(begun)).days

    assert first(0) == 7
    replay.answer("/works", answer([work(1)]))
    assert first(1) == 3
    assert visits.standing(part="topics") == ("complete", 2, 2)
    replay.answer("/works", answer([work(1)], count=5))
    assert first(20.5) == 30 - 1  # it is the next day
    replay.answer("/works", answer([work(1)]))
    assert first(21) == 30 - 1
    assert first(22) == 3 - 1


def test_no_day_is_asked_for_before_it_begins(replay: Replay) -> None:
    """Journals date works ahead: nothing gets the date of a run that was asked for in advance."""
    ahead = DAY + 20 * A_DAY
    replay.answer("/works", answer([work(1, ahead, created_date=str(DAY))]))
    visits = source(replay, "T1")
    (found,) = visits.visit(day=ahead)
    assert f"to_publication_date:{DAY}," in questions(replay)[0]["filter"]
    assert found.announced == DAY
    assert max(day for _, day in visits.covered) == DAY


def test_one_kind_may_fail_without_the_others(replay: Replay) -> None:
    """Patience that is asked for ends the visit; what was read stays."""
    replay.answer("/works", answer([work(1)]))
    visits = source(replay, "T1", "S1")
    cursors(replay, {"*": b"<html>"})
    visits.visit()
    assert visits.standing(part="topics") == visits.standing(part="journals") == ("broken", None, 0)
    assert len(replay.asked) == 2


def test_openalex_is_a_source_by_its_key(replay: Replay) -> None:
    """Naming topics, journals or authors is enough."""
    wanted = "https://openalex.org/T10028, s137773608"
    settings = load(None, {"DIGEST_OPENALEX_WORKS": wanted, "DIGEST_OPENALEX": replay.address})
    assert "openalex" in settings.sources
    opened = open_service("openalex", quick_session(), settings)
    assert isinstance(opened, OpenAlex)
    assert opened.wanted == ("T10028", "S137773608")


@given(st.dictionaries(st.sampled_from(sorted(work(1))), JSON), JSON, JSON)
def test_any_work_becomes_a_paper_or_a_trouble(
    fields: Mapping[str, object], other: object, meta: object
) -> None:
    """No other error comes out."""
    body = json.dumps({"meta": meta, "results": [{**work(1), **fields}, other]})
    page = parse_works(body.encode(), DAY)
    assert len(page.parsed.sightings) <= 2
