"""`digest preview`: what an edition would be; nothing is stored as an edition, nothing is sent."""

import tempfile
import webbrowser
from datetime import date
from pathlib import Path

import click

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
    utc_now,
)
from digest.collect import collect
from digest.edit import Editor, EditReport, EditSettings
from digest.errors import UsageError
from digest.grammar.address import NOBODY
from digest.model import Reader, ReaderKind
from digest.readers import get, keep_configured
from digest.sources import Request
from digest.store.readers import Due, local_date
from digest.wiring import House, build


@click.command()
@files_argument
@settings_options
@click.option("--reader", metavar="ADDRESS", help="Whose edition (default: the configuration's).")
@keywords_option
@date_option
@limit_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write the HTML here (- for standard output; default: a temporary file).",
)
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
def command(
    files: tuple[Path, ...],
    config: Path | None,
    database: str | None,
    reader: str | None,
    keywords: str | None,
    day: date | str | None,
    limit: int | None,
    output: Path | None,
    show: bool,  # noqa: FBT001 - click's flag
) -> int:
    """Show the edition that a reader would get from what is stored, or from FILEs."""
    settings = read_settings(config, database)
    house = build(settings, files=files)
    try:
        html = _html(house, settings.zone, reader, keywords, day, limit, collect_first=bool(files))
    finally:
        house.close()
    if output == Path("-"):
        click.echo(html)
        return 0
    target = output or Path(tempfile.mkdtemp(prefix="digest-")) / "preview.html"
    try:
        target.write_text(html, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{target} cannot be written: {error.strerror}; choose another --output"
        ) from error
    click.echo(f"The preview is in {target.resolve().as_uri()}")
    if show:
        webbrowser.open(target.resolve().as_uri())
    return 0


def _html(
    house: House,
    zone: str,
    name: str | None,
    keywords: str | None,
    day: date | str | None,
    limit: int | None,
    *,
    collect_first: bool,
) -> str:
    now = utc_now()
    reader = _reader(house, name, keywords, limit or house.settings.limit)
    zone = reader.schedule.zone if name else zone
    day = day_asked(day, zone) or local_date(zone, now)
    progress = progress_for_terminal()
    if collect_first:
        request = Request(day, now)
        collect(house.store, house.sources, request, progress=progress, stopping=lambda: False)
    settings = EditSettings(house.settings.days, house.settings.threshold, limit)
    editor = Editor(house.store, house.make_ranker, house.office, settings, progress, day)
    report = EditReport()
    editions = editor.draft([Due(reader, day)], report, again=True)
    if report.failed:
        raise UsageError(f"the edition of {reader.address} failed; the log has the details")
    if not editions:
        raise UsageError(
            f"there is nothing new for {day} in the store: 'digest run' collects papers, "
            "or name files with papers"
        )
    return house.office.preview(editions[0])


def _reader(house: House, name: str | None, keywords: str | None, limit: int) -> Reader:
    """Whose edition is asked for; nobody is stored for a preview with keywords."""
    interest = interest_of(keywords)
    if interest is not None:
        if name:
            raise UsageError("give either --reader or --keywords")
        address = house.settings.address or NOBODY
        return Reader("preview", address, ReaderKind.UNSAVED, (interest,), limit=limit)
    if name:
        keep_configured(house.store, house.settings, utc_now())
        return get(house.store, name)
    if configured := keep_configured(house.store, house.settings, utc_now()):
        return configured
    return Reader("preview", NOBODY, ReaderKind.UNSAVED, limit=limit)
