"""A batch of papers placed in memory: which work each one is, and what is known of it then.

Works that are new get numbers below zero until they have rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from digest.identity import is_strong
from digest.model import Paper
from digest.store.merging import (
    NO_VERSION,
    contradict,
    merged,
    near_work,
    numbered_twice,
    same_work,
)


@dataclass(slots=True)
class Shelf:
    """The part of the store that a batch touches.

    `numbers` are the works of keys, `marked` those of marks; `joined` are pairs of stored rows that
    became one, the one that stays first.
    """

    papers: dict[int, Paper] = field(default_factory=dict)
    dates: dict[int, date | None] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    marked: dict[int, list[int]] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    new_keys: set[str] = field(default_factory=set)
    new_marks: set[tuple[int, int]] = field(default_factory=set)
    freed: set[str] = field(default_factory=set)  # keys that their works have no more
    published: set[int] = field(default_factory=set)  # were in readers' libraries alone till now
    told: dict[int, tuple[str, str, bool]] = field(default_factory=dict)  # as stored, see told_of
    joined: list[tuple[int, int]] = field(default_factory=list)
    moved: dict[int, int] = field(default_factory=dict)  # works that became others
    rows: dict[int, int] = field(default_factory=dict)  # of works that were new
    made: int = 0

    def hold(self, number: int, paper: Paper, announced: date | None) -> None:
        """Take a stored work."""
        if number not in self.papers:
            self.papers[number] = paper
            self.dates[number] = announced
            self.told[number] = told_of(paper, announced)
            self.numbers.update(dict.fromkeys(paper.keys, number))

    def knows(self, paper: Paper) -> bool:
        """Whether a paper says no more than a work under this title that is stored.

        Then it was compared with works of nearly that title before.
        """
        return any(
            work.title == paper.title
            and (work.version != NO_VERSION or paper.version == NO_VERSION)
            and bool(work.authors)
            and (bool(work.abstract) or not paper.abstract)
            for work in (self.papers[number] for number in self._keyed(paper))
        )

    def place(self, paper: Paper, marks: Sequence[int] = ()) -> int:
        """The number of a paper's work; rows that turn out to be the same work are joined.

        Args:
            paper: as a source showed it.
            marks: of works with nearly its title; none where no such work need be looked for.
        """
        keyed = self._keyed(paper)
        paper = self._with_own_keys(paper, keyed)
        near = self._near(paper, marks, keyed)
        matches = [*keyed, *near]
        if matches:
            number = matches[0]
            self._tell(number, paper)
        else:
            self.made += 1
            number = -self.made
            self.papers[number], self.dates[number] = paper, None
        fresh = [key for key in self.papers[number].keys if key not in self.numbers]
        self.numbers.update(dict.fromkeys(fresh, number))
        self.new_keys.update(fresh)
        for other in matches[1:]:
            work, its = self.papers[number], self.papers[other]
            if not contradict(work, its) if other in near else same_work(work, its):
                number = self._join(number, other)
        self.papers[number] = self._with_own_keys(self.papers[number], [number])
        if paper.version != NO_VERSION or self.papers[number].version == NO_VERSION:
            self._mark(number, marks)
        return number

    def date(self, number: int, day: date) -> None:
        """Keep the earliest date of a work."""
        earlier = self.dates.get(number)
        if earlier is None or day < earlier:
            self.dates[number] = day
            self.changed.add(number)

    def retold(self) -> list[int]:
        """Stored works that say something else now, and those that another row was joined to."""
        return sorted(
            number
            for number, paper in self.papers.items()
            if number > 0 and self.told.get(number) != told_of(paper, self.dates[number])
        )

    def renumber(self, real: Mapping[int, int]) -> None:
        """Give new works the numbers of their rows."""
        self.rows.update(real)
        self.numbers = {key: real.get(number, number) for key, number in self.numbers.items()}
        self.new_marks = {(mark, real.get(number, number)) for mark, number in self.new_marks}

    def placed(self, number: int) -> int:
        """The number of a work by now, which may have become another one."""
        while number in self.moved:
            number = self.moved[number]
        return number

    def row_of(self, number: int) -> int:
        """The row of a work that was placed, once new works have theirs."""
        number = self.placed(number)
        return self.rows.get(number, number)

    def _keyed(self, paper: Paper) -> list[int]:
        """The works that a paper's keys lead to."""
        matches: list[int] = []
        for key in paper.keys:
            number = self.numbers.get(key)
            if number is None or number in matches:
                continue
            work = self.papers[number]
            if not numbered_twice(work, paper) if is_strong(key) else same_work(work, paper):
                matches.append(number)
        return matches or [self.numbers[key] for key in paper.keys[-1:] if self._taken(paper)]

    def _taken(self, paper: Paper) -> bool:
        """Whether all keys of a paper are those of other works: then it is the last one's."""
        return all(key in self.numbers for key in paper.keys)

    def _with_own_keys(self, paper: Paper, keyed: Sequence[int]) -> Paper:
        """A paper without the keys of works that it is not."""
        keys = tuple(key for key in paper.keys if self.numbers.get(key) in (None, *keyed))
        return paper if keys == paper.keys else replace(paper, keys=keys)

    def _near(self, paper: Paper, marks: Iterable[int], keyed: Sequence[int]) -> list[int]:
        """Further works of nearly the same title; none where they cannot all be the same one.

        What comes from a reader's library is placed by its keys alone: it is not to be lost in a
        work that keeps nothing of it.
        """
        if paper.version == NO_VERSION:
            return []
        found = [
            number
            for number in dict.fromkeys(n for mark in marks for n in self.marked.get(mark, ()))
            if number not in keyed and near_work(self.papers[number], paper)
        ]
        told = [number for number in found if self.papers[number].version != NO_VERSION]
        every = [*keyed[:1], *told]
        for place, number in enumerate(every):
            if self._contradicted(number, every[place + 1 :]):
                return []
        private = (number for number in found if number not in told)
        return told + [number for number in private if not self._contradicted(number, every)]

    def _contradicted(self, number: int, others: Iterable[int]) -> bool:
        return any(contradict(self.papers[number], self.papers[other]) for other in others)

    def _tell(self, number: int, paper: Paper) -> None:
        """Learn what a paper says of its work."""
        before = self.papers[number]
        newest = merged(before, paper)
        if newest == before:
            return
        self.papers[number] = newest
        self.changed.add(number)
        self._publish(number, before, newest)
        self._free(number, before.keys)

    def _join(self, first: int, second: int) -> int:
        """Make two works one in memory; returns the number that stays."""
        stored = [number for number in (first, second) if number > 0]
        keep = min(stored) if stored else max(first, second)
        drop = second if keep == first else first
        known = self.papers[keep]
        self.papers[keep] = merged(self.papers[first], self.papers[second])
        days = [day for day in (self.dates[first], self.dates[second]) if day]
        self.dates[keep] = min(days, default=None)
        for key, number in self.numbers.items():
            if number == drop:
                self.numbers[key] = keep
        self._move_marks(drop, keep)
        self._publish(keep, known, self.papers[keep])
        before = self.papers.pop(drop).keys + known.keys
        del self.dates[drop]
        self.moved[drop] = keep
        self.changed.discard(drop)
        self.changed.add(keep)
        self._free(keep, before)
        if drop > 0:  # the number of the row that goes must not be the last one, to be given again
            self.told.pop(keep, None)
            self.joined.append((keep, drop))
        return keep

    def _mark(self, number: int, marks: Iterable[int]) -> None:
        for mark in marks:
            works = self.marked.setdefault(mark, [])
            if number not in works:
                works.append(number)
                self.new_marks.add((mark, number))

    def _move_marks(self, drop: int, keep: int) -> None:
        for works in self.marked.values():
            if drop in works:
                works.remove(drop)
                if keep not in works:
                    works.append(keep)
        self.new_marks = {(mark, keep if n == drop else n) for mark, n in self.new_marks}

    def _publish(self, number: int, before: Paper, after: Paper) -> None:
        """Let go of the marks of what was in libraries alone, once a service tells of it."""
        if before.version == NO_VERSION != after.version:
            self.published.add(number)
            self.new_marks = {(mark, n) for mark, n in self.new_marks if n != number}
            for works in self.marked.values():
                if number in works:
                    works.remove(number)

    def _free(self, number: int, before: Sequence[str]) -> None:
        """Let go of keys that a work had before: another work may be announced by them."""
        gone = set(before) - set(self.papers[number].keys)
        lost = {key for key in gone if self.numbers.get(key) == number}
        for key in lost:
            del self.numbers[key]
        if lost:
            self.freed |= lost
            self.new_keys -= lost
            self.told.pop(number, None)  # it may have been known by such a key where it was read


def told_of(paper: Paper, announced: date | None) -> tuple[str, str, bool]:
    """What a change is counted for: the texts, and whether the paper was announced at all."""
    return paper.title, paper.abstract, announced is not None
