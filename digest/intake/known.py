"""What a service may be told next time, so that it can say "unchanged": ETag and Last-Modified.

Kept as one short text, and said only where it was learned: to the same address, on the same host.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_NAMES = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
_URL = "of"
_SENDABLE = re.compile(r"[\x20-\x7e]{1,300}")


def known_of(url: str, headers: Mapping[str, str]) -> str:
    """What to keep of an answer; "" where it says nothing that can be said again."""
    said = {ask: headers.get(name, "").strip() for name, ask in _NAMES}
    kept = {ask: value for ask, value in said.items() if _fit(ask, value)}
    return json.dumps({**kept, _URL: _mark(url)}) if kept else ""


def conditions(url: str, known: str) -> dict[str, str]:
    """The headers that ask "only if changed"; none where `known` is of another address."""
    try:
        found = json.loads(known) if known else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.get(_URL) != _mark(url):
        return {}
    return {ask: found[ask] for _, ask in _NAMES if _fit(ask, found.get(ask))}


def _fit(ask: str, value: object) -> bool:
    """Whether a value may be sent: short, plain letters, and a date where it has to be one."""
    if not isinstance(value, str) or not _SENDABLE.fullmatch(value):
        return False
    if ask == "If-Modified-Since":
        try:
            parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return False
    return True


def _mark(url: str) -> str:
    """What stands for an address, which may hold a key."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]
