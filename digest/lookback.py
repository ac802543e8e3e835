"""What an edition has beside its picks, found for a shard of readers at once.

Whether it is the first that a reader gets, which topics rise, and what a weekly one looks back on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice

from digest.desk import LOOK_BACK, Desk, Desks
from digest.localtime import moment_of
from digest.model import (
    ONLY_MINE,
    Edition,
    LookBack,
    ReaderKind,
    Risen,
    StoredPaper,
    Topic,
)
from digest.ranking.matching import Matcher
from digest.readers.profiles import Wants

MOST_LIKED = 10
MOST_RISEN = 5


@dataclass(frozen=True, slots=True)
class Draft:
    """An edition in the making: what it is made from, and its picks."""

    desk: Desk
    wants: Wants
    edition: Edition


@dataclass(frozen=True, slots=True)
class _Offered:
    """Papers that are shown to all who read on a date, but to nobody who excludes them."""

    papers: Sequence[StoredPaper]
    matcher: Matcher

    @classmethod
    def of(cls, papers: Sequence[StoredPaper]) -> "_Offered":
        """Prepared once for all readers."""
        return cls(papers, Matcher([stored.paper for stored in papers]))

    def unwanted(self, wants: Wants) -> set[int]:
        """The numbers of those that a reader excludes, or muted."""
        excluded = [
            self.matcher.matches(keyword)
            for profile in wants.profiles
            for keyword in profile.interest.excluded
        ]
        if not (excluded or wants.muted):
            return set()
        return {
            stored.number
            for place, stored in enumerate(self.papers)
            if stored.number in wants.muted or any(mask[place] for mask in excluded)
        }


@dataclass(frozen=True, slots=True)
class Looker:
    """Looks around for drafts of one shard; see the module."""

    desks: Desks

    def finished(self, drafts: Sequence[Draft]) -> list[Edition]:
        """The editions with all that they have beside their picks."""
        firsts = self._firsts(drafts)
        carriers = _carriers({d.desk.date: d.desk for d in drafts if _wants_others(d)}.values())
        weeks = self._weeks([draft for draft in drafts if _is_weekly(draft)])
        return [
            replace(
                draft.edition,
                rising=_rising(draft, carriers[draft.desk.date]) if _wants_others(draft) else (),
                first=(draft.edition.reader.number, draft.edition.date) in firsts,
                week=weeks.get((draft.edition.reader.row, draft.edition.date))
                if _is_weekly(draft)
                else None,
            )
            for draft in drafts
        ]

    def _firsts(self, drafts: Sequence[Draft]) -> set[tuple[int | None, date]]:
        """The readers, with their dates, who had no edition before."""
        by_date: dict[date, set[int]] = {}
        for draft in drafts:
            reader = draft.edition.reader
            if reader.kind is not ReaderKind.UNSAVED and reader.number is not None:
                by_date.setdefault(draft.edition.date, set()).add(reader.number)
        editions = self.desks.store.editions
        return {
            (number, day)
            for day, numbers in by_date.items()
            for number in numbers - editions.had_before(sorted(numbers), day)
        }

    def _weeks(self, drafts: Sequence[Draft]) -> dict[tuple[int, date], LookBack]:
        """What weekly editions look back on, by reader and date."""
        liked = self._liked(drafts)
        risen = {
            day: _Offered.of([one.paper for one in self.desks.risen(day)])
            for day in {draft.desk.date for draft in drafts}
        }
        return {
            (draft.edition.reader.row, draft.edition.date): LookBack(
                draft.edition.date - LOOK_BACK,
                tuple(liked.get((draft.edition.reader.row, draft.edition.date), ())),
                tuple(islice(self._risen(draft, risen[draft.desk.date]), MOST_RISEN)),
            )
            for draft in drafts
        }

    def _liked(self, drafts: Sequence[Draft]) -> dict[tuple[int, date], list[StoredPaper]]:
        """What readers liked or saved since their hour of a week before, the newest first."""
        since = {(d.edition.reader.row, d.edition.date): _since(d.edition) for d in drafts}
        if not since:
            return {}
        store = self.desks.store
        votes = store.votes.liked_since([number for number, _ in since], min(since.values()))
        liked = {
            (number, day): list(
                dict.fromkeys(
                    vote.paper
                    for vote in votes.get(number, ())
                    if moment <= vote.at <= self.desks.now
                )
            )[:MOST_LIKED]
            for (number, day), moment in since.items()
        }
        papers = store.papers.by_numbers({paper for papers in liked.values() for paper in papers})
        return {
            place: [papers[number] for number in numbers if number in papers]
            for place, numbers in liked.items()
        }

    def _risen(self, draft: Draft, offered: _Offered) -> Iterator[Risen]:
        """What rose, without picks, and without what the reader wants to hear nothing of."""
        if not _wants_others(draft):
            return
        picks = draft.edition.picks
        shut = {paper.number for pick in picks for paper in (pick.paper, *pick.twins)}
        shut |= offered.unwanted(draft.wants)
        for one in self.desks.risen(draft.desk.date):
            if one.paper.number not in shut:
                yield one


def _carriers(desks: Iterable[Desk]) -> dict[date, _Offered]:
    """The papers that carry the topics of dates."""
    return {
        desk.date: _Offered.of([paper for topic in desk.rising for paper in topic.carriers])
        for desk in desks
    }


def _rising(draft: Draft, offered: _Offered) -> tuple[Topic, ...]:
    """The topics that rise, without those whose papers the reader all wants to hear nothing of."""
    shut = offered.unwanted(draft.wants)
    if not shut:
        return draft.desk.rising
    told = []
    for topic in draft.desk.rising:
        carriers = tuple(paper for paper in topic.carriers if paper.number not in shut)
        if carriers or not topic.carriers:
            told.append(replace(topic, carriers=carriers))
    return tuple(told)


def _since(edition: Edition) -> datetime:
    """The hour of the edition a week before (aware)."""
    schedule = edition.reader.schedule
    return moment_of(schedule.zone, edition.date - LOOK_BACK, schedule.minute).astimezone(UTC)


def _is_weekly(draft: Draft) -> bool:
    reader = draft.edition.reader
    return reader.schedule.weekly and reader.number is not None


def _wants_others(draft: Draft) -> bool:
    """Whether a reader wants to hear at all of what everyone reads."""
    return draft.edition.reader.manner.dial > ONLY_MINE
