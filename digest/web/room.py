"""The reading room: what pages ask of the ranking, one question at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from digest.wiring import House


@dataclass(slots=True)
class Room:
    """Answers for one house."""

    house: House
    clock: Callable[[], datetime]
