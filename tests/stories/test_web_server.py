"""The server on real sockets: it ends cleanly, and nobody can keep it busy with nothing."""

import contextlib
import http.client
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from flask import Flask, request

from digest.errors import ConfigError
from digest.web.app import MOST_BODY
from digest.web.connections import Patience
from digest.web.server import THREADS, Server, start
from tests.effort import SOON

QUICK = Patience(idle=0.4, asking=0.4, answered=0.4, leaving=0.4, connections=40)
CALM = Patience()
ENDLESS = Patience(idle=3600, asking=3600, answered=3600, whole=3600, leaving=3600)  # seconds
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


def small_app() -> Flask:
    """An application without a house: what the server does is the same for all."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY
    app.add_url_rule("/", "/", view_func=lambda: "here")
    app.add_url_rule("/who", "/who", view_func=lambda: str(request.remote_addr))
    app.add_url_rule("/host", "/host", view_func=lambda: f"{request.host} {request.scheme}")
    app.add_url_rule(
        "/send", "/send", view_func=lambda: str(len(request.get_data())), methods=["POST"]
    )
    app.add_url_rule("/much", "/much", view_func=lambda: "x" * 8_000_000)
    return app


@contextmanager
def serving(
    patience: Patience = CALM, proxy: str | None = None, app: Flask | None = None, port: int = 0
) -> Iterator[Server]:
    """A server on loopback."""
    server = start(app or small_app(), ("127.0.0.1", port), proxy, patience)
    try:
        yield server
    finally:
        server.stop()


def ask(server: Server, path: str = "/", **headers: str) -> tuple[int, str]:
    """Status and text of a page."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, SOON)) as line:
        line.request("GET", path, headers=named)
        answer = line.getresponse()
        return answer.status, answer.read().decode()


def connect(server: Server) -> socket.socket:
    """A connection that says nothing yet."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=SOON)


def is_over() -> bool:
    """Whether the thread that serves has ended; `stop` waits for it, though not for ever."""
    return all(thread.name != "web" for thread in threading.enumerate())


@contextmanager
def waited(patience: float) -> Iterator[None]:
    """What is done within takes as long as this at the least, from before a connection is made."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began > patience


def hangs_up(sock: socket.socket) -> None:
    """Wait until the other side does."""
    with contextlib.suppress(ConnectionResetError):
        while sock.recv(65536):
            pass


def drip(sock: socket.socket, piece: bytes, pause: float = 0.05) -> bool:
    """Send a piece again and again; whether the other side has enough before long."""
    began = time.monotonic()
    try:
        while time.monotonic() - began < SOON:
            sock.sendall(piece)
            time.sleep(pause)
    except OSError:
        return True
    return False


def test_it_serves_and_ends_at_once_and_its_port_is_free_again() -> None:
    """Stopped without work it waits for nothing; another may listen there right away."""
    with serving(ENDLESS) as server:
        assert ask(server) == (200, "here")
        port = server.port
        server.stop()
        assert is_over()
        with pytest.raises(ConnectionRefusedError):
            connect(server)
    with serving(port=port) as again:
        assert ask(again) == (200, "here")


def test_requests_under_way_are_served_out() -> None:
    """All workers are busy when it is told to end: everybody gets the page, then it is gone."""
    app, inside, go_on = small_app(), threading.Semaphore(0), threading.Event()

    def slow() -> str:
        inside.release()
        assert go_on.wait(SOON)
        return "done"

    app.add_url_rule("/slow", "/slow", view_func=slow)
    answers: list[tuple[int, str]] = []
    with serving(replace(CALM, leaving=SOON), app=app) as server:
        visitors = [
            threading.Thread(target=lambda: answers.append(ask(server, "/slow")))
            for _ in range(THREADS)
        ]
        for visitor in visitors:
            visitor.start()
        for _ in visitors:
            assert inside.acquire(timeout=SOON)
        ending = threading.Thread(target=server.stop)
        ending.start()
        time.sleep(0.2)
        go_on.set()
        ending.join(SOON)
        assert is_over()
        for visitor in visitors:
            visitor.join(SOON)
    assert answers == [(200, "done")] * THREADS


