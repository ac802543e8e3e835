"""The replay of past dates: editions as they would have been, and nothing of the answer in them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import inspect, text

from digest.catalogue import Catalogue
from digest.evaluation import Evaluation, Replay, Variant, evaluate
from digest.grammar.interests import parse_interest
from digest.identity import title_key
from digest.model import (
    UPVOTES,
    Announcement,
    Manner,
    Paper,
    Reader,
    Schedule,
    Sighting,
    Signal,
    Threshold,
    Vote,
    VoteKind,
)
from digest.progress import Quiet
from digest.ranking import vectors
from digest.store import Store
from tests.editing import saved
from tests.encoders import WordEncoder
from tests.papers import paper, seen
from tests.past import BREADS, DAYS, FIRST, OWLS, fill, like_each_day, number_of, title, vote

NOW = datetime(2026, 3, 16, 9, 30, tzinfo=UTC)  # the day after the last
DAY = FIRST + timedelta(days=9)
_A_DAY = timedelta(days=1)


@pytest.fixture
def past(sqlite: Store) -> Store:
    """Two weeks of owls and bread."""
    fill(sqlite)
    return sqlite


@pytest.fixture
def replay(past: Store) -> Iterator[Replay]:
    """What replays them."""
    catalogue = Catalogue(past, None, Quiet())
    yield Replay(catalogue, Threshold(0.3), NOW, Quiet())
    catalogue.close()


def replayed(
    replay: Replay, of: Reader, change: Reader | None = None, days: int = 30
) -> Evaluation:
    """The dates of a reader, with a change of its wishes beside them or without."""
    other = None if change is None else Variant(change, "terms")
    return evaluate(replay, Variant(of, "terms"), other, days)


def editions(found: Evaluation, variant: int = 0) -> dict[date, tuple[int, ...]]:
    """The papers of each edition."""
    return {one.question.day: one.shown[variant].papers for one in found.replayed}


def titles(store: Store, numbers: tuple[int, ...]) -> list[str]:
    """The second word of each title: which kind of owl or of bread."""
    papers = store.papers.by_numbers(numbers)
    return [papers[number].paper.title.split()[1] for number in numbers]


def with_interests(of: Reader, *texts: str) -> Reader:
    """The same reader with other interests."""
    parsed = tuple(parse_interest(f"interest {n}", one) for n, one in enumerate(texts, 1))
    return replace(of, interests=parsed)


def test_each_date_with_a_liked_paper_is_made_once(past: Store, replay: Replay) -> None:
    """From what was announced for it alone; the oldest first."""
    ann = saved(past, "owls", limit=5, dial=0)
    days = [FIRST + _A_DAY, DAY]
    for day in reversed(days):
        vote(past, ann, "barn", day)
    found = replayed(replay, ann)
    assert [one.question.day for one in found.replayed] == days
    assert [one.considered for one in found.replayed] == [8, 8]
    assert (found.asked, found.liked, found.change) == (30, 2, None)
    for day, shown in editions(found).items():
        assert set(shown) < {stored.number for stored in past.papers.candidates(day, 1)}
        assert set(titles(past, shown)) == set(OWLS)
    (first, _) = found.replayed
    place = titles(past, first.shown[0].papers).index("barn") + 1
    assert first.shown[0].found == (place,)


def test_without_votes_there_is_nothing_to_replay(past: Store, replay: Replay) -> None:
    """Nor with votes on papers that no source ever announced, or outside of the days."""
    ann = saved(past, "owls")
    assert replayed(replay, ann).replayed == ()
    looked_up = [Sighting(paper("An owl of old"), Announcement.LOOKED_UP, FIRST)]
    past.papers.add(looked_up, "arxiv", FIRST)
    (number,) = past.papers.numbers_by_keys([title_key("An owl of old")]).values()
    assert past.votes.cast(Vote(ann.row, number, VoteKind.MORE, None, NOW - _A_DAY))
    vote(past, ann, "barn", FIRST)
    found = replayed(replay, ann, days=3)
    assert (found.replayed, found.figures, found.votes.liked, found.votes.elsewhere) == (
        (), (), 2, 2)  # fmt: skip


def test_a_vote_of_the_day_or_later_changes_nothing_of_the_edition(
    past: Store, replay: Replay
) -> None:
    """Neither by what it teaches nor by taking papers away; one of the day before does."""
    ann = saved(past, "feathers, ovens", limit=4, dial=0)
    vote(past, ann, "barn", DAY)
    before = editions(replayed(replay, ann))[DAY]
    for kind in BREADS:  # after midnight, before the edition's hour
        vote(past, ann, kind, DAY, at=datetime(DAY.year, DAY.month, DAY.day, 0, 1, tzinfo=UTC))
    for ahead in range(1, 4):
        for kind in BREADS:
            vote(past, ann, kind, DAY + ahead * _A_DAY)
    vote(past, ann, "snowy", DAY, says=VoteKind.MUTE)
    assert editions(replayed(replay, ann))[DAY] == before
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    for kind in BREADS:
        vote(past, ann, kind, DAY - _A_DAY, at=midnight - timedelta(seconds=1))
    after = editions(replayed(replay, ann))[DAY]
    assert set(titles(past, after[:2])) < set(BREADS)
    assert after != before


def test_the_night_before_is_that_of_the_reader(past: Store, replay: Replay) -> None:
    """A vote at noon UTC is one of the next day in Auckland: too late for that day's edition."""
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    there = Schedule(zone="Pacific/Auckland")
    ann = saved(past, "feathers, ovens", limit=4, dial=0, schedule=there)
    vote(past, ann, "barn", DAY)
    before = editions(replayed(replay, ann))[DAY]
    for kind in BREADS:
        vote(past, ann, kind, DAY - 3 * _A_DAY, at=midnight - timedelta(hours=12))
    assert editions(replayed(replay, ann))[DAY] == before
    for kind in BREADS:
        vote(past, ann, kind, DAY - 4 * _A_DAY, at=midnight - timedelta(hours=14))
    assert editions(replayed(replay, ann))[DAY] != before


