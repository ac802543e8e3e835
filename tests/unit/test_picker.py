"""The picker: what the dial gives to what everyone reads, and what comes on quiet days."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.catalogue import Catalogue
from digest.edit import Editor, EditReport
from digest.model import (
    Edition,
    Mood,
    Pick,
    Quiet,
    Reader,
    ReasonKind,
    Vote,
    VoteKind,
)
from digest.picker import FALLBACK_PICKS, places_for_all
from digest.progress import Quiet as Silence
from digest.store import Store
from digest.store.readers import Due
from digest.store.visits import Visit
from tests.conftest import DAY, NOW
from tests.editing import editor_of, saved
from tests.papers import paper, seen

BIRDS = ("owls", "robins", "herons", "finches", "cranes", "wrens", "larks", "terns")
FOODS = ("bread", "cheese", "olives", "noodles", "pickles", "lentils", "walnuts", "plums")


@pytest.fixture
def market(sqlite: Store) -> Store:
    """Eight papers on birds without upvotes, and eight on food with 10, 20, … upvotes."""
    birds = [seen(paper(f"Feathers of {name}", f"Plumage: {name} and feathers.")) for name in BIRDS]
    foods = [
        seen(paper(f"Tasting {name}", f"The flavour of {name} after supper."), upvotes=10 * place)
        for place, name in enumerate(FOODS, 1)
    ]
    sqlite.papers.add([*birds, *foods], "file", DAY)
    return sqlite


@pytest.fixture
def editor(market: Store) -> Iterator[Editor]:
    """An editor of this date, which was read to its end."""
    market.visits.save(Visit("file", DAY, NOW, complete=True, read=16))
    catalogue = Catalogue(market, None, Silence())
    yield editor_of(catalogue)
    catalogue.close()


def edition(editor: Editor, of: Reader) -> Edition | None:
    """A reader's edition."""
    report = EditReport()
    drafts = editor.draft([Due(of, DAY)], report, again=True)
    assert not report.failed
    return drafts[0] if drafts else None


def picks(editor: Editor, of: Reader) -> list[Pick]:
    """The picks of an edition that there is."""
    made = edition(editor, of)
    assert made is not None
    return list(made.picks)


def words(found: list[Pick]) -> list[str]:
    """The last word of each title."""
    return [pick.paper.paper.title.split()[-1] for pick in found]


def by_upvotes(found: list[Pick]) -> list[str]:
    """Those that upvotes alone chose."""
    return words([pick for pick in found if pick.trends])


# ── The dial ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("dial", "limit", "places"),
    [
        (0, 10, 0),
        (5, 10, 0),
        (20, 10, 2),
        (20, 5, 1),
        (20, 1, 0),
        (26, 10, 3),
        (50, 5, 2),
        (90, 1, 0),
        (99, 10, 9),
        (100, 10, 10),
        (100, 1, 1),
    ],
)
def test_the_dial_is_a_share_of_the_places(dial: int, limit: int, places: int) -> None:
    """Rounded, a half not up; below 100 one place at least stays with the interests."""
    assert places_for_all(dial, limit) == places


@given(st.integers(0, 99), st.integers(1, 100))
def test_turning_the_dial_up_never_takes_from_what_everyone_reads(dial: int, limit: int) -> None:
    """It rises with the dial and with the limit, and is within the edition."""
    here = places_for_all(dial, limit)
    assert 0 <= here < limit
    assert here <= places_for_all(dial + 1, limit) <= limit
    assert here <= places_for_all(dial, limit + 1)


def test_a_fifth_of_an_edition_goes_to_what_everyone_reads(market: Store, editor: Editor) -> None:
    """After the picks for interests, the most expected first; each says why it is there."""
    found = picks(editor, saved(market, "feathers", limit=10))
    assert [pick.trends for pick in found] == [False] * 8 + [True] * 2
    assert by_upvotes(found) == ["plums", "walnuts"]
    for pick in found[8:]:
        assert pick.trend is not None
        assert pick.score == pick.trend.expected > 0
        assert [reason.kind for reason in pick.reasons] == [ReasonKind.UPVOTES, ReasonKind.DIAL]
        assert sum(reason.share for reason in pick.reasons) == pytest.approx(pick.score)
        assert pick.reasons[-1].label == "20 % of the letter"
    for pick in found[:8]:
        assert ReasonKind.DIAL not in {reason.kind for reason in pick.reasons}


