"""The wire, fault by fault: what the channel knows of a mail after each kind of trouble.

Real sockets and real TLS on loopback; the numbers are those of the list of faults.
"""

import contextlib
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
import yagmail
from hypothesis import given
from hypothesis import strategies as st

from digest.config import Settings
from digest.delivery import Outcome, Verdict
from digest.delivery.replies import Reply, Step, agrees, refusal, refuses
from digest.delivery.smtp import Smtp, SmtpSettings
from digest.delivery.wire import MOST_BYTES, MOST_LINES, Account, Wire
from digest.errors import ChannelError
from digest.letters.mime import assemble, mailbox
from digest.model import Message
from digest.wiring import build
from tests.effort import SOON
from tests.smtp import (
    PASSWORD,
    USER,
    Sink,
    Talk,
    authority_file,
    free_port,
    scripted_server,
    smtp_server,
)

RAW = b"Subject: s\r\n\r\nwords\r\n"
MAIL = Message("<m@example.org>", "digest@example.org", "ann@example.org", "s", "m", RAW)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of our own."""
    return trustme.CA()


@pytest.fixture
def account(authority: trustme.CA, tmp_path: Path) -> SmtpSettings:
    """Settings that trust the authority and are not patient; the port is still to be filled in."""
    return SmtpSettings(
        "127.0.0.1",
        1,
        "starttls",
        USER,
        PASSWORD,
        authority_file(authority, tmp_path),
        timeout=SOON,
        final_timeout=SOON,
    )


Calls = Callable[..., Smtp]


@pytest.fixture
def calling(account: SmtpSettings) -> Iterator[Calls]:
    """Makes channels to a port, hung up at the end."""
    made: list[Smtp] = []

    def call(port: int, **other: Any) -> Smtp:
        made.append(Smtp(replace(account, port=port, **other)))
        return made[-1]

    yield call
    for channel in made:
        channel.close()


@pytest.fixture(params=[False, True], ids=["one by one", "together"])
def sink(authority: trustme.CA, request: pytest.FixtureRequest) -> Iterator[Sink]:
    """A server that works; it takes commands one by one, or together."""
    with smtp_server(authority, pipelining=request.param) as server:
        yield server


@pytest.fixture(params=[(), ("PIPELINING",)], ids=["one by one", "together"])
def offers(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What a server of a script says that it can do."""
    found: tuple[str, ...] = request.param
    return found


def deliver(channel: Smtp, message: Message = MAIL) -> Outcome:
    """Both steps."""
    return channel.offer(message) or channel.conclude()


def verdicts(channel: Smtp, *messages: Message) -> list[Verdict]:
    """What became of several mails."""
    return [deliver(channel, message).verdict for message in messages]


def to(recipient: str) -> Message:
    """The mail, to someone."""
    return replace(MAIL, recipient=recipient)


@contextlib.contextmanager
def in_time() -> Iterator[None]:
    """Long before the other side would give up, which has twice this patience."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SOON


def until(ready: Callable[[], bool]) -> None:
    """Wait for what the other side does, not for long."""
    with in_time():
        while not ready():
            time.sleep(0.01)


def hung_up(talk: Talk) -> bool:
    """Whether the server closed a connection."""
    return talk.sock.fileno() == -1


def test_a_mail_counts_with_its_dot(calling: Calls, sink: Sink) -> None:
    """Nothing has arrived before; afterwards it has, byte by byte, dots and all."""
    raw = b".dot\r\n\r\n..two\r\nend.\r\n.\r\nafter\r\n" + b"x" * 900 + b"\r\n"
    channel = calling(sink.port)
    assert channel.offer(replace(MAIL, raw=raw)) is None
    time.sleep(0.1)
    assert sink.mails == []
    outcome = channel.conclude()
    assert (outcome.verdict, outcome.code) == (Verdict.SENT, 250)
    assert "queued as TEST" in outcome.answer
    assert sink.contents == [raw]


def test_a_large_mail_and_one_without_an_end_of_line(calling: Calls, sink: Sink) -> None:
    """Half a megabyte goes over whole; a missing last line end is added."""
    lines = b"".join(b"%070d\r\n" % number for number in range(7000))
    channel = calling(sink.port)
    assert verdicts(channel, replace(MAIL, raw=lines), replace(MAIL, raw=b"a\r\nb")) == (
        [Verdict.SENT] * 2
    )
    assert sink.contents == [lines, b"a\r\nb\r\n"]


def test_tls_from_the_first_byte(authority: trustme.CA, calling: Calls) -> None:
    """As on port 465; the same checks, the same two steps."""
    with smtp_server(authority, tls=True) as sink:
        channel = calling(sink.port, security="tls")
        assert verdicts(channel, MAIL, MAIL) == [Verdict.SENT] * 2
        assert len(sink.logins) == 1
    with smtp_server(trustme.CA(), tls=True) as stranger:
        with pytest.raises(ChannelError, match="certificate cannot be trusted") as said:
            calling(stranger.port, security="tls").offer(MAIL)
        assert said.value.lasting


def test_what_is_withdrawn_never_arrives(calling: Calls, sink: Sink) -> None:
    """Withdrawn, hung up on or overtaken: the server discards it, and the next mail goes out."""
    channel = calling(sink.port)
    for leave in (channel.withdraw, channel.close, lambda: None):
        assert channel.offer(to("lost@example.org")) is None
        leave()
    assert deliver(channel).verdict is Verdict.SENT
    assert [str(mail["Subject"]) for mail in sink.mails] == ["s"]
    assert sink.recipients == ["lost@example.org"] * 3 + ["ann@example.org"]


def test_a_dot_without_a_mail_is_a_mistake(calling: Calls, sink: Sink) -> None:
    """It is said, not sent."""
    channel = calling(sink.port)
    deliver(channel)
    with pytest.raises(RuntimeError):
        channel.conclude()


def test_fault_15_refused_or_unknown_hosts_are_waited_for(
    calling: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole channel is down, and waiting may mend it."""
    with pytest.raises(ChannelError, match=r"no connection .*refused") as said:
        calling(free_port()).offer(MAIL)
    assert not said.value.lasting

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ChannelError, match="Name or service not known") as said:
        calling(25, host="mail.example.org").offer(MAIL)
    assert not said.value.lasting


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_fault_16_a_greeting_that_never_comes(
    authority: trustme.CA, calling: Calls, security: str
) -> None:
    """The wait ends by itself, and the other side is not taken for broken for good."""
    with scripted_server(authority, Talk.wait) as server, in_time():
        with pytest.raises(ChannelError, match="timed out") as said:
            calling(server.port, timeout=0.3, security=security).offer(MAIL)
        assert not said.value.lasting


