"""The replay: editions of past dates as they would have been made, by the house's own means.

Each date is made with what was known before it began: votes and dated library papers of the days
before, and of what is liked without a day only papers that were announced before. Nothing is
stored but what any run keeps: the index of papers, and an encoder's vectors with their background.
One date is held at a time.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from digest.catalogue import Catalogue
from digest.desk import Desk, Desks
from digest.evaluation.nouns import Evaluation, Question, Replayed, Shown, Variant
from digest.evaluation.questions import dates_between, questions_of
from digest.localtime import local_date
from digest.model import UPVOTES, LibraryPaper, Pick, Reader, StoredPaper, Threshold, Trend
from digest.picker import Picker
from digest.progress import Progress, Quiet
from digest.readers.profiles import Given, Wants, given_before, given_by, wants_from
from digest.store import Store

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay is made with; `now` is the time (aware)."""

    catalogue: Catalogue
    threshold: Threshold
    now: datetime
    progress: Progress


@dataclass(frozen=True, slots=True)
class _Past:
    """What was given until today, and when the papers that it names were announced."""

    given: Given
    announced: Mapping[int, Sequence[date]]
    named: frozenset[int]


def evaluate(replay: Replay, today: Variant, change: Variant | None, days: int) -> Evaluation:
    """Replay the dates of the last days, up to yesterday where the reader is.

    Args:
        replay: what it is made with.
        today: a stored reader as it is.
        change: the same reader after a change; None for today's settings alone.
        days: how many days back.

    Raises:
        ConfigError: where a ranker needs what is not installed.
    """
    reader = today.reader
    variants = (today,) if change is None else (today, change)
    past = _past(replay, variants)
    last = local_date(reader.schedule.zone, replay.now) - _DAY
    first = last - (days - 1) * _DAY
    votes = past.given.votes.get(reader.row, ())
    owned = _owned(past.given.libraries.get(reader.row, ()))
    questions, counted = questions_of(votes, past.announced, owned, reader.schedule, (first, last))
    made = _made(replay, past, variants, questions) if questions else ()
    asked = sum(1 for _ in dates_between(reader.schedule, first, last))
    unknown = () if change is None else _unknown(past.given, today.reader, change.reader)
    return Evaluation(today, change, first, last, asked, counted, made, unknown)


def _made(
    replay: Replay, past: _Past, variants: Sequence[Variant], questions: Sequence[Question]
) -> tuple[Replayed, ...]:
    """All dates, the oldest first. What an edition showed is in no later one of its variant."""
    store = replay.catalogue.store
    kinds = _kinds(replay, [variant.ranker for variant in variants])
    for catalogue in kinds.values():
        catalogue.read(_all_papers(store, past, questions))
    had: list[set[int]] = [set() for _ in variants]
    made = []
    with replay.progress.track(f"replaying {len(questions)} dates", len(questions)) as advance:
        for question in questions:
            both = list(zip(variants, had, strict=True))
            made.append(_replayed(replay, kinds, past, both, question))
            for its, shown in zip(had, made[-1].shown, strict=True):
                its.update(shown.papers)
            advance(1)
    return tuple(made)


def _kinds(replay: Replay, names: Sequence[str]) -> dict[str, Catalogue]:
    """A catalogue for each kind of ranker, at one state of the index, its subjects learned."""
    replay.catalogue.refresh()
    if replay.catalogue.index.needs_subjects:
        replay.catalogue.learn()
    resting = replay.catalogue.at_rest()
    resting.model()  # made once for all dates, as what rankers keep with a catalogue is
    return {name: replace(resting, kind=name) for name in names}


def _owned(library: Sequence[LibraryPaper]) -> dict[int, date]:
    """The first date on which each paper came into a library, of those that say it."""
    days: dict[int, date] = {}
    for one in library:
        if one.added is not None:
            days[one.paper] = min(one.added, days.get(one.paper, one.added))
    return days


def _all_papers(
    store: Store, past: _Past, questions: Sequence[Question]
) -> Iterator[Sequence[int]]:
    """All papers that the replay weighs, some at a time."""
    yield sorted(past.named)
    for question in questions:
        yield [paper.number for paper in _announced(store, question)]


def _unknown(given: Given, today: Reader, change: Reader) -> tuple[str, ...]:
    """The keys of papers that a change likes anew and the store lacks: they teach nothing here."""
    known = {*given.rows, *(key for interest in today.interests for key in interest.liked)}
    liked = dict.fromkeys(key for interest in change.interests for key in interest.liked)
    return tuple(key for key in liked if key not in known)


