"""The wire: a connection that cannot hold us for ever, and yagmail to open it and log in.

The standard library bounds a line of a reply and the wait for its next byte; here the whole reply
has a size and a deadline. Of yagmail only connecting and logging in are used: its own `send`
repeats a mail after a lost reply and then says nothing, so it is shut off.
"""

import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any, Never

import yagmail

MOST_LINES = 100
MOST_BYTES = 64 * 1024
NONSENSE = -1
_PIECE = 16 * 1024
_GOODBYE = 5.0
_OK = 250


class Wire(smtplib.SMTP):
    """An SMTP connection whose replies are bounded in lines, bytes and time.

    `timeout` (seconds) holds for connecting, for each thing sent as a whole and for each reply as
    a whole. `carried` counts the mails that were begun.
    """

    carried = 0
    _unread = b""

    def getreply(self) -> tuple[int, bytes]:
        """One reply, within the timeout."""
        return self.reply(self.timeout)

    def reply(self, within: float) -> tuple[int, bytes]:
        """One reply: its code, -1 where it makes no sense, and its text without codes.

        Args:
            within: seconds until all of it must be here.

        Raises:
            smtplib.SMTPServerDisconnected: no reply, or one without an end; the connection is
                closed.
        """
        until = time.monotonic() + within
        lines: list[bytes] = []
        code, size = None, 0
        while True:
            if len(lines) == MOST_LINES:
                self._break_off("a reply without an end")
            line = self._line(until, MOST_BYTES - size)
            size += len(line)
            found = _code(line)
            if found is None or code not in (None, found):
                return NONSENSE, line.strip()
            code = found
            lines.append(line[4:].strip(b" \t\r\n"))
            if line[3:4] != b"-":
                return code, b"\n".join(lines)

    @property
    def takes_groups(self) -> bool:
        """Whether several commands may go out before the first is answered (RFC 2920)."""
        return self.has_extn("pipelining")

    def ask(self, *commands: str) -> Iterator[tuple[int, bytes]]:
        """The replies to commands, in their order, each read when it is wanted.

        Where the server takes groups, all commands go out in one write and each has its reply, to
        be read before anything else is asked. Elsewhere a command goes out when its reply is
        wanted.

        Raises:
            smtplib.SMTPServerDisconnected: no reply, or one without an end; the connection is
                closed.
            ValueError: a command is no single line; none was sent.
        """
        if not self.takes_groups:
            yield from map(self.docmd, commands)
            return
        self._put(*commands)
        for _ in commands:
            yield self.getreply()

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command.

        Raises:
            smtplib.SMTPServerDisconnected: an answer was there before; the connection is closed.
            ValueError: it is no single line.
        """
        self._put(f"{cmd} {args}" if args else cmd)

    def _put(self, *commands: str) -> None:
        if self._unread:
            self._break_off("an answer to no question")
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError("a command is a single line")
        self.send("".join(f"{command}\r\n" for command in commands))

    def send(self, s: Any) -> None:  # noqa: ANN401 - text or anything like bytes
        """Send all of it within the timeout.

        Raises:
            smtplib.SMTPServerDisconnected: when that fails; the connection is closed.
        """
        data = s.encode(self.command_encoding) if isinstance(s, str) else s
        if self.sock is None:
            self._break_off("there is no connection")
        until = time.monotonic() + self.timeout
        rest = memoryview(data)
        try:
            while rest:
                self.sock.settimeout(_left(until))
                rest = rest[self.sock.send(rest) :]
        except OSError as error:
            self._break_off(str(error), error)

    def spoken(self) -> bytes | None:
        """What the other side said unasked: None for nothing, nothing at all where it hung up."""
        if self._unread or self.sock is None:
            return self._unread
        try:
            self.sock.settimeout(0.0)
            return self.sock.recv(_PIECE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError:
            return b""

    def ehlo(self, name: str = "") -> tuple[int, bytes]:
        """Introduce ourselves; without the answer to that there is neither TLS nor login.

        Raises:
            smtplib.SMTPHeloError: when it is refused.
        """
        code, answer = super().ehlo(name)
        if code != _OK:
            raise smtplib.SMTPHeloError(code, answer)
        return code, answer

    def docmd(self, cmd: str, args: str = "") -> tuple[int, bytes]:
        """A command and its reply; nothing may follow in plain text where TLS is to begin.

        Raises:
            smtplib.SMTPException: when something does.
        """
        answer = super().docmd(cmd, args)
        if cmd == "STARTTLS" and self.sock is not None:
            if self._unread:
                self.close()
                raise smtplib.SMTPException("plain text slipped in behind STARTTLS")
            self.sock.settimeout(self.timeout)
        return answer

    def login(
        self, user: str, password: str, *, initial_response_ok: bool = True
    ) -> tuple[int, bytes]:
        """Log in, over a checked connection only.

        Raises:
            smtplib.SMTPException: when it is refused, or the connection is not secure.
        """
        if not _is_checked(self.sock):
            raise smtplib.SMTPNotSupportedError("the connection is not secure")
        return super().login(user, password, initial_response_ok=initial_response_ok)

    def close(self) -> None:
        """Drop the connection: a mail that lacks its final dot is lost with it."""
        self._unread = b""
        super().close()

    def leave(self) -> None:
        """Say goodbye, if anyone listens, and drop the connection."""
        self.timeout = min(self.timeout, _GOODBYE)
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self.quit()
        self.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:  # noqa: ANN401 - typeshed hides it
        made = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        # The final dot goes out at once, not when the mail before it was acknowledged.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _line(self, until: float, most: int) -> bytes:
        while (end := self._unread.find(b"\n")) < 0 and len(self._unread) <= most:
            self._unread += self._received(until)
        line, self._unread = self._unread[: end + 1], self._unread[end + 1 :]
        if end < 0 or len(line) > most:
            self._break_off("a reply without an end")
        return line

    def _received(self, until: float) -> bytes:
        if self.sock is None:
            self._break_off("there is no connection")
        try:
            self.sock.settimeout(_left(until))
            got = self.sock.recv(_PIECE)
        except OSError as error:
            self._break_off(str(error), error)
        if not got:
            self._break_off("the server hung up")
        return got

    def _break_off(self, why: str, cause: Exception | None = None) -> Never:
        self.close()
        raise smtplib.SMTPServerDisconnected(why) from cause


class TlsWire(Wire, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class Account(yagmail.Client):  # type: ignore[misc]  # yagmail has no types
    """yagmail for connecting and logging in; it cannot send."""

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        password: str,
        *,
        starttls: bool,
        context: ssl.SSLContext,
        timeout: float,
    ) -> None:
        """Remember where and how to log in; `context` checks the certificate."""
        secured: dict[str, Any] = (
            {"smtp_ssl": False, "smtp_starttls": {"context": context}}
            if starttls
            else {"smtp_ssl": True, "context": context}
        )
        super().__init__(
            user,
            password,
            host=host,
            port=port,
            timeout=timeout,
            soft_email_validation=False,
            **secured,
        )
        self.user = user  # it takes a name without @ for one at Gmail

    @property
    def connection(self) -> type[Wire]:
        """What a connection is made of."""
        return TlsWire if self.ssl else Wire

    def open(self) -> Wire:
        """A new connection, secure and logged in, to be closed by who asked for it.

        Raises:
            smtplib.SMTPException, OSError, ValueError: when there is none; nothing stays open.
        """
        try:
            self.login()
        except BaseException:
            if self.smtp is not None:
                self.smtp.close()
            raise
        wire: Wire = self.smtp
        return wire

    def close(self) -> None:
        """The connection is not yagmail's to close, not even when it is cleared away."""
        self.is_closed = True

    def _never(self, *_: object, **__: object) -> Never:
        raise NotImplementedError("yagmail's own sending is never used here")

    send = _attempt_send = send_unsent = prepare_send = feedback = _never


def _code(line: bytes) -> int | None:
    """The code of a line of a reply."""
    if not (line[:3].isdigit() and line[3:4] in (b" ", b"-", b"\r", b"\n")):
        return None
    return int(line[:3])


def _left(until: float) -> float:
    """The seconds until a deadline.

    Raises:
        TimeoutError: when there are none.
    """
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _is_checked(sock: object) -> bool:
    """Whether a socket is encrypted, and its other end was checked by certificate and name."""
    if not isinstance(sock, ssl.SSLSocket):
        return False
    return sock.context.verify_mode is ssl.CERT_REQUIRED and sock.context.check_hostname