def test_likes_without_a_day_count_from_their_announcement(past: Store, replay: Replay) -> None:
    """A paper of the date or of later is no example, nor does its title become one."""
    ann = saved(past, "feathers, ovens", limit=4, dial=0)
    vote(past, ann, "barn", DAY)

    def liking(day: date) -> tuple[int, ...]:
        likes = ", ".join(f'like:"{title(kind, day)}"' for kind in BREADS)
        changed = with_interests(ann, f"feathers, ovens, {likes}")
        (shown,) = [one.shown[1].papers for one in replayed(replay, ann, changed).replayed]
        return shown

    today = editions(replayed(replay, ann))[DAY]
    assert liking(DAY + _A_DAY) == today
    assert set(titles(past, liking(DAY - _A_DAY))) == set(BREADS)
    assert not set(liking(DAY)) & {number_of(past, kind, DAY) for kind in BREADS}


def test_a_library_counts_from_the_day_after_a_paper_was_added(past: Store, replay: Replay) -> None:
    """One without days as likes do; its papers stand on no date unless they were voted on."""
    ann = saved(past, "feathers, ovens", limit=4, dial=0)
    vote(past, ann, "barn", DAY)

    def keep(papers: list[tuple[Paper, date | None]]) -> None:
        past.libraries.replace(ann.row, "bib", papers, "bibtex", NOW.date())

    today = editions(replayed(replay, ann))[DAY]
    rows = [past.papers.by_numbers([number_of(past, kind, DAY - _A_DAY)]) for kind in BREADS]
    papers = [stored.paper for row in rows for stored in row.values()]
    for added, same in ((DAY, True), (DAY - _A_DAY, False), (None, False)):
        keep([(one, added) for one in papers])
        assert (editions(replayed(replay, ann))[DAY] == today) is same
    own = past.papers.by_numbers([number_of(past, "snowy", DAY)]).popitem()[1]
    keep([(own.paper, None)])
    (one,) = replayed(replay, ann).replayed
    assert (one.considered, own.number in one.shown[0].papers) == (7, False)


