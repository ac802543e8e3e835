"""Upvotes over time: a small curve made of text characters, and the same in words."""

from datetime import timedelta

from digest.letters.words import number_word
from digest.model import Trend

LONGEST = 8
_SIGNS = "▁▂▃▄▅▆▇█"
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SHORTEST = timedelta(hours=1)  # a rate over less says nothing
_FEWEST = 5  # of fewer upvotes a curve is a wall
_HOURS_SHOWN = 20  # from which on they are called a day


def curve_of(trend: Trend) -> str:
    """The upvotes of a paper since it began, as at most eight characters of growing height.

    The time from the beginning to the last count is cut into equal steps, as many as there are
    counts; each character stands for the upvotes at the end of a step, taken on the straight line
    between the counts around it, in eighths of the largest. Empty where there is one count, too few
    upvotes, or no time between.
    """
    began, last = trend.began, trend.counts[-1].observed
    counts = [(one.observed, one.value) for one in trend.counts if one.observed > began]
    steps = min(len(counts), LONGEST)
    if steps < 2 or last - began < _SHORTEST:  # noqa: PLR2004 - one point is no curve
        return ""
    points = [(0.0, 0)] + [((at - began) / (last - began), value) for at, value in counts]
    values, place = [], 0
    for step in range(1, steps + 1):
        moment = step / steps
        while place < len(points) - 2 and points[place + 1][0] < moment:
            place += 1
        (before, low), (after, high) = points[place], points[place + 1]
        share = min((moment - before) / (after - before), 1.0) if after > before else 1.0
        values.append(low + share * (high - low))
    most = max(values)
    if most < _FEWEST:
        return ""
    return "".join(_SIGNS[max(round(value / most * len(_SIGNS)) - 1, 0)] for value in values)


def time_in_words(trend: Trend) -> str:
    """How long a paper gathered its upvotes until they were last counted; empty for no time."""
    gone = trend.counts[-1].observed - trend.began
    if gone < _SHORTEST:
        return ""
    hours = round(gone / _HOUR)
    if hours < _HOURS_SHOWN:
        return f"in {'an hour' if hours == 1 else f'{number_word(hours)} hours'}"
    days = max(round(gone / _DAY), 1)
    return f"in {'a day' if days == 1 else f'{number_word(days)} days'}"


def expected_in_words(trend: Trend) -> str:
    """What the next three days may bring."""
    more = round(trend.expected)
    if more < 1:
        return "hardly any more upvotes expected"
    return f"about {number_word(more)} more upvote{'' if more == 1 else 's'} expected in three days"
