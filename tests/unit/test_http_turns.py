"""Turns: one request to a host at a time, apart from each other, for all who share a book."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from digest.config import load
from digest.errors import StoreBusyError
from digest.intake.failing import BusyError, RefusedError
from digest.intake.turns import (
    LEASE,
    Answer,
    Book,
    Budget,
    LocalBook,
    Patience,
    Place,
    Slot,
    Turn,
    budget_of,
    place,
    turn,
)
from digest.store import Store
from digest.store.hosts import Hosts
from digest.wiring import build
from tests.conftest import NOW

ARXIV = Budget("arxiv.org", 3.0)
OTHER = Budget("example.org", 1.0)


@dataclass
class Time:
    """A clock that goes on when one sleeps."""

    passed: float = 1_000.0
    naps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """Seconds that only go forward."""
        return self.passed

    def now(self) -> datetime:
        """The time of day."""
        return NOW + timedelta(seconds=self.passed)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.naps.append(round(seconds, 6))
        self.passed += seconds

    def patience(self, seconds: float = 90.0) -> Patience:
        """One who waits by this clock."""
        return Patience(self, self.passed + seconds, self.sleep, lambda: False, lambda: 0.5)


@pytest.fixture
def time() -> Time:
    """A clock that the test moves."""
    return Time()


@pytest.fixture(params=["memory", "sqlite"])
def book(request: pytest.FixtureRequest, time: Time) -> Book:
    """Both books that go by a clock of ours."""
    if request.param == "memory":
        return LocalBook(time)
    return Hosts(request.getfixturevalue("sqlite").engine, clock=time.now)


def seconds(found: Place) -> tuple[Answer, float]:
    """An answer, with seconds that can be compared."""
    return found.answer, round(found.wait, 3)


@pytest.mark.parametrize(
    ("host", "budget"),
    [
        ("export.arxiv.org", Budget("arxiv.org", 3.0)),
        ("OAIPMH.arXiv.org.", Budget("arxiv.org", 3.0)),
        ("arxiv.org", Budget("arxiv.org", 3.0)),
        ("notarxiv.org", Budget("notarxiv.org", 1.0)),
        ("arxiv.org.example.net", Budget("arxiv.org.example.net", 1.0)),
        ("api.biorxiv.org", Budget("biorxiv.org", 1.0)),
        ("connect.medrxiv.org", Budget("medrxiv.org", 1.0)),
        ("[::1]", Budget("::1", 1.0)),
    ],
)
def test_hosts_of_one_service_share_a_budget(host: str, budget: Budget) -> None:
    """ArXiv's take three seconds, whatever is set for others."""
    assert budget_of(host, 1.0) == budget
    assert budget_of("rss.arxiv.org", 0.0).spacing == 3.0
    assert budget_of("rss.arxiv.org", 10.0).spacing == 10.0


def test_one_at_a_time(book: Book, time: Time) -> None:
    """Until the turn is given back; other hosts are another matter."""
    assert seconds(book.take(ARXIV, "a", 30)) == (Answer.TAKEN, 0.0)
    assert seconds(book.take(ARXIV, "b", 30)) == (Answer.OTHERS, LEASE)
    assert seconds(book.take(OTHER, "b", 30)) == (Answer.TAKEN, 0.0)
    time.passed += 10
    book.give(ARXIV, "a", 0.0)
    assert seconds(book.take(ARXIV, "b", 30)) == (Answer.TAKEN, 0.0)


def test_apart_from_each_other(book: Book, time: Time) -> None:
    """Who comes early gets the turn for when it begins; nobody else comes between."""
    book.take(ARXIV, "a", 30)
    book.give(ARXIV, "a", 2.5)
    time.passed += 1
    assert seconds(book.take(ARXIV, "b", 1)) == (Answer.DISTANCE, 1.5)
    assert seconds(book.take(ARXIV, "c", 30)) == (Answer.TAKEN, 1.5)
    assert seconds(book.take(ARXIV, "d", 30)) == (Answer.OTHERS, LEASE + 1.5)


def test_a_turn_ends_with_its_lease(book: Book, time: Time) -> None:
    """Who died keeps nobody waiting for ever; who comes back late has lost it, and is told."""
    book.take(ARXIV, "dead", 30)
    time.passed += LEASE - 1
    assert book.renew(ARXIV, "dead")
    time.passed += LEASE - 1
    assert seconds(book.take(ARXIV, "b", 30)) == (Answer.OTHERS, 1.0)
    time.passed += 2
    assert seconds(book.take(ARXIV, "b", 30)) == (Answer.TAKEN, 0.0)
    assert not book.renew(ARXIV, "dead")
    book.give(ARXIV, "dead", 0.0)
    assert book.take(ARXIV, "c", 30).answer is Answer.OTHERS


