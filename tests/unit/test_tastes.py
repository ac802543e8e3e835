"""Tastes: what an interest makes of papers, in numbers that mean the same for everyone."""

from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.model import Paper, ReasonKind, Threshold
from digest.ranking import MOST_FACETS, Example, Profile
from digest.ranking.exact import ALONE_SHARE, AUTHOR_SHARE, CATEGORY_SHARE
from digest.ranking.making import Wish, make_palates
from digest.ranking.model import Model, sample_of_past
from digest.ranking.taste import LADDER, TYPICAL, Palate, score_of
from digest.ranking.tfidf import TfidfRanker
from tests.papers import paper
from tests.rankers import TERMS, model_of, profile_of, ranker_of, texts_of_topics, topic_word

TOPICS = 6


def papers_of(texts: list[str]) -> list[Paper]:
    """Papers of these texts, some with authors and categories."""
    people = ("Jane Roe", "Bo Li", "Ann Lee")
    return [
        paper(
            text.partition(". ")[0],
            text.partition(". ")[2],
            authors=people[n % 4 : n % 4 + 1],
            categories=("cs.LG", "stat.ML")[n % 3 : n % 3 + 1],
        )
        for n, text in enumerate(texts)
    ]


@cache
def background() -> list[Paper]:
    """Enough papers to have subjects."""
    return papers_of(texts_of_topics(480, TOPICS))


@cache
def candidates() -> list[Paper]:
    """Papers of a day, and one without any term."""
    return [*papers_of(texts_of_topics(18, TOPICS, seed=7)), paper("To be or not to be")]


@cache
def model(*, subjects: bool) -> Model:
    """What is known of the background; without subjects where there were too few papers."""
    return model_of(background() if subjects else background()[:300])


@cache
def ranker(*, subjects: bool = True) -> TfidfRanker:
    """A ranker of the candidates."""
    return ranker_of(candidates(), background(), model(subjects=subjects))


def _phrases() -> list[str]:
    texts = [one.title.split() for one in candidates()[:6]]
    return [" ".join(words[n : n + size]) for words in texts for n in (0, 1) for size in (1, 2, 3)]


_PLAIN = st.sampled_from(
    [*(topic_word(t, n) for t in range(3) for n in range(9)), "noise1x noise2x"]
)
_ITEMS = st.one_of(
    _PLAIN,
    _PLAIN.map(lambda words: f"{words}^3"),
    st.sampled_from(_phrases()).map(lambda words: f'"{words}"'),
    st.sampled_from(['author:"Jane Roe"', 'author:"Li"^0.5', "cat:cs.LG", "cat:stat", "the of"]),
    st.sampled_from(["-noise9x", "-cat:stat.ML", '-author:"Ann Lee"']),
)
_PROFILES = st.builds(
    profile_of,
    st.lists(_ITEMS, max_size=6).map(", ".join),
    st.lists(st.integers(0, 500), max_size=5, unique=True),  # those from 480 on are unknown
    st.lists(st.integers(501, 520) | st.integers(0, 479), max_size=3, unique=True),
    st.lists(st.sampled_from([one.title for one in background()[:9]]), max_size=2, unique=True),
)


@given(profile=_PROFILES, subjects=st.booleans(), place=st.integers(0, 18))
@settings(max_examples=60)
def test_reasons_add_up_to_the_score(profile: Profile, place: int, *, subjects: bool) -> None:
    """Whatever was asked for: terms, phrases, examples, authors, categories, and the rest."""
    judge = ranker(subjects=subjects)
    score = float(judge.score([profile])[0][place])
    why = judge.explain(profile, place)
    if np.isneginf(score):
        return
    assert sum(reason.share for reason in why.reasons) == pytest.approx(score, abs=1e-4)
    assert all(np.isfinite(reason.share) for reason in why.reasons)
    *named, rest = why.reasons
    assert rest.kind is ReasonKind.REST
    assert all(reason.share > 0 and reason.label for reason in named)
    known = {e.number for e in profile.examples if e.weight > 0}
    assert why.nearest is None or why.nearest in known


