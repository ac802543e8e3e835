"""Libraries: what is readable counts, what is not is named, nothing takes without bound."""

import itertools
import json
import logging
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import LibraryError
from digest.identity import title_key
from digest.intake.http import PoliteSession
from digest.intake.normal import clean
from digest.libraries import MAX_TROUBLES, Shelf, bibtex
from digest.libraries.bibtex import BibtexFile, read_bibtex
from digest.libraries.zotero import MAX_ITEMS, PAGE, READ_SECONDS, Zotero
from tests.conftest import DATA, Replay
from tests.effort import effort

KEY = "CanaryCanaryCanary123456"
TOP = "/users/12345/items/top"


def written(text: str | bytes) -> Path:
    """A BibTeX file in the working directory."""
    path = Path("library.bib")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def titles(shelf: Shelf) -> list[str]:
    """The titles of a shelf, in its order."""
    return [liked.paper.title for liked in shelf.liked]


def test_a_library_of_bibtex_is_read_as_a_person_would() -> None:
    """LaTeX, names, strings, identifiers and days become a paper in the normal form."""
    shelf = read_bibtex(DATA / "libraries/library.bib")
    roe = next(one for one in shelf.liked if "arxiv:2401.12345" in one.paper.keys)
    paper = roe.paper
    assert paper.title == "Night flight of Owls: α – the first “étude”"
    assert paper.authors == ("Jane Roe", "Ayşe Öztürk", "The Owl and Bat Group")
    assert paper.keys == ("arxiv:2401.12345", "doi:10.1234/owls_2024", title_key(paper.title))
    assert paper.version == 2
    assert paper.abstract == "How owls of 50% weight loss fly."
    assert paper.categories == ("q-bio.PE",)
    assert paper.url == "https://arxiv.org/abs/2401.12345"
    assert roe.added == date(2024, 2, 3)


def test_what_is_broken_in_bibtex_is_named_and_the_rest_is_read() -> None:
    """An open brace in the middle or at the end, a key used twice, an entry without anything."""
    shelf = read_bibtex(DATA / "libraries/library.bib")
    assert titles(shelf) == [
        "On owls",
        "Night flight of Owls: α – the first “étude”",
        "The book of bats",
        "After it on the same line",
        "Bats hear what owls do not",
    ]
    lines = (DATA / "libraries/library.bib").read_text(encoding="utf-8").splitlines()
    broken, nothing, twice, unclosed = shelf.troubles
    assert broken.startswith("line 27: broken2020: ")
    assert lines[26].startswith("@article{broken2020")
    assert "neither title nor identifier" in nothing
    assert "roe2024: the key stands already on line 6" in twice
    assert unclosed.startswith(f"line {len(lines)}: end: its braces or quotes are not closed")


def test_other_shapes_of_bibtex() -> None:
    """Round brackets, "Jr.", dotted days, an id in words, an old id in a volume."""
    shelf = read_bibtex(DATA / "libraries/library.bib")
    owls, _, book, _, bats = shelf.liked
    assert (book.paper.authors, book.added) == (("John Doe Jr.",), date(2023, 5, 6))
    assert (owls.paper.authors, owls.added) == (("P. Erdős",), date(2024, 3, 1))
    assert owls.paper.key == "arxiv:hep-th/9901001"
    assert bats.paper.key == "arxiv:2203.00007"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_of_bibtex(encoding: str, newline: str) -> None:
    """UTF-8 with or without a mark, Latin-1, and the line ends of three systems."""
    text = "@misc{a,\n title = {Fréchet},\n}\n\n@misc{b, x=1}\n".replace("\n", newline)
    shelf = read_bibtex(written(text.encode(encoding)))
    assert titles(shelf) == ["Fréchet"]
    assert shelf.troubles[0].startswith("line 5: b")


def test_an_empty_file_and_one_without_entries() -> None:
    """An empty shelf that says why it is empty."""
    for text, said in (("", "empty"), (" \n", "empty"), ("some words\n", "no BibTeX entry")):
        shelf = read_bibtex(written(text))
        assert shelf.liked == ()
        assert said in shelf.troubles[0]


