"""The ranker: centred TF-IDF and subjects, calibrated, with exact matches on top.

    score = score_of(fit) + 0.6 · authors + 0.1 · categories

fit is what a taste gives a paper (digest.ranking.pages, .taste). A category that is all an
interest asks for adds 0.6 as well; an excluded word, author or category makes the score -inf.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from digest.model import Paper
from digest.ranking import Explanation, Profile, Scores, portions
from digest.ranking.exact import Exact
from digest.ranking.making import Wish, make_palates, phrases_of
from digest.ranking.matching import Matcher
from digest.ranking.model import Model
from digest.ranking.phrases import Phrases
from digest.ranking.reasons import MOST_TERMS, complete, in_words
from digest.ranking.scoring import fits
from digest.ranking.sentences import Sentences, split
from digest.ranking.sheet import Sheet, joined
from digest.ranking.taste import Palate, Taste, score_of
from digest.ranking.weights import Floats

if TYPE_CHECKING:
    from digest.ranking.pages import Pages

TWIN = 0.7
NEAR = 0.5  # of two cosines, of terms and of subjects: less is no likeness to speak of
_MOST_COMPARED = 100
_MOST_EXAMPLES = 3000
_LIGHT = 3  # what a profile without examples takes, counted in examples
_PAIR = 2  # words
_LEAST = 0.05  # of the largest term: less is no reason
_LARGEST = 60  # shares among which a few reasons are looked for


@dataclass(frozen=True, slots=True)
class _Shard:
    """The profiles that were scored last, with what explaining them needs."""

    profiles: Sequence[Profile]  # held, so that their identities stay theirs
    places: Mapping[int, int]
    palates: Sequence[Palate]
    phrases: Phrases


class TfidfRanker:
    """Ranks the candidates of one date; see the module for the formula."""

    def __init__(
        self,
        model: Model,
        candidates: Sequence[Paper],
        sheet: Sheet,
        library: Callable[[Sequence[int]], Sheet],
    ) -> None:
        """Weigh the candidates.

        Args:
            model: what is known of papers in general.
            candidates: the papers to score.
            sheet: what was counted of them, in the same order.
            library: what was counted of other papers of the store, by number.
        """
        self._model = model
        self._papers = candidates
        self._library = library
        self._matcher = Matcher(candidates)
        self._exact = Exact(self._matcher)
        self._pages = model.pages(sheet)
        self._shard = _Shard((), {}, (), phrases_of(model, ()))
        self._liked: tuple[list[int], Pages] | None = None  # of the profile explained last
        self._spoken = lru_cache(maxsize=4096)(self._find_spoken)
        self._sentences = lru_cache(maxsize=4096)(self._find_sentences)

    def prepare(self, profiles: Sequence[Profile]) -> list[Profile]:
        """The same profiles with their tastes as bytes; what is kept already stays."""
        return [profile for profile, _ in self._prepared(profiles)]

    def _prepared(self, profiles: Sequence[Profile]) -> list[tuple[Profile, Palate]]:
        """Profiles with their tastes, as bytes and ready for use."""
        known = [_kept(profile) for profile in profiles]
        new = [p for p, palate in zip(profiles, known, strict=True) if palate is None]
        parts = portions(new, [len(profile.examples) + _LIGHT for profile in new], _MOST_EXAMPLES)
        made = iter([palate for part in parts for palate in self._palates(part)])
        found = []
        for profile, palate in zip(profiles, known, strict=True):
            if palate is not None:
                found.append((profile, palate))
            else:
                fresh = next(made)
                found.append((replace(profile, kept=fresh.to_bytes()), fresh))
        return found

    def _palates(self, profiles: Sequence[Profile]) -> list[Palate]:
        """The tastes of these profiles, whose examples are read together."""
        numbers = list(dict.fromkeys(e.number for profile in profiles for e in profile.examples))
        titles = list(dict.fromkeys(title for profile in profiles for title in profile.titles))
        place = {number: row for row, number in enumerate(numbers)}
        after = {title: row for row, title in enumerate(titles, len(numbers))}
        examples = joined([self._library(numbers), self._model.terms.count(titles)])
        wishes = [
            Wish(
                profile.interest,
                (
                    *((place[e.number], e.weight) for e in profile.examples),
                    *((after[title], 1.0) for title in profile.titles),
                ),
            )
            for profile in profiles
        ]
        return make_palates(self._model, wishes, examples, numbers)

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """Scores [profiles x candidates]; see the module."""
        shard = self._shard = self._ready(profiles)
        scores: Scores = np.asarray(
            score_of(fits(shard.palates, shard.phrases, self._pages, self._stands(shard.phrases))),
            np.float32,
        )
        self._exact.add(scores, profiles)
        return scores

    def level(self, profile: Profile, share: float) -> float:
        """The score that this share of the papers of the past reached."""
        return Palate.from_bytes(profile.kept or b"").reached_by(share)

    def explain(
        self, profile: Profile, candidate: int, most: int = MOST_TERMS, least: float = _LEAST
    ) -> Explanation:
        """Why a candidate has its score: at most so many terms, authors, categories, the rest.

        Quick for the profiles that were scored last.
        """
        if id(profile) not in self._shard.places:
            self._shard = self._ready([profile])
        columns, _ = self._pages.row(candidate)
        shares, base = self._shares(profile, candidate)
        fit = float(shares.sum(dtype=np.float64)) + base
        if fit > 0:
            shares = shares * np.float32(score_of(fit) / fit)
        largest = np.flatnonzero(shares > 0)
        if most <= MOST_TERMS and largest.size > _LARGEST:
            largest = largest[np.argpartition(-shares[largest], _LARGEST)[:_LARGEST]]
        terms = in_words(
            dict(zip(columns[largest].tolist(), shares[largest].tolist(), strict=True)),
            self._spoken(candidate),
            lambda phrase: self._matcher.holds(candidate, phrase),
        )
        exact = self._exact.reasons(profile, candidate)
        score = float(score_of(fit)) + sum(reason.share for reason in exact)
        shown = [term for term in terms[:most] if term.share >= least * terms[0].share]
        reasons = sorted([*shown, *exact], key=lambda r: (-r.share, r.label))
        return Explanation(
            complete(reasons, score),
            self._sentences(candidate).best(columns, shares, shown),
            self._nearest(profile, candidate),
        )

    def strongest(self, candidate: int, most: int) -> list[str]:
        """The words and pairs that say most of a candidate, whoever reads it, as it writes them."""
        columns, values = self._pages.row(candidate)
        weighed = dict(zip(columns.tolist(), values.tolist(), strict=True))
        terms = in_words(weighed, self._spoken(candidate), lambda _: False)
        short = (term.label for term in terms if len(term.label.split()) <= _PAIR)
        return list(islice((one for one in short if self._matcher.holds(candidate, one)), most))

    def alike(self, candidates: Sequence[int]) -> Scores:
        """Cosines of candidates: of their terms, and of their subjects, the mean of both."""
        lexical = self._pages.cosines(candidates)
        if not self._pages.u.shape[1]:
            return lexical
        subjects = self._pages.u[list(candidates)]
        return np.asarray((lexical + subjects @ subjects.T) / 2, np.float32)

    def twins(self) -> dict[int, int]:
        """Candidates that share most of their pairs of words with an earlier one, and that one."""
        found: dict[int, int] = {}
        for later, earlier in self._pages.same(TWIN):
            found.setdefault(later, found.get(earlier, earlier))
        return found

    def same_as(self, numbers: Sequence[int]) -> dict[int, set[int]]:
        """Candidates that say the same as papers of the store, by the papers' numbers."""
        found: dict[int, set[int]] = {}
        pages = self._model.pages(self._library(numbers))
        for place, candidate in self._pages.same_as(pages, TWIN):
            found.setdefault(numbers[place], set()).add(candidate)
        return found

    def _ready(self, profiles: Sequence[Profile]) -> _Shard:
        prepared = self._prepared(profiles)
        phrases = phrases_of(self._model, [Wish(profile.interest) for profile in profiles])
        return _Shard(
            profiles,
            {id(profile): place for place, profile in enumerate(profiles)},
            [palate for _, palate in prepared],
            phrases,
        )

    def _stands(self, phrases: Phrases) -> Callable[[int, int], bool]:
        return lambda phrase, candidate: self._matcher.has(candidate, phrases.texts[phrase])

    def _shares(self, profile: Profile, candidate: int) -> tuple[Floats, float]:
        """What each of the candidate's columns adds to the fit, and what is added in any case.

        Of several tastes the one that the candidate fits best.
        """
        shard = self._shard
        place = shard.places[id(profile)]
        wanted = shard.phrases.wanted(place, lambda text: self._matcher.has(candidate, text))
        every = [self._by_taste(taste, candidate, wanted) for taste in shard.palates[place].tastes]
        return max(every, key=lambda one: float(one[0].sum()) + one[1])

    def _by_taste(self, taste: Taste, candidate: int, wanted: Taste | None) -> tuple[Floats, float]:
        shares, base = self._pages.shares(taste, candidate)
        if wanted is not None:
            columns, values = self._pages.row(candidate)
            shares = shares + taste.gain * values * wanted.at(columns) / taste.lexical_scale
        return shares, base

    def _nearest(self, profile: Profile, candidate: int) -> int | None:
        """The liked paper that is most like a candidate, of the first hundred."""
        liked = [e.number for e in profile.examples if e.weight > 0][:_MOST_COMPARED]
        if not liked:
            return None
        if self._liked is None or self._liked[0] != liked:
            self._liked = liked, self._model.pages(self._library(liked))
        likeness = self._liked[1].nearness(*self._pages.row(candidate), self._pages.u[candidate])
        best = int(np.argmax(likeness))
        return liked[best] if likeness[best] >= NEAR else None

    def _find_spoken(self, candidate: int) -> dict[int, str]:
        return self._model.terms.spoken(self._papers[candidate].text)

    def _find_sentences(self, candidate: int) -> Sentences:
        texts = split(self._papers[candidate].abstract)
        return Sentences(texts, self._model.terms.count(texts))


def _kept(profile: Profile) -> Palate | None:
    """What was kept of a profile; None where that cannot be used."""
    if profile.kept is None:
        return None
    try:
        return Palate.from_bytes(profile.kept)
    except ValueError:
        return None
