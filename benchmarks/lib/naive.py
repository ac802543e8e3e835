"""The negative control: a poster that sends, then records, and repeats what is not recorded.

It uses the same queue, the same connection and the same harness: what is missing is the doubt.
"""

from digest.delivery import Verdict
from digest.errors import ChannelError
from digest.store import Store
from digest.store.states import Claim, State, Step
from lib.lives import Desk

_AT_ONCE = 20
_ENDS = {
    Verdict.SENT: State.SENT,
    Verdict.REFUSED: State.FAILED,
    Verdict.NO_MAILBOX: State.FAILED,
}


def post_naively(store: Store, desk: Desk, connections: int) -> None:  # noqa: ARG001 - one will do
    """Send what is queued, one by one; what a dead process had claimed is queued again."""
    channel = desk.channel()
    store.deliveries.sweep(channel.name, desk.board.now(), repeatable=False)
    try:
        while claims := store.deliveries.claim(channel.name, desk.board.now(), _AT_ONCE):
            for claim in claims:
                outcome = channel.offer(claim.message) or channel.conclude()
                _record(store, desk, claim, _ENDS.get(outcome.verdict, State.QUEUED))
    except ChannelError:
        pass  # the rest is for the next round
    finally:
        channel.close()


def _record(store: Store, desk: Desk, claim: Claim, state: State) -> None:
    store.deliveries.record([Step(claim, state, "")], desk.board.now())
    desk.place.handled += state is not State.QUEUED
