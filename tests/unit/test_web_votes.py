"""Votes on the web: links show, buttons say, the last word counts."""

import re
from datetime import timedelta
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from sqlalchemy import delete, update

from digest.config import load
from digest.letters.steering import LETTERS
from digest.links import Purpose, Token
from digest.model import Vote, VoteKind
from digest.store.joining import join_rows
from digest.store.schema import editions, picks
from digest.web.service import Service
from digest.wiring import build
from tests.conftest import DAY
from tests.mailed import ANN, add_reader, checksum, letters, link, mailed, news
from tests.pages import BASE, Pages


def vote_link(pages: Pages, place: int = 1, kind: VoteKind = VoteKind.MORE) -> str:
    """A link for votes, as the letter of the day has it."""
    handle = pages.reader(ANN).handle
    return link(pages, Token(Purpose.VOTE, handle, DAY, (f"{place}{LETTERS[kind]}",)))


def votes(pages: Pages, address: str = ANN) -> list[Vote]:
    """What a reader has said."""
    number = pages.reader(address).row
    return pages.store.votes.of([number]).get(number, [])


def buttons(page: str) -> list[str]:
    """The votes that a page offers, in order."""
    return re.findall(r'name="vote" value="(\w)"', page)


def said(answer: object) -> str:
    """The text of an answer that went well."""
    assert answer.status_code == 200  # type: ignore[attr-defined]
    return str(answer.get_data(as_text=True))  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", list(VoteKind))
def test_a_link_shows_the_paper_and_its_own_button_first(pages: Pages, kind: VoteKind) -> None:
    """What the letter's link says stands first; nothing is said by looking."""
    letter = mailed(pages)
    before = checksum(pages.store)
    url = next(url for url in letter.links if re.search(rf"/v/.*\.1{LETTERS[kind]}\.", url))
    page = said(pages.get(url))
    assert buttons(page)[0] == LETTERS[kind]
    assert sorted(buttons(page)) == sorted(LETTERS.values())
    assert "Kites in recurrent networks" in page
    assert "your edition of Tuesday, 17 March 2026" in page
    assert checksum(pages.store) == before


def test_a_button_votes_for_the_interest_of_that_pick(pages: Pages) -> None:
    """The vote is on the paper of that place, for what brought it, and the page says so."""
    mailed(pages)
    picked = pages.store.archive.pick(pages.reader(ANN).row, DAY, 3)
    assert picked is not None
    page = said(pages.post(vote_link(pages, 3), vote="l"))
    assert [(v.paper, v.kind, v.interest) for v in votes(pages)] == [
        (picked.paper, VoteKind.LESS, "memory")
    ]
    assert "come less often" in page
    assert 'name="undo" value="l"' in page
    assert "l" not in buttons(page)


def test_fault_54_the_last_vote_wins_in_one_row(pages: Pages) -> None:
    """A vote sent again, or another after it, leaves one row: the last; saving stands beside."""
    mailed(pages)
    for letter in "mmlxlm":
        said(pages.post(vote_link(pages, 1, VoteKind.MUTE), vote=letter))
    assert [vote.kind for vote in votes(pages)] == [VoteKind.MORE]
    before = checksum(pages.store, besides="limits")
    said(pages.post(vote_link(pages), vote="m"))
    assert checksum(pages.store, besides="limits") == before
    said(pages.post(vote_link(pages), vote="s"))
    assert {vote.kind for vote in votes(pages)} == {VoteKind.MORE, VoteKind.SAVE}


def test_a_form_that_names_no_vote_says_what_the_link_says(pages: Pages) -> None:
    """So that a program that posts the link does what its reader pressed; nonsense is refused."""
    mailed(pages)
    said(pages.post(vote_link(pages, 1, VoteKind.SAVE)))
    assert [vote.kind for vote in votes(pages)] == [VoteKind.SAVE]
    for form in ({"vote": "more"}, {"vote": ""}, {"undo": "z"}):
        assert pages.post(vote_link(pages), **form).status_code == 400
    assert [vote.kind for vote in votes(pages)] == [VoteKind.SAVE]


def test_undo_takes_back_one_vote_and_leaves_the_other(pages: Pages) -> None:
    """On the page that says done, and on the link's page whenever it is opened again."""
    mailed(pages)
    said(pages.post(vote_link(pages), vote="m"))
    said(pages.post(vote_link(pages), vote="s"))
    assert re.findall(r'name="undo" value="(\w)"', said(pages.get(vote_link(pages)))) == ["m", "s"]
    page = said(pages.post(vote_link(pages), undo="m"))
    assert [vote.kind for vote in votes(pages)] == [VoteKind.SAVE]
    assert "counts no more" in page
    said(pages.post(vote_link(pages), undo="m"))
    assert [vote.kind for vote in votes(pages)] == [VoteKind.SAVE]


def test_votes_change_the_next_edition(pages: Pages) -> None:
    """Who wants less of all of today's papers gets none like them tomorrow; others still do."""
    mailed(pages)
    bob = add_reader(pages, "bob@example.org")
    first = pages.store.archive.edition(pages.reader(ANN).row, DAY)
    assert first is not None
    for pick in first.picks:
        said(pages.post(vote_link(pages, pick.position), vote="l"))
    pages.now += timedelta(days=1)
    news(pages, pages.now.date())
    pages.run()
    changed = pages.store.archive.edition(pages.reader(ANN).row, pages.now.date())
    unchanged = pages.store.archive.edition(bob.row, pages.now.date())
    assert unchanged is not None
    assert {pick.interest for pick in unchanged.picks if pick.interest} == {"memory"}
    assert changed is None or {pick.interest for pick in changed.picks} == {None}