def test_files_that_cannot_be_read() -> None:
    """Missing, a folder, binary, UTF-16, a pipe, no path: one clear error, at once."""
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("utf16.bib").write_text("@misc{a, title={x}}", encoding="utf-16")
    for name, said in (
        ("none.bib", "No such file"),
        ("folder", "is a folder: name the .bib file in it"),
        ("pipe", "no ordinary file"),
        ("utf16.bib", "no text: export"),
        ("a\0b", "cannot be the path"),
    ):
        with pytest.raises(LibraryError, match=said):
            read_bibtex(Path(name))


def test_one_paper_under_two_keys_counts_once() -> None:
    """What was added last stays; an eprint of another archive is no arXiv id."""
    shelf = read_bibtex(
        written(
            "@misc{a, title={Owls}, eprint={2401.00001}}\n"
            "@misc{b, title={Owls, revised}, url={https://arxiv.org/abs/2401.00001v3}}\n"
            "@misc{c, title={Bats}, eprint={2401.00002}, eprinttype={jstor}}\n"
            "@misc{d, eprint={arXiv:2401.00003}}\n"
        )
    )
    assert titles(shelf) == ["", "Bats", "Owls, revised"]
    assert shelf.liked[0].paper.keys == ("arxiv:2401.00003",)
    assert shelf.liked[1].paper.key == title_key("Bats")


def test_an_identifier_in_words_counts_where_no_field_names_the_work() -> None:
    """And then the first alone: prose also speaks of other works."""
    note = "note={A follow-up appears as arXiv:2603.00009}"
    shelf = read_bibtex(
        written(
            f"@misc{{a, title={{A}}, doi={{10.1234/a}}, howpublished={{arXiv:2603.00009}}, {note}}}\n"
            f"@misc{{b, title={{B}}, url={{https://arxiv.org/abs/2401.00001}}, {note}}}\n"
            f"@misc{{c, title={{C}}, journal={{arXiv preprint arXiv:2401.00003v2}}, {note}}}\n"
            "@misc{d, title={D}, howpublished={\\url{https://arxiv.org/abs/2401.00004}}}\n"
            "@misc{e, title={E}, number={1234.5678}, annote={see doi:10.1234/e, doi:10.1234/f}}\n"
        )
    )
    assert [liked.paper.keys[:-1] for liked in reversed(shelf.liked)] == [
        ("doi:10.1234/a",),
        ("arxiv:2401.00001",),
        ("arxiv:2401.00003",),
        ("arxiv:2401.00004",),
        ("doi:10.1234/e",),
    ]


def test_an_identifier_in_extra_of_zotero(replay: Replay) -> None:
    """Counts where no other field names the work."""
    extra = "Citation Key: roe\narXiv: 2401.12345 [cs.LG]"
    replay.answer(TOP, body(item(1, extra=extra), item(2, extra=extra, DOI="10.1234/owls")))
    one, two = zotero(replay).read(None).liked
    assert one.paper.keys == ("arxiv:2401.12345", title_key("Paper 1"))
    assert two.paper.keys == ("doi:10.1234/owls", title_key("Paper 2"))


def test_a_file_is_called_by_its_name() -> None:
    """Without its folder, and nothing hidden in it."""
    assert BibtexFile(Path("/a/b/my.bib")).name == "my.bib"
    assert BibtexFile(Path("a/m\udc80\ny.bib")).name == "m??y.bib"


