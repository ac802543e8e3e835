"""`digest status`: the last days at a glance, and how things stand."""

import json
from pathlib import Path

import click
from rich.console import Console

from digest.cli.common import read_settings, settings_options, utc_now
from digest.cli.show_status import show_status, status_as_json
from digest.daemon import is_served
from digest.status import status_of
from digest.store import open_store
from digest.wiring import calendars_for, database_of


@click.command()
@settings_options
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=7,
    metavar="N",
    help="So many days (default 7).",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(config: Path | None, database: str | None, days: int, as_json: bool) -> int:  # noqa: FBT001
    """Show the last days, the next run, and what needs a person."""
    settings = read_settings(config, database)
    address = database_of(settings)
    store = open_store(address)
    try:
        calendars = calendars_for(settings)
        status = status_of(store, settings.zone, days, utc_now(), settings.sources, calendars)
    finally:
        store.close()
    served = is_served(address)
    if as_json:
        report = status_as_json(status, served=served)
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        show_status(Console(), status, settings.zone, served=served)
    return 0
