"""What a piece of work costs, in a unit that a busy machine does not change.

Seconds belong to the benchmarks. What would hang is ended by the timeout of each test.
"""

import sys
from collections.abc import Callable

SOON = 30.0  # seconds in which an end that was asked for comes, however busy the machine is


def effort(work: Callable[[], object]) -> int:
    """How many functions are called, Python's and the libraries' alike; whose loops are not seen."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls
