"""Leaving: by one click of a mail program, by a button, for good; and coming back."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from digest import readers
from digest.errors import UsageError
from digest.links import Purpose, Token
from digest.readers.leaving import come_back, standing, unsubscribe
from digest.store import Store
from digest.store.states import State, Step
from tests.conftest import NOW, Digest
from tests.deliveries import queue
from tests.mailed import ANN, add_reader, checksum, letters, link, mailed, news
from tests.pages import Pages, close_pages, open_pages

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def wants(pages: Pages, name: str = ANN) -> bool:
    """Whether a reader gets editions."""
    return pages.store.readers.find(name) is not None


def text(answer: Any, status: int = 200) -> str:
    """What a page says."""
    assert answer.status_code == status
    return str(answer.get_data(as_text=True))


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_fault_42_one_click_leaves_at_once(pages: Pages, kind: str) -> None:
    """As a mail program posts it: no cookie, no Origin; 200 without redirect, and again."""
    url = mailed(pages).mail["List-Unsubscribe"].partition(">")[0].lstrip("<")
    for _ in range(2):
        answer = pages.client.post(
            url.removeprefix("http://127.0.0.1:8080"), data=ONE_CLICK, content_type=kind
        )
        assert "is unsubscribed" in text(answer)
        assert "Set-Cookie" not in answer.headers
        assert not wants(pages)
    after = checksum(pages.store)
    pages.client.post(url.removeprefix("http://127.0.0.1:8080"), data=ONE_CLICK)
    assert checksum(pages.store) == after
    pages.now += timedelta(days=1)
    news(pages, pages.now.date())
    pages.run()
    assert len(letters(pages)) == 1


def test_fault_43_a_post_without_that_field_asks_first(pages: Pages) -> None:
    """It changes nothing and shows the button; so do other values of the field."""
    url = mailed(pages).first("u")
    before = checksum(pages.store)
    for form in ({}, {"List-Unsubscribe": "maybe"}, {"do": "dance"}, {"do": "delete"}):
        page = text(pages.post(url, **form))
        assert '<button type="submit" name="do" value="leave">Unsubscribe</button>' in page
    assert checksum(pages.store) == before
    assert wants(pages)


def test_fault_44_unsubscribe_links_never_run_out(pages: Pages) -> None:
    """After ten years, by a key that was retired meanwhile; other links of then are dead."""
    letter = mailed(pages)
    pages.store.keys.replace(pages.now + timedelta(days=1))
    pages.site._floor.house.links.refresh()  # type: ignore[union-attr]  # noqa: SLF001 - as time does
    pages.now += timedelta(days=3650)
    for purpose in "vwpa":
        assert pages.get(letter.first(purpose)).status_code == 404
        assert pages.get(letter.first(purpose).replace(f"/{purpose}/", "/u/")).status_code == 404
    assert "is unsubscribed" in text(pages.post(letter.first("u"), **ONE_CLICK))
    assert not wants(pages)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=3650)])
def test_fault_44_a_key_that_got_about_deletes_nobody(pages: Pages, later: timedelta) -> None:
    """Signed by a retired key or one long out of use: it lets go, and does and shows no more."""
    url = mailed(pages).first("u")
    handle = pages.reader(ANN).handle
    if later:
        pages.now += later
    else:
        pages.store.keys.replace(pages.now)
    pages.site._floor.house.links.refresh()  # type: ignore[union-attr]  # noqa: SLF001 - as time does
    assert ANN not in text(pages.get(url))
    page = text(pages.post(url, do="leave"))
    assert "good for leaving only" in page
    assert ANN not in page
    assert 'value="back"' not in page
    assert 'value="delete"' not in page
    before = checksum(pages.store)
    for form in ({"do": "back"}, {"do": "delete"}, {"do": "delete", "sure": "yes"}):
        assert "is unsubscribed" in text(pages.post(url, **form))
    assert checksum(pages.store) == before
    fresh = link(pages, Token(Purpose.UNSUBSCRIBE, handle))
    if not later:
        assert "Welcome back" in text(pages.post(fresh, do="back"))
        assert wants(pages)


def test_fault_44_a_link_of_ones_own_lets_nobody_else_leave(pages: Pages) -> None:
    """Another reader's handle under the same signature, or a link for something else: 404."""
    letter = mailed(pages)
    bob = add_reader(pages, "bob@example.org")
    ann = pages.reader(ANN)
    for wrong in (
        letter.first("u").replace(ann.handle, bob.handle),
        letter.first("a").replace("/a/", "/u/"),
        link(pages, Token(Purpose.PREFERENCES, bob.handle, NOW.date())).replace("/p/", "/u/"),
        letter.first("u")[:-2],
        "/u/x",
        "/u/" + "a" * 500,
    ):
        assert pages.get(wrong).status_code == 404
        assert pages.post(wrong, **ONE_CLICK).status_code == 404
    assert wants(pages)
    assert wants(pages, "bob@example.org")


