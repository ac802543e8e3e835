"""Deliveries that survive every crash: processes are killed, then each mail is accounted for.

The parent imports everything, opens no database, and forks processes that post for real: real
databases, real SMTP over TLS to a server on loopback that also misbehaves by chance (lost replies,
cut lines, 421, 451). They are killed and stopped at random instants, two at once; the server's
ledger and the database then have to agree on every mail. Leases end because the parent moves the
clock on.

    bin/bench kill [--kills 300] [--deliveries N] [--database both] [--seed 1] [--check] [--record]
    bin/bench kill --kills 10000 --deliveries 100000 --resume state.json

Kills are shared out among the databases, as deliveries are (ten a kill unless told). Three parts
come on top for each database: a run without faults, which must have no uncertain mail; every point
in turn, where a process dies before and after each commit and each write to a socket; and the
negative control, where a naive poster (send, then record, repeat what is not recorded) must show
duplicates in the same harness. With --resume, what is done is kept in a file, and the same command
goes on where it was interrupted. With --keep, `digest status` and `digest deliveries` can be asked
of a database that has been through this. With --check the exit code is 0 only where all figures
hold.
"""

import argparse
import gc
import json
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lib.accounts import Account
from lib.databases import BOTH, CHOICES, NAMES, Make, fresh_databases, versions_of
from lib.naive import post_naively
from lib.points import Points, strike_every_point
from lib.report import Gate, Report, size, table, versions
from lib.siege import Outcome, Plan, besiege
from lib.sink import Faults, Sink, running_sink

from digest.store import file_of

CHUNK = 100  # kills between two reckonings
A_KILL = 10  # deliveries
UNDISTURBED = 200
CONTROL = Plan(deliveries=300, kills=30, seed=0, lives=1, poster=post_naively)
PACKAGES = ("sqlalchemy", "psycopg", "yagmail")
NOTES = """
Uncertain mails are never sent again by themselves. Each of them is explained singly: its Message-ID
was in doubt when the process that had it was killed, or the server hung up on it. The commit that
records one mail rides with the one that puts the next in doubt, so that nearly every kill of a busy
process finds one mail in doubt per connection. "There" are those of the uncertain that had arrived.
"Stops" are processes held for a moment while the clock moves on beyond every lease.
"""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One siege and the database that it was on."""

    database: str
    kills: int
    stops: int
    crashes: int
    seconds: float
    account: Account


@dataclass(slots=True)
class Progress:
    """The sieges so far, kept in a file where one is named."""

    order: dict[str, object]
    file: Path | None
    chunks: list[Chunk] = field(default_factory=list)

    def load(self) -> None:
        """Go on from the file.

        Raises:
            SystemExit: where the file belongs to another command.
        """
        if self.file is None or not self.file.exists():
            return
        kept = json.loads(self.file.read_text(encoding="utf-8"))
        if kept["order"] != self.order:
            raise SystemExit(f"{self.file} belongs to another command: {kept['order']}")
        self.chunks = [
            Chunk(**(chunk | {"account": Account(**chunk["account"])})) for chunk in kept["chunks"]
        ]

    def add(self, chunk: Chunk) -> None:
        """Keep one more."""
        self.chunks.append(chunk)
        if self.file is None:
            return
        kept = {"order": self.order, "chunks": [asdict(chunk) for chunk in self.chunks]}
        unfinished = self.file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        unfinished.replace(self.file)

    def of(self, database: str) -> list[Chunk]:
        """The sieges on one database."""
        return [chunk for chunk in self.chunks if chunk.database == database]


def main() -> int:
    """Besiege each database, then the three other parts; print the figures."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # servers are stopped on the way out
    deliveries = arguments.deliveries or arguments.kills * A_KILL
    order = {
        "kills": arguments.kills,
        "deliveries": deliveries,
        "database": arguments.database,
        "seed": arguments.seed,
    }
    progress = Progress(order, arguments.resume)
    progress.load()
    gc.freeze()  # what is imported stays shared with the processes
    report = Report(packages=PACKAGES)
    with fresh_databases(arguments.database) as makers, running_sink() as sink:
        report.say(f"{versions(PACKAGES)}, {versions_of(makers)}, {size()}")
        share = len(makers)
        for database, make in makers.items():
            kills, mails = arguments.kills / share, deliveries / share
            _besiege(progress, database, make, sink, kills, mails, arguments.keep)
        _say_sieges(report, progress, makers)
        gates = [_gate_of_sieges(progress, makers, arguments.kills, deliveries)]
        gates += _other_parts(report, makers, sink, arguments.seed)
    holds = report.close(gates)
    if arguments.record:
        places = [str(place) for place in (arguments.resume, arguments.keep)]
        unsaid = ["--resume", "--keep", *places]
        report.record("kill", "Deliveries through every crash", NOTES, unsaid)
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--deliveries", type=int)
    parser.add_argument("--database", choices=CHOICES, default=BOTH)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", type=Path, help="keep what is done in this file, and go on")
    parser.add_argument("--keep", type=Path, help="leave the last SQLite database here")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


