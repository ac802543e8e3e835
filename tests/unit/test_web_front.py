"""The front page and search: what a visitor sees, in which order, and what a page weighs."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from digest.config import load
from digest.model import COMMENTS, STARS, UPVOTES, Announcement, Paper, Sighting, Signal
from digest.store.topics import KeptTopic
from digest.web.pages.search import fit_in_words
from digest.web.papers import page_of, paper_view
from tests.conftest import DATA, DAY, NOW
from tests.pages import Pages, close_pages, open_pages
from tests.papers import paper, seen, stored

HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)
HOSTILE = "Owls</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)> ]]> \u202egpj"


def counts(*values: int, apart: timedelta = HOUR, name: str = UPVOTES) -> tuple[Signal, ...]:
    """Counts so far apart, the last one now."""
    first = NOW - (len(values) - 1) * apart
    return tuple(Signal(name, value, first + place * apart) for place, value in enumerate(values))


def titles(answer: Any) -> list[str]:
    """The titles of a list, in their order."""
    return [unescape(title) for title in re.findall(r"<h3><a [^>]*>([^<]*)</a></h3>", answer.text)]


@pytest.fixture
def week(pages: Pages) -> Pages:
    """Papers of three dates; the latest of them has no upvotes yet."""
    monday, tuesday = DAY - A_DAY, DAY
    sightings = [
        Sighting(paper("Owls at night"), Announcement.FEATURED, monday, counts(3, 8, 20)),
        Sighting(paper("Bats at dusk"), Announcement.FEATURED, monday, counts(40)),
        Sighting(paper("Mice by day"), Announcement.NEW, monday),
        Sighting(paper("Foxes in town"), Announcement.NEW, tuesday),
        Sighting(paper("Hares in fields"), Announcement.NEW, monday - 5 * A_DAY),
    ]
    pages.store.papers.add(sightings, "huggingface", DAY)
    return pages


def test_before_the_first_run_the_page_says_what_to_do(pages: Pages) -> None:
    """A new house has a page without papers, not an error."""
    answer = pages.get("/")
    assert answer.status_code == 200
    assert "digest run" in answer.text
    assert pages.get("/day.atom").status_code == 200


def test_the_front_page_is_the_latest_day_that_anybody_voted_on(week: Pages) -> None:
    """The list of this morning, in no order yet, is one step further."""
    answer = week.get("/")
    assert "Monday, 16 March 2026" in answer.text
    assert titles(answer) == ["Bats at dusk", "Owls at night", "Mice by day"]
    assert 'rel="next" href="/day/2026-03-17"' in answer.text
    assert 'rel="prev" href="/day/2026-03-11"' in answer.text
    assert titles(week.get("/day/2026-03-17")) == ["Foxes in town"]


def test_a_week_tells_which_topics_rise(week: Pages) -> None:
    """As the editions of its latest date found them; a page looks for none by itself."""
    assert "Rising this week" not in week.get("/week/2026-03-17").text
    assert week.store.topics.of(DAY) is None
    carrier = paper("Foxes in town").key
    week.store.topics.keep(DAY, [KeptTopic("urban <foxes>", 12, 2.6, (carrier, "title:gone"))])
    week.now += timedelta(minutes=2)
    said = week.get("/week/2026-03-17").text
    assert "Rising this week" in said
    assert "urban &lt;foxes&gt;" in said
    assert "12 papers this week where three were to be expected" in said
    assert f'<p><a href="/paper/{carrier}">Foxes in town</a></p>' in said
    assert "title:gone" not in said
    assert "Rising this week" not in week.get("/day/2026-03-17").text


def test_a_date_between_leads_both_ways(week: Pages) -> None:
    """A date without papers is a page, with the nearest dates that have some."""
    answer = week.get("/day/2026-03-14")
    assert answer.status_code == 200
    assert titles(answer) == []
    assert 'href="/day/2026-03-16"' in answer.text
    assert 'href="/day/2026-03-11"' in answer.text


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/day/2026-03-14", "No source announced a paper then. The arrows lead to the nearest"),
        ("/day/2026-03-18", "This day has not come yet. The arrow leads to the latest papers"),
        ("/week/2026-11-30", "This week has not come yet. The arrow leads to the latest papers"),
        ("/month/2026-02", "No source announced a paper then. The arrow leads to the earliest"),
    ],
)
def test_an_empty_list_says_why_and_where_to_go(week: Pages, address: str, said: str) -> None:
    """A date to come is none on which nothing was announced; the arrows are those that are there."""
    assert said in week.get(address).text


@pytest.mark.parametrize(
    ("address", "word", "mark"),
    [
        ("/", "Trending", "page"),
        ("/day/2026-03-16", "Trending", "true"),
        ("/search?q=owls", "Search", "page"),
        ("/subscribe", "Subscribe", "page"),
        ("/paper/title:x", None, None),
    ],
)
def test_the_navigation_marks_where_one_is(
    week: Pages, address: str, word: str | None, mark: str | None
) -> None:
    """One of its links at most."""
    text = week.get(address).text
    navigation = text[text.index('aria-label="Main"') : text.index("</nav>")]
    marked = re.findall(r'aria-current="(\w+)">(\w+)<', navigation)
    assert marked == ([(mark, word)] if word else [])


def test_weeks_and_months_hold_their_days(week: Pages) -> None:
    """The week is from Monday on; the switch leads to the same days in another measure."""
    assert titles(week.get("/week/2026-03-18")) == [
        "Bats at dusk", "Owls at night", "Foxes in town", "Mice by day",
    ]  # fmt: skip
    month = week.get("/month/2026-03")
    assert len(titles(month)) == 5
    assert "March 2026" in month.text
    assert 'href="/week/2026-03-16"' in month.text
    assert 'href="/day/2026-03-17"' in month.text


IMPOSSIBLE = (
        "/day/2026-02-30", "/day/20260317", "/day/2026-W12-2", "/day/9999-12-31", "/day/0001-01-01",
        "/day/٢٠٢٦-٠٣-١٧", "/month/2026-13", "/month/2026-3", "/week/now", "/year/2026",
        "/?page=0", "/?page=2", "/?page=-1", "/?page=1e3", "/?page=²", "/?page=99999999999",
)  # fmt: skip


def test_an_impossible_date_or_page_is_not_there(week: Pages) -> None:
    """What cannot be is a page that says so."""
    assert {address: week.get(address).status_code for address in IMPOSSIBLE} == dict.fromkeys(
        IMPOSSIBLE, 404
    )


def test_a_paper_is_shown_with_all_that_is_counted(week: Pages) -> None:
    """Upvotes with their trend in a line and in words, comments, stars, source, links."""
    busy = Paper(
        keys=("arxiv:9912.00007",),
        title="Ravens count",
        abstract="They do. " * 100,
        authors=("Ann Poe", "Bob Low", "Cy Roe", "Di Doe", "Ed Moe"),
        categories=("q-bio.NC",),
        url="https://arxiv.org/abs/9912.00007",
        code="javascript:alert(1)",
    )
    told = (*counts(1200, 1500, apart=A_DAY), Signal(COMMENTS, 1, NOW), Signal(STARS, 2, NOW))
    week.store.papers.add([Sighting(busy, Announcement.FEATURED, DAY, told)], "huggingface", DAY)
    text = week.get("/").text
    for said in (
        "▲ 1,500 upvotes", "+300 in a day", "1 comment<", "★ 2 stars", "Hugging Face Daily Papers",
        "Ann Poe, Bob Low, Cy Roe and 2 others · q-bio.NC", 'href="https://arxiv.org/abs/9912.00007"',
        'href="/paper/arxiv:9912.00007"', "<polyline",
    ):  # fmt: skip
        assert said in text
    assert "javascript:" not in text
    assert text.count("They do.") < 60


def test_a_long_list_is_parted_into_pages(pages: Pages) -> None:
    """Fifty papers a page, each on one of them; the last page leads no further."""
    owls = [seen(paper(f"Owls of island {place}"), upvotes=place + 1) for place in range(120)]
    pages.store.papers.add(owls, "huggingface", DAY)
    found = [titles(pages.get(f"/day/2026-03-17?page={page}")) for page in (1, 2, 3)]
    assert [len(page) for page in found] == [50, 50, 20]
    assert found[0][0] == "Owls of island 119"
    assert len({title for page in found for title in page}) == 120
    assert 'start="51"' in pages.get("/day/2026-03-17?page=2").text
    assert "?page=4" not in pages.get("/day/2026-03-17?page=3").text
    assert pages.get("/day/2026-03-17?page=4").status_code == 404


def test_weeks_and_months_are_skimmed(pages: Pages) -> None:
    """Half as many papers a page, with short openings; a day and the feeds have fuller ones."""
    told = "It says something of owls at length. " * 20
    owls = [
        seen(paper(f"Owls of island {place}", abstract=told), upvotes=place + 1)
        for place in range(60)
    ]
    pages.store.papers.add(owls, "huggingface", DAY)
    found = [pages.get(f"/week/2026-03-17?page={page}") for page in (1, 2, 3)]
    assert [len(titles(page)) for page in found] == [25, 25, 10]
    assert 'start="51"' in found[2].text
    assert len({title for page in found for title in titles(page)}) == 60
    assert found[0].text.count("something of owls") == 25 * 4
    assert pages.get("/day/2026-03-17").text.count("something of owls") == 50 * 11
    assert pages.get("/week.atom").text.count("<entry>") == 50


def test_no_list_weighs_more_than_a_hundred_kilobytes(pages: Pages) -> None:
    """Whatever fifty papers say of themselves; abstracts give way, papers do not."""
    ugly = [
        Paper(
            keys=(f"doi:10.1000/{'ж' * 200}{place}", f"title:{place}"),
            title=f"{place} " + "&<>\"'" * 180,
            abstract="\"'&<猫" * 900,
            authors=tuple(f"{'<' * 190}{n}" for n in range(9)),
            categories=("&" * 60, "<" * 60, '"' * 60),
            url=f"https://example.org/{'&' * 270}{place}",
            pdf=f"https://example.org/{'=&' * 130}{place}",
            code=f"https://example.com/{'&' * 270}{place}",
        )
        for place in range(60)
    ]
    pages.store.papers.add([seen(one) for one in ugly], "huggingface", DAY)
    for address in ("/", "/?page=2", "/day.atom", "/day.rss"):
        answer = pages.get(address)
        assert answer.status_code == 200
        assert len(answer.data) < 100_000, address
    assert len(titles(pages.get("/"))) == 50


def test_fifty_papers_as_they_are_keep_their_abstracts(pages: Pages) -> None:
    """Nothing is left out of a list of papers of usual length."""
    usual = Paper(
        keys=("title:x",),
        title="A title of the usual length that says what was found and how",
        abstract="A sentence of an abstract that tells something of the matter. " * 20,
        authors=("Ann Appleyard", "Bob Birdwhistle", "Cy Crowther", "Di Dunnock", "Ed Eagle"),
        categories=("cs.LG", "stat.ML", "cs.CV"),
        url="https://arxiv.org/abs/9912.00001",
        pdf="https://arxiv.org/pdf/9912.00001",
        code="https://example.org/someone/some-project",
    )
    views = page_of([stored(place, usual, 12) for place in range(50)])
    assert all(view.abstract and view.links for view in views)


def test_what_papers_say_of_themselves_is_never_markup(pages: Pages) -> None:
    """Fault 50: scripts, quotes and direction marks of a source are text, or are left out."""
    bad = Paper(
        keys=('doi:10.1000/"><script>alert(1)</script>',),
        title=HOSTILE,
        abstract=HOSTILE,
        authors=(HOSTILE,),
        categories=(HOSTILE,),
        url="https://example.org/",
        project="data:text/html,x",
    )
    pages.store.papers.add([seen(bad, upvotes=3)], '<img src="x">', DAY)
    whole = re.search(r'href="(/paper/[^"]*)"', pages.get("/").text)
    assert whole
    for address in ("/", whole[1], "/search?q=owls", f"/search?q={HOSTILE}"):
        answer = pages.get(address)
        text = answer.text
        assert answer.status_code in (200, 400)
        assert "alert(1)" in text
        assert "<script" not in text
        assert "<img" not in text
        assert "\u202e" not in text
        assert "data:text" not in text
        assert " style=" not in text


def test_lists_may_be_kept_by_anyone_for_a_minute(week: Pages) -> None:
    """They are the same for everybody; what was asked wrongly is not kept."""
    assert week.get("/").headers["Cache-Control"] == "public, max-age=60"
    assert week.get("/search?q=owls").headers["Cache-Control"] == "public, max-age=60"
    assert week.get("/search?q=%22").headers["Cache-Control"] == "no-store"
    assert week.get("/day/2026-02-30").headers["Cache-Control"] == "no-store"


def test_new_papers_show_at_once_and_new_counts_within_a_minute(week: Pages) -> None:
    """A list is worked out once in a minute, unless papers came."""
    assert titles(week.get("/"))[0] == "Bats at dusk"
    more = Sighting(paper("Owls at night"), Announcement.FEATURED, DAY - A_DAY, counts(99))
    later = Signal(UPVOTES, 99, NOW + HOUR)
    again = Sighting(more.paper, more.kind, more.announced, (later,))
    week.store.papers.add([again], "huggingface", DAY)
    assert titles(week.get("/"))[0] == "Bats at dusk"
    week.now += timedelta(seconds=61)
    assert titles(week.get("/"))[0] == "Owls at night"
    week.store.papers.add([seen(paper("Rooks"), DAY - A_DAY, upvotes=500)], "huggingface", DAY)
    assert titles(week.get("/"))[0] == "Rooks"


def test_the_box_to_subscribe_is_there_where_anyone_may(
    week: Pages, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Open: a form that posts, so that no address stands in an address; closed: nothing."""
    assert re.search(r'<form method="post" action="/subscribe">', week.get("/").text)
    for joining, said in (("closed", False), ("invite", True)):
        shut = open_pages(tmp_path_factory.mktemp(joining), DIGEST_SUBSCRIBE=joining)
        shut.store.papers.add([seen(paper("Owls"))], "arxiv", DAY)
        try:
            text = shut.get("/").text
            assert "<form" not in text
            assert ("invitation" in text) is said
        finally:
            close_pages(shut)


