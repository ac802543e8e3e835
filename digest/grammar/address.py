"""Mail addresses: one mailbox, strictly read, nothing that could slip into a header."""

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from digest.errors import UsageError

NOBODY = "reader@localhost"
_MOST = 64  # bytes before the @ (RFC 5321, 4.5.3.1.1)
_GOOGLE = ("gmail.com", "googlemail.com")
# RFC 2142, and mailboxes that nobody reads
_ROLES = frozenset((
    "abuse", "admin", "administrator", "billing", "bounce", "bounces", "devnull", "donotreply",
    "ftp", "hostmaster", "listserv", "mailerdaemon", "majordomo", "noc", "nobody", "noreply",
    "postmaster", "root", "security", "spam", "undisclosedrecipients", "unsubscribe", "usenet",
    "uucp", "webmaster", "www",
))  # fmt: skip
_ALIKE = frozenset(("LATIN", "GREEK", "CYRILLIC", "ARMENIAN"))  # their letters look like others'


def parse_address(text: str) -> str:
    """One mail address in its normal form, its domain in ASCII and lower case.

    Raises:
        UsageError: with the reason, for anything but a single plain address.
    """
    written = text.strip()
    if written == NOBODY:
        return written
    if "=?" in written:
        raise UsageError(f"{text!r} would be taken for an encoded word in a mail's head")
    if "," in written or ";" in written:
        raise UsageError(f"{text!r} looks like several addresses: give one")
    if written.startswith("-"):
        raise UsageError(f"{text!r} begins with a dash: mail programs take that for an option")
    try:
        checked = validate_email(
            written,
            allow_smtputf8=True,
            check_deliverability=False,
            globally_deliverable=False,
            strict=True,
        )
    except EmailNotValidError as error:
        raise UsageError(f"{text!r} is no mail address: {error}") from error
    if checked.smtputf8:
        _check_letters(checked.local_part, text)
    return f"{checked.local_part}@{checked.ascii_domain}"


def lookup_key(address: str) -> str:
    """What makes two spellings one mailbox: the address in lower case."""
    return address.lower()


def mailbox_key(address: str) -> str:
    """What makes most addresses of one mailbox one: in lower case, without what `+` adds.

    Google's mailboxes take their letters with dots between them, too.
    """
    local, _, domain = lookup_key(address).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _GOOGLE:
        return f"{local.replace('.', '')}@{_GOOGLE[0]}"
    return f"{local}@{domain}"


def is_role(address: str) -> bool:
    """Whether an address belongs to an office rather than a person, as `abuse@` and `noreply@`."""
    local = lookup_key(address).rpartition("@")[0].partition("+")[0]
    return re.sub(r"[^a-z]", "", local) in _ROLES


def _check_letters(local: str, text: str) -> None:
    """Refuse what beyond ASCII is too long, looks like something else, or runs both ways.

    Raises:
        UsageError: with the reason.
    """
    if len(local.encode()) > _MOST:
        raise UsageError(f"{text!r} is too long before the @: {_MOST} bytes are allowed")
    letters = [char for char in local if char.isalpha()]
    alike = {unicodedata.name(char, "").partition(" ")[0] for char in letters} & _ALIKE
    ways = {unicodedata.bidirectional(char) for char in letters}
    mixed = len(alike) > 1 or ("L" in ways and ways & {"R", "AL"})
    if mixed or unicodedata.normalize("NFKC", local) != local:
        raise UsageError(f"{text!r} mixes letters that look like others: it may be a forgery")
