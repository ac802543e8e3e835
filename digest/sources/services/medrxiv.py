"""medRxiv: what was posted on a date, of all categories or of some."""

from digest.config import Settings
from digest.intake.http import PoliteSession
from digest.sources.preprints import Preprints

NAME = "medrxiv"


def open_source(session: PoliteSession, settings: Settings) -> Preprints:
    """The postings in the configured categories."""
    return Preprints(session, settings.biorxiv, NAME, settings.medrxiv_categories)
