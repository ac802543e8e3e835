"""What each part of a score by meaning is, told without the rest.

`all else` makes the parts of a score add up whatever they are. So these tests say what it has to
be, and what each part is beside it, from the formulas of the modules and from scores alone.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from digest.model import ReasonKind
from digest.ranking import Example, Profile, Ranker
from digest.ranking.bearing import Bearings
from digest.ranking.nearness import NearRanker
from digest.ranking.offline import Offline
from digest.ranking.pages import Pages
from digest.ranking.subjects import LEAST_PAPERS
from digest.ranking.taste import Palate
from digest.ranking.tfidf import TfidfRanker
from tests.encoders import WordEncoder
from tests.rankers import counted, model_of, papers_of, profile_of, texts_of_topics, topic_word
from tests.rankers import ranker_of as by_terms

PAPERS = 60
FACETED = profile_of("", liked=range(50))  # more than forty: parted by subjects
TEXTS = texts_of_topics(PAPERS, 3)
TITLES = [paper.title for paper in papers_of(TEXTS)]
REST = (ReasonKind.REST, "all else")

Parts = Mapping[tuple[ReasonKind, str], float]


@cache
def ranker_of(kind: str) -> Ranker:
    """A ranker of sixty papers, which are its past as well, so that each has a title."""
    offline = Offline((), TEXTS)
    offline.learn()
    return offline.ranker(papers_of(TEXTS), kind, WordEncoder(dimensions=64))


@cache
def terms_with_subjects() -> tuple[TfidfRanker, Pages]:
    """A ranker by terms of as many papers as it takes to learn subjects, and their pages."""
    papers = papers_of(texts_of_topics(LEAST_PAPERS, 3))
    model = model_of(papers)
    return by_terms(papers, model=model), model.pages(counted(papers))


def near_ranker() -> NearRanker:
    """The ranker by an encoder alone."""
    found = ranker_of("encoder")
    assert isinstance(found, NearRanker)
    return found


def kept_by(ranker: Ranker, profile: Profile) -> Profile:
    """The profile with what a ranker keeps of it."""
    return ranker.prepare([profile])[0]


def offsets_of(kept: Profile) -> list[float]:
    """Gain · centre of each bearing of a profile that the encoder kind has prepared."""
    bearings = Bearings.from_bytes(kept.kept or b"").every
    return [bearing.scale.gain * bearing.scale.centre for bearing in bearings]


def fit_of(score: float) -> float:
    """The fit of a score, which is the fit up to 0.8 and 1 - 0.16 / fit above."""
    return score if score <= 0.8 else 0.16 / (1 - score)


def fits_by(ranker: Ranker, kept: Profile) -> list[float]:
    """The fits of all papers, read from their scores."""
    (scores,) = ranker.score([kept])
    return [fit_of(score) for score in scores.tolist()]


def parts_by(ranker: Ranker, kept: Profile, candidate: int) -> Parts:
    """All that is told of a score, as parts of its fit; what has one name is added up."""
    score = float(ranker.score([kept])[0, candidate])
    larger = fit_of(score) / score if score > 0.8 else 1.0
    found: dict[tuple[ReasonKind, str], float] = defaultdict(float)
    for reason in ranker.explain(kept, candidate, 10_000, 0.0).reasons:
        found[reason.kind, reason.label] += larger * reason.share
    return found


def sides_of(profile: Profile) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What keywords and what liked papers add to p·x, of every paper."""
    kept = kept_by(near_ranker(), profile)
    (bearing,) = Bearings.from_bytes(kept.kept or b"").every
    every = [near_ranker().shares(kept, candidate)[0] for candidate in range(PAPERS)]
    asked = np.array([shares.get(None, 0.0) for shares in every])
    whole = np.array([sum(shares.values()) for shares in every])
    return asked / bearing.scale.gain, (whole - asked) / bearing.scale.gain


def same(value: object) -> object:
    """As near to a number, or to several, as single precision takes it."""
    return pytest.approx(value, rel=1e-3, abs=2e-4)


_WORDS = st.builds(topic_word, st.integers(0, 2), st.integers(0, 79))
_TERMS = st.one_of(
    _WORDS,
    st.builds('"{} {}"'.format, _WORDS, _WORDS),
    st.builds("{}^{}".format, _WORDS, st.sampled_from([2, 0.5])),
)
_NUMBERS = st.lists(st.integers(0, PAPERS - 1), max_size=12, unique=True)
_WEIGHTS = st.sampled_from([1.0, 0.5, 0.1])


