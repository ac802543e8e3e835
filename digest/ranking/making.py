"""From interests to tastes, a shard at once: each distinct keyword and paper is weighed once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digest.model import Interest, Keyword, KeywordKind
from digest.ranking.facets import faceted
from digest.ranking.model import Model
from digest.ranking.pages import Pages
from digest.ranking.phrases import Phrases
from digest.ranking.sheet import Sheet
from digest.ranking.subjects import at_length_one
from digest.ranking.taste import LADDER, MOST_COLUMNS, TYPICAL, Palate, Taste
from digest.ranking.weights import PIVOT, Floats, Sparse, blend, row_lengths, row_sums

TYPICAL_SHARE = 0.01
_NAMED = 0.5 * (1 + np.log(2))  # half of what a keyword gives that stands twice
_SIMILAR = 0.5
_EVIDENCE = 3.0
_DISLIKE = 0.75
# Of what is expected before papers of the past are seen: the spread of the lexical part (that of
# subjects is as of directions drawn by lot), and the best one in a hundred; as heavy as a hundred
# papers, and never far below.
_LEXICAL, _BEST = 0.02, 4.0
_PRIOR = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """An interest with its examples: (row of the examples' sheet, weight), disliked below 0."""

    interest: Interest
    examples: tuple[tuple[int, float], ...] = ()


def make_palates(
    model: Model, wishes: Sequence[Wish], examples: Sheet, numbers: Sequence[int] = ()
) -> list[Palate]:
    """The tastes of these wishes, calibrated on the model's past.

    Args:
        model: what is known of papers in general.
        wishes: of a shard.
        examples: the papers that the wishes name by row.
        numbers: the numbers of the first of them: no paper is measured by its own likes.
    """
    if not wishes:
        return []
    pages = model.pages(examples)
    parts = [faceted(wish.examples, pages.u) for wish in wishes]
    every = [Wish(w.interest, its) for w, own in zip(wishes, parts, strict=True) for its in own]
    place = model.place_in_past
    past_of = [place.get(number, -1) for number in numbers] + [-1] * (len(pages) - len(numbers))
    known = [[past_of[r] for r, _ in wish.examples if past_of[r] >= 0] for wish in every]
    tastes = _make(model, every, pages, known)
    ends = np.cumsum([0, *(len(own) for own in parts)]).tolist()
    return [Palate(tuple(tastes[start:end])) for start, end in pairwise(ends)]


def _make(
    model: Model, wishes: Sequence[Wish], pages: Pages, known: Sequence[Sequence[int]]
) -> list[Taste]:
    """Tastes of wishes; `known` are their examples among the papers of the past."""
    keywords = _Keywords.of(model, wishes)
    asked, phrases = keywords.asked, keywords.phrases
    good = _Examples.of([[(r, w) for r, w in wish.examples if w > 0] for wish in wishes], pages)
    bad = _Examples.of([[(r, -w) for r, w in wish.examples if w < 0] for wish in wishes], pages)
    lengths = np.where(good.counts > 0, _lengths(good.vectors), _lengths(bad.vectors))
    evidence = good.counts / (good.counts + _EVIDENCE)
    asking = _lengths(asked)
    # Beside keywords, one liked paper must not weigh as much as all of them.
    strength = np.where((asking > 0) & (good.counts > 0), evidence, 1.0)
    over = np.divide(strength, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    against = _DISLIKE * bad.weight / (bad.weight + _EVIDENCE)
    liking = (good.counts > 0).astype(np.float64)
    common = 1 - 1 / np.maximum(good.counts, 1)  # one paper shares nothing with others

    def tastes(against: NDArray[np.float64]) -> list[Taste]:
        rows = _scaled(good.vectors, over) - _scaled(bad.vectors, over * against) + asked
        z = _directions(model, good.z, liking) - against[:, None] * _directions(
            model, bad.z, bad.counts > 0
        )
        calm = z * (common * over)[:, None]
        if model.subjects is not None:
            calm = model.subjects.calm * calm
        shares = asking + (evidence - against) * over
        leans = _leans(model, asked, good, bad, strength, against)
        return _tastes(rows.tocsr(), shares, np.asarray(calm, np.float32), leans)

    wanted = tastes(0 * against)
    expected = np.maximum(keywords.named, _SIMILAR * _own(model, good, over, wanted))
    # Scales are of what is wanted: were they of dislikes too, a vote against a subject would be
    # made up for by a larger scale.
    scaled = _calibrated(model.past_pages, wanted, phrases, expected, known)
    if not against.any():
        return scaled
    return [
        replace(
            full,
            lexical_scale=scale.lexical_scale,
            subject_scale=scale.subject_scale,
            centre=scale.centre,
            gain=scale.gain,
            ladder=scale.ladder,
        )
        for scale, full in zip(scaled, tastes(against), strict=True)
    ]


def _own(
    model: Model, good: "_Examples", over: NDArray[np.float64], tastes: Sequence[Taste]
) -> NDArray[np.float64]:
    """The lexical part that the liked papers have from each other."""
    rows = good.vectors
    common = row_sums(rows.data * model.weights.mean(rows.indices), rows.indptr)
    shared = [
        taste.mean_share * both + float(taste.calm @ z)
        for taste, both, z in zip(tastes, common.tolist(), good.z, strict=True)
    ]
    return np.asarray(good.alike * over - shared, np.float64)


def _tastes(
    wanted: Sparse, shares: NDArray[np.float64], calm: Floats, leans: Floats
) -> list[Taste]:
    """Tastes without scales, from the rows of all wishes."""
    found = []
    for number, share in enumerate(shares.tolist()):
        mine = slice(wanted.indptr[number], wanted.indptr[number + 1])
        columns, values = _largest(wanted.indices[mine], wanted.data[mine])
        found.append(Taste(columns, values, share, calm[number], leans[number]))
    return found


def phrases_of(model: Model, wishes: Sequence[Wish]) -> Phrases:
    """The quoted phrases of these wishes, weighed as they count in each."""
    quoted = [bool(_of_kind(wish.interest, KeywordKind.PHRASE)) for wish in wishes]
    if not any(quoted):
        return Phrases.none(len(wishes))
    nothing = Wish(Interest(""))
    asked = [w if has else nothing for w, has in zip(wishes, quoted, strict=True)]
    return _Keywords.of(model, asked).phrases


@dataclass(frozen=True, slots=True)
class _Examples:
    """Papers as examples: means by wish, how many papers each mean is worth, how alike they are.

    `weight` is the sum of their weights; `alike` is the mean product of two different examples, 0
    where there are fewer than two.
    """

    counts: NDArray[np.float64]
    weight: NDArray[np.float64]
    alike: NDArray[np.float64]
    vectors: Sparse
    z: Floats
    u: Floats

    @classmethod
    def of(cls, chosen: Sequence[Sequence[tuple[int, float]]], pages: Pages) -> "_Examples":
        rows = np.array([row for pairs in chosen for row, _ in pairs], np.int64)
        weights = np.array([weight for pairs in chosen for _, weight in pairs], np.float64)
        ends = np.cumsum([0, *(len(pairs) for pairs in chosen)])
        owners = np.repeat(np.arange(len(chosen)), np.diff(ends))
        sums = np.bincount(owners, weights, len(chosen)).astype(np.float64)
        squares = np.bincount(owners, weights**2, len(chosen)).astype(np.float64)
        counts = np.divide(sums**2, squares, out=np.zeros_like(sums), where=squares > 0)
        shares = (weights / sums[owners]).astype(np.float32)
        mean = sparse.csr_array((shares, rows, ends), shape=(len(chosen), len(pages)))
        vectors = blend(mean, pages.vectors)
        own = mean @ (_lengths(pages.vectors) ** 2)
        pairs = counts * _lengths(vectors) ** 2 - own
        alike = np.divide(pairs, counts - 1, out=np.zeros_like(sums), where=counts > 1.5)  # noqa: PLR2004
        return cls(counts, sums, np.maximum(alike, 0), vectors, mean @ pages.z, mean @ pages.u)


@dataclass(frozen=True, slots=True)
class _Keywords:
    """What is asked for in words: plain words `asked` [wishes x columns], and quoted phrases.

    `named` is half of the lexical part of an average paper that names a keyword twice.
    """

    asked: Sparse
    phrases: Phrases
    named: NDArray[np.float64]

    @classmethod
    def of(cls, model: Model, wishes: Sequence[Wish]) -> "_Keywords":
        words = [_of_kind(wish.interest, KeywordKind.WORDS) for wish in wishes]
        phrases = Phrases.of(model, [_of_kind(w.interest, KeywordKind.PHRASE) for w in wishes])
        texts = list(dict.fromkeys(keyword.text for own in words for keyword in own))
        place = {text: number for number, text in enumerate(texts)}
        weights = np.array([keyword.weight for own in words for keyword in own], np.float32)
        columns = np.array([place[k.text] for own in words for k in own], np.int32)
        ends = np.cumsum([0, *(len(own) for own in words)])
        shares = sparse.csr_array((weights, columns, ends), shape=(len(wishes), len(texts)))
        vectors = model.read(texts).vectors
        asked = blend(shares, vectors)
        lengths = _lengths(asked + blend(phrases.weights, phrases.vectors))
        over = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        asked = _scaled(asked, over).tocsr()
        quoted = _scaled(phrases.weights, over).tocsr()
        named = [
            _named(model, rows, part, parts)
            for rows, part, parts in (
                (asked, shares, vectors),
                (blend(quoted, phrases.vectors), quoted, phrases.vectors),
            )
        ]
        return cls(asked, replace(phrases, weights=quoted), np.maximum(*named))


def _named(model: Model, asked: Sparse, shares: Sparse, texts: Sparse) -> NDArray[np.float64]:
    """What each wish gives an average paper that names one of its keywords, the mean of them."""
    short = _lengths(texts)
    # The length before it was divided, from the length after.
    usual = model.weights.length
    before = PIVOT * usual * short / np.maximum(1 - (1 - PIVOT) * short, 1e-9)
    whole = _scaled(texts, ((1 - PIVOT) * before + PIVOT * usual) / usual)
    there = sparse.csr_array(
        (np.ones_like(shares.data), shares.indices, shares.indptr), shape=shares.shape
    )
    counts = np.diff(there.indptr)
    sums = np.asarray(blend(there, whole).multiply(asked).sum(axis=1), np.float64).ravel()
    mean = np.divide(sums, counts, out=np.zeros_like(sums, np.float64), where=counts > 0)
    return np.asarray(_NAMED * mean, np.float64)


def _of_kind(interest: Interest, kind: KeywordKind) -> list[Keyword]:
    return [keyword for keyword in interest.keywords if keyword.kind is kind]


def _directions(model: Model, z: Floats, there: NDArray[Any]) -> Floats:
    """Mean projections less the mean of all papers, where there are examples."""
    if model.subjects is None:
        return z
    return np.asarray((z - model.subjects.mean) * np.asarray(there)[:, None], np.float32)


def _leans(
    model: Model,
    asked: Sparse,
    good: _Examples,
    bad: _Examples,
    strength: NDArray[np.float64],
    against: NDArray[np.float64],
) -> Floats:
    """The subjects that are asked for, [wishes x subjects]."""
    if model.subjects is None:
        return np.zeros((len(good.counts), 0), np.float32)
    keywords = model.subjects.subject(model.subjects.project(asked))
    liked, disliked = at_length_one(good.u), at_length_one(bad.u)
    lean = keywords + strength[:, None] * liked - against[:, None] * disliked
    return np.asarray(lean, np.float32)


def _calibrated(
    past: Pages,
    tastes: Sequence[Taste],
    phrases: Phrases,
    expected: NDArray[np.float64],
    known: Sequence[Sequence[int]],
) -> list[Taste]:
    """The tastes with their scales: what each gives to papers of the past, and what was expected.

    Args:
        past: papers of the past.
        tastes: without scales.
        phrases: of the same wishes.
        expected: the lexical part that a paper on the subject should have.
        known: papers of the past that each taste was made of; others stand in for them.
    """
    lexical = past.lexical(tastes) + phrases.products(past)
    subject = past.subject(tastes)
    for row, own in enumerate(known):
        if not own:
            continue
        strange = np.ones(len(past), np.bool_)
        strange[own] = False
        others = np.flatnonzero(strange)
        if others.size:
            stand_in = others[np.arange(len(own)) * others.size // len(own)]
            lexical[row, own], subject[row, own] = lexical[row, stand_in], subject[row, stand_in]
    by_lot = max(past.u.shape[1], 1) ** -0.5
    scales = [_spread(lexical, _LEXICAL), _spread(subject, by_lot)]
    fits = lexical / scales[0][:, None] + subject / scales[1][:, None]
    number = fits.shape[1]
    trust = number / (number + _PRIOR)
    centres = fits.mean(axis=1) if number else np.zeros(len(tastes))
    steps = np.zeros((len(LADDER), len(tastes)))
    best = np.full(len(tastes), _BEST)
    if number:
        steps = np.quantile(fits, [1 - share for share in LADDER], axis=1) - centres * trust
        best = trust * steps[LADDER.index(TYPICAL_SHARE)] + (1 - trust) * _BEST
    gains = TYPICAL / np.maximum(np.maximum(best, _BEST / 2), expected / scales[0])
    return [
        replace(
            taste,
            lexical_scale=float(scales[0][n]),
            subject_scale=float(scales[1][n]),
            centre=float(centres[n] * trust),
            gain=float(gains[n]),
            ladder=tuple((steps[:, n] * gains[n]).tolist()),
        )
        for n, taste in enumerate(tastes)
    ]


def _spread(parts: Floats, expected: float) -> NDArray[np.float64]:
    """The standard deviation of each row, and what was expected of it."""
    number = parts.shape[1]
    seen = parts.astype(np.float64).var(axis=1) if number else np.zeros(len(parts))
    mixed = (number * seen + _PRIOR * expected**2) / (number + _PRIOR)
    return np.asarray(np.sqrt(mixed), np.float64)


def _largest(columns: NDArray[Any], values: Floats) -> tuple[NDArray[np.uint32], Floats]:
    """The entries that count most, in the order of their columns."""
    keep = np.arange(len(columns))
    if len(columns) > MOST_COLUMNS:
        keep = np.argpartition(-np.abs(values), MOST_COLUMNS)[:MOST_COLUMNS]
    keep = keep[np.argsort(columns[keep])]
    return columns[keep].astype(np.uint32), values[keep].astype(np.float32)


def _lengths(rows: Sparse) -> NDArray[np.float64]:
    return row_lengths(rows.data, rows.indptr)


def _scaled(rows: Sparse, factors: NDArray[np.float64]) -> Sparse:
    rows = rows.tocsr()
    values = rows.data * np.repeat(factors, np.diff(rows.indptr)).astype(np.float32)
    return sparse.csr_array((values, rows.indices, rows.indptr), shape=rows.shape)
