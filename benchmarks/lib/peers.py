"""Packages that benchmarks compare with, in an environment of their own: benchmarks/.venv.

    python benchmarks/lib/peers.py EXTRA

sees that an extra of the program is there, such as `neural`.
"""

import fcntl
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

PLACE = Path(__file__).resolve().parents[1] / ".venv"
PYTHON = PLACE / "bin" / "python"
_VERSIONS = (
    "import importlib.metadata as m, json, sys;"
    "print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
)


def neural() -> list[str]:
    """The command that runs the program with the encoder beside its own packages.

    Raises:
        SystemExit: as install().
    """
    install(_extra("neural"))
    beside = next(PLACE.glob("lib/python*/site-packages"))
    start = "import sys; sys.path.append(sys.argv.pop(1)); from digest.cli import main; main()"
    return [sys.executable, "-c", start, str(beside)]


def install(packages: Sequence[str]) -> dict[str, str]:
    """See that these packages are there; returns their versions.

    Args:
        packages: names, each with a range or without.

    Raises:
        SystemExit: they are not, and cannot be installed (exit code 2, in words).
    """
    found = _versions(packages)
    if found is None:
        PLACE.parent.mkdir(exist_ok=True)
        with (PLACE.parent / ".venv-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _make(packages)
        found = _versions(packages)
    if found is None:
        print(f"{', '.join(packages)}: not installable into {PLACE}", file=sys.stderr)
        raise SystemExit(2)
    return found


def _versions(packages: Sequence[str]) -> dict[str, str] | None:
    if not PYTHON.exists():
        return None
    names = [re.split(r"[^\w.-]", package)[0] for package in packages]
    command = [str(PYTHON), "-c", _VERSIONS, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        return None
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _make(packages: Sequence[str]) -> None:
    """Make the environment; whoever asks looks whether it worked."""
    print(f"installing {', '.join(packages)} into {PLACE} …", file=sys.stderr, flush=True)
    base = str(Path(sys.base_prefix) / "bin" / "python3")
    steps = [[str(PYTHON), "-m", "pip", "install", "--quiet", *packages]]
    if not PYTHON.exists():
        steps.insert(0, [base, "-m", "venv", str(PLACE)])
    for step in steps:
        if subprocess.run(step, check=False).returncode:  # noqa: S603 - our own steps
            return


def main() -> None:
    """Install what an extra names."""
    found = install(_extra(sys.argv[1]))
    print(", ".join(f"{name} {version}" for name, version in found.items()))


def _extra(name: str) -> list[str]:
    """What an extra of the program names."""
    project = tomllib.loads((PLACE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    extra: list[str] = project["project"]["optional-dependencies"][name]
    return extra


if __name__ == "__main__":
    main()
