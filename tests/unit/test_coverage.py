"""What was announced and read, for people: sums, what is missing since when, whether a day is whole."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from digest.catalogue import Catalogue
from digest.cli.show_coverage import coverage_as_json, show_coverage
from digest.coverage import SourceDay, by_day, calendars_of, days_of, states_of, sum_up
from digest.coverage.known import Known, known_of
from digest.coverage.words import details_of, standing_of, state_in_words
from digest.desk import Desks
from digest.letters.covered import coverage_of
from digest.model import (
    NOT_ASKED,
    Count,
    Coverage,
    Covered,
    Edition,
    Lack,
    Mood,
    Schedule,
    Standing,
    Told,
)
from digest.progress import Quiet as Silence
from digest.sources import Announcing, Batch, Request
from digest.store import Store
from digest.store.visits import Visit
from tests.conftest import DAY
from tests.papers import reader

A_DAY = timedelta(days=1)
NOON = datetime.combine(DAY, time(12), UTC)  # a Tuesday
COMPLETE, QUIET, PARTIAL = Standing.COMPLETE, Standing.QUIET, Standing.PARTIAL
STALE, BROKEN, OPEN = Standing.STALE, Standing.BROKEN, Standing.OPEN


@dataclass(frozen=True)
class Weekdays:
    """A source that announces on weekdays at five; the 16th was a holiday once asked for."""

    holidays: tuple[date, ...] = ()
    name: str = "arxiv"
    pace: timedelta = timedelta()

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Nothing."""
        yield from ()

    def expected(self, now: datetime) -> date:
        """The newest weekday whose five o'clock is past."""
        day = (now - timedelta(hours=5)).date()
        while self.quiet(day):
            day -= A_DAY
        return day

    def quiet(self, day: date) -> str | None:
        """Weekends, and what was named."""
        if day.weekday() > 4:
            return "weekend"
        return "holiday" if day in self.holidays else None


CALENDARS = {"arxiv": Weekdays()}


def row(
    standing: Standing = COMPLETE,
    announced: int | None = 100,
    read: int | None = None,
    *,
    day: date = DAY,
    part: str = "",
    source: str = "arxiv",
    said: str | None = None,
    after: timedelta = timedelta(hours=6),
) -> Covered:
    """A count as it is kept, asked for some hours into its date."""
    got = announced or 0 if read is None else read
    asked = datetime.combine(day, time(), UTC) + after
    count = Count(part, day, standing, announced, got, "feed", said)
    return Covered(source, count, asked, asked if standing.settled else None)


def lacking(standing: Standing, day: date = DAY, part: str = "", said: str = "x") -> Covered:
    """A part that was not read."""
    return row(standing, None, day=day, part=part, said=said)


@pytest.mark.parametrize(
    ("rows", "standing", "announced", "read"),
    [
        ([row(part="a"), row(part="b", announced=50)], COMPLETE, 150, 150),
        ([row(part="a"), row(QUIET, 0, part="b")], COMPLETE, 100, 100),
        ([row(QUIET, 0, part="a", said="weekend")], QUIET, 0, 0),
        ([row(part="a"), lacking(BROKEN, part="b")], PARTIAL, 100, 100),
        ([row(QUIET, 0, part="a"), lacking(BROKEN, part="b")], PARTIAL, 0, 0),
        ([row(PARTIAL, 100, 90, part="a")], PARTIAL, 100, 90),
        ([lacking(BROKEN, part="a"), lacking(STALE, part="b")], STALE, None, 0),
        ([lacking(BROKEN, part="a"), lacking(BROKEN, part="b")], BROKEN, None, 0),
        ([lacking(PARTIAL, part="a"), lacking(BROKEN, part="b")], PARTIAL, None, 0),
    ],
)
def test_parts_are_summed_up(
    rows: list[Covered], standing: Standing, announced: int | None, read: int
) -> None:
    """Whatever was read makes it better than nothing; a part that lacks makes it worse than all."""
    day = sum_up(rows)
    assert (day.standing, day.announced, day.read) == (standing, announced, read)
    assert day.parts == len(rows)
    assert day.whole == standing.settled
    assert (day.settled is not None) == standing.settled


