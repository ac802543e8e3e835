"""One work or two, where titles are nearly the same; all texts are invented."""

from dataclasses import replace

import pytest

from digest.identity import title_key
from digest.model import Paper
from digest.store.likeness import agree, alike, family_of, overlap, similarity
from digest.store.marks import marks_of
from digest.store.merging import contradict, near_work

AUTHORS = ("Ida Quill", "Bo Marsh", "Zoë Ørsted")
TEXT = (
    "We moor zeppelins to masts that nobody steers. A mast listens to the wind, guesses what the "
    "hull will do next, and gives way before the rope does. In two winters on an open field the "
    "moored ships lost no rope, whereas ships on fixed masts lost four."
)
OTHER = (
    "Lighthouses of the northern coast were counted by hand until last year. This report gives "
    "their number by county, names those that went dark since the last count, and compares the "
    "counts of keepers with those of the ships that passed by night and by day."
)
TITLE = "Colour-aware modelling of moored zeppelins: a listening mast for gusty winds"


def told(title: str, key: str | None = None, text: str = TEXT, **fields: object) -> Paper:
    """A paper by three authors."""
    keys = (key, title_key(title)) if key else (title_key(title),)
    made = Paper(keys, title, text, AUTHORS)
    return replace(made, **fields)  # type: ignore[arg-type]


SPELLINGS = [
    "Color-aware modeling of moored zeppelins: a listening mast for gusty winds",
    "Colour\u2010aware modelling of moored zeppelins: A Listening Mast for Gusty Winds",
    "Colour aware modelling of moored zeppelins - a listening mast for gusty winds",
    "Colour-aware modelling of moored zeppelins: listening mast for gusty winds.",
]
CHANGES = [
    "Colour-aware modelling of moored zeppelins: a hearing mast for gusty winds",
    "Colour-aware modelling of moored zeppelins: a listening mast for very gusty winds",
    "Colour-aware modelling of moored zeppelins",
    "MastNet: Colour-aware modelling of moored zeppelins",
    "Colour-aware modelling of moored zeppelins: how a field keeps its ships",
    "Modelling of moored zeppelins: a listening mast for gusty winds",
]


@pytest.mark.parametrize("title", SPELLINGS)
@pytest.mark.parametrize("text", [TEXT, ""])
def test_another_spelling_is_the_same_work(title: str, text: str) -> None:
    """British or American, any hyphen, accents; with an abstract or without."""
    assert near_work(told(TITLE, "arxiv:2601.00001"), told(title, "doi:10.5555/1", text))


@pytest.mark.parametrize("title", CHANGES)
def test_a_changed_title_needs_the_abstract_to_say_the_same(title: str) -> None:
    """A word, or the subtitle; with another abstract or none it may be another work."""
    first = told(TITLE, "arxiv:2601.00001")
    assert near_work(first, told(title, "doi:10.5555/1"))
    assert not near_work(first, told(title, "doi:10.5555/1", OTHER))


@pytest.mark.parametrize("title", [*SPELLINGS, *CHANGES])
def test_nearly_the_same_titles_share_a_mark(title: str) -> None:
    """Else they would never be compared; another first author or no author shares none."""
    marks = set(marks_of(told(TITLE)))
    assert 0 < len(marks) <= 4
    assert marks & set(marks_of(told(title, authors=("Quill, I.", "Marsh, B."))))
    assert not marks & set(marks_of(told(title, authors=("Bo Marsh",))))
    assert marks_of(told(title, authors=())) == ()


@pytest.mark.parametrize("changed", range(7))
def test_any_one_word_may_change(changed: int) -> None:
    """In a title without a colon, too: some mark stays."""
    words = ["Listening", "masts", "keep", "anchored", "zeppelins", "through", "winters"]
    one = told(" ".join(words))
    words[changed] = "unprecedentedly"
    assert set(marks_of(one)) & set(marks_of(told(" ".join(words))))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mooring zeppelins. Part I: the listening masts", "Mooring zeppelins. Part II: the listening masts"),
        ("Mooring zeppelins with listening masts I", "Mooring zeppelins with listening masts V"),
        ("The zeppelin mooring report of 2024", "The zeppelin mooring report of 2025"),
        ("The Third Zeppelin Mooring Challenge", "The Fourth Zeppelin Mooring Challenge"),
        ("MastNet2 for mooring zeppelins in wind", "MastNet for mooring zeppelins in wind"),
        ("MastNet 2.0 for mooring zeppelins in wind", "MastNet 2.5 for mooring zeppelins in wind"),
        ("MastNet++ for mooring zeppelins in wind", "MastNet for mooring zeppelins in wind"),
        ("Reply to: Mooring zeppelins in gusty winds", "Mooring zeppelins in gusty winds"),
        ("Erratum: Mooring zeppelins in gusty winds", "Mooring zeppelins in gusty winds"),
        ("Masts do not keep zeppelins in gusty winds", "Masts do keep zeppelins in gusty winds"),
        ("Vitamin C for zeppelin crews in winter", "Vitamin D for zeppelin crews in winter"),
    ],
)  # fmt: skip
def test_series_are_several_works(one: str, other: str) -> None:
    """Numbers, single letters and telling words must agree, even under one abstract."""
    assert not alike(told(one), told(other))
    assert alike(told(one), told(one.upper()))


