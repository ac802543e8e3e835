"""The catalogue: the ranking's index of papers, kept in step with the store.

One process at a time brings it up to date; others go on with what is there. Whatever the index
lacks is counted from the store's text, so a late index costs time and never a paper.
"""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock, Timeout

from digest.config.keys import DEFAULT_RANKER
from digest.model import Changed, StoredPaper
from digest.progress import Progress
from digest.store import Store

if TYPE_CHECKING:
    from digest.ranking import Ranker
    from digest.ranking.encoder import Encoder
    from digest.ranking.finder import Finder
    from digest.ranking.index import Index
    from digest.ranking.marks import Marked
    from digest.ranking.model import Model
    from digest.ranking.sheet import Sheet
    from digest.ranking.terms import Terms
    from digest.ranking.vectors import KeptVectors

log = logging.getLogger(__name__)

_PART = 200  # texts counted at once
_COMMIT = 5000  # papers a commit of the index


@dataclass(slots=True)
class Catalogue:
    """All papers of the store as the ranking knows them.

    `folder` is where the index lies; without one it is made anew for each process, in a folder that
    is removed at the end. `kind` is how papers are ranked, a name of digest.ranking.kinds.
    `encoder` reads texts where the kind needs that; the installed one unless given.
    `patience` is how many seconds another process may write the index before this one goes on with
    what is there. One that `rests` stays at its state of the index.
    """

    store: Store
    folder: Path | None
    progress: Progress
    kind: str = DEFAULT_RANKER
    encoder: "Encoder | None" = None
    patience: float = 60.0
    rests: bool = False
    _index: "Index | None" = None
    _model: "Model | None" = None
    _finder: "tuple[Index, Finder | None] | None" = None
    _terms: "Terms | None" = None
    _vectors: "tuple[Index, KeptVectors] | None" = None
    _passing: "tempfile.TemporaryDirectory[str] | None" = field(default=None)

    def refresh(self, *, exact: bool = False) -> "Index":
        """Bring the index up to date: papers that are new or have another text, papers that went.

        Args:
            exact: weigh all papers anew, as if the index were made now.
        """
        if self.rests and self._index is not None:
            return self._index
        try:
            return self._refreshed(exact=exact)
        except OSError as error:
            if self._passing is not None:
                raise
            log.warning("no index can be kept in %s (%s)", self.folder, error.strerror or error)
            if self.folder is not None:  # what was written of it may be what the database lacks
                shutil.rmtree(self.folder, ignore_errors=True)
            self._pass()
            return self._refreshed(exact=exact)

    def rebuild(self) -> None:
        """Make the index anew from the store.

        Raises:
            OSError: where it rests; whoever brings the index up to date has to do it.
        """
        if self.rests:
            raise OSError(f"the index of papers in {self.folder} is damaged")
        log.warning("the index of papers in %s is damaged: it is made anew", self.folder)
        self._index = None
        shutil.rmtree(self._place(), ignore_errors=True)
        self.refresh()

    def _refreshed(self, *, exact: bool) -> "Index":
        from digest.ranking import index as files  # noqa: PLC0415 - NumPy, where it is needed
        from digest.ranking.sheet import joined  # noqa: PLC0415

        with self._alone() as alone:
            if not alone:
                return self._as_it_is()
            index = self._opened()
            for changes, sheets in self._counted(index):
                index = files.append(
                    index,
                    joined(sheets),
                    [change.number for change in changes],
                    [change.announced.toordinal() if change.announced else 0 for change in changes],
                    change=changes[-1].change,
                    key=changes[-1].key,
                )
            index = self._without_gone(index)
            if index.needs_fit or exact:
                index = files.fit(index)
            files.tidy(index)
        self._index = index
        return index

    def learn(self) -> bool:
        """Learn the subjects of all papers anew, where many came; returns whether it was done.

        What finds papers quickly is brought up to date with them.
        """
        from digest.ranking import index as files  # noqa: PLC0415
        from digest.ranking.finder import keep_finder  # noqa: PLC0415

        if self._index is None:
            return False
        learns = self._index.needs_subjects
        try:
            with self._alone() as alone:
                if not alone:
                    return False
                index = self._opened()
                if learns:
                    with self.progress.track("learning the subjects of all papers", None):
                        index = files.relearn(index)
                with self.progress.track("sorting all papers by their terms", None):
                    keep_finder(index, self._model_of(index), self.marks)
                files.tidy(index)
                self._index = index
        except OSError as error:
            log.warning("the subjects cannot be kept in %s (%s)", self.folder, error.strerror)
            return False
        return learns

    def open(self) -> bool:
        """Take the index as it lies there, whoever writes it; returns whether there is one."""
        from digest.ranking import index as files  # noqa: PLC0415

        index = files.open_index(self._place(), self.store.identity())
        if index is None or not self._in_step(index):
            return False
        self._index = index
        return True

    def at_rest(self) -> "Catalogue":
        """The state at hand as a catalogue of its own, which stays while this one goes on."""
        return replace(
            self,
            rests=True,
            _index=self.index,
            _model=None,
            _finder=None,
            _terms=None,
            _vectors=None,
            _passing=None,
        )

    @property
    def index(self) -> "Index":
        """The state of the index that this process works with."""
        if self._index is None:
            self._index = self.refresh()
        return self._index

    @property
    def terms(self) -> "Terms":
        """What counts texts."""
        if self._terms is None:
            from digest.ranking.terms import Terms  # noqa: PLC0415

            self._terms = Terms()
        return self._terms

    def model(self) -> "Model":
        """What the ranker knows of papers in general; made once for a state of the index."""
        if self._model is None or self._model.weights is not self.index.weights:
            self._model = self._model_of(self.index)
        return self._model

    def finder(self) -> "Finder | None":
        """What finds papers quickly; None where it is not kept, and would take long to make."""
        from digest.ranking.finder import open_finder  # noqa: PLC0415

        if self._finder is None or self._finder[0] is not self.index:
            self._finder = self.index, open_finder(self.index, self.model(), self.marks)
        return self._finder[1]

    def marks(self, numbers: Sequence[int]) -> "list[Marked]":
        """Authors and categories of papers, in this order."""
        from digest.ranking.marks import NOBODY, Marked  # noqa: PLC0415

        found = self.store.papers.names_of(numbers)
        names = (found.get(number) for number in numbers)
        return [Marked(tuple(one[0]), tuple(one[1])) if one else NOBODY for one in names]

    def _model_of(self, index: "Index") -> "Model":
        from digest.ranking.model import Model, sample_of_past  # noqa: PLC0415

        announced = np.flatnonzero(index.alive & (index.days > 0))
        past = announced[np.argsort(index.days[announced], kind="stable")]
        rows = sample_of_past(past)
        numbers = tuple(index.numbers[rows].tolist())
        return Model(self.terms, index.weights, index.subjects, index.take(rows), numbers)

    def counted(self, numbers: Sequence[int]) -> "Sheet":
        """What was counted of papers of the store, in this order; empty for one that is unknown."""
        from digest.ranking.sheet import joined  # noqa: PLC0415

        rows = self.index.rows_of(np.array(numbers, np.int64))
        missing = np.flatnonzero(rows < 0)
        known = self.index.take(rows[rows >= 0])
        if not missing.size:
            return known
        lacked = [numbers[place] for place in missing.tolist()]
        papers = self.store.papers.by_numbers(lacked)
        texts = [papers[number].paper.text if number in papers else "" for number in lacked]
        both = joined([known, self.terms.count(texts)])
        order = np.zeros(len(numbers), np.int64)
        order[rows >= 0] = np.arange(len(known))
        order[missing] = np.arange(len(known), len(both))
        return both.take(order)

    def titles(self, numbers: Sequence[int]) -> dict[int, str]:
        """The titles of papers; one that is unknown is left out."""
        return self.store.papers.titles_of(numbers)

    def vectors(self) -> "KeptVectors":
        """Papers as vectors of the encoder, kept in the store.

        Raises:
            ConfigError: where no encoder is installed, with what to do.
        """
        from digest.ranking.encoder import open_encoder  # noqa: PLC0415
        from digest.ranking.vectors import KeptVectors  # noqa: PLC0415

        known, shelf = self._vectors, self.store.vectors
        if known is None or known[0] is not self.index or known[1].shelf is not shelf:
            self.encoder = self.encoder or open_encoder()
            sample = self.model().past_numbers
            known = self.index, KeptVectors(self.encoder, shelf, self.progress, sample)
            self._vectors = known
        return known[1]

    @property
    def generation(self) -> str:
        """What stored profiles were made with, as 32 hex digits."""
        from digest.ranking.kinds import open_kind  # noqa: PLC0415

        more = open_kind(self.kind).meaning(self)
        if not more:
            return self.index.generation
        parts = (self.index.generation, self.kind, more)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def read(self, parts: Iterable[Sequence[int]]) -> None:
        """See that papers are read, some at a time, where the catalogue's kind reads papers.

        Raises:
            ConfigError: where no encoder is installed and one is needed.
        """
        from digest.ranking.kinds import open_kind  # noqa: PLC0415

        open_kind(self.kind).read(self, parts)

    def ranker(self, candidates: Sequence[StoredPaper], kind: str | None = None) -> "Ranker":
        """A ranker of these papers, of the catalogue's kind unless another one is named."""
        from digest.ranking.kinds import open_kind  # noqa: PLC0415

        return open_kind(kind or self.kind).make_ranker(self, candidates)

    def close(self) -> None:
        """Remove what was made for this process alone."""
        if self._passing is not None:
            self._passing.cleanup()
            self._passing = None

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Keep other writers out; False where another one writes for longer than one can wait."""
        place = self._place()
        lock = FileLock(f"{place}.lock")
        try:
            lock.acquire(timeout=self.patience)
        except Timeout:
            log.warning("another process writes the index %s: going on with what is there", place)
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _place(self) -> Path:
        """The folder of the index; one for this process alone where the usual one is no good."""
        if self.folder is not None and self._passing is None:
            try:
                self.folder.parent.mkdir(parents=True, exist_ok=True)
                probe = self.folder.parent / f"{self.folder.name}.lock"
                probe.touch()
            except OSError as error:
                log.warning("no index can be kept in %s (%s)", self.folder, error.strerror)
            else:
                return self.folder
        return self._pass() / "index"

    def _pass(self) -> Path:
        """A folder for this process alone, from now on."""
        if self._passing is None:
            self._passing = tempfile.TemporaryDirectory(prefix="digest-index-")
        return Path(self._passing.name)

    def _opened(self) -> "Index":
        """The index as it lies there, or an empty one where it is not of this database."""
        from digest.ranking import index as files  # noqa: PLC0415

        identity = self.store.identity()
        index = files.open_index(self._place(), identity)
        if index is None or index.mostly_dead or not self._in_step(index):
            return files.new_index(self._place(), identity)
        return index

    def _in_step(self, index: "Index") -> bool:
        """Whether the store still has what the index read last; a restored backup has not."""
        change = index.head.change
        if not change:
            return True
        if change > self.store.papers.last_change():
            return False
        key = self.store.papers.key_at(change)
        if key is None:  # that paper has changed again
            return True
        rows = self.store.papers.numbers_by_keys([key, index.head.key])
        return rows.get(key) == rows.get(index.head.key)

    def _as_it_is(self) -> "Index":
        """The index that another process is writing; without any, one for this process alone."""
        from digest.ranking import index as files  # noqa: PLC0415

        index = files.open_index(self._place(), self.store.identity())
        if index is None:
            self._pass()
            return self.refresh()
        self._index = index
        return index

    def _counted(self, index: "Index") -> Iterator[tuple[list[Changed], list["Sheet"]]]:
        """What the index has not read yet, counted, in parts."""
        after = index.head.change
        with self.progress.track("reading papers into the index", None) as advance:
            while changes := self.store.papers.changes(after, _COMMIT):
                after = changes[-1].change
                yield (
                    changes,
                    [
                        self.terms.count([change.text for change in changes[start : start + _PART]])
                        for start in range(0, len(changes), _PART)
                    ],
                )
                advance(len(changes))

    def _without_gone(self, index: "Index") -> "Index":
        """The index without papers that were merged into others."""
        from digest.ranking import index as files  # noqa: PLC0415

        if index.papers <= self.store.papers.count():
            return index
        here = set(self.store.papers.numbers())
        known = index.numbers[index.alive].tolist()
        return files.bury(index, [number for number in known if number not in here])
