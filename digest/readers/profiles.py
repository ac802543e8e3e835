"""Everything that a reader gave, as profiles: interests, liked papers, libraries, votes.

Each interest is a profile of its own, so that none is averaged away; so is each library. A vote
counts for the interest that had brought the paper. A vote for a paper that no interest had brought
counts for the reader's only interest, or else for an interest of its own; one against it counts
against all. Of dated examples the newest counts most: half as much after a hundred papers.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import chain

from digest.grammar.interests import format_interest
from digest.identity import title_key
from digest.localtime import local_date
from digest.model import Interest, LibraryPaper, Reader, Vote, VoteKind
from digest.ranking import Example, Profile
from digest.store import Store

VOTES = "your votes"
HALF_LIFE = 100
_AGAINST = {VoteKind.LESS: -1.0, VoteKind.MUTE: -2.0}


@dataclass(frozen=True, slots=True)
class Wants:
    """A reader with its profiles, one for each of its interests, and the papers that it knows.

    The reader's interests here include those that its votes and libraries make; of the papers that
    it knows it does not want to hear again of those `muted`.
    """

    reader: Reader
    profiles: tuple[Profile, ...]
    known: frozenset[int]
    muted: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Given:
    """What readers gave: votes and library papers by the reader's row, and papers by their keys."""

    rows: Mapping[str, int]
    votes: Mapping[int, Sequence[Vote]]
    libraries: Mapping[int, Sequence[LibraryPaper]]

    def liked_by(self, reader: Reader) -> frozenset[int]:
        """The papers of the store that a reader's `like:` items name."""
        keys = (key for interest in reader.interests for key in _keys(interest))
        return frozenset(self.rows[key] for key in keys if key in self.rows)


def given_by(store: Store, readers: Sequence[Reader]) -> Given:
    """What these readers gave, from a few queries for all."""
    numbers = [reader.number for reader in readers if reader.number is not None]
    keys = {key for r in readers for i in r.interests for key in _keys(i)}
    rows = store.papers.numbers_by_keys(keys) if keys else {}
    return Given(rows, store.votes.of(numbers), store.libraries.of(numbers))


def wants_of(store: Store, readers: Sequence[Reader]) -> list[Wants]:
    """The profiles of a shard of readers, from a few queries for all."""
    given = given_by(store, readers)
    every = [wants_from(given, reader) for reader in readers]
    examples = {e.number for wants in every for p in wants.profiles for e in p.examples}
    changes = store.papers.changes_of(examples) if examples else {}
    return [_with_changes(wants, changes) for wants in every]


def wants_from(given: Given, reader: Reader) -> Wants:
    """The profiles of a reader, made of this alone; their examples do not tell which text."""
    row = reader.number or 0
    return _wants(reader, given.rows, given.votes.get(row, ()), given.libraries.get(row, ()))


def given_before(
    given: Given, reader: Reader, day: date, there: Callable[[int], bool]
) -> tuple[Given, Reader]:
    """What was given before a date began where the reader is, and the reader with likes of then.

    Args:
        given: all that was given.
        reader: whose.
        day: the date.
        there: whether a paper was there before; one that is liked without a day counts then.
    """
    row, zone = reader.row, reader.schedule.zone
    votes = [one for one in given.votes.get(row, ()) if local_date(zone, one.at) < day]
    library = [
        one
        for one in given.libraries.get(row, ())
        if (there(one.paper) if one.added is None else one.added < day)
    ]
    interests = tuple(
        replace(
            interest,
            liked=tuple(key for key in interest.liked if _there(given, key, there)),
            titles=tuple(t for t in interest.titles if _there(given, title_key(t), there)),
        )
        for interest in reader.interests
    )
    past = Given(given.rows, {row: votes}, {row: library})
    return past, replace(reader, interests=interests)


def _there(given: Given, key: str, there: Callable[[int], bool]) -> bool:
    return key not in given.rows or there(given.rows[key])


