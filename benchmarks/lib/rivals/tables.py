"""The figures in words: a table for each task, and the short ones for readers of the docs."""

from collections.abc import Mapping, Sequence

from lib.measures import mean
from lib.protocols import Task
from lib.report import table
from lib.rivals import RIVALS
from lib.rivals.running import Cost, Ran

NOTHING = "–"


def of_task(task: Task, ran: Mapping[str, Ran]) -> list[str]:
    """A line for each method, with every measure and what it cost."""
    texts = f"{len(task.corpus)} known and {len(task.candidates)} ranked papers"
    if not task.corpus:
        texts = f"{len(task.candidates)} papers"
    first, *others = ran["ours"].figures
    head = ["", first, "ours - it", *others, "s to index", "ms a profile", "ms a reader", "MB"]
    rows = [_row(rival.name, ran) for rival in RIVALS]
    return [f"{task.name}: {len(task.profiles)} readers, {texts}", *table(head, rows)]


def _row(name: str, ran: Mapping[str, Ran]) -> list[str]:
    measures = list(ran["ours"].figures)
    if name not in ran:
        return [name, *[NOTHING] * (len(measures) + 5)]
    its = ran[name]
    return [
        name,
        str(mean(its.figures[measures[0]])),
        "" if name == "ours" else _ours_less(name, ran),
        *(f"{its.figures[measure].mean():.3f}" for measure in measures[1:]),
        f"{its.index:.1f}",
        short(its.profile),
        short(its.scores),
        f"{its.megabytes:.0f}",
    ]


def _ours_less(name: str, ran: Mapping[str, Ran]) -> str:
    """Ours less this method, paired by reader."""
    if name not in ran:
        return NOTHING
    first = next(iter(ran["ours"].figures))
    return mean(ran["ours"].figures[first] - ran[name].figures[first]).signed


def of_costs(costs: Mapping[str, Cost], sizes: Mapping[str, int]) -> list[str]:
    """A line for each method."""
    head = ["", "ms to weigh or encode", "ms to score", "ms a new paper", "MB", "MB installed"]
    rows = [
        [
            rival.name,
            short(costs[rival.name].weigh),
            short(costs[rival.name].score),
            short(costs[rival.name].paper),
            f"{costs[rival.name].megabytes:.0f}",
            _installed(sizes[rival.name]),
        ]
        for rival in RIVALS
    ]
    return table(head, rows)


def in_short(
    tasks: Mapping[str, Task],
    ran: Mapping[str, Mapping[str, Ran]],
    costs: Mapping[str, Cost],
    sizes: Mapping[str, int],
) -> str:
    """Two tables in Markdown: how good and how dear each is, and how far ours is from it."""
    names = [task.name for task in tasks.values()]
    good = [
        [
            rival.name,
            *(_quality(rival.name, ran[key]) for key in tasks),
            short(costs[rival.name].paper),
            f"{_memory(rival.name, ran, costs):.0f}",
            _installed(sizes[rival.name]),
        ]
        for rival in RIVALS
    ]
    far = [
        [rival.name, *(_ours_less(rival.name, ran[key]) for key in tasks)]
        for rival in RIVALS
        if rival.name != "ours"
    ]
    head = ["", *names, "ms a new paper", "MB of memory", "MB installed"]
    return f"{markdown(head, good)}\n\n{markdown(['ours less …', *names], far)}"


def _quality(name: str, ran: Mapping[str, Ran]) -> str:
    if name not in ran:
        return NOTHING
    return str(mean(next(iter(ran[name].figures.values()))))


def _memory(name: str, ran: Mapping[str, Mapping[str, Ran]], costs: Mapping[str, Cost]) -> float:
    held = [its[name].megabytes for its in ran.values() if name in its]
    return max(*held, costs[name].megabytes)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def short(value: float) -> str:
    """Three digits that count, less than a thousandth as such."""
    return f"{value:.3g}" if value >= 0.001 else "<0.001"  # noqa: PLR2004


def _installed(size: int) -> str:
    return f"{size / 1e6:.0f}"
