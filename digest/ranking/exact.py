"""Exact matches on top of a fit, the same for every kind of ranker."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.model import Keyword, KeywordKind, Reason, ReasonKind
from digest.ranking import Profile, Scores
from digest.ranking.matching import Matcher

AUTHOR_SHARE = 0.6
CATEGORY_SHARE = 0.1
ALONE_SHARE = 0.6
_KINDS = {KeywordKind.AUTHOR: ReasonKind.AUTHOR, KeywordKind.CATEGORY: ReasonKind.CATEGORY}


@dataclass(frozen=True, slots=True)
class Exact:
    """Authors and categories add to scores, exclusions end them."""

    matcher: Matcher

    def add(self, scores: Scores, profiles: Sequence[Profile]) -> None:
        """To scores [profiles x candidates], in place."""
        for row, profile in zip(scores, profiles, strict=True):
            for keyword, share in exact_shares(profile):
                row[self.matcher.matches(keyword)] += share
            for keyword in profile.interest.excluded:
                row[self.matcher.matches(keyword)] = -np.inf

    def reasons(self, profile: Profile, candidate: int) -> list[Reason]:
        """What authors and categories added to the score of a candidate."""
        return [
            Reason(_KINDS[keyword.kind], keyword.text, share)
            for keyword, share in exact_shares(profile)
            if self.matcher.matches(keyword)[candidate]
        ]


def exact_shares(profile: Profile) -> list[tuple[Keyword, float]]:
    """The authors and categories of a profile, and what each adds."""
    interest = profile.interest
    keywords = [keyword for keyword in interest.keywords if keyword.kind in _KINDS]
    liked = interest.liked or interest.titles
    only = len(keywords) == len(interest.keywords) and not liked
    share = {
        KeywordKind.AUTHOR: AUTHOR_SHARE,
        KeywordKind.CATEGORY: ALONE_SHARE if only else CATEGORY_SHARE,
    }
    return [(keyword, share[keyword.kind] * keyword.weight) for keyword in keywords]
