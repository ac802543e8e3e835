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

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from digest.model import Keyword, KeywordKind, Paper, Reason, ReasonKind
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
class _Parts:
    """A profile's vector in parts: what always counts, and phrases that count where they stand."""

    plain: Any  # a sparse row
    phrases: tuple[tuple[Keyword, Any], ...]
    length: float  # of the whole centred profile; 0 where there are no terms


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
        counts = self._counts(background or candidates)
        self._weigh = TfidfTransformer(sublinear_tf=True).fit(counts)
        shrink = counts.shape[0] / (counts.shape[0] + _SHRINK)
        mean = np.asarray(self._weigh.transform(counts).mean(axis=0), dtype=np.float64).ravel()
        self._mean: Vector = mean * shrink
        self._papers = self._vectors(candidates)
        self._common = np.asarray(self._papers @ self._mean, dtype=np.float32)
        self._matcher = Matcher(candidates)

    def score(self, profiles: Sequence[Profile]) -> Scores:
        """Scores [profiles × candidates] in one sparse product; see the module."""
        parts = [self._parts(profile) for profile in profiles]
        if not parts:
            return np.zeros((0, self._papers.shape[0]), dtype=np.float32)
        rows = sparse.vstack([part.plain for part in parts], format="csr")
        scores: Scores = (rows @ self._papers.T).toarray().astype(np.float32)
        self._add_phrases(scores, parts)
        lengths = np.array([part.length for part in parts], dtype=np.float32)
        spoken = lengths > 0
        scores[spoken] -= self._common
        scores[spoken] /= lengths[spoken, None]
        for row, profile in zip(scores, profiles, strict=True):
            for keyword in profile.interest.keywords:
                if keyword.kind in _EXACT:
                    share = _EXACT[keyword.kind][1] * keyword.weight
                    row[self._matcher.matches(keyword)] += share
            for keyword in profile.interest.excluded:
                row[self._matcher.matches(keyword)] = -np.inf
        return scores

    def explain(self, profile: Profile, candidate: int) -> tuple[Reason, ...]:
        """The largest shares of a score: terms (pairs with their words), authors, categories."""
        parts = self._parts(profile)
        reasons = self._terms(parts, candidate) if parts.length else []
        for keyword in profile.interest.keywords:
            if keyword.kind in _EXACT and self._matcher.matches(keyword)[candidate]:
                kind, share = _EXACT[keyword.kind]
                reasons.append(Reason(kind, keyword.text, share * keyword.weight))
        reasons.sort(key=lambda reason: (-reason.share, reason.label))
        return tuple(reasons[:MOST_REASONS])

    def account(self, profile: Profile, candidate: int) -> tuple[float, float]:
        """A score's two sides: what speaks for the paper, and what all papers have of it.

        The first less the second is the score, where the profile excludes nothing.
        """
        parts = self._parts(profile)
        exact = sum(
            _EXACT[keyword.kind][1] * keyword.weight
            for keyword in profile.interest.keywords
            if keyword.kind in _EXACT and self._matcher.matches(keyword)[candidate]
        )
        if not parts.length:
            return exact, 0.0
        wanted = self._wanted(parts, candidate) @ self._papers[candidate].data
        return exact + float(wanted) / parts.length, float(self._common[candidate]) / parts.length

    def _counts(self, papers: Iterable[Paper]) -> Any:  # noqa: ANN401 - a sparse matrix
        return self._count.transform(paper.text for paper in papers)

    def _vectors(self, papers: Iterable[Paper]) -> Any:  # noqa: ANN401 - a sparse matrix
        return self._weigh.transform(self._counts(papers)).tocsr()

    def _keyword(self, keyword: Keyword) -> Any:  # noqa: ANN401 - a sparse row
        return self._weigh.transform(self._count.transform([keyword.text])) * keyword.weight

    def _parts(self, profile: Profile) -> _Parts:
        """The vector of a profile, keywords and liked papers each of length one together."""
        plain = sparse.csr_matrix((1, COLUMNS), dtype=np.float32)
        phrases: list[tuple[Keyword, Any]] = []
        for keyword in profile.interest.keywords:
            if keyword.kind is KeywordKind.PHRASE:
                phrases.append((keyword, self._keyword(keyword)))
            elif keyword.kind is KeywordKind.WORDS:
                plain = plain + self._keyword(keyword)
        length = _length(sum((row for _, row in phrases), start=plain))
        if length:
            plain = plain / length
            phrases = [(keyword, row / length) for keyword, row in phrases]
        if profile.liked:
            liked = sparse.csr_matrix(self._vectors(profile.liked).mean(axis=0))
            plain = plain + liked / (_length(liked) or 1)
        whole = sum((row for _, row in phrases), start=plain)
        if not whole.nnz:
            return _Parts(plain, (), 0.0)
        square = _length(whole) ** 2 - 2 * float((whole @ self._mean)[0])
        centred = np.sqrt(max(square + float(self._mean @ self._mean), 1e-12))
        return _Parts(plain.tocsr(), tuple(phrases), float(centred))

    def _add_phrases(self, scores: Scores, parts: Sequence[_Parts]) -> None:
        """Add phrases where the candidate holds them as they stand."""
        for row, part in zip(scores, parts, strict=True):
            for keyword, vector in part.phrases:
                product = (vector @ self._papers.T).tocsr()
                for candidate, share in zip(product.indices, product.data, strict=True):
                    if self._matcher.has(candidate, keyword.text):
                        row[candidate] += share

    def _terms(self, parts: _Parts, candidate: int) -> list[Reason]:
        """The shares of the candidate's own terms; a pair of words takes its words' shares in."""
        paper = self._papers[candidate]
        wanted = self._wanted(parts, candidate)
        shares = (wanted - self._mean[paper.indices]) * paper.data / parts.length
        by_column = {
            int(column): float(share)
            for column, share, asked in zip(paper.indices, shares, wanted, strict=True)
            if share > 0 and asked > 0
        }
        spoken = spoken_terms(self._matcher.papers[candidate].text)
        columns = self._hash.transform([[term] for term in spoken]).indices
        found: dict[int, str] = {}
        for term, column in zip(spoken, columns, strict=True):
            if column in by_column:
                found.setdefault(int(column), term)
        reasons = _folded({term: by_column[column] for column, term in found.items()}, spoken)
        return _joined(reasons, lambda phrase: self._matcher.holds(candidate, phrase))


    def _wanted(self, parts: _Parts, candidate: int) -> Vector:
        """The profile at the candidate's own columns, phrases only where they stand."""
        profile = parts.plain
        for keyword, vector in parts.phrases:
            if self._matcher.has(candidate, keyword.text):
                profile = profile + vector
        return np.asarray(
            profile[:, self._papers[candidate].indices].todense(), dtype=np.float64
        ).ravel()


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


def _length(row: Any) -> float:  # noqa: ANN401 - a sparse row
    return float(np.sqrt(row.multiply(row).sum()))