def test_too_large_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do; no more of it is read than the limit."""
    monkeypatch.setattr(bibtex, "MAX_FILE", 1_000_000)
    with pytest.raises(LibraryError, match="larger than 1 MB: export it without notes"):
        read_bibtex(written("@misc{a, title={x}}\n" * 60_000))


def test_of_too_many_entries_the_newest_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """By their days; those without one by their place; the trouble says so."""
    monkeypatch.setattr(bibtex, "MAX_ENTRIES", 3)
    days = ("2024-05-01", "2020-01-01", "2024-06-01", None, None)
    text = "".join(
        f"@misc{{k{n}, title={{paper {n}}}{f', timestamp={{{day}}}' if day else ''}}}\n"
        for n, day in enumerate(days)
    )
    shelf = read_bibtex(written(text))
    assert titles(shelf) == ["paper 2", "paper 0", "paper 1"]
    assert "5 entries, of which the newest 3 are read" in shelf.troubles[0]


@pytest.mark.parametrize(
    "text",
    [
        "@article{a, title = {\n" * 20_000,
        "@article{a, title = {" * 20_000,
        "@a{\n" * 50_000,
        "@article{a, title = " + "{" * 199_000,
        "@article{a, author = {Roe, Jane and {\\" + " " * 400_000 + "\n}}",
        "@article{a, author={" + "{a} and b, c, " * 10_000 + "}}",
        "@string{a0 = {xxxxxxxxxx}}\n"
        + "".join(f"@string{{a{n + 1} = a{n} # a{n}}}\n" for n in range(3_000))
        + "".join(f"@misc{{k{n}, title = a2999, abstract = a2998}}\n" for n in range(500)),
    ],
    ids=["open", "one line", "starts", "braces", "blanks", "names", "doubling strings"],
)
def test_hostile_bibtex_takes_no_time(text: str) -> None:
    """Half a megabyte made to be slow costs what its length does; the troubles are bounded."""
    path = written(text)
    assert effort(lambda: read_bibtex(path)) < 40 * len(text)
    shelf = read_bibtex(path)
    assert len(shelf.troubles) <= MAX_TROUBLES
    assert shelf.liked or shelf.troubles


@given(st.text(alphabet='@{}()",=#\\ \nab1$~%', max_size=200))
def test_no_text_breaks_the_reader_of_bibtex(text: str) -> None:
    """Whatever stands after a good entry, the good one is read."""
    path = written("@misc{good, title={Owls}}\n" + text)
    assert "Owls" in titles(read_bibtex(path))


@pytest.mark.parametrize(
    ("latex", "read"),
    [
        (r"J{\"o}rg", "Jörg"),
        (r"Erd{\H o}s", "Erdős"),
        (r"{\v{S}}kola", "Škola"),
        (r"\'{\i}slenska", "íslenska"),
    ],
)
def test_accents_as_bibtex_writes_them(latex: str, read: str) -> None:
    """Braces around an accent and its letter belong to the accent."""
    assert clean(latex) == read


def item(number: int, **data: object) -> dict[str, Any]:
    """An item as Zotero's API gives it."""
    fields = {"key": f"KEY{number:05}", "itemType": "journalArticle", "title": f"Paper {number}"}
    return {"key": fields["key"], "version": 1, "data": {**fields, **data}}


def body(*items: object) -> bytes:
    """A page of items."""
    return json.dumps(items).encode()


def zotero(replay: Replay, slept: list[float] | None = None, key: str = KEY) -> Zotero:
    """A library at the replay server; waiting is noted and takes no time."""
    naps = [] if slept is None else slept
    session = PoliteSession(None, spacing=0.0, sleep=naps.append)
    return Zotero(session, replay.address, "users/12345", key)


def test_a_library_of_zotero(replay: Replay) -> None:
    """Fields become a paper; the request carries version and key; the newest comes first."""
    full = item(
        1,
        DOI="10.1234/Owls",
        url="https://example.org/owls",
        extra="Cites: arXiv:2401.99999",
        archiveID="arXiv:2401.12345 [cs.LG]",
        abstractNote="How owls fly.",
        creators=[
            {"creatorType": "editor", "name": "The Editors"},
            {"creatorType": "author", "firstName": "Jane", "lastName": "Roe"},
            {"creatorType": "author", "name": "The Owl Group"},
        ],
        dateAdded="2024-02-03T10:00:00Z",
    )
    newer = item(2, itemType="preprint", archiveID="arXiv:2402.00001", dateAdded="2024-05-01")
    replay.answer(TOP, body(full, newer), Last_Modified_Version="77", Total_Results="2")
    shelf = zotero(replay).read(None)
    assert (shelf.version, shelf.unchanged) == (77, False)
    assert shelf.troubles == ()
    second, first = shelf.liked
    assert second.paper.key == "arxiv:2402.00001"
    assert first.paper.keys[:2] == ("arxiv:2401.12345", "doi:10.1234/owls")
    assert first.paper.authors == ("Jane Roe", "The Owl Group")
    assert (first.paper.abstract, first.paper.url) == ("How owls fly.", "https://example.org/owls")
    assert first.added == date(2024, 2, 3)
    assert replay.headers[0]["Zotero-API-Version"] == "3"
    assert replay.headers[0]["Zotero-API-Key"] == KEY
    assert "If-Modified-Since-Version" not in replay.headers[0]
    assert "sort=dateAdded&direction=desc&limit=100&start=0" in replay.asked[0]


