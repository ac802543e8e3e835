"""The archive: every edition as a page, a list that can be searched, a private feed."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import delete, update

from digest import readers
from digest.errors import UsageError
from digest.links import Purpose, Token
from digest.model import (
    UPVOTES,
    Edition,
    Manner,
    Message,
    Mood,
    Pick,
    Reason,
    ReasonKind,
    Sentence,
    Signal,
)
from digest.readers.archive import past_picks, with_words
from digest.store import Store
from digest.store.archive import Place
from digest.store.editions import MadeEdition
from digest.store.schema import bodies, deliveries
from digest.store.schema import papers as paper_rows
from digest.store.states import State
from digest.web.pages.archive import A_PAGE, IN_FEED
from digest.web.room import Room
from tests.conftest import DAY, NOW
from tests.mailed import ANN, add_reader, checksum, letters, link, mailed, news
from tests.pages import BASE, Pages
from tests.papers import paper, reader, seen

ATOM = "{http://www.w3.org/2005/Atom}"


def text(answer: Any, status: int = 200) -> str:
    """What a page says."""
    assert answer.status_code == status
    return str(answer.get_data(as_text=True))


def address(pages: Pages, purpose: Purpose, day: date | None = None) -> str:
    """A link of Ann's."""
    return link(pages, Token(purpose, pages.reader(ANN).handle, day))


def became(store: Store, state: State, day: date = DAY) -> None:
    """Settle the mails of a date, as the post room would have."""
    with store.engine.begin() as connection:
        connection.execute(
            update(deliveries).where(deliveries.c.date == day).values(state=state.value)
        )


def keep(store: Store, address: str, days: list[date], papers: int = 2) -> int:
    """Editions of a new reader on these days; returns the reader's row."""
    whose = store.readers.save(reader(address, "owls"), NOW)
    made = []
    for day in days:
        store.papers.add(
            [
                seen(
                    paper(
                        f"Owls of {day} {n}", f"Night {n} 100%", f"arxiv:{day:%y%m}.{day:%d}{n:03}"
                    ),
                    day,
                )
                for n in range(papers)
            ],
            "file",
            day,
        )
        found = [p for p in store.papers.candidates(day, 1) if str(day) in p.paper.title]
        picks = tuple(
            Pick(one, 0.5, "interest 1", (Reason(ReasonKind.TERM, "owls", 0.4),)) for one in found
        )
        message = Message(f"<{day}.{address}@x>", "d@x.example", address, f"Of {day}", "l", b"b")
        edition = Edition(whose, day, picks, Mood.MATCHED, 7)
        made.append(MadeEdition(edition, message, NOW + timedelta(hours=9)))
    assert len(store.editions.save(made, "smtp", NOW)) == len(days)
    return whose.row


def test_fault_41_looking_at_every_mailed_address_changes_nothing(pages: Pages) -> None:
    """GET and HEAD, as link scanners do, on each link of a letter, its head, and what they lead to."""
    letter = mailed(pages)
    before = checksum(pages.store)
    seen_, waiting = set(), list(letter.links)
    purposes = set()
    while waiting:
        url = waiting.pop()
        path = url.removeprefix(BASE)
        if path in seen_ or not re.match(r"/[a-z]/", path) or "#" in path:
            continue
        seen_.add(path)
        purposes.add(path[1])
        page = text(pages.get(path))
        assert pages.client.head(path).status_code == 200
        waiting += re.findall(r'(?:href|action)="([^"]+)"', page) if len(seen_) < 80 else []
    assert purposes >= set("uvwapef")
    assert len(seen_) > 50
    assert checksum(pages.store) == before


def test_the_list_has_every_edition_newest_first_page_by_page(pages: Pages) -> None:
    """Subject, date, number of papers; fifty a page, and no page beyond the last."""
    days = [DAY - timedelta(days=n) for n in range(A_PAGE + 3)]
    row = keep(pages.store, ANN, days)
    url = address(pages, Purpose.ARCHIVE)
    first = text(pages.get(url))
    assert re.findall(r">Of (\d{4}-\d\d-\d\d)</a>", first) == [str(day) for day in days[:A_PAGE]]
    assert "53 editions of ann@example.org" in first
    assert "2 papers" in first
    assert "Tuesday, 17 March 2026" in first
    second = text(pages.get(f"{url}?page=2"))
    assert re.findall(r">Of (\d{4}-\d\d-\d\d)</a>", second) == [str(day) for day in days[A_PAGE:]]
    assert "Page 2 of 2" in second
    for wrong in ("3", "0", "-1", "x", "²", "9" * 30):
        assert pages.get(f"{url}?page={wrong}").status_code == 404
    assert pages.store.archive.count(row) == A_PAGE + 3


