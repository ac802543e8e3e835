"""What each service is asked, and what its answer has to look like; the folder is the registry.

The file's name is the source's; its function `questions(settings, day)` makes the questions, where
`day` is a date whose papers are out.
"""

import importlib
import pkgutil
from datetime import date

from digest.config import Settings
from digest.drift import Question


def names() -> tuple[str, ...]:
    """The services that can be asked."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def questions_of(name: str, settings: Settings, day: date) -> tuple[Question, ...]:
    """The questions for one of these services."""
    module = importlib.import_module(f"{__name__}.{name}")
    found: tuple[Question, ...] = module.questions(settings, day)
    return found
