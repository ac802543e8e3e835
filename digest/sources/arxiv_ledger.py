"""What is known of arXiv's announcements, by category and date, and what is not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from digest.model import Count, Covered, Standing
from digest.sources.arxiv_calendar import (
    NEW_YORK,
    latest_listing,
    listing_expected,
    listings,
    next_listing,
)
from digest.sources.days import DROPPED, FARTHEST

LONGEST_GAP = 5  # listings that are asked for at once
_WAITS = (timedelta(hours=1), timedelta(hours=12))  # the shortest and the longest
_SHARE = 8  # a gap that nothing filled is asked for again after this part of its age
# At a feed that was read whole: it may have grown; at one that was empty, sooner.
_LOOK_AGAIN = {Standing.COMPLETE: timedelta(hours=6), Standing.QUIET: timedelta(hours=2)}

FEED, API, OAI = "feed", "api", "oai"


@dataclass(frozen=True, slots=True)
class Gap:
    """Neighbouring listings (at least one, in order) that some categories are not known of."""

    dates: tuple[date, ...]
    categories: tuple[str, ...]

    def __str__(self) -> str:
        """As troubles name it."""
        first, last = self.dates[0], self.dates[-1]
        days = f"{first}" if first == last else f"{first} to {last}"
        return f"{', '.join(self.categories)} of {days}"

    def may_have(self, day: date) -> bool:
        """Whether a listing follows and there is room for it."""
        return len(self.dates) < LONGEST_GAP and next_listing(self.dates[-1]) == day

    def places(self) -> Iterator[tuple[str, date]]:
        """Every category on every date."""
        return ((category, day) for day in self.dates for category in self.categories)


@dataclass(slots=True)
class Ledger:
    """The counts of before and of this visit, and when those of before were asked for.

    `begun` are dates on which categories were asked before all counts at hand; `empty` are those
    whose feed shows nothing, on a day on which it should.
    """

    categories: tuple[str, ...]
    begun: Mapping[str, date] = field(default_factory=dict)
    counts: dict[tuple[str, date], Count] = field(default_factory=dict)
    asked: dict[tuple[str, date], datetime] = field(default_factory=dict)
    empty: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        categories: tuple[str, ...],
        covered: Iterable[Covered],
        begun: Mapping[str, date] | None = None,
    ) -> "Ledger":
        """What was known before."""
        ledger = cls(categories, begun or {})
        for one in covered:
            place = (one.count.part, one.date)
            ledger.counts[place], ledger.asked[place] = one.count, one.asked
        return ledger

    def take(self, counts: Iterable[Count]) -> None:
        """Learn what this visit found; what is settled stays settled."""
        for count in counts:
            place = (count.part, count.date)
            if not self.settled(*place) or count.standing.settled:
                self.counts[place] = count

    def settled(self, category: str, day: date) -> bool:
        """Whether nothing is left to be asked for."""
        count = self.counts.get((category, day))
        return count is not None and count.standing.settled and count.said != DROPPED

    def rests(self, category: str, newest: date, now: datetime) -> Count | None:
        """The count of the newest listing, where its feed has nothing to add to it for now.

        Where the papers came by another way it has nothing to add at all. One that was read whole
        is looked at again after some hours; from midnight on, for the next listing.
        """
        count, asked = self.counts.get((category, newest)), self.asked.get((category, newest))
        if count is None or asked is None or not self.settled(category, newest):
            return None
        if count.standing is Standing.COMPLETE and count.way != FEED:
            return count
        today = now.astimezone(NEW_YORK).date()
        if (today != newest and listing_expected(today)) or latest_listing(asked) < newest:
            return None
        return count if now - asked < _LOOK_AGAIN[count.standing] else None

    def has_some(self, day: date) -> bool:
        """Whether papers of a date were read."""
        return any(count.read for (_, on), count in self.counts.items() if on == day)

    def open(self, day: date) -> tuple[str, ...]:
        """The categories that are not settled on a date."""
        return tuple(one for one in self.categories if not self.settled(one, day))

    def read_on(self, day: date) -> tuple[int, int]:
        """How many papers were announced on a date and read, as it is known."""
        counts = [count for (_, on), count in self.counts.items() if on == day]
        return sum(count.announced or 0 for count in counts), sum(count.read for count in counts)

    def gap_on(self, day: date) -> Gap | None:
        """What is not settled on one date."""
        categories = self.open(day)
        return Gap((day,), categories) if categories else None

    def gaps_before(self, newest: date, now: datetime, wanted: date) -> list[Gap]:
        """What is not settled on the listings before the newest, the oldest first.

        From the first date on that a category is known of: a new installation, or a new category,
        has no past but the date that is `wanted`, since it is not over where its reader lives.
        What could not be had is asked for more and more seldom.
        """
        first = max(newest, wanted) - FARTHEST  # of dates before, counts are not at hand
        missing = {
            day: categories
            for day in listings(first, newest - timedelta(days=1))
            if (
                categories := tuple(o for o in self.open(day) if min(self._since(o), wanted) <= day)
            )
        }
        gaps: list[Gap] = []
        for day, categories in missing.items():
            last = gaps[-1] if gaps else None
            if last and last.categories == categories and last.may_have(day):
                gaps[-1] = Gap((*last.dates, day), categories)
            else:
                gaps.append(Gap((day,), categories))
        return [gap for gap in gaps if any(self._is_due(*place, now) for place in gap.places())]

    def _since(self, category: str) -> date:
        """The first date that a category is known of."""
        counted = (day for part, day in self.counts if part == category)
        return min((self.begun.get(category, date.max), *counted))

    def _is_due(self, category: str, day: date, now: datetime) -> bool:
        asked = self.asked.get((category, day))
        if asked is None or (count := self.counts.get((category, day))) is None:
            return True
        if count.way != OAI:  # the last way was not tried yet, or had no time
            return True
        midnight = datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)
        shortest, longest = _WAITS
        return now - asked >= min(max((now - midnight) / _SHARE, shortest), longest)

    def lost(self, gap: Gap, way: str, said: str) -> tuple[Count, ...]:
        """Counts for what could not be had by any way; what the feed said of it stands."""
        counts = []
        for category, day in gap.places():
            if self.settled(category, day):
                continue
            before = self.counts.get((category, day))
            standing = before.standing if before else Standing.BROKEN
            announced, read = (before.announced, before.read) if before else (None, 0)
            fed = before.said if before and before.way == FEED else None
            words = f"{fed}; {said}" if fed else said
            counts.append(Count(category, day, standing, announced, read, way, words))
        return tuple(counts)

    def lacks(self, day: date) -> str | None:
        """What is not settled on a date, in words, or None."""
        parts = [
            f"{category}: {count.standing}{f' ({count.said})' if count.said else ''}"
            if (count := self.counts.get((category, day)))
            else f"{category}: not asked for"
            for category in self.open(day)
        ]
        more = f" (and {len(parts) - 1} more categories)" if len(parts) > 1 else ""
        return f"{day}, {parts[0]}{more}" if parts else None
