"""docs/rivals.md tells what `bin/bench rivals --record` wrote down, and nothing else."""

import ast
import re
from pathlib import Path

import pytest

TABLE = re.compile(r"^\|.*\|$(?:\n^\|.*\|$)+", re.MULTILINE)
FIGURE = re.compile(r"[+-]?\b\d+\.\d{2,}\b")


@pytest.fixture
def told(checkout: Path) -> str:
    """What people read."""
    return (checkout / "docs/rivals.md").read_text(encoding="utf-8")


@pytest.fixture
def recorded(checkout: Path) -> str:
    """What the last recorded run said."""
    return (checkout / "benchmarks/results/rivals.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_recorded_run(told: str, recorded: str) -> None:
    """Both tables, letter by letter: after a new record they are copied anew."""
    tables = TABLE.findall(told)
    assert len(tables) == 2
    assert TABLE.findall(recorded) == tables


def test_no_figure_is_told_that_was_not_measured(told: str, recorded: str) -> None:
    """Every figure with two digits after the point stands in the record."""
    figures = set(FIGURE.findall(TABLE.sub("", told)))
    assert figures
    assert figures - set(FIGURE.findall(recorded)) == set()


def test_its_command_exists_with_its_options(told: str, checkout: Path) -> None:
    """Every option that is told is one of the benchmark's."""
    tree = ast.parse((checkout / "benchmarks/rivals.py").read_text(encoding="utf-8"))
    options = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    asked = set(re.findall(r"(?<![\w-])--[a-z]+", told))
    assert "--check" in asked
    assert asked <= options


def test_every_rival_of_the_tables_is_explained(told: str) -> None:
    """Each first cell stands in backquotes in the text."""
    first = TABLE.findall(told)[0].splitlines()[2:]
    names = {line.split("|")[1].strip() for line in first}
    assert len(names) > 5
    assert {name for name in names if f"`{name}`" not in told} == set()


def test_the_picture_can_be_read_on_dark_pages(checkout: Path) -> None:
    """It has a white ground of its own."""
    picture = (checkout / "benchmarks/results/rivals.svg").read_text(encoding="utf-8")
    assert re.search(r'<g id="patch_1">\s*<path[^>]*style="fill: #ffffff', picture)
