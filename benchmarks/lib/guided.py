"""One parser under atheris: damage that reaches code not reached before is damaged further.

Run by `bin/bench fuzz --guided` with the Python of benchmarks/.venv and the packages of both
environments; prints what `fuzz.py` prints for a parser.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["digest"], enable_loader_override=False):
    from tests.replay.fuzzing import targets

LONGEST = 48_000
_KEPT = 20
_WARM = 2000


def main() -> None:
    """Look until there were so many executions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parser", required=True)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--child", action="store_true")
    order = parser.parse_args()
    target = targets()[order.parser]
    said: dict[str, Any] = {"runs": 0, "read": 0, "crashes": [], "slowest": 0.0, "growth": 0.0}
    started = time.monotonic()

    def once(data: bytes) -> None:
        begun = time.process_time()
        try:
            said["read"] += target.execute(data)
        except Exception as error:  # noqa: BLE001 - every one of them is a crash
            where = traceback.extract_tb(error.__traceback__)[-1]
            words = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
            if words not in said["crashes"] and len(said["crashes"]) < _KEPT:
                said["crashes"].append(words)
                if order.keep:
                    Path(f"{order.parser}-{len(said['crashes'])}.bin").write_bytes(data)
        said["slowest"] = max(said["slowest"], time.process_time() - begun)
        said["runs"] += 1
        if said["runs"] == min(_WARM, order.runs // 2):
            said["base"] = _memory()
        if said["runs"] == order.runs:
            said["seconds"] = time.monotonic() - started
            said["growth"] = max(_memory() - said["base"], 0.0)
            print(json.dumps(said), flush=True)
            os._exit(0)  # the library would end the process without a word

    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds):
            (Path(folder) / str(number)).write_bytes(seed)
        options = [f"-seed={order.seed}", f"-max_len={LONGEST}", "-timeout=20", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *options, folder], once)
        atheris.Fuzz()


def _memory() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
