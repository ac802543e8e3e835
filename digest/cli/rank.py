"""`digest rank`: profiles against papers, from files into a file; for scripts and measurement."""

import gzip
import io
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

import click

from digest.cli.common import open_log, progress_for_terminal
from digest.cli.rank_files import (
    Id,
    PaperLine,
    ProfileLine,
    Troubles,
    read_papers,
    read_profiles,
)
from digest.config.keys import DEFAULT_RANKER, RANKERS
from digest.errors import UsageError, printable
from digest.progress import Progress

if TYPE_CHECKING:
    from digest.ranking import Example, Profile, Ranker, Scores
    from digest.ranking.offline import Offline

_CELLS = 5_000_000  # scores held at once
_SHARD = 1000
_ROUND = 1_000_000


@dataclass(slots=True)
class Clock:
    """How many seconds each part of the work took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, part: str) -> Iterator[None]:
        """Count the seconds of what is done here."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class Task:
    """What is ranked: candidates, the papers of the corpus that are none, and profiles."""

    corpus: Sequence[PaperLine]
    candidates: Sequence[PaperLine]
    profiles: Sequence[ProfileLine]


@click.command()
@click.option(
    "--profiles",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Profiles: id, keywords, liked, disliked.",
)
@click.option(
    "--papers",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The papers to rank: id, title, abstract.",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Other papers to learn from (default: those to rank alone).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    required=True,
    metavar="FILE",
    help="Write the scores here (- for standard output; gzip where it ends in .gz).",
)
@click.option(
    "--top", type=click.IntRange(1), metavar="K", help="The best K of each profile (default: all)."
)
@click.option(
    "--ranker",
    type=click.Choice(RANKERS),
    default=DEFAULT_RANKER,
    help=f"What ranks them (default: {DEFAULT_RANKER}); encoder and blend need the extra [neural].",
)
def command(
    profiles: Path, papers: Path, corpus: Path | None, out: Path, top: int | None, ranker: str
) -> int:
    """Rank papers for profiles, all from files; needs no database and no configuration."""
    open_log(None)
    _keep_apart(out, (profiles, papers, corpus))
    from digest.ranking.kinds import encoder_of  # noqa: PLC0415 - SciPy

    encoder_of(ranker)  # says now that it is not installed
    clock, progress = Clock(), progress_for_terminal()
    troubles = Troubles(lambda text: click.echo(f"digest: {text}", err=True))
    with clock.time("read"):
        task = _task(profiles, papers, corpus, troubles)
        wanted = _profiles(task, troubles)
    troubles.close()
    with clock.time("learned"), progress.track("learning from all papers", None):
        made = _learned(task).ranker([line.paper for line in task.candidates], ranker)
    with _written(out) as file:
        lines = _rank(task, made, wanted, top, file, clock, progress)
    _say(task, lines, clock)
    return 0


def _task(profiles: Path, papers: Path, corpus: Path | None, troubles: Troubles) -> Task:
    candidates = read_papers(papers, troubles)
    known = {str(line.id) for line in candidates}
    others = read_papers(corpus, troubles) if corpus else []
    return Task(
        [line for line in others if str(line.id) not in known],
        candidates,
        read_profiles(profiles, troubles),
    )


def _learned(task: Task) -> "Offline":
    from digest.ranking.offline import Offline  # noqa: PLC0415 - SciPy, after the files were read

    offline = Offline(
        [line.paper.text for line in task.corpus], [line.paper.text for line in task.candidates]
    )
    offline.learn()
    return offline


def _profiles(task: Task, troubles: Troubles) -> list["Profile"]:
    """The profiles as the ranker takes them; papers are numbered through corpus and candidates."""
    from digest.ranking import Profile  # noqa: PLC0415
    from digest.ranking.offline import read_keywords  # noqa: PLC0415

    places = {str(line.id): n for n, line in enumerate((*task.corpus, *task.candidates))}
    found = []
    for line in task.profiles:
        interest = read_keywords(line.keywords)
        named = [_place_of_key(key, places) for key in interest.liked]
        found.append(
            Profile(
                interest,
                (
                    *_examples(line, (*line.liked, *named), 1.0, places, troubles),
                    *_examples(line, line.disliked, -1.0, places, troubles),
                ),
                interest.titles,
            )
        )
    return found


