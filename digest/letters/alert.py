"""The mail that tells the owner what needs a person."""

from collections.abc import Sequence
from datetime import date, datetime

from digest.letters.compose import LetterOffice
from digest.letters.short import short_mail
from digest.letters.view import AlertView, Notice, day_in_words
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
    view = alert_view(day, notices)
    bodies = office.press.alert(view)
    marks = (owner, day.isoformat(), "alert")
    named = ("alert", day)
    message = short_mail(office.sender, owner, view.subject, bodies, marks, named, now)
    return message, bodies[0]


def alert_view(day: date, notices: Sequence[Notice]) -> AlertView:
    """What the mail says, in words; the subject is the first notice."""
    more = f" (and {len(notices) - 1} more)" if len(notices) > 1 else ""
    return AlertView(
        f"Digest: {notices[0].what.rstrip('.')}{more}",
        day_in_words(day),
        tuple(notices),
    )


def plain_text(notices: Sequence[Notice]) -> str:
    """The same without a template, for when templates are what broke."""
    return "\n\n".join(
        "\n".join((notice.what, *(f"  {line}" for line in (*notice.details, *notice.mends))))
        for notice in notices
    )
