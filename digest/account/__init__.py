"""The account of one paper: all that decided for or against it, for a reader and a date.

It is made by the editor's own means, the same desk, ranker, levels and draft, so that it says what
an edition does.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from digest.account.bench import Bench, share_of
from digest.account.draft import drafted, in_edition
from digest.account.nouns import Account, Read, Remedy, Trial, Verdict, Weighed
from digest.account.remedy import remedy_of
from digest.desk import Desk
from digest.edit import Editor
from digest.model import EVERYONE, Reader, StoredPaper
from digest.picker import asks, places_for_all
from digest.ranking import Explanation, Profile, Scores
from digest.ranking.choose import others_of
from digest.ranking.matching import Matcher
from digest.ranking.trend import by_trend, lifts
from digest.readers.profiles import Wants, wants_of

__all__ = [
    "Account",
    "Read",
    "Remedy",
    "Trial",
    "Verdict",
    "Weighed",
    "account_of",
    "day_in_question",
]

_EVERY = 1000  # terms: all of them


def day_in_question(editor: Editor, reader: Reader, paper: StoredPaper, today: date) -> date:
    """The date that is meant where none is named.

    That of the last edition with the paper, else today while it is a candidate, else the day of
    its announcement.
    """
    shown = editor.store.editions.shown(reader.row, paper.number)
    if shown:
        return shown[-1].date
    desk = editor.desks.of(today, reader.schedule)
    if paper.announced is None or paper.number in desk.place_of_row:
        return today
    return min(paper.announced, today)


def account_of(editor: Editor, reader: Reader, number: int, day: date) -> Account:
    """The account of a paper of the store.

    Raises:
        UsageError: where the reader's edition of the date cannot be made.
    """
    desk = editor.desks.of(day, reader.schedule)
    paper = editor.store.papers.by_numbers([number])[number]
    wants = wants_of(editor.store, [reader])[0]
    profiles = editor.prepared(desk, [wants])
    bench = Bench.of(editor, desk, paper)
    scores = bench.ranker.score(profiles)
    interests = _interests(editor, desk, bench, profiles, scores, reader.manner.dial)
    edition = drafted(editor, reader, day)
    position, pick = in_edition(edition, number)
    shown = tuple(editor.store.editions.shown(reader.row, number))
    found = Account(
        reader=reader,
        day=day,
        paper=paper,
        verdict=Verdict.PICKED,
        threshold=editor.settings.threshold,
        window=(day - timedelta(days=desk.days - 1), day),
        is_candidate=number in desk.place_of_row,
        considered=len(desk.candidates),
        shown=shown,
        votes=tuple(
            vote
            for vote in editor.store.votes.of([reader.row]).get(reader.row, ())
            if vote.paper == number
        ),
        counts_for=_counts_for(profiles, number),
        origins=tuple(
            one.origin
            for one in editor.store.libraries.of([reader.row]).get(reader.row, ())
            if one.paper == number
        ),
        twins=_twins(editor, desk, number),
        interests=interests,
        place=_place(bench, profiles, scores, reader.manner.dial),
        read=_read(editor, bench, reader, interests),
        edition=edition,
        position=position,
        pick=pick,
    )
    found = replace(found, verdict=_verdict(found, wants))
    return replace(found, remedy=remedy_of(editor, desk, bench, profiles, found))


def _interests(
    editor: Editor,
    desk: Desk,
    bench: Bench,
    profiles: Sequence[Profile],
    scores: Scores,
    dial: int,
) -> tuple[Weighed, ...]:
    asking = sum(asks(profile) for profile in profiles)
    lift = lifts(bench.trends, len(bench.candidates))[bench.at] * dial / EVERYONE
    matcher = Matcher([bench.candidates[bench.at].paper])
    found = []
    for profile, row in zip(profiles, scores, strict=True):
        score = float(row[bench.at]) if np.isfinite(row[bench.at]) else None
        wanted = asks(profile)
        level = editor.picker.levels(desk, [profile] * max(asking, 1))[0]
        why = (
            bench.ranker.explain(profile, bench.at, _EVERY, 0.0)
            if wanted and score is not None
            else None
        )
        found.append(
            Weighed(
                name=profile.interest.name,
                asks=wanted,
                score=score,
                lift=lift if score is not None and score >= level else 0.0,
                level=level,
                a_day=share_of(bench.ranker, profile, level) * desk.daily or None,
                place=None if score is None else 1 + int((row > row[bench.at]).sum()),
                why=why,
                nearest=_title(editor, why, bench.candidates[bench.at].number),
                excluded=tuple(
                    keyword.text
                    for keyword in profile.interest.excluded
                    if matcher.matches(keyword)[0]
                ),
            )
        )
    return tuple(found)


def _title(editor: Editor, why: Explanation | None, number: int) -> str | None:
    if why is None or why.nearest in (None, number):
        return None
    papers = editor.store.papers.by_numbers([why.nearest])
    return papers[why.nearest].paper.title if papers else None


def _counts_for(profiles: Sequence[Profile], number: int) -> tuple[str, ...]:
    return tuple(
        profile.interest.name
        for profile in profiles
        if any(example.number == number for example in profile.examples)
    )


def _twins(editor: Editor, desk: Desk, number: int) -> tuple[StoredPaper, ...]:
    """The other candidates that say the same."""
    at = desk.place_of_row.get(number)
    if at is None:
        return ()
    return tuple(desk.candidates[place] for place in others_of(at, editor.desks.twins(desk)))


def _read(editor: Editor, bench: Bench, reader: Reader, interests: Sequence[Weighed]) -> Read:
    """How widely the paper is read, and what the reader's dial gives to such papers."""
    popular = [at for at in by_trend(bench.candidates, bench.trends) if at in bench.trends]
    limit = editor.settings.limit_of(reader)
    asking = any(one.asks for one in interests)
    return Read(
        bench.trends.get(bench.at),
        1 + popular.index(bench.at) if bench.at in bench.trends else None,
        len(popular),
        places_for_all(reader.manner.dial, limit) if asking else limit,
    )


