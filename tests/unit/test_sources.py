"""Parsing what services and files hold: bytes in, sightings and named troubles out."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from digest.errors import SourceError, UsageError
from digest.model import Announcement
from digest.sources import Batch, Request
from digest.sources.arxiv_ids import parse_answer
from digest.sources.file import Files, find_files
from digest.sources.saved_page import parse_page
from digest.sources.services.huggingface import parse_daily
from tests.conftest import DATA, DAY, NOW
from tests.feeds import parse_feed

HF = "huggingface_2026-03-17.json"


def read(*paths: Path, day: date = DAY) -> list[Batch]:
    """All batches of some files."""
    return list(Files(paths).fetch(Request(day, NOW)))


@pytest.mark.parametrize("name", ["arxiv_feed.atom.xml", "arxiv_feed.rss.xml"])
def test_new_papers_cross_lists_and_replacements_are_told_apart(name: str) -> None:
    """Both forms of the feed say the same."""
    batch = parse_feed((DATA / name).read_bytes(), DAY)
    assert (batch.read, batch.announced, batch.troubles) == (8, 8, ())
    kinds = [sighting.kind for sighting in batch.sightings]
    assert kinds.count(Announcement.NEW) == 3
    assert kinds.count(Announcement.CROSS) == 2
    assert kinds.count(Announcement.REPLACE) == 2
    assert kinds.count(Announcement.REPLACE_CROSS) == 1
    assert {sighting.announced for sighting in batch.sightings} == {DAY}
    first = batch.sightings[0].paper
    assert first.key == "arxiv:9912.10001"
    assert first.url == "https://arxiv.org/abs/9912.10001"
    assert "Announce Type" not in first.abstract
    assert not first.abstract.startswith("Abstract")
    assert len(first.authors) > 1
    assert {s.paper.version for s in batch.sightings if not s.kind.fresh} == {2, 3}


def test_both_forms_of_the_feed_give_equal_papers() -> None:
    """Atom and RSS differ in form only."""
    atom, rss = (
        parse_feed((DATA / f"arxiv_feed.{form}.xml").read_bytes(), DAY) for form in ("atom", "rss")
    )
    assert atom.sightings == rss.sightings


def test_a_feed_that_is_cut_keeps_what_came_before() -> None:
    """Truncated XML: the entries before the cut arrive, the cut is named."""
    body = (DATA / "arxiv_feed.atom.xml").read_bytes()
    batch = parse_feed(body[: len(body) // 2], DAY, "cs.LG")
    assert 0 < batch.read < 8
    assert batch.cut is not None
    assert "damaged XML at line" in batch.cut
    assert "cs.LG" in batch.cut


def test_an_entry_without_an_id_is_named_and_the_rest_arrives() -> None:
    """One bad entry costs one entry."""
    body = (DATA / "arxiv_feed.atom.xml").read_bytes()
    batch = parse_feed(body.replace(b"oai:arXiv.org:9912.10002v1", b"oops"), DAY)
    assert (batch.read, batch.announced) == (7, 8)
    assert "entry" in batch.troubles[0]
    assert "oops" in batch.troubles[0]


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><feed>&a;</feed>'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty answer"),
        (b"  \n", "empty answer"),
        (b"<!DOCTYPE html><html><body>503</body></html>", "a web page instead of XML"),
        (b'{"error": "x"}', "JSON instead of XML"),
        (b"<feed", "damaged XML"),
        (b"<other/>", "unknown kind of XML"),
        (BOMB, "document type definition"),
        (BOMB.decode().encode("utf-16"), "document type definition"),
        (b"<rss>" + b"<a>" * 100_000, "nested deeper"),
        (b'<?xml version="1.0" encoding="klingon"?><rss/>', "encoding"),
        (b"<rss>\xff\xfe</rss>", "damaged XML"),
    ],
)
def test_what_is_no_feed_is_named(body: bytes, said: str) -> None:
    """HTML, JSON, nothing, damage, attacks, wrong encodings: a reason in words."""
    with pytest.raises(SourceError, match=said):
        parse_feed(body, DAY)


def test_an_empty_feed_is_a_quiet_day() -> None:
    """No entries is no error: weekends are like that."""
    body = b'<rss version="2.0"><channel><title>t</title></channel></rss>'
    assert parse_feed(body, DAY) == Batch((), 0, 0)


def test_daily_papers_with_their_counts() -> None:
    """Upvotes, comments and stars become signals; the repository a link."""
    batch = parse_daily((DATA / HF).read_bytes(), DAY, NOW)
    assert (batch.read, batch.announced) == (7, 7)
    by_key = {sighting.paper.key: sighting for sighting in batch.sightings}
    top = max(batch.sightings, key=lambda s: next(x.value for x in s.signals))
    counts = {signal.name: signal.value for signal in top.signals}
    assert counts["upvotes"] == 150
    assert all(signal.observed == NOW for signal in top.signals)
    assert any(sighting.paper.code for sighting in batch.sightings)
    assert any("stars" in {s.name for s in sighting.signals} for sighting in batch.sightings)
    assert "  " not in by_key["arxiv:9912.10102"].paper.title
    assert {s.kind for s in batch.sightings} == {Announcement.FEATURED}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>busy</html>", "a web page instead of JSON"),
        (b"", "instead of JSON"),
        (b'{"error": "Invalid date"}', "no list of papers .*Invalid date"),
        (b"[" * 200_000, "instead of JSON"),
        (b"\xff\xfe\x00", "instead of JSON"),
    ],
)
def test_what_is_no_list_of_papers(body: bytes, said: str) -> None:
    """Named with the date that was asked for."""
    with pytest.raises(SourceError, match=said):
        parse_daily(body, DAY, NOW)


def test_damaged_entries_are_counted_and_named() -> None:
    """Strings instead of objects were seen in the wild."""
    body = json.dumps(["{'paper': 1}", {"paper": None}, {"paper": {"id": "9912.00001"}}, 3])
    batch = parse_daily(body.encode(), DAY, NOW)
    assert (batch.read, batch.announced, len(batch.troubles)) == (0, 4, 4)


def test_papers_by_id() -> None:
    """New and old ids, with authors and categories."""
    first, second = parse_answer((DATA / "arxiv_api_ids.xml").read_bytes())
    assert (first.key, first.version) == ("arxiv:9912.30001", 2)
    assert second.key == "arxiv:hep-th/9901001"
    assert first.authors
    assert first.categories


def test_the_error_entry_of_the_api_is_an_error() -> None:
    """An error that arrives as an Atom entry is not taken for a paper."""
    with pytest.raises(SourceError, match="reports an error"):
        parse_answer((DATA / "arxiv_api_error.xml").read_bytes())
    batch = parse_feed((DATA / "arxiv_api_error.xml").read_bytes(), DAY)
    assert batch.read == 0
    assert "reports an error" in batch.troubles[0]


def test_a_flood_of_entries_is_counted_and_kept_in_bounds() -> None:
    """A million empty objects, or elements: the first troubles in words, memory let go."""
    batch = parse_daily(b"[" + b"{}," * 300_000 + b"{}]", DAY, NOW)
    assert (batch.announced, len(batch.troubles)) == (300_001, 20)
    feed = parse_feed(b"<rss><channel>" + b"<item/>" * 100_000 + b"</channel></rss>", DAY)
    assert len(feed.troubles) == 20
    assert feed.more_troubles == (feed.announced or 0) - 20
    assert feed.cut is not None


@pytest.mark.parametrize(("name", "papers"), [("saved_page_a.txt", 14), ("saved_page_b.txt", 9)])
def test_saved_pages_in_both_layouts(name: str, papers: int) -> None:
    """Every paper, not one more or fewer, and nothing of the page's own words."""
    (batch,) = read(DATA / name)
    assert (batch.read, batch.announced, batch.troubles) == (papers, papers, ())
    titles = [sighting.paper.title for sighting in batch.sightings]
    assert not any("Subscribe" in title or "inbox" in title for title in titles)
    assert all(len(sighting.paper.abstract) > 250 for sighting in batch.sightings)
    assert all(sighting.announced is None for sighting in batch.sightings)


