"""The mail that tells the owner what needs a person."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from email.utils import format_datetime

from digest.letters.compose import SENDER_NAME, LetterOffice
from digest.letters.mime import assemble, clean_header, mailbox
from digest.letters.view import AlertView, Notice
from digest.model import Message


def alert_mail(
    office: LetterOffice, owner: str, day: date, notices: Sequence[Notice], now: datetime
) -> tuple[Message, str]:
    """The mail for one owner and date, with one Message-ID whatever it says; and its text.

    Args:
        office: whose press and sender it uses.
        owner: the address that it goes to.
        day: the owner's date.
        notices: what needs a person, the worst first.
        now: the time for the Date header (aware).

    Raises:
        TemplateError: when a template is broken.
    """
    sender = office.sender
    view = alert_view(day, notices)
    text, html = office.press.alert(view)
    parts = (sender.address, owner, day.isoformat(), "alert")
    identity = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    message_id = f"<{identity}@{sender.domain}>"
    subject = clean_header(view.subject)
    headers = [
        ("From", mailbox(SENDER_NAME, sender.address)),
        ("To", owner),
        ("Subject", subject),
        ("Date", format_datetime(now)),
        ("Message-ID", message_id),
        ("Auto-Submitted", "auto-generated"),
    ]
    message = Message(
        message_id=message_id,
        sender=sender.address,
        recipient=owner,
        subject=subject,
        label=f"{day.isoformat()}-alert-{identity[:8]}",
        raw=assemble(headers, text, html, f"=_{identity}"),
    )
    return message, text


def alert_view(day: date, notices: Sequence[Notice]) -> AlertView:
    """What the mail says, in words; the subject is the first notice."""
    more = f" (and {len(notices) - 1} more)" if len(notices) > 1 else ""
    return AlertView(
        f"Digest: {notices[0].what.rstrip('.')}{more}",
        f"{day:%A}, {day.day} {day:%B %Y}",
        tuple(notices),
    )


def plain_text(notices: Sequence[Notice]) -> str:
    """The same without a template, for when templates are what broke."""
    return "\n\n".join(
        "\n".join((notice.what, *(f"  {line}" for line in (*notice.details, *notice.mends))))
        for notice in notices
    )
