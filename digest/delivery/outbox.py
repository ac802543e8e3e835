"""A folder instead of a mail server: each mail as `.eml`, and as `.html` to look at."""

import os
from email import message_from_bytes, policy
from pathlib import Path

from digest.delivery import Outcome, Verdict
from digest.errors import ChannelError
from digest.model import Message

_OWN = 0o700  # of a new folder: letters hold links that act


class Outbox:
    """Writes mails into a folder; the same mail twice is the same two files.

    What is offered lies there under hidden names; the last word is their renaming.
    """

    name = "outbox"
    repeatable = True

    def __init__(self, folder: Path) -> None:
        """Remember where to write; the folder is made with the first mail."""
        self.folder = folder
        self._unfinished: dict[Path, Path] = {}  # each with its final name, the mail itself last

    def offer(self, message: Message) -> Outcome | None:
        """Write both files, each under a name that is not its own yet.

        Raises:
            ChannelError: when the folder cannot be written to.
        """
        self.withdraw()
        mail = message_from_bytes(message.raw, policy=policy.default)
        html = mail.get_body(("html",))
        target = self.folder / f"{message.label}.eml"
        try:
            self.folder.mkdir(mode=_OWN, parents=True, exist_ok=True)
            if html is not None:
                page = html.get_content().replace("\r\n", "\n")
                self._write(target.with_suffix(".html"), page.encode())
            self._write(target, message.raw)
        except OSError as error:
            self.withdraw()
            raise self._out_of_order(error) from error
        return None

    def conclude(self) -> Outcome:
        """Give both files their names.

        Raises:
            ChannelError: when the folder cannot be written to.
        """
        if not self._unfinished:
            raise RuntimeError("no mail was offered")
        try:
            for unfinished, target in self._unfinished.items():
                unfinished.replace(target)
            _settle(self.folder)
        except OSError as error:
            self.withdraw()
            raise self._out_of_order(error) from error
        self._unfinished.clear()
        return Outcome(Verdict.SENT, str(target))

    def withdraw(self) -> None:
        """Remove what was not finished."""
        for unfinished in self._unfinished:
            try:
                unfinished.unlink(missing_ok=True)
            except OSError:
                continue  # it harms nobody: it is hidden, and the next try overwrites it
        self._unfinished.clear()

    def close(self) -> None:
        """Leave nothing unfinished behind."""
        self.withdraw()

    def check(self) -> str:
        """Write a file and remove it.

        Raises:
            ChannelError: when the folder cannot be written to.
        """
        probe = self.folder / f".probe.{os.getpid()}"
        try:
            self.folder.mkdir(mode=_OWN, parents=True, exist_ok=True)
            probe.write_bytes(b"digest")
            probe.unlink()
        except OSError as error:
            raise self._out_of_order(error) from error
        return f"written to {self.folder}"

    def _write(self, target: Path, content: bytes) -> None:
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        self._unfinished[unfinished] = target
        with unfinished.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    def _out_of_order(self, error: OSError) -> ChannelError:
        return ChannelError(
            f"cannot write to the outbox folder {self.folder}: {error.strerror}; make room or "
            "choose another with --outbox"
        )


def _settle(folder: Path) -> None:
    """Make new names in a folder outlast a loss of power."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
