"""What the reading room has at hand: a state of the index that stays while visitors look.

It is renewed at most once a minute and only where the store changed: at once where little is new,
else beside the visitors, who go on with what is there.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from werkzeug.exceptions import ServiceUnavailable

from digest.catalogue import Catalogue
from digest.errors import DigestError

log = logging.getLogger(__name__)

QUICK = 500  # changes that are read while a visitor waits
_PAUSE = timedelta(minutes=1)
_WAITS = 2.0  # seconds that a visitor waits for others
_PATIENCE = 60.0  # seconds where no visitor waits


@dataclass(slots=True)
class Holdings:
    """States of one catalogue, which nobody else uses."""

    catalogue: Catalogue
    clock: Callable[[], datetime]
    _state: Catalogue | None = None
    _looked: datetime | None = None
    _renewal: threading.Lock = field(default_factory=threading.Lock)

    def at_hand(self) -> Catalogue:
        """The catalogue as it is now, or was a minute ago.

        Raises:
            ServiceUnavailable: while it is made for the first time.
        """
        now = self.clock()
        due = self._looked is None or abs(now - self._looked) >= _PAUSE
        if due and self._renewal.acquire(blocking=False):
            later = None
            try:
                later = self._renewed()
                self._looked = now
            finally:
                if later is None:
                    self._renewal.release()
            if later is not None:
                self._beside(later)
        if self._state is None and self._renewal.acquire(timeout=_WAITS):
            self._renewal.release()
        if self._state is None:
            raise ServiceUnavailable
        return self._state

    def mend(self) -> None:
        """Make the index anew beside the visitors, because it is damaged."""
        if self._renewal.acquire(blocking=False):
            self._beside(self.catalogue.rebuild)

    def _renewed(self) -> Callable[[], object] | None:
        """Bring the state up to date, or say what has to be done for it beside the visitors."""
        try:
            last = self.catalogue.store.papers.last_change()
            known = self._opened()
            quick = self._state is None or self._state.finder() is not None
            if quick and known == last:
                return None
            if not quick or not 0 <= last - (known or 0) <= QUICK:
                return self._complete
            self.catalogue.patience = _WAITS
            self.catalogue.refresh()
            self._take()
        except OSError as error:
            log.warning("the index in %s is made anew: %s", self.catalogue.folder, error)
            return self.catalogue.rebuild
        return None

    def _complete(self) -> None:
        """Read all that is new, and write what finds papers quickly where the daily run did not."""
        self.catalogue.refresh()
        if self.catalogue.finder() is None:
            self.catalogue.learn()

    def _opened(self) -> int | None:
        """The last change that the state knows, be it one that lies there; None without any."""
        if self._state is None and self.catalogue.open():
            try:
                self._take()
            except OSError:  # it was renewed while it was opened
                if self.catalogue.open():
                    self._take()
        return None if self._state is None else self._state.index.head.change

    def _beside(self, work: Callable[[], object]) -> None:
        """Do what takes long in a thread of its own; the lock is given back at its end."""

        def renew() -> None:
            self.catalogue.patience = _PATIENCE
            try:
                work()
                self._take()
            except (DigestError, OSError) as error:
                log.warning("the index for the pages was not renewed: %s", error)
            finally:
                self._renewal.release()

        threading.Thread(target=renew, name="index", daemon=True).start()

    def _take(self) -> None:
        """Show the catalogue's state from now on, with what the first question would wait for."""
        state = self.catalogue.at_rest()
        if state.index.papers:
            state.model().past_pages  # noqa: B018 - made here, kept there
            state.finder()
        self._state = state
