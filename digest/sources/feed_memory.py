"""What is kept of a feed from one visit to the next, and what its counts say of the days between.

A feed shows its newest entries, whatever was seen of them: only memory tells which are new. An
entry is announced on its own date where it came after the last visit, else on the day on which it
was first seen. The first visit takes the entries of the last week, so that no feed floods an
edition.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from digest.model import Count, Standing
from digest.sources import Request
from digest.sources.answers import a_list, a_text, an_object
from digest.sources.days import FARTHEST

WAY = "feed"
CUT = "cut short"
_FIRST_DAYS = timedelta(days=7)
_STALE = timedelta(days=60)
_A_DAY = timedelta(days=1)
_MOST_MARKS = 6_000


@dataclass(frozen=True, slots=True)
class Memory:
    """A feed as it was left: validators of its answer, entries seen, date of the last reading."""

    known: str = ""
    seen: tuple[str, ...] = ()
    read: date | None = None

    @classmethod
    def of(cls, note: str) -> "Memory":
        """From a note; an empty memory where there is none, or it is damaged."""
        try:
            fields = an_object(json.loads(note)) if note else {}
            written = a_text(fields.get("read"))
            read = date.fromisoformat(written) if written else None
        except (ValueError, RecursionError):
            return cls()
        seen = (a_text(one, 12) for one in a_list(fields.get("seen")))
        return cls(a_text(fields.get("known")), tuple(seen), read)

    def note(self) -> str:
        """As it is kept."""
        read = self.read.isoformat() if self.read else ""
        return json.dumps({"known": self.known, "read": read, "seen": list(self.seen)})

    def announced(self, published: date | None, today: date) -> date | None:
        """The date of a new entry; None where it is too old to be news."""
        if self.read is None:
            recent = published is not None and today - published < _FIRST_DAYS
            return published if recent else None
        if published is None:
            return today
        if today - published > _STALE:
            return None
        return published if published >= self.read - _A_DAY else today

    def after(self, marks: Iterable[str], known: str, read: date) -> "Memory":
        """The memory that a visit leaves."""
        seen = tuple(dict.fromkeys((*marks, *self.seen)))[:_MOST_MARKS]
        return Memory(known, seen, read)


@dataclass(slots=True)
class Tally:
    """Counts of one visit to a feed."""

    part: str
    today: date
    new: int = 0
    readable: int = 0
    listed: int = 0
    known: int = 0  # of those listed
    by_date: dict[date, int] = field(default_factory=dict)

    def entry(self, *, readable: bool) -> None:
        """Count a new entry."""
        self.new += 1
        self.readable += readable

    def dated(self, day: date) -> None:
        """Count an entry that was announced on a day."""
        self.by_date[day] = self.by_date.get(day, 0) + 1

    def counts(self, memory: Memory, request: Request, problem: str = "") -> tuple[Count, ...]:
        """What the visit says of today, and of days before that nothing was known of."""
        kept = {one.date: one.count for one in request.covered if one.count.part == self.part}
        here = kept.get(self.today)
        read_before = here.read if here else 0
        before = max((here.announced or 0) if here else 0, read_before)
        if problem:
            said, read = f"{CUT}: {problem}", self.readable + read_before
            return (Count(self.part, self.today, Standing.PARTIAL, None, read, WAY, said),)
        earlier = self._earlier(memory, kept)
        # What came on earlier days is counted there; today's earlier visits count too.
        elsewhere = sum(count.read for count in earlier)
        announced = self.new - elsewhere + before
        read = self.readable - elsewhere + read_before
        return (*earlier, self._todays(announced, read))

    def _todays(self, announced: int, read: int) -> Count:
        if read < announced:
            said = f"{announced - read} of {announced} could not be read"
            return Count(self.part, self.today, Standing.PARTIAL, announced, read, WAY, said)
        if announced:
            return Count(self.part, self.today, Standing.COMPLETE, announced, read, WAY)
        return Count(self.part, self.today, Standing.QUIET, 0, 0, WAY, "nothing new")

    def _earlier(self, memory: Memory, kept: Mapping[date, Count]) -> list[Count]:
        """Days on which the feed was not read: what came then stands in it now."""
        if memory.read is None:
            return []
        reaches = not memory.seen or self.known > 0
        found = []
        day = max(memory.read, self.today - FARTHEST)
        while day < self.today:
            if self._open(kept.get(day)):
                read = self.by_date.get(day, 0)
                if not reaches:
                    said = "the feed does not reach back to the last visit: some may be missing"
                    found.append(Count(self.part, day, Standing.PARTIAL, None, read, WAY, said))
                elif read:
                    found.append(Count(self.part, day, Standing.COMPLETE, read, read, WAY))
                else:
                    said = "nothing of that day, as was seen later"
                    found.append(Count(self.part, day, Standing.QUIET, 0, 0, WAY, said))
            day += _A_DAY
        return found

    @staticmethod
    def _open(count: Count | None) -> bool:
        """Whether nothing, or nothing good, is known of a day."""
        if count is None or count.standing in (Standing.BROKEN, Standing.STALE):
            return True
        return count.standing is Standing.PARTIAL and (count.said or "").startswith(CUT)
