"""Answers that are kept for a while: a few, so that memory does not grow with the questions."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class Kept(Generic[_Answer]):
    """The last `most` answers, none older than `lasting`; the one asked for longest ago goes."""

    most: int
    lasting: timedelta
    _answers: OrderedDict[Hashable, tuple[datetime, _Answer]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, question: Hashable, now: datetime, answer: Callable[[], _Answer]) -> _Answer:
        """What was answered before, or else what `answer` says now."""
        with self._lock:
            known = self._answers.get(question)
            if known is not None and abs(now - known[0]) < self.lasting:
                self._answers.move_to_end(question)
                return known[1]
        found = answer()
        with self._lock:
            self._answers[question] = now, found
            self._answers.move_to_end(question)
            while len(self._answers) > self.most:
                self._answers.popitem(last=False)
        return found
