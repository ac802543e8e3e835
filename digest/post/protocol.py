"""What follows from an outcome: the delivery protocol as a pure function.

Before the last word everything can be tried again; after it only a clear answer moves a mail on.
An attempt is spent by what was said of this very mail, never by trouble with the whole channel.
"""

import random
from datetime import datetime, timedelta

from digest.delivery import Outcome, Verdict
from digest.errors import ChannelError
from digest.store.states import Claim, State, Step

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 45, 120))
JITTER = 0.2  # up to so much longer, so that what was refused together is not tried together
ENOUGH_SUSPICION = 3  # suspicious outcomes in a row: the trouble is the channel's

_DAMAGED = "its body is not what was queued: the store was damaged; nothing was sent"
_TOO_LATE = "not sent before its deadline"
_UNWANTED = "the reader left, paused or is no longer mailed"


def after(claim: Claim, outcome: Outcome, now: datetime, chance: random.Random) -> Step:
    """The step that an outcome leads to.

    Args:
        claim: the mail.
        outcome: what the channel made of it.
        now: the time (aware).
        chance: spreads retries.
    """
    said = (outcome.answer, outcome.code)
    match outcome.verdict:
        case Verdict.SENT:
            return Step(claim, State.SENT, *said)
        case Verdict.UNKNOWN:
            return Step(claim, State.UNCERTAIN, *said)
        case Verdict.NO_MAILBOX:
            return Step(claim, State.FAILED, *said, bounced=now.date())
        case Verdict.LATER if claim.attempts < len(RETRIES):
            wait = RETRIES[claim.attempts] * (1 + JITTER * chance.random())
            if now + wait < claim.deadline:
                return Step(claim, State.QUEUED, *said, not_before=now + wait)
            return Step(claim, State.EXPIRED, *said)
        case Verdict.LATER | Verdict.REFUSED:
            return Step(claim, State.FAILED, *said)


def after_mistake(error: Exception, *, concluded: bool, repeatable: bool) -> Outcome:
    """The outcome after an error of this program: unknown once the last word may have been said."""
    said = f"an error in this program ({error}); the log has the details"
    harmless = repeatable or not concluded
    return Outcome(Verdict.LATER if harmless else Verdict.UNKNOWN, said)


def put_back(claim: Claim, error: ChannelError, until: datetime) -> Step:
    """Back into the queue, because the whole channel gave out; no attempt is spent."""
    return Step(claim, State.QUEUED, str(error), error.code, not_before=until, spends=False)


def let_go(claim: Claim, now: datetime) -> Step:
    """Back into the queue untouched, for whoever comes next."""
    return Step(claim, State.QUEUED, "", not_before=now, spends=False)


def damaged(claim: Claim) -> Step:
    """Failed, because its frozen body is not what it was."""
    return Step(claim, State.FAILED, _DAMAGED, spends=False)


def void(claim: Claim, state: State) -> Step:
    """Expired or cancelled just before its last word."""
    said = _TOO_LATE if state is State.EXPIRED else _UNWANTED
    return Step(claim, state, said, spends=False)
