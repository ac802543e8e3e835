"""Processes that tests fork, so that they can be killed; each opens the database for itself."""

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Engine, event

from digest.delivery import Outcome, Verdict
from digest.errors import DigestError
from digest.model import Message
from digest.post import PostReport, post
from digest.post.pace import Pace
from digest.progress import Quiet
from digest.store import Store, open_store
from digest.store.deliveries import Deliveries
from digest.store.states import Claim, Recorded
from tests.conftest import NOW

PATIENCE = 60.0
KILLED = -signal.SIGKILL
BROKEN = 99
Hook = Callable[[str], None]


def die(_step: str = "") -> NoReturn:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def nothing(_step: str) -> None:
    """A hook that does nothing."""


def at(step: str, number: int, act: Callable[[], object] = die) -> Hook:
    """A hook that acts when a step is taken for the so-manieth time, from 1."""
    left = [number]

    def hook(taken: str) -> None:
        if taken == step:
            left[0] -= 1
            if not left[0]:
                act()

    return hook


def begin(work: Callable[[], object]) -> int:
    """Fork a process that does this work and ends; returns its id.

    It ends with 0, with the exit code of an error of the project, or with BROKEN.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = BROKEN
    try:
        work()
        code = 0
    except DigestError as error:
        code = error.exit_code
    except BaseException:  # noqa: BLE001 - the process ends here
        traceback.print_exc()
    finally:
        os._exit(code)


def end(child: int) -> int:
    """Wait for a process, not for ever; returns its exit code, or its signal below zero."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError("a process did not end")


def stopped(child: int) -> None:
    """Wait until a process has stopped itself."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
        if found:
            assert os.WIFSTOPPED(status), "it ended instead"
            return
        time.sleep(0.002)
    raise AssertionError("a process did not stop")


@contextmanager
def ended(*children: int) -> Iterator[None]:
    """See that no process outlives a test that fails."""
    try:
        yield
    except BaseException:
        for child in children:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        raise


@contextmanager
def opened(address: str, wait: float | None = None) -> Iterator[Store]:
    """A store for a while."""
    store = open_store(address, wait)
    try:
        yield store
    finally:
        store.close()


def address_of(store: Store) -> str:
    """The address of a store, for another process to open."""
    return store.engine.url.render_as_string(hide_password=False)


@dataclass
class Letterbox:
    """A channel that notes each mail it takes in a file, which outlives the process.

    The hook is called with each step: "offer", "offered", "last word", "taken".
    """

    path: Path
    hook: Hook = nothing
    pause: float = 0.0  # seconds that a mail takes
    name: str = "smtp"
    repeatable: bool = False
    _held: Message | None = None

    def offer(self, message: Message) -> Outcome | None:
        """Hold a mail until the last word."""
        self.hook("offer")
        time.sleep(self.pause)
        self._held = message
        self.hook("offered")
        return None

    def conclude(self) -> Outcome:
        """Take the mail."""
        assert self._held is not None, "a last word without an offer"
        self.hook("last word")
        note(self.path, self._held.message_id)
        self._held = None
        self.hook("taken")
        return Outcome(Verdict.SENT, "250 2.0.0 queued as TEST", 250)

    def withdraw(self) -> None:
        """Let go of what was offered."""
        self._held = None

    def close(self) -> None:
        """Nothing to hang up."""


def note(path: Path, line: str) -> None:
    """Add a line to a file, whole, whoever else writes."""
    opened_ = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(opened_, f"{line}\n".encode())
    finally:
        os.close(opened_)


def lines(path: Path) -> list[str]:
    """What was noted."""
    return path.read_text().split() if path.exists() else []


@dataclass(frozen=True, slots=True)
class Watched(Deliveries):
    """The queue; its hook is called before and after each claim and each record."""

    hook: Hook = nothing

    def claim(self, channel: str, now: datetime, most: int = 1) -> list[Claim]:
        """Claim between "claim" and "claimed"."""
        self.hook("claim")
        found = Deliveries.claim(self, channel, now, most)
        self.hook("claimed")
        return found

    def record(self, *steps: Any, **named: Any) -> Recorded:
        """Record between "record" and "recorded"."""
        self.hook("record")
        recorded = Deliveries.record(self, *steps, **named)
        self.hook("recorded")
        return recorded


def send(
    store: Store,
    box: Letterbox,
    clock: Callable[[], datetime] = lambda: NOW,
    stopping: Callable[[], bool] = lambda: False,
) -> PostReport:
    """One round of the post, watched by the box's hook."""
    watched = replace(store, deliveries=Watched(store.engine, box.hook))
    pace = Pace(None, time.monotonic, time.sleep)
    return post(watched, (box,), clock=clock, progress=Quiet(), stopping=stopping, pace=pace)


def die_at_statement(engine: Engine | type[Engine], number: int) -> None:
    """Kill this process before the so-manieth statement or commit from now, from 1."""
    hook = at("statement", number)

    @event.listens_for(engine, "before_cursor_execute")
    def _execute(*_: Any) -> None:
        hook("statement")

    @event.listens_for(engine, "commit")
    def _commit(*_: Any) -> None:
        hook("statement")
