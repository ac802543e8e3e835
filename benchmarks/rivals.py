"""Ours beside other rankers on the same papers: how good each is, and what it costs.

Plain TF-IDF, BM25, the SVM of arxiv-sanity-lite, zotero-arxiv-daily's weighting, a neural sentence
encoder, and ours: by terms, by the encoder, and by both. Four tasks on real data (those of
`bin/bench ranking`), all readers for every method, each method in a process of its own.

    bin/bench rivals [--vectors FOLDER] [--rounds 3] [--check] [--record]

With --check the exit code is 0 only where the figures hold: ours above plain TF-IDF on every task
with the 95 % interval of the paired difference above zero; at least equal to the SVM where that
can answer (the mean difference not below zero); and a new paper at a hundredth of the encoder's
time or less.
Encoding all texts takes about eight minutes of the run's twenty: --vectors names a folder where
vectors are kept, those that are there are taken, with the seconds noted beside them. The other
side is installed into benchmarks/.venv when first needed (about 6 GB, nearly all of it the
encoder's). Without the data, or where that cannot be installed: exit code 2.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib import peers
from lib.protocols import TASKS, Task
from lib.report import RESULTS, Report, size, versions
from lib.rivals import APART, RIVALS, tables
from lib.rivals.judge import Figures, beaten, gates
from lib.rivals.picture import picture
from lib.rivals.running import (
    ENCODED,
    KNOWN,
    LIKES,
    NEW,
    READERS,
    Cost,
    Places,
    Race,
    Ran,
    draw,
    encoded,
    middle,
    on_task,
    ratio,
    sizes,
)
from lib.shared import data_folder, need

NOTES = """
## What was measured

**Quality** is the mean over all readers of a task with its 95 % bootstrap interval (at least 2,000
resamples, seeded); differences are paired by reader. The tasks are in benchmarks/lib/protocols.py:
new papers for known readers (CiteULike-t has bags of words, CiteULike-a has titles alone),
questions as keywords (CISI), more like this paper (CSFCube). A dash stands where a method cannot
answer: `svm` and `zotero` learn from liked papers, and CISI's readers have none.

**Rivals** are in benchmarks/lib/rivals. `centroid`: scikit-learn's TF-IDF, cosine with the mean of
the liked papers. `bm25`: bm25s, a reader's query being the terms of the liked papers (how they are
weighed, and what else was tried, is in okapi.py). `svm`: features and model of arxiv-sanity-lite,
written anew, for every reader. `zotero`: zotero-arxiv-daily's sum of cosines with weights
1 / (1 + log10 i) from the newest paper on, written anew; our data name no dates of adding, so the
paper with the highest number counts as the newest (in CiteULike-a numbers rise with time), and no
package at hand carries its own encoder, so it reads with this one. `encoder`: all-MiniLM-L6-v2,
cosine with the mean of the liked papers' vectors. `ours`, `ours-encoder`, `blend` are
`DIGEST_RANKER=terms`, `encoder` and `blend`. The encoder knows no bags: of CiteULike-t it gets each
word once, the most frequent first. It reads 256 word pieces of a text.

Ours weighs terms, and learns, from known and ranked papers together, as the product does with the
papers of the day; centroid and svm learn from the known papers alone, bm25 weighs by those ranked.
Nobody sees who likes the ranked papers.

**Seconds to index** are counting, weighing or encoding all texts of a task and learning what all
readers share; **a profile** is what is made of a reader's likes or keywords, for the SVM its
model; **a reader** is scoring alone. Reading files and loading the encoder's model (about eight
seconds) are left out.

**A new paper** costs what has to be done until it is ranked for 1,000 readers with 20 liked papers
each: counting and weighing or encoding it, and scoring it for all of them; here on real arXiv
abstracts, the median of rounds in which all methods run in turn. What is learned once is left out
on all sides, and so are profiles, which are kept. arxiv-sanity-lite trains its models anew
whenever papers come, so the SVM's training counts (measured for 50 readers, times 20).

