"""Channels: how a mail leaves the house. A new channel is one new file."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from digest.model import Message


class Verdict(StrEnum):
    """What became of a mail, as far as the channel can know."""

    SENT = "sent"
    LATER = "later"  # refused for now
    REFUSED = "refused"  # refused for good
    UNKNOWN = "unknown"  # handed over, and no answer came: never to be repeated by itself


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict and what the other side said."""

    verdict: Verdict
    answer: str


class Channel(Protocol):
    """Takes mails one by one."""

    @property
    def name(self) -> str:
        """What the channel is called in the store: a mail waits for the channel it was made for."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether the same mail may be handed over twice without harm."""
        ...

    def send(self, message: Message) -> Outcome:
        """Hand one mail over.

        Raises:
            ChannelError: when the channel as a whole is out of order and the mail was not taken.
        """
        ...

    def close(self) -> None:
        """Hang up."""
        ...
