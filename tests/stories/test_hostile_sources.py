"""Hosts that do not mean well, or cannot do better: each ends in words, in time, in little memory.

Faults 28 to 35 and bad input 2, 4, 6 and 11 of the catalogue, at the connection; what parsers make
of such bytes is theirs.
"""

import gzip
import random
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import SourceError
from digest.intake.http import PoliteSession
from tests.effort import SOON
from tests.wires import HEAD, Act, Wire, answers, drips, listen, pours, says, secret, silent, wired

DEADLINE = 1.0


def session(deadline: float = DEADLINE) -> PoliteSession:
    """A session of little patience."""
    return PoliteSession(None, spacing=0.0, deadline=deadline)


@contextmanager
def in_time(said: str) -> Iterator[None]:
    """What is done within ends with this error, long before the other side would give up."""
    began = time.monotonic()
    with pytest.raises(SourceError, match=said):
        yield
    assert time.monotonic() - began < SOON


LENGTH = HEAD + b"Content-Length: 100000\r\n\r\n"
NO_LENGTH = HEAD + b"\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "act",
    [
        silent,
        drips(b"", b"H"),
        drips(b"HTTP/1.1 ", b"2"),
        drips(HEAD, b"X"),
        drips(HEAD, b"X-A: b\r\n", 0.15),
        drips(HEAD.replace(b"200 OK", b"100 Continue") + b"\r\n", b"HTTP/1.1 100 On\r\n\r\n"),
        drips(LENGTH, b"<"),
        drips(NO_LENGTH, b"<"),
        drips(CHUNKED, b"1\r\nx\r\n"),
        drips(CHUNKED, b"0"),
        drips(CHUNKED + b"0\r\n", b"X-A: b\r\n"),
        drips(HEAD + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
    ],
    ids=[
        "silence", "status", "number", "header", "headers", "continue", "body", "no length",
        "chunks", "chunk size", "trailers", "packed",
    ],
)  # fmt: skip
def test_fault_30_a_slow_drip_is_cut_by_the_clock(act: Act) -> None:
    """Wherever it drips: each byte begins the patience of a socket anew, but not the deadline."""
    with wired(act) as wire, in_time("no complete answer within 1 s"):
        session().get("x", wire.address)


@pytest.mark.parametrize(
    "act", [silent, drips(b"", b"\x16"), drips(b"\x16\x03\x03\x40\x00", b"\0")]
)
def test_a_handshake_that_never_ends(act: Act) -> None:
    """TLS counts as well: silence, or a hello that drips."""
    with wired(act) as wire, in_time("no complete answer within 1 s"):
        session().get("x", wire.address.replace("http:", "https:"))


def test_a_drip_inside_of_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is cut under TLS ends as one in the clear."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    drip = secret(authority, "localhost", drips(NO_LENGTH, b"<"))
    with wired(drip) as wire, in_time("no complete answer within 1 s"):
        session().get("x", f"https://localhost:{wire.port}/")


def test_redirects_that_drip_share_one_deadline() -> None:
    """The clock does not begin anew with each step."""

    def slow(talk: socket.socket, wire: Wire) -> None:
        time.sleep(0.3)
        answers(b"", "302 Found", Location=f"/{time.monotonic()}")(talk, wire)

    with wired(slow) as wire, in_time("no complete answer within 1 s"):
        session().get("x", wire.address)


def test_what_is_left_of_the_run_counts() -> None:
    """A source that has less time than an answer may take ends with the source's time."""
    with wired(silent) as wire, in_time("no complete answer within 1 s"):
        session(90.0).get("x", wire.address, left=0.6)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (pours(HEAD, b"X-A: b\r\n" * 1_000), "no answer that is HTTP"),
        (pours(HEAD + b"X-A: ", b"b" * 65_536), "a head without end"),
        (pours(b"HTTP/1.1 200 ", b"b" * 65_536), "a head without end"),
        (pours(NO_LENGTH, b"<" * 65_536), "the answer is larger than 32 MB"),
        (pours(CHUNKED, b"10000\r\n" + b"<" * 65_536 + b"\r\n"), "the answer is larger than 32 MB"),
        (pours(CHUNKED, b"1" * 65_536), "the answer ends too early|a head without end"),
    ],
    ids=["headers", "header", "status", "body", "chunks", "chunk size"],
)
def test_what_pours_without_end(act: Act, said: str) -> None:
    """Ends at a cap, and not with the memory or the disk."""
    with wired(act) as wire, pytest.raises(SourceError, match=said):
        PoliteSession(None, spacing=0.0, sleep=lambda _: None).get("x", wire.address)


