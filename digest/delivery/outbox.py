"""A folder instead of a mail server: each mail as `.eml`, and as `.html` to look at."""

import os
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

from digest.delivery import Outcome, Verdict
from digest.errors import ChannelError
from digest.model import Message


@dataclass(frozen=True, slots=True)
class Outbox:
    """Writes mails into a folder; the same mail twice is the same two files."""

    folder: Path
    name: str = "outbox"
    repeatable: bool = True

    def send(self, message: Message) -> Outcome:
        """Write both files, each whole or not at all.

        Raises:
            ChannelError: when the folder cannot be written to.
        """
        mail = message_from_bytes(message.raw, policy=policy.default)
        html = mail.get_body(("html",))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            target = self.folder / f"{message.label}.eml"
            if html is not None:
                page = html.get_content().replace("\r\n", "\n")
                _write(target.with_suffix(".html"), page.encode())
            _write(target, message.raw)
        except OSError as error:
            raise ChannelError(
                f"cannot write to the outbox folder {self.folder}: {error.strerror}; make room or "
                "choose another with --outbox"
            ) from error
        return Outcome(Verdict.SENT, str(target))

    def close(self) -> None:
        """Nothing to hang up."""


def _write(target: Path, content: bytes) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
