"""`digest web`: the pages alone, until SIGTERM; mails leave by 'digest daemon' or 'digest run'."""

import logging
from collections.abc import Callable
from pathlib import Path

import click

from digest.cli.common import again, read_settings, settings_options, stop_signals, utc_now
from digest.config import Settings
from digest.config.keys import listening
from digest.errors import DigestError
from digest.web.service import Service
from digest.wiring import DEFAULT_WEB, build_for_pages, read_again

log = logging.getLogger(__name__)

_LOOK_SECONDS = 60


@click.command()
@settings_options
@click.option("--listen", metavar="[HOST:]PORT", help="Where to listen (default: DIGEST_WEB).")
def command(config: Path | None, database: str | None, listen: str | None) -> int:
    """Serve the pages: trending papers, search, subscribe, preferences, past editions."""
    settings = read_settings(config, database)
    asked = listening(listen) if listen else None
    with stop_signals() as stopping:
        pages = Service(
            lambda current: build_for_pages(current, stopping=stopping),
            utc_now,
            place=lambda current: asked or current.web or DEFAULT_WEB,
        )
        pages.open(settings)
        try:
            click.echo(f"digest web: {pages.address}, known to readers as {pages.base}")
            said = ""
            while not stopping.wait(_LOOK_SECONDS):
                said = _look_again(
                    pages, lambda: read_again(lambda: again(config, database), settings), said
                )
        finally:
            pages.close()
    return 0


def _look_again(pages: Service, read: Callable[[], Settings], said: str) -> str:
    """Take over an edited configuration; returns what is wrong with it, which is said once."""
    try:
        pages.renew(read())
    except DigestError as error:
        if str(error) != said:
            log.warning("%s; the pages go on as they were", error)
            click.echo(f"digest: {error}; the pages go on as they were", err=True)
        return str(error)
    return ""
