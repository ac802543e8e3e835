"""The ranker by an encoder: how near papers are to liked ones and to keywords.

    score = score_of(fit) + 0.6 · authors + 0.1 · categories        fit = g (p·x - centre)

p is a profile's bearing (digest.ranking.directions), x a candidate's place; exact matches and
exclusions count as for terms. A part of a score is a liked paper's, or that of all keywords
together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from digest.model import Paper, Reason, ReasonKind
from digest.ranking import Explanation, Mask, Profile, Scores, portions
from digest.ranking.bearing import Bearings, Said, bearings_of, keywords_read
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

MEANING = 2  # counts up whenever what stored bearings say of papers changes
_MOST_EXAMPLES = 3000
_LIGHT = 3  # what a profile without examples takes, counted in examples
_MOST_EXPLAINED = 8  # profiles whose picks are explained in turn
_MOST_AT_HAND = 24_000  # examples of theirs
_LEAST = 0.05

Titles = Callable[[Sequence[int]], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class _Made:
    """The wishes of profiles, one or one a facet each, and what they are made of.

    `numbers` are the papers of the first places; those after them are of `titles`, liked papers
    that the store does not have. Those profiles are `whole` of whose papers none is without a
    vector.
    """

    said: Sequence[Said]
    wishes: Sequence[Sequence[Wish]]
    numbers: Sequence[int]
    titles: Sequence[str]
    places: Floats
    whole: Sequence[bool]

    def directions(self, calm: Floats) -> Directions:
        """Of all wishes."""
        return Directions.of([wish for own in self.wishes for wish in own], self.places, calm)


@dataclass(frozen=True, slots=True, eq=False)
class _Explained:
    """A profile that was explained, with what that needs."""

    profile: Profile
    made: _Made
    directions: Directions
    bearings: Bearings
    titles: Mapping[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class Fresh:
    """The bearings of a profile, and what they give papers of the past, dislikes left out.

    They are `whole` where the encoder failed at none of its texts.
    """

    bearings: Bearings
    past: Floats
    whole: bool

    @property
    def kept(self) -> bytes | None:
        """What is worth keeping; None where the encoder may read more the next time."""
        return self.bearings.to_bytes() if self.whole else None


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
        self._explained: list[_Explained] = []  # the last one last

    def prepare(self, profiles: Sequence[Profile]) -> list[Profile]:
        """The same profiles with their bearings as bytes; what is kept already stays.

        Nothing is kept of one with a text at which the encoder fails: it is made anew where it is
        needed, until it can be read.
        """
        return [profile for profile, _ in self.prepared(profiles)]

    def prepared(self, profiles: Sequence[Profile]) -> list[tuple[Profile, Bearings]]:
        """Profiles with their bearings, as bytes and ready for use."""
        known = [self._kept(profile) for profile in profiles]
        new = [p for p, bearings in zip(profiles, known, strict=True) if bearings is None]
        made = iter(self._make(new))
        found = []
        for profile, bearings in zip(profiles, known, strict=True):
            if bearings is not None:
                found.append((profile, bearings))
            else:
                fresh = next(made)
                found.append((profile.keeping(fresh.kept), fresh.bearings))
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

    def past_fits(self, profiles: Sequence[Profile]) -> tuple[Sequence[int], list[Fresh]]:
        """What profiles give papers of the past: the papers' numbers, and each profile's fits."""
        place_of, _ = self._past_places()
        return list(place_of), self._make(profiles)

    def level(self, profile: Profile, share: float) -> float:
        """The score that this share of the papers of the past reached."""
        bearings = self._kept(profile) or self._for_explaining(profile).bearings
        return bearings.reached_by(share)

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
        found[None] = gain * float(known.directions.asking[which] * (made.said[0].words @ place))
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

    def _make(self, profiles: Sequence[Profile]) -> list[Fresh]:
        """Bearings of profiles, and what they give papers of the past."""
        sizes = [len(profile.examples) + _LIGHT for profile in profiles]
        parts = portions(profiles, sizes, _MOST_EXAMPLES)
        return [one for part in parts for one in self._make_part(part)]

    def _make_part(self, profiles: Sequence[Profile]) -> Iterator[Fresh]:
        """The same of profiles whose examples are read together."""
        place_of, past = self._past_places()
        said, good = self._said(profiles)
        made = self._made(profiles, said)
        directions = made.directions(self._vectors.background().calm)
        raw = np.asarray(directions.wanted @ past.T, np.float32)
        counts = [len(own) for own in made.wishes]
        ends = np.cumsum([0, *counts]).tolist()
        for profile, (start, end) in zip(profiles, pairwise(ends), strict=True):
            own = liked_among(profile, place_of)
            for row in range(start, end):
                raw[row] = with_stand_ins(raw[row], own)
        every = bearings_of(said, counts, directions, raw)
        whole = [fine and all_read for fine, all_read in zip(good, made.whole, strict=True)]
        return map(Fresh, every, best_of(every, raw), whole)

    def _said(self, profiles: Sequence[Profile]) -> tuple[list[Said], list[bool]]:
        """Where the words of profiles lie, and whose words could all be read."""
        asked = [keywords_read(profile.interest) for profile in profiles]
        every = [
            [*(keyword.text for keyword in own), *titles_of(profile)]
            for profile, own in zip(profiles, asked, strict=True)
        ]
        row_of = {text: row for row, text in enumerate(dict.fromkeys(chain.from_iterable(every)))}
        vectors = self._vectors.read(list(row_of))
        read = self._vectors.background().places(vectors)
        known: Mask = np.asarray(vectors.any(axis=1), np.bool_)
        said, good = [], []
        for own, texts in zip(asked, every, strict=True):
            rows = [row_of[text] for text in texts]
            places = read[rows]
            weights = np.array([keyword.weight for keyword in own], np.float32)
            total = weights @ places[: len(own)]
            words = np.asarray(total / max(float(weights.sum()), 1e-9), np.float32)
            said.append(Said(words, places[len(own) :]))
            good.append(bool(known[rows].all()))
        return said, good

    def _made(self, profiles: Sequence[Profile], said: Sequence[Said]) -> _Made:
        """The wishes of profiles of whose words it is known where they lie."""
        numbers = list(dict.fromkeys(e.number for p in profiles for e in p.examples))
        own_titles = [
            one
            for profile, own in zip(profiles, said, strict=True)
            for one in zip(titles_of(profile), own.titles, strict=True)
        ]
        vectors, titled = self._vectors.of(numbers), dict(own_titles)
        known = self._vectors.background().places(vectors)
        places = np.concatenate([known, *(place[None] for place in titled.values())])
        row_of = {number: row for row, number in enumerate(numbers)}
        title_of = {title: row for row, title in enumerate(titled, len(numbers))}
        read: Mask = np.asarray(vectors.any(axis=1), np.bool_)
        wishes, whole = [], []
        for profile, own in zip(profiles, said, strict=True):
            examples = [Example(row_of[e.number], e.weight) for e in profile.examples]
            whole.append(bool(read[[one.row for one in examples]].all()))
            examples += [Example(title_of[title], 1.0) for title in profile.titles]
            wishes.append(wishes_of(examples, places, own.words))
        return _Made(said, wishes, numbers, list(titled), places, whole)

    def _past_places(self) -> tuple[Mapping[int, int], Floats]:
        if self._past is None:
            numbers, vectors = self._vectors.past()
            places = self._vectors.background().places(vectors)
            self._past = {number: place for place, number in enumerate(numbers)}, places
        return self._past

    def _for_explaining(self, profile: Profile) -> _Explained:
        """What explaining a profile needs, kept from one candidate to the next.

        Picks are explained in the order of their scores, so the profiles of a reader take turns.
        """
        every = self._explained
        at = next((at for at, one in enumerate(every) if one.profile == profile), None)
        every.append(self._explaining(profile) if at is None else every.pop(at))
        while len(every) > 1 and (
            len(every) > _MOST_EXPLAINED
            or sum(len(one.made.places) for one in every) > _MOST_AT_HAND
        ):
            del every[0]
        return every[-1]

    def _explaining(self, profile: Profile) -> _Explained:
        bearings = self.prepared([profile])[0][1]
        made = self._made([profile], [bearings.said])
        directions = made.directions(self._vectors.background().calm)
        titles = self._titles(made.numbers) if made.numbers else {}
        return _Explained(profile, made, directions, bearings, titles)

    def _kept(self, profile: Profile) -> Bearings | None:
        """What was kept of a profile; None where that cannot be used."""
        if profile.kept is None:
            return None
        try:
            found = Bearings.from_bytes(profile.kept)
        except ValueError:
            return None
        fits = found.said.titles.shape == (len(titles_of(profile)), self._places.shape[1])
        return found if fits else None


def titles_of(profile: Profile) -> list[str]:
    """The titles of liked papers that the store does not have, each once."""
    return list(dict.fromkeys(profile.titles))


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
