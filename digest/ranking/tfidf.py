"""TF-IDF: a reader's interest and the papers as weighted terms, compared after centring.

The score of paper x for profile p is

    ((p - b·m) · x) / |p - b·m|  +  0.5 · authors  +  0.1 · categories

x: the paper's unit vector of stemmed words and pairs of words (sublinear tf, smooth idf).
p: the sum of the keywords' unit vectors by weight, brought to length one, plus the unit mean of
the liked papers.
m: the mean paper of the background; b = n / (n + 100) for n papers, so that a small store does
not judge papers by themselves. Centring takes away what is common to all papers: after it a score
tells how much more a paper speaks of the interest than papers do on average.

Terms are hashed to columns (no vocabulary is kept); reasons are found by hashing a paper's own
terms again, and are the addends of the score itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from digest.model import KeywordKind, Paper, Reason, ReasonKind
from digest.ranking import Profile, Scores, Vector
from digest.ranking.matching import Matcher
from digest.ranking.terms import spoken_terms, terms

COLUMNS = 2**21
AUTHOR_SHARE = 0.5
CATEGORY_SHARE = 0.1
MOST_REASONS = 4
_SHRINK = 100

_EXACT = {
    KeywordKind.AUTHOR: (ReasonKind.AUTHOR, AUTHOR_SHARE),
    KeywordKind.CATEGORY: (ReasonKind.CATEGORY, CATEGORY_SHARE),
}


@dataclass(frozen=True, slots=True)
class _Wishes:
    """Profiles as vectors: what always counts, and phrases that count where they stand.

    `plain` is [profiles x columns]; `phrases` [profiles x distinct phrases] holds their weights,
    `vectors` and `matches` are the phrases as [phrases x columns] and [phrases x candidates];
    `lengths` are of the whole centred profiles, 0 where there are no terms.
    """

    profiles: Sequence[Profile]  # held, so that their identities stay theirs
    places: Mapping[int, int]
    plain: Any
    phrases: Any
    vectors: Any
    matches: Any
    lengths: Vector


class TfidfRanker:
    """Ranks the candidates of one date; see the module for the formula."""

    def __init__(self, background: Sequence[Paper], candidates: Sequence[Paper]) -> None:
        """Weigh terms by the background (or the candidates, while there is none).

        Args:
            background: papers of the store; idf and mean come from them.
            candidates: the papers to score, at least one.
        """
        self._count = HashingVectorizer(
            n_features=COLUMNS,
            alternate_sign=False,
            norm=None,
            analyzer=terms,
            dtype=np.float32,
        )
        self._hash = FeatureHasher(COLUMNS, input_type="string", alternate_sign=False)
        counts = self._count.transform(paper.text for paper in background or candidates)
        self._weigh = TfidfTransformer(sublinear_tf=True).fit(counts)
        shrink = counts.shape[0] / (counts.shape[0] + _SHRINK)
        mean = np.asarray(self._weigh.transform(counts).mean(axis=0), dtype=np.float64).ravel()
        self._mean: Vector = mean * shrink
        self._mean_square = float(self._mean @ self._mean)
        self._papers = self._vectors([paper.text for paper in candidates])
        self._common = np.asarray(self._papers @ self._mean, dtype=np.float32)
        self._matcher = Matcher(candidates)
        self._shard = self._wishes(())
        self._spoken = lru_cache(maxsize=1024)(self._find_spoken)

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """Scores [profiles x candidates] in one sparse product; see the module."""
        if not profiles:
            return np.zeros((0, self._papers.shape[0]), dtype=np.float32)
        wishes = self._shard = self._wishes(profiles)
        scores: Scores = (wishes.plain @ self._papers.T).toarray().astype(np.float32)
        scores += (wishes.phrases @ wishes.matches).toarray()
        spoken = wishes.lengths > 0
        scores[spoken] -= self._common
        scores[spoken] /= wishes.lengths[spoken, None].astype(np.float32)
        for row, profile in zip(scores, profiles, strict=True):
            for keyword in profile.interest.keywords:
                if keyword.kind in _EXACT:
                    share = _EXACT[keyword.kind][1] * keyword.weight
                    row[self._matcher.matches(keyword)] += share
            for keyword in profile.interest.excluded:
                row[self._matcher.matches(keyword)] = -np.inf
        return scores

    def explain(self, profile: Profile, candidate: int) -> tuple[Reason, ...]:
        """The largest shares of a score: terms (pairs with their words), authors, categories.

        Quick for the profiles that were scored last.
        """
        reasons = self._terms(profile, candidate) + self._exact(profile, candidate)
        reasons.sort(key=lambda reason: (-reason.share, reason.label))
        return tuple(reasons[:MOST_REASONS])

    def account(self, profile: Profile, candidate: int) -> tuple[float, float]:
        """A score's two sides: what speaks for the paper, and what all papers have of it.

        The first less the second is the score, where the profile excludes nothing.
        """
        exact = sum(reason.share for reason in self._exact(profile, candidate))
        wanted, length = self._wanted(profile, candidate)
        if not length:
            return exact, 0.0
        speaks = float(wanted @ _row(self._papers, candidate)[1])
        return exact + speaks / length, float(self._common[candidate]) / length

    def _vectors(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - a sparse matrix
        """Unit vectors of texts, [texts x columns]."""
        if not texts:
            return sparse.csr_matrix((0, COLUMNS), dtype=np.float32)
        return self._weigh.transform(self._count.transform(texts)).tocsr()

    def _wishes(self, profiles: Sequence[Profile]) -> _Wishes:
        """The vectors of profiles: each distinct keyword and liked paper is read once."""
        words = self._weights(profiles, KeywordKind.WORDS)
        phrases = self._weights(profiles, KeywordKind.PHRASE)
        vectors = self._vectors(phrases.names)
        asked = words.matrix @ self._vectors(words.names)
        lengths = _lengths(asked + phrases.matrix @ vectors)
        scale = sparse.diags_array(_inverse(lengths))
        liked = _Weights.of(
            [
                [(paper.text, 1.0 / len(profile.liked)) for paper in profile.liked]
                for profile in profiles
            ]
        )
        like = liked.matrix @ self._vectors(liked.names)
        like = sparse.diags_array(_inverse(_lengths(like))) @ like
        plain, weights = (scale @ asked + like).tocsr(), (scale @ phrases.matrix).tocsr()
        whole = (plain + weights @ vectors).tocsr()
        squares = _lengths(whole) ** 2 - 2 * (whole @ self._mean) + self._mean_square
        centred = np.sqrt(np.maximum(squares, 1e-12))
        centred[np.diff(whole.indptr) == 0] = 0.0
        return _Wishes(
            profiles,
            {id(profile): place for place, profile in enumerate(profiles)},
            plain,
            weights,
            vectors,
            self._standing(phrases.names, vectors),
            centred,
        )

    def _weights(self, profiles: Sequence[Profile], kind: KeywordKind) -> "_Weights":
        return _Weights.of(
            [
                [(k.text, k.weight) for k in profile.interest.keywords if k.kind is kind]
                for profile in profiles
            ]
        )

    def _standing(self, phrases: Sequence[str], vectors: Any) -> Any:  # noqa: ANN401 - sparse
        """Products [phrases x candidates], kept where the candidate holds the phrase."""
        products = (vectors @ self._papers.T).tocoo()
        stands = np.array(
            [
                self._matcher.has(int(candidate), phrases[phrase])
                for phrase, candidate in zip(products.row, products.col, strict=True)
            ],
            dtype=np.bool_,
        )
        entries = (products.data[stands], (products.row[stands], products.col[stands]))
        return sparse.csr_matrix(entries, shape=products.shape, dtype=np.float32)

    def _wanted(self, profile: Profile, candidate: int) -> tuple[Vector, float]:
        """The profile at the candidate's own columns, phrases only where they stand; its length."""
        if id(profile) not in self._shard.places:
            self._shard = self._wishes([profile])
        shard = self._shard
        place = shard.places[id(profile)]
        columns, _ = _row(self._papers, candidate)
        wanted = _look_up(*_row(shard.plain, place), columns)
        for phrase, weight in zip(*_row(shard.phrases, place), strict=True):
            if shard.matches[phrase, candidate]:
                wanted += weight * _look_up(*_row(shard.vectors, phrase), columns)
        return wanted, float(shard.lengths[place])

    def _exact(self, profile: Profile, candidate: int) -> list[Reason]:
        """The authors and categories of a profile that a candidate meets."""
        return [
            Reason(_EXACT[keyword.kind][0], keyword.text, _EXACT[keyword.kind][1] * keyword.weight)
            for keyword in profile.interest.keywords
            if keyword.kind in _EXACT and self._matcher.matches(keyword)[candidate]
        ]

    def _terms(self, profile: Profile, candidate: int) -> list[Reason]:
        """The shares of the candidate's own terms; a pair of words takes its words' shares in."""
        wanted, length = self._wanted(profile, candidate)
        columns, weights = _row(self._papers, candidate)
        counted = np.flatnonzero(wanted > 0)
        if not length or not counted.size:
            return []
        shares = (wanted - self._mean[columns]) * weights / length
        spoken = self._spoken(candidate)
        found = {
            spoken[column][0]: (float(shares[n]), spoken[column][1])
            for n in counted
            if shares[n] > 0 and (column := int(columns[n])) in spoken
        }
        reasons = _folded(
            {term: share for term, (share, _) in found.items()},
            {term: written for term, (_, written) in found.items()},
        )
        return _joined(reasons, lambda phrase: self._matcher.holds(candidate, phrase))

    def _find_spoken(self, candidate: int) -> dict[int, tuple[str, str]]:
        """A candidate's terms by column, each with the way in which it is written there."""
        spoken = spoken_terms(self._matcher.papers[candidate].text)
        if not spoken:
            return {}
        columns = self._hash.transform([[term] for term in spoken]).indices
        found: dict[int, tuple[str, str]] = {}
        for column, (term, written) in zip(columns, spoken.items(), strict=True):
            found.setdefault(int(column), (term, written))
        return found