def _besiege(
    progress: Progress,
    database: str,
    make: Make,
    sink: Sink,
    kills: float,
    deliveries: float,
    keep: Path | None,
) -> None:
    """Chunk after chunk until a database has had its kills and its deliveries."""
    count = max(1, -(-int(kills + 0.5) // CHUNK))
    seed = int(str(progress.order["seed"]))
    for number in range(len(progress.of(database)), count):
        plan = Plan(
            deliveries=-(-int(deliveries + 0.5) // count),
            kills=-(-int(kills + 0.5) // count),
            seed=seed * 100_003 + number,
        )
        address = make()
        outcome = besiege(address, sink, plan)
        if keep is not None and (file := file_of(address)):
            shutil.copyfile(file, keep)
        progress.add(
            Chunk(
                database,
                outcome.kills,
                outcome.stops,
                outcome.crashes,
                round(outcome.seconds, 2),
                outcome.account,
            )
        )
        if sys.stderr.isatty():
            print(f"\r{database}: {number + 1} of {count} ", end="", file=sys.stderr, flush=True)


def _sum(chunks: Sequence[Chunk]) -> Account:
    return sum((chunk.account for chunk in chunks), Account())


def _say_sieges(report: Report, progress: Progress, makers: Mapping[str, Make]) -> None:
    head = [
        "", "kills", "stops", "deliveries", "sent", "refused", "uncertain", "there", "in doubt",
        "unanswered", "cut", "duplicates", "unaccounted", "unexplained", "seconds",
    ]  # fmt: skip
    rows = []
    for database in makers:
        chunks, it = progress.of(database), _sum(progress.of(database))
        figures = (
            sum(chunk.kills for chunk in chunks), sum(chunk.stops for chunk in chunks),
            it.deliveries, it.sent, it.failed, it.uncertain, it.arrived, it.doubted,
            it.unanswered, it.cut, it.duplicates, it.unaccounted, it.unexplained,
        )  # fmt: skip
        seconds = f"{sum(chunk.seconds for chunk in chunks):.0f}"
        rows.append([NAMES[database], *map(str, figures), seconds])
    for line in table(head, rows):
        report.say(line)


def _gate_of_sieges(
    progress: Progress, makers: Mapping[str, Make], kills: int, deliveries: int
) -> Gate:
    chunks = [chunk for database in makers for chunk in progress.of(database)]
    it, done = _sum(chunks), sum(chunk.kills for chunk in chunks)
    crashes = sum(chunk.crashes for chunk in chunks)
    where = " and ".join(NAMES[database] for database in makers)
    words = (
        f"{done} kills over {it.deliveries} deliveries on {where}: {it.duplicates} duplicates, "
        f"{it.unaccounted} unaccounted, {it.uncertain} uncertain (at most {it.bound}), "
        f"{it.unexplained} of them unexplained"
    )
    if crashes:
        words += f", {crashes} processes ended by themselves"
    clean = all(chunk.account.clean for chunk in chunks)
    enough = done >= kills and it.deliveries >= deliveries
    return Gate(words, clean and enough and not crashes)


def _other_parts(report: Report, makers: Mapping[str, Make], sink: Sink, seed: int) -> list[Gate]:
    quiet, points, control = [], [], []
    undisturbed = Plan(UNDISTURBED, kills=0, seed=seed, faults=Faults(), all_exist=True)
    for database, make in makers.items():
        name, started = NAMES[database], time.monotonic()
        quiet.append(besiege(make(), sink, undisturbed))
        points.append(strike_every_point(make(), sink))
        control.append(besiege(make(), sink, replace(CONTROL, seed=seed)))
        report.say(_words(name, quiet[-1], points[-1], control[-1], time.monotonic() - started))
    return [_gate_of_quiet(quiet), _gate_of_points(points), _gate_of_control(control)]


def _words(name: str, quiet: Outcome, points: Points, control: Outcome, seconds: float) -> str:
    return (
        f"{name}: {quiet.account.sent} of {quiet.account.deliveries} sent without faults, "
        f"{quiet.account.uncertain} uncertain; died at {points.struck} of {points.count} points, "
        f"{points.account.duplicates} duplicates, {points.wrong} wrong; naive: "
        f"{control.account.duplicates} duplicates after {control.kills} kills ({seconds:.0f} s)"
    )


def _gate_of_quiet(outcomes: Sequence[Outcome]) -> Gate:
    uncertain = sum(outcome.account.uncertain for outcome in outcomes)
    whole = all(
        outcome.account.clean and outcome.account.sent == outcome.account.deliveries
        for outcome in outcomes
    )
    return Gate(f"without faults {uncertain} uncertain", whole and not uncertain)


def _gate_of_points(points: Sequence[Points]) -> Gate:
    struck = " and ".join(f"{its.struck} of {its.count}" for its in points)
    return Gate(f"died at {struck} points", all(its.holds for its in points))


def _gate_of_control(outcomes: Sequence[Outcome]) -> Gate:
    found = " and ".join(str(outcome.account.duplicates) for outcome in outcomes)
    return Gate(
        f"the naive control shows {found} duplicates",
        all(outcome.account.duplicates for outcome in outcomes),
    )


if __name__ == "__main__":
    sys.exit(main())
