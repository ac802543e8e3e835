"""medRxiv: the first page of a day's postings."""

from datetime import date

from digest.config import Settings
from digest.drift import Question
from digest.drift.services.biorxiv import details

NAME = "medrxiv"


def questions(settings: Settings, day: date) -> tuple[Question, ...]:
    """One page."""
    return (details(settings, NAME, day),)
