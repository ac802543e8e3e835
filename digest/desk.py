"""The desk: what all editions of one date share, among readers with papers of as many days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

from digest.catalogue import Catalogue
from digest.model import UPVOTES, Coverage, Reader, Schedule, StoredPaper, Topic, Trend
from digest.progress import Progress
from digest.ranking import Ranker
from digest.ranking.trend import by_trend, lifts, trend_of
from digest.store import Store
from digest.store.readers import Due

DAILY = Schedule()
_PAST = timedelta(days=27)  # and the day itself

Place = tuple[date, int]


@dataclass(frozen=True)
class Desk:
    """The candidates of a date, and what is known of them.

    `trends` are those of the candidates with upvotes, by place; `order` are the candidates from the
    most to the least read, `places` the place of each in it, `lifts` what upvotes add to the score
    of each at a dial of 100; `rising` are the topics of the date; `daily` is how many papers a day
    with papers brought lately. Candidates are of the date and the `days` before, with it so many.
    """

    date: date
    days: int
    candidates: Sequence[StoredPaper]
    trends: Mapping[int, Trend]
    rising: tuple[Topic, ...]
    daily: float
    coverage: tuple[Coverage, ...]

    @property
    def place(self) -> Place:
        """What tells it from other desks."""
        return self.date, self.days

    @cached_property
    def order(self) -> Sequence[int]:
        """The candidates from the most to the least read."""
        return by_trend(self.candidates, self.trends)

    @cached_property
    def places(self) -> Mapping[int, int]:
        """The place of each candidate in the order."""
        return {candidate: place for place, candidate in enumerate(self.order)}

    @cached_property
    def place_of_row(self) -> Mapping[int, int]:
        """The candidate that each paper of the store is."""
        return {stored.number: place for place, stored in enumerate(self.candidates)}

    @cached_property
    def lifts(self) -> Sequence[float]:
        """What upvotes add to the score of each candidate."""
        return lifts(self.trends, len(self.candidates))


@dataclass(slots=True)
class Desks:
    """The desks of the dates at hand, with a ranker for each that needs one.

    `days` is how many days a paper stays a candidate, at least: for readers with longer gaps
    between their editions it is as long as the gap. `collected_on` is the date of the sources'
    coverage, `now` the time (aware).
    """

    store: Store
    catalogue: Catalogue
    days: int
    collected_on: date
    now: datetime
    progress: Progress
    _desks: dict[Place, Desk] = field(default_factory=dict)
    _rankers: dict[Place, Ranker] = field(default_factory=dict)
    _twins: dict[Place, Mapping[int, int]] = field(default_factory=dict)
    _renewed: bool = False

    def of(self, day: date, schedule: Schedule = DAILY) -> Desk:
        """The desk of a date, for readers with such a schedule."""
        place = day, max(self.days, schedule.longest_gap)
        if place not in self._desks:
            candidates = self.store.papers.candidates(*place)
            self._desks[place] = Desk(
                *place,
                candidates,
                self.trends(candidates),
                (),
                self._daily(day),
                self.store.visits.coverage(self.collected_on),
            )
        return self._desks[place]

    def trends(self, candidates: Sequence[StoredPaper]) -> dict[int, Trend]:
        """The trends of papers, by their place; those without upvotes have none."""
        places = {paper.number: place for place, paper in enumerate(candidates) if paper.upvotes}
        counted = self.store.counts.series(list(places), UPVOTES)
        return {
            places[number]: trend_of(one.counts, one.began, self.now)
            for number, one in counted.items()
        }

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

    def _daily(self, day: date) -> float:
        """The mean number of new papers of the days with any, of the last four weeks."""
        counts = self.store.papers.announced_between(day - _PAST, day)
        return sum(counts.values()) / len(counts) if counts else 0.0
