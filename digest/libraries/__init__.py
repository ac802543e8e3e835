"""The papers that readers like already, from their own libraries: BibTeX files and Zotero.

A library is read as a whole or found unchanged; what cannot be read in it is named, and the rest
counts.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

from digest.errors import printable
from digest.model import Paper

MAX_TROUBLES = 20
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Liked:
    """A paper of a reader's library, and the day it was put there, as the library says.

    The paper may have no abstract, and title '' where the library gives nothing but an identifier.
    """

    paper: Paper
    added: date | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one reading of a library gave: each paper once, the newest first, days unknown last.

    `troubles` name what could not be read, each with its place and what to do; `more_troubles`
    counts those left unnamed. `version` is for the next reading, which may find the library
    `unchanged` since: then `liked` is empty, and what was read before still holds.
    """

    liked: tuple[Liked, ...] = ()
    troubles: tuple[str, ...] = ()
    more_troubles: int = 0
    version: int | None = None
    unchanged: bool = False


class Library(Protocol):
    """A reader's own library; `pace` is how long to wait before it is asked again."""

    @property
    def name(self) -> str:
        """What it is called in reports and as an interest, at most MAX_NAME characters."""
        ...

    @property
    def pace(self) -> timedelta:
        """How long to wait after it was asked."""
        ...

    def read(self, since: int | None) -> Shelf:
        """Its papers, or that nothing changed since that version.

        Raises:
            LibraryError: when it cannot be read.
        """
        ...


@dataclass(slots=True)
class Reading:
    """What a reader of a library has found so far."""

    liked: list[Liked] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    more_troubles: int = 0

    def trouble(self, text: str) -> None:
        """Note what could not be read, and go on."""
        if len(self.troubles) < MAX_TROUBLES:
            self.troubles.append(printable(text))
        else:
            self.more_troubles += 1

    def shelf(self, version: int | None = None) -> Shelf:
        """What was found; of two entries for one paper the one found first stays."""
        once: dict[str, Liked] = {}
        for liked in self.liked:
            once.setdefault(liked.paper.key, liked)
        newest = sorted(once.values(), key=lambda liked: liked.added or date.min, reverse=True)
        return Shelf(tuple(newest), tuple(self.troubles), self.more_troubles, version=version)
