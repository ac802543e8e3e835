"""What can be told from a replay, and what cannot."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from digest.evaluation.nouns import (
    LEAST_DATES,
    Evaluation,
    Question,
    Replayed,
    Shown,
    Variant,
    Verdict,
    Votes,
)
from digest.evaluation.verdict import in_words, needed, verdict_of
from digest.store import Store
from tests.conftest import DAY
from tests.papers import paper, reader, seen

ANN = Variant(reader(), "terms")
FIRST, SECOND, MISSED = (1, 2), (2, 1), (2, 3)  # paper 1 is the liked one


def edition(papers: Sequence[int]) -> Shown:
    """An edition of these papers, of which the first number is liked."""
    found = tuple(place for place, number in enumerate(papers, 1) if number == 1)
    return Shown(tuple(papers), found, 0)


def evaluation(*dates: tuple[Sequence[int], ...], change: bool = True) -> Evaluation:
    """Dates with the editions of today and of the change."""
    replayed = [
        Replayed(Question(day, day, frozenset({1})), 9, tuple(map(edition, editions)), {})
        for day, editions in ((DAY + timedelta(days=n), one) for n, one in enumerate(dates))
    ]
    votes = Votes(len(dates), 0, 0)
    other = ANN if change else None
    return Evaluation(ANN, other, DAY, DAY, len(dates), votes, tuple(replayed))


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        (evaluation(), Verdict.TOO_FEW, "0 papers that you liked, on 0 dates"),
        (evaluation(*[(MISSED, FIRST)] * 9), Verdict.TOO_FEW, "Too few votes to tell: 9 papers"),
        (evaluation(*[(MISSED, FIRST)] * 10), Verdict.BETTER, "better: nDCG@10 higher by 1.000"),
        (evaluation(*[(FIRST, MISSED)] * 10), Verdict.WORSE, "worse: nDCG@10 lower by 1.000"),
        (evaluation(*[(FIRST, FIRST)] * 10), Verdict.SAME, "editions of all 10 dates are the same"),
        (evaluation(*[(FIRST,)] * 10, change=False), Verdict.ALONE, "--interest, --dial"),
        (evaluation(*[(FIRST, SECOND), (SECOND, FIRST)] * 9), Verdict.OPEN, "cannot be told apart"),
        (evaluation((MISSED, FIRST), *[(FIRST, FIRST)] * 20), Verdict.OPEN, "Too few dates differ"),
        (evaluation(*[((1, 2), (1, 3))] * 10), Verdict.OPEN, "what you liked in the same places"),
        (evaluation(*[(MISSED, FIRST)] * 5, *[(FIRST, FIRST)] * 5), Verdict.OPEN, "6 of 100 cases"),
        (evaluation(*[(MISSED, FIRST)] * 6, *[(FIRST, FIRST)] * 5), Verdict.BETTER, "in 3 of 100"),
    ],
)
def test_the_verdict(found: Evaluation, verdict: Verdict, words: str) -> None:
    """Nothing under ten dates; else by the interval, and by what chance alone would make."""
    assert LEAST_DATES == 10
    assert verdict_of(found) is verdict
    assert words in in_words(found)


def test_an_interval_without_zero_is_not_enough() -> None:
    """Five dates that differ, all one way: chance makes as much in 1 of 16 cases."""
    five = evaluation(*[(MISSED, FIRST)] * 5, *[(FIRST, FIRST)] * 7)
    difference = five.figures[0].difference
    assert difference is not None
    assert difference.apart
    assert five.chance == 1 / 16
    assert verdict_of(five) is Verdict.OPEN
    assert (needed(five) or 0) > len(five.replayed)
    assert evaluation(*[(FIRST,)] * 10, change=False).chance is None


def test_how_many_dates_it_would_take() -> None:
    """Said where the difference is open and its size is known; nowhere else."""
    some = evaluation(*[(FIRST, SECOND), (SECOND, FIRST), (FIRST, FIRST)] * 5, (SECOND, FIRST))
    dates = needed(some)
    assert dates is not None
    assert dates > 1000
    assert "more than 1,000 such dates" in in_words(some)
    half = evaluation(*[(FIRST, FIRST)] * 8, *[(SECOND, FIRST)] * 3, (FIRST, SECOND))
    assert 12 < (needed(half) or 0) < 200
    assert f"about {needed(half)} such dates to show; here are 12." in in_words(half)
    assert needed(evaluation(*[(MISSED, FIRST)] * 10)) is None


def test_the_differences_are_those_of_the_dates() -> None:
    """The change less today, a figure a date; means are of all dates."""
    found = evaluation((FIRST, MISSED), (MISSED, FIRST), (MISSED, FIRST), (FIRST, FIRST))
    assert found.differences == (-1.0, 1.0, 1.0, 0.0)
    by_name = {figure.name: figure for figure in found.figures}
    ndcg = by_name["ndcg@10"]
    assert ndcg.change is not None
    assert ndcg.difference is not None
    assert (ndcg.today.value, ndcg.change.value, ndcg.difference.value) == (0.5, 0.75, 0.25)
    assert by_name["picks"].today.value == 2.0


def test_the_dates_of_papers(store: Store) -> None:
    """Each once, in order, by any source; what was only looked up has none."""
    one, other = paper("Owls at night in the wood"), paper("Bread at dawn in the oven")
    days = [DAY, DAY - timedelta(days=2)]
    for source in ("arxiv", "huggingface"):
        store.papers.add([seen(one, day) for day in days], source, DAY)
    store.papers.add([seen(other, date(2026, 1, 1))], "arxiv", DAY)
    rows = store.papers.numbers()
    assert store.papers.dates_of(rows) == {rows[0]: days[::-1], rows[1]: [date(2026, 1, 1)]}
    assert store.papers.dates_of([]) == {}
