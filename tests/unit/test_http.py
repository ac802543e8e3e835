"""Asking politely: what is said, what is taken for an answer, and how failures are put."""

import logging
import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme

from digest.errors import SourceError
from digest.intake import dialing
from digest.intake.http import PoliteSession
from tests.conftest import NOW
from tests.wires import Act, answers, says, secret, silent, wired

LONG_AGO = "Mon, 16 Mar 2026 05:00:00 GMT"


def session(naps: list[float] | None = None, **named: Any) -> PoliteSession:
    """A session that waits in no time."""
    slept = [] if naps is None else naps
    waits = {"spacing": 0.0, "sleep": slept.append, "chance": lambda: 0.5}
    return PoliteSession("ann@example.org", **{**waits, **named})


def test_what_is_said_of_ourselves() -> None:
    """Who asks and how to reach them, what can be read, and no more."""
    with wired(answers(b"yes")) as wire:
        assert session().get("x", wire.address, {"q": "a b"}, "text/plain") == b"yes"
        assert wire.heads[0].startswith("GET /?q=a+b HTTP/1.1\r\n")
        assert re.fullmatch(
            r"digest/[\d.]+ \(paper digest; mailto:ann@example.org\)",
            wire.header("User-Agent") or "",
        )
        assert wire.header("Accept") == "text/plain"
        assert wire.header("Accept-Encoding") == "gzip, deflate"
        assert wire.header("Cookie") is wire.header("Authorization") is None


def test_no_cookies_are_kept_and_no_netrc_is_read() -> None:
    """What a host said once is not told to it again; what a file says of it, never."""
    (Path.home() / ".netrc").parent.mkdir(parents=True, exist_ok=True)
    (Path.home() / ".netrc").write_text("machine 127.0.0.1 login ann password canary\n")
    (Path.home() / ".netrc").chmod(0o600)
    with wired(answers(b"", Set_Cookie="who=ann")) as wire:
        asking = session()
        asking.get("x", wire.address)
        asking.get("x", wire.address)
        assert len(wire.heads) == 2
        assert wire.header("Cookie") is wire.header("Authorization") is None


def test_a_name_and_a_password_are_for_the_owners_services_alone() -> None:
    """They are said there, and shown in no error; a feed that has them is not asked."""
    with wired(answers(b"", "404 Not Found")) as wire:
        place = wire.address.replace("//", "//ann:canary@") + "/feed?key=canary"
        with pytest.raises(SourceError, match="answered 404") as caught:
            session().get("x", place)
        assert (wire.header("Authorization") or "").startswith("Basic ")
        assert "canary" not in str(caught.value)
        hosts = frozenset(("127.0.0.1",))
        with (
            pytest.raises(SourceError, match="a name or a password in it") as caught,
            session(private_hosts=hosts).open("x", place, foreign=True),
        ):
            pass
        assert "canary" not in str(caught.value)
        assert wire.reached == 1