def _with_changes(wants: Wants, changes: Mapping[int, int]) -> Wants:
    """The examples with the last change of their texts."""
    profiles = [
        replace(
            profile,
            examples=tuple(replace(e, change=changes.get(e.number, 0)) for e in profile.examples),
        )
        if profile.examples
        else profile
        for profile in wants.profiles
    ]
    return replace(wants, profiles=tuple(profiles))


def fingerprint(profile: Profile) -> str:
    """What a profile is made of, as 64 hex digits: another one means that it must be made anew."""
    parts = [
        format_interest(profile.interest),
        *(f"{e.number}:{e.weight:.4f}:{e.change}" for e in profile.examples),
        *profile.titles,
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(slots=True)
class _Draft:
    """An interest while its examples are gathered; `dated` are (when, paper, weight).

    `undated` are named with `like:`, `of_unknown_day` are of a library that does not say.
    """

    interest: Interest
    titles: list[str] = field(default_factory=list)
    undated: list[int] = field(default_factory=list)
    of_unknown_day: list[int] = field(default_factory=list)
    dated: list[tuple[datetime, int, float]] = field(default_factory=list)

    def profile(self) -> Profile:
        """With the weights of age, the newest first."""
        self.dated.sort(key=lambda one: (one[0], one[1]), reverse=True)
        dated = {number for _, number, _ in self.dated}  # a vote is newer than a like without a day
        examples = {number: 1.0 for number in self.undated if number not in dated}
        for place, (_, number, weight) in enumerate(self.dated):
            examples.setdefault(number, weight * 0.5 ** (place / HALF_LIFE))
        liked = [weight for number, weight in examples.items() if number in dated and weight > 0]
        usual = sum(liked) / len(liked) if liked else 1.0
        for number in self.of_unknown_day:
            examples.setdefault(number, usual)
        return Profile(
            self.interest,
            tuple(Example(number, weight) for number, weight in examples.items()),
            tuple(self.titles),
        )


def _wants(
    reader: Reader,
    rows: Mapping[str, int],
    votes: Sequence[Vote],
    library: Sequence[LibraryPaper],
) -> Wants:
    drafts = {interest.name: _liked(interest, rows) for interest in reader.interests}
    for paper in library:
        draft = drafts.setdefault(paper.origin, _Draft(Interest(paper.origin)))
        if paper.added is None:
            draft.of_unknown_day.append(paper.paper)
        else:
            draft.dated.append((_moment(paper.added), paper.paper, 1.0))
    only = [draft.interest.name for draft in drafts.values() if draft.interest.wants]
    # Likes first: a dislike counts against all interests, those that likes make among them.
    for vote in sorted(votes, key=lambda vote: not vote.kind.likes):
        if vote.interest in drafts:
            names = [vote.interest]
        elif not vote.kind.likes:
            names = list(drafts) or [VOTES]
        else:
            names = only if len(only) == 1 else [VOTES]
        for name in names:
            draft = drafts.setdefault(name, _Draft(Interest(name)))
            draft.dated.append((vote.at, vote.paper, _AGAINST.get(vote.kind, 1.0)))
    profiles = tuple(draft.profile() for draft in drafts.values())
    examples = chain.from_iterable(profile.examples for profile in profiles)
    return Wants(
        replace(reader, interests=tuple(profile.interest for profile in profiles)),
        profiles,
        frozenset(example.number for example in examples) | {vote.paper for vote in votes},
        frozenset(vote.paper for vote in votes if vote.kind is VoteKind.MUTE),
    )


def _liked(interest: Interest, rows: Mapping[str, int]) -> _Draft:
    """An interest with the papers that its `like:` items name."""
    draft = _Draft(interest)
    draft.undated = [rows[key] for key in interest.liked if key in rows]
    for title in interest.titles:
        row = rows.get(title_key(title))
        if row is None:
            draft.titles.append(title)
        else:
            draft.undated.append(row)
    return draft


def _keys(interest: Interest) -> tuple[str, ...]:
    return (*interest.liked, *(title_key(title) for title in interest.titles))


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
