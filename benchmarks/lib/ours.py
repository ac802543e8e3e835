"""Our side of `bin/bench index`, as whole processes.

    python benchmarks/lib/ours.py first DATABASE FOLDER
    python benchmarks/lib/ours.py learn DATABASE FOLDER
    python benchmarks/lib/ours.py update DATABASE FOLDER [--exact]
    python benchmarks/lib/ours.py recommend DATABASE FOLDER --day 2026-05-22

DATABASE is a store's file, FOLDER holds the index. Each prints one JSON object; `peak_kb` bounds
the memory of all its processes together: this one's peak, and for each of the others the largest
peak among them.
"""

import argparse
import json
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from digest.catalogue import Catalogue
from digest.model import Reader, StoredPaper
from digest.progress import Quiet
from digest.store import Store, open_store

HELPERS = 1  # processes that refresh may start beside its own
DAYS = 3
TOP = 20


def first(database: Path, folder: Path) -> dict[str, Any]:
    """Index everything that the store holds, from nothing."""
    with _catalogue(database, folder) as (catalogue, _):
        catalogue.refresh()
    return {"peak_kb": _peak()}


def learn(database: Path, folder: Path) -> dict[str, Any]:
    """Learn the subjects of all papers, as is done after the letters."""
    with _catalogue(database, folder) as (catalogue, _):
        catalogue.refresh()
        learned = catalogue.learn()
    return {"peak_kb": _peak(), "learned": learned}


def update(database: Path, folder: Path, *, exact: bool) -> dict[str, Any]:
    """Index what is new since; `exact` gives all papers the weights of a first index."""
    with _catalogue(database, folder) as (catalogue, _):
        catalogue.refresh(exact=exact)
    return {"peak_kb": _peak()}


def recommend(database: Path, folder: Path, day: date) -> dict[str, Any]:
    """The best of the last three days for every reader: rows of papers, best first."""
    with _catalogue(database, folder) as (catalogue, store):
        readers = store.readers.shard()
        candidates = store.papers.candidates(day, DAYS)
        scores = _scores(catalogue, store, readers, candidates)
    picks = _best(readers, [stored.number for stored in candidates], scores)
    return {"candidates": len(candidates), "picks": picks, "peak_kb": _peak()}


def _scores(
    catalogue: Catalogue, store: Store, readers: list[Reader], candidates: list[StoredPaper]
) -> Any:  # noqa: ANN401 - an array; NumPy is not imported up here
    """Scores, readers x candidates, from tastes made anew."""
    from digest.ranking import Example, Profile  # noqa: PLC0415 - NumPy, for this job alone

    interests = [reader.interests[0] for reader in readers]
    rows = store.papers.numbers_by_keys({key for its in interests for key in its.liked})
    profiles = [
        Profile(its, tuple(Example(rows[key]) for key in its.liked if key in rows))
        for its in interests
    ]
    return catalogue.ranker(candidates).score(profiles)


def _best(readers: list[Reader], numbers: list[int], scores: Any) -> dict[str, list[int]]:  # noqa: ANN401
    """The first rows for each reader."""
    import numpy as np  # noqa: PLC0415 - for this job alone

    order = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
    return {
        reader.name: [numbers[n] for n in row.tolist()]
        for reader, row in zip(readers, order, strict=True)
    }


@contextmanager
def _catalogue(database: Path, folder: Path) -> Iterator[tuple[Catalogue, Store]]:
    store = open_store(f"sqlite:///{database}")
    catalogue = Catalogue(store, folder / "index", Quiet())
    try:
        yield catalogue, store
    finally:
        catalogue.close()
        store.close()


def _peak() -> int:
    """Kilobytes; pages that processes share count for each."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return own + HELPERS * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def main() -> None:
    """One of the four; prints a JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=("first", "learn", "update", "recommend"))
    parser.add_argument("database", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--day", type=date.fromisoformat)
    arguments = parser.parse_args()
    if arguments.job == "first":
        said = first(arguments.database, arguments.folder)
    elif arguments.job == "learn":
        said = learn(arguments.database, arguments.folder)
    elif arguments.job == "update":
        said = update(arguments.database, arguments.folder, exact=arguments.exact)
    else:
        said = recommend(arguments.database, arguments.folder, arguments.day)
    print(json.dumps(said))


if __name__ == "__main__":
    sys.exit(main())
