"""What indexing and ranking cost, beside arxiv-sanity-lite's two daily jobs on the same papers.

Whole processes on real arXiv papers, each with its wall time and the peak memory of its processes:
a first index of all papers but the newest 1,500, the daily update that adds these (once as it is
done each day, once equal to a full rebuild), and the best 20 papers of the last three days for 100
readers with 50 liked papers each. The other side computes its features from nothing each day, so
its update is a first index. It is written anew from what is known of it: lib/arxiv_sanity.py.

    bin/bench index [--papers 100000] [--rounds 3] [--full] [--check] [--record]

The other side's 100 readers take minutes: its time is measured for 10 and for 20, each extended in
a straight line, and the lower of the two counts, unless --full. Learning our subjects is measured
apart. With --check the exit code is 0 only where all gates hold. Without the data: exit code
2.
"""

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.bed import NEW, READERS, Bed, read_papers
from lib.measured import Run, middle, run
from lib.report import Gate, Report, size, table, versions
from lib.shared import data_folder, give_up, need

FEW, MORE = 10, 20
LEAST_PAPERS = 5000
NOTES = """
Each figure is a whole process with its start and its imports; ours are medians, and both sides run
in turn. Learning the subjects, which the product does after the letters and again when a quarter of
the papers came since, is measured apart; an update, the exact one too, keeps them and weighs terms
alone. Memory is the peak of the largest process;
where ours has several at once it is the sum of their peaks, which counts shared pages more than
once. Collecting papers, filling the stores and copying them is left out on both sides. How the
readers are made is in benchmarks/lib/bed.py; how good the rankings are is in ranking.md.
"""


def main() -> int:
    """Prepare, run both sides in turn, print the figures."""
    arguments = _arguments()
    file = need(data_folder() / "arxiv" / "arxiv_daily.jsonl.gz")
    if importlib.util.find_spec("digest.catalogue") is None:
        give_up("this checkout has no digest.catalogue to measure")
    report = Report()
    report.say(f"{versions()}, {size()}")
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as folder:
        bed = Bed(Path(folder), read_papers(file, arguments.papers))
        works = bed.prepare()
        report.say(
            f"{len(bed.papers)} papers ({works} works), the newest {NEW} for the update; "
            f"{READERS} readers; ours is the median of {arguments.rounds}"
        )
        gates = _measure(report, bed, file, arguments)
    holds = report.close(gates)
    if arguments.record:
        report.record("index", "What indexing and ranking cost", NOTES)
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the other side for all readers")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    if arguments.papers < LEAST_PAPERS:
        parser.error(f"--papers: at least {LEAST_PAPERS}")
    return arguments


def _measure(report: Report, bed: Bed, file: Path, arguments: argparse.Namespace) -> list[Gate]:
    peer = Peer(bed, file)
    rounds = range(arguments.rounds)
    first, learned, old = [], [], bed.folder / "index-old"
    for number in rounds:
        database, index = bed.fresh("old")
        first.append(run("ours.py", "first", database, index))
        learned.append(run("ours.py", "learn", database, index))
        bed.keep(old.name, index)
        if not number:
            peer_first = peer.features(len(bed.papers) - NEW)
    update, exact, whole = [], [], bed.folder / "index-whole"
    for number in rounds:
        database, index = bed.fresh("whole", old)
        update.append(run("ours.py", "update", database, index))
        bed.keep(whole.name, index)
        database, index = bed.fresh("whole", old)
        exact.append(run("ours.py", "update", database, index, "--exact"))
        if not number:
            peer_update = peer.features(len(bed.papers))
    ranked, how = [], ""
    for number in rounds:
        database, index = bed.fresh("whole", whole)
        ranked.append(run("ours.py", "recommend", database, index, "--day", bed.day))
        if not number:
            peer_ranked, how = peer.recommend(full=arguments.full)
    pairs = [
        Pair("first index", middle(first), peer_first),
        Pair("update", middle(update), peer_update),
        Pair("update, exact", middle(exact), peer_update),
        Pair(f"{READERS} readers", middle(ranked), peer_ranked),
    ]
    _say(report, pairs, middle(learned), how)
    return _judge(report, pairs)


