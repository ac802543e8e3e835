"""Mails posted under fire: processes are killed and stopped at random until every mail has its end.

Kills come after a random number of mails, and then a random part of a mail's time later; or at a
random moment since the start of the process. An idle process is let be: killing it shows nothing.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lib.accounts import Account, settle_accounts
from lib.clerk import Clerk, running_clerk
from lib.lives import OVER, Board, Desk, Life, Poster, begin_life, post_once
from lib.sink import Faults, Sink

FAULTS = Faults(
    lost_reply=0.01,
    cut_before_dot=0.004,
    refused_recipient=0.01,
    refused_mail=0.005,
    going_away=0.004,
    slow_reply=0.01,
)
_POLL = 0.001
_START = 0.06  # about what a process takes to its first mails
_A_MAIL = 0.008
_HASTE = 0.5  # towards the end there is less to kill
_BY_TIME = 0.25
_STOPPED = 0.04
_TWO_CONNECTIONS = 0.3
_ENOUGH_ROUNDS = 2  # idle ones: the last began after the clock was moved on
_PATIENCE = 30.0
_MOST_CRASHES = 5
_MORE = 20  # mails, where kills are left and mails are not


@dataclass(frozen=True, slots=True)
class Plan:
    """How many mails and kills, and what else happens; `size` is a mail's, in bytes."""

    deliveries: int
    kills: int
    seed: int
    faults: Faults = FAULTS
    lives: int = 2
    poster: Poster = post_once
    size: int = 3000
    all_exist: bool = False
    most_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a siege came to; `crashes` are processes that ended by themselves."""

    account: Account
    kills: int
    stops: int
    crashes: int
    seconds: float


def besiege(address: str, sink: Sink, plan: Plan) -> Outcome:
    """Fill an empty database, post until every mail has its end, settle the accounts.

    Where kills are left when no mail is, more mails are queued.

    Args:
        address: the database's.
        sink: where the mails go; forgets what it knew.
        plan: what is to happen.
    """
    started = time.monotonic()
    sink.reset(plan.faults, plan.seed)
    with running_clerk(address) as clerk:
        siege = Siege(clerk, sink, address, plan)
        siege.run()
        account = settle_accounts(clerk.rows(), sink.ledger(), siege.doubted)
    seconds = time.monotonic() - started
    return Outcome(account, siege.kills, siege.stops, siege.crashes, seconds)


@dataclass(slots=True)
class _Fate:
    """When a process is struck: so many mails and seconds from now, whatever it does till then."""

    mails: int
    seconds: float
    due: float | None = None

    def is_due(self, life: Life, now: float) -> bool:
        if life.place.idle:
            return False
        if self.due is None and life.place.handled >= self.mails:
            self.due = (now if self.mails else life.born) + self.seconds
        return self.due is not None and now >= self.due


@dataclass(slots=True)
class Siege:
    """The parent's side: who lives, who is struck when."""

    clerk: Clerk
    sink: Sink
    address: str
    plan: Plan
    board: Board = field(default_factory=Board)
    kills: int = 0
    stops: int = 0
    crashes: int = 0
    doubted: set[str] = field(default_factory=set)
    _lives: dict[int, Life] = field(default_factory=dict)
    _fates: dict[int, _Fate] = field(default_factory=dict)
    _goes_on: dict[int, float] = field(default_factory=dict)
    _dead: list[tuple[str, list[str]]] = field(default_factory=list)
    _born: int = 0
    _filled: int = 0
    _handled: int = 0  # by those who are dead
    _random: random.Random = field(default_factory=random.Random)

    def run(self) -> None:
        """Until every mail has its end and all kills are done, and those who live have ended."""
        self._random.seed(self.plan.seed)
        deadline = time.monotonic() + self.plan.most_seconds
        self._fill(self.plan.deliveries)
        try:
            while not self._is_over():
                assert time.monotonic() < deadline, "the mails do not come to an end"
                for number in range(self.plan.lives):
                    self._tend(number)
                time.sleep(_POLL)
        finally:
            self._end_all()

    def _fill(self, count: int) -> None:
        self.clerk.fill(self._filled, count, self.plan.size, all_exist=self.plan.all_exist)
        self._filled += count

    def _tend(self, number: int) -> None:
        now = time.monotonic()
        life = self._lives.get(number)
        if life is None:
            self._begin(number)
        elif life.stopped:
            if now >= self._goes_on[number]:
                self._end_stop(number, life)
        elif life.ended() is not None:
            self.crashes += 1
            assert self.crashes <= _MOST_CRASHES, "processes end by themselves"
            self._bury(number, life)
        elif self.kills < self.plan.kills and self._fates[number].is_due(life, now):
            self._strike(number, life)

    def _begin(self, number: int) -> None:
        self._born += 1
        desk = Desk(self.address, self.sink, self.board, self.board.fresh(number))
        connections = 2 if self._random.random() < _TWO_CONNECTIONS else 1
        name = f"life{self._born}"
        self._lives[number] = begin_life(desk, name, self.plan.poster, connections)
        self._fates[number] = self._fate(0)

    def _fate(self, handled: int) -> _Fate:
        chance = self._random
        if not handled and chance.random() < _BY_TIME:
            return _Fate(0, chance.uniform(0, _START))
        living = sum(life.place.handled for life in self._lives.values())
        left = max(self._filled - self._handled - living, 0)
        each = left / max(self.plan.kills - self.kills, 1)
        mails = handled + max(1, round(chance.uniform(0, 2 * _HASTE * each)))
        return _Fate(mails, chance.uniform(0, _A_MAIL))

    def _strike(self, number: int, life: Life) -> None:
        if self._random.random() >= _STOPPED:
            self._kill(number, life)
            return
        life.stop()
        self.stops += 1
        self.board.move_on(OVER)  # longer than any lease, for everyone
        self._goes_on[number] = time.monotonic() + self._random.uniform(0.02, 0.15)

    def _end_stop(self, number: int, life: Life) -> None:
        if self._random.random() < 0.5 and self.kills < self.plan.kills:  # noqa: PLR2004
            self._kill(number, life)
            return
        life.go_on()
        self._fates[number] = self._fate(life.place.handled)

    def _kill(self, number: int, life: Life) -> None:
        life.kill()
        self.kills += 1
        if tokens := life.tokens:
            self._dead.append((life.name, tokens))
        self._bury(number, life)
        self._look_after_the_dead()

    def _look_after_the_dead(self) -> None:
        """Ask what they had in doubt, unless a process that is stopped may hold the database."""
        if any(life.stopped for life in self._lives.values()):
            return
        for name, tokens in self._dead:
            self.doubted.update(self.clerk.in_doubt(tokens, name))
        self._dead.clear()

    def _bury(self, number: int, life: Life) -> None:
        self._handled += life.place.handled
        del self._lives[number], self._fates[number]

    def _is_over(self) -> bool:
        """Whether everyone is idle and no mail waits; where one does, time passes."""
        awake = [life for life in self._lives.values() if not life.stopped]
        if len(awake) < self.plan.lives or any(life.place.idle < _ENOUGH_ROUNDS for life in awake):
            return False
        self._look_after_the_dead()
        if not self.clerk.unsettled():
            if self.kills >= self.plan.kills:
                return True
            self._fill(_MORE)
        self.board.move_on(OVER)
        return False

    def _end_all(self) -> None:
        for life in self._lives.values():
            life.place.end = 1
            if life.stopped:
                life.go_on()
        deadline = time.monotonic() + _PATIENCE
        for life in self._lives.values():
            if (code := _code_of(life, lambda: time.monotonic() < deadline)) != 0:
                self.crashes += 1
                if code is None:
                    life.kill()
        self._lives.clear()


def _code_of(life: Life, patient: Callable[[], bool]) -> int | None:
    while (code := life.ended()) is None and patient():
        time.sleep(_POLL)
    return code
