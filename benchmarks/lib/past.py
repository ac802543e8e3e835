"""A store of real papers with readers who do not exist, and `digest evaluate` run on it."""

import gzip
import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from digest.catalogue import Catalogue
from digest.grammar.interests import parse_interest
from digest.model import Paper, Reader, ReaderKind, Vote, VoteKind
from digest.progress import Quiet
from digest.sources.jsonl import parse_lines
from digest.store import Store, open_store
from lib.shared import need

FILES = {"arxiv": "arxiv/arxiv_daily.jsonl.gz", "huggingface": "hf_daily/papers.jsonl.gz"}
_DATE = re.compile(rb'"date": "(\d{4}-\d\d-\d\d)"')
_A_DAY = timedelta(days=1)
_PROGRAM = (sys.executable, "-m", "digest")
_TIMEOUT = 3600
Cast = tuple[int, VoteKind, datetime]


@dataclass(frozen=True, slots=True)
class Past:
    """A database of papers from `first` on, of which readers vote on those of `voted` and later."""

    database: Path
    first: date
    voted: date
    last: date

    def opened(self) -> Store:
        """The store itself."""
        return open_store(f"sqlite:///{self.database}")

    def copied(self, name: str) -> "Past":
        """The same beside it, with its index."""
        other = self.database.with_name(name)
        shutil.copy(self.database, other)
        shutil.copytree(f"{self.database}.index", f"{other}.index")
        return Past(other, self.first, self.voted, self.last)

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with closing(sqlite3.connect(self.database)) as connection:
            found: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own name
            return found

    def state(self) -> str:
        """A digest of all rows of all tables."""
        found = hashlib.sha256()
        with closing(sqlite3.connect(self.database)) as connection:
            for line in connection.iterdump():
                found.update(line.encode())
        return found.hexdigest()


def fill(past: Past, data: Path) -> int:
    """Store the papers and make their index with subjects, as a run leaves it; returns how many."""
    now = datetime.now(UTC)
    store = past.opened()
    for source, place in FILES.items():
        file = need(data / place)
        for batch in parse_lines(_since(file, past.first), file.name, now.date(), now):
            store.papers.add(batch.sightings, source, now.date())
    index = past.database.with_name(f"{past.database.name}.index")
    catalogue = Catalogue(store, index, Quiet())
    catalogue.refresh()
    catalogue.learn()
    catalogue.close()
    count = store.papers.count()
    store.close()
    return count


def announced(store: Store, past: Past) -> list[tuple[int, date, Paper]]:
    """The papers that may be voted on, each with the date of its announcement."""
    days = ((past.voted + ahead * _A_DAY) for ahead in range((past.last - past.voted).days + 1))
    return [
        (stored.number, day, stored.paper)
        for day in days
        for stored in store.papers.candidates(day, 1)
        if stored.announced == day
    ]


def settle(store: Store, address: str, interests: dict[str, str], votes: Sequence[Cast]) -> None:
    """A reader with these interests and votes."""
    parsed = tuple(parse_interest(name, text) for name, text in interests.items())
    kept = Reader(address, address, ReaderKind.SAVED, parsed)
    reader = store.readers.save(kept, datetime.now(UTC))
    for number, kind, at in votes:
        assert store.votes.cast(Vote(reader.row, number, kind, None, at))


def run(past: Past, *arguments: str, program: Sequence[str] = _PROGRAM) -> tuple[Any, float]:
    """`digest evaluate` with --json as a process; what it found, and its seconds."""
    started = time.perf_counter()
    done = _call(past, *arguments, "--json", program=program)
    return json.loads(done), time.perf_counter() - started


def shown(past: Past, *arguments: str) -> str:
    """The same as a person reads it."""
    return "\n".join(line.rstrip() for line in _call(past, *arguments).rstrip().splitlines())


def _call(past: Past, *arguments: str, program: Sequence[str] = _PROGRAM) -> str:
    days = (datetime.now(UTC).date() - past.voted).days
    command = [*program, "evaluate", "--database", str(past.database)]
    environment = {**os.environ, "COLUMNS": "96", "XDG_STATE_HOME": str(past.database.parent)}
    return subprocess.run(  # noqa: S603 - our own command
        [*command, "--days", str(days), *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        cwd=past.database.parent,
        env=environment,
    ).stdout


def _since(file: Path, first: date) -> Iterator[bytes]:
    """The lines of papers from a date on."""
    begins = first.isoformat().encode()
    with gzip.open(file) as lines:
        for line in lines:
            found = _DATE.search(line)
            if found and found[1] >= begins:
                yield line
