"""What the commands share: options, settings, the log, the way to be stopped, progress."""

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from digest.config import Settings, database_url, load
from digest.errors import UsageError
from digest.grammar.address import NOBODY
from digest.grammar.interests import parse_interest
from digest.localtime import local_date
from digest.model import Interest, Reader
from digest.progress import Advance, Quiet
from digest.progress import Progress as ProgressProtocol
from digest.readers import find_configured, get, keep_configured
from digest.store import Store, file_of, open_to_others
from digest.wiring import database_of, log_file

Command = TypeVar("Command", bound=Callable[..., Any])
_SHOW_AFTER = 1.0  # seconds
# Libraries that say much, or say what is secret: addresses of pages, rows of the database.
_NOISY = (
    *("alembic", "apscheduler", "sqlalchemy", "urllib3", "waitress.queue", "werkzeug"),
    "yagmail",
)


TODAY = "today"
EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)


class Day(click.ParamType[date | str]):
    """A date as YYYY-MM-DD, or `today`, which is a date once the zone is known."""

    name = "date"

    def convert(
        self, value: str | date, param: click.Parameter | None, ctx: click.Context | None
    ) -> date | str:
        """To a date, or `today`."""
        if isinstance(value, date) or value == TODAY:
            return value
        with contextlib.suppress(ValueError):
            day = date.fromisoformat(value)
            if EARLIEST <= day <= LATEST:
                return day
        return self.fail(f"{value!r} is no date: write 2026-03-17 or today", param, ctx)


def settings_options(command: Command) -> Command:
    """`--config` and `--database`."""
    command = click.option(
        "--database",
        metavar="URL",
        help="Database address or SQLite file (default: in your data folder).",
    )(command)
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Configuration (default: DIGEST_CONFIG, else config.env here).",
    )(command)


files_argument = click.argument(
    "files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE…]"
)
keywords_option = click.option(
    "--keywords", metavar="TEXT", help="Interests of an unsaved reader, as in the configuration."
)
date_option = click.option(
    "--date", "day", type=Day(), metavar="DATE", help="Edition of this date: 2026-03-17 or today."
)
limit_option = click.option(
    "--limit", type=click.IntRange(1, 100), metavar="N", help="At most so many papers."
)


def again(config: Path | None, database: str | None) -> Settings:
    """Settings as they are now, with the command line's database."""
    settings = load(config, os.environ)
    return replace(settings, database=database_url(database)) if database else settings


def read_settings(config: Path | None, database: str | None) -> Settings:
    """Settings with the command line's wishes, and the log opened; warnings go to stderr."""
    settings = load(config, os.environ)
    if database:
        settings = replace(settings, database=_database(database))
    open_log(settings)
    for warning in settings.warnings:
        click.echo(f"digest: {warning}", err=True)
    for file in open_to_others(file_of(database_of(settings))):
        said = f"others on this machine can read addresses and keys in {file}: chmod 600 {file}"
        logging.getLogger("digest").warning("%s", said)
        click.echo(f"digest: {said}", err=True)
    return settings


def _database(text: str) -> str:
    try:
        return database_url(text)
    except RuntimeError as error:  # ~nobody
        raise UsageError(f"--database {text}: {error}") from error


def open_log(settings: Settings | None) -> None:
    """Write the log to its file; without one where the folder cannot be written to."""
    root = logging.getLogger()
    if any(isinstance(handler, RotatingFileHandler) for handler in root.handlers):
        return
    place = log_file(settings)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch(mode=0o600)  # it names addresses
        handler = RotatingFileHandler(place, maxBytes=2_000_000, backupCount=3, encoding="utf-8")
    except OSError as error:
        click.echo(f"digest: no log is kept: {place}: {error.strerror}", err=True)
        return
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.ERROR)


class OneLine(logging.Formatter):
    """A log record whose message cannot forge another record: control characters are escaped."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """The record's line; a traceback still follows on lines of its own."""
        line = super().formatMessage(record)
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def interest_of(keywords: str | None) -> Interest | None:
    """The interest that `--keywords` writes down."""
    if keywords is None:
        return None
    interest = parse_interest("keywords", keywords)
    if not (interest.wants or interest.excluded):
        raise UsageError("--keywords is empty: leave it out for the trending edition")
    return interest


def interests_after(
    before: tuple[Interest, ...], named: Sequence[str], keywords: str | None = None
) -> tuple[Interest, ...]:
    """The interests after wishes, each of which changes one of them; an empty text ends it.

    Args:
        before: the interests that there are.
        named: what `--interest` was given, each NAME=TEXT.
        keywords: the interest without a name.

    Raises:
        UsageError: naming the one that cannot be read.
    """
    found = {interest.name: interest for interest in before}
    asked = [("keywords", keywords)] if keywords is not None else []
    for written in named:
        name, equals, text = written.partition("=")
        name = " ".join(name.lower().split())
        if not (name and equals):
            raise UsageError(f"cannot read --interest {written!r}: write NAME=TEXT")
        if name in dict(asked):
            raise UsageError(f"two interests are called {name!r}: give each its own name")
        asked.append((name, text))
    for name, text in asked:
        found.pop(name, None)
        if text.strip():
            found[name] = parse_interest(name, text)
    return tuple(found.values())


def day_asked(day: date | str | None, zone: str) -> date | None:
    """The date that `--date` names; `today` is today in a zone."""
    return local_date(zone, utc_now()) if isinstance(day, str) else day


def reader_asked(store: Store, settings: Settings, name: str | None) -> Reader:
    """The reader that `--reader` names, else the person of the configuration."""
    keep_configured(store, settings, utc_now())
    reader = get(store, name) if name else None
    if reader is None and settings.names_a_reader:
        reader = find_configured(store) or get(store, settings.address or NOBODY)
    if reader is None:
        raise UsageError("for which reader? say --reader ADDRESS, or set DIGEST_ADDRESS")
    return reader


def utc_now() -> datetime:
    """The clock of the command line."""
    return datetime.now(UTC)


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and the first Ctrl-C set: finish what is at hand, then end."""
    stopping = threading.Event()

    def stop(number: int, _frame: object) -> None:
        if stopping.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class TerminalProgress:
    """A bar on stderr for work that lasts longer than a second; one at a time."""

    console: Console

    @contextmanager
    def track(self, label: str, total: int | None) -> Iterator[Advance]:
        """Show a bar, or a moving mark where the length is unknown."""
        bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f}"),
            console=self.console,
            transient=True,
        )
        task: TaskID = bars.add_task(label, total=total)
        timer = threading.Timer(_SHOW_AFTER, _quietly(bars.start))
        timer.daemon = True
        timer.start()
        try:
            yield lambda done: bars.advance(task, done)
        finally:
            timer.cancel()
            timer.join()
            bars.stop()


def _quietly(start: Callable[[], None]) -> Callable[[], None]:
    """Only one bar can be live at a time; a second one stays unseen."""

    def attempt() -> None:
        try:
            start()
        except Exception:
            logging.getLogger(__name__).debug("no bar", exc_info=True)

    return attempt


def progress_for_terminal() -> ProgressProtocol:
    """Bars where a person looks on, else nothing."""
    if not sys.stderr.isatty():
        return Quiet()
    return TerminalProgress(Console(stderr=True))
