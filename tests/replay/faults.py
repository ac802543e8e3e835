"""What goes wrong, where and when; and how an answer looks then."""

import gzip
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from random import Random

from tests.replay.answers import Answer

RETRY_AFTER = 1200
BOMB = 300 * 1024 * 1024
_MEGABYTE = 1024 * 1024
_ENTRIES = re.compile(rb"<(entry|item|record)[ >].*</\1>", re.DOTALL)
_CURSORS = re.compile(rb'"next_cursor": "[^"]*"')
_RESULTS = re.compile(rb'"(results|collection)": \[.*\](?=, "group_by"|\}$)', re.DOTALL)


class Kind(StrEnum):
    """A way in which a service fails."""

    DROP = "drop"  # the line is cut in the middle of the answer
    DRIP = "drip"  # a byte now and then
    RESET = "reset"  # hung up upon before an answer
    REFUSED = "refused"  # nobody listens
    BOMB = "bomb"  # 300 MB of gzip in 300 KB
    BUSY = "429"
    AWAY = "503"
    EMPTY = "empty"  # valid, and nothing in it
    PARTIAL = "partial"  # fewer on a page than it says
    TRUNCATED = "truncated"  # ends in the middle, by a server that thinks it whole
    STALE = "stale"  # yesterday's listing, freshly built
    LOOP = "loop"  # redirected to itself
    CHARSET = "charset"  # bytes in another encoding than is said
    PAGE = "page"  # a web page, with status 200
    EXPIRED = "expired"  # tokens are not known any more


@dataclass(frozen=True, slots=True)
class Fault:
    """A service fails in one way for some time, where `match` is part of what is asked."""

    kind: Kind
    service: str
    begin: datetime
    end: datetime
    match: str = ""

    def strikes(self, service: str, asked: str, now: datetime) -> bool:
        """Whether it does so now."""
        return self.service == service and self.begin <= now < self.end and self.match in asked


def striking(faults: Iterable[Fault], service: str, asked: str, now: datetime) -> frozenset[Kind]:
    """What goes wrong with this question now."""
    return frozenset(fault.kind for fault in faults if fault.strikes(service, asked, now))


def spoiled(answer: Answer, kinds: frozenset[Kind], asked: str) -> Answer:
    """The answer as it looks then, for what can be seen in an answer."""
    for kind, instead in _INSTEAD.items():
        if kind in kinds:
            return instead
    if Kind.LOOP in kinds:
        return Answer(b"", 302, "text/plain", {"Location": asked})
    if Kind.BOMB in kinds:
        return Answer(bomb(), 200, answer.kind, {"Content-Encoding": "gzip"})
    for kind, change in _CHANGED.items():
        if kind in kinds and answer.status == _OK:
            return replace(answer, body=change(answer.body))
    return answer


def emptied(body: bytes) -> bytes:
    """The same without what it holds; what it says of the number stays."""
    if body[:1] == b"[":
        return b"[]"
    if body[:1] == b"{":
        bare = _RESULTS.sub(rb'"\1": []', body)
        return _CURSORS.sub(b'"next_cursor": null', bare)
    return _ENTRIES.sub(b"", body)


_OK = 200
_INSTEAD: Mapping[Kind, Answer] = {
    Kind.AWAY: Answer(b"no server is available", 503, "text/plain"),
    Kind.BUSY: Answer(b"slow down", 429, "text/plain", {"Retry-After": str(RETRY_AFTER)}),
    Kind.PAGE: Answer(
        b"<!DOCTYPE html><html><head><title>Down</title></head><body>Back soon.</body></html>",
        200,
        "text/html",
    ),
}
_CHANGED: Mapping[Kind, Callable[[bytes], bytes]] = {
    Kind.EMPTY: emptied,
    Kind.TRUNCATED: lambda body: body[: len(body) * 3 // 5],
    Kind.CHARSET: lambda body: body.replace(b"a", b"\xe9\xff", 40),
}


@cache
def bomb(size: int = BOMB, noise: int = 0) -> bytes:
    """So many bytes of next to nothing, packed; `noise` bytes in each megabyte make it blunter."""
    packed, chance = io.BytesIO(), Random(1)
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9, mtime=0) as out:
        out.write(b"<feed>")
        for _ in range(size // _MEGABYTE):
            out.write(chance.randbytes(noise))
            out.write(b" " * (_MEGABYTE - noise))
    return packed.getvalue()