@pytest.mark.parametrize(
    ("after", "late"), [(6, False), (30, False), (47, False), (48, True), (100, True)]
)
def test_a_date_that_is_settled_more_than_a_day_after_it_is_late(
    after: int,
    late: bool,  # noqa: FBT001
) -> None:
    """The last of its parts decides."""
    rows = [row(part="a"), row(part="b", after=timedelta(hours=after))]
    assert sum_up(rows).late is late
    assert not sum_up([row(QUIET, 0, after=timedelta(hours=after))]).late


def test_rows_of_many_sources_fall_into_days() -> None:
    """In whatever order they come."""
    rows = [row(part="b"), row(source="x"), row(part="a"), row(day=DAY - A_DAY)]
    assert {key: day.parts for key, day in by_day(rows).items()} == {
        ("arxiv", DAY): 2,
        ("arxiv", DAY - A_DAY): 1,
        ("x", DAY): 1,
    }


def test_days_have_no_gaps_and_say_why_there_is_nothing() -> None:
    """A weekend by the calendar, a date that was not asked for, one that is not out yet."""
    rows = [row(day=date(2026, 3, 13)), row(day=date(2026, 3, 13), source="x")]
    found = days_of(rows, ("arxiv", "x", "new"), CALENDARS, NOON - timedelta(hours=9))
    assert [standing_of(day) for day in found["arxiv"]] == [
        *("complete", "quiet", "quiet", "not asked", "not out yet")
    ]
    assert [day.quiet for day in found["arxiv"]] == ["", "weekend", "weekend", "", ""]
    assert [standing_of(day) for day in found["x"]] == [
        *("complete", "not asked", "not asked", "not asked", "not out yet")
    ]
    assert found["new"] == []
    out = days_of(rows, ("arxiv",), CALENDARS, NOON)
    assert standing_of(out["arxiv"][-1]) == "not asked"


def known(
    *rows: Covered,
    day: date = DAY,
    now: datetime = NOON,
    visits: tuple[Visit, ...] = (),
    sources: tuple[str, ...] = ("arxiv",),
    holidays: tuple[date, ...] = (),
) -> Known:
    """What is known for the editions of a date."""
    by_source = {visit.source: visit for visit in visits}
    calendars: dict[str, Announcing] = {"arxiv": Weekdays(holidays)}
    ordered = tuple(sorted(rows, key=lambda one: one.date))
    return Known(day, ordered, by_source, by_source, sources, calendars, now)


def line(*rows: Covered, since: date = DAY, **fields: object) -> str:
    """The letter's line of what is known, without the papers that were weighed."""
    told = known(*rows, **fields)  # type: ignore[arg-type]
    edition = Edition(reader(), told.day, (), Mood.MATCHED, 7, told.coverage(since))
    return coverage_of(edition).removeprefix("7 recent papers weighed · ")


MONDAY, FRIDAY, SATURDAY = DAY - A_DAY, date(2026, 3, 13), date(2026, 3, 14)
CATEGORIES = ("cs.AI", "cs.CL", "cs.LG", "stat.ML")


