"""`digest daemon`: in the background, until SIGTERM."""

import logging
from pathlib import Path

import click

from digest.cli.common import OneLine, again, read_settings, settings_options, stop_signals, utc_now
from digest.config import Settings
from digest.daemon import Daemon
from digest.web.service import Service
from digest.wiring import House, base_of, build, build_for_pages, database_of, log_file


@click.command()
@settings_options
@click.option(
    "--outbox",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the mails into this folder instead of sending them.",
)
def command(config: Path | None, database: str | None, outbox: Path | None) -> int:
    """Serve readers as they become due; an edited configuration is read at the next minute."""
    settings = read_settings(config, database)
    with stop_signals() as stopping:
        build(settings, outbox=outbox, stopping=stopping).close()  # says now what cannot work
        click.echo(f"digest daemon: {database_of(settings).rpartition('@')[2]}")
        if settings.web is not None:
            click.echo(f"pages: {base_of(settings)}")
        click.echo(f"log: {log_file(settings)}; ends on SIGTERM or Ctrl-C")
        spoken = logging.StreamHandler()
        spoken.setLevel(logging.WARNING)
        spoken.setFormatter(OneLine("%(asctime)s %(message)s"))
        logging.getLogger().addHandler(spoken)

        def house(current: Settings) -> House:
            return build(current, outbox=outbox, stopping=stopping)

        def house_of_pages(current: Settings) -> House:
            return build_for_pages(current, outbox=outbox, stopping=stopping)

        daemon = Daemon(
            read_settings=lambda: again(config, database),
            build=house,
            clock=utc_now,
            stopping=stopping,
            pages=Service(house_of_pages, utc_now, place=lambda current: current.web),
        )
        try:
            daemon.serve(settings)
        finally:
            logging.getLogger().removeHandler(spoken)
    return daemon.exit_code
