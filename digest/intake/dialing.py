"""Connections: where they may lead, checked when they are made, and when they end, by one clock.

A name is resolved once, and what it resolved to is what is checked and connected to: a second
answer of the resolver cannot lead elsewhere. Each connection serves one request, so that none that
was made unchecked can serve a question that has to be checked.
"""

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from digest.intake.addresses import is_public, names_private
from digest.intake.failing import BusyError, RefusedError, in_words
from digest.intake.urls import host_of

Address = tuple[int, tuple[Any, ...]]  # a family and what its sockets connect to
Resolver = Callable[[str, int], list[Address]]

HEAD_SECONDS = 45.0  # for connecting, shaking hands and the head of an answer
SILENCE = 30.0  # seconds without a byte
_CONNECT = 10.0  # for one address
_MOST_ADDRESSES = 6
_LOOK = 0.25  # seconds between two looks at the clock
_IF_YOURS = "if a feed is yours, name its host in DIGEST_PRIVATE_HOSTS"

# They write whole addresses into the log, and some services want their keys there.
for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.response"):
    logging.getLogger(_name).setLevel(logging.ERROR)


def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a host, as the system knows them.

    Raises:
        OSError: there is no such host, or no network.
        UnicodeError: that is no name of a host.
    """
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


@dataclass(slots=True)
class Line:
    """The way of one request: whom it may reach, and until when; it is cut when time is over.

    A timeout of sockets begins anew with each byte, so a thread watches the clock as well, and
    hangs up in the midst of whatever goes on: a handshake, the head of an answer, its body.

    Args:
        free: hosts that may lie in private networks.
        trusted: where such hosts were reached: another name for the same address and port leads
            to no new place.
        resolve: finds the addresses of a host.
        clock: seconds that only go forward.
        end: when all has to be over.
        seconds: how long that is in all, for words.
        stopping: whether the program was asked to stop.
    """

    free: frozenset[str]
    trusted: set[tuple[str, int]]
    resolve: Resolver
    clock: Callable[[], float]
    end: float
    seconds: float
    stopping: Callable[[], bool]
    _until: float = 0.0
    _cut: str | None = None
    _made: socket.socket | None = None
    _twin: socket.socket | None = None
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _watch: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin to watch the clock."""
        self._until = min(self.end, self.clock() + HEAD_SECONDS)
        self._watch = threading.Thread(target=self._watched, name="line", daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._over.set()
        if self._watch is not None:
            self._watch.join()
        with self._lock:
            self._let_go()
        # Where it cannot read a head, the library leaves that to the collector of garbage.
        left = -1 if self._made is None else self._made.detach()
        if left >= 0:
            socket.close(left)

    def head_is_here(self) -> None:
        """The head of the answer has come; its body may take until the end."""
        self._until = self.end

    def look(self) -> None:
        """See that the line still stands.

        Raises:
            BusyError: it was cut before the answer's head was there; there may be time left.
            RefusedError: it was cut at the end, or since the program is to stop.
        """
        if self._cut is None and self.clock() >= self._until:
            self._cut = "time"
        if self._cut == "stop":
            raise RefusedError("stopped before the answer was complete")
        if self._cut == "time" and self._until < self.end:
            raise BusyError("no answer in time")
        if self._cut == "time":
            raise RefusedError(f"no complete answer within {self.seconds:.0f} s")

    def dial(self, host: str, port: int, *, anywhere: bool = False) -> socket.socket:
        """Connect to a host, if it may be reached; `anywhere` is for proxies of the owner's.

        Raises:
            RefusedError: there is no such host, or it leads into a private network.
            BusyError: nobody takes the connection.
        """
        free = anywhere or host.strip("[]").rstrip(".").lower() in self.free
        try:
            found = self.resolve(host, port)
        except (OSError, UnicodeError) as error:  # trying again at once changes nothing
            raise RefusedError("no such host, or no network") from error
        allowed = [one for one in found if free or self._may_reach(one)]
        if found and not allowed:
            raise RefusedError(
                f"{host} leads into a private network ({found[0][1][0]})",
                _IF_YOURS,
            )
        made = self._first(allowed)
        if free and not anywhere:
            self.trusted.add(_place(made.getpeername()))
        return made

    def _may_reach(self, address: Address) -> bool:
        there = _place(address[1])
        return there in self.trusted or is_public(there[0])

    def _first(self, addresses: list[Address]) -> socket.socket:
        """A connection to the first of these that takes one."""
        failed: OSError | None = None
        for family, address in _mixed(addresses)[:_MOST_ADDRESSES]:
            self.look()
            left = max(self._until - self.clock(), 0.01)
            try:
                made = socket.socket(family, socket.SOCK_STREAM)
            except OSError as error:  # such as a family that this machine has not
                failed = error
                continue
            try:
                made.settimeout(min(left, _CONNECT))
                self._register(made)
                made.connect(address)
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                made.settimeout(min(max(self._until - self.clock(), 0.01), SILENCE))
            except OSError as error:
                made.close()
                failed = error
            else:
                self._made = made
                return made
        self.look()
        raise BusyError(in_words(failed) if failed else "no such host") from failed

    def _register(self, made: socket.socket) -> None:
        """Keep a second handle: what is shut there is shut, whoever reads at the first."""
        with self._lock:
            self._let_go()
            self._twin = made.dup()

    def _let_go(self) -> None:
        if self._twin is not None:
            self._twin.close()
            self._twin = None

    def _watched(self) -> None:
        while not self._over.wait(max(min(self._until - self.clock(), _LOOK), 0.01)):
            if self.stopping():
                self._cut = "stop"
            elif self.clock() >= self._until:
                self._cut = self._cut or "time"
            if self._cut is not None:
                with self._lock, suppress(OSError):
                    if self._twin is not None:
                        self._twin.shutdown(socket.SHUT_RDWR)


def _mixed(addresses: list[Address]) -> list[Address]:
    """In turn one of each family, the resolver's first ahead: one may lead nowhere (RFC 8305)."""
    first = [one for one in addresses if one[0] == addresses[0][0]]
    others = [one for one in addresses if one[0] != addresses[0][0]]
    pairs = zip_longest(first, others)
    return [one for pair in pairs for one in pair if one is not None]


def _place(address: tuple[Any, ...]) -> tuple[str, int]:
    return str(address[0]), int(address[1])


class _Dialed:
    """What our connections have that those of the library have not."""

    host: str
    port: int
    proxy: Any
    _dns_host: str

    def __init__(self, *values: Any, line: Line, **named: Any) -> None:  # noqa: ANN401 - passed on
        self._line = line
        super().__init__(*values, **named)

    def _new_conn(self) -> socket.socket:
        return self._line.dial(self._dns_host, self.port, anywhere=self.proxy is not None)


class _Plain(_Dialed, HTTPConnection):
    """A connection without encryption."""


class _Secure(_Dialed, HTTPSConnection):
    """A connection with TLS; the certificate is that of the name, wherever it was found."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS: dict[str, Any] = {"http": _PlainPool, "https": _SecurePool}


class Exchange(HTTPAdapter):
    """Sends one request over one line; what it keeps ends with it."""

    def __init__(self, line: Line) -> None:
        """Bind it to a line."""
        self._line = line
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *values: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        """Make connections our way."""
        super().init_poolmanager(*values, **named)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:  # noqa: ANN401 - passed on
        """Make connections to proxies our way, too."""
        if proxy.lower().startswith("socks"):
            raise RefusedError("a SOCKS proxy cannot be used here: name one of HTTP")
        manager = super().proxy_manager_for(proxy, **named)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ANN401 - passed on
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,  # noqa: ANN401 - passed on
    ) -> Any:  # noqa: ANN401 - the library's pools
        """The pool for a request, whose connections know the line.

        Raises:
            RefusedError: a proxy is to be asked for a host that is private by its name; which
                addresses other names have is the proxy's business.
        """
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        proxied = select_proxy(request.url or "", dict(proxies or {})) is not None
        host = host_of(request.url or "")
        if proxied and host not in self._line.free and names_private(host):
            raise RefusedError(f"{host} is a host of a private network", _IF_YOURS)
        pool.conn_kw["line"] = self._line
        return pool