def test_both_layouts_name_the_same_papers_alike() -> None:
    """Three papers stand in both files; LaTeX in a title is readable."""
    (first,), (second,) = read(DATA / "saved_page_a.txt"), read(DATA / "saved_page_b.txt")
    keys = [{sighting.paper.key for sighting in batch.sightings} for batch in (first, second)]
    assert len(keys[0] & keys[1]) == 3
    assert any(s.paper.title.startswith("Q²RS-Net") for s in first.sightings)


def test_a_missing_abstract_does_not_shift_the_rest() -> None:
    """The paper is kept, named, and its neighbours keep their own abstracts."""
    long = "Words that go on. " * 30
    page = f"Get trending papers in your email inbox!\nSubscribeOne\n{long}\nTwo\nThree\n{long}\n"
    batch = parse_page(page, "page.txt")
    assert [s.paper.title for s in batch.sightings] == ["One", "Two", "Three"]
    assert [bool(s.paper.abstract) for s in batch.sightings] == [True, False, True]
    assert "'Two' has no abstract" in batch.troubles[0]


def test_a_brace_in_a_saved_page_does_not_make_it_json(tmp_path: Path) -> None:
    """A title may begin with a LaTeX group."""
    text = (DATA / "saved_page_b.txt").read_text(encoding="utf-8")
    page = tmp_path / "page.txt"
    page.write_text(text.replace("Mar 17\n\n", "Mar 17\n\n{\\it AGORA}: "), encoding="utf-8")
    (batch,) = read(page)
    assert batch.read == 9
    assert batch.sightings[0].paper.title.startswith("AGORA: ")


