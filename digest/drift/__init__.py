"""Drift: whether services still answer in the form that is read here, told in words.

A service is asked one small question by each of its ways. What an answer has to hold for a paper to
be read of it stands in a `Shape`, one file a service in `services/`; here answers are held against
shapes. Nothing is stored, and asking obeys the same budgets as collecting does.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from digest.errors import SourceError, printable
from digest.intake.http import PoliteSession

MOST_READ = 4 * 1024 * 1024  # bytes; a small question has a small answer
_NAMED = 6
_ALIKE = 0.5  # how like a missing name a new one must be to be taken for it
_LIMITS = ("ratelimit", "rate-limit", "retry-after", "backoff")
_CONTENT = "content-type"

Fields = Mapping[str, str]  # what an entry holds, by name; names of parts are joined by a slash
Value = Callable[[str], str | None]  # what is wrong with a value; None: it can be read


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer holds: fields of the whole, and those of each entry."""

    head: Fields = field(default_factory=dict)
    entries: Sequence[Fields] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """What an answer has to look like.

    Without a field of `needed` papers are lost or lose much; each is a name, or several of which
    one is enough. Those of `there` may be empty, but have to be there. `known` are all others that
    were seen before, `a/` for whatever begins so: what is none of these is new. `head` is needed of
    the whole answer, and `least` entries; `values` judge single fields.
    """

    needed: tuple[str | tuple[str, ...], ...]
    there: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    head: tuple[str, ...] = ()
    least: int = 0
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """One small question: what is asked (`way` in words), how it is read, and what is awaited.

    `setting` is the key of the configuration that names the address; `foreign`, it was given by
    somebody else and may not lead into private networks.
    """

    source: str
    way: str
    url: str
    params: dict[str, str] = field(repr=False)
    accept: str
    read: Callable[[bytes], Seen]
    shape: Shape
    setting: str
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a question: `faults` need a person, `remarks` need none.

    `answered` tells whether there was an answer that could be looked at; `asked_to_wait` whether
    the service wants to be left alone for a while.
    """

    question: Question
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    entries: int = 0
    seconds: float = 0.0
    answered: bool = True
    asked_to_wait: bool = False

    @property
    def well(self) -> bool:
        """Whether all that is needed is there."""
        return not self.faults


def ask(
    session: PoliteSession, question: Question, clock: Callable[[], float] = time.monotonic
) -> Finding:
    """Ask a service one question, and hold its answer against the shape."""
    began = clock()
    try:
        with session.open(
            question.source,
            question.url,
            question.params,
            question.accept,
            foreign=question.foreign,
        ) as opened:
            body, url, headers = opened.body.read(MOST_READ + 1), opened.url, opened.headers
    except SourceError as error:
        waits = error.retry_at is not None
        seconds = clock() - began
        return Finding(
            question, (error.problem,), seconds=seconds, answered=False, asked_to_wait=waits
        )
    seconds = clock() - began
    remarks = list(_limits(headers))
    faults = list(_moved(question, url))
    if len(body) > MOST_READ:
        faults.append(f"the answer to a small question is larger than {MOST_READ >> 20} MB")
        return Finding(question, tuple(faults), tuple(remarks), seconds=seconds)
    try:
        seen = question.read(body)
    except SourceError as error:
        kind = printable(headers.get(_CONTENT) or "", 60)
        said = f"{error.problem}{f' (sent as {kind})' if kind else ''}"
        return Finding(question, (*faults, said), tuple(remarks), seconds=seconds)
    found, noted = compare(question.shape, seen)
    return Finding(question, (*faults, *found), (*noted, *remarks), len(seen.entries), seconds)


def compare(shape: Shape, seen: Seen) -> tuple[list[str], list[str]]:
    """Hold an answer against its shape; returns what is wrong, and what else is worth a word."""
    faults: list[str] = []
    remarks: list[str] = []
    missing = [name for name in shape.head if not seen.head.get(name, "").strip()]
    if missing:
        faults.append(f"the answer as a whole has no {_listed(missing)}")
    if len(seen.entries) < shape.least:
        faults.append("no entries, though there must be some")
    elif not seen.entries:
        remarks.append("no entries, so that nothing can be said of their form")
    new = _new(shape, seen)
    missing_fields, few = _missing(shape, seen, new)
    faults += missing_fields
    remarks += few
    for name, judge in shape.values.items():
        faults += _wrong(name, judge, seen)
    if new:
        remarks.append(f"new, and not read: {_listed([printable(name, 80) for name in new])}")
    return faults, remarks


def _missing(shape: Shape, seen: Seen, new: Sequence[str]) -> tuple[list[str], list[str]]:
    """The fields that are in no entry or in few, and those that some entries lack."""
    faults: list[str] = []
    remarks: list[str] = []
    for names in map(_names, shape.needed):
        has = sum(any(entry.get(name) for name in names) for entry in seen.entries)
        lack, one_of = len(seen.entries) - has, " or ".join(names)
        if lack and not has:
            faults.append(f"no entry has {one_of}{_renamed(names, new)}")
        elif lack:
            said = f"{lack} of {len(seen.entries)} entries have no {one_of}"
            (faults if 2 * lack > len(seen.entries) else remarks).append(said)
    gone = [name for name in shape.there if not any(name in entry for entry in seen.entries)]
    if seen.entries:
        faults += [f"no entry has {name}{_renamed((name,), new)}" for name in gone]
    return faults, remarks


def _names(one: str | tuple[str, ...]) -> tuple[str, ...]:
    return (one,) if isinstance(one, str) else one


def _new(shape: Shape, seen: Seen) -> list[str]:
    """The fields that were never seen before."""
    named = {name for one in (*shape.needed, *shape.there) for name in _names(one)}
    begin = tuple(name for name in shape.known if name.endswith("/"))
    names = {name for entry in seen.entries for name in entry} - named - shape.known
    return sorted(name for name in names if not name.startswith(begin))


def _wrong(name: str, judge: Value, seen: Seen) -> list[str]:
    """What is wrong with the values of a field, each once."""
    values = [
        text for entry in (seen.head, *seen.entries) for text in entry.get(name, "").split("\n")
    ]
    wrong = Counter(said for text in values if text and (said := judge(text)))
    return [
        f"{said}{f' ({times} times)' if times > 1 else ''}"
        for said, times in wrong.most_common(_NAMED)
    ]


def _renamed(names: Sequence[str], new: Sequence[str]) -> str:
    """A guess at what a missing field is called now."""
    ends = {name.rpartition("/")[2].rpartition(":")[2].lower(): name for name in new}
    for name in names:
        end = name.rpartition("/")[2].rpartition(":")[2].lower()
        close = get_close_matches(end, ends, 1, _ALIKE)
        if close:
            return f" (perhaps it is {printable(ends[close[0]], 80)} now)"
    return ""


def _moved(question: Question, url: str) -> list[str]:
    """Whether the answer came from another address than the one that was asked."""
    asked = question.url.split("?")[0].rstrip("/")
    came = url.split("?", maxsplit=1)[0].rstrip("/")
    if not came or came == asked:
        return []
    return [f"it moved to {printable(came, 200)}: set {question.setting} to its new place"]


def _limits(headers: Mapping[str, str]) -> list[str]:
    """What the service says of how often it may be asked."""
    return [
        f"{name.lower()}: {printable(value, 60)}"
        for name, value in headers.items()
        if any(mark in name.lower() for mark in _LIMITS)
    ][:_NAMED]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
