"""Choosing: what holds for any scores."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from digest.ranking import Scores
from digest.ranking.choose import DIVERSITY, choose, explore

_MATRICES = st.tuples(st.integers(1, 4), st.integers(1, 12)).flatmap(
    lambda shape: hnp.arrays(
        np.float32,
        shape,
        elements=st.sampled_from([-np.inf, -0.5, 0.0, 0.1, 0.25, 0.5, 0.75]),
    )
)
LEVEL = 0.1


def places(order: Sequence[int]) -> dict[int, int]:
    """The place of each candidate in an order."""
    return {candidate: place for place, candidate in enumerate(order)}


def levels(scores: Scores) -> list[float]:
    """The same level for every interest."""
    return [LEVEL] * scores.shape[0]


def likeness(count: int, seed: int) -> Scores:
    """How alike candidates are, drawn by lot: symmetric, 1 to oneself."""
    drawn = np.random.default_rng(seed).random((count, count))
    alike = np.maximum(drawn, drawn.T).astype(np.float32)
    np.fill_diagonal(alike, 1)
    return alike


def twins_of(groups: Sequence[int]) -> dict[int, int]:
    """Twins from the group of each candidate: the earliest of a group stands for it."""
    first: dict[int, int] = {}
    return {
        candidate: first[group]
        for candidate, group in enumerate(groups)
        if first.setdefault(group, candidate) != candidate
    }


@given(scores=_MATRICES, limit=st.integers(1, 15), data=st.data())
@settings(max_examples=200)
def test_choices_keep_their_promises(scores: Scores, limit: int, data: st.DataObject) -> None:
    """No repeats, nothing barred, nothing below its level, best first, limit and quota kept."""
    count = scores.shape[1]
    barred = data.draw(st.sets(st.integers(0, count - 1)))
    order = data.draw(st.permutations(range(count)))
    chosen = choose(scores, barred, places(order), levels=levels(scores), limit=limit)
    found = [choice.candidate for choice in chosen]
    assert len(found) == len(set(found)) <= limit
    assert not barred & set(found)
    assert all(choice.score >= np.float32(LEVEL) for choice in chosen)
    assert [c.score for c in chosen] == sorted((c.score for c in chosen), reverse=True)
    possible = [p for p in range(count) if scores[:, p].max() >= LEVEL and p not in barred]
    assert len(chosen) == min(limit, len(possible))
    interests = {int(scores[:, p].argmax()) for p in possible}
    if limit >= len(interests):
        assert {choice.interest for choice in chosen} == interests


@given(scores=_MATRICES, seed=st.integers(0, 99), data=st.data())
def test_choices_do_not_depend_on_the_order_of_candidates(
    scores: Scores, seed: int, data: st.DataObject
) -> None:
    """Shuffled candidates, with the same order for ties, give the same picks and lots."""
    count = scores.shape[1]
    shuffled = data.draw(st.permutations(range(count)))
    alike = likeness(count, seed)
    where = {old: new for new, old in enumerate(shuffled)}
    first_order, order = places(range(count)), places([where[p] for p in range(count)])

    first = choose(
        scores,
        (),
        first_order,
        levels=levels(scores),
        limit=5,
        alike=lambda some: alike[np.ix_(some, some)],
    )
    second = choose(
        scores[:, shuffled],
        (),
        order,
        levels=levels(scores),
        limit=5,
        alike=lambda some: alike[np.ix_([shuffled[n] for n in some], [shuffled[n] for n in some])],
    )
    assert [c.candidate for c in first] == [shuffled[c.candidate] for c in second]
    lots = [
        explore(scores, (), first_order, chosen=(), least=0.0, seed=str(seed)),
        explore(scores[:, shuffled], (), order, chosen=(), least=0.0, seed=str(seed)),
    ]
    if lots[0] is None or lots[1] is None:
        assert lots == [None, None]
    else:
        assert lots[0].candidate == shuffled[lots[1].candidate]


@given(scores=_MATRICES, limit=st.integers(1, 8), data=st.data())
@settings(max_examples=200)
def test_twins_are_folded_into_the_best(scores: Scores, limit: int, data: st.DataObject) -> None:
    """One of a group is chosen, the best; none of a group of which one is barred."""
    count = scores.shape[1]
    groups = data.draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    barred = data.draw(st.sets(st.integers(0, count - 1), max_size=2))
    order = data.draw(st.permutations(range(count)))
    chosen = choose(
        scores, barred, places(order), levels=levels(scores), limit=limit, twins=twins_of(groups)
    )
    shown = [groups[choice.candidate] for choice in chosen]
    assert len(shown) == len(set(shown))
    assert not {groups[candidate] for candidate in barred} & set(shown)
    best = scores.max(axis=0)
    for choice in chosen:
        fellows = {
            n for n in range(count) if groups[n] == groups[choice.candidate] and best[n] >= LEVEL
        }
        assert {choice.candidate, *choice.twins} == fellows
        assert len(choice.twins) == len(fellows) - 1
        assert choice.score == max(best[n] for n in fellows)


@given(scores=_MATRICES, limit=st.integers(1, 8), seed=st.integers(0, 99))
def test_choosing_is_deterministic(scores: Scores, limit: int, seed: int) -> None:
    """The same asked twice gives the same."""
    alike = likeness(scores.shape[1], seed)
    order = places(range(scores.shape[1]))
    first, second = (
        choose(
            scores,
            (),
            order,
            levels=levels(scores),
            limit=limit,
            alike=lambda some: alike[np.ix_(some, some)],
        )
        for _ in range(2)
    )
    assert first == second


@given(
    scores=_MATRICES,
    least=st.sampled_from([-0.5, 0.0, 0.25]),
    seed=st.text(max_size=5),
    data=st.data(),
)
@settings(max_examples=200)
def test_exploring_shows_nothing_forbidden(
    scores: Scores, least: float, seed: str, data: st.DataObject
) -> None:
    """The same seed draws the same; never barred, chosen, or below the least; none for none."""
    count = scores.shape[1]
    barred = data.draw(st.sets(st.integers(0, count - 1)))
    chosen = data.draw(st.sets(st.integers(0, count - 1)))
    found, again = (
        explore(scores, barred, places(range(count)), chosen=chosen, least=least, seed=seed)
        for _ in range(2)
    )
    assert found == again
    near = {p for p in range(count) if p not in barred | chosen and scores[:, p].max() >= least}
    if found is None:
        assert not near
    else:
        assert found.candidate in near
        assert found.score == scores[found.interest, found.candidate]


def test_exploring_stays_near() -> None:
    """Only one of the best twenty is drawn, and over many seeds each of them."""
    scores = np.linspace(0.9, 0.3, 60, dtype=np.float32)[None, :]
    order = places(range(60))
    drawn = {
        found.candidate
        for seed in range(400)
        if (found := explore(scores, (), order, chosen={0, 1}, least=0.2, seed=str(seed)))
    }
    assert drawn == set(range(2, 22))


def test_a_small_interest_is_not_crowded_out() -> None:
    """Ten strong papers of one interest leave room for the one of the other."""
    scores = np.array([[0.9] * 10 + [0.0], [0.0] * 10 + [0.2]], dtype=np.float32)
    chosen = choose(scores, (), places(range(11)), levels=[0.1, 0.1], limit=4)
    assert [choice.interest for choice in chosen] == [0, 0, 0, 1]


def test_each_interest_has_its_own_level() -> None:
    """A paper below the level of its best interest may serve another that asks for less."""
    scores = np.array([[0.7, 0.4, 0.4], [0.3, 0.3, 0.1]], dtype=np.float32)
    chosen = choose(scores, (), places(range(3)), levels=[0.5, 0.2], limit=9)
    assert [(choice.candidate, choice.interest) for choice in chosen] == [(0, 0), (1, 1)]


def test_half_of_the_places_are_shared_out() -> None:
    """Each of three interests has its sixth of twelve places; the rest go to the best."""
    scores = np.zeros((3, 60), np.float32)
    scores[0, :40] = np.linspace(0.95, 0.9, 40)
    scores[1, 40:50] = 0.5
    scores[2, 50:] = 0.4
    chosen = choose(scores, (), places(range(60)), levels=[0.1] * 3, limit=12)
    counts = np.bincount([choice.interest for choice in chosen], minlength=3)
    assert counts.tolist() == [8, 2, 2]


def test_ties_go_by_the_order() -> None:
    """Of equal scores, and of scores that differ by rounding alone, the more upvoted comes first."""
    scores = np.array([[0.5, 0.5 + 1e-8, 0.5]], dtype=np.float32)
    chosen = choose(scores, (), places([2, 0, 1]), levels=[0.1], limit=2)
    assert [choice.candidate for choice in chosen] == [2, 0]


def test_of_two_that_are_near_equal_the_different_one_is_chosen() -> None:
    """What was chosen already counts against its like, but by 0.15 at the most."""
    alike = np.array([[1, 0.95, 0.1], [0.95, 1, 0.1], [0.1, 0.1, 1]], np.float32)
    for gap, second in ((0.08, 2), (DIVERSITY + 0.01, 1)):
        scores = np.array([[0.9, 0.8, 0.8 - gap]], np.float32)
        chosen = choose(
            scores,
            (),
            places(range(3)),
            levels=[0.1],
            limit=2,
            alike=lambda some: alike[np.ix_(some, some)],
        )
        assert [choice.candidate for choice in chosen] == [0, second]


def test_nothing_to_choose_from() -> None:
    """No candidates, no interests, no places, nothing good enough: an empty answer each time."""
    one = np.array([[0.9]], np.float32)
    assert choose(np.zeros((1, 0), np.float32), (), {}, levels=[0.1], limit=5) == []
    assert choose(np.zeros((0, 3), np.float32), (), places(range(3)), levels=[], limit=5) == []
    assert choose(one, (), places([0]), levels=[0.1], limit=0) == []
    assert choose(one, (), places([0]), levels=[0.95], limit=5) == []
    assert explore(np.zeros((0, 3), np.float32), (), {}, chosen=(), least=0, seed="") is None
