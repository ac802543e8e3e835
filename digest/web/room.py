"""The reading room: what pages ask of the ranking, one question at a time.

Nothing that is asked here changes the store: profiles of readers that have to be made anew are used
and not kept, and what an encoder has to read is kept in memory alone. The ranking works for one
visitor at a time; who would wait for long is told so.
"""

import logging
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from werkzeug.exceptions import ServiceUnavailable

from digest.account import Account, account_of
from digest.account.draft import drafted
from digest.catalogue import Catalogue
from digest.edit import Editor
from digest.errors import UsageError
from digest.grammar.interests import parse_interest
from digest.localtime import local_date
from digest.model import (
    Edition,
    Interest,
    Manner,
    Reader,
    ReaderKind,
    StoredPaper,
    StoredProfile,
    Vote,
)
from digest.progress import Quiet
from digest.search import Asked, Found, find
from digest.store.profiles import Profiles
from digest.store.vectors import PassingVectors
from digest.web.holdings import Holdings
from digest.web.kept import Kept
from digest.wiring import House, editor_of

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

MOST_FOUND = 25
MOST_SIMILAR = 6
MOST_AMONG = 200
LEAST = 0.2  # of a score: less has nothing to do with what was asked
_ANNOUNCED = date.min  # what no source ever announced is in somebody's own library alone
_USUAL = Manner()
_PATIENCE = 5.0  # seconds that a visitor waits for others
_SHORT, _LONG = timedelta(minutes=1), timedelta(minutes=10)