@dataclass(frozen=True, slots=True)
class _Weights:
    """Distinct texts, and how much each profile wants each: [profiles x texts]."""

    names: list[str]
    matrix: Any

    @classmethod
    def of(cls, wanted: Sequence[Sequence[tuple[str, float]]]) -> "_Weights":
        """From (text, weight) pairs of each profile."""
        names = list(dict.fromkeys(text for pairs in wanted for text, _ in pairs))
        column = {name: number for number, name in enumerate(names)}
        rows = [row for row, pairs in enumerate(wanted) for _ in pairs]
        columns = [column[text] for pairs in wanted for text, _ in pairs]
        weights = np.array([weight for pairs in wanted for _, weight in pairs], dtype=np.float32)
        shape = (len(wanted), len(names))
        return cls(names, sparse.csr_matrix((weights, (rows, columns)), shape=shape))


def _row(matrix: Any, place: int) -> tuple[Any, Any]:  # noqa: ANN401 - a sparse matrix, by rows
    """The columns and values of a row, without the copy that slicing makes."""
    mine = slice(matrix.indptr[place], matrix.indptr[place + 1])
    return matrix.indices[mine], matrix.data[mine]


def _look_up(indices: Any, data: Any, columns: Any) -> Vector:  # noqa: ANN401 - arrays of NumPy
    """A sparse row at some columns; zero where it has no entry."""
    found = np.zeros(len(columns), dtype=np.float64)
    if len(indices):
        order = np.argsort(indices, kind="stable")
        places = np.searchsorted(indices, columns, sorter=order).clip(max=len(indices) - 1)
        there = indices[order[places]] == columns
        found[there] = data[order[places[there]]]
    return found