STAGES = (
    lambda talk: None,
    lambda talk: talk.answer("250 ok"),
    lambda talk: talk.answer("250 ok", "250 ok"),
    lambda talk: (talk.take_envelope(), talk.hear()),
)


@pytest.mark.parametrize("stage", STAGES)
def test_fault_17_a_drop_before_the_dot(
    authority: trustme.CA,
    calling: Calls,
    stage: Callable[[Talk], None],
    offers: tuple[str, ...],
) -> None:
    """On a new connection: not taken, to be tried later, and worth a suspicion."""

    def script(talk: Talk) -> None:
        talk.welcome(*offers)
        stage(talk)

    with scripted_server(authority, script) as server:
        channel = calling(server.port)
        outcome = channel.offer(MAIL)
        if outcome is None:
            until(lambda: hung_up(server.talks[0]))
            outcome = channel.conclude()
        assert outcome.verdict is Verdict.LATER
        assert outcome.suspicious


def test_fault_17_a_used_connection_that_drops_is_replaced_once(
    authority: trustme.CA, calling: Calls, offers: tuple[str, ...]
) -> None:
    """No mail is lost or doubled when a server closes after some mails."""

    def one(talk: Talk) -> None:
        talk.welcome(*offers)
        talk.take_mail()
        talk.hear()

    with scripted_server(authority, one, one) as server:
        assert verdicts(calling(server.port), MAIL, MAIL) == [Verdict.SENT] * 2
        assert len(server.talks) == 2
        # The second mail was begun on the first connection, which hung up at its MAIL.
        assert sum(line.startswith(b"mail") for line in server.talks[0].heard) == 2


def test_fault_17_a_drop_between_the_mail_and_its_dot_is_seen(
    authority: trustme.CA, calling: Calls
) -> None:
    """The dot is not even sent: the mail was certainly not taken."""

    def script(talk: Talk) -> None:
        talk.welcome()
        talk.take_envelope()
        talk.hear()

    with scripted_server(authority, script) as server:
        channel = calling(server.port)
        assert channel.offer(MAIL) is None
        until(lambda: hung_up(server.talks[0]))
        outcome = channel.conclude()
        assert (outcome.verdict, outcome.suspicious) == (Verdict.LATER, True)
        assert "hung up before the end" in outcome.answer


def test_fault_18_a_drop_after_the_dot_is_uncertain(calling: Calls, sink: Sink) -> None:
    """One copy arrived; the channel says that it does not know, and goes on with the next."""
    sink.drop_after_data = True
    channel = calling(sink.port)
    assert deliver(channel).verdict is Verdict.UNKNOWN
    sink.drop_after_data = False
    assert deliver(channel, to("bob@example.org")).verdict is Verdict.SENT
    assert sink.recipients == ["ann@example.org", "bob@example.org"]
    assert len(sink.mails) == 2


def test_fault_19_no_reply_to_the_dot_is_uncertain(authority: trustme.CA, calling: Calls) -> None:
    """After the last timeout, which is another than that of the commands."""

    def script(talk: Talk) -> None:
        talk.welcome()
        talk.take_envelope()
        talk.take_body()
        talk.wait()

    with scripted_server(authority, script) as server, in_time():
        outcome = deliver(calling(server.port, timeout=3600.0, final_timeout=0.3))
    assert outcome.verdict is Verdict.UNKNOWN
    assert "timed out" in outcome.answer