def _place_of_key(key: str, places: Mapping[str, int]) -> str:
    """The id that a `like:` item means: with its scheme, as `arxiv:2401.12345`, or without."""
    bare = key.partition(":")[2]
    return key if key in places or bare not in places else bare


def _examples(
    profile: ProfileLine,
    ids: Sequence[Id],
    weight: float,
    places: Mapping[str, int],
    troubles: Troubles,
) -> Iterator["Example"]:
    from digest.ranking import Example  # noqa: PLC0415

    for name in dict.fromkeys(map(str, ids)):
        if name in places:
            yield Example(places[name], weight)
        else:
            troubles.add(
                "papers of profiles that are in neither file",
                f"profile {printable(str(profile.id), 60)}: {printable(name, 60)} is neither among "
                "the papers nor in the corpus: left out",
            )


def _rank(
    task: Task,
    ranker: "Ranker",
    profiles: Sequence["Profile"],
    top: int | None,
    file: TextIO,
    clock: Clock,
    progress: Progress,
) -> int:
    """Score and write shard by shard; returns how many lines were written."""
    names = [json.dumps(line.id) for line in task.candidates]
    size = max(1, min(_SHARD, _CELLS // len(names)))
    written = 0
    with progress.track("ranking", len(profiles)) as advance:
        for start in range(0, len(profiles), size):
            with clock.time("ranked"):
                scores = ranker.score(profiles[start : start + size])
            with clock.time("wrote"):
                for line, row in zip(task.profiles[start : start + size], scores, strict=True):
                    written += _write(file, line, names, row, top)
            advance(len(scores))
    return written


def _write(
    file: TextIO, line: ProfileLine, names: Sequence[str], row: "Scores", top: int | None
) -> int:
    """The lines of one profile, best first, ties in the order of the candidates."""
    import numpy as np  # noqa: PLC0415

    rounded = np.round(row.astype(np.float64) * _ROUND)
    open_to = np.flatnonzero(np.isfinite(rounded))
    if top is not None and top < open_to.size:
        least = np.partition(rounded[open_to], open_to.size - top)[open_to.size - top]
        open_to = open_to[rounded[open_to] >= least]
    order = open_to[np.argsort(-rounded[open_to], kind="stable")][:top]
    head = f'{{"profile": {json.dumps(line.id)}, "paper": '
    scores = (rounded[order] / _ROUND).tolist()
    file.write(
        "".join(
            f'{head}{names[place]}, "score": {score:.6f}}}\n'
            for place, score in zip(order.tolist(), scores, strict=True)
        )
    )
    return len(scores)


def _keep_apart(out: Path, read: Sequence[Path | None]) -> None:
    """What is read must not be written over."""
    for path in read:
        if path is not None and path.exists() and out.exists() and out.samefile(path):
            raise UsageError(f"--out {out} is one of the files to read: choose another one")


@contextmanager
def _written(out: Path) -> Iterator[TextIO]:
    """The output, open for text; errors in words."""
    if out == Path("-"):
        yield sys.stdout
        return
    try:
        with out.open("wb") as plain, _packed(plain, out) as stream, _texts(stream) as text:
            yield text
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(
            f"{out} cannot be written: {error.strerror}; choose another --out"
        ) from error


def _packed(plain: BinaryIO, out: Path) -> BinaryIO:
    if out.suffix != ".gz":
        return plain
    return cast("BinaryIO", gzip.GzipFile(fileobj=plain, mode="wb", mtime=0))


def _texts(stream: BinaryIO) -> TextIO:
    return io.TextIOWrapper(stream, encoding="utf-8", newline="\n")


def _say(task: Task, lines: int, clock: Clock) -> None:
    took = clock.seconds
    each = 1000 * took["ranked"] / len(task.profiles)
    learned_from = len(task.corpus) + len(task.candidates)
    click.echo(
        f"{len(task.profiles):,} profiles × {len(task.candidates):,} papers, learned from "
        f"{learned_from:,}: {lines:,} scores; "
        f"read {took['read']:.1f} s, learned {took['learned']:.1f} s, "
        f"ranked {took['ranked']:.1f} s ({each:.2f} ms a profile), wrote {took['wrote']:.1f} s",
        err=True,
    )
