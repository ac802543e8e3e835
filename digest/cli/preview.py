"""`digest preview`: what an edition would be; nothing is stored as an edition, nothing is sent."""

import tempfile
import webbrowser
from dataclasses import replace
from datetime import date, datetime
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
    utc_now,
)
from digest.cli.show import show_source
from digest.collect import collect
from digest.edit import EditReport
from digest.errors import UsageError
from digest.grammar.address import NOBODY
from digest.localtime import local_date
from digest.model import Announcement, Quiet, Reader, ReaderKind, Sighting
from digest.readers import get, keep_configured
from digest.sources import Request
from digest.store.readers import Due
from digest.wiring import House, build, editor_of


@click.command()
@files_argument
@settings_options
@click.option(
    "--reader", "name", metavar="ADDRESS", help="Whose edition (default: the configuration's)."
)
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
    name: str | None,
    keywords: str | None,
    day: date | str | None,
    limit: int | None,
    output: Path | None,
    show: bool,  # noqa: FBT001 - click's flag
) -> int:
    """Show the edition that a reader would get from what is stored, or from FILEs alone."""
    settings = read_settings(config, database)
    now = utc_now()
    house = build(settings)
    try:
        reader = _reader(house, name, keywords, limit or settings.limit)
        zone = reader.schedule.zone if name else settings.zone
        due = Due(reader, day_asked(day, zone) or local_date(zone, now))
        html = _of_files(house, files, due, limit, now) if files else _html(house, due, limit, now)
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
    if show and not webbrowser.open(target.resolve().as_uri()):
        click.echo("No browser could be opened here.", err=True)
    return 0


def _of_files(
    real: House, files: tuple[Path, ...], due: Due, limit: int | None, now: datetime
) -> str:
    """The edition of files alone, weighed in a store of their own: nothing is left behind."""
    liked = real.store.papers.by_keys(
        key for interest in due.reader.interests for key in interest.liked
    )
    house = build(replace(real.settings, database="sqlite://"), files=files)
    try:
        known = [Sighting(paper, Announcement.LOOKED_UP) for paper in liked.values()]
        house.store.papers.add(known, "liked", due.date)
        progress, console = progress_for_terminal(), Console(stderr=True)
        request = Request(due.date, now)
        for source in collect(
            house.store, house.sources, request, progress=progress, stopping=lambda: False
        ):
            show_source(console, source)
        return _html(house, due, limit, now)
    finally:
        house.close()


def _html(house: House, due: Due, limit: int | None, now: datetime) -> str:
    editor = editor_of(house, limit, due.date, now, progress_for_terminal())
    editor.desks.only_look()
    report = EditReport()
    editions = editor.draft([due], report, again=True)
    if report.failed:
        raise UsageError(f"the edition of {due.reader.address} failed; the log has the details")
    if not editions and due.reader.manner.quiet is Quiet.NOTHING:
        raise UsageError(
            f"there is no letter for {due.date}: nothing in the store meets the interests, and no "
            "letter was chosen for quiet days (DIGEST_QUIET, a reader's --quiet)"
        )
    if not editions and due.reader.manner.quiet is Quiet.NOTE:
        raise UsageError(
            f"there is no letter for {due.date} yet: nothing in the store meets the interests, and "
            "a note says so only once every source was read to its end ('digest run' collects)"
        )
    if not editions:
        raise UsageError(
            f"there is nothing new for {due.date} in the store: 'digest run' collects papers, "
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
        manner = house.settings.manner
        return Reader(
            "preview", address, ReaderKind.UNSAVED, (interest,), limit=limit, manner=manner
        )
    if name:
        keep_configured(house.store, house.settings, utc_now())
        return get(house.store, name)
    if configured := keep_configured(house.store, house.settings, utc_now()):
        return configured
    manner = house.settings.manner
    return Reader("preview", NOBODY, ReaderKind.UNSAVED, limit=limit, manner=manner)