**Memory** is the peak of the largest process of a method, with its imports, its reading of the
files and, where it needs vectors, the encoder's. **Installed** are the files of the packages that
a method needs with all that they require; for ours those of its ranking (NumPy, SciPy,
scikit-learn, PyStemmer) and the program itself. Of the encoder's, pip's torch brings most, much of
it for graphics cards that are not used here.
"""


def main() -> int:
    """Run everything and print the figures."""
    arguments = _arguments()
    data, report, started = data_folder(), Report(), time.perf_counter()
    need(data / "arxiv" / "arxiv_daily.jsonl.gz")
    found = peers.install(APART)
    report.say(f"{versions()}, {size()}")
    report.say(", ".join(f"{name} {version}" for name, version in found.items()))
    tasks = {key: load(data) for key, load in TASKS.items()}
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as scratch:
        places = Places(data.resolve(), arguments.vectors or Path(scratch), Path(scratch))
        ran = _quality(report, tasks, places)
        rounds = _race(report, places, arguments.rounds)
        costs, installed = middle(rounds), sizes()
        _say_costs(report, costs, installed)
        figures = {task.name: _first(ran[key]) for key, task in tasks.items()}
        for words in beaten(figures):
            report.say(words)
        report.say(f"all of this took {time.perf_counter() - started:.0f} s")
        holds = report.close(gates(figures, ratio(rounds, "encoder", "ours")))
        if arguments.record:
            _record(report, tables.in_short(tasks, ran, costs, installed))
            _draw(places.scratch, tasks, ran, costs)
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=_folder, help="where vectors are kept between runs")
    parser.add_argument("--rounds", type=int, default=3, help="of the race for new papers")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


def _folder(name: str) -> Path:
    place = Path(name).resolve()
    place.mkdir(parents=True, exist_ok=True)
    return place


def _quality(
    report: Report, tasks: Mapping[str, Task], places: Places
) -> dict[str, dict[str, Ran]]:
    """A table for each task."""
    found = {}
    for key, task in tasks.items():
        made, before = encoded(task, places)
        found[key] = on_task(key, task, places, made)
        report.say()
        for line in tables.of_task(task, found[key]):
            report.say(line)
        when = "made in an earlier run" if before else "made in this run"
        report.say(f"the encoder's vectors of {made.texts} texts: {made.seconds:.0f} s, {when}")
    return found


def _race(report: Report, places: Places, count: int) -> list[dict[str, Cost]]:
    race = Race(places)
    report.say()
    report.say(
        f"{NEW} new arXiv abstracts ({ENCODED} a round for the encoder) beside {KNOWN} known ones, "
        f"for {READERS} readers with {LIKES} liked papers; medians of {count} rounds"
    )
    return [race.round(number) for number in range(count)]


def _say_costs(report: Report, costs: Mapping[str, Cost], installed: Mapping[str, int]) -> None:
    for line in tables.of_costs(costs, installed):
        report.say(line)
    report.say()


def _first(ran: Mapping[str, Ran]) -> Figures:
    """The measure that counts, by method."""
    first = next(iter(ran["ours"].figures))
    return {name: its.figures[first] for name, its in ran.items()}


def _record(report: Report, short: str) -> None:
    words = "\n".join(f"- `{rival.name}`: {rival.words}" for rival in RIVALS)
    shown = "![Quality against cost](rivals.svg)"
    notes = f"## In short\n\n{short}\n\n{words}\n\n{shown}\n{NOTES}"
    report.record("rivals", "Ours beside other rankers", notes, places_named(sys.argv))


def places_named(words: Sequence[str]) -> list[str]:
    """Of the command's words those that name a folder of this machine."""
    named = [word for word in words if word.startswith("--vectors")]
    return named + [words[words.index(word) + 1] for word in named if "=" not in word]


def _draw(
    scratch: Path,
    tasks: Mapping[str, Task],
    ran: Mapping[str, Mapping[str, Ran]],
    costs: Mapping[str, Cost],
) -> None:
    figures = {task.name: _first(ran[key]) for key, task in tasks.items()}
    measures = {task.name: next(iter(ran[key]["ours"].figures)) for key, task in tasks.items()}
    papers = {name: cost.paper for name, cost in costs.items()}
    draw(picture(figures, measures, papers), scratch, RESULTS / "rivals.svg")


if __name__ == "__main__":
    sys.exit(main())
