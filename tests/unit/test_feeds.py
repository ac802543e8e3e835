"""Feeds of journals and blogs: any form, broken ones among them, and what is new in each."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import load
from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.sources import Batch, Request
from digest.sources.feed import Entry, FeedReader, Unreadable
from digest.sources.feed_memory import Memory
from digest.sources.plain import plain
from digest.sources.services import open_service
from digest.sources.services.feeds import Feeds, parts_of
from tests.conftest import DATA, DAY, NOW, Replay
from tests.effort import effort
from tests.unit.test_xml import ILL_FORMED
from tests.visits import A_DAY, Visits, quick_session, titles

ADDRESS = "https://journal.example.org/feeds/new.xml"
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"{} xmlns="{}">'
    "<channel><title>T</title></channel>{}</rdf:RDF>"
)
DC = ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
PRISM = ' xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"'


def read(body: str | bytes) -> list[Entry | Unreadable]:
    """What is in a feed."""
    written = body.encode() if isinstance(body, str) else body
    return list(FeedReader("feeds", ADDRESS, DAY).read(written))


def entry(body: str | bytes) -> Entry:
    """The only entry of a feed."""
    (found,) = read(body)
    assert isinstance(found, Entry), found
    return found


def rss(items: str, more: str = "") -> str:
    """An RSS 2.0 feed."""
    return f'<rss version="2.0"{DC}{PRISM}{more}><channel><title>T</title>{items}</channel></rss>'


def atom(items: str, space: str = "http://www.w3.org/2005/Atom", more: str = "") -> str:
    """An Atom feed."""
    return f'<feed xmlns="{space}"{more}><title>T</title>{items}</feed>'


ITEM = "<item><title>On owls</title><link>https://x.example/owls</link><description>They fly.</description></item>"
FORMS = {
    "rss 0.91": f'<rss version="0.91"><channel>{ITEM}</channel></rss>',
    "rss 2.0": rss(ITEM),
    "rss 2.0 with a namespace": rss(ITEM).replace("<rss ", '<rss xmlns="http://backend.userland.com/rss2" '),
    "rss 0.90": RDF.format(DC, "http://my.netscape.com/rdf/simple/0.9/", ITEM),
    "rss 1.0": RDF.format(DC, "http://purl.org/rss/1.0/", ITEM),
    "atom 1.0": atom('<entry><title>On owls</title><link href="https://x.example/owls"/><summary>They fly.</summary></entry>'),
    "atom 0.3": atom('<entry><title>On owls</title><link rel="alternate" href="https://x.example/owls"/><content>They fly.</content></entry>', "http://purl.org/atom/ns#"),
    "atom without a namespace": atom('<entry><title>On owls</title><link href="https://x.example/owls"/><summary>They fly.</summary></entry>').replace(' xmlns="http://www.w3.org/2005/Atom"', ""),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_paper(form: str) -> None:
    """RSS 0.9x, 1.0, 2.0 and Atom 0.3, 1.0."""
    paper = entry(FORMS[form]).paper
    assert (paper.title, paper.abstract, paper.url) == (
        "On owls", "They fly.", "https://x.example/owls",
    )  # fmt: skip
    assert paper.key.startswith("title:")


def test_what_is_no_feed_is_named() -> None:
    """OPML, a page, JSON."""
    for body, said in (
        ("<opml/>", r"no feed: an unknown kind of XML \(<opml>\)"),
        ("<!doctype html><html>", "a web page"),
        ('{"version": "https://jsonfeed.org/version/1"}', "JSON"),
    ):
        with pytest.raises(SourceError, match=said):
            read(body)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("A &lt;i&gt;Drosophila&lt;/i&gt; screen", "A Drosophila screen"),
        ("<![CDATA[CO<sub>2</sub> &amp; water]]>", "CO2 & water"),
        ("When a &lt; b and b &gt; c", "When a < b and b > c"),
        ("If $P&lt;NP$ &amp;amp; x&gt;y &lt;b&gt;then&lt;/b&gt; x", "If P<NP & x>y then x"),
        ("Caf&eacute; &amp; bar", "Café & bar"),
        ("Q & A", "Q & A"),
        ("  Two\n lines ", "Two lines"),
        ("Scaling in $O(n^2)$", "Scaling in O(n²)"),
    ],
)
def test_titles_are_plain_text(written: str, title: str) -> None:
    """Markup, entities written once or twice, formulas."""
    assert entry(rss(f"<item><title>{written}</title></item>")).paper.title == title


def test_summaries_in_html_and_xhtml() -> None:
    """Blocks part words, inline elements do not; scripts and styles are not read."""
    html = "<p>One<b>and</b>a half</p><script>x < y</script><ul><li>Two<li>Three</ul>"
    escaped = html.replace("<", "&lt;").replace(">", "&gt;")
    assert entry(rss(f"<item><title>x</title><description>{escaped}</description></item>")
                 ).paper.abstract == "Oneanda half Two Three"  # fmt: skip
    xhtml = '<div xmlns="http://www.w3.org/1999/xhtml"><p>One</p><p>Two</p></div>'
    told = f'<entry><title>x</title><content type="xhtml">{xhtml}</content></entry>'
    assert entry(atom(told)).paper.abstract == "One Two"


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("<link>/papers/1</link>", "https://journal.example.org/papers/1"),
        ("<link>2?a=1&b=2</link>", "https://journal.example.org/feeds/2?a=1&b=2"),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>file:///etc/passwd</link>", None),
        ("<link>http://[broken</link>", None),
        ("<guid>https://x.example/g</guid>", "https://x.example/g"),
        ('<guid isPermaLink="false">https://x.example/g</guid>', None),
        ("<guid>tag:x</guid>", None),
    ],
)  # fmt: skip
def test_links_lead_to_the_web_or_nowhere(written: str, link: str | None) -> None:
    """Resolved against the feed's address; http and https only."""
    assert entry(rss(f"<item><title>x</title>{written}</item>")).paper.url == link