def test_a_key_in_an_address_stands_in_no_log_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also where the libraries would write it, at their most talkative."""
    caplog.set_level(logging.DEBUG)
    strange = says(b"HTTP/1.1 503 Busy\r\nno header at all\r\nContent-Length: 0\r\n\r\n")
    with wired(answers(b"", "302 Found", Location="/on?key=canary"), strange) as wire:
        with pytest.raises(SourceError, match="answered 503") as caught:
            session().get("x", wire.address + "/here", {"key": "canary"})
        assert "canary" in wire.heads[0]
    assert "canary" not in f"{caught.value!r}{caught.value}{caplog.text}"


@pytest.mark.parametrize("url", ["ftp://example.org/", "example.org", "http://[bad", "", "http://"])
def test_what_is_no_address_of_the_web(url: str) -> None:
    """Said before anything is asked."""
    with pytest.raises(SourceError, match="no address of the web"):
        session().get("x", url)


def refused(act: Act) -> str:
    """What is said of such an answer, at the first attempt."""
    with wired(act) as wire, pytest.raises(SourceError) as caught:
        session().get("x", wire.address)
    return caught.value.problem


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (answers(b"", "403 Forbidden"), "answered 403 Forbidden at .*DIGEST_OWNER"),
        (answers(b"", "406 Not Acceptable"), "answered 406 Not Acceptable at .*DIGEST_OWNER"),
        (answers(b"", "204 No Content"), "answered 204"),
        (answers(b"x", "206 Partial Content"), "answered 206"),
        (answers(b"", "304 Not Modified"), "it was not asked whether anything is new"),
        (answers(b"", "300 Many", Location="/a"), "answered 300"),
        (answers(b"", "302 Found"), "answered 302"),
        (answers(b"x", Content_Encoding="br"), r"packed as was not asked for \(br\)"),
        (answers(b"x", Content_Encoding="gzip, gzip"), "packed as was not asked for"),
        (answers(b"x", Content_Length="99999999999"), "the answer is larger than 32 MB"),
        (answers(b"x", Content_Length="9"), "the answer ends too early"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Len"), "the answer ends too early"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nx"), "no answer that is HTTP"),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "no answer that is HTTP|connection broke"),
        (says(b""), "hung up without an answer"),
    ],
)
def test_what_is_no_answer(act: Act, said: str) -> None:
    """A reason in words for each, and never a short success."""
    assert re.search(said, refused(act))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "body", [b"", b"5\r\nab", b"5\r\nabcde", b"5\r\nabcde\r\n", b"5\r\nabcde\r\nzz\r\n"]
)
def test_broken_chunks_are_no_short_answer(body: bytes) -> None:
    """An answer in chunks has an end of its own; without it something is missing."""
    assert "ends too early" in refused(says(CHUNKED + body))


def test_an_answer_in_chunks_and_one_without_a_length() -> None:
    """Both are whole, and so is an empty one: what it means is the parser's business."""
    acts = (
        says(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
        says(b"HTTP/1.0 200 OK\r\n\r\nabcde"),
    )
    with wired(*acts, answers(b"")) as wire:
        asking = session()
        assert [asking.get("x", wire.address) for _ in range(3)] == [b"abcde", b"abcde", b""]


def test_a_broken_answer_is_asked_for_again() -> None:
    """Twice more, after pauses that double; then it counts."""
    naps: list[float] = []
    broken = answers(b"x", Content_Length="9")
    with wired(broken, answers(b"", "502 Bad Gateway"), answers(b"whole")) as wire:
        assert session(naps).get("x", wire.address) == b"whole"
    assert naps == [2.0, 4.0]


def test_a_service_that_is_busy_without_saying_how_long() -> None:
    """Three attempts; nothing is said of when to come again."""
    naps: list[float] = []
    with wired(answers(b"", "503 Busy")) as wire:
        with pytest.raises(SourceError, match="answered 503 Busy") as caught:
            session(naps).get("x", wire.address)
        assert wire.reached == 3
    assert naps == [2.0, 4.0]
    assert caught.value.retry_at is None


def test_pauses_are_a_quarter_longer_or_shorter() -> None:
    """So that those who failed together do not come back together."""
    pauses = []
    for chance in (0.0, 0.999):
        naps: list[float] = []
        asking = session(naps, chance=partial(float, chance))
        with wired(answers(b"", "503 Busy")) as wire, pytest.raises(SourceError):
            asking.get("x", wire.address)
        pauses.append([round(nap, 1) for nap in naps])
    assert pauses == [[1.5, 3.0], [2.5, 5.0]]


def test_no_pause_outlasts_the_time_that_is_left() -> None:
    """An attempt that could only begin too late is not waited for."""
    naps: list[float] = []
    with wired(answers(b"", "503 Busy")) as wire:
        with pytest.raises(SourceError, match="answered 503"):
            session(naps).get("x", wire.address, left=1.5)
        assert wire.reached == 1
    assert naps == []


@pytest.mark.parametrize(
    "said",
    [
        "3600",
        format_datetime(NOW + timedelta(hours=1), usegmt=True),
        "Tuesday, 17-Mar-26 10:30:00 GMT",
        "Tue, 17 Mar 2026 10:30:00 -0000",
    ],
)
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Busy"])
def test_retry_after_is_obeyed(said: str, status: str) -> None:
    """Seconds or a date; the host is asked no more by anyone who shares its turns."""
    with wired(answers(b"", status, Retry_After=said)) as wire:
        asking = session(now=lambda: NOW)
        for problem in (f"answered {status}", "the service asked us to wait"):
            with pytest.raises(SourceError, match=problem) as caught:
                asking.get("x", wire.address)
            assert caught.value.retry_at is not None
            gap = caught.value.retry_at - NOW
            assert timedelta(minutes=59) < gap <= timedelta(hours=1)
        assert wire.reached == 1


def test_a_short_wish_is_waited_for_at_once() -> None:
    """By everyone, and once: the next attempt is the answer."""
    naps: list[float] = []
    with wired(answers(b"", "429 Slow", Retry_After="7"), answers(b"yes")) as wire:
        assert session(naps).get("x", wire.address) == b"yes"
    assert [round(nap) for nap in naps] == [7]


def test_too_often_without_a_time_is_ten_minutes() -> None:
    """Nobody asks that host meanwhile; other failures are not taken for that."""
    with wired(answers(b"", "429 Slow")) as wire:
        asking = session(now=lambda: NOW)
        with pytest.raises(SourceError, match="answered 429") as caught:
            asking.get("x", wire.address)
        assert caught.value.retry_at == NOW + timedelta(minutes=10)
        with pytest.raises(SourceError, match="asked us to wait"):
            asking.get("y", wire.address)
        assert wire.reached == 1


def test_no_wish_is_obeyed_for_longer_than_a_day() -> None:
    """Whatever the header says."""
    slow = answers(b"", "429 Slow", Retry_After="99999999999")
    with wired(slow) as wire, pytest.raises(SourceError) as caught:
        session(now=lambda: NOW).get("x", wire.address)
    assert caught.value.retry_at == NOW + timedelta(days=1)


# ── What is known already ────────────────────────────────────────────────────


def test_what_is_known_is_said_and_need_not_be_read_again() -> None:
    """ETag and Last-Modified come back as they were; "unchanged" has no body."""
    first = answers(b"<feed/>", ETag='W/"v1"', Last_Modified=LONG_AGO)
    with wired(first, answers(b"", "304 Not Modified")) as wire:
        asking = session()
        with asking.open("x", wire.address, {"a": "b"}) as opened:
            assert (opened.body.read(), opened.unchanged) == (b"<feed/>", False)
            known = opened.known
        with asking.open("x", wire.address, {"a": "b"}, known=known) as again:
            assert (again.body.read(), again.unchanged, again.known) == (b"", True, known)
        assert wire.header("If-None-Match") == 'W/"v1"'
        assert wire.header("If-Modified-Since") == LONG_AGO
        assert wire.header("If-None-Match", 0) is None


def test_what_is_known_of_one_address_is_not_said_to_another() -> None:
    """Another query is another address; "unchanged" would be untrue of it."""
    with wired(answers(b"<feed/>", ETag='"v1"')) as wire:
        asking = session()
        with asking.open("x", wire.address, {"date": "1"}) as opened:
            known = opened.known
        with asking.open("x", wire.address, {"date": "2"}, known=known) as other:
            assert not other.unchanged
        assert wire.header("If-None-Match") is None


def test_what_is_known_of_one_host_is_not_said_to_another() -> None:
    """Nor is anything kept of what another host answered; its "unchanged" is an error."""
    with wired(answers(b"<feed/>", ETag='"v1"'), answers(b"", "304 No")) as other:
        on = answers(b"", "302 Found", Location=f"{other.address}/there", ETag='"mine"')
        with wired(answers(b"<feed/>", ETag='"v0"'), on) as wire:
            hosts = frozenset(("127.0.0.1",))
            asking = session(private_hosts=hosts)
            with asking.open("x", wire.address) as opened:
                known = opened.known
            with asking.open("x", wire.address, known=known) as redirected:
                assert redirected.known == ""
            assert wire.header("If-None-Match") == '"v0"'
            assert other.header("If-None-Match") is None
            with (
                pytest.raises(SourceError, match="not asked whether anything is new"),
                asking.open("x", wire.address, known=known),
            ):
                pass


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ETag": '"' + "x" * 400 + '"'},
        {"ETag": "\xe9\x00"},
        {"ETag": ""},
        {"Last_Modified": "yesterday"},
    ],
)
def test_absurd_validators_are_not_kept(headers: dict[str, str]) -> None:
    """Endless, invisible, or no date: then the next question is a plain one."""
    with (
        wired(answers(b"<feed/>", **headers)) as wire,
        session().open("x", wire.address) as opened,
    ):
        assert opened.known == ""


