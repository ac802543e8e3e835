"""What the picture shows, before it is drawn: points, the best for each cost, places of labels."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from lib.measures import mean
from lib.rivals.judge import Figures

BESIDE = 1.09  # points that cost about the same stand this factor apart
GROUP = 6.0  # costs within this factor have their names in one column
RIGHT = 1.5  # where that column is, as a factor of the dearest
GAP = 0.075  # between names, as a part of a panel's height


@dataclass(frozen=True, slots=True)
class Point:
    """A method: milliseconds for each new paper, its quality with the interval.

    `x` is where the point is drawn, `label_x` and `label_y` where its name is; `best` says that
    nothing cheaper is as good.
    """

    name: str
    cost: float
    value: float
    low: float
    high: float
    best: bool = False
    x: float = 0.0
    label_x: float = 0.0
    label_y: float = 0.0


def picture(
    tasks: Mapping[str, Figures], measures: Mapping[str, str], costs: Mapping[str, float]
) -> dict[str, Any]:
    """All panels, one a task, as a JSON object.

    Args:
        tasks: of each task the figures of each method.
        measures: the name of each task's measure.
        costs: milliseconds for each new paper, by method.
    """
    return {
        "panels": [
            {
                "title": name,
                "measure": measures[name],
                "points": [asdict(point) for point in placed(_points(figures, costs))],
            }
            for name, figures in tasks.items()
        ]
    }


def _points(figures: Figures, costs: Mapping[str, float]) -> list[Point]:
    means = {name: mean(values) for name, values in figures.items()}
    front = best_for_cost([(costs[name], one.value) for name, one in means.items()])
    return [
        Point(name, costs[name], one.value, one.low, one.high, number in front)
        for number, (name, one) in enumerate(means.items())
    ]


def best_for_cost(points: Sequence[tuple[float, float]]) -> set[int]:
    """The numbers of those that nothing cheaper, or as cheap, excels: the Pareto front.

    Args:
        points: cost and value of each.
    """
    found, best = set(), float("-inf")
    for number in sorted(range(len(points)), key=lambda n: (points[n][0], -points[n][1])):
        if points[number][1] > best:
            found.add(number)
            best = points[number][1]
    return found


def placed(points: Sequence[Point]) -> list[Point]:
    """The same, with places: side by side where costs are about the same, names in columns."""
    gap = GAP * (max(point.high for point in points) - min(point.low for point in points))
    return [point for group in _groups(points) for point in _column(group, gap)]


def _groups(points: Sequence[Point]) -> list[list[Point]]:
    """Points whose costs are near each other, the cheapest first."""
    found: list[list[Point]] = []
    for point in sorted(points, key=lambda one: one.cost):
        if found and point.cost <= GROUP * found[-1][0].cost:
            found[-1].append(point)
        else:
            found.append([point])
    return found


def _column(group: Sequence[Point], gap: float) -> list[Point]:
    """One group; its names stand right of it."""
    places: list[float] = []
    for point in group:
        places.append(max(point.cost, places[-1] * BESIDE if places else 0.0))
    heights = spread([point.value for point in group], gap)
    right = places[-1] * RIGHT
    return [
        replace(point, x=x, label_x=right, label_y=height)
        for point, x, height in zip(group, places, heights, strict=True)
    ]


def spread(values: Sequence[float], gap: float) -> list[float]:
    """Heights at least a gap apart, in the same order, as near to the values as that allows.

    Neighbours that are too near are put around their common mean.
    """
    order = sorted(range(len(values)), key=lambda n: values[n])
    blocks: list[tuple[float, list[int]]] = []  # the middle of each, and whose
    for number in order:
        middle, members = values[number], [number]
        while blocks and middle - blocks[-1][0] < gap * (len(members) + len(blocks[-1][1])) / 2:
            before, earlier = blocks.pop()
            size = len(earlier) + len(members)
            middle = (before * len(earlier) + middle * len(members)) / size
            members = earlier + members
        blocks.append((middle, members))
    found = [0.0] * len(values)
    for middle, members in blocks:
        for place, number in enumerate(members):
            found[number] = middle + gap * (place - (len(members) - 1) / 2)
    return found
