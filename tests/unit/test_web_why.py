"""Why this paper: a score as a sum that adds up, the words of the letter, the four votes."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from digest import readers
from digest.errors import UsageError
from digest.grammar.interests import parse_interest
from digest.letters.steering import LETTERS
from digest.letters.words import figure
from digest.libraries import Liked, Shelf
from digest.links import Purpose, Token
from digest.readers.library import add_to_shelf
from digest.web.pages.why import sum_of
from digest.web.room import Room
from tests.conftest import DAY
from tests.encoders import WordEncoder
from tests.mailed import ANN, add_reader, checksum, letters, link, mailed, news
from tests.pages import Pages, close_pages, open_pages
from tests.papers import paper


def why_link(pages: Pages, place: int = 1) -> str:
    """The link of the letter of the day for a pick."""
    return link(pages, Token(Purpose.WHY, pages.reader(ANN).handle, DAY, (str(place),)))


def text(answer: Any, status: int = 200) -> str:
    """What a page says."""
    assert answer.status_code == status
    return str(answer.get_data(as_text=True))


def rows(page: str) -> list[float]:
    """The shares of the table, as they are shown."""
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    shown = re.findall(r'<td class="number">([^<]+)</td>', body)
    return [float(share.replace("−", "-")) for share in shown]


def total(page: str) -> float:
    """The score below the table."""
    return float(re.findall(r'<tfoot>.*<th class="number">([^<]+)</th>', page)[0])


def test_the_shares_add_up_to_the_score_of_the_letter(pages: Pages) -> None:
    """To the last digit shown; the score is the one in the letter, for the interest that brought it."""
    letter = mailed(pages)
    page = text(pages.get(letter.first("w")))
    assert len(rows(page)) >= 3
    assert sum(rows(page)) == pytest.approx(total(page), abs=1e-9)
    score = re.findall(r"score (\d\.\d\d)", letter.text)[0]
    assert total(page) == float(score)
    assert f"with a score of {score}" in page
    assert "by all that is known now" not in page
    assert "recurrent networks" in page
    assert "Picked: number 1 of 10" in page


def test_every_share_is_told_even_where_rounding_would_hide_it() -> None:
    """What rounding leaves over goes to all else; what is nothing is no row."""
    shown = sum_of("x", [(0.334, "a"), (0.334, "b"), (0.001, "c")], 0.67)
    assert shown.rows == (
        ("a", "+0.33"),
        ("b", "+0.33"),
        ("all else, less what all papers have in common", "+0.01"),
    )
    assert shown.total == "0.67"
    assert sum_of("x", [], 0.0).rows == ()
    assert sum_of("x", [(-0.2, "a")], -0.2).rows == (("a", "−0.20"),)
    assert [figure(score) for score in (-0.094, -0.001, 0.5)] == ["−0.09", "0.00", "0.50"]


def test_the_page_offers_the_votes_and_tells_what_was_said(pages: Pages) -> None:
    """The buttons send to the page of votes, which does as they say."""
    letter = mailed(pages)
    page = text(pages.get(letter.first("w")))
    assert re.findall(r'name="vote" value="(\w)"', page) == list(LETTERS.values())
    target = re.findall(r'<form method="post" action="([^"]+)"', page)[0]
    assert "come less often" in text(pages.post(target, vote="l"))
    again = text(pages.get(letter.first("w")))
    assert "You asked for less like this" in again
    assert "by all that is known now" in again
    assert sum(rows(again)) == pytest.approx(total(again), abs=1e-9)


def test_looking_stores_nothing_even_after_a_vote(pages: Pages) -> None:
    """A vote changes what the ranker learns; the page works that out, and keeps none of it."""
    letter = mailed(pages)
    pages.post(letter.first("v"), vote="m")
    before = checksum(pages.store)
    text(pages.get(letter.first("w")))
    pages.client.head(letter.first("w").removeprefix("http://127.0.0.1:8080"))
    assert checksum(pages.store) == before


def test_an_interest_that_is_gone_is_accounted_for_as_the_letter_had_it(pages: Pages) -> None:
    """Changed interests cannot be weighed as they were: the stored reasons are told, and add up."""
    letter = mailed(pages)
    reader = pages.reader(ANN)
    readers.change(pages.store, replace_interests(reader, "owls", "tides, glaciers"), pages.now)
    page = text(pages.get(letter.first("w")))
    assert sum(rows(page)) == pytest.approx(total(page), abs=1e-9)
    score = re.findall(r"score (\d\.\d\d)", letter.text)[0]
    assert total(page) == float(score)
    assert "What your other interests say of it" in page


def replace_interests(reader: Any, name: str, written: str) -> Any:
    """The reader with one other interest."""
    return replace(reader, interests=(parse_interest(name, written),))


def test_where_the_ranker_cannot_answer_the_letters_reasons_are_shown(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is there even then, with what was stored."""
    letter = mailed(pages)

    def fails(*_: object) -> None:
        raise UsageError("planted")

    monkeypatch.setattr(Room, "account", fails)
    page = text(pages.get(letter.first("w")))
    assert sum(rows(page)) == pytest.approx(total(page), abs=1e-9)
    assert "What becomes of it" not in page