def _past(replay: Replay, variants: Sequence[Variant]) -> _Past:
    store = replay.catalogue.store
    readers = [variant.reader for variant in variants]
    given, row = given_by(store, readers), readers[0].row
    voted = {vote.paper for vote in given.votes.get(row, ())}
    owned = {one.paper for one in given.libraries.get(row, ())}
    named = frozenset(voted | owned).union(*(given.liked_by(reader) for reader in readers))
    return _Past(given, store.papers.dates_of(named), named)


def _replayed(
    replay: Replay,
    kinds: Mapping[str, Catalogue],
    past: _Past,
    variants: Sequence[tuple[Variant, Collection[int]]],
    question: Question,
) -> Replayed:
    """One date, for each variant with the papers that it had. What was named counts once."""
    asked = question.liked | question.disliked
    pool = [
        paper
        for paper in _announced(replay.catalogue.store, question)
        if paper.number in asked or paper.number not in past.named
    ]
    here = {paper.number for paper in pool}

    def there(number: int) -> bool:
        days = past.announced.get(number, ())
        return number not in here and all(day < question.since for day in days)

    wants = [
        wants_from(*given_before(past.given, variant.reader, question.day, there))
        for variant, _ in variants
    ]
    shown: dict[int, Shown] = {}
    for kind, catalogue in kinds.items():
        mine = [place for place, (variant, _) in enumerate(variants) if variant.ranker == kind]
        desks = _desks(replay, catalogue, question.day)
        desk = _desk(desks, question, variants[mine[0]][0], pool)
        asking = [(wants[place], variants[place][1]) for place in mine]
        picks = _picks(Picker(desks, replay.threshold), desk, asking)
        shown.update(zip(mine, (_shown(one, question) for one in picks), strict=True))
    told = question.liked.union(*(one.papers for one in shown.values()))
    keys = {paper.number: paper.paper.key for paper in pool if paper.number in told}
    in_order = tuple(shown[place] for place in range(len(variants)))
    return Replayed(question, len(pool), in_order, keys)


def _announced(store: Store, question: Question) -> list[StoredPaper]:
    """All papers that any source announced as fresh since the date before."""
    days = (question.day - question.since).days + 1
    return store.papers.candidates(question.day, days)


def _desks(replay: Replay, catalogue: Catalogue, day: date) -> Desks:
    """Desks of their own for one date: they keep its rankers no longer than it takes."""
    desks = Desks(catalogue.store, catalogue, 1, day, replay.now, Quiet())
    desks.only_look()
    return desks


def _desk(desks: Desks, question: Question, variant: Variant, pool: Sequence[StoredPaper]) -> Desk:
    """The desk of a date with the papers of that date alone, and what was counted of them then."""
    desk = desks.of(question.day, variant.reader.schedule)
    trends = _trends(desks, pool, question.day)
    counts = {place: {UPVOTES: trend.counts[-1].value} for place, trend in trends.items()}
    then = [replace(paper, signals=counts.get(place, {})) for place, paper in enumerate(pool)]
    return replace(desk, candidates=then, trends=trends)


def _trends(desks: Desks, pool: Sequence[StoredPaper], day: date) -> dict[int, Trend]:
    """Trends as they were; none for a paper that nobody had counted when the date ended."""
    ended, found = desks.last_moment(day), desks.trends(pool, day)
    return {place: one for place, one in found.items() if one.counts[0].observed <= ended}


def _picks(
    picker: Picker, desk: Desk, every: Sequence[tuple[Wants, Collection[int]]]
) -> list[tuple[Pick, ...]]:
    """The picks of each variant, but for papers that it had; all from one product."""
    ranker = picker.desks.ranker(desk)
    asked = list(dict.fromkeys(profile for wants, _ in every for profile in wants.profiles))
    place_of = {profile: place for place, profile in enumerate(asked)}
    profiles = ranker.prepare(asked)
    scores = ranker.score(profiles)
    found = []
    for wants, had in every:
        places = [place_of[profile] for profile in wants.profiles]
        same = ranker.same_as(sorted(wants.muted)) if wants.muted else {}
        barred = {place for row, place in desk.place_of_row.items() if row in had}
        picked = picker.pick(
            desk,
            wants.reader,
            [profiles[place] for place in places],
            scores[places],
            barred.union(*same.values()),
            wants.reader.limit,
        )
        found.append(picked.picks if picked else ())
    return found


def _shown(picks: Sequence[Pick], question: Question) -> Shown:
    """An edition against the votes; a pick stands for those that say the same, too."""
    stands = [{pick.paper.number, *(twin.number for twin in pick.twins)} for pick in picks]
    return Shown(
        tuple(pick.paper.number for pick in picks),
        tuple(place for place, its in enumerate(stands, 1) if its & question.liked),
        sum(1 for its in stands if its & question.disliked and not its & question.liked),
    )