def test_many_pages_of_zotero_are_bounded(replay: Replay) -> None:
    """A hundred a page, at most 2,000 items, no item twice; more is said."""
    replay.answer(
        TOP,
        body(*(item(n) for n in range(PAGE))),
        Total_Results="123456",
        Last_Modified_Version="5",
    )
    shelf = zotero(replay).read(None)
    assert len(replay.asked) == MAX_ITEMS / PAGE
    assert len(shelf.liked) == PAGE
    assert shelf.troubles == ("123,456 items, of which the 2,000 added last are read",)
    starts = [path.rpartition("start=")[2] for path in replay.asked]
    assert starts == [str(n) for n in range(0, MAX_ITEMS, PAGE)]


def test_pages_of_zotero_without_a_total_end_with_a_short_one(replay: Replay) -> None:
    """A page that is not full is the last."""
    replay.answer(TOP, body(*(item(n) for n in range(7))))
    shelf = zotero(replay).read(None)
    assert (len(shelf.liked), len(replay.asked), shelf.version) == (7, 1, None)


def test_an_unchanged_library_of_zotero_is_not_read_again(replay: Replay) -> None:
    """304 to the version of the last reading: nothing is liked anew, the version stays."""
    replay.answer(TOP, b"", 304)
    shelf = zotero(replay).read(77)
    assert (shelf.unchanged, shelf.version, shelf.liked) == (True, 77, ())
    assert replay.headers[0]["If-Modified-Since-Version"] == "77"


