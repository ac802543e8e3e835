"""Composing the mail of an edition."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from urllib.parse import quote

from digest.letters.mime import assemble, clean_header, mailbox
from digest.letters.render import Press
from digest.letters.view import LetterView, view_of
from digest.model import Edition, Message, Reader, ReaderKind

SENDER_NAME = "The Paper Digest"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the mail comes from, and who takes wishes to unsubscribe (None: nobody yet)."""

    address: str
    owner: str | None

    @property
    def domain(self) -> str:
        """What stands behind the sender's @."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class LetterOffice:
    """Turns editions into mails."""

    press: Press
    sender: Sender

    def compose(self, edition: Edition, now: datetime) -> Message:
        """The mail of an edition; the same Message-ID for the same reader and date, always.

        Args:
            edition: what the reader gets.
            now: the time for the Date header (aware).

        Raises:
            TemplateError: when a template is broken.
        """
        letter = view_of(edition, self.sender.owner)
        identity = message_identity(edition.reader, edition.date)
        message_id = f"<{identity}@{self.sender.domain}>"
        subject = clean_header(letter.subject)
        headers = [
            ("From", mailbox(SENDER_NAME, self.sender.address)),
            ("To", edition.reader.address),
            ("Subject", subject),
            ("Date", format_datetime(now)),
            ("Message-ID", message_id),
            ("List-Id", f"{SENDER_NAME} <digest.{self.sender.domain}>"),
        ]
        if self.sender.owner:
            owner = quote(self.sender.owner, safe="@")
            headers.append(("List-Unsubscribe", f"<mailto:{owner}?subject=unsubscribe>"))
        headers.append(("Auto-Submitted", "auto-generated"))
        html, text = self.html(letter), self.press.text(letter)
        return Message(
            message_id=message_id,
            sender=self.sender.address,
            recipient=edition.reader.address,
            subject=subject,
            label=label(edition.reader, edition.date),
            raw=assemble(headers, text, html, f"=_{identity}"),
        )

    def html(self, letter: LetterView) -> str:
        """The HTML part alone, for a preview."""
        return self.press.html(letter)

    def preview(self, edition: Edition) -> str:
        """An edition as an HTML page; nothing is sent."""
        return self.html(view_of(edition, self.sender.owner))


def message_identity(reader: Reader, day: date) -> str:
    """The stable part of the Message-ID: a hash of the reader's name and the date."""
    return hashlib.sha256(f"{reader.name}\n{day.isoformat()}\ndaily".encode()).hexdigest()[:32]


def label(reader: Reader, day: date) -> str:
    """A file's name for a mail: date and reader, in plain letters."""
    name = reader.name if reader.kind is ReaderKind.UNSAVED else reader.address
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60] or "reader"
    return f"{day.isoformat()}-{slug}"
