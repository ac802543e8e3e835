"""The index of papers: what was counted of each, kept in files and mapped, never read whole.

A folder holds arrays that only grow (where each paper's entries end, the entries, the papers'
numbers and dates, the rows that died), the weights of the last fit, the subjects, and `head.json`,
which says how much of each counts. An update appends, then puts a new head in the place of the old
one: whoever is killed before that leaves the old index as it was. A head of another version, of
another database, or one that promises more than the files hold, is no index; it is made anew.

Memory: 40 bytes a paper, 16 MB for weights, 26 MB for subjects, and the pages of the papers that
are looked at (5 bytes an entry, about 200 entries a paper).
"""

import hashlib
import json
import os
import shutil
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.ranking.head import VERSION, Head
from digest.ranking.sheet import COLUMNS, Rows, Sheet
from digest.ranking.subjects import LEAST_PAPERS, Subjects, learn
from digest.ranking.taste import MEANING
from digest.ranking.weights import Weights

SECTION = "section"  # what the folders of digest.ranking.finder begin with
_HEAD = "head.json"
_DRIFT = 16  # weights are fitted anew when a sixteenth of the papers came since
_LASTING = 28  # days that a stored profile stays as it is
_OWNERS_FOLDER, _OWNERS_FILE = 0o700, 0o600
_AGE = 4  # subjects are learned anew when a quarter came since

_ARRAYS: Mapping[str, "np.dtype[Any]"] = {
    "ends": np.dtype(np.int64),
    "columns": np.dtype(np.uint32),
    "counts": np.dtype(np.uint8),
    "numbers": np.dtype(np.int64),
    "days": np.dtype(np.int32),
    "dead": np.dtype(np.int64),
}
_FIT: Mapping[str, "np.dtype[Any]"] = {"seen": np.dtype(np.uint32), "total": np.dtype(np.float32)}


@dataclass(frozen=True)
class Index:
    """One state of the index; it stays readable while a newer one is made."""

    folder: Path
    head: Head
    ends: NDArray[np.int64]
    columns: NDArray[np.uint32]
    counts: NDArray[np.uint8]
    numbers: NDArray[np.int64]
    days: NDArray[np.int32]
    dead: NDArray[np.int64]
    fitted: Weights | None
    files: Mapping[str, int]  # open, so that they stay what they are while a new index is made

    @property
    def sheet(self) -> Sheet:
        """What was counted, of the living and the dead."""
        return Sheet(self.ends, self.columns, self.counts)

    @cached_property
    def alive(self) -> NDArray[np.bool_]:
        """Which rows still stand for a paper."""
        alive = np.ones(self.head.rows, np.bool_)
        alive[self.dead] = False
        return alive

    def take(self, rows: Rows) -> Sheet:
        """Some rows, in the order asked for, read from the files: a map would keep all around them.

        Neighbours are read together.
        """
        lengths = self.ends[rows + 1] - self.ends[rows]
        ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        first = np.flatnonzero(np.concatenate([[True], np.diff(rows) != 1])[: rows.size])
        last = np.append(first, rows.size)[1:]
        starts, lows = self.ends[rows[first]].tolist(), ends[first].tolist()
        runs = list(zip(starts, lows, ends[last].tolist(), strict=True))
        columns, counts = self._read("columns", runs), self._read("counts", runs)
        if int(columns.max(initial=0)) >= COLUMNS or not counts.all():
            raise OSError(f"{self.folder} holds what was never written there")
        return Sheet(ends, columns, counts)

    def _read(self, name: str, runs: Sequence[tuple[int, int, int]]) -> NDArray[Any]:
        """Runs of entries (where from, where to begin, where to end) of an array."""
        kind = _ARRAYS[name]
        values = np.empty(runs[-1][2] if runs else 0, kind)
        room = memoryview(values.data).cast("B")
        for start, low, high in runs:
            place = slice(low * kind.itemsize, high * kind.itemsize)
            if os.preadv(self.files[name], [room[place]], start * kind.itemsize) < len(room[place]):
                raise OSError(f"{self.folder / name} is shorter than it was")
        return values

    @cached_property
    def weights(self) -> Weights:
        """Of all living papers: those of the last fit, and what came and went since."""
        head = self.head
        if self.fitted is None:
            return Weights.of(self.sheet, alive=self.alive)
        return self.fitted.grown(
            self.take(np.arange(head.fit_rows, head.rows)),
            self.take(self.dead[head.fit_dead :]),
        )

    @cached_property
    def subjects(self) -> Subjects | None:
        """The subjects, once there were papers enough."""
        if not self.head.subjects:
            return None
        folder = self.folder / self.head.subjects
        return Subjects(**{n: np.load(folder / f"{n}.npy", mmap_mode="r") for n in _SUBJECTS})

    @cached_property
    def _order(self) -> Rows:
        living = np.flatnonzero(self.alive)
        return living[np.argsort(self.numbers[living], kind="stable")]

    def rows_of(self, numbers: NDArray[np.int64]) -> Rows:
        """The row of each paper; -1 for one that is not in the index."""
        known = self.numbers[self._order]
        if not known.size:
            return np.full(len(numbers), -1, np.int64)
        places = np.minimum(np.searchsorted(known, numbers), known.size - 1)
        return np.where(known[places] == numbers, self._order[places], -1)

    @property
    def papers(self) -> int:
        """How many papers it knows."""
        return self.head.rows - self.head.dead

    @property
    def needs_fit(self) -> bool:
        """Whether so much changed since the weights were fitted that it is time again."""
        moved = self.head.rows - self.head.fit_rows + self.head.dead - self.head.fit_dead
        return moved * _DRIFT > self.head.fit_papers

    @property
    def needs_subjects(self) -> bool:
        """Whether so many papers came since the subjects were learned that it is time again."""
        before = self.head.subjects_papers
        return self.papers >= LEAST_PAPERS and abs(self.papers - before) * _AGE > self.papers

    @property
    def mostly_dead(self) -> bool:
        """Whether it would be better made anew."""
        return self.head.dead * 3 > self.head.rows

    @property
    def generation(self) -> str:
        """What stored profiles were made with, as 32 hex digits.

        It changes with the weights, the subjects, the meaning of either, and every four weeks, so
        that scales are of a past that is not long gone.
        """
        head = self.head
        weeks = int(self.days.max(initial=0)) // _LASTING
        parts = (head.identity, VERSION, MEANING, head.fit, head.subjects, weeks)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


