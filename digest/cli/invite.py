"""`digest readers invite` and `digest readers link`: links that the owner hands out."""

import secrets
from datetime import timedelta
from pathlib import Path

import click

from digest import readers as service
from digest.cli.common import read_settings, settings_options, utc_now
from digest.config import Settings
from digest.links import INVITATION_DAYS, Links, Purpose, Token
from digest.store import Store, open_store
from digest.wiring import base_of, database_of


@click.command()
@settings_options
@click.option(
    "--days",
    type=click.IntRange(1, INVITATION_DAYS),
    default=INVITATION_DAYS,
    show_default=True,
    metavar="N",
    help="For how many days it holds.",
)
def invite(config: Path | None, database: str | None, days: int) -> int:
    """Make a link by which people can subscribe where DIGEST_SUBSCRIBE=invite."""
    settings, _, links = _opened(config, database)
    day = utc_now().date() - timedelta(days=INVITATION_DAYS - days)
    token = links.sign(Token(Purpose.INVITE, secrets.token_urlsafe(6), day))
    click.echo(f"{links.base}/subscribe?invite={token}")
    _warn_of_base(settings)
    if settings.subscribe == "closed":
        click.echo("digest: it works once DIGEST_SUBSCRIBE is invite, not closed", err=True)
    return 0


@click.command()
@click.argument("address")
@settings_options
def link(address: str, config: Path | None, database: str | None) -> int:
    """Print a reader's links to preferences and past editions, to help somebody."""
    settings, store, links = _opened(config, database)
    if settings.names_a_reader:
        service.keep_configured(store, settings, utc_now())
    reader = service.find_left(store, address) or service.get(store, address)
    today = utc_now().date()
    click.echo(f"preferences: {links.url(Token(Purpose.PREFERENCES, reader.handle, today))}")
    click.echo(f"past editions: {links.url(Token(Purpose.ARCHIVE, reader.handle))}")
    _warn_of_base(settings)
    click.echo("They are for this reader alone: who has them can change what it gets.", err=True)
    return 0


def _warn_of_base(settings: Settings) -> None:
    if not settings.base_url:
        click.echo(
            "digest: it leads to this machine alone: set DIGEST_BASE_URL to where readers reach "
            "the pages",
            err=True,
        )


def _opened(config: Path | None, database: str | None) -> tuple[Settings, Store, Links]:
    settings = read_settings(config, database)
    store = open_store(database_of(settings))
    click.get_current_context().call_on_close(store.close)
    store.keys.renew(utc_now())
    return settings, store, Links(base_of(settings), store.keys.all)