@pytest.mark.parametrize(
    ("mine", "its", "same"),
    [
        (("Ida Quill",), ("I. Quill",), True),
        (("Ida Quill",), ("Quill, Ida M.",), True),
        (("Ida Quill",), ("Quill, I",), True),
        (("Ida Quill", "Bo Marsh"), ("Ida Quill", "Jan Fen", "Bo Marsh"), True),
        (("Sammy Fen Jr.",), ("Sammy Fen",), True),
        (("José Peña",), ("Jose Pena",), True),
        (("Ida Quill",), ("Iris Quill",), False),
        (("Wei Wang", "Li Chen"), ("Min Wang", "Hao Chen"), False),
        (("Ida Quill", "A B", "C D"), ("Ida Quill", "E F", "G H"), False),
        ((), ("Ida Quill",), False),
    ],
)
def test_when_authors_are_the_same(
    mine: tuple[str, ...], its: tuple[str, ...], same: bool  # noqa: FBT001
) -> None:  # fmt: skip
    """Half of the shorter list; given names may be short, not different."""
    assert agree(mine, its) is agree(its, mine) is same


COMPANIONS = [
    ("Masts measured in the muon channel with moored hulls", "Masts measured in the electron channel with moored hulls"),
    ("Supervised mooring of zeppelins in gusty winters", "Unsupervised mooring of zeppelins in gusty winters"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), COMPANIONS)
def test_without_an_abstract_no_word_is_exchanged(one: str, other: str) -> None:
    """Companions differ in one word of many; a word more or less may be an edition's."""
    assert similarity(one, other) > 0.8
    assert not alike(told(one), told(other, text=""))
    assert alike(told(one), told("On " + one, text=""))


@pytest.mark.parametrize(
    "authors", [("MOOR Collaboration",), ("The Masts Consortium", "Team Rope")]
)
def test_a_collaboration_is_no_author(authors: tuple[str, ...]) -> None:
    """All its papers are by it, under much the same titles and with much the same abstracts."""
    first = told(TITLE, "arxiv:2601.00001", authors=authors)
    assert marks_of(first) == ()
    assert not near_work(first, told(SPELLINGS[1], "doi:10.5555/1", authors=authors))
    people = told(TITLE, authors=(*authors, *AUTHORS))
    assert marks_of(people) == marks_of(told(TITLE))
    assert alike(people, told(SPELLINGS[1]))


def test_what_a_crowd_signs_has_the_same_title_or_the_same_abstract() -> None:
    """Hundreds sign all papers of an experiment, in the order of the alphabet."""
    crowd = tuple(f"Ida Quill{n}" for n in range(60))
    first = told(TITLE, authors=crowd)
    near = CHANGES[1]
    assert alike(first, told(SPELLINGS[0], text="", authors=crowd))
    assert alike(first, told(near, authors=crowd))
    half = TEXT[: len(TEXT) // 2] + OTHER
    assert alike(told(TITLE), told(near, text=half))
    assert not alike(first, told(near, text=half, authors=crowd))


def test_ids_of_one_service_are_two_works() -> None:
    """However alike they are; preprint server, arXiv and publisher are three services."""
    arxiv, later = told(TITLE, "arxiv:2601.00001"), told(TITLE, "arxiv:2601.00002")
    preprint, journal = told(TITLE, "doi:10.1101/2026.01.01.1234567"), told(TITLE, "doi:10.5555/1")
    data = told(TITLE, "doi:10.5281/zenodo.77")
    assert alike(arxiv, later)
    assert not near_work(arxiv, later)
    assert near_work(arxiv, preprint)
    assert near_work(preprint, journal)
    assert contradict(data, journal)
    assert not contradict(data, told(TITLE))
    both = replace(journal, keys=(journal.key, data.key))
    assert near_work(both, arxiv)


def test_two_works_without_any_id_are_not_joined_by_a_guess() -> None:
    """Columns of one author are much alike."""
    assert not near_work(told(TITLE), told(SPELLINGS[0]))


def test_what_is_measured() -> None:
    """From 0 to 1, the same either way round; short abstracts say nothing."""
    assert similarity(TITLE, TITLE.upper()) == 1.0
    assert similarity(TITLE, "!?") == 0.0
    assert similarity("α-decay of zeppelins", "alpha-decay of zeppelins") == 1.0
    assert overlap(TEXT, TEXT[: len(TEXT) // 2]) == 1.0
    assert overlap(TEXT, OTHER) == overlap(OTHER, TEXT)
    assert overlap(TEXT, "Zeppelins are moored.") is None
    assert (overlap(TEXT, OTHER) or 0.0) < 0.1
    assert family_of("Ludwig van Beethoven") == family_of("van Beethoven, L.".replace("van ", ""))
    assert family_of(" . ") == ""
