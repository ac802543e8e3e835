"""How well the trend score tells which papers will gain upvotes, beside counts and counts an hour.

Real counts of Hugging Face's Daily Papers. On each date the papers that were counted on it, of
page days up to a week back, are ranked by what they had then; what they gained until about three
days later says how good that was. Ours is `digest.ranking.trend.trend_of` as the program uses it;
its constants were fitted on counts of before 2026, so the dates of 2026 judge it.

    bin/bench trend [--fit] [--check] [--record]

With --check the exit code is 0 only where the figures hold: on the dates of 2026 ours above raw
upvotes and above upvotes an hour, in Spearman's correlation and in nDCG@10 with logarithmic gain,
each with the 95 % interval of the paired difference above zero (bootstrap over dates); within one
page day not below raw upvotes; and the constants as fitted. With --fit the constants are fitted
and nothing else is done. Without the data: exit code 2.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from lib.measures import Floats, mean, ndcg
from lib.report import Gate, Report, size, table, versions
from lib.shared import data_folder
from lib.trend_counts import OLDEST, Pair, Rule, Watched, dates, page_days, pairs, read_watched
from lib.trend_fit import (
    BANDS,
    LONGEST,
    SHORTEST,
    Fitted,
    Reading,
    comments,
    counts_alone,
    expected,
    fit,
    stars,
    velocity,
)
from scipy.stats import spearmanr

from digest.ranking.trend import GROWTH, Growth, trend_of

SPLIT = date(2026, 1, 1)
EARLIER_SPLIT = date(2025, 9, 1)
FIRST = Rule(2, 4)
OTHERS = (Rule(2.5, 3.5), Rule(2, 4, youngest=0.9))
DEPTH = 10
TOP = 5
AGREED = 0.05  # a constant is the fitted value, rounded
NOTES = """
The mean over dates with its 95 % bootstrap interval (at least 2,000 resamples of the dates,
seeded); differences are paired by date. A paper takes part on a date (UTC) with its last count of
that date and the later count that is nearest to three days after it; a date counts with at least
eight papers of two page days (benchmarks/lib/trend_counts.py). The counts were made by others and
for other purposes: most dates are Fridays, whose page and the page before were counted again on
Monday, so that six papers in seven are eight hours or a day old. Dates with papers of several days
are few: the last two of these tables.

What ours gains over upvotes an hour, it gains in the order of the whole list. At the top (nDCG@10)
the interval of 2026 is above zero and that of the fitting period is not: at eight hours and at a
day, upvotes an hour are nearly what the model says of papers with many upvotes. The two differ for
papers with few, and for those of several days. With the later count closer to three days (second
rule) fewer dates are left, and the interval over an hour reaches just below zero in Spearman.

From three days on papers gained less than expected in 2026; those pairs are from a few days of one
February, and before they gained about what was expected or more. Early counts of one page were not
all made at one time, so that within a page ours may differ a little from the counts.

Tried and left out: more weight for the upvotes of the last day, comments, stars. Each was fitted
in the same way; the lines give the paired difference to the model without.
"""

Scores = Callable[[Sequence[Pair]], Floats]
Dates = Mapping[date, Sequence[Pair]]
Figures = dict[str, Floats]


def main() -> int:
    """Measure, and print the figures."""
    arguments = _arguments()
    data, report = data_folder(), Report()
    papers = read_watched(data)
    every = list(pairs(papers, SHORTEST, LONGEST))
    fitted = fit(_before(every, SPLIT))
    if arguments.fit:
        print(_words(fitted.growth))
        return 0
    report.say(f"{versions()}, {size()}")
    counts = sum(len(paper.upvotes) for paper in papers)
    report.say(f"{len(papers)} papers with {counts} counts, {len(every)} pairs to learn from")
    gates = _mixed_ages(report, papers)
    _other_splits(report, papers, every)
    _tried(report, papers, every, fitted)
    _by_age(report, papers)
    gates += _one_page(report, data)
    report.say()
    report.say(f"fitted before {SPLIT}: {_words(fitted.growth)}")
    report.say(f"as the program has it: {_words(GROWTH)}")
    gates.append(Gate("constants as fitted", _agree(fitted.growth)))
    holds = report.close(gates)
    if arguments.record:
        report.record("trend", "How well the trend score tells what will be read", NOTES)
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


def upvotes(ranked: Sequence[Pair]) -> Floats:
    """Raw upvotes."""
    return np.array([float(pair.count) for pair in ranked])


def an_hour(ranked: Sequence[Pair]) -> Floats:
    """Upvotes for each hour since midnight UTC of the page's day, the first counted whole."""
    return np.array([pair.count / max(24 * pair.age, 1.0) for pair in ranked])


