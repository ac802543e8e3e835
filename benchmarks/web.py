"""What pages cost, and that reading them changes nothing.

Two houses with the same readers, one with 1,000 papers and one with 100,000, are served on
loopback by the product's own server, each from a process of its own, with clocks that stand still.

(a) Mailed links of all purposes are followed in the large house, some with HEAD: the content of
    every table is the same before and after.
(b) Every kind of page is asked for in both houses in turn, each time at another address where it
    has one, and a minute apart, so that nothing that was kept answers. Ratios are of pairs.
(c) No page has more than 100 KB, pictures aside.
(d) Requests a second over one connection, beside a bare Flask application under the same server
    that renders the same template with the same variables: rounds alternate over a few addresses,
    as a page that several visitors read within a minute.

    bin/bench web [--papers 100000] [--few 1000] [--readers 10000] [--gets 100000] [--rounds 25]
                  [--part LETTER]… [--quick] [--check] [--record]

With --check the exit code is 0 only where the content is the same, every ratio of (b) is at most 3,
no page is larger, and every rate of (d) is at least 0.3 of the bare one. Without real data the
papers are invented; with --quick they are in any case, and (d) is left out. With --part only the
parts that are named are measured: a, b (with c) or d.
"""

import argparse
import hashlib
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from lib.report import Gate, Report, size, table, versions
from lib.shared import CHECKOUT
from lib.web_bed import Line, Town, invented_papers, make_town, real_papers
from lib.web_client import Answer, Client, Service, serving
from lib.web_kinds import KINDS, MAILED, UNRENDERED, Asker, Kind
from sqlalchemy import select

from digest.store import open_store
from digest.store.schema import metadata

MOST_RATIO = 3.0
MOST_BYTES = 100_000
LEAST_RATE = 0.3
PACKAGES = ("flask", "waitress", "sqlalchemy", "numpy", "scipy")
_CONNECTIONS = 4
_HEADS = 10  # one request in so many
_ADDRESSES = 8  # of (d)
_BURST = 0.1  # seconds: what else the machine does falls on both
_BURSTS = 21
_PARTS = "abd"
NOTES = """
Times are those of a visitor: from the request to the last byte, over a connection that stays open,
with server and client on the same machine. Intervals are the middle half of the pairs in (b), and
of the rounds in (d). The first question of each kind in each house is not counted in (b): it sets
up what the house keeps (the index, the day's desk). In (d) the same few addresses are asked for
again and again, so that what is kept for a minute answers from there, as it does for visitors; what
pages cost when nothing is kept is in (b). Both applications run in the same process, in turn.
"""


def main() -> int:
    """Fill both houses, measure, print the figures."""
    arguments = _arguments()
    report = Report(packages=PACKAGES)
    report.say(f"{versions(PACKAGES)}, {size()}")
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as folder:
        papers, kind = _papers(arguments.papers, arguments.quick)
        large, small = (
            make_town(Path(folder) / name, papers[-count:], arguments.readers)
            for name, count in (("large", arguments.papers), ("small", arguments.few))
        )
        report.say(
            f"{len(large.keys)} and {len(small.keys)} {kind} papers, {arguments.readers} readers "
            f"with editions ({len(large.picks)} and {len(small.picks)} of them)"
        )
        gates = []
        if "a" in arguments.part:
            gates.append(_follow(report, large, arguments.gets))
        if "b" in arguments.part:
            with (
                serving(large.database, large.now) as ours,
                serving(small.database, small.now) as less,
            ):
                gates += _compare(report, (large, ours), (small, less), arguments.rounds)
        if "d" in arguments.part:
            with serving(large.database, large.now) as ours:
                gates.append(_beside(report, large, ours))
    holds = report.close(gates)
    if arguments.record:
        report.record("web", "What pages cost", NOTES)
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--gets", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--part", choices=list(_PARTS), action="append")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    arguments.part = arguments.part or (_PARTS[:-1] if arguments.quick else _PARTS)
    return arguments


def _papers(count: int, invented: bool) -> tuple[list[Line], str]:  # noqa: FBT001
    """The newest papers of the data where it is there, else invented ones; and which they are."""
    place = Path(os.environ.get("DIGEST_SHARED") or CHECKOUT.parent / "shared")
    file = place / "data" / "arxiv" / "arxiv_daily.jsonl.gz"
    if invented or not file.is_file():
        return invented_papers(count), "invented"
    return real_papers(file, count), "real"


def _follow(report: Report, town: Town, count: int) -> Gate:
    """(a) Follow mailed links, and hold the content before against the content after."""
    asker, purposes = Asker(town), list(MAILED)
    chance = random.Random(count)  # noqa: S311 - the same links every time
    wanted = [
        (asker.link(purpose, number), "HEAD" if number % _HEADS == 0 else "GET")
        for number, purpose in enumerate(chance.choices(purposes, list(MAILED.values()), k=count))
    ]
    before = checksum(town.database)
    with serving(town.database, town.now) as service:
        started = time.perf_counter()
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            parts = [wanted[start::_CONNECTIONS] for start in range(_CONNECTIONS)]
            answers = [
                one for part in pool.map(lambda p: _ask_all(service, p), parts) for one in part
            ]
        seconds = time.perf_counter() - started
        peak = service.say("memory") / 1024
    after = checksum(town.database)
    statuses = Counter(answer.status for answer in answers)
    report.say(
        f"(a) {count} links of {len(MAILED)} purposes followed over {_CONNECTIONS} connections in "
        f"{seconds:.0f} s, {count / seconds:.0f} a second; peak memory {peak:.0f} MB; statuses "
        + ", ".join(f"{status}: {times}" for status, times in sorted(statuses.items()))
    )
    report.say(f"content before {before[:16]}, after {after[:16]}")
    fine = statuses == {200: count}
    words = f"{count} mailed links, content {'the same' if before == after else 'CHANGED'}"
    return Gate(words + ("" if fine else ", some failed"), fine and before == after)


