"""Services that answer in another form than the one that is read are found out, and told in words."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from digest.config import Settings
from digest.drift import Finding, Question, Seen, Shape, ask, compare, services
from digest.drift.reading import a_day, json_seen, short
from digest.drift.services import arxiv
from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.sources.arxiv_api import read_page
from digest.sources.arxiv_oai import read_list
from digest.sources.openalex_works import parse_works
from digest.sources.preprints import parse_details
from digest.sources.services.huggingface import parse_daily
from tests.conftest import DATA, NOW, Replay
from tests.feeds import parse_feed

DAY = date(2026, 3, 17)
HF = "huggingface_2026-03-17.json"
IDENTIFY = """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">
<responseDate>2026-03-17T10:00:00Z</responseDate><Identify>
<repositoryName>An archive</repositoryName><baseURL>https://oai.example.org</baseURL>
<protocolVersion>2.0</protocolVersion><earliestDatestamp>1990-01-01</earliestDatestamp>
<deletedRecord>persistent</deletedRecord><granularity>YYYY-MM-DD</granularity>
<description><eprints xmlns="urn:x">x</eprints></description></Identify></OAI-PMH>"""
RECORD = """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record>
<header><identifier>oai:arXiv.org:0704.0001</identifier><datestamp>2008-11-26</datestamp></header>
<metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>0704.0001</id>
<created>2007-04-02</created><updated>2007-07-24</updated>
<authors><author><keyname>Roe</keyname><forenames>J.</forenames></author></authors>
<title>Old</title><categories>hep-ph</categories><doi>10.1000/x</doi>
<abstract>Old words.</abstract></arXiv></metadata></record></GetRecord></OAI-PMH>"""


def posting(number: int, **fields: object) -> dict[str, object]:
    """A row as bioRxiv has it."""
    return {
        "doi": f"10.1101/2026.03.15.{number:06}",
        "title": "Cells",
        "authors": "Roe, J.; Poe, A.",
        "date": "2026-3-15",
        "version": "1",
        "category": "neuroscience",
        "abstract": "They divide.",
        "license": "cc_by",
        **fields,
    }


def details(*rows: dict[str, object], **message: object) -> bytes:
    """A page of postings."""
    count: dict[str, object] = {"status": "ok", "count": len(rows), "total": str(len(rows))}
    return json.dumps({"messages": [{**count, **message}], "collection": list(rows)}).encode()


def work(**fields: object) -> dict[str, object]:
    """A work as OpenAlex has it."""
    return {
        "id": "https://openalex.org/W1",
        "doi": "https://doi.org/10.1000/x",
        "title": "A work",
        "publication_date": "2026-03-13",
        "authorships": [{"author": {"display_name": "J. Roe"}}],
        "abstract_inverted_index": {"Words": [0], "in/side": [1]},
        "primary_location": {"landing_page_url": "https://y.example.org", "pdf_url": None},
        "primary_topic": {"id": "https://openalex.org/T1", "display_name": "Cells"},
        "locations": [{"landing_page_url": "https://arxiv.org/abs/9912.10001"}],
        "is_retracted": False,
        "is_paratext": False,
        **fields,
    }


FEED = b"""<rss version="2.0"><channel><title>News &nbsp; of cells</title>
<item><title>One</title><link>https://x.example.org/1</link><whatever>x</whatever></item>
<item><title>Two</title><guid>https://x.example.org/2</guid></item></channel></rss>"""


@pytest.fixture
def settings(replay: Replay) -> Settings:
    """All services on loopback, as they are known."""
    replay.answer("/atom/cs.LG", (DATA / "arxiv_feed.atom.xml").read_bytes())
    replay.answer("/api", (DATA / "arxiv_api_ids.xml").read_bytes())
    replay.answer("/oai?verb=Identify", IDENTIFY.encode())
    old = "/oai?verb=GetRecord&metadataPrefix=arXiv&identifier=oai%3AarXiv.org%3A0704.0001"
    replay.answer(old, RECORD.encode())
    replay.answer("/daily", (DATA / HF).read_bytes())
    for server in ("biorxiv", "medrxiv"):
        page = details(posting(1), posting(2, published="10.1000/y"))
        replay.answer(f"/details/{server}/{DAY}/{DAY}/0", page)
    replay.answer("/works", json.dumps({"meta": {"count": 9}, "results": [work()]}).encode())
    replay.answer("/feed", FEED)
    return replace(
        Settings(),
        arxiv_feed=f"{replay.address}/atom",
        arxiv_api=f"{replay.address}/api",
        arxiv_oai=f"{replay.address}/oai",
        huggingface=f"{replay.address}/daily",
        biorxiv=replay.address,
        openalex=replay.address,
        feeds=(f"{replay.address}/feed",),
    )


