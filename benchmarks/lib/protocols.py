"""Tasks that rankings are measured by: who likes what, what may be shown, what would be right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.shared import read_lines

SEED = 1
HELD_OUT = 0.2
LEAST_LIKED = 3


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a reader: words, and liked papers as numbers into corpus + candidates."""

    keywords: str = ""
    liked: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """Texts, readers, and for each reader the gain of every candidate that is worth something.

    `corpus` are known papers, `candidates` those to rank. `gains` map numbers of candidates; where
    `pools` is not empty, a reader's ranking is looked at within that pool only. `bags` says that
    texts are words without their order.
    """

    name: str
    corpus: Sequence[str]
    candidates: Sequence[str]
    profiles: Sequence[Profile]
    gains: Sequence[dict[int, float]]
    pools: Sequence[NDArray[np.intp]] = ()
    bags: bool = False

    def only(self, readers: NDArray[np.intp]) -> "Task":
        """The same with some of the readers."""
        return Task(
            self.name,
            self.corpus,
            self.candidates,
            [self.profiles[n] for n in readers],
            [self.gains[n] for n in readers],
            [self.pools[n] for n in readers] if self.pools else (),
            self.bags,
        )


def citeulike_t(data: Path) -> Task:
    """Bags of words: each word, as often as it occurs, is a sentence of its own.

    So nobody makes pairs of words that were never neighbours, as long as sentences are respected.
    """
    folder = data / "citeulike_t"
    texts = [
        ". ".join(word for word, count in item["bow"].items() for _ in range(count))
        for item in _items(folder / "items_bow.jsonl.gz")
    ]
    return replace(_held_out("CiteULike-t", texts, folder / "users.jsonl.gz"), bags=True)


def citeulike_a(data: Path) -> Task:
    """Titles alone."""
    folder = data / "citeulike_a"
    titles = [item["title"] for item in _items(folder / "items.jsonl.gz")]
    return _held_out("CiteULike-a titles", titles, folder / "users.jsonl.gz")


def cisi(data: Path) -> Task:
    """Questions as keywords; the candidates are all there is."""
    papers = list(read_lines(data / "cisi" / "papers.jsonl.gz"))
    place = {paper["id"]: number for number, paper in enumerate(papers)}
    asked = [query for query in read_lines(data / "cisi" / "queries.jsonl.gz") if query["relevant"]]
    return Task(
        "CISI",
        (),
        [_text(paper) for paper in papers],
        [Profile(query["text"]) for query in asked],
        [{place[key]: 1.0 for key in query["relevant"] if key in place} for query in asked],
    )


def csfcube(data: Path) -> Task:
    """More like this: one liked paper, graded answers within a judged pool, facets all together.

    Two of the pools hold the paper that is asked with. It stays, as in the figures to beat, and a
    measure of its own leaves it out.
    """
    papers = list(read_lines(data / "csfcube" / "papers.jsonl.gz"))
    place = {paper["id"]: number for number, paper in enumerate(papers)}
    asked = list(read_lines(data / "csfcube" / "queries.jsonl.gz"))
    graded = [
        {place[key]: 2.0**grade - 1 for key, grade in query["qrels"].items()} for query in asked
    ]
    liked = [place[query["query_paper"]] for query in asked]
    return Task(
        "CSFCube",
        (),
        [_text(paper) for paper in papers],
        [Profile(liked=(paper,)) for paper in liked],
        graded,
        [np.array(sorted(gains), dtype=np.intp) for gains in graded],
    )


def _held_out(name: str, texts: Sequence[str], users: Path) -> Task:
    """New papers for known readers: a fifth of the papers is new, readers' other likes are known.

    New papers stand in random order, so that ties say nothing.
    """
    order = np.random.default_rng(SEED).permutation(len(texts))
    new = order[: round(len(texts) * HELD_OUT)]
    known = np.sort(order[len(new) :])
    place = {int(item): number for number, item in enumerate(known)}
    candidate = {int(item): number for number, item in enumerate(new)}
    profiles, gains = [], []
    for user in read_lines(users):
        liked = tuple(place[item] for item in user["liked"] if item in place)
        right = {candidate[item]: 1.0 for item in user["liked"] if item in candidate}
        if len(liked) >= LEAST_LIKED and right:
            profiles.append(Profile(liked=liked))
            gains.append(right)
    return Task(name, [texts[n] for n in known], [texts[n] for n in new], profiles, gains)


def _items(file: Path) -> list[dict[str, Any]]:
    """Items by number, which is how readers name them."""
    items = sorted(read_lines(file), key=lambda item: int(item["id"]))
    assert [item["id"] for item in items] == list(range(len(items))), "numbers with gaps"
    return items


def _text(paper: dict[str, Any]) -> str:
    return f"{paper['title']}. {paper.get('abstract') or ''}"


TASKS: Mapping[str, Callable[[Path], Task]] = {
    "citeulike-t": citeulike_t,
    "citeulike-a": citeulike_a,
    "cisi": cisi,
    "csfcube": csfcube,
}
