"""The blend: what terms say of a paper and what an encoder says, in one score.

    score = score_of(fit) + 0.6 · authors + 0.1 · categories
    fit   = g ( (1 - w) T / σT + w E / σE - centre )

T and E are the fits of both rankers, σT and σE their spread over papers of the past, on which the
sum is scaled anew. Every part of T and E is known, so parts of both kinds stand side by side.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from digest.model import Paper, Reason, ReasonKind
from digest.ranking import Explanation, Profile, Scores
from digest.ranking.exact import Exact, exact_shares
from digest.ranking.making import Wish, phrases_of
from digest.ranking.matching import Matcher
from digest.ranking.model import Model
from digest.ranking.nearness import NearRanker, liked_among
from digest.ranking.reasons import MOST_TERMS, complete
from digest.ranking.scale import BYTES, Scale, with_stand_ins
from digest.ranking.scoring import fits
from digest.ranking.sheet import Sheet
from digest.ranking.taste import TYPICAL, Palate, score_of
from digest.ranking.tfidf import TfidfRanker
from digest.ranking.worded import Worded

if TYPE_CHECKING:
    from digest.ranking.pages import Pages

MEANING = 2  # counts up whenever what is kept of a profile says something else of papers
WEIGHT = 0.5  # of the encoder
_AGREED = 0.7  # of what a paper gets that is good for both: what a good one gets at least
_USUAL, _PRIOR = 0.3, 100  # the spread of fits before papers are seen, and what that is worth
_LEAST = 0.05
_HEAD = struct.Struct("<II2f")


@dataclass(frozen=True, slots=True)
class Mix:
    """What is kept of a profile: what both rankers keep, the shares of their fits, the scale.

    `near` is empty, and the mix not to be kept, where the encoder could not read all of a profile.
    """

    terms: bytes
    near: bytes
    of_terms: float
    of_near: float
    scale: Scale

    def fits(self, by_terms: Any, by_nearness: Any) -> Any:  # noqa: ANN401 - numbers or arrays
        """Fits from those of both rankers."""
        return self.scale.fits(self.of_terms * by_terms + self.of_near * by_nearness)

    def to_bytes(self) -> bytes:
        """For the store."""
        head = _HEAD.pack(len(self.terms), len(self.near), self.of_terms, self.of_near)
        return head + self.scale.to_bytes() + self.terms + self.near

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Mix":
        """From the store.

        Raises:
            ValueError: where the bytes are no mix.
        """
        start = _HEAD.size + BYTES
        if len(raw) < start:
            raise ValueError("too short for a mix")
        terms, near, of_terms, of_near = _HEAD.unpack_from(raw)
        if len(raw) != start + terms + near:
            raise ValueError("cut short")
        scale = Scale.from_bytes(raw[_HEAD.size : start])
        return cls(raw[start : start + terms], raw[start + terms :], of_terms, of_near, scale)


@dataclass(frozen=True, slots=True)
class _Shard:
    """The profiles that were scored last, as each ranker takes them."""

    profiles: Sequence[Profile]  # held, so that their identities stay theirs
    places: Mapping[int, int]
    mixes: Sequence[Mix]
    terms: Sequence[Profile]
    near: Sequence[Profile]

    @classmethod
    def of(cls, profiles: Sequence[Profile], mixes: Sequence[Mix]) -> "_Shard":
        both = list(zip(profiles, mixes, strict=True))
        return cls(
            profiles,
            {id(profile): place for place, profile in enumerate(profiles)},
            mixes,
            [replace(profile, kept=mix.terms) for profile, mix in both],
            [replace(profile, kept=mix.near) for profile, mix in both],
        )


class BlendRanker(Worded):
    """Ranks the candidates of one date; see the module for the formula."""

    def __init__(
        self,
        terms: TfidfRanker,
        near: NearRanker,
        candidates: Sequence[Paper],
        model: Model,
        library: Callable[[Sequence[int]], Sheet],
    ) -> None:
        """Put two rankers of the same candidates together.

        Args:
            terms: ranks by terms.
            near: ranks by an encoder.
            candidates: the papers to score.
            model: what is known of papers in general.
            library: what was counted of papers, by number.
        """
        super().__init__(terms)
        self._near = near
        self._model = model
        self._library = library
        self._exact = Exact(Matcher(candidates))
        self._past: Pages | None = None
        self._shard = _Shard.of((), ())

    def prepare(self, profiles: Sequence[Profile]) -> list[Profile]:
        """The same profiles, each with what is worth keeping; what is kept already stays.

        Nothing is kept of one that the encoder could not read; see NearRanker.
        """
        mixes = self._mixes(profiles)
        return [
            profile.keeping(mix.to_bytes() if mix.near else None)
            if _kept(profile) is None
            else profile
            for profile, mix in zip(profiles, mixes, strict=True)
        ]

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """Scores [profiles x candidates]; see the module."""
        shard = self._shard = _Shard.of(profiles, self._mixes(profiles))
        by_terms = self._term_fits(shard.terms)
        by_nearness = self._near.fits(shard.near)
        found = np.empty_like(by_terms)
        for row, mix in enumerate(shard.mixes):
            found[row] = mix.fits(by_terms[row], by_nearness[row])
        scores = np.asarray(score_of(found), np.float32)
        self._exact.add(scores, profiles)
        return scores

    def level(self, profile: Profile, share: float) -> float:
        """The score that this share of the papers of the past reached.

        Quick for the profiles that were scored last.
        """
        shard, place = self._seated(profile)
        return shard.mixes[place].scale.reached_by(share)

    def explain(
        self, profile: Profile, candidate: int, most: int = MOST_TERMS, least: float = _LEAST
    ) -> Explanation:
        """Why a candidate has its score: terms and liked papers side by side, and the rest.

        Quick for the profiles that were scored last.
        """
        shard, place = self._seated(profile)
        mix, exact = shard.mixes[place], self._exact.reasons(profile, candidate)
        why = self._terms.explain(shard.terms[place], candidate, most, 0.0)
        said = sum(reason.share for reason in why.reasons) - sum(one.share for one in exact)
        by_terms = float(_fit_of(said))
        parts, by_nearness = self._near.shares(shard.near[place], candidate)
        fit = float(mix.fits(by_terms, by_nearness))
        shrunk = float(score_of(fit)) / fit if fit > 0 else 1.0
        gain = mix.scale.gain * shrunk
        of_term = gain * mix.of_terms * (by_terms / said if said > 0 else 1.0)
        terms = [
            replace(reason, share=of_term * reason.share)
            for reason in why.reasons
            if reason.kind is ReasonKind.TERM
        ]
        scaled = {row: gain * mix.of_near * share for row, share in parts.items()}
        liked = self._near.named(shard.near[place], scaled, most)
        named = sorted([*terms, *liked], key=_largest_first)
        shown = [one for one in named if one.share >= least * named[0].share][:most]
        score = float(score_of(fit)) + sum(reason.share for reason in exact)
        reasons = complete(sorted([*shown, *exact], key=_largest_first), score)
        return Explanation(reasons, why.sentence)

    def _seated(self, profile: Profile) -> tuple[_Shard, int]:
        """The shard that has a profile, one of its own if it was not scored last; its place."""
        if id(profile) not in self._shard.places:
            self._shard = _Shard.of([profile], self._mixes([profile]))
        return self._shard, self._shard.places[id(profile)]

    def _term_fits(self, profiles: Sequence[Profile]) -> Scores:
        """The fits by terms, read from the scores."""
        scores = self._terms.score(profiles)
        for row, profile in zip(scores, profiles, strict=True):
            for keyword, share in exact_shares(profile):
                row[self._exact.matcher.matches(keyword)] -= share
        return np.asarray(_fit_of(scores), np.float32)

    def _mixes(self, profiles: Sequence[Profile]) -> list[Mix]:
        known = [_kept(profile) for profile in profiles]
        new = [p for p, mix in zip(profiles, known, strict=True) if mix is None]
        made = iter(self._made(new) if new else ())
        return [next(made) if mix is None else mix for mix in known]

    def _made(self, profiles: Sequence[Profile]) -> list[Mix]:
        """The mixes of these profiles, scaled by papers of the past."""
        numbers, near = self._near.past_fits(profiles)
        bare = [replace(profile, kept=None) for profile in profiles]
        terms = self._terms.prepare(bare)
        by_terms = self._past_fits(self._wanted(bare, terms), numbers)
        by_nearness = np.stack([its.past for its in near])
        place_of = {number: place for place, number in enumerate(numbers)}
        for row, profile in enumerate(profiles):
            by_terms[row] = with_stand_ins(by_terms[row], liked_among(profile, place_of))
        of_terms = (1 - WEIGHT) / _spreads(by_terms)
        of_near = WEIGHT / _spreads(by_nearness)
        raw = of_terms[:, None] * by_terms + of_near[:, None] * by_nearness
        agreed = TYPICAL * (of_terms + of_near)
        scales = Scale.of_all(np.asarray(raw, np.float32), _AGREED * agreed, agreed)
        shares = zip(of_terms.tolist(), of_near.tolist(), scales, strict=True)
        return [
            Mix(profile.kept or b"", its.kept or b"", *share)
            for profile, its, share in zip(terms, near, shares, strict=True)
        ]

    def _wanted(self, bare: Sequence[Profile], terms: Sequence[Profile]) -> list[Profile]:
        """Profiles as the ranker by terms keeps them, made without dislikes where there are any.

        Scales are of what is wanted: a vote against a subject is not made up for by another one.
        """
        lists = [tuple(e for e in profile.examples if e.weight > 0) for profile in bare]
        fewer = [len(its) < len(one.examples) for one, its in zip(bare, lists, strict=True)]
        liking = [replace(one, examples=its) for one, its in zip(bare, lists, strict=True)]
        made = iter(self._terms.prepare([p for p, has in zip(liking, fewer, strict=True) if has]))
        return [next(made) if has else kept for kept, has in zip(terms, fewer, strict=True)]

    def _past_fits(self, profiles: Sequence[Profile], numbers: Sequence[int]) -> Scores:
        """What terms give the papers of the past, as far as words tell it."""
        if self._past is None:
            self._past = self._model.pages(self._library(numbers))
        phrases = phrases_of(self._model, [Wish(profile.interest) for profile in profiles])
        palates = [Palate.from_bytes(profile.kept or b"") for profile in profiles]
        return fits(palates, phrases, self._past)


def _spreads(its: Scores) -> NDArray[np.float64]:
    """The standard deviations of rows of fits, and what was expected of them."""
    number = its.shape[1]
    seen = its.var(axis=1, dtype=np.float64) if number else np.zeros(len(its))
    return np.asarray(np.sqrt((number * seen + _PRIOR * _USUAL**2) / (number + _PRIOR)), np.float64)


def _fit_of(scores: Any) -> Any:  # noqa: ANN401 - a number or an array
    """The fits that scores were made of; see score_of."""
    above = np.minimum(np.maximum(scores, TYPICAL), 1 - 1e-6)
    return np.where(scores <= TYPICAL, scores, TYPICAL * (1 - TYPICAL) / (1 - above))


def _largest_first(reason: Reason) -> tuple[float, str]:
    return -reason.share, reason.label


def _kept(profile: Profile) -> Mix | None:
    """What was kept of a profile; None where that cannot be used."""
    if profile.kept is None:
        return None
    try:
        return Mix.from_bytes(profile.kept)
    except ValueError:
        return None
