"""Scores and reasons of the ranker."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from digest.model import ReasonKind, Signal, StoredPaper, Trend
from digest.ranking.tfidf import TfidfRanker
from digest.ranking.trend import MOST_LIFT, by_trend, lifts, trend_of, trend_reasons
from tests.papers import paper, stored
from tests.rankers import profile_of, ranker_of

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


@pytest.fixture(scope="module")
def ranker() -> TfidfRanker:
    """A ranker of the eight papers, which are its background too."""
    return ranker_of(PAPERS)


def best(ranker: TfidfRanker, text: str) -> int:
    """The place of the best paper."""
    return int(ranker.score([profile_of(text)])[0].argmax())


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
    """Words in any inflection, phrases as they stand, exclusions, authors, categories: above 0.5."""
    assert best(ranker, text) == place
    assert ranker.score([profile_of(text)])[0][place] > 0.5


def test_a_phrase_counts_only_where_it_stands(ranker: TfidfRanker) -> None:
    """The words alone are not the phrase; its plural is."""
    scores = ranker.score([profile_of('"graph neural network"')])[0]
    assert scores[1] > 0.5
    assert (np.delete(scores, 1) <= 0).all()


def test_exclusions_are_absolute(ranker: TfidfRanker) -> None:
    """Excluded words, authors and categories can never be picked, in singular or plural."""
    scores = ranker.score([profile_of('molecules, -survey, -author:"Jane Roe", -cat:cs')])[0]
    assert np.isneginf(scores).tolist() == [False, False, False, True, True, True, False, True]


def test_weights_matter(ranker: TfidfRanker) -> None:
    """The heavier keyword decides."""
    assert best(ranker, "galaxies^5, sourdough") == 4
    assert best(ranker, "galaxies, sourdough^5") == 7


def test_liked_papers_lead_to_their_like() -> None:
    """A profile can be made of papers alone, whether the store has them or only their titles."""
    library = [*PAPERS, paper("Roads as graphs", "Graphs of roads in a network of cities.")]
    ranker = ranker_of(PAPERS, library)
    of_the_store = profile_of("", liked=[len(PAPERS)])
    of_titles = profile_of("", titles=["Roads as graphs in a network of cities"])
    assert ranker.score([of_the_store, of_titles]).argmax(axis=1).tolist() == [2, 2]


def test_many_profiles_score_as_each_alone(ranker: TfidfRanker) -> None:
    """A shard is no different from one reader after the other."""
    texts = ["molecules^3, survey", '"neural network", roads', 'author:"Li"', "nothing like it"]
    together = ranker.score([profile_of(text) for text in texts])
    alone = np.vstack([ranker.score([profile_of(text)]) for text in texts])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


def test_no_profiles_give_no_rows(ranker: TfidfRanker) -> None:
    """An empty shard is no error."""
    assert ranker.score([]).shape == (0, len(PAPERS))


@pytest.mark.parametrize("text", ["chromodynamics", "日本", "the and of"])
def test_an_interest_that_matches_nothing_scores_nothing(ranker: TfidfRanker, text: str) -> None:
    """No positive score, no term as a reason, no error; the same for keywords without a term."""
    asked = profile_of(text)
    assert (ranker.score([asked])[0] <= 0).all()
    assert [reason.kind for reason in ranker.explain(asked, 0).reasons] == [ReasonKind.REST]


def test_reasons_are_the_readers_words(ranker: TfidfRanker) -> None:
    """The terms are those that the paper writes, pairs joined to the phrase that stands there."""
    first, *_ = ranker.explain(profile_of('"graph neural network", chemistry'), 1).reasons
    assert first.kind is ReasonKind.TERM
    assert first.label == "graph neural networks"
    *both, rest = ranker.explain(profile_of('author:"Jane Roe", galaxies'), 4).reasons
    assert {(reason.kind, reason.label) for reason in both} == {
        (ReasonKind.AUTHOR, "Jane Roe"),
        (ReasonKind.TERM, "galaxies"),
    }
    assert [reason.share for reason in both] == sorted((r.share for r in both), reverse=True)
    assert rest.kind is ReasonKind.REST


@pytest.mark.parametrize(
    "text", ["anomaly detection, turbines", '"neural network"^2, roads', "molecules, cat:cs.CL"]
)
def test_reasons_are_addends_of_the_score(ranker: TfidfRanker, text: str) -> None:
    """The shares of the reasons, the rest among them, are together the score."""
    asked = profile_of(text)
    scores = ranker.score([asked])[0]
    for place in range(len(PAPERS)):
        total = sum(reason.share for reason in ranker.explain(asked, place).reasons)
        assert total == pytest.approx(float(scores[place]), abs=1e-5)


def test_one_author_two_ways_of_writing(ranker: TfidfRanker) -> None:
    """An initial stands for a name; another first name does not."""
    asked = [profile_of('author:"Jane Roe"'), profile_of('author:"Roe, John"')]
    scores = ranker.score(asked)
    assert np.flatnonzero(scores[0] > 0.5).tolist() == [4, 7]
    assert np.flatnonzero(scores[1] > 0.5).tolist() == [7]


@pytest.mark.parametrize("size", [1, 2])
def test_tiny_stores_are_ranked(size: int) -> None:
    """One paper is compared with itself and still found; an empty background is no error."""
    few = PAPERS[:size]
    for background in (few, []):
        assert ranker_of(few, background).score([profile_of("anomaly detection")])[0][0] > 0.5


def test_a_paper_without_terms_is_explained() -> None:
    """Only stop words: its author still is a reason."""
    few = [paper("To be or not to be", authors=("Jane Roe",)), *PAPERS]
    first, rest = ranker_of(few).explain(profile_of('author:"Jane Roe", diffusion'), 0).reasons
    assert first.label == "Jane Roe"
    assert rest.kind is ReasonKind.REST


def trends_of(papers: Sequence[StoredPaper]) -> dict[int, Trend]:
    """The trends of papers of one age, by place."""
    noon = datetime(2026, 3, 17, 12, tzinfo=UTC)
    return {
        place: trend_of([Signal("upvotes", paper.upvotes, noon)], noon - timedelta(hours=12), noon)
        for place, paper in enumerate(papers)
        if paper.upvotes
    }


def test_the_trending_order() -> None:
    """Upvotes first, then the order of the store; papers without counts come last."""
    papers = [
        stored(1, PAPERS[0], 5),
        stored(2, PAPERS[1]),
        stored(3, PAPERS[2], 80),
        stored(4, PAPERS[3], 5),
    ]
    trends = trends_of(papers)
    assert by_trend(papers, trends) == [2, 0, 3, 1]
    assert by_trend(papers, {}) == [2, 0, 3, 1]
    assert trend_reasons(trends[2])[0].label == "80 upvotes"
    assert set(trends) == {0, 2, 3}


def test_upvotes_lift_a_little() -> None:
    """By rank and not by number, less than 0.25; nothing for the least, and for no upvotes."""
    papers = [stored(n, paper(f"Paper {n}"), votes) for n, votes in enumerate([3, None, 900, 0, 7])]
    found = lifts(trends_of(papers), len(papers))
    assert found[1] == found[3] == found[0] == 0.0
    assert 0 < found[4] < found[2] < MOST_LIFT
    assert lifts({}, 0) == []
