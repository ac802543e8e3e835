"""SMTP, each step of the dialogue taken singly, so that it is known how far a mail came.

A mail goes over without its final dot, and the dot alone makes the server take it: before the dot
the mail can be sent again, after it only the server's answer counts. The bytes were prepared by
the letters.
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from digest.delivery import Outcome, Verdict
from digest.delivery.replies import GOING_AWAY, Reply, Step, agrees, read, refusal, refuses
from digest.delivery.wire import Account, Wire
from digest.errors import ChannelError
from digest.model import Message

_PERMANENT = 500
_OK = 250
_DOT = b".\r\n"
_DOT_BEGINS = re.compile(rb"\n\.")
_UTF8 = " BODY=8BITMIME SMTPUTF8"
_ENVELOPE = (Step.SENDER, Step.RECIPIENT, Step.DATA)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where and how to log in, and how long to wait.

    `ca_file` names a private authority to check the server by; `timeout` and `final_timeout` are
    seconds, for each command and for the answer to a whole mail (RFC 5321 asks for ten minutes);
    after `per_connection` mails a connection is made anew.
    """

    host: str
    port: int
    security: str  # "starttls" or "tls"; there is no third
    user: str
    password: str = field(repr=False)
    ca_file: Path | None = None
    timeout: float = 60.0
    final_timeout: float = 600.0
    per_connection: int = 100

    @property
    def where(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


class _LostError(Exception):
    """The dialogue ended early; the mail was not taken."""

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.code = code


class Smtp:
    """One connection for many mails, opened with the first; certificates are always checked.

    A connection is either idle or waits for the dot of the mail that was offered; while anything
    else happens to it, it belongs to neither, and an error leaves none behind.
    """

    name = "smtp"
    repeatable = False

    def __init__(self, settings: SmtpSettings) -> None:
        """Remember where to connect."""
        self._settings = settings
        self._idle: Wire | None = None
        self._waiting: Wire | None = None

    def offer(self, message: Message) -> Outcome | None:
        """Hand one mail over but for its final dot; None where the server waits for that.

        Raises:
            ChannelError: no connection, bad certificate, login or sender refused, server going
                away; the mail was not taken.
        """
        self.withdraw()
        if self._idle is not None and self._idle.carried >= self._settings.per_connection:
            self.close()
        reused = self._idle is not None
        try:
            return self._hand_over(message)
        except _LostError as lost:
            if not reused:
                return self._lost(lost)
        # Servers close a connection after some mails or some time; one new one is fair.
        try:
            return self._hand_over(message)
        except _LostError as lost:
            return self._lost(lost)

    def conclude(self) -> Outcome:
        """Send the final dot, and hear what became of the mail.

        Raises:
            ChannelError: the server goes away and did not take the mail.
        """
        wire, self._waiting = self._waiting, None
        if wire is None:
            raise RuntimeError("no mail was offered")
        if (spoken := wire.spoken()) is not None:
            wire.close()
            return self._cut_short(spoken)
        try:
            wire.send(_DOT)
            reply = read(*wire.reply(self._settings.final_timeout))
        except (smtplib.SMTPException, OSError) as error:
            wire.close()
            return Outcome(Verdict.UNKNOWN, f"no answer to the whole mail ({error})")
        except BaseException:
            wire.close()
            raise
        if agrees(Step.LAST_WORD, reply):
            self._idle = wire
            return Outcome(Verdict.SENT, str(reply), reply.code)
        return self._refused(wire, reply)

    def withdraw(self) -> None:
        """Drop the connection over which a mail was offered: without the dot it does not count."""
        wire, self._waiting = self._waiting, None
        if wire is not None:
            wire.close()

    def close(self) -> None:
        """Say goodbye, if anyone listens."""
        self.withdraw()
        wire, self._idle = self._idle, None
        if wire is not None:
            wire.leave()

    def check(self) -> str:
        """Connect, log in and say goodbye over a connection of its own; nothing is mailed.

        Raises:
            ChannelError: no connection, bad certificate or login refused.
        """
        _connected(self._settings).leave()
        return f"{self._settings.where} took the login of {self._settings.user}"

    def _hand_over(self, message: Message) -> Outcome | None:
        """One attempt over the idle connection, or a new one.

        Raises:
            ChannelError: no connection, or a server that takes nothing from this sender.
            _LostError: the dialogue ended early.
        """
        wire, self._idle = self._idle or _connected(self._settings), None
        wire.carried += 1
        try:
            outcome = self._envelope(wire, message)
            if outcome is None:
                wire.send(_stuffed(message.raw))
        except (smtplib.SMTPException, OSError) as error:
            wire.close()
            raise _LostError(str(error)) from error
        except BaseException:
            wire.close()
            raise
        if outcome is None:
            self._waiting = wire
        elif _is_reset(wire):
            self._idle = wire
        return outcome

    def _envelope(self, wire: Wire, message: Message) -> Outcome | None:
        """Sender, recipient and DATA; None where the server now waits for the mail itself."""
        letters = not (message.sender.isascii() and message.recipient.isascii())
        if letters and not wire.has_extn("smtputf8"):
            return self._no_letters(message)
        wire.command_encoding = "utf-8" if letters else "ascii"
        size = f" SIZE={len(message.raw)}" if wire.has_extn("size") else ""
        answers = wire.ask(
            f"mail FROM:<{message.sender}>{size}{_UTF8 if letters else ''}",
            f"rcpt TO:<{message.recipient}>",
            "DATA",
        )
        for step, answer in zip(_ENVELOPE, answers, strict=False):
            outcome = self._judge(step, read(*answer), message)
            if outcome is not None:
                if wire.takes_groups:
                    _hear_out(wire, answers)
                return outcome
        return None

    def _judge(self, step: Step, reply: Reply, message: Message) -> Outcome | None:
        """What a reply before the mail itself means; None where the dialogue goes on."""
        if agrees(step, reply):
            return None
        if not refuses(reply):
            raise _LostError(f"an answer to {step.value} that makes no sense: {reply}")
        if reply.code == GOING_AWAY:
            raise _LostError(str(reply), reply.code)
        outcome = refusal(step, reply)
        if outcome is None:
            raise ChannelError(
                f"{self._settings.where} takes no mail from {message.sender}: {reply}",
                lasting=reply.code >= _PERMANENT,
                code=reply.code,
            )
        return outcome

    def _no_letters(self, message: Message) -> Outcome:
        """What becomes of an address that the server's alphabet lacks."""
        text = f"{self._settings.where} takes only addresses in ASCII (it offers no SMTPUTF8)"
        if not message.sender.isascii():
            raise ChannelError(f"{text}: DIGEST_FROM cannot be {message.sender}", lasting=True)
        return Outcome(Verdict.REFUSED, text)

    def _refused(self, wire: Wire, reply: Reply) -> Outcome:
        """An answer to the whole mail that is no yes."""
        outcome = refusal(Step.LAST_WORD, reply) if refuses(reply) else None
        if outcome is None:
            wire.close()
            return Outcome(Verdict.UNKNOWN, f"an answer that makes no sense: {reply}")
        if reply.code == GOING_AWAY:
            wire.close()
            raise self._going_away(str(reply), reply.code)
        if _is_reset(wire):
            self._idle = wire
        return outcome

    def _cut_short(self, spoken: bytes) -> Outcome:
        """The server hung up or spoke before it had the dot: it has not taken the mail."""
        text = spoken.decode("utf-8", "replace").strip()
        return self._lost(
            _LostError(
                text or "the server hung up before the end of the mail",
                GOING_AWAY if text.startswith(str(GOING_AWAY)) else None,
            )
        )

    def _lost(self, lost: _LostError) -> Outcome:
        """A dialogue that ended early on a new connection: perhaps because of this mail."""
        text = " ".join(str(lost).split())
        if lost.code == GOING_AWAY:
            raise self._going_away(text, lost.code) from lost
        return Outcome(Verdict.LATER, f"the connection was lost ({text})", suspicious=True)

    def _going_away(self, text: str, code: int) -> ChannelError:
        return ChannelError(f"{self._settings.where} is going away: {text}", code=code)


def _connected(settings: SmtpSettings) -> Wire:
    """A new connection, secure and logged in.

    Raises:
        ChannelError: when there is none.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ChannelError(
            f"DIGEST_SMTP_CA_FILE {settings.ca_file} cannot be read: {error.strerror}",
            lasting=True,
        ) from error
    account = Account(
        settings.host,
        settings.port,
        settings.user,
        settings.password,
        starttls=settings.security == "starttls",
        context=context,
        timeout=settings.timeout,
    )
    try:
        return account.open()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _no_connection(settings, error) from error


def _no_connection(settings: SmtpSettings, error: Exception) -> ChannelError:
    """Why there is no connection, and what to do."""
    code, said = None, str(error)
    if isinstance(error, smtplib.SMTPResponseException):
        reply = read(error.smtp_code, _bytes(error.smtp_error))
        code, said = reply.code, str(reply)
    lasting = code is not None and code >= _PERMANENT
    where = settings.where
    match error:
        case smtplib.SMTPAuthenticationError() if not lasting:
            text = f"{where} cannot check the login of {settings.user} now ({said})"
        case smtplib.SMTPAuthenticationError():
            text = (
                f"{where} refused the login of {settings.user} ({said}): check DIGEST_SMTP_USER "
                "and DIGEST_SMTP_PASSWORD; Gmail wants an app password"
            )
        case ssl.SSLCertVerificationError():
            lasting = True
            text = (
                f"{where}: its certificate cannot be trusted ({error.verify_message}); nothing was "
                "sent; a private authority goes into DIGEST_SMTP_CA_FILE"
            )
        case ValueError():
            lasting = True
            text = (
                f"{where}: DIGEST_SMTP_HOST, _USER or _PASSWORD holds a sign that cannot be sent: "
                "write them anew"
            )
        case _:
            # What the server does not offer (TLS, a login we know) it will not offer later.
            lasting = lasting or type(error) in _NOT_OFFERED
            text = f"{where}: no connection ({said}){_hint(settings, error)}"
    return ChannelError(text, lasting=lasting, code=code)


_NOT_OFFERED = (smtplib.SMTPNotSupportedError, smtplib.SMTPException)


def _hint(settings: SmtpSettings, error: Exception) -> str:
    """What a failed greeting often means: the port speaks the other kind of TLS."""
    if isinstance(error, ssl.SSLError) and settings.security == "tls":
        return "; perhaps this port wants DIGEST_SMTP_SECURITY=starttls"
    if isinstance(error, smtplib.SMTPNotSupportedError) and settings.security == "starttls":
        return "; perhaps this port wants DIGEST_SMTP_SECURITY=tls; without TLS nothing is sent"
    silent = isinstance(error, smtplib.SMTPServerDisconnected | TimeoutError)
    if silent and settings.security == "starttls":
        return "; perhaps this port wants DIGEST_SMTP_SECURITY=tls"
    return ""


def _hear_out(wire: Wire, answers: Iterator[tuple[int, bytes]]) -> None:
    """The replies behind a refusal; the connection is dropped where they are no refusals too.

    A server that now waits for the mail would take what came next for its text: without the dot,
    that counts for nothing.
    """
    try:
        for reply in (read(*answer) for answer in answers):
            if not refuses(reply) or reply.code == GOING_AWAY:
                wire.close()
                return
    except (smtplib.SMTPException, OSError):
        wire.close()


def _is_reset(wire: Wire) -> bool:
    """Ready for the next mail after a refusal; closed if the server will not."""
    try:
        ready = wire.rset()[0] == _OK
    except (smtplib.SMTPException, OSError):
        ready = False
    if not ready:
        wire.close()
    return ready


def _stuffed(raw: bytes) -> bytes:
    """A mail as it goes over the wire: dots that begin a line doubled, without the final dot."""
    if raw.startswith(b"."):
        raw = b"." + raw
    raw = _DOT_BEGINS.sub(b"\n..", raw)  # a third of the time of bytes.replace
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def _bytes(answer: bytes | str) -> bytes:
    return answer.encode() if isinstance(answer, str) else answer
