"""Connections: how long a visitor may take over each part of one; bounded, on top of waitress.

waitress closes what was silent for a while. Who sends one byte a second is never silent, so a
connection is held here by what it has brought about: a whole request, a taken answer.
"""

import math
import time
from dataclasses import dataclass
from enum import Enum, auto

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer


class Stage(Enum):
    """What a connection waits for."""

    IDLE = auto()  # the first byte of a request
    ASKING = auto()  # the last byte of a request
    SERVED = auto()  # a page: our own work, never cut short
    ANSWERED = auto()  # the visitor to take the answer


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a visitor has for each stage, and how many connections there may be.

    `leaving` is how long an ending server serves out requests that are whole.
    """

    idle: float = 30.0
    asking: float = 20.0
    answered: float = 60.0
    leaving: float = 1.5
    connections: int = 400

    def of(self, stage: Stage) -> float:
        """The seconds of a stage."""
        return {
            Stage.IDLE: self.idle,
            Stage.ASKING: self.asking,
            Stage.ANSWERED: self.answered,
            Stage.SERVED: math.inf,
        }[stage]


class Channel(HTTPChannel):  # type: ignore[misc] # the library has no types
    """One connection, which knows since when it is at its stage."""

    def __init__(self, *arguments: object, **named: object) -> None:
        """As the library calls it."""
        super().__init__(*arguments, **named)
        self.answers = 0
        self._mark: object = None
        self._since = time.monotonic()

    def service(self) -> None:
        """Answer one request; in a thread of a worker."""
        super().service()
        self.answers += 1

    @property
    def stage(self) -> Stage:
        """What is waited for."""
        if self.requests:
            return Stage.SERVED
        if self.total_outbufs_len:
            return Stage.ANSWERED
        return Stage.ASKING if self.request is not None else Stage.IDLE

    def waited(self, now: float) -> float:
        """For how many seconds it has been at this stage with this request."""
        mark = (self.stage, self.request, self.answers)
        if mark != self._mark:
            self._mark, self._since = mark, now
        return now - self._since


class Listener(TcpWSGIServer):  # type: ignore[misc] # the library has no types
    """Takes connections and looks after them, in one thread, until it is told to leave."""

    channel_class = Channel
    next_channel_cleanup = math.inf  # look_after does it

    def __init__(self, *arguments: object, patience: Patience, **named: object) -> None:
        """As the library has it, and with a patience."""
        self.patience = patience
        self._leave_by: float | None = None
        self._told = False
        shortest = min(patience.idle, patience.asking, patience.answered, 2 * patience.leaving)
        self._pause = min(1.0, shortest / 4)
        super().__init__(*arguments, **named)

    def run(self) -> None:
        """Serve until told to leave."""
        while not self._left():
            self.look_after(time.monotonic())
            wasyncore.poll2(self._pause, self._map)
        self.task_dispatcher.shutdown(timeout=max(0.0, (self._leave_by or 0) - time.monotonic()))
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        wasyncore.close_all(self._map)

    def leave(self) -> None:
        """End soon; from any thread."""
        if not self._told:
            self._told = True
            self.pull_trigger()

    def look_after(self, now: float) -> None:
        """Close what took too long, and the oldest where there are too many."""
        channels: list[Channel] = list(self.active_channels.values())
        waits = [(channel.waited(now), channel) for channel in channels]
        for waited, channel in waits:
            if waited > self.patience.of(channel.stage):
                channel.handle_close()  # at once: one that takes nothing never becomes writable
        spare = len(self.active_channels) - self.patience.connections
        if spare > 0:
            idle = [(w, c) for w, c in waits if c.connected and c.stage is not Stage.SERVED]
            for _, channel in sorted(idle, key=lambda pair: -pair[0])[:spare]:
                channel.handle_close()

    def handle_accept(self) -> None:
        """Take a connection; no more than there is room for."""
        super().handle_accept()
        if len(self.active_channels) > self.patience.connections:
            self.look_after(time.monotonic())

    def _left(self) -> bool:
        """Whether to end now: nothing whole waits for an answer, or there is no time left."""
        if not self._told:
            return False
        now = time.monotonic()
        if self._leave_by is None:
            self._leave_by = now + self.patience.leaving
            wasyncore.dispatcher.close(self)  # nobody new; another server may have the port
            wasyncore.poll2(0, self._map)  # what has arrived already
        under_way = (Stage.SERVED, Stage.ANSWERED)
        busy = any(channel.stage in under_way for channel in self.active_channels.values())
        return not busy or now > self._leave_by
