"""How long work tells a person that it goes on, without knowing of terminals."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int], None]


class Progress(Protocol):
    """Shows that work goes on; `track` yields a function that takes the number of things done."""

    def track(self, label: str, total: int | None) -> AbstractContextManager[Advance]:
        """Begin a piece of work of `total` things, or of unknown length."""
        ...


class Quiet:
    """Progress for a log file, a pipe or a test: none."""

    @contextmanager
    def track(self, label: str, total: int | None) -> Iterator[Advance]:  # noqa: ARG002
        """Count nothing."""
        yield lambda _done: None