def whole(day: date, *parts: str, each: int = 100) -> list[Covered]:
    """A date of which all parts were read."""
    return [row(day=day, part=part, announced=each) for part in parts or CATEGORIES]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(announced=446)], "arXiv: 446 announced, 446 read"),
        (whole(DAY), "arXiv: 400 announced in 4 categories, 400 read"),
        ([row(PARTIAL, 446, 431)], "arXiv: 431 of 446 read (incomplete)"),
        ([*whole(DAY, "cs.AI"), row(PARTIAL, 100, 85, part="cs.CL")],
         "arXiv: 185 of 200 read (cs.CL incomplete)"),
        ([*whole(MONDAY), *whole(DAY, "cs.AI", "cs.CL", "cs.LG"), lacking(BROKEN, part="stat.ML")],
         "arXiv: 300 announced in 4 categories, 300 read (stat.ML could not be read)"),
        ([*whole(FRIDAY), *(lacking(BROKEN, MONDAY, p) for p in CATEGORIES),
          *(lacking(BROKEN, DAY, p) for p in CATEGORIES)],
         "arXiv could not be read since Monday"),
        ([*whole(MONDAY), *(lacking(STALE, DAY, p) for p in CATEGORIES)],
         "arXiv still shows Monday’s list"),
        ([*(lacking(STALE, DAY, p) for p in CATEGORIES)], "arXiv still shows an earlier list"),
        ([*whole(FRIDAY), *whole(MONDAY, "cs.LG"), *whole(DAY, "cs.LG"),
          lacking(STALE, DAY, "cs.AI"), lacking(STALE, DAY, "cs.CL")],
         "arXiv: 100 announced in 3 categories, 100 read (cs.AI and cs.CL still show Friday’s list)"),
        ([*whole(MONDAY), *whole(DAY, "cs.LG"), *(lacking(BROKEN, DAY, p) for p in ("cs.AI", "cs.CL", "stat.ML"))],
         "arXiv: 100 announced in 4 categories, 100 read (3 of 4 categories could not be read)"),
        ([*whole(MONDAY), lacking(BROKEN, DAY, "cs.AI"), lacking(STALE, DAY, "cs.CL")],
         "arXiv: cs.AI could not be read; cs.CL still shows Monday’s list"),
        ([row(QUIET, 0, said="holiday")], "arXiv: nothing announced (holiday)"),
        ([row(announced=None, read=12)], "arXiv: 12 read"),
        ([row(announced=0)], "arXiv: nothing announced"),
        ([row(PARTIAL, 446, 0)], "arXiv: 0 of 446 read (incomplete)"),
        ([lacking(PARTIAL)], "arXiv: nothing announced yet"),
        ([row(PARTIAL, 5, part=part) for part in CATEGORIES],
         "arXiv: 20 announced in 4 categories, 20 read (incomplete)"),
        ([row(day=MONDAY)], "arXiv could not be read"),  # it was due at five, and nothing is known
    ],
)  # fmt: skip
def test_the_letter_says_what_was_announced_and_read(rows: list[Covered], said: str) -> None:
    """In words; problems name the part, and since when."""
    assert line(*rows) == said


def test_a_list_that_is_not_out_yet_is_told_by_the_one_before() -> None:
    """Right after midnight the newest list is yesterday's."""
    early = NOON - timedelta(hours=10)
    assert line(row(day=MONDAY), now=early) == "arXiv (Monday’s list): 100 announced, 100 read"
    assert line(lacking(BROKEN, MONDAY), now=early) == "arXiv could not be read since Monday"


def test_weekends_and_holidays_are_quiet_and_not_broken() -> None:
    """By the calendar, without a count; but not where the list before was not read."""
    noon = datetime.combine(SATURDAY, time(12), UTC)
    weekend = {"day": SATURDAY, "now": noon, "since": SATURDAY}
    assert line(row(day=FRIDAY), **weekend) == "arXiv: nothing announced (weekend)"
    broken = line(row(day=FRIDAY - A_DAY), lacking(BROKEN, FRIDAY), **weekend)
    assert broken == "arXiv could not be read since Friday"
    assert line(row(day=MONDAY), holidays=(DAY,)) == "arXiv: nothing announced (holiday)"


def test_after_a_weekend_off_the_letter_tells_of_all_days_since() -> None:
    """Who has no edition on weekends has them in Monday's; a week is summed up likewise."""
    rows = [row(day=FRIDAY), row(day=MONDAY, announced=50), row(announced=7)]
    assert line(*rows, since=SATURDAY) == "arXiv: 57 announced, 57 read"
    assert line(*rows, since=DAY - 6 * A_DAY) == "arXiv: 157 announced, 157 read"
    missed = [row(day=FRIDAY), row()]
    said = line(*missed, since=SATURDAY)
    assert said == "arXiv: 100 announced, 100 read (could not be read on Monday)"
    rows = [*whole(FRIDAY), *whole(MONDAY, "cs.AI"), lacking(PARTIAL, MONDAY, "cs.CL"), *whole(DAY)]
    assert "(cs.CL incomplete on Monday)" in line(*rows, since=SATURDAY)