@dataclass(slots=True)
class Room:
    """Answers for one house; many threads may ask at once."""

    house: House
    clock: Callable[[], datetime]
    _holdings: Holdings = field(init=False)
    _vectors: PassingVectors = field(init=False)  # one for all editors: none reads a paper again
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _searches: Kept[list[Found]] = field(default_factory=lambda: Kept(64, _SHORT))
    _likes: Kept[list[StoredPaper]] = field(default_factory=lambda: Kept(256, _LONG))
    _editions: Kept[Edition | None] = field(default_factory=lambda: Kept(32, _SHORT))
    _accounts: Kept[Account] = field(default_factory=lambda: Kept(32, _SHORT))
    _editors: Kept[Editor] = field(default_factory=lambda: Kept(3, _LONG))

    def __post_init__(self) -> None:
        """Nothing is at hand before the first question."""
        self._holdings = Holdings(self.house.catalogue, self.clock)
        self._vectors = PassingVectors(self.house.store.engine)

    def search(self, text: str, since: date | None = None, most: int = MOST_FOUND) -> list[Found]:
        """The announced papers that say most of a text in the grammar of interests, best first.

        Args:
            text: what is looked for; empty for the newest papers.
            since: the earliest date of announcement.
            most: the most papers.

        Raises:
            UsageError: where the text cannot be read.
        """
        interest = parse_interest("search", text)

        def answer(catalogue: Catalogue) -> list[Found]:
            asked = self._asked(interest, since=since or _ANNOUNCED)
            return _enough(find(catalogue, asked, most))

        return self._answered(self._searches, (interest, since, most), answer)

    def among(self, text: str, numbers: Sequence[int]) -> list[int]:
        """Which of these papers (their rows) say something of a text, the best 200, best first.

        Raises:
            UsageError: where the text cannot be read.
        """
        interest, own = parse_interest("search", text), frozenset(numbers)

        def answer(catalogue: Catalogue) -> list[Found]:
            return _enough(find(catalogue, self._asked(interest, among=own), MOST_AMONG))

        found = self._answered(self._searches, (interest, own), answer)
        return [one.stored.number for one in found]

    def similar(self, number: int, most: int = MOST_SIMILAR) -> list[StoredPaper]:
        """The papers that are most like one (its row), the most alike first."""

        def answer(catalogue: Catalogue) -> list[StoredPaper]:
            asked = Asked(Interest("similar"), (number,), _ANNOUNCED)
            return [one.stored for one in _enough(find(catalogue, asked, most))]

        return self._answered(self._likes, (number, most), answer)

    def edition(
        self, interests: tuple[Interest, ...], limit: int, manner: Manner = _USUAL
    ) -> Edition | None:
        """Today's edition for somebody with these interests; None where nothing is new.

        Raises:
            UsageError: where it cannot be made.
        """
        today = local_date(self.house.settings.zone, self.clock())
        reader = Reader("visitor", "", ReaderKind.UNSAVED, interests, limit=limit, manner=manner)

        def answer(catalogue: Catalogue) -> Edition | None:
            return drafted(self._editor(catalogue, today), reader, today)

        return self._answered(self._editions, (reader, today), answer)

    def account(self, reader: Reader, number: int, day: date, votes: Sequence[Vote]) -> Account:
        """The account of a paper of the store (its row) for a reader's edition of a date.

        Args:
            reader: whose account it is.
            number: the paper.
            day: the date of the edition.
            votes: all that the reader has said by now, which makes another account of it.

        Raises:
            UsageError: where the edition cannot be made.
        """

        def answer(catalogue: Catalogue) -> Account:
            return account_of(self._editor(catalogue, day), reader, number, day)

        return self._answered(self._accounts, (reader, tuple(votes), number, day), answer)

    def _answered(
        self, kept: Kept[_Answer], question: Hashable, answer: Callable[[Catalogue], _Answer]
    ) -> _Answer:
        """What was answered before, by the same state of the index, or an answer."""

        def work() -> _Answer:
            with self._at_work(catalogue):
                return answer(catalogue)

        catalogue = self._holdings.at_hand()
        return kept.get((catalogue.index.head, question), self.clock(), work)

    @contextmanager
    def _at_work(self, catalogue: Catalogue) -> Iterator[None]:
        """The ranking's time for one question.

        Raises:
            ServiceUnavailable: where others take long, or the index has to be made anew.
        """
        if not self._turn.acquire(timeout=_PATIENCE):
            raise ServiceUnavailable
        try:
            yield
        except OSError as error:
            log.warning("the index of papers in %s: %s", catalogue.folder, error)
            self._holdings.mend()
            raise ServiceUnavailable from error
        finally:
            self._turn.release()

    def _editor(self, catalogue: Catalogue, day: date) -> Editor:
        """The editor of a day, with its desks; kept, since a desk takes long to set up."""

        def made() -> Editor:
            unkept = _Unkept(self.house.store.engine)
            store = replace(self.house.store, profiles=unkept, vectors=self._vectors)
            at_rest = replace(catalogue, store=store)
            house = replace(self.house, store=store, catalogue=at_rest)
            return editor_of(house, None, day, self.clock(), Quiet())

        return self._editors.get((catalogue.index.head, day), self.clock(), made)

    def _asked(
        self,
        interest: Interest,
        *,
        since: date | None = None,
        among: frozenset[int] | None = None,
    ) -> Asked:
        """A question with the papers that `like:` items name."""
        papers = self.house.store.papers
        known = papers.numbers_by_keys(interest.liked)
        stored = papers.by_numbers(known.values())
        for key in interest.liked:
            paper = stored.get(known.get(key, 0))
            if paper is None or paper.announced is None:
                raise UsageError(
                    f"like:{key} is not stored here, so nothing can be compared with it: describe "
                    "the paper in words instead"
                )
        liked = tuple(dict.fromkeys(known.values()))
        return Asked(replace(interest, liked=()), liked, since, among)


def _enough(found: Sequence[Found]) -> list[Found]:
    """What has something to do with what was asked."""
    return [one for one in found if one.score is None or one.score >= LEAST]


class _Unkept(Profiles):
    """Profiles that are read and never written."""

    def save(self, rows: Sequence[StoredProfile], readers: Sequence[int]) -> None:
        """Keep nothing: who reads a page changes nothing."""