@given(profiles=st.lists(_PROFILES, min_size=1, max_size=5), subjects=st.booleans())
@settings(max_examples=40)
def test_a_profile_scores_the_same_in_any_company(
    profiles: list[Profile], *, subjects: bool
) -> None:
    """Whoever else is in the shard, and whether its taste was stored or made just now."""
    judge = ranker(subjects=subjects)
    together = judge.score(profiles)
    stored = judge.score(judge.prepare(profiles))
    for mine, kept, profile in zip(together, stored, profiles, strict=True):
        (alone,) = judge.score([profile])
        np.testing.assert_allclose(mine, alone, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(kept, alone, rtol=1e-4, atol=1e-5)


@given(profile=_PROFILES)
@settings(max_examples=30)
def test_a_taste_survives_the_store(profile: Profile) -> None:
    """Its bytes give the same taste; cut or lengthened ones are none, and are made anew."""
    (kept,) = ranker().prepare([profile])
    assert kept.kept is not None
    palate = Palate.from_bytes(kept.kept)
    assert palate.to_bytes() == kept.kept
    (taste,) = palate.tastes
    assert (np.diff(taste.columns.astype(np.int64)) > 0).all()
    for raw in (b"", kept.kept[:-1], kept.kept[: len(kept.kept) // 2], kept.kept + b"\0"):
        with pytest.raises(ValueError, match=r"short|number"):
            Palate.from_bytes(raw)
        broken = Profile(profile.interest, profile.examples, profile.titles, raw)
        assert ranker().prepare([broken])[0].kept == kept.kept
    assert ranker().prepare([kept])[0] is kept


@pytest.mark.parametrize("subjects", [True, False])
@pytest.mark.parametrize(
    "profile",
    [
        profile_of(""),
        profile_of("the of, and"),
        profile_of("-noise9x"),
        profile_of("-noise9x", disliked=[3]),
        profile_of("", liked=[9999]),
        profile_of("", liked=[9999], disliked=[9998]),
        profile_of("", titles=["the of and"]),
        profile_of("unheardof"),
        profile_of('"unheardof things"'),
    ],
    ids=range(9),
)
def test_profiles_that_ask_for_nothing_known(profile: Profile, *, subjects: bool) -> None:
    """No error, no number that is none, and nothing that is good enough to be picked."""
    scores = ranker(subjects=subjects).score([profile])[0]
    assert not np.isnan(scores).any()
    assert (scores < Threshold().score).all()
    assert not np.isposinf(scores).any()


def test_excluded_papers_score_minus_infinity() -> None:
    """And only they, however well they fit."""
    title = candidates()[0].title
    asked = profile_of(f"{title}, -cat:stat.ML")
    scores = ranker().score([asked])[0]
    wanted = [one.categories == ("stat.ML",) for one in candidates()]
    assert np.isneginf(scores).tolist() == wanted
    assert any(wanted)


def test_authors_and_categories_add_their_share() -> None:
    """0.6 for an author, 0.1 for a category beside other wishes, 0.6 for one alone; by weight."""
    words, author, both, alone = ranker().score(
        [
            profile_of(topic_word(0, 1)),
            profile_of(f'{topic_word(0, 1)}, author:"Jane Roe"^0.5'),
            profile_of(f"{topic_word(0, 1)}, cat:cs.LG"),
            profile_of("cat:cs.LG"),
        ]
    )
    is_hers = np.array([one.authors == ("Jane Roe",) for one in candidates()])
    is_its = np.array([one.categories == ("cs.LG",) for one in candidates()])
    np.testing.assert_allclose(author - words, is_hers * AUTHOR_SHARE * 0.5, atol=1e-5)
    np.testing.assert_allclose(both - words, is_its * CATEGORY_SHARE, atol=1e-5)
    np.testing.assert_allclose(alone, is_its * ALONE_SHARE, atol=1e-5)


def test_two_thousand_examples() -> None:
    """A large library is a profile like any other: bounded, finite, and about its subject."""
    examples = tuple(Example(n % 480, 0.5 ** (n / 100)) for n in range(0, 2000 * TOPICS, TOPICS))
    liked = Profile(profile_of("").interest, tuple({e.number: e for e in examples}.values()))
    (kept,) = ranker().prepare([Profile(liked.interest, examples)])
    assert kept.kept is not None
    assert len(kept.kept) < MOST_FACETS * 40_000
    (scores,) = ranker().score([kept])
    assert set(np.argsort(-scores)[:3].tolist()) == {0, 6, 12}
    assert np.isfinite(ranker().score([liked])).all()


def test_examples_of_a_subject_lead_to_it() -> None:
    """Papers of the topic of the liked ones score above all others, on every kind of store."""
    for subjects in (True, False):
        liked = [topic + TOPICS * n for topic in (2,) for n in range(12)]
        (scores,) = ranker(subjects=subjects).score([profile_of("", liked=liked)])
        mine = np.arange(len(scores)) % TOPICS == 2
        mine[-1] = False
        assert scores[mine].min() > scores[~mine].max()


def test_a_disliked_paper_lowers_its_like() -> None:
    """And no liked one falls for it; more of them count for more."""
    wish = ", ".join(topic_word(t, n) for t in (0, 1) for n in range(20))
    neutral, one, many = ranker().score(
        [
            profile_of(wish),
            profile_of(wish, disliked=[1]),
            profile_of(wish, disliked=[1 + TOPICS * n for n in range(9)]),
        ]
    )
    hers, theirs = slice(0, 18, TOPICS), slice(1, 18, TOPICS)
    assert one[theirs].mean() < neutral[theirs].mean()
    assert many[theirs].mean() < one[theirs].mean()
    assert many[hers].mean() > many[theirs].mean() + 0.1


def test_the_average_paper_of_the_past_scores_about_nothing() -> None:
    """So that a score means the same for every interest."""
    wishes = [
        profile_of(topic_word(0, 1)),
        profile_of(", ".join(topic_word(1, n) for n in range(30))),
        profile_of("", liked=[2, 8, 14, 20]),
        profile_of("noise1x"),
    ]
    judge = ranker_of(background(), background(), model(subjects=True))
    assert np.abs(judge.score(wishes).mean(axis=1)).max() < 0.1


def test_levels_fall_as_shares_rise() -> None:
    """What fewer papers reached is higher; the ladder is what papers of the past really reached."""
    (kept,) = ranker().prepare([profile_of("", liked=[0, 6, 12, 18, 24])])
    shares = [0.0, 1e-6, 0.001, 0.005, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9, 1.0, 7.0]
    found = [ranker().level(kept, share) for share in shares]
    assert found == sorted(found, reverse=True)
    assert found[-4] < found[2]
    judge = ranker_of(background(), background(), model(subjects=True))
    (scores,) = judge.score([kept])
    others = np.delete(scores, [0, 6, 12, 18, 24])  # no paper is measured by its own likes
    for share in LADDER[:5]:
        assert (others >= ranker().level(kept, share)).mean() == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("a_day", [5, 10, 30])
@pytest.mark.parametrize("wish", ["words", "liked", "both"])
def test_so_many_a_day_are_about_so_many(wish: str, a_day: int) -> None:
    """On new days like those of the past, over twenty days of a hundred.

    Within a factor of two and a half: a quarter of the past papers on the subject are the reader's
    own likes, by which nothing is measured.
    """
    words = ", ".join(topic_word(0, n) for n in range(40)) if wish != "liked" else ""
    liked = range(0, 120, TOPICS) if wish != "words" else ()
    days = papers_of(texts_of_topics(2000, TOPICS, seed=11))
    judge = ranker_of(days, background(), model(subjects=True))
    (kept,) = judge.prepare([profile_of(words, liked=list(liked))])
    (scores,) = judge.score([kept])
    reached = (scores >= judge.level(kept, a_day / 100)).reshape(20, 100).sum(axis=1)
    assert a_day / 2.5 <= reached.mean() <= a_day * 2.5


def test_scores_grow_with_the_fit_and_stay_below_one() -> None:
    """The fit itself up to 0.8; twice the evidence of 0.8 is 0.9."""
    fits = np.linspace(-2, 50, 2000)
    scores = score_of(fits)
    assert (np.diff(scores) > 0).all()
    assert scores.max() < 1
    assert score_of(0.3) == pytest.approx(0.3)
    assert score_of(TYPICAL) == pytest.approx(TYPICAL)
    assert score_of(2 * TYPICAL) == pytest.approx(0.9)


@given(size=st.integers(0, 40_000))
@example(size=0)
@example(size=2001)
@settings(max_examples=30)
def test_the_past_is_sampled_evenly(size: int) -> None:
    """At most two thousand of the latest thirty thousand, each once, in order, the last among them."""
    rows = np.arange(size)
    sample = sample_of_past(rows)
    assert sample.size == min(size, 2000)
    assert (np.diff(sample) > 0).all()
    if size:
        assert sample[-1] == size - 1
        assert sample[0] == max(0, size - 30_000)


def test_no_wishes_make_no_tastes() -> None:
    """And a wish with nothing in it makes an empty one."""
    nothing = TERMS.count([])
    assert make_palates(model(subjects=True), [], nothing) == []
    (empty,) = make_palates(model(subjects=True), [Wish(profile_of("").interest)], nothing)
    (taste,) = empty.tastes
    assert len(taste.columns) == 0
    (again,) = Palate.from_bytes(empty.to_bytes()).tastes
    assert again.gain == pytest.approx(taste.gain)


def test_twins_are_found() -> None:
    """Nearly the same text is the same paper; the earlier one stands for it; others are none."""
    text = candidates()[0]
    almost = paper(f"{text.title} revisited", text.abstract)
    judge = ranker_of([*candidates(), text, almost], background(), model(subjects=True))
    assert judge.twins() == {19: 0, 20: 0}
    likeness = judge.alike([0, 1, 19, 20])
    assert likeness.shape == (4, 4)
    np.testing.assert_allclose(likeness, likeness.T, atol=1e-5)
    assert likeness[0, 2] == pytest.approx(1, abs=1e-4)
    assert likeness[0, 3] > likeness[0, 1]


def test_no_candidates() -> None:
    """An empty day is scored, and has no twins."""
    judge = ranker_of([], background(), model(subjects=True))
    assert judge.score([profile_of("noise1x", liked=[1])]).shape == (1, 0)
    assert judge.twins() == {}
