"""Profiles of any shape by an encoder and by both: few papers, thousands of likes, all reasons."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import ReasonKind
from digest.ranking import Profile, Ranker, nearness
from digest.ranking.bearing import Bearings, Said
from digest.ranking.directions import Directions, Example, Wish
from digest.ranking.nearness import NearRanker
from digest.ranking.offline import Offline
from digest.ranking.vectors import HeldVectors
from tests.encoders import WordEncoder
from tests.rankers import papers_of, profile_of, texts_of_topics, topic_word
from tests.rankers import ranker_of as terms_of

KINDS = ("encoder", "blend")
CARS = "Engines of cars. Cars burn less where engines are small."
MORE_CARS = "Cars at rest. Engines of cars stop at lights."
OWLS = "Owls by night. Owls hear voles under the snow."


@cache
def ranker_of(kind: str) -> Ranker:
    """A ranker of thirty papers with a past of a hundred and twenty."""
    texts = texts_of_topics(150, 3)
    offline = Offline(texts[:120], texts[120:])
    offline.learn()
    papers = [
        replace(one, authors=("Jane Roe",) * (n % 2), categories=("cs.LG",) * min(n % 3, 1))
        for n, one in enumerate(papers_of(texts[120:]))
    ]
    return offline.ranker(papers, kind, WordEncoder())


_NUMBERS = st.lists(st.integers(0, 149), max_size=70, unique=True)
_WORDS = st.builds(topic_word, st.integers(0, 2), st.integers(0, 79))
_TERMS = st.one_of(
    _WORDS,
    st.builds('"{} {}"'.format, _WORDS, _WORDS),
    st.builds("{}^{}".format, _WORDS, st.sampled_from([2, 0.5])),
    st.builds("-{}".format, _WORDS),
    st.sampled_from(["author:Roe", "cat:cs.LG", "-cat:math", "noise1x"]),
)


@st.composite
def _profiles(draw: st.DrawFn) -> Profile:
    liked, disliked = draw(_NUMBERS), draw(_NUMBERS)
    terms = draw(st.lists(_TERMS, max_size=5, unique=True))
    titles = draw(st.lists(_WORDS, max_size=2, unique=True))
    return profile_of(", ".join(terms), liked, disliked, titles)


@pytest.mark.parametrize("kind", ["terms", *KINDS])
@settings(max_examples=40, deadline=None)
@given(profile=_profiles(), candidate=st.integers(0, 29), most=st.sampled_from([1, 4, 1000]))
def test_the_parts_of_any_score_add_up(
    kind: str, profile: Profile, candidate: int, most: int
) -> None:
    """Whatever is liked, disliked, asked for and excluded; no liked title is named twice."""
    ranker = ranker_of(kind)
    (kept,) = ranker.prepare([profile])
    score = float(ranker.score([kept])[0, candidate])
    if not np.isfinite(score):
        return
    why = ranker.explain(kept, candidate, most, 0.0)
    assert sum(reason.share for reason in why.reasons) == pytest.approx(score, abs=2e-3)
    assert all(np.isfinite(reason.share) for reason in why.reasons)
    named = [reason.label for reason in why.reasons if reason.kind is ReasonKind.LIKED]
    assert len(named) == len(set(named)) <= most


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stored", [2, 3, 5])
def test_a_store_of_few_papers_takes_little_away(kind: str, stored: int) -> None:
    """What two papers have in common is their subject, not what all papers share."""
    texts = [CARS, MORE_CARS, OWLS, "Bread and its crust. Sourdough.", "Frogs. Ponds in May."]
    texts = texts[:stored]
    offline = Offline((), texts)
    offline.learn()
    ranker = offline.ranker(papers_of(texts), kind, WordEncoder())
    (scores,) = ranker.score(ranker.prepare([profile_of("", liked=[0])]))
    assert scores[1] > 0.4
    assert all(scores[2:] < 0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_dislikes_exclusions_and_authors_alone(kind: str) -> None:
    """Nothing is asked for: no paper is above the average one but by what is said of it."""
    ranker = ranker_of(kind)
    against, without, author = ranker.prepare(
        [
            profile_of("", disliked=range(0, 30, 3)),
            profile_of(f"-{topic_word(0, 1)}"),
            profile_of("author:Roe"),
        ]
    )
    scores = ranker.score([against, without, author])
    topics = np.arange(120, 150) % 3
    assert scores[0, topics == 0].max() < 0
    assert (scores[1][np.isfinite(scores[1])] == 0).all()
    assert sorted(set(scores[2].round(3).tolist())) == pytest.approx([0, 0.6])


def test_thousands_of_likes_are_made_in_bounded_memory() -> None:
    """Five thousand places and a few arrays of their size, however many facets there are."""
    liked, size = 5000, 256
    lot = np.random.default_rng(3)
    places = lot.standard_normal((liked, size)).astype(np.float32)
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    calm = np.eye(size, dtype=np.float32)
    examples = tuple(Example(row, 1.0) for row in range(liked))
    wishes = [Wish(np.zeros(size, np.float32), examples)] * 6
    tracemalloc.start()
    found = Directions.of(wishes, places, calm)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.linalg.norm(found.wanted, axis=1) == pytest.approx(1, abs=1e-4)
    assert peak < 4 * places.nbytes


def test_directions_are_sums_of_their_parts() -> None:
    """Words and examples by their factors give what is wanted; a paper that is there twice too."""
    lot = np.random.default_rng(5)
    places = lot.standard_normal((6, 8)).astype(np.float32)
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    half = lot.standard_normal((8, 8)).astype(np.float32)
    calm = half @ half.T
    examples = (Example(0, 1.0), Example(1, 0.5), Example(0, 0.25), Example(2, -1.0))
    wishes = [Wish(places[5] / 2, examples), Wish(np.zeros(8, np.float32), examples[1:2])]
    found = Directions.of(wishes, places, calm)
    for row, wish in enumerate(wishes):
        place = places[4]
        parts = found.shares(row, place, places, calm)
        whole = float(parts.sum() + found.asking[row] * (wish.words @ place))
        assert whole == pytest.approx(float(found.wanted[row] @ place), abs=1e-5)
        assert not parts[2]
    assert found.against[1].any() == np.False_
    assert np.linalg.norm(found.wanted, axis=1) == pytest.approx(1, abs=1e-5)


def near_ranker(asked: list[Sequence[int]]) -> NearRanker:
    """A ranker by an encoder that notes for which papers titles are asked for."""
    texts = texts_of_topics(150, 3)
    papers = papers_of(texts)
    vectors = HeldVectors(WordEncoder(), texts, range(120))

    def titles(numbers: Sequence[int]) -> dict[int, str]:
        asked.append(numbers)
        return {number: papers[number].title for number in numbers}

    rows, terms = vectors.of(range(120, 150)), terms_of(papers[120:], papers)
    return NearRanker(vectors, papers[120:], rows, terms, titles)


def test_profiles_that_are_explained_in_turn_are_read_once() -> None:
    """As in an edition, where picks stand by score; after eight others a profile is forgotten."""
    asked: list[Sequence[int]] = []
    ranker = near_ranker(asked)
    profiles = ranker.prepare([profile_of("", liked=range(n, 120, 9)) for n in range(9)])
    for candidate in range(5):
        for profile in profiles[:8]:
            assert ranker.explain(replace(profile), candidate).reasons
    assert len(asked) == 8
    ranker.explain(profiles[8], 0)
    ranker.explain(profiles[1], 0)
    assert len(asked) == 9
    ranker.explain(profiles[0], 0)
    assert len(asked) == 10


def test_what_explaining_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of large libraries fewer stay at hand, and the last one in any case."""
    monkeypatch.setattr(nearness, "_MOST_AT_HAND", 100)
    asked: list[Sequence[int]] = []
    ranker = near_ranker(asked)
    small, other, large = ranker.prepare(
        [profile_of("", liked=range(first, last)) for first, last in [(0, 50), (50, 100), (0, 120)]]
    )
    for profile in (small, other, small, other):
        ranker.explain(profile, 0)
    assert len(asked) == 2
    for profile in (large, large, small):
        ranker.explain(profile, 0)
    assert len(asked) == 4


def test_bearings_of_another_size_are_made_anew() -> None:
    """What was kept with an encoder of other dimensions is none."""
    ranker = ranker_of("encoder")
    profile = profile_of("owls")
    (kept,) = ranker.prepare([profile])
    other = Bearings.from_bytes(kept.kept or b"")
    small = Bearings(
        Said(other.said.words[:8], other.said.titles[:, :8]),
        tuple(type(one)(one.direction[:8], one.scale) for one in other.every),
    )
    damaged = Profile(profile.interest, kept=small.to_bytes())
    assert ranker.score([damaged])[0] == pytest.approx(ranker.score([kept])[0])
