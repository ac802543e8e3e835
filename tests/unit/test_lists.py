"""What lists read of the store: dates, the order of a period, who announced what."""

import random
from datetime import date, timedelta

from digest.model import COMMENTS, STARS, UPVOTES, Announcement, Sighting, Signal
from digest.ranking.trend import by_trend
from digest.store import Store
from tests.conftest import DAY, NOW
from tests.papers import paper, seen

HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)


def counted(title: str, on: date, *counts: Signal) -> Sighting:
    """A paper of a date with counts."""
    return Sighting(paper(title), Announcement.NEW, on, counts)


def test_a_period_is_in_the_order_that_upvotes_give_everywhere(store: Store) -> None:
    """Chance fills a month; the database orders it as `by_trend` does, also a part of it."""
    chance = random.Random(11)
    for source in ("one", "two"):
        sightings = []
        for place in range(60):
            counts = [
                Signal(name, chance.choice((0, 0, 1, 1, 2, 30)), NOW - chance.randrange(9) * HOUR)
                for name in (UPVOTES, COMMENTS, STARS)
                for _ in range(3)
                if chance.random() < 0.4
            ]
            day = DAY - timedelta(days=chance.randrange(4))
            unlike = {(count.name, count.observed): count for count in counts}
            sightings.append(counted(f"Owls of island {place}", day, *unlike.values()))
        store.papers.add(sightings, source, DAY)
    first = DAY - timedelta(days=2)
    within = store.papers.candidates(DAY, 3)
    expected = [within[place].number for place in by_trend(within, {})]
    assert len(expected) > 30
    assert store.lists.ranked(first, DAY, 1000) == expected
    assert store.lists.ranked(first, DAY, 7) == expected[:7]
    assert store.lists.size(first, DAY) == len(expected)


def test_dates_lead_to_the_nearest_that_have_papers(store: Store) -> None:
    """A replacement is no new paper, so its date has none."""
    store.papers.add([seen(paper("Owls"), DAY)], "one", DAY)
    store.papers.add([seen(paper("Bats"), DAY - 3 * A_DAY)], "one", DAY)
    again = seen(paper("Bats"), DAY + A_DAY, kind=Announcement.REPLACE)
    store.papers.add([again], "one", DAY)
    assert store.lists.last_day(DAY + 9 * A_DAY) == DAY
    assert store.lists.last_day(DAY - A_DAY) == DAY - 3 * A_DAY
    assert store.lists.last_day(DAY - 4 * A_DAY) is None
    assert store.lists.first_day(DAY - 2 * A_DAY) == DAY
    assert store.lists.first_day(DAY + A_DAY) is None


def test_a_date_with_upvotes_is_found_behind_one_without(store: Store) -> None:
    """Nought upvotes are none."""
    store.papers.add([seen(paper("Owls"), DAY, upvotes=0)], "one", DAY)
    store.papers.add([seen(paper("Bats"), DAY - A_DAY, upvotes=2)], "one", DAY)
    assert store.lists.last_upvoted_day(DAY - 5 * A_DAY, DAY) == DAY - A_DAY
    assert store.lists.last_upvoted_day(DAY, DAY) is None


def test_it_is_told_who_announced_a_paper(store: Store) -> None:
    """Each source with its dates, the earliest first, replacements too."""
    store.papers.add([seen(paper("Owls"), DAY)], "two", DAY)
    store.papers.add([seen(paper("Owls"), DAY - A_DAY)], "one", DAY)
    store.papers.add([seen(paper("Owls"), DAY + A_DAY, kind=Announcement.REPLACE)], "one", DAY)
    number = store.papers.candidates(DAY, 1)[0].number
    told = [(one.source, one.date, one.kind) for one in store.lists.told(number)]
    assert told == [
        ("one", DAY - A_DAY, Announcement.NEW),
        ("two", DAY, Announcement.NEW),
        ("one", DAY + A_DAY, Announcement.REPLACE),
    ]
