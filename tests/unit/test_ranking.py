"""Scores, reasons and choices."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from digest.grammar.interests import parse_interest
from digest.model import Paper, ReasonKind
from digest.ranking import Profile, Scores
from digest.ranking.choose import choose
from digest.ranking.tfidf import TfidfRanker
from digest.ranking.trend import by_upvotes, trend_reasons
from tests.papers import paper, stored

PAPERS = [
    paper("Anomaly detection in wind turbines", "We detect anomalies of turbines by sound."),
    paper("Graph neural networks for molecules", "A graph neural network predicts solubility."),
    paper("Neural graphs and a network of roads", "Graphs of roads. A neural map of a network."),
    paper("A survey of molecules", "This survey lists molecular data sets of chemistry."),
    paper("Galaxies at dawn", "Spectra of dwarf galaxies.", authors=("Jane Roe", "Bo Li")),
    paper("Language models that retrieve", "Retrieval for language models.", categories=("cs.CL",)),
    paper("No abstract at all"),
    paper("Bread and its crust", "Sourdough, flour and water.", authors=("J. Roe",)),
]


def profile(text: str, *liked: Paper) -> Profile:
    """A profile from the grammar."""
    return Profile(parse_interest("x", text), liked)


@pytest.fixture(scope="module")
def ranker() -> TfidfRanker:
    """A ranker of the eight papers, which are its background too."""
    return TfidfRanker(PAPERS, PAPERS)


def best(ranker: TfidfRanker, text: str) -> int:
    """The place of the best paper."""
    return int(ranker.score([profile(text)])[0].argmax())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("anomaly detection", 0),
        ("anomalies", 0),
        ("molecule, graph neural networks", 1),
        ('"network of roads"', 2),
        ("molecules, -graph, -network", 3),
        ('author:"Jane Roe", galaxies', 4),
        ("cat:cs.CL", 5),
        ("sourdough", 7),
    ],
)
def test_the_best_paper_of_an_interest(ranker: TfidfRanker, text: str, place: int) -> None:
    """Words in any inflection, phrases as they stand, exclusions, authors, categories."""
    assert best(ranker, text) == place


def test_a_phrase_counts_only_where_it_stands(ranker: TfidfRanker) -> None:
    """The words alone are not the phrase; its plural is."""
    scores = ranker.score([profile('"graph neural network"')])[0]
    assert scores[1] > 0.1
    assert (np.delete(scores, 1) <= 0).all()


def test_exclusions_are_absolute(ranker: TfidfRanker) -> None:
    """Excluded words, authors and categories can never be picked, in singular or plural."""
    scores = ranker.score([profile('molecules, -survey, -author:"Jane Roe", -cat:cs')])[0]
    assert np.isneginf(scores).tolist() == [False, False, False, True, True, True, False, True]


def test_weights_matter(ranker: TfidfRanker) -> None:
    """The heavier keyword decides."""
    assert best(ranker, "galaxies^5, sourdough") == 4
    assert best(ranker, "galaxies, sourdough^5") == 7


def test_liked_papers_lead_to_their_like(ranker: TfidfRanker) -> None:
    """A profile can be made of papers alone."""
    liked = paper("Roads as graphs", "Graphs of roads in a network of cities.")
    assert int(ranker.score([profile("like:2401.00001", liked)])[0].argmax()) == 2


def test_many_profiles_score_as_each_alone(ranker: TfidfRanker) -> None:
    """A shard is no different from one reader after the other."""
    texts = ["molecules^3, survey", '"neural network", roads', 'author:"Li"', "nothing like it"]
    together = ranker.score([profile(text) for text in texts])
    alone = np.vstack([ranker.score([profile(text)]) for text in texts])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-7)


def test_no_profiles_give_no_rows(ranker: TfidfRanker) -> None:
    """An empty shard is no error."""
    assert ranker.score([]).shape == (0, len(PAPERS))


def test_an_interest_that_matches_nothing_scores_nothing(ranker: TfidfRanker) -> None:
    """No positive score, no reason, no error; the same for keywords without a letter's word."""
    for text in ("chromodynamics", "日本", "the and of"):
        assert (ranker.score([profile(text)])[0] <= 0).all()
        assert ranker.explain(profile(text), 0) == ()


def test_reasons_are_the_readers_words(ranker: TfidfRanker) -> None:
    """The terms are those that the paper writes, pairs joined to the phrase that stands there."""
    (first, *_) = ranker.explain(profile('"graph neural network", chemistry'), 1)
    assert first.kind is ReasonKind.TERM
    assert first.label == "graph neural networks"
    both = ranker.explain(profile('author:"Jane Roe", galaxies'), 4)
    assert {(reason.kind, reason.label) for reason in both} == {
        (ReasonKind.AUTHOR, "Jane Roe"),
        (ReasonKind.TERM, "galaxies"),
    }
    assert [reason.share for reason in both] == sorted((r.share for r in both), reverse=True)