def test_a_small_file_that_is_cut_gives_what_it_has(tmp_path: Path) -> None:
    """Also where the cut is within the first few thousand letters."""
    good = b"".join(line(title=f"Paper number {n}", abstract="x" * 90) for n in range(6))
    for name in ("small.jsonl.gz", "small.gz"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(good, 0)[:-200])
        got: list[Batch] = []
        with pytest.raises(SourceError, match="ends too early"):
            for batch in Files((path,)).fetch(Request(DAY, NOW)):
                got.append(batch)  # noqa: PERF402 - what came before the error counts
        assert sum(batch.read for batch in got) >= 4


def test_json_lines() -> None:
    """Dates, counts with the time they were observed, versions, a paper without id."""
    (batch,) = read(DATA / "papers.jsonl")
    assert (batch.read, batch.troubles) == (12, ())
    versions = [s.paper for s in batch.sightings if s.paper.key == "arxiv:9912.20001"]
    assert [paper.version for paper in versions] == [1, 2]
    assert sum(s.paper.key.startswith("title:") for s in batch.sightings) == 1
    dates = [s.announced for s in batch.sightings if s.announced]
    assert min(dates) == date(2026, 3, 10)
    assert max(dates) == DAY
    assert all(signal.observed <= NOW for s in batch.sightings for signal in s.signals)


def test_broken_lines_are_named_with_file_and_line() -> None:
    """Everything else still arrives."""
    (batch,) = read(DATA / "broken.jsonl")
    assert (batch.read, batch.announced) == (2, 5)
    assert [trouble.partition(": ")[0] for trouble in batch.troubles] == [
        "broken.jsonl, line 2",
        "broken.jsonl, line 3",
        "broken.jsonl, line 4",
    ]


def line(**fields: object) -> bytes:
    """One line of a file."""
    return json.dumps(fields).encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (line(title="A future paper", date="2099-01-01"), "cannot be right"),
        (line(title="An old paper", date="1970-01-01"), "cannot be right"),
        (line(title=""), "no title"),
        (line(title=["x"]), "no title"),
        (line(title="x", abstract="y")[:-5] + b"\n", "broken JSON"),
        (b'{"title": "\xff"}\n', "not UTF-8"),
        (b'{"a":' * 100_000 + b"\n", "broken JSON"),
        (b'{"title": "' + b"x" * 5_000_000 + b'"}\n', "longer than 4 MB"),
    ],
)
def test_lines_that_cannot_be_read(tmp_path: Path, content: bytes, said: str) -> None:
    """Each costs itself; the good line behind it arrives."""
    path = tmp_path / "papers.jsonl"
    path.write_bytes(line(title="A good first paper") + content + line(title="A good last paper"))
    (batch,) = read(path)
    assert batch.read == 2
    assert said in batch.troubles[0]
    assert "line 2" in batch.troubles[0]


def test_odd_fields_do_no_harm(tmp_path: Path) -> None:
    """Wrong types, hostile links and impossible counts are left out, the paper stays."""
    path = tmp_path / "papers.jsonl"
    path.write_bytes(
        line(
            id=17,
            title="Lone \ud800 surrogate \x00 and NUL",
            authors={"x": 1},
            categories=5,
            upvotes="many",
            comments=-3,
            stars=1e300,
            url="javascript:alert(1)",
            code="https://example.org/x y",
        )
    )
    (batch,) = read(path)
    paper = batch.sightings[0].paper
    assert paper.title == "Lone surrogate and NUL"
    assert paper.authors == ()
    assert paper.url is None
    assert paper.code is None
    assert batch.sightings[0].signals == ()