def test_a_paper_of_two_dates_stands_on_the_one_it_counts_for(past: Store, replay: Replay) -> None:
    """Where it was announced again before the vote; it is missing on the other date."""
    ann = saved(past, "owls", limit=5, dial=0)
    twice = past.papers.by_numbers([number_of(past, "barn", DAY)]).popitem()[1]
    past.papers.add([seen(twice.paper, DAY + _A_DAY)], "other", DAY)
    vote(past, ann, "barn", DAY, at=NOW - timedelta(days=1))
    vote(past, ann, "tawny", DAY)
    found = replayed(replay, ann)
    first, second = found.replayed
    assert (first.question.day, first.considered) == (DAY, 7)
    assert (second.question.day, second.considered) == (DAY + _A_DAY, 9)
    assert (len(second.question.liked), found.liked) == (1, 2)


def test_upvotes_that_were_counted_later_move_nothing(past: Store, replay: Replay) -> None:
    """Those counted by the end of the date give places by the dial."""
    ann = saved(past, "owls", limit=4, dial=50)
    vote(past, ann, "barn", DAY)
    popular = past.papers.by_numbers([number_of(past, "rye", DAY)]).popitem()[1]

    def counted(at: datetime) -> list[str]:
        sighting = Sighting(popular.paper, Announcement.NEW, DAY, (Signal(UPVOTES, 90, at),))
        past.papers.add([sighting], "file", DAY)
        return titles(past, editions(replayed(replay, ann))[DAY])

    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    assert "rye" not in counted(noon + timedelta(days=3))
    assert "rye" in counted(noon)


@pytest.mark.parametrize(("interest", "dial"), [("owls", 100), ("chromodynamics", 20), ("", 20)])
def test_what_is_read_afterwards_orders_nothing(
    past: Store, replay: Replay, interest: str, dial: int
) -> None:
    """Nor where all of an edition is what everyone reads, or nothing meets the interests."""
    ann = saved(past, *([interest] if interest else []), limit=3, dial=dial)
    vote(past, ann, "spelt", DAY, at=datetime(2026, 3, 12, 8, tzinfo=UTC))
    before = editions(replayed(replay, ann))
    spelt = past.papers.by_numbers([number_of(past, "spelt", DAY)]).popitem()[1].paper
    assert number_of(past, "spelt", DAY) not in before[DAY]
    later = Signal(UPVOTES, 90, datetime(2026, 3, 13, 12, tzinfo=UTC))
    past.papers.add(
        [Sighting(spelt, Announcement.FEATURED, DAY + 2 * _A_DAY, (later,))], "other", DAY
    )
    assert editions(replayed(replay, ann)) == before


def test_what_an_edition_showed_is_in_no_later_one(past: Store, replay: Replay) -> None:
    """However often sources announce it again; each variant has had its own."""
    ann = saved(past, "owls", limit=2, dial=0)
    for kind in OWLS:
        again = past.papers.by_numbers([number_of(past, kind, DAY)]).popitem()[1].paper
        past.papers.add([seen(again, DAY + _A_DAY)], "other", DAY)
    for ahead in range(2):
        vote(past, ann, "rye", DAY + ahead * _A_DAY)
    found = replayed(replay, ann, with_interests(ann, "bread"))
    for variant in range(2):
        first, second = editions(found, variant).values()
        assert len(first) == len(second) == 2
        assert not {*first} & {*second}
    alone = replayed(replay, with_interests(ann, "bread"))
    assert editions(alone) == editions(found, 1)


def test_a_weekly_reader_is_asked_with_a_week_of_papers(past: Store, replay: Replay) -> None:
    """Once a week, on the day of the schedule."""
    sunday = FIRST + timedelta(days=6)
    ann = saved(past, "owls", limit=20, schedule=Schedule(weekdays=frozenset({6})), dial=0)
    vote(past, ann, "barn", FIRST, at=datetime(2026, 3, 8, 20, tzinfo=UTC))
    found = replayed(replay, ann)
    (one,) = found.replayed
    assert (one.question.since, one.question.day, one.considered) == (FIRST, sunday, 56)
    assert found.asked == 5
    assert one.shown[0].found


