"""Which past dates can be asked about, and which papers stand on which.

Each paper that was voted on counts once: on the last date of the reader's schedule for which some
source announced it before the vote. So it is asked for where the reader may have met it, and its
vote is never known on that date. One that was in the reader's library before that date was none of
its candidates, and counts on none.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from digest.evaluation.nouns import Question, Votes
from digest.localtime import local_date
from digest.model import Schedule, Vote

_DAY = timedelta(days=1)


def questions_of(
    votes: Sequence[Vote],
    announced: Mapping[int, Sequence[date]],
    owned: Mapping[int, date],
    schedule: Schedule,
    between: tuple[date, date],
) -> tuple[list[Question], Votes]:
    """The dates on which a liked paper stands, oldest first, and what votes there are.

    Args:
        votes: all votes of one reader.
        announced: the dates on which each paper was announced as fresh.
        owned: the date on which each paper with one came into the reader's library.
        schedule: the reader's.
        between: the first and the last date that may be asked about.
    """
    first, last = between
    cast: dict[int, list[Vote]] = defaultdict(list)
    for vote in votes:
        cast[vote.paper].append(vote)
    liked: dict[date, set[int]] = defaultdict(set)
    disliked: dict[date, set[int]] = defaultdict(set)
    count = {True: 0, False: 0}
    for paper, its in cast.items():
        likes = any(vote.kind.likes for vote in its)
        count[likes] += 1
        voted = local_date(schedule.zone, min(vote.at for vote in its))
        day = _date_of(announced.get(paper, ()), schedule, voted)
        if day is not None and first <= day <= min(last, owned.get(paper, last)):
            (liked if likes else disliked)[day].add(paper)
    found = [
        Question(
            schedule.before(day) + _DAY,
            day,
            frozenset(liked[day]),
            frozenset(disliked.get(day, ())),
        )
        for day in sorted(liked)
    ]
    counted = sum(len(one.liked) for one in found)
    return found, Votes(count[True], count[False], count[True] - counted)


def dates_between(schedule: Schedule, first: date, last: date) -> Iterator[date]:
    """The dates of a schedule, pauses left out of account."""
    while first <= last:
        if first.weekday() in schedule.weekdays:
            yield first
        first += _DAY


def _date_of(announced: Sequence[date], schedule: Schedule, voted: date) -> date | None:
    """The date on which a paper counts; None where it was announced for none before the vote."""
    dates = (next(dates_between(schedule, day, day + 6 * _DAY), None) for day in announced)
    return max((day for day in dates if day is not None and day <= voted), default=None)
