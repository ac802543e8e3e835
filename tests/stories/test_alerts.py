"""A person is told, end to end: by mail over a real server, or in a file and by the exit code."""

import signal
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme

from digest.cli.common import utc_now
from digest.config import load
from digest.daemon import Daemon
from digest.errors import StoreError, TemplateError
from digest.letters.render import Press
from digest.store import open_store
from digest.store.visits import Visit
from digest.wiring import build
from tests.conftest import DATA, DAY, Digest, Replay
from tests.smtp import PASSWORD, USER, Sink, authority_file, smtp_server
from tests.stories.test_daemon import daemon, log, wait_for

RUN = ("run", DATA / "papers.jsonl", "--date", DAY)


@pytest.fixture
def sink(replay: Replay, tmp_path: Path) -> Iterator[Sink]:
    """A configuration with a real mail server, a source, and an owner who is no reader."""
    authority = trustme.CA()
    replay.answer("/daily", (DATA / "huggingface_2026-03-17.json").read_bytes())
    with smtp_server(authority) as server:
        lines = (
            "DIGEST_ADDRESS=ann@example.org",
            "DIGEST_OWNER=owner@example.org",
            "DIGEST_KEYWORDS=graph",
            "DIGEST_HOUR=0",
            "DIGEST_SOURCES=huggingface",
            f"DIGEST_HUGGINGFACE={replay.address}/daily",
            "DIGEST_DATABASE=sqlite:///t.db",
            "DIGEST_LOG=digest.log",
            "DIGEST_SMTP_HOST=127.0.0.1",
            f"DIGEST_SMTP_PORT={server.port}",
            f"DIGEST_SMTP_USER={USER}",
            f"DIGEST_SMTP_PASSWORD={PASSWORD}",
            f"DIGEST_SMTP_CA_FILE={authority_file(authority, tmp_path)}",
        )
        Path("config.env").write_text("\n".join(lines) + "\n")
        Path("config.env").chmod(0o600)
        yield server


def alerts(sink: Sink) -> list[EmailMessage]:
    """The mails that the owner got."""
    return [mail for mail in sink.mails if mail["To"] == "owner@example.org"]


def said(mail: EmailMessage) -> str:
    """The text of a mail on one line."""
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def files() -> list[str]:
    """The files that tell of troubles."""
    return sorted(path.name for path in Path().glob("ALERT-*.txt"))


def mistype() -> None:
    """A wrong password in the configuration."""
    config = Path("config.env")
    config.write_text(config.read_text().replace(PASSWORD, "mistyped"))


def tick() -> Daemon:
    """A daemon that looked at the clock once."""
    served = Daemon(
        lambda: load(None, {}),
        lambda settings: build(settings, stopping=threading.Event()),
        utc_now,
        threading.Event(),
    )
    served.tick()
    return served


def test_a_day_in_order_alerts_nobody(digest: Digest, sink: Sink) -> None:
    """The reader's letter, and nothing else."""
    done = digest(*RUN, "--json")
    assert (done.code, done.json["alerted"], done.json["alert_file"]) == (0, False, None)
    assert [mail["To"] for mail in sink.mails] == ["ann@example.org"]
    assert files() == []


def test_a_refused_mail_is_told_in_the_same_run_and_once(digest: Digest, sink: Sink) -> None:
    """By mail, with its number, the server's answer, and the command; headers as they should be."""
    sink.replies["DATA"] = ["554 5.6.0 no thanks"]
    done = digest(*RUN)
    assert done.code == 1
    assert "The owner is told by mail" in done.out
    (mail,) = alerts(sink)
    assert mail["Subject"] == "Digest: 1 mail refused for good"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert "1: ann@example.org" in said(mail)
    assert "554 5.6.0 no thanks" in said(mail)
    assert "'digest deliveries --state failed' lists all" in said(mail)
    for _ in range(3):
        digest(*RUN)
    assert len(alerts(sink)) == 1
    assert files() == []
    assert digest("deliveries", 1, "--resend").code == 0
    assert digest(*RUN).code == 0
    assert "ann@example.org" in [mail["To"] for mail in sink.mails]