@st.composite
def _wishes(draw: st.DrawFn) -> Profile:
    """Profiles that ask for something: no dislikes, no authors, no categories."""
    terms = draw(st.lists(_TERMS, max_size=3, unique=True))
    titles = draw(st.lists(st.one_of(_WORDS, st.sampled_from(TITLES)), max_size=2, unique=True))
    liked = draw(_NUMBERS if terms or titles else _NUMBERS.filter(len))
    examples = tuple(Example(number, draw(_WEIGHTS)) for number in liked)
    return replace(profile_of(", ".join(terms), titles=titles), examples=examples)


@st.composite
def _profiles(draw: st.DrawFn) -> Profile:
    """The same with dislikes."""
    against = tuple(Example(number, -1.0) for number in draw(_NUMBERS))
    wish = draw(_wishes())
    return replace(wish, examples=(*wish.examples, *against))


@pytest.mark.parametrize(
    "profile",
    [
        profile_of(topic_word(0, 1)),
        profile_of(f'{topic_word(0, 1)}^2, "{topic_word(0, 2)} {topic_word(1, 3)}"'),
        profile_of("", liked=[4]),
        profile_of("", titles=[TITLES[4]]),
    ],
)
def test_the_only_part_less_the_centre_is_the_fit(profile: Profile) -> None:
    """Of keywords alone or of one liked paper: what is told is g p·x, and the rest -g centre."""
    kept = kept_by(near_ranker(), profile)
    (offset,) = offsets_of(kept)
    fits = fits_by(near_ranker(), kept)
    told = 0
    for candidate, fit in enumerate(fits):
        parts = dict(parts_by(near_ranker(), kept, candidate))
        rest = parts.pop(REST)
        if parts:
            (part,) = parts.values()
            assert part - offset == same(fit)
            assert rest == same(-offset)
            told += 1
        else:
            assert fit <= -offset + 1e-4
    assert told > PAPERS / 4
    assert max(fits) > 0.8


@settings(max_examples=25)
@given(profile=_wishes(), candidate=st.integers(0, PAPERS - 1))
@example(profile=FACETED, candidate=3)
@example(profile=FACETED, candidate=58)
def test_all_parts_less_the_centre_are_the_fit(profile: Profile, candidate: int) -> None:
    """Liked papers and keywords, those below 0 too: g (p·x - centre) without any rest."""
    kept = kept_by(near_ranker(), profile)
    parts, _ = near_ranker().shares(kept, candidate)
    found = [sum(parts.values()) - offset for offset in offsets_of(kept)]
    fit = fits_by(near_ranker(), kept)[candidate]
    assert min(found, key=lambda one: abs(one - fit)) == same(fit)


@settings(max_examples=25)
@given(profile=_wishes(), candidate=st.integers(0, PAPERS - 1))
@example(profile=profile_of("", liked=[4, 7], titles=[TITLES[4]]), candidate=4)  # named once
def test_what_is_told_is_every_part_above_0(profile: Profile, candidate: int) -> None:
    """By title and for all keywords together; the rest is what parts below 0 and the centre say."""
    kept = kept_by(near_ranker(), profile)
    shares, _ = near_ranker().shares(kept, candidate)
    words = ", ".join(keyword.text for keyword in profile.interest.keywords)
    names: dict[int | None, tuple[ReasonKind, str]] = {None: (ReasonKind.KEYWORDS, words)}
    titles = [*(TITLES[one.number] for one in profile.examples), *profile.titles]
    names |= {row: (ReasonKind.LIKED, title) for row, title in enumerate(titles)}
    (offset,) = offsets_of(kept)
    expected: dict[tuple[ReasonKind, str], float] = defaultdict(float, {REST: -offset})
    for row, share in shares.items():
        expected[names[row] if share > 0 else REST] += share
    assert parts_by(near_ranker(), kept, candidate) == same(expected)


@pytest.mark.parametrize("liked", [[4], [4, 7, 10], [1, 4, 7, 30, 33]])
def test_keywords_and_liked_papers_stand_as_the_direction_adds_them_up(liked: list[int]) -> None:
    """As q·x stands to w l·x / |l|, w = N / (N + 3), for every paper; each alone tells its own."""
    words = topic_word(0, 1)
    asked, _ = sides_of(profile_of(words))
    _, near = sides_of(profile_of("", liked=liked))
    asked_beside, near_beside = sides_of(profile_of(words, liked=liked))
    weight = len(liked) / (len(liked) + 3)
    assert asked_beside * weight * near == pytest.approx(near_beside * asked, rel=1e-3, abs=1e-5)
    assert np.ptp(asked) > 0.5
    assert np.ptp(near) > 0.5