def ours(ranked: Sequence[Pair]) -> Floats:
    """What the program says at the time of the count."""
    return np.array([trend_of(pair.counts, pair.began, pair.at).expected for pair in ranked])


METHODS: dict[str, Scores] = {"upvotes": upvotes, "an hour": an_hour, "ours": ours}


def _mixed_ages(report: Report, papers: Sequence[Watched]) -> list[Gate]:
    """The tables of mixed ages; the first is the one that counts."""
    gates = []
    for rule in (FIRST, *OTHERS):
        every = dates(papers, rule)
        for name, some in (("from", _after(every)), ("before", _until(every))):
            figures = {method: measure(some, scores) for method, scores in METHODS.items()}
            gates_here = _say(report, f"{rule.words}, {name} {SPLIT}", some, figures)
            if rule is FIRST and name == "from":
                gates = gates_here
    return gates


def _say(report: Report, head: str, some: Dates, figures: dict[str, Figures]) -> list[Gate]:
    """A line for each method, and the differences of ours to the others."""
    count = sum(len(ranked) for ranked in some.values())
    report.say()
    report.say(f"{len(some)} dates with {count} papers: {head}")
    names = list(figures["ours"])
    rows = [[method, *(str(mean(its[name])) for name in names)] for method, its in figures.items()]
    gates = []
    for method in ("upvotes", "an hour"):
        apart = {name: mean(figures["ours"][name] - figures[method][name]) for name in names}
        rows.append([f"ours - {method}", *(one.signed for one in apart.values())])
        gates += [
            Gate(f"{name} ours - {method} {one.signed}", one.low > 0) for name, one in apart.items()
        ]
    for line in table(["", *names], rows):
        report.say(line)
    return gates


def measure(some: Dates, scores: Scores) -> Figures:
    """Spearman's correlation and nDCG@10 of every date."""
    rows = [_date(scores(ranked), ranked) for ranked in some.values()]
    return {
        "Spearman": np.array([row[0] for row in rows]),
        "nDCG@10": np.array([row[1] for row in rows]),
    }


def _date(scores: Floats, ranked: Sequence[Pair]) -> tuple[float, float]:
    gains = np.array([float(pair.gain) for pair in ranked])
    flat = gains.std() == 0 or scores.std() == 0
    order = np.argsort(-scores, kind="stable")
    worth = dict(enumerate(np.log1p(gains)))
    return 0.0 if flat else float(spearmanr(scores, gains).statistic), ndcg(order, worth, DEPTH)


def _other_splits(report: Report, papers: Sequence[Watched], every: Sequence[Pair]) -> None:
    """The same with other dates to learn from: nothing hangs on where the line is drawn."""
    all_dates = dates(papers, FIRST)
    report.say()
    report.say(f"fitted anew on other dates ({FIRST.words})")
    head = ["fitted", "measured", "dates", "Spearman ours - an hour", "nDCG@10 ours - an hour"]
    rows = []
    for learnt, some, words in (
        (_before(every, EARLIER_SPLIT), _after(all_dates, EARLIER_SPLIT), EARLIER_SPLIT),
        ([pair for pair in every if pair.at.date() >= SPLIT], _until(all_dates), SPLIT),
    ):
        fitted = fit(learnt)
        apart = _apart(some, _scores(fitted), an_hour)
        sides = ("before", "from") if words == EARLIER_SPLIT else ("from", "before")
        said = [f"{side} {words}" for side in sides]
        rows.append([*said, str(len(some)), *apart])
    for line in table(head, rows):
        report.say(line)


