"""Signed links: made by letters, read by the web.

    https://digest.example.org/v/h4nDl3xY.Nok.3m.1Qm7xVYp9sT0aB3c
                       base  purpose  fields, the last 96 bits of an HMAC-SHA-256

Who has a link may do what it says, and nothing else: the purpose is part of what is signed. The
fields name a reader by its handle, never by a row. The newest key signs; older ones are still read,
and a link for leaving is read as long as its key is kept: a mail from years ago must not hold
anyone. Such a link lets its reader go, and nothing else: keys are retired where they got about.
96 bits are far beyond what can be tried over a network, and keep links short.
"""

import hashlib
import hmac
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from itsdangerous import Signer
from itsdangerous.encoding import base64_decode, base64_encode, bytes_to_int, int_to_bytes
from itsdangerous.exc import BadData
from itsdangerous.signer import HMACAlgorithm

from digest.errors import LinkError

MOST_URL = 75  # a longer one would not stand on one line of a mail's head
INVITATION_DAYS = 30
_EPOCH = date(1990, 1, 1)  # no reader has a date before it
_SIGNED_BYTES = 12
_KEY_LIFE = timedelta(days=500)  # a key signs for 90 days, and a letter's links hold for 400
_IN_ADDRESSES = bytes.maketrans(b"+/", b"-_")
_LONGEST = 200  # characters of a token
_LONGEST_IN_A_HEAD = len("/v/12345678.123.100m.1234567890123456")
MOST_BASE = MOST_URL - _LONGEST_IN_A_HEAD


class Purpose(StrEnum):
    """What a link is for; the value is its place in the URL."""

    CONFIRM = "c"
    PREFERENCES = "p"
    MOVE = "m"
    UNSUBSCRIBE = "u"
    VOTE = "v"
    WHY = "w"
    EDITION = "e"
    ARCHIVE = "a"
    FEED = "f"
    INVITE = "i"


_DAYS = {  # how long links of a purpose hold from the date in them; the others hold always
    Purpose.CONFIRM: 7,
    Purpose.MOVE: 7,
    Purpose.INVITE: INVITATION_DAYS,
    Purpose.PREFERENCES: 60,
    Purpose.VOTE: 400,
    Purpose.WHY: 400,
}


@dataclass(frozen=True, slots=True)
class Key:
    """What links are signed with (hex digits); once `retired` it is good for leaving only."""

    secret: str = field(repr=False)
    made: datetime
    retired: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """What a link says: whom it is for, the date in it, and what else its purpose needs.

    `living` is whether the key that signed it is good for more than leaving.
    """

    purpose: Purpose
    name: str
    day: date | None = None
    rest: tuple[str, ...] = ()
    living: bool = field(default=True, compare=False)


@dataclass(slots=True)
class Links:
    """Makes and reads the links of one house.

    Args:
        base: the address that readers reach the pages by, without a slash at the end.
        load: gives every key, the newest last; asked when the first link is made.
    """

    base: str
    load: Callable[[], Sequence[Key]] = field(repr=False)
    _keys: Sequence[Key] = field(default=(), repr=False)

    def url(self, token: Token) -> str:
        """The address of a link.

        Raises:
            ValueError: where no key was ever made.
        """
        return f"{self.base}/{token.purpose.value}/{self.sign(token)}"

    def sign(self, token: Token) -> str:
        """A link without base and purpose."""
        said = ".".join((token.name, _encoded(token.day), *token.rest))
        mark = hmac.digest(_derived(self._secret(), token.purpose), said.encode(), "sha256")
        return f"{said}.{_shown(mark)}"

    def stem(self, purpose: Purpose, name: str, day: date) -> "Stem":
        """Makes many links of one purpose, reader and date.

        Raises:
            ValueError: where no key was ever made.
        """
        said = f"{name}.{_encoded(day)}."
        begun = hmac.new(_derived(self._secret(), purpose), said.encode(), "sha256")
        return Stem(f"{self.base}/{purpose.value}/{said}", begun)

    def read(self, purpose: Purpose, written: str, now: datetime) -> Token:
        """What a link says.

        Args:
            purpose: where the link was used.
            written: the link without base and purpose.
            now: the time (aware).

        Raises:
            LinkError: for one that was not signed here for this purpose, or holds no more.
        """
        signed = _signed(purpose, written, self._known(), now)
        if signed is None:  # another process may have made a key
            signed = _signed(purpose, written, self.refresh(), now)
        if signed is None:
            raise LinkError(
                "this link is not whole, or was not made here: copy all of it from the mail"
            )
        key, token = signed
        if not _reads(key, purpose, now):
            raise LinkError(
                "all links were made anew since this one was, which can do nothing any more: the "
                "next letter has yours"
            )
        if not holds(purpose, token.day, now):
            raise LinkError(
                f"this link has run out: such links hold for {_DAYS[purpose]} days; the latest "
                "mail has a new one"
            )
        return token

    def refresh(self) -> Sequence[Key]:
        """Ask for the keys anew."""
        self._keys = tuple(self.load())
        return self._keys

    def _secret(self) -> str:
        """What the newest key signs with."""
        keys = self._known() or self.refresh()
        if not keys:
            raise ValueError("links cannot be signed: no key was made yet")
        return keys[-1].secret

    def _known(self) -> Sequence[Key]:
        return self._keys or self.refresh()


