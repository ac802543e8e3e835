"""The ranker by an encoder: how near papers are to liked ones and to keywords.

    score = score_of(fit) + 0.6 · authors + 0.1 · categories        fit = g (p·x - centre)

p is a profile's bearing (digest.ranking.bearing), x a candidate's place; exact matches and
exclusions count as for terms. A part of a score is a liked paper's, or that of all keywords
together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from digest.model import Paper, Reason, ReasonKind
from digest.ranking import Explanation, Profile, Scores, portions
from digest.ranking.bearing import Bearings, Example, Wish, bearings_of, keywords_read, wishes_of
from digest.ranking.exact import Exact
from digest.ranking.matching import Matcher
from digest.ranking.reasons import MOST_TERMS, complete
from digest.ranking.taste import score_of
from digest.ranking.tfidf import TfidfRanker
from digest.ranking.vectors import Vectors
from digest.ranking.weights import Floats

MEANING = 1  # counts up whenever what stored bearings say of papers changes
_MOST_EXAMPLES = 3000
_LIGHT = 3  # what a profile without examples takes, counted in examples
_LEAST = 0.05

Titles = Callable[[Sequence[int]], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class _Made:
    """A profile's wishes, and who its examples are."""

    wishes: Sequence[Wish]
    numbers: Sequence[int]  # of the first rows
    titles: Sequence[str]  # of the others, which the store does not have


@dataclass(frozen=True, slots=True)
class PastFits:
    """What is kept of a profile, and what it gives to papers of the past."""

    kept: bytes
    past: Floats


