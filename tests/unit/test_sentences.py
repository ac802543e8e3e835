"""The sentence that says most, and reasons in the paper's words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Reason, ReasonKind
from digest.ranking.reasons import complete, in_words
from digest.ranking.sentences import Sentences, split
from digest.ranking.terms import Terms

TERMS = Terms()
FIRST, SECOND = "Owls hunt mice in the dark by sound.", "They fly without any noise at all."


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("", ()),
        ("  \n ", ()),
        (FIRST, (FIRST,)),
        (f"{FIRST} {SECOND}", (FIRST, SECOND)),
        (f"{FIRST}\n\n{SECOND}", (FIRST, SECOND)),
        (FIRST.replace(".", "!") + " " + SECOND, (FIRST.replace(".", "!"), SECOND)),
        ("an abstract that never comes to any end", ("an abstract that never comes to any end",)),
        (
            "We follow Strigi et al. Their owls are those of Fig. 3 and of Dr. Eule.",
            ("We follow Strigi et al. Their owls are those of Fig. 3 and of Dr. Eule.",),
        ),
        (
            "Sounds above 2.5 kHz, e.g. Those of mice, are heard. " + SECOND,
            ("Sounds above 2.5 kHz, e.g. Those of mice, are heard.", SECOND),
        ),
        (f"Why? {SECOND} Indeed.", (f"Why? {SECOND} Indeed.",)),
        (f"{FIRST} Code is at https://example.org/owls for all. {SECOND}", (FIRST, SECOND)),
        ("All of it is at https://example.org/owls", ("All of it is at https://example.org/owls",)),
        (f"{FIRST} {'Owls ' * 100}end. {SECOND}", (FIRST, SECOND)),
        (
            "猫头鹰在黑暗中捕食老鼠并且听声音而且飞行无声无息直到天亮为止。 它们没有噪音地飞行在森林和田野的上空并且整夜寻找食物。",
            None,
        ),
    ],
)
def test_abstracts_are_split(abstract: str, expected: tuple[str, ...] | None) -> None:
    """At ends that are ends: no abbreviation, no decimal point; crumbs stay with a neighbour."""
    found = split(abstract)
    if expected is None:
        assert len(found) == 2
    else:
        assert found == expected


@given(abstract=st.text(st.sampled_from("aB .!?\n:/e"), max_size=120))
def test_nothing_is_invented(abstract: str) -> None:
    """Each sentence stands in the abstract, in order; some sentence is left of any text."""
    found = split(abstract)
    rest = " ".join(abstract.split())
    for sentence in found:
        before, there, rest = rest.partition(" ".join(sentence.split()))
        assert there or not sentence.split()
        assert isinstance(before, str)
    assert bool(found) == bool(abstract.strip())


def best(abstract: str, shares: dict[str, float], *reasons: str) -> tuple[str, tuple[str, ...]]:
    """The best sentence for shares of words."""
    texts = split(abstract)
    columns = sorted((int(TERMS.count([word]).columns[0]), share) for word, share in shares.items())
    rising = np.array([column for column, _ in columns])
    values = np.array([share for _, share in columns], np.float32)
    named = [Reason(ReasonKind.TERM, label, 1.0) for label in reasons]
    found = Sentences(texts, TERMS.count(texts)).best(rising, values, named)
    assert found is not None
    return found.text, found.terms


def test_the_best_sentence_holds_what_counts() -> None:
    """With the terms that are said to count, as far as they stand in it."""
    assert best(f"{FIRST} {SECOND}", {"noise": 0.5}, "noise", "mice") == (SECOND, ("noise",))
    assert best(f"{FIRST} {SECOND}", {"mice": 0.5, "noise": 0.2}, "mice") == (FIRST, ("mice",))


def test_long_sentences_do_not_win_by_their_length() -> None:
    """Of two with the same terms the one that says less besides."""
    long = "Mice are, among many other small animals of forest and field and house, its food."
    short = "It feeds on mice and little else."
    assert best(f"{long} {short}", {"mice": 0.5}, "mice") == (short, ("mice",))
    assert best(f"{short} {long}", {"mice": 0.5}, "mice") == (short, ("mice",))


def test_what_speaks_against_a_paper_picks_no_sentence() -> None:
    """Where nothing adds to the score, no sentence says why."""
    texts = split(f"{FIRST} {SECOND}")
    sentences = Sentences(texts, TERMS.count(texts))
    mice = TERMS.count(["mice"]).columns
    assert sentences.best(mice, np.array([-0.5], np.float32), ()) is None
    assert sentences.best(mice[:0], np.zeros(0, np.float32), ()) is None


def test_without_an_abstract_there_is_none() -> None:
    """No sentence, no error."""
    assert Sentences((), TERMS.count([])).best(np.array([1]), np.ones(1, np.float32), ()) is None


# ── Reasons ─────────────────────────────────────────────────────────────────


def reasons(text: str, shares: dict[str, float]) -> dict[str, float]:
    """The reasons for shares of terms as the text writes them."""
    spoken = TERMS.spoken(text)
    names = {name: column for column, name in spoken.items()}
    found = in_words(
        {
            names.get(name, 2**21 + place): share
            for place, (name, share) in enumerate(shares.items())
        },
        spoken,
        lambda phrase: phrase in text,
    )
    assert [reason.share for reason in found] == sorted((r.share for r in found), reverse=True)
    assert all(reason.kind is ReasonKind.TERM for reason in found)
    return {reason.label: round(reason.share, 6) for reason in found}


def test_pairs_take_in_their_words() -> None:
    """And the phrase that stands there takes in pairs that overlap."""
    text = "graph neural networks for molecules"
    assert reasons(text, {"graph": 0.1, "neural": 0.2, "graph neural": 0.3, "molecules": 0.5}) == {
        "graph neural": 0.6,
        "molecules": 0.5,
    }
    assert reasons(text, {"graph neural": 0.3, "neural networks": 0.4, "networks": 0.1}) == {
        "graph neural networks": 0.8
    }


def test_only_what_speaks_for_a_paper_is_a_reason() -> None:
    """Not what speaks against it, nor a column that the paper has no word for."""
    assert reasons("owls and mice", {"owls": 0.3, "mice": -0.2, "unheard": 0.9}) == {"owls": 0.3}
    assert reasons("owls", {}) == {}


@given(
    shares=st.dictionaries(
        st.sampled_from([*TERMS.spoken("deep graph neural networks learn graph kernels").values()]),
        st.floats(0.001, 1),
    )
)
def test_no_share_is_lost_in_words(shares: dict[str, float]) -> None:
    """Whatever is joined: the shares of all terms are those of the reasons together."""
    found = reasons("deep graph neural networks learn graph kernels", shares)
    assert sum(found.values()) == pytest.approx(sum(shares.values()), abs=1e-4)


def test_the_rest_completes_the_score() -> None:
    """It stands last and may be below nothing."""
    one = Reason(ReasonKind.TERM, "owls", 0.7)
    found = complete([one], 0.6)
    assert found[0] == one
    assert found[-1].kind is ReasonKind.REST
    assert sum(reason.share for reason in found) == pytest.approx(0.6)
    assert np.isclose(complete([], 0.0)[0].share, 0)