def _place(bench: Bench, profiles: Sequence[Profile], scores: Scores, dial: int) -> int:
    rows = [row for row, profile in zip(scores, profiles, strict=True) if asks(profile)]
    if rows and dial < EVERYONE:
        best = np.max(rows, axis=0)
        return 1 + int((best > best[bench.at]).sum())
    return 1 + by_trend(bench.candidates, bench.trends).index(bench.at)


def _verdict(found: Account, wants: Wants) -> Verdict:
    wanting = [one for one in found.interests if one.asks]
    barred = {twin.number for twin in found.twins} | {found.paper.number}
    others = any(one.date != found.day for one in found.shown)
    everyones = not wanting or found.reader.manner.dial >= EVERYONE
    checks = (
        (found.pick is not None and found.pick.paper.number == found.paper.number, Verdict.PICKED),
        (found.pick is not None, Verdict.TWIN),
        (not found.is_candidate, Verdict.NO_CANDIDATE),
        (found.paper.number in wants.known, Verdict.KNOWN),
        (others, Verdict.HAD),
        (any(one.excluded and not one.asks for one in found.interests), Verdict.EXCLUDED),
        (bool(wanting) and all(one.score is None for one in wanting), Verdict.EXCLUDED),
        (everyones and any(one.excluded for one in found.interests), Verdict.EXCLUDED),
        (everyones and bool(barred & wants.known), Verdict.KNOWN),
        (everyones, Verdict.LESS_READ),
        (all(one.short_of > 0 for one in wanting), Verdict.BELOW),
        (bool(barred & wants.known), Verdict.KNOWN),
    )
    return next((verdict for holds, verdict in checks if holds), Verdict.CROWDED_OUT)
