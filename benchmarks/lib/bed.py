"""What `bin/bench index` measures on: the same papers and readers for both sides, in a folder."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from digest.model import Interest, Reader, ReaderKind
from digest.sources.jsonl import parse_lines
from digest.store import Store, open_store
from lib.shared import read_lines

NEW = 1500
READERS = 100
LIKED = 50
SEED = 4
_LEAST_LETTERS = 5


@dataclass(frozen=True, slots=True)
class Bed:
    """The files of one run: `old` is the store without the newest papers, `whole` has them all."""

    folder: Path
    papers: list[dict[str, Any]]

    @property
    def day(self) -> date:
        """The last day of announcement: recommendations are for it."""
        return date.fromisoformat(self.papers[-1]["date"])

    @property
    def tags(self) -> Path:
        """Readers' liked papers, for the other side."""
        return self.folder / "tags.json"

    def prepare(self) -> int:
        """Fill the stores; returns how many works the whole one holds.

        Titles that occur twice are one work there, so these can be fewer than there are papers.
        """
        tags = _tags(self.papers[:-NEW])
        bare = {name: [key.removeprefix("arxiv:") for key in keys] for name, keys in tags.items()}
        self.tags.write_text(json.dumps(bare), encoding="utf-8")
        self._place("old").mkdir()
        store = self._open("old")
        _add(store, self.papers[:-NEW])
        for name, keys in tags.items():
            store.readers.save(_reader(name, keys), datetime.now(UTC))
        store.close()
        shutil.copytree(self._place("old"), self._place("whole"))
        store = self._open("whole")
        _add(store, self.papers[-NEW:])
        count = store.papers.count()
        store.close()
        return count

    def fresh(self, kind: str, index: Path | None = None) -> tuple[Path, Path]:
        """A copy of a store, with an index or an empty folder for one, to be changed at will.

        Returns:
            the database's file and the index's folder.
        """
        place = self.folder / "trial"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self._place(kind), place)
        if index is None:
            (place / "index").mkdir()
        else:
            shutil.copytree(index, place / "index")
        return place / "digest.db", place / "index"

    def keep(self, name: str, index: Path) -> Path:
        """Put an index aside."""
        place = self.folder / name
        if not place.exists():
            shutil.copytree(index, place)
        return place

    def _place(self, kind: str) -> Path:
        return self.folder / kind

    def _open(self, kind: str) -> Store:
        return open_store(f"sqlite:///{self._place(kind) / 'digest.db'}")


def read_papers(file: Path, most: int) -> list[dict[str, Any]]:
    """The first papers of the data, which stand by day of announcement."""
    return list(islice(read_lines(file), most))


def _add(store: Store, papers: Sequence[dict[str, Any]]) -> None:
    now = datetime.now(UTC)
    lines = (json.dumps(paper).encode() for paper in papers)
    for batch in parse_lines(lines, "papers", now.date(), now):
        assert not batch.troubles, batch.troubles
        store.papers.add(batch.sightings, "arxiv", now.date())


def _reader(name: str, liked: Sequence[str]) -> Reader:
    interest = Interest("papers like these", liked=tuple(liked))
    return Reader(name, f"{name}@example.org", ReaderKind.SAVED, (interest,))


def _tags(papers: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Readers with fifty liked papers each: one category, most words in common with one paper."""
    random_ = random.Random(SEED)  # noqa: S311 - the same readers every time
    by_category: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for paper in papers:
        words = frozenset(_words(paper["title"]))
        by_category.setdefault(paper["primary"], []).append((paper["id"], words))
    common = Counter(word for its in by_category.values() for _, words in its for word in words)
    large = {name: its for name, its in by_category.items() if len(its) > LIKED}
    names = random_.choices(list(large), [len(its) for its in large.values()], k=READERS)
    return {
        f"reader{number}": _alike(large[name], common, random_) for number, name in enumerate(names)
    }


def _alike(
    papers: Sequence[tuple[str, frozenset[str]]], common: Counter[str], random_: random.Random
) -> list[str]:
    """One paper and those of its category whose titles share most with it; rare words say more."""
    _, asked = random_.choice(papers)
    shared = sorted(
        papers, key=lambda paper: (-sum(1 / common[word] for word in paper[1] & asked), paper[0])
    )
    return [key for key, _ in shared[:LIKED]]


def _words(title: str) -> Iterator[str]:
    return (word for word in title.lower().split() if len(word) >= _LEAST_LETTERS)
