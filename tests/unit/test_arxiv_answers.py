"""Answers of arXiv's three ways: the feed, the API and OAI-PMH, recorded and written by ourselves."""

import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from digest.errors import SourceError
from digest.model import Announcement
from digest.sources.arxiv_api import PAGE, Page, Query, read_page
from digest.sources.arxiv_feed import FEED_LIMIT, FeedReader, shows
from digest.sources.arxiv_oai import TokenError, read_list, within
from digest.sources.arxiv_paper import BATCH, arxiv_paper, belongs, query_of, set_of
from tests.conftest import DATA, DAY
from tests.effort import effort
from tests.feeds import parse_feed

ATOM = (DATA / "arxiv_feed.atom.xml").read_bytes()
API = (DATA / "arxiv_api_page.xml").read_bytes()
OAI = (DATA / "arxiv_oai_arxiv.xml").read_bytes()
RAW = (DATA / "arxiv_oai_raw.xml").read_bytes()


def entry(number: int, day: str = "2026-03-17T00:00:00-04:00") -> str:
    """One entry of a feed."""
    return f"""<entry><id>oai:arXiv.org:9912.{number:05}v1</id><title>Paper {number}</title>
<summary>arXiv:9912.{number:05}v1 Announce Type: new
Abstract: Words of paper {number}.</summary><category term="cs.LG"/><published>{day}</published>
<arxiv:announce_type>new</arxiv:announce_type><dc:creator>Ada Okafor</dc:creator></entry>"""


HEAD = """<feed xmlns:arxiv="http://arxiv.org/schemas/atom"
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://www.w3.org/2005/Atom">"""


def feed_of(*entries: str) -> bytes:
    """A feed of these entries."""
    return f"{HEAD}{''.join(entries)}</feed>".encode()


def test_a_feed_is_read_in_parts_of_bounded_size() -> None:
    """Never more sightings at once; all of them together, and the whole is told afterwards."""
    reader = FeedReader("cs.LG", DAY)
    parts = list(reader.batches(feed_of(*(entry(n) for n in range(1, 1301)))))
    assert [part.read for part in parts] == [BATCH, BATCH, 300]
    assert (reader.shown, reader.of(DAY), reader.cut) == (DAY, (1300, 1300), None)
    assert reader.newest == "arxiv:9912.01300"


def test_a_feed_at_the_services_limit_may_be_cut_short() -> None:
    """Nobody can tell 2,000 entries from more."""
    reader = FeedReader("cs.LG", DAY)
    parts = list(reader.batches(feed_of(*(entry(n) for n in range(FEED_LIMIT)))))
    assert reader.cut is not None
    assert "may be cut short" in reader.cut
    assert sum(part.read for part in parts) == FEED_LIMIT


