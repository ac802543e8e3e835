"""What editions have beside their picks, and what a process remembers of quiet days."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from digest.catalogue import Catalogue
from digest.desk import Desk
from digest.edit import Editor, EditReport
from digest.model import (
    UPVOTES,
    Edition,
    Manner,
    Message,
    Mood,
    Paper,
    Quiet,
    Reader,
    ReaderKind,
    Schedule,
    Sighting,
    Signal,
    Topic,
    Vote,
    VoteKind,
)
from digest.picker import Picker
from digest.progress import Quiet as Silence
from digest.ranking.matching import Matcher
from digest.store import Store
from digest.store.editions import MadeEdition
from digest.store.readers import Due
from digest.store.states import State
from digest.store.visits import Visit
from tests.conftest import DAY, NOW
from tests.editing import editor_of, saved
from tests.papers import paper, seen

TUESDAYS = Schedule(weekdays=frozenset({1}))
SENT = datetime.combine(DAY - timedelta(days=7), time(7), UTC)  # a week ago, at the reader's hour
OWLS = paper("Owls at night", "They hear mice.", key="arxiv:2603.00001")


@pytest.fixture
def catalogue(sqlite: Store) -> Iterator[Catalogue]:
    """A catalogue of a store that knows one new paper."""
    sqlite.papers.add([seen(OWLS)], "file", DAY)
    sqlite.visits.save(Visit("file", DAY, NOW, complete=True, read=1))
    made = Catalogue(sqlite, None, Silence())
    yield made
    made.close()


def drafts(editor: Editor, *of: Reader, day: date = DAY) -> list[Edition]:
    """The editions of readers, made in one shard."""
    report = EditReport()
    made = editor.draft([Due(one, day) for one in of], report)
    assert not report.failed
    return made


def had_edition(store: Store, of: Reader, day: date, state: State = State.QUEUED) -> None:
    """An edition without picks of before, in a state."""
    message = Message(f"<{of.name}-{day}@x>", "d@x", of.address, "s", "label", b"raw")
    edition = Edition(of, day, (), Mood.NOTHING, 0)
    store.editions.save([MadeEdition(edition, message, NOW + timedelta(hours=9))], "outbox", NOW)
    if state is State.EXPIRED:
        store.deliveries.sweep("outbox", NOW + timedelta(days=2), repeatable=False)


# ── The first ───────────────────────────────────────────────────────────────


def test_the_first_edition_is_known_as_such(store: Store) -> None:
    """Asked of all at once; of the date itself and later ones nothing is said."""
    ann, bob, eve = (saved(store, name=f"{name}@example.org") for name in ("ann", "bob", "eve"))
    had_edition(store, bob, DAY - timedelta(days=40))
    had_edition(store, eve, DAY)
    rows = [ann.row, bob.row, eve.row]
    assert store.editions.had_before(rows, DAY) == {bob.row}
    assert store.editions.had_before(rows, DAY + timedelta(days=1)) == {bob.row, eve.row}
    assert store.editions.had_before([], DAY) == set()


def test_an_edition_that_nobody_saw_was_none(store: Store) -> None:
    """It expired: the next one is the first."""
    ann = saved(store)
    had_edition(store, ann, DAY - timedelta(days=1), State.EXPIRED)
    assert store.editions.had_before([ann.row], DAY) == set()


def test_who_is_welcomed(sqlite: Store, catalogue: Catalogue) -> None:
    """Each reader with its first edition; nobody for whom an edition was made by the way."""
    ann, bob = (saved(sqlite, "owls", name=f"{name}@example.org") for name in ("ann", "bob"))
    had_edition(sqlite, bob, DAY - timedelta(days=1))
    passing = replace(ann, name="by the way", number=None, kind=ReaderKind.UNSAVED)
    made = drafts(editor_of(catalogue), ann, bob, passing)
    assert [edition.first for edition in made] == [True, False, False]


# ── The week ────────────────────────────────────────────────────────────────


def test_a_weekly_edition_tells_what_was_liked(sqlite: Store, catalogue: Catalogue) -> None:
    """Since the hour of the last edition, newest first, each paper once; other votes are not told."""
    papers = [paper(f"Paper {n}", key=f"arxiv:2603.1000{n}") for n in range(6)]
    sqlite.papers.add([seen(one, DAY - timedelta(days=20)) for one in papers], "file", DAY)
    rows = sqlite.papers.numbers_by_keys(one.key for one in papers)
    number = [rows[one.key] for one in papers]
    ann = saved(sqlite, "owls", schedule=TUESDAYS)
    bob = saved(sqlite, "owls", name="bob@example.org", schedule=TUESDAYS)
    eve = saved(sqlite, "owls", name="eve@example.org")
    for place, (kind, at) in enumerate(
        (
            (VoteKind.MORE, SENT - timedelta(minutes=1)),
            (VoteKind.MORE, SENT + timedelta(minutes=1)),
            (VoteKind.SAVE, NOW - timedelta(days=1)),
            (VoteKind.LESS, NOW - timedelta(days=1)),
            (VoteKind.MUTE, NOW - timedelta(days=1)),
            (VoteKind.MORE, NOW + timedelta(days=1)),
        )
    ):
        sqlite.votes.cast(Vote(ann.row, number[place], kind, None, at))
    sqlite.votes.cast(Vote(ann.row, number[2], VoteKind.MORE, None, NOW - timedelta(days=2)))
    sqlite.votes.cast(Vote(eve.row, number[2], VoteKind.MORE, None, NOW - timedelta(days=2)))
    anns, bobs, eves = drafts(editor_of(catalogue), ann, bob, eve)
    assert anns.week is not None
    assert anns.week.since == DAY - timedelta(days=7)
    assert [stored.number for stored in anns.week.liked] == [number[2], number[1]]
    assert bobs.week is not None
    assert bobs.week.liked == ()
    assert eves.week is None


def test_liked_papers_are_found_for_all_at_once(store: Store) -> None:
    """On each database: those of the readers asked for, newest first."""
    store.papers.add([seen(paper(f"Paper {n}")) for n in range(3)], "file", DAY)
    numbers = store.papers.numbers()
    ann, bob = (saved(store, name=f"{name}@example.org") for name in ("ann", "bob"))
    for place, number in enumerate(numbers):
        at = NOW - timedelta(days=place)
        store.votes.cast(Vote(ann.row, number, VoteKind.MORE, None, at))
    store.votes.cast(Vote(bob.row, numbers[0], VoteKind.LESS, None, NOW))
    found = store.votes.liked_since([ann.row, bob.row], NOW - timedelta(days=1))
    assert list(found) == [ann.row]
    assert [vote.paper for vote in found[ann.row]] == numbers[:2]
    assert store.votes.liked_since([bob.row], NOW - timedelta(days=9)) == {}


def counted(title: str, on: date, *counts: tuple[float, int]) -> list[Sighting]:
    """A paper with its upvotes, each so many days before now."""
    return [
        Sighting(
            paper(title),
            announced=on,
            signals=(Signal(UPVOTES, value, NOW - timedelta(days=ago)),),
        )
        for ago, value in counts
    ]


def test_a_weekly_edition_tells_what_rose(sqlite: Store, catalogue: Catalogue) -> None:
    """By what was gained in the week; what nobody counted before it counts from there on."""
    old, new = DAY - timedelta(days=9), DAY - timedelta(days=5)
    for sightings in (
        counted("Slow", old, (8, 90), (1, 95)),
        counted("Steady", old, (8.5, 10), (1, 60)),
        counted("New", new, (4, 30), (1, 70)),
        counted("Known late", old, (3, 200), (1, 220)),
        counted("Falling", old, (8, 50), (1, 40)),
        counted("Owls muted", new, (1, 500)),
        counted("A survey", new, (1, 400)),
    ):
        sqlite.papers.add(sightings, "file", DAY)
    muted = sqlite.papers.numbers_by_keys(paper("Owls muted").keys).popitem()[1]
    ann = saved(sqlite, "owls, -survey", schedule=TUESDAYS)
    sqlite.votes.cast(Vote(ann.row, muted, VoteKind.MUTE, None, NOW))
    (edition,) = drafts(editor_of(catalogue), ann)
    assert edition.week is not None
    assert "New" in {pick.paper.paper.title for pick in edition.picks if pick.trends}
    risen = [(one.paper.paper.title, one.gained) for one in edition.week.risen]
    assert risen == [("Steady", 50), ("Known late", 20), ("Slow", 5)]


def test_no_more_than_five_rose(sqlite: Store, catalogue: Catalogue) -> None:
    """The most gained first; to whom wants nothing of what everyone reads none are told."""
    on = DAY - timedelta(days=9)
    for n in range(8):
        sqlite.papers.add(counted(f"Paper {n}", on, (8, 1), (1, 10 + n)), "file", DAY)
    ann = saved(sqlite, "owls", schedule=TUESDAYS)
    bob = saved(sqlite, "owls", name="bob@example.org", schedule=TUESDAYS, dial=0)
    anns, bobs = drafts(editor_of(catalogue), ann, bob)
    assert anns.week is not None
    assert bobs.week is not None
    assert [one.gained for one in anns.week.risen] == [16, 15, 14, 13, 12]
    assert bobs.week.risen == ()


def test_what_rose_on_a_date_that_is_over_is_as_it_was(catalogue: Catalogue) -> None:
    """A preview of a past week tells of its own gains, not of what came since."""
    store, past = catalogue.store, DAY - timedelta(days=14)
    on = past - timedelta(days=2)
    store.papers.add(counted("Then", on, (15, 40), (1, 45)), "file", DAY)
    store.papers.add(counted("Since then", on, (1, 300)), "file", DAY)
    risen = editor_of(catalogue).desks.risen(past)
    assert [(one.paper.paper.title, one.gained) for one in risen] == [("Then", 40)]


def test_what_excludes_is_compared_once_for_all_readers_of_a_date(
    sqlite: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard of weekly readers costs no more preparations of what rose than one of them."""
    on = DAY - timedelta(days=9)
    sqlite.papers.add(counted("A survey", on, (8, 1), (1, 10)), "file", DAY)
    made: list[Sequence[Paper]] = []

    def matcher(papers: Sequence[Paper]) -> Matcher:
        made.append(papers)
        return Matcher(papers)

    monkeypatch.setattr("digest.lookback.Matcher", matcher)
    names = ("ann", "bob", "eve")
    ann, *others = (
        saved(sqlite, "owls, -survey", name=f"{name}@example.org", schedule=TUESDAYS)
        for name in names
    )
    drafts(editor_of(catalogue), ann)
    once = len(made)
    made.clear()
    weeks = [edition.week for edition in drafts(editor_of(catalogue), ann, *others)]
    assert [week.risen for week in weeks if week is not None] == [(), (), ()]
    assert len(made) == once > 0


