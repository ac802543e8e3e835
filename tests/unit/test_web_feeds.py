"""Feeds: valid Atom and RSS, whole addresses of this site only, ids that stay."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from digest.model import Announcement, Paper, Sighting
from tests.conftest import DATA, DAY
from tests.pages import BASE, Pages
from tests.papers import paper, seen

ATOM = "{http://www.w3.org/2005/Atom}"
EVERY = [f"/{name}.{form}" for name in ("day", "week", "month") for form in ("atom", "rss")]
SEARCHES = ["/search.atom?q=owls", "/search.rss?q=owls"]
HOSTILE = "Owls ]]> <script>alert(1)</script> &amp; \x00\x0b\ufffe \u202e end"


@pytest.fixture
def owls(pages: Pages) -> Pages:
    """A plain paper and a hostile one of one day, and one of the day before."""
    bad = Paper(
        keys=('doi:10.1000/a"<b>&c', "title:bad"),
        title=HOSTILE,
        abstract=HOSTILE,
        authors=(HOSTILE,),
        categories=(HOSTILE,),
        url="javascript:alert(1)",
    )
    plain = Paper(
        keys=("arxiv:9912.00001",),
        title="Owls at night",
        abstract="Owls hear mice & find them.",
        authors=("Jane Roe",),
        categories=("q-bio.NC",),
        url="https://arxiv.org/abs/9912.00001",
    )
    older = paper("Owls by day", "Owls sleep.")
    sightings = [seen(bad, upvotes=1), seen(plain, upvotes=5), seen(older, DAY - timedelta(days=1))]
    pages.store.papers.add(sightings, "huggingface", DAY)
    return pages


def parsed(pages: Pages, address: str, **options: Any) -> ET.Element:
    """A feed as a reader program sees it."""
    answer = pages.get(address, **options)
    assert answer.status_code == 200, answer.text
    kind = "atom" if ".atom" in address else "rss"
    assert answer.headers["Content-Type"] == f"application/{kind}+xml; charset=utf-8"
    return ET.fromstring(answer.data)  # noqa: S314 - made here


def told(element: ET.Element, path: str) -> str:
    """The text of a part that must be there."""
    found = element.find(path)
    assert found is not None, path
    return found.text or ""


@pytest.mark.parametrize("address", ["/day.atom", "/week.atom", "/month.atom", SEARCHES[0]])
def test_atom_has_all_that_its_standard_asks_for(owls: Pages, address: str) -> None:
    """RFC 4287: id, title and an RFC 3339 time for the feed and each entry, an author, links."""
    feed = parsed(owls, address)
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    assert entries
    for part in (feed, *entries):
        assert told(part, f"{ATOM}id").startswith("urn:uuid:")
        assert told(part, f"{ATOM}title")
        assert datetime.fromisoformat(told(part, f"{ATOM}updated")).tzinfo is not None
    assert told(feed, f"{ATOM}author/{ATOM}name")
    ids = [told(entry, f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == BASE + address
    assert str(links["alternate"]).startswith(f"{BASE}/")


@pytest.mark.parametrize("address", ["/day.rss", "/week.rss", "/month.rss", SEARCHES[1]])
def test_rss_has_all_that_its_standard_asks_for(owls: Pages, address: str) -> None:
    """RSS 2.0: title, link and description of the channel; guid and an RFC 822 date of each item."""
    channel = parsed(owls, address).find("channel")
    assert channel is not None
    assert told(channel, "title")
    assert told(channel, "description")
    assert told(channel, "link").startswith(f"{BASE}/")
    items = channel.findall("item")
    assert items
    for item in items:
        assert told(item, "title")
        assert told(item, "link").startswith(f"{BASE}/paper/")
        assert parsedate_to_datetime(told(item, "pubDate")).tzinfo is not None
        guid = item.find("guid")
        assert guid is not None
        assert guid.get("isPermaLink") == "false"
        assert str(guid.text).startswith("urn:uuid:")


def test_a_feed_is_the_list_in_its_order(owls: Pages) -> None:
    """The most upvoted first, as on the page; the day's feed is of the latest day."""
    day = [told(one, f"{ATOM}title") for one in parsed(owls, "/day.atom").iter(f"{ATOM}entry")]
    assert day[0] == "Owls at night"
    assert len(day) == 2
    assert len(list(parsed(owls, "/week.rss").iter("item"))) == 3