def test_at_0_there_is_neither_a_place_nor_a_lift(market: Store, editor: Editor) -> None:
    """Only what serves the interests, by what it says."""
    found = picks(editor, saved(market, "feathers, tasting", dial=0, limit=16))
    assert by_upvotes(found) == []
    kinds = {reason.kind for pick in found for reason in pick.reasons}
    assert ReasonKind.UPVOTES not in kinds
    lifted = picks(editor, saved(market, "feathers, tasting", dial=80, limit=16))
    assert ReasonKind.UPVOTES in {reason.kind for pick in lifted for reason in pick.reasons}


def test_the_lift_grows_with_the_dial(market: Store, editor: Editor) -> None:
    """A quarter of a point at most at 100, so a twentieth at the usual 20."""
    scores = {}
    for dial in (0, 20, 80):
        found = picks(editor, saved(market, "plums", dial=dial))
        scores[dial] = next(p.score for p in found if words([p]) == ["plums"])
    most = 0.25 * 7 / 8  # seven of eight may expect fewer
    assert scores[20] - scores[0] == pytest.approx(0.2 * most, abs=1e-5)
    assert scores[80] - scores[0] == pytest.approx(0.8 * most, abs=1e-5)


def test_at_100_upvotes_alone_choose(market: Store, editor: Editor) -> None:
    """Interests serve as exclusions only; no lot is drawn; those without upvotes come last."""
    everything = saved(market, "feathers, -walnuts", dial=100, limit=10)
    made = edition(editor, everything)
    assert made is not None
    assert (made.mood, made.silent) == (Mood.TRENDING, ())
    assert words(list(made.picks))[:3] == ["plums", "lentils", "pickles"]
    assert all(pick.trends and not pick.explores for pick in made.picks)
    assert "walnuts" not in words(list(made.picks))
    assert len(made.picks) == 10


def test_what_upvotes_cannot_fill_goes_to_the_interests(market: Store, editor: Editor) -> None:
    """And what interests cannot fill stays empty: no place is filled for its own sake."""
    excluding = ", ".join(f"-{name}" for name in FOODS[1:])
    found = picks(editor, saved(market, f"feathers, {excluding}", dial=50, limit=8))
    assert by_upvotes(found) == ["bread"]
    assert len([pick for pick in found if pick.interest]) == 7
    few = picks(editor, saved(market, "owls", dial=20, limit=10))
    assert [pick for pick in few if pick.interest and not pick.explores] == few[:1]
    assert by_upvotes(few) == ["plums", "walnuts"]


def test_what_is_read_widely_and_serves_an_interest_is_a_pick_for_it(
    market: Store, editor: Editor
) -> None:
    """It takes one of the places for what everyone reads, and says what it is for."""
    found = picks(editor, saved(market, "feathers, plums", dial=50, limit=4))
    (plums,) = [pick for pick in found if words([pick]) == ["plums"]]
    assert plums.interest == "interest 1"
    assert {ReasonKind.TERM, ReasonKind.UPVOTES} <= {reason.kind for reason in plums.reasons}
    assert len(found) == 4
    scores = [pick.score for pick in found if pick.interest]
    assert scores == sorted(scores, reverse=True)


def test_nothing_comes_by_upvotes_that_a_reader_does_not_want(
    market: Store, editor: Editor
) -> None:
    """Neither what any interest excludes, nor what it voted on or muted."""
    ann = saved(market, "feathers, -plums", "finches, -walnuts", dial=50, limit=10)
    rows = {one.paper.title.split()[-1]: one for one in market.papers.candidates(DAY, 3)}
    market.votes.cast(Vote(ann.row, rows["lentils"].number, VoteKind.MUTE, None, NOW))
    market.votes.cast(Vote(ann.row, rows["pickles"].number, VoteKind.LESS, None, NOW))
    assert by_upvotes(picks(editor, ann)) == ["noodles", "olives", "cheese", "bread"]


def test_papers_that_say_the_same_are_one_place(sqlite: Store) -> None:
    """Among what everyone reads too: the one that is read most stands for all."""
    same = " ".join(f"word{n}x" for n in range(30))
    sqlite.papers.add(
        [
            seen(paper("The first of them", same), upvotes=50),
            seen(paper("The second of them", same), upvotes=40),
            seen(paper("Other news", "Of other things."), upvotes=5),
            seen(paper("Feathers", "Plumage of owls.")),
        ],
        "file",
        DAY,
    )
    catalogue = Catalogue(sqlite, None, Silence())
    found = picks(editor_of(catalogue), saved(sqlite, "feathers", dial=60, limit=4))
    titles = [pick.paper.paper.title for pick in found if pick.trends]
    assert titles == ["The first of them", "Other news"]
    (first,) = [pick for pick in found if pick.paper.paper.title == titles[0]]
    assert [twin.paper.title for twin in first.twins] == ["The second of them"]
    catalogue.close()


