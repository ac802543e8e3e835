"""Damaged answers: every parser ends soon, with papers or with an error in words.

`bin/bench fuzz` does the same a hundred thousand times; what it ever found is kept in data/fuzz.
"""

import random
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from digest.errors import SourceError
from tests.replay.fuzzing import CASES, Target, damaged, targets

RUNS = 150
A_HANG = 1.0
NAMES = sorted(targets())
KEPT = sorted(CASES.glob("*.bin"))


@cache
def every() -> Mapping[str, Target]:
    """All parsers, with answers of our own."""
    return targets()


def timed(target: Target, data: bytes) -> tuple[bool, float]:
    """Whether it was read, and the processor's seconds that it took."""
    started = time.process_time()
    return target.execute(data), time.process_time() - started


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.stem)
def test_what_once_broke_a_parser_does_so_no_more(case: Path) -> None:
    """No other exception than ours, and no hang."""
    name = max((name for name in NAMES if case.name.startswith(f"{name}-")), key=len)
    _, seconds = timed(every()[name], case.read_bytes())
    assert seconds < A_HANG


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_read_or_refused_in_words(name: str) -> None:
    """A short run with a seed of its own; damage has to be damage, and not all of an answer."""
    target, chance = every()[name], random.Random(f"test {name}")
    found = [timed(target, damaged(target, chance)) for _ in range(RUNS)]
    assert max(seconds for _, seconds in found) < A_HANG
    assert any(read for read, _ in found)


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
