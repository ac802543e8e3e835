"""JSON of services: whatever an answer holds, something in words comes of it, and never a crash."""

import json
from collections.abc import Mapping

from digest.errors import SourceError, printable

# Bounds on what one answer may hold: a service's pages have some thousands of each.
MAX_VALUES = 1_500_000
MAX_OBJECTS = 400_000
_LONGEST_NUMBER = 20


def read_json(source: str, body: bytes, what: str = "the answer") -> object:
    """The value of an answer.

    Numbers that are none, and whole numbers of more than 20 digits, become None.

    Args:
        source: who asks, for errors.
        body: the answer, in UTF-8, UTF-16 or UTF-32.
        what: what was asked for, for errors.

    Raises:
        SourceError: for a web page, an empty answer, and damage of any kind, in words.
    """
    start = body[:200].strip()
    if not start:
        raise SourceError(source, f"an empty answer instead of JSON for {what}")
    if start.startswith(b"<"):
        raise SourceError(source, f"a web page instead of JSON for {what}")
    if body.count(b",") > MAX_VALUES or body.count(b"{") + body.count(b"[") > MAX_OBJECTS:
        raise SourceError(source, f"more values than any answer has, for {what}")
    try:
        return json.loads(body, parse_constant=_nothing, parse_int=_whole)
    except RecursionError as error:
        raise SourceError(source, f"something else instead of JSON for {what} (nested)") from error
    except UnicodeDecodeError as error:
        problem = f"something else instead of JSON for {what} (not UTF-8 at byte {error.start})"
        raise SourceError(source, problem) from error
    except ValueError as error:
        what_is_wrong = str(getattr(error, "msg", error)).removesuffix(" at")
        said = f"{what_is_wrong} at letter {getattr(error, 'pos', 0)}"
        raise SourceError(source, f"something else instead of JSON for {what} ({said})") from error


def an_object(value: object) -> Mapping[str, object]:
    """A value as an object; an empty one where it is something else."""
    return value if isinstance(value, dict) else {}


def a_list(value: object) -> list[object]:
    """A value as a list; an empty one where it is something else."""
    return value if isinstance(value, list) else []


def a_text(value: object, most: int = 2_000) -> str:
    """A value as text that can be sent and stored; empty where it is something else."""
    return printable(value[:most], most) if isinstance(value, str) else ""


def _nothing(_constant: str) -> None:
    return None


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None
