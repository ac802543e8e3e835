"""Several processes and one host: never two requests at once, never too close to each other."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from digest.errors import SourceError
from digest.intake.http import PoliteSession
from digest.store import Store
from digest.store.hosts import Hosts
from tests.children import address_of, begin, end, ended, lines, note, opened
from tests.effort import SOON
from tests.wires import Wire, answers, listen, wired

SPACING = 0.12
LEASE = 2.0
PROCESSES, EACH = 4, 6


@dataclass
class Watch:
    """What the host sees: when each request came, and how many there were at once."""

    takes: float = 0.02  # seconds that an answer takes
    came: list[float] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, talk: socket.socket, wire: Wire) -> None:
        """Answer, and take note."""
        if not listen(talk, wire):
            return
        with self.lock:
            self.came.append(time.monotonic())
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        path = wire.heads[-1].split()[1]
        wire.over.wait(60.0 if path == "/for-ever" else self.takes)
        with self.lock:  # before the answer is out: who reads it may let the next one go
            self.at_once -= 1
        talk.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")

    def gaps(self) -> list[float]:
        """The seconds between each request and the next."""
        return [later - sooner for sooner, later in zip(self.came, self.came[1:], strict=False)]


def asking(address: str, work: Callable[[PoliteSession], object]) -> Callable[[], None]:
    """The work of a process of its own, with the turns of the database."""

    def process() -> None:
        with opened(address) as store:
            book = Hosts(store.engine, lease=LEASE)
            work(PoliteSession(None, spacing=SPACING, book=book))

    return process


def test_processes_ask_one_after_the_other(store: Store) -> None:
    """All of them, again and again, through one database: one at a time, and apart."""
    watch = Watch()
    with wired(watch) as wire:

        def work(session: PoliteSession) -> None:
            for _ in range(EACH):
                session.get("x", wire.address)

        children = [begin(asking(address_of(store), work)) for _ in range(PROCESSES)]
        with ended(*children):
            assert [end(child) for child in children] == [0] * PROCESSES
    assert len(watch.came) == PROCESSES * EACH
    assert watch.most == 1
    assert min(watch.gaps()) >= SPACING


def test_a_process_that_is_killed_stops_nobody_for_long(store: Store, tmp_path: Path) -> None:
    """Killed in the midst of its request: the others go on when its lease is over."""
    watch = Watch()
    with wired(watch) as wire:

        def dies(session: PoliteSession) -> None:
            session.get("x", wire.address + "/for-ever")

        def goes_on(session: PoliteSession) -> None:
            for _ in range(EACH):
                session.get("x", wire.address)
                note(tmp_path / "read", "one")

        victim = begin(asking(address_of(store), dies))
        with ended(victim):
            while not watch.came:
                time.sleep(0.01)
            others = [begin(asking(address_of(store), goes_on)) for _ in range(2)]
            with ended(*others):
                time.sleep(0.3)
                assert lines(tmp_path / "read") == [], "while it lives, the turn is its"
                killed = time.monotonic()
                os.kill(victim, signal.SIGKILL)
                assert end(victim) == -signal.SIGKILL
                assert [end(child) for child in others] == [0, 0]
        assert watch.came[1] - killed < LEASE + SOON
        assert watch.at_once == 1, "the one that was killed"
        assert watch.most == 2
        assert min(watch.gaps()) >= SPACING
    assert len(lines(tmp_path / "read")) == 2 * EACH


def test_patience_that_was_asked_for_is_everybodys(store: Store) -> None:
    """What one process was told, another knows; also after all have ended."""
    with wired(answers(b"", "429 Slow", Retry_After="3600")) as wire:

        def is_told(session: PoliteSession, said: str) -> None:
            with pytest.raises(SourceError, match=said) as caught:
                session.get("x", wire.address)
            assert caught.value.retry_at is not None

        for said in ("answered 429", "asked us to wait", "asked us to wait"):
            child = begin(asking(address_of(store), partial(is_told, said=said)))
            with ended(child):
                assert end(child) == 0
        assert wire.reached == 1
