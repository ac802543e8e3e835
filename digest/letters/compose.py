"""Composing the mail of an edition."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import quote

from digest.letters.mime import assemble, clean_header, mailbox
from digest.letters.picks import Cards
from digest.letters.render import Press
from digest.letters.steering import Steering, steering_of
from digest.letters.view import LetterView, view_of
from digest.links import Links
from digest.model import Edition, Message, Reader, ReaderKind

SENDER_NAME = "The Paper Digest"
CLIPPED_FROM = 100 * 1024  # Gmail cuts a little above this
_VOTE = 50  # bytes of HTML around the address of a vote, its style among them
ABSTRACTS = (620, 300, 140, 0)  # characters of each abstract, the longest that fits


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
    links: Links | None = None  # of the pages, where there are any
    cards: Cards = field(default_factory=Cards, repr=False, compare=False)

    def compose(self, edition: Edition, now: datetime, missed: date | None = None) -> Message:
        """The mail of an edition; the same Message-ID for the same reader and date, always.

        Args:
            edition: what the reader gets.
            now: the time for the Date header (aware).
            missed: the date of an edition before it that may not have arrived.

        Raises:
            TemplateError: when a template is broken.
        """
        steering = steering_of(self.links, edition, now.date(), missed)
        letter, html = self._fitting(edition, steering)
        identity = self._identity(edition.reader, edition.date)
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
        headers += self._ways_out(steering)
        headers.append(("Auto-Submitted", "auto-generated"))
        text = self.press.text(letter)
        return Message(
            message_id=message_id,
            sender=self.sender.address,
            recipient=edition.reader.address,
            subject=subject,
            label=label_of(_named(edition.reader), edition.date, identity),
            raw=assemble(headers, text, html, f"=_{identity}"),
        )

    def preview(self, edition: Edition) -> str:
        """An edition as an HTML page, without links to itself; nothing is sent."""
        return self.letter(edition, None)[1]

    def _ways_out(self, steering: Steering | None) -> list[tuple[str, str]]:
        """The headers by which a mail program lets a reader leave (RFC 2369, RFC 8058)."""
        ways = [f"<{steering.unsubscribe}>"] if steering else []
        if self.sender.owner:
            ways.append(f"<mailto:{quote(self.sender.owner, safe='@')}?subject=unsubscribe>")
        headers = [("List-Unsubscribe", ", ".join(ways))] if ways else []
        if steering:
            headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
            headers.append(("List-Archive", f"<{steering.archive}>"))
        return headers

    def letter(self, edition: Edition, steering: Steering | None) -> tuple[LetterView, str]:
        """The letter and its HTML.

        Raises:
            TemplateError: when a template is broken.
        """
        letter, html = self._fitting(edition, steering)
        return letter, html.decode()

    def _fitting(self, edition: Edition, steering: Steering | None) -> tuple[LetterView, bytes]:
        """The letter and its HTML in UTF-8, abstracts shortened until Gmail shows it whole.

        What is too long is set again with the longest abstracts that promise to fit, by what the
        first try took; without any if that does not help.
        """
        html, excess = b"", 0
        for abstract in ABSTRACTS:
            letter = view_of(edition, self.sender.owner, abstract, steering, self.cards)
            if html and abstract and excess + _length_of_abstracts(letter) > 0:
                continue
            html = self.press.html(letter).encode("utf-8", "replace")
            if len(html) <= CLIPPED_FROM:
                break
            excess = len(html) - CLIPPED_FROM - _length_of_abstracts(letter)
        return letter, html

    def _identity(self, reader: Reader, day: date) -> str:
        """The stable part of the Message-ID: one for a reader's mailbox, a sender and a date."""
        parts = (self.sender.address, reader.name, reader.address, day.isoformat(), "daily")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _length_of_abstracts(letter: LetterView) -> int:
    """How many bytes of HTML they take, and the votes, which become fewer with them."""
    picks = [pick for section in letter.sections for pick in section.picks]
    votes = sum(len(link.url) + _VOTE for pick in picks for link in pick.votes)
    return votes + sum(len(escape(pick.abstract.plain).encode()) for pick in picks)


def _named(reader: Reader) -> str:
    return reader.name if reader.kind is ReaderKind.UNSAVED else reader.address


def label_of(name: str, day: date, identity: str) -> str:
    """A file's name for a mail: date, whom it is for in plain letters, and a mark of its own."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower())[:48].strip("-") or "reader"
    return f"{day.isoformat()}-{slug}-{identity[:8]}"
