"""All services on loopback, at a time that is set from outside; it counts how it is asked.

Each service has an address of its own (127.0.0.2 and on, where the machine has them), since
politeness is counted by host. Recorded answers can be served in place of the world's.
"""

import gzip
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from digest.config import Settings
from tests.replay import formats_arxiv, formats_others
from tests.replay.answers import Answer
from tests.replay.faults import Fault, Kind, spoiled, striking
from tests.replay.world import ASKED, FEEDS, FIELDS, WANTED, World

HOSTS = ("arxiv", "huggingface", "rxiv", "feeds", "openalex")
_DRIP = 0.05
_LONGEST_DRIP = 30.0
_HANG_UP = struct.pack("ii", 1, 0)  # SO_LINGER: close at once
_WORTH_PACKING = 1000
_UNCHANGED = 304


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: simulated moment, service, path, and what went wrong with it."""

    at: datetime
    service: str
    path: str
    status: int
    faults: frozenset[Kind] = frozenset()


@dataclass
class Services:
    """What the handlers share."""

    world: World
    now: datetime
    faults: tuple[Fault, ...] = ()
    recorded: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)
    closing: threading.Event = field(default_factory=threading.Event)
    most_at_once: int = 0
    _busy: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, host: str) -> None:
        """Count how many are being answered at once by a host."""
        with self._lock:
            self._busy[host] = self._busy.get(host, 0) + 1
            self.most_at_once = max(self.most_at_once, self._busy[host])

    def end(self, host: str) -> None:
        """An answer is there but for its last byte: who asked may ask again."""
        with self._lock:
            self._busy[host] -= 1

    def answer(self, host: str, target: str) -> tuple[Answer, frozenset[Kind]]:
        """What a host says to a target, and what is wrong with it."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        service = _service(host, parts.path)
        kinds = striking(self.faults, service, target, self.now)
        made = self.recorded.get(target) or self._made(service, parts.path, query, kinds)
        answer = spoiled(made, kinds, target)
        with self._lock:
            self.asked.append(Asked(self.now, service, target, answer.status, kinds))
        return answer, kinds

    def _made(
        self, service: str, path: str, query: dict[str, str], kinds: frozenset[Kind]
    ) -> Answer:
        world, now, partial = self.world, self.now, Kind.PARTIAL in kinds
        makers: dict[str, Callable[[], Answer]] = {
            "feed": lambda: formats_arxiv.feed(world, now, path, stale=Kind.STALE in kinds),
            "api": lambda: formats_arxiv.api(world, now, query, partial=partial),
            "oai": lambda: formats_arxiv.oai(
                world, now, query, expired=Kind.EXPIRED in kinds, partial=partial
            ),
            "huggingface": lambda: formats_others.daily_papers(world, now, query),
            "biorxiv": lambda: formats_others.details(world, now, path, partial=partial),
            "medrxiv": lambda: formats_others.details(world, now, path, partial=partial),
            "feeds": lambda: formats_others.news(world, now, path.strip("/")),
            "openalex": lambda: formats_others.works(world, now, query, partial=partial),
        }
        return makers[service]()

    def settings(self) -> Settings:
        """Settings that ask these services for what the world's record is about."""
        arxiv, rxiv, news = (self.addresses[name] for name in ("arxiv", "rxiv", "feeds"))
        return Settings(
            named_sources=("arxiv", "huggingface", "biorxiv", "medrxiv", "feeds", "openalex"),
            arxiv_categories=ASKED,
            arxiv_feed=f"{arxiv}/atom",
            arxiv_api=f"{arxiv}/api/query",
            arxiv_oai=f"{arxiv}/oai",
            huggingface=f"{self.addresses['huggingface']}/api/daily_papers",
            biorxiv=rxiv,
            biorxiv_categories=FIELDS["biorxiv"],
            medrxiv_categories=FIELDS["medrxiv"],
            feeds=tuple(f"{news}/{name}" for name in FEEDS),
            private_hosts=(urlsplit(news).hostname or "",),
            openalex=self.addresses["openalex"],
            openalex_works=WANTED,
        )

    def refusing(self, settings: Settings) -> Settings:
        """The same with addresses where nobody listens, for what refuses connections now."""
        changes: dict[str, Any] = {}
        fields = {"feed": "arxiv_feed", "api": "arxiv_api", "oai": "arxiv_oai"}
        for fault in self.faults:
            if fault.kind is Kind.REFUSED and fault.begin <= self.now < fault.end:
                name = fields.get(fault.service, fault.service)
                path = urlsplit(getattr(settings, name)).path
                changes[name] = f"http://127.0.0.1:{closed_port()}{path}"
        return replace(settings, **changes)


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _service(host: str, path: str) -> str:
    if host == "arxiv":
        return {"api": "api", "oai": "oai"}.get(path.strip("/").partition("/")[0], "feed")
    if host == "rxiv":
        return "medrxiv" if "/medrxiv/" in path else "biorxiv"
    return host


