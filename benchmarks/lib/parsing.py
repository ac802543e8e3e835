"""One side of a comparison of parsers, as a process of its own; prints a JSON object.

    python parsing.py ours arxiv-atom FEED.xml --rounds 5
    PEERS-PYTHON parsing.py feedparser arxiv-atom FEED.xml --rounds 5
    PEERS-PYTHON parsing.py arxiv.py arxiv-api PAGE.xml --rounds 5
    python parsing.py store arxiv-atom FEED.xml --database sqlite:///x.db
    python parsing.py open http://127.0.0.1:1234/bomb

Ours makes papers in their normal form, with keys; feedparser makes its dictionaries, and arxiv.py
its results (since 4.0 by lxml). Peers get the bytes, which is how they are used; ours reads
the file as a stream. `peak` is the most memory of the process, `growth` what came on top of the
imports (and of the bytes, for peers), both in megabytes.
"""

import argparse
import importlib
import io
import json
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

LATEST = date(2030, 1, 1)


def memory(name: str) -> float:
    """Megabytes of this process: the most so far (VmHWM), or now (VmRSS)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("no /proc: memory cannot be measured here")


def ours(form: str) -> Callable[[BinaryIO], int]:
    """Our parser of a format: takes a stream, counts papers."""
    if form == "arxiv-api":
        api = importlib.import_module("digest.sources.arxiv_api")
        return lambda stream: len(api.read_page(stream).found)
    if form.startswith("arxiv-"):
        feed = importlib.import_module("digest.sources.arxiv_feed")

        def read(stream: BinaryIO) -> int:
            reader = feed.FeedReader("cs.LG", LATEST)
            return sum(len(batch.sightings) for batch in reader.batches(stream))

        return read
    return _ours_of_any()


def _ours_of_any() -> Callable[[BinaryIO], int]:
    feed = importlib.import_module("digest.sources.feed")

    def read(stream: BinaryIO) -> int:
        reader = feed.FeedReader("feeds", "https://journal.example.org/feed", LATEST)
        return sum(isinstance(entry, feed.Entry) for entry in reader.read(stream))

    return read


def theirs(side: str) -> Callable[[bytes], int]:
    """A peer's parser: takes bytes, counts entries."""
    if side == "feedparser":
        feedparser = importlib.import_module("feedparser")
        return lambda body: len(feedparser.parse(body).entries)
    arxiv = importlib.import_module("arxiv._feed")  # what its client does with an answer's bytes
    return lambda body: len(arxiv.parse(body).results)


def parsed(side: str, form: str, file: Path, rounds: int) -> dict[str, Any]:
    """Seconds of each round, the papers of one, and memory."""
    if side == "ours":
        read = ours(form)

        def once() -> int:
            with file.open("rb") as stream:
                return read(stream)
    else:
        body, parse = file.read_bytes(), theirs(side)

        def once() -> int:
            return parse(body)

    before = memory("VmRSS")
    seconds, count = [], 0
    for _ in range(rounds):
        started = time.process_time()
        count = once()
        seconds.append(time.process_time() - started)
    peak = memory("VmHWM")
    return {"seconds": seconds, "papers": count, "peak": peak, "growth": peak - before}


def stored(form: str, file: Path, database: str) -> dict[str, Any]:
    """A feed read into an empty store, as `collect` keeps it."""
    feed = importlib.import_module("digest.sources.arxiv_feed")
    store = importlib.import_module("digest.store").open_store(database)
    before, started = memory("VmRSS"), time.process_time()
    reader = feed.FeedReader("cs.LG", LATEST)
    with file.open("rb") as stream:
        for batch in reader.batches(stream):
            store.papers.add(batch.sightings, form, LATEST)
    seconds = time.process_time() - started
    count = store.papers.count()
    store.close()
    peak = memory("VmHWM")
    return {"seconds": [seconds], "papers": count, "peak": peak, "growth": peak - before}


def opened(url: str) -> dict[str, Any]:
    """An answer through the polite session, read to its end or refused."""
    http = importlib.import_module("digest.intake.http")
    errors = importlib.import_module("digest.errors")
    session = http.PoliteSession(None, spacing=0.0)
    before, started, said, size = memory("VmRSS"), time.process_time(), "", 0
    try:
        with session.open("bench", url) as answer:
            while chunk := answer.body.read(io.DEFAULT_BUFFER_SIZE):
                size += len(chunk)
    except errors.SourceError as error:
        said = error.problem
    seconds, peak = time.process_time() - started, memory("VmHWM")
    return {"seconds": [seconds], "read": size, "said": said, "peak": peak,
            "growth": peak - before}  # fmt: skip


def main() -> None:
    """One side; prints what it measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side")
    parser.add_argument("form")
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--database", default="sqlite://")
    arguments = parser.parse_args()
    if arguments.side == "open":
        said = opened(arguments.form)
    elif arguments.side == "store":
        said = stored(arguments.form, arguments.file, arguments.database)
    else:
        said = parsed(arguments.side, arguments.form, arguments.file, arguments.rounds)
    print(json.dumps(said))


if __name__ == "__main__":
    sys.exit(main())
