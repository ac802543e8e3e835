"""Counts over time as the store gives them back."""

from datetime import UTC, date, datetime, time, timedelta

from digest.model import COMMENTS, STARS, UPVOTES, Announcement, Sighting, Signal
from digest.store import Store
from tests.conftest import DAY, NOW
from tests.papers import paper

HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)


def counted(title: str, on: date, *counts: Signal) -> Sighting:
    """A featured paper of a date with counts."""
    return Sighting(paper(title), Announcement.FEATURED, on, counts)


def midnight(day: date) -> datetime:
    """When a date begins in UTC."""
    return datetime.combine(day, time(), UTC)


def test_a_series_is_of_one_source_in_order_of_time(store: Store) -> None:
    """Of two sources that count, the one that has most now; others' counts are not mixed in."""
    for source, values in (("one", (5, 6, 7)), ("two", (1, 4, 9))):
        counts = [Signal(UPVOTES, v, NOW + place * HOUR) for place, v in enumerate(values)]
        store.papers.add([counted("Owls", DAY, *reversed(counts))], source, DAY)
    number = store.papers.candidates(DAY, 1)[0].number
    curves = store.counts.curves([number, number + 1], UPVOTES)
    assert [signal.value for signal in curves[number]] == [1, 4, 9]
    assert list(curves) == [number]
    assert store.counts.series([number, number + 1], UPVOTES)[number].counts == curves[number]
    assert store.counts.curves([number], STARS) == {}
    assert store.counts.series([number], STARS) == {}


def test_a_series_begins_with_the_day_that_its_own_source_gave_it(store: Store) -> None:
    """Another source's earlier date counts for nothing; a count before the day begins it."""
    store.papers.add([counted("Owls", DAY - 3 * A_DAY)], "one", DAY)
    store.papers.add([counted("Owls", DAY, Signal(UPVOTES, 2, NOW))], "two", DAY)
    store.papers.add([counted("Bats", DAY + A_DAY, Signal(UPVOTES, 1, NOW))], "two", DAY)
    rows = [one.number for one in store.papers.candidates(DAY + A_DAY, 9)]
    assert [one.began for one in store.counts.series(rows, UPVOTES).values()] == [
        midnight(DAY),
        NOW,
    ]


def test_the_last_counts_of_a_source_by_date(store: Store) -> None:
    """Of each paper that it announced as fresh in the period: one count, under its date."""
    for hour in (0, 5, 2):
        owls = counted("Owls", DAY, Signal(UPVOTES, 10 + hour, NOW + hour * HOUR))
        bats = counted("Bats", DAY - A_DAY, Signal(UPVOTES, hour, NOW), Signal(COMMENTS, 9, NOW))
        store.papers.add([owls, bats, counted("Mice", DAY)], "one", DAY)
    early = counted("Newts", DAY - 2 * A_DAY, Signal(UPVOTES, 3, NOW))
    again = Sighting(paper("Eels"), Announcement.REPLACE, DAY, (Signal(UPVOTES, 3, NOW),))
    store.papers.add([early, again], "one", DAY)
    store.papers.add([counted("Owls", DAY, Signal(UPVOTES, 99, NOW + 9 * HOUR))], "two", DAY)
    found = store.counts.last_by_date("one", UPVOTES, DAY - A_DAY, DAY)
    assert {day: [one.counts for one in papers] for day, papers in found.items()} == {
        DAY - A_DAY: [(Signal(UPVOTES, 2, NOW),)],
        DAY: [(Signal(UPVOTES, 15, NOW + 5 * HOUR),)],
    }
    assert [one.began for one in found[DAY]] == [midnight(DAY)]
    assert store.counts.last_by_date("three", UPVOTES, DAY - A_DAY, DAY) == {}
