"""Mail addresses: one mailbox, strictly read, nothing that could slip into a header."""

from email_validator import EmailNotValidError, validate_email

from digest.errors import UsageError

NOBODY = "reader@localhost"


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
    try:
        checked = validate_email(
            written,
            allow_smtputf8=False,
            check_deliverability=False,
            globally_deliverable=False,
            strict=True,
        )
    except EmailNotValidError as error:
        raise UsageError(f"{text!r} is no mail address: {error}") from error
    return checked.ascii_email or checked.normalized


def lookup_key(address: str) -> str:
    """What makes two spellings one mailbox: the address in lower case."""
    return address.casefold()
