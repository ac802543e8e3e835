"""Whose turn it is to ask a host: one request at a time, apart from each other, over all uses.

A book keeps the turns: `LocalBook` for one process, the store's `Hosts` for all that share a
database. All times are given and taken in seconds from now, by the book's own clock.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from digest.errors import StoreError
from digest.intake.failing import BusyError, RefusedError

log = logging.getLogger(__name__)

LEASE = 60.0  # seconds after which the turn of a process that died is over
SHORT_WAIT = 30.0  # longer waits that a host asks for belong to the next run
LONGEST_HOLD = 86_400.0
ARXIV_SPACING = 3.0  # arXiv's terms of use: one request every three seconds, one at a time
_LOOK = 0.2  # seconds between two looks at a turn that somebody else has
# Whose hosts share one budget; every other host has one of its own.
_FAMILIES = ("arxiv.org", "biorxiv.org", "huggingface.co", "medrxiv.org", "openalex.org")
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Budget:
    """What several hosts share: `spacing` seconds lie between two requests to any of them."""

    name: str
    spacing: float


def budget_of(host: str, spacing: float) -> Budget:
    """The budget of a host; `spacing` is that of hosts which have no rule of their own."""
    name = host.strip("[]").rstrip(".").lower()
    family = next((one for one in _FAMILIES if f".{name}".endswith(f".{one}")), name)
    least = ARXIV_SPACING if family == "arxiv.org" else 0.0
    return Budget(family[:_LONGEST_NAME], max(spacing, least))


@dataclass(frozen=True, slots=True)
class Slot:
    """How it stands with a budget, in seconds from now; none or less is over.

    `free`: the next request may begin; `lease`: somebody else has the turn, at most so long;
    `held`: the host wants to be left alone.
    """

    free: float = 0.0
    lease: float = 0.0
    held: float = 0.0


class Answer(StrEnum):
    """What one gets who asks for a turn."""

    TAKEN = "it is ours, and begins after the wait"
    OTHERS = "others of this house are asking it"  # for the wait at most
    DISTANCE = "it was asked a moment ago"
    HELD = "the service asked us to wait"


@dataclass(frozen=True, slots=True)
class Place:
    """The answer to one who asks for a turn, and the seconds that there are to wait."""

    answer: Answer
    wait: float


def place(slot: Slot, most: float, spacing: float, lease: float = LEASE) -> Place:
    """The place of one who would wait `most` seconds at most.

    A time further ahead than it can be set was left by a clock that has been put back since.
    """
    held = slot.held if 0 < slot.held <= LONGEST_HOLD else 0.0
    if held > most:
        return Place(Answer.HELD, held)
    if 0 < slot.lease <= 2 * lease + SHORT_WAIT:
        return Place(Answer.OTHERS, slot.lease)
    free = slot.free if 0 < slot.free <= max(spacing, LEASE) else 0.0
    wait = max(held, free)
    return Place(Answer.TAKEN if wait <= most else Answer.DISTANCE, wait)


class Book(Protocol):
    """Keeps whose turn it is, for each budget."""

    @property
    def lease(self) -> float:
        """For how many seconds a turn holds unless it is renewed."""
        ...

    def take(self, budget: Budget, holder: str, most: float) -> Place:
        """Take the turn, to begin in at most `most` seconds, if it can be had."""
        ...

    def renew(self, budget: Budget, holder: str) -> bool:
        """Hold the turn for another lease; False where it is somebody else's by now."""
        ...

    def give(self, budget: Budget, holder: str, rest: float) -> None:
        """Give the turn back; the next request may begin in `rest` seconds."""
        ...

    def hold(self, budget: Budget, seconds: float) -> None:
        """Leave the hosts alone for so long; never shorter than they asked before."""
        ...


@dataclass(slots=True)
class _Row:
    free: float = 0.0
    holder: str = ""
    lease: float = 0.0
    held: float = 0.0