@dataclass(frozen=True, slots=True)
class Stem:
    """What the links of one purpose, reader and date begin with, and the signature up to there."""

    written: str
    begun: hmac.HMAC = field(repr=False)

    def url(self, last: str) -> str:
        """The address of the link that ends with this field."""
        mark = self.begun.copy()
        mark.update(last.encode())
        return f"{self.written}{last}.{_shown(mark.digest())}"


def holds(purpose: Purpose, day: date | None, now: datetime) -> bool:
    """Whether a link with this date in it holds still."""
    life = _DAYS.get(purpose)
    return life is None or (day is not None and (now.date() - day).days <= life)


def _signed(
    purpose: Purpose, written: str, keys: Sequence[Key], now: datetime
) -> tuple[Key, Token] | None:
    """What a link says, and the key that signed it, be it retired; None where none of these did."""
    if len(written) > _LONGEST or not written.isascii():
        return None
    for key in reversed(keys):
        try:
            said = _signer(key.secret, purpose).unsign(written).decode("ascii")
            name, day, *rest = said.split(".")
            token = Token(purpose, name, _decoded(day), tuple(rest), _lives(key, now))
        except (BadData, ValueError, OverflowError):
            continue
        return key, token
    return None


def _reads(key: Key, purpose: Purpose, now: datetime) -> bool:
    if purpose is Purpose.UNSUBSCRIBE:
        return True
    return _lives(key, now) if purpose in _DAYS else key.retired is None


def _lives(key: Key, now: datetime) -> bool:
    return key.retired is None and now - key.made < _KEY_LIFE


class _Short(HMACAlgorithm):
    """The first 96 bits of an HMAC (RFC 2104, section 5, allows it from half its length down)."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:_SIGNED_BYTES]


@lru_cache(maxsize=256)
def _signer(secret: str, purpose: Purpose) -> Signer:
    return Signer(
        secret,
        salt=f"digest.{purpose.name}".encode(),
        sep=".",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
        algorithm=_Short(hashlib.sha256),
    )


@lru_cache(maxsize=256)
def _derived(secret: str, purpose: Purpose) -> bytes:
    return _signer(secret, purpose).derive_key()


def _shown(mark: bytes) -> str:
    """A signature as links have it: as the signer's own, whose key is derived once for all."""
    written = b2a_base64(mark[:_SIGNED_BYTES], newline=False)
    return written.translate(_IN_ADDRESSES).decode()


@lru_cache(maxsize=256)
def _encoded(day: date | None) -> str:
    if day is None:
        return ""
    return base64_encode(int_to_bytes((day - _EPOCH).days + 1)).decode("ascii")


def _decoded(written: str) -> date | None:
    if not written:
        return None
    return _EPOCH + timedelta(days=bytes_to_int(base64_decode(written)) - 1)