def test_who_else_reads_changes_nothing(market: Store, editor: Editor) -> None:
    """An edition without interests is the same alone and beside one that has some."""
    eve = saved(market, name="eve@example.org")
    alone = edition(editor, eve)
    ann = saved(market, "feathers")
    (beside, _) = editor.draft([Due(eve, DAY), Due(ann, DAY)], EditReport())
    assert alone is not None
    assert (alone.mood, alone.picks) == (Mood.TRENDING, beside.picks)
    assert words(list(alone.picks))[:8] == list(reversed(FOODS))


def test_one_place_to_explore_stays(market: Store, editor: Editor) -> None:
    """Last of all, and never at the cost of the only place of the interests."""
    curious = editor_of(editor.desks.catalogue, threshold=0.7)
    half = saved(market, "owls and feathers", dial=50, limit=6)
    found = picks(curious, half)
    assert [pick.explores for pick in found][-1]
    assert len(by_upvotes(found)) == 3
    most = picks(curious, saved(market, "owls and feathers", dial=90, limit=6))
    assert not any(pick.explores for pick in most)
    assert most[0].interest is not None


# ── Quiet days ──────────────────────────────────────────────────────────────


def test_when_nothing_meets_the_interests_the_reader_has_a_choice(
    market: Store, editor: Editor
) -> None:
    """What everyone reads, a note without picks, or no letter; the dial has no say in it."""
    made = edition(editor, saved(market, "chromodynamics", dial=0))
    assert made is not None
    assert (made.mood, len(made.picks)) == (Mood.UNMATCHED, FALLBACK_PICKS)
    assert by_upvotes(list(made.picks)) == list(reversed(FOODS))[:FALLBACK_PICKS]
    assert ReasonKind.DIAL not in {reason.kind for pick in made.picks for reason in pick.reasons}
    note = edition(editor, saved(market, "chromodynamics", quiet=Quiet.NOTE))
    assert note is not None
    assert (note.mood, note.picks, note.silent) == (Mood.NOTHING, (), ("interest 1",))
    assert note.considered == 16
    assert edition(editor, saved(market, "chromodynamics", quiet=Quiet.NOTHING)) is None


@pytest.mark.parametrize("quiet", list(Quiet))
def test_on_other_days_the_choice_changes_nothing(
    market: Store, editor: Editor, quiet: Quiet
) -> None:
    """With something for one of the interests there is an edition as always."""
    made = edition(editor, saved(market, "feathers", "chromodynamics", quiet=quiet))
    assert made is not None
    assert (made.mood, made.silent) == (Mood.MATCHED, ("interest 2",))
    assert len(made.picks) == 10


@pytest.mark.parametrize(
    ("quiet", "interests", "moods"),
    [
        (Quiet.NOTE, ("feathers",), [Mood.NOTHING]),
        (Quiet.NOTE, (), [Mood.NOTHING]),
        (Quiet.NOTHING, ("feathers",), []),
        (Quiet.TRENDING, ("feathers",), []),
    ],
)
def test_when_nothing_is_new_only_a_note_is_sent(
    sqlite: Store, quiet: Quiet, interests: tuple[str, ...], moods: list[Mood]
) -> None:
    """To who wants one, with or without interests."""
    sqlite.visits.save(Visit("file", DAY, NOW, complete=True, read=0))
    catalogue = Catalogue(sqlite, None, Silence())
    made = edition(editor_of(catalogue), saved(sqlite, *interests, quiet=quiet))
    assert ([made.mood] if made else []) == moods
    catalogue.close()


@pytest.mark.parametrize(
    "visits",
    [
        [],
        [Visit("file", DAY, NOW, complete=False, read=0, problem="away")],
        [Visit("file", DAY.replace(day=16), NOW, complete=True, read=9)],
        [Visit("other", DAY, NOW, complete=True, read=9)],
    ],
)
@pytest.mark.parametrize("wish", ["chromodynamics", "feathers"])
def test_an_outage_burns_nobodys_day(sqlite: Store, visits: list[Visit], wish: str) -> None:
    """A note waits until every source was read to its end for the date, with papers or without."""
    if wish == "chromodynamics":
        sqlite.papers.add([seen(paper("Feathers", "Of owls."))], "other", DAY)
    for visit in visits:
        sqlite.visits.save(visit)
    catalogue = Catalogue(sqlite, None, Silence())
    ann = saved(sqlite, wish, quiet=Quiet.NOTE)
    assert edition(editor_of(catalogue), ann) is None
    sqlite.visits.save(Visit("file", DAY, NOW, complete=True, read=0))
    made = edition(editor_of(catalogue), ann)
    assert made is not None
    assert made.mood is Mood.NOTHING
    catalogue.close()