def test_a_change_is_told_from_today(past: Store, replay: Replay) -> None:
    """Each variant has its own edition; the difference is the change less today."""
    ann = saved(past, "bread", limit=4, dial=0)
    vote(past, ann, "barn", DAY)
    vote(past, ann, "snowy", DAY - _A_DAY)
    vote(past, ann, "rye", DAY, says=VoteKind.LESS)
    found = replayed(replay, ann, with_interests(ann, "feathers, owls"))
    by_name = {figure.name: figure for figure in found.figures}
    hits = by_name["hit_rate"]
    assert hits.change is not None
    assert hits.difference is not None
    assert (hits.today.value, hits.change.value, hits.difference.value) == (0.0, 1.0, 1.0)
    assert by_name["disliked"].today.value == 0.5
    assert found.disliked == 1
    assert all(0 < one <= 1 for one in found.differences)


def test_the_same_settings_make_the_same_editions(past: Store, replay: Replay) -> None:
    """Every difference is zero, without width."""
    ann = saved(past, "owls", "bread", limit=5)
    like_each_day(past, ann, OWLS)
    found = replayed(replay, ann, ann)
    assert len(found.replayed) == DAYS
    assert editions(found, 0) == editions(found, 1)
    for figure in found.figures:
        assert figure.difference is not None
        assert (figure.difference.low, figure.difference.value, figure.difference.high) == (0, 0, 0)


def test_no_interests_and_other_dials(past: Store, replay: Replay) -> None:
    """Whoever has no interests and has voted for nothing yet gets what everyone reads."""
    ann = saved(past, limit=5)
    vote(past, ann, "barn", FIRST)
    vote(past, ann, "snowy", DAY)
    everyones = replace(ann, manner=Manner(dial=100))
    shown = [one.shown for one in replayed(replay, ann, everyones).replayed]
    assert shown[0][0] == shown[0][1]
    assert len(shown[1][1].papers) == 5


def test_without_interests_it_is_what_everyone_reads(past: Store, replay: Replay) -> None:
    """A change that ends all interests is the same as a dial of 100, where no vote is known yet."""
    ann = saved(past, "owls", limit=3, dial=20)
    like_each_day(past, ann, OWLS, at=NOW)
    none = replayed(replay, ann, replace(ann, interests=()))
    everyones = replayed(replay, ann, replace(ann, manner=Manner(dial=100)))
    assert editions(none, 1) == editions(everyones, 1) != editions(none, 0)
    assert all(len(papers) == 3 for papers in editions(none, 1).values())


def test_a_pause_of_today_is_none_of_then(past: Store, replay: Replay) -> None:
    """The dates of a reader who is paused now are replayed as ever."""
    ann = saved(past, "owls", limit=3, dial=0)
    like_each_day(past, ann, OWLS)
    paused = replace(ann, schedule=replace(ann.schedule, paused_until=date(2027, 1, 1)))
    assert editions(replayed(replay, paused)) == editions(replayed(replay, ann))
    assert replayed(replay, paused).asked == 30


def test_a_threshold_by_numbers_is_replayed_too(past: Store, replay: Replay) -> None:
    """About so many as are wished for a day, but none below the least score."""
    ann = saved(past, "owls", limit=8, dial=0)
    vote(past, ann, "barn", DAY)

    def shown(threshold: Threshold) -> list[str]:
        found = replayed(replace(replay, threshold=threshold), ann)
        return titles(past, editions(found)[DAY])

    assert set(shown(Threshold(a_day=4.0))) == set(OWLS)
    assert set(shown(Threshold(a_day=4.0, least=0.999))) != set(OWLS)


def test_another_ranker_reads_each_paper_once(past: Store) -> None:
    """What it keeps of papers is kept from date to date; the editions are its own."""
    encoder = WordEncoder(same={"nocturnal": "night", "raptors": "birds"})
    catalogue = Catalogue(past, None, Quiet(), encoder=encoder)
    ann = saved(past, "nocturnal raptors", limit=4, dial=0)
    like_each_day(past, ann, OWLS, at=NOW)
    today, change = Variant(ann, "terms"), Variant(ann, "encoder")
    found = evaluate(Replay(catalogue, Threshold(0.3), NOW, Quiet()), today, change, 30)
    assert editions(found, 0) != editions(found, 1)
    assert len(encoder.read) == len(set(encoder.read))
    assert len(found.replayed) == DAYS
    catalogue.close()


