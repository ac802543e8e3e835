"""How fast mails leave with the whole protocol, beside bare smtplib with the same bytes.

Both sides use one connection with TLS, checked certificates and a login, to a server in a process
of its own on loopback that only counts. Bare smtplib has its mails in memory and remembers nothing;
ours reads each from the database, checks it, commits the doubt before the last word and the outcome
after it. Letters have 66 to 74 KB. Rounds alternate, and the median round counts.

    bin/bench post [--mails 400] [--rounds 9] [--many 100000] [--database both] [--check] [--record]

Memory is the peak of a process that does nothing but post: once 1,000 small mails, once 100,000.
Both databases wait for the disk at each commit. With --check the exit code is 0 only where ours has
at least 0.40 of the bare rate on SQLite and 0.50 on PostgreSQL, and needs at most 1.1 times the
memory for a hundred times the mails.
"""

import argparse
import random
import signal
import smtplib
import socket
import ssl
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from statistics import median

from lib.databases import (
    BOTH,
    CHOICES,
    NAMES,
    POSTGRESQL,
    SQLITE,
    Make,
    fresh_databases,
    versions_of,
)
from lib.filling import enqueue, letters, settle
from lib.measured import Run, run
from lib.report import Gate, Report, size, versions
from lib.sink import PASSWORD, USER, Sink, running_sink

from digest.delivery.smtp import Smtp, SmtpSettings
from digest.model import Message
from digest.post import post
from digest.post.pace import Pace
from digest.progress import Quiet
from digest.store import Store, open_store

LEAST = {SQLITE: 0.40, POSTGRESQL: 0.50}
SIZES = (66_000, 74_000)
FEW = 1000
SMALL = 2000
MOST_GROWTH = 1.1
BATCH = 1000
NO_LIMIT = 1_000_000
PACKAGES = ("sqlalchemy", "psycopg", "yagmail")
NOTES = """
A round sends the same mails bare, then over each database. Ratios are taken within a round; the
interval is the smallest and the largest of them. Bare smtplib sends with TCP_NODELAY, as ours
does; the server acknowledges at once, so that it is as fast without. Mails a connection are not
limited here, since bare smtplib does not limit them either (the product starts a new connection
every 100).
"""


@dataclass(frozen=True, slots=True)
class Round:
    """Mails a second: bare, and ours by database."""

    bare: float
    ours: Mapping[str, float]


def main() -> int:
    """Rates in turn, then memory; print the figures."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # servers are stopped on the way out
    report = Report(packages=PACKAGES)
    with running_sink() as sink, fresh_databases(arguments.database, durable=True) as makers:
        report.say(f"{versions(PACKAGES)}, {versions_of(makers)}, {size()}")
        stores = {database: open_store(make()) for database, make in makers.items()}
        _round(stores, sink, arguments.rounds + 1, arguments.mails)  # to warm up
        rounds = [
            _round(stores, sink, number, arguments.mails)
            for number in range(1, arguments.rounds + 1)
        ]
        for store in stores.values():
            store.close()
        gates = _say_rates(report, rounds, arguments.mails)
        gates += [
            _memory(report, database, make, sink, arguments.many)
            for database, make in makers.items()
        ]
    holds = report.close(gates)
    if arguments.record:
        report.record("post", "How fast mails leave", NOTES)
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mails", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--database", choices=CHOICES, default=BOTH)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


def _round(stores: Mapping[str, Store], sink: Sink, number: int, mails: int) -> Round:
    chance = random.Random(number)  # noqa: S311 - the same letters every time
    made = letters(number * mails, [chance.randint(*SIZES) for _ in range(mails)])
    bare = _timed(sink, mails, lambda: _send_bare(sink, made))
    ours = {}
    for database, store in stores.items():
        enqueue(store, made)
        settle(store)
        ours[database] = _timed(sink, mails, partial(_post, store, sink))
    return Round(bare, ours)


def _timed(sink: Sink, mails: int, send: Callable[[], None]) -> float:
    """Mails a second; all of them have to arrive, each once."""
    sink.reset()
    started = time.perf_counter()
    send()
    seconds = time.perf_counter() - started
    accepted = sink.ledger().accepted
    assert len(accepted) == accepted.total() == mails, "mails are missing"
    return mails / seconds


def _send_bare(sink: Sink, mails: Sequence[Message]) -> None:
    context = ssl.create_default_context(cafile=sink.authority)
    with smtplib.SMTP_SSL("127.0.0.1", sink.port, context=context) as smtp:
        assert smtp.sock is not None
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.login(USER, PASSWORD)
        for mail in mails:
            smtp.sendmail(mail.sender, [mail.recipient], mail.raw)


def _post(store: Store, sink: Sink) -> None:
    settings = SmtpSettings(
        "127.0.0.1", sink.port, "tls", USER, PASSWORD, sink.authority, per_connection=NO_LIMIT
    )
    post(
        store,
        [Smtp(settings)],
        clock=lambda: datetime.now(UTC),
        progress=Quiet(),
        stopping=lambda: False,
        pace=Pace(None, time.monotonic, time.sleep),
    )


def _say_rates(report: Report, rounds: Sequence[Round], mails: int) -> list[Gate]:
    bare = median(round_.bare for round_ in rounds)
    report.say(f"bare smtplib: {bare:.0f} mails a second ({len(rounds)} rounds of {mails} mails)")
    gates = []
    for database in rounds[0].ours:
        rate = median(round_.ours[database] for round_ in rounds)
        ratios = [round_.ours[database] / round_.bare for round_ in rounds]
        ratio, least = median(ratios), LEAST[database]
        words = f"{NAMES[database]} {ratio:.2f} of bare ({min(ratios):.2f} to {max(ratios):.2f})"
        report.say(f"ours on {NAMES[database]}: {rate:.0f} mails a second, {words}")
        gates.append(Gate(f"{words}, gate {least:.2f}", ratio >= least))
    return gates


def _memory(report: Report, database: str, make: Make, sink: Sink, many: int) -> Gate:
    few, lot = (_peak(make(), sink, count) for count in (FEW, many))
    growth = lot.megabytes / few.megabytes
    report.say(
        f"peak memory on {NAMES[database]}: {few.megabytes:.1f} MB for {FEW} mails, "
        f"{lot.megabytes:.1f} MB for {many} ({many / lot.said['seconds']:.0f} small mails a second)"
    )
    words = f"memory on {NAMES[database]} x{growth:.2f} for x{many / FEW:.0f} mails"
    return Gate(f"{words}, gate x{MOST_GROWTH}", growth <= MOST_GROWTH)


def _peak(address: str, sink: Sink, mails: int) -> Run:
    sink.reset()
    store = open_store(address)
    for first in range(0, mails, BATCH):
        enqueue(store, letters(first, [SMALL] * min(BATCH, mails - first)))
    store.close()
    done = run("poster.py", address, sink.port, sink.authority, USER, PASSWORD)
    assert done.said["sent"] == mails, done.said
    assert sink.ledger().accepted.total() == mails, "mails are missing"
    return done


if __name__ == "__main__":
    sys.exit(main())
