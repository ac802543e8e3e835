"""From the shares of terms to reasons that a reader understands."""

from collections.abc import Callable, Mapping, Sequence

from digest.model import Reason, ReasonKind

MOST_TERMS = 4
_LONGEST = 4  # words of a phrase


def in_words(
    shares: Mapping[int, float], spoken: Mapping[int, str], stands: Callable[[str], bool]
) -> list[Reason]:
    """The terms that speak for a paper, largest first, as the paper writes them.

    A pair of words takes in the shares of its words, and pairs that overlap become the phrase
    that stands there.

    Args:
        shares: what each column adds to the score.
        spoken: each column as the paper writes it.
        stands: whether a phrase stands in the paper.
    """
    named: dict[str, float] = {}
    for column, share in shares.items():
        if share > 0 and column in spoken:
            named.setdefault(spoken[column], share)
    reasons = _joined(_folded(named), stands)
    reasons.sort(key=lambda reason: (-reason.share, reason.label))
    return reasons


def complete(reasons: Sequence[Reason], score: float) -> tuple[Reason, ...]:
    """The reasons, and the rest that makes them add up to the score."""
    rest = score - sum(reason.share for reason in reasons)
    return (*reasons, Reason(ReasonKind.REST, "all else", rest))


def _folded(shares: Mapping[str, float]) -> list[Reason]:
    """Pairs first, each with the shares of its words that no other pair took."""
    left = dict(shares)
    pairs = sorted((term for term in shares if " " in term), key=lambda t: (-shares[t], t))
    reasons: list[Reason] = []
    for pair in pairs:
        share = left.pop(pair) + sum(left.pop(word, 0.0) for word in pair.split())
        reasons.append(Reason(ReasonKind.TERM, pair, share))
    return reasons + [Reason(ReasonKind.TERM, word, share) for word, share in left.items()]


def _joined(reasons: Sequence[Reason], stands: Callable[[str], bool]) -> list[Reason]:
    """Pairs that overlap, `graph neural` and `neural networks`, as the phrase that stands there."""
    left = list(reasons)
    joined: list[Reason] = []
    while left:
        reason = left.pop(0)
        for other in [r for r in left if " " in r.label]:
            phrase = _overlapped(reason.label.split(), other.label.split())
            if phrase and stands(phrase):
                left.remove(other)
                reason = Reason(reason.kind, phrase, reason.share + other.share)
        joined.append(reason)
    return joined


def _overlapped(first: list[str], second: list[str]) -> str | None:
    if len(first) + len(second) - 1 > _LONGEST:
        return None
    if len(first) > 1 and first[-1] == second[0]:
        return " ".join(first + second[1:])
    if len(first) > 1 and second[-1] == first[0]:
        return " ".join(second + first[1:])
    return None
