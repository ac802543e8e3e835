"""Step 2, edit: for shards of due readers, weigh the candidates, choose, explain, compose, store.

An edition and its mail are stored together, or not at all. A reader for whom there is nothing new
gets no edition and stays due. A bug for one reader is logged, and the others are served.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise

import numpy as np

from digest.desk import Desk, Desks
from digest.errors import StoreError, TemplateError
from digest.letters import LetterOffice
from digest.localtime import deadline_of
from digest.model import Edition, Reader, StoredProfile, Threshold
from digest.picker import Picker
from digest.progress import Progress
from digest.ranking import MOST_FACETS, MOST_PAST, Profile, Scores, portions
from digest.readers.profiles import Wants, fingerprint, wants_of
from digest.store import Store
from digest.store.editions import MadeEdition
from digest.store.readers import Due

log = logging.getLogger(__name__)

SHARD = 1000
MOST_KEPT = 100
MOST_SCORES = 50_000_000  # at most 200 MB, were every profile of as many facets as can be


@dataclass(frozen=True, slots=True)
class EditSettings:
    """The least score of a pick, and a cap on picks."""

    threshold: Threshold
    limit: int | None = None


@dataclass(slots=True)
class EditReport:
    """What was made (the first hundred in full), for whom nothing was new, for whom it failed."""

    made: int = 0
    editions: list[MadeEdition] = field(default_factory=list)
    nothing_new: list[Due] = field(default_factory=list)
    failed: list[Reader] = field(default_factory=list)

    def note_nothing_new(self, due: Due) -> None:
        """Remember the first of those for whom there is nothing."""
        if len(self.nothing_new) < MOST_KEPT:
            self.nothing_new.append(due)


@dataclass(frozen=True, slots=True)
class Scored:
    """A reader with its profiles and their scores [profiles x candidates]."""

    wants: Wants
    profiles: Sequence[Profile]
    scores: Scores


@dataclass(slots=True)
class Editor:
    """Makes editions from what lies on the desks."""

    store: Store
    desks: Desks
    office: LetterOffice
    settings: EditSettings
    progress: Progress

    @property
    def picker(self) -> Picker:
        """What chooses, by these settings."""
        return Picker(self.desks, self.settings.threshold)

    def edit(
        self,
        shards: Iterator[Sequence[Due]],
        channel: str,
        now: datetime,
        stopping: Callable[[], bool],
    ) -> EditReport:
        """Make and store the editions of all these readers, shard by shard.

        Raises:
            TemplateError: before anything of the shard is stored.
        """
        report = EditReport()
        with self.progress.track("making editions", None) as advance:
            for shard in shards:
                made = self._compose(self.draft(shard, report), now, report)
                stored = self.store.editions.save(made, channel, now)
                report.made += len(stored)
                report.editions += stored[: MOST_KEPT - len(report.editions)]
                advance(len(shard))
                if stopping():
                    break
        return report

    def draft(
        self, shard: Sequence[Due], report: EditReport, *, again: bool = False
    ) -> list[Edition]:
        """Editions for a shard, not yet stored.

        Args:
            shard: readers with their dates.
            report: takes note of readers for whom nothing is new or something fails.
            again: leave out of account what the reader had in an edition of the same date.
        """
        editions = []
        for desk, readers in self.desks.seated(shard):
            day = desk.date
            every = wants_of(self.store, readers)
            barred = self._barred(desk, every, day if again else None)
            open_to = []
            for wants in every:
                if len(barred[wants.reader.name]) < len(desk.candidates):
                    open_to.append(wants)
                else:
                    report.note_nothing_new(Due(wants.reader, day))
            width = max(len(desk.candidates), MOST_PAST) * MOST_FACETS
            cells = [len(wants.profiles) * width for wants in open_to]
            for scored in (
                scored
                for part in portions(open_to, cells, MOST_SCORES)
                for scored in self._scored(desk, part, report)
            ):
                reader = scored.wants.reader
                try:
                    edition = self._edition(desk, scored, barred[reader.name])
                except Exception:
                    log.exception("edition of %s for %s", reader.name, day)
                    report.failed.append(reader)
                    continue
                if edition is None:
                    report.note_nothing_new(Due(reader, day))
                else:
                    editions.append(edition)
        return self._with_liked(editions)

    def _barred(
        self, desk: Desk, every: Sequence[Wants], other_than: date | None
    ) -> dict[str, set[int]]:
        """Candidates that must not be picked, by reader's name: had before, or known already."""
        numbers = [wants.reader.number for wants in every if wants.reader.number is not None]
        had = self.store.editions.papers_had(numbers, desk.date, desk.days, other_than)
        places = desk.place_of_row
        muted = sorted({number for wants in every for number in wants.muted})
        same = self.desks.ranker(desk).same_as(muted) if muted else {}
        return {
            wants.reader.name: {
                places[row]
                for row in (*had.get(wants.reader.number or 0, ()), *wants.known)
                if row in places
            }.union(*(same.get(number, ()) for number in wants.muted))
            for wants in every
        }

    def _scored(self, desk: Desk, every: Sequence[Wants], report: EditReport) -> list[Scored]:
        """Scores for each reader, from one product for the whole shard.

        Where that fails, reader by reader, so that one reader's trouble stays that reader's.
        """
        try:
            return self._score_shard(desk, every)
        except StoreError:
            raise
        except Exception:
            log.exception("scores of %d readers for %s", len(every), desk.date)
            if self.desks.renew():  # a damaged index fails for all
                return self._scored(desk, every, report)
            if len(every) == 1:
                report.failed.append(every[0].reader)
                return []
        return [scored for wants in every for scored in self._scored(desk, [wants], report)]

    def _score_shard(self, desk: Desk, every: Sequence[Wants]) -> list[Scored]:
        ends = np.cumsum([0, *(len(wants.profiles) for wants in every)]).tolist()
        profiles: list[Profile] = []
        scores: Scores = np.zeros((0, len(desk.candidates)), dtype=np.float32)
        if ends[-1]:
            ranker = self.desks.ranker(desk)
            profiles = self.prepared(desk, every)
            scores = ranker.score(profiles)
        return [
            Scored(wants, profiles[start:end], scores[start:end])
            for wants, (start, end) in zip(every, pairwise(ends), strict=True)
        ]

    def prepared(self, desk: Desk, every: Sequence[Wants]) -> list[Profile]:
        """The profiles of a shard as vectors: those stored, and anew those that changed."""
        fitted = self.desks.catalogue.index.generation
        stored = self.store.profiles.of([w.reader.number for w in every if w.reader.number])
        wanted: list[Profile] = []
        rows: list[tuple[int | None, int, str]] = []
        for wants in every:
            for position, profile in enumerate(wants.profiles):
                number, made_of = wants.reader.number, fingerprint(profile)
                kept = stored.get((number or 0, position))
                good = kept is not None and (kept.digest, kept.fitted) == (made_of, fitted)
                wanted.append(replace(profile, kept=kept.vector if kept and good else None))
                rows.append((number, position, made_of))
        prepared = self.desks.ranker(desk).prepare(wanted)
        moved = {
            row[0] for row, new, old in zip(rows, prepared, wanted, strict=True) if new is not old
        }
        counts = Counter(number for number, _ in stored)
        moved |= {
            wants.reader.number
            for wants in every
            if counts[wants.reader.number or 0] > len(wants.profiles)
        }
        numbers = [number for number in moved if number is not None]
        if not numbers:
            return prepared
        self.store.profiles.save(
            [
                StoredProfile(number, position, made_of, fitted, profile.kept or b"")
                for (number, position, made_of), profile in zip(rows, prepared, strict=True)
                if number is not None and number in moved
            ],
            numbers,
        )
        return prepared

    def _edition(self, desk: Desk, scored: Scored, barred: set[int]) -> Edition | None:
        """One reader's edition, or None where nothing is new."""
        reader = scored.wants.reader
        limit = min(self.settings.limit or reader.limit, reader.limit)
        found = self.picker.pick(desk, reader, scored.profiles, scored.scores, barred, limit)
        if found is None:
            return None
        return Edition(
            reader,
            desk.date,
            found.picks,
            found.mood,
            len(desk.candidates),
            desk.coverage,
            found.silent,
        )

    def _with_liked(self, editions: Sequence[Edition]) -> list[Edition]:
        """The editions with the titles of the liked papers that their picks are near to."""
        numbers = {p.nearest for e in editions for p in e.picks if p.nearest is not None}
        papers = self.store.papers.by_numbers(numbers) if numbers else {}
        return [
            replace(
                edition,
                liked={
                    pick.nearest: papers[pick.nearest].paper.title
                    for pick in edition.picks
                    if pick.nearest in papers
                },
            )
            for edition in editions
        ]

    def _compose(
        self, editions: Sequence[Edition], now: datetime, report: EditReport
    ) -> list[MadeEdition]:
        made = []
        dates = {e.reader.row: e.date for e in editions}
        missed = self.store.archive.uncertain(dates) if self.office.links else {}
        for edition in editions:
            try:
                deadline = deadline_of(edition.reader.schedule.zone, now)
                message = self.office.compose(edition, now, missed.get(edition.reader.row))
                made.append(MadeEdition(edition, message, deadline))
            except TemplateError:
                raise
            except Exception:
                log.exception("mail of %s for %s", edition.reader.name, edition.date)
                report.failed.append(edition.reader)
        return made


def due_shards(store: Store, now: datetime, on: date | None) -> Iterator[list[Due]]:
    """All due readers of the store, a shard at a time."""
    return store.readers.due_shards(now, on, SHARD)
