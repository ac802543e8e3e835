"""Make the environment in .venv, or see that it is ready. Needs only Python 3.11+ and pip.

Works where Python is externally managed and lacks ensurepip (Debian): the environment is made
without pip, and the pip that is there installs into it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "ready.json"
LOG = ROOT / ".venv-install.log"
OLDEST_PIP = (22, 3)  # the first with --python


def main(extras: list[str]) -> None:
    """Make what is missing; say nothing where all is ready."""
    if _is_ready(extras):
        return
    with _alone():
        if not _is_ready(extras):
            _make(extras)


def _wanted() -> dict[str, str]:
    files = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
    content = b"".join(file.read_bytes() for file in files)
    return {
        "place": str(ROOT),
        "runs": os.path.realpath(VENV / "bin" / "python"),
        "packages": hashlib.sha256(content).hexdigest(),
    }


def _version() -> str:
    return sys.version.replace("\n", " ")


def _is_ready(extras: list[str]) -> bool:
    """Whether .venv has what is wanted.

    Its Python may be another than the one that asks: only `PYTHON=…` asks for a certain one.
    """
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    if not (VENV / "bin" / "digest").exists() or not (VENV / "bin" / "python").exists():
        return False
    if stamp.pop("python", "") != _version() and os.environ.get("PYTHON"):
        return False
    return set(extras) <= set(stamp.pop("extras", [])) and stamp == _wanted()


def _make(extras: list[str]) -> None:
    _check_pip()
    print("Setting up digest in .venv (half a minute, 360 MB) …", flush=True)
    before = _stamped_extras()
    if not _python_works() or not _lies_where_it_was():
        shutil.rmtree(VENV, ignore_errors=True)
        made = subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", str(VENV)],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            sys.exit(f"digest: cannot make {VENV}: {(made.stderr or made.stdout).strip()[-300:]}")
    STAMP.unlink(missing_ok=True)
    every = sorted({*extras, *before})
    _install(every)
    STAMP.write_text(json.dumps({**_wanted(), "python": _python()[0], "extras": every}))
    LOG.unlink(missing_ok=True)


def _check_pip() -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "--version"], capture_output=True, text=True, check=False
    )
    found = re.match(r"pip (\d+)\.(\d+)", asked.stdout)
    if not found:
        sys.exit(
            "digest needs pip: install it (Debian: sudo apt install python3-pip; elsewhere: "
            f"{Path(sys.executable).name} -m ensurepip)"
        )
    if (int(found[1]), int(found[2])) < OLDEST_PIP:
        sys.exit(f"digest needs pip 22.3 or newer: {sys.executable} -m pip install --upgrade pip")


def _python_works() -> bool:
    """Whether .venv has a Python that runs, lies here, has its packages here, and is asked for."""
    version, minor, prefix = _python()
    wanted = version == _version() or not os.environ.get("PYTHON")
    return prefix == str(VENV) and (VENV / "lib" / minor).is_dir() and wanted


def _python() -> tuple[str, str, str]:
    """The version of .venv's Python, its folder of packages, and where it thinks it lies."""
    probe = (
        "import sys; print(sys.version.replace(chr(10), ' '));"
        "print('python%d.%d' % sys.version_info[:2]); print(sys.prefix)"
    )
    try:
        found = subprocess.run(
            [str(VENV / "bin" / "python"), "-c", probe],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ("", "none", "")
    version, minor, prefix = (*found.stdout.splitlines(), "", "none", "")[:3]
    return version, minor, prefix


def _lies_where_it_was() -> bool:
    """Whether the checkout was not moved: scripts of .venv name the folder they were made in."""
    with contextlib.suppress(OSError, ValueError):
        return bool(json.loads(STAMP.read_text()).get("place") == str(ROOT))
    return True


def _stamped_extras() -> list[str]:
    with contextlib.suppress(OSError, ValueError):
        return list(json.loads(STAMP.read_text()).get("extras", []))
    return []


def _install(extras: list[str]) -> None:
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    command = [
        *(sys.executable, "-m", "pip", "--python", str(VENV / "bin" / "python"), "install"),
        *("--constraint", str(ROOT / "constraints.txt"), "--editable", target),
    ]
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX")
    }
    environment |= {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PYTHONUNBUFFERED": "1",
    }
    started = time.monotonic()
    with (
        LOG.open("w") as log,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as pip,
    ):
        seen = 0
        for line in pip.stdout or ():
            log.write(line)
            if match := re.match(r"Collecting ([\w.-]+)", line):
                seen += 1
                _show(f"{seen:3d} packages found, {match[1]}", started)
            elif line.startswith("Installing collected packages"):
                _show("installing", started)
    _show("", started)
    if pip.returncode:
        print("".join(LOG.read_text().splitlines(keepends=True)[-12:]), file=sys.stderr)
        sys.exit(f"digest: the packages could not be installed; all of pip's words are in {LOG}")
    print(f"Ready after {time.monotonic() - started:.0f} s.", flush=True)


def _show(text: str, started: float) -> None:
    """One line that changes on a terminal, a line now and then elsewhere."""
    if sys.stdout.isatty():
        clock = f"{time.monotonic() - started:4.0f} s  " if text else ""
        print(f"\r\033[K{clock}{text}", end="", flush=True)
    elif text.endswith("installing"):
        print(f"  {text} …", flush=True)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let two commands that start at once make one environment."""
    with (ROOT / ".venv-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another command is setting up .venv: waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("digest: interrupted; the next call goes on with the setting up")
    except OSError as error:
        sys.exit(f"digest: cannot set up {VENV}: {error}")