def test_fault_19_a_slow_reply_to_the_dot_is_waited_for(
    authority: trustme.CA, calling: Calls
) -> None:
    """Longer than for a command."""

    def script(talk: Talk) -> None:
        talk.welcome()
        talk.take_envelope()
        talk.take_body()
        time.sleep(2.5)
        talk.say("250 2.0.0 at last")

    with scripted_server(authority, script) as server:
        outcome = deliver(calling(server.port, timeout=2.0, final_timeout=SOON))
    assert (outcome.verdict, outcome.answer) == (Verdict.SENT, "250 2.0.0 at last")


def test_fault_20_refusals_after_the_dot_are_definite(calling: Calls, sink: Sink) -> None:
    """451 for now, 552 for good, a policy for good and suspicious; the next mails go out."""
    sink.replies["DATA"] = ["451 4.3.0 try again", "552 5.3.4 too large", "554 5.7.1 spam"]
    channel = calling(sink.port)
    outcomes = [deliver(channel) for _ in range(4)]
    assert [(o.verdict, o.code, o.suspicious) for o in outcomes] == [
        (Verdict.LATER, 451, False),
        (Verdict.REFUSED, 552, False),
        (Verdict.REFUSED, 554, True),
        (Verdict.SENT, 250, False),
    ]
    assert (len(sink.mails), len(sink.logins)) == (1, 1)


def test_fault_21_greylisting_is_a_refusal_for_now(calling: Calls, sink: Sink) -> None:
    """The same mail is taken the second time; nobody is suspected."""
    sink.replies["RCPT"] = ["451 4.7.1 greylisted, come back"]
    channel = calling(sink.port)
    first = deliver(channel)
    assert (first.verdict, first.code, first.suspicious) == (Verdict.LATER, 451, False)
    assert deliver(channel).verdict is Verdict.SENT


@pytest.mark.parametrize(
    ("reply", "verdict", "suspicious"),
    [
        ("550 5.1.1 no such person", Verdict.NO_MAILBOX, False),
        ("550 5.1.2 no such domain", Verdict.NO_MAILBOX, False),
        ("551 5.1.6 moved away", Verdict.NO_MAILBOX, False),
        ("556 5.1.10 takes no mail", Verdict.NO_MAILBOX, False),
        ("550 5.2.1 switched off", Verdict.NO_MAILBOX, False),
        ("550 no such person", Verdict.REFUSED, True),
        ("553 not here", Verdict.REFUSED, True),
        ("550 4.1.1 a code of another class", Verdict.REFUSED, True),
        ("552 5.2.2 mailbox full", Verdict.REFUSED, False),
        ("554 not you", Verdict.REFUSED, False),
        ("550 5.7.1 not from you", Verdict.LATER, True),
        ("550 5.1.15 some other code", Verdict.REFUSED, False),
        ("452 4.2.2 mailbox full", Verdict.LATER, False),
        ("450 busy", Verdict.LATER, False),
    ],
)
def test_fault_22_one_refused_recipient_does_not_stop_the_others(
    calling: Calls, sink: Sink, reply: str, verdict: Verdict, *, suspicious: bool
) -> None:
    """By the enhanced code where there is one; the next mail goes over the same connection."""
    sink.replies["RCPT"] = [reply]
    channel = calling(sink.port)
    outcome = deliver(channel, to("gone@example.org"))
    assert (outcome.verdict, outcome.suspicious) == (verdict, suspicious)
    assert (outcome.code, outcome.answer) == (int(reply[:3]), reply)
    assert deliver(channel).verdict is Verdict.SENT
    assert len(sink.logins) == 1


def test_fault_23_without_tls_nothing_is_said(authority: trustme.CA, calling: Calls) -> None:
    """STARTTLS stripped from the offer: no login, no mail, and waiting does not mend it."""
    with smtp_server(authority, starttls=False) as sink:
        with pytest.raises(ChannelError, match="STARTTLS") as said:
            calling(sink.port).offer(MAIL)
        assert said.value.lasting
        assert (sink.logins, sink.senders) == ([], [])


def test_fault_23_a_refused_starttls_is_the_end(authority: trustme.CA, calling: Calls) -> None:
    """Offered and then refused, for now or for good: no word in plain text follows."""
    for reply, lasting in (("454 4.7.0 not now", False), ("502 5.5.1 no", True)):

        def script(talk: Talk, reply: str = reply) -> None:
            talk.greet("STARTTLS", "AUTH PLAIN LOGIN")
            talk.answer(reply)
            talk.wait()

        with scripted_server(authority, script) as server:
            with pytest.raises(ChannelError, match=reply[:3]) as said:
                calling(server.port).offer(MAIL)
            assert said.value.lasting is lasting
        assert [line[:4].lower() for line in server.talks[0].heard] == [b"ehlo", b"star"]


def test_fault_23_plain_text_behind_starttls_is_refused(
    authority: trustme.CA, calling: Calls
) -> None:
    """What somebody slipped in before the encryption is not taken for the server's word."""

    def script(talk: Talk) -> None:
        talk.greet("STARTTLS")
        talk.answer("220 go on\r\n250-slipped\r\n250 AUTH PLAIN")
        talk.wait()

    with scripted_server(authority, script) as server:
        with pytest.raises(ChannelError, match="slipped in behind STARTTLS") as said:
            calling(server.port).offer(MAIL)
        assert said.value.lasting
        assert len(server.talks[0].heard) == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "mail.example.org"])
