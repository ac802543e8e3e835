"""Counting again: past days of a source are asked for, about once a day, as long as they move."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from digest.collect import collect, days_that_move
from digest.intake.http import PoliteSession
from digest.model import UPVOTES, Announcement, Sighting, Signal
from digest.progress import Quiet
from digest.sources import Batch, Counting, Request
from digest.sources.file import Files
from digest.sources.services.arxiv import Arxiv
from digest.sources.services.huggingface import HuggingFace
from digest.store import Store
from digest.visiting import SourceReport
from tests.conftest import DATA, DAY, NOW, Replay
from tests.papers import paper

A_DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PAGE = (DATA / "huggingface_2026-03-17.json").read_text(encoding="utf-8")


@pytest.fixture
def hub(replay: Replay) -> HuggingFace:
    """The Daily Papers on loopback; days that no test names are empty."""
    replay.answer("/daily", b"[]")
    session = PoliteSession(None, spacing=0, sleep=lambda _: None)
    return HuggingFace(session, f"{replay.address}/daily")


def page(replay: Replay, day: date, more: int = 0, status: int = 200, **headers: str) -> None:
    """Let a day have the recorded papers, each with so many upvotes more; others on other days."""
    entries = json.loads(PAGE)
    for entry in entries:
        told = entry["paper"]
        told["upvotes"] += more
        if day != DAY:
            told["id"], told["title"] = f"{day:%y%m}.1{told['id'][-4:]}", f"{day} {told['title']}"
    replay.answer(path_of(day), json.dumps(entries).encode(), status, **headers)


def path_of(day: date) -> str:
    """How a day is asked for."""
    return f"/daily?date={day}&limit=100&p=0"


def visit(store: Store, source: HuggingFace, after: timedelta = timedelta()) -> SourceReport:
    """The run that takes place so long after the first moment."""
    now = NOW + after
    request = Request(now.date(), now)
    (report,) = collect(store, [source], request, progress=Quiet(), stopping=lambda: False)
    return report


def asked(replay: Replay) -> list[str]:
    """The days that were asked for since the last look."""
    days = [path.partition("date=")[2][:10] for path in replay.asked]
    replay.asked.clear()
    return days


def upvotes(store: Store) -> list[int]:
    """The counts over time of the paper with the most."""
    stored = max(store.papers.candidates(DAY, 1), key=lambda one: one.upvotes or 0)
    return [count.value for count in store.counts.curves([stored.number], UPVOTES)[stored.number]]


def test_a_past_day_is_counted_again(sqlite: Store, replay: Replay, hub: HuggingFace) -> None:
    """Its counts go on; what the visit announced and read, and the papers' dates, stay."""
    page(replay, DAY)
    assert visit(sqlite, hub).read == 7
    assert asked(replay) == [str(DAY), str(DAY - A_DAY)]
    visit(sqlite, hub, A_DAY)  # the day is over, and read to its end
    asked(replay)
    page(replay, DAY, more=11)
    report = visit(sqlite, hub, 3 * A_DAY)
    # The list of the day before was empty: that is not believed at once.
    assert asked(replay) == [str(DAY + days * A_DAY) for days in (3, 2, 1, -1, 0)]
    assert upvotes(sqlite) == [150, 150, 161]
    assert (report.read, report.announced, report.added, report.troubles) == (0, 0, 0, ())
    (coverage,) = sqlite.visits.of_date(DAY + 3 * A_DAY)
    assert (coverage.read, coverage.announced, coverage.problem) == (0, 0, None)
    assert sqlite.papers.candidates(DAY + 3 * A_DAY, 3) == []
    assert {one.announced for one in sqlite.papers.candidates(DAY, 1)} == {DAY}


def test_about_once_a_day(sqlite: Store, replay: Replay, hub: HuggingFace) -> None:
    """Visits come each hour, a past day has its turn after twenty."""
    page(replay, DAY)
    visit(sqlite, hub)
    times = []
    for hour in range(48, 96):
        asked(replay)
        visit(sqlite, hub, hour * HOUR)
        if str(DAY) in asked(replay)[2:]:
            times.append(hour)
    assert times == [48, 68, 88]


def test_what_rests_is_left_alone(sqlite: Store, replay: Replay, hub: HuggingFace) -> None:
    """After a week nobody asks any more."""
    page(replay, DAY)
    visit(sqlite, hub)
    for days in (7, 8, 30):
        asked(replay)
        visit(sqlite, hub, days * A_DAY)
        assert (str(DAY) in asked(replay)) == (days == 7)


def test_one_paper_does_not_speak_for_its_day(sqlite: Store) -> None:
    """It may have left the list, or stand on the list of a later day too."""
    for place in range(5):
        counts = (Signal(UPVOTES, 50, NOW + 3 * A_DAY if place == 0 else NOW),)
        one = Sighting(paper(f"Owls {place}"), Announcement.FEATURED, DAY, counts)
        sqlite.papers.add([one], "hub", DAY)
    assert days_that_move(sqlite, "hub", Request(DAY + 3 * A_DAY, NOW + 3 * A_DAY)) == [DAY]


