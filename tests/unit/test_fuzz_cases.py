"""Damaged answers: every parser ends soon, with papers or with an error in words.

`bin/bench fuzz` does the same a hundred thousand times; what it ever found is kept in data/fuzz.
"""

import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from digest.errors import SourceError
from tests.effort import effort
from tests.replay.fuzzing import CASES, Target, damaged, targets

RUNS = 150
NAMES = sorted(targets())
KEPT = sorted(CASES.glob("*.bin"))


@cache
def every() -> Mapping[str, Target]:
    """All parsers, with answers of our own."""
    return targets()


def most_effort(data: bytes) -> int:
    """The calls that reading so much may take: dozens for each sign and each entry."""
    return 50 * (len(data) + 1_000)


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.stem)
def test_what_once_broke_a_parser_does_so_no_more(case: Path) -> None:
    """No other exception than ours, and nothing is looked at again and again."""
    name = max((name for name in NAMES if case.name.startswith(f"{name}-")), key=len)
    target, data = every()[name], case.read_bytes()
    assert effort(lambda: target.execute(data)) < most_effort(data)


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_read_or_refused_in_words(name: str) -> None:
    """A short run with a seed of its own; damage has to be damage, and not all of an answer."""
    target, chance = every()[name], random.Random(f"test {name}")
    read = []
    for _ in range(RUNS):
        data = damaged(target, chance)
        assert effort(lambda: read.append(target.execute(data))) < most_effort(data)  # noqa: B023
    assert any(read)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_damaged_could_be_read_before(name: str) -> None:
    """Answers that were refused as they are would prove little."""
    assert all(map(every()[name].execute, every()[name].whole))


def test_an_error_that_is_not_in_words_is_seen() -> None:
    """The control: an exception of another kind comes out, ours is a refusal."""

    def refusing(_: bytes) -> None:
        raise SourceError("test", "in words")

    def breaking(_: bytes) -> None:
        raise IndexError

    assert not Target("refusing", refusing, (b"x",)).execute(b"x")
    with pytest.raises(IndexError):
        Target("breaking", breaking, (b"x",)).execute(b"x")
