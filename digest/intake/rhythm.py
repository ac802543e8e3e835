"""When to ask again: never on the hour, later after each failure, never all at one time.

Chance is drawn from a seed, so that a decision is the same each time it is looked at.
"""

import hashlib
from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(hours=6)
_BEFORE_THE_HOUR, _AFTER_THE_HOUR = 58, 3  # minutes in which half the world's clocks ask


def on_the_hour(now: datetime) -> bool:
    """Whether it is about the full hour, when services have most to do."""
    return now.minute >= _BEFORE_THE_HOUR or now.minute < _AFTER_THE_HOUR


def pause_after(failures: int, seed: str) -> timedelta:
    """How long to wait after so many failures in a row (at least 1): doubled each time.

    A quarter more or less, so that many who failed together do not come back together.
    """
    doubled: timedelta = FIRST_PAUSE * 2 ** min(max(failures, 1) - 1, 10)
    return min(doubled, LONGEST_PAUSE) * (0.75 + 0.5 * chance(f"{seed} {failures}"))


def stretched(pace: timedelta, seed: str) -> timedelta:
    """A pace between visits, up to a seventh longer."""
    return pace * (1 + chance(seed) / 7)


def chance(seed: str) -> float:
    """A number from 0 to 1 (without 1), always the same for a seed."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6]) / 2**48
