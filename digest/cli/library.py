"""`digest library`: papers that readers have already, from BibTeX files."""

from pathlib import Path

import click

from digest.cli.common import read_settings, reader_asked, settings_options, utc_now
from digest.errors import printable
from digest.libraries.bibtex import BibtexFile
from digest.localtime import local_date
from digest.model import Reader
from digest.readers import library as service
from digest.store import Store, open_store
from digest.wiring import database_of

_reader_option = click.option(
    "--reader", "name", metavar="ADDRESS", help="Whose library (default: the configuration's)."
)


@click.group()
def command() -> None:
    """Papers that readers have already and like: what they want more of.

    The person of the configuration names libraries with DIGEST_BIBTEX and DIGEST_ZOTERO.
    """


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_reader_option
@settings_options
def import_(file: Path, name: str | None, config: Path | None, database: str | None) -> int:
    """Read a BibTeX FILE; importing it again brings it up to date."""
    store, reader = _opened(config, database, name)
    today = local_date(reader.schedule.zone, utc_now())
    library = BibtexFile(file)
    shelf = service.import_library(store, reader, library, today)
    for trouble in shelf.troubles:
        click.echo(f"digest: {trouble}", err=True)
    if shelf.more_troubles:
        click.echo(f"digest: and {shelf.more_troubles} more like these", err=True)
    count = len(shelf.liked)
    click.echo(f"{count:,} papers of {library.name} count for {reader.address} from now on.")
    return 0 if count else 1


@command.command("list")
@_reader_option
@settings_options
def list_(name: str | None, config: Path | None, database: str | None) -> int:
    """List a reader's libraries."""
    store, reader = _opened(config, database, name)
    origins = store.libraries.origins(reader.row)
    for origin, count in origins:
        click.echo(f"{printable(origin)}: {count:,} papers")
    if not origins:
        click.echo(
            f"{reader.address} has no library: 'digest library import FILE' reads one; for the "
            "person of the configuration DIGEST_BIBTEX names one."
        )
    return 0


@command.command()
@click.argument("library")
@_reader_option
@settings_options
def forget(library: str, name: str | None, config: Path | None, database: str | None) -> int:
    """Take a library out of a reader's interests."""
    store, reader = _opened(config, database, name)
    count = service.forget_library(store, reader, library)
    click.echo(f"{printable(library)} and its {count:,} papers count for {reader.address} no more.")
    return 0


def _opened(config: Path | None, database: str | None, name: str | None) -> tuple[Store, Reader]:
    settings = read_settings(config, database)
    store = open_store(database_of(settings))
    click.get_current_context().call_on_close(store.close)
    reader = reader_asked(store, settings, name)
    return store, reader
