"""What a letter, an account and the archive say of parts that an encoder found."""

from dataclasses import replace

from digest.account.nouns import Weighed
from digest.account.words import addends, as_addend
from digest.letters.picks import pick_view, reasons_in_words
from digest.model import Edition, Interest, Mood, Pick, Reason, ReasonKind
from digest.ranking import Explanation
from tests.conftest import DAY
from tests.papers import paper, reader, stored

LONG = "A title of a liked paper that is far too long to stand in one line of a letter, " * 3


def liked(title: str, share: float = 0.2) -> Reason:
    """A liked paper's part."""
    return Reason(ReasonKind.LIKED, title, share)


def pick(*reasons: Reason, interest: str | None = "x", nearest: int | None = None) -> Pick:
    """A pick with reasons."""
    return Pick(stored(1, paper("Automobiles")), 0.61, interest, reasons, nearest=nearest)


def edition(of: Pick, **fields: object) -> Edition:
    """An edition of one pick."""
    return Edition(reader(), DAY, (of,), Mood.MATCHED, 5, **fields)  # type: ignore[arg-type]


def test_two_liked_papers_are_named_and_none_twice() -> None:
    """The largest two, each title once."""
    one = pick(liked("Cars"), liked("Cars"), liked("Vans"), liked("Lorries"))
    assert reasons_in_words(one) == "is close to “Cars” and “Vans”, which you liked"


def test_a_paper_of_the_library_is_told_as_one() -> None:
    """Where the interest is a library."""
    one = pick(liked("Cars"), interest="papers.bib")
    whole = edition(one)
    owner = replace(whole.reader, interests=(Interest("papers.bib"),))
    said = reasons_in_words(one, replace(whole, reader=owner))
    assert said == "is close to “Cars” in your library"
    short = pick_view(1, one, replace(whole, reader=owner), 0).why
    assert short == "Why: is close to “Cars” in your library (score 0.61)"


def test_terms_stand_before_and_keywords_after() -> None:
    """All kinds of reasons in one line."""
    one = pick(
        liked("Cars"),
        Reason(ReasonKind.TERM, "engines", 0.1),
        Reason(ReasonKind.KEYWORDS, "cars, vans", 0.05),
    )
    assert reasons_in_words(one) == (
        "speaks of engines; is close to “Cars”, which you liked; "
        "is close in meaning to your keywords"
    )


def test_the_nearest_is_not_told_again() -> None:
    """A pick whose liked papers are named has no other likeness."""
    one = pick(liked("Cars"), nearest=7)
    said = reasons_in_words(one, edition(one, liked={7: "Cars"}))
    assert said.count("Cars") == 1
    other = pick(Reason(ReasonKind.TERM, "engines", 0.1), nearest=7)
    assert "like “Cars”" in reasons_in_words(other, edition(other, liked={7: "Cars"}))


def test_long_titles_are_cut_and_shorter_where_all_is_short() -> None:
    """A line of a letter stays one."""
    one = pick(liked(LONG))
    whole = pick_view(1, one, edition(one), 400).why
    short = pick_view(1, one, edition(one), 0).why
    assert len(LONG) > len(whole) > len(short)
    assert len(short) < 100
    assert "…”, which you liked (score 0.61)" in short


def test_addends_name_what_each_part_is() -> None:
    """Liked papers by their titles, keywords by their text, and the small ones in one line."""
    parts = [liked(f"Paper {n}", 0.3 - n / 100) for n in range(12)]
    words = Reason(ReasonKind.KEYWORDS, "cars {0}", 0.5)
    rest = Reason(ReasonKind.REST, "all else", 0.1)
    why = Explanation((words, *parts, rest))
    weighed = Weighed("x", True, 4.0, 0.0, 0.5, None, 1, why, None, ())
    told = addends(weighed)
    assert told[0] == (0.5, "in meaning: cars {0}")
    assert told[1] == (0.3, "like “Paper 0”")
    assert told[-2][1] == "1 more reason"
    assert as_addend(Reason(ReasonKind.AUTHOR, "Jane Roe", 0.6)) == "author Jane Roe"
