"""`digest evaluate`: past days replayed on a reader's own votes, before a change is made."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from digest.cli.common import (
    interests_after,
    progress_for_terminal,
    read_settings,
    reader_asked,
    settings_options,
    utc_now,
)
from digest.config.keys import RANKERS
from digest.errors import UsageError
from digest.grammar.dial import parse_dial
from digest.wiring import build

if TYPE_CHECKING:
    from digest.evaluation import Variant

_MOST_DAYS = 3650


@click.command()
@click.option(
    "--reader", "name", metavar="ADDRESS", help="On whose votes (default: the configuration's)."
)
@click.option(
    "--interest", "named", multiple=True, metavar="NAME=TEXT", help="The change: an interest."
)
@click.option("--dial", metavar="SHARE", help="The change: what everyone reads, 0 to 100.")
@click.option("--ranker", metavar="KIND", help=f"The change: {', '.join(RANKERS)}.")
@click.option(
    "--days",
    type=click.IntRange(1, _MOST_DAYS),
    default=90,
    metavar="N",
    help="So many days back (default: 90).",
)
@settings_options
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(
    name: str | None,
    named: tuple[str, ...],
    dial: str | None,
    ranker: str | None,
    days: int,
    config: Path | None,
    database: str | None,
    as_json: bool,  # noqa: FBT001 - click's flag
) -> int:
    """Replay past days on a reader's votes: today's settings, and a change beside them.

    Nothing is sent; what any run keeps is kept too, the index of papers and an encoder's vectors of
    those that it had to read. --interest adds an interest or replaces the one of that name (NAME=
    ends it); it may be given several times.
    """
    from digest.cli.show_evaluation import evaluation_as_json, show_evaluation  # noqa: PLC0415
    from digest.evaluation import Replay, Variant, evaluate  # noqa: PLC0415 - NumPy

    settings = read_settings(config, database)
    house = build(settings, progress=progress_for_terminal())
    try:
        reader = reader_asked(house.store, settings, name)
        today = Variant(reader, settings.ranker)
        found = evaluate(
            Replay(house.catalogue, settings.threshold, utc_now(), progress_for_terminal()),
            today,
            _changed(today, named, dial, ranker),
            days,
        )
    finally:
        house.close()
    if as_json:
        click.echo(json.dumps(evaluation_as_json(found), ensure_ascii=False, indent=2))
    else:
        show_evaluation(Console(), found)
    return 0


def _changed(
    today: "Variant", named: tuple[str, ...], dial: str | None, ranker: str | None
) -> "Variant | None":
    """What the options ask for; None where they ask for no change."""
    if not named and dial is None and ranker is None:
        return None
    if ranker is not None and ranker not in RANKERS:
        raise UsageError(f"--ranker {ranker}: there is no such ranker; write {', '.join(RANKERS)}")
    if ranker is not None:
        from digest.ranking.kinds import encoder_of  # noqa: PLC0415 - NumPy

        encoder_of(ranker)  # says now that it is not installed, however few the votes are
    reader = today.reader
    manner = reader.manner if dial is None else replace(reader.manner, dial=parse_dial(dial))
    changed = replace(reader, interests=interests_after(reader.interests, named), manner=manner)
    return replace(today, reader=changed, ranker=ranker or today.ranker)