def test_an_edition_is_a_page_with_votes_and_its_neighbours(pages: Pages) -> None:
    """Built from what is stored: it is there when the mail's body is gone, uncertain or failed."""
    keep(pages.store, ANN, [DAY - timedelta(days=2), DAY, DAY + timedelta(days=5)])
    with pages.store.engine.begin() as connection:
        connection.execute(delete(bodies))
    listed = text(pages.get(address(pages, Purpose.ARCHIVE)))
    url = re.findall(r'href="(/e/[^"]+)">Of 2026-03-17<', listed)[0]
    for state, said in (
        (State.SENT, ""),
        (State.UNCERTAIN, "may not have reached you"),
        (State.FAILED, "could not be delivered"),
        (State.CANCELLED, "was not sent"),
    ):
        became(pages.store, state)
        page = text(pages.get(url))
        assert "Owls of 2026-03-17 0" in page
        assert "speaks of owls (score 0.50)" in page
        assert said in page
        assert ("The letter of this edition" in page) == bool(said)
        assert (said in text(pages.get(address(pages, Purpose.ARCHIVE)))) or not said
    assert len(re.findall(rf'href="{BASE}/v/', page)) == 8
    assert len(re.findall(rf'href="{BASE}/w/', page)) == 2
    assert re.search(r'rel="prev".*Sunday, 15 March 2026', page)
    assert re.search(r'rel="next".*Sunday, 22 March 2026', page)
    later = re.findall(r'rel="next" href="([^"]+)"', page)[0]
    assert "Owls of 2026-03-22" in text(pages.get(later))


def test_a_link_of_one_paper_opens_no_more_than_its_edition(pages: Pages) -> None:
    """From the page of a vote to that day's edition, and no further: no archive, no other day."""
    first = mailed(pages)
    pages.now += timedelta(days=1)
    news(pages, pages.now.date())
    pages.run()
    for purpose in "vw":
        page = text(pages.get(first.first(purpose)))
        inside = re.findall(r'href="(/e/[^"]+)"', page)
        assert len(inside) == 1
        found = text(pages.get(inside[0]))
        assert re.findall(rf'href="(?:{BASE})?/[aefp]/', page + found) == ['href="/e/']
        assert ANN not in page + found
    listed = text(pages.get(first.first("a")))
    one = re.findall(r'href="(/e/[^"]+)"', listed)[0]
    assert re.findall(r'href="/a/', text(pages.get(one)))


def test_the_paper_beside_the_interests_stands_apart(pages: Pages) -> None:
    """As in the letter: what was drawn by lot is not shown as if it had been asked for."""
    whose = pages.store.readers.save(reader(ANN, "owls"), NOW)
    pages.store.papers.add(
        [seen(paper(f"Paper {n}", key=f"arxiv:9901.{n}")) for n in (1, 2)], "f", DAY
    )
    one, two = pages.store.papers.candidates(DAY, 1)
    picks = (Pick(one, 0.6, "interest 1"), Pick(two, 0.3, "interest 1", explores=True))
    message = Message("<1@x>", "d@x.example", ANN, "S", "l", b"b")
    made = MadeEdition(Edition(whose, DAY, picks, Mood.MATCHED, 7), message, NOW)
    pages.store.editions.save([made], "smtp", NOW)
    page = text(pages.get(address(pages, Purpose.EDITION, DAY)))
    assert page.index("Interest 1") < page.index("<h3>Paper 1") < page.index("One to explore")
    assert page.index("One to explore") < page.index("<h3>Paper 2")
    why = re.findall(r'href="([^"]+/w/[^"]+)"', page)
    assert "It was chosen for interest 1" in text(pages.get(why[0]))
    assert "drawn by lot from those that came near to interest 1" in text(pages.get(why[1]))


