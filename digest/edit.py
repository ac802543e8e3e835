"""Step 2, edit: for shards of due readers, weigh the candidates, choose, explain, compose, store.

An edition and its mail are stored together, or not at all. A reader for whom there is nothing new
gets no edition and stays due. A bug for one reader is logged, and the others are served.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

import numpy as np

from digest.errors import StoreError, TemplateError
from digest.letters import LetterOffice
from digest.model import Coverage, Edition, Interest, Mood, Paper, Pick, Reader, StoredPaper
from digest.progress import Progress
from digest.ranking import MakeRanker, Mask, Profile, Ranker, Scores
from digest.ranking.choose import choose
from digest.ranking.trend import by_upvotes, trend_reasons, trend_score
from digest.store import Store
from digest.store.editions import MadeEdition
from digest.store.readers import Due

log = logging.getLogger(__name__)

SHARD = 1000
BACKGROUND = 20_000
FALLBACK_PICKS = 5
MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class EditSettings:
    """How many days a paper stays a candidate, the least score of a pick, and a cap on picks."""

    days: int
    threshold: float
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
class Desk:
    """All that editions of one date share.

    `order` are the candidates from the most to the least upvoted, `places` the place of each in it.
    """

    date: date
    candidates: Sequence[StoredPaper]
    order: Sequence[int]
    places: Mapping[int, int]
    place_of_row: Mapping[int, int]
    place_of_key: Mapping[str, int]
    coverage: tuple[Coverage, ...]


@dataclass(slots=True)
class Editor:
    """Makes editions; holds the desks of the dates at hand."""

    store: Store
    make_ranker: MakeRanker
    office: LetterOffice
    settings: EditSettings
    progress: Progress
    collected_on: date
    _desks: dict[date, Desk] = field(default_factory=dict)
    _rankers: dict[date, Ranker] = field(default_factory=dict)

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
        by_date: dict[date, list[Reader]] = defaultdict(list)
        for due in shard:
            by_date[due.date].append(due.reader)
        editions = []
        for day, readers in by_date.items():
            desk = self._desk(day)
            barred = self._barred(desk, readers, day if again else None)
            for reader in readers:
                if len(barred[reader.name]) == len(desk.candidates):
                    report.note_nothing_new(Due(reader, day))
            open_to = [r for r in readers if len(barred[r.name]) < len(desk.candidates)]
            for reader, profiles, rows in self._scored(desk, open_to, report):
                try:
                    edition = self._edition(reader, desk, profiles, rows, barred[reader.name])
                except Exception:
                    log.exception("edition of %s for %s", reader.name, day)
                    report.failed.append(reader)
                    continue
                if edition is None:
                    report.note_nothing_new(Due(reader, day))
                else:
                    editions.append(edition)
        return editions

    def _desk(self, day: date) -> Desk:
        if day not in self._desks:
            candidates = self.store.papers.candidates(day, self.settings.days)
            order = by_upvotes(candidates)
            self._desks[day] = Desk(
                day,
                candidates,
                order,
                {candidate: place for place, candidate in enumerate(order)},
                {stored.number: place for place, stored in enumerate(candidates)},
                {
                    key: place
                    for place, stored in enumerate(candidates)
                    for key in stored.paper.keys
                },
                self.store.visits.coverage(self.collected_on),
            )
        return self._desks[day]

    def _ranker(self, desk: Desk) -> Ranker:
        """The ranker of a date, made when the first reader with interests needs it."""
        if desk.date not in self._rankers:
            with self.progress.track(f"weighing {len(desk.candidates)} papers", None):
                background = self.store.papers.background(BACKGROUND)
                papers = [stored.paper for stored in desk.candidates]
                self._rankers[desk.date] = self.make_ranker(background, papers)
        return self._rankers[desk.date]

    def _barred(
        self, desk: Desk, readers: Sequence[Reader], other_than: date | None
    ) -> dict[str, set[int]]:
        """Candidates that must not be picked, by reader's name: had before, or liked already."""
        numbers = [reader.number for reader in readers if reader.number is not None]
        had = self.store.editions.papers_had(numbers, desk.date, self.settings.days, other_than)
        barred: dict[str, set[int]] = {}
        for reader in readers:
            rows = had.get(reader.number, set()) if reader.number is not None else set()
            liked = {key for interest in reader.interests for key in interest.liked}
            places = {desk.place_of_row[row] for row in rows if row in desk.place_of_row}
            places |= {desk.place_of_key[key] for key in liked if key in desk.place_of_key}
            barred[reader.name] = places
        return barred

    def _scored(
        self, desk: Desk, readers: Sequence[Reader], report: EditReport
    ) -> list[tuple[Reader, Sequence[Profile], Scores]]:
        """Profiles and rows of scores for each reader, from one product for the whole shard.

        Where that fails, reader by reader, so that one reader's trouble stays that reader's.
        """
        try:
            return self._score_shard(desk, readers)
        except StoreError:
            raise
        except Exception:
            log.exception("scores of %d readers for %s", len(readers), desk.date)
            if len(readers) == 1:
                report.failed.append(readers[0])
                return []
        return [row for reader in readers for row in self._scored(desk, [reader], report)]

    def _score_shard(
        self, desk: Desk, readers: Sequence[Reader]
    ) -> list[tuple[Reader, Sequence[Profile], Scores]]:
        liked_keys = {key for r in readers for interest in r.interests for key in interest.liked}
        liked = self.store.papers.by_keys(liked_keys) if liked_keys else {}
        profiles = [[_profile(i, liked) for i in reader.interests] for reader in readers]
        every = [profile for own in profiles for profile in own]
        scores: Scores = np.zeros((0, len(desk.candidates)), dtype=np.float32)
        if every:
            scores = self._ranker(desk).score(every)
        ends = np.cumsum([0, *(len(own) for own in profiles)]).tolist()
        rows = [scores[start:end] for start, end in pairwise(ends)]
        return list(zip(readers, profiles, rows, strict=True))

    def _edition(
        self,
        reader: Reader,
        desk: Desk,
        profiles: Sequence[Profile],
        scores: Scores,
        barred: set[int],
    ) -> Edition | None:
        """One reader's edition, or None where nothing is new."""
        limit = min(self.settings.limit or reader.limit, reader.limit)
        wants = np.array([profile.interest.wants for profile in profiles], dtype=np.bool_)
        wanting = [profile for profile in profiles if profile.interest.wants]
        # An interest of exclusions alone excludes from the whole edition.
        barred = barred | _excluded(scores[~wants])
        choices = choose(
            scores[wants], barred, desk.places, threshold=self.settings.threshold, limit=limit
        )
        if choices:
            ranker = self._ranker(desk)
            picks = [
                Pick(
                    desk.candidates[choice.candidate],
                    choice.score,
                    wanting[choice.interest].interest.name,
                    ranker.explain(wanting[choice.interest], choice.candidate),
                )
                for choice in choices
            ]
            mood = Mood.MATCHED
        else:
            most = min(limit, FALLBACK_PICKS) if wanting else limit
            picks = _trending(desk, barred | _excluded(scores), most)
            mood = Mood.UNMATCHED if wanting else Mood.TRENDING
        if not picks:
            return None
        return Edition(
            reader,
            desk.date,
            tuple(picks),
            mood,
            len(desk.candidates),
            desk.coverage,
            self._silent(wanting, scores[wants], barred),
        )

    def _silent(
        self, wanting: Sequence[Profile], scores: Scores, barred: set[int]
    ) -> tuple[str, ...]:
        """The names of interests for which no open candidate reaches the threshold."""
        shown = np.ones(scores.shape[1], dtype=np.bool_)
        shown[list(barred)] = False
        met: Mask = np.asarray((scores[:, shown] >= self.settings.threshold).any(axis=1))
        return tuple(p.interest.name for p, found in zip(wanting, met, strict=True) if not found)

    def _compose(
        self, editions: Sequence[Edition], now: datetime, report: EditReport
    ) -> list[MadeEdition]:
        made = []
        for edition in editions:
            try:
                made.append(MadeEdition(edition, self.office.compose(edition, now)))
            except TemplateError:
                raise
            except Exception:
                log.exception("mail of %s for %s", edition.reader.name, edition.date)
                report.failed.append(edition.reader)
        return made


def due_shards(store: Store, now: datetime, on: date | None) -> Iterator[list[Due]]:
    """All due readers of the store, a shard at a time."""
    after = 0
    while shard := store.readers.due(now, on, after, SHARD):
        yield shard
        after = shard[-1].reader.row


def _profile(interest: Interest, liked: dict[str, Paper]) -> Profile:
    return Profile(interest, tuple(liked[key] for key in interest.liked if key in liked))


def _excluded(scores: Scores) -> set[int]:
    """Candidates that any of these rows excludes."""
    return set(np.flatnonzero(np.isneginf(scores).any(axis=0)).tolist())


def _trending(desk: Desk, barred: set[int], most: int) -> list[Pick]:
    places = [place for place in desk.order if place not in barred][:most]
    papers = [desk.candidates[place] for place in places]
    return [Pick(paper, trend_score(paper), None, trend_reasons(paper)) for paper in papers]