Asking = Callable[[str], list[Finding]]


@pytest.fixture
def asking(settings: Settings) -> Asking:
    """Asks a service all its questions."""
    session = PoliteSession(None, spacing=0, private_hosts=frozenset(("127.0.0.1",)))

    def asked(name: str) -> list[Finding]:
        return [ask(session, one) for one in services.questions_of(name, settings, DAY)]

    return asked


@pytest.mark.parametrize("name", services.names())
def test_what_is_as_it_was_is_well(asking: Asking, name: str) -> None:
    """No fault, and nothing that is new; with the number of entries."""
    found = asking(name)
    assert found
    for one in found:
        assert (one.faults, one.remarks) == ((), ()), one.question.way
        assert one.entries > 0


def test_every_service_of_the_house_has_its_questions(checkout: Path) -> None:
    """One file beside each file of the sources' registry."""
    folder = checkout / "digest/sources/services"
    known = {path.stem for path in folder.glob("[a-z]*.py")}
    assert known <= set(services.names())


def swap(replay: Replay, path: str, old: str, new: str) -> None:
    """Change an answer."""
    status, body, headers = replay.routes[path]
    assert old.encode() in body
    replay.routes[path] = (status, body.replace(old.encode(), new.encode()), headers)


@pytest.mark.parametrize(
    ("name", "path", "old", "new", "said"),
    [
        ("arxiv", "/atom/cs.LG", "announce_type>", "announcement>", "no entry has arxiv:announce_type (perhaps it is arxiv:announcement now)"),
        ("arxiv", "/atom/cs.LG", ">replace<", ">revised<", "the unknown announce type 'revised'"),
        ("arxiv", "/atom/cs.LG", "oai:arXiv.org:", "paper-", "no arXiv id in 'paper-"),
        ("arxiv", "/atom/cs.LG", "<feed", "<html", "a web page"),
        ("arxiv", "/api", "opensearch:totalResults", "opensearch:count", "the answer as a whole has no opensearch:totalResults"),
        ("arxiv", "/api", "<published>20", "<published>on ", "a date that cannot be read: 'on "),
        ("arxiv", "/oai?verb=Identify", ">2.0<", ">3.0<", "version '3.0'"),
        ("arxiv", "/oai?verb=Identify", "Identify>", "Identity>", "no entries, though there must be some"),
        ("huggingface", "/daily", '"upvotes"', '"votes"', "no entry has paper/upvotes (perhaps it is paper/votes now)"),
        ("biorxiv", f"/details/biorxiv/{DAY}/{DAY}/0", '"doi"', '"DOI"', "no entry has doi (perhaps it is DOI now)"),
        ("medrxiv", f"/details/medrxiv/{DAY}/{DAY}/0", '"collection"', '"rows"', 'no list "collection" in it, but messages, rows'),
        ("biorxiv", f"/details/biorxiv/{DAY}/{DAY}/0", '"ok"', '"busy"', "the service says 'busy'"),
        ("openalex", "/works", '"abstract_inverted_index"', '"abstract_index"', "no entry has abstract_inverted_index (perhaps it is abstract_index now)"),
        ("openalex", "/works", '"results"', '"result"', 'no list "results" in it'),
        ("feeds", "/feed", "title>", "headline>", "no entry has title"),
    ],
)  # fmt: skip
def test_what_has_changed_is_named(
    asking: Asking, replay: Replay, name: str, path: str, old: str, new: str, said: str
) -> None:
    """A field that is gone or called another name, a new type, another page: by name, in words."""
    swap(replay, path, old, new)
    faults = [fault for one in asking(name) for fault in one.faults]
    assert any(said in fault for fault in faults), faults
    assert len([one for one in asking(name) if not one.well]) == 1


