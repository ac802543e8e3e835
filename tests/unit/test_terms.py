"""Terms: what is counted of a text, in any script, alone or among others."""

import hashlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.ranking.head import VERSION
from digest.ranking.sheet import COLUMNS, MOST_COUNT, WORDS, Sheet, joined
from digest.ranking.terms import Terms

# What a fixed text is counted as. If this test fails, the counting changed: give
# digest.ranking.index.VERSION the next number, so that every index is made anew, and put the new
# fingerprint beside it.
FINGERPRINTS = {
    1: "b4696fa5767289dd",
}
FIXED = (
    "Über neural networks: a Network of 3 naïve graph-nets, e.g. GNNs at 3.5 GHz. The networks' "
    "x_y-values? 深度学习 и глубокое обучение; التعلم العميق. हिन्दी भाषा 2401.12345"
)

_ALPHABET = st.sampled_from("aab eost.,;-'\n\t3éßİ日本がア·Жء़\u0301\ud800\U0001f600\U00020000_")
_TEXTS = st.text(_ALPHABET, max_size=40) | st.text(max_size=20)


def columns(text: str) -> list[int]:
    """The columns of a text."""
    return [int(column) for column in Terms().count([text]).columns]


def spoken(text: str) -> set[str]:
    """The terms of a text, as it writes them."""
    return set(Terms().spoken(text).values())


def words(text: str) -> set[str]:
    """The words among them."""
    return {name for column, name in Terms().spoken(text).items() if column < WORDS}


def row(sheet: Sheet, number: int) -> tuple[list[int], list[int]]:
    """The columns and counts of one text of a sheet."""
    one = sheet.take(np.array([number]))
    return one.columns.tolist(), one.counts.tolist()


def test_the_counting_is_the_one_of_this_version() -> None:
    """Whoever changes how texts are counted has to change the version of the index too."""
    sheet = Terms().count([FIXED])
    counted = hashlib.sha256(sheet.columns.astype("<u4").tobytes() + sheet.counts.tobytes())
    assert counted.hexdigest()[:16] == FINGERPRINTS[VERSION]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("network", "networks"),
        ("detecting", "detected"),
        ("anomalies", "anomaly"),
        ("Graph", "GRAPHS"),
        ("naïve", "naive"),
        ("Schrödinger", "schrodinger"),
        ("ﬁeld", "field"),
    ],
)
def test_inflection_case_and_accents_make_no_difference(one: str, other: str) -> None:
    """The same stem is the same column."""
    assert columns(one) == columns(other) != []


def test_neighbours_make_pairs() -> None:
    """Words that follow each other; stop words between them are left out."""
    assert spoken("graph neural networks") == {
        "graph",
        "neural",
        "networks",
        "graph neural",
        "neural networks",
    }
    assert columns("speed of light") == columns("speed light")
    assert "speed of light" in spoken("speed of light")


@pytest.mark.parametrize("end", [".", "!", "?", ";", ":", "\n", "。", "？"])
def test_pairs_end_where_a_sentence_does(end: str) -> None:
    """Two words of two sentences are no pair."""
    assert spoken(f"galaxies{end} turbines") == {"galaxies", "turbines"}
    assert "galaxies, turbines" not in spoken("galaxies, turbines")
    assert columns("galaxies, turbines") == columns("galaxies turbines")


def test_pairs_end_where_a_text_does() -> None:
    """The last word of one text and the first of the next are no pair."""
    sheet = Terms().count(["galaxies", "turbines"])
    assert np.diff(sheet.ends).tolist() == [1, 1]


@pytest.mark.parametrize("text", ["", " ", "the of and", "a", "x y z 1 2", "…—!?", "\ud800", "\0"])
def test_texts_without_terms(text: str) -> None:
    """Empty, only stop words, only single letters, only signs, half a character: nothing."""
    terms = Terms()
    assert len(terms.count([text]).columns) == 0
    assert terms.spoken(text) == {}
    among = terms.count(["owls", text, "mice"])
    assert np.diff(among.ends).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("глубокие нейронные сети", {"глубокие", "неиронные", "сети"}),
        ("التعلم العميق", {"التعلم", "العميق"}),
        ("深度学习", {"深", "度", "学", "习"}),
        ("機械のカメラ", {"機", "械", "の", "カ", "メ", "ラ"}),
        ("हिन्दी भाषा", {"हिनदी", "भाषा"}),
        ("βαθιά μάθηση", {"βαθια", "μαθηση"}),
        ("half \ud800 surrogates", {"half", "surrogates"}),
    ],
)
def test_every_script_gives_terms(text: str, expected: set[str]) -> None:
    """Words where words are parted, signs where they are not."""
    assert words(text) == expected


def test_signs_are_found_by_their_pairs() -> None:
    """A Chinese word is found inside of a longer text, whatever stands around it."""
    asked = columns("学习")
    assert set(asked) <= set(columns("我们研究深度学习方法"))
    assert not set(asked) <= set(columns("习学"))


def test_counts() -> None:
    """Each column once, rising; a count above 255 stands as 255."""
    sheet = Terms().count(["owls owl mice. " + "bread. " * 300])
    assert (np.diff(sheet.columns.astype(np.int64)) > 0).all()
    names = Terms().spoken("owls mice bread")
    counts = {
        names[column]: count
        for column, count in zip(*row(sheet, 0), strict=True)
        if column in names
    }
    assert counts == {"owls": 2, "mice": 1, "bread": MOST_COUNT, "owls mice": 1}


@given(texts=st.lists(_TEXTS, max_size=6))
@example(texts=["", ""])
@example(texts=["a", "\ud800", "İ"])
def test_a_text_counts_the_same_alone_and_among_others(texts: list[str]) -> None:
    """Whatever stands before and after it, and whatever was counted before."""
    terms = Terms()
    together = terms.count(texts)
    assert len(together) == len(texts)
    alone = joined([Terms().count([text]) for text in texts])
    again = joined([terms.count([text]) for text in texts])
    for other in (alone, again):
        assert together.ends.tolist() == other.ends.tolist()
        assert together.columns.tolist() == other.columns.tolist()
        assert together.counts.tolist() == other.counts.tolist()
    assert not len(together.columns) or int(together.columns.max()) < COLUMNS


@given(text=_TEXTS)
def test_every_column_can_be_spoken(text: str) -> None:
    """The columns that are counted are those that have a name, and no name is empty."""
    terms = Terms()
    named = terms.spoken(text)
    assert set(named) == set(terms.count([text]).columns.tolist())
    assert all(name.strip() for name in named.values())


@given(texts=st.lists(_TEXTS, max_size=4))
def test_forgotten_words_are_learnt_again(texts: list[str]) -> None:
    """Words that pushed each other out of the memory of stems count as ever."""
    crowded, roomy = Terms(), Terms()
    for _ in range(2):
        for text in texts:
            crowded._known[:] = 0  # noqa: SLF001 - as if other words had taken every slot
            first, second = crowded.count([text]), roomy.count([text])
            assert first.columns.tolist() == second.columns.tolist()
