"""Short mails: the same head for alerts and for what somebody asked for."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from email.utils import format_datetime

from digest.letters.compose import SENDER_NAME, Sender, label_of
from digest.letters.mime import assemble, clean_header, mailbox
from digest.model import Message


def short_mail(
    sender: Sender,
    address: str,
    subject: str,
    bodies: tuple[str, str],
    marks: Sequence[str],
    named: tuple[str, date],
    now: datetime,
) -> Message:
    """A mail that is no edition.

    Args:
        sender: whom it comes from.
        address: whom it goes to.
        subject: not cleaned yet.
        bodies: the text and the HTML part.
        marks: what tells it from all others: they make its Message-ID, with the sender.
        named: what its files in an outbox are called by.
        now: the time for the Date header (aware).
    """
    identity = hashlib.sha256("\n".join((sender.address, *marks)).encode()).hexdigest()[:32]
    message_id = f"<{identity}@{sender.domain}>"
    subject = clean_header(subject)
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
        label=label_of(*named, identity),
        raw=assemble(headers, *bodies, f"=_{identity}"),
    )