def test_an_edited_configuration_begins_with_lists_of_its_own(week: Pages) -> None:
    """What was worked out for the house before is not shown by the next one."""
    assert titles(week.get("/"))[0] == "Bats at dusk"
    told = Sighting(paper("Owls at night"), Announcement.FEATURED, DAY - A_DAY, counts(99, 99))
    week.store.papers.add([told], "file", DAY)
    assert titles(week.get("/"))[0] == "Bats at dusk"
    week.site.open(load(None, week.environment))
    assert titles(week.get("/"))[0] == "Owls at night"


@pytest.mark.parametrize(
    ("do", "said"), [("subscribe", "ann@example.org"), ("preview", "Subscribe</h1>")]
)
def test_the_box_says_what_the_form_understands(week: Pages, do: str, said: str) -> None:
    """Its fields have the names of the whole form; nothing is sent by it yet."""
    text = week.get("/").text
    box = text[text.index("<form") : text.index("</form>")]
    names = re.findall(r'<(?:input|button) [^>]*name="([^"]+)"', box)
    assert set(names) == {"address", "interests", "do"}
    assert f'name="do" value="{do}"' in box
    answer = week.post("/subscribe", address="ann@example.org", interests="owls", do=do)
    assert answer.status_code == 200
    assert said in answer.text


