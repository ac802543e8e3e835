"""What rises, and what would by chance: topics of real papers, and of the same dealt out by lot.

Real arXiv papers are stored and indexed as the program does it. Topics are looked for on dates a
fortnight apart as the papers came (about 1,600 a week), and on dates a week apart with the papers'
dates pressed together to as many as arXiv announces (about 7,500). Then the dates of the weeks that
count are dealt out anew, by lot: nothing rises any more, and what is still found is found by
chance.

    bin/bench rising [--check] [--record]

With --check the exit code is 0 only where at full volume at least three topics rise a date, a date
takes at most five seconds (the median), and on either volume at most a fifth as many are found by
chance. Without the data: exit code 2.
"""

import argparse
import gzip
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import mean, median

import numpy as np
from lib.report import Gate, Report, size, versions
from lib.shared import data_folder, need

from digest.catalogue import Catalogue
from digest.model import Topic
from digest.progress import Quiet
from digest.ranking.rising import BEFORE, BETWEEN, LATELY, Corpus, rising
from digest.sources.jsonl import parse_lines
from digest.store import Store, open_store

FIRST, LAST = date(2025, 7, 14), date(2026, 5, 18)
STEP, WEEK = timedelta(days=14), timedelta(days=7)
PRESSED = 4.6  # days in one
SEED = 1
LOTS = 4  # for each date
MOST_BY_CHANCE = 0.2  # of what rises
MOST_SECONDS = 5.0
LEAST_TOPICS = 3
NOTES = """
By lot: every paper of the 112 days up to a date keeps its text and gets the date of another one of
them. Seconds are those of one date with the index in place, with all reading of papers. Memory is
the peak of the whole process, which fills the store and makes the index, too. After each topic
stand the papers of the last seven days that speak of it, and how many were expected.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """The topics of some dates, as papers came and by lot, with the seconds that each date took."""

    topics: list[tuple[date, tuple[Topic, ...]]]
    chance: list[tuple[Topic, ...]]
    seconds: list[float]

    @property
    def real(self) -> float:
        """Topics a date."""
        return mean(len(found) for _, found in self.topics)

    @property
    def by_lot(self) -> float:
        """Topics a date that are none."""
        return mean(map(len, self.chance))


def main() -> int:
    """Fill a store, look for topics on both volumes, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    file = need(data_folder() / "arxiv" / "arxiv_daily.jsonl.gz")
    report = Report()
    report.say(f"{versions()}, {size()}")
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as folder:
        catalogue = Catalogue(_filled(Path(folder), file), Path(folder) / "index", Quiet())
        as_it_came, full = _measured(catalogue)
        catalogue.close()
    for name, found in (("as it came", as_it_came), ("full volume", full)):
        report.say(f"\n{name}: {found.real:.2f} topics a date, by lot {found.by_lot:.2f}")
        for day, topics in found.topics:
            words = (f"{one.words} {one.seen}/{one.expected:.1f}" for one in topics)
            report.say(f"  {day}  {', '.join(words) or '-'}")
    taken = median(full.seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report.say(f"\na date at full volume: {taken:.1f} s (longest {max(full.seconds):.1f} s)")
    report.say(f"peak memory of it all: {peak:.0f} MB")
    holds = report.close(
        [
            Gate(f"{full.real:.1f} topics a date", full.real >= LEAST_TOPICS),
            Gate(f"{full.by_lot:.2f} by chance", full.by_lot <= MOST_BY_CHANCE * full.real),
            Gate(
                f"of fewer papers {as_it_came.real:.2f}, {as_it_came.by_lot:.2f} by chance",
                as_it_came.by_lot <= MOST_BY_CHANCE * as_it_came.real,
            ),
            Gate(f"{taken:.1f} s a date", taken <= MOST_SECONDS),
        ]
    )
    if arguments.record:
        report.record("rising", "What rises, and what would by chance", NOTES)
    return 0 if holds or not arguments.check else 1


def _filled(folder: Path, file: Path) -> Store:
    """A store of all papers."""
    store = open_store(f"sqlite:///{folder / 'papers.db'}")
    now = datetime.now(UTC)
    with gzip.open(file) as lines:
        for batch in parse_lines(lines, file.name, now.date(), now):
            store.papers.add(batch.sightings, "arxiv", now.date())
    return store


def _measured(catalogue: Catalogue) -> tuple[Found, Found]:
    index = catalogue.refresh()
    papers = catalogue.store.papers.by_numbers
    corpus = Corpus(index, catalogue.terms, catalogue.marks, papers)
    first = int(index.days.min())
    pressed = first + ((index.days - first) / PRESSED).astype(np.int32)
    begin, end = date.fromordinal(first), date.fromordinal(int(pressed.max()))
    few = _looked(corpus, list(_dates(FIRST, LAST, STEP)))
    wide = replace(corpus, index=replace(index, days=pressed))
    return few, _looked(wide, list(_dates(begin + 6 * WEEK, end, WEEK)))


def _looked(corpus: Corpus, days: Sequence[date]) -> Found:
    lot = np.random.default_rng(SEED)
    found = Found([], [], [])
    for day in days:
        start = time.perf_counter()
        found.topics.append((day, rising(corpus, day)))
        found.seconds.append(time.perf_counter() - start)
        ago = day.toordinal() - corpus.index.days
        counting = np.flatnonzero((ago >= 0) & (ago < LATELY + BETWEEN + BEFORE))
        for _ in range(LOTS):
            dealt = np.array(corpus.index.days)
            dealt[counting] = lot.permutation(dealt[counting])
            other = replace(corpus, index=replace(corpus.index, days=dealt))
            found.chance.append(rising(other, day))
    return found


def _dates(first: date, last: date, step: timedelta) -> Iterator[date]:
    while first <= last:
        yield first
        first += step


if __name__ == "__main__":
    sys.exit(main())