def visit(source: str = "x", *, problem: str | None = None, read: int = 5) -> Visit:
    """A visit of the date."""
    return Visit(source, DAY, NOON, problem is None, read, 9, problem)


def test_a_source_without_counts_is_told_by_its_visit() -> None:
    """Files, and stores of before; one that was not asked says so."""
    assert line(sources=("x",), visits=(visit(),)) == "x: 5 of 9 read"
    bad = visit(problem="away")
    assert line(sources=("x",), visits=(bad,)) == "x: 5 of 9 read (incomplete)"
    gone = visit(problem="away", read=0)
    assert line(sources=("x",), visits=(gone,)) == "x could not be read"
    assert line(sources=("x",)) == "x was not asked"


def test_a_failed_visit_without_counts_is_told_since_when() -> None:
    """By the last date that was counted."""
    past = row(source="x", day=FRIDAY)
    assert line(past, sources=("x",), visits=(visit(problem="away"),)) == (
        "x could not be read since Saturday"
    )
    assert line(past, sources=("x",), visits=(visit(),)) == (
        "x (Friday’s list): 100 announced, 100 read"
    )


def test_many_sources_in_order_share_a_line() -> None:
    """What is not in order is named by itself; one is never longer for another."""
    names = ("arxiv", "biorxiv", "feeds", "huggingface", "medrxiv")
    rows = [row(source=name) for name in ("huggingface", "biorxiv", "feeds")]
    rows += [row(QUIET, 0, source="medrxiv"), lacking(BROKEN)]
    assert line(*rows, sources=names) == (
        "bioRxiv, your feeds and Hugging Face Daily Papers: 300 announced, 300 read · "
        "nothing announced: medRxiv · arXiv could not be read"
    )
    down = [lacking(BROKEN), *(row(BROKEN, None, source=name) for name in names[1:4])]
    assert line(*down, row(source="medrxiv"), sources=names) == (
        "medRxiv: 100 announced, 100 read · arXiv, bioRxiv, your feeds and Hugging Face Daily "
        "Papers could not be read"
    )
    early = [row(day=MONDAY), *(row(source=name) for name in names[1:])]
    assert line(*early, sources=names, now=NOON - timedelta(hours=10)) == (
        "bioRxiv, your feeds, Hugging Face Daily Papers and medRxiv: 400 announced, 400 read · "
        "arXiv (Monday’s list): 100 announced, 100 read"
    )


def test_feeds_are_called_by_their_titles() -> None:
    """The only one by its own; of several those that lack something."""
    one, two = row(source="feeds", part="a.example.org"), row(source="feeds", part="b.example.org")
    bad = lacking(BROKEN, part="b.example.org")
    bad = Covered("feeds", bad.count, bad.asked)
    titles = {("feeds", "a.example.org"): "Tidal <Letters>", ("feeds", "b.example.org"): "B" * 300}

    def said(*rows: Covered) -> str:
        told = replace(known(*rows, sources=("feeds",)), titles=titles)
        edition = Edition(reader(), DAY, (), Mood.MATCHED, 7, told.coverage(DAY))
        return coverage_of(edition).partition(" · ")[2]

    assert said(one) == "Tidal <Letters>: 100 announced, 100 read"
    assert said(one, two) == "your feeds: 200 announced in 2 feeds, 200 read"
    assert said(one, bad) == (
        f"your feeds: 100 announced in 2 feeds, 100 read ({'B' * 39}… could not be read)"
    )
    assert said(bad) == f"{'B' * 39}… could not be read"


def test_titles_are_found_among_the_notes(store: Store) -> None:
    """Whatever else a source notes."""
    notes = {"title a.example.org": "Tidal Letters", "memory a.example.org": "{}", "titleless": "x"}
    store.papers.add((), "feeds", DAY, Told(NOON, (), notes))
    assert store.coverage.titles() == {("feeds", "a.example.org"): "Tidal Letters"}