def test_fault_23_a_bad_certificate_is_refused(
    authority: trustme.CA, calling: Calls, host: str
) -> None:
    """Of a stranger, or of another name: no password is shown."""
    signer = trustme.CA() if host == "127.0.0.1" else authority
    with smtp_server(signer, host=host) as sink:
        with pytest.raises(ChannelError, match="certificate cannot be trusted") as said:
            calling(sink.port).offer(MAIL)
        assert said.value.lasting
        assert (sink.logins, sink.senders) == ([], [])


def test_fault_23_a_login_in_plain_text_is_impossible() -> None:
    """Even where the program asked for it by mistake."""
    ours, theirs = socket.socketpair()
    wire = Wire()
    wire.sock = ours
    with ours, theirs, pytest.raises(OSError, match="not secure"):
        wire.login(USER, PASSWORD)
    for careless in (ssl.CERT_NONE, ssl.CERT_OPTIONAL):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = careless
        ours, theirs = socket.socketpair()
        wire.sock = context.wrap_socket(ours, do_handshake_on_connect=False)
        with wire.sock, theirs, pytest.raises(OSError, match="not secure"):
            wire.login(USER, PASSWORD)


def test_fault_24_a_refused_login_lasts(calling: Calls, sink: Sink) -> None:
    """It is said once for the channel, without the password; nothing is offered."""
    with pytest.raises(ChannelError, match="refused the login") as said:
        calling(sink.port, password="wrong horse").offer(MAIL)
    assert said.value.lasting
    assert said.value.code == 535
    assert "wrong horse" not in str(said.value)
    assert sink.senders == []


def test_fault_24_a_login_that_cannot_be_checked_now_does_not_last(
    authority: trustme.CA, calling: Calls
) -> None:
    """454 is the server's trouble, not the password's."""

    def script(talk: Talk) -> None:
        talk.greet("STARTTLS")
        talk.answer("220 go on")
        talk.secure()
        talk.answer("250-here\r\n250 AUTH PLAIN", "454 4.7.0 later")
        talk.wait()

    with scripted_server(authority, script) as server:
        with pytest.raises(ChannelError, match=r"cannot check the login .* now") as said:
            calling(server.port).offer(MAIL)
        assert (said.value.lasting, said.value.code) == (False, 454)


@pytest.mark.parametrize(
    ("reply", "lasting"), [("550 5.7.1 not from here", True), ("451 4.3.0 not now", False)]
)
def test_a_refused_sender_is_about_us(
    calling: Calls, sink: Sink, reply: str, *, lasting: bool
) -> None:
    """The channel is down, no mail is blamed; a mail that is too large is."""
    sink.replies["MAIL"] = [reply]
    channel = calling(sink.port)
    with pytest.raises(ChannelError, match="takes no mail from digest@") as said:
        channel.offer(MAIL)
    assert said.value.lasting is lasting
    sink.replies["MAIL"] = ["552 5.3.4 too large"]
    outcome = deliver(channel)
    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, 552)
    assert deliver(channel).verdict is Verdict.SENT


def test_fault_25_421_on_a_used_connection_means_a_new_one(calling: Calls, sink: Sink) -> None:
    """The server has had enough of this connection, and the mail goes over the next."""
    sink.replies["MAIL"] = ["", "", "421 4.3.2 too many for one connection"]
    assert verdicts(calling(sink.port), MAIL, MAIL, MAIL) == [Verdict.SENT] * 3
    assert (len(sink.mails), len(sink.logins)) == (3, 2)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_fault_25_421_is_the_server_going_away(calling: Calls, sink: Sink, command: str) -> None:
    """On a new connection, or to a whole mail: nobody's attempt is spent; later all goes on."""
    sink.replies[command] = ["421 4.3.2 shutting down"]
    channel = calling(sink.port)
    with pytest.raises(ChannelError, match="is going away: 421") as said:
        deliver(channel)
    assert (said.value.code, said.value.lasting) == (421, False)
    assert deliver(channel).verdict is Verdict.SENT
    assert len(sink.mails) == 1


@pytest.mark.parametrize(
    ("reply", "lasting"), [("421 4.3.2 busy", False), ("554 5.7.1 not you", True)]
)
def test_a_refused_introduction_is_not_taken_for_missing_tls(
    authority: trustme.CA, calling: Calls, reply: str, *, lasting: bool
) -> None:
    """EHLO refused for now is waited for; what the server said is what is told."""

    def script(talk: Talk) -> None:
        talk.say("220 here")
        talk.answer(reply)
        talk.wait()

    with scripted_server(authority, script) as server:
        with pytest.raises(ChannelError, match=reply) as said:
            calling(server.port).offer(MAIL)
        assert (said.value.lasting, said.value.code) == (lasting, int(reply[:3]))


