"""What readers have in their libraries is nobody else's business."""

import pytest

from digest.grammar.interests import parse_interest
from digest.identity import title_key
from digest.libraries import Shelf
from digest.libraries.pasted import read_pasted
from digest.links import Purpose, Token
from digest.model import Paper, Reader, Schedule
from digest.readers import preferences, subscribe
from tests.conftest import DAY, NOW
from tests.pages import Pages
from tests.papers import paper, seen

TITLE = "Zeppelin Moorings for Nocturnal Cartographers"
ABSTRACT = "Moorings of zeppelins are charted by nocturnal cartographers who never sleep."
MANUSCRIPT = f"@article{{z, title={{{TITLE}}}, author={{Quill, Ida}}, year={{2026}}, doi={{10.5555/moor}}, url={{https://evil.example/z}}, abstract={{{ABSTRACT}}}}}"
KEY = "doi:10.5555/moor"


def _with_manuscript(pages: Pages) -> Reader:
    pages.run()
    interests = [parse_interest("balloons", "zeppelin moorings")]
    ann = subscribe(pages.store, "ann@example.org", interests, Schedule(), 10, NOW)
    mine = pages.site_links.url(Token(Purpose.PREFERENCES, ann.handle, NOW.date()))
    answer = pages.post(mine, do="paste", papers=MANUSCRIPT)
    assert answer.status_code == 303
    assert pages.store.papers.numbers_by_keys([KEY])
    pages.run()
    return ann


def _public(pages: Pages) -> list[str]:
    """Every page that could show a paper to anyone."""
    number = pages.store.papers.numbers_by_keys([KEY])[KEY]
    found = [
        pages.get("/search", query_string={"q": "zeppelin moorings cartographers"}),
        pages.get("/search.atom", query_string={"q": "zeppelin moorings"}),
        pages.get("/search", query_string={"q": f"like:{KEY}"}),
        pages.get("/search", query_string={"q": 'author:"Ida Quill"'}),
        pages.get("/preview", query_string={"interests": "zeppelin moorings"}),
        pages.get(f"/paper/{KEY}"),
        pages.get("/"),
        *(pages.get(f"/{period}.rss") for period in ("day", "week", "month")),
    ]
    assert number
    return [answer.text for answer in found]


def test_a_pasted_manuscript_is_shown_to_nobody(pages: Pages) -> None:
    """Neither its title nor its address nor its abstract is on any public page or feed."""
    _with_manuscript(pages)
    for text in _public(pages):
        assert TITLE not in text
        assert "evil.example" not in text
        assert "never sleep" not in text
    assert pages.get(f"/paper/{KEY}").status_code == 404


def test_once_a_source_announces_it_the_source_is_believed(pages: Pages) -> None:
    """Then it is a paper like others, with what the source says and not what was pasted."""
    _with_manuscript(pages)
    true = paper(TITLE, "What the source says of zeppelins.", KEY, url="https://true.example/z")
    assert isinstance(true, Paper)
    pages.store.papers.add([seen(true)], "journal", DAY)
    pages.run()
    text = pages.get(f"/paper/{KEY}").text
    assert "What the source says of zeppelins." in text
    assert "https://true.example/z" in text
    assert "evil.example" not in text
    assert "liked papers" not in text
    assert "never sleep" not in text


BARE = "A true title of which the service told nothing else"
NOTES = MANUSCRIPT.replace("doi=", "eprint={2603.20001}, doi=")


def _joined(pages: Pages, name: str = "ann@example.org") -> tuple[Reader, str]:
    """A reader and the address of its preferences."""
    one = subscribe(pages.store, name, [parse_interest("k", "zeppelins")], Schedule(), 10, NOW)
    return one, pages.site_links.url(Token(Purpose.PREFERENCES, one.handle, NOW.date()))


def test_a_service_that_tells_little_publishes_nothing_that_was_pasted(pages: Pages) -> None:
    """Where it gives no abstract, authors or address, the page of the paper has none."""
    pages.run()
    _, mine = _joined(pages)
    pages.post(mine, do="paste", papers=NOTES)
    bare = Paper(("arxiv:2603.20001",), BARE)
    pages.store.papers.add([seen(bare)], "upvotes", DAY)
    pages.run()
    answer = pages.get("/paper/arxiv:2603.20001")
    assert answer.status_code == 200
    assert BARE in answer.text
    for text in (answer.text, pages.get("/").text, pages.get("/day.atom").text):
        for private in (TITLE, "never sleep", "Quill", "evil.example", "10.5555"):
            assert private not in text
    assert pages.get(f"/paper/{KEY}").status_code == 404


def test_a_pasted_key_keeps_no_paper_from_anyone(pages: Pages) -> None:
    """Two works that a pasted entry takes for one are announced: both have their pages."""
    pages.run()
    _, mine = _joined(pages)
    pages.post(mine, do="paste", papers=NOTES)
    works = [paper(f"Work {key[:3]}", "Its text.", key) for key in ("arxiv:2603.20001", KEY)]
    pages.store.papers.add([seen(work) for work in works], "journal", DAY)
    for work in works:
        assert work.title in pages.get(f"/paper/{work.key}").text


def test_deleting_all_takes_what_was_pasted_too(pages: Pages) -> None:
    """Nothing of it is stored any more, and pages that knew it go on."""
    before = pages.store.papers.count()
    _with_manuscript(pages)
    run_papers = pages.store.papers.count() - 1
    assert run_papers > before
    ann = pages.reader("ann@example.org")
    mine = pages.site_links.url(Token(Purpose.PREFERENCES, ann.handle, NOW.date()))
    assert pages.post(f"{mine}/delete", sure="yes").status_code == 200
    assert pages.store.papers.known_keys([KEY, title_key(TITLE)]) == frozenset()
    assert pages.store.papers.count() == run_papers
    for address in ("/", "/search?q=zeppelin+moorings", "/preview?interests=zeppelins"):
        assert pages.get(address).status_code == 200
    assert pages.run().exit_code == 0
    assert pages.get("/search?q=zeppelin+moorings").status_code == 200


def test_what_is_pasted_while_its_reader_leaves_reaches_nobody(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who comes in that moment does not get it into a library."""
    joined: list[Reader] = []
    eve, mine = _joined(pages, "eve@evil.example")

    def slow(text: str) -> Shelf:
        assert pages.post(f"{mine}/delete", sure="yes").status_code == 200
        joined.append(_joined(pages, "bob@example.org")[0])
        return read_pasted(text)

    monkeypatch.setattr(preferences, "read_pasted", slow)
    pages.post(mine, do="paste", papers=MANUSCRIPT)
    (bob,) = joined
    assert bob.row != eve.row
    assert pages.store.libraries.origins(bob.row) == []
    assert pages.store.papers.known_keys([KEY]) == frozenset()
