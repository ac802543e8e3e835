"""Every point in turn: three mails, and a process that kills itself exactly there.

Points lie before and after each database commit, each TLS handshake and each write to a socket;
writes are cut into small pieces, so that some lie within a mail. A second process finishes after
the lease, then each mail is accounted for.
"""

import os
import signal
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from digest.store import Store
from lib.accounts import Account, settle_accounts
from lib.clerk import Clerk, running_clerk
from lib.lives import OVER, Board, Desk, Life, begin_life, post_once
from lib.sink import Faults, Sink

MAILS = 3
_SIZE = 1500
_PIECE = 512
_PATIENCE = 30.0
_NEVER = 0


@dataclass(frozen=True, slots=True)
class Points:
    """How many points there were, at how many a process died, and what became of the mails.

    `wrong` counts mails that were not in doubt when the process died and were not sent once, or
    that were and did not become uncertain.
    """

    count: int
    struck: int
    wrong: int
    account: Account

    @property
    def holds(self) -> bool:
        """Whether all points were struck, and every mail is where it should be."""
        return self.struck == self.count > 0 and not self.wrong and self.account.clean


def strike_every_point(address: str, sink: Sink) -> Points:
    """Find the points in an undisturbed run, then die at each.

    Args:
        address: an empty database.
        sink: where the mails go.
    """
    with running_clerk(address) as clerk:
        trial = _Trial(clerk, sink, address, Board())
        count, _, wrong, account = trial.run(0, _NEVER)
        struck = 0
        for point in range(1, count + 1):
            _, died, misses, its = trial.run(point, point)
            struck += died
            wrong += misses
            account += its
    return Points(count, struck, wrong, account)


@dataclass(frozen=True, slots=True)
class _Trial:
    clerk: Clerk
    sink: Sink
    address: str
    board: Board

    def run(self, number: int, strike: int) -> tuple[int, bool, int, Account]:
        """One run; returns points passed, whether the process died, mails gone wrong, accounts."""
        first = number * MAILS
        self.sink.reset(Faults())
        self.clerk.fill(first, MAILS, _SIZE, all_exist=True)
        passed, died, doubted = self._victim(number, strike)
        if died:
            self.board.move_on(OVER)
        self._finish(number)
        rows, ledger = self.clerk.rows(first), self.sink.ledger()
        wrong = sum(
            row.state != ("uncertain" if row.message_id in doubted else "sent")
            or ledger.accepted[row.message_id] > 1
            or (row.message_id not in doubted and not ledger.accepted[row.message_id])
            for row in rows
        )
        assert len(rows) == MAILS
        return passed, died, wrong, settle_accounts(rows, ledger, doubted)

    def _victim(self, number: int, strike: int) -> tuple[int, bool, set[str]]:
        desk = Desk(self.address, self.sink, self.board, self.board.fresh(0))

        def post_to_the_point(store: Store, desk: Desk, connections: int) -> None:
            counter = _Counter(strike)
            counter.watch(store)
            post_once(store, desk, connections)
            desk.place.passed, desk.place.end = counter.passed, 1

        life = begin_life(desk, f"victim{number}", post_to_the_point)
        code = _wait(life)
        assert code in (0, -signal.SIGKILL), f"a process ended with {code}"
        died = code == -signal.SIGKILL
        doubted = self.clerk.in_doubt(life.tokens, life.name) if died else []
        return life.place.passed, died, set(doubted)

    def _finish(self, number: int) -> None:
        desk = Desk(self.address, self.sink, self.board, self.board.fresh(1))

        def post_and_end(store: Store, desk: Desk, connections: int) -> None:
            post_once(store, desk, connections)
            desk.place.end = 1

        code = _wait(begin_life(desk, f"second{number}", post_and_end))
        assert code == 0, f"the second process ended with {code}"


class _Counter:
    """Counts points, and ends the process at one of them."""

    def __init__(self, strike: int) -> None:
        self.strike, self.passed = strike, 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.strike:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: object) -> object:
            self.point()
            done = step(*arguments)
            self.point()
            return done

        return watched

    def watch(self, store: Store) -> None:
        """Put points around commits and around what goes over the wire."""
        dialect: Any = store.engine.dialect
        dialect.do_commit = self.around(dialect.do_commit)
        wire: Any = ssl.SSLSocket
        send = wire.send
        wire.do_handshake = self.around(wire.do_handshake)
        wire.send = self.around(lambda its, data, *flags: send(its, data[:_PIECE], *flags))


def _wait(life: Life) -> int:
    deadline = time.monotonic() + _PATIENCE
    while (code := life.ended()) is None:
        if time.monotonic() > deadline:
            life.kill()
            return -signal.SIGALRM
        time.sleep(0.001)
    return code
