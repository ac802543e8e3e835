"""Subjects: what papers share beyond their words."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from digest.ranking import subjects as module
from digest.ranking.sheet import Rows, Sheet
from digest.ranking.subjects import LEAST_PAPERS, Subjects, learn
from digest.ranking.terms import Terms
from digest.ranking.weights import Floats, Weights
from tests.rankers import texts_of_topics, topic_word

TERMS = Terms()


def learned(texts: Sequence[str]) -> tuple[Subjects | None, Weights, Sheet]:
    """The subjects of texts."""
    sheet = TERMS.count(texts)
    weights = Weights.of(sheet)
    return learn(sheet.take, np.arange(len(sheet)), weights), weights, sheet


@pytest.fixture(scope="module")
def planted() -> tuple[Subjects, Weights]:
    """The subjects of 600 papers on three topics."""
    found, weights, _ = learned(texts_of_topics(600, 3))
    assert found is not None
    return found, weights


def directions(planted: tuple[Subjects, Weights], *texts: str) -> Floats:
    """The subjects of some texts."""
    found, weights = planted
    return found.subject(found.project(weights.vectors(TERMS.count(texts))))


def test_few_papers_teach_no_subjects() -> None:
    """None below the least number, or without any word that two papers share."""
    texts = texts_of_topics(LEAST_PAPERS, 2)
    assert learned(texts[:-1])[0] is None
    assert learned(texts)[0] is not None
    assert learned(["the of"] * LEAST_PAPERS)[0] is None


def test_the_same_papers_teach_the_same_subjects() -> None:
    """Nothing is left to chance."""
    texts = texts_of_topics(450, 3)
    (one, _, _), (two, _, _) = learned(texts), learned(texts)
    assert one is not None
    assert two is not None
    assert one.columns.tolist() == two.columns.tolist()
    for name in ("vectors", "calm", "mean", "unit_mean"):
        assert (getattr(one, name) == getattr(two, name)).all()
    assert ((one.calm > 0) & (one.calm < 1)).all()


def test_the_vectors_are_at_right_angles(planted: tuple[Subjects, Weights]) -> None:
    """As those of a singular value decomposition."""
    vectors = planted[0].vectors
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(planted[0].vectors.shape[1]), atol=1e-4)


def test_papers_of_one_subject_are_near_without_shared_words(
    planted: tuple[Subjects, Weights],
) -> None:
    """Their words were seen beside the same others; those of another subject were not."""
    words = [[topic_word(topic, n) for n in range(80)] for topic in (0, 1)]
    firsts = directions(planted, *(" ".join(words[0][n : n + 4]) for n in range(0, 40, 4)))
    fellows = directions(planted, *(" ".join(words[0][n : n + 4]) for n in range(40, 80, 4)))
    others = directions(planted, *(" ".join(words[1][n : n + 4]) for n in range(40, 80, 4)))
    assert (firsts @ fellows.T).mean() > (firsts @ others.T).mean() + 0.1


def test_texts_without_known_words_have_no_subject(planted: tuple[Subjects, Weights]) -> None:
    """Zeros for empty texts and unknown words, no rows for no texts; all others have length one."""
    found, weights = planted
    assert not directions(planted, "", "unheardof", "the of").any()
    assert found.project(weights.vectors(TERMS.count([]))).shape == (0, found.vectors.shape[1])
    lengths = np.linalg.norm(
        directions(planted, topic_word(0, 1), f"{topic_word(1, 2)} noise"), axis=1
    )
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)


def test_many_papers_are_thinned_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most so many are looked at, the first and the last among them."""
    monkeypatch.setattr(module, "MOST_PAPERS", 450)
    sheet = TERMS.count(texts_of_topics(900, 3))
    looked_at: list[int] = []

    def take(rows: Rows) -> Sheet:
        looked_at.extend(rows.tolist())
        return sheet.take(rows)

    assert learn(take, np.arange(900), Weights.of(sheet)) is not None
    assert (len(looked_at), looked_at[0], looked_at[-1]) == (450, 0, 899)
    assert {b - a for a, b in pairwise(looked_at)} <= {2, 3}