def test_links_of_atom_by_their_relation_and_base() -> None:
    """The page of the entry, not its comments or its file; xml:base counts at every level."""
    links = '<link rel="enclosure" href="https://x.example/a.pdf"/><link rel="alternate" href="1"/>'
    told = f'<entry xml:base="sub/"><title>x</title>{links}</entry>'
    feed = atom(told, more=' xml:base="https://base.example/top/"')
    assert entry(feed).paper.url == "https://base.example/top/sub/1"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("<prism:doi>10.1000/Owls.1</prism:doi>", "doi:10.1000/owls.1"),
        ("<dc:identifier>doi:10.1000/owls.1</dc:identifier>", "doi:10.1000/owls.1"),
        ("<guid>https://doi.org/10.1000/owls.1</guid>", "doi:10.1000/owls.1"),
        ("<link>https://press.example/doi/abs/10.1000/owls.1?af=R</link>", "doi:10.1000/owls.1"),
        ("<link>https://press.example/doi/10.1000/owls.1/full</link>", "doi:10.1000/owls.1"),
        ("<link>https://arxiv.org/abs/9912.00001v3</link>", "arxiv:9912.00001"),
        ("<guid>oai:arXiv.org:9912.00001v3</guid>", "arxiv:9912.00001"),
        ("<guid>9912.00001</guid>", "title:"),
        ("<link>https://blog.example/2026/03/owls</link>", "title:"),
    ],
)
def test_an_entry_is_known_by_the_id_it_has_anywhere(written: str, key: str) -> None:
    """A DOI or an arXiv id; a number alone is none."""
    assert entry(rss(f"<item><title>Owls</title>{written}</item>")).paper.key.startswith(key)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("<dc:creator>Jane Roe</dc:creator><dc:creator>Kim Doe</dc:creator>", ("Jane Roe", "Kim Doe")),
        ("<dc:creator>Jane Roe, Kim Doe and Lee Poe</dc:creator>", ("Jane Roe", "Kim Doe", "Lee Poe")),
        ("<dc:creator>Jane Roe; Kim Doe</dc:creator>", ("Jane Roe", "Kim Doe")),
        ("<dc:creator>Roe, Jane</dc:creator>", ("Jane Roe",)),
        ("<author>jane@x.example (Jane Roe)</author>", ("Jane Roe",)),
        ("", ()),
    ],
)  # fmt: skip
def test_authors_as_feeds_write_them(written: str, names: tuple[str, ...]) -> None:
    """Several elements or one, with commas, semicolons, a mail address."""
    assert entry(rss(f"<item><title>x</title>{written}</item>")).paper.authors == names


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("Mon, 16 Mar 2026 22:00:00 GMT", date(2026, 3, 16)),
        ("Mon, 16 Mar 2026 22:00:00 -0500", date(2026, 3, 17)),
        ("16 Mar 26 10:00 EST", date(2026, 3, 16)),
        ("2026-03-16T23:30:00-05:00", date(2026, 3, 17)),
        ("2026-03-16", date(2026, 3, 16)),
        ("2026-3-6", date(2026, 3, 6)),
        ("2026-03-18T00:10:00+14:00", date(2026, 3, 17)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("2099-01-01", None),
        ("yesterday", None),
        ("Mon, 99 Mar 2026 99:00:00 GMT", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9" * 5000, None),
    ],
)
def test_dates_with_zones_and_those_that_cannot_be_right(written: str, day: date | None) -> None:
    """In UTC; the future, 1970 and nonsense are passed over."""
    told = f"<item><title>x</title><pubDate>{written}</pubDate></item>"
    assert entry(rss(told)).published == day


