"""A channel that follows a script and remembers each step of its dialogue."""

from collections.abc import Callable
from dataclasses import dataclass, field

from digest.delivery import Outcome, Verdict
from digest.errors import ChannelError
from digest.model import Message

SENT = Outcome(Verdict.SENT, "250 2.0.0 queued as TEST", 250)
Answer = Outcome | Exception | None


@dataclass
class Script:
    """Answers offers and last words in turn; without a line it takes the mail.

    `before` is called with the name of each step, as what happens meanwhile elsewhere.
    """

    offers: list[Answer] = field(default_factory=list)
    ends: list[Outcome | Exception] = field(default_factory=list)
    name: str = "smtp"
    repeatable: bool = False
    taken: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _step: None
    _held: Message | None = None

    def offer(self, message: Message) -> Outcome | None:
        """Answer by the script, or wait for the last word."""
        self._step("offer")
        answer = self.offers.pop(0) if self.offers else None
        if isinstance(answer, Exception):
            raise answer
        self._held = message if answer is None else None
        return answer

    def conclude(self) -> Outcome:
        """Take the mail, or answer by the script; an unknown outcome takes it too."""
        self._step("conclude")
        assert self._held is not None, "a last word without an offer"
        message, self._held = self._held, None
        answer = self.ends.pop(0) if self.ends else SENT
        if isinstance(answer, Exception):
            raise answer
        if answer.verdict in (Verdict.SENT, Verdict.UNKNOWN):
            self.taken.append(message.message_id)
        return answer

    def withdraw(self) -> None:
        """Forget what was offered."""
        self._step("withdraw")
        self._held = None

    def close(self) -> None:
        """Hang up."""
        self._step("close")

    def _step(self, name: str) -> None:
        self.before(name)
        self.steps.append(name)


def down(text: str = "no connection", *, lasting: bool = False) -> ChannelError:
    """A channel that is out of order."""
    return ChannelError(text, lasting=lasting)
