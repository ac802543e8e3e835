"""Remedies: what would have to change for a paper to be picked, tried and not guessed."""

import math
from collections.abc import Sequence
from dataclasses import replace

from digest.account.bench import Bench, share_of
from digest.account.draft import drafted, in_edition
from digest.account.nouns import Account, Remedy, Trial, Verdict, Weighed
from digest.desk import Desk
from digest.edit import Editor
from digest.letters.words import UNNAMED
from digest.model import EVERYONE, Interest, Keyword
from digest.picker import asks
from digest.ranking import Profile

TRIED = 5
_LIMITS = (12, 15, 20, 30, 50, 75, 100)
_DIALS = range(0, EVERYONE + 1, 10)
_CROWDED = (Verdict.CROWDED_OUT, Verdict.LESS_READ)  # where another share of places may help


def remedy_of(
    editor: Editor, desk: Desk, bench: Bench, profiles: Sequence[Profile], found: Account
) -> Remedy:
    """What would bring the paper in; what is tried depends on what stood in the way."""
    wanting = [one for one in found.interests if one.asks and one.score is not None]
    dial = _dial(editor, found) if wanting else None
    if found.verdict is Verdict.CROWDED_OUT or (found.verdict is Verdict.LESS_READ and wanting):
        return Remedy(limit=_limit(editor, found), dial=dial)
    if found.verdict is Verdict.LESS_READ:
        empty = Profile(Interest(UNNAMED))
        trials = _trials(editor, desk, bench, [*profiles, empty], empty)
        return Remedy(limit=_limit(editor, found), trials=trials)
    if found.verdict not in (Verdict.BELOW, Verdict.NO_CANDIDATE) or not wanting:
        return Remedy()
    best = min(wanting, key=lambda one: one.short_of)
    if best.short_of <= 0:
        return Remedy()
    profile = next(one for one in profiles if one.interest.name == best.name)
    trials = _trials(editor, desk, bench, profiles, profile)
    remedy = replace(_threshold(editor, desk, bench, profiles, best), trials=trials, dial=dial)
    return replace(remedy, has_room=_has_room(editor, found, remedy))


def _threshold(
    editor: Editor, desk: Desk, bench: Bench, profiles: Sequence[Profile], best: Weighed
) -> Remedy:
    """The threshold that the best score reaches, in the form in which it is set."""
    threshold, score = editor.settings.threshold, best.score or 0.0
    if threshold.a_day is None:
        rounded = math.floor(100 * score) / 100
        return Remedy(score=rounded if rounded > 0 else None)
    if not desk.daily or score < threshold.least:
        return Remedy()
    profile = next(one for one in profiles if one.interest.name == best.name)
    asking = sum(asks(one) for one in profiles)
    return Remedy(a_day=math.ceil(share_of(bench.ranker, profile, score) * desk.daily * asking))


def _has_room(editor: Editor, found: Account, remedy: Remedy) -> bool:
    """Whether the paper is picked with the other threshold."""
    if not found.is_candidate or (remedy.score is None and remedy.a_day is None):
        return False
    threshold = found.threshold
    lower = replace(threshold, a_day=remedy.a_day, score=remedy.score or threshold.score)
    other = replace(editor, settings=replace(editor.settings, threshold=lower))
    return bool(in_edition(drafted(other, found.reader, found.day), found.paper.number)[0])


def _trials(
    editor: Editor, desk: Desk, bench: Bench, profiles: Sequence[Profile], profile: Profile
) -> tuple[Trial, ...]:
    """The paper's strongest terms, each added to an interest: one shard of scoring."""
    interest = profile.interest
    known = {keyword.text.casefold() for keyword in interest.keywords}
    labels = [
        label
        for label in bench.ranker.strongest(bench.at, 2 * TRIED)
        if label.casefold() not in known and any(char.isalpha() for char in label)
    ][:TRIED]
    changed = bench.ranker.prepare(
        [
            replace(
                profile,
                interest=replace(interest, keywords=(*interest.keywords, Keyword(label))),
                kept=None,
            )
            for label in labels
        ]
    )
    scores = bench.ranker.score(changed)[:, bench.at].tolist()
    others = [one for one in profiles if one is not profile and asks(one)]
    trials = [
        Trial(label, interest.name, score, editor.picker.levels(desk, [one, *others])[0])
        for label, one, score in zip(labels, changed, scores, strict=True)
        if math.isfinite(score)
    ]
    return tuple(sorted(trials, key=lambda trial: trial.level - trial.score))


def _limit(editor: Editor, found: Account) -> int | None:
    """The least of a few limits with which the paper is picked."""
    settings = editor.settings
    wider = replace(editor, settings=replace(settings, limit=None))
    now = settings.limit_of(found.reader)
    for limit in _LIMITS:
        if limit > now:
            edition = drafted(wider, replace(found.reader, limit=limit), found.day)
            if in_edition(edition, found.paper.number)[0]:
                return limit
    return None


def _dial(editor: Editor, found: Account) -> int | None:
    """The nearest setting of the dial with which the paper is picked."""
    read_enough = found.verdict is Verdict.BELOW and found.read.trend is not None
    if not found.is_candidate or not (read_enough or found.verdict in _CROWDED):
        return None
    reader = found.reader
    now = reader.manner.dial
    for dial in sorted(_DIALS, key=lambda dial: abs(dial - now)):
        other = replace(reader, manner=replace(reader.manner, dial=dial))
        if dial != now and in_edition(drafted(editor, other, found.day), found.paper.number)[0]:
            return dial
    return None