@dataclass(slots=True)
class LocalBook:
    """The turns of one process, in memory."""

    clock: Callable[[], float] = time.monotonic
    lease: float = LEASE
    _rows: dict[str, _Row] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, budget: Budget, holder: str, most: float) -> Place:
        """Take the turn, to begin in at most `most` seconds, if it can be had."""
        with self._lock:
            now = self.clock()
            row = self._rows.setdefault(budget.name, _Row(now, "", now, now))
            lease = row.lease - now if row.holder else 0.0
            slot = Slot(row.free - now, lease, row.held - now)
            found = place(slot, most, budget.spacing, self.lease)
            if found.answer is Answer.TAKEN:
                row.holder, row.lease = holder, now + found.wait + self.lease
                row.free = now + found.wait + budget.spacing
            return found

    def renew(self, budget: Budget, holder: str) -> bool:
        """Hold the turn for another lease; False where it is somebody else's by now."""
        with self._lock:
            row = self._rows.get(budget.name)
            if row is None or row.holder != holder:
                return False
            row.lease = self.clock() + self.lease
            return True

    def give(self, budget: Budget, holder: str, rest: float) -> None:
        """Give the turn back; the next request may begin in `rest` seconds."""
        with self._lock:
            row = self._rows.get(budget.name)
            if row is not None and row.holder == holder:
                row.holder, row.free = "", self.clock() + rest

    def hold(self, budget: Budget, seconds: float) -> None:
        """Leave the hosts alone for so long; never shorter than they asked before."""
        with self._lock:
            now = self.clock()
            row = self._rows.setdefault(budget.name, _Row(now, "", now, now))
            row.held = max(row.held, now + min(seconds, LONGEST_HOLD))


@dataclass(frozen=True, slots=True)
class Patience:
    """How one waits: by which clock, until when, how one sleeps, and what ends the waiting."""

    clock: Callable[[], float]
    end: float
    sleep: Callable[[float], object]
    stopping: Callable[[], bool]
    chance: Callable[[], float]


@dataclass(slots=True)
class Turn:
    """Our turn to ask; renewed while an answer takes long."""

    book: Book
    budget: Budget
    holder: str
    clock: Callable[[], float]
    began: float
    _renewed: float
    _answered: float | None = None

    def answered(self) -> None:
        """The host has our request: the next is kept apart from this moment at the latest."""
        self._answered = self.clock()

    def keep(self) -> None:
        """Hold on to the turn.

        Raises:
            RefusedError: it ended meanwhile (this process stood still), and others may ask now.
        """
        now = self.clock()
        if now - self._renewed < self.book.lease / 3:
            return
        self._renewed = now
        try:
            ours = self.book.renew(self.budget, self.holder)
        except StoreError as error:  # then others cannot take it either
            log.warning("%s", error)
        else:
            if not ours:
                raise RefusedError("this process stood still for too long: others may ask now")

    def end(self) -> None:
        """Give the turn back, spaced from when the host had our request for sure."""
        now = self.clock()
        had_it = now if self._answered is None else self._answered
        rest = max(had_it + self.budget.spacing - now, 0.0)
        try:
            self.book.give(self.budget, self.holder, rest)
        except StoreError as error:  # the answer is here; the turn ends with its lease
            log.warning("%s", error)


@contextmanager
def turn(book: Book, budget: Budget, patience: Patience) -> Iterator[Turn]:
    """Wait for the turn to ask a host, and have it while the context lasts.

    Raises:
        BusyError: it cannot be had in time; with the seconds that it takes.
        RefusedError: the program is asked to stop.
        StoreError: the turns of all cannot be looked up; nothing is asked then.
    """
    holder = secrets.token_hex(16)
    _await(book, budget, holder, patience)
    now = patience.clock()
    ours = Turn(book, budget, holder, patience.clock, now, now)
    try:
        yield ours
    finally:
        ours.end()


def _await(book: Book, budget: Budget, holder: str, patience: Patience) -> None:
    """Take the turn when it can be had.

    Who comes takes one that is near; only who has waited takes one that is yet to come. Else who
    asks again and again, the first to know of each, would have them all.
    """
    waited = False
    while True:
        _go_on(patience)
        left = max(patience.end - patience.clock(), 0.0)
        most = min(left, max(SHORT_WAIT, budget.spacing))
        found = book.take(budget, holder, most if waited else min(most, _LOOK))
        if found.answer is Answer.TAKEN:
            _sit(book, budget, holder, patience, found.wait)
            return
        if found.answer is Answer.OTHERS and left:
            patience.sleep(min(_LOOK * (0.5 + patience.chance()), found.wait, left))
        elif found.wait > most:
            raise BusyError(found.answer.value, found.wait)
        elif found.wait <= budget.spacing:
            patience.sleep(max(found.wait - _LOOK * patience.chance(), 0.0))
        waited = True


def _sit(book: Book, budget: Budget, holder: str, patience: Patience, wait: float) -> None:
    """Wait until a turn that was taken begins; it is given back where we are to stop."""
    begin = patience.clock() + wait
    try:
        if wait > 0:
            patience.sleep(wait)
        _go_on(patience)
    except BaseException:
        book.give(budget, holder, max(begin - patience.clock(), 0.0))
        raise


def _go_on(patience: Patience) -> None:
    if patience.stopping():
        raise RefusedError("stopped before the answer")
