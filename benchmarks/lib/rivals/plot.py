"""Draw quality against cost, as a process of its own in benchmarks/.venv.

    python -m lib.rivals.plot PICTURE.json TARGET.svg

What is drawn where was decided before: lib/rivals/picture.py. Letters are drawn as shapes, so that
the file looks the same everywhere. Prints an empty JSON object.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

OURS, WITH, OTHERS = "#b3261e", "#d9772b", "#3d5a80"
COLOURS = {"ours": OURS, "blend": WITH, "ours-encoder": WITH}
SHAPES = {"ours": "o", "blend": "D", "ours-encoder": "s"}
ROOM = 22.0  # right of the dearest, as a factor, for names


def main() -> None:
    """Read, draw, write."""
    picture = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    mpl.rcParams |= {
        "svg.hashsalt": "rivals",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    figure, every = plt.subplots(2, 2, figsize=(11, 8.6), sharex=True, facecolor="white")
    costs = [point["cost"] for panel in picture["panels"] for point in panel["points"]]
    for axes, panel in zip(every.flat, picture["panels"], strict=True):
        axes.set_xlim(min(costs) / 1.6, max(costs) * ROOM)
        _draw(axes, panel)
    for axes in every[1]:
        axes.set_xlabel("milliseconds for each new paper, with 1,000 readers (log scale)")
    figure.suptitle("Quality against cost: higher is better, further left is cheaper", fontsize=13)
    figure.text(
        0.5,
        0.008,
        "Bars: 95 % intervals over readers; differences are paired, so surer than bars tell.\n"
        "Dashed: the best for each cost. Points that cost about the same stand side by side.",
        ha="center",
        color="#444444",
        fontsize=9,
    )
    figure.tight_layout(rect=(0, 0.045, 1, 1))
    figure.savefig(sys.argv[2], metadata={"Date": None})
    print("{}")


def _draw(axes: Any, panel: dict[str, Any]) -> None:  # noqa: ANN401 - matplotlib has no types
    axes.set_title(panel["title"], loc="left", fontweight="bold")
    axes.set_ylabel(panel["measure"])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(visible=True, color="#e6e6e6", linewidth=0.7)
    axes.set_axisbelow(True)
    front = sorted((one["x"], one["value"]) for one in panel["points"] if one["best"])
    axes.plot(*zip(*front, strict=True), "--", color="#888888", linewidth=1, zorder=1)
    for point in panel["points"]:
        _point(axes, point)


def _point(axes: Any, point: dict[str, Any]) -> None:  # noqa: ANN401
    name = point["name"]
    colour = COLOURS.get(name, OTHERS)
    axes.errorbar(
        point["x"],
        point["value"],
        [[point["value"] - point["low"]], [point["high"] - point["value"]]],
        fmt=SHAPES.get(name, "^"),
        color=colour,
        markersize=8 if name == "ours" else 6,
        elinewidth=1.1,
        capsize=2.5,
        zorder=3,
    )
    axes.annotate(
        name,
        (point["x"], point["value"]),
        (point["label_x"], point["label_y"]),
        va="center",
        color=colour,
        fontweight="bold" if name == "ours" else "normal",
        arrowprops={"arrowstyle": "-", "color": "#bbbbbb", "linewidth": 0.7},
        zorder=4,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )


if __name__ == "__main__":
    main()