class Peer:
    """arxiv-sanity-lite's jobs on its own copy of the papers."""

    def __init__(self, bed: Bed, file: Path) -> None:
        self._bed, self._file = bed, file
        self._database, self._features = Path(), bed.folder / "features.pickle"

    def features(self, papers: int) -> Run:
        """All its features for the first papers; the last call's are those it ranks with."""
        self._database = self._bed.folder / f"peer-{papers}.db"
        run(
            "arxiv_sanity.py", "make-db", self._file, self._database, "--papers", papers
        )  # not timed: that is collecting
        return run("arxiv_sanity.py", "features", self._database, self._features)

    def recommend(self, *, full: bool) -> tuple[Run, str]:
        """All readers, measured or extended from fewer, and in words which."""
        if full:
            return self._recommend(READERS), f"measured for all {READERS} readers"
        runs = [self._recommend(FEW), self._recommend(MORE)]
        lines = [
            run_.seconds + run_.said["each"] * (READERS - len(run_.said["picks"])) for run_ in runs
        ]
        words = (
            f"extended in a straight line by the seconds of one more: from {FEW} readers in "
            f"{runs[0].seconds:.1f} s to {lines[0]:.0f} s, from {MORE} in {runs[1].seconds:.1f} s "
            f"to {lines[1]:.0f} s; the lower counts"
        )
        return Run(min(lines), runs[1].megabytes, runs[1].said), words

    def _recommend(self, readers: int) -> Run:
        return run(
            "arxiv_sanity.py",
            "recommend",
            self._database,
            self._features,
            self._bed.tags,
            "--tags",
            readers,
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """The same work on both sides."""

    name: str
    ours: Run
    theirs: Run

    @property
    def faster(self) -> float:
        """How many times as long theirs takes."""
        return self.theirs.seconds / self.ours.seconds

    @property
    def memory(self) -> float:
        """Our peak as a share of theirs."""
        return self.ours.megabytes / self.theirs.megabytes

    @property
    def row(self) -> list[str]:
        """A line of the table."""
        mine, other = self.ours, self.theirs
        times = [f"{mine.seconds:.2f} s", f"{other.seconds:.1f} s", f"x{self.faster:.1f}"]
        rooms = [f"{mine.megabytes:.0f} MB", f"{other.megabytes:.0f} MB", f"{self.memory:.2f}"]
        return [self.name, *times, *rooms]

    def gate(self, least: float, most: float | None = None) -> Gate:
        """At least this much faster, and with at most this share of the memory."""
        words = f"{self.name} x{self.faster:.1f} (gate x{least:g})"
        if most is None:
            return Gate(words, self.faster >= least)
        words += f" at {self.memory:.2f} of the memory (gate {most})"
        return Gate(words, self.faster >= least and self.memory <= most)

    def aim(self, report: Report, least: float, most: float | None = None) -> None:
        """Say whether more than the gates was reached."""
        report.aim(f"{self.name} x{least:g}", reached=self.faster >= least)
        if most is not None:
            report.aim(f"{self.name}, memory {most}", reached=self.memory <= most)


def _say(report: Report, pairs: Sequence[Pair], learned: Run, how: str) -> None:
    head = ["", "ours", "arxiv-sanity-lite", "faster", "ours", "arxiv-sanity-lite", "share"]
    report.say()
    for line in table(head, [pair.row for pair in pairs]):
        report.say(line)
    report.say(
        "apart, after the letters and rarely: learning the subjects takes us "
        f"{learned.seconds:.2f} s and {learned.megabytes:.0f} MB; the other side has none"
    )
    ours, theirs = (run_.said["candidates"] for run_ in (pairs[-1].ours, pairs[-1].theirs))
    report.say(f"candidates of the last three days: ours {ours}, theirs {theirs}")
    report.say(f"their time for {READERS} readers is {how}")
    report.say()


def _judge(report: Report, pairs: Sequence[Pair]) -> list[Gate]:
    first, update, exact, readers = pairs
    first.aim(report, 25, 0.3)
    update.aim(report, 400)
    exact.aim(report, 100)
    readers.aim(report, 300, 0.3)
    return [
        first.gate(10, 0.5),
        update.gate(100),
        exact.gate(40),
        readers.gate(150, 0.5),
    ]


if __name__ == "__main__":
    sys.exit(main())
