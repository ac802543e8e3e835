"""Processes that post, to be killed: forked from a parent that has everything imported.

Each has a place in shared memory where it writes how far it is. The clock is the real one and an
offset that the parent moves on, so that nobody waits for the end of a lease.
"""

import ctypes
import encodings.idna  # noqa: F401 - imported here and not in each process, as the two dialects
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.sharedctypes import RawArray, RawValue
from typing import Any

import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401

from digest.delivery.smtp import Smtp, SmtpSettings
from digest.post import post
from digest.post.pace import Pace
from digest.progress import Advance
from digest.store import Store, open_store
from digest.store.deliveries import Deliveries
from digest.store.states import Claim
from digest.store.steps import DOUBT_LEASE
from lib.sink import PASSWORD, USER, Sink

TOKENS = 8  # a process's last so many claims are remembered
PLACES = 8
OVER = DOUBT_LEASE + timedelta(minutes=1)
_PR_SET_PDEATHSIG = 1
_PAUSE = 0.002
_SMALLEST_PAUSE = 0.0005


class Place(ctypes.Structure):
    """What a process tells: `handled` mails, idle rounds in a row, tokens of its claims.

    `end` is what it is told; `passed` counts points where these are counted.
    """

    _fields_ = (
        ("handled", ctypes.c_long),
        ("idle", ctypes.c_long),
        ("end", ctypes.c_long),
        ("passed", ctypes.c_long),
        ("claims", ctypes.c_long),
        ("tokens", (ctypes.c_char * 33) * TOKENS),
    )


class Board:
    """The shared memory: one place a process, and the offset of the clock in seconds."""

    def __init__(self) -> None:
        self.places: Any = RawArray(Place, PLACES)
        self._offset: Any = RawValue(ctypes.c_double, 0.0)

    def now(self) -> datetime:
        """What time it is for everyone."""
        return datetime.now(UTC) + timedelta(seconds=self._offset.value)

    def move_on(self, by: timedelta = OVER) -> None:
        """Let time pass; whatever was idle may have something to do now."""
        self._offset.value += by.total_seconds()
        for place in self.places:
            place.idle = 0

    def fresh(self, number: int) -> Any:  # noqa: ANN401 - ctypes
        """A place for a new process."""
        ctypes.memset(ctypes.byref(self.places[number]), 0, ctypes.sizeof(Place))
        return self.places[number]


@dataclass(frozen=True, slots=True)
class Watched(Deliveries):
    """The queue, which notes whose tokens are whose."""

    place: Any = None

    def claim(self, channel: str, now: datetime, most: int = 1) -> list[Claim]:
        """Claim, and note the token."""
        claims = Deliveries.claim(self, channel, now, most)
        if claims:
            self.place.tokens[self.place.claims % TOKENS].value = claims[0].token.encode()
            self.place.claims += 1
        return claims


@dataclass(frozen=True, slots=True)
class Tally:
    """Progress that a parent can read."""

    place: Any

    @contextmanager
    def track(self, _label: str, _total: int | None) -> Iterator[Advance]:
        """Count into the place."""

        def advance(done: int) -> None:
            self.place.handled += done

        yield advance


@dataclass(frozen=True, slots=True)
class Desk:
    """What a process needs to post."""

    address: str
    sink: Sink
    board: Board
    place: Any

    def channel(self) -> Smtp:
        """A new connection; nothing is opened yet."""
        return Smtp(
            SmtpSettings(
                "127.0.0.1", self.sink.port, "tls", USER, PASSWORD, self.sink.authority, 20.0
            )
        )


Poster = Callable[[Store, Desk, int], None]


def post_once(store: Store, desk: Desk, connections: int) -> None:
    """What the product does each time it looks whether something waits."""
    post(
        store,
        [desk.channel() for _ in range(connections)],
        clock=desk.board.now,
        progress=Tally(desk.place),
        stopping=lambda: bool(desk.place.end),
        pace=Pace(None, time.monotonic, time.sleep),
    )


@dataclass(slots=True)
class Life:
    """One forked process."""

    name: str
    pid: int
    place: Any
    born: float = field(default_factory=time.monotonic)
    stopped: bool = False

    @property
    def tokens(self) -> list[str]:
        """Those of its latest claims."""
        return [token.value.decode() for token in self.place.tokens if token.value]

    def kill(self) -> None:
        """At once and for good."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def stop(self) -> None:
        """Until it is told to go on; it does not notice."""
        os.kill(self.pid, signal.SIGSTOP)
        self.stopped = True

    def go_on(self) -> None:
        """After a stop."""
        os.kill(self.pid, signal.SIGCONT)
        self.stopped = False

    def ended(self) -> int | None:
        """Its exit code, if it ended by itself; killed by a signal: minus its number."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None


def begin_life(desk: Desk, name: str, poster: Poster, connections: int = 1) -> Life:
    """Fork a process that posts again and again until its place says to end."""
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        _live(desk, name, poster, connections, parent)
    return Life(name, pid, desk.place)


def _live(desk: Desk, name: str, poster: Poster, connections: int, parent: int) -> None:
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _die_with_the_parent()
        logging.disable()
        store = open_watched(desk, name)
        while not desk.place.end and os.getppid() == parent:
            before = desk.place.handled
            poster(store, desk, connections)
            desk.place.idle = desk.place.idle + 1 if desk.place.handled == before else 0
            time.sleep(_PAUSE if desk.place.idle else _SMALLEST_PAUSE)
        store.close()
        code = 0
    except BaseException:  # noqa: BLE001 - the parent sees the exit code
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _die_with_the_parent() -> None:
    """Also while stopped, which the loop above cannot do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def open_watched(desk: Desk, name: str) -> Store:
    """The store of a process; the database server knows the process by its name."""
    asked = "?application_name=" + name if desk.address.startswith("postgresql") else ""
    store = open_store(desk.address + asked)
    return replace(store, deliveries=Watched(store.engine, desk.place))