def test_fault_25_421_instead_of_a_greeting(authority: trustme.CA, calling: Calls) -> None:
    """Or before the dot: never the fault of a mail."""
    spoken = threading.Event()

    def busy(talk: Talk) -> None:
        talk.say("421 4.3.2 too busy")

    def impatient(talk: Talk) -> None:
        talk.welcome()
        talk.take_envelope()
        talk.hear()
        talk.say("421 4.4.2 too slow")
        spoken.set()
        talk.wait()

    with scripted_server(authority, busy, impatient) as server:
        channel = calling(server.port)
        with pytest.raises(ChannelError, match="too busy") as said:
            channel.offer(MAIL)
        assert (said.value.code, said.value.lasting) == (421, False)
        assert channel.offer(MAIL) is None
        until(spoken.is_set)
        with pytest.raises(ChannelError, match=r"is going away: 421 .* too slow") as said:
            channel.conclude()
        assert said.value.code == 421
        assert b"." not in server.talks[1].heard


def garbage(talk: Talk) -> None:
    """No reply at all."""
    talk.sock.sendall(b"\x00\xff what is this\r\n")


def endless_lines(talk: Talk) -> None:
    """A reply of more and more lines."""
    while True:
        talk.sock.sendall(b"250-and another thing\r\n" * 1000)


def endless_line(talk: Talk) -> None:
    """A line of more and more bytes."""
    while True:
        talk.sock.sendall(b"250 " + b"x" * 65536)


def drip(talk: Talk) -> None:
    """A byte now and then, always before the wait for the next would end."""
    while True:
        for byte in b"250-drip\r\n":
            talk.sock.sendall(bytes((byte,)))
            time.sleep(0.05)


def change_of_mind(talk: Talk) -> None:
    """Two codes in one reply."""
    talk.say("250-yes", "550 no")


def no_code(talk: Talk) -> None:
    """Numbers that are none of the protocol."""
    talk.say("+25 yes")


NOISES = (garbage, endless_lines, endless_line, drip, change_of_mind, no_code)


@pytest.mark.parametrize("noise", NOISES)
def test_fault_26_noise_instead_of_a_greeting(
    authority: trustme.CA, calling: Calls, noise: Callable[[Talk], None]
) -> None:
    """The channel is down, in bounded time."""
    with scripted_server(authority, noise) as server, in_time():
        with pytest.raises(ChannelError, match="no connection") as said:
            calling(server.port, timeout=0.6).offer(MAIL)
        assert not said.value.lasting


@pytest.mark.parametrize("noise", NOISES)
def test_fault_26_noise_in_the_dialogue(
    authority: trustme.CA,
    calling: Calls,
    noise: Callable[[Talk], None],
    offers: tuple[str, ...],
) -> None:
    """The mail was not taken; it is tried later."""

    def script(talk: Talk) -> None:
        talk.welcome(*offers)
        talk.answer("250 ok")
        talk.hear()
        noise(talk)

    with scripted_server(authority, script) as server, in_time():
        outcome = deliver(calling(server.port, timeout=2.0))
    assert (outcome.verdict, outcome.suspicious) == (Verdict.LATER, True)
    assert len(outcome.answer) < 500
    assert outcome.answer.isprintable()


@pytest.mark.parametrize("noise", NOISES)
def test_fault_26_noise_after_the_dot_is_uncertain(
    authority: trustme.CA, calling: Calls, noise: Callable[[Talk], None]
) -> None:
    """Only a clear answer counts; the connection is not used again."""

    def script(talk: Talk) -> None:
        talk.welcome()
        talk.take_envelope()
        talk.take_body()
        noise(talk)

    def second(talk: Talk) -> None:
        talk.welcome()
        talk.take_mail()
        talk.answer("221 bye")

    with scripted_server(authority, script, second) as server, in_time():
        channel = calling(server.port, final_timeout=2.0)
        outcome = deliver(channel)
        assert outcome.verdict is Verdict.UNKNOWN
        assert outcome.answer.isprintable()
        assert deliver(channel).verdict is Verdict.SENT
        channel.close()


def test_fault_26_endless_replies_take_little_memory(authority: trustme.CA, calling: Calls) -> None:
    """Far less than what the other side would send."""
    said = b""

    def script(talk: Talk) -> None:
        endless_line(talk)

    with scripted_server(authority, script) as server:
        tracemalloc.start()
        try:
            with pytest.raises(ChannelError, match="without an end") as raised:
                calling(server.port).offer(MAIL)
            said = str(raised.value).encode()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 40 * MOST_BYTES
    assert len(said) < 500


@pytest.mark.parametrize(("lines", "taken"), [(MOST_LINES, True), (MOST_LINES + 1, False)])
def test_fault_26_a_reply_has_so_many_lines_and_no_more(lines: int, *, taken: bool) -> None:
    """Short ones too, that the bound of bytes would let pass."""
    ours, theirs = socket.socketpair()
    wire = Wire()
    wire.sock, wire.timeout = ours, 2.0
    with ours, theirs:
        theirs.sendall(b"250-x\r\n" * (lines - 1) + b"250 x\r\n")
        if taken:
            assert wire.getreply() == (250, b"\n".join([b"x"] * lines))
        else:
            with pytest.raises(OSError, match="without an end"):
                wire.getreply()
            assert wire.sock is None


