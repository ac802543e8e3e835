"""What a benchmark says: lines on the terminal, gates and aims, and a file to keep."""

import importlib.metadata
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results"
RANKING = ("scikit-learn", "numpy", "scipy")  # packages that its figures depend on


@dataclass(frozen=True, slots=True)
class Gate:
    """One figure that has to hold, in words that fit on the last line."""

    words: str
    holds: bool


@dataclass(slots=True)
class Report:
    """Prints each line at once and remembers it for the file."""

    lines: list[str] = field(default_factory=list)
    packages: Sequence[str] = RANKING

    def say(self, line: str = "") -> None:
        """Print a line and keep it."""
        print(line, flush=True)
        self.lines.append(line)

    def aim(self, words: str, *, reached: bool) -> None:
        """Say whether something that no gate asks for was reached."""
        self.say(f"aim {words}: {'reached' if reached else 'not reached'}")

    def close(self, gates: Sequence[Gate]) -> bool:
        """Say the last line; returns whether all gates hold."""
        holds = all(gate.holds for gate in gates)
        words = "; ".join(gate.words + ("" if gate.holds else " (missed)") for gate in gates)
        self.say(f"{words}: {'holds' if holds else 'DOES NOT HOLD'}")
        return holds

    def record(self, name: str, title: str, notes: str, left_out: Sequence[str] = ()) -> None:
        """Write the lines down in results/, with command (some words left out), machine, date."""
        unsaid = {"--record", *left_out}
        arguments = " ".join(word for word in sys.argv[1:] if word not in unsaid)
        command = f"bin/bench {name} {arguments}".strip()
        text = (
            f"# {title}\n\nCommand: `{command}`, on {size()}, {datetime.now(UTC):%d %B %Y}.\n"
            f"{versions(self.packages)}.\n\n```\n"
            + "\n".join(self.lines)
            + f"\n```\n\n{notes.strip()}\n"
        )
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")


def size() -> str:
    """Cores and memory of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores and {memory:.0f} GB"


def versions(packages: Sequence[str] = RANKING) -> str:
    """What the figures depend on besides the machine."""
    named = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    return ", ".join([f"Python {platform.python_version()}", *named])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with columns under each other."""
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]
