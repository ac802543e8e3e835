"""Run a command and write down its seconds and the most memory that one of its processes held.

    python -I -S launch.py REPORT COMMAND [ARGS…]

A process of its own, and a small one: a child's peak starts with the size of whoever forked it.
The child's standard output goes where ours goes. Exits as the command does.
"""

import json
import os
import sys
import time


def main() -> int:
    """Start, wait, write."""
    report, command = sys.argv[1], sys.argv[2:]
    started = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    with open(report, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is memory
        json.dump({"seconds": seconds, "kilobytes": usage.ru_maxrss, "code": code}, file)
    return 1 if code else 0


if __name__ == "__main__":
    sys.exit(main())