PARSERS: list[tuple[str, int, Callable[[bytes], object], tuple[str, ...]]] = [
    ("arxiv", 0, lambda body: parse_feed(body, DAY), ("arxiv:announce_type",)),
    ("arxiv", 1, read_page, ("updated",)),
    ("arxiv", 3, read_list, ("id",)),
    ("huggingface", 0, lambda body: parse_daily(body, DAY, NOW), ()),
    ("biorxiv", 0, lambda body: parse_details("biorxiv", body, DAY), ("version",)),
    ("openalex", 0, lambda body: parse_works(body, DAY), ("is_retracted", "is_paratext")),
]


@pytest.mark.parametrize(("name", "number", "parse", "aside"), PARSERS)
def test_what_is_needed_is_what_the_parsers_read(
    replay: Replay,
    settings: Settings,
    name: str,
    number: int,
    parse: Callable[[bytes], object],
    aside: tuple[str, ...],
) -> None:
    """Without any one of these fields papers are read otherwise, or not at all; aside stand those
    that are read in two places, and those that say nothing in these samples.
    """
    question = services.questions_of(name, settings, DAY)[number]
    with PoliteSession(None, spacing=0).open(name, question.url, question.params) as opened:
        body = opened.body.read()
    whole = repr(parse(body))
    fields = {field for entry in question.read(body).entries for field in entry}
    asked = [one for names in (*question.shape.needed, *question.shape.there)
             for one in ((names,) if isinstance(names, str) else names)]  # fmt: skip
    for one in [one for one in asked if one in fields and one not in aside]:
        word = one.rpartition("/")[2].rpartition(":")[2]
        other = re.sub(rf'(?<=[</:"]){word}(?=["> /])', f"{word}ish", body.decode())
        assert other != body.decode(), one
        try:
            read = repr(parse(other.encode()))
        except SourceError:
            continue
        assert read != whole, f"{one} is not read"


def test_a_new_field_is_worth_a_word_and_no_fault(asking: Asking, replay: Replay) -> None:
    """It may be of use one day."""
    swap(replay, "/daily", '"numComments"', '"numLaughs": 1, "numComments"')
    (one,) = asking("huggingface")
    assert one.well
    assert one.remarks == ("new, and not read: numLaughs",)


def test_a_moved_address_is_told_with_the_setting_that_names_it(
    asking: Asking, replay: Replay
) -> None:
    """The answer of the new place is looked at all the same."""
    replay.answer("/v2/daily", (DATA / HF).read_bytes())
    replay.answer("/daily", b"", 301, Location="/v2/daily")
    (one,) = asking("huggingface")
    assert one.faults == (
        f"it moved to {replay.address}/v2/daily: set DIGEST_HUGGINGFACE to its new place",
    )
    assert one.entries > 0


def test_a_web_page_is_told_with_its_kind(asking: Asking, replay: Replay) -> None:
    """What the service says that it is, too."""
    replay.answer("/daily", b"<!DOCTYPE html><p>hi", Content_Type="text/html")
    (one,) = asking("huggingface")
    assert "a web page instead of JSON" in one.faults[0]
    assert "(sent as text/html)" in one.faults[0]


def test_how_often_one_may_ask_is_passed_on(asking: Asking, replay: Replay) -> None:
    """The headers that speak of it, and no other."""
    body = json.dumps({"meta": {"count": 1}, "results": [work()]}).encode()
    replay.answer("/works", body, X_RateLimit_Remaining="99", X_Other="7")
    (one,) = asking("openalex")
    assert one.well
    assert one.remarks == ("x-ratelimit-remaining: 99",)


@pytest.mark.parametrize(
    ("status", "said"), [(404, "answered 404"), (500, "answered 500"), (410, "answered 410")]
)
def test_an_error_of_the_service_is_told(
    asking: Asking, replay: Replay, status: int, said: str
) -> None:
    """In the words that collecting has for it."""
    replay.answer("/works", b"no", status, Retry_After="3600")
    (one,) = asking("openalex")
    assert said in one.faults[0]


def test_a_key_is_in_no_report(replay: Replay, settings: Settings) -> None:
    """It is sent, and told to nobody."""
    keyed = replace(settings, openalex_key="s3cret")
    (question,) = services.questions_of("openalex", keyed, DAY)
    replay.answer("/v2", b"no", 404)
    replay.answer("/works", b"", 302, Location="/v2?api_key=s3cret")
    found = ask(PoliteSession(None, spacing=0), question)
    assert any("api_key=s3cret" in asked for asked in replay.asked)
    assert "s3cret" not in repr(found)


