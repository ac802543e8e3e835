"""Step 3, post: hand queued mails to the channel, one by one, and record what became of each.

A mail is claimed in the store before it is handed over, so that no two processes take the same.
What is refused for now comes back later; what was handed over without an answer is never sent
again by itself.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from digest.delivery import Channel, Outcome, Verdict
from digest.errors import ChannelError
from digest.progress import Progress
from digest.store import Store
from digest.store.deliveries import Claim, Delayed, State

log = logging.getLogger(__name__)

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 45, 120))
CHANNEL_DOWN = timedelta(minutes=5)
MOST_ANSWERS = 100


@dataclass(slots=True)
class PostReport:
    """How many mails took which way; `problem` is why the channel gave out, if it did.

    `answers` holds recipient, verdict and what the other side said, of the first mails.
    """

    sent: int = 0
    later: int = 0
    failed: int = 0
    uncertain: int = 0
    problem: str | None = None
    delayed: Delayed | None = None
    answers: list[tuple[str, Verdict, str]] = field(default_factory=list)

    @property
    def in_order(self) -> bool:
        """Whether nothing needs a person's attention."""
        waiting = self.delayed.count if self.delayed else 0
        return not (self.failed or self.uncertain or self.problem or waiting)


def post(
    store: Store,
    channel: Channel,
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    stopping: Callable[[], bool],
) -> PostReport:
    """Send what is queued for the channel until nothing waits, it gives out, or we are to stop."""
    report = PostReport()
    report.uncertain += store.deliveries.release_abandoned(
        channel.name, clock(), repeatable=channel.repeatable
    )
    waiting = store.deliveries.waiting(channel.name, clock())
    try:
        with progress.track("sending", waiting) as advance:
            while not stopping() and (claim := store.deliveries.claim(channel.name, clock())):
                try:
                    outcome = _send(channel, claim)
                    _record(store, claim, outcome, clock, report)
                except ChannelError as error:
                    until = clock() + CHANNEL_DOWN
                    store.deliveries.put_back(claim, until, str(error), counts=False)
                    store.deliveries.postpone(channel.name, until, str(error))
                    report.problem = str(error)
                    log.error("channel %s: %s", channel.name, error)
                    break
                advance(1)
    finally:
        channel.close()
    report.delayed = store.deliveries.delayed(channel.name, clock())
    return report


def _send(channel: Channel, claim: Claim) -> Outcome:
    """Hand a mail over; after an error of ours nobody knows how far it came."""
    try:
        return channel.send(claim.message)
    except ChannelError:
        raise
    except Exception as error:
        log.exception("mail %s", claim.message.message_id)
        if channel.repeatable:
            raise ChannelError(f"an error in this program ({error}); see the log") from error
        return Outcome(Verdict.UNKNOWN, f"an error in this program: {error}")


def _record(
    store: Store,
    claim: Claim,
    outcome: Outcome,
    clock: Callable[[], datetime],
    report: PostReport,
) -> None:
    message, answer = claim.message, outcome.answer
    log.info("%s to %s: %s (%s)", message.message_id, message.recipient, outcome.verdict, answer)
    if len(report.answers) < MOST_ANSWERS:
        report.answers.append((message.recipient, outcome.verdict, answer))
    deliveries = store.deliveries
    match outcome.verdict:
        case Verdict.SENT:
            kept = deliveries.settle(claim, State.SENT, answer, clock())
            report.sent += 1
        case Verdict.UNKNOWN:
            kept = deliveries.settle(claim, State.UNCERTAIN, answer, clock())
            report.uncertain += 1
        case Verdict.LATER if claim.attempts < len(RETRIES):
            kept = deliveries.put_back(claim, clock() + RETRIES[claim.attempts], answer)
            report.later += 1
        case Verdict.LATER | Verdict.REFUSED:
            kept = deliveries.settle(claim, State.FAILED, answer, clock())
            report.failed += 1
    if not kept:
        log.warning("%s: its claim was lost before the outcome was recorded", message.message_id)