def test_a_date_longer_ago_than_a_week_is_named_by_its_day() -> None:
    """A weekday would be the wrong one."""
    coverage = Coverage(
        "arxiv", 0, None, "x", BROKEN, 1, (Lack("", BROKEN, date(2026, 3, 2), None),)
    )
    edition = Edition(reader(), DAY, (), Mood.MATCHED, 0, (coverage,))
    assert coverage_of(edition) == "0 recent papers weighed · arXiv could not be read since 2 March"


def test_a_line_takes_two_lines_of_a_letter() -> None:
    """With all sources at their worst, some more; with four in order, never."""
    names = ("arxiv", "biorxiv", "huggingface", "openalex")
    assert len(line(*(row(source=name, announced=1234) for name in names), sources=names)) < 144


@pytest.mark.parametrize(
    ("rows", "fields", "complete"),
    [
        ([row()], {}, True),
        ([row(day=MONDAY)], {}, False),
        ([row(day=MONDAY)], {"now": NOON - timedelta(hours=10)}, False),
        ([row(), lacking(STALE, part="b")], {}, False),
        ([*whole(MONDAY), *whole(DAY, "cs.AI")], {}, False),
        ([*whole(MONDAY), *whole(DAY)], {}, True),
        ([*whole(MONDAY, "old"), *whole(DAY, "cs.AI")], {}, False),
        ([row(day=FRIDAY)], {"day": SATURDAY, "now": NOON - 3 * A_DAY}, True),
        ([row(day=FRIDAY)], {"day": DAY, "holidays": (MONDAY, DAY)}, True),
        ([lacking(BROKEN, FRIDAY)], {"day": SATURDAY, "now": NOON - 3 * A_DAY}, False),
        ([row()], {"sources": ("arxiv", "x")}, False),
        ([row()], {"sources": ()}, False),
    ],
)
def test_a_day_is_whole_when_each_source_has_settled_what_must_be_out(
    rows: list[Covered],
    fields: dict[str, object],
    complete: bool,  # noqa: FBT001
) -> None:
    """Not right after midnight, not with a part missing or stale; on weekends Friday's list."""
    visits = (visit("arxiv"),)
    assert known(*rows, visits=visits, **fields).complete() is complete  # type: ignore[arg-type]


def test_without_a_calendar_the_days_visit_has_to_be_complete() -> None:
    """And what it counted settled."""
    x: dict[str, object] = {"sources": ("x",)}
    assert known(visits=(visit(),), **x).complete()  # type: ignore[arg-type]
    assert not known(visits=(visit(problem="away"),), **x).complete()  # type: ignore[arg-type]
    assert not known(**x).complete()  # type: ignore[arg-type]
    late = lacking(PARTIAL)
    partial = row(PARTIAL, None, 3, source="x")
    assert not known(partial, visits=(visit(),), **x).complete()  # type: ignore[arg-type]
    assert known(late, visits=(visit(),), **x).complete()  # type: ignore[arg-type]


def keep(store: Store, *rows: Covered) -> None:
    """Keep counts as a visit does."""
    for one in rows:
        store.papers.add((), one.source, one.date, Told(one.asked, (one.count,)))


def test_no_note_goes_out_before_the_days_list_is_out(sqlite: Store) -> None:
    """At one in the morning all that was asked is read, and today's papers are still to come."""
    keep(sqlite, row(day=MONDAY))
    sqlite.visits.save(Visit("arxiv", DAY, NOON, complete=True, read=0))
    desks = Desks(
        sqlite, Catalogue(sqlite, None, Silence()), 3, DAY, NOON - timedelta(hours=11), Silence(),
        ("arxiv",), CALENDARS,
    )  # fmt: skip
    assert not desks.of(DAY).complete
    keep(sqlite, row())
    again = Desks(
        sqlite, Catalogue(sqlite, None, Silence()), 3, DAY, NOON, Silence(), ("arxiv",), CALENDARS
    )
    assert again.of(DAY).complete


