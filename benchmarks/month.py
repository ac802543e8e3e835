"""A month of collecting with a fault every day: is every paper that was announced in the store?

All services are invented and answer on loopback at a simulated time (tests/replay): arXiv's feeds,
API and OAI-PMH, Hugging Face, bioRxiv, medRxiv, three feeds of other kinds, OpenAlex. Each day
something goes wrong: lines are cut, answers drip, burst or are pages of HTML, services are away,
busy, empty or of yesterday, tokens expire, our own machine is off. The whole step `collect` runs
four times a day, each time as a process that begins anew, with the real sources, session and store;
time and waiting are simulated.

    bin/bench month [--seed 1] [--papers 150] [--check] [--record] [--verbose]

"late" came after the day (UTC) on which they could have been read; "folded" are announcements of
works that another announcement had brought before; "doubled" are works in more than one row;
"claims" are counts that called a part complete, or quiet, while papers of it were not in the store.
The negative control is the same month by a collector that forgets what it was told of coverage
after each run, and so catches up with nothing: it has to lose papers. With --check the exit code
is 0 only where nothing is lost or doubled, no claim is false, and the control loses papers.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from lib.report import Gate, Report, size, versions

from tests.replay.calendar import Calendar
from tests.replay.month import Account, Plan, lines, live
from tests.replay.rota import month_of
from tests.replay.world import Maker

FIRST = date(2025, 11, 1)  # clocks go back on the 2nd, Thanksgiving is on the 27th
DAYS = 30
AFTER = 3  # days that the world goes on beyond the month
HOLIDAYS = frozenset((date(2025, 11, 27),))
PACKAGES = ("sqlalchemy", "requests", "urllib3")
MOST_SHOWN = 12
NOTES = """
Announced are new papers and cross-lists of five categories, postings in three fields, entries of
three feeds, featured papers, and works of OpenAlex, from the first run to the end of the month; two
days without faults follow. A new version of a paper is not announced as a paper of its own. The
world includes what makes catching up hard: papers that moderators hold back beyond their listing,
cross-lists days after a paper's own listing, records that change again before they are asked for,
works that are indexed days after their date, Thanksgiving, and the end of daylight saving time.
"""


def main() -> int:
    """Live through the month twice, print the figures."""
    arguments = _arguments()
    logging.disable(logging.CRITICAL)
    report = Report(packages=PACKAGES)
    report.say(f"{versions(PACKAGES)}, {size()}")
    world = Maker(arguments.seed, FIRST, DAYS + AFTER, arguments.papers, Calendar(HOLIDAYS)).make()
    plan = Plan(world, FIRST, DAYS, month_of(FIRST))
    started = time.monotonic()
    account = _lived(plan, print if arguments.verbose else lambda _: None)
    _say(report, account, time.monotonic() - started)
    control = _lived(replace(plan, forgetful=True), lambda _: None)
    by_source = Counter(one.source for one in control.lost)
    named = ", ".join(f"{source} {count}" for source, count in sorted(by_source.items()))
    report.say(f"control: without memory {len(control.lost)} lost ({named})")
    holds = report.close(_gates(account, control))
    if arguments.record:
        report.record("month", "A month of faults", NOTES)
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--papers", type=int, default=150, help="on arXiv on a working day, about")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="what each run met with")
    return parser.parse_args()


def _lived(plan: Plan, tell: Callable[[str], None]) -> Account:
    with tempfile.TemporaryDirectory() as folder:
        return live(plan, f"sqlite:///{Path(folder) / 'month.db'}", tell)


def _say(report: Report, account: Account, seconds: float) -> None:
    for line in lines(account):
        report.say(line)
    report.say(
        f"{account.requests} requests, {account.faults} of them answered wrongly, at most "
        f"{account.most_at_once} at once to one host; {account.stopped} runs stopped midway; "
        f"{account.misdated} papers dated later than their listing; {seconds:.0f} s"
    )
    for one in account.lost[:MOST_SHOWN]:
        report.say(f"lost: {one.source} {one.date} {', '.join(one.parts)} {one.key}")
    for claim in account.claims[:MOST_SHOWN]:
        report.say(f"claimed complete too early: {claim}")


def _gates(account: Account, control: Account) -> list[Gate]:
    words = (
        f"{account.announced} announced, {account.read} read, {account.late} late, "
        f"{account.folded} folded, {len(account.lost)} lost, {len(account.doubled)} doubled"
    )
    return [
        Gate(words, account.clean and account.read == account.announced > 0),
        Gate(f"{len(account.claims)} false claims", not account.claims),
        Gate(f"the control loses {len(control.lost)}", bool(control.lost)),
    ]


if __name__ == "__main__":
    sys.exit(main())
