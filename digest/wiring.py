"""Settings in, objects out: the one place of assembly."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import platformdirs

from digest.alerts import Alarm
from digest.catalogue import Catalogue
from digest.config import Settings
from digest.coverage import Calendars, calendars_of
from digest.delivery import Channel
from digest.delivery.outbox import Outbox
from digest.desk import Desks
from digest.edit import Editor, EditSettings, Weighed
from digest.errors import ConfigError
from digest.grammar.address import NOBODY
from digest.intake.http import PoliteSession
from digest.letters import LetterOffice, Sender
from digest.letters.proof import press_of
from digest.libraries import Library
from digest.libraries.zotero import Zotero
from digest.links import Links
from digest.post.pace import Pace
from digest.progress import Progress, Quiet
from digest.sources import Source
from digest.sources.arxiv_ids import ArxivIds
from digest.sources.file import Files, find_files
from digest.sources.services import open_service
from digest.store import Store, file_of, open_store

if TYPE_CHECKING:
    from digest.ranking.encoder import Encoder

APP = "digest"
DEFAULT_WEB = ("127.0.0.1", 8080)
_VISITORS_WAIT = 3.0  # seconds for a lock: who waits longer keeps a thread from all others


@dataclass(frozen=True, slots=True)
class House:
    """Everything that a run needs, put together."""

    settings: Settings
    store: Store
    session: PoliteSession
    sources: tuple[Source, ...]
    liked_papers: ArxivIds | None
    libraries: tuple[Library, ...]
    office: LetterOffice
    links: Links  # of the pages; letters have them only where a base URL is set
    channels: tuple[Channel, ...]  # one for each connection
    catalogue: Catalogue
    pace: Pace
    alarm: Alarm
    weighed: Weighed = field(default_factory=Weighed)

    @property
    def channel(self) -> Channel:
        """The way by which mails leave, whichever connection they take."""
        return self.channels[0]

    def close(self) -> None:
        """Give the database and the connections back."""
        self.catalogue.close()
        self.store.close()


def data_folder() -> Path:
    """Where a user's database and outbox lie unless the settings say otherwise."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False))


def database_of(settings: Settings) -> str:
    """The database address that applies."""
    return settings.database or f"sqlite:///{data_folder() / 'digest.db'}"


def read_again(read: Callable[[], Settings], before: Settings | None) -> Settings:
    """Settings read anew by a process that goes on, with the database that it has.

    Raises:
        ConfigError: also where the file of before is gone or empty, or names another database.
    """
    settings = read()
    file = before.file if before else None
    if file is not None and (settings.file is None or not file.stat().st_size):
        raise ConfigError(f"{file} is gone or empty")
    if before is not None and database_of(settings) != database_of(before):
        raise ConfigError(
            "the database was changed: restart the daemon, and 'digest web', for them to move there"
        )
    return settings


def index_folder(settings: Settings) -> Path | None:
    """Where the index of papers lies: beside a SQLite file, else in the data folder."""
    address = database_of(settings)
    file = file_of(address)
    if file is not None:
        return file.resolve().with_name(f"{file.name}.index")
    if address.startswith("sqlite"):
        return None
    return data_folder() / f"index-{hashlib.sha256(address.encode()).hexdigest()[:16]}"


def notice_folder(settings: Settings) -> Path | None:
    """Where the owner is told what no mail can tell: beside a SQLite file, else the data folder."""
    address = database_of(settings)
    file = file_of(address)
    if file is not None:
        return file.resolve().parent
    return None if address.startswith("sqlite") else data_folder()


def base_of(settings: Settings) -> str:
    """The address that readers reach the pages by."""
    if settings.base_url:
        return settings.base_url
    host, port = settings.web or DEFAULT_WEB
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def editor_of(
    house: House, limit: int | None, collected_on: date, now: datetime, progress: Progress
) -> Editor:
    """The editor of a house; `limit` caps the picks of everyone."""
    sources = tuple(source.name for source in house.sources)
    days = house.settings.days
    calendars = calendars_of(house.sources)
    services = tuple(source.name for source in house.sources if source.pace)
    desks = Desks(
        house.store,
        house.catalogue,
        days,
        collected_on,
        now,
        progress,
        sources,
        calendars,
        services,
    )
    settings = EditSettings(house.settings.threshold, limit)
    return Editor(house.store, desks, house.office, settings, progress, house.weighed)