@pytest.mark.parametrize(
    "known", ["{", "[]", "null", '{"of": 1}', '{"If-None-Match": "a\\nb"}', "[" * 100_000]
)
def test_a_damaged_note_asks_plainly(known: str) -> None:
    """What is known is only a help."""
    with wired(answers(b"<feed/>")) as wire, session().open("x", wire.address, known=known) as got:
        assert got.body.read() == b"<feed/>"
        assert wire.header("If-None-Match") is None


# ── TLS, proxies, the end ────────────────────────────────────────────────────


def local(port: int) -> Callable[[str, int], list[tuple[int, tuple[str, int]]]]:
    """A resolver for which every host is this machine."""
    return lambda _host, _port: [(socket.AF_INET, ("127.0.0.1", port))]


def test_a_certificate_is_that_of_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the name was found; one that does not fit ends it, without another attempt."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with wired(secret(authority, "papers.example.org", answers(b"yes"))) as wire:
        asking = session(find=local(wire.port))
        assert asking.get("x", "https://papers.example.org/") == b"yes"
        assert wire.header("Host") == "papers.example.org"
        with pytest.raises(SourceError, match="the certificate could not be verified"):
            asking.get("x", "https://other.example.org/")
        assert wire.reached == 2


def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may lie anywhere; a host that is private by its own word is not asked for through it."""
    with wired(answers(b"by proxy")) as wire:
        monkeypatch.setenv("http_proxy", wire.address)
        monkeypatch.setenv("no_proxy", "")
        asking = session()
        with asking.open("x", "http://feeds.example.org/rss", foreign=True) as opened:
            assert opened.body.read() == b"by proxy"
        assert wire.heads[0].startswith("GET http://feeds.example.org/rss HTTP/1.1\r\n")
        for host in ("169.254.169.254", "[::1]", "2130706433", "localhost", "10.0.0.5"):
            with (
                pytest.raises(SourceError, match="a host of a private network"),
                asking.open("x", f"http://{host}/", foreign=True),
            ):
                pass
        assert wire.reached == 1
        assert asking.get("x", "http://10.0.0.5/") == b"by proxy"  # the owner's own word


def test_a_proxy_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told as such: the service may be well."""
    with wired(answers(b"", "403 Forbidden")) as wire:
        monkeypatch.setenv("https_proxy", wire.address)
        monkeypatch.setenv("no_proxy", "")
        with pytest.raises(SourceError, match="the proxy of the environment could not be used"):
            session().get("x", "https://service.example.org/")
        assert wire.heads[0].startswith("CONNECT service.example.org:443 ")