def test_looking_changes_nothing_and_the_button_leaves(pages: Pages) -> None:
    """GET has one button; pressing it shows the way back, and what was kept comes back with it."""
    url = mailed(pages).first("u")
    before = checksum(pages.store)
    assert ANN in text(pages.get(url))
    assert checksum(pages.store) == before
    page = text(pages.post(url, do="leave"))
    assert 'value="back"' in page
    assert "Delete for good" in page
    assert "already" in text(pages.get(url))
    assert "Welcome back" in text(pages.post(url, do="back"))
    found = pages.reader(ANN)
    assert [interest.name for interest in found.interests] == ["memory"]
    assert pages.store.archive.count(found.row) == 1


def test_who_came_back_gets_the_edition_of_the_day_and_none_of_before(pages: Pages) -> None:
    """What was missed is in no letter: the days between had no edition."""
    url = mailed(pages).first("u")
    pages.post(url, do="leave")
    for _ in range(3):
        pages.now += timedelta(days=1)
        news(pages, pages.now.date())
        pages.run()
    assert len(letters(pages)) == 1
    pages.post(url, do="back")
    pages.run()
    pages.run()
    days = [one.date for one in pages.store.archive.listed(pages.reader(ANN).row, 0, 9)]
    assert days == [pages.now.date(), pages.now.date() - timedelta(days=3)]
    assert len(letters(pages)) == 2


def test_links_of_the_mailbox_before_a_move_let_nobody_leave(pages: Pages) -> None:
    """They say that nothing is sent there, with 200 for one click too; the reader stays."""
    url = mailed(pages).first("u")
    ann = pages.reader(ANN)
    assert pages.store.moves.set_address(ann.handle, "ann@new.example")
    before = checksum(pages.store)
    for answer in (
        pages.get(url),
        pages.post(url, **ONE_CLICK),
        pages.post(url, do="leave"),
        pages.post(url, do="delete", sure="yes"),
    ):
        page = text(answer)
        assert "Nothing is sent any more to the mailbox that this link was sent to" in page
        assert "ann@new.example" not in page
    assert checksum(pages.store) == before
    moved = pages.reader("ann@new.example")
    assert moved.row == ann.row
    fresh = link(pages, Token(Purpose.UNSUBSCRIBE, moved.handle))
    assert "is unsubscribed" in text(pages.post(fresh, **ONE_CLICK))
    assert not wants(pages, "ann@new.example")


def test_deleting_for_good_needs_a_tick_and_leaves_nothing(pages: Pages) -> None:
    """Only after leaving; the box unticked says so; then the link still answers, with 200."""
    url = mailed(pages).first("u")
    handle = pages.reader(ANN).handle
    text(pages.post(url, do="delete", sure="yes"))
    assert wants(pages)
    pages.post(url, do="leave")
    assert "Tick the box" in text(pages.post(url, do="delete"))
    assert readers.linked(pages.store, handle)
    page = text(pages.post(url, do="delete", sure="yes"))
    assert "All that was stored about you is deleted" in page
    assert readers.linked(pages.store, handle) is None
    for answer in (pages.get(url), pages.post(url, **ONE_CLICK), pages.post(url, do="back")):
        assert "Nothing is sent to you" in text(answer)
    assert pages.store.readers.left(ANN) is None


def test_a_foreign_page_cannot_press_the_button(pages: Pages) -> None:
    """A browser says where a form comes from; only our own pages may send it."""
    url = mailed(pages).first("u").removeprefix("http://127.0.0.1:8080")
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert pages.client.post(url, data={"do": "leave"}, headers=headers).status_code == 403
    assert wants(pages)


def test_fault_60_leaving_wins_over_a_mail_that_is_not_in_doubt(store: Store) -> None:
    """Claimed, its last word may not be said any more; in doubt, it goes its way."""
    queue(store, 2)
    first, second = store.deliveries.claim("smtp", NOW, 2)
    handles = {
        one.number: one.handle
        for one in (store.readers.find("r0"), store.readers.find("r1"))
        if one
    }
    assert store.deliveries.record([], NOW, doubt=second).open
    for claim in (first, second):
        assert unsubscribe(store, handles[claim.reader], NOW)
        assert not unsubscribe(store, handles[claim.reader], NOW)
    assert not store.deliveries.record([], NOW, doubt=first).open
    assert store.deliveries.why_not(first, NOW) is State.CANCELLED
    done = store.deliveries.record([Step(second, State.SENT, "250 ok", 250)], NOW)
    assert done.kept == (True,)
    store.deliveries.sweep("smtp", NOW + timedelta(minutes=20), repeatable=False)
    assert store.deliveries.counts() == {"sent": 1, "cancelled": 1}


