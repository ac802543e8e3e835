"""What a run did, as tables for people and as JSON for programs."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from digest.alerts import Told
from digest.letters.passage import marked
from digest.letters.picks import lift_of, reasons_in_words
from digest.letters.words import cut
from digest.model import Edition, LookBack, Mood, Pick, Quiet, ReaderKind
from digest.post import PostReport
from digest.run import RunReport
from digest.store.readers import Due
from digest.store.states import State
from digest.visiting import SourceReport

MOST_TABLES = 3
WIDE = 110  # columns from which the picks' sentences are shown
SENTENCE, TITLE = 300, 60
TWINS = 2
MOODS = {
    Mood.TRENDING: "What everyone reads.",
    Mood.UNMATCHED: "Nothing new met the interests; this is what others read.",
    Mood.NOTHING: "Nothing new: a few lines that say so.",
}


def show_run(console: Console, report: RunReport, place: str) -> None:
    """Tell what each step did."""
    for source in report.collected:
        show_source(console, source)
    editions = report.drafts or [made.edition for made in report.edited.editions]
    for edition in editions[:MOST_TABLES]:
        show_edition(console, edition)
    if len(editions) > MOST_TABLES:
        console.print(f"… and {len(editions) - MOST_TABLES} more editions")
    if not editions:
        for due in report.had_already[:MOST_TABLES]:
            console.print(
                f"{_who(due)} has an edition for {due.date} already: nothing sent. "
                "('digest preview' shows it anew.)"
            )
        if len(report.had_already) > MOST_TABLES:
            console.print("… and so have others")
    for due in report.edited.nothing_new[:MOST_TABLES]:
        console.print(_nothing(due))
    for reader in report.edited.failed:
        console.print(f"[red]The edition for {escape(reader.address)} failed[/]; see the log.")
    _show_posted(console, report, place)
    _show_told(console, report.told)


def show_source(console: Console, source: SourceReport) -> None:
    """One line a source, and one for each trouble."""
    if source.skipped:
        console.print(f"{source.source}: {source.skipped}, not asked again")
        return
    known = f" of {source.announced}" if source.announced not in (None, source.read) else ""
    console.print(f"{source.source}: {source.read}{known} papers read, {source.added} new")
    for trouble in source.troubles:
        console.print(Text(f"  left out: {trouble}", style="yellow"))
    if source.more_troubles:
        console.print(Text(f"  … and {source.more_troubles} more like these", style="yellow"))
    if source.problem:
        console.print(Text(f"  failed: {source.problem}", style="red"))


def show_edition(console: Console, edition: Edition) -> None:
    """A table of picks with scores and reasons."""
    title = f"{edition.date} · {edition.reader.address} · {edition.considered} papers weighed"
    console.print(title, style="bold", markup=False, highlight=False)
    if edition.mood is not Mood.MATCHED:
        console.print(MOODS[edition.mood])
    if not edition.picks:
        return
    table = Table(expand=False)
    table.add_column("", justify="right", style="dim")
    table.add_column("score", justify="right")
    table.add_column("paper", ratio=3, overflow="fold")
    table.add_column("why", ratio=2, overflow="fold")
    several = len({pick.interest for pick in edition.picks}) > 1
    wide = console.width >= WIDE
    for number, pick in enumerate(edition.picks, 1):
        why = reasons_in_words(pick, edition, title=TITLE)
        if pick.explores:
            why = f"by lot, close to {pick.interest}: {why}"
        elif pick.trends and edition.mood is Mood.MATCHED:
            why = f"what everyone reads: {why}"
        elif several and pick.interest:
            why = f"{pick.interest}: {why}"
        table.add_row(str(number), _score(pick), _paper(pick, wide=wide), Text(_votes(pick, why)))
    console.print(table)


def run_as_json(report: RunReport, channel: str) -> dict[str, Any]:
    """The whole report for programs; see docs/commands.md for its fields."""
    editions = report.drafts or [made.edition for made in report.edited.editions]
    return {
        "date": report.date.isoformat(),
        "sources": [_source_as_json(source) for source in report.collected],
        "editions": [_edition_as_json(edition) for edition in editions],
        "made": report.edited.made,
        "had_already": [due.reader.address for due in report.had_already],
        "nothing_new": [due.reader.address for due in report.edited.nothing_new],
        "failed": [reader.address for reader in report.edited.failed],
        "sent": report.posted.sent,
        "later": report.posted.later,
        "refused": report.posted.failed,
        "uncertain": report.posted.uncertain,
        "expired": report.posted.expired,
        "cancelled": report.posted.cancelled,
        "waiting": report.posted.delayed.count if report.posted.delayed else 0,
        "problem": report.posted.problem,
        "channel": channel,
        "alerted": report.told.queued,
        "alert_file": str(report.told.file) if report.told.file else None,
    }


def _show_posted(console: Console, report: RunReport, place: str) -> None:
    posted = report.posted
    if report.drafts:
        console.print("Dry run: no edition was stored, nothing was sent.")
        return
    if posted.sent:
        letters = "1 letter" if posted.sent == 1 else f"{posted.sent} letters"
        console.print(f"{letters} {place}:", markup=False, highlight=False, soft_wrap=True)
        _show_answers(console, posted, State.SENT)
    elif not (report.had_already or report.edited.nothing_new or posted.delayed or _tried(posted)):
        console.print("Nobody is due: nothing sent. (--date today asks for an edition now.)")
    if posted.later:
        console.print(f"{posted.later} refused for now:")
        _show_answers(console, posted, State.QUEUED)
    if posted.failed:
        console.print(f"[red]{posted.failed} refused for good[/]:")
        _show_answers(console, posted, State.FAILED)
    if posted.uncertain:
        console.print(
            f"[red]{posted.uncertain} uncertain[/]: handed over without an answer, "
            "never sent again by itself"
        )
        _show_answers(console, posted, State.UNCERTAIN)
    _show_void(console, posted)
    if posted.problem:
        console.print(Text(f"not sent: {posted.problem}", style="red"))
    if posted.delayed:
        _show_delayed(console, posted)


def _show_void(console: Console, posted: PostReport) -> None:
    if posted.expired:
        console.print(f"[red]{posted.expired} expired[/]: not sent before the deadline")
    if posted.cancelled:
        console.print(f"{posted.cancelled} cancelled: the reader left, paused or is mailed no more")


def _show_told(console: Console, told: Told) -> None:
    if told.queued and told.mail_broken:
        console.print("A mail to the owner waits with the others.")
    elif told.queued:
        console.print("The owner is told by mail what needs a person.")
    if told.file:
        written = f"What needs a person stands in {told.file}"
        console.print(written, soft_wrap=True, markup=False, highlight=False)


def _tried(posted: PostReport) -> bool:
    return bool(posted.answers or posted.failed or posted.uncertain or posted.problem)


def _show_answers(console: Console, posted: PostReport, state: State) -> None:
    """What the other side said, for the first few mails of a kind."""
    told = [(who, answer) for who, kind, answer in posted.answers if kind is state]
    for recipient, answer in told[:MOST_TABLES]:
        page = answer.removesuffix(".eml")
        said = f"{recipient}: {answer}"
        if page != answer:
            said = Path(f"{page}.html").resolve().as_uri()
        console.print(f"  {said}", soft_wrap=True, markup=False, highlight=False)


def _show_delayed(console: Console, posted: PostReport) -> None:
    waiting = posted.delayed
    if waiting and waiting.count and waiting.next_try:
        mails = "1 mail waits" if waiting.count == 1 else f"{waiting.count} mails wait"
        again = f"tried again from {waiting.next_try:%H:%M} UTC on"
        if posted.stopped:
            again = "the run was stopped; the next one goes on"
        elif posted.problem:
            again += ", and at once by the next 'digest run'"
        elif waiting.answer:
            mails += f" ({waiting.answer})"
        console.print(Text(f"{mails}: {again}", style="yellow"))
    if waiting and waiting.under_way:
        mails = "1 mail is" if waiting.under_way == 1 else f"{waiting.under_way} mails are"
        console.print(f"{mails} being sent by another process, or cut off: settled in minutes")


def _nothing(due: Due) -> str:
    """Why a reader gets no letter."""
    reader = due.reader
    if reader.manner.quiet is Quiet.NOTHING and reader.interests:
        return f"Nothing met the interests of {_who(due)} on {due.date}: no letter, as chosen."
    if reader.manner.quiet is Quiet.NOTE:
        return f"Nothing for {_who(due)} on {due.date}; a note waits until all sources are read."
    return f"Nothing new for {_who(due)} on {due.date}: no edition."


def _who(due: Due) -> str:
    if due.reader.kind is not ReaderKind.UNSAVED:
        return escape(due.reader.address)
    return "This wish" if due.reader.interests else "The trending edition"


def _score(pick: Pick) -> str:
    """The score; of what upvotes chose, the upvotes that it may expect."""
    if pick.interest is not None:
        return f"{pick.score:.2f}"
    return f"▲ +{pick.score:.0f}" if pick.trend else "–"


def _paper(pick: Pick, *, wide: bool) -> Text:
    """The title, the sentence that says most where there is room, and what was folded in."""
    shown = Text(pick.paper.paper.title)
    if wide and pick.sentence:
        shown.append("\n")
        for piece in marked(cut(pick.sentence.text, SENTENCE), pick.sentence.terms):
            shown.append(piece.text, "bold" if piece.marked else "dim")
    for twin in pick.twins[:TWINS]:
        shown.append(f"\nalso as: {cut(twin.paper.title, TITLE)}", "dim")
    return shown


def _votes(pick: Pick, why: str) -> str:
    votes = pick.paper.upvotes
    if not votes or pick.interest is None:
        return why
    lift = lift_of(pick)
    told = f"▲ {votes} (+{lift})" if lift else f"▲ {votes}"
    return f"{why} · {told}" if why else told


def _source_as_json(source: SourceReport) -> dict[str, Any]:
    return {
        "source": source.source,
        "read": source.read,
        "announced": source.announced,
        "added": source.added,
        "troubles": list(source.troubles),
        "more_troubles": source.more_troubles,
        "problem": source.problem,
        "skipped": source.skipped,
    }


def _edition_as_json(edition: Edition) -> dict[str, Any]:
    return {
        "reader": edition.reader.address,
        "date": edition.date.isoformat(),
        "mood": edition.mood.value,
        "considered": edition.considered,
        "first": edition.first,
        "picks": _picks_as_json(edition),
        "rising": [
            {
                "words": topic.words,
                "seen": topic.seen,
                "expected": round(topic.expected, 3),
                "papers": [paper.paper.key for paper in topic.carriers],
            }
            for topic in edition.rising
        ],
        "week": _week_as_json(edition.week) if edition.week else None,
    }


def _week_as_json(week: LookBack) -> dict[str, Any]:
    return {
        "since": week.since.isoformat(),
        "liked": [paper.paper.key for paper in week.liked],
        "risen": [{"key": one.paper.paper.key, "gained": one.gained} for one in week.risen],
    }


def _picks_as_json(edition: Edition) -> list[dict[str, Any]]:
    return [
        {
            "position": position,
            "key": pick.paper.paper.key,
            "title": pick.paper.paper.title,
            "url": pick.paper.paper.url,
            "score": round(pick.score, 6),
            "interest": pick.interest,
            "reasons": [
                {"kind": r.kind.value, "label": r.label, "share": round(r.share, 6)}
                for r in pick.reasons
            ],
            "sentence": pick.sentence.text if pick.sentence else None,
            "terms": list(pick.sentence.terms) if pick.sentence else [],
            "liked": edition.liked.get(pick.nearest) if pick.nearest is not None else None,
            "explores": pick.explores,
            "expected": round(pick.trend.expected, 3) if pick.trend else None,
            "twins": [
                {"key": twin.paper.key, "title": twin.paper.title, "url": twin.paper.url}
                for twin in pick.twins
            ],
            "announced": pick.paper.announced.isoformat() if pick.paper.announced else None,
            "signals": dict(pick.paper.signals),
        }
        for position, pick in enumerate(edition.picks, 1)
    ]