def test_the_next_best_date_is_taken() -> None:
    """Where the first one cannot be right."""
    dates = "<pubDate>now</pubDate><dc:date>2026-03-11</dc:date>"
    assert entry(rss(f"<item><title>x</title>{dates}</item>")).published == date(2026, 3, 11)


def test_marks_tell_entries_apart_that_share_an_id() -> None:
    """There are feeds with one guid for all."""
    items = "".join(f"<item><title>{n}</title><guid>same</guid></item>" for n in "ab")
    assert len({one.mark for one in read(rss(items))}) == 2


def test_recorded_feeds(shared: Path) -> None:
    """Entries without a title are told, the others are papers; arXiv's own feed is one too."""
    folder = shared / "data/recorded"
    for name, expected in ILL_FORMED.items():
        body = (folder / "illformed_feeds" / name).read_bytes()
        if isinstance(expected, str):
            with pytest.raises(SourceError, match="feeds: "):
                read(body)
        else:
            assert len(read(body)) == expected
    found = read((folder / "arxiv_feed/atom_cs.AI_2025-08-20.xml").read_bytes())
    assert all(isinstance(one, Entry) and one.paper.key.startswith("arxiv:") for one in found)


@given(st.text(max_size=200), st.sampled_from(["<p>", "<a ", "<!--", "&", "<![", "</", "<script>"]))
def test_html_of_any_kind_becomes_text(text: str, piece: str) -> None:
    """No error, and nothing longer than what was written."""
    for written in (text, piece + text, text + piece * 9):
        assert len(plain(written)) <= 2 * len(written) + 9


@pytest.mark.parametrize(
    "piece", ["<a ", "<!--", "</", "<a b='", "<![", "<p x", "&", "<script>", "<?"]
)
def test_hostile_html_takes_no_time(piece: str) -> None:
    """The standard library's parser takes minutes for some of these."""
    assert isinstance(plain("<p>" + piece * 50_000), str)


@pytest.mark.parametrize(
    "piece",
    [
        f"<author>{'@' * 400_000}</author>",
        f"<author>{'a@b ' * 100_000}</author>",
        "<title>$\\frac{n}{2}$</title>" * 50_000,
        f"<description>{'@(' * 200_000}</description>",
        f"<link>http://{'a/' * 200_000}</link>" * 4,
        f"<category>{'$^' * 200_000}</category>",
    ],
)
def test_hostile_entries_take_no_time(piece: str) -> None:
    """Patterns look at a bounded part of what an entry says, however long that is."""
    body = rss(f"<item><title>one</title>{piece}</item>")
    assert effort(lambda: entry(body)) < len(body) + 10_000
    assert entry(body).paper.title == "one"


# ── the source ───────────────────────────────────────────────────────────────


class Desk(Visits):
    """Visits to feeds on loopback."""

    def __init__(self, replay: Replay, *paths: str) -> None:
        addresses = tuple(f"{replay.address}/{path}" for path in paths)
        super().__init__(Feeds(quick_session("127.0.0.1"), addresses))
        self.parts = list(parts_of(addresses))

    def of(self, days: int = 0, part: int = 0) -> tuple[str, int | None, int]:
        """How it stands with a feed on a day."""
        return self.standing(days, self.parts[part]) or ("unknown", None, 0)


def item(title: str, day: date | None = None, more: str = "") -> str:
    """An item of an RSS feed."""
    written = f"<dc:date>{day}</dc:date>" if day else ""
    return f"<item><title>{title}</title><guid>{title}</guid>{written}{more}</item>"


