"""Exact matches on top of a fit, the same for every kind of ranker."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.model import KeywordKind, Reason, ReasonKind
from digest.ranking import Profile, Scores
from digest.ranking.matching import Matcher
from digest.ranking.tfidf import exact_shares

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
