"""Step 2, edit: for shards of due readers, weigh the candidates, choose, explain, compose, store.

An edition and its mail are stored together, or not at all. A reader for whom there is nothing new
gets no edition and stays due. A bug for one reader is logged, and the others are served.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

import numpy as np

from digest.errors import DigestError
from digest.letters import LetterOffice
from digest.model import Coverage, Edition, Interest, Mood, Paper, Pick, Reader, StoredPaper
from digest.progress import Progress
from digest.ranking import MakeRanker, Profile, Ranker, Scores
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


@dataclass(frozen=True, slots=True)
class Desk:
    """All that editions of one date share; `ranker` is None while there are no candidates."""

    date: date
    candidates: Sequence[StoredPaper]
    order: Sequence[int]
    coverage: tuple[Coverage, ...]
    ranker: Ranker | None


@dataclass(slots=True)
class Editor:
    """Makes editions; holds the desks of the dates at hand."""

    store: Store
    make_ranker: MakeRanker
    office: LetterOffice
    settings: EditSettings
    progress: Progress
    _desks: dict[date, Desk] = field(default_factory=dict)

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
            numbers = [reader.number or 0 for reader in readers]
            had = self.store.editions.papers_had(min(numbers), max(numbers), day if again else None)
            scores = self._scores(desk, readers)
            for reader, (profiles, rows) in zip(readers, scores, strict=True):
                try:
                    edition = self._edition(
                        reader, desk, profiles, rows, had.get(reader.number or 0, set())
                    )
                except Exception:
                    log.exception("edition of %s for %s", reader.name, day)
                    report.failed.append(reader)
                    continue
                if edition is None:
                    report.nothing_new.append(Due(reader, day))
                else:
                    editions.append(edition)
        return editions

    def _desk(self, day: date) -> Desk:
        if day not in self._desks:
            candidates = self.store.papers.candidates(day, self.settings.days)
            ranker = None
            if candidates:
                with self.progress.track(f"weighing {len(candidates)} papers", None):
                    background = self.store.papers.background(BACKGROUND)
                    ranker = self.make_ranker(background, [stored.paper for stored in candidates])
            order = by_upvotes(candidates)
            coverage = self.store.visits.coverage(day)
            self._desks[day] = Desk(day, candidates, order, coverage, ranker)
        return self._desks[day]

    def _scores(
        self, desk: Desk, readers: Sequence[Reader]
    ) -> list[tuple[Sequence[Profile], Scores]]:
        """Profiles and their rows of scores for each reader, from one product for all."""
        liked_keys = {key for r in readers for interest in r.interests for key in interest.liked}
        liked = self.store.papers.by_keys(liked_keys) if liked_keys else {}
        profiles = [[_profile(i, liked) for i in reader.interests] for reader in readers]
        every = [profile for own in profiles for profile in own]
        if desk.ranker is None or not every:
            nothing: Scores = np.zeros((len(every), len(desk.candidates)), dtype=np.float32)
            scores = nothing
        else:
            scores = desk.ranker.score(every)
        ends = np.cumsum([0, *(len(own) for own in profiles)]).tolist()
        rows = [scores[start:end] for start, end in pairwise(ends)]
        return list(zip(profiles, rows, strict=True))

    def _edition(
        self,
        reader: Reader,
        desk: Desk,
        profiles: Sequence[Profile],
        scores: Scores,
        had: set[int],
    ) -> Edition | None:
        """One reader's edition, or None where nothing is new."""
        liked = {key for interest in reader.interests for key in interest.liked}
        barred = {
            place
            for place, stored in enumerate(desk.candidates)
            if stored.number in had or not liked.isdisjoint(stored.paper.keys)
        }
        limit = self.settings.limit or reader.limit
        wanting = [place for place, profile in enumerate(profiles) if profile.interest.wants]
        choices = choose(
            scores[wanting], barred, desk.order, threshold=self.settings.threshold, limit=limit
        )
        if choices and desk.ranker is not None:
            picks = [
                Pick(
                    desk.candidates[choice.candidate],
                    choice.score,
                    profiles[wanting[choice.interest]].interest.name,
                    desk.ranker.explain(profiles[wanting[choice.interest]], choice.candidate),
                )
                for choice in choices
            ]
            mood = Mood.MATCHED
        else:
            excluded = set(np.flatnonzero(np.isneginf(scores).any(axis=0)).tolist())
            most = min(limit, FALLBACK_PICKS) if wanting else limit
            picks = _trending(desk, barred | excluded, most)
            mood = Mood.UNMATCHED if wanting else Mood.TRENDING
        if not picks:
            return None
        return Edition(reader, desk.date, tuple(picks), mood, len(desk.candidates), desk.coverage)

    def _compose(
        self, editions: Sequence[Edition], now: datetime, report: EditReport
    ) -> list[MadeEdition]:
        made = []
        for edition in editions:
            try:
                made.append(MadeEdition(edition, self.office.compose(edition, now)))
            except DigestError:
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
        after = max(due.reader.number or 0 for due in shard)


def _profile(interest: Interest, liked: dict[str, Paper]) -> Profile:
    return Profile(interest, tuple(liked[key] for key in interest.liked if key in liked))


def _trending(desk: Desk, barred: set[int], most: int) -> list[Pick]:
    places = [place for place in desk.order if place not in barred][:most]
    papers = [desk.candidates[place] for place in places]
    return [Pick(paper, trend_score(paper), None, trend_reasons(paper)) for paper in papers]