class Endless(io.RawIOBase):
    """A feed of so many entries, made while it is read."""

    def __init__(self, entries: int) -> None:
        """Begin at the first."""
        super().__init__()
        self.entries = entries
        self._source = self._bytes()
        self._place = 0

    def _bytes(self) -> Iterator[bytes]:
        yield HEAD.encode()
        for number in range(self.entries):
            yield entry(number % 90_000).encode()
        yield b"</feed>"

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """To the beginning alone."""
        return True

    def seek(self, place: int, _whence: int = 0) -> int:
        """Begin again."""
        assert place == 0
        self._source, self._place = self._bytes(), 0
        return 0

    def tell(self) -> int:
        """Only asked for at the beginning."""
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Some whole pieces: enough, and not all at once."""
        kept = b""
        for piece in self._source:
            kept += piece
            if 0 <= size <= len(kept):
                break
        self._place += len(kept)
        return kept


def test_memory_does_not_grow_with_a_feed() -> None:
    """Eight times as many entries take hardly more of it."""
    peaks = []
    for number in (1_000, 8_000):
        reader = FeedReader("cs.LG", DAY)
        tracemalloc.start()
        body = cast("BinaryIO", Endless(number))
        assert sum(part.read for part in reader.batches(body)) == number
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0] + 1_000_000


def test_dates_that_cannot_be_right_are_no_dates() -> None:
    """1970 and tomorrow count for the day of the feed; the paper is kept (bad input 14)."""
    reader = FeedReader("cs.LG", DAY - timedelta(days=1))
    body = feed_of(
        entry(1), entry(2, "1970-01-01T00:00:00Z"), entry(3, "2026-03-19T00:00:00-04:00")
    )
    (batch,) = reader.batches(body)
    assert [sighting.announced for sighting in batch.sightings] == [DAY, None, None]
    assert (reader.shown, reader.of(DAY)) == (DAY, (3, 3))


def test_entries_that_cannot_be_read_are_counted() -> None:
    """A missing title, a missing id: announced, not read, and named (bad input 13)."""
    reader = FeedReader("cs.LG", DAY)
    broken = entry(2).replace("Paper 2</title>", "</title>"), entry(3).replace("oai:", "oops:")
    (batch,) = reader.batches(feed_of(entry(1), *broken))
    assert reader.of(DAY) == (3, 1)
    assert "has no title" in batch.troubles[0]
    assert "no arXiv id" in batch.troubles[1]


def test_a_journals_doi_is_a_second_identity() -> None:
    """In the feed's own element; arXiv's DOI for the paper itself is no other identity."""
    doi = "<arxiv:DOI>10.5555/Journal.9</arxiv:DOI></entry>"
    own = "<arxiv:DOI>10.48550/arXiv.9912.00002</arxiv:DOI></entry>"
    batch = parse_feed(
        feed_of(entry(1).replace("</entry>", doi), entry(2).replace("</entry>", own)), DAY
    )
    first, second = (sighting.paper.keys for sighting in batch.sightings)
    assert first[:2] == ("arxiv:9912.00001", "doi:10.5555/journal.9")
    assert second[0] == "arxiv:9912.00002"
    assert len(second) == 2


@pytest.mark.parametrize("padding", [0, 65_530, 65_536, 65_550, 200_000])
def test_a_feed_that_shows_an_earlier_paper_again(padding: int) -> None:
    """Wherever it stands, also across the pieces that are read at once; then from the start."""
    body = io.BytesIO(b"<!--" + b" " * padding + b"-->" + ATOM)
    assert shows(body, "arxiv:9912.10003")
    assert body.tell() == 0
    assert not shows(body, "arxiv:9912.1000")
    assert not shows(body, "arxiv:9912.19999")


def test_the_recorded_feed(shared: Path) -> None:
    """The real thing, as it was sent."""
    (path,) = (shared / "data/recorded/arxiv_feed").glob("*.xml")
    batch = parse_feed(path.read_bytes(), date(2025, 8, 20))
    assert (batch.read, batch.announced, batch.troubles) == (7, 7, ())
    assert {sighting.announced for sighting in batch.sightings} == {date(2025, 8, 20)}


def test_a_page_of_the_api() -> None:
    """Versions, times, names, the primary category first; bad entries named and counted."""
    page = read_page(API)
    assert (page.total, page.entries, len(page.found)) == (31, 4, 2)
    first, old = page.found
    assert first.paper.keys[:2] == ("arxiv:9912.40001", "doi:10.5555/slow.2026.17")
    assert first.paper.title == "Slow Learners: What a Network Keeps when its Teacher Leaves"
    assert first.paper.categories == ("cs.LG", "stat.ML")
    assert first.paper.authors == ("Nkechi Vandermeer", "Jun-ho Castellanos")
    assert first.paper.version == 2
    assert first.submitted == datetime(2026, 3, 13, 18, tzinfo=UTC)
    assert old.paper.key == "arxiv:hep-th/9901777"
    assert old.submitted is None
    assert len(page.parsed.troubles) == 2


def test_a_page_is_held_against_what_the_service_says() -> None:
    """Fewer than it says: something lacks; empty although there is more: that is unknown."""
    assert read_page(API).lacks(0)
    assert not read_page(API).lacks(27)
    assert Page(total=5).lacks(0)
    assert Page(total=None).lacks(0)
    assert not Page(total=0).lacks(0)
    assert not Page(total=3 * PAGE, entries=PAGE).lacks(PAGE)


def test_the_recorded_pages_of_the_api(shared: Path) -> None:
    """Every recorded answer is read whole, or is the error that it says it is."""
    read = errors = 0
    for path in sorted((shared / "data/recorded/arxiv_api").glob("*.xml")):
        if ".400." in path.name:
            with pytest.raises(SourceError, match="incorrect id format"):
                read_page(path.read_bytes())
            errors += 1
            continue
        page = read_page(path.read_bytes())
        assert len(page.found) == page.entries
        assert page.total is not None
        assert page.parsed.troubles == []
        read += page.entries
    assert (errors, read > 200) == (1, True)


def test_how_the_api_is_asked() -> None:
    """Categories joined, whole archives by a star, minutes in GMT without the end."""
    first, end = datetime(2026, 3, 13, 18, tzinfo=UTC), datetime(2026, 3, 16, 18, tzinfo=UTC)
    window = "submittedDate:[202603131800 TO 202603161759]"
    assert Query(("cs.LG",), first, end).written() == f"cat:cs.LG AND {window}"
    both = Query(("cs", "hep-th"), first, end).written()
    assert both == f"(cat:cs.* OR cat:hep-th) AND {window}"


def test_records_of_oai() -> None:
    """New ones, new versions, changes of old ones, deletions, and one that says nothing."""
    found = read_list(OAI)
    assert (found.deleted, found.size, found.token) == (1, 12, "verb%3DListRecords%26skip%3D5")
    assert (found.parsed.announced, len(found.records)) == (5, 3)
    assert "record 5" in found.parsed.troubles[0]
    first = found.records[0]
    assert first.paper.title == "Listening to Tides with Three Microphones"
    assert first.paper.authors == ("Ruth Abernathy Jr", "Tide Collaboration")
    kinds = [record.sighting(DAY, ("cs.LG",)).kind for record in found.records]
    assert kinds == [Announcement.CROSS, Announcement.REPLACE, Announcement.REPLACE]
    assert found.records[1].paper.keys[1] == "doi:10.5555/looms.2"
    assert [r.paper.key for r in within(found.records, ("cs.SD",))] == ["arxiv:9912.50001"]


def test_both_formats_of_oai_name_the_same_papers() -> None:
    """The raw one counts versions, and has names in one text, with places in brackets."""
    plain, raw = read_list(OAI).records, read_list(RAW).records
    assert [record.paper.keys for record in raw] == [record.paper.keys for record in plain[:2]]
    assert [record.submitted for record in raw] == [record.submitted for record in plain[:2]]
    assert [record.versions for record in raw] == [1, 3]
    assert raw[0].paper.authors == ("Ruth Abernathy", "Tide Collaboration", "Mo Lindqvist")


@pytest.mark.parametrize("endless", [" ", "(", ")", " ("])
def test_endless_names_of_oai_take_no_time(endless: str) -> None:
    """Places are looked for once, however many blanks or brackets there are."""
    body = RAW.replace(b"Silvia Okonjo", b"Silvia" + endless.encode() * 400_000 + b"Okonjo")
    assert effort(lambda: read_list(body)) < 10_000
    assert len(read_list(body).records) == 2


def oai_error(code: str, said: str = "") -> bytes:
    """An answer that is an error of the protocol."""
    inside = f'<error code="{code}">{said}</error>'
    return f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{inside}</OAI-PMH>'.encode()


def test_errors_of_oai() -> None:
    """None is none; an expired token is told apart; all others in words."""
    assert read_list(oai_error("noRecordsMatch")).records == []
    with pytest.raises(TokenError, match="badResumptionToken: expired yesterday"):
        read_list(oai_error("badResumptionToken", "expired yesterday"))
    with pytest.raises(SourceError, match="badArgument") as caught:
        read_list(oai_error("badArgument"))
    assert not isinstance(caught.value, TokenError)
    with pytest.raises(SourceError, match="instead of OAI-PMH"):
        read_list(ATOM)


def test_recorded_records_of_oai(shared: Path) -> None:
    """Every recorded record of arXiv is read, in whichever namespace its fields are."""
    papers = 0
    for path in sorted((shared / "data/recorded/arxiv_oai").glob("*.xml")):
        found = read_list(path.read_bytes())
        assert found.parsed.troubles == []
        assert all(record.submitted and record.changed for record in found.records)
        papers += len(found.records)
    assert papers > 25


def test_recorded_errors_of_oai(shared: Path) -> None:
    """Each is an error in words, but for "no records"; other servers' records are no papers."""
    folder = shared / "data/recorded/oai_errors"
    for path in sorted(folder.glob("*.xml")):
        if path.name[0].islower() and path.name != "noRecordsMatch.xml":
            with pytest.raises(SourceError, match=path.stem):
                read_list(path.read_bytes())
    assert read_list((folder / "noRecordsMatch.xml").read_bytes()).records == []
    found = read_list((folder / "ListRecords.xml").read_bytes())
    assert (found.deleted, found.size, found.token) == (1, 8, "ListRecords2.xml")
    assert "no arXiv id" in found.parsed.troubles[0]


def test_where_categories_belong() -> None:
    """Archives take in their categories; groups and archives are sets of OAI-PMH."""
    assert belongs(("math.ST", "stat.TH"), "stat.TH")
    assert belongs(("cs.LG",), "cs")
    assert not belongs(("cs.LG",), "cs.L")
    assert not belongs(("hep-th",), "hep")
    names = ("cs.LG", "stat.ML", "hep-th", "physics.optics", "cs", "q-bio.NC")
    sets = ["cs", "stat", "physics:hep-th", "physics:physics", "cs", "q-bio"]
    assert [set_of(name) for name in names] == sets
    assert query_of("astro-ph") == "cat:astro-ph.*"
    assert query_of("astro-ph.GA") == "cat:astro-ph.GA"


def test_names_that_are_only_signs_are_no_authors() -> None:
    """Collaborations are written with a colon between them and their members."""
    paper = arxiv_paper(
        "9912.00001", "A title", "", ["Tide Collaboration", ":", "Mo Lind"], "cs.LG"
    )
    assert not isinstance(paper, str)
    assert paper.authors == ("Tide Collaboration", "Mo Lind")
    assert arxiv_paper("10.5555/1", "A title", "", "", "") == "no arXiv id in '10.5555/1'"
