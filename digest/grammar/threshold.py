"""How good a paper must be: `0.5`, or as good as makes about `10 a day`."""

import re

from digest.errors import UsageError
from digest.model import Threshold

_A_DAY = re.compile(r"(?:about\s+)?(?P<number>\d{1,4}(?:\.\d+)?)\s*(?:a|per|/)\s*day")
MOST_A_DAY = 1000


def parse_threshold(text: str) -> Threshold:
    """Read a threshold.

    Raises:
        UsageError: saying what it should look like.
    """
    written = " ".join(text.lower().split())
    if match := _A_DAY.fullmatch(written):
        number = float(match["number"])
        if 0 < number <= MOST_A_DAY:
            return Threshold(a_day=number)
    try:
        score = float(written)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise UsageError(f"{text!r} is no threshold: write a score from 0 to 1, or 10 a day")
    return Threshold(score)
