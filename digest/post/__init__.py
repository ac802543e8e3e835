"""Step 3, post: hand queued mails to the channel, and record what became of each.

A mail is claimed in the store before it is handed over, so that no two processes take the same,
and it is in doubt there before its last word is said. What is refused for now comes back later;
what was concluded without an answer is never sent again by itself.

`protocol.py` says what follows from an outcome, `postman.py` drives one connection, `pace.py`
keeps a server's limits.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from digest.delivery import Channel
from digest.errors import ChannelError
from digest.post.pace import Pace
from digest.post.postman import BATCH, Postman
from digest.progress import Advance, Progress
from digest.store import Store
from digest.store.states import Delayed, State, Step, Swept

MOST_ANSWERS = 100
_WORTH_A_CONNECTION = 10  # mails


@dataclass(slots=True)
class PostReport:
    """How many mails took which way; `problem` is why the channel gave out, if it did.

    `answers` holds recipient, what became of it and what the other side said, of the first mails.
    """

    sent: int = 0
    later: int = 0
    failed: int = 0
    uncertain: int = 0
    expired: int = 0
    cancelled: int = 0
    problem: str | None = None
    stopped: bool = False
    delayed: Delayed | None = None
    answers: list[tuple[str, State, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def in_order(self) -> bool:
        """Whether nothing needs a person's attention."""
        waiting = self.delayed.count if self.delayed and not self.stopped else 0
        return not (self.failed or self.uncertain or self.expired or self.problem or waiting)

    def take_in(self, swept: Swept) -> None:
        """Count what a sweep settled."""
        self.uncertain += swept.uncertain
        self.expired += swept.expired
        self.cancelled += swept.cancelled

    def add(self, earlier: "PostReport") -> None:
        """Count what was posted earlier in the same run, too."""
        self.sent += earlier.sent
        self.later += earlier.later
        self.failed += earlier.failed
        self.uncertain += earlier.uncertain
        self.expired += earlier.expired
        self.cancelled += earlier.cancelled
        self.problem = self.problem or earlier.problem
        self.answers = [*earlier.answers, *self.answers][:MOST_ANSWERS]

    def note(self, step: Step) -> None:
        """Count what was recorded of one mail."""
        with self._lock:
            match step.state:
                case State.SENT:
                    self.sent += 1
                case State.FAILED:
                    self.failed += 1
                case State.UNCERTAIN:
                    self.uncertain += 1
                case State.EXPIRED:
                    self.expired += 1
                case State.CANCELLED:
                    self.cancelled += 1
                case State.QUEUED if step.spends:
                    self.later += 1
                case _:
                    return
            if len(self.answers) < MOST_ANSWERS:
                self.answers.append((step.claim.message.recipient, step.state, step.answer))


def post(
    store: Store,
    channels: Sequence[Channel],
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    stopping: Callable[[], bool],
    pace: Pace,
) -> PostReport:
    """Send what is queued until nothing waits, the channel gives out, or we are to stop.

    Args:
        store: where the queue is.
        channels: connections of one channel, each used by one thread.
        clock: the time (aware).
        progress: is told of each mail.
        stopping: whether to end after the mails at hand.
        pace: how many mails may leave in a minute, over all connections.

    Raises:
        StoreError: when the outcome of a mail cannot be recorded; that mail stays in doubt.
    """
    name, now = channels[0].name, clock()
    report = PostReport()
    report.take_in(sweep(store, channels[0], now))
    waiting = store.deliveries.waiting(name, now)
    with progress.track("sending", waiting) as advance:
        used = channels[: max(1, -(-waiting // _WORTH_A_CONNECTION))]
        batch = BATCH if len(used) == 1 else max(1, min(BATCH, waiting // (2 * len(used))))
        round_ = _Round(store, clock, stopping, pace, report, advance, batch)
        round_.serve(used)
    report.stopped = stopping()
    report.delayed = _delayed(store, name, clock(), report)
    return report


def sweep(store: Store, channel: Channel, now: datetime) -> Swept:
    """Settle what nobody will: what was cut off, what is too late, what nobody wants any more."""
    return store.deliveries.sweep(channel.name, now, repeatable=channel.repeatable)


@dataclass(slots=True)
class _Round:
    """What the connections of one call share."""

    store: Store
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    pace: Pace
    report: PostReport
    advance: Advance
    batch: int
    halted: threading.Event = field(default_factory=threading.Event)

    def serve(self, channels: Sequence[Channel]) -> None:
        """Let each connection work off the queue; the first error of the store ends all."""
        if len(channels) == 1:
            self._serve(channels[0])
            return
        with ThreadPoolExecutor(len(channels), thread_name_prefix="post") as pool:
            for done in [pool.submit(self._serve, channel) for channel in channels]:
                done.result()

    def _serve(self, channel: Channel) -> None:
        postman = Postman(
            self.store.deliveries,
            self.store.channels,
            channel,
            clock=self.clock,
            stopping=lambda: self.stopping() or self.halted.is_set(),
            pace=self.pace,
            recorded=self._recorded,
            batch=self.batch,
        )
        try:
            postman.work()
        except ChannelError as error:
            self.report.problem = str(error)
        except BaseException:
            self.halted.set()
            raise
        finally:
            channel.close()

    def _recorded(self, step: Step) -> None:
        self.report.note(step)
        self.advance(step.state is not State.QUEUED)


def _delayed(store: Store, name: str, now: datetime, report: PostReport) -> Delayed | None:
    """What has not left, and when it is tried again: not while the breaker is open."""
    delayed, breaker = store.deliveries.delayed(name, now), store.channels.state(name)
    if delayed is None:
        return None
    if breaker.failures:
        tries = [moment for moment in (delayed.next_try, breaker.retry_at) if moment]
        return replace(delayed, next_try=max(tries, default=None), answer=breaker.problem)
    if report.stopped or report.problem:
        return delayed
    # What could be sent now was queued by another process since we found nothing: it sends that.
    count, under_way = delayed.count - delayed.ready, delayed.under_way + delayed.ready
    return replace(delayed, count=count, ready=0, under_way=under_way)