def test_a_broken_first_line_does_not_hide_the_file(tmp_path: Path) -> None:
    """By its name or by its other lines, the file is JSON Lines."""
    for name in ("papers.jsonl", "papers.txt"):
        path = tmp_path / name
        path.write_bytes(b"oops\n" + line(title="A good paper"))
        (batch,) = read(path)
        assert batch.read == 1
        assert "line 1" in batch.troubles[0]


def test_hostile_ids_and_links_cost_only_themselves(tmp_path: Path) -> None:
    """Endless, with controls, with lone surrogates: never in a key or a link."""
    path = tmp_path / "papers.jsonl"
    hostile = ("10.1000/" + "x" * 400, "10.1000/a\x00b", "10.1000/\ud800")
    path.write_bytes(
        b"".join(line(id=one, title=f"Paper {n}", url=f"https://example.org/{one}")
                 for n, one in enumerate(hostile))
    )  # fmt: skip
    (batch,) = read(path)
    assert [s.paper.key.partition(":")[0] for s in batch.sightings] == ["title"] * 3
    assert [s.paper.url for s in batch.sightings] == [None] * 3


def test_gzip_and_byte_order_marks(tmp_path: Path) -> None:
    """Plain or packed, marked or not: the same papers."""
    plain = (DATA / "papers.jsonl").read_bytes()
    packed, marked = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl"
    packed.write_bytes(gzip.compress(plain))
    marked.write_bytes(b"\xef\xbb\xbf" + plain)
    assert (
        read(packed)[0].sightings
        == read(marked)[0].sightings
        == read(DATA / "papers.jsonl")[0].sightings
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda good: gzip.compress(good)[:-30], "ends too early"),
        (lambda good: gzip.compress(good)[:200] + b"x" * 500, "damaged gzip|ends too early"),
        (lambda _: b"", "empty"),
        (lambda _: b"%PDF-1.7 \x00\x01", "neither JSON Lines"),
        (lambda _: b"[1, 2]", "neither JSON Lines"),
        (lambda _: b"Get trending papers in your email inbox!\n\xff", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    tmp_path: Path, make: Callable[[bytes], bytes], said: str
) -> None:
    """The next file arrives whole; the bad one is named."""
    bad = tmp_path / ("bad.jsonl" if "gzip" in said or "early" in said else "bad.txt")
    bad.write_bytes(make((DATA / "papers.jsonl").read_bytes()))
    got: list[Batch] = []
    with pytest.raises(SourceError, match=said) as caught:
        for batch in Files((bad, DATA / "papers.jsonl")).fetch(Request(DAY, NOW)):
            got.append(batch)  # noqa: PERF402 - what came before the error counts
    assert bad.name in caught.value.problem
    assert got[-1].read == 12
    if said.startswith("ends"):
        assert len(got) == 2  # what stood before the cut is kept
        assert got[0].read > 5


def test_folders_stand_for_what_is_in_them(tmp_path: Path) -> None:
    """Each file once; a folder without papers and a missing path are said at once."""
    (tmp_path / "deep").mkdir()
    for name in ("a.jsonl", "deep/b.txt", "deep/c.csv"):
        (tmp_path / name).write_text("x")
    assert [p.name for p in find_files((tmp_path, tmp_path / "a.jsonl"))] == ["a.jsonl", "b.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no files in this folder"):
        find_files((tmp_path / "empty",))
    with pytest.raises(UsageError, match="no such file"):
        find_files((tmp_path / "missing",))


def test_memory_stays_bounded_on_a_packed_bomb(tmp_path: Path) -> None:
    """A line of 300 MB in 300 KB is named, and never held whole."""
    import tracemalloc  # noqa: PLC0415 - for this test alone

    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=6) as stream:
        stream.write(b'{"title": "')
        for _ in range(300):
            stream.write(b"x" * 1_000_000)
        stream.write(b'"}\n' + line(title="The paper behind the bomb"))
    tracemalloc.start()
    (batch,) = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000
    assert [s.paper.title for s in batch.sightings] == ["The paper behind the bomb"]


def test_counts_that_say_nothing_of_their_time_are_dated_by_the_paper(tmp_path: Path) -> None:
    """Noon of the announcement, and never later than now."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(line(title="A paper with votes", date="2026-03-10", upvotes=4))
    (signal,) = read(path)[0].sightings[0].signals
    assert signal.observed == datetime(2026, 3, 10, 12, tzinfo=UTC)
