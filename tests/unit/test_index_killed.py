"""Updates of the index that are killed: at any moment, the old state or the new one, no other."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from digest.ranking.index import Index, bury, fit, new_index, open_index, relearn
from tests.indexes import (
    FILES,
    IDENTITY,
    TEXTS,
    assert_fitted_as_anew,
    contents,
    expected,
    filled,
    grown,
    opened,
)


class Killed(BaseException):
    """The end of the process, as far as the files can tell."""


@contextlib.contextmanager
def killed_at(call: int) -> Iterator[list[int]]:
    """The process ends at the n-th time that something is put on the disk for good."""
    calls = [0]
    fsync, replace, write = os.fsync, Path.replace, Path.write_bytes

    def counting(done: Callable[..., Any]) -> Callable[..., Any]:
        def stop(*arguments: Any) -> Any:
            calls[0] += 1
            if calls[0] == call:
                raise Killed
            return done(*arguments)

        return stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", counting(fsync))
        patch.setattr(Path, "replace", counting(replace))
        patch.setattr(Path, "write_bytes", counting(write))
        yield calls


UPDATES: dict[str, Callable[[Index], Index]] = {
    "append": lambda index: grown(index, ("roads and turbines", "bread alone"), 13),
    "bury": lambda index: bury(index, [10]),
    "fit": fit,
    "relearn": relearn,
}


@pytest.mark.parametrize("update", list(UPDATES))
def test_a_killed_update_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: str
) -> None:
    """Wherever it is killed: the old index opens as it was, and the next update is right."""
    monkeypatch.setattr("digest.ranking.subjects.LEAST_PAPERS", 4)
    texts = (*TEXTS, "owls and bread", "owls and mice", "mice and bread", "dawn of owls")
    change = UPDATES[update]
    before = contents(filled(tmp_path / "old", texts))
    with killed_at(-1) as calls:
        after = contents(change(filled(tmp_path / "count", texts)))
    with killed_at(-1) as made:
        filled(tmp_path / "none", texts)
    steps = calls[0] - made[0]
    assert steps >= 2
    for step in range(1, steps + 1):
        folder = tmp_path / f"{step}"
        shutil.copytree(tmp_path / "old", folder)
        index = opened(folder)
        with pytest.raises(Killed), killed_at(step):
            change(index)
        assert contents(opened(folder)) == contents(index) == before
        other = grown(opened(folder), ("a shorter one",), 77)
        assert contents(opened(folder)) == before | expected({77: "a shorter one"})
        assert contents(change(other)) == after | expected({77: "a shorter one"})
        assert_fitted_as_anew(fit(opened(folder)))


def test_a_killed_beginning_is_no_index(tmp_path: Path) -> None:
    """Whatever was there before is gone; the next beginning is right."""
    with killed_at(-1) as calls:
        new_index(tmp_path / "count", IDENTITY)
    for step in range(1, calls[0] + 1):
        filled(tmp_path / "i")
        with pytest.raises(Killed), killed_at(step):
            new_index(tmp_path / "i", IDENTITY)
        assert open_index(tmp_path / "i", IDENTITY) is None
        assert contents(filled(tmp_path / "i")) == expected(dict(enumerate(TEXTS, 10)))


def test_bytes_behind_the_end_are_written_over(tmp_path: Path) -> None:
    """Half an update of another process, longer than the next one."""
    filled(tmp_path / "i")
    for name in FILES:
        with (tmp_path / "i" / name).open("ab") as file:
            file.write(b"\x5a" * 997)
    index = grown(opened(tmp_path / "i"), ("bread alone",), 11)
    texts = dict(enumerate(TEXTS, 10)) | {11: "bread alone"}
    assert contents(opened(tmp_path / "i")) == contents(index) == expected(texts)
    assert (tmp_path / "i" / "columns").stat().st_size == 4 * index.head.entries
