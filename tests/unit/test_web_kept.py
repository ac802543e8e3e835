"""What pages keep for a minute, and what they ask at once: no page is ever behind what was done."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from digest import readers
from digest.errors import StoreError
from digest.links import Purpose, Token
from digest.model import Vote, VoteKind
from digest.store import Store
from digest.store.engine import reading
from digest.store.schema import papers as paper_rows
from tests.conftest import DAY, NOW
from tests.mailed import ANN, link, mailed
from tests.pages import Pages
from tests.papers import paper, reader, seen

# How many transactions reading each page may take; forms and rankings are not counted here.
_TRANSACTIONS = {
    Purpose.UNSUBSCRIBE: 1,
    Purpose.VOTE: 1,
    Purpose.WHY: 1,
    Purpose.ARCHIVE: 1,
    Purpose.EDITION: 1,
    Purpose.FEED: 1,
    Purpose.PREFERENCES: 2,
}


def text(answer: Any, status: int = 200) -> str:
    """What a page says."""
    assert answer.status_code == status
    return str(answer.get_data(as_text=True))


def whose(pages: Pages, purpose: Purpose, *rest: str) -> str:
    """A link of Ann's for the edition of the day."""
    day = DAY if purpose in {Purpose.EDITION, Purpose.WHY, Purpose.VOTE} else None
    if purpose is Purpose.PREFERENCES:
        day = pages.now.date()
    return link(pages, Token(purpose, pages.reader(ANN).handle, day, rest))


@contextmanager
def begun(pages: Pages) -> Iterator[list[str]]:
    """The transactions that pages begin within."""
    found: list[str] = []

    def note(_connection: object) -> None:
        found.append("begin")

    with pages.site.visited() as floor:
        engine = floor.house.store.engine
        event.listen(engine, "begin", note)
        try:
            yield found
        finally:
            event.remove(engine, "begin", note)


def test_a_page_asks_its_questions_in_one_transaction(pages: Pages) -> None:
    """Each page behind a link, read once more, begins no more transactions than it has to."""
    mailed(pages)
    rest = {Purpose.VOTE: ("1m",), Purpose.WHY: ("1",)}
    for purpose, most in _TRANSACTIONS.items():
        url = whose(pages, purpose, *rest.get(purpose, ()))
        text(pages.get(url))
        with begun(pages) as transactions:
            text(pages.get(url))
        assert 1 <= len(transactions) <= most, purpose


def test_a_paper_with_another_title_is_shown_with_it_at_once(pages: Pages) -> None:
    """On the pages of edition, vote, account and search, each read a moment before."""
    mailed(pages)
    pick = pages.store.archive.pick(pages.reader(ANN).row, DAY, 1)
    assert pick is not None
    search = f"{whose(pages, Purpose.ARCHIVE)}?q=networks"
    urls = [
        whose(pages, Purpose.EDITION),
        whose(pages, Purpose.VOTE, "1m"),
        whose(pages, Purpose.WHY, "1"),
        search,
        whose(pages, Purpose.FEED),
    ]
    for url in urls:
        assert "Marionettes" not in text(pages.get(url))
    with pages.store.engine.connect().execution_options(digest_writes=True) as connection:
        last = pages.store.papers.last_change()
        its = paper_rows.c.id == pick.paper
        connection.execute(
            update(paper_rows).where(its).values(title="Marionettes", change=last + 1)
        )
        connection.commit()
    for url in urls:
        assert "Marionettes" in text(pages.get(url)), url


def test_a_vote_is_on_both_pages_of_its_paper_at_once(pages: Pages) -> None:
    """Said by a form or elsewhere, and taken back: the pages read before say nothing old."""
    mailed(pages)
    vote, why = whose(pages, Purpose.VOTE, "1m"), whose(pages, Purpose.WHY, "1")
    for url in (vote, why):
        assert "You asked for" not in text(pages.get(url))
    text(pages.post(vote, vote="l"))
    for url in (vote, why):
        assert "You asked for less like this" in text(pages.get(url))
    ann, pick = pages.reader(ANN), pages.store.archive.pick(pages.reader(ANN).row, DAY, 1)
    assert pick is not None
    assert pages.store.votes.cast(
        Vote(ann.row, pick.paper, VoteKind.MORE, pick.interest, pages.now + timedelta(seconds=1))
    )
    for url in (vote, why):
        assert "You asked for more like this" in text(pages.get(url))
    text(pages.post(vote, undo="m"))
    for url in (vote, why):
        assert "You asked for" not in text(pages.get(url))


