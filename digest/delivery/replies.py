"""What a refusal of a mail server means for a mail."""

import re
from dataclasses import dataclass
from enum import Enum

from digest.delivery import Outcome, Verdict

GOING_AWAY = 421
_YES, _GO_ON, _LATER, _NEVER = 2, 3, 4, 5
_TOO_LARGE = 552
_TOO_LARGE_IN_DETAIL = ("5.2.3", "5.3.4")
# No such mailbox, no such domain, moved away, takes no mail at all (RFC 7505), switched off.
_NO_MAILBOX_IN_DETAIL = ("5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1")
_PLAIN = (550, 551, 553)
_LONGEST = 300


class Step(Enum):
    """What was asked."""

    SENDER = "MAIL"
    RECIPIENT = "RCPT"
    DATA = "DATA"
    LAST_WORD = "the mail"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it was read: its code (-1: it makes no sense), and its text on one line."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}" if self.code >= 0 else self.text

    @property
    def detail(self) -> str | None:
        """The enhanced status code (RFC 3463), such as 5.1.1."""
        found = re.match(r"([45]\.\d{1,3}\.\d{1,3})(?!\S)", self.text)
        return found[1] if found and found[1][0] == str(self.code)[0] else None


def read(code: int, answer: bytes) -> Reply:
    """A reply from the wire."""
    text = " ".join(answer.decode("utf-8", "replace").split())
    return Reply(code, "".join(c if c.isprintable() else "?" for c in text[:_LONGEST]))


def agrees(step: Step, reply: Reply) -> bool:
    """Whether the other side did what was asked."""
    return reply.code // 100 == (_GO_ON if step is Step.DATA else _YES)


def refuses(reply: Reply) -> bool:
    """Whether the other side clearly said no; neither yes nor no makes no sense."""
    return reply.code // 100 in (_LATER, _NEVER)


def refusal(step: Step, reply: Reply) -> Outcome | None:
    """What a clear no means for a mail; None where it is said to us, whichever the mail.

    A policy against us (5.7) is suspicious, and so is a plain refusal of a recipient: it is said to
    a mail and may be meant for all.
    """
    detail = reply.detail or ""
    policy = detail.startswith("5.7.")
    if step is Step.SENDER and reply.code != _TOO_LARGE and detail not in _TOO_LARGE_IN_DETAIL:
        return None
    if reply.code // 100 == _LATER or (policy and step is not Step.LAST_WORD):
        verdict = Verdict.LATER
    elif step is Step.RECIPIENT and _no_mailbox(reply):
        verdict = Verdict.NO_MAILBOX
    else:
        verdict = Verdict.REFUSED
    plain = step is Step.RECIPIENT and reply.code in _PLAIN and not reply.detail
    return Outcome(verdict, str(reply), reply.code, suspicious=policy or plain)


def _no_mailbox(reply: Reply) -> bool:
    """By the enhanced code alone: a plain 550 may be said to us (relaying) as well."""
    return reply.detail in _NO_MAILBOX_IN_DETAIL