def test_lists_of_many_dates_say_when_each_paper_came(week: Pages) -> None:
    """A day's list does not repeat its own date."""
    assert '<time datetime="2026-03-11">11 March 2026</time>' in week.get("/month/2026-03").text
    assert "<time" not in week.get("/day/2026-03-16").text


def test_search_finds_and_says_how_well_it_fits(pages: Pages) -> None:
    """What fits best comes first, in words and as a number; what does not fit is not there."""
    pages.run([DATA / "papers.jsonl"])
    answer = pages.get("/search?q=polymer+blends, glass transition")
    assert answer.status_code == 200
    assert titles(answer)[0].startswith("Soft When Mixed")
    assert re.search(r"Fits (very )?well \(\d\.\d\d\)", answer.text)
    assert 'value="polymer blends, glass transition"' in answer.text
    assert "/search.atom?q=polymer" in answer.text
    late = pages.get("/search?q=polymer+blends&since=2030-01-01")
    assert titles(late) == []
    assert "earlier date" in late.text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("q=%22owls", "double quote is never closed"),
        ("q=autor:Roe", "did you mean author:"),
        ("q=like:owls", "after like: comes an arXiv id"),
        ("q=owls&since=yesterday", "Write a date such as"),
        ("q=" + "owls+" * 200, "longer than 500"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(pages: Pages, asked: str, said: str) -> None:
    """In words, with what was written still there, and tied to the field for screen readers."""
    answer = pages.get(f"/search?{asked}")
    assert answer.status_code == 400
    assert said in unescape(answer.text)
    field = "since" if "since" in asked else "q"
    assert f'aria-describedby="{field}-' in answer.text.replace("q-hint ", "")
    assert f'id="{field}-error"' in answer.text
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("q=owls", "The best 25"),
        ("q=-mice", "The newest 25"),
        ("q=&since=2026-03-17", "The newest 25"),
        ("q=bats", "2 papers, the best first"),
        ("since=2026-03-18", "1 paper"),
        ("since=2026-03-19", "Nothing found"),
    ],
)
def test_search_says_how_much_of_it_is_shown(pages: Pages, asked: str, said: str) -> None:
    """Where more fits than is shown, that it is a choice; a date alone asks for the newest."""
    many = [seen(paper(f"Owls of island {place}")) for place in range(30)]
    late = seen(paper("Bats of caves", abstract="Bats."), DAY + A_DAY)
    bats = [seen(paper("Bats at dusk", abstract="Bats.")), late]
    pages.store.papers.add([*many, *bats, seen(paper("Mice by day"))], "huggingface", DAY)
    answer = pages.get(f"/search?{asked}")
    assert re.findall(r"<h2>([^<]*)</h2>", answer.text) == [said]
    assert len(titles(answer)) == {"T": 25, "2": 2, "1": 1}.get(said[0], 0)
    assert ("/search.atom" in answer.text) is ("q=&" not in asked and "q=" in asked)
    if "newest" in said:
        assert titles(answer)[0] == "Bats of caves"