def test_fault_44_a_vote_link_is_good_for_nothing_else(pages: Pages) -> None:
    """Of another purpose, another reader, cut, run out or of a retired key: refused, no vote."""
    letter = mailed(pages)
    add_reader(pages, "bob@example.org")
    good = vote_link(pages)
    token = good.rpartition("/")[2]
    bob = pages.reader("bob@example.org").handle
    for wrong in (
        letter.first("w").replace("/w/", "/v/"),
        letter.first("u").replace("/u/", "/v/"),
        good.replace(token, token.replace(token[:8], bob)),
        good.replace(".1m.", ".2m."),
        good.replace(".1m.", ".1x."),
        good[:-1],
        f"{good}x",
        good.replace("/v/", "/w/"),
    ):
        for answer in (pages.get(wrong), pages.post(wrong, vote="m")):
            assert answer.status_code in (404, 405), wrong
    later = pages.now
    pages.now = later + timedelta(days=401)
    assert "run out" in pages.get(good).get_data(as_text=True)
    assert pages.post(good, vote="m").status_code == 404
    pages.now = later
    pages.store.keys.replace(pages.now)
    pages.site._floor.house.links.refresh()  # type: ignore[union-attr]  # noqa: SLF001 - as time does
    assert pages.post(good, vote="m").status_code == 404
    assert votes(pages) == []
    assert votes(pages, "bob@example.org") == []


def test_an_older_key_is_still_read(pages: Pages) -> None:
    """Keys change every 90 days; links of yesterday's letter hold on."""
    mailed(pages)
    url = vote_link(pages)
    pages.now += timedelta(days=91)
    (first,) = pages.store.keys.all()
    pages.store.keys.renew(first.made + timedelta(days=91))
    assert len(pages.store.keys.all()) == 2
    assert vote_link(pages) != url
    said(pages.post(url, vote="m"))
    assert [vote.kind for vote in votes(pages)] == [VoteKind.MORE]


def test_a_link_survives_papers_that_turn_out_to_be_one(pages: Pages) -> None:
    """It goes by the place in the edition; where that place is gone, the page says so."""
    mailed(pages)
    row = pages.reader(ANN).row
    edition = pages.store.archive.edition(row, DAY)
    assert edition is not None
    one, two, *_ = (pick.paper for pick in edition.picks)
    with pages.store.engine.begin() as connection:
        join_rows(connection, keep=one, drop=two)
    gone = pages.get(vote_link(pages, 2))
    assert gone.status_code == 404
    assert "another paper of that edition" in gone.get_data(as_text=True)
    said(pages.post(vote_link(pages, 1), vote="m"))
    other = pages.store.papers.numbers_by_keys(["arxiv:9912.20002"])["arxiv:9912.20002"]
    with pages.store.engine.begin() as connection:
        join_rows(connection, keep=other, drop=one)
    assert "Anomaly Detection" in said(pages.get(vote_link(pages, 1)))
    assert [vote.paper for vote in votes(pages)] == [other]


def test_links_of_an_edition_that_was_deleted_say_so(pages: Pages) -> None:
    """Nothing is guessed from what is left."""
    mailed(pages)
    url = vote_link(pages)
    with pages.store.engine.begin() as connection:
        connection.execute(delete(picks))
        connection.execute(update(editions).values(date=DAY - timedelta(days=3)))
    for answer in (pages.get(url), pages.post(url, vote="m")):
        assert answer.status_code == 404
        assert "no longer stored" in answer.get_data(as_text=True)


def test_links_of_a_reader_who_is_deleted_never_reach_another(pages: Pages) -> None:
    """Neither the row nor the handle of somebody who left is ever given again."""
    mailed(pages)
    url = vote_link(pages)
    row = pages.reader(ANN).row
    assert pages.store.readers.remove(pages.reader(ANN).handle)
    add_reader(pages)
    assert pages.reader(ANN).row > row
    assert pages.get(url).status_code == 404
    assert pages.post(url, vote="m").status_code == 404
    assert votes(pages) == []


def test_a_foreign_page_cannot_vote(pages: Pages) -> None:
    """Even with the link: a browser says that the form comes from another site."""
    mailed(pages)
    path = vote_link(pages).removeprefix(BASE)
    for headers in (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ):
        assert pages.client.post(path, data={"vote": "m"}, headers=headers).status_code == 403
    assert votes(pages) == []


def test_fault_44_a_retired_key_is_dead_within_the_minute(pages: Pages) -> None:
    """Pages that are up keep keys at hand: each minute, when settings are read, they ask anew."""
    mailed(pages)
    url = vote_link(pages)
    clock, place = (lambda: pages.now), (lambda _: ("127.0.0.1", 0))
    settings = load(None, pages.environment)
    service = Service(build, clock, place)
    service.open(settings)
    try:
        path = service.address + url.removeprefix(BASE)
        with urlopen(path) as answer:  # noqa: S310 - on loopback
            assert answer.status == 200
        pages.store.keys.replace(pages.now)
        service.renew(settings)
        with pytest.raises(HTTPError) as refused:
            urlopen(path)  # noqa: S310 - on loopback
        assert refused.value.code == 404
        refused.value.close()
    finally:
        service.close()


def test_a_link_at_another_site_of_ours_is_not_good_here(pages: Pages) -> None:
    """Signed by no key of this house: every installation has keys of its own."""
    mailed(pages)
    pages.store.keys.replace(pages.now)
    foreign = vote_link(pages).replace("/v/", "/v/x")
    assert pages.get(foreign).status_code == 404
    assert letters(pages)[0].first("v").startswith(BASE)