def test_fault_26_answers_to_no_question_are_not_taken_for_others(
    authority: trustme.CA, calling: Calls, offers: tuple[str, ...]
) -> None:
    """A spare 250 cannot stand for the answer to the next mail."""

    def chatty(talk: Talk) -> None:
        talk.welcome(*offers)
        talk.take_mail("250 queued\r\n250 and again")
        talk.wait()

    def strict(talk: Talk) -> None:
        talk.welcome()
        talk.answer("250 ok", "550 5.1.1 nobody", "250 reset", "221 bye")

    with scripted_server(authority, chatty, strict) as server:
        channel = calling(server.port)
        assert verdicts(channel, MAIL, MAIL) == [Verdict.SENT, Verdict.NO_MAILBOX]
        assert server.talks[0].heard[-1] == b"."  # nothing was asked after the spare answer
        channel.close()


ENVELOPE = (
    b"mail FROM:<digest@example.org> SIZE=21\r\n",
    b"rcpt TO:<ann@example.org>\r\n",
    b"DATA\r\n",
)
YES = "250 2.1.0 ok", "250 2.1.5 ok", "354 go on"
Script = Callable[[Talk], None]


def finish(talk: Talk) -> None:
    """Take the rest of a mail."""
    talk.take_body()
    talk.say("250 2.0.0 queued")


def together(*answers: str, then: Script = Talk.wait) -> Script:
    """A server that hears three commands before it answers any."""

    def script(talk: Talk) -> None:
        talk.welcome("PIPELINING", "SIZE 1000000")
        talk.hear_envelope()
        talk.say(*answers)
        then(talk)

    return script


def test_commands_go_out_together_where_the_server_takes_that(
    authority: trustme.CA, calling: Calls
) -> None:
    """Three in one write, in their order, for each mail; the mail itself waits for the answers."""

    def second(talk: Talk) -> None:
        finish(talk)
        talk.hear_envelope()
        talk.hear_nothing()
        talk.say(*YES)
        finish(talk)

    with scripted_server(authority, together(*YES, then=second)) as server:
        assert verdicts(calling(server.port), MAIL, MAIL) == [Verdict.SENT] * 2
    (talk,) = server.talks
    assert talk.pieces.count(b"".join(ENVELOPE)) == 2
    assert talk.heard.count(b".") == 2


def test_commands_go_out_one_by_one_where_the_server_does_not(
    authority: trustme.CA, calling: Calls
) -> None:
    """Each alone, and none before the one before it was answered."""

    def script(talk: Talk) -> None:
        talk.welcome("SIZE 1000000")
        for answer in YES:
            talk.hear()
            talk.hear_nothing()
            talk.say(answer)
        finish(talk)

    with scripted_server(authority, script) as server:
        assert deliver(calling(server.port)).verdict is Verdict.SENT
    (talk,) = server.talks
    assert [piece for piece in talk.pieces if piece in ENVELOPE] == list(ENVELOPE)


def test_nothing_is_asked_behind_a_refusal_where_commands_go_one_by_one(
    authority: trustme.CA, calling: Calls
) -> None:
    """But that the mail be forgotten."""

    def script(talk: Talk) -> None:
        talk.welcome()
        talk.answer("250 ok", "550 5.1.1 nobody", "250 reset")
        talk.wait()

    with scripted_server(authority, script) as server:
        assert deliver(calling(server.port)).verdict is Verdict.NO_MAILBOX
    assert [line[:4] for line in server.talks[0].heard[-3:]] == [b"mail", b"rcpt", b"rset"]


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_answers_to_a_group_may_come_in_any_pieces(
    authority: trustme.CA, calling: Calls, piece: int
) -> None:
    """Byte by byte, across the ends of lines, or all in one; some have several lines."""
    answers = b"250-2.1.0 ok\r\n250 2.1.0 go\r\n250 2.1.5 ok\r\n354-go\r\n354 on\r\n"

    def script(talk: Talk) -> None:
        talk.welcome("PIPELINING")
        for _ in range(2):
            talk.hear_envelope()
            for start in range(0, len(answers), piece):
                talk.sock.sendall(answers[start : start + piece])
            finish(talk)

    with scripted_server(authority, script) as server:
        assert verdicts(calling(server.port), MAIL, MAIL) == [Verdict.SENT] * 2
        assert len(server.talks) == 1


@pytest.mark.parametrize(
    ("answers", "verdict", "code"),
    [
        (("250 ok", "550 5.1.1 nobody", "554 5.5.1 for nobody"), Verdict.NO_MAILBOX, 550),
        (("250 ok", "451 4.7.1 later", "503 5.5.1 for nobody"), Verdict.LATER, 451),
        (("250 ok", "250 ok", "451 4.3.0 no room"), Verdict.LATER, 451),
        (("552 5.3.4 too large", "503 5.5.1 of whom", "503 no"), Verdict.REFUSED, 552),
    ],
)
def test_the_first_refusal_in_a_group_counts(
    authority: trustme.CA, calling: Calls, answers: tuple[str, ...], verdict: Verdict, code: int
) -> None:
    """What it brings about later is heard, and the next mail goes over the same connection."""

    def reset(talk: Talk) -> None:
        talk.answer("250 reset")
        talk.hear_envelope()
        talk.say(*YES)
        finish(talk)

    with scripted_server(authority, together(*answers, then=reset)) as server:
        channel = calling(server.port)
        outcome = deliver(channel)
        assert (outcome.verdict, outcome.code) == (verdict, code)
        assert outcome.answer == next(one for one in answers if one[0] != "2")
        assert deliver(channel).verdict is Verdict.SENT
        assert server.talks[0].heard.count(b"rset") == 1


