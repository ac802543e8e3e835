"""The account of a paper, as text for people and as JSON for programs."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from digest.account import Account, Read, Verdict, Weighed
from digest.account.words import addends, excluded_by, outcome, reach
from digest.model import Pick, StoredPaper, Threshold

_SETTING = "DIGEST_THRESHOLD"


def show_account(console: Console, account: Account) -> None:
    """Tell it from the outcome to the addends to what would change it."""
    _say(console, account.paper.paper.title, style="bold")
    _say(console, _known_as(account.paper), style="dim")
    _say(console, f"for {account.reader.address}, edition of {account.day}", style="dim")
    console.print()
    for line in outcome(account):
        _say(console, line)
    for weighed in account.interests:
        _show_interest(console, account, weighed)
    advice = list(_advice(account))
    if advice:
        console.print()
        _say(console, "What would change it", style="bold")
        for line in advice:
            _say(console, line, indent=2)


def account_as_json(account: Account) -> dict[str, Any]:
    """The whole account for programs; see docs/commands.md for its fields."""
    return {
        "reader": account.reader.address,
        "date": account.day.isoformat(),
        **_paper_as_json(account.paper),
        "announced": account.paper.announced.isoformat() if account.paper.announced else None,
        "sources": list(account.paper.sources),
        "signals": dict(account.paper.signals),
        "verdict": account.verdict.value,
        "candidate": account.is_candidate,
        "considered": account.considered,
        "place": account.place,
        "position": account.position,
        "trend": _trend_as_json(account.read),
        "explores": bool(account.pick and account.pick.explores),
        "stands_for_it": _stand_in(account.pick) if account.verdict is Verdict.TWIN else None,
        "twins": [_paper_as_json(twin) for twin in account.twins],
        "shown": [
            {"date": one.date.isoformat(), "position": one.position, "interest": one.interest}
            for one in account.shown
        ],
        "votes": [{"vote": vote.kind.value, "at": vote.at.isoformat()} for vote in account.votes],
        "counts_for": list(account.counts_for),
        "libraries": list(account.origins),
        "threshold": {"score": account.threshold.score, "a_day": account.threshold.a_day},
        "interests": [_interest_as_json(one) for one in account.interests],
        "would_change": {
            "threshold": account.remedy.score,
            "a_day": account.remedy.a_day,
            "has_room": account.remedy.has_room,
            "limit": account.remedy.limit,
            "dial": account.remedy.dial,
            "keywords": [
                {
                    "keyword": trial.keyword,
                    "interest": trial.interest,
                    "score": round(trial.score, 6),
                    "level": round(trial.level, 6),
                    "reaches": trial.reaches,
                }
                for trial in account.remedy.trials
            ],
        },
    }


def _say(console: Console, text: str, *, style: str = "", indent: int = 0) -> None:
    console.print(Padding(Text(text, style=style), (0, 0, 0, indent), expand=False))


def _known_as(stored: StoredPaper) -> str:
    said = [stored.paper.key]
    if stored.announced:
        by = f" by {', '.join(stored.sources)}" if stored.sources else ""
        said.append(f"announced {stored.announced}{by}")
    else:
        said.append("announced by no source: looked up, or only liked")
    if stored.upvotes:
        said.append(f"▲ {stored.upvotes}")
    return " · ".join(said)


def _show_interest(console: Console, account: Account, weighed: Weighed) -> None:
    """An interest's score with all of its addends."""
    console.print()
    if weighed.score is None:
        words = ", ".join(f"-{text}" for text in weighed.excluded)
        _say(console, f"{weighed.name}: excluded by {words}", style="bold")
        return
    if not weighed.asks:
        _say(console, f"{weighed.name}: excludes, and not this paper", style="bold")
        return
    _say(console, f"{weighed.name}: {weighed.score + weighed.lift:.2f}", style="bold")
    _say(console, _level(weighed, account.threshold), style="dim", indent=2)
    _say(
        console, f"number {weighed.place} of all candidates by this interest", style="dim", indent=2
    )
    for share, label in addends(weighed):
        _say(console, f"{share:+.2f}  {label}", indent=2)
    if weighed.why and weighed.why.sentence and len(weighed.why.reasons) > 1:
        _say(console, f"says most: “{weighed.why.sentence.text}”", indent=2)
    if weighed.nearest:
        _say(console, f"nearest of the liked papers: {weighed.nearest}", indent=2)


def _level(weighed: Weighed, threshold: Threshold) -> str:
    setting = _SETTING if threshold.a_day is None else f"{_SETTING}={threshold.a_day:g} a day"
    return ", ".join(filter(None, (f"threshold {weighed.level:.2f} ({setting})", reach(weighed))))


def _advice(account: Account) -> Iterator[str]:
    """What would have to change, as it was tried."""
    remedy = account.remedy
    lower = f"{remedy.score:g}" if remedy.score is not None else f"{remedy.a_day} a day"
    if (remedy.score, remedy.a_day) != (None, None):
        full = "" if remedy.has_room else ", but others would take the places of the edition"
        if not account.is_candidate:
            full = ", on a date on which it is a candidate"
        yield f"{_SETTING}={lower} would be low enough for it{full}."
    reaching = [trial for trial in remedy.trials if trial.reaches]
    for trial in reaching:
        keyword = f"The keyword “{trial.keyword}” in “{trial.interest}”"
        yield f"{keyword}: it would score {trial.score:.2f}."
    if remedy.trials and not reaching:
        tried = ", ".join(f"{trial.keyword} {trial.score:.2f}" for trial in remedy.trials)
        yield f"No single one of its strongest terms as a keyword would do: {tried}."
    if remedy.limit is not None:
        yield f"An edition of {remedy.limit} papers (DIGEST_LIMIT, a reader's --limit) has room."
    if remedy.dial is not None:
        yield f"A dial of {remedy.dial} (DIGEST_TREND, a reader's --trend) has a place for it."
    if account.verdict is Verdict.EXCLUDED:
        yield f"Without {excluded_by(account)} it would be weighed."
    if account.verdict is Verdict.NO_CANDIDATE and account.paper.announced:
        yield f"--date {account.paper.announced} asks about the day on which it was announced."


def _trend_as_json(read: Read) -> dict[str, Any]:
    return {
        "expected": round(read.trend.expected, 3) if read.trend else None,
        "place": read.place,
        "of": read.of,
        "places": read.places,
    }


def _stand_in(pick: Pick | None) -> dict[str, Any] | None:
    return _paper_as_json(pick.paper) if pick else None


def _paper_as_json(stored: StoredPaper) -> dict[str, Any]:
    return {"key": stored.paper.key, "title": stored.paper.title}


def _interest_as_json(weighed: Weighed) -> dict[str, Any]:
    why = weighed.why
    total = None if weighed.score is None else round(weighed.score + weighed.lift, 6)
    return {
        "name": weighed.name,
        "asks": weighed.asks,
        "score": total,
        "level": round(weighed.level, 6),
        "papers_a_day": None if weighed.a_day is None else round(weighed.a_day, 3),
        "place": weighed.place,
        "excluded_by": list(weighed.excluded),
        "reasons": [
            {"kind": reason.kind.value, "label": reason.label, "share": round(reason.share, 6)}
            for reason in (why.reasons if why else ())
        ]
        + (
            [{"kind": "upvotes", "label": "upvotes", "share": round(weighed.lift, 6)}]
            if weighed.lift
            else []
        ),
        "sentence": why.sentence.text if why and why.sentence else None,
        "nearest": weighed.nearest,
    }
