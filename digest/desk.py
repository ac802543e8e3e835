"""The desk: what all editions of one date share, among readers with papers of as many days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import numpy as np

from digest.catalogue import Catalogue
from digest.coverage import REMEMBERED, Calendars
from digest.coverage.known import Known, known_of
from digest.model import UPVOTES, Coverage, Reader, Risen, Schedule, StoredPaper, Topic, Trend
from digest.progress import Progress
from digest.ranking import Ranker, Scores
from digest.ranking.trend import by_trend, lifts, trend_of
from digest.store import Store
from digest.store.counts import Counted
from digest.store.readers import Due
from digest.topics import TopicsOfDates

DAILY = Schedule()
_PAST = timedelta(days=27)  # and the day itself
_NOON = time(12)  # UTC: then the day before has ended everywhere
LOOK_BACK = timedelta(days=7)
_MOST_READ = 200  # of two weeks: those that rose most in the second are among them

Place = tuple[date, int]
Begun = date
Coverages = dict[date, tuple[Coverage, ...]]  # by the first date that they tell of


@dataclass(frozen=True)
class Desk:
    """The candidates of a date, and what is known of them.

    `trends` are those of the candidates with upvotes, by place; `order` are the candidates from the
    most to the least read, `places` the place of each in it, `lifts` what upvotes add to the score
    of each at a dial of 100; `rising` are those of all `topics` that rise on the date; `daily` is
    how many papers a day with papers brought lately. Candidates are of the date and the `days`
    before, with it so many; nobody had asked for papers of `begun` and later ones before. It is
    `complete` where every source was read to its end for the date; `change` is the store's last one
    when the candidates were read.
    """

    date: date
    days: int
    begun: Begun
    candidates: Sequence[StoredPaper]
    trends: Mapping[int, Trend]
    topics: TopicsOfDates
    daily: float
    known: Known
    change: int
    _coverages: Coverages = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """What tells it from other desks."""
        return self.date, self.days

    @cached_property
    def complete(self) -> bool:
        """Whether no papers of the date are to come: all sources were read to their end for it."""
        return self.known.complete()

    def coverage(self, schedule: Schedule) -> tuple[Coverage, ...]:
        """What was announced and read since the edition before, for readers with a schedule."""
        since = min(schedule.before(self.date) + timedelta(days=1), self.begun)
        if since not in self._coverages:
            self._coverages[since] = self.known.coverage(since)
        return self._coverages[since]

    @cached_property
    def order(self) -> Sequence[int]:
        """The candidates from the most to the least read."""
        return by_trend(self.candidates, self.trends)

    @property
    def rising(self) -> tuple[Topic, ...]:
        """The topics that rise on the date; found when they are asked for first."""
        return self.topics.of(self.date)

    @cached_property
    def popular(self) -> Sequence[int]:
        """Those of them that have upvotes, in this order."""
        return [place for place in self.order if place in self.trends]

    @cached_property
    def places(self) -> Mapping[int, int]:
        """The place of each candidate in the order."""
        return {candidate: place for place, candidate in enumerate(self.order)}

    @cached_property
    def place_of_row(self) -> Mapping[int, int]:
        """The candidate that each paper of the store is."""
        return {stored.number: place for place, stored in enumerate(self.candidates)}

    @cached_property
    def lifts(self) -> Scores:
        """What upvotes add to the score of each candidate."""
        return np.array(lifts(self.trends, len(self.candidates)), np.float32)

    @cached_property
    def state(self) -> int:
        """Another one where something else would be weighed; good for this process alone."""
        numbers = tuple(stored.number for stored in self.candidates)
        return hash((self.place, self.change, self.complete, numbers))


@dataclass(slots=True)
class Desks:
    """The desks of the dates at hand, with a ranker for each that needs one.

    `days` is how many days a paper stays a candidate, at least: for readers with longer gaps
    between their editions it is as long as the gap, and days on which nobody asked for papers (the
    digest was off) count for none: what was caught up with since is weighed too. `collected_on` is
    the date for which sources were asked, `now` the time (aware); `sources` are the names of all
    that a date needs, with the `calendars` of those that know on which days they announce;
    `services` are those that are asked by the clock, and not read when somebody has a file.
    """

    store: Store
    catalogue: Catalogue
    days: int
    collected_on: date
    now: datetime
    progress: Progress
    sources: Sequence[str] = ()
    calendars: Calendars = field(default_factory=dict)
    services: Sequence[str] = ()
    _desks: dict[Place, Desk] = field(default_factory=dict)
    _rankers: dict[Place, Ranker] = field(default_factory=dict)
    _twins: dict[Place, Mapping[int, int]] = field(default_factory=dict)
    _risen: dict[date, Sequence[Risen]] = field(default_factory=dict)
    _asked_for: dict[date, Sequence[date]] = field(default_factory=dict)
    _renewed: bool = False
    _topics: TopicsOfDates = field(init=False)

    def __post_init__(self) -> None:
        """Topics are the same for all desks of a date."""
        self._topics = TopicsOfDates(self.store, self.catalogue, self.now, self.progress)

    def only_look(self) -> None:
        """Settle nothing for others: topics that are found here are not kept."""
        self._topics.settles = False

    def of(self, day: date, schedule: Schedule = DAILY) -> Desk:
        """The desk of a date, for readers with such a schedule."""
        place = day, max(self._window(day), schedule.longest_gap)
        if place not in self._desks:
            change = self.store.papers.last_change()
            candidates = self.store.papers.candidates(*place)
            self._desks[place] = Desk(
                *place,
                self._begun(day),
                candidates,
                self.trends(candidates, day),
                self._topics,
                self._daily(day),
                self._known(day),
                change,
            )
        return self._desks[place]

    def trends(self, candidates: Sequence[StoredPaper], day: date) -> dict[int, Trend]:
        """The trends of papers, by their place; those without upvotes have none.

        For a date that is over they are as they were when it ended everywhere: what was sent for
        it can be accounted for.

        Args:
            candidates: the papers.
            day: the date of the edition.
        """
        at = self.last_moment(day)
        places = {paper.number: place for place, paper in enumerate(candidates) if paper.upvotes}
        found = {}
        for number, one in self.store.counts.series(list(places), UPVOTES).items():
            known = [count for count in one.counts if count.observed <= at]
            counts = known or one.counts[:1]  # where nobody counted before, what came first
            if counts[-1].value > 0:
                found[places[number]] = trend_of(counts, one.began, at)
        return found

    def seated(self, shard: Sequence[Due]) -> list[tuple[Desk, list[Reader]]]:
        """The readers of a shard, by their desks."""
        found: dict[Place, tuple[Desk, list[Reader]]] = {}
        for due in shard:
            desk = self.of(due.date, due.reader.schedule)
            found.setdefault(desk.place, (desk, []))[1].append(due.reader)
        return list(found.values())

    def ranker(self, desk: Desk) -> Ranker:
        """The ranker of a desk, made when the first reader with interests needs it."""
        if desk.place not in self._rankers:
            if not self._rankers:
                self.catalogue.refresh()
            with self.progress.track(f"weighing {len(desk.candidates)} papers", None):
                self._rankers[desk.place] = self.catalogue.ranker(desk.candidates)
        return self._rankers[desk.place]

    def twins(self, desk: Desk) -> Mapping[int, int]:
        """Candidates that say the same as an earlier one, and that one."""
        if desk.place not in self._twins:
            self._twins[desk.place] = self.ranker(desk).twins()
        return self._twins[desk.place]

    def risen(self, day: date) -> Sequence[Risen]:
        """The papers that gained most upvotes in the seven days before a date and on it.

        As of trends, what was counted after the date does not count.
        """
        if day not in self._risen:
            read = self.store.lists.ranked(day - 2 * LOOK_BACK, day, _MOST_READ)
            since, until = datetime.combine(day - LOOK_BACK, time(), UTC), self.last_moment(day)
            gains = {
                number: gained
                for number, one in self.store.counts.series(read, UPVOTES).items()
                if (gained := _gained(one, since, until)) > 0
            }
            papers = self.store.papers.by_numbers(gains)
            best = sorted(papers, key=lambda number: (-gains[number], -number))
            self._risen[day] = [Risen(papers[number], gains[number]) for number in best]
        return self._risen[day]

    def renew(self) -> bool:
        """Make the index and all rankers anew, once; returns whether it was done."""
        if self._renewed:
            return False
        self._renewed = True
        self._rankers.clear()
        self._twins.clear()
        self.catalogue.rebuild()
        return True

    @property
    def ranked(self) -> bool:
        """Whether any ranker was needed."""
        return bool(self._rankers)

    def _window(self, day: date) -> int:
        """How many days back candidates go: so many as papers were asked for on `days` of them.

        Not farther than sources are caught up with, and never for a gap before the first date.
        """
        asked = self._asked(day)[: self.days]
        back = (day - asked[-1]).days + 1 if len(asked) == self.days else self.days
        return max(min(back, REMEMBERED.days), self.days)

    def _begun(self, day: date) -> date:
        """The first date that was not asked for before: the date itself, but after a gap."""
        before = [one for one in self._asked(day) if one < day]
        return max(before[0] + timedelta(days=1), day - REMEMBERED) if before else day

    def _asked(self, day: date) -> Sequence[date]:
        """The latest dates, up to this one, for which services were asked."""
        if day not in self._asked_for:
            most = max(self.days, 2)  # the date itself, and the one before
            self._asked_for[day] = self.store.visits.dates(self.services, day, most)
        return self._asked_for[day]

    def last_moment(self, day: date) -> datetime:
        """Now, or, of a date that is over, the time at which it had ended everywhere."""
        return min(self.now, datetime.combine(day + timedelta(days=1), _NOON, UTC))

    def _known(self, day: date) -> Known:
        on, sources, calendars = self.collected_on, self.sources, self.calendars
        return known_of(self.store, day, on, sources, calendars, self.now)

    def _daily(self, day: date) -> float:
        """The mean number of new papers of the days with any, of the last four weeks."""
        counts = self.store.papers.announced_between(day - _PAST, day)
        return sum(counts.values()) / len(counts) if counts else 0.0


def _gained(one: Counted, since: datetime, until: datetime) -> int:
    """How many upvotes a paper gained between two times; of those before its first count no one
    knows when they came, unless it was not there yet.
    """
    counts = [count for count in one.counts if count.observed <= until]
    if not counts:
        return 0
    before = [count.value for count in counts if count.observed <= since]
    first = 0 if one.began >= since else counts[0].value
    return counts[-1].value - (before[-1] if before else first)