def _tried(report: Report, papers: Sequence[Watched], every: Sequence[Pair], plain: Fitted) -> None:
    """What more a score could look at."""
    some = _after(dates(papers, FIRST))
    report.say()
    report.say(f"tried beside the count, from {SPLIT} ({FIRST.words})")
    rows = []
    tried = {"the last day's upvotes": velocity, "comments": comments, "log of stars": stars}
    for name, read in tried.items():
        fitted = fit(_before(every, SPLIT), read)
        apart = _apart(some, _scores(fitted, read), _scores(plain))
        rows.append([name, f"{fitted.worth:.2f}", *apart])
    head = ["", "weight", "Spearman with - without", "nDCG@10 with - without"]
    for line in table(head, rows):
        report.say(line)


def _apart(some: Dates, one: Scores, other: Scores) -> list[str]:
    mine, theirs = measure(some, one), measure(some, other)
    return [mean(mine[name] - theirs[name]).signed for name in mine]


def _scores(fitted: Fitted, read: Reading = counts_alone) -> Scores:
    return lambda ranked: expected(read(ranked), fitted)


def _by_age(report: Report, papers: Sequence[Watched]) -> None:
    """Whether what is expected comes, at every age."""
    every = list(pairs(papers, FIRST.shortest, FIRST.longest))
    ends = [0.0, *BANDS, OLDEST]
    for name, some in (
        ("from", [pair for pair in every if pair.at.date() >= SPLIT]),
        ("before", _before(every, SPLIT)),
    ):
        said = expected(counts_alone(some), Fitted(GROWTH), np.array([pair.span for pair in some]))
        gained = np.array([float(pair.gain) for pair in some])
        bands = np.digitize([pair.age for pair in some], BANDS)
        rows = []
        for band in np.unique(bands):
            here = bands == band
            ages = f"{ends[band]:g} to {ends[band + 1]:g} days"
            means = [f"{values[here].mean():.1f}" for values in (gained, said)]
            rows.append([ages, str(int(here.sum())), *means])
        report.say()
        report.say(f"gained and expected by age, {name} {SPLIT}, two counts 2 to 4 days apart")
        for line in table(["age", "pairs", "gained", "expected"], rows):
            report.say(line)


def _one_page(report: Report, data: Path) -> list[Gate]:
    """Papers of one page, by their early counts against their late ones."""
    every = page_days(data)
    gates = []
    for words, some in (("all days", every), (f"days from {SPLIT}", _after(every))):
        rows, figures = [], {}
        for method in ("upvotes", "ours"):
            figures[method] = _page_figures(some, METHODS[method])
            rows.append([method, *(f"{values.mean():.3f}" for values in figures[method].values())])
        report.say()
        report.say(f"within one page: {len(some)} {words}, early counts against late ones")
        for line in table(["", *figures["ours"]], rows):
            report.say(line)
        for name, values in figures["ours"].items():
            below = float((values - figures["upvotes"][name]).mean())
            if some is not every:
                gates.append(Gate(f"one page {name} {values.mean():.3f}", below >= 0))
    return gates


def _page_figures(some: Dates, scores: Scores) -> Figures:
    found: dict[str, list[float]] = {"Spearman": [], f"top-{TOP}": [], "nDCG@10": []}
    for ranked in some.values():
        its, late = scores(ranked), np.array([float(pair.gain) for pair in ranked])
        spearman, gain = _date(its, ranked)
        chosen = [set(np.argsort(-by, kind="stable")[:TOP].tolist()) for by in (its, late)]
        found["Spearman"].append(spearman)
        found[f"top-{TOP}"].append(len(chosen[0] & chosen[1]) / TOP)
        found["nDCG@10"].append(gain)
    return {name: np.array(values) for name, values in found.items()}


def _before(every: Sequence[Pair], split: date) -> list[Pair]:
    return [pair for pair in every if pair.at.date() < split]


def _after(some: Dates, split: date = SPLIT) -> Dates:
    return {day: ranked for day, ranked in some.items() if day >= split}


def _until(some: Dates, split: date = SPLIT) -> Dates:
    return {day: ranked for day, ranked in some.items() if day < split}


def _words(growth: Growth) -> str:
    return (
        f"prior={growth.prior:.3g}, weight={growth.weight:.3g}, scale={growth.scale:.3g}, "
        f"power={growth.power:.3g}"
    )


def _agree(fitted: Growth) -> bool:
    ours_, theirs = (
        np.array([one.prior, one.weight, one.scale, one.power]) for one in (GROWTH, fitted)
    )
    return bool((np.abs(ours_ / theirs - 1) <= AGREED).all())


if __name__ == "__main__":
    sys.exit(main())