def test_fault_24_a_refused_login_leaves_a_file_and_an_exit_code(
    digest: Digest, sink: Sink
) -> None:
    """Mail is what broke: one file a day; when it works again letter and alert go out."""
    right = Path("config.env").read_text()
    mistype()
    done = digest(*RUN)
    assert done.code == 1
    (name,) = files()
    assert name in done.out
    text = Path(name).read_text()
    assert "refused the login" in text
    assert "'digest doctor'" in " ".join(text.split())
    assert "mistyped" not in text + done.out + done.err
    assert digest(*RUN).code == 1
    assert files() == [name]
    assert Path(name).read_text() == text
    assert sink.mails == []
    Path("config.env").write_text(right)
    assert digest(*RUN).code == 0
    assert sorted(mail["To"] for mail in sink.mails) == ["ann@example.org", "owner@example.org"]
    assert "Mail is out of order" in alerts(sink)[0]["Subject"]
    assert digest(*RUN).code == 0
    assert len(sink.mails) == 2


def test_a_daemon_that_ends_while_mail_is_broken_says_so(sink: Sink) -> None:
    """With 1 for the service manager; the file is there."""
    mistype()
    with daemon() as process:
        wait_for(files)
        wait_for(lambda: "daemon started" in log())
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 1


def test_a_source_that_is_down_for_two_days_is_told(
    digest: Digest, replay: Replay, sink: Sink
) -> None:
    """By mail, once that day, also while the others are served."""
    store = open_store("sqlite:///t.db")
    for back, complete in ((3, True), (2, False), (1, False)):
        at = utc_now() - timedelta(days=back)
        visit = Visit("huggingface", at.date(), at, complete, 0, problem="answered 503")
        store.visits.save(visit)
    store.close()
    replay.answer("/daily", b"gone", 404)
    assert tick().exit_code == 0
    (mail,) = alerts(sink)
    assert mail["Subject"].startswith("Digest: Hugging Face Daily Papers could not be read since")
    assert "answered 404" in said(mail)
    tick()
    assert len(alerts(sink)) == 1
    assert digest("status", "--json").json["days"][0]["incomplete"] == ["huggingface"]


def test_a_broken_template_is_told_and_uses_up_nobodys_day(
    digest: Digest, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its line goes to the owner; mended, the edition comes and the trouble is over."""
    good = Press.text

    def bad(*_: object) -> str:
        raise TemplateError("letter.txt.j2, line 7: no such thing")

    monkeypatch.setattr(Press, "text", bad)
    with pytest.raises(TemplateError):
        tick()
    (mail,) = alerts(sink)
    assert "A template is broken" in mail["Subject"]
    assert "letter.txt.j2, line 7" in said(mail)
    assert digest("status", "--json").json["troubles"][0]["topic"] == "template"
    monkeypatch.setattr(Press, "text", good)
    tick()
    assert [mail["To"] for mail in sink.mails] == ["owner@example.org", "ann@example.org"]
    assert digest("status", "--json").json["troubles"] == []


def test_an_error_of_ours_is_told(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the tick, not the telling."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr("digest.run.collect", broken)
    with pytest.raises(ZeroDivisionError):
        tick()
    (mail,) = alerts(sink)
    assert "nobody thought of this" in said(mail)


def test_a_clock_that_is_behind_is_written_into_a_file(digest: Digest, sink: Sink) -> None:
    """No mail leaves, so the file tells; set right by a word, the day goes on."""
    store = open_store("sqlite:///t.db")
    store.clock.advance(utc_now() + timedelta(days=1))
    store.close()
    done = digest(*RUN)
    assert done.code == 75
    (name,) = files()
    assert "--clock-is-right" in Path(name).read_text()
    assert sink.mails == []
    digest("doctor", "--no-network", "--clock-is-right")
    assert digest(*RUN).code == 0
    assert sorted(mail["To"] for mail in sink.mails) == ["ann@example.org", "owner@example.org"]


def test_a_database_that_breaks_is_written_into_a_file(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be stored cannot be queued; the daemon stops with the store's error."""

    def full(*_: object, **__: object) -> None:
        raise StoreError("the database t.db cannot be used: disk I/O error; make room")

    stopping = threading.Event()
    served = Daemon(lambda: load(None, {}), build, utc_now, stopping, 3600)
    monkeypatch.setattr("digest.run.collect", full)
    with pytest.raises(StoreError):
        served.serve(load(None, {}))
    (name,) = files()
    assert "make room" in Path(name).read_text()
    assert sink.mails == []


def test_a_dry_run_tells_nobody(digest: Digest, sink: Sink) -> None:
    """It changes nothing."""
    store = open_store("sqlite:///t.db")
    store.troubles.note("run", "something", utc_now())
    store.close()
    assert digest(*RUN, "--dry-run").code == 0
    assert (alerts(sink), files()) == ([], [])
