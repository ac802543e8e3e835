"""The account in words, for a person: on the terminal and on a page."""

from collections.abc import Iterator

from digest.account.nouns import Account, Verdict, Weighed
from digest.letters.words import counted, figure
from digest.model import EVERYONE, Mood, Pick, Reason, ReasonKind

MOST_TERMS = 12
LEAST = 0.005  # less is shown as 0.00
_KINDS = {
    ReasonKind.AUTHOR: "author {}",
    ReasonKind.CATEGORY: "category {}",
    ReasonKind.LIKED: "like “{}”",
    ReasonKind.KEYWORDS: "in meaning: {}",
}
_BEYOND = "all else, less what all papers have in common"


def outcome(account: Account) -> Iterator[str]:
    """What became of it, and the facts that stand beside the scores."""
    sent = next((one for one in account.shown if one.date == account.day), None)
    if sent:
        yield f"It was number {sent.position} of this edition. Made now, the edition would say:"
    yield verdict(account)
    if account.is_candidate:
        weighed = any(one.asks for one in account.interests) and not _everyones(account)
        by = "by its best score" if weighed else "by upvotes expected"
        yield f"Of {account.considered:,} candidates it is number {account.place} {by}."
    else:
        yield f"Beside {account.considered:,} candidates it would be number {account.place}."
    yield from _read(account)
    for one in account.shown:
        if one.date != account.day:
            yield f"It was number {one.position} of the edition of {one.date}."
    for vote in account.votes:
        yield f"Your vote: {vote.kind.value}, on {vote.at:%Y-%m-%d}."
    for origin in account.origins:
        yield f"It is in your library {origin}."
    if account.counts_for:
        yield f"Interests that learn from it: {', '.join(account.counts_for)}."
    for twin in account.twins:
        yield f"It says the same as {twin.paper.title} ({twin.paper.key})."


def verdict(account: Account) -> str:
    """What became of the paper, or would, and for what reason."""
    pick, first, last = account.pick, *account.window
    wanting = [one for one in account.interests if one.asks and one.score is not None]
    if pick is not None and account.verdict is Verdict.PICKED:
        because = _because(pick, account)
        return f"Picked: number {account.position} of {_size(account)}, {because}."
    if pick is not None and account.verdict is Verdict.TWIN:
        return (
            f"Picked as part of number {account.position} of {_size(account)}: "
            f"{pick.paper.paper.title} says the same and stands for it."
        )
    if account.verdict is Verdict.BELOW:
        best = min(wanting, key=lambda one: one.short_of)
        return (
            f"Not picked: {figure(best.score or 0.0)} is {best.short_of:.2f} below the threshold "
            f"of “{best.name}”, {figure(best.level)}."
        )
    return {
        Verdict.NO_CANDIDATE: f"Not picked: no candidate. Those of the date were announced as new "
        f"from {first} to {last}.",
        Verdict.KNOWN: "Not picked: you know it (or one that says the same): liked, voted on, or "
        "in a library.",
        Verdict.HAD: "Not picked: you had it before.",
        Verdict.EXCLUDED: f"Not picked: excluded by {excluded_by(account)}.",
        Verdict.LESS_READ: f"Not picked: {_why_upvotes(account)}, so upvotes chose, and others may "
        "expect more.",
        Verdict.CROWDED_OUT: f"Not picked: good enough, but the {_size(account)} places went to "
        "papers that score higher or differ more from each other.",
    }[account.verdict]


def excluded_by(account: Account) -> str:
    """What is excluded and matches the paper, each with its interest."""
    return " and ".join(
        f"-{text} (“{one.name}”)" for one in account.interests for text in one.excluded
    )


def addends(weighed: Weighed) -> list[tuple[float, str]]:
    """What adds up to the score; small terms are one line."""
    reasons = weighed.why.reasons if weighed.why else ()
    named = [reason for reason in reasons if reason.kind is not ReasonKind.REST]
    shown = [reason for reason in named if abs(reason.share) >= LEAST][:MOST_TERMS]
    small = [reason for reason in named if reason not in shown]
    lines = [(reason.share, as_addend(reason)) for reason in shown]
    if small:
        liked = any(reason.kind is ReasonKind.LIKED for reason in small)
        noun = "reason" if liked else "term"
        label = f"1 more {noun}" if len(small) == 1 else f"{len(small)} more {noun}s"
        lines.append((sum(reason.share for reason in small), label))
    rest = sum(reason.share for reason in reasons if reason.kind is ReasonKind.REST)
    lines.append((rest, _BEYOND))
    if weighed.lift:
        lines.append((weighed.lift, "its upvotes"))
    return lines


def as_addend(reason: Reason) -> str:
    """What a part of a score is, in a few words."""
    return _KINDS.get(reason.kind, "{}").replace("{}", reason.label)


def reach(weighed: Weighed) -> str:
    """How many papers a day are good enough for an interest, where that is known."""
    if weighed.a_day is None:
        return ""
    many = f"{weighed.a_day:.0f}" if weighed.a_day >= 1 else f"{weighed.a_day:.1g}"
    verb = "paper a day reaches" if many == "1" else "papers a day reach"
    return f"which about {many} {verb}"


def _size(account: Account) -> int:
    return len(account.edition.picks) if account.edition else 0


def _everyones(account: Account) -> bool:
    """Whether upvotes alone choose for this reader."""
    return account.reader.manner.dial >= EVERYONE


def _why_upvotes(account: Account) -> str:
    return "your dial is at 100" if account.interests and _everyones(account) else "no interests"


def _read(account: Account) -> Iterator[str]:
    """How widely it is read, and what the dial gives to such papers."""
    read = account.read
    if read.trend is None:
        return
    votes = read.trend.counts[-1].value
    had = counted(votes, "upvote")
    more = f"{read.trend.expected:.0f}" if read.trend.expected >= 1 else "less than one"
    yield (
        f"It has {had} and may expect {more} more in three days: number {read.place} of the "
        f"{read.of:,} with upvotes."
    )
    if any(one.asks for one in account.interests) and not _everyones(account):
        places = "1 place" if read.places == 1 else f"{read.places or 'no'} places"
        yield (
            f"Your dial of {account.reader.manner.dial} % gives {places} of an edition to what "
            "everyone reads."
        )


def _because(pick: Pick, account: Account) -> str:
    if pick.explores:
        return f"drawn by lot from those that came near to “{pick.interest}”, to learn from votes"
    if pick.interest is not None:
        return f"for “{pick.interest}” with {figure(pick.score)}"
    by_dial = account.edition is not None and account.edition.mood is Mood.MATCHED
    return "chosen by upvotes" + (", in a place for what everyone reads" if by_dial else "")
