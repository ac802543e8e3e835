"""Every error that this project raises on purpose, and who catches it.

    DigestError
    ├── ConfigError        cli: advice, exit 2;  daemon: keeps the settings it had
    ├── UsageError         cli: advice, exit 2;  daemon: keeps the settings it had
    ├── SourceError        collect, per source: reported, the other sources run
    ├── LibraryError       who reads libraries, per library: reported, what was read before stays
    ├── TemplateError      edit, before anything is queued: nobody's day is used up
    ├── ChannelError       post: the whole channel is down, nobody's attempt is spent
    └── StoreError         nobody: the run stops with one line

Library exceptions become one of these once, in the room that imports the library.
The text of an error says what is wrong, where, and what to do.
"""

from datetime import datetime


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


class ChannelError(DigestError):
    """The whole channel is out of order: no connection, no login, no folder to write to."""


class StoreError(DigestError):
    """The database cannot be used as it is; the text says why and what to do."""

    exit_code = 78