def test_a_host_that_wants_to_be_left_alone(book: Book, time: Time) -> None:
    """Short wishes are waited for, long ones are told; a shorter one later takes none back."""
    book.hold(OTHER, 600)
    book.hold(OTHER, 5)
    assert seconds(book.take(OTHER, "a", 30)) == (Answer.HELD, 600.0)
    assert seconds(book.take(ARXIV, "a", 30)) == (Answer.TAKEN, 0.0)
    time.passed += 580
    assert seconds(book.take(OTHER, "a", 30)) == (Answer.TAKEN, 20.0)
    book.hold(ARXIV, 10**9)
    assert seconds(book.take(ARXIV, "b", 30)) == (Answer.HELD, 86_400.0)


def test_a_clock_that_was_put_back_stops_nobody(sqlite: Store, time: Time) -> None:
    """What lies further ahead than it can be set counts for nothing."""
    book = Hosts(sqlite.engine, clock=time.now)
    book.take(ARXIV, "a", 30)
    book.hold(ARXIV, 3_600)
    time.passed -= 30 * 86_400
    assert seconds(book.take(ARXIV, "b", 30)) == (Answer.TAKEN, 0.0)
    book.hold(ARXIV, 60)
    assert seconds(book.take(ARXIV, "c", 30)) == (Answer.HELD, 60.0)


@pytest.mark.parametrize(
    ("slot", "found"),
    [
        (Slot(), Place(Answer.TAKEN, 0.0)),
        (Slot(free=-5, lease=-5, held=-5), Place(Answer.TAKEN, 0.0)),
        (Slot(free=2, held=3), Place(Answer.TAKEN, 3)),
        (Slot(free=3, held=2), Place(Answer.TAKEN, 3)),
        (Slot(lease=9, held=40), Place(Answer.HELD, 40)),
        (Slot(lease=9, held=9), Place(Answer.OTHERS, 9)),
    ],
)
def test_what_counts_first(slot: Slot, found: Place) -> None:
    """A host's own wish, then whose turn it is, then the distance."""
    assert place(slot, 30, 3.0) == found


def test_waiting_for_a_turn(book: Book, time: Time) -> None:
    """The distance counts from when the host had our request for sure."""
    with turn(book, ARXIV, time.patience()) as first:
        time.passed += 0.4
        first.answered()
        time.passed += 1.0
    with turn(book, ARXIV, time.patience()):
        assert sum(time.naps) == pytest.approx(2.0)
        time.passed += 5.0
    with turn(book, ARXIV, time.patience()):
        assert sum(time.naps) == pytest.approx(2.0 + 3.0), "without an answer, from the end"


def test_who_waits_goes_before_who_comes_again(book: Book, time: Time) -> None:
    """Who has just asked knows first when the next turn is, and leaves it to who looks for one."""
    with turn(book, ARXIV, time.patience()):
        pass
    found: list[Place] = []

    def sleep(seconds: float) -> None:
        if not found:
            found.append(book.take(ARXIV, "another", 30))
            book.give(ARXIV, "another", 4.0)
        time.sleep(seconds)

    with turn(book, ARXIV, replace(time.patience(), sleep=sleep)):
        assert [seconds(one) for one in found] == [(Answer.TAKEN, 3.0)]
        assert sum(time.naps) == pytest.approx(4.0)


def test_waiting_while_others_ask(book: Book, time: Time) -> None:
    """In short looks, until time is over; then with when to ask again."""
    book.take(OTHER, "somebody", 30)
    with pytest.raises(BusyError, match="others of this house") as caught, _having(book, time, 5):
        pass
    assert sum(time.naps) == pytest.approx(5.0)
    assert max(time.naps) <= 0.2
    assert caught.value.wait == pytest.approx(LEASE - 5.0)
    with _having(book, time, 90):
        assert sum(time.naps) == pytest.approx(LEASE), "the lease of one that died"


def _having(book: Book, time: Time, left: float) -> AbstractContextManager[Turn]:
    return turn(book, OTHER, time.patience(left))


@pytest.mark.parametrize(
    ("before", "said", "wait"),
    [
        (lambda book: book.hold(OTHER, 600), "asked us to wait", 600.0),
        (lambda book: book.hold(OTHER, 8), "asked us to wait", 8.0),
        (lambda book: (book.take(OTHER, "a", 0), book.give(OTHER, "a", 8)), "a moment ago", 8.0),
    ],
)
def test_waits_that_outlast_the_time_left(
    book: Book, time: Time, before: Callable[[Book], object], said: str, wait: float
) -> None:
    """Told at once, with the seconds; nobody sleeps for them."""
    before(book)
    with pytest.raises(BusyError, match=said) as caught, _having(book, time, 5):
        pass
    assert caught.value.wait == pytest.approx(wait)
    assert time.naps == []


