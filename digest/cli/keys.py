"""`digest keys`: what links are signed with, and what to do when a key got about."""

from pathlib import Path

import click

from digest.cli.common import read_settings, settings_options, utc_now
from digest.store import open_store
from digest.wiring import database_of


@click.command()
@settings_options
@click.option(
    "--replace",
    "replacing",
    is_flag=True,
    help="Make a new key; links of all others are good for leaving only.",
)
def command(config: Path | None, database: str | None, replacing: bool) -> int:  # noqa: FBT001
    """List the keys that links are signed with, never the keys themselves."""
    store = open_store(database_of(read_settings(config, database)))
    try:
        if replacing:
            store.keys.replace(utc_now())
            click.echo("replaced: links in mails sent so far can unsubscribe, and nothing else")
        for number, key in enumerate(store.keys.all(), 1):
            end = f", retired {key.retired:%Y-%m-%d %H:%M} UTC" if key.retired else ""
            click.echo(f"key {number}: made {key.made:%Y-%m-%d %H:%M} UTC{end}")
    finally:
        store.close()
    return 0