def test_a_head_that_does_not_come_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has less time than the whole answer, so that there is some left for another attempt."""
    monkeypatch.setattr(dialing, "HEAD_SECONDS", 0.3)
    with wired(silent, answers(b"whole")) as wire:
        assert session(deadline=30.0).get("x", wire.address) == b"whole"


def test_a_long_reason_is_cut() -> None:
    """It is the service's own, and may be anything."""
    problem = refused(answers(b"", "404 " + "x" * 3_000 + "\x1b[31m"))
    assert len(problem) < 150
    assert "\x1b" not in refused(answers(b"", "404 \x1b[31mred"))


def test_stopping_ends_an_answer_that_is_under_way() -> None:
    """Within a moment, whatever the host does, and no further attempt is made."""
    stop = threading.Event()
    with wired(silent) as wire:
        asking = PoliteSession(None, spacing=0.0, sleep=stop.wait, stopping=stop.is_set)
        threading.Timer(0.2, stop.set).start()
        with pytest.raises(SourceError, match="stopped before the answer"):
            asking.get("x", wire.address)
        assert wire.reached == 1
        with pytest.raises(SourceError, match="stopped before the answer"):
            asking.get("x", wire.address)
        assert wire.reached == 1


def test_no_time_left_asks_nothing() -> None:
    """The run's time is over: the host does not hear of it."""
    with wired(answers(b"yes")) as wire:
        with pytest.raises(SourceError, match="no complete answer within 0 s"):
            session().get("x", wire.address, left=0.0)
        assert wire.reached == 0


def test_names_that_do_not_exist_are_not_asked_for_again() -> None:
    """No host, or no network: a minute does not change that."""
    calls = []

    def nowhere(host: str, _port: int) -> list[tuple[int, tuple[str, int]]]:
        calls.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(SourceError, match="no such host, or no network"):
        session(find=nowhere).get("x", "http://nowhere.example.org/")
    assert calls == ["nowhere.example.org"]


def test_dates_of_today_are_the_clocks() -> None:
    """Without another clock, when to ask again is reckoned from now."""
    slow = answers(b"", "429 Slow", Retry_After="3600")
    with wired(slow) as wire, pytest.raises(SourceError) as caught:
        session().get("x", wire.address)
    assert caught.value.retry_at is not None
    assert caught.value.retry_at - datetime.now(UTC) > timedelta(minutes=59)