@pytest.fixture
def desk(replay: Replay) -> Desk:
    """One feed."""
    return Desk(replay, "a")


def test_a_first_visit_takes_the_last_week(replay: Replay, desk: Desk) -> None:
    """Older entries, and those without a date, are counted and do not flood an edition."""
    days = (0, 1, 6, 7, 300)
    told = [item(f"of {back}", DAY - back * A_DAY) for back in days]
    replay.answer("/a", rss("".join([*told, item("of no date")])).encode())
    found = desk.visit()
    assert [(one.paper.title, one.announced) for one in found] == [
        (f"of {back}", DAY - back * A_DAY) for back in days[:3]
    ]
    assert desk.of() == ("complete", 6, 6)


def test_later_visits_take_what_is_new(replay: Replay, desk: Desk) -> None:
    """Dated by its own date where that is after the last visit, else by the day it is first seen."""
    old = item("old", DAY - 3 * A_DAY)
    replay.answer("/a", rss(old).encode())
    desk.visit()
    new = [
        item("dated", DAY + A_DAY), item("late", DAY - 20 * A_DAY), item("undated"),
        item("ancient", DAY - 90 * A_DAY),
    ]  # fmt: skip
    replay.answer("/a", rss("".join(new) + old).encode())
    found = {one.paper.title: one.announced for one in desk.visit(2)}
    assert found == {"dated": DAY + A_DAY, "late": DAY + 2 * A_DAY, "undated": DAY + 2 * A_DAY}
    assert desk.visit(3) == []
    assert desk.of(3) == ("quiet", 0, 0)


def test_two_visits_on_a_day_are_counted_together(replay: Replay, desk: Desk) -> None:
    """What the first saw and what the second saw."""
    replay.answer("/a", rss(item("one", DAY)).encode())
    desk.visit()
    replay.answer("/a", rss(item("two", DAY) + item("one", DAY)).encode())
    assert titles(desk.visit()) == ["two"]
    assert desk.of() == ("complete", 2, 2)
    desk.visit()
    assert desk.of() == ("complete", 2, 2)


def test_a_feed_that_has_not_changed_costs_nothing(replay: Replay, desk: Desk) -> None:
    """Its own word is taken for it, day after day; the counts of the day stay."""
    replay.answer("/a", rss(item("one", DAY)).encode(), ETag='"v1"')
    desk.visit()
    replay.answer("/a", b"", 304, ETag='"v1"')
    assert desk.visit() == []
    assert replay.headers[-1]["If-None-Match"] == '"v1"'
    assert desk.of() == ("complete", 1, 1)
    desk.visit(1)
    assert desk.of(1) == ("quiet", 0, 0)


def test_days_that_were_missed_are_settled_by_a_later_visit(replay: Replay, desk: Desk) -> None:
    """A feed shows its last entries, so that nothing is lost; days without any were quiet."""
    replay.answer("/a", rss(item("one", DAY)).encode())
    desk.visit()
    replay.answer("/a", b"gone", 503)
    desk.visit(1)
    assert desk.problem
    assert desk.of(1) == ("broken", None, 0)
    replay.answer("/a", rss(item("two", DAY + A_DAY) + item("one", DAY)).encode())
    assert [one.announced for one in desk.visit(4)] == [DAY + A_DAY]
    assert [desk.of(days)[0] for days in range(5)] == [
        "complete", "complete", "quiet", "quiet", "quiet",
    ]  # fmt: skip
    assert desk.of(1) == ("complete", 1, 1)


def test_a_feed_that_does_not_reach_back_says_so(replay: Replay, desk: Desk) -> None:
    """Nothing in it was seen before: entries between may have come and gone."""
    replay.answer("/a", rss(item("one", DAY)).encode())
    desk.visit()
    replay.answer("/a", rss(item("nine", DAY + 9 * A_DAY)).encode())
    assert titles(desk.visit(9)) == ["nine"]
    assert desk.of(5) == ("partial", None, 0)
    assert desk.of(9) == ("complete", 1, 1)


