"""Settings in, objects out: the one place of assembly."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from digest.config import Settings
from digest.delivery import Channel
from digest.delivery.outbox import Outbox
from digest.grammar.address import NOBODY
from digest.letters import LetterOffice, Sender
from digest.letters.render import shipped_press
from digest.model import Paper
from digest.ranking import Ranker
from digest.sources import Source
from digest.sources.arxiv_ids import ArxivIds
from digest.sources.file import Files, find_files
from digest.sources.http import PoliteSession
from digest.sources.services import open_service
from digest.store import Store, open_store

APP = "digest"


@dataclass(frozen=True, slots=True)
class House:
    """Everything that a run needs, put together."""

    settings: Settings
    store: Store
    session: PoliteSession
    sources: tuple[Source, ...]
    liked_papers: ArxivIds | None
    office: LetterOffice
    channel: Channel
    make_ranker: Callable[[Sequence[Paper], Sequence[Paper]], Ranker]

    def close(self) -> None:
        """Give the database and the connections back."""
        self.session.close()
        self.store.close()


def data_folder() -> Path:
    """Where a user's database and outbox lie unless the settings say otherwise."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False))


def database_of(settings: Settings) -> str:
    """The database address that applies."""
    return settings.database or f"sqlite:///{data_folder() / 'digest.db'}"


def log_file(settings: Settings | None) -> Path:
    """Where the log is written."""
    if settings and settings.log:
        return settings.log
    return Path(platformdirs.user_log_dir(APP, appauthor=False)) / "digest.log"


def build(
    settings: Settings,
    *,
    files: Sequence[Path] = (),
    outbox: Path | None = None,
    stopping: threading.Event | None = None,
) -> House:
    """Put a house together.

    Args:
        settings: what was read from the configuration.
        files: files and folders to read instead of the services.
        outbox: a folder to write mails to instead of sending them.
        stopping: ends waits early.

    Raises:
        ConfigError, UsageError, StoreError: with what to do.
    """
    asked = find_files(tuple(files)) if files else ()
    channel = _channel(settings, outbox)
    sender = _sender(settings)
    session = _session(settings, stopping)
    services = tuple(open_service(name, session, settings) for name in settings.sources)
    return House(
        settings=settings,
        store=open_store(database_of(settings)),
        session=session,
        sources=(Files(asked),) if asked else services,
        liked_papers=None if asked else ArxivIds(session, settings.arxiv_api),
        office=LetterOffice(shipped_press(), sender),
        channel=channel,
        make_ranker=_ranker,
    )


def _channel(settings: Settings, outbox: Path | None) -> Channel:
    if outbox is not None or not settings.smtp_host:
        return Outbox(outbox or settings.outbox or data_folder() / "outbox")
    from digest.delivery.smtp import Smtp, SmtpSettings  # noqa: PLC0415 - slow, where it is needed

    return Smtp(
        SmtpSettings(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            user=settings.smtp_user or "",
            password=settings.smtp_password or "",
            ca_file=settings.smtp_ca_file,
        )
    )


def _sender(settings: Settings) -> Sender:
    user = settings.smtp_user if settings.smtp_user and "@" in settings.smtp_user else None
    owner = settings.owner or settings.address
    return Sender(settings.sender or user or owner or NOBODY, owner or settings.sender or user)


def _session(settings: Settings, stopping: threading.Event | None) -> PoliteSession:
    contact = settings.owner or settings.address
    if stopping is None:
        return PoliteSession(contact)
    return PoliteSession(contact, sleep=wait_until_stopped(stopping), stopping=stopping.is_set)


def wait_until_stopped(stopping: threading.Event) -> Callable[[float], object]:
    """Waiting that ends early when the program is to end."""
    return stopping.wait


def _ranker(background: Sequence[Paper], candidates: Sequence[Paper]) -> Ranker:
    from digest.ranking.tfidf import TfidfRanker  # noqa: PLC0415 - scikit-learn takes a second

    return TfidfRanker(background, candidates)
