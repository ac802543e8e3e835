"""What `digest evaluate` finds, on real papers with SIMULATED votes.

A store is filled with three months of real papers. Three readers who do not exist vote on those of
the last two by hidden tastes: expressions that are looked for in texts, liked by lot, with slips
and dislikes. What they ask for is either vague or names the taste well. Then the command is run:

a. vague interests against those that name the taste; all votes were cast when the dates were over,
   so that none of them teaches anything;
b. settings against themselves;
c. interests that name the taste against another reader's, with votes as in a;
d. a reader with three votes;
e. the votes of the second half are taken away: editions of the first half must be the same;
f. as a, with votes that were cast day by day, from which the ranking learns. No gate;
g. with --encoder: terms against the encoder and the blend, for interests that name the taste and
   for vague ones with votes day by day. The real encoder reads all papers that the dates have,
   which takes about twenty minutes. No gate: tastes are made of words.

    bin/bench evaluate [--check] [--record] [--encoder]

With --check the exit code is 0 only where for each taste (a) is found better and (c) worse, the
intervals of the differences of nDCG@10 beyond zero, (b) is exactly the same, (d) is too few, (e)
holds, and no row of the database has changed. Without the data: exit code 2.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from lib.past import Past, announced, fill, run, settle, shown
from lib.peers import neural
from lib.report import Gate, Report, size, table, versions
from lib.shared import data_folder
from lib.simulated import Taste

FIRST, VOTED, LAST = date(2026, 3, 1), date(2026, 3, 30), date(2026, 5, 29)
HALF = date(2026, 4, 30)
OVER = datetime(2026, 6, 2, 19, tzinfo=UTC)  # all dates are
FEW = "few@example.org"
_DIFFERENCE = "difference of nDCG@10"
NOTES = """
**The votes are simulated**: no person cast them, and the figures say how the command works, not how
good the ranking is. A taste is a regular expression on title and abstract (benchmarks/evaluate.py);
half of what matches is liked whether any edition showed it or not, and so is one in a thousand of
the rest; four in a thousand are disliked. The interests are written in other words than the tastes.
Another reader's interests are the control. Differences are means over dates of the change less
today, with 95 % bootstrap intervals. Seconds are those of the whole command.

In a, b and c all votes came when the dates were over, so that interests alone are compared. In f
they came day by day, and the ranking had learnt from those before: what the interests say matters
less then. In g nothing changes but what ranks; the real encoder reads most papers within its first
command.
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist: a hidden taste, and two ways to ask for what it likes."""

    name: str
    wanted: str
    vague: dict[str, str]
    named: dict[str, str]

    def address(self, which: str) -> str:
        """Of one of the readers that it is."""
        return f"{which}.{self.name.replace(' ', '.')}@example.org"


PEOPLE = (
    Person(
        "speech and law",
        r"speech (recognition|synthesis)|text-to-speech|speaker|\blegal\b|court|statut",
        {"learning": "machine learning, language models"},
        {"voices": "spoken language, voice, audio", "law": "law, judicial decisions, lawyers"},
    ),
    Person(
        "scenes and scans",
        r"gaussian splatting|radiance field|(medical image|tumou?r|lesion) segmentation",
        {"vision": "computer vision, images"},
        {"scenes": "3D scene reconstruction, novel view synthesis", "scans": "MRI, CT, radiology"},
    ),
    Person(
        "young galaxies and agents",
        r"high-redshift|reionization|little red dot|lyman|tool[- ]use|(web|gui) agent",
        {"science": "science, data analysis"},
        {
            "sky": "early galaxies, JWST, cosmic dawn",
            "agents": "agents that use software, browsers",
        },
    ),
)


def main() -> int:
    """Fill, vote, run, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--encoder", action="store_true")
    arguments = parser.parse_args()
    data, report = data_folder(), Report()
    report.say(f"{versions()}, {size()}")
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as folder:
        past = Past(Path(folder) / "papers.db", FIRST, VOTED, LAST)
        count = fill(past, data)
        report.say(f"{count} real papers announced {FIRST} to {LAST}; SIMULATED votes from {VOTED}")
        _settle(report, past)
        before = past.state()
        gates = _compared(report, past)
        report.say()
        change = _change(PEOPLE[0].vague, PEOPLE[0].named)
        report.say(shown(past, "--reader", PEOPLE[0].address("vague"), *change))
        gates.append(Gate("no row has changed", past.state() == before))
        gates.append(_unforeseen(report, past))
        if arguments.encoder:
            _by_meaning(report, past.copied("encoder.db"))
    holds = report.close(gates)
    if arguments.record:
        report.record("evaluate", "Past days replayed on simulated votes", NOTES)
    return 0 if holds or not arguments.check else 1