def test_an_encoder_finds_the_same_when_it_is_asked_again(
    past: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first date is held against the papers of all dates, as the last one is."""
    monkeypatch.setattr(vectors, "LEAST_PAST", 4)  # a date's papers are enough to learn from
    ann = saved(past, "nocturnal raptors", limit=4, dial=0)
    like_each_day(past, ann, OWLS)
    found = []
    for _ in range(2):
        catalogue = Catalogue(past, None, Quiet(), encoder=WordEncoder(same={"raptors": "birds"}))
        today = Variant(ann, "encoder")
        found.append(evaluate(Replay(catalogue, Threshold(0.3), NOW, Quiet()), today, None, 30))
        catalogue.close()
    assert editions(found[0]) == editions(found[1])
    assert found[0].figures == found[1].figures


def test_papers_that_a_change_likes_and_nobody_stored_are_named(
    past: Store, replay: Replay
) -> None:
    """They teach nothing until a run has looked them up; those of today are the same on both."""
    ann = saved(past, "owls, like:2401.11111", limit=4)
    vote(past, ann, "barn", DAY)
    stored = past.papers.by_numbers([number_of(past, "rye", FIRST)]).popitem()[1].paper
    likes = f'like:2401.11111, like:2402.22222, like:"{stored.title}", like:"A title of nobody"'
    found = replayed(replay, ann, with_interests(ann, f"owls, {likes}"))
    assert found.unknown == ("arxiv:2402.22222",)
    assert replayed(replay, ann, ann).unknown == replayed(replay, ann).unknown == ()


def test_subjects_are_learned_first_where_a_run_would_have_them(past: Store) -> None:
    """So that what is found does not depend on whether an index lies there."""
    fill(past, days=60)
    ann = saved(past, "owls", limit=4)
    vote(past, ann, "barn", DAY)
    catalogue = Catalogue(past, None, Quiet())
    assert replayed(Replay(catalogue, Threshold(0.3), NOW, Quiet()), ann).replayed
    assert catalogue.index.subjects is not None
    assert not catalogue.index.needs_subjects
    catalogue.close()


def test_a_replay_leaves_the_store_as_it_was(store: Store) -> None:
    """No table of either database has another row then: no edition, no profile, no topic."""
    fill(store)
    catalogue = Catalogue(store, None, Quiet())
    replay = Replay(catalogue, Threshold(0.3), NOW, Quiet())
    ann = saved(store, "owls", limit=5)
    like_each_day(store, ann, OWLS)
    before = rows(store)
    found = replayed(replay, ann, with_interests(ann, "bread"))
    assert rows(store) == before
    assert len(found.replayed) == DAYS
    assert all(set(titles(store, shown)) & set(OWLS) for shown in editions(found).values())
    catalogue.close()


def test_papers_that_were_joined_count_once(past: Store, replay: Replay) -> None:
    """Two of one date that turn out to be one, both liked: one paper, on that date."""
    ann = saved(past, "owls", limit=5, dial=0)
    one, other = (vote(past, ann, kind, DAY) for kind in ("barn", "snowy"))
    papers = past.papers.by_numbers([one, other])
    keys = tuple(dict.fromkeys(key for n in (one, other) for key in papers[n].paper.keys))
    both = replace(papers[one].paper, keys=("doi:10.1000/owl", *keys))
    past.papers.add([seen(both, DAY + _A_DAY, kind=Announcement.REPLACE)], "other", DAY)
    assert len(past.papers.by_numbers([one, other])) == 1
    (found,) = replayed(replay, ann).replayed
    assert (found.considered, len(found.question.liked), len(found.shown[0].found)) == (7, 1, 1)
    assert set(found.shown[0].papers) <= set(found.keys)


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with store.engine.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))]  # noqa: S608
            for name in inspect(connection).get_table_names()
        }
