"""How fast mails may leave: so many a minute, evenly, over all connections of this process."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

_MINUTE = 60.0


@dataclass(slots=True)
class Pace:
    """Gives turns at even distances; without a limit at once.

    Args:
        per_minute: the most mails in a minute; None: no limit.
        monotonic: seconds on a clock that is never set.
        wait: lets seconds pass; may return early when the program is to end.
    """

    per_minute: int | None
    monotonic: Callable[[], float]
    wait: Callable[[float], object]
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take_turn(self) -> None:
        """Wait until the next mail may leave."""
        if self.per_minute is None:
            return
        with self._lock:
            now = self.monotonic()
            turn = max(self._next, now)
            self._next = turn + _MINUTE / self.per_minute
        if turn > now:
            self.wait(turn - now)
