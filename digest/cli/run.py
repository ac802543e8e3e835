"""`digest run`: the three steps, once."""

import json
from datetime import date
from pathlib import Path

import click
from rich.console import Console

from digest.cli.common import (
    date_option,
    day_asked,
    files_argument,
    interest_of,
    keywords_option,
    limit_option,
    progress_for_terminal,
    read_settings,
    settings_options,
    stop_signals,
    utc_now,
)
from digest.cli.show import run_as_json, show_run
from digest.delivery import Channel
from digest.delivery.outbox import Outbox
from digest.run import Order
from digest.watch import watched_run
from digest.wiring import build


@click.command()
@files_argument
@settings_options
@keywords_option
@date_option
@click.option(
    "--outbox",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the mails into this folder instead of sending them.",
)
@limit_option
@click.option("--dry-run", "dry", is_flag=True, help="Store no edition and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def command(
    files: tuple[Path, ...],
    config: Path | None,
    database: str | None,
    keywords: str | None,
    day: date | str | None,
    outbox: Path | None,
    limit: int | None,
    dry: bool,  # noqa: FBT001 - click's flags
    as_json: bool,  # noqa: FBT001
) -> int:
    """Collect new papers, make the editions that are due, and send them.

    With FILEs (JSON Lines, saved Daily Papers pages, or folders of them) these are read instead of
    the services. With --keywords the run is for one unsaved reader alone. With --date everyone gets
    the edition of that date, whatever the hour.
    """
    settings = read_settings(config, database)
    order = Order(
        day_asked(day, settings.zone), interest_of(keywords), limit, dry=dry, by_hand=True
    )
    with stop_signals() as stopping:
        house = build(settings, files=files, outbox=outbox, stopping=stopping)
        try:
            report = watched_run(
                house,
                order,
                clock=utc_now,
                progress=progress_for_terminal(),
                stopping=stopping.is_set,
            )
        finally:
            house.close()
    place = place_of(house.channel)
    if as_json:
        click.echo(
            json.dumps(run_as_json(report, house.channel.name), ensure_ascii=False, indent=2)
        )
    else:
        show_run(Console(), report, place)
    return report.exit_code


def place_of(channel: Channel) -> str:
    """Where mails went, in words."""
    return f"written to {channel.folder}" if isinstance(channel, Outbox) else "sent by mail"
