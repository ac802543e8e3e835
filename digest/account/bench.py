"""The bench: one paper beside the candidates of a date, with the ranker that knows all of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.desk import Desk
from digest.edit import Editor
from digest.model import StoredPaper, Trend
from digest.ranking import Profile, Ranker

_STEPS = 40
_COMMONEST, _RAREST = 0.5, 0.001  # the shares of the past that a taste remembers


@dataclass(frozen=True, slots=True)
class Bench:
    """See the module; the paper is the one `at` this place of the candidates."""

    ranker: Ranker
    candidates: Sequence[StoredPaper]
    at: int
    trends: Mapping[int, Trend]

    @classmethod
    def of(cls, editor: Editor, desk: Desk, paper: StoredPaper) -> "Bench":
        """The desk's own ranker, or one for its candidates and the paper."""
        ranker = editor.desks.ranker(desk)
        at = desk.place_of_row.get(paper.number)
        if at is not None:
            return cls(ranker, desk.candidates, at, desk.trends)
        candidates = [*desk.candidates, paper]
        return cls(
            editor.desks.catalogue.ranker(candidates),
            candidates,
            len(candidates) - 1,
            editor.desks.trends(candidates, desk.date),
        )


def share_of(ranker: Ranker, profile: Profile, level: float) -> float:
    """The share of the papers of the past that reach a level, as far as it is remembered."""
    if ranker.level(profile, _COMMONEST) >= level:
        return _COMMONEST
    few, many = math.log(_RAREST), math.log(_COMMONEST)
    for _ in range(_STEPS):
        middle = (few + many) / 2
        if ranker.level(profile, math.exp(middle)) >= level:
            few = middle
        else:
            many = middle
    return math.exp(few)
