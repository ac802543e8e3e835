"""Channels: how a mail leaves the house. A new channel is one new file."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from digest.model import Message


class Verdict(StrEnum):
    """What became of a mail, as far as the channel can know."""

    SENT = "sent"
    LATER = "later"  # refused for now
    REFUSED = "refused"  # refused for good
    NO_MAILBOX = "no mailbox"  # refused for good, because the address takes no mail
    UNKNOWN = "unknown"  # no answer to the last word: never to be repeated by itself


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict, what the other side said, and its reply code if it has one.

    `suspicious` outcomes (a policy, a lost connection) may be the other side's trouble with all
    mails: several in a row are.
    """

    verdict: Verdict
    answer: str
    code: int | None = None
    suspicious: bool = False


class Channel(Protocol):
    """Takes mails one by one, each in two steps: all of it, and the last word that makes it count.

    What was offered and never concluded was never sent.
    """

    @property
    def name(self) -> str:
        """What the channel is called in the store: a mail waits for the channel it was made for."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether the same mail may be handed over twice without harm."""
        ...

    def offer(self, message: Message) -> Outcome | None:
        """Hand one mail over, but for the last word; None where the other side waits for that.

        Raises:
            ChannelError: when the channel as a whole is out of order and the mail was not taken.
        """
        ...

    def conclude(self) -> Outcome:
        """Say the last word, and hear what became of the mail.

        Raises:
            ChannelError: when the other side clearly took nothing, and will not take others.
        """
        ...

    def withdraw(self) -> None:
        """Leave what was offered untaken."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


@runtime_checkable
class Examined(Protocol):
    """A channel that can say whether it works before a mail is there."""

    def check(self) -> str:
        """Try everything but a mail; returns what was found, in words.

        Raises:
            ChannelError: with what is wrong and what to do.
        """
        ...
