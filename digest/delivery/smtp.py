"""SMTP through yagmail's connection and login; the bytes were prepared by the letters.

yagmail's own `send` is never used: it repeats a mail after a lost reply and then says nothing.
Here each step of the dialogue is taken singly, so that it is known how far a mail came:
before DATA was accepted it can be sent again, after that only the server's answer counts.
"""

import contextlib
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yagmail

from digest.delivery import Outcome, Verdict
from digest.errors import ChannelError
from digest.model import Message

_SENT = 200
_OK = 250
_FORWARDED = 251
_NOT_SENT = 300
_GO_AHEAD = 354
_DEFERRED = 400
_GONE = 421
_PERMANENT = 500
_TOO_LARGE = 552
_BEYOND = 600


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where and how to log in; `ca_file` adds a private authority to check the server by."""

    host: str
    port: int
    security: str  # "starttls" or "tls"; there is no third
    user: str
    password: str = field(repr=False)
    ca_file: Path | None = None
    timeout: float = 30.0


class Smtp:
    """One connection for many mails, opened with the first; certificates are always checked."""

    name = "smtp"
    repeatable = False

    def __init__(self, settings: SmtpSettings) -> None:
        """Remember where to connect."""
        self._settings = settings
        self._connection: smtplib.SMTP | None = None

    def send(self, message: Message) -> Outcome:
        """Hand one mail over.

        Raises:
            ChannelError: no connection, bad certificate, login refused, server going away; the
                mail was not taken.
        """
        reused = self._connection is not None
        try:
            smtp, refused = self._envelope(message)
        except ChannelError:
            if not reused:
                raise
            # Servers close a connection after some mails or some time; one new one is fair.
            smtp, refused = self._envelope(message)
        if refused:
            return refused
        try:
            smtp.send(_dotted(message.raw))
            code, answer = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            return Outcome(Verdict.UNKNOWN, f"the connection was lost after DATA ({error})")
        return self._judge(code, answer)

    def close(self) -> None:
        """Say goodbye, if anyone listens."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                connection.quit()

    @property
    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        try:
            context = ssl.create_default_context(cafile=settings.ca_file)
        except OSError as error:
            raise ChannelError(
                f"DIGEST_SMTP_CA_FILE {settings.ca_file} cannot be read: {error.strerror}"
            ) from error
        secured: dict[str, Any] = (
            {"smtp_ssl": True, "context": context}
            if settings.security == "tls"
            else {"smtp_ssl": False, "smtp_starttls": {"context": context}}
        )
        client = yagmail.Client(
            settings.user,
            settings.password,
            host=settings.host,
            port=settings.port,
            timeout=settings.timeout,
            soft_email_validation=False,
            **secured,
        )
        client.user = settings.user  # it takes a name without @ for one at Gmail
        try:
            client.login()
        except smtplib.SMTPAuthenticationError as error:
            _drop(client)
            raise ChannelError(
                f"{self._where} refused the login of {settings.user} "
                f"({error.smtp_code} {_text(error.smtp_error)}): check DIGEST_SMTP_USER and "
                "DIGEST_SMTP_PASSWORD; Gmail wants an app password"
            ) from error
        except ssl.SSLCertVerificationError as error:
            _drop(client)
            raise ChannelError(
                f"{self._where}: its certificate cannot be trusted ({error.verify_message}); "
                "nothing was sent; a private authority goes into DIGEST_SMTP_CA_FILE"
            ) from error
        except ValueError as error:
            _drop(client)
            raise ChannelError(
                f"{self._where}: DIGEST_SMTP_HOST, _USER or _PASSWORD holds a sign that cannot be "
                "sent: write them anew"
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            _drop(client)
            raise ChannelError(
                f"{self._where}: no connection ({error}){self._hint(error)}"
            ) from error
        self._connection = client.smtp
        client.is_closed = True  # from here on the connection is ours to close
        return client.smtp  # type: ignore[no-any-return]

    def _hint(self, error: Exception) -> str:
        """What a failed greeting often means: the port speaks the other kind of TLS."""
        if isinstance(error, ssl.SSLError) and self._settings.security == "tls":
            return "; perhaps this port wants DIGEST_SMTP_SECURITY=starttls"
        silent = isinstance(error, smtplib.SMTPServerDisconnected | TimeoutError)
        if silent and self._settings.security == "starttls":
            return "; perhaps this port wants DIGEST_SMTP_SECURITY=tls"
        return ""

    def _envelope(self, message: Message) -> tuple[smtplib.SMTP, Outcome | None]:
        """Sender, recipient and DATA; None where the server now waits for the mail itself.

        Raises:
            ChannelError: no connection, or a server that takes nothing from this sender.
        """
        smtp = self._connection or self._connect()
        size = [f"size={len(message.raw)}"] if smtp.has_extn("size") else []
        try:
            code, answer = smtp.mail(message.sender, size)
            if code not in (_OK, _TOO_LARGE):
                self.close()
                raise ChannelError(
                    f"{self._where} takes no mail from {message.sender}: {code} {_text(answer)}"
                )
            if code == _OK:
                code, answer = smtp.rcpt(message.recipient)
            if code in (_OK, _FORWARDED):
                code, answer = smtp.docmd("DATA")
                if code == _GO_AHEAD:
                    return smtp, None
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self.close()
            raise ChannelError(f"{self._where}: the connection was lost ({error})") from error
        if not _DEFERRED <= code < _BEYOND:
            self.close()
            raise ChannelError(f"{self._where}: an answer that makes no sense ({code})")
        return smtp, self._judge(code, answer)

    def _judge(self, code: int, answer: bytes | str) -> Outcome:
        """What a reply means; after the mail itself only a clear answer counts."""
        said = f"{code} {_text(answer)}"
        if code == _GONE:
            self.close()
            raise ChannelError(f"{self._where} is going away: {said}")
        if _SENT <= code < _NOT_SENT:
            return Outcome(Verdict.SENT, said)
        if not _DEFERRED <= code < _BEYOND:
            self.close()
            return Outcome(Verdict.UNKNOWN, f"an answer that makes no sense: {said}")
        if self._connection is not None:
            try:
                self._connection.rset()
            except (smtplib.SMTPException, OSError):
                self.close()
        return Outcome(Verdict.REFUSED if code >= _PERMANENT else Verdict.LATER, said)


def _dotted(raw: bytes) -> bytes:
    """A mail as it goes over the wire: dots that begin a line doubled, the final dot behind it."""
    end = b"" if raw.endswith(b"\r\n") else b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", raw) + end + b".\r\n"


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:300]


def _drop(client: Any) -> None:  # noqa: ANN401 - yagmail has no types
    with contextlib.suppress(Exception):
        if client.smtp is not None:
            client.smtp.close()
    client.is_closed = True
