"""What readers gave, as profiles: interests, likes, libraries, votes."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from digest.catalogue import Catalogue
from digest.desk import Desks
from digest.edit import Editor, EditReport, EditSettings
from digest.model import Edition, Pick, Reader, Threshold, Vote, VoteKind
from digest.progress import Quiet
from digest.ranking import Profile
from digest.readers.profiles import HALF_LIFE, VOTES, Wants, fingerprint, wants_of
from digest.store import Store
from digest.store.readers import Due
from tests.conftest import DAY, NOW
from tests.papers import paper, reader, seen
from tests.rankers import texts_of_topics, topic_word

SUBJECTS = 20
PAPERS = [paper(f"A paper on subject {n}", key=f"arxiv:2601.{n:05}") for n in range(9)]


@pytest.fixture
def store(sqlite: Store) -> Store:
    """A store with nine papers, numbered from 1."""
    sqlite.papers.add([seen(one) for one in PAPERS], "arxiv", DAY)
    assert sqlite.papers.numbers() == list(range(1, 10))
    return sqlite


def saved(store: Store, *interests: str, name: str = "ann@example.org") -> Reader:
    """A reader of the store."""
    return store.readers.save(reader(name, *interests), NOW)


def vote(
    store: Store, of: Reader, number: int, kind: VoteKind, interest: str | None = None, age: int = 0
) -> None:
    """A vote, so many hours old."""
    assert store.votes.cast(Vote(of.row, number, kind, interest, NOW - timedelta(hours=age)))


def wants(store: Store, of: Reader) -> Wants:
    """What a reader wants."""
    (found,) = wants_of(store, [of])
    return found


def examples(profile: Profile) -> dict[int, float]:
    """The weights of its examples, rounded."""
    return {example.number: round(example.weight, 4) for example in profile.examples}


def by_name(found: Wants) -> dict[str, dict[int, float]]:
    """The examples of each interest."""
    assert [p.interest for p in found.profiles] == list(found.reader.interests)
    return {profile.interest.name: examples(profile) for profile in found.profiles}


def test_without_votes_the_interests_are_the_profiles(store: Store) -> None:
    """Liked papers of the store are examples, others are titles; each counts in full."""
    ann = saved(
        store, "owls", 'like:2601.00002, like:"A paper on subject 5", like:"No such paper here"'
    )
    first, second = wants(store, ann).profiles
    assert (first.examples, first.titles) == ((), ())
    assert examples(second) == {3: 1.0, 6: 1.0}
    assert second.titles == ("No such paper here",)
    assert wants(store, ann).known == {3, 6}


def test_votes_count_for_the_interest_that_brought_the_paper(store: Store) -> None:
    """More and save for it, less against it, mute twice; all of them are known."""
    ann = saved(store, "owls", "bread")
    vote(store, ann, 1, VoteKind.MORE, "interest 1", 3)
    vote(store, ann, 2, VoteKind.LESS, "interest 1", 2)
    vote(store, ann, 3, VoteKind.MUTE, "interest 2", 1)
    vote(store, ann, 4, VoteKind.SAVE, "interest 2", 0)
    half = 0.5 ** (1 / HALF_LIFE)
    assert by_name(wants(store, ann)) == {
        "interest 1": {2: -1.0, 1: round(half, 4)},
        "interest 2": {4: 1.0, 3: round(-2 * half, 4)},
    }
    assert wants(store, ann).known == {1, 2, 3, 4}


def test_votes_of_no_interest(store: Store) -> None:
    """Liked: for the only interest, or else for one of their own; disliked: against all."""
    ann = saved(store, "owls")
    bob = saved(store, "owls", "bread", name="bob@example.org")
    eve = saved(store, name="eve@example.org")
    for one in (ann, bob, eve):
        vote(store, one, 2, VoteKind.LESS, None, 1)
        vote(store, one, 1, VoteKind.MORE)
    half = round(-(0.5 ** (1 / HALF_LIFE)), 4)
    assert by_name(wants(store, ann)) == {"interest 1": {1: 1.0, 2: half}}
    assert by_name(wants(store, bob)) == {
        "interest 1": {2: -1.0},
        "interest 2": {2: -1.0},
        VOTES: {1: 1.0, 2: half},
    }
    assert by_name(wants(store, eve)) == {VOTES: {1: 1.0, 2: half}}
    assert all(2 in wants(store, one).known for one in (ann, bob, eve))


def test_votes_of_an_interest_that_was_given_up(store: Store) -> None:
    """Count as those of no interest."""
    ann = saved(store, "owls", "bread")
    vote(store, ann, 1, VoteKind.MORE, "a former one")
    assert by_name(wants(store, ann)) == {"interest 1": {}, "interest 2": {}, VOTES: {1: 1.0}}


def test_a_library_is_an_interest_of_its_own(store: Store) -> None:
    """The newest first; papers of unknown day weigh as usual; votes for its picks are its own."""
    ann = saved(store, "owls")
    entries = [
        (PAPERS[0], date(2024, 1, 1)),
        (PAPERS[1], None),
        (PAPERS[2], date(2025, 1, 1)),
    ]
    store.libraries.replace(ann.row, "zotero", entries, "library", DAY)
    vote(store, ann, 5, VoteKind.MORE, "zotero")
    found = wants(store, ann)
    assert [p.interest.name for p in found.profiles] == ["interest 1", "zotero"]
    weights = [round(0.5 ** (n / HALF_LIFE), 4) for n in range(3)]
    usual = round(sum(0.5 ** (n / HALF_LIFE) for n in range(3)) / 3, 4)
    assert by_name(found)["zotero"] == dict(zip((5, 3, 1, 2), [*weights, usual], strict=True))
    assert list(by_name(found)["zotero"]) == [5, 3, 1, 2]
    vote(store, ann, 6, VoteKind.MORE)
    assert 6 in by_name(wants(store, ann))["interest 1"]


def test_the_newest_vote_weighs_most(store: Store) -> None:
    """Half as much after a hundred votes; the latest word on a paper counts."""
    store.papers.add([seen(paper(f"One more paper {n}")) for n in range(101)], "arxiv", DAY)
    ann = saved(store, "owls")
    numbers = store.papers.numbers()[:101]
    for age, number in enumerate(numbers):
        vote(store, ann, number, VoteKind.MORE, "interest 1", age)
    (found,) = wants(store, ann).profiles
    assert [example.number for example in found.examples] == numbers
    assert found.examples[0].weight == 1
    assert found.examples[100].weight == pytest.approx(0.5)
    vote(store, ann, numbers[100], VoteKind.LESS, "interest 1", -1)
    (found,) = wants(store, ann).profiles
    assert (found.examples[0].number, found.examples[0].weight) == (numbers[100], -1)


def test_readers_do_not_mix(store: Store) -> None:
    """In a shard each has its own votes and libraries; one who is not stored has none."""
    ann, bob = saved(store, "owls"), saved(store, "owls", name="bob@example.org")
    vote(store, ann, 1, VoteKind.MORE, "interest 1")
    passing = reader("eve@example.org", "owls")
    first, second, third = wants_of(store, [ann, bob, passing])
    assert by_name(first) == {"interest 1": {1: 1.0}}
    assert by_name(second) == by_name(third) == {"interest 1": {}}
    assert wants_of(store, []) == []


def test_fingerprints_tell_what_a_profile_is_made_of(store: Store) -> None:
    """The same for the same; another for other keywords, votes, likes; the name does not matter."""
    ann = saved(store, "owls")
    states = [wants(store, ann)]
    vote(store, ann, 1, VoteKind.MORE, "interest 1")
    states.append(wants(store, ann))
    vote(store, ann, 1, VoteKind.LESS, "interest 1", -1)
    states.append(wants(store, ann))
    states += [
        wants(store, reader("ann@example.org", text))
        for text in ("owls^2", "owls, -mice", 'owls, like:"No such paper here"', '"owls"')
    ]
    prints = [fingerprint(state.profiles[0]) for state in states]
    assert len(set(prints)) == len(prints)
    assert all(len(one) == 64 for one in prints)
    assert fingerprint(wants(store, ann).profiles[0]) == prints[2]


# ── From profiles to picks ──────────────────────────────────────────────────


def edited(store: Store, *of: Reader, threshold: Threshold | None = None) -> list[Edition]:
    """The editions of readers, without letters."""
    catalogue = Catalogue(store, None, Quiet())
    catalogue.refresh()
    catalogue.learn()
    desks = Desks(store, catalogue, 3, DAY, datetime.combine(DAY, time(7), UTC), Quiet())
    # Drafting needs no letters.
    editor = Editor(store, desks, None, EditSettings(threshold or Threshold()), Quiet())  # type: ignore[arg-type]
    report = EditReport()
    found = editor.draft([Due(one, DAY) for one in of], report)
    assert not report.failed
    catalogue.close()
    return found


def matched(edition: Edition) -> list[Pick]:
    """The picks that serve an interest, without the one that explores."""
    return [pick for pick in edition.picks if pick.interest and not pick.explores]


@pytest.fixture
def busy(sqlite: Store) -> Store:
    """A store with 1,200 papers on twenty subjects of last month, and 200 of today."""
    papers = [paper(f"Paper {n}", text) for n, text in enumerate(texts_of_topics(1400, SUBJECTS))]
    past = [seen(one, DAY - timedelta(days=30)) for one in papers[:1200]]
    sqlite.papers.add(past, "arxiv", DAY)
    sqlite.papers.add([seen(one) for one in papers[1200:]], "arxiv", DAY)
    return sqlite


def test_a_minority_interest_is_served(busy: Store) -> None:
    """Sixty likes on one subject do not drown three on another: picks of both."""
    ann = saved(busy, topic_word(0, 79), topic_word(1, 79))
    numbers = busy.papers.numbers()
    for n in range(60):
        vote(busy, ann, numbers[SUBJECTS * n], VoteKind.MORE, "interest 1", n)
    for n in range(3):
        vote(busy, ann, numbers[SUBJECTS * n + 1], VoteKind.MORE, "interest 2", n)
    (edition,) = edited(busy, ann, threshold=Threshold(0.3))
    subjects = [(pick.paper.number - numbers[0]) % SUBJECTS for pick in matched(edition)]
    brought = {pick.interest for pick in matched(edition)}
    assert brought == {"interest 1", "interest 2"}
    assert subjects.count(0) >= 2
    assert subjects.count(1) >= 2
    assert subjects.count(0) + subjects.count(1) == len(subjects)


def test_muted_and_known_papers_are_not_shown(busy: Store) -> None:
    """Nor any paper that the reader voted on or has in a library."""
    ann = saved(busy, ", ".join(topic_word(0, n) for n in range(80)))
    (before,) = edited(busy, ann)
    shown = [pick.paper for pick in matched(before)]
    assert len(shown) >= 3
    vote(busy, ann, shown[0].number, VoteKind.MUTE, None)
    vote(busy, ann, shown[1].number, VoteKind.MORE, None)
    busy.libraries.replace(ann.row, "zotero", [(shown[2].paper, None)], "library", DAY)
    (after,) = edited(busy, ann)
    assert not {one.number for one in shown[:3]} & {pick.paper.number for pick in after.picks}


def test_a_pick_to_explore_takes_no_place_that_is_needed(busy: Store) -> None:
    """One marked pick below the threshold, last; where there is none the place goes to a match."""
    ann = replace(saved(busy, ", ".join(topic_word(0, n) for n in range(80))), limit=5)
    (edition,) = edited(busy, ann, threshold=Threshold(0.75))
    assert [pick.explores for pick in edition.picks] == [False] * 4 + [True]
    assert 0.2 <= edition.picks[-1].score < 0.75
    (without,) = edited(busy, ann, threshold=Threshold(0.2))
    assert [pick.explores for pick in without.picks] == [False] * 5


def test_upvotes_order_what_fits_as_well(busy: Store) -> None:
    """The lift is a reason of its own, and brings nothing above the threshold."""
    ann = saved(busy, ", ".join(topic_word(0, n) for n in range(80)))
    (before,) = edited(busy, ann)
    last = matched(before)[-1].paper
    popular = [seen(last.paper, upvotes=900), seen(paper("Paper 1201"), upvotes=3)]
    busy.papers.add(popular, "arxiv", DAY)
    (after,) = edited(busy, ann)
    lifted = next(pick for pick in after.picks if pick.paper.number == last.number)
    assert 0 < lifted.score - matched(before)[-1].score <= 0.05
    assert lifted.reasons[-1].label == "900 upvotes"
    for pick in after.picks:
        assert sum(reason.share for reason in pick.reasons) == pytest.approx(pick.score, abs=1e-4)
    assert {p.paper.number for p in matched(after)} <= {p.paper.number for p in matched(before)}
    (popular_one,) = [pick for pick in after.picks if pick.trends]
    assert popular_one.paper.upvotes == 3