def test_upvotes_and_sources_stand_in_the_archive(pages: Pages) -> None:
    """As in the letter, whatever was counted since: the count with its time and curve, who told."""
    whose = pages.store.readers.save(reader(ANN), NOW)
    for hours, count in ((0, 9), (3, 31), (99, 68)):
        later = Signal(UPVOTES, count, NOW + timedelta(hours=hours))
        sighting = replace(seen(paper("Kites", key="arxiv:9901.1")), signals=(later,))
        pages.store.papers.add([sighting], "huggingface", DAY)
    (one,) = pages.store.papers.candidates(DAY, 1)
    message = Message("<1@x>", "d@x.example", ANN, "S", "l", b"b")
    edition = Edition(whose, DAY, (Pick(one, 12.0, None),), Mood.TRENDING, 7)
    made = NOW + timedelta(hours=4)
    pages.store.editions.save([MadeEdition(edition, message, made)], "smtp", made)
    page = text(pages.get(address(pages, Purpose.EDITION, DAY)))
    assert "Why: much read; about twelve more upvotes expected in three days" in page
    shown = re.search(r"▲ 31 upvotes in (\w+) hours <span aria-hidden=.true.>(.*?)</span>", page)
    assert shown is not None
    assert shown[2].endswith("█")
    assert "<span>Hugging Face Daily Papers</span>" in page


def test_the_sentence_that_said_most_stays_with_its_pick(pages: Pages) -> None:
    """In an edition without abstracts it is all that is shown of them, later as in the letter."""
    manner = Manner(abstracts=False)
    whose = pages.store.readers.save(reader(ANN, "owls", manner=manner), NOW)
    told = paper("Night", "Context. Silent owls hear mice. More.", key="arxiv:9901.1")
    pages.store.papers.add([seen(told)], "f", DAY)
    (one,) = pages.store.papers.candidates(DAY, 1)
    said = Sentence("Silent owls hear mice.", ("silent owls", "mice"))
    message = Message("<1@x>", "d@x.example", ANN, "S", "l", b"b")
    edition = Edition(whose, DAY, (Pick(one, 0.6, "interest 1", (), said),), Mood.MATCHED, 7)
    pages.store.editions.save([MadeEdition(edition, message, NOW)], "smtp", NOW)
    kept = pages.store.archive.edition(whose.row, DAY)
    assert kept is not None
    assert kept.picks[0].sentence == said
    page = text(pages.get(address(pages, Purpose.EDITION, DAY)))
    assert "<mark>Silent owls</mark> hear <mark>mice</mark>." in page
    assert "Context." not in page


def test_a_note_lost_no_papers(pages: Pages) -> None:
    """It had none; of an edition whose papers are gone the page says so."""
    whose = pages.store.readers.save(reader(ANN), NOW)
    said = {}
    for mood, day in ((Mood.NOTHING, DAY), (Mood.MATCHED, DAY - timedelta(days=1))):
        message = Message(f"<{mood}@x>", "d@x.example", ANN, "S", "l", b"b")
        made = MadeEdition(Edition(whose, day, (), mood, 7), message, NOW)
        pages.store.editions.save([made], "smtp", NOW)
        page = text(pages.get(address(pages, Purpose.EDITION, day)))
        said[mood] = "Its papers are stored no longer" in page
    assert said == {Mood.NOTHING: False, Mood.MATCHED: True}


def test_an_edition_too_old_to_vote_on_has_no_links_for_it(pages: Pages) -> None:
    """Links for votes hold for 400 days: later, the page does not offer what would be refused."""
    keep(pages.store, ANN, [DAY])
    url = address(pages, Purpose.EDITION, DAY)
    pages.now += timedelta(days=401)
    page = text(pages.get(url))
    assert "Owls of 2026-03-17 0" in page
    assert "/v/" not in page


def test_a_page_of_a_hundred_papers_stays_below_a_hundred_kilobytes(pages: Pages) -> None:
    """Abstracts give way, then the links for votes become one."""
    keep(pages.store, ANN, [DAY], papers=100)
    with pages.store.engine.begin() as connection:
        connection.execute(update(paper_rows).values(abstract="Owls hear mice under snow. " * 60))
    page = pages.get(address(pages, Purpose.EDITION, DAY)).data
    assert len(page) < 100_000
    assert page.count(b"<h3>") == 100
    assert page.count(b"/v/") in (100, 400)


def test_the_archive_is_searched_by_meaning_of_the_ranker(pages: Pages) -> None:
    """Papers of the reader's own editions, best first, with the edition that had them."""
    letter = mailed(pages)
    pages.store.papers.add(
        [seen(paper("Owls at night", "Owls and owls.", "arxiv:9901.1"))], "f", DAY
    )
    url = letter.first("a")
    page = text(pages.get(url, query_string={"q": "owls"}))
    assert re.findall(r"<h3><a[^>]*>([^<]+)<", page)[0].startswith("Owls in recurrent networks")
    assert "Owls at night" not in page
    assert "Edition of Tuesday, 17 March 2026" in page
    assert "Nothing found" in text(pages.get(url, query_string={"q": "volcanoes"}))
    only = text(pages.get(url, query_string={"q": 'author:"Yara Stenhouse-Mori"'}))
    assert re.findall(r"<h3><a[^>]*>([^<]+)<", only) == [
        "Patchwork Optimisers: Choosing an Update Rule for Every Layer"
    ]


