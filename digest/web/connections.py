"""Connections: how long a visitor may take over each part of one; bounded, on top of waitress.

waitress closes what was silent for a while. Who sends one byte a second is never silent, so a
connection is held here by what it has brought about: a whole request, a taken answer. And waitress
lets a thread wait for who takes nothing of much; here most of them never do.
"""

import math
import time
from dataclasses import dataclass
from enum import Enum, auto

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

_MOST_AT_ONCE = 2  # requests of a connection that wait for answers; browsers send one at a time


class Stage(Enum):
    """What a connection waits for."""

    IDLE = auto()  # the first byte of a request
    ASKING = auto()  # the last byte of a request
    SERVED = auto()  # a page: our own work, never cut short
    ANSWERED = auto()  # the visitor to take the answer, or so much of it that the rest can be made


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a visitor has for each stage, and how many connections there may be.

    `answered` is for any byte of an answer, and `whole` for all of them. `ahead` is how many bytes
    of an answer are made before the visitor takes some. `leaving` is how long an ending server
    serves out requests that are whole.
    """

    idle: float = 30.0
    asking: float = 20.0
    answered: float = 60.0
    whole: float = 600.0
    leaving: float = 1.5
    connections: int = 400
    ahead: int = 16 * 1024 * 1024

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
        self.began = time.monotonic()  # the latest answer
        self._taken = 0  # bytes, since the connection was made
        self._mark: object = None
        self._since = time.monotonic()

    def service(self) -> None:
        """Answer one request; in a thread of a worker."""
        self.began = time.monotonic()
        super().service()
        self.answers += 1

    def send(self, data: bytes, do_close: bool = True) -> int:  # noqa: FBT001, FBT002 - the library's way
        """Give the visitor some of an answer; returns how much it took."""
        sent: int = super().send(data, do_close=do_close)
        self._taken += sent
        return sent

    @property
    def holding(self) -> bool:
        """Whether a worker waits for the visitor."""
        return bool(self.requests) and self.total_outbufs_len > self.adj.outbuf_high_watermark

    @property
    def stage(self) -> Stage:
        """What is waited for."""
        if self.requests and not self.holding:
            return Stage.SERVED
        if self.total_outbufs_len:
            return Stage.ANSWERED
        return Stage.ASKING if self.request is not None else Stage.IDLE

    def waited(self, now: float) -> float:
        """For how many seconds nothing has come of this stage."""
        taken = self._taken if self.stage is Stage.ANSWERED else 0
        mark = (self.stage, self.request, self.answers, taken)
        if mark != self._mark:
            self._mark, self._since = mark, now
        return now - self._since

    def over(self, now: float, patience: Patience) -> bool:
        """Whether it had its time, or asks for more at once than anybody needs to."""
        if len(self.requests) > _MOST_AT_ONCE:
            return True
        if self.stage is Stage.ANSWERED and now - self.began > patience.whole:
            return True
        return self.waited(now) > patience.of(self.stage)


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
        for channel in channels:
            if channel.over(now, self.patience):
                channel.handle_close()  # at once: one that takes nothing never becomes writable
        holding = sorted((c for c in channels if c.connected and c.holding), key=lambda c: c.began)
        for channel in holding[: max(0, len(holding) - self.adj.threads // 2)]:
            channel.handle_close()  # the other workers are for those who take their answers
        spare = len(self.active_channels) - self.patience.connections
        if spare > 0:
            idle = [c for c in channels if c.connected and c.stage is not Stage.SERVED]
            for channel in sorted(idle, key=lambda c: -c.waited(now))[:spare]:
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
