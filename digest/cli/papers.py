"""`digest papers`: list and search what is stored."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from digest.catalogue import Catalogue
from digest.cli.common import (
    Day,
    day_asked,
    progress_for_terminal,
    read_settings,
    settings_options,
    utc_now,
)
from digest.cli.show_coverage import coverage_as_json, show_coverage
from digest.config import Settings
from digest.coverage import days_of
from digest.errors import UsageError
from digest.grammar.interests import parse_interest
from digest.model import Interest
from digest.readers.votes import find_paper
from digest.store import Store, open_store
from digest.wiring import calendars_for, database_of, index_folder

SHOWN = 20
COVERED = 14  # days in the table of coverage
CHARTED = 28  # days in its chart, at least


@click.command()
@click.argument("words", nargs=-1, metavar="[WORDS…]")
@settings_options
@click.option("--like", "likes", multiple=True, metavar="PAPER", help="More like this paper.")
@click.option("--since", type=Day(), metavar="DATE", help="Announced on this date or later.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    metavar="N",
    help=f"At most so many papers (default: {SHOWN}).",
)
@click.option(
    "--coverage",
    is_flag=True,
    help="What each source announced and what was read of it, by day, with a chart.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    metavar="N",
    help=f"With --coverage: so many days (default {COVERED}).",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, one paper (or day) a line.")
def command(
    words: tuple[str, ...],
    config: Path | None,
    database: str | None,
    likes: tuple[str, ...],
    since: date | str | None,
    limit: int | None,
    coverage: bool,  # noqa: FBT001 - click's flags
    days: int | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """List the newest papers of the store, or those that say most of WORDS.

    WORDS are in the grammar of interests: words, "a phrase", author:, cat:, -without. Quote them
    for the shell; where they begin with a minus, write -- before them.
    """
    settings = read_settings(config, database)
    if coverage:
        if words or likes or since or limit:
            raise UsageError("--coverage tells of all papers: it takes --days and --json alone")
        return _covered(settings, days or COVERED, as_json=as_json)
    if days:
        raise UsageError("--days goes with --coverage; for papers, say --since DATE")
    store = open_store(database_of(settings))
    catalogue = Catalogue(store, index_folder(settings), progress_for_terminal())
    try:
        found = _found(catalogue, settings, " ".join(words), likes, since, limit or SHOWN)
        known = store.papers.count()
    finally:
        catalogue.close()
        store.close()
    if as_json:
        for one in found:
            click.echo(json.dumps(one, ensure_ascii=False))
        return 0
    if found:
        _show(found)
    else:
        click.echo(
            f"None of the {known:,} papers that are stored here fits."
            if known
            else "No papers are stored here yet: 'digest run' collects them."
        )
    return 0


def _covered(settings: Settings, days: int, *, as_json: bool) -> int:
    """Tell what was announced and read, of so many days; the chart goes back some weeks."""
    now = utc_now()
    today = now.date()
    first, charted = today - timedelta(days=days - 1), today - timedelta(days=CHARTED - 1)
    store = open_store(database_of(settings))
    try:
        rows = store.coverage.between(min(first, charted), today + timedelta(days=1))
    finally:
        store.close()
    found = days_of(rows, settings.sources, calendars_for(settings), now)
    if as_json:
        told = [day for of in found.values() for day in of if day.date >= first]
        for day in sorted(told, key=lambda day: day.date, reverse=True):
            click.echo(json.dumps(coverage_as_json(day), ensure_ascii=False))
    elif any(found.values()):
        show_coverage(Console(), found, first)
    else:
        click.echo("No source told of a day yet: 'digest run' asks them.")
    return 0


def _found(
    catalogue: Catalogue,
    settings: Settings,
    text: str,
    likes: tuple[str, ...],
    since: date | str | None,
    limit: int,
) -> list[dict[str, Any]]:
    from digest.search import Asked, search  # noqa: PLC0415 - SciPy, after the words were read

    interest = parse_interest("search", text)
    liked = (
        *(find_paper(catalogue.store, like) for like in likes),
        *_liked(catalogue.store, interest),
    )
    asked = Asked(
        replace(interest, liked=()), tuple(dict.fromkeys(liked)), day_asked(since, settings.zone)
    )
    return [
        {
            "key": one.stored.paper.key,
            "title": one.stored.paper.title,
            "url": one.stored.paper.url,
            "score": None if one.score is None else round(one.score, 6),
            "announced": one.stored.announced.isoformat() if one.stored.announced else None,
            "upvotes": one.stored.upvotes,
            "authors": list(one.stored.paper.authors),
            "categories": list(one.stored.paper.categories),
        }
        for one in search(catalogue, asked, limit)
    ]


def _liked(store: Store, interest: Interest) -> list[int]:
    """The papers of `like:` items; each must be stored, or there is nothing to compare with."""
    known = store.papers.numbers_by_keys(interest.liked)
    for key in interest.liked:
        if key not in known:
            raise UsageError(
                f"like:{key} is not stored here: 'digest papers' can only compare with "
                "papers that were collected"
            )
    return [known[key] for key in interest.liked]


def _show(found: list[dict[str, Any]]) -> None:
    table = Table(expand=False)
    for name in ("score", "▲"):
        table.add_column(name, justify="right")
    table.add_column("date", no_wrap=True)
    table.add_column("paper", ratio=3, overflow="fold")
    table.add_column("key", overflow="fold", style="dim")
    for one in found:
        table.add_row(
            "–" if one["score"] is None else f"{one['score']:.2f}",
            str(one["upvotes"] or ""),
            one["announced"] or "–",
            Text(one["title"]),
            Text(one["key"]),
        )
    Console().print(table)