def test_what_cannot_be_read_is_said_and_looked_for_word_by_word(pages: Pages) -> None:
    """The error stands beside the field; what has all of the words is shown all the same."""
    url = mailed(pages).first("a")
    page = text(pages.get(url, query_string={"q": "owls ^x"}))
    assert 'aria-invalid="true"' in page
    hostile = text(pages.get(url, query_string={"q": '"><script>x</script>%_\\' + "z" * 5000}))
    assert "<script>x" not in hostile


def test_without_a_ranker_words_are_looked_for_in_the_store(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Busy or broken, the ranker is not needed to find a title again."""
    url = mailed(pages).first("a")

    def fails(*_: object) -> None:
        raise UsageError("planted")

    monkeypatch.setattr(Room, "among", fails)
    page = text(pages.get(url, query_string={"q": "OWLS recurrent"}))
    assert "Owls in recurrent networks" in page
    assert "Kites" not in page


def test_the_feed_is_valid_private_and_stable(pages: Pages) -> None:
    """Thirty editions, whole addresses of the configured base, names that no new key changes."""
    days = [DAY - timedelta(days=n) for n in range(IN_FEED + 5)]
    keep(pages.store, ANN, days, papers=8)
    url = address(pages, Purpose.FEED)
    answer = pages.get(url, headers={"Host": "evil.example"})
    assert answer.mimetype == "application/atom+xml"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    feed = ET.fromstring(answer.data)  # noqa: S314 - our own
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == IN_FEED
    assert [entry.findtext(f"{ATOM}title") for entry in entries[:2]] == [
        "Of 2026-03-17",
        "Of 2026-03-16",
    ]
    assert "Owls of 2026-03-17 0" in str(entries[0].findtext(f"{ATOM}summary"))
    assert "and 2 more" in str(entries[0].findtext(f"{ATOM}summary"))
    assert len(answer.data) < 100_000
    every = [str(link_.get("href")) for link_ in feed.iter(f"{ATOM}link")]
    assert len(every) == IN_FEED + 2
    assert all(href.startswith(f"{BASE}/") for href in every)
    assert "Owls of 2026-03-17" in text(pages.get(every[-IN_FEED]))
    names = [element.text for element in feed.iter(f"{ATOM}id")]
    assert len(set(names)) == IN_FEED + 1
    assert all(str(name).startswith("urn:uuid:") for name in names)
    pages.store.keys.replace(pages.now)
    again = ET.fromstring(pages.get(address(pages, Purpose.FEED)).data)  # noqa: S314
    assert [element.text for element in again.iter(f"{ATOM}id")] == names
    assert [element.get("href") for element in again.iter(f"{ATOM}link")] != every
    assert pages.get(url).status_code == 404


def test_hostile_titles_are_escaped_in_page_and_feed(pages: Pages) -> None:
    """What a paper is called can neither be markup nor break the feed."""
    whose = pages.store.readers.save(reader(ANN, "owls"), NOW)
    title = 'Owls ]]> <script>alert("x")</script> & \x01\u202eback'
    pages.store.papers.add([seen(paper(title, title, "arxiv:9901.1"))], "file", DAY)
    picks = tuple(Pick(one, 0.5, None) for one in pages.store.papers.candidates(DAY, 1))
    message = Message("<1@x>", "d@x.example", ANN, title, "l", b"b")
    made = MadeEdition(Edition(whose, DAY, picks, Mood.TRENDING, 7), message, NOW)
    pages.store.editions.save([made], "smtp", NOW)
    ET.fromstring(pages.get(address(pages, Purpose.FEED)).data)  # noqa: S314
    for purpose, day in ((Purpose.ARCHIVE, None), (Purpose.EDITION, DAY)):
        assert "<script>" not in text(pages.get(address(pages, purpose, day)))


def test_who_left_can_still_read_what_it_had(pages: Pages) -> None:
    """Unsubscribing keeps everything; deleting keeps nothing, and the links say so."""
    letter = mailed(pages)
    pages.store.readers.unsubscribe(pages.reader(ANN).handle, pages.now)
    assert "Kites" in text(pages.get(letter.first("a")))
    readers.leave(pages.store, ANN)
    for purpose in "avw":
        assert "Nothing is stored" in text(pages.get(letter.first(purpose)), 404)


def test_fault_44_each_link_opens_its_own_readers_archive_only(pages: Pages) -> None:
    """Of another purpose, or with another handle: 404."""
    letter = mailed(pages)
    bob = add_reader(pages, "bob@example.org")
    ann = pages.reader(ANN).handle
    archive = letter.first("a")
    for wrong in (
        archive.replace(ann, bob.handle),
        archive.replace("/a/", "/f/"),
        archive.replace("/a/", "/e/"),
        letter.first("u").replace("/u/", "/a/"),
        link(pages, Token(Purpose.EDITION, bob.handle, DAY)),
        link(pages, Token(Purpose.EDITION, ann, DAY - timedelta(days=1))),
        link(pages, Token(Purpose.EDITION, ann)),
    ):
        assert pages.get(wrong).status_code == 404, wrong


def test_the_next_letter_leads_to_an_edition_that_may_be_lost(pages: Pages) -> None:
    """Uncertain yesterday, linked today; once only, and not where it is known to have arrived."""
    mailed(pages)
    became(pages.store, State.UNCERTAIN)
    pages.now += timedelta(days=1)
    news(pages, pages.now.date())
    pages.run()
    second = letters(pages)[1]
    assert "Yesterday’s edition may not have reached you" in second.text
    (url,) = {one for one in second.links if "/e/" in one}
    page = text(pages.get(url))
    assert "Kites in recurrent networks" in page
    assert "The letter of this edition may not have reached you." in page
    pages.now += timedelta(days=1)
    news(pages, pages.now.date())
    pages.run()
    assert "reached you" not in letters(pages)[2].text


def test_uncertain_editions_are_asked_for_all_readers_at_once(store: Store) -> None:
    """The latest edition before each reader's date decides, on both databases."""
    early, late = DAY - timedelta(days=4), DAY - timedelta(days=1)
    ann = keep(store, "ann@example.org", [early, late])
    bob = keep(store, "bob@example.org", [early])
    cyd = keep(store, "cyd@example.org", [])
    became(store, State.UNCERTAIN, early)
    became(store, State.SENT, late)
    asked = dict.fromkeys((ann, bob, cyd), DAY)
    assert store.archive.uncertain(asked) == {bob: early}
    assert store.archive.uncertain({ann: late, bob: early}) == {ann: early}
    became(store, State.UNCERTAIN, late)
    assert store.archive.uncertain(asked) == {ann: late, bob: early}
    assert store.archive.uncertain({}) == {}


def test_the_archive_reads_the_same_on_both_databases(store: Store) -> None:
    """Lists, single picks, words that hold signs of LIKE, places, first titles."""
    early = DAY - timedelta(days=1)
    row = keep(store, ANN, [early, DAY], papers=3)
    keep(store, "bob@example.org", [DAY - timedelta(days=9)])
    whose = store.readers.find(ANN)
    assert whose is not None
    assert [one.date for one in store.archive.listed(row, 0, 5)] == [DAY, early]
    assert [one.date for one in store.archive.listed(row, 1, 5)] == [early]
    assert [one.papers for one in store.archive.listed(row, 0, 5)] == [3, 3]
    kept = store.archive.edition(row, DAY)
    assert kept is not None
    assert (kept.earlier, kept.later, kept.considered) == (early, None, 7)
    assert [pick.position for pick in kept.picks] == [1, 2, 3]
    assert kept.picks[0].reasons == (Reason(ReasonKind.TERM, "owls", 0.4),)
    assert store.archive.pick(row, DAY, 2) == kept.picks[1]
    assert store.archive.pick(row, DAY, 4) is None
    count, papers = store.archive.held(row)
    assert (count, len(papers)) == (2, 6)
    found = with_words(store, whose, "OWLS 2026-03-17 100%")
    assert [past.place for past in past_picks(store, whose, found)] == [
        Place(DAY, place, kept.picks[place - 1].paper) for place in (1, 2, 3)
    ]
    assert with_words(store, whose, "1_0") == []
    assert with_words(store, whose, "  ") == []
    known = store.papers.by_numbers(papers)
    newest = store.archive.newest(row, 5, 2)
    assert [one for one, _ in newest] == store.archive.listed(row, 0, 5)
    assert newest[0][1] == [known[pick.paper].paper.title for pick in kept.picks[:2]]
    assert len(newest[1][1]) == 2