@pytest.mark.parametrize(
    "text", ["anomaly detection, turbines", '"neural network"^2, roads', "molecules, cat:cs.CL"]
)
def test_reasons_are_addends_of_the_score(ranker: TfidfRanker, text: str) -> None:
    """What speaks for a paper, less what all papers share, is its score."""
    asked = profile(text)
    scores = ranker.score([asked])[0]
    for place in range(len(PAPERS)):
        total, common = ranker.account(asked, place)
        assert total - common == pytest.approx(float(scores[place]), abs=1e-5)
        shown = sum(reason.share for reason in ranker.explain(asked, place))
        assert shown <= total + 1e-6


def test_one_author_two_ways_of_writing(ranker: TfidfRanker) -> None:
    """An initial stands for a name; another first name does not."""
    scores = ranker.score([profile('author:"Jane Roe"'), profile('author:"Roe, John"')])
    assert np.flatnonzero(scores[0] > 0.4).tolist() == [4, 7]
    assert np.flatnonzero(scores[1] > 0.4).tolist() == [7]


@pytest.mark.parametrize("size", [1, 2])
def test_tiny_stores_are_ranked(size: int) -> None:
    """One paper is compared with itself and still found; an empty background is no error."""
    few = PAPERS[:size]
    for background in (few, []):
        assert TfidfRanker(background, few).score([profile("anomaly detection")])[0][0] > 0.1


def test_a_paper_without_terms_is_explained(ranker: TfidfRanker) -> None:
    """Only stop words: its author still is a reason."""
    few = [paper("To be or not to be", authors=("Jane Roe",)), *PAPERS]
    asked = profile('author:"Jane Roe", diffusion')
    (reason,) = TfidfRanker(few, few).explain(asked, 0)
    assert reason.label == "Jane Roe"


# ── Choosing ────────────────────────────────────────────────────────────────


def places(order: Sequence[int]) -> dict[int, int]:
    """The place of each candidate in an order."""
    return {candidate: place for place, candidate in enumerate(order)}


_MATRICES = st.tuples(st.integers(1, 4), st.integers(1, 12)).flatmap(
    lambda shape: hnp.arrays(
        np.float32,
        shape,
        elements=st.sampled_from([-np.inf, -0.5, 0.0, 0.1, 0.25, 0.5, 0.75]),
    )
)


@given(scores=_MATRICES, limit=st.integers(1, 15), data=st.data())
@settings(max_examples=200)
def test_choices_keep_their_promises(scores: Scores, limit: int, data: st.DataObject) -> None:
    """No repeats, nothing barred, nothing below the threshold, best first, limit and quota kept."""
    count = scores.shape[1]
    barred = data.draw(st.sets(st.integers(0, count - 1)))
    order = data.draw(st.permutations(range(count)))
    chosen = choose(scores, barred, places(order), threshold=0.1, limit=limit)
    found = [choice.candidate for choice in chosen]
    assert len(found) == len(set(found)) <= limit
    assert not barred & set(found)
    assert all(choice.score >= 0.1 for choice in chosen)
    assert [c.score for c in chosen] == sorted((c.score for c in chosen), reverse=True)
    possible = [p for p in range(count) if scores[:, p].max() >= 0.1 and p not in barred]
    assert len(chosen) == min(limit, len(possible))
    interests = {int(scores[:, p].argmax()) for p in possible}
    if limit >= len(interests):
        assert {choice.interest for choice in chosen} == interests


@given(scores=_MATRICES, data=st.data())
def test_choices_do_not_depend_on_the_order_of_candidates(
    scores: Scores, data: st.DataObject
) -> None:
    """Shuffled candidates, with the same order for ties, give the same picks."""
    count = scores.shape[1]
    shuffled = data.draw(st.permutations(range(count)))
    where = {old: new for new, old in enumerate(shuffled)}
    first = choose(scores, (), places(range(count)), threshold=0.1, limit=5)
    order = places([where[p] for p in range(count)])
    second = choose(scores[:, shuffled], (), order, threshold=0.1, limit=5)
    assert [c.candidate for c in first] == [shuffled[c.candidate] for c in second]


def test_a_small_interest_is_not_crowded_out() -> None:
    """Ten strong papers of one interest leave room for the one of the other."""
    scores = np.array([[0.9] * 10 + [0.0], [0.0] * 10 + [0.2]], dtype=np.float32)
    chosen = choose(scores, (), places(range(11)), threshold=0.1, limit=4)
    assert [choice.interest for choice in chosen] == [0, 0, 0, 1]


def test_the_trending_order() -> None:
    """Upvotes first, then the order of the store; papers without counts come last."""
    papers = [
        stored(1, PAPERS[0], 5),
        stored(2, PAPERS[1]),
        stored(3, PAPERS[2], 80),
        stored(4, PAPERS[3], 5),
    ]
    assert by_upvotes(papers) == [2, 0, 3, 1]
    assert trend_reasons(papers[2])[0].label == "80 upvotes"
    assert trend_reasons(papers[1]) == ()
