"""Step 3, post: hand queued mails to the channel, one by one, and record what became of each.

A mail is claimed in the store before it is handed over, so that no two processes take the same.
What is refused for now comes back later; what was handed over without an answer is never sent
again by itself.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from digest.delivery import Channel, Verdict
from digest.errors import ChannelError
from digest.progress import Progress
from digest.store import Store
from digest.store.deliveries import Claim, State

log = logging.getLogger(__name__)

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 45, 120))
CHANNEL_DOWN = timedelta(minutes=5)


@dataclass(slots=True)
class PostReport:
    """How many mails took which way; `problem` is why the channel gave out, if it did."""

    sent: int = 0
    later: int = 0
    failed: int = 0
    uncertain: int = 0
    problem: str | None = None
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def in_order(self) -> bool:
        """Whether nothing needs a person's attention."""
        return not (self.failed or self.uncertain or self.problem)


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
                    _hand_over(store, channel, claim, clock, report)
                except ChannelError as error:
                    store.deliveries.put_back(
                        claim, clock() + CHANNEL_DOWN, str(error), counts=False
                    )
                    report.problem = str(error)
                    log.error("channel %s: %s", channel.name, error)
                    break
                advance(1)
    finally:
        channel.close()
    return report


def _hand_over(
    store: Store,
    channel: Channel,
    claim: Claim,
    clock: Callable[[], datetime],
    report: PostReport,
) -> None:
    message = claim.message
    outcome = channel.send(message)
    answer = outcome.answer
    log.info("%s to %s: %s (%s)", message.message_id, message.recipient, outcome.verdict, answer)
    if len(report.answers) < 100:  # noqa: PLR2004 - enough to show
        report.answers[message.message_id] = answer
    match outcome.verdict:
        case Verdict.SENT:
            store.deliveries.settle(claim, State.SENT, answer, clock())
            report.sent += 1
        case Verdict.UNKNOWN:
            store.deliveries.settle(claim, State.UNCERTAIN, answer, clock())
            report.uncertain += 1
        case Verdict.LATER if claim.attempts < len(RETRIES):
            store.deliveries.put_back(claim, clock() + RETRIES[claim.attempts], answer)
            report.later += 1
        case Verdict.LATER | Verdict.REFUSED:
            store.deliveries.settle(claim, State.FAILED, answer, clock())
            report.failed += 1