def test_what_waits_is_cancelled_on_both_databases(store: Store) -> None:
    """And stays so for one who comes back: that edition is in the archive."""
    queue(store)
    whose = store.readers.find("r0")
    assert whose is not None
    unsubscribe(store, whose.handle, NOW)
    assert not standing(store, whose.handle).wants
    assert store.deliveries.sweep("smtp", NOW, repeatable=False).cancelled == 1
    assert come_back(store, whose.handle, NOW)
    assert not come_back(store, whose.handle, NOW)
    assert standing(store, whose.handle).wants
    assert store.deliveries.claim("smtp", NOW) == []


@pytest.fixture
def person(tmp_path: Path) -> Any:
    """Pages of a house whose configuration names a person."""
    opened = open_pages(
        tmp_path,
        DIGEST_ADDRESS=ANN,
        DIGEST_KEYWORDS="memory, forgetting, recurrent networks",
        DIGEST_HOUR="0:00",
    )
    yield opened
    close_pages(opened)


def test_the_configuration_does_not_wake_who_left_by_link(person: Pages) -> None:
    """Run after run it stays off, and gets no edition by another door; `resume` brings it back."""
    person.now -= timedelta(days=1)
    news(person, person.now.date())
    person.run()
    (letter,) = letters(person)
    text(person.post(letter.first("u"), **ONE_CLICK))
    for _ in range(2):
        person.now += timedelta(days=1)
        news(person, person.now.date())
        person.run()
    assert len(letters(person)) == 1
    assert not list((person.folder / "outbox").glob("*unsaved*"))
    with pytest.raises(UsageError, match=f"digest readers resume {ANN}"):
        readers.get(person.store, ANN)
    assert readers.resume(person.store, ANN, person.now).address == ANN
    person.now += timedelta(days=1)
    news(person, person.now.date())
    person.run()
    assert len(letters(person)) == 2


def test_the_doctor_knows_that_the_person_of_the_configuration_left(
    person: Pages, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is out of order, but whoever wonders why no letter comes is told."""
    news(person, person.now.date())
    person.run()
    person.store.readers.unsubscribe(person.reader("config").handle, person.now)
    for name, value in person.environment.items():
        monkeypatch.setenv(name, value)
    assert f"'digest readers resume {ANN}' undoes it" in digest("doctor", "--no-network").out
    assert f"digest readers resume {ANN}" in digest("vote", "9912.20002", "more").err
    assert ANN in digest("readers", "resume", ANN).out
    assert "undoes it" not in digest("doctor", "--no-network").out


def test_another_address_in_the_configuration_is_another_wish(person: Pages) -> None:
    """Who writes a new address there wants mail to it."""
    person.now -= timedelta(days=1)
    news(person, person.now.date())
    person.run()
    person.post(letters(person)[0].first("u"), do="leave")
    person.environment["DIGEST_ADDRESS"] = "new@example.org"
    person.now += timedelta(days=2)
    news(person, person.now.date())
    person.run()
    assert len(letters(person, "new@example.org")) == 1


def test_the_person_of_the_configuration_is_not_deleted_from_a_page(person: Pages) -> None:
    """The next run would only make it again: config.env is where it ends."""
    news(person, person.now.date())
    person.store.readers.engine.connect().close()
    person.now += timedelta(days=1)
    news(person, person.now.date())
    person.run()
    url = letters(person)[0].first("u")
    page = text(person.post(url, do="leave"))
    assert "Delete for good" not in page
    text(person.post(url, do="delete", sure="yes"), 400)
    assert readers.find_left(person.store, ANN)


def test_the_owner_can_take_out_or_bring_back_who_left(pages: Pages) -> None:
    """`readers remove` and `readers resume` know who unsubscribed."""
    url = mailed(pages).first("u")
    pages.post(url, do="leave")
    assert readers.resume(pages.store, ANN, pages.now).handle == pages.reader(ANN).handle
    pages.post(url, do="leave")
    readers.leave(pages.store, ANN)
    assert pages.store.readers.left(ANN) is None