def test_a_date_that_is_over_is_weighed_as_it_was(sqlite: Store, catalogue: Catalogue) -> None:
    """What came after it ended everywhere does not count; where nothing came before, the first."""
    noon = datetime.combine(DAY + timedelta(days=1), time(12), UTC)
    for title, counts in (
        ("Before and after", ((-1, 5), (1, 500))),
        ("Only after", ((1, 7), (2, 900))),
        ("None before", ((-1, 0), (1, 90))),
    ):
        for hours, value in counts:
            at = noon + timedelta(hours=hours)
            signals = (Signal(UPVOTES, value, at),)
            sqlite.papers.add([Sighting(paper(title), announced=DAY, signals=signals)], "file", DAY)
    desks = editor_of(catalogue, noon + timedelta(days=3)).desks

    def told(day: date) -> dict[str, list[int]]:
        desk = desks.of(day)
        return {
            desk.candidates[place].paper.title: [count.value for count in trend.counts]
            for place, trend in desk.trends.items()
        }

    assert told(DAY) == {"Before and after": [5], "Only after": [7]}
    assert told(DAY + timedelta(days=1)) == {
        "Before and after": [5, 500],
        "Only after": [7, 900],
        "None before": [0, 90],
    }


# ── Topics ──────────────────────────────────────────────────────────────────


