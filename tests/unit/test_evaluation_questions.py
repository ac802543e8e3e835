"""Which past dates can be asked about: each paper once, where the reader may have met it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from digest.evaluation.nouns import Question, Votes
from digest.evaluation.questions import dates_between, questions_of
from digest.model import Schedule, Vote, VoteKind

MON = date(2026, 3, 2)
TUE, WED, THU, SUN = (MON + timedelta(days=n) for n in (1, 2, 3, 6))
ZONE = "Pacific/Auckland"  # 13 hours before UTC in March


def cast(paper: int, day: date, hour: int = 12, kind: VoteKind = VoteKind.MORE) -> Vote:
    """A vote on a paper at an hour of UTC."""
    return Vote(1, paper, kind, None, datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


def asked(
    votes: Sequence[Vote],
    announced: dict[int, list[date]],
    schedule: Schedule | None = None,
    first: date = MON,
    last: date = SUN,
) -> tuple[dict[date, set[int]], Votes]:
    """The liked papers by date, and what votes there are."""
    found, counted = questions_of(votes, announced, {}, schedule or Schedule(), (first, last))
    return {one.day: set(one.liked) for one in found}, counted


def test_a_paper_counts_on_the_date_of_its_announcement() -> None:
    """Whenever it was liked afterwards; dates come oldest first."""
    votes = [cast(1, SUN), cast(2, TUE), cast(3, TUE, kind=VoteKind.SAVE)]
    found, counted = asked(votes, {1: [WED], 2: [MON], 3: [MON]})
    assert list(found.items()) == [(MON, {2, 3}), (WED, {1})]
    assert counted == Votes(3, 0, 0)


def test_a_paper_that_was_announced_twice_counts_once() -> None:
    """On the last date before its first vote: there the reader may have met it."""
    twice = {1: [MON, WED]}
    assert asked([cast(1, TUE)], twice)[0] == {MON: {1}}
    assert asked([cast(1, WED)], twice)[0] == {WED: {1}}
    assert asked([cast(1, TUE), cast(1, THU, kind=VoteKind.SAVE)], twice)[0] == {MON: {1}}


def test_what_cannot_be_asked_is_counted() -> None:
    """Never announced, voted on before it was, or of dates outside the days that are asked for."""
    votes = [cast(1, MON), cast(2, MON), cast(3, THU), cast(4, THU), cast(5, THU)]
    announced = {2: [TUE], 3: [MON - timedelta(days=1)], 4: [SUN], 5: [TUE]}
    found, counted = asked(votes, announced, last=WED)
    assert found == {TUE: {5}}
    assert counted == Votes(5, 0, 4)


def test_a_paper_that_the_library_had_before_stands_on_no_date() -> None:
    """No letter shows it, and its reader's taste knows it; one that came that day or later does."""
    votes, announced = [cast(1, THU)], {1: [WED]}
    for added, stands in ((TUE, False), (WED, True), (THU, True)):
        found, counted = questions_of(votes, announced, {1: added}, Schedule(), (MON, SUN))
        assert [one.day for one in found] == ([WED] if stands else [])
        assert counted == Votes(1, 0, 0 if stands else 1)


def test_dislikes_alone_make_no_date() -> None:
    """They stand beside liked papers of their date; a paper that is saved and less is liked."""
    less = VoteKind.LESS
    votes = [cast(1, MON), cast(2, MON, kind=less), cast(3, TUE, kind=VoteKind.MUTE),
             cast(4, MON, kind=less), cast(4, MON, kind=VoteKind.SAVE)]  # fmt: skip
    found, counted = questions_of(
        votes, {1: [MON], 2: [MON], 3: [TUE], 4: [MON]}, {}, Schedule(), (MON, SUN)
    )
    assert found == [Question(MON, MON, frozenset({1, 4}), frozenset({2}))]
    assert counted == Votes(2, 2, 0)


def test_a_weekly_reader() -> None:
    """Papers of seven days stand on one date; what was voted on before it is not asked for."""
    weekly = Schedule(weekdays=frozenset({6}))
    votes = [cast(1, SUN), cast(2, SUN, 23), cast(3, WED), cast(4, SUN)]
    announced = {1: [MON], 2: [SUN], 3: [TUE], 4: [MON - timedelta(days=1)]}
    found, counted = questions_of(votes, announced, {}, weekly, (MON, SUN))
    assert found == [Question(MON, SUN, frozenset({1, 2}))]
    assert counted == Votes(4, 0, 2)


def test_a_reader_with_days_off() -> None:
    """What was announced since Friday's edition stands on Monday's."""
    weekdays = Schedule(weekdays=frozenset(range(5)))
    saturday, monday = SUN - timedelta(days=1), SUN + timedelta(days=1)
    votes = [cast(1, monday), cast(2, monday)]
    found, _ = questions_of(votes, {1: [saturday], 2: [monday]}, {}, weekdays, (MON, monday))
    assert found == [Question(saturday, monday, frozenset({1, 2}))]


def test_the_dates_of_votes_are_those_of_the_reader() -> None:
    """At noon UTC of Monday it is Tuesday in Auckland: Tuesday's papers can be voted on there."""
    votes, announced = [cast(1, MON, 12)], {1: [TUE]}
    assert asked(votes, announced)[0] == {}
    assert asked(votes, announced, Schedule(zone=ZONE))[0] == {TUE: {1}}
    assert asked([cast(1, MON, 10)], announced, Schedule(zone=ZONE))[0] == {}


def test_dates_of_a_schedule() -> None:
    """Its weekdays from the first to the last date, whatever is paused now."""
    paused = Schedule(weekdays=frozenset({0, 6}), paused_until=date(2027, 1, 1))
    assert list(dates_between(paused, MON, SUN)) == [MON, SUN]
    assert list(dates_between(paused, TUE, THU)) == []
