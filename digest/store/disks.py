"""Where a SQLite database lies: on what kind of file system, and who else can read it."""

import contextlib
import os
from pathlib import Path

# Locks do not hold there: two writers at once damage a SQLite database.
NETWORKED = frozenset(
    {
        *("afs", "cifs", "davfs", "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs"),
        *("fuse.davfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
    }
)
_MOUNTS = Path("/proc/self/mountinfo")
_OTHERS = 0o077
_BESIDE = ("", "-journal", "-wal", "-shm")


def networked(folder: Path, mounts: Path | None = None) -> str | None:
    """The network file system that a folder lies on; None: on none, or it cannot be told.

    Args:
        folder: a folder that exists.
        mounts: what is mounted, as Linux lists it; None: in this process.
    """
    try:
        device = folder.stat().st_dev
        lines = (mounts or _MOUNTS).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in lines:
        where, _, what = line.partition(" - ")
        if wanted in where.split()[2:3]:
            kind = what.split(" ", 1)[0]
            return kind if kind in NETWORKED else None
    return None


def make_private(file: Path) -> None:
    """Make an empty file that its owner alone can read; one that is there stays as it is.

    SQLite takes it for a new database, and gives its journal the same mode. Where it cannot be
    made, SQLite says why.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def open_to_others(file: Path | None) -> list[Path]:
    """A SQLite database and what lies beside it, as far as others on this machine may read it."""
    if file is None or os.name != "posix":
        return []
    found = [file.with_name(file.name + end) for end in _BESIDE]
    return [path for path in found if path.exists() and path.stat().st_mode & _OTHERS]
