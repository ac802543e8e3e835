"""The ranker by an encoder: how near papers are to liked ones and to keywords.

    score = score_of(fit) + 0.6 · authors + 0.1 · categories        fit = g (p·x - centre)

p is a profile's bearing (digest.ranking.directions), x a candidate's place; exact matches and
exclusions count as for terms. A part of a score is a liked paper's, or that of all keywords
together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from digest.model import Paper, Reason, ReasonKind
from digest.ranking import Explanation, Profile, Scores, portions
from digest.ranking.bearing import Bearings, bearings_of, keywords_read
from digest.ranking.directions import Directions, Example, Wish, wishes_of
from digest.ranking.exact import Exact
from digest.ranking.matching import Matcher
from digest.ranking.reasons import MOST_TERMS, complete
from digest.ranking.scale import with_stand_ins
from digest.ranking.taste import score_of
from digest.ranking.tfidf import TfidfRanker
from digest.ranking.vectors import Vectors
from digest.ranking.weights import Floats
from digest.ranking.worded import Worded

MEANING = 1  # counts up whenever what stored bearings say of papers changes
_MOST_EXAMPLES = 3000
_LIGHT = 3  # what a profile without examples takes, counted in examples
_LEAST = 0.05

Titles = Callable[[Sequence[int]], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class _Made:
    """The wishes of profiles, one or one a facet each, and what they are made of.

    `numbers` are the papers of the first places; those after them are of `titles`, liked papers
    that the store does not have.
    """

    words: Sequence[Floats]
    wishes: Sequence[Sequence[Wish]]
    numbers: Sequence[int]
    titles: Sequence[str]
    places: Floats

    def directions(self, calm: Floats) -> Directions:
        """Of all wishes."""
        return Directions.of([wish for own in self.wishes for wish in own], self.places, calm)


@dataclass(frozen=True, slots=True)
class _Explained:
    """The profile that was explained last, with what that needs."""

    profile: Profile
    made: _Made
    directions: Directions
    bearings: Bearings
    titles: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class PastFits:
    """What is kept of a profile, and what it gives papers of the past, dislikes left out."""

    kept: bytes
    past: Floats


class NearRanker(Worded):
    """Ranks the candidates of one date; see the module for the formula."""

    def __init__(
        self,
        vectors: Vectors,
        candidates: Sequence[Paper],
        rows: Floats,
        terms: TfidfRanker,
        titles: Titles,
    ) -> None:
        """Place the candidates.

        Args:
            vectors: of papers and texts.
            candidates: the papers to score.
            rows: their vectors, in the same order.
            terms: ranks the same candidates by terms; says which texts are the same.
            titles: of papers, by number.
        """
        self._vectors = vectors
        self._titles = titles
        super().__init__(terms)
        self._exact = Exact(Matcher(candidates))
        self._places = vectors.background().places(rows)
        self._past: tuple[Mapping[int, int], Floats] | None = None
        self._explained: _Explained | None = None

    def prepare(self, profiles: Sequence[Profile]) -> list[Profile]:
        """The same profiles with their bearings as bytes; what is kept already stays."""
        return [profile for profile, _ in self.prepared(profiles)]

    def prepared(self, profiles: Sequence[Profile]) -> list[tuple[Profile, Bearings]]:
        """Profiles with their bearings, as bytes and ready for use."""
        known = [self._kept(profile) for profile in profiles]
        new = [p for p, bearings in zip(profiles, known, strict=True) if bearings is None]
        made = iter([bearings for bearings, _ in self._make(new)])
        found = []
        for profile, bearings in zip(profiles, known, strict=True):
            if bearings is not None:
                found.append((profile, bearings))
            else:
                fresh = next(made)
                found.append((replace(profile, kept=fresh.to_bytes()), fresh))
        return found

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """Scores [profiles x candidates]; see the module."""
        scores = np.asarray(score_of(self.fits(profiles)), np.float32)
        self._exact.add(scores, profiles)
        return scores

    def fits(self, profiles: Sequence[Profile]) -> Scores:
        """Fits [profiles x candidates]: one product for all of them."""
        every = [bearings for _, bearings in self.prepared(profiles)]
        return fits_of(every, self._places)

    def past_fits(self, profiles: Sequence[Profile]) -> tuple[Sequence[int], list[PastFits]]:
        """What profiles give papers of the past: the papers' numbers, and each profile's fits."""
        place_of, _ = self._past_places()
        made = self._make(profiles)
        return list(place_of), [PastFits(its.to_bytes(), past) for its, past in made]

    def level(self, profile: Profile, share: float) -> float:
        """The score that this share of the papers of the past reached."""
        return self.prepared([profile])[0][1].reached_by(share)

    def explain(
        self, profile: Profile, candidate: int, most: int = MOST_TERMS, least: float = _LEAST
    ) -> Explanation:
        """Why a candidate has its score: liked papers that it is near to, keywords, the rest."""
        parts, fit = self.shares(profile, candidate)
        factor = float(score_of(fit)) / fit if fit > 0 else 1.0
        named = self.named(profile, {row: factor * share for row, share in parts.items()}, most)
        exact = self._exact.reasons(profile, candidate)
        score = float(score_of(fit)) + sum(reason.share for reason in exact)
        shown = [one for one in named if one.share >= least * named[0].share][:most]
        reasons = sorted([*shown, *exact], key=lambda r: (-r.share, r.label))
        return Explanation(complete(reasons, score))

    def shares(self, profile: Profile, candidate: int) -> tuple[dict[int | None, float], float]:
        """What each example, by its row, and all keywords (None) add to a fit; and the fit."""
        known = self._for_explaining(profile)
        made, place = known.made, self._places[candidate]
        which = known.bearings.best(place)
        bearing = known.bearings.every[which]
        calm = self._vectors.background().calm
        liked = known.directions.shares(which, place, made.places, calm)
        gain = bearing.scale.gain
        rows = np.flatnonzero(liked).tolist()
        found: dict[int | None, float] = {row: gain * float(liked[row]) for row in rows}
        found[None] = gain * float(known.directions.asking[which] * (made.words[0] @ place))
        return found, float(bearing.scale.fits(float(bearing.direction @ place)))

    def named(
        self, profile: Profile, shares: Mapping[int | None, float], most: int
    ) -> list[Reason]:
        """The shares above 0 in words, largest first; at most so many liked papers."""
        known = self._for_explaining(profile)
        made = known.made
        liked = sorted(
            ((row, share) for row, share in shares.items() if row is not None and share > 0),
            key=lambda one: (-one[1], one[0]),
        )[:most]
        stored = len(made.numbers)
        by_title: dict[str, float] = {}
        for row, share in liked:
            alone = row >= stored
            title = made.titles[row - stored] if alone else known.titles.get(made.numbers[row], "")
            if title:
                by_title[title] = by_title.get(title, 0.0) + share
        reasons = [Reason(ReasonKind.LIKED, title, share) for title, share in by_title.items()]
        asked = shares.get(None, 0.0)
        if asked > 0:
            words = ", ".join(keyword.text for keyword in keywords_read(profile.interest))
            reasons.append(Reason(ReasonKind.KEYWORDS, words, asked))
        return sorted(reasons, key=lambda reason: (-reason.share, reason.label))

    def _make(self, profiles: Sequence[Profile]) -> list[tuple[Bearings, Floats]]:
        """Bearings of profiles, and what they give papers of the past, dislikes left out."""
        sizes = [len(profile.examples) + _LIGHT for profile in profiles]
        parts = portions(profiles, sizes, _MOST_EXAMPLES)
        return [one for part in parts for one in self._make_part(part)]

    def _make_part(self, profiles: Sequence[Profile]) -> Iterator[tuple[Bearings, Floats]]:
        """The same of profiles whose examples are read together."""
        place_of, past = self._past_places()
        made = self._made(profiles, self._words(profiles))
        directions = made.directions(self._vectors.background().calm)
        raw = np.asarray(directions.wanted @ past.T, np.float32)
        counts = [len(own) for own in made.wishes]
        ends = np.cumsum([0, *counts]).tolist()
        for profile, (start, end) in zip(profiles, pairwise(ends), strict=True):
            own = liked_among(profile, place_of)
            for row in range(start, end):
                raw[row] = with_stand_ins(raw[row], own)
        every = bearings_of(made.words, counts, directions, raw)
        return zip(every, best_of(every, raw), strict=True)

    def _words(self, profiles: Sequence[Profile]) -> list[Floats]:
        """The mean places of the keywords of profiles, by weight."""
        said = [keywords_read(profile.interest) for profile in profiles]
        texts = list(dict.fromkeys(keyword.text for own in said for keyword in own))
        read = self._vectors.background().places(self._vectors.read(texts))
        row_of = {text: row for row, text in enumerate(texts)}
        words = []
        for own in said:
            weights = np.array([keyword.weight for keyword in own], np.float32)
            total = weights @ read[[row_of[keyword.text] for keyword in own]]
            words.append(np.asarray(total / max(float(weights.sum()), 1e-9), np.float32))
        return words

    def _made(self, profiles: Sequence[Profile], words: Sequence[Floats]) -> _Made:
        """The wishes of profiles whose keywords' places are known."""
        numbers = list(dict.fromkeys(e.number for p in profiles for e in p.examples))
        titles = list(dict.fromkeys(title for profile in profiles for title in profile.titles))
        vectors = np.concatenate([self._vectors.of(numbers), self._vectors.read(titles)])
        places = self._vectors.background().places(vectors)
        row_of = {number: row for row, number in enumerate(numbers)}
        title_of = {title: row for row, title in enumerate(titles, len(numbers))}
        wishes = []
        for profile, own in zip(profiles, words, strict=True):
            examples = [Example(row_of[e.number], e.weight) for e in profile.examples]
            examples += [Example(title_of[title], 1.0) for title in profile.titles]
            wishes.append(wishes_of(examples, places, own))
        return _Made(words, wishes, numbers, titles, places)

    def _past_places(self) -> tuple[Mapping[int, int], Floats]:
        if self._past is None:
            numbers, vectors = self._vectors.past()
            places = self._vectors.background().places(vectors)
            self._past = {number: place for place, number in enumerate(numbers)}, places
        return self._past

    def _for_explaining(self, profile: Profile) -> _Explained:
        """What explaining a profile needs, kept from one candidate to the next."""
        known = self._explained
        if known is None or known.profile is not profile:
            bearings = self.prepared([profile])[0][1]
            made = self._made([profile], [bearings.words])
            directions = made.directions(self._vectors.background().calm)
            titles = self._titles(made.numbers) if made.numbers else {}
            known = self._explained = _Explained(profile, made, directions, bearings, titles)
        return known

    def _kept(self, profile: Profile) -> Bearings | None:
        """What was kept of a profile; None where that cannot be used."""
        if profile.kept is None:
            return None
        try:
            found = Bearings.from_bytes(profile.kept)
        except ValueError:
            return None
        return found if len(found.words) == self._places.shape[1] else None


def liked_among(profile: Profile, place_of: Mapping[int, int]) -> list[int]:
    """The places of liked papers among papers that have one."""
    liked = {example.number for example in profile.examples if example.weight > 0}
    return sorted(place_of[number] for number in liked if number in place_of)


def fits_of(every: Sequence[Bearings], places: Floats) -> Scores:
    """How well each place fits each profile's bearings, [profiles x texts], in one product."""
    if not every:
        return np.zeros((0, len(places)), np.float32)
    raw = np.stack([bearing.direction for one in every for bearing in one.every]) @ places.T
    return best_of(every, raw)


def best_of(every: Sequence[Bearings], raw: Floats) -> Scores:
    """The fits of products [bearings x texts], of each profile's bearings the best one."""
    bearings = [bearing for one in every for bearing in one.every]
    centres = np.array([bearing.scale.centre for bearing in bearings], np.float32)
    gains = np.array([bearing.scale.gain for bearing in bearings], np.float32)
    fits = gains[:, None] * (raw - centres[:, None])
    counts = np.array([len(one.every) for one in every])
    if counts.max() > 1:
        fits = np.maximum.reduceat(fits, np.cumsum(counts) - counts, axis=0)
    return np.asarray(fits, np.float32)
