"""The daemon: a clock that ticks each minute; the store is asked who is due.

Downtime, daylight saving and restarts need no code here: whoever is due and has no edition for
the local date gets one at the next tick.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from filelock import FileLock, Timeout

from digest.config import Settings
from digest.errors import ConfigError, DigestError, StoreError, UsageError
from digest.progress import Quiet
from digest.run import Order, RunReport, run
from digest.store import file_of
from digest.wiring import House, data_folder, database_of

log = logging.getLogger(__name__)

TICK_SECONDS = 60


@dataclass(slots=True)
class Daemon:
    """Ticks until it is told to stop.

    Args:
        read_settings: reads the configuration again; called each tick.
        build: puts a house together from settings.
        clock: the time (aware, UTC).
        stopping: set when the daemon is to end.
        tick_seconds: the time between two ticks.
    """

    read_settings: Callable[[], Settings]
    build: Callable[[Settings], House]
    clock: Callable[[], datetime]
    stopping: threading.Event
    tick_seconds: float = TICK_SECONDS
    _settings: Settings | None = None
    _complaint: str = ""
    _fatal: list[StoreError] = field(default_factory=list)

    def serve(self, first: Settings) -> None:
        """Run until stopped; a tick that is under way finishes the mail at hand.

        Raises:
            UsageError: when another daemon serves this database.
            StoreError: when the database has become unusable.
        """
        self._settings = first
        with one_at_a_time(database_of(first)):
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
            scheduler.shutdown(wait=True)
            log.info("daemon ended")
        if self._fatal:
            raise self._fatal[0]

    def tick(self) -> RunReport | None:
        """One look at the clock: reload the settings, serve who is due."""
        settings = self._reload()
        house = self.build(settings)
        try:
            report = run(
                house, Order(), clock=self.clock, progress=Quiet(), stopping=self.stopping.is_set
            )
        finally:
            house.close()
        if report.edited.made or report.posted.sent or report.exit_code:
            log.info(
                "tick: %d editions, %d sent, %d later, %d refused, %d uncertain%s",
                report.edited.made,
                report.posted.sent,
                report.posted.later,
                report.posted.failed,
                report.posted.uncertain,
                f"; {report.posted.problem}" if report.posted.problem else "",
            )
        return report

    def _tick_safely(self) -> None:
        try:
            self.tick()
        except StoreError as error:
            log.error("the daemon stops: %s", error)
            self._fatal.append(error)
            self.stopping.set()
        except DigestError as error:
            self._complain(str(error))
        except Exception:
            log.exception("tick")

    def _reload(self) -> Settings:
        """The settings of now; after a bad edit those of before, with one warning."""
        try:
            settings = self.read_settings()
        except ConfigError as error:
            self._complain(f"{error}; the settings of before stay in force")
            if self._settings is None:
                raise
            return self._settings
        if self._settings is not None and database_of(settings) != database_of(self._settings):
            self._complain("the database was changed: restart the daemon for it to move there")
            return self._settings
        if self._complaint:
            log.info("the configuration is in order again")
            self._complaint = ""
        if settings != self._settings:
            log.info("the configuration was read anew")
            self._settings = settings
        return settings

    def _complain(self, text: str) -> None:
        """Say a thing once, until it changes."""
        if text != self._complaint:
            log.warning("%s", text)
            self._complaint = text


@contextmanager
def one_at_a_time(database: str) -> Iterator[None]:
    """Hold the lock of a database's daemon; beside a SQLite file, else in the data folder.

    Raises:
        UsageError: when another daemon holds it.
    """
    lock = FileLock(lock_place(database))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UsageError(
            "another digest daemon serves this database already: end it first, or name another "
            "with --database"
        ) from error
    except OSError as error:
        raise UsageError(f"{lock.lock_file} cannot be locked: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def lock_place(database: str) -> Path:
    """The lock file of a database's daemon."""
    path = file_of(database)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.with_name(path.name + ".daemon.lock")
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"daemon-{hashlib.sha256(database.encode()).hexdigest()[:16]}.lock"