def test_stopping_ends_the_wait_and_gives_the_turn_back(book: Book, time: Time) -> None:
    """The next one gets it, when it would have begun."""
    book.take(OTHER, "a", 30)
    book.give(OTHER, "a", 20.0)
    stops = iter((False, True))
    patience = Patience(time, time() + 90, lambda _: None, lambda: next(stops), lambda: 0.5)
    with pytest.raises(RefusedError, match="stopped"), turn(book, OTHER, patience):
        pass
    assert seconds(book.take(OTHER, "b", 30)) == (Answer.TAKEN, 20.0)


def test_a_long_answer_keeps_its_turn(book: Book, time: Time) -> None:
    """Renewed by the way; one that is lost ends the asking."""
    with turn(book, OTHER, time.patience(900)) as ours:
        for _ in range(10):
            time.passed += LEASE / 2
            ours.keep()
        assert book.take(OTHER, "b", 30).answer is Answer.OTHERS
        time.passed += LEASE * 2
        assert book.take(OTHER, "b", 30).answer is Answer.TAKEN
        with pytest.raises(RefusedError, match="stood still for too long"):
            ours.keep()
    assert book.take(OTHER, "c", 30).answer is Answer.OTHERS, "the other's turn is not given back"


def test_turns_of_both_databases(store: Store) -> None:
    """By the clock of the server, or of the machine: taken, held, given back, renewed."""
    book = store.hosts
    assert book.take(ARXIV, "a", 30).answer is Answer.TAKEN
    found = book.take(ARXIV, "b", 30)
    assert found.answer is Answer.OTHERS
    assert LEASE - 5 < found.wait <= LEASE
    assert book.renew(ARXIV, "a")
    assert not book.renew(ARXIV, "b")
    book.give(ARXIV, "b", 0.0)
    assert book.take(ARXIV, "b", 30).answer is Answer.OTHERS
    book.give(ARXIV, "a", 3.0)
    early = book.take(ARXIV, "b", 30)
    assert early.answer is Answer.TAKEN
    assert 2 < early.wait <= 3
    book.hold(ARXIV, 600)
    held = book.take(ARXIV, "c", 30)
    assert held.answer is Answer.HELD
    assert 590 < held.wait <= 600


def test_what_a_host_wished_outlives_the_process(sqlite: Store) -> None:
    """Another house on the same database, made anew, leaves it alone as well."""
    sqlite.hosts.hold(ARXIV, 3_600)
    anew = Hosts(sqlite.engine)
    assert anew.take(ARXIV, "a", 30).answer is Answer.HELD


def test_hosts_that_nobody_asks_are_forgotten(sqlite: Store) -> None:
    """A month later, when a new one comes; not those that want to be left alone, or are asked."""
    long_ago = Hosts(sqlite.engine, clock=lambda: NOW - timedelta(days=40))
    for name in ("gone.example.org", "held.example.org"):
        budget = Budget(name, 1.0)
        long_ago.take(budget, "a", 30)
        long_ago.give(budget, "a", 1.0)
    Hosts(sqlite.engine, clock=lambda: NOW).hold(Budget("held.example.org", 1.0), 60)
    Hosts(sqlite.engine, clock=lambda: NOW).take(OTHER, "a", 30)
    with sqlite.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT host FROM hosts ORDER BY host").scalars().all()
    assert rows == ["example.org", "held.example.org"]


def test_a_database_that_is_busy_at_the_end_costs_no_answer(
    time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does one that is busy by the way: the turn ends with its lease."""

    class Locked(LocalBook):
        def give(self, budget: Budget, holder: str, rest: float) -> None:
            raise StoreBusyError("the database is locked")

        def renew(self, budget: Budget, holder: str) -> bool:
            raise StoreBusyError("the database is locked")

    with turn(Locked(time), OTHER, time.patience()) as ours:
        ours.answered()
        time.passed += LEASE
        ours.keep()
    assert caplog.text.count("the database is locked") == 2


def test_a_database_that_is_busy_at_the_beginning_asks_nothing(time: Time) -> None:
    """Without a turn no host is asked: the run ends with the database's own error."""

    class Locked(LocalBook):
        def take(self, budget: Budget, holder: str, most: float) -> Place:
            raise StoreBusyError("the database is locked")

    with pytest.raises(StoreBusyError), turn(Locked(time), OTHER, time.patience()):
        raise AssertionError("asked all the same")


def test_times_are_kept_in_utc(sqlite: Store) -> None:
    """Whatever zone the clock is in."""
    there = Hosts(sqlite.engine, clock=lambda: datetime.now(UTC).astimezone())
    there.take(OTHER, "a", 30)
    assert sqlite.hosts.take(OTHER, "b", 30).answer is Answer.OTHERS


def test_a_house_shares_its_turns_by_its_database() -> None:
    """All sources and libraries of all processes; feeds may lead to the hosts that are named."""
    house = build(load(None, {"DIGEST_DATABASE": "sqlite://", "DIGEST_PRIVATE_HOSTS": "wiki.lan"}))
    assert house.session.book is house.store.hosts
    assert house.session.private_hosts == {"wiki.lan"}
    house.close()
