"""`digest web`: the pages alone, until SIGTERM; mails leave by 'digest daemon' or 'digest run'."""

from pathlib import Path

import click

from digest.cli.common import read_settings, settings_options, stop_signals, utc_now
from digest.config.keys import listening
from digest.wiring import DEFAULT_WEB, base_of, build


@click.command()
@settings_options
@click.option("--listen", metavar="[HOST:]PORT", help="Where to listen (default: DIGEST_WEB).")
def command(config: Path | None, database: str | None, listen: str | None) -> int:
    """Serve the pages: trending papers, search, subscribe, preferences, past editions."""
    from digest.web.app import make_app  # noqa: PLC0415 - Flask, where it is needed
    from digest.web.server import start  # noqa: PLC0415
    from digest.web.site import Site  # noqa: PLC0415

    settings = read_settings(config, database)
    place = listening(listen) if listen else settings.web or DEFAULT_WEB
    with stop_signals() as stopping:
        site = Site(lambda current: build(current, stopping=stopping), utc_now)
        site.open(settings)
        server = start(make_app(site), place, settings.web_proxy)
        click.echo(f"digest web: {server.address}, known to readers as {base_of(settings)}")
        stopping.wait()
        server.stop()
        site.close()
    return 0
