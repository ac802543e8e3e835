"""Every error that this project raises on purpose, and who catches it.

    DigestError
    ├── ConfigError        cli: advice, exit 2;  daemon: keeps the settings it had
    ├── UsageError         cli: advice, exit 2;  daemon: keeps the settings it had
    ├── SourceError        collect, per source: reported, the other sources run
    ├── LibraryError       who reads libraries, per library: reported, what was read before stays
    ├── TemplateError      edit, before anything is queued: nobody's day is used up
    ├── EncoderError       run: whoever would be ranked by it stays due; what was made is posted
    ├── ClockError         run, before anything is done;  daemon: halts until the clock is right
    ├── LinkError          web: a page that says what to do
    ├── ChannelError       post: the whole channel is down, nobody's attempt is spent
    └── StoreError         nobody: the run stops with one line
        ├── StoreAwayError daemon: the next tick asks again
        └── StoreBusyError daemon: the same; post, where an outcome is recorded: asked again

Library exceptions become one of these once, in the room that imports the library.
The text of an error says what is wrong, where, and what to do.
"""

import shlex
import sys
from datetime import UTC, datetime


class DigestError(Exception):
    """The root of the tree; `exit_code` is what the command line ends with."""

    exit_code = 1


class ConfigError(DigestError):
    """A setting is wrong; the text names file, line and key, and the nearest valid key."""

    exit_code = 2


class UsageError(DigestError):
    """What was asked for on the command line or through a service cannot be done as written."""

    exit_code = 2


def printable(text: str, most: int = 500) -> str:
    """Text from outside as it may stand in a report or a log: one line, nothing hidden."""
    kept = "".join(char if char.isprintable() else "?" for char in text[:most])
    return kept if len(text) <= most else kept + "…"


class SourceError(DigestError):
    """A source could not be read.

    Args:
        source: the source's name.
        problem: what went wrong, in words.
        retry_at: the earliest time (aware) at which the service may be asked again, if it said so.
    """

    def __init__(self, source: str, problem: str, retry_at: datetime | None = None) -> None:
        self.source = source
        self.problem = printable(problem)
        super().__init__(f"{source}: {self.problem}")
        self.retry_at = retry_at


class LibraryError(DigestError):
    """A reader's own library could not be read.

    Args:
        library: the file, or the library's name at its service.
        problem: what is wrong and what to do, in words; never a key or a password.
        retry_at: the earliest time (aware) at which the service may be asked again, if it said so.
    """

    def __init__(self, library: str, problem: str, retry_at: datetime | None = None) -> None:
        self.library = printable(library)
        self.problem = printable(problem)
        super().__init__(f"{self.library}: {self.problem}")
        self.retry_at = retry_at


class TemplateError(DigestError):
    """A template is broken; the text names its file and line."""


class EncoderError(DigestError):
    """The neural encoder reads nothing; the text says what is wrong and what to do."""


class LinkError(DigestError):
    """A link that was not signed here, or no longer holds; the text says which and what to do."""


class ChannelError(DigestError):
    """The whole channel is out of order: no connection, no login, no folder to write to.

    Args:
        text: what is wrong and what to do.
        lasting: whether waiting will not mend it (a login, a certificate, a sender refused).
        code: the reply code, if there was one.
    """

    def __init__(self, text: str, *, lasting: bool = False, code: int | None = None) -> None:
        super().__init__(text)
        self.lasting = lasting
        self.code = code


class ClockError(DigestError):
    """The clock shows less than an earlier run saw: by it, mails could be made twice.

    Args:
        now: what the clock shows (aware).
        seen: the latest time that a run saw (aware).
    """

    exit_code = 75

    def __init__(self, now: datetime, seen: datetime) -> None:
        super().__init__(
            f"the clock shows {_minute(now)}, but a run saw {_minute(seen)} before: nothing is "
            "made or sent until it is set right; if it is right now, say 'digest doctor "
            "--clock-is-right'"
        )
        self.now = now
        self.seen = seen


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def installing(*packages: str) -> str:
    """The command that puts packages where this program runs, whichever pip is at hand."""
    own = sys.prefix != sys.base_prefix
    where = ("--python", sys.prefix) if own else ()
    return shlex.join(("python3", "-m", "pip", *where, "install", *packages))


class StoreError(DigestError):
    """The database cannot be used as it is; the text says why and what to do."""

    exit_code = 78


class StoreAwayError(StoreError):
    """The database's server is not there at the moment: nothing of ours is damaged."""


class StoreBusyError(StoreError):
    """Another program holds the database: what was asked did not happen and may be asked again."""