@pytest.mark.parametrize("asked", ["", "?q=", "?q=%00%0a+", "?since="])
def test_nothing_asked_is_the_form_alone(pages: Pages, asked: str) -> None:
    """With what can be asked, behind a word that opens it."""
    answer = pages.get(f"/search{asked}")
    assert answer.status_code == 200
    assert "<details>" in answer.text
    assert "Nothing found" not in answer.text


def test_reading_lists_changes_nothing(week: Pages) -> None:
    """Fault 41, for pages that no mail names: the database file stays as it is, byte by byte."""
    file = week.folder / "digest.db"
    before = file.read_bytes()
    for address in ("/", "/week/2026-03-16", "/search?q=owls", "/day.atom", "/paper/title:x"):
        week.get(address)
        week.client.head(address)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("score", "words"),
    [(None, ""), (0.93, "Fits very well (0.93)"), (0.5, "Fits well (0.50)"), (0.21, "Fits in part (0.21)"), (0.1, "Touches on it (0.10)")],
)  # fmt: skip
def test_a_score_is_said_in_words(score: float | None, words: str) -> None:
    """With the number that letters show too."""
    assert fit_in_words(score) == words


def test_a_short_view_leaves_out_what_is_long() -> None:
    """Abstract and links go; title and byline are cut."""
    long = paper("T" * 900, "A. " * 900, authors=("N" * 200,) * 3, url="https://example.org/")
    view = paper_view(stored(1, long), opening=0)
    assert (view.abstract, view.links) == ("", ())
    assert len(view.title) <= 120
    assert len(view.byline) <= 94
