"""What can be told from a replay, and what cannot, in words.

The rule: fewer than ten dates with a liked paper tell nothing, since a bootstrap of so few gives
intervals that are too narrow. From ten on a change is better or worse where the interval of its
paired differences of nDCG@10 does not hold zero, and open where it does.
"""

from collections.abc import Iterator

from digest.evaluation.measures import Mean, dates_needed
from digest.evaluation.nouns import LEAST_DATES, Evaluation, Shown, Verdict
from digest.letters.words import counted

_MOST_NEEDED = 1000  # dates: more would take years


def verdict_of(found: Evaluation) -> Verdict:
    """What can be told."""
    if len(found.replayed) < LEAST_DATES:
        return Verdict.TOO_FEW
    if found.change is None:
        return Verdict.ALONE
    if all(before.papers == after.papers for before, after in _pairs(found)):
        return Verdict.SAME
    difference = _difference(found)
    if not difference.apart:
        return Verdict.OPEN
    return Verdict.BETTER if difference.value > 0 else Verdict.WORSE


def needed(found: Evaluation) -> int | None:
    """How many dates a difference of this size needs to show; None where that cannot be said."""
    return dates_needed(found.differences) if verdict_of(found) is Verdict.OPEN else None


def in_words(found: Evaluation) -> str:
    """The verdict as one or two sentences."""
    dates = counted(len(found.replayed), "date")
    match verdict_of(found):
        case Verdict.TOO_FEW:
            return (
                f"Too few votes to tell: {counted(found.liked, 'paper')} that you liked, on "
                f"{dates}; {LEAST_DATES} dates are the least. Vote more, or ask about more --days."
            )
        case Verdict.ALONE:
            return "These are today's settings. --interest, --dial and --ranker try others."
        case Verdict.SAME:
            return f"The change makes no difference: the editions of all {dates} are the same."
        case Verdict.OPEN:
            return "The two cannot be told apart: the interval of the difference holds zero. " + (
                _more(found)
            )
        case verdict:
            return (
                f"The change would have been {verdict.value}: nDCG@10 "
                f"{'higher' if verdict is Verdict.BETTER else 'lower'} by "
                f"{abs(_difference(found).value):.3f}, and the interval does not hold zero."
            )


def _more(found: Evaluation) -> str:
    dates = needed(found)
    if dates is None:
        return "Too few editions differ to say how many dates it would take."
    if dates > _MOST_NEEDED:
        return f"A difference this small would take more than {_MOST_NEEDED:,} such dates to show."
    return (
        f"A difference of this size would take about {dates} such dates to show; here are "
        f"{len(found.replayed)}."
    )


def _difference(found: Evaluation) -> Mean:
    difference = found.figures[0].difference
    if difference is None:
        raise ValueError("there is nothing to compare with")
    return difference


def _pairs(found: Evaluation) -> Iterator[tuple[Shown, Shown]]:
    return ((one.shown[0], one.shown[1]) for one in found.replayed)
