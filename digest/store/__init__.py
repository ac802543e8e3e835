"""The store: one file a noun, and the only room that knows SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, make_url, select
from sqlalchemy.exc import ArgumentError

from digest.store.archive import Archive
from digest.store.bounces import Bounces
from digest.store.channels import Channels
from digest.store.clock import Clock
from digest.store.counts import Counts
from digest.store.coverage import CoverageBook
from digest.store.deliveries import Deliveries
from digest.store.disks import open_to_others
from digest.store.editions import Editions
from digest.store.engine import close_engine, open_engine, reading
from digest.store.export import Export
from digest.store.health import Health
from digest.store.hosts import Hosts
from digest.store.keys import Keys
from digest.store.knocks import Knocks
from digest.store.ledger import Ledger
from digest.store.libraries import Libraries
from digest.store.limits import Limits
from digest.store.lists import Lists
from digest.store.moves import Moves
from digest.store.notes import Notes
from digest.store.overview import Overview
from digest.store.papers import Papers
from digest.store.profiles import Profiles
from digest.store.readers import Readers
from digest.store.schema import house
from digest.store.signups import Signups
from digest.store.together import sharing
from digest.store.topics import Topics
from digest.store.troubles import Troubles
from digest.store.vectors import Vectors
from digest.store.visits import Visits
from digest.store.votes import Votes

__all__ = ["Store", "file_of", "open_store", "open_to_others"]


@dataclass(frozen=True, slots=True)
class Store:
    """What lies between every two steps."""

    papers: Papers
    readers: Readers
    editions: Editions
    deliveries: Deliveries
    visits: Visits
    votes: Votes
    libraries: Libraries
    profiles: Profiles
    channels: Channels
    bounces: Bounces
    troubles: Troubles
    clock: Clock
    ledger: Ledger
    overview: Overview
    health: Health
    keys: Keys
    archive: Archive
    lists: Lists
    limits: Limits
    knocks: Knocks
    signups: Signups
    moves: Moves
    export: Export
    counts: Counts
    topics: Topics
    coverage: CoverageBook
    notes: Notes
    hosts: Hosts
    vectors: Vectors
    engine: Engine

    def identity(self) -> str:
        """What tells this database from all others: 32 hex digits, made with it once."""
        with reading(self.engine) as connection:
            identity: str = connection.execute(select(house.c.identity)).scalar_one()
            return identity

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let all that is read within be one transaction; see together.py."""
        with reading(self.engine) as connection, sharing(connection):
            yield

    def close(self) -> None:
        """Give all connections back."""
        close_engine(self.engine)


def open_store(address: str, wait: float | None = None) -> Store:
    """Open a database, migrated and ready.

    Args:
        address: `sqlite:///file.db`, `sqlite://` (in memory) or `postgresql://user@host/name`.
        wait: for how many seconds a lock of another program is waited for; a minute unless said.

    Raises:
        StoreError: when it cannot be used, with what to do.
    """
    engine = open_engine(address, wait)
    return Store(
        Papers(engine),
        Readers(engine),
        Editions(engine),
        Deliveries(engine),
        Visits(engine),
        Votes(engine),
        Libraries(engine),
        Profiles(engine),
        Channels(engine),
        Bounces(engine),
        Troubles(engine),
        Clock(engine),
        Ledger(engine),
        Overview(engine),
        Health(engine),
        Keys(engine),
        Archive(engine),
        Lists(engine),
        Limits(engine),
        Knocks(engine),
        Signups(engine),
        Moves(engine),
        Export(engine),
        Counts(engine),
        Topics(engine),
        CoverageBook(engine),
        Notes(engine),
        Hosts(engine),
        Vectors(engine),
        engine,
    )


def file_of(address: str) -> Path | None:
    """The file of a SQLite database; None for a server's and for one in memory."""
    try:
        url = make_url(address)
    except ArgumentError:  # whoever opens it is told what is wrong
        return None
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).expanduser()