class NearRanker:
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
        self._terms = terms
        self._exact = Exact(Matcher(candidates))
        self._places = vectors.background().places(rows)
        self._past: tuple[Mapping[int, int], Floats] | None = None
        self._explained: tuple[Profile, _Made, Bearings] | None = None

    def prepare(self, profiles: Sequence[Profile]) -> list[Profile]:
        """The same profiles with their bearings as bytes; what is kept already stays."""
        return [profile for profile, _ in self.prepared(profiles)]

    def prepared(self, profiles: Sequence[Profile]) -> list[tuple[Profile, Bearings]]:
        """Profiles with their bearings, as bytes and ready for use."""
        known = [_kept(profile) for profile in profiles]
        new = [p for p, bearings in zip(profiles, known, strict=True) if bearings is None]
        sizes = [len(profile.examples) + _LIGHT for profile in new]
        made = iter([b for part in portions(new, sizes, _MOST_EXAMPLES) for b in self._make(part)])
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
        place_of, past = self._past_places()
        every = self.prepared([replace(profile, kept=None) for profile in profiles])
        fits = fits_of([bearings for _, bearings in every], past)
        kept = [profile.kept or b"" for profile, _ in every]
        return list(place_of), [PastFits(*one) for one in zip(kept, fits, strict=True)]

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
        made, bearings = self._for_explaining(profile)
        place = self._places[candidate]
        which = bearings.best(place)
        bearing = bearings.every[which]
        parts = made.wishes[which].parts()
        gain = bearing.scale.gain
        found = {part.row: gain * float(part.direction @ place) for part in parts}
        return found, float(bearing.scale.fits(float(bearing.direction @ place)))

    def named(
        self, profile: Profile, shares: Mapping[int | None, float], most: int
    ) -> list[Reason]:
        """The shares above 0 in words, largest first; at most so many liked papers."""
        made, _ = self._for_explaining(profile)
        liked = sorted(
            ((row, share) for row, share in shares.items() if row is not None and share > 0),
            key=lambda one: (-one[1], one[0]),
        )[:most]
        numbers = [n for row, _ in liked if (n := self._number(made, row)) is not None]
        titles = self._titles(numbers) if numbers else {}
        by_title: dict[str, float] = {}
        for row, share in liked:
            number = self._number(made, row)
            alone = made.titles[row - len(made.numbers)] if number is None else ""
            title = alone if number is None else titles.get(number, "")
            if title:
                by_title[title] = by_title.get(title, 0.0) + share
        reasons = [Reason(ReasonKind.LIKED, title, share) for title, share in by_title.items()]
        asked = shares.get(None, 0.0)
        if asked > 0:
            words = ", ".join(keyword.text for keyword in keywords_read(profile.interest))
            reasons.append(Reason(ReasonKind.KEYWORDS, words, asked))
        return sorted(reasons, key=lambda reason: (-reason.share, reason.label))

    def strongest(self, candidate: int, most: int) -> list[str]:
        """The words and pairs that say most of a candidate, whoever reads it, as it writes them."""
        return self._terms.strongest(candidate, most)

    def alike(self, candidates: Sequence[int]) -> Scores:
        """How alike candidates are, in terms: what repeats itself repeats words."""
        return self._terms.alike(candidates)

    def twins(self) -> dict[int, int]:
        """Candidates that say the same as an earlier one, in the same words, and that one."""
        return self._terms.twins()

    def same_as(self, numbers: Sequence[int]) -> dict[int, set[int]]:
        """Candidates that say the same as papers of the store, by the papers' numbers."""
        return self._terms.same_as(numbers)

    def _make(self, profiles: Sequence[Profile]) -> list[Bearings]:
        """The bearings of these profiles, whose examples are read together."""
        place_of, past = self._past_places()
        wanted = [
            (made.wishes, sorted({place_of[n] for n in made.numbers if n in place_of}))
            for made in self._made(profiles)
        ]
        return bearings_of(wanted, past)

    def _made(self, profiles: Sequence[Profile]) -> list[_Made]:
        """Profiles with their keywords read."""
        background = self._vectors.background()
        said = [keywords_read(profile.interest) for profile in profiles]
        texts = list(dict.fromkeys(keyword.text for own in said for keyword in own))
        read = background.places(self._vectors.read(texts))
        row_of = {text: row for row, text in enumerate(texts)}
        words = []
        for own in said:
            weights = np.array([keyword.weight for keyword in own], np.float32)
            total = weights @ read[[row_of[keyword.text] for keyword in own]]
            words.append(np.asarray(total / max(float(weights.sum()), 1e-9), np.float32))
        return self._made_with(profiles, words)

    def _made_with(self, profiles: Sequence[Profile], words: Sequence[Floats]) -> list[_Made]:
        """Profiles whose keywords' places are known."""
        background = self._vectors.background()
        numbers = list(dict.fromkeys(e.number for p in profiles for e in p.examples))
        rows = background.places(self._vectors.of(numbers))
        calmed = rows @ background.calm
        row_of = {number: row for row, number in enumerate(numbers)}
        titles = list(dict.fromkeys(title for profile in profiles for title in profile.titles))
        read = background.places(self._vectors.read(titles))
        read_calmed = read @ background.calm
        title_of = {title: row for row, title in enumerate(titles)}
        found = []
        for profile, own in zip(profiles, words, strict=True):
            its = [row_of[example.number] for example in profile.examples]
            alone = [title_of[title] for title in profile.titles]
            weights = [*(example.weight for example in profile.examples), *(1.0 for _ in alone)]
            examples = [Example(row, weight) for row, weight in enumerate(weights)]
            places = np.concatenate([rows[its], read[alone]])
            calm = np.concatenate([calmed[its], read_calmed[alone]])
            wishes = wishes_of(examples, places, calm, own)
            numbers_of = [example.number for example in profile.examples]
            found.append(_Made(wishes, numbers_of, profile.titles))
        return found

    def _past_places(self) -> tuple[Mapping[int, int], Floats]:
        if self._past is None:
            numbers, vectors = self._vectors.past()
            places = self._vectors.background().places(vectors)
            self._past = {number: place for place, number in enumerate(numbers)}, places
        return self._past

    def _for_explaining(self, profile: Profile) -> tuple[_Made, Bearings]:
        """What explaining a profile needs, kept from one candidate to the next."""
        known = self._explained
        if known is None or known[0] is not profile:
            bearings = self.prepared([profile])[0][1]
            made = self._made_with([profile], [bearings.words])[0]
            known = self._explained = profile, made, bearings
        return known[1:]

    @staticmethod
    def _number(made: _Made, row: int) -> int | None:
        return made.numbers[row] if row < len(made.numbers) else None


def fits_of(every: Sequence[Bearings], places: Floats) -> Scores:
    """How well each place fits each profile's bearings, [profiles x texts], in one product."""
    if not every:
        return np.zeros((0, len(places)), np.float32)
    bearings = [bearing for one in every for bearing in one.every]
    raw = np.stack([bearing.direction for bearing in bearings]) @ places.T
    centres = np.array([bearing.scale.centre for bearing in bearings], np.float32)
    gains = np.array([bearing.scale.gain for bearing in bearings], np.float32)
    fits = gains[:, None] * (raw - centres[:, None])
    counts = np.array([len(one.every) for one in every])
    if counts.max() > 1:
        fits = np.maximum.reduceat(fits, np.cumsum(counts) - counts, axis=0)
    return np.asarray(fits, np.float32)


def _kept(profile: Profile) -> Bearings | None:
    """What was kept of a profile; None where that cannot be used."""
    if profile.kept is None:
        return None
    try:
        return Bearings.from_bytes(profile.kept)
    except ValueError:
        return None
