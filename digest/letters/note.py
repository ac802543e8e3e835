"""Short mails that somebody asked for: a heading, a few sentences, one link."""

from collections.abc import Sequence
from datetime import datetime

from digest.letters.compose import LetterOffice
from digest.letters.short import short_mail
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
    bodies = office.press.note(note)
    named = (address, now.date())
    return short_mail(office.sender, address, note.subject, bodies, marks, named, now)