def test_editions_are_told_of_the_dates_since_the_one_before(sqlite: Store) -> None:
    """By the reader's schedule: a daily one of one date, a weekly one of seven."""
    keep(sqlite, row(day=MONDAY, announced=30), row())
    desk = Desks(
        sqlite,
        Catalogue(sqlite, None, Silence()),
        3,
        DAY,
        NOON,
        Silence(),
        ("arxiv",),
        {"arxiv": Weekdays()},
    ).of(DAY)
    (daily,) = desk.coverage(Schedule())
    (weekly,) = desk.coverage(Schedule(weekdays=frozenset((1,))))
    assert (daily.read, weekly.read) == (100, 130)
    assert desk.coverage(Schedule()) is desk.coverage(Schedule())


def test_what_came_after_an_edition_on_its_date_is_told_of_by_the_next(sqlite: Store) -> None:
    """A list that grows while its date lasts was half told of in the morning."""
    rows = row(day=MONDAY, announced=30, source="x"), row(OPEN, source="x", announced=5)
    (coverage,) = known(*rows, sources=("x",)).coverage(DAY)
    assert (coverage.announced, coverage.problem) == (35, None)


def test_a_date_that_was_not_over_when_it_was_read_lacks_papers_later(sqlite: Store) -> None:
    """Two days it has to be read again; then it is missing, and the letter says so."""
    before, monday = row(day=FRIDAY, source="x"), row(OPEN, day=MONDAY, source="x")
    keep(sqlite, before, monday)
    for days, missing in ((0, []), (2, []), (3, [MONDAY])):
        now = NOON.replace(day=MONDAY.day) + days * A_DAY
        (state,) = states_of(sqlite, ("x",), {}, now)
        assert [day.date for day in state.missing if day.standing is OPEN] == missing
        assert state.last is not None
        assert state.last.date == FRIDAY
        (coverage,) = known(before, monday, day=MONDAY, sources=("x",), now=now).coverage(MONDAY)
        assert bool(coverage.lacks) == bool(missing)


@pytest.mark.parametrize(
    ("weekdays", "before"),
    [(range(7), MONDAY), (range(5), MONDAY), ((1,), DAY - 7 * A_DAY), ((1, 4), FRIDAY)],
)
def test_a_schedule_knows_the_date_before(weekdays: list[int], before: date) -> None:
    """The last weekday that was asked for."""
    assert Schedule(weekdays=frozenset(weekdays)).before(DAY) == before


def test_calendars_are_those_of_sources_that_have_one() -> None:
    """The others are left out."""

    @dataclass(frozen=True)
    class Plain:
        name: str = "x"
        pace: timedelta = timedelta()

        def fetch(self, request: Request) -> Iterator[Batch]:
            yield from ()

    arxiv = Weekdays()
    assert calendars_of([Plain(), arxiv]) == {"arxiv": arxiv}


def test_it_is_known_how_it_stands_with_each_source(store: Store) -> None:
    """The last date that is whole, what is missing since, and a visit that fails."""
    keep(store, *whole(FRIDAY), lacking(BROKEN, MONDAY, "cs.AI", "503"), *whole(MONDAY, "cs.LG"))
    keep(store, row(day=MONDAY, source="x"))
    store.visits.save(Visit("x", MONDAY, NOON - A_DAY, complete=True, read=1))
    store.visits.save(Visit("x", DAY, NOON, complete=False, read=0, problem="no connection"))
    arxiv, x, new = states_of(store, ("arxiv", "x", "new"), CALENDARS, NOON)
    assert state_in_words(arxiv) == (
        "arXiv: last read in full: Friday 2026-03-13 (400 announced, 400 read); missing: "
        "Monday 2026-03-16 (cs.AI broken) and Tuesday 2026-03-17 (not asked)"
    )
    assert not arxiv.well
    assert state_in_words(x) == (
        "x: last read in full: Monday 2026-03-16 (100 announced, 100 read); "
        "no whole visit since Monday 2026-03-16: no connection"
    )
    assert (new.told, new.well) == (False, True)
    assert state_in_words(new) == "new: nothing was read in full yet"


