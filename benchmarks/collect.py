"""Reading what services send: papers a second and memory, beside feedparser and arxiv.py.

Each side is a process of its own, on the same bytes: arXiv's feed as Atom and as RSS and a page of
its API, 2,000 invented papers each, and feeds of a journal (RSS 2.0) and a blog (Atom). Sides take
turns; the ratio is the median of that of neighbours, with its 95 % interval (bootstrap).

    bin/bench collect [--rounds 9] [--large 100000] [--check] [--record]

Ours ends with papers in their normal form, with keys and dates, the peers with dictionaries of
texts; arxiv.py reads the API alone. Memory: ours with 1,000 papers and with 100,000, read as a
stream; a bomb of 300 MB of gzip is opened through the polite session, and so is a feed of 100,000
papers. With --check the exit code is 0 only where ours is faster than every peer (by the low end of
the interval), what memory grows by is at most 1.3 times as much for 100,000 papers as for 1,000 or
2 MB more, and the bomb takes under 100 MB. The peers are installed into benchmarks/.venv when first
needed.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from lib import peers
from lib.report import Gate, Report, size, table

from tests.replay.faults import BOMB, bomb
from tests.replay.formats_arxiv import Item, api_feed, atom_feed, rss_feed
from tests.replay.formats_others import blog_feed, journal_feed
from tests.replay.words import make_work
from tests.replay.world import ArxivPaper, Entry, Version

ROOT = Path(__file__).resolve().parents[1]
FEED = 2000
SMALL = 1000
INNER = 3  # readings in one process, the quickest counts
RESAMPLES = 2000
SENTENCES = 16  # an abstract of 1,300 characters, as arXiv's are
FORMS = ("arxiv-atom", "arxiv-rss", "arxiv-api", "journal", "blog")
PEERS = ("feedparser", "arxiv")
MOST_GROWTH, MOST_MORE = 1.3, 2.0
MOST_BOMB = 100.0
BLUNT = 8192  # bytes of noise in each megabyte: a bomb that no ratio gives away
MEGABYTE = 1024 * 1024
DAY = date(2025, 11, 5)
BUILT = datetime(2025, 11, 5, 5, 10, tzinfo=UTC)
PACKAGES = ("requests", "urllib3", "sqlalchemy")
NOTES = """
"Growth" is the most memory of a process less what it had after its imports (for peers: with the
bytes in memory, which they need). The store's figure is one file of SQLite on a disk, read and kept
in batches as `collect` does, full-text index included.
"""


@dataclass(frozen=True, slots=True)
class Race:
    """Ours against a peer on one format: papers a second of both, and their ratio in each round."""

    form: str
    peer: str
    ours: float
    theirs: float
    ratios: tuple[float, ...]
    our_growth: float
    their_growth: float

    @property
    def interval(self) -> tuple[float, float]:
        """Where the median of the ratios lies, with 95 % of resamples."""
        chance = Random(1)  # noqa: S311 - the same every time
        drawn = (chance.choices(self.ratios, k=len(self.ratios)) for _ in range(RESAMPLES))
        medians = sorted(median(ratios) for ratios in drawn)
        return medians[RESAMPLES // 40], medians[-RESAMPLES // 40]


def main() -> int:
    """Race, fill, burst; print the figures."""
    arguments = _arguments()
    report = Report(packages=PACKAGES)
    found = peers.install(PEERS)
    report.say(f"{', '.join(f'{name} {found[name]}' for name in sorted(found))}, {size()}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        files = {form: _written(place, form, FEED) for form in FORMS}
        races = [
            _raced(form, peer, files[form], arguments.rounds)
            for form in FORMS
            for peer in ("feedparser", *(["arxiv.py"] if form == "arxiv-api" else []))
        ]
        _say_races(report, races)
        gates = [_gate_of_races(races), _memory(report, place, arguments.large)]
        gates.append(_bombs(report, _written(place, "arxiv-atom", arguments.large)))
        _store(report, place)
    holds = report.close(gates)
    if arguments.record:
        report.record("collect", "Reading what services send", NOTES)
    return 0 if holds or not arguments.check else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


def _written(place: Path, form: str, count: int) -> Path:
    """A file of this format with so many papers."""
    chance = Random(7)  # noqa: S311 - the same every time
    works = [make_work(number, chance, SENTENCES) for number in range(count)]
    if form.startswith("arxiv-"):
        papers = [
            ArxivPaper(work, f"2511.{number:05d}", ("cs.LG", "stat.ML"), (Version(1, BUILT, DAY),))
            for number, work in enumerate(works)
        ]
        items = [Item(paper, "new", 1) for paper in papers]
        text = {
            "arxiv-atom": lambda: atom_feed("cs.LG", items, DAY, BUILT),
            "arxiv-rss": lambda: rss_feed("cs.LG", items, DAY, BUILT),
            "arxiv-api": lambda: api_feed(papers, count, 0, count, DAY, BUILT),
        }[form]()
    else:
        entries = [
            Entry(
                work,
                form,
                f"https://{form}.example.org/{work.number}",
                f"10.5555/{work.number}",
                BUILT - timedelta(seconds=work.number),
            )
            for work in works
        ]
        text = {"journal": journal_feed, "blog": blog_feed}[form](entries)
    file = place / f"{form}-{count}.xml"
    file.write_text(text, encoding="utf-8")
    return file


def _side(side: str, *arguments: object) -> dict[str, Any]:
    """What one process measured."""
    python = sys.executable if side in ("ours", "store", "open") else str(peers.PYTHON)
    script = str(ROOT / "benchmarks" / "lib" / "parsing.py")
    done = subprocess.run(  # noqa: S603 - our own script
        [python, script, side, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        raise SystemExit(f"{side} {arguments} failed (exit {done.returncode})")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _raced(form: str, peer: str, file: Path, rounds: int) -> Race:
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_side("ours", form, file, "--rounds", INNER))
        theirs.append(_side(peer, form, file, "--rounds", INNER))
    for said in (*ours, *theirs):
        assert said["papers"] == FEED, (form, peer, said["papers"])
    mine, plain = ([FEED / min(said["seconds"]) for said in side] for side in (ours, theirs))
    return Race(
        form,
        peer,
        median(mine),
        median(plain),
        tuple(a / b for a, b in zip(mine, plain, strict=True)),
        median(said["growth"] for said in ours),
        median(said["growth"] for said in theirs),
    )


def _say_races(report: Report, races: Sequence[Race]) -> None:
    head = ["", "beside", "ours, papers/s", "peer", "ratio", "from", "to", "growth, MB", "peer's"]
    rows = [
        [
            race.form,
            race.peer,
            f"{race.ours:,.0f}",
            f"{race.theirs:,.0f}",
            f"{median(race.ratios):.2f}",
            *(f"{end:.2f}" for end in race.interval),
            f"{race.our_growth:.1f}",
            f"{race.their_growth:.1f}",
        ]
        for race in races
    ]
    for line in table(head, rows):
        report.say(line)


def _gate_of_races(races: Sequence[Race]) -> Gate:
    least = {
        peer: min(race.interval[0] for race in races if race.peer == peer)
        for peer in dict.fromkeys(race.peer for race in races)
    }
    words = " and ".join(f"{ratio:.2f} times {peer}" for peer, ratio in least.items())
    return Gate(f"at least {words}", all(ratio > 1 for ratio in least.values()))


def _memory(report: Report, place: Path, large: int) -> Gate:
    """What memory grows by, for few papers and for many."""
    worst, holds = 0.0, True
    for form in FORMS:
        if form == "arxiv-api":
            continue  # its pages hold at most 2,000
        few = _side("ours", form, _written(place, form, SMALL))
        many_file = _written(place, form, large)
        many = _side("ours", form, many_file)
        megabytes = many_file.stat().st_size / MEGABYTE
        many_file.unlink()
        assert (few["papers"], many["papers"]) == (SMALL, large), (few, many)
        ratio = many["growth"] / max(few["growth"], 0.1)
        holds &= ratio <= MOST_GROWTH or many["growth"] - few["growth"] <= MOST_MORE
        worst = max(worst, many["growth"] - few["growth"])
        report.say(
            f"{form}: {SMALL:,} papers grow memory by {few['growth']:.1f} MB, {large:,} "
            f"({megabytes:.0f} MB) by {many['growth']:.1f} MB; peak {many['peak']:.0f} MB, "
            f"{large / many['seconds'][0]:,.0f} papers/s"
        )
    return Gate(f"{large:,} papers take at most {worst:.1f} MB more than {SMALL:,}", holds)


def _bombs(report: Report, feed: Path) -> Gate:
    """300 MB in 300 KB, and a large feed that may be read, through the session."""
    packed = gzip.compress(feed.read_bytes(), 1, mtime=0)
    with _serving({"/bomb": bomb(), "/blunt": bomb(noise=BLUNT), "/feed": packed}) as address:
        burst = _side("open", f"{address}/bomb")
        blunt = _side("open", f"{address}/blunt")
        read = _side("open", f"{address}/feed")
    report.say(
        f"bomb of {BOMB >> 20} MB in {len(bomb()) >> 10} KB: {burst['said'].partition(' at ')[0]}; "
        f"peak {burst['peak']:.0f} MB, {burst['seconds'][0]:.1f} s; as much in "
        f"{len(bomb(noise=BLUNT)) >> 10} KB: {blunt['said'].partition(' at ')[0]}; peak "
        f"{blunt['peak']:.0f} MB, {blunt['seconds'][0]:.1f} s; a feed of "
        f"{read['read'] >> 20} MB in {len(packed) >> 20} MB read with {read['peak']:.0f} MB "
        f"in {read['seconds'][0]:.1f} s"
    )
    assert read["read"] == feed.stat().st_size, read
    peak = max(said["peak"] for said in (burst, blunt, read))
    refused = bool(burst["said"] and blunt["said"])
    return Gate(f"a bomb of 300 MB takes {peak:.0f} MB", refused and peak < MOST_BOMB)


def _store(report: Report, place: Path) -> None:
    for count in (SMALL, 10 * SMALL):
        file = _written(place, "arxiv-atom", count)
        said = _side(
            "store", "arxiv-atom", file, "--database", f"sqlite:///{place / f'{count}.db'}"
        )
        assert said["papers"] == count, said
        report.say(
            f"read and kept in SQLite: {count:,} papers, {count / said['seconds'][0]:,.0f} "
            f"papers/s, memory grows by {said['growth']:.1f} MB"
        )


@contextmanager
def _serving(bodies: dict[str, bytes]) -> Iterator[str]:
    """Packed answers on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = bodies[self.path]
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the library's words
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    sys.exit(main())
