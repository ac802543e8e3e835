"""What has to hold: ours above plain TF-IDF, not below the SVM, and a hundredth of the encoder."""

from collections.abc import Mapping, Sequence

from lib.measures import Floats, mean
from lib.report import Gate

LEAST_RATIO = 100

Figures = Mapping[str, Floats]  # by method, one figure a reader


def gates(tasks: Mapping[str, Figures], ratio: float) -> list[Gate]:
    """The gates of `bin/bench rivals --check`.

    Args:
        tasks: of each task, by its name, the figures of the measure that counts.
        ratio: how many times as much a new paper costs the encoder.
    """
    found = [_above(name, figures) for name, figures in tasks.items()]
    found += [_not_below(name, figures) for name, figures in tasks.items() if "svm" in figures]
    words = f"1/{ratio:.0f} of the encoder's time for each new paper (gate 1/{LEAST_RATIO})"
    return [*found, Gate(words, ratio >= LEAST_RATIO)]


def beaten(tasks: Mapping[str, Figures]) -> Sequence[str]:
    """Where a rival is above ours for certain, in words."""
    return [
        f"{rival} is above ours on {name}: ours - it {apart.signed}"
        for name, figures in tasks.items()
        for rival in figures
        if (apart := mean(figures["ours"] - figures[rival])).high < 0
    ]


def _above(name: str, figures: Figures) -> Gate:
    apart = mean(figures["ours"] - figures["centroid"])
    return Gate(f"{name} ours - centroid {apart.signed}", apart.low > 0)


def _not_below(name: str, figures: Figures) -> Gate:
    apart = mean(figures["ours"] - figures["svm"])
    return Gate(f"{name} ours - svm {apart.signed}", apart.value >= 0)