def test_who_wants_only_its_own_hears_of_no_topics(
    sqlite: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others do; nobody looks for topics where there is no such reader."""
    topic, asked = Topic("owl song", 9, 2.0), []

    def rising(desk: Desk) -> tuple[Topic, ...]:
        asked.append(desk.date)
        return (topic,)

    monkeypatch.setattr(Desk, "rising", property(rising))
    editor = editor_of(catalogue)
    (mine,) = drafts(editor, saved(sqlite, "owls", dial=0))
    assert (mine.rising, asked) == ((), [])
    (usual,) = drafts(editor, saved(sqlite, "owls"))
    assert (usual.rising, set(asked)) == ((topic,), {DAY})
    asked.clear()
    editor.sketch([Due(usual.reader, DAY)], EditReport(), again=True)
    assert asked == []


def test_what_a_reader_excludes_carries_no_topic(
    sqlite: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what it muted; a topic that none of its papers can show is not told."""
    song, survey = (paper(title, key=f"title:{title}") for title in ("Song", "A survey"))
    sqlite.papers.add([seen(song), seen(survey)], "file", DAY)
    rows = sqlite.papers.numbers_by_keys([song.key, survey.key])
    found = sqlite.papers.by_numbers(set(rows.values()))
    one, other = found[rows[song.key]], found[rows[survey.key]]
    both, alone = Topic("owl song", 9, 2.0, (one, other)), Topic("reviews", 8, 2.0, (other,))
    monkeypatch.setattr(Desk, "rising", (both, alone))
    ann = saved(sqlite, "owls")
    bob = saved(sqlite, "owls, -survey", name="bob@example.org")
    eve = saved(sqlite, "owls, -survey", name="eve@example.org")
    sqlite.votes.cast(Vote(eve.row, one.number, VoteKind.MUTE, None, NOW))
    told = [edition.rising for edition in drafts(editor_of(catalogue), ann, bob, eve)]
    assert told == [(both, alone), (replace(both, carriers=(one,)),), ()]


# ── Quiet days, again and again ─────────────────────────────────────────────


class Weighings:
    """Counts how often a reader's scores are looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Look on from now on."""
        self.count = 0
        pick = Picker.pick

        def counting(picker: Picker, *arguments: object) -> object:
            self.count += 1
            return pick(picker, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(Picker, "pick", counting)


def tick(catalogue: Catalogue, before: Editor | None, of: Reader) -> tuple[Editor, int]:
    """A new editor of the same process, as each minute has; how many editions it made."""
    editor = editor_of(catalogue)
    if before is not None:
        editor.weighed = before.weighed
    current = catalogue.store.readers.find(of.name)
    assert current is not None
    return editor, len(drafts(editor, current))


def test_the_same_is_not_weighed_again_for_who_wants_no_letter(
    sqlite: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until something is another: a paper, a vote, an interest."""
    weighings = Weighings(monkeypatch)
    ann = saved(sqlite, "chromodynamics", quiet=Quiet.NOTHING)
    editor, made = tick(catalogue, None, ann)
    assert (weighings.count, made) == (1, 0)
    for _ in range(3):
        editor, made = tick(catalogue, editor, ann)
    assert (weighings.count, made) == (1, 0)
    sqlite.papers.add([seen(paper("Bread", "Flour."))], "file", DAY)
    editor, _ = tick(catalogue, editor, ann)
    assert weighings.count == 2
    sqlite.votes.cast(Vote(ann.row, 1, VoteKind.LESS, None, NOW))
    editor, _ = tick(catalogue, editor, ann)
    assert weighings.count == 3
    editor, _ = tick(catalogue, editor, ann)
    assert weighings.count == 3
    sqlite.readers.change(replace(ann, manner=Manner(quiet=Quiet.TRENDING)), NOW)
    editor, made = tick(catalogue, editor, ann)
    assert (weighings.count, made) == (4, 1)


def test_no_papers_are_compared_for_who_was_weighed_before(
    sqlite: Store, catalogue: Catalogue
) -> None:
    """Nor to find what says the same as a paper that the reader muted."""
    ann = saved(sqlite, "chromodynamics", quiet=Quiet.NOTHING)
    sqlite.papers.add([seen(paper("Bread", "Flour."))], "file", DAY)
    sqlite.votes.cast(Vote(ann.row, 1, VoteKind.MUTE, None, NOW))
    editor, made = tick(catalogue, None, ann)
    assert (editor.desks.ranked, made) == (True, 0)
    editor, made = tick(catalogue, editor, ann)
    assert (editor.desks.ranked, made) == (False, 0)


def test_a_note_comes_as_soon_as_the_source_does(
    sqlite: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then nothing is weighed twice, and then the reader need not wait for a paper."""
    weighings = Weighings(monkeypatch)
    ann = saved(sqlite, "chromodynamics", quiet=Quiet.NOTE)
    sqlite.visits.save(Visit("file", DAY, NOW, complete=False, read=1, problem="away"))
    editor, made = tick(catalogue, None, ann)
    editor, made = tick(catalogue, editor, ann)
    assert (weighings.count, made) == (1, 0)
    sqlite.visits.save(Visit("file", DAY, NOW, complete=True, read=1))
    editor, made = tick(catalogue, editor, ann)
    assert (weighings.count, made) == (2, 1)


def test_a_drafted_edition_is_made_whatever_was_weighed(
    sqlite: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks what an edition would be is told, as often as asked."""
    weighings = Weighings(monkeypatch)
    ann = saved(sqlite, "chromodynamics", quiet=Quiet.NOTHING)
    editor, _ = tick(catalogue, None, ann)
    for _ in range(2):
        editor.draft([Due(ann, DAY)], EditReport(), again=True)
    assert weighings.count == 3
