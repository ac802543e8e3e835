"""What is asked of a service and what comes back, as values; which answers are none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from digest.intake.failing import RefusedError
from digest.intake.reading import Caps
from digest.intake.urls import seconds_named

SMALL = Caps(packed=32 << 20, unpacked=32 << 20)
LARGE = Caps(packed=64 << 20, unpacked=256 << 20)
OK = frozenset((200,))
UNCHANGED = 304
TOO_OFTEN = 429
BUSY = frozenset((TOO_OFTEN, 500, 502, 503, 504))
REDIRECTS = frozenset((301, 302, 303, 307, 308))
_UNWANTED = frozenset((403, 406))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said: its status, its headers (by name in any case) and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer to be read as a stream, from a place that takes little memory.

    `unchanged`: the service says that nothing is new since the answer that `known` was given for;
    then there is nothing to read. `known` is what to say next time, "" where that cannot be said.
    `url` is where it came from at last, `headers` what the service said of it.
    """

    body: BinaryIO
    unchanged: bool = False
    known: str = ""
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, until when, and which answers are no error; headers may hold a key."""

    url: str = field(repr=False)
    accept: str
    headers: Mapping[str, str] = field(repr=False)
    expected: frozenset[int]
    caps: Caps
    foreign: bool
    seconds: float
    end: float


@dataclass(frozen=True, slots=True)
class Got:
    """A complete answer from `url`; `at_home`: from the host that was asked, not from another."""

    status: int
    headers: Mapping[str, str]
    body: BinaryIO
    at_home: bool
    url: str = field(repr=False)


def told(status: int, reason: str | None) -> str:
    """An answer in words; the reason is the service's own, and may be anything."""
    return f"answered {status} {(reason or '')[:80]}".strip()


def named_wait(status: int, headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that an answer asks us to wait; Backoff may stand in a good one, too."""
    value = headers.get("Backoff")
    if status in BUSY:
        value = headers.get("Retry-After") or value
    return seconds_named(value, now)


def judge(status: int, reason: str | None, question: Question, *, at_home: bool) -> None:
    """See that an answer is one that was asked for.

    Raises:
        RefusedError: it is another.
    """
    if status == UNCHANGED and not (at_home and question.headers):
        raise RefusedError("answered 304, though it was not asked whether anything is new")
    if status in question.expected:
        return
    advice = ""
    if status in _UNWANTED:
        advice = "it refuses us: see that DIGEST_OWNER is an address that it can write to"
    raise RefusedError(told(status, reason), advice)