def test_a_feed_that_is_empty_all_at_once_is_broken(replay: Replay, desk: Desk) -> None:
    """It had entries: a valid answer without any is no quiet day; it is asked for whole again."""
    replay.answer("/a", rss(item("one", DAY)).encode(), ETag='"v1"')
    desk.visit()
    replay.answer("/a", rss("").encode(), ETag='"v2"')
    desk.visit(1)
    assert "is empty now" in str(desk.problem)
    assert desk.of(1) == ("broken", None, 0)
    replay.answer("/a", rss(item("two", DAY + A_DAY) + item("one", DAY)).encode())
    assert titles(desk.visit(1)) == ["two"]
    assert desk.of(1) == ("complete", 1, 1)


def test_one_broken_feed_never_stops_the_others(replay: Replay) -> None:
    """It is named and counted; the visit has not failed while one of them was read."""
    desk = Desk(replay, "a", "b", "c")
    replay.answer("/a", b"<html>down</html>")
    replay.answer("/b", rss(item("one", DAY)).encode())
    assert titles(desk.visit()) == ["one"]
    assert [desk.of(part=part)[0] for part in range(3)] == ["broken", "complete", "broken"]
    troubles = [trouble for batch in desk.batches for trouble in batch.troubles]
    assert len(troubles) == 2
    assert "/a: a web page instead of XML" in troubles[0]
    replay.answer("/b", b"", 500)
    desk.visit()
    assert "and 2 more feeds" in str(desk.problem)


def test_a_feed_that_is_dropped_is_missing_no_more(replay: Replay) -> None:
    """What could not be read of it is told no longer."""
    replay.answer("/b", rss(item("Owls", DAY)).encode())
    addresses = tuple(f"{replay.address}/{name}" for name in ("a", "b"))
    visits = Visits(Feeds(quick_session("127.0.0.1"), addresses))
    visits.visit()
    (part,) = [part for part, _ in visits.covered if part.endswith("/a")]
    assert visits.standing(part=part) == ("broken", None, 0)
    visits.source = Feeds(quick_session("127.0.0.1"), addresses[1:])
    visits.visit(0.1)
    assert visits.standing(part=part) == ("quiet", 0, 0)


def test_who_was_not_asked_for_longest_is_asked_first(replay: Replay) -> None:
    """Where time ends before the last feed, it is not always the same ones that are left out."""
    desk = Desk(replay, "a", "b", "c")
    for path in "abc":
        replay.answer(f"/{path}", rss(item(path, DAY)).encode())
    desk.visit()
    del desk.covered[desk.parts[2], DAY]
    kept = desk.covered[desk.parts[0], DAY]
    desk.covered[desk.parts[0], DAY] = replace(kept, asked=kept.asked + A_DAY)
    replay.asked.clear()
    desk.visit(2)
    assert [path.partition("?")[0] for path in replay.asked] == ["/c", "/b", "/a"]


def test_a_feed_is_left_when_time_is_over(replay: Replay, desk: Desk) -> None:
    """What was read of it until then is kept, and the rest is asked for the next time."""
    replay.answer("/a", rss("".join(item(f"n{n}", DAY) for n in range(9))).encode())
    left = iter([9.0, 9.0, 9.0])
    request = Request(DAY, NOW, left=lambda: next(left, 0.0))
    source = desk.source
    (batch,) = _until(source.fetch(request))
    assert titles(list(batch.sightings)) == ["n0", "n1", "n2"]
    assert [count.standing.value for count in batch.counts] == ["partial"]
    desk.notes.update(batch.notes)
    assert titles(desk.visit()) == [f"n{n}" for n in range(3, 9)]


def _until(batches: Iterator[Batch]) -> list[Batch]:
    """What a source gives before it fails."""
    found: list[Batch] = []
    with suppress(SourceError):
        found.extend(batches)
    return found


def test_what_stands_before_damage_is_kept(replay: Replay, desk: Desk) -> None:
    """The day is open until the feed is read to its end, and nothing comes twice."""
    whole = rss(item("one", DAY) + item("two", DAY) + item("three", DAY)).encode()
    replay.answer("/a", whole[: whole.index(b"three")], ETag='"v1"')
    assert titles(desk.visit()) == ["one", "two"]
    assert "damaged XML" in str(desk.problem)
    assert desk.of() == ("partial", None, 2)
    replay.answer("/a", whole, ETag='"v1"')
    assert titles(desk.visit()) == ["three"]
    assert "If-None-Match" not in replay.headers[-1]
    assert desk.of() == ("complete", 3, 3)


