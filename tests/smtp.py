"""A real SMTP server on loopback: TLS by a test authority, login required, mails kept."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "digest@example.org", "right horse battery"


@dataclass
class Sink:
    """What arrived, and how the server behaves; `replies` answer the next commands of a kind."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[bytes, bool]] = field(default_factory=list)
    replies: dict[str, list[str]] = field(default_factory=dict)
    drop_after_data: bool = False

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer a sender; an empty script line means yes."""
        scripted = self.replies.get("MAIL")
        if scripted and (answer := scripted.pop(0)):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer a recipient."""
        if scripted := self.replies.get("RCPT"):
            return scripted.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail, or answer as the script says."""
        if scripted := self.replies.get("DATA"):
            return scripted.pop(0)
        content = cast("bytes", envelope.content)
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


@contextlib.contextmanager
def smtp_server(
    authority: trustme.CA, *, host: str = "127.0.0.1", starttls: bool = True
) -> Iterator[Sink]:
    """A server whose certificate names `host`; without `starttls` it offers no TLS at all."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    sink = Sink()
    controller = Controller(
        sink,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context if starttls else None,
        require_starttls=starttls,
        auth_required=starttls,
        auth_require_tls=starttls,
        authenticator=sink.authenticate,
        decode_data=False,
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