def _ask_all(service: Service, wanted: Sequence[tuple[str, str]]) -> list[Answer]:
    client = Client(service.ours)
    found = [client.ask(address, method) for address, method in wanted]
    client.close()
    return found


def checksum(database: str) -> str:
    """Of every row of every table, in the order of the keys."""
    digest = hashlib.sha256()
    store = open_store(database)
    with store.engine.connect() as connection:
        for its in metadata.sorted_tables:
            digest.update(its.name.encode())
            for row in connection.execute(select(its).order_by(*its.primary_key.columns)):
                digest.update(repr(tuple(row)).encode())
    store.close()
    return digest.hexdigest()


@dataclass(slots=True)
class Pairs:
    """One kind of page in both houses: seconds, and bytes of the largest answer."""

    kind: Kind
    large: list[float]
    small: list[float]
    most: int = 0
    failed: int = 0

    @property
    def ratios(self) -> list[float]:
        """Of each pair, rising."""
        return sorted(a / b for a, b in zip(self.large, self.small, strict=True))

    @property
    def row(self) -> list[str]:
        """A line of the table."""
        ratios = self.ratios
        quarter = len(ratios) // 4
        return [
            self.kind.name,
            f"{1000 * median(self.small):.1f} ms",
            f"{1000 * median(self.large):.1f} ms",
            f"x{median(ratios):.2f}",
            f"{ratios[quarter]:.2f} to {ratios[-1 - quarter]:.2f}",
            f"{self.most / 1000:.0f} KB",
        ]


def _compare(
    report: Report, large: tuple[Town, Service], small: tuple[Town, Service], rounds: int
) -> list[Gate]:
    """(b) and (c): every kind of page in both houses."""
    every = [Pairs(kind, [], []) for kind in KINDS]
    sides = [(Asker(town), Client(service.ours), service) for town, service in (large, small)]
    for number in range(rounds + 1):
        for pairs in every:
            for _, _, service in sides:
                service.say("tick")
            order = sides if number % 2 else sides[::-1]
            for asker, client, _ in order:
                answer = client.ask(pairs.kind.address(asker, number))
                pairs.failed += answer.status != 200  # noqa: PLR2004
                pairs.most = max(pairs.most, answer.size)
                if number:
                    (pairs.large if asker is sides[0][0] else pairs.small).append(answer.seconds)
    report.say()
    head = ["(b)", "few papers", "many", "ratio", "middle half", "largest"]
    for line in table(head, [pairs.row for pairs in every]):
        report.say(line)
    report.say()
    failed = {pairs.kind.name: pairs.failed for pairs in every if pairs.failed}
    worst = max(every, key=lambda pairs: median(pairs.ratios))
    ratio = median(worst.ratios)
    biggest = max(every, key=lambda pairs: pairs.most)
    words = f"at most x{ratio:.2f} for {worst.kind.name}, gate x{MOST_RATIO:g}"
    return [
        Gate(words + (f"; failed: {failed}" if failed else ""), ratio <= MOST_RATIO and not failed),
        Gate(
            f"at most {biggest.most / 1000:.0f} KB for {biggest.kind.name}, gate 100",
            biggest.most <= MOST_BYTES,
        ),
    ]


def _beside(report: Report, town: Town, service: Service) -> Gate:
    """(d) Rates of every kind of page beside a bare one."""
    asker, ours, bare = Asker(town), Client(service.ours), Client(service.bare)
    rows, worst, least, quarter = [], "", float("inf"), _BURSTS // 4
    for kind in KINDS:
        if kind.name in UNRENDERED:
            continue
        addresses = list(dict.fromkeys(kind.address(asker, n) for n in range(_ADDRESSES)))
        service.say("watch")
        for address in addresses:
            assert ours.ask(address).status == bare.ask(address).status == 200, address  # noqa: PLR2004
        service.say("rest")
        rates = [_rates(ours, bare, addresses, turn) for turn in range(_BURSTS)]
        ratios = sorted(mine / plain for mine, plain in rates)
        ratio = median(ratios)
        mine, plain = (median(side) for side in zip(*rates, strict=True))
        rows.append(
            [kind.name, f"{mine:.0f}", f"{plain:.0f}", f"{ratio:.2f}",
             f"{ratios[quarter]:.2f} to {ratios[-1 - quarter]:.2f}"]
        )  # fmt: skip
        if ratio < least:
            worst, least = kind.name, ratio
    head = ["(d)", "ours, a second", "bare", "share", "middle half"]
    for line in table(head, rows):
        report.say(line)
    report.say()
    return Gate(f"at least {least:.2f} of bare for {worst}, gate {LEAST_RATE}", least >= LEAST_RATE)


def _rates(ours: Client, bare: Client, addresses: Sequence[str], turn: int) -> tuple[float, float]:
    """Of both, one right after the other; who begins changes from turn to turn."""
    if turn % 2:
        return _rate(ours, addresses), _rate(bare, addresses)
    plain = _rate(bare, addresses)
    return _rate(ours, addresses), plain


def _rate(client: Client, addresses: Sequence[str]) -> float:
    """Requests a second over one connection, for a moment."""
    started, count = time.perf_counter(), 0
    while (seconds := time.perf_counter() - started) < _BURST:
        client.ask(addresses[count % len(addresses)])
        count += 1
    return count / seconds


if __name__ == "__main__":
    sys.exit(main())
