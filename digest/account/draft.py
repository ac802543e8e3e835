"""The edition of a date as it would be made now, and a paper in it."""

from datetime import date

from digest.edit import Editor, EditReport
from digest.errors import UsageError
from digest.model import Edition, Pick, Reader
from digest.store.readers import Due


def drafted(editor: Editor, reader: Reader, day: date) -> Edition | None:
    """The picks of the date as they would be made now; None where there is nothing to tell.

    Raises:
        UsageError: where it cannot be made.
    """
    report = EditReport()
    drafts = editor.sketch([Due(reader, day)], report, again=True)
    if report.failed:
        raise UsageError(f"the edition of {reader.address} failed; the log has the details")
    return drafts[0].edition if drafts else None


def in_edition(edition: Edition | None, number: int) -> tuple[int | None, Pick | None]:
    """The place of the pick that is the paper, or that stands for it."""
    for position, pick in enumerate(edition.picks if edition else (), 1):
        if number in (pick.paper.number, *(twin.number for twin in pick.twins)):
            return position, pick
    return None, None