BEHIND_A_REFUSAL = {
    "it waits for the mail": ("354 go on", Talk.wait),
    "it goes away": ("421 4.3.2 going away", Talk.wait),
    "it talks nonsense": ("250 ok", Talk.wait),
    "it hangs up": ("", lambda talk: None),
}


@pytest.mark.parametrize("behind", BEHIND_A_REFUSAL)
def test_a_connection_that_cannot_be_followed_behind_a_refusal_is_dropped(
    authority: trustme.CA, calling: Calls, behind: str
) -> None:
    """Without a word, so that no mail is begun; the refusal counts, and a new one is made."""
    answer, then = BEHIND_A_REFUSAL[behind]
    answers = ["250 ok", "550 5.1.1 nobody", *filter(None, [answer])]

    scripts = together(*answers, then=then), together(*YES, then=finish)
    with scripted_server(authority, *scripts) as server, in_time():
        channel = calling(server.port, timeout=3600.0)
        outcome = channel.offer(to("gone@example.org"))
        assert outcome is not None
        assert (outcome.verdict, outcome.code) == (Verdict.NO_MAILBOX, 550)
        until(lambda: hung_up(server.talks[0]))
        assert server.talks[0].heard[-1] == b"DATA"
        assert deliver(channel).verdict is Verdict.SENT
        assert len(server.talks) == 2


def test_a_refused_sender_in_a_group_is_about_us(authority: trustme.CA, calling: Calls) -> None:
    """The answers that follow from it change nothing, not even a 354."""
    for last in ("503 5.5.1 no", "354 go on"):
        answers = "550 5.7.1 not from here", "503 5.5.1 of whom", last
        with scripted_server(authority, together(*answers)) as server:
            with pytest.raises(ChannelError, match="takes no mail from digest@") as said:
                calling(server.port).offer(MAIL)
            assert (said.value.lasting, said.value.code) == (True, 550)
            until(lambda: hung_up(server.talks[0]))
        assert server.talks[0].heard[-1] == b"DATA"


@pytest.mark.parametrize("before", [0, 1, 2])
def test_fault_25_421_in_a_group_is_the_server_going_away(
    authority: trustme.CA, calling: Calls, before: int
) -> None:
    """To whichever command; answers that will not come any more are not waited for."""
    answers = *YES[:before], "421 4.3.2 shutting down"
    with scripted_server(authority, together(*answers)) as server, in_time():
        with pytest.raises(ChannelError, match="is going away: 421") as said:
            calling(server.port, timeout=3600.0).offer(MAIL)
        assert (said.value.code, said.value.lasting) == (421, False)


def test_fault_26_an_answer_too_many_to_a_group_is_seen(
    authority: trustme.CA, calling: Calls
) -> None:
    """Whoever says four things to three commands gets no dot."""
    with scripted_server(authority, together(*YES, "250 and again")) as server:
        outcome = deliver(calling(server.port))
        assert (outcome.verdict, outcome.suspicious) == (Verdict.LATER, True)
        until(lambda: hung_up(server.talks[0]))
    assert b"." not in server.talks[0].heard


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_command_is_one_line(end: str) -> None:
    """Nothing can be slipped into a group, nor behind a command that goes alone."""
    ours, theirs = socket.socketpair()
    wire = Wire()
    wire.sock, wire.timeout = ours, 2.0
    with ours, theirs:
        for features in ({}, {"pipelining": ""}):
            wire.esmtp_features = features
            with pytest.raises(ValueError, match="single line"):
                next(wire.ask(f"rcpt TO:<a@example.org>{end}DATA", "DATA"))
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)


def test_fault_27_a_connection_carries_no_more_than_it_may(calling: Calls, sink: Sink) -> None:
    """After so many mails it ends politely and a new one begins; all arrive."""
    channel = calling(sink.port, per_connection=2)
    assert verdicts(channel, *[MAIL] * 5) == [Verdict.SENT] * 5
    assert (len(sink.mails), len(sink.logins)) == (5, 3)


def test_fault_27_goodbye_is_said_and_not_waited_for(authority: trustme.CA, calling: Calls) -> None:
    """QUIT goes out after the last mail; a server that does not answer holds nobody up."""

    def script(talk: Talk) -> None:
        talk.welcome()
        talk.take_mail()
        talk.wait()

    with scripted_server(authority, script) as server, in_time():
        channel = calling(server.port, timeout=2.0)
        deliver(channel)
        channel.close()
    assert server.talks[0].heard[-1] == b"quit"


JOERG = "jörg@xn--bcher-kva.example"


def letter(recipient: str, sender: str = "digest@example.org") -> Message:
    """A real mail for this address."""
    head = [("From", mailbox("The Digest", sender)), ("To", recipient), ("Subject", "Für dich")]
    return replace(
        MAIL, recipient=recipient, sender=sender, raw=assemble(head, "text", "<p>x</p>", "=_b")
    )


