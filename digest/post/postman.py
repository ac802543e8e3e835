"""The postman: takes mails from the queue and drives one connection through the protocol."""

import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import tenacity

from digest.delivery import Channel
from digest.errors import ChannelError, StoreBusyError, StoreError
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

BATCH = 50
_PATIENCE = 5  # waits for a locked database, a minute each
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
        chance: spreads retries.
    """

    deliveries: Deliveries
    breakers: Channels
    channel: Channel
    clock: Callable[[], datetime]
    stopping: Callable[[], bool]
    pace: Pace
    recorded: Callable[[Step], None]
    chance: random.Random = field(default_factory=random.Random)
    _rides: list[Step] = field(default_factory=list)  # outcomes that the next commit takes along
    _leased: datetime | None = None
    _suspicions: int = 0

    def work(self) -> None:
        """Send until nothing waits or we are to stop.

        Raises:
            ChannelError: when the channel gave out; its breaker is open then.
            StoreError: when an outcome cannot be recorded.
        """
        # At a limited pace a turn can be far away: nothing is claimed before it has come.
        most = BATCH if self.pace.per_minute is None else 1
        while not self.stopping():
            self.pace.take_turn()
            self._leased = self.clock()
            claims = self.deliveries.claim(self.channel.name, self._leased, most)
            if not claims:
                return
            self._deliver(deque(claims))
            if len(claims) == 1:  # perhaps the one that tried a channel in trouble
                self.breakers.restore(self.channel.name)

    def _deliver(self, claims: deque[Claim]) -> None:
        """Send claimed mails; what is not sent goes back into the queue."""
        try:
            while claims and not self.stopping():
                self._hold(claims)
                self._send(claims[0])
                claims.popleft()
                self._give_out_if_suspicious()
        except ChannelError as error:
            log.error("channel %s: %s", self.channel.name, error)
            now = self.clock()
            until = self.breakers.trip(self.channel.name, str(error), now, lasting=error.lasting)
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
        self._suspicions = self._suspicions + 1 if outcome.suspicious else 0
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
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(StoreBusyError),
            stop=tenacity.stop_after_attempt(_PATIENCE),
            reraise=True,
        ):
            with attempt:
                recorded = self.deliveries.record(steps, self.clock(), doubt)
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
            self.deliveries.renew(claims, now)
            self._leased = now

    def _give_out_if_suspicious(self) -> None:
        """Take several suspicious outcomes in a row for trouble with all mails.

        Raises:
            ChannelError: then.
        """
        if self._suspicions >= ENOUGH_SUSPICION:
            answer = self._rides[-1].answer
            self._suspicions = 0
            raise ChannelError(
                f"{ENOUGH_SUSPICION} mails in a row met trouble, the last one: {answer}"
            )
