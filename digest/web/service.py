"""The pages of a process: opened with it, renewed with its settings, closed with it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from digest.config import Settings
from digest.errors import ConfigError, StoreError
from digest.store import file_of, open_to_others
from digest.web.app import make_app
from digest.web.server import start
from digest.web.site import Site
from digest.wiring import House, base_of, database_of

log = logging.getLogger(__name__)

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Listening:
    """What a server keeps until it is started anew: place, proxy, and the path of the pages."""

    place: Place | None = None
    proxy: str | None = None
    prefix: str = ""


@dataclass(slots=True)
class Service:
    """Serves the pages on one place, from a house that follows the settings.

    Args:
        build: puts a house together from settings.
        clock: the time (aware, UTC).
        place: where settings want the pages; None: nowhere.
    """

    build: Callable[[Settings], House]
    clock: Callable[[], datetime]
    place: Callable[[Settings], Place | None]
    address: str = ""
    _site: Site | None = None
    _stop: Callable[[], None] | None = None
    _settings: Settings | None = None
    _listening: Listening = Listening()
    _said: bool = False

    def open(self, settings: Settings) -> None:
        """Begin to serve, where the settings want that.

        Raises:
            ConfigError: nobody may listen there, or others can read the configuration's secrets.
            UsageError, StoreError: no house can be put together.
        """
        place = self.place(settings)
        self._listening = self._wished(settings)
        if place is None:
            return
        refuse_open_files(settings)
        self._site = Site(self.build, self.clock)
        wished = self._listening
        server = start(make_app(self._site), place, wished.proxy, prefix=wished.prefix)
        self._stop, self.address = server.stop, server.address
        self._listening = replace(wished, place=(server.host, server.port))
        try:
            self._move(self._site, settings)
        except BaseException:
            self.close()
            raise
        log.info("pages: %s, known to readers as %s", self.address, self.base)

    def renew(self, settings: Settings) -> None:
        """Serve by these settings from now on; called each minute, with the same ones too.

        Raises:
            ConfigError, UsageError, StoreError: the pages go on as they were.
        """
        if not self._said and self._wants_another_place(settings):
            self._said = True
            log.warning("where pages are served was changed: restart for them to move there")
        if self._site is None:
            return
        if settings != self._settings:
            refuse_open_files(settings)
            self._move(self._site, settings)
        else:
            with self._site.visited() as floor:
                floor.house.store.keys.renew(self.clock())
                floor.house.links.refresh()  # a key that was retired is good for leaving only

    def close(self) -> None:
        """Serve nobody any more; requests under way are answered first."""
        if self._stop is not None:
            self._stop()
        if self._site is not None:
            self._site.close()
        self._site = self._stop = None

    @property
    def base(self) -> str:
        """The address that readers have the pages by."""
        return base_of(self._here(self._settings)) if self._settings else ""

    def _move(self, site: Site, settings: Settings) -> None:
        site.open(self._here(settings))
        self._settings = settings
        with site.visited() as floor:
            floor.house.store.keys.renew(self.clock())

    def _here(self, settings: Settings) -> Settings:
        """The settings, with the place that is really served."""
        place = self._listening.place
        return replace(settings, web=place) if place else settings

    def _wished(self, settings: Settings) -> Listening:
        prefix = urlsplit(settings.base_url or "").path
        return Listening(self.place(settings), settings.web_proxy, prefix)

    def _wants_another_place(self, settings: Settings) -> bool:
        wished, found = self._wished(settings), self._listening.place
        if wished.place is not None and not wished.place[1] and found is not None:
            wished = replace(wished, place=(wished.place[0], found[1]))  # any port: the one found
        return wished != self._listening


def refuse_open_files(settings: Settings) -> None:
    """See that nobody else on this machine reads secrets, letters and keys.

    Raises:
        ConfigError: the configuration holds secrets and is open to others.
        StoreError: a file of the database is.
    """
    if settings.exposed is not None:
        raise ConfigError(
            f"no pages are served while others on this machine can read {settings.exposed}, which "
            f"holds secrets: chmod 600 {settings.exposed}"
        )
    for file in open_to_others(file_of(database_of(settings))):
        raise StoreError(
            f"no pages are served while others on this machine can read {file}, which holds "
            f"addresses and keys: chmod 600 {file}"
        )
