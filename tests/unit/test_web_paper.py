"""The page of one paper: found by any key, with all that is known of it."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from werkzeug.exceptions import ServiceUnavailable

from digest.model import UPVOTES, Announcement, Paper, Sighting, Signal
from digest.web.room import Room
from tests.conftest import DATA, DAY, NOW
from tests.pages import BASE, Pages
from tests.papers import paper, seen

A_DAY = timedelta(days=1)
KEYS = ("arxiv:9912.00003", "doi:10.1000/a//b(c)<d>;e?f#g", "title:0123456789")
OWLS = Paper(
    keys=KEYS,
    title="Owls at night",
    abstract="Owls hear mice. " * 60 + "They find them.",
    authors=tuple(f"Author {number}" for number in range(250)),
    categories=("q-bio.NC", "cs.SD", "eess.AS", "stat.AP"),
    version=3,
    url="https://www.arxiv.org/abs/9912.00003",
    pdf="https://arxiv.org/pdf/9912.00003",
    code="javascript:alert(1)",
    project="ftp://example.org/owls",
)


@pytest.fixture
def owls(pages: Pages) -> Pages:
    """A paper that two sources announced, with upvotes of three days."""
    for place, upvotes in enumerate((4, 9, 30)):
        told = Signal(UPVOTES, upvotes, NOW + place * A_DAY)
        sighting = Sighting(OWLS, Announcement.FEATURED, DAY + A_DAY, (told,))
        pages.store.papers.add([sighting], "huggingface", DAY)
    pages.store.papers.add([seen(OWLS, DAY)], "arxiv", DAY)
    again = seen(OWLS, DAY + 2 * A_DAY, kind=Announcement.REPLACE)
    pages.store.papers.add([again], "arxiv", DAY)
    return pages


@pytest.mark.parametrize(
    "written", [*(quote(key) for key in KEYS), "9912.00003v2", "arXiv:9912.00003", "arxiv%3A9912.00003"]
)  # fmt: skip
def test_a_paper_is_found_by_any_of_its_keys(owls: Pages, written: str) -> None:
    """Also by an id as people write it; search engines are told which address is the one."""
    answer = owls.get(f"/paper/{written}")
    assert answer.status_code == 200
    assert "<h1>Owls at night</h1>" in answer.text
    assert f'rel="canonical" href="{BASE}/paper/arxiv:9912.00003"' in answer.text
    assert answer.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize(
    "written",
    ["arxiv:9912.00009", "owls", "title:", "a" * 400, "%00", "%E2%80%AE", "..%2f..%2fetc", "%FF"],
)
def test_an_unknown_paper_is_not_there(owls: Pages, written: str) -> None:
    """A page says so, whatever was asked for."""
    assert owls.get(f"/paper/{written}").status_code == 404


def test_all_that_is_known_is_said(owls: Pages) -> None:
    """The whole abstract, authors as far as anyone reads them, dates and sources, versions."""
    text = owls.get("/paper/arxiv:9912.00003").text
    for said in (
        OWLS.abstract, "Author 0, Author 1", "Author 199 and 50 others",
        "q-bio.NC, cs.SD, eess.AS, stat.AP", "<td>3</td>", "▲ 30 upvotes", "+21 in a day",
        'href="/day/2026-03-17"', "Tuesday, 17 March 2026",
        'new on <time datetime="2026-03-17">17 March 2026</time>',
        'featured on <time datetime="2026-03-18">', 'a new version on <time datetime="2026-03-19">',
        "Abstract at arxiv.org", 'href="https://arxiv.org/pdf/9912.00003"',
    ):  # fmt: skip
        assert said in text, said
    assert "javascript:" not in text
    assert "ftp:" not in text


def test_upvotes_are_a_curve_with_words_and_a_table(owls: Pages) -> None:
    """Who cannot see the drawing reads what it shows; the table has every count."""
    text = owls.get("/paper/arxiv:9912.00003").text
    drawing = re.search(r'<svg class="curve".*?</svg>', text, re.DOTALL)
    assert drawing
    assert 'role="img" aria-labelledby="curve-title curve-words"' in drawing[0]
    assert "From 4 upvotes on 17 Mar to 30 on 19 Mar, +21 in a day at the end." in drawing[0]
    assert re.findall(r'<td class="number">(\d+)</td>', text) == ["30", "9", "4"]
    assert "on 19 March 2026 at 09:30 UTC" in text


def test_a_paper_without_counts_has_no_curve(pages: Pages) -> None:
    """A bare title is a page too."""
    bare = paper("Bats at dusk")
    pages.store.papers.add([seen(bare)], "arxiv", DAY)
    answer = pages.get(f"/paper/{bare.key}")
    assert answer.status_code == 200
    assert "<svg" not in answer.text
    assert "No abstract is known." in answer.text


def test_papers_like_it_are_named_and_it_is_not(pages: Pages) -> None:
    """They lead to their own pages."""
    pages.run([DATA / "papers.jsonl"])
    text = pages.get("/paper/arxiv:9912.20001").text
    alike = re.findall(r'<h3><a href="/paper/([^"]+)"', text.partition('id="alike"')[2])
    assert 1 <= len(alike) <= 6
    assert "arxiv:9912.20001" not in alike


def test_a_full_room_leaves_the_paper_itself(owls: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the ranking is busy, the page comes without papers like it, and is kept by nobody."""

    def busy(*_: object) -> None:
        raise ServiceUnavailable

    monkeypatch.setattr(Room, "similar", busy)
    answer = owls.get("/paper/arxiv:9912.00003")
    assert answer.status_code == 200
    assert "Owls at night" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_file_that_a_paper_was_read_from_is_said_as_such(owls: Pages) -> None:
    """It announces nothing to anybody: the row says when it was read."""
    sighting = Sighting(Paper(keys=("arxiv:9912.00009",), title="Kites"), Announcement.NEW, DAY)
    owls.store.papers.add([sighting], "file", DAY)
    row = (
        '<th scope="row">Read from a file</th><td><time datetime="2026-03-17">17 March 2026</time>'
    )
    assert row in owls.get("/paper/arxiv:9912.00009").text


def test_a_paper_of_thousands_of_authors_weighs_little(pages: Pages) -> None:
    """The longest that a source may give still makes a page below a hundred kilobytes."""
    huge = Paper(
        keys=("arxiv:9912.00004",),
        title="<&" * 400,
        abstract="Mice & <owls> " * 1400,
        authors=tuple(f"Author & Sons {number}" for number in range(3000)),
    )
    told = [Signal(UPVOTES, place, NOW + place * timedelta(hours=1)) for place in range(900)]
    sighting = Sighting(huge, Announcement.FEATURED, DAY, tuple(told))
    pages.store.papers.add([sighting], "huggingface", DAY)
    answer = pages.get("/paper/arxiv:9912.00004")
    assert answer.status_code == 200
    assert len(answer.data) < 100_000