def test_addresses_beyond_ascii_are_sent_where_the_server_takes_them(
    calling: Calls, sink: Sink
) -> None:
    """SMTPUTF8 is asked for those alone; the head holds the address itself."""
    channel = calling(sink.port)
    assert verdicts(channel, letter(JOERG), letter("ann@example.org")) == [Verdict.SENT] * 2
    assert sink.recipients == [JOERG, "ann@example.org"]
    assert ["SMTPUTF8" in options for _, options in sink.senders] == [True, False]
    assert b"\r\nTo: " + JOERG.encode() + b"\r\n" in sink.contents[0]
    assert sink.contents[1].split(b"\r\n\r\n")[0].isascii()
    assert str(sink.mails[0]["To"]) == JOERG
    assert str(sink.mails[0]["Subject"]) == "Für dich"


def test_addresses_beyond_ascii_are_refused_where_the_server_does_not(
    authority: trustme.CA, calling: Calls
) -> None:
    """That mail alone, in words; as our own sender it stops the channel until it is mended."""
    with smtp_server(authority, utf8=False) as sink:
        channel = calling(sink.port)
        outcome = deliver(channel, letter(JOERG))
        assert outcome.verdict is Verdict.REFUSED
        assert "SMTPUTF8" in outcome.answer
        assert deliver(channel, letter("ann@xn--bcher-kva.example")).verdict is Verdict.SENT
        assert len(sink.logins) == 1
        with pytest.raises(ChannelError, match="DIGEST_FROM cannot be jörg@") as said:
            channel.offer(letter("ann@example.org", JOERG))
        assert said.value.lasting
    assert sink.recipients == ["ann@xn--bcher-kva.example"]


@pytest.mark.parametrize("own_way", ["send", "_attempt_send", "send_unsent", "feedback"])
def test_the_librarys_own_ways_of_sending_are_shut_off(own_way: str) -> None:
    """It repeats mails and hides failures: not even by mistake."""
    context = ssl.create_default_context()
    ours = Account("h", 25, "u", "p", starttls=True, context=context, timeout=1)
    with pytest.raises(NotImplementedError):
        getattr(ours, own_way)("ann@example.org", "subject")
    assert own_way in vars(yagmail.Client)  # else the test is about nothing
    assert issubclass(ours.connection, Wire)


def test_every_way_of_the_library_is_known() -> None:
    """A new version of it with new ways makes this fail: then look at them."""
    public = {name for name in vars(yagmail.Client) if not name.startswith("__")}
    assert public == {
        "connection", "starttls", "set_logging", "prepare_send", "send", "_attempt_send",
        "send_unsent", "close", "login", "_login", "handle_password", "get_oauth_string",
        "_login_oauth2", "feedback",
    }  # fmt: skip


def test_an_account_that_cannot_be_sent_is_said(calling: Calls, sink: Sink) -> None:
    """A letter that the protocol lacks is a mistake in the settings."""
    with pytest.raises(ChannelError, match="holds a sign that cannot be sent") as said:
        calling(sink.port, user="jörg").offer(MAIL)
    assert said.value.lasting
    with pytest.raises(ChannelError, match="DIGEST_SMTP_CA_FILE nowhere") as said:
        calling(sink.port, ca_file=Path("nowhere.pem")).offer(MAIL)
    assert said.value.lasting


def test_the_house_has_a_channel_for_each_connection() -> None:
    """All of one name, for they share a queue; a folder is one whatever is set."""
    account = Settings(
        smtp_host="127.0.0.1",
        smtp_user="u",
        smtp_password="p",
        smtp_connections=3,
        database="sqlite://",
    )
    with contextlib.closing(build(account)) as house:
        assert [channel.name for channel in house.channels] == ["smtp"] * 3
        assert len(set(map(id, house.channels))) == 3
        assert house.channel is house.channels[0]
    with contextlib.closing(build(account, outbox=Path("out"))) as house:
        assert [channel.name for channel in house.channels] == ["outbox"]


def test_a_server_without_a_login_is_said(authority: trustme.CA, calling: Calls) -> None:
    """Nor is a mail handed to one that does not want to know us."""

    def script(talk: Talk) -> None:
        talk.greet("STARTTLS")
        talk.answer("220 go on")
        talk.secure()
        talk.answer("250 here")
        talk.wait()

    with scripted_server(authority, script) as server:
        with pytest.raises(ChannelError, match="AUTH") as said:
            calling(server.port).offer(MAIL)
        assert said.value.lasting


@given(st.sampled_from(Step), st.integers(-1, 999), st.text(max_size=20))
def test_every_reply_has_one_meaning(step: Step, code: int, text: str) -> None:
    """Yes, no or nonsense; a no to the recipient, the data or the mail is a verdict, never sent."""
    reply = Reply(code, text)
    assert not (agrees(step, reply) and refuses(reply))
    if refuses(reply):
        outcome = refusal(step, reply)
        assert outcome is not None or step is Step.SENDER
        if outcome is not None:
            assert outcome.verdict not in (Verdict.SENT, Verdict.UNKNOWN)
            assert (outcome.verdict is Verdict.LATER) or code >= 500
            assert outcome.verdict is not Verdict.NO_MAILBOX or step is Step.RECIPIENT
