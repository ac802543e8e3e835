"""Real SMTP servers on loopback: one that works, login and TLS required, and one that does not."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.effort import SOON

USER, PASSWORD = "digest@example.org", "right horse battery"


@dataclass
class Sink:
    """What arrived, and how the server behaves; `replies` answer the next commands of a kind."""

    port: int = 0
    pipelining: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[bytes, bool]] = field(default_factory=list)
    replies: dict[str, list[str]] = field(default_factory=dict)
    drop_after_data: bool = False
    contents: list[bytes] = field(default_factory=list)
    senders: list[tuple[str, list[str]]] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802 - the library's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer what the library does anyway: to answer one after another what comes together."""
        session.host_name = hostname
        offers = ["250-PIPELINING"] if self.pipelining else []
        return [*responses[:-1], *offers, responses[-1]]

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer a sender; an empty script line means yes."""
        scripted = self.replies.get("MAIL")
        if scripted and (answer := scripted.pop(0)):
            return answer
        self.senders.append((address, options))
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer a recipient."""
        if scripted := self.replies.get("RCPT"):
            return scripted.pop(0)
        self.recipients.append(address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail, or answer as the script says."""
        if scripted := self.replies.get("DATA"):
            return scripted.pop(0)
        content = cast("bytes", envelope.content)
        self.contents.append(content)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        if self.drop_after_data:
            transport: Any = server.transport
            transport.abort()
        return "250 2.0.0 queued as TEST"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: Any
    ) -> AuthResult:
        """Check the login, and remember whether it came over TLS."""
        right = isinstance(auth_data, LoginPassword) and auth_data == LoginPassword(
            USER.encode(), PASSWORD.encode()
        )
        self.logins.append((getattr(auth_data, "login", b""), session.ssl is not None))
        return AuthResult(success=right, handled=right)


def free_port() -> int:
    """A port of loopback that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Server(Controller):
    """The library's server; at its end it also drops the connections that are still open."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._made: list[SMTP] = []

    def factory(self) -> SMTP:
        self._made.append(super().factory())  # type: ignore[no-untyped-call]
        return self._made[-1]

    def stop(self, *arguments: Any, **settings: Any) -> None:
        dropped = threading.Event()

        def drop() -> None:
            for made in self._made:
                transport: Any = made.transport
                if transport is not None:
                    transport.abort()
            self.loop.call_soon(dropped.set)

        self.loop.call_soon_threadsafe(drop)
        dropped.wait(SOON)
        super().stop(*arguments, **settings)


@contextlib.contextmanager
def smtp_server(
    authority: trustme.CA,
    *,
    host: str = "127.0.0.1",
    starttls: bool = True,
    tls: bool = False,
    utf8: bool = True,
    pipelining: bool = False,
) -> Iterator[Sink]:
    """A server whose certificate names `host`.

    With `tls` it speaks TLS from the first byte; without that and without `starttls` it offers no
    TLS at all; without `utf8` it takes addresses in ASCII only; with `pipelining` it takes several
    commands at a time.
    """
    context = _context(authority, host)
    starttls = starttls and not tls
    sink = Sink(pipelining=pipelining)
    controller = _Server(
        sink,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context if starttls else None,
        require_starttls=starttls,
        auth_required=starttls,
        auth_require_tls=starttls,
        authenticator=sink.authenticate,
        decode_data=False,
        enable_SMTPUTF8=utf8,
        ssl_context=context if tls else None,
    )
    controller.start()
    sink.port = controller.port
    try:
        yield sink
    finally:
        controller.stop()


def authority_file(authority: trustme.CA, folder: Path) -> Path:
    """The authority's certificate as a file for DIGEST_SMTP_CA_FILE."""
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


def _context(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


@dataclass
class Talk:
    """One connection seen from a server that follows a script: what it hears, it hears in lines.

    `pieces` are the same as they arrived.
    """

    sock: socket.socket
    context: ssl.SSLContext
    heard: list[bytes] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    _unread: bytes = b""

    def say(self, *lines: str) -> None:
        """Send lines."""
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def hear(self) -> bytes:
        """The next line, or nothing where the other side hung up."""
        while b"\n" not in self._unread:
            got = self.sock.recv(65536)
            if not got:
                return b""
            self.pieces.append(got)
            self._unread += got
        line, _, self._unread = self._unread.partition(b"\n")
        self.heard.append(line.rstrip(b"\r"))
        return line + b"\n"

    def hear_nothing(self, seconds: float = 0.2) -> None:
        """The other side waits for an answer; a word from it ends this connection."""
        if self._unread:
            raise OSError("it did not wait")
        self.sock.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            self.sock.recv(1)
            raise OSError("it did not wait")
        self.sock.settimeout(2 * SOON)

    def greet(self, *offers: str) -> None:
        """From the greeting to the answer to EHLO."""
        self.say("220 here")
        self.hear()
        self.say("250-here", *(f"250-{offer}" for offer in offers), "250 8BITMIME")

    def secure(self) -> None:
        """Begin TLS."""
        self.sock = self.context.wrap_socket(self.sock, server_side=True)

    def welcome(self, *offers: str) -> None:
        """From the greeting through TLS and login."""
        self.greet("STARTTLS")
        self.hear()
        self.say("220 go on")
        self.secure()
        self.hear()
        self.say("250-here", *(f"250-{offer}" for offer in offers), "250 AUTH PLAIN")
        self.hear()
        self.say("235 2.7.0 welcome")

    def answer(self, *lines: str) -> None:
        """Hear a line and say one, as often as there are lines."""
        for line in lines:
            self.hear()
            self.say(line)

    def hear_envelope(self) -> None:
        """Hear sender, recipient and DATA, and say nothing yet."""
        for _ in range(3):
            self.hear()

    def take_envelope(self) -> None:
        """Say yes to sender, recipient and DATA."""
        self.answer("250 2.1.0 ok", "250 2.1.5 ok", "354 go on")

    def take_body(self) -> bool:
        """Hear a mail; whether its final dot came."""
        while line := self.hear():
            if line == b".\r\n":
                return True
        return False

    def take_mail(self, answer: str = "250 2.0.0 queued") -> None:
        """One mail from MAIL to its answer."""
        self.take_envelope()
        self.take_body()
        self.say(answer)

    def wait(self) -> None:
        """Say nothing until the other side hangs up."""
        while self.hear():
            continue


@dataclass
class Script:
    """A server that follows a script: where it listens, and the connections that it had."""

    port: int
    talks: list[Talk] = field(default_factory=list)


@contextlib.contextmanager
def scripted_server(authority: trustme.CA, *scripts: Callable[[Talk], None]) -> Iterator[Script]:
    """A server that follows one script for each connection, and takes no more than those."""
    context = _context(authority, "127.0.0.1")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(2 * SOON)
    script = Script(listener.getsockname()[1])

    def serve() -> None:
        with listener, contextlib.suppress(OSError):
            for follow in scripts:
                sock, _ = listener.accept()
                sock.settimeout(2 * SOON)
                talk = Talk(sock, context)
                script.talks.append(talk)
                with contextlib.suppress(OSError):  # the other side hung up
                    follow(talk)
                talk.sock.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield script
    finally:
        for open_one in (listener, *(talk.sock for talk in script.talks)):
            with contextlib.suppress(OSError):
                open_one.shutdown(socket.SHUT_RDWR)
        thread.join(SOON)
        listener.close()