@pytest.mark.parametrize(
    ("status", "key", "said"),
    [
        (403, KEY, "the API key is refused: make a key"),
        (403, "", "the library is not public: make a key"),
        (404, KEY, "no such library: check the number"),
        (418, KEY, "answered 418"),
        (304, KEY, "answered 304"),
    ],
)
def test_refusals_of_zotero_say_what_to_do(
    replay: Replay, status: int, key: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One error a status; the key stands in no message, log or text of an object."""
    caplog.set_level(logging.DEBUG)
    replay.answer(TOP, KEY.encode(), status)
    library = zotero(replay, key=key)
    with pytest.raises(LibraryError, match=said) as caught:
        library.read(None)
    assert KEY not in f"{caught.value!r}{caught.value}{library!r}{caplog.text}"
    assert "zotero users/12345" in str(caught.value)


def test_zotero_asks_for_patience(replay: Replay) -> None:
    """429 with Retry-After, or Backoff alone: later, at the time it names."""
    for header in ("Retry_After", "Backoff"):
        replay.answer(TOP, b"", 429, **{header: "3600"})
        with pytest.raises(LibraryError, match="answered 429") as caught:
            zotero(replay).read(None)
        assert caught.value.retry_at is not None
        assert timedelta(minutes=59) < caught.value.retry_at - datetime.now(UTC)


def test_zotero_asks_for_patience_in_passing(replay: Replay) -> None:
    """Backoff with a good answer: a short one is waited for, a long one ends the reading."""
    pages = body(*(item(n) for n in range(PAGE)))
    slept: list[float] = []
    replay.answer(TOP, pages, Total_Results="200", Backoff="7")
    assert len(zotero(replay, slept).read(None).liked) == PAGE
    assert [round(seconds) for seconds in slept] == [7]
    replay.answer(TOP, pages, Total_Results="200", Backoff="600")
    with pytest.raises(LibraryError, match="asked us to wait") as caught:
        zotero(replay).read(None)
    assert caught.value.retry_at is not None


def test_a_library_that_drips_does_not_hold_up_the_run(replay: Replay) -> None:
    """All its pages together have five minutes."""
    replay.answer(TOP, body(*(item(n) for n in range(PAGE))), Total_Results="2000")
    slow = zotero(replay)
    seconds = itertools.count(0.0, READ_SECONDS / 20)
    slow.session.clock = lambda: next(seconds)
    with pytest.raises(LibraryError, match="no complete answer within"):
        slow.read(None)
    assert len(replay.asked) < 20


@pytest.mark.parametrize("answer", [b"{", b"{}", b"null", b"[" * 100_000, b"\xff", b""])
def test_damaged_answers_of_zotero(replay: Replay, answer: bytes) -> None:
    """No list of items is an error, and never an empty library."""
    replay.answer(TOP, answer)
    with pytest.raises(LibraryError, match="no list of items"):
        zotero(replay).read(None)


def test_items_of_zotero_with_missing_and_strange_fields(replay: Replay) -> None:
    """What has a title or an identifier counts; no attachments; the rest is named."""
    replay.answer(
        TOP,
        body(
            {"key": "A", "data": {"title": "Only a title"}},
            item(1, itemType="attachment"),
            item(2, itemType="note"),
            item(3, title=None, creators="x", dateAdded=5),
            item(4, title="", DOI="10.1234/only", creators=[None, {"lastName": ["x"]}]),
            "text",
            {"data": []},
            item(5, itemType="book", dateAdded="2024-13-45"),
        ),
        Total_Results="many",
    )
    shelf = zotero(replay).read(None)
    keys = {liked.paper.key for liked in shelf.liked}
    assert keys == {title_key("Only a title"), "doi:10.1234/only", title_key("Paper 5")}
    assert shelf.troubles == (
        "item KEY00003: neither title nor identifier: give it one in Zotero",
        "an item without data: left out",
        "an item without data: left out",
    )


def test_the_key_goes_to_no_other_host(replay: Replay) -> None:
    """A redirect is followed without the headers that were meant for the first host."""
    elsewhere = replay.address.replace("127.0.0.1", "localhost")
    replay.answer(TOP, b"", 302, Location=f"{elsewhere}/there")
    replay.answer("/there", body(item(1)))
    assert len(zotero(replay).read(None).liked) == 1
    assert [headers.get("Zotero-API-Key") for headers in replay.headers] == [KEY, None]


@pytest.mark.parametrize("library", ["12345", "users/ann", "users/1/../2", "users/1?x", ""])
def test_a_library_of_zotero_is_a_number(library: str) -> None:
    """Anything else is refused before it is sent."""
    with pytest.raises(LibraryError, match="write users/ or groups/"):
        Zotero(PoliteSession(None), "http://127.0.0.1:9", library, KEY)


@pytest.mark.parametrize("key", [KEY + "\n", "Canary key", "Canaryé"])
def test_a_key_that_cannot_be_sent_is_not_repeated(key: str) -> None:
    """Refused at once; libraries would print it with their own complaint."""
    with pytest.raises(LibraryError, match="the API key is none") as caught:
        Zotero(PoliteSession(None), "http://127.0.0.1:9", "users/1", key)
    assert "Canary" not in str(caught.value)


def test_no_connection_to_zotero() -> None:
    """Nobody there: one error, without the key."""
    session = PoliteSession(None, spacing=0.0, sleep=lambda _: None)
    with pytest.raises(LibraryError, match="refused") as caught:
        Zotero(session, "http://127.0.0.1:9", "users/1", KEY).read(None)
    assert KEY not in str(caught.value)


def test_recorded_answers_of_zotero(shared: Path, replay: Replay) -> None:
    """Real items of public libraries: all that are no attachments or notes count."""
    folder = shared / "data/recorded/zotero"
    items = json.loads((folder / "items_doc.json").read_bytes())
    items += [json.loads((folder / name).read_bytes()) for name in ("item.json", "item_doc.json")]
    replay.answer(TOP, body(*items), Total_Results=str(len(items)))
    shelf = zotero(replay).read(None)
    papers = [one for one in items if one["data"]["itemType"] not in ("attachment", "note")]
    assert shelf.troubles == ()
    assert {liked.paper.title for liked in shelf.liked} == {
        clean(one["data"]["title"]) for one in papers
    }
    days = [liked.added for liked in shelf.liked]
    assert None not in days
    assert days == sorted(days, key=lambda day: day or date.min, reverse=True)
    holmes = next(one for one in shelf.liked if one.paper.title == "Sherlock Holmes in Babylon")
    assert holmes.paper.key == "doi:10.2307/2321200"
    assert holmes.paper.authors == ("R. Creighton Buck",)