@pytest.mark.parametrize(("count", "worth"), [(3, False), (400, True)])
def test_a_day_has_to_be_worth_a_request(sqlite: Store, count: int, worth: bool) -> None:  # noqa: FBT001 - what the table says
    """One paper with three upvotes will hardly gain any in its fifth day."""
    one = Sighting(paper("Owls"), Announcement.FEATURED, DAY, (Signal(UPVOTES, count, NOW),))
    sqlite.papers.add([one], "hub", DAY)
    request = Request(DAY + 5 * A_DAY, NOW + 5 * A_DAY)
    assert days_that_move(sqlite, "hub", request) == ([DAY] if worth else [])
    assert days_that_move(sqlite, "another", request) == []


def test_the_latest_days_come_first(sqlite: Store) -> None:
    """They move most; the day itself and the one before are asked for anyway."""
    for back in range(9):
        day = DAY - back * A_DAY
        counts = (Signal(UPVOTES, 400, NOW - 5 * A_DAY),)
        one = Sighting(paper(f"Owls {back}"), Announcement.FEATURED, day, counts)
        sqlite.papers.add([one], "hub", DAY)
    days = days_that_move(sqlite, "hub", Request(DAY, NOW))
    assert days == [DAY - back * A_DAY for back in range(2, 8)]


def test_a_day_asked_for_by_hand_asks_for_nothing_old(sqlite: Store) -> None:
    """Months later the papers of that week rest."""
    one = Sighting(paper("Owls"), Announcement.FEATURED, DAY, (Signal(UPVOTES, 90, NOW),))
    sqlite.papers.add([one], "hub", DAY)
    assert days_that_move(sqlite, "hub", Request(DAY + 3 * A_DAY, NOW + 300 * A_DAY)) == []


def test_a_failure_is_a_trouble_and_no_more(
    sqlite: Store, replay: Replay, hub: HuggingFace, caplog: pytest.LogCaptureFixture
) -> None:
    """The source has not failed: its own day was read. The next visit tries again."""
    page(replay, DAY)
    visit(sqlite, hub)
    visit(sqlite, hub, A_DAY)
    page(replay, DAY, status=500)
    page(replay, DAY + 2 * A_DAY)
    report = visit(sqlite, hub, 2 * A_DAY)
    assert (report.read, report.problem, report.failed) == (7, None, False)
    (trouble,) = report.troubles
    assert trouble.startswith(f"the counts of {DAY}: answered 500")
    assert trouble in caplog.text
    last = sqlite.visits.last("huggingface", DAY + 2 * A_DAY)
    assert last
    assert last.complete
    page(replay, DAY, more=3)
    assert visit(sqlite, hub, 2 * A_DAY + HOUR).troubles == ()
    assert upvotes(sqlite)[-1] == 153


def test_patience_that_is_asked_for_then_is_given(
    sqlite: Store, replay: Replay, hub: HuggingFace
) -> None:
    """No other past day is asked for, and the source rests as long as it said."""
    for day in (DAY, DAY + A_DAY):
        page(replay, day)
    for days in range(3):
        visit(sqlite, hub, days * A_DAY)
    page(replay, DAY + A_DAY, status=429, Retry_After="80000")
    asked(replay)
    report = visit(sqlite, hub, 3 * A_DAY)
    assert asked(replay)[2:] == [str(DAY - A_DAY), str(DAY + A_DAY)]
    assert report.problem is None
    patience = sqlite.visits.patience("huggingface")
    assert patience is not None
    assert patience > NOW


@dataclass(slots=True)
class Broken:
    """A source whose past days cannot be counted because of an error in its program."""

    failing: bool = True
    again: list[date] = field(default_factory=list)
    name: str = "broken"
    pace: timedelta = timedelta(minutes=10)

    def fetch(self, request: Request) -> Iterator[Batch]:
        """One paper of the day."""
        counts = (Signal(UPVOTES, 100, request.now),)
        title = f"Owls of {request.date}"
        yield Batch((Sighting(paper(title), Announcement.FEATURED, request.date, counts),), 1, 1)

    def count_again(self, request: Request) -> Iterator[Batch]:
        """Note the day, and fail."""
        self.again.append(request.date)
        if self.failing:
            raise ZeroDivisionError
        yield Batch((), 0)


def test_an_error_of_ours_is_logged_and_ends_it(sqlite: Store) -> None:
    """What was read of the day itself stays, and no further day is tried."""
    source = Broken()
    for days in range(5):
        request = Request(DAY + days * A_DAY, NOW + days * A_DAY)
        (report,) = collect(sqlite, [source], request, progress=Quiet(), stopping=lambda: False)
    assert (report.read, report.failed) == (1, False)
    assert "the log has the details" in report.troubles[0]
    assert source.again == [DAY, DAY + A_DAY, DAY + 2 * A_DAY]


def test_who_stops_asks_for_nothing_more(sqlite: Store) -> None:
    """A run that is told to end does not go on to past days."""
    source = Broken()
    collect(sqlite, [source], Request(DAY, NOW), progress=Quiet(), stopping=lambda: False)
    said = iter([False])
    later = Request(DAY + 3 * A_DAY, NOW + 3 * A_DAY)
    collect(sqlite, [source], later, progress=Quiet(), stopping=lambda: next(said, True))
    assert source.again == []


def test_files_and_feeds_are_not_counted_again(hub: HuggingFace) -> None:
    """Only who has counts that move can be asked."""
    assert isinstance(hub, Counting)
    assert not isinstance(Files((DATA / "papers.jsonl",)), Counting)
    assert not isinstance(Arxiv(PoliteSession(None), "", "", "", ("cs.LG",)), Counting)