def test_hostile_texts_are_text(owls: Pages) -> None:
    """Markup is told as text, what XML cannot hold is left out, and no script is linked to."""
    for address in (*EVERY, *SEARCHES):
        root = parsed(owls, address)
        texts = [element.text for element in root.iter()]
        assert "Owls ]]> <script>alert(1)</script> &amp; end" in texts, address
        assert not list(root.iter("script"))
        body = owls.get(address).text
        assert "javascript:" not in body
        assert "<script" not in body
        if ".rss" in address:  # readers take a description for markup: it has to come out as text
            assert "Owls ]]&gt; &lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; end" in texts


def test_fault_52_pages_and_feeds_name_the_configured_address_only(owls: Pages) -> None:
    """Host poisoning: what a visitor says of the host is nowhere."""
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    for address in (*EVERY, *SEARCHES):
        parsed(owls, address, headers=headers)
        assert "evil" not in owls.get(address, headers=headers).text, address
    for address in ("/", "/paper/arxiv:9912.00001", "/search?q=owls", "/week/2026-03-17"):
        answer = owls.get(address, headers=headers)
        assert answer.status_code == 200
        assert "evil" not in answer.text, address


def test_ids_stay_when_counts_and_days_change(owls: Pages) -> None:
    """A reader program never shows a paper twice because it was voted on."""

    def ids() -> dict[str, str]:
        entries = parsed(owls, "/month.atom").iter(f"{ATOM}entry")
        return {told(one, f"{ATOM}title"): told(one, f"{ATOM}id") for one in entries}

    before = ids()
    later = DAY + timedelta(days=1)
    known = owls.store.papers.by_keys(["arxiv:9912.00001"])["arxiv:9912.00001"]
    again = Sighting(known, Announcement.FEATURED, later)
    owls.store.papers.add([again, seen(paper("Rooks"), later)], "arxiv", later)
    owls.now += timedelta(hours=20)
    after = ids()
    assert after.items() >= before.items()
    assert len(after) == len(before) + 1


@pytest.mark.parametrize("address", [*EVERY, *SEARCHES])
def test_what_a_visitor_adds_to_an_address_is_not_in_the_feed(owls: Pages, address: str) -> None:
    """Characters that XML cannot hold, as they are and written with a percent sign; anything."""
    mark = "&" if "?" in address else "?"
    path, _, query = f"{address}{mark}x=added\x07\x1b".partition("?")
    raw = owls.app.test_client().get(path, environ_overrides={"QUERY_STRING": query})
    ET.fromstring(raw.data)  # noqa: S314 - made here
    assert "added" not in raw.text
    parsed(owls, f"{address}{mark}x=%07%1B%FF")
    if "?" in address:
        assert len(list(parsed(owls, f"{address}%07%1B").iter())) > 10


def test_pages_name_their_feeds(owls: Pages) -> None:
    """In the head, where programs look for them, and on the page."""
    front = owls.get("/month/2026-03").text
    assert (
        'type="application/atom+xml" title="The Paper Digest, each month (Atom)" href="/month.atom"'
        in front
    )
    assert 'href="/month.rss"' in front.partition("</head>")[2]
    assert 'href="/search.rss?q=owls"' in owls.get("/search?q=owls").text.partition("</head>")[0]


def test_a_search_feed_has_the_newest_first(owls: Pages) -> None:
    """A reader program shows what came last; the page shows what fits best."""
    feed = parsed(owls, "/search.atom?q=owls")
    dates = [told(entry, f"{ATOM}updated") for entry in feed.iter(f"{ATOM}entry")]
    assert dates == sorted(dates, reverse=True)
    assert len(dates) >= 2


@pytest.mark.parametrize(
    "address", ["/search.atom", "/search.rss?q=%22", "/search.atom?q=owls&since=x"]
)
def test_a_search_that_cannot_be_read_is_no_feed(owls: Pages, address: str) -> None:
    """The answer says what is wrong."""
    answer = owls.get(address)
    assert answer.status_code == 400
    assert "That cannot be done" in answer.text


def test_an_empty_house_has_valid_feeds(pages: Pages) -> None:
    """No entries is no error."""
    for address in EVERY:
        assert len(parsed(pages, address)) > 0
    assert not list(parsed(pages, "/day.atom").iter(f"{ATOM}entry"))


def test_papers_of_a_run_are_in_the_feed(pages: Pages) -> None:
    """From a file through the daily run to a reader program."""
    pages.run([DATA / "papers.jsonl"])
    titles = [told(item, "title") for item in parsed(pages, "/month.rss").iter("item")]
    assert (
        "Soft When Mixed: Glass Transition Temperatures of Polymer Blends from Contact Graphs"
        in titles
    )