def test_an_empty_list_is_missing_only_when_it_should_be_believed(store: Store) -> None:
    """A list that may still come says of no paper that it is missing; after days it does."""
    empty = Count("", DAY, Standing.PARTIAL, said="nothing yet: its list may still come")
    store.papers.add([], "x", DAY, Told(NOON, (empty,)))
    for days, missing in ((0, 0), (2, 0), (6, 1)):
        now = NOON + days * A_DAY
        told = [Count("", DAY + n * A_DAY, Standing.COMPLETE, 1, 1) for n in range(1, days + 1)]
        store.papers.add([], "x", DAY, Told(now, tuple(told)))
        (state,) = states_of(store, ("x",), {}, now)
        assert len(state.missing) == missing


def test_details_name_parts_and_what_they_said() -> None:
    """Parts that lack the same stand together, the first few by name."""
    rows = [lacking(BROKEN, part=part, said="answered 503") for part in CATEGORIES]
    rows += [row(PARTIAL, 80, 60, part="q-bio", said="page 3 was cut")]
    assert details_of(sum_up(rows)) == (
        "cs.AI, cs.CL and 2 more: answered 503; q-bio: 60 of 80 read: page 3 was cut"
    )
    assert details_of(sum_up([lacking(BROKEN, said="away")])) == "away"
    assert details_of(sum_up([row(QUIET, 0, said="holiday")])) == "holiday"
    assert details_of(SourceDay("x", DAY, None)) == ""


def test_hostile_words_of_a_source_stay_on_their_line() -> None:
    """Control characters and endless texts are cut."""
    day = sum_up([lacking(BROKEN, part="a\nb", said="\x1b[31m" + "x" * 5000)])
    assert "\n" not in details_of(day)
    assert "\x1b" not in details_of(day)
    assert len(details_of(day)) < 300
    assert len(line(lacking(BROKEN, part="p" * 5000), row(part="q"))) < 200


def test_a_source_that_was_never_asked_is_no_broken_one(sqlite: Store) -> None:
    """Nothing is known of it, and that is said."""
    told = known_of(sqlite, DAY, DAY, ("arxiv",), CALENDARS, NOON)
    assert told.coverage(DAY) == (Coverage("arxiv", 0, None, NOT_ASKED),)
    assert not told.complete()


COUNTS = st.builds(
    lambda back, part, source, standing, announced, read, said: row(
        standing, announced, read, day=DAY - back * A_DAY, part=part, source=source, said=said
    ),
    st.integers(0, 40),
    st.text(max_size=60),
    st.sampled_from(("arxiv", "feeds", "x")),
    st.sampled_from(list(Standing)),
    st.none() | st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.none() | st.text(max_size=400),
)


@given(
    st.lists(COUNTS, max_size=30, unique_by=lambda one: (one.source, one.count.part, one.date)),
    st.integers(0, 30),
    st.integers(-30, 60),
    st.integers(20, 200),
)
@settings(deadline=None)
def test_whatever_was_counted_can_be_told(
    rows: list[Covered], back: int, hours: int, width: int
) -> None:
    """In the letter, in tables and charts of any width: no crash, one line, and no endless one."""
    now = NOON + timedelta(hours=hours)
    told = known(*rows, now=now, sources=("arxiv", "feeds"))
    assert told.complete() in (True, False)
    coverage = told.coverage(DAY - back * A_DAY)
    said = coverage_of(Edition(reader(), DAY, (), Mood.MATCHED, 7, coverage))
    assert len(said) < 700
    assert said.isprintable()
    days = days_of(rows, ("arxiv", "feeds"), CALENDARS, now)
    for found in days.values():
        dates = [one.date for one in found]
        assert dates == sorted(set(dates))
        assert len(dates) == ((dates[-1] - dates[0]).days + 1 if dates else 0)
        assert all(coverage_as_json(one)["read"] >= 0 for one in found)
    console = Console(width=width, record=True, file=io.StringIO())
    show_coverage(console, days, DAY - 5 * A_DAY)
    assert max(cell_len(one) for one in console.export_text().splitlines() or [""]) <= width
