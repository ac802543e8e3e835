"""The reckoning after the kills: what the database says of each mail, against what arrived."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, fields

from digest.post.protocol import RETRIES
from digest.store.states import State
from lib.clerk import Row
from lib.sink import Ledger

_ATTEMPTS = len(RETRIES) + 1


@dataclass(frozen=True, slots=True)
class Account:
    """Counts of mails. Accounts add up.

    Attributes:
        deliveries: rows.
        sent: recorded as sent.
        uncertain: recorded as uncertain.
        failed: refused for good.
        duplicates: copies beyond the first that arrived of a mail.
        unaccounted: recorded as sent and not there; there, and recorded as anything but sent or
            uncertain; arrived without a row; without an end; failed without a refusal.
        unexplained: uncertain, though no process was killed while the mail was in doubt and no
            connection was cut.
        arrived: uncertain, and there.
        doubted: in doubt when its process was killed.
        unanswered: taken by the server, which then hung up without a word.
        cut: hung up on by the server before the dot.
    """

    deliveries: int = 0
    sent: int = 0
    uncertain: int = 0
    failed: int = 0
    duplicates: int = 0
    unaccounted: int = 0
    unexplained: int = 0
    arrived: int = 0
    doubted: int = 0
    unanswered: int = 0
    cut: int = 0

    def __add__(self, other: "Account") -> "Account":
        """Both together."""
        mine, its = asdict(self), asdict(other)
        return Account(**{one.name: mine[one.name] + its[one.name] for one in fields(self)})

    @property
    def bound(self) -> int:
        """How many mails may be uncertain at most."""
        return self.doubted + self.unanswered + self.cut

    @property
    def clean(self) -> bool:
        """Whether every mail is where it should be."""
        wrong = self.duplicates or self.unaccounted or self.unexplained
        whole = self.sent + self.uncertain + self.failed == self.deliveries
        return not wrong and whole and self.uncertain <= self.bound


def settle_accounts(rows: Sequence[Row], ledger: Ledger, doubted: AbstractSet[str]) -> Account:
    """Hold the rows against the ledger.

    Args:
        rows: every mail of the database.
        ledger: what the server did.
        doubted: Message-IDs that were in doubt when the process that had them was killed.
    """
    states = {row.message_id: row.state for row in rows}
    uncertain = {name for name, state in states.items() if state == State.UNCERTAIN}
    failed = [row for row in rows if row.state == State.FAILED]
    excused = doubted | ledger.unanswered | ledger.cut
    return Account(
        deliveries=len(rows),
        sent=sum(state == State.SENT for state in states.values()),
        uncertain=len(uncertain),
        failed=len(failed),
        duplicates=sum(times - 1 for times in ledger.accepted.values()),
        unaccounted=sum(_is_lost(row, ledger) for row in rows)
        + len(set(ledger.accepted) - set(states)),
        unexplained=len(uncertain - excused),
        arrived=len(uncertain & set(ledger.accepted)),
        doubted=len(doubted),
        unanswered=len(ledger.unanswered),
        cut=len(ledger.cut),
    )


def _is_lost(row: Row, ledger: Ledger) -> bool:
    there = row.message_id in ledger.accepted
    match row.state:
        case State.SENT:
            return not there
        case State.UNCERTAIN:
            return False
        case State.FAILED:
            refused = row.recipient in ledger.refused
            return there or not (refused or ledger.deferred[row.recipient] >= _ATTEMPTS)
    return True
