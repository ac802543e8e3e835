"""Faults 1, 2, 4, 5, 6, 8 and 13: processes that die, stop, and meet, on both databases."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from digest.collect import collect
from digest.progress import Quiet
from digest.sources import Batch, Request
from digest.store import Store
from digest.store.deliveries import CLAIM_LEASE
from digest.store.steps import DOUBT_LEASE
from tests.children import (
    KILLED,
    Letterbox,
    address_of,
    at,
    begin,
    die_at_statement,
    end,
    ended,
    lines,
    nothing,
    opened,
    send,
    stopped,
)
from tests.conftest import DAY, NOW
from tests.deliveries import queue
from tests.papers import paper, seen

LATER = NOW + DOUBT_LEASE + timedelta(minutes=1)
MAILS = 3


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """Where the Message-IDs of taken mails are noted."""
    return tmp_path / "taken"


def post_in_child(store: Store, box: Letterbox, **options: object) -> int:
    """A process that sends all there is."""

    def work() -> None:
        with opened(address_of(store)) as own:
            send(own, box, **options)  # type: ignore[arg-type]

    return begin(work)


@dataclass(frozen=True)
class Row:
    """A moment to die at, what is found then, and how many of three mails end uncertain.

    `missed` of those were never taken.
    """

    step: str
    time: int
    found: dict[str, int]
    uncertain: int = 0
    missed: int = 0


DOUBTED = {"in_doubt": 1, "claimed": 2}
ROWS = (
    Row("claim", 1, {"queued": 3}),
    Row("claimed", 1, {"claimed": 3}),
    Row("offer", 1, {"claimed": 3}),
    Row("offered", 1, {"claimed": 3}),
    Row("record", 1, {"claimed": 3}),
    Row("recorded", 1, DOUBTED, uncertain=1, missed=1),
    Row("last word", 1, DOUBTED, uncertain=1, missed=1),
    Row("taken", 1, DOUBTED, uncertain=1),
    Row("offered", 2, DOUBTED, uncertain=1),
    Row("record", 2, DOUBTED, uncertain=1),
    Row("recorded", 2, {"sent": 1, "in_doubt": 1, "claimed": 1}, uncertain=1, missed=1),
    Row("taken", 3, {"sent": 2, "in_doubt": 1}, uncertain=1),
    Row("record", 4, {"sent": 2, "in_doubt": 1}, uncertain=1),
    Row("recorded", 4, {"sent": 3}),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.step} {row.time}")
def test_fault_01_killed_at_each_row_of_the_table(store: Store, taken: Path, row: Row) -> None:
    """A clean run accounts for everything: sent once, or uncertain and not sent again."""
    queue(store, MAILS)
    assert end(post_in_child(store, Letterbox(taken, at(row.step, row.time)))) == KILLED
    assert store.deliveries.counts() == row.found

    send(store, Letterbox(taken), clock=lambda: NOW + CLAIM_LEASE / 2)
    if row.found != {"queued": 3}:
        assert store.deliveries.counts() == row.found  # nobody touches what may still be alive
    report = send(store, Letterbox(taken), clock=lambda: LATER)
    assert report.uncertain == row.uncertain
    expected = {"sent": MAILS - row.uncertain, "uncertain": row.uncertain}
    assert store.deliveries.counts() == {state: n for state, n in expected.items() if n}
    assert len(lines(taken)) == len(set(lines(taken))) == MAILS - row.missed


def test_fault_01_killed_while_queueing(store: Store) -> None:
    """An edition and its mail are there together or not at all; the next run makes the rest."""
    store.papers.add([seen(paper("One"))], "file", DAY)
    found = Counter[tuple[int, int]]()
    for number in range(1, 60):

        def work(number: int = number) -> None:
            with opened(address_of(store)) as own:
                die_at_statement(own.engine, number)
                queue(own, MAILS)

        died = end(begin(work))
        with store.engine.connect() as connection:
            found[
                connection.execute(text("SELECT count(*) FROM editions")).scalar() or 0,
                connection.execute(text("SELECT count(*) FROM deliveries")).scalar() or 0,
            ] += 1
        if died != KILLED:
            break
    assert died == 0
    assert set(found) == {(0, 0), (MAILS, MAILS)}
    assert found[0, 0] > 5


PAPERS = tuple(seen(paper(f"Paper {n}", key=f"arxiv:2603.{n:05}"), upvotes=n) for n in range(40))


class TwoBatches:
    """A source of two batches; the hook is called before each, and at the end."""

    name = "file"
    pace = timedelta()

    def __init__(self, hook: object = nothing) -> None:
        self._hook = hook if callable(hook) else nothing

    def fetch(self, request: Request) -> Iterator[Batch]:
        """Both halves."""
        for half in (PAPERS[:20], PAPERS[20:]):
            self._hook("fetch")
            yield Batch(half, len(half), len(PAPERS))
        self._hook("fetch")


def gather(store: Store, hook: object = nothing) -> None:
    """Collect what the source has."""
    request = Request(DAY, NOW, at_once=True)
    collect(store, [TwoBatches(hook)], request, progress=Quiet(), stopping=lambda: False)


@pytest.mark.parametrize(("number", "kept"), [(1, 0), (2, 20), (3, 40)])
def test_fault_02_killed_during_a_fetch(store: Store, number: int, kept: int) -> None:
    """Batches that came before are whole, no visit is recorded, and the next one reads it all."""

    def work() -> None:
        with opened(address_of(store)) as own:
            gather(own, at("fetch", number))

    assert end(begin(work)) == KILLED
    assert len(store.papers.candidates(DAY, 1)) == kept
    assert store.visits.last("file", DAY) is None
    gather(store)
    assert len(store.papers.candidates(DAY, 1)) == len(PAPERS)


def test_fault_02_killed_at_each_statement_of_collecting(store: Store) -> None:
    """Whole batches or nothing, and a visit only where all of them are."""
    died, found, number = KILLED, set(), 0
    while died == KILLED:
        number += 1
        assert number < 200

        def work(number: int = number) -> None:
            with opened(address_of(store)) as own:
                die_at_statement(own.engine, number)
                gather(own)

        died = end(begin(work))
        kept = len(store.papers.candidates(DAY, 1))
        visit = store.visits.last("file", DAY)
        assert visit is None or kept == len(PAPERS)
        found.add(kept)
        with store.engine.begin() as connection:
            for table in ("announcements", "signals", "paper_keys", "papers", "visits"):
                connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
    assert died == 0
    assert found == {0, 20, 40}
    assert number > 10


def test_fault_05_stopped_beyond_the_lease_while_claimed(store: Store, taken: Path) -> None:
    """Another takes over; the one that wakes up is fenced, and says no last word."""
    queue(store, MAILS)
    clock = [NOW]
    box = Letterbox(taken, at("offered", 1, _stop))
    sleeper = post_in_child(store, box, clock=lambda: clock[0])
    with ended(sleeper):
        stopped(sleeper)
        report = send(store, Letterbox(taken), clock=lambda: LATER)
        assert report.sent == MAILS
        os.kill(sleeper, signal.SIGCONT)
        assert end(sleeper) == 0
    assert store.deliveries.counts() == {"sent": MAILS}
    assert len(lines(taken)) == MAILS


def test_fault_05_stopped_beyond_the_lease_while_in_doubt(store: Store, taken: Path) -> None:
    """It became uncertain and nobody sent it; the late answer of the one that wakes up counts."""
    queue(store, MAILS)
    sleeper = post_in_child(store, Letterbox(taken, at("last word", 1, _stop)))
    with ended(sleeper):
        stopped(sleeper)
        report = send(store, Letterbox(taken), clock=lambda: LATER)
        assert (report.sent, report.uncertain) == (MAILS - 1, 1)
        os.kill(sleeper, signal.SIGCONT)
        assert end(sleeper) == 0
    assert store.deliveries.counts() == {"sent": MAILS}
    assert len(lines(taken)) == len(set(lines(taken))) == MAILS


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def test_fault_06_two_workers_share_the_queue(store: Store, tmp_path: Path) -> None:
    """No mail twice, none lost, and each has at least a fifth of the work."""
    queue(store, 200)
    boxes = [tmp_path / f"taken{n}" for n in range(2)]
    workers = [post_in_child(store, Letterbox(box, pause=0.002)) for box in boxes]
    with ended(*workers):
        assert [end(worker) for worker in workers] == [0, 0]
    shares = [len(lines(box)) for box in boxes]
    assert sum(shares) == len({line for box in boxes for line in lines(box)}) == 200
    assert min(shares) >= 40, shares
    assert store.deliveries.counts() == {"sent": 200}
