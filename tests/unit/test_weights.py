"""Weights against an independent implementation, and as papers come and go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer

from digest.ranking.sheet import COLUMNS, WORDS, Sheet, joined
from digest.ranking.terms import Terms
from digest.ranking.weights import PAIR, PIVOT, Weights, unit

TERMS = Terms()
NOTHING = Sheet(np.zeros(1, np.int64), np.zeros(0, np.uint32), np.zeros(0, np.uint8))
_WORDS = ["owls", "mice", "bread", "flour", "galaxies", "spectra", "turbines", "roads"]
_TEXTS = st.lists(st.lists(st.sampled_from(_WORDS), max_size=12).map(" ".join), max_size=8)


def counted(*texts: str) -> Sheet:
    """What is counted of texts."""
    return TERMS.count(texts)


@given(texts=_TEXTS.filter(any))
@settings(max_examples=40)
def test_they_are_those_of_scikit_learn(texts: list[str]) -> None:
    """Words without pairs: smoothed idf, sublinear counts; the same once brought to length one."""
    sheet = counted(*(text.replace(" ", ". ") for text in texts))  # no two in one sentence
    assert not (sheet.columns >= WORDS).any()
    vectors = unit(Weights.of(sheet).vectors(sheet))
    used = np.unique(sheet.columns).astype(np.int64)
    counts = np.zeros((len(sheet), used.size))
    owners = np.repeat(np.arange(len(sheet)), np.diff(sheet.ends))
    counts[owners, np.searchsorted(used, sheet.columns)] = sheet.counts
    expected = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    np.testing.assert_allclose(vectors[:, used].toarray(), expected.toarray(), rtol=1e-5, atol=1e-6)


def test_a_pair_weighs_less_than_its_words() -> None:
    """0.4 of a word that is as rare."""
    sheet = counted("owls mice")
    (values,) = np.split(Weights.of(sheet).vectors(sheet).data, [3])[:1]
    pairs = sheet.columns >= WORDS
    assert values[pairs] == pytest.approx(PAIR * values[~pairs][:1])


def test_lengths_are_divided_by_most_of_their_own() -> None:
    """A text of the mean length comes to one; shorter ones stay shorter, longer ones longer."""
    sheet = counted("owls", "mice. bread. flour", "galaxies. spectra. turbines. roads. wheels")
    weights = Weights.of(sheet)
    lengths = np.sqrt((weights.vectors(sheet) ** 2).sum(axis=1))
    raw = lengths * PIVOT * weights.length / (1 - (1 - PIVOT) * lengths)
    assert raw.mean() == pytest.approx(weights.length, rel=1e-5)
    assert lengths[0] < lengths[1] < lengths[2]
    assert lengths[0] < 1 < lengths[2]


@given(first=_TEXTS, second=_TEXTS, data=st.data())
@settings(max_examples=20)
def test_grown_weights_are_those_of_all_papers(
    first: list[str], second: list[str], data: st.DataObject
) -> None:
    """How many papers hold a term is exact; the sum of vectors is as near as the weights are."""
    old, new = counted(*first), counted(*second)
    every = joined([old, new])
    gone = np.array(sorted(data.draw(st.sets(st.integers(0, len(every) - 1)))), np.int64) if len(
        every
    ) else np.zeros(0, np.int64)  # fmt: skip
    alive = np.ones(len(every), np.bool_)
    alive[gone] = False
    grown = Weights.of(old).grown(new, every.take(gone))
    anew = Weights.of(every, alive=alive)
    assert grown.papers == anew.papers
    assert (grown.seen == anew.seen).all()
    # Of a total of n vectors, each at most as long as 1 / 0.7.
    assert np.abs(grown.total - anew.total).max() <= (len(every) + len(gone)) / (1 - PIVOT)
    living = every.take(np.flatnonzero(alive))
    if len(living.columns):
        a, b = (unit(weights.vectors(living)) for weights in (grown, anew))
        np.testing.assert_allclose(a.toarray(), b.toarray(), rtol=1e-4, atol=1e-6)


def test_a_few_more_papers_move_the_mean_as_if_fitted_anew() -> None:
    """With a sixteenth more papers (a refit's interval) no mean of a term is off by a tenth."""
    lot = np.random.default_rng(1)
    texts = [" ".join(lot.choice(_WORDS, lot.integers(4, 12))) for _ in range(340)]
    old, new = counted(*texts[:320]), counted(*texts[320:])
    grown, anew = Weights.of(old).grown(new, NOTHING), Weights.of(joined([old, new]))
    common = np.flatnonzero(anew.seen >= 10)
    np.testing.assert_allclose(grown.mean(common), anew.mean(common), rtol=0.1)


def test_living_papers_alone_are_weighed() -> None:
    """The weights of a sheet with dead rows are those of the sheet without them."""
    texts = [f"{first} {second}" for first in _WORDS for second in _WORDS]
    sheet = counted(*texts)
    alive = np.arange(len(texts)) % 3 > 0
    some = Weights.of(sheet, alive=alive)
    anew = Weights.of(sheet.take(np.flatnonzero(alive)))
    assert (some.seen == anew.seen).all()
    np.testing.assert_allclose(some.total, anew.total, rtol=1e-5)
    assert some.papers == anew.papers
    assert some.length == pytest.approx(anew.length)


def test_nothing_is_weighed() -> None:
    """No papers, no terms: zeros, and no division by them."""
    for weights in (Weights.of(NOTHING), Weights.of(counted("", "the of"))):
        assert not weights.seen.any()
        assert not weights.total.any()
        assert weights.length == 1
        assert not weights.mean(np.arange(9)).any()
        assert weights.vectors(counted("", "")).shape == (2, COLUMNS)
    nothing = Weights.of(NOTHING).grown(NOTHING, NOTHING)
    assert nothing.papers == 0
    (value,) = Weights.of(NOTHING).vectors(counted("owls")).data
    assert value > 0
