"""Limits: counted in the store, by visitor, on both databases; the table stays small."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import abort
from sqlalchemy import func, select
from werkzeug.exceptions import TooManyRequests

from digest.errors import StoreBusyError
from digest.store import Store
from digest.store.engine import Turn, reading, writing
from digest.store.schema import limits
from digest.web import guards
from tests.children import address_of, opened
from tests.conftest import NOW
from tests.pages import Pages

HOUR = timedelta(hours=1)


def rows(store: Store) -> int:
    """How many buckets are kept."""
    with reading(store.engine) as connection:
        return connection.scalar(select(func.count()).select_from(limits)) or 0


def test_no_more_than_allowed_and_again_when_the_time_is_over(store: Store) -> None:
    """The first ones pass, the next does not; another bucket has a count of its own."""
    assert [store.limits.take("a", NOW, 3, HOUR) for _ in range(5)] == [True] * 3 + [False] * 2
    assert store.limits.take("b", NOW, 3, HOUR)
    assert not store.limits.take("a", NOW + timedelta(minutes=59), 3, HOUR)
    assert store.limits.take("a", NOW + HOUR, 3, HOUR)


def test_what_is_over_is_swept(store: Store) -> None:
    """A count that ended leaves no row behind once anybody counts again."""
    for number in range(20):
        store.limits.take(f"old {number}", NOW, 3, HOUR)
    assert rows(store) == 20
    store.limits.take("new", NOW + HOUR, 3, HOUR)
    assert rows(store) == 1


def test_a_flood_of_visitors_does_not_fill_the_table(store: Store) -> None:
    """Beyond the bound the counts that would end first go; the newest stay."""
    small = replace(store.limits, most_rows=10)
    for number in range(30):
        assert small.take(f"{number}", NOW + timedelta(seconds=number), 1, HOUR)
        assert rows(store) <= 10
    assert not small.take("29", NOW + timedelta(seconds=31), 1, HOUR)


def test_two_at_once_are_counted_as_two(store: Store) -> None:
    """However many ask at the same moment, no more pass than are allowed."""
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: store.limits.take("a", NOW, 5, HOUR), range(24)))
    assert sum(taken) == 5


def test_a_flood_takes_no_turn_from_those_who_write(store: Store) -> None:
    """Who asked too often is refused while another program writes; who did not waits its turn."""
    with opened(address_of(store), wait=0.2) as own:
        assert own.limits.take("a", NOW, 1, HOUR)
        with writing(store.engine, Turn.LIMITS):
            assert not own.limits.take("a", NOW, 1, HOUR)
            with pytest.raises(StoreBusyError):
                own.limits.take("b", NOW, 1, HOUR)
        assert own.limits.take("b", NOW, 1, HOUR)


def test_a_clock_that_was_ahead_locks_nobody_out(store: Store) -> None:
    """A count whose end is farther than any can be begins anew."""
    assert store.limits.take("a", NOW + timedelta(days=400), 1, HOUR)
    assert store.limits.take("a", NOW, 1, HOUR)
    assert not store.limits.take("a", NOW, 1, HOUR)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("", "not an address", True),
    ],
)
def test_who_is_one_visitor(pages: Pages, first: str, second: str, same: bool) -> None:  # noqa: FBT001
    """An IPv4 address is one; a network of 2^64 IPv6 addresses is one; nothing is kept of either."""

    def knock(address: str) -> int:
        with pages.app.test_request_context(
            "/subscribe", method="POST", environ_base={"REMOTE_ADDR": address}
        ):
            pages.app.preprocess_request()
            try:
                guards.allow("test", 1, HOUR)
            except TooManyRequests:
                return 429
            return 200

    assert knock(first) == 200
    assert knock(second) == (429 if same else 200)
    with reading(pages.store.engine) as connection:
        kept = connection.scalars(select(limits.c.bucket)).all()
    assert not [bucket for bucket in kept if "192" in bucket and "." in bucket]
    assert {len(bucket) for bucket in kept} == {64}


def test_too_often_is_a_page_that_says_so(pages: Pages) -> None:
    """The answer is 429, in words."""

    @pages.app.get("/busy")
    def busy() -> str:
        abort(429)

    answer = pages.get("/busy")
    assert answer.status_code == 429
    assert "Too often" in answer.text
