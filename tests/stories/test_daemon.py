"""`digest daemon`: real processes, real signals."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from digest.config import Settings, load
from digest.daemon import Daemon, one_at_a_time
from digest.errors import (
    ConfigError,
    StoreAwayError,
    StoreBusyError,
    StoreError,
    UsageError,
)
from digest.wiring import House, build
from tests.conftest import DATA, Digest, Replay
from tests.effort import SOON


def wait_for(what: Callable[[], object]) -> None:
    """Until something holds, at most half a minute."""
    end = time.monotonic() + SOON
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def log() -> str:
    """The daemon's log so far."""
    path = Path("digest.log")
    return path.read_text() if path.exists() else ""


def _started(times: int) -> bool:
    return log().count("daemon started") == times


@contextmanager
def daemon(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A daemon process; ended at the latest with the test."""
    with subprocess.Popen(
        [sys.executable, "-m", "digest", "daemon", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def configure(replay: Replay, *more: str) -> None:
    """A configuration for a daemon that has work at once."""
    replay.answer("/daily", (DATA / "huggingface_2026-03-17.json").read_bytes())
    lines = (
        "DIGEST_ADDRESS=ann@example.org",
        "DIGEST_HOUR=0",
        "DIGEST_SOURCES=huggingface",
        f"DIGEST_HUGGINGFACE={replay.address}/daily",
        "DIGEST_DATABASE=sqlite:///t.db",
        "DIGEST_OUTBOX=out",
        "DIGEST_LOG=digest.log",
    )
    Path("config.env").write_text("\n".join((*lines, *more)) + "\n")


def test_it_serves_who_is_due_and_ends_cleanly(replay: Replay, digest: Digest) -> None:
    """The edition comes with the first tick; SIGTERM ends it with 0; nothing comes twice."""
    configure(replay)
    for times in (1, 2):
        with daemon() as process:
            wait_for(lambda: list(Path("out").glob("*.eml")))
            wait_for(partial(_started, times))
            process.send_signal(signal.SIGTERM)
            assert process.wait(SOON) == 0
    assert len(list(Path("out").glob("*.eml"))) == 1
    assert log().count("daemon ended") == 2
    assert "has an edition" in digest("run").out


def test_one_daemon_at_a_time(replay: Replay) -> None:
    """The second says so and ends with 2; after the first has ended another may start."""
    configure(replay)
    with daemon() as first:
        wait_for(lambda: "daemon started" in log())
        with daemon() as second:
            output, _ = second.communicate(timeout=SOON)
        assert second.returncode == 2
        assert "another digest daemon serves this database already" in output
        first.send_signal(signal.SIGTERM)
        assert first.wait(SOON) == 0
    with one_at_a_time("sqlite:///t.db"):
        pass


def test_sigterm_in_mid_work_loses_nothing(replay: Replay, digest: Digest) -> None:
    """Ended between mails: what was made waits in the store, and goes out once."""
    configure(replay)
    for number in range(60):
        digest("readers", "add", f"r{number}@example.org", "--keywords", "graph", "--hour", 0)
    with daemon() as process:
        wait_for(lambda: len(list(Path("out").glob("*.eml"))) > 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0
    assert 3 < len(list(Path("out").glob("*.eml"))) < 61
    digest("run")
    assert len(list(Path("out").glob("*.eml"))) == 61
    assert not list(Path("out").glob(".*"))


def make(read: Callable[[], Settings], stopping: threading.Event | None = None) -> Daemon:
    """A daemon to tick by hand."""
    return Daemon(read, _house, lambda: datetime.now(UTC), stopping or threading.Event())


def _house(settings: Settings) -> House:
    return build(settings, stopping=threading.Event())


def test_an_edited_configuration_is_read_at_the_next_tick(
    replay: Replay, caplog: pytest.LogCaptureFixture
) -> None:
    """A bad edit keeps the old settings and warns once; a good one takes effect."""
    configure(replay, "DIGEST_LIMIT=2")
    served = make(lambda: load(None, {}))
    served.tick()
    (letter,) = Path("out").glob("*.html")
    assert letter.read_text(encoding="utf-8").count("</h3>") == 2

    configure(replay, "DIGEST_LIMTI=3")
    with caplog.at_level("WARNING"):
        served.tick()
        served.tick()
    warnings = [r.message for r in caplog.records if "DIGEST_LIMTI" in r.message]
    assert len(warnings) == 1
    assert "did you mean DIGEST_LIMIT" in warnings[0]
    assert "stay in force" in warnings[0]

    configure(replay, "DIGEST_ADDRESS_=x")
    Path("config.env").write_text(
        Path("config.env").read_text().replace("DIGEST_ADDRESS_=x\n", "").replace("ann@", "bob@")
    )
    served.tick()
    house = _house(load(None, {}))
    configured = house.store.readers.find("config")
    house.close()
    assert configured is not None
    assert configured.address == "bob@example.org"


def test_settings_that_cannot_work_leave_the_old_ones_in_force(
    replay: Replay, digest: Digest, caplog: pytest.LogCaptureFixture
) -> None:
    """Readable, but impossible with what is stored; or a file that is gone for a moment."""
    configure(replay)
    served = make(lambda: load(None, {}))
    served.tick()
    digest("readers", "add", "bob@example.org", "--hour", 0, "--database", "t.db")
    good = Path("config.env").read_text()
    for bad in (good.replace("ann@", "bob@"), ""):
        Path("config.env").write_text(bad)
        caplog.clear()
        with caplog.at_level("WARNING"):
            report = served.tick()
            served.tick()
        assert len([r for r in caplog.records if "stay in force" in r.message]) == 1
        if "bob@" in bad:
            assert report.edited.made == 1  # bob is served all the same
    Path("config.env").unlink()
    with caplog.at_level("WARNING"):
        served.tick()
    assert "gone or empty" in caplog.text


def test_a_daemon_needs_a_database_that_lasts(digest: Digest) -> None:
    """In memory every tick would begin anew, and mail everyone again."""
    done = digest("daemon", "--database", "sqlite://")
    assert done.code == 2
    assert "a database that lasts" in done.err


def test_a_database_cannot_be_changed_under_a_running_daemon(
    replay: Replay, caplog: pytest.LogCaptureFixture
) -> None:
    """It says that a restart is needed, and goes on with the old one."""
    configure(replay)
    served = make(lambda: load(None, {}))
    served.tick()
    Path("config.env").write_text(Path("config.env").read_text().replace("t.db", "u.db"))
    with caplog.at_level("WARNING"):
        served.tick()
    assert "restart the daemon" in caplog.text
    assert not Path("u.db").exists()


def test_without_any_valid_settings_a_tick_says_so(replay: Replay) -> None:
    """There is nothing to fall back to."""
    configure(replay, "DIGEST_LIMTI=3")
    with pytest.raises(ConfigError):
        make(lambda: load(None, {})).tick()


def test_a_database_that_breaks_ends_the_daemon_loudly(replay: Replay) -> None:
    """With the store's exit code, for the service manager to see."""
    configure(replay)
    Path("t.db").write_bytes(b"no database" * 100)
    with daemon() as process:
        output, _ = process.communicate(timeout=SOON)
    assert process.returncode == 78
    assert "restore a backup" in output


@pytest.mark.parametrize("passing", [StoreAwayError, StoreBusyError])
def test_a_database_that_is_away_for_a_while_is_asked_again(
    replay: Replay, passing: type[StoreError]
) -> None:
    """The daemon says so and goes on; the next ticks serve who is due."""
    configure(replay)
    troubles = [passing("the database is not there"), passing("the database is not there")]
    stopping = threading.Event()

    def house(settings: Settings) -> House:
        if troubles:
            raise troubles.pop()
        return _house(settings)

    served = Daemon(partial(load, None, {}), house, lambda: datetime.now(UTC), stopping, 0.1)
    thread = threading.Thread(target=served.serve, args=(load(None, {}),))
    thread.start()
    wait_for(lambda: list(Path("out").glob("*.eml")))
    stopping.set()
    thread.join(SOON)
    assert not troubles
    assert not thread.is_alive()


def test_the_lock_is_the_databases(tmp_path: Path) -> None:
    """Two databases, two daemons."""
    with one_at_a_time(f"sqlite:///{tmp_path}/a.db"), one_at_a_time(f"sqlite:///{tmp_path}/b.db"):
        with (
            pytest.raises(UsageError, match="already"),
            one_at_a_time(f"sqlite:///{tmp_path}/a.db"),
        ):
            pass
        with one_at_a_time("postgresql://u@h/one"), one_at_a_time("postgresql://u@h/two"):
            pass