def calendars_for(settings: Settings) -> Calendars:
    """The calendars of the sources that are asked, for whoever asks none of them."""
    session = _session(settings, None)
    return calendars_of(open_service(name, session, settings) for name in settings.sources)


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
    progress: Progress | None = None,
    wait: float | None = None,
) -> House:
    """Put a house together.

    Args:
        settings: what was read from the configuration.
        files: files and folders to read instead of the services.
        outbox: a folder to write mails to instead of sending them.
        stopping: ends waits early.
        progress: is told what takes long.
        wait: for how many seconds a lock of the database is waited for; a minute unless said.

    Raises:
        ConfigError, UsageError, StoreError: with what to do.
    """
    asked = find_files(tuple(files)) if files else ()
    encoder = _encoder(settings)
    channels = _channels(settings, outbox)
    sender = _sender(settings)
    session = _session(settings, stopping)
    services = tuple(open_service(name, session, settings) for name in settings.sources)
    store = open_store(database_of(settings), wait)
    session.book = store.hosts
    links = Links(base_of(settings), store.keys.all)
    linking = links if settings.base_url else None
    office = LetterOffice(press_of(settings.templates), sender, linking)
    return House(
        settings=settings,
        store=store,
        session=session,
        sources=(Files(asked),) if asked else services,
        liked_papers=None if asked else ArxivIds(session, settings.arxiv_api),
        libraries=_libraries(settings, session),
        office=office,
        links=links,
        channels=channels,
        catalogue=Catalogue(
            store, index_folder(settings), progress or Quiet(), settings.ranker, encoder
        ),
        pace=Pace(settings.smtp_per_minute, time.monotonic, _wait(stopping)),
        alarm=Alarm(
            store,
            office,
            settings.owner or settings.address,
            settings.zone,
            channels[0].name,
            settings.sources,
            notice_folder(settings),
        ),
    )


def build_for_pages(
    settings: Settings,
    *,
    outbox: Path | None = None,
    stopping: threading.Event | None = None,
    wait: float = _VISITORS_WAIT,
) -> House:
    """A house that pages are served from: where the database is busy, they say so soon.

    Args:
        settings: what was read from the configuration.
        outbox: a folder to write mails to instead of sending them.
        stopping: ends waits early.
        wait: for how many seconds a lock of the database is waited for.

    Raises:
        ConfigError, UsageError, StoreError: with what to do.
    """
    open_store(database_of(settings)).close()  # a migration is waited for as long as it takes
    return build(settings, outbox=outbox, stopping=stopping, wait=wait)


def _libraries(settings: Settings, session: PoliteSession) -> tuple[Library, ...]:
    """The libraries of the person of the configuration."""
    found: list[Library] = []
    if settings.bibtex:
        from digest.libraries.bibtex import BibtexFile  # noqa: PLC0415 - where it is needed

        found += [BibtexFile(path) for path in settings.bibtex]
    if settings.zotero:
        key = settings.zotero_key or ""
        found.append(Zotero(session, settings.zotero_api, settings.zotero, key))
    return tuple(found)


def _encoder(settings: Settings) -> "Encoder | None":
    """What reads texts, where the ranker needs that; looked for before anything is done."""
    from digest.ranking.kinds import encoder_of  # noqa: PLC0415 - SciPy, where it is needed

    return encoder_of(settings.ranker)


def _channels(settings: Settings, outbox: Path | None) -> tuple[Channel, ...]:
    if outbox is not None or not settings.smtp_host:
        return (Outbox(outbox or settings.outbox or data_folder() / "outbox"),)
    from digest.delivery.smtp import Smtp, SmtpSettings  # noqa: PLC0415 - slow, where it is needed

    account = SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        user=settings.smtp_user or "",
        password=settings.smtp_password or "",
        ca_file=settings.smtp_ca_file,
        per_connection=settings.smtp_per_connection,
    )
    return tuple(Smtp(account) for _ in range(settings.smtp_connections))


def _sender(settings: Settings) -> Sender:
    user = settings.smtp_user if settings.smtp_user and "@" in settings.smtp_user else None
    owner = settings.owner or settings.address
    return Sender(settings.sender or user or owner or NOBODY, owner or settings.sender or user)


def _session(settings: Settings, stopping: threading.Event | None) -> PoliteSession:
    contact = settings.owner or settings.address
    if contact and not contact.isascii():
        contact = quote(contact, safe="@")  # it goes into a header of requests
    session = PoliteSession(contact, private_hosts=frozenset(settings.private_hosts))
    if stopping is not None:
        session.sleep, session.stopping = _wait(stopping), stopping.is_set
    return session


def _wait(stopping: threading.Event | None) -> Callable[[float], object]:
    """Waiting that ends early when the program is to end."""
    return stopping.wait if stopping else time.sleep
