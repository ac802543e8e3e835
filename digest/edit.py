"""Step 2, edit: for shards of due readers, weigh the candidates, choose, explain, compose, store.

An edition and its mail are stored together, or not at all. A reader for whom there is nothing to
tell gets no edition and stays due; a process that goes on does not weigh the same for it again. A
bug for one reader is logged, and the others are served.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise

import numpy as np

from digest.desk import Desk, Desks
from digest.errors import EncoderError, StoreError, TemplateError
from digest.letters import LetterOffice
from digest.localtime import deadline_of
from digest.lookback import Draft, Looker
from digest.model import Edition, Reader, StoredProfile, Threshold
from digest.picker import Picked, Picker
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

    def limit_of(self, reader: Reader) -> int:
        """The most picks for a reader: its own limit, or the cap below it."""
        return min(self.limit or reader.limit, reader.limit)


@dataclass(slots=True)
class EditReport:
    """What was made (the first hundred in full), who got nothing, for whom it failed."""

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
class Weighed:
    """What was weighed in vain by this process: not again until something of it is another.

    Whoever wants no letter on a quiet day stays due until midnight, and a daemon asks each minute.
    """

    _seen: dict[int | None, int] = field(default_factory=dict)

    def knows(self, reader: Reader, weighing: Callable[[], int]) -> bool:
        """Whether this was the last that was weighed for a reader."""
        return reader.number in self._seen and self._seen[reader.number] == weighing()

    def note(self, reader: Reader, weighed: int) -> None:
        """Remember what was weighed for a stored reader, in place of what was before."""
        if reader.number is not None:
            self._seen[reader.number] = weighed


@dataclass(slots=True)
class Editor:
    """Makes editions from what lies on the desks."""

    store: Store
    desks: Desks
    office: LetterOffice
    settings: EditSettings
    progress: Progress
    weighed: Weighed = field(default_factory=Weighed)

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
            TemplateError, EncoderError: before anything of the shard is stored.
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
            report: takes note of readers for whom there is nothing to tell or something fails.
            again: leave out of account what the reader had in an edition of the same date, and
                that the same was weighed before.
        """
        return Looker(self.desks).finished(self.sketch(shard, report, again=again))

    def sketch(
        self, shard: Sequence[Due], report: EditReport, *, again: bool = False
    ) -> list[Draft]:
        """The picks of a shard alone; the same arguments as for `draft`."""
        drafts: list[Draft] = []
        for desk, readers in self.desks.seated(shard):
            every = wants_of(self.store, readers)
            had = self._had(desk, every, desk.date if again else None)
            anew = []
            for wants in every:
                if not again and self._weighed_before(desk, wants, had[wants.reader.name]):
                    report.note_nothing_new(Due(wants.reader, desk.date))
                else:
                    anew.append(wants)
            barred = self._barred(desk, anew, had)
            open_to = []
            for wants in anew:
                if len(barred[wants.reader.name]) == len(desk.candidates):
                    found = self.picker.without(desk, wants.reader)
                    self._add(drafts, report, desk, wants, found)
                else:
                    open_to.append(wants)
            width = max(len(desk.candidates), MOST_PAST) * MOST_FACETS
            cells = [len(wants.profiles) * width for wants in open_to]
            for scored in (
                scored
                for part in portions(open_to, cells, MOST_SCORES)
                for scored in self._scored(desk, part, report)
            ):
                wants = scored.wants
                try:
                    found = self._picked(desk, scored, barred[wants.reader.name])
                except (EncoderError, StoreError):  # the same for every reader
                    raise
                except Exception:
                    log.exception("edition of %s for %s", wants.reader.name, desk.date)
                    report.failed.append(wants.reader)
                    continue
                self._add(drafts, report, desk, wants, found)
                if found is None and not again:
                    weighed = self._weighing(desk, wants, had[wants.reader.name])
                    self.weighed.note(wants.reader, weighed)
        return self._with_liked(drafts)

    def _add(
        self,
        drafts: list[Draft],
        report: EditReport,
        desk: Desk,
        wants: Wants,
        found: Picked | None,
    ) -> None:
        """Add what was found to the drafts, or take note that there is nothing to tell."""
        if found is None:
            report.note_nothing_new(Due(wants.reader, desk.date))
            return
        edition = Edition(
            wants.reader,
            desk.date,
            found.picks,
            found.mood,
            len(desk.candidates),
            desk.coverage(wants.reader.schedule),
            found.silent,
        )
        drafts.append(Draft(desk, wants, edition))

    def _weighed_before(self, desk: Desk, wants: Wants, had: Collection[int]) -> bool:
        return self.weighed.knows(wants.reader, lambda: self._weighing(desk, wants, had))

    def _weighing(self, desk: Desk, wants: Wants, had: Collection[int]) -> int:
        """All that decides about a reader's picks, as a number that is good for this process."""
        return hash((desk.state, self.settings, wants, frozenset(had)))

    def _had(
        self, desk: Desk, every: Sequence[Wants], other_than: date | None
    ) -> dict[str, set[int]]:
        """Candidates that readers had before, or know already, by reader's name."""
        numbers = [wants.reader.number for wants in every if wants.reader.number is not None]
        had = self.store.editions.papers_had(numbers, desk.date, desk.days, other_than)
        places = desk.place_of_row
        return {
            wants.reader.name: {
                places[row]
                for row in (*had.get(wants.reader.number or 0, ()), *wants.known)
                if row in places
            }
            for wants in every
        }

    def _barred(
        self, desk: Desk, every: Sequence[Wants], had: Mapping[str, set[int]]
    ) -> dict[str, set[int]]:
        """Candidates that must not be picked, by reader's name: had, or the same as a muted one."""
        muted = sorted({number for wants in every for number in wants.muted})
        same = self.desks.ranker(desk).same_as(muted) if muted else {}
        return {
            wants.reader.name: had[wants.reader.name].union(
                *(same.get(number, ()) for number in wants.muted)
            )
            for wants in every
        }

    def _scored(self, desk: Desk, every: Sequence[Wants], report: EditReport) -> list[Scored]:
        """Scores for each reader, from one product for the whole shard.

        Where that fails, reader by reader, so that one reader's trouble stays that reader's.
        """
        try:
            return self._score_shard(desk, every)
        except (EncoderError, StoreError):  # the same for every reader
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
        """The profiles of a shard as vectors: those stored, and anew those that changed.

        One of which the ranker keeps nothing is made anew the next time.
        """
        fitted = self.desks.catalogue.generation
        stored = self.store.profiles.of([w.reader.number for w in every if w.reader.number])
        wanted: list[Profile] = []
        rows: list[tuple[int | None, int, str]] = []
        for wants in every:
            for position, profile in enumerate(wants.profiles):
                number, made_of = wants.reader.number, fingerprint(profile)
                kept = stored.get((number or 0, position))
                good = kept is not None and (kept.digest, kept.fitted) == (made_of, fitted)
                vector = kept.vector if kept and good else None
                wanted.append(replace(profile, kept=vector or None))
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

    def _picked(self, desk: Desk, scored: Scored, barred: set[int]) -> Picked | None:
        """One reader's picks, or None where there is nothing to tell."""
        reader = scored.wants.reader
        limit = self.settings.limit_of(reader)
        return self.picker.pick(desk, reader, scored.profiles, scored.scores, barred, limit)

    def _with_liked(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The drafts with the titles of the liked papers that their picks are near to."""
        picks = [pick for draft in drafts for pick in draft.edition.picks]
        numbers = {pick.nearest for pick in picks if pick.nearest is not None}
        papers = self.store.papers.by_numbers(numbers) if numbers else {}
        return [
            replace(
                draft,
                edition=replace(
                    draft.edition,
                    liked={
                        pick.nearest: papers[pick.nearest].paper.title
                        for pick in draft.edition.picks
                        if pick.nearest in papers
                    },
                ),
            )
            for draft in drafts
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