def test_a_pick_by_upvotes_has_no_sum(pages: Pages) -> None:
    """Nobody's interest chose it: the page says what did."""
    letter = mailed(pages, wish="")
    page = text(pages.get(letter.first("w")))
    assert "It was chosen by upvotes" in page
    assert "<tfoot>" not in page
    assert re.findall(r'name="vote" value="(\w)"', page) == list(LETTERS.values())


def test_fault_44_a_link_for_the_account_is_read_by_its_purpose_only(pages: Pages) -> None:
    """Of another purpose, for a place that is none, run out: a page that says so."""
    letter = mailed(pages)
    for wrong in (
        letter.first("v").replace("/v/", "/w/"),
        letter.first("a").replace("/a/", "/w/"),
        letter.first("w")[:-1],
        why_link(pages, 99),
        link(pages, Token(Purpose.WHY, pages.reader(ANN).handle, DAY, ("x",))),
        link(pages, Token(Purpose.WHY, pages.reader(ANN).handle, DAY)),
        link(pages, Token(Purpose.WHY, "nobody00", DAY, ("1",))),
    ):
        assert "This link does not work" in text(pages.get(wrong), 404)
    news(pages)
    assert pages.post(letter.first("w"), vote="m").status_code == 405


@pytest.mark.parametrize(
    ("library", "spoken"),
    [("papers.bib", "your library papers.bib"), ("zotero users/7", "your Zotero library")],
)
@pytest.mark.parametrize("ranker", ["encoder", "blend"])
def test_a_pick_for_a_library_is_told_as_in_the_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, spoken: str, ranker: str
) -> None:
    """What it is close to is in the library, by its name in the letter; a vote changes no word."""
    encoder = WordEncoder()
    monkeypatch.setattr("digest.ranking.encoder.open_encoder", lambda: encoder)
    pages = open_pages(tmp_path, DIGEST_RANKER=ranker, DIGEST_THRESHOLD="0.1")
    ann = add_reader(pages, wish="zeppelins")
    mine = paper("Owls and their recurrent calls", "We study owls and forgetting.")
    add_to_shelf(pages.store, ann, library, Shelf((Liked(mine),)), DAY)
    news(pages)
    pages.run()
    (letter,) = letters(pages)
    told = f"is close to “{mine.title}” in your library"
    assert told in " ".join(letter.text.split())
    assert f"Close to {spoken}" in letter.page
    for _ in range(2):
        page = " ".join(unescape(text(pages.get(letter.first("w")))).split())
        assert told in page
        assert "which you liked" not in page
        assert f"It was chosen for {spoken}, with a score of" in page
        assert f"Weighed for {spoken}" in page
        pages.post(letter.first("v"), vote="l")
    kept = link(pages, Token(Purpose.EDITION, ann.handle, DAY))
    edition = " ".join(unescape(text(pages.get(kept))).split())
    assert f"Close to {spoken}" in edition
    assert told in edition
    vote = " ".join(unescape(text(pages.get(letter.first("v")))).split())
    assert f"for {spoken}" in vote
    close_pages(pages)