def test_an_entry_that_cannot_be_read_is_told_once(replay: Replay, desk: Desk) -> None:
    """By name on the day on which it came."""
    replay.answer("/a", rss(item("") + item("one", DAY)).encode())
    assert titles(desk.visit()) == ["one"]
    assert desk.of() == ("partial", 2, 1)
    assert "without a title" in desk.batches[-1].troubles[0]
    assert (desk.batches[-1].announced, desk.batches[-1].read) == (2, 1)
    desk.visit(1)
    assert desk.batches[-1].troubles == ()


def test_a_large_feed_comes_in_batches(replay: Replay, desk: Desk) -> None:
    """At most 500 papers each, the notes with the last; no feed is read without end."""
    replay.answer("/a", rss("".join(item(f"Paper {n}", DAY) for n in range(5_100))).encode())
    assert len(desk.visit()) == 5_000
    assert max(len(batch.sightings) for batch in desk.batches) == 500
    assert [bool(batch.notes) for batch in desk.batches] == [False] * (len(desk.batches) - 1) + [
        True
    ]
    assert "read as far as entry 5000" in desk.batches[-1].troubles[0]


def test_the_title_of_a_feed_is_noted(replay: Replay, desk: Desk) -> None:
    """As the letter may call it."""
    replay.answer("/a", rss(item("one")).replace(">T<", ">Journal of <i>Owls</i> <").encode())
    desk.visit()
    (name,) = desk.parts
    assert desk.notes[f"title {name}"] == "Journal of Owls"


def test_damaged_notes_are_forgotten(replay: Replay, desk: Desk) -> None:
    """Then the feed is new again, and does not flood."""
    replay.answer("/a", rss(item("one", DAY) + item("old", DAY - 9 * A_DAY)).encode())
    (name,) = desk.parts
    for note in ("{", "[]", '{"read": 7}', '{"seen": [1, "x"], "read": "2026-99-99"}', "[" * 9_000):
        desk.notes = {f"memory {name}": note}
        assert titles(desk.visit()) == ["one"]


def test_memory_is_bounded_and_whole() -> None:
    """The newest marks are kept; what is noted is read back."""
    memory = Memory().after((f"{n:012x}" for n in range(9_000)), '{"If-None-Match": "x"}', DAY)
    assert len(memory.seen) == 6_000
    assert memory.seen[0] == f"{0:012x}"
    assert Memory.of(memory.note()) == memory
    assert len(json.loads(memory.note())) == 3


def test_names_of_feeds_show_no_keys() -> None:
    """Host and path; a query, which may hold a key, is told apart by a mark; all differ."""
    addresses = (
        "https://www.x.example/feed", "http://x.example/feed", "https://me:secret@y.example/a.xml",
        "https://z.example/?token=secret", "https://z.example/?token=other",
        "https://long.example/" + "x" * 300,
    )  # fmt: skip
    names = list(parts_of(addresses))
    assert list(parts_of(addresses).values()) == list(addresses)
    assert names[0] == "x.example/feed"
    assert names[2] == "y.example/a.xml"
    assert not any("secret" in name or "token" in name for name in names)
    assert max(map(len, names)) < 120
    assert list(parts_of(addresses[3:4])) == names[3:4]


def test_a_feed_asked_for_a_past_date_shows_today(replay: Replay, desk: Desk) -> None:
    """What has no date came today, not then."""
    replay.answer("/a", rss(item("one", DAY)).encode())
    desk.visit()
    replay.answer("/a", rss(item("two")).encode())
    request = replace(Request(date(2025, 1, 1), NOW), notes=desk.notes)
    found = [one for batch in desk.source.fetch(request) for one in batch.sightings]
    assert [one.announced for one in found] == [DAY]


def test_feeds_are_a_source_by_their_key() -> None:
    """Naming addresses is enough."""
    settings = load(None, {"DIGEST_FEEDS": ADDRESS})
    assert "feeds" in settings.sources
    source = open_service("feeds", PoliteSession(None), settings)
    assert isinstance(source, Feeds)
    assert source.addresses == (ADDRESS,)


def test_the_feed_of_arxiv_is_a_feed() -> None:
    """Self-written, as the recorded one."""
    found = read((DATA / "arxiv_feed.atom.xml").read_bytes())
    assert len(found) == 8
    assert all(isinstance(one, Entry) for one in found)
