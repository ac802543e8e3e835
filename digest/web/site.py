"""What pages share: the house that they are served from, which an edited configuration renews."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from flask import current_app, g

from digest.config import Settings
from digest.errors import StoreAwayError
from digest.web.room import Room
from digest.wiring import House

KEY = "digest"


@dataclass(slots=True)
class Floor:
    """A house with its reading room; closed when the last visitor leaves after a newer one came."""

    house: House
    room: Room
    visitors: int = 0
    closing: bool = False


@dataclass(slots=True)
class Site:
    """Serves pages from one house at a time.

    Args:
        build: puts a house together from settings.
        clock: the time (aware, UTC).
    """

    build: Callable[[Settings], House]
    clock: Callable[[], datetime]
    _floor: Floor | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, settings: Settings) -> None:
        """Serve from a house with these settings; visitors of the one before are served out.

        Raises:
            ConfigError, UsageError, StoreError: the one before goes on.
        """
        house = self.build(settings)
        with self._lock:
            before, self._floor = self._floor, Floor(house, Room(house, self.clock))
        if before is not None:
            self._let_go(before)

    def close(self) -> None:
        """Serve nobody any more."""
        with self._lock:
            before, self._floor = self._floor, None
        if before is not None:
            self._let_go(before)

    @contextmanager
    def visited(self) -> Iterator[Floor]:
        """The floor that a request is served from, open as long as it is needed.

        Raises:
            StoreAwayError: before the first house is open, and after the last was closed.
        """
        with self._lock:
            floor = self._floor
            if floor is None:
                raise StoreAwayError("the site is closed: it opens with its settings")
            floor.visitors += 1
        try:
            yield floor
        finally:
            with self._lock:
                floor.visitors -= 1
                last = floor.closing and not floor.visitors
            if last:
                floor.house.close()

    def _let_go(self, floor: Floor) -> None:
        with self._lock:
            floor.closing = True
            empty = not floor.visitors
        if empty:
            floor.house.close()


@dataclass(slots=True)
class Visit:
    """One request: the house, the reading room, the time, and for how long others may keep it.

    `public` is how many seconds the answer may be kept by anyone; None: by nobody.
    """

    house: House
    room: Room
    now: datetime
    public: int | None = None


def visit() -> Visit:
    """The request at hand."""
    found: Visit = g.visit
    return found


def origin() -> str:
    """Scheme and host that readers reach the pages by: what `url_for` gives follows it."""
    parts = urlsplit(visit().house.links.base)
    return f"{parts.scheme}://{parts.netloc}"


def site() -> Site:
    """The site that the request at hand came to."""
    found: Site = current_app.extensions[KEY]
    return found