def test_a_liked_paper_counts_by_its_weight() -> None:
    """Of a text that is liked twice, once by half, half is added; a paper is most like itself."""
    twice = profile_of("", titles=[TEXTS[4]])
    for weight in (1.0, 0.5, 0.25):
        examples = (Example(4, weight), Example(8))
        kept = kept_by(near_ranker(), replace(twice, examples=examples))
        for candidate in range(PAPERS):
            shares, _ = near_ranker().shares(kept, candidate)
            assert shares.get(0, 0.0) == pytest.approx(weight * shares.get(2, 0.0), rel=1e-3)
        own, _ = near_ranker().shares(kept, 8)
        assert own[1] > own[0]


@pytest.mark.parametrize("profile", [profile_of("", liked=[4, 7]), profile_of(topic_word(0, 1))])
def test_dislikes_take_from_the_rest_alone(profile: Profile) -> None:
    """What is told of liked papers and keywords stays, and the rest falls by as much as the fit."""
    against = tuple(Example(number, -1.0) for number in (0, 3, 5))
    liking = kept_by(near_ranker(), profile)
    both = kept_by(near_ranker(), replace(profile, examples=(*profile.examples, *against)))
    fell = 0.0
    fits = zip(fits_by(near_ranker(), liking), fits_by(near_ranker(), both), strict=True)
    for candidate, (before, after) in enumerate(fits):
        expected = dict(parts_by(near_ranker(), liking, candidate))
        expected[REST] += after - before
        assert parts_by(near_ranker(), both, candidate) == same(expected)
        fell = max(fell, before - after)
    assert fell > 0.3


@settings(max_examples=25)
@given(profile=_profiles(), candidate=st.integers(0, PAPERS - 1))
@example(profile=FACETED, candidate=3)
@example(profile=FACETED, candidate=58)
def test_the_blend_tells_what_both_rankers_tell_by_their_factors(
    profile: Profile, candidate: int
) -> None:
    """Its fit is a T + b E + c for every paper: terms have a times their parts, liked papers b."""
    terms, near, blend = (
        kept_by(ranker_of(kind), profile) for kind in ("terms", "encoder", "blend")
    )
    fits = fits_by(ranker_of("blend"), blend)
    both = np.stack(
        [fits_by(ranker_of("terms"), terms), fits_by(near_ranker(), near), np.ones(PAPERS)], axis=1
    )
    factors, *_ = np.linalg.lstsq(both, np.array(fits))
    assert both @ factors == same(fits)
    of_terms, of_near, constant = factors.tolist()
    expected: dict[tuple[ReasonKind, str], float] = defaultdict(float, {REST: constant})
    for name, part in parts_by(ranker_of("terms"), terms, candidate).items():
        expected[name] += of_terms * part
    for name, part in parts_by(near_ranker(), near, candidate).items():
        expected[name] += of_near * part
    assert parts_by(ranker_of("blend"), blend, candidate) == same(expected)


@pytest.mark.parametrize(
    "profile",
    [
        profile_of(f"{topic_word(0, 1)}, {topic_word(1, 2)}^2"),
        profile_of("", liked=[4, 7]),
        profile_of(topic_word(0, 1), liked=[4], disliked=[5], titles=[topic_word(2, 1)]),
    ],
)
def test_terms_which_the_blend_takes_over_are_told_by_what_they_add(profile: Profile) -> None:
    """Those above 0 of the terms of a paper; the rest is what others take, and the centre."""
    ranker, pages = terms_with_subjects()
    kept = kept_by(ranker, profile)
    (taste,) = Palate.from_bytes(kept.kept or b"").tastes
    fits = fits_by(ranker, kept)
    for candidate in range(0, LEAST_PAPERS, 10):
        shares, base = pages.shares(taste, candidate)
        parts = parts_by(ranker, kept, candidate)
        told = sum(part for (kind, _), part in parts.items() if kind is ReasonKind.TERM)
        assert told == same(float(shares[shares > 0].sum()))
        assert told + float(shares[shares < 0].sum()) + base == same(fits[candidate])
    assert max(fits) > 0.8


def test_the_blend_tells_terms_and_liked_papers_of_most_papers() -> None:
    """What the rule above is about: parts of both kinds, of fits above 0.8 and below."""
    blend = kept_by(ranker_of("blend"), profile_of(topic_word(0, 1), liked=[4, 7]))
    told = [{kind for kind, _ in parts_by(ranker_of("blend"), blend, n)} for n in range(PAPERS)]
    both = {ReasonKind.TERM, ReasonKind.LIKED}
    fits = fits_by(ranker_of("blend"), blend)
    assert sum(both <= kinds for kinds in told) > PAPERS / 4
    assert min(fits) < 0
    assert max(fits) > 0.8