def test_who_left_and_came_back_is_shown_so_at_once(pages: Pages) -> None:
    """The page for leaving keeps nothing; neither do preferences."""
    mailed(pages)
    url, wishes = whose(pages, Purpose.UNSUBSCRIBE), whose(pages, Purpose.PREFERENCES)
    here, active = text(pages.get(url)), text(pages.get(wishes))
    text(pages.post(url, do="leave"))
    assert text(pages.get(url)) != here
    assert text(pages.get(wishes)) != active
    text(pages.post(url, do="back"))
    assert text(pages.get(url)) == here
    assert text(pages.get(wishes)) == active


def test_links_of_one_who_is_deleted_open_nothing_at_once(pages: Pages) -> None:
    """Nothing that was kept of its pages is shown to whoever has the link."""
    mailed(pages)
    rest = {Purpose.VOTE: ("1m",), Purpose.WHY: ("1",)}
    purposes = (Purpose.EDITION, Purpose.VOTE, Purpose.WHY, Purpose.ARCHIVE, Purpose.FEED)
    urls = [whose(pages, purpose, *rest.get(purpose, ())) for purpose in purposes]
    urls.append(f"{whose(pages, Purpose.ARCHIVE)}?q=networks")
    for url in urls:
        text(pages.get(url))
    readers.leave(pages.store, ANN)
    for url in urls:
        assert ANN not in text(pages.get(url), 404)


def test_readers_are_found_with_whether_they_want_mail(store: Store) -> None:
    """By handle and by name, with interests in their order; who rests is nobody to a link."""
    ann = store.readers.save(reader(ANN, "owls", "bats", "newts"), NOW)
    bob = store.readers.save(reader("bob@example.org"), NOW)
    cyd = store.readers.save(reader("cyd@example.org", "owls"), NOW)
    store.readers.unsubscribe(bob.handle, NOW)
    store.readers.rest(cyd.name)
    found = store.readers.linked(ann.handle)
    assert found is not None
    assert (found.reader, found.active) == (ann, True)
    left = store.readers.linked(bob.handle)
    assert left is not None
    assert (left.reader, left.active) == (bob, False)
    assert store.readers.linked(cyd.handle) is None
    assert store.readers.linked("nobody") is None
    known = store.readers.named([ann.name, bob.name, cyd.name, "nobody"])
    assert {name: one.active for name, one in known.items()} == {ann.name: True, bob.name: False}
    assert readers.addressed(store, ANN) == (ann, None)
    assert readers.addressed(store, "bob@example.org") == (None, bob)
    assert readers.addressed(store, "nobody@example.org") == (None, None)


def test_what_is_read_together_is_of_one_transaction(store: Store) -> None:
    """One connection for all of it, none of it afterwards; a fault is told as everywhere."""
    with store.together():
        with reading(store.engine) as first, reading(store.engine) as second:
            assert first is second
        assert store.papers.count() == 0
        with pytest.raises(StoreError), reading(store.engine) as connection:
            connection.exec_driver_sql("SELECT nothing FROM nowhere")
    with reading(store.engine) as third:
        assert third is not first
    assert store.identity()


def test_nothing_is_written_among_what_is_read_together(store: Store) -> None:
    """The writer would wait for its own reading: it is told at once, and nothing is changed."""
    with store.together(), pytest.raises(RuntimeError, match="afterwards"):
        store.papers.add([seen(paper("Owls"), DAY)], "file", DAY)
    assert store.papers.count() == 0
    assert store.papers.add([seen(paper("Owls"), DAY)], "file", DAY) == 1


def test_what_one_thread_reads_together_is_not_shared_with_others(store: Store) -> None:
    """Pages are read by many threads: each has a connection of its own."""
    with store.together(), reading(store.engine) as mine, ThreadPoolExecutor(1) as pool:

        def other() -> bool:
            with reading(store.engine) as theirs:
                return theirs is not mine

        assert pool.submit(other).result(30)