def test_a_request_that_never_ends_does_not_hold_the_end_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is not answered within the patience for leaving is left."""
    app, inside, go_on = small_app(), threading.Event(), threading.Event()

    def stuck() -> str:
        inside.set()
        go_on.wait(2 * SOON)
        return "late"

    app.add_url_rule("/stuck", "/stuck", view_func=stuck)
    with serving(QUICK, app=app) as server, connect(server) as sock:
        sock.sendall(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
        assert inside.wait(SOON)
        server.stop()
        assert is_over()
        go_on.set()


def test_a_port_in_use_is_said_in_one_line() -> None:
    """With the place, and what to change."""
    with serving() as server, pytest.raises(ConfigError) as caught:
        start(small_app(), ("127.0.0.1", server.port))
    assert "Address already in use" in str(caught.value)
    assert f"127.0.0.1:{server.port}" in str(caught.value)
    assert "DIGEST_WEB" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_silent_connection_is_closed() -> None:
    """Before its first request, and after one."""
    with serving(QUICK) as server:
        with waited(QUICK.idle), connect(server) as sock:
            hangs_up(sock)
        with waited(QUICK.idle), connect(server) as sock:
            sock.sendall(HEAD + b"\r\n")
            hangs_up(sock)


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (HEAD, b"X-A: b\r\n"),
        (b"", b"G"),
        (b"POST /send HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"POST /send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"", b"\r\n\r\n"),
    ],
    ids=["head", "first line", "body", "chunks", "empty lines"],
)
def test_fault_59_who_drips_is_closed(begin: bytes, piece: bytes) -> None:
    """Bytes that come without end, and never make a request, win no time."""
    with serving(QUICK) as server:
        with waited(QUICK.asking), connect(server) as sock:
            sock.sendall(begin)
            assert drip(sock, piece)
        assert ask(server) == (200, "here")


def test_fault_59_sixty_drippers_keep_nobody_out() -> None:
    """Beyond the room there is, the oldest of those who asked for nothing make room."""
    patient = replace(ENDLESS, connections=40, leaving=CALM.leaving)
    stop = threading.Event()
    with serving(patient) as server, ExitStack() as stack:

        def keep_dripping(sock: socket.socket) -> None:
            with contextlib.suppress(OSError):
                sock.sendall(HEAD)
                while not stop.wait(0.02):
                    sock.sendall(b"X-A: b\r\n")

        drippers = [
            threading.Thread(target=keep_dripping, args=(stack.enter_context(connect(server)),))
            for _ in range(60)
        ]
        for dripper in drippers:
            dripper.start()
        served = [ask(server) for _ in range(20)]
        stop.set()
        for dripper in drippers:
            dripper.join()
    assert served == [(200, "here")] * 20


def test_fault_59_a_slow_reader_holds_no_worker_and_not_for_ever() -> None:
    """More who take nothing of a large answer than there are workers: others are served."""
    with serving(QUICK) as server, ExitStack() as stack:
        for _ in range(THREADS + 2):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(SOON)
            sock.connect(("127.0.0.1", server.port))
            sock.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ask(server) == (200, "here")
        time.sleep(2)  # five times the patience
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := sock.recv(65536):
                received += len(piece)
        assert received < 8_000_000


def takes_nothing(server: Server, stack: ExitStack, asked: bytes) -> socket.socket:
    """A visitor who asks and then takes as little as the system lets it."""
    sock = stack.enter_context(socket.socket())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(SOON)
    sock.connect(("127.0.0.1", server.port))
    sock.sendall(asked)
    return sock


def test_fault_59_requests_sent_ahead_hold_no_worker() -> None:
    """Hundreds on one connection, from more than there are workers: closed before they are served.

    As many pages as they ask for are more than is ever made ahead.
    """
    app, served = small_app(), []

    def page() -> str:
        served.append(1)
        return "x" * 54_000

    app.add_url_rule("/page", "/page", view_func=page)
    with serving(app=app) as server, ExitStack() as stack:
        for _ in range(THREADS + 2):
            takes_nothing(server, stack, b"GET /page HTTP/1.1\r\n\r\n" * 340)
        time.sleep(0.5)
        for _ in range(3):
            assert ask(server) == (200, "here")
        assert len(served) < 340


def test_two_requests_ahead_are_answered_in_turn() -> None:
    """Who sends the second before the first is answered gets both."""
    with serving() as server, connect(server) as sock:
        sock.sendall(HEAD + b"\r\n" + b"GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = b""
        while piece := sock.recv(65536):
            said += piece
    assert said.count(b"200 OK") == 2
    assert said.endswith(b"127.0.0.1")


def test_fault_59_half_of_the_workers_wait_for_nobody() -> None:
    """Answers that are too large to be made ahead, taken by nobody: others are served."""
    small = replace(ENDLESS, ahead=1_000_000, leaving=CALM.leaving)
    with serving(small, app=endless_app()) as server, ExitStack() as stack:
        for _ in range(3 * THREADS):
            takes_nothing(server, stack, b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2.5)
        for _ in range(5):
            assert ask(server) == (200, "here")


def test_fault_59_who_takes_nothing_of_a_larger_answer_is_closed() -> None:
    """A worker that waits for the visitor is no work of ours: it waits its patience, not for ever."""
    small = replace(QUICK, ahead=1_000_000)
    app, ended = endless_app(), threading.Event()
    app.add_url_rule("/told", "/told", view_func=lambda: app.response_class(told(ended)))
    with serving(small, app=app) as server, ExitStack() as stack:
        takes_nothing(server, stack, b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n")
        assert ended.wait(SOON)


def test_fault_59_who_sips_is_closed_and_who_takes_is_not() -> None:
    """A byte now and then wins time, up to that for a whole answer; the steady get all of it."""
    sipped = replace(QUICK, answered=0.6, whole=1.2)
    with serving(sipped) as server, ExitStack() as stack:
        with waited(sipped.whole):
            sock = takes_nothing(server, stack, b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
            received = 0
            with contextlib.suppress(ConnectionResetError):
                while piece := sock.recv(40_000):
                    received += len(piece)
                    time.sleep(0.02)
        assert received < 8_000_000
    steady = replace(QUICK, answered=1.5, whole=3600)
    with serving(steady) as server, ExitStack() as stack:
        sock = stack.enter_context(connect(server))
        sock.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        began, received = time.monotonic(), 0
        while piece := sock.recv(65536):
            received += len(piece)
            time.sleep(0.015)
        assert received > 8_000_000
        assert time.monotonic() - began > steady.answered, "as slow as this test has to be"


def endless_app() -> Flask:
    """An application with an answer that has no end."""
    app = small_app()
    app.add_url_rule(
        "/endless", "/endless", view_func=lambda: app.response_class(told(threading.Event()))
    )
    return app


def told(ended: threading.Event) -> Iterator[str]:
    """Pieces without end, and a word when nobody wants them any more."""
    try:
        while True:
            yield "x" * 100_000
    finally:
        ended.set()


@pytest.mark.parametrize(
    ("length", "status"), [(MOST_BODY, 200), (MOST_BODY + 1, 413), (10_000_000, 413)]
)
def test_fault_59_a_body_is_capped(length: int, status: int) -> None:
    """A megabyte is taken, more is not; ten are refused before they have come."""
    with serving() as server, connect(server) as sock:
        sock.sendall(f"POST /send HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        with contextlib.suppress(OSError):  # refused in mid-sentence
            sock.sendall(b"x" * min(length, 2 * MOST_BODY - 1))
        answer = sock.recv(4096)
    assert answer.startswith(b"HTTP/1.1 %d " % status) or (not answer and status == 413)


def test_fault_59_a_body_in_chunks_is_capped() -> None:
    """Without saying how long it is: the server hangs up long before ten megabytes."""
    sent, chunk = 0, b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with serving() as server, connect(server) as sock:
        sock.sendall(b"POST /send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            while sent < 10_000_000:
                sock.sendall(chunk)
                sent += 0x10000
                time.sleep(0.002)
        assert sent < 8_000_000  # the rest is what the system's own buffers take
        assert ask(server) == (200, "here")


def test_a_head_is_capped() -> None:
    """Sixteen kilobytes are enough for any browser."""
    with serving() as server:
        assert ask(server, X_Long="y" * 10_000)[0] == 200
        assert ask(server, X_Long="y" * 20_000)[0] == 431


def test_only_the_proxy_is_believed() -> None:
    """Whom a request is from is what the named proxy says last; from others, what the line says."""
    forged = {"X_Forwarded_For": "192.0.2.9, 198.51.100.7", "X_Forwarded_Host": "evil.example"}
    with serving() as server:
        assert ask(server, "/who", **forged)[1] == "127.0.0.1"
    with serving(proxy="192.0.2.1") as server:
        assert ask(server, "/who", **forged)[1] == "127.0.0.1"
    with serving(proxy="127.0.0.1") as server:
        assert ask(server, "/who", **forged)[1] == "198.51.100.7"
        said = ask(server, "/host", X_Forwarded_Proto="https", **forged)[1]
        assert "evil.example" not in said
        assert "https" not in said


def test_no_link_gets_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Neither from a page that breaks nor from a visitor who leaves before the answer."""
    app, gone = small_app(), threading.Event()

    def leave() -> Iterator[str]:
        yield "x"
        gone.wait(SOON)
        time.sleep(0.3)
        for _ in range(40):
            yield "y" * 1_000_000

    def broken(_environment: object, _start: Callable[..., object]) -> list[bytes]:
        raise ZeroDivisionError("on purpose")

    app.add_url_rule("/v/<link>", "/v", view_func=lambda link: app.response_class(leave()))
    with caplog.at_level(logging.DEBUG):
        with serving(app=app) as server, connect(server) as sock:
            sock.sendall(b"GET /v/s3cr3t.link HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(100)
            sock.close()
            gone.set()
            end = time.monotonic() + SOON
            while "Client disconnected" not in caplog.text and time.monotonic() < end:
                time.sleep(0.05)
        app.wsgi_app = broken  # type: ignore[assignment,method-assign]
        with serving(app=app) as server:
            assert ask(server, "/v/s3cr3t.link")[0] == 500
    assert "Client disconnected while a page was served" in caplog.text
    assert "Exception while a page was served" in caplog.text
    assert "s3cr3t" not in caplog.text
