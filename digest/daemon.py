"""The daemon: a clock that ticks each minute; the store is asked who is due.

Downtime, daylight saving and restarts need no code here: whoever is due and has no edition for
the local date gets one at the next tick. A clock that shows less than an earlier run saw halts it.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from filelock import FileLock, Timeout

from digest.alerts import tell_of_store
from digest.config import Settings
from digest.edit import Weighed
from digest.errors import (
    ClockError,
    ConfigError,
    DigestError,
    StoreAwayError,
    StoreBusyError,
    StoreError,
    UsageError,
)
from digest.localtime import local_date
from digest.progress import Quiet
from digest.run import Order, RunReport
from digest.store import file_of
from digest.watch import watched_run
from digest.wiring import House, data_folder, database_of, notice_folder, read_again

log = logging.getLogger(__name__)

TICK_SECONDS = 60


class Pages(Protocol):
    """What the daemon needs of pages that are served beside its work."""

    def open(self, settings: Settings) -> None:
        """Begin to serve, where the settings want that."""

    def renew(self, settings: Settings) -> None:
        """Serve by these settings from now on."""

    def close(self) -> None:
        """Serve nobody any more."""


@dataclass(slots=True)
class Daemon:
    """Ticks until it is told to stop.

    Args:
        read_settings: reads the configuration again; called each tick.
        build: puts a house together from settings.
        clock: the time (aware, UTC).
        stopping: set when the daemon is to end.
        tick_seconds: the time between two ticks.
        pages: pages that live as long as the daemon.
    """

    read_settings: Callable[[], Settings]
    build: Callable[[Settings], House]
    clock: Callable[[], datetime]
    stopping: threading.Event
    tick_seconds: float = TICK_SECONDS
    pages: Pages | None = None
    _settings: Settings | None = None
    _weighed: Weighed = field(default_factory=Weighed)
    _said: dict[str, str] = field(default_factory=dict)
    _fatal: list[StoreError] = field(default_factory=list)
    _mail_broken: bool = False

    @property
    def exit_code(self) -> int:
        """1 where mail was out of order in the end, and needs a person; else 0."""
        return int(self._mail_broken)

    def serve(self, first: Settings) -> None:
        """Run until stopped; a tick that is under way finishes the mail at hand.

        Raises:
            UsageError: when another daemon serves this database.
            ConfigError: when pages cannot be served.
            StoreError: when the database has become unusable.
        """
        if file_of(database_of(first)) is None and database_of(first).startswith("sqlite"):
            raise ConfigError("a daemon needs a database that lasts: name a file")
        self._settings = first
        with one_at_a_time(database_of(first)), self._pages_open(first):
            scheduler = BackgroundScheduler(timezone="UTC")
            scheduler.add_job(
                self._tick_safely,
                IntervalTrigger(seconds=self.tick_seconds, timezone="UTC"),
                next_run_time=self.clock(),
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
            scheduler.start()
            log.info("daemon started: %s", database_of(first).rpartition("@")[2])
            self.stopping.wait()
            self._close_pages()
            scheduler.shutdown(wait=True)
            log.info("daemon ended")
        if self._fatal:
            raise self._fatal[0]

    def tick(self) -> RunReport:
        """One look at the clock: read the settings again, serve who is due.

        Settings that cannot be read, or with which a run cannot begin, leave those of before in
        force.
        """
        before = self._settings
        try:
            settings = read_again(self.read_settings, self._settings)
            report = self._serve(settings)
        except (ConfigError, UsageError) as error:
            if before is None:
                raise
            self._say("settings", f"{error}; the settings of before stay in force")
            return self._serve(before)
        self._say("settings", "")
        if settings != before:
            log.info("the configuration was read anew")
            for warning in settings.warnings:
                log.warning("%s", warning)
            self._settings = settings
        self._renew_pages(settings)
        return report

    @contextmanager
    def _pages_open(self, settings: Settings) -> Iterator[None]:
        if self.pages is not None:
            self.pages.open(settings)
        try:
            yield
        finally:
            self._close_pages()

    def _renew_pages(self, settings: Settings) -> None:
        if self.pages is None:
            return
        try:
            self.pages.renew(settings)
        except DigestError as error:
            self._say("pages", f"{error}; the pages go on as they were")
        else:
            self._say("pages", "")

    def _close_pages(self) -> None:
        if self.pages is not None:
            self.pages.close()

    def _serve(self, settings: Settings) -> RunReport:
        house = replace(self.build(settings), weighed=self._weighed)
        try:
            report = watched_run(
                house, Order(), clock=self.clock, progress=Quiet(), stopping=self.stopping.is_set
            )
        finally:
            house.close()
        self._say("channel", report.posted.problem or "")
        self._say("templates", house.office.press.fault)
        self._mail_broken = report.told.mail_broken
        if report.edited.made or report.posted.sent:
            log.info(
                "tick: %d editions, %d sent, %d later, %d refused, %d uncertain",
                report.edited.made,
                report.posted.sent,
                report.posted.later,
                report.posted.failed,
                report.posted.uncertain,
            )
        return report

    def _tick_safely(self) -> None:
        try:
            self.tick()
        except (StoreAwayError, StoreBusyError) as error:
            self._say("tick", str(error))
        except StoreError as error:
            log.error("the daemon stops: %s", error)
            self._write_down(error)
            self._fatal.append(error)
            self.stopping.set()
        except ClockError as error:
            if not self._said.get("clock"):  # its text has the time in it, and changes each minute
                self._say("clock", str(error))
        except DigestError as error:
            self._say("tick", str(error))
        except Exception:
            log.exception("tick")
        else:
            self._say("tick", "")
            self._say("clock", "")

    def _write_down(self, error: StoreError) -> None:
        """Tell the owner in a file what cannot be stored any more."""
        if self._settings is not None:
            day = local_date(self._settings.zone, self.clock())
            tell_of_store(notice_folder(self._settings), day, error)

    def _say(self, topic: str, text: str) -> None:
        """Warn of a thing once, until it changes; an empty text ends it."""
        if text == self._said.get(topic, ""):
            return
        if text:
            log.warning("%s", text)
        else:
            log.info("%s: in order again", topic)
        self._said[topic] = text


@contextmanager
def one_at_a_time(database: str) -> Iterator[None]:
    """Hold the lock of a database's daemon; beside a SQLite file, else in the data folder.

    Raises:
        UsageError: when another daemon holds it.
    """
    lock = FileLock(lock_place(database))
    try:
        lock.acquire(timeout=1, poll_interval=0.05)  # 'digest status' holds it for a moment
    except Timeout as error:
        raise UsageError(
            "another digest daemon serves this database already: end it first, or name another "
            "with --database"
        ) from error
    except OSError as error:
        raise StoreError(
            f"{lock.lock_file} cannot be locked: {error.strerror}; the daemon writes beside its "
            "database: mend the folder's permissions"
        ) from error
    try:
        yield
    finally:
        lock.release()


def is_served(database: str) -> bool:
    """Whether a daemon on this machine serves a database at the moment."""
    if database == "sqlite://" or not lock_place(database).exists():
        return False
    lock = FileLock(lock_place(database))
    try:
        lock.acquire(timeout=0.1, poll_interval=0.02)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def lock_place(database: str) -> Path:
    """The lock file of a database's daemon."""
    path = file_of(database)
    if path is not None:
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.with_name(path.name + ".daemon.lock")
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"daemon-{hashlib.sha256(database.encode()).hexdigest()[:16]}.lock"
