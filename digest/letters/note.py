"""Short mails that somebody asked for: a heading, a few sentences, one link."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from digest.letters.compose import SENDER_NAME, LetterOffice, label_of
from digest.letters.mime import assemble, clean_header, mailbox
from digest.letters.view import NoteView
from digest.model import Message

__all__ = ["NoteView", "note_mail"]


def note_mail(
    office: LetterOffice, address: str, note: NoteView, marks: Sequence[str], now: datetime
) -> Message:
    """The mail of a note.

    Args:
        office: whose press and sender it uses.
        address: whom it goes to; it stands in the head only.
        note: what it says.
        marks: what tells it from all other notes: they make its Message-ID, with the sender.
        now: the time for the Date header (aware).

    Raises:
        TemplateError: when a template is broken.
    """
    sender = office.sender
    text, html = office.press.note(note)
    identity = hashlib.sha256("\n".join((sender.address, *marks)).encode()).hexdigest()[:32]
    message_id = f"<{identity}@{sender.domain}>"
    subject = clean_header(note.subject)
    headers = [
        ("From", mailbox(SENDER_NAME, sender.address)),
        ("To", address),
        ("Subject", subject),
        ("Date", format_datetime(now)),
        ("Message-ID", message_id),
        ("Auto-Submitted", "auto-generated"),
    ]
    return Message(
        message_id=message_id,
        sender=sender.address,
        recipient=address,
        subject=subject,
        label=label_of(address, now.date(), identity),
        raw=assemble(headers, text, html, f"=_{identity}"),
    )