def test_an_answer_that_is_too_long_is_not_read(asking: Asking, replay: Replay) -> None:
    """A small question has a small answer."""
    replay.answer("/works", b" " * (4 * 1024 * 1024 + 1))
    (one,) = asking("openalex")
    assert one.faults == ("the answer to a small question is larger than 4 MB",)


def test_a_feed_may_not_lead_into_a_private_network(settings: Settings) -> None:
    """Its address is somebody else's word, also here."""
    (question,) = services.questions_of("feeds", settings, DAY)
    found = ask(PoliteSession(None, spacing=0), question)
    assert not found.well


def test_an_empty_feed_is_no_fault(asking: Asking, replay: Replay) -> None:
    """As on weekends: of its form nothing can be said."""
    replay.answer(
        "/atom/cs.LG", b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>'
    )
    feed = asking("arxiv")[0]
    assert feed.well
    assert feed.remarks == ("no entries, so that nothing can be said of their form",)


@pytest.mark.parametrize(("lacking", "faults"), [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1)])
def test_some_entries_may_lack_a_field(lacking: int, faults: int) -> None:
    """Where more than half do, something has changed."""
    seen = Seen({}, [{"title": "" if n < lacking else "x"} for n in range(4)])
    found, remarks = compare(Shape(("title",)), seen)
    assert len(found) == faults
    assert len(remarks) == (1 if lacking in (1, 2) else 0)


@pytest.mark.parametrize(
    ("text", "well"),
    [
        ("2026-03-17", True),
        ("2026-3-7", True),
        ("2026-03-17T00:00:00-04:00", True),
        ("2026-03-17T09:30:41Z", True),
        ("Tue, 17 Mar 2026 00:00:00 -0400", True),
        ("yesterday", False),
        ("17/03/2026", False),
    ],
)
def test_dates_are_known_in_all_their_forms(text: str, well: bool) -> None:  # noqa: FBT001
    """As services write them."""
    assert (a_day(text) is None) is well


def test_names_of_unknown_spaces_stand_in_full() -> None:
    """And those of known ones short."""
    assert short("{http://www.w3.org/2005/Atom}id") == "id"
    assert short("{urn:x}id") == "{urn:x}id"
    assert short("id") == "id"


@pytest.mark.parametrize(
    "body",
    [b"[" * 5000, b'[{"a": ' * 400 + b"1" + b"}]" * 400, b"[1, 2, null, []]", b'[{"a": {"b": {"c": 1}}}]'],
)  # fmt: skip
def test_json_of_any_depth_is_read_or_refused(body: bytes) -> None:
    """In words, and never with a crash."""
    try:
        seen = json_seen("x", body)
    except Exception as error:  # noqa: BLE001
        assert type(error).__name__ == "SourceError"
    else:
        assert all("/" not in name or name.count("/") == 1 for one in seen.entries for name in one)


@pytest.mark.parametrize("path", sorted(DATA.glob("arxiv_feed.*")), ids=lambda path: path.name)
def test_the_shapes_are_those_that_the_feeds_have(path: Path) -> None:
    """Atom and RSS alike."""
    (feed, *_) = arxiv.questions(Settings(), DAY)
    assert compare(arxiv.FEED, feed.read(path.read_bytes())) == ([], [])


def test_the_shapes_are_those_of_recorded_answers(shared: Path) -> None:
    """What was recorded from the services is well."""
    recorded = shared / "data/recorded"
    feed, api, _, record = arxiv.questions(Settings(), DAY)
    (daily,) = services.questions_of("huggingface", Settings(), DAY)
    wanted: list[tuple[Question, Iterator[Path]]] = [
        (feed, recorded.glob("arxiv_feed/*.xml")),
        (api, recorded.glob("arxiv_api/id_1*.200.xml")),
        (record, recorded.glob("arxiv_oai/arxiv-*.xml")),
        (daily, recorded.glob("hf_daily_papers/2026-0*.json")),
    ]
    for question, paths in wanted:
        faults: dict[str, Any] = {}
        for path in paths:
            found, _ = compare(question.shape, question.read(path.read_bytes()))
            faults |= {path.name: found} if found else {}
        assert not faults, question.way
