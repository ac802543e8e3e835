"""A replay of past dates, as text for people and as JSON for programs."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from digest.evaluation import Evaluation, Figure, Replayed, Shown, Variant
from digest.evaluation.measures import Mean
from digest.evaluation.verdict import in_words, needed, verdict_of
from digest.grammar.interests import format_interest
from digest.letters.words import counted

_NAMES = {
    "ndcg@10": "nDCG@10",
    "hit_rate": "hit rate",
    "picks": "picks an edition",
    "disliked": "of them disliked",
}
_DECIMALS = {"picks": 1, "disliked": 2}
_MEANING = (
    "nDCG@10 is 1 where the papers that you liked lead each edition; the hit rate is the share of "
    "editions with one of them. Means over dates, below them the 95 % interval."
)
EXPOSURE = "You vote on what you are shown, so a replay favours what is like the settings of then."


def show_evaluation(console: Console, found: Evaluation) -> None:
    """Tell what was replayed, the figures, what they say, and what to keep in mind."""
    _say(console, f"Past editions for {found.today.reader.address}, as they would be made", "bold")
    for line in _replayed(found):
        _say(console, line)
    for line in changes(found):
        _say(console, f"change: {line}")
    if found.unknown:
        _say(console, f"not stored, so they teach nothing here: {', '.join(found.unknown)}")
    if found.figures:
        console.print()
        console.print(_table(found))
    console.print()
    _say(console, in_words(found), "bold")
    if found.figures:
        _say(console, f"{_MEANING} {EXPOSURE}", "dim")


def changes(found: Evaluation) -> Iterator[str]:
    """What the change changes, one line each."""
    if found.change is None:
        return
    today, change = found.today.reader, found.change.reader
    before = {one.name: one for one in today.interests}
    after = {one.name: one for one in change.interests}
    lines = [
        f"{name}: {format_interest(after[name]) if name in after else 'no longer an interest'}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    if today.manner.dial != change.manner.dial:
        lines.append(f"dial {change.manner.dial} % (today {today.manner.dial} %)")
    if found.today.ranker != found.change.ranker:
        lines.append(f"ranker {found.change.ranker} (today {found.today.ranker})")
    yield from lines or ["none: these are today's settings"]


def evaluation_as_json(found: Evaluation) -> dict[str, Any]:
    """The whole replay for programs; see docs/evaluate.md for its fields."""
    return {
        "reader": found.today.reader.address,
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "verdict": verdict_of(found).value,
        "said": in_words(found),
        "dates_asked": found.asked,
        "dates_replayed": len(found.replayed),
        "dates_needed": needed(found),
        "votes": {
            "liked": found.votes.liked,
            "disliked": found.votes.disliked,
            "elsewhere": found.votes.elsewhere,
            "replayed": found.liked,
        },
        "today": _variant_as_json(found.today),
        "change": _variant_as_json(found.change) if found.change else None,
        "unknown": list(found.unknown),
        "chance": None if found.chance is None else round(found.chance, 6),
        "figures": {figure.name: _figure_as_json(figure) for figure in found.figures},
        "dates": [
            {
                "date": one.question.day.isoformat(),
                "since": one.question.since.isoformat(),
                "considered": one.considered,
                "liked": sorted(key for n, key in one.keys.items() if n in one.question.liked),
                "disliked": len(one.question.disliked),
                "editions": [_shown_as_json(one, shown) for shown in one.shown],
            }
            for one in found.replayed
        ],
    }


def _replayed(found: Evaluation) -> Iterator[str]:
    dates = counted(found.asked, "date")
    yield (
        f"{len(found.replayed)} of {dates} from {found.first} to {found.last} have papers that you "
        f"liked: {found.liked} liked, {found.disliked} disliked"
    )
    if found.votes.elsewhere:
        others = counted(found.votes.elsewhere, "other paper")
        yield f"on none of these dates: {others} that you liked"


def _table(found: Evaluation) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    table.add_column("today", justify="right")
    if found.change is not None:
        table.add_column("change", justify="right")
        table.add_column("difference", justify="right")
    for figure in found.figures:
        places = _DECIMALS.get(figure.name, 3)
        cells = [_cell(figure.today, places)]
        if figure.change and figure.difference:
            cells += [_cell(figure.change, places), _cell(figure.difference, places, "+")]
        table.add_row(_NAMES[figure.name], *cells)
    return table


def _cell(mean: Mean, places: int, sign: str = "") -> Text:
    rounded = (round(one, places) + 0.0 for one in (mean.value, mean.low, mean.high))  # no -0.0
    value, low, high = (f"{one:{sign}.{places}f}" for one in rounded)
    return Text.assemble((value, "bold"), "\n", (f"{low} to {high}", "dim"))


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style))


def _variant_as_json(variant: Variant) -> dict[str, Any]:
    reader = variant.reader
    return {
        "interests": {one.name: format_interest(one) for one in reader.interests},
        "dial": reader.manner.dial,
        "ranker": variant.ranker,
    }


def _figure_as_json(figure: Figure) -> dict[str, Any]:
    means = {"today": figure.today, "change": figure.change, "difference": figure.difference}
    return {name: _mean_as_json(mean) if mean else None for name, mean in means.items()}


def _mean_as_json(mean: Mean) -> dict[str, float]:
    return {"mean": round(mean.value, 6), "low": round(mean.low, 6), "high": round(mean.high, 6)}


def _shown_as_json(one: Replayed, shown: Shown) -> dict[str, Any]:
    return {
        "picks": [one.keys[number] for number in shown.papers],
        "found": list(shown.found),
        "disliked": shown.disliked,
        "ndcg@10": round(shown.ndcg(len(one.question.liked)), 6),
    }
