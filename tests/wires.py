"""Servers on loopback that speak raw bytes, as badly as a test wants them to."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import trustme

from tests.effort import SOON

HEAD = b"HTTP/1.1 200 OK\r\n"
_PATIENCE = 2 * SOON


@dataclass
class Wire:
    """A server; `heads` are what it was asked, request by request, and `reached` how often."""

    port: int
    host: str
    over: threading.Event = field(default_factory=threading.Event)
    heads: list[str] = field(default_factory=list)
    reached: int = 0

    @property
    def address(self) -> str:
        """Where it is asked, in the clear."""
        return f"http://{self.host}:{self.port}"

    def header(self, name: str, number: int = -1) -> str | None:
        """A header of a request, the last unless said."""
        for line in self.heads[number].splitlines()[1:]:
            found, _, value = line.partition(": ")
            if found.lower() == name.lower():
                return value
        return None


Act = Callable[[socket.socket, Wire], None]


def says(*parts: bytes) -> Act:
    """Say this to a request, and hang up."""

    def act(talk: socket.socket, wire: Wire) -> None:
        if listen(talk, wire):
            for part in parts:
                talk.sendall(part)

    return act


def answers(body: bytes = b"", status: str = "200 OK", **headers: str) -> Act:
    """Answer as a server should."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Content-Length", str(len(body)))
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return says(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body)


def drips(head: bytes, piece: bytes, pause: float = 0.03) -> Act:
    """Say the head at once, and then the piece again and again, slowly and without end."""

    def act(talk: socket.socket, wire: Wire) -> None:
        listen(talk, wire)
        talk.sendall(head)
        while not wire.over.wait(pause):
            talk.sendall(piece)

    return act


def pours(head: bytes, piece: bytes) -> Act:
    """Say the head, and then the piece without end, as fast as it is taken."""

    def act(talk: socket.socket, wire: Wire) -> None:
        listen(talk, wire)
        talk.sendall(head)
        while not wire.over.is_set():
            talk.sendall(piece)

    return act


def silent(talk: socket.socket, wire: Wire) -> None:
    """Take what is said, and say nothing."""
    wire.over.wait(_PATIENCE)


def secret(authority: trustme.CA, host: str, then: Act) -> Act:
    """The same over TLS, with a certificate for a host."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)

    def act(talk: socket.socket, wire: Wire) -> None:
        with suppress(ssl.SSLError), context.wrap_socket(talk, server_side=True) as wrapped:
            then(wrapped, wire)

    return act


def listen(talk: socket.socket, wire: Wire) -> bool:
    """Hear one request to the end of its head; whether there was one."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        part = talk.recv(65_536)
        if not part:
            return False
        heard += part
    wire.heads.append(heard.decode("latin-1"))
    return True


@contextmanager
def wired(*acts: Act, host: str = "127.0.0.1") -> Iterator[Wire]:
    """A server whose connections are treated so, one after the other; the last act goes on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        wire = Wire(server.getsockname()[1], f"[{host}]" if ":" in host else host)
        talks: list[threading.Thread] = []

        def serve() -> None:
            while not wire.over.is_set():
                with suppress(TimeoutError):
                    talk, _ = server.accept()
                    act = acts[min(wire.reached, len(acts) - 1)]
                    wire.reached += 1
                    talks.append(threading.Thread(target=treat, args=(talk, act)))
                    talks[-1].start()

        def treat(talk: socket.socket, act: Act) -> None:
            talk.settimeout(_PATIENCE)
            with talk, suppress(OSError):
                act(talk, wire)
                with suppress(OSError):
                    talk.shutdown(socket.SHUT_WR)

        server.settimeout(0.02)
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield wire
        finally:
            wire.over.set()
            serving.join()
            for talk in talks:
                talk.join(_PATIENCE)
