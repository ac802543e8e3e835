"""An SMTP server that is fast, counts what it took, and misbehaves by seeded chance.

It is a process of its own that nobody kills: its ledger says what arrived whatever became of those
who sent it. TLS from the first byte, by an authority made at the start; login required.
"""

import contextlib
import os
import random
import re
import socket
import ssl
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import trustme

USER, PASSWORD = "digest@example.org", "right horse battery"
NOBODY = "nobody"  # how addresses begin that are refused for good
_EXTENSIONS = ("PIPELINING", "SIZE 33554432", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN")
_END = b"\r\n.\r\n"
_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(<[^>\r\n]*>)")
_LONGEST = 60.0


@dataclass(frozen=True, slots=True)
class Faults:
    """How often a mail meets what: chances from 0 to 1; `slow` waits so many seconds at most."""

    lost_reply: float = 0.0  # taken, and then the connection ends without a word
    cut_before_dot: float = 0.0
    refused_recipient: float = 0.0  # 451
    refused_mail: float = 0.0  # 451 after the dot
    going_away: float = 0.0  # 421, half of them after the dot
    slow_reply: float = 0.0
    slow: float = 0.05


@dataclass(slots=True)
class Ledger:
    """What the server did: mails by Message-ID, refusals by recipient (each has one mail)."""

    accepted: Counter[str] = field(default_factory=Counter)
    unanswered: set[str] = field(default_factory=set)  # accepted, and the reply was lost
    cut: set[str] = field(default_factory=set)  # hung up on before the dot
    deferred: Counter[str] = field(default_factory=Counter)  # recipients
    refused: set[str] = field(default_factory=set)  # recipients
    open: int = 0  # connections at this moment


@dataclass(frozen=True, slots=True)
class Sink:
    """The running server: where it is, and the way to ask it."""

    port: int
    authority: Path
    _ask: Connection

    def ledger(self) -> Ledger:
        """Everything so far; waits until all connections have ended."""
        deadline = time.monotonic() + _LONGEST
        while True:
            ledger: Ledger = self._call("ledger")
            if not ledger.open:
                return ledger
            assert time.monotonic() < deadline, "connections to the sink do not end"
            time.sleep(0.002)

    def reset(self, faults: Faults | None = None, seed: int = 0) -> None:
        """Forget everything, and misbehave like this from now on."""
        self._call("reset", faults or Faults(), seed)

    def _call(self, *question: object) -> Ledger:
        self._ask.send(question)
        answer: Ledger = self._ask.recv()
        return answer


@contextlib.contextmanager
def running_sink() -> Iterator[Sink]:
    """A server in a forked process, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="digest-sink-") as folder:
        authority = trustme.CA()
        file = Path(folder) / "authority.pem"
        authority.cert_pem.write_to_path(file)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        port: int = listener.getsockname()[1]
        ours, its = Pipe()
        parent = os.getpid()
        child = os.fork()
        if not child:
            ours.close()
            _be_the_server(listener, context, its, parent)
        its.close()
        listener.close()
        try:
            yield Sink(port, file, ours)
        finally:
            ours.send(("end",))
            os.waitpid(child, 0)
            ours.close()


def _be_the_server(
    listener: socket.socket, context: ssl.SSLContext, ask: Connection, parent: int
) -> None:
    code = 1
    try:
        server = _Server(context)
        threading.Thread(target=server.accept, args=(listener,), daemon=True).start()
        while os.getppid() == parent:
            if not ask.poll(1.0):
                continue
            question = ask.recv()
            if question[0] == "end":
                break
            ask.send(server.answer(question))
        code = 0
    finally:
        os._exit(code)


class _Server:
    """All connections, each in a thread, and the ledger that they share."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.lock = threading.Lock()
        self.ledger = Ledger()
        self.faults = Faults()
        self.random = random.Random()  # noqa: S311 - chance, not secrets

    def answer(self, question: tuple[object, ...]) -> Ledger:
        with self.lock:
            match question:
                case ("reset", Faults() as faults, int(seed)):
                    self.ledger = Ledger(open=self.ledger.open)
                    self.faults = faults
                    self.random.seed(seed)
            return self.ledger

    def happens(self, chance: float) -> bool:
        return chance > 0 and self.random.random() < chance

    def accept(self, listener: socket.socket) -> None:
        while True:
            plain, _ = listener.accept()
            with self.lock:
                self.ledger.open += 1
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            plain.settimeout(_LONGEST)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.context.wrap_socket(plain, server_side=True) as secured:
                _Dialogue(self, secured).hold()
        except OSError:  # whoever was there is not there any more
            plain.close()
        finally:
            with self.lock:
                self.ledger.open -= 1


class _HangUp(Exception):  # noqa: N818 - it is no error
    """End the connection without a word."""


class _Dialogue:
    """One connection."""

    def __init__(self, server: _Server, secured: ssl.SSLSocket) -> None:
        self.server = server
        self.socket = secured
        self.buffer = b""
        self.recipient = ""
        self.known = False

    def hold(self) -> None:
        self.say("220 sink ESMTP")
        with contextlib.suppress(_HangUp):
            while line := self.line():
                if not self.obey(line):
                    return

    def say(self, text: str) -> None:
        self.socket.sendall(text.encode() + b"\r\n")

    def line(self) -> str:
        while b"\r\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                return ""
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("utf-8", "replace")

    def obey(self, line: str) -> bool:
        """Answer one command; False ends the connection."""
        word = line[:4].upper()
        if word == "EHLO":
            self.say("\r\n".join([*(f"250-{it}" for it in ("sink", *_EXTENSIONS)), "250 OK"]))
        elif word == "AUTH":
            self.login(line)
        elif word == "QUIT":
            self.say("221 bye")
            return False
        elif word in ("RSET", "NOOP"):
            self.say("250 OK")
        elif not self.known:
            self.say("530 5.7.0 log in first")
        elif word == "MAIL":
            return self.begin()
        elif word == "RCPT":
            self.say(self.address(line))
        elif word == "DATA":
            return self.take()
        else:
            self.say("502 5.5.1 not here")
        return True

    def login(self, line: str) -> None:
        import base64  # noqa: PLC0415 - here alone

        words = line.split()
        if words[1].upper() == "PLAIN":
            if len(words) < 3:  # noqa: PLR2004
                self.say("334 ")
                words.append(self.line())
            found = base64.b64decode(words[2]).split(b"\0")[1:]
        else:
            self.say("334 VXNlcm5hbWU6")
            first = self.line() if len(words) < 3 else words[2]  # noqa: PLR2004
            self.say("334 UGFzc3dvcmQ6")
            found = [base64.b64decode(first), base64.b64decode(self.line())]
        self.known = found == [USER.encode(), PASSWORD.encode()]
        self.say("235 2.7.0 welcome" if self.known else "535 5.7.8 wrong")

    def begin(self) -> bool:
        server = self.server
        self.recipient = ""
        with server.lock:
            leaves = server.happens(server.faults.going_away / 2)
        self.say("421 4.3.2 going away" if leaves else "250 OK")
        return not leaves

    def address(self, line: str) -> str:
        server = self.server
        recipient = line.partition("<")[2].partition(">")[0]
        with server.lock:
            if recipient.startswith(NOBODY):
                server.ledger.refused.add(recipient)
                return "550 5.1.1 no such mailbox"
            if server.happens(server.faults.refused_recipient):
                server.ledger.deferred[recipient] += 1
                return "451 4.7.1 greylisted"
        self.recipient = recipient
        return "250 OK"

    def take(self) -> bool:
        """Read a mail, and answer it, or behave as chance will have it."""
        server, faults = self.server, self.server.faults
        if not self.recipient:  # it was refused, and DATA came with it
            self.say("554 5.5.1 no valid recipients")
            return True
        with server.lock:
            cut = server.happens(faults.cut_before_dot)
        self.say("354 go ahead")
        number = _message_id(self.body(cut=cut))
        with server.lock:
            if cut:
                server.ledger.cut.add(number)
                raise _HangUp
            if server.happens(faults.refused_mail):
                server.ledger.deferred[self.recipient] += 1
                answer = "451 4.3.0 not now"
            elif server.happens(faults.going_away / 2):
                answer = "421 4.3.2 going away"
            else:
                answer = "250 2.0.0 taken"
                server.ledger.accepted[number] += 1
                if server.happens(faults.lost_reply):
                    server.ledger.unanswered.add(number)
                    raise _HangUp
            pause = server.random.random() * faults.slow if server.happens(faults.slow_reply) else 0
        time.sleep(pause) if pause else None
        self.say(answer)
        return not answer.startswith("421")

    def body(self, *, cut: bool) -> bytes:
        """A mail with its dot; without it where the line is cut, by them or by us."""
        parts, end = [self.buffer], self.buffer
        self.buffer = b""
        while not end.endswith(_END):
            data = self.socket.recv(65536)
            if not data:
                raise _HangUp
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            parts.append(data)
            end = (end + data)[-len(_END) :]
            if cut:
                break
        return b"".join(parts)


def _message_id(mail: bytes) -> str:
    found = _MESSAGE_ID.search(mail, 0, 4096)
    return found[1].decode() if found else ""
