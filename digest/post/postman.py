"""The postman: takes mails from the queue and drives one connection through the protocol."""

import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import tenacity

from digest.delivery import Channel
from digest.errors import ChannelError, StoreAwayError, StoreBusyError, StoreError
from digest.post.pace import Pace
from digest.post.protocol import (
    ENOUGH_SUSPICION,
    after,
    after_mistake,
    damaged,
    let_go,
    put_back,
    void,
)
from digest.store.channels import Channels
from digest.store.deliveries import CLAIM_LEASE, Deliveries
from digest.store.states import Claim, Step

log = logging.getLogger(__name__)

_T = TypeVar("_T")

BATCH = 100
_PASSING = (StoreBusyError, StoreAwayError)
_PATIENCE = 6  # times that the store is asked; where it is locked, for a minute each
_FIRST_WAIT = 0.1  # seconds, doubled each time
_RENEW_AFTER = CLAIM_LEASE / 4


@dataclass(slots=True)
class Postman:
    """Works off a channel's queue over one connection.

    The outcome of one mail is committed together with the doubt of the next: one commit a mail.

    Args:
        deliveries: the queue.
        breakers: the channels' breakers.
        channel: the connection; nobody else uses it.
        clock: the time (aware).
        stopping: whether to end after the mail at hand.
        pace: gives turns.
        recorded: is told of each outcome once it is committed.
        batch: how many mails to claim at once.
        chance: spreads retries.
    """

    deliveries: Deliveries
    breakers: Channels
    channel: Channel
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    pace: Pace
    recorded: Callable[[Step], None]
    batch: int = BATCH
    chance: random.Random = field(default_factory=random.Random)
    _rides: list[Step] = field(default_factory=list)  # outcomes that the next commit takes along
    _leased: datetime | None = None
    _suspicions: int = 0
    _talked: bool = False

    def work(self) -> None:
        """Send until nothing waits or we are to stop.

        Raises:
            ChannelError: when the channel gave out; its breaker is open then.
            StoreError: when an outcome cannot be recorded.
        """
        # At a limited pace a turn can be far away: nothing is claimed before it has come.
        most = self.batch if self.pace.per_minute is None else 1
        while not self.stopping():
            self.pace.take_turn()
            self._leased = self.clock()
            claims = self.deliveries.claim(self.channel.name, self._leased, most)
            if not claims:
                return
            self._talked = False
            if claims[0].trial:
                self._suspicions = 0  # what was before its pause is over
            self._deliver(deque(claims))
            if claims[0].trial and self._talked:
                self.breakers.restore(self.channel.name)

    def _deliver(self, claims: deque[Claim]) -> None:
        """Send claimed mails; what is not sent goes back into the queue."""
        try:
            while claims and not self.stopping():
                self._hold(claims)
                self._send(claims[0])
                claim = claims.popleft()
                self._give_out_if_suspicious(1 if claim.trial else ENOUGH_SUSPICION)
        except ChannelError as error:
            log.info("channel %s: %s", self.channel.name, error)
            self._record()
            until = self._patiently(self._trip, error)
            self._rides += [put_back(claim, error, until) for claim in claims]
            self._record()
            raise
        self._rides += [let_go(claim, self.clock()) for claim in claims]
        self._record()

    def _send(self, claim: Claim) -> None:
        """Take one mail through its dialogue."""
        if not claim.whole:
            self._settle(damaged(claim))
            return
        concluded = False
        try:
            outcome = self.channel.offer(claim.message)
            if outcome is None:
                if not self._may_conclude(claim):
                    return
                concluded = True
                outcome = self.channel.conclude()
        except (ChannelError, StoreError):
            raise
        except Exception as error:
            log.exception("mail %s", claim.message.message_id)
            self.channel.withdraw()
            outcome = after_mistake(error, concluded=concluded, repeatable=self.channel.repeatable)
        self._talked = True
        if not outcome.suspicious:
            self._suspicions = 0
        elif claim.reader is not None or outcome.code is None:
            self._suspicions += 1  # else a stranger typed that address: its refusal means nothing
        self._settle(after(claim, outcome, self.clock(), self.chance))

    def _may_conclude(self, claim: Claim) -> bool:
        """Commit that the mail is in doubt; where that is refused, leave it untaken."""
        if self._record(doubt=claim):
            return True
        self.channel.withdraw()
        state = self.deliveries.why_not(claim, self.clock())
        if state is None:
            log.warning("%s: its claim was lost before it was sent", claim.message.message_id)
        else:
            self._settle(void(claim, state))
        return False

    def _settle(self, step: Step) -> None:
        """Let an outcome ride with the next commit."""
        self._rides.append(step)

    def _record(self, doubt: Claim | None = None) -> bool:
        """Commit what rides, and the doubt of the next mail; returns whether that one may go."""
        steps = self._rides
        if not steps and doubt is None:
            return False
        recorded = self._patiently(self.deliveries.record, steps, self.clock(), doubt)
        self._rides = []
        for step, kept in zip(steps, recorded.kept, strict=True):
            self._tell(step, kept=kept)
        return recorded.open

    def _tell(self, step: Step, *, kept: bool) -> None:
        message = step.claim.message
        if not kept:
            log.warning(
                "%s: its claim was lost before %s was recorded", message.message_id, step.state
            )
            return
        if step.answer:
            log.info(
                "%s to %s: %s (%s)", message.message_id, message.recipient, step.state, step.answer
            )
        self.recorded(step)

    def _hold(self, claims: Sequence[Claim]) -> None:
        """Keep the claims of a slow batch."""
        now = self.clock()
        if self._leased is not None and now - self._leased > _RENEW_AFTER:
            self._record()
            self._patiently(self.deliveries.renew, claims, now)
            self._leased = now

    def _trip(self, error: ChannelError) -> datetime:
        now = self.clock()
        return self.breakers.trip(self.channel.name, str(error), now, lasting=error.lasting)

    def _sleep(self, seconds: float) -> None:
        self.pace.wait(seconds)

    def _patiently(self, call: Callable[..., _T], *arguments: object) -> _T:
        """Ask the store again where it is busy or away for a while: what is known must not be lost.

        All that is asked so can be asked twice.
        """
        try:
            return call(*arguments)
        except _PASSING as error:
            log.warning("asked again: %s", error)
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PASSING),
            wait=tenacity.wait_exponential(multiplier=_FIRST_WAIT),
            stop=tenacity.stop_after_attempt(_PATIENCE),
            sleep=self._sleep,
            reraise=True,
        )
        return again(call, *arguments)

    def _give_out_if_suspicious(self, enough: int) -> None:
        """Take several suspicious outcomes in a row for trouble with all mails.

        Raises:
            ChannelError: then.
        """
        if self._suspicions >= enough:
            answer = self._rides[-1].answer
            self._suspicions = 0
            raise ChannelError(f"mail after mail meets trouble, the last one: {answer}")