def _folded(shares: Mapping[str, float], spoken: Mapping[str, str]) -> list[Reason]:
    """Terms as reasons: pairs first, each with the shares of its words that no other pair took."""
    left = dict(shares)
    reasons: list[Reason] = []
    pairs = sorted((term for term in shares if " " in term), key=lambda t: (-shares[t], t))
    for pair in pairs:
        share = left.pop(pair) + sum(left.pop(word, 0.0) for word in pair.split())
        reasons.append(Reason(ReasonKind.TERM, spoken[pair], share))
    reasons += [Reason(ReasonKind.TERM, spoken[word], share) for word, share in left.items()]
    return reasons


def _joined(reasons: Sequence[Reason], stands: Callable[[str], bool]) -> list[Reason]:
    """Pairs that overlap, `graph neural` and `neural networks`, as the phrase that stands there."""
    left = list(reasons)
    joined: list[Reason] = []
    while left:
        reason = left.pop(0)
        for other in [r for r in left if " " in r.label]:
            first, second = reason.label.split(), other.label.split()
            if first[-1] == second[0]:
                phrase = " ".join(first + second[1:])
            elif second[-1] == first[0]:
                phrase = " ".join(second + first[1:])
            else:
                continue
            if len(first) > 1 and stands(phrase):
                left.remove(other)
                reason = Reason(reason.kind, phrase, reason.share + other.share)
        joined.append(reason)
    return joined


def _lengths(rows: Any) -> Vector:  # noqa: ANN401 - a sparse matrix
    """The Euclidean length of each row."""
    return np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float64).ravel())


def _inverse(lengths: Vector) -> Vector:
    """One through each; 0 for 0."""
    return np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