_SUBJECTS = ("columns", "vectors", "calm", "mean", "unit_mean")
# What reading files that are not what they should be can end in.
UNUSABLE = (OSError, EOFError, ValueError, TypeError, LookupError, OverflowError)


def open_index(folder: Path, identity: str) -> Index | None:
    """The index in a folder; None where there is none that can be used for this database."""
    try:
        head = Head(**json.loads((folder / _HEAD).read_text(encoding="ascii")))
        if head.version != VERSION or head.identity != identity or not head.sound:
            return None
        index = _opened(folder, head)
        _check(index)
    except UNUSABLE:
        return None
    return index


def new_index(folder: Path, identity: str) -> Index:
    """An empty index in a folder, in place of whatever was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(_OWNERS_FOLDER, parents=True)
    for name in _ARRAYS:
        _private(folder / name).write_bytes(bytes(8) if name == "ends" else b"")
    return _committed(folder, Head(identity))


def append(
    index: Index,
    sheet: Sheet,
    numbers: Sequence[int],
    days: Sequence[int],
    *,
    change: int,
    key: str,
) -> Index:
    """The index with more papers; a paper that it had already lives in its new row.

    Args:
        index: the latest state; whoever appends must be alone.
        sheet: what was counted of the papers.
        numbers: the papers' numbers in the store.
        days: the dates of their announcement as ordinals, 0 for none.
        change: the last change of the store that is in the sheet.
        key: the key of the paper of that change.
    """
    former = index.rows_of(np.array(numbers, np.int64))
    added: Mapping[str, Any] = {
        "ends": sheet.ends[1:] + index.head.entries,
        "columns": sheet.columns,
        "counts": sheet.counts,
        "numbers": numbers,
        "days": days,
        "dead": former[former >= 0],
    }
    head = replace(
        index.head,
        change=change,
        key=key,
        rows=index.head.rows + len(sheet),
        entries=index.head.entries + int(sheet.ends[-1]),
        dead=index.head.dead + len(added["dead"]),
    )
    _grow(index, added)
    return _committed(index.folder, head)


def bury(index: Index, numbers: Sequence[int]) -> Index:
    """The index without some papers that the store has no more."""
    rows = index.rows_of(np.array(numbers, np.int64))
    rows = rows[rows >= 0]
    _grow(index, {"dead": rows})
    return _committed(index.folder, replace(index.head, dead=index.head.dead + len(rows)))


def fit(index: Index) -> Index:
    """The index with weights of all its papers, as if it were made anew."""
    # How many papers hold each term is known exactly; the sums of their vectors are not.
    seen = index.weights.seen if index.head.fit else None
    weights = Weights.of(index.sheet, alive=index.alive, seen=seen)
    arrays = {"seen": weights.seen, "total": weights.total}
    head = replace(
        index.head,
        fit=_next(index.head.fit, "weights", arrays),
        fit_rows=index.head.rows,
        fit_dead=index.head.dead,
        fit_papers=weights.papers,
        fit_length=weights.length,
    )
    write_arrays(index.folder / head.fit, arrays, suffix="")
    return _committed(index.folder, head)


def relearn(index: Index) -> Index:
    """The index with subjects learned from the papers that it has now."""
    known = np.flatnonzero(index.alive)
    found = learn(index.take, known, index.weights)
    head = replace(index.head, subjects_papers=index.papers)
    if found is not None:
        arrays = {name: getattr(found, name) for name in _SUBJECTS}
        head = replace(head, subjects=_next(index.head.subjects, "subjects", arrays))
        write_arrays(index.folder / head.subjects, arrays)
    return _committed(index.folder, head)


def tidy(index: Index) -> None:
    """Remove what earlier states of the index left."""
    keep = {*_ARRAYS, _HEAD, index.head.fit, index.head.subjects}
    for path in index.folder.iterdir():
        if path.name not in keep and not path.name.startswith(f"{SECTION}-"):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _opened(folder: Path, head: Head) -> Index:
    arrays = {n: _mapped(folder / n, head.sizes[n], kind) for n, kind in _ARRAYS.items()}
    ends = arrays["ends"]
    if int(ends[-1]) != head.entries or int(ends[0]) != 0 or bool((np.diff(ends) < 0).any()):
        raise ValueError("the ends do not fit the entries")
    dead = arrays["dead"]
    if dead.size and not 0 <= int(dead.min()) <= int(dead.max()) < head.rows:
        raise ValueError("the dead were never there")
    # Held from now on, so that a later state may remove the files.
    fitted = None
    if head.fit:
        seen, total = (_mapped(folder / head.fit / n, COLUMNS, kind) for n, kind in _FIT.items())
        fitted = Weights(head.fit_papers, seen, total, head.fit_length)
    files = {name: os.open(folder / name, os.O_RDONLY) for name in ("columns", "counts")}
    index = Index(folder, head, **arrays, fitted=fitted, files=files)
    weakref.finalize(index, _close, tuple(files.values()))
    return index


def _close(files: Sequence[int]) -> None:
    for file in files:
        os.close(file)


def _mapped(path: Path, size: int, kind: "np.dtype[Any]") -> NDArray[Any]:
    if size == 0:
        return np.zeros(0, kind)
    return np.memmap(path, kind, "r", shape=(size,))


def _grow(index: Index, added: Mapping[str, Any]) -> None:
    """Write behind what counts; what a killed update left there is written over."""
    for name, values in added.items():
        kind = _ARRAYS[name]
        with (index.folder / name).open("r+b") as file:
            file.seek(index.head.sizes[name] * kind.itemsize)
            file.write(np.ascontiguousarray(values, dtype=kind).tobytes())
            file.truncate()
            file.flush()
            os.fsync(file.fileno())


def _committed(folder: Path, head: Head) -> Index:
    """Put a new head in the place of the old one."""
    fresh = _private(folder / "head.new")
    with fresh.open("w", encoding="ascii") as file:
        json.dump(asdict(head), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _HEAD)
    return _opened(folder, head)


def write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]], *, suffix: str = ".npy") -> None:
    """Write arrays into a folder of their own; with another suffix than .npy, their bytes alone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(_OWNERS_FOLDER)
    for name, values in arrays.items():
        with _private(folder / f"{name}{suffix}").open("wb") as file:
            if suffix == ".npy":
                np.save(file, values)
            else:
                file.write(values.tobytes())
            file.flush()
            os.fsync(file.fileno())


def _private(path: Path) -> Path:
    """A file that its owner alone can read, as the database is: what readers pasted counts here."""
    path.touch(_OWNERS_FILE)
    return path


def _next(name: str, kind: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """The name after this one, weights-1-…, weights-2-… and so on, with a digest of what it holds.

    An index that is made anew counts from 1 again: the digest tells its numbers from the old ones.
    """
    number = int(name.split("-")[1]) + 1 if name else 1
    return f"{kind}-{number}-{_digest(arrays.values())}"


def _digest(arrays: Iterable[NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for values in arrays:
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()[:8]


def _check(index: Index) -> None:
    """See that weights and subjects are what they were when their folders were named.

    Only what somebody else wrote has to be checked; what is written here is not read again for it.

    Raises:
        ValueError: where they are not.
    """
    held: dict[str, Iterable[NDArray[Any]]] = {}
    if index.fitted is not None:
        held[index.head.fit] = (index.fitted.seen, index.fitted.total)
    if index.subjects is not None:
        held[index.head.subjects] = [getattr(index.subjects, name) for name in _SUBJECTS]
    for name, arrays in held.items():
        if not name.endswith(f"-{_digest(arrays)}"):
            raise ValueError(f"{name} does not hold what it held")
