"""Every parser of what comes from outside, given damaged answers: no crash, no hang, no growth.

Damage is drawn from a seed (tests/replay/fuzzing.py): bytes turned, cut, doubled and moved, answers
spliced, signs that are known to hurt, values of JSON exchanged. Answers are those of the invented
services, and recorded ones where the folder of real data is there. Each parser is a process of its
own. What may come out of a parser is an error in words; every other exception is a crash.

    bin/bench fuzz [--runs 100000] [--parser NAME] [--seed 1] [--keep] [--check] [--record]
    bin/bench fuzz --guided [--runs 100000] [--parser NAME]

With --keep, what crashes is kept in tests/data/fuzz, where a test reads it from then on. With
--guided, atheris looks for damage that reaches code not reached before; it is installed into
benchmarks/.venv when first needed. With --check the exit code is 0 only where no parser crashed, no
execution took a second, and memory grew by less than 50 MB in each.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HANG = 1.0  # seconds of one execution
GROWTH = 50.0  # megabytes
KEPT = 20
_WARM = 2000  # executions after which memory is looked at
_LOOK = 1000
_NOTES = """
"Read" are executions after which there was something to read, the others ended with an error in
words. "Slowest" is processor time of one execution; "growth" what memory grew by after the first
2,000 executions.
"""


def main() -> int:
    """Damage and read; print the figures."""
    arguments = _arguments()
    if arguments.child:
        print(json.dumps(_child(arguments)))
        return 0
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from lib.report import Gate, Report, size, table  # noqa: PLC0415 - guided children go without

    report = Report(packages=())
    names = [arguments.parser] if arguments.parser else _names()
    rows = [_run(name, arguments) for name in names]
    head = ["", "executions", "read", "crashes", "slowest, s", "growth, MB", "seconds"]
    cells = [
        [
            name,
            f"{row['runs']:,}",
            f"{row['read']:,}" if "read" in row else "",
            str(len(row["crashes"])),
            f"{row['slowest']:.3f}",
            f"{row['growth']:.1f}",
            f"{row['seconds']:.0f}",
        ]
        for name, row in zip(names, rows, strict=True)
    ]
    report.say(f"{len(names)} parsers, seed {arguments.seed}, {size()}")
    for line in table(head, cells):
        report.say(line)
    for name, row in zip(names, rows, strict=True):
        for crash in row["crashes"]:
            report.say(f"{name}: {crash}")
    crashes = sum(len(row["crashes"]) for row in rows)
    slowest = max(row["slowest"] for row in rows)
    growth = max(row["growth"] for row in rows)
    done = sum(row["runs"] for row in rows)
    least = min(row["runs"] for row in rows)
    holds = report.close(
        [
            Gate(
                f"{done:,} executions, {crashes} crashes", not crashes and least >= arguments.runs
            ),
            Gate(f"slowest {slowest:.2f} s", slowest < HANG),
            Gate(f"memory grew by at most {growth:.0f} MB", growth < GROWTH),
        ]
    )
    if arguments.record:
        report.record("fuzz", "Damaged answers", _NOTES)
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--parser")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--guided", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _recorded() -> Path | None:
    place = Path(os.environ.get("DIGEST_SHARED") or ROOT.parent / "shared") / "data" / "recorded"
    return place if place.is_dir() else None


def _names() -> list[str]:
    from tests.replay.fuzzing import targets  # noqa: PLC0415 - see main

    return list(targets())


def _run(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One parser in a process of its own."""
    options = ["--parser", name, "--runs", str(arguments.runs), "--seed", str(arguments.seed)]
    options += ["--keep"] if arguments.keep else []
    python, environment = sys.executable, dict(os.environ)
    script = Path(__file__)
    if arguments.guided:
        from lib import peers  # noqa: PLC0415 - where it is needed

        peers.install(("atheris",))
        python, script = str(peers.PYTHON), ROOT / "benchmarks" / "lib" / "guided.py"
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(ROOT), *(path for path in sys.path if "site-packages" in path)]
        )
    command = [python, "-W", "error", str(script), *options, "--child"]
    done = subprocess.run(  # noqa: S603 - our own scripts
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    if done.returncode:
        print(done.stderr[-4000:], file=sys.stderr)
        crash = f"the process ended with {done.returncode}"
        return {
            "runs": 0, "crashes": [crash], "slowest": 0.0, "growth": 0.0, "seconds": 0.0
        }  # fmt: skip
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _child(arguments: argparse.Namespace) -> dict[str, Any]:
    from tests.replay.fuzzing import damaged, targets  # noqa: PLC0415 - see main

    recorded = None if arguments.keep else _recorded()  # what is kept is of our own making
    target = targets(recorded)[arguments.parser]
    chance = random.Random(f"{arguments.parser} {arguments.seed}")  # noqa: S311 - the same again
    signal.signal(signal.SIGALRM, _ring)
    crashes: dict[str, str] = {}
    read, slowest, base, most = 0, 0.0, 0.0, 0.0
    started = time.monotonic()
    for number in range(arguments.runs):
        data = damaged(target, chance)
        begun = time.process_time()
        signal.setitimer(signal.ITIMER_REAL, 20 * HANG)
        try:
            read += target.execute(data)
        except Exception as error:  # noqa: BLE001 - every one of them is a crash
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            words = f"{type(error).__name__} at {place}: {str(error)[:80]!r}"
            if place not in crashes and len(crashes) < KEPT:
                crashes[place] = words
                _keep(arguments, data)
        signal.setitimer(signal.ITIMER_REAL, 0)
        taken = time.process_time() - begun
        if taken >= HANG and slowest < HANG:
            _keep(arguments, data)
        slowest = max(slowest, taken)
        if number == min(_WARM, arguments.runs // 2):
            base = _memory()
        elif number % _LOOK == 0:
            most = max(most, _memory())
    most = max(most, _memory())
    return {
        "runs": arguments.runs,
        "read": read,
        "crashes": list(crashes.values()),
        "slowest": slowest,
        "growth": max(most - base, 0.0),
        "seconds": time.monotonic() - started,
    }


def _ring(*_: object) -> None:
    raise TimeoutError("a hang")


def _keep(arguments: argparse.Namespace, data: bytes) -> None:
    if arguments.keep:
        place = ROOT / "tests" / "data" / "fuzz"
        place.mkdir(parents=True, exist_ok=True)
        mark = hashlib.sha256(data).hexdigest()[:10]
        (place / f"{arguments.parser}-{mark}.bin").write_bytes(data)


def _memory() -> float:
    """Megabytes that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    sys.exit(main())
