"""Services that are asked each day. The folder is the registry: a new one is one new file here.

The file's name is the word for `DIGEST_SOURCES`; its function `open_source(session, settings)`
makes the source.
"""

import importlib

from digest.config import Settings
from digest.intake.http import PoliteSession
from digest.sources import Source


def open_service(name: str, session: PoliteSession, settings: Settings) -> Source:
    """The service of this name, ready to be asked."""
    source: Source = importlib.import_module(f"{__name__}.{name}").open_source(session, settings)
    return source