class _Handler(BaseHTTPRequestHandler):
    """Answers for one host; a subclass says which."""

    protocol_version = "HTTP/1.1"
    timeout = 20
    services: Services
    host: str

    def do_GET(self) -> None:
        answer, kinds = self.services.answer(self.host, self.path)
        with suppress(ConnectionError):
            if Kind.RESET in kinds:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HANG_UP)
                self.close_connection = True
            elif kinds:  # who asks may leave before we notice: not counted as asking at once
                self._fail(answer, kinds)
            else:
                self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.services.begin(self.host)
        headers = {"Content-Type": answer.kind, **answer.headers}
        body, status = answer.body, answer.status
        if answer.validated:
            day = self.services.now.astimezone(UTC).replace(hour=0, minute=0, second=0)
            headers["ETag"] = answer.mark
            headers["Last-Modified"] = format_datetime(day, usegmt=True)
            if self.headers.get("If-None-Match") == answer.mark:
                status, body = _UNCHANGED, b""
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > _WORTH_PACKING:
            body = gzip.compress(body, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        ended = BytesIO()  # all but the last byte goes out before, the last one after the count
        whole, self.wfile = self.wfile, ended
        self._head(status, headers, len(body))
        self.wfile = whole
        sent = ended.getvalue() + body
        try:
            self.wfile.write(sent[:-1])
        finally:
            self.services.end(self.host)
        self.wfile.write(sent[-1:])

    def _fail(self, answer: Answer, kinds: frozenset[Kind]) -> None:
        self.close_connection = True
        headers = {"Content-Type": answer.kind, **answer.headers, "Connection": "close"}
        self._head(answer.status, headers, len(answer.body))
        if Kind.DRIP in kinds:
            self._drip(answer.body)
        else:
            cut = len(answer.body) // 2 if Kind.DROP in kinds else len(answer.body)
            self.wfile.write(answer.body[:cut])

    def _head(self, status: int, headers: Mapping[str, str], size: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != _UNCHANGED:
            self.send_header("Content-Length", str(size))
        self.end_headers()

    def _drip(self, body: bytes) -> None:
        end = time.monotonic() + _LONGEST_DRIP
        for place in range(len(body)):
            if time.monotonic() > end or self.services.closing.wait(_DRIP):
                return
            self.wfile.write(body[place : place + 1])
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Who hangs up on us is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(*_)


@contextmanager
def serving_world(world: World, now: datetime) -> Iterator[Services]:
    """All services, each on a port of loopback, while the context lasts."""
    services = Services(world, now)
    servers = [_listening(services, host, number) for number, host in enumerate(HOSTS, 2)]
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        for server in servers
    ]
    for thread in threads:
        thread.start()
    try:
        yield services
    finally:
        services.closing.set()
        for server in servers:
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()


def _listening(services: Services, host: str, number: int) -> _Server:
    handler = type("Handler", (_Handler,), {"services": services, "host": host})
    try:
        server = _Server((f"127.0.0.{number}", 0), handler)
    except OSError:  # some systems have one address of loopback alone
        server = _Server(("127.0.0.1", 0), handler)
    services.addresses[host] = "http://{}:{}".format(*server.server_address[:2])
    return server
