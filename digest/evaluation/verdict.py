"""What can be told from a replay, and what cannot, in words.

The rule: fewer than ten dates with a liked paper tell nothing. From ten on a change is better or
worse where the interval of its paired differences of nDCG@10 does not hold zero, and chance alone
makes such a difference in fewer than one of twenty cases. The interval alone would say so of one in
ten changes that do nothing, where dates are few or few of them differ.
"""

from collections.abc import Iterator

from digest.evaluation.measures import RARE, Mean, dates_needed
from digest.evaluation.nouns import LEAST_DATES, Evaluation, Shown, Verdict
from digest.letters.words import counted

_MOST_NEEDED = 1000  # dates: more would take years
_SELDOM = 0.01


def verdict_of(found: Evaluation) -> Verdict:
    """What can be told."""
    if len(found.replayed) < LEAST_DATES:
        return Verdict.TOO_FEW
    if found.change is None:
        return Verdict.ALONE
    if all(before.papers == after.papers for before, after in _pairs(found)):
        return Verdict.SAME
    difference, chance = _difference(found), found.chance
    if not difference.apart or chance is None or chance >= RARE:
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
                f"{dates}; it takes {LEAST_DATES} dates. Vote more, or ask about more --days."
            )
        case Verdict.ALONE:
            return "These are today's settings. --interest, --dial and --ranker try others."
        case Verdict.SAME:
            return f"The change makes no difference: the editions of all {dates} are the same."
        case Verdict.OPEN:
            return f"The two cannot be told apart: {_why(found)}. {_more(found)}"
        case verdict:
            return (
                f"The change would have been {verdict.value}: nDCG@10 "
                f"{'higher' if verdict is Verdict.BETTER else 'lower'} by "
                f"{abs(_difference(found).value):.3f}, which chance alone makes in "
                f"{_cases(found)} cases."
            )


def _why(found: Evaluation) -> str:
    if not found.chance or found.chance < RARE:
        return "the interval of the difference holds zero"
    if not any(found.differences):
        return "both have what you liked in the same places"
    return f"chance alone makes such a difference in {_cases(found)} cases"


def _cases(found: Evaluation) -> str:
    chance = found.chance or 0.0
    if chance < _SELDOM:
        return f"fewer than 1 of {1 / _SELDOM:,.0f}"
    return f"{100 * chance:.0f} of 100"


def _more(found: Evaluation) -> str:
    dates = needed(found)
    if dates is None:
        return "Too few dates differ to say how many it would take."
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