def test_fault_35_redirects_in_circles() -> None:
    """One that leads to itself, two that lead to each other, and a chain without end."""
    with wired(answers(b"", "302 Found", Location="/")) as wire, in_time("redirected in circles"):
        session().get("x", wire.address + "/")
    there, back = (answers(b"", "307 Go", Location=path) for path in ("/b", "/a"))
    with wired(there, back, there) as wire, in_time("redirected in circles"):
        session().get("x", wire.address + "/a")
    chain = [answers(b"", "308 Go", Location=f"/{n}") for n in range(9)]
    with wired(*chain) as wire:
        with in_time("redirected more than 5 times"):
            session().get("x", wire.address)
        assert wire.reached == 6


def test_the_body_of_a_redirect_is_not_unpacked() -> None:
    """A bomb there is nobody's business: the library would read it whole."""
    bomb = gzip.compress(bytes(64 << 20))
    on = answers(bomb, "302 Found", Location="/on", Content_Encoding="gzip")
    with wired(on, answers(b"yes")) as wire:
        assert session().get("x", wire.address) == b"yes"
        assert wire.heads[1].startswith("GET /on ")


def test_a_connection_that_is_dropped_is_made_again() -> None:
    """In the midst of a head or a body; what came of it counts for nothing."""
    cut = says(LENGTH + b"<half")
    with wired(says(HEAD), cut, answers(b"whole")) as wire:
        asking = PoliteSession(None, spacing=0.0, sleep=lambda _: None)
        assert asking.get("x", wire.address) == b"whole"
        assert wire.reached == 3


_READ_A_BOMB = r"""
import re, sys
from pathlib import Path
from digest.errors import SourceError
from digest.intake.http import PoliteSession

def peak():  # of this process alone; getrusage counts what it was before it was this one
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) >> 10

session = PoliteSession(None, spacing=0.0)
try:
    with session.open("x", sys.argv[1]) as opened:
        print("open")
except SourceError as error:
    print(error.problem)
print(peak())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("dust", "said"),
    [(0, "unpacks to more than 250 times its size"), (6_000, "unpacks to more than 256 MB")],
    ids=["bomb", "gentle bomb"],
)
def test_bad_input_11_a_gzip_bomb_of_300_mb(dust: int, said: str) -> None:
    """Read in a process of its own: an error, under 100 MB in all."""
    bomb = b"".join(_packed(300, random.Random(1).randbytes(dust)))
    with wired(answers(bomb, Content_Encoding="gzip", Content_Type="application/xml")) as wire:
        done = subprocess.run(
            [sys.executable, "-c", _READ_A_BOMB, wire.address],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    told, peak = done.stdout.strip().splitlines()
    assert said in told
    assert int(peak) < 100


def _packed(megabytes: int, dust: bytes) -> Iterator[bytes]:
    """A gzip file of so many megabytes of zeros, each with some dust that does not pack."""
    packing = zlib.compressobj(6, zlib.DEFLATED, 31)
    for _ in range(megabytes):
        yield packing.compress(dust + bytes((1 << 20) - len(dust)))
    yield packing.flush()


def test_many_threads_of_one_session_take_turns() -> None:
    """Never two requests at once at one host, whoever asks."""
    now, most, lock = [0], [0], threading.Lock()

    def busy(talk: socket.socket, wire: Wire) -> None:
        listen(talk, wire)
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1
        talk.sendall(HEAD + b"Content-Length: 1\r\n\r\nx")

    with wired(busy) as wire:
        asking = session(30.0)
        threads = [threading.Thread(target=asking.get, args=("x", wire.address)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wire.reached == 6
    assert most == [1]


_WORDS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\n", b"HTTP/1.1 429 \r\n", b"HTTP/1.0 ",
        b"Content-Length: 3\r\n", b"Content-Length: -3\r\n", b"Content-Length: 9e9\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Backoff: 1e999\r\n",
        b"Content-Encoding: deflate\r\n", b"Location: \r\n", b"Location: http://[\r\n",
        b"Location: //\xff\r\n", b"Retry-After: Mon, 99 Foo 99999 00:00:00\r\n", b"ETag: \x00\r\n",
        b"\r\n", b"\r\n", b"\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"-1\r\n", b"\x1f\x8b\x08", b"abc", b" x\r\n",
    ]
)  # fmt: skip


def test_whatever_a_host_says() -> None:
    """Bytes or an error in words, soon: no other exception comes of any answer."""
    said = [b""]

    def act(talk: socket.socket, wire: Wire) -> None:
        says(said[0])(talk, wire)

    with wired(act) as wire:

        @settings(max_examples=300)
        @given(st.lists(_WORDS | st.binary(max_size=9), max_size=9).map(b"".join))
        def asked(words: bytes) -> None:
            said[0] = words
            asking = PoliteSession(None, spacing=0.0, deadline=5.0, sleep=lambda _: None)
            try:
                with asking.open("x", wire.address) as opened:
                    opened.body.read()
            except SourceError as error:
                assert "no complete answer within" not in error.problem, "it waited for more"

        asked()
