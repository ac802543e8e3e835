"""What kind of file system a SQLite database lies on."""

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
