"""The pages as a part of a process: alone, beside the daemon's work, with settings that change."""

import contextlib
import http.client
import io
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

import psycopg
import pytest
import trustme
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from digest.cli.common import open_log
from digest.config import Settings, load
from digest.daemon import Daemon
from digest.errors import ConfigError, StoreError
from digest.links import Links, Purpose, Token
from digest.model import Schedule
from digest.readers import subscribe
from digest.store import open_store
from digest.store.alive import TRUSTED
from digest.web.service import Service
from digest.wiring import DEFAULT_WEB, House, build
from tests.conftest import DATA, Digest, Replay
from tests.effort import SOON
from tests.html import seen
from tests.postgresql import make_database
from tests.smtp import PASSWORD, USER, authority_file, free_port, smtp_server

PLAIN = ("DIGEST_DATABASE=sqlite:///t.db", "DIGEST_OUTBOX=out", "DIGEST_LOG=digest.log")


@pytest.fixture(autouse=True)
def services(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's ticks ask a server of ours, which has no papers, without pauses."""
    monkeypatch.setattr("digest.wiring._wait", lambda _: lambda _seconds: None)
    replay.answer("/daily", b"[]")
    monkeypatch.setenv("DIGEST_SOURCES", "huggingface")
    monkeypatch.setenv("DIGEST_HUGGINGFACE", f"{replay.address}/daily")


def read() -> Settings:
    """The settings of the configuration and of the services."""
    return load(None, os.environ)


def now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


def write(*lines: str) -> None:
    """A configuration that nobody else can read."""
    path = Path("config.env")
    path.touch(mode=0o600)
    path.write_text("\n".join((*PLAIN, *lines)) + "\n")


def ask(port: int, path: str = "/") -> int:
    """The status of a page; 0 where nobody listens."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
    with contextlib.closing(line):
        try:
            line.request("GET", path)
            return line.getresponse().status
        except ConnectionRefusedError:
            return 0


def wait_for(what: Callable[[], object]) -> None:
    """Until something holds, at most half a minute."""
    end = time.monotonic() + SOON
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@contextmanager
def process(
    *arguments: str, program: tuple[str, str] = ("-m", "digest")
) -> Iterator[subprocess.Popen[str]]:
    """The program as a process; ended at the latest with the test."""
    with subprocess.Popen(
        [sys.executable, *program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def house_of(settings: Settings) -> House:
    """A house of a process that goes on."""
    return build(settings, stopping=threading.Event())


def service(place: tuple[str, int] | None = ("127.0.0.1", 0)) -> Service:
    """The pages, to be opened by hand."""
    return Service(house_of, now, lambda settings: settings.web or place)


def port_of(pages: Service) -> int:
    """Where they are served."""
    return int(pages.address.rpartition(":")[2])


@pytest.mark.parametrize("command", ["web", "daemon"])
def test_pages_are_served_until_sigterm(command: str) -> None:
    """Alone and in the daemon's process; the end is clean."""
    port = free_port()
    write(f"DIGEST_WEB={port}")
    with process(command) as started:
        wait_for(lambda: ask(port) == 200)
        started.send_signal(signal.SIGTERM)
        output, _ = started.communicate(timeout=SOON)
    assert started.returncode == 0, output
    assert f"127.0.0.1:{port}" in output
    assert ask(port) == 0
    assert "pages: http://127.0.0.1" in Path("digest.log").read_text()


def test_a_daemon_without_a_place_serves_no_pages(digest: Digest) -> None:
    """Pages are a choice: nothing listens unless DIGEST_WEB says so."""
    write()
    pages = service(place=None)
    pages.open(read())
    assert pages.address == ""
    pages.renew(read())
    pages.close()


@pytest.mark.parametrize("command", ["web", "daemon"])
def test_a_place_that_is_taken_ends_it_with_one_line(command: str, digest: Digest) -> None:
    """Exit code 2, the place, and which setting to change."""
    write()
    holder = service()
    holder.open(read())
    write(f"DIGEST_WEB={port_of(holder)}")
    done = digest(command)
    holder.close()
    assert done.code == 2
    said = [line for line in done.err.splitlines() if "nothing can be served" in line]
    assert len(said) == 1
    assert str(port_of(holder)) in said[0]
    assert "DIGEST_WEB" in said[0]


def test_listen_wins_over_the_setting_and_forms_work_there() -> None:
    """The pages know the address that they are really reached by: their own forms are let in."""
    write()
    pages = service()
    pages.open(read())
    assert pages.base == pages.address
    line = http.client.HTTPConnection("127.0.0.1", port_of(pages), timeout=SOON)
    with contextlib.closing(line):
        for origin, status in ((pages.base, {404, 405}), ("http://evil.example", {403})):
            line.request("POST", "/nowhere", body=b"", headers={"Origin": origin})
            answer = line.getresponse()
            answer.read()
            assert answer.status in status
    pages.close()


def test_pages_may_live_below_a_path() -> None:
    """With a path in the base URL all of ours is below it, whether a proxy takes it off or not."""
    port = free_port()
    write(f"DIGEST_WEB={port}", f"DIGEST_BASE_URL=http://127.0.0.1:{port}/papers")
    pages = service()
    pages.open(read())
    for address in ("/papers/", "/", "/papers/subscribe", "/papers/search?q=owls"):
        status, shown = page(port, address)
        assert status == 200
        ours = [address for _, address in seen(shown).addresses if address.startswith("/")]
        assert len(ours) > 5
        assert [address for address in ours if not address.startswith("/papers/")] == []
    assert page(port, "/papers/static/style.css")[0] == 200
    feed = page(port, "/papers/day.atom")[1]
    assert f"http://127.0.0.1:{port}/papers/day.atom" in feed
    assert "/papers/papers" not in feed
    pages.close()


def test_an_edited_configuration_is_taken_over_and_a_bad_one_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The daemon's next tick serves by the new settings; a mistake leaves the pages as they were."""
    write("DIGEST_WEB=127.0.0.1:0", "DIGEST_BASE_URL=https://one.example")
    pages = service()
    pages.open(read())
    daemon = Daemon(read, house_of, now, threading.Event(), pages=pages)
    daemon.tick()
    assert pages.base == "https://one.example"
    write("DIGEST_WEB=127.0.0.1:0", "DIGEST_BASE_URL=https://two.example")
    daemon.tick()
    assert pages.base == "https://two.example"
    write("DIGEST_WEB=127.0.0.1:0", "DIGEST_BASE_URL=http://three.example")
    with caplog.at_level("WARNING"):
        daemon.tick()
    assert "not encrypted" in caplog.text
    assert pages.base == "https://two.example"
    assert ask(port_of(pages)) == 200
    write(f"DIGEST_WEB={free_port()}", "DIGEST_BASE_URL=https://four.example")
    with caplog.at_level("WARNING"):
        daemon.tick()
        daemon.tick()
    hints = [r for r in caplog.records if "restart for them to move" in r.message]
    assert len(hints) == 1
    assert pages.base == "https://four.example"
    assert ask(port_of(pages)) == 200
    pages.close()


QUICKLY = (
    "import sys, digest.cli.web as web; web._LOOK_SECONDS = 0.1; sys.argv[0] = 'digest'; "
    "from digest.cli import main; main()"
)


def test_the_command_takes_over_an_edited_configuration_too() -> None:
    """`digest web` looks at it each minute; a mistake is said once, and changes nothing."""
    port = free_port()
    write(f"DIGEST_WEB={port}")
    with process("web", program=("-c", QUICKLY)) as started:
        wait_for(lambda: ask(port) == 200)
        assert "/subscribe" in page(port, "/")[1]
        write(f"DIGEST_WEB={port}", "DIGEST_SUBSCRIBE=closed")
        wait_for(lambda: "/subscribe" not in page(port, "/")[1])
        whole = Path("config.env").read_text()
        Path("config.env").write_text("")
        wait_for(lambda: "gone or empty" in Path("digest.log").read_text())
        Path("config.env").write_text(whole.replace("t.db", "u.db"))
        wait_for(lambda: "the database was changed" in Path("digest.log").read_text())
        assert not Path("u.db").exists()
        write(f"DIGEST_WEB={port}", "DIGEST_SUBSCRIBE=clsed")
        wait_for(lambda: "did you mean closed" in Path("digest.log").read_text())
        time.sleep(0.5)
        assert "/subscribe" not in page(port, "/")[1]
        started.send_signal(signal.SIGTERM)
        output, _ = started.communicate(timeout=SOON)
    assert started.returncode == 0
    assert output.count("did you mean closed") == 1
    assert "the pages go on as they were" in output


def test_settings_that_make_no_house_leave_the_pages_as_they_were(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What fails when pages are renewed is said once, and the daemon's work goes on."""
    write()
    opened = service()
    opened.open(read())
    settings = read()
    daemon = Daemon(lambda: settings, house_of, now, threading.Event(), pages=opened)
    Path("t.db").chmod(0o644)
    settings = replace(settings, limit=3)
    with caplog.at_level("WARNING"):
        daemon.tick()
        daemon.tick()
    said = [r.message for r in caplog.records if "the pages go on as they were" in r.message]
    assert len(said) == 1
    assert "chmod 600" in said[0]
    Path("t.db").chmod(0o600)
    daemon.tick()
    assert ask(port_of(opened)) == 200
    opened.close()


def test_pages_make_the_first_key_by_themselves() -> None:
    """Who serves pages before any run has links that can be signed."""
    write()
    pages = service()
    pages.open(read())
    pages.close()
    store = open_store("sqlite:///t.db")
    assert len(store.keys.all()) == 1
    store.close()


def test_replaced_keys_end_links_within_a_minute() -> None:
    """Pages that are being served let go of a key that another process retired."""
    write()
    pages = service()
    pages.open(read())
    with contextlib.closing(open_store("sqlite:///t.db")) as store:
        links = Links(pages.base, store.keys.all)
        reader = subscribe(store, "ann@example.org", (), Schedule(), 10, now())
        archive = links.url(Token(Purpose.ARCHIVE, reader.handle)).removeprefix(pages.base)
        leave = links.url(Token(Purpose.UNSUBSCRIBE, reader.handle)).removeprefix(pages.base)
        assert (ask(port_of(pages), archive), ask(port_of(pages), leave)) == (200, 200)
        store.keys.replace(now())
    pages.renew(read())
    assert (ask(port_of(pages), archive), ask(port_of(pages), leave)) == (404, 200)
    pages.close()


def test_errors_of_the_database_show_no_values(tmp_path: Path) -> None:
    """Their text gets into the log: it has statements, without the addresses and keys in them."""
    store = open_store(f"sqlite:///{tmp_path / 't.db'}")
    secret = {"secret": "canary", "made": "no time"}
    with pytest.raises(SQLAlchemyError) as caught, store.engine.begin() as connection:
        connection.execute(text("INSERT INTO nowhere (a, b) VALUES (:secret, :made)"), secret)
    store.close()
    assert "nowhere" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_server_that_restarts_is_not_noticed(postgresql: str) -> None:
    """A connection that died while nobody used it is made anew before a page needs it."""
    address = make_database(postgresql, f"restarts_{os.getpid()}")
    store = open_store(address)
    name = address.rpartition("/")[2]
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    before = store.keys.all()
    with psycopg.connect(postgresql, autocommit=True) as other:
        assert len(other.execute(kill, (name,)).fetchall()) == 1
    time.sleep(TRUSTED + 0.2)
    assert store.keys.all() == before
    with psycopg.connect(postgresql, autocommit=True) as other:
        other.execute(kill, (name,))
    with pytest.raises(StoreError):  # in the middle of work it is said, and the next one is new
        store.keys.all()
    assert store.keys.all() == before
    store.close()


def test_a_new_database_and_its_journal_are_its_owners_alone() -> None:
    """Whatever the umask: they hold addresses, letters and the keys of links."""
    store = open_store("sqlite:///t.db")
    store.keys.renew(now())
    store.close()
    assert Path("t.db").stat().st_mode & 0o777 == 0o600
    assert Path("t.db-journal").stat().st_mode & 0o777 == 0o600


def test_a_new_outbox_is_its_owners_alone(digest: Digest) -> None:
    """Letters hold links that act for a reader."""
    assert digest("demo", "--outbox", "letters").code == 0
    assert Path("letters").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("command", ["web", "daemon"])
def test_pages_are_refused_over_an_open_configuration(command: str, digest: Digest) -> None:
    """Section 4, no. 29: others could read the password; exit code 2 and what to do."""
    write(f"DIGEST_WEB={free_port()}", "DIGEST_ZOTERO_KEY=secret")
    Path("config.env").chmod(0o640)
    done = digest(command)
    assert done.code == 2
    assert "no pages are served" in done.err
    assert "chmod 600 config.env" in done.err


@pytest.mark.parametrize("command", ["web", "daemon"])
def test_pages_are_refused_over_an_open_database(command: str, digest: Digest) -> None:
    """Section 4, no. 29: the keys of links could be read; exit code 78 and what to do."""
    write(f"DIGEST_WEB={free_port()}")
    open_store("sqlite:///t.db").close()
    Path("t.db").chmod(0o604)
    done = digest(command)
    assert done.code == 78
    assert "no pages are served" in done.err
    assert "chmod 600 t.db" in done.err


def test_an_open_database_is_warned_of_and_found_by_the_doctor(digest: Digest) -> None:
    """A run says it and goes on; the doctor names what mends it; mended, neither says a word."""
    write()
    open_store("sqlite:///t.db").close()
    Path("t.db").chmod(0o644)
    done = digest("status")
    assert done.code == 0
    assert "chmod 600 t.db" in done.err
    assert "chmod 600 t.db" in Path("digest.log").read_text()
    assert "chmod 600 t.db" in digest("doctor", "--no-network").out
    Path("t.db").chmod(0o600)
    assert "chmod" not in digest("status").err
    assert "chmod" not in digest("doctor", "--no-network").out


def test_the_address_of_a_database_with_a_password_is_a_secret_too() -> None:
    """A configuration open to others is told of it; without a password it is not."""
    path = Path("config.env")
    path.write_text("DIGEST_DATABASE=postgresql://digest:hidden@db.example/papers\n")
    path.chmod(0o644)
    assert read().exposed == path
    assert "hidden" not in read().warnings[0]
    path.write_text("DIGEST_DATABASE=postgresql://digest@db.example/papers\n")
    assert read().exposed is None


def test_keys_are_listed_and_replaced(digest: Digest) -> None:
    """After a leak every link but those for leaving is dead; a key itself is never shown."""
    write()
    store = open_store("sqlite:///t.db")
    store.keys.renew(now())
    (old,) = store.keys.all()
    listed = digest("keys")
    assert "key 1: made" in listed.out
    replaced = digest("keys", "--replace")
    retired, new = store.keys.all()
    store.close()
    assert retired.retired is not None
    assert retired.secret == old.secret
    assert new.retired is None
    assert "retired" in replaced.out
    for key in (old, new):
        assert key.secret not in listed.out + replaced.out


@contextmanager
def overheard() -> Iterator[io.StringIO]:
    """Everything that is logged, as the program logs it, but without a least level."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root, receiver = logging.getLogger(), logging.getLogger("mail.log")
    before = root.level
    open_log(read())
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    receiver.propagate = False  # what the other side's mail server writes is not ours
    try:
        yield heard
    finally:
        receiver.propagate = True
        root.setLevel(before)
        for added in [h for h in root.handlers if h is handler or type(h) is RotatingFileHandler]:
            root.removeHandler(added)
            added.close()


def test_fault_58_no_secret_is_ever_written(
    replay: Replay,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Daemon and pages with all that can be logged: no password, no key, no link is in any of it."""
    replay.answer("/daily", (DATA / "huggingface_2026-03-17.json").read_bytes())
    replay.answer("/users/12345/items", b"[]")
    port, authority = free_port(), trustme.CA()
    wrong, zotero = "canary-of-the-password", "canaryOfZotero"
    with smtp_server(authority) as sink:
        settings = (
            f"DIGEST_WEB={port}",
            f"DIGEST_BASE_URL=http://127.0.0.1:{port}",
            "DIGEST_ADDRESS=ann@example.org",
            "DIGEST_HOUR=0",
            f"DIGEST_ZOTERO_API={replay.address}",
            "DIGEST_ZOTERO=users/12345",
            f"DIGEST_ZOTERO_KEY={zotero}",
            "DIGEST_SMTP_HOST=127.0.0.1",
            f"DIGEST_SMTP_PORT={sink.port}",
            f"DIGEST_SMTP_USER={USER}",
            f"DIGEST_SMTP_CA_FILE={authority_file(authority, tmp_path)}",
        )
        write(*settings, f"DIGEST_SMTP_PASSWORD={wrong}")
        pages = service()
        daemon = Daemon(read, house_of, now, threading.Event(), pages=pages)
        with overheard() as heard, contextlib.closing(pages):
            pages.open(read())
            daemon.tick()
            assert sink.logins
            assert not sink.mails
            write(*settings, f"DIGEST_SMTP_PASSWORD={PASSWORD}")
            with contextlib.closing(open_store("sqlite:///t.db")) as store:
                store.channels.try_now("smtp", now())
                store.deliveries.try_now("smtp", now())
                secrets = [PASSWORD, wrong, zotero, *(key.secret for key in store.keys.all())]
            daemon.tick()
            letter = next(mail for mail in sink.mails if mail["List-Id"])
            part = letter.get_body(("html",))
            assert part is not None
            links = set(re.findall(rf"http://127.0.0.1:{port}(/[a-z]/[\w.-]+)", part.get_content()))
            assert len(links) > 6
            shown = [page(port, link) for link in links]
            shown += [page(port, link, b"List-Unsubscribe=One-Click") for link in links]
            assert any(status == 200 for status, _ in shown)
            monkeypatch.setattr("digest.web.pages.votes.follow", broken)
            monkeypatch.setattr("digest.web.pages.why.follow", broken)
            shown += [page(port, link) for link in links]
            assert any(status == 500 for status, _ in shown)
    said = capfd.readouterr()
    written = heard.getvalue() + Path("digest.log").read_text() + said.out + said.err
    assert "ZeroDivisionError" in written
    assert "refused the login" in written
    for secret in (*secrets, *(link[3:] for link in links)):
        assert secret not in written
    for secret in secrets:
        assert all(secret not in body for _, body in shown)


def broken(*_: object) -> None:
    """A mistake in this program."""
    raise ZeroDivisionError("on purpose")


def page(port: int, path: str, form: bytes | None = None) -> tuple[int, str]:
    """Status and text of a page, read or sent to."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
    with contextlib.closing(line):
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        line.request("POST" if form else "GET", path, form, kind)
        answer = line.getresponse()
        return answer.status, answer.read().decode()


def test_the_place_of_web_has_a_default(digest: Digest) -> None:
    """Without a setting: a port of this machine alone, never of the network."""
    assert DEFAULT_WEB[0] == "127.0.0.1"
    with pytest.raises(ConfigError):
        write("DIGEST_WEB=nowhere")
        read()