def _settle(report: Report, past: Past) -> None:
    """The readers of every person, and one with three votes."""
    store = past.opened()
    papers = announced(store, past)
    for seed, person in enumerate(PEOPLE, 1):
        taste = Taste(re.compile(person.wanted))
        daily, late = list(taste.votes(papers, seed)), list(taste.votes(papers, seed, OVER))
        settle(store, person.address("daily"), person.vague, daily)
        settle(store, person.address("vague"), person.vague, late)
        settle(store, person.address("named"), person.named, late)
        likes = [vote for vote in daily if vote[1].likes]
        report.say(f"  {person.name}: {len(likes)} liked, {len(daily) - len(likes)} disliked")
    settle(store, FEW, PEOPLE[0].vague, likes[:3])
    store.close()


def _compared(report: Report, past: Past) -> list[Gate]:
    rows, gates = [], []

    def compare(who: str, what: str, whose: str, change: Sequence[str], due: str = "") -> None:
        found, seconds = run(past, "--reader", whose, *change)
        rows.append([who, what, *_figures(found), f"{seconds:.0f} s"])
        if due:
            gates.append(Gate(f"{what[0]} {found['verdict']}", _holds(found, due)))

    for one, other in zip(PEOPLE, (*PEOPLE[1:], PEOPLE[0]), strict=True):
        well, others = _change(one.vague, one.named), _change(one.named, other.named)
        compare(one.name, "a: vague → named", one.address("vague"), well, "better")
        compare(one.name, "b: the same", one.address("named"), ("--dial", "20"), "same")
        compare(one.name, "c: named → another's", one.address("named"), others, "worse")
        compare(one.name, "f: as a, learning", one.address("daily"), well)
    compare("three votes", "d: dial 20 → 0", FEW, ("--dial", "0"), "too few")
    report.say()
    head = ["simulated reader", "", "dates", "today", "change", _DIFFERENCE, "said", ""]
    for line in table(head, rows):
        report.say(line)
    return gates


def _by_meaning(report: Report, past: Past) -> None:
    """Terms against what the encoder ranks; the first call reads all papers that it meets."""
    program, rows = neural(), []
    before = past.database.stat().st_size
    for person in PEOPLE:
        for which, what in (("named", "named"), ("daily", "vague, learning")):
            for kind in ("blend", "encoder"):
                change = ("--reader", person.address(which), "--ranker", kind)
                found, seconds = run(past, *change, program=program)
                rows.append([person.name, f"g: {what}", kind, *_figures(found), f"{seconds:.0f} s"])
    report.say()
    head = ["simulated reader", "", "change", "dates", "terms", "change", _DIFFERENCE, "said", ""]
    for line in table(head, rows):
        report.say(line)
    grown = (past.database.stat().st_size - before) / 2**20
    report.say(f"{past.count('vectors')} papers were read, {grown:.0f} MB more in the database")


def _figures(found: dict[str, Any]) -> list[str]:
    ndcg = found["figures"]["ndcg@10"]
    apart = ndcg["difference"]
    return [
        str(found["dates_replayed"]),
        f"{ndcg['today']['mean']:.3f}",
        f"{ndcg['change']['mean']:.3f}",
        f"{apart['mean']:+.3f} ({apart['low']:+.3f} to {apart['high']:+.3f})",
        found["verdict"],
    ]


def _holds(found: dict[str, Any], verdict: str) -> bool:
    """The verdict, and figures that bear it out."""
    apart = found["figures"]["ndcg@10"]["difference"]
    bears = {
        "better": apart["low"] > 0,
        "worse": apart["high"] < 0,
        "same": apart == {"mean": 0.0, "low": 0.0, "high": 0.0},
    }
    return found["verdict"] == verdict and bears.get(verdict, True)


def _unforeseen(report: Report, past: Past) -> Gate:
    """Without the votes of the second half the editions of the first are what they were."""
    half = past.copied("half.db")
    store = half.opened()
    reader = store.readers.find(PEOPLE[0].address("daily"))
    assert reader is not None
    for vote in store.votes.of([reader.row])[reader.row]:
        if vote.at >= datetime(HALF.year, HALF.month, HALF.day, tzinfo=UTC):
            store.votes.withdraw(reader.row, vote.paper)
    store.close()
    first, second = (_editions(one) for one in (past, half))
    report.say(
        f"\ne: {len(second)} editions before {HALF}, with all votes and with those until then"
    )
    return Gate("e unforeseen", first == second and len(second) > 1)


def _editions(past: Past) -> dict[str, list[str]]:
    """The picks of each date of the first half; its last days may have votes that came later."""
    found, _ = run(past, "--reader", PEOPLE[0].address("daily"))
    return {
        one["date"]: one["editions"][0]["picks"]
        for one in found["dates"]
        if one["date"] < HALF.replace(day=HALF.day - 3).isoformat()
    }


def _change(before: dict[str, str], after: dict[str, str]) -> tuple[str, ...]:
    """The options that end some interests and add others."""
    wishes = [*(f"{name}=" for name in before), *(f"{name}={text}" for name, text in after.items())]
    return tuple(word for wish in wishes for word in ("--interest", wish))


if __name__ == "__main__":
    sys.exit(main())
