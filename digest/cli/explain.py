"""`digest explain`: the whole account of one paper."""

import json
from datetime import date
from pathlib import Path

import click
from rich.console import Console

from digest.cli.common import (
    date_option,
    day_asked,
    progress_for_terminal,
    read_settings,
    reader_asked,
    settings_options,
    utc_now,
)
from digest.cli.show_account import account_as_json, show_account
from digest.localtime import local_date
from digest.readers.votes import find_paper
from digest.wiring import build, editor_of


@click.command()
@click.argument("paper")
@click.option(
    "--reader", "name", metavar="ADDRESS", help="For whom (default: the configuration's)."
)
@date_option
@settings_options
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(
    paper: str,
    name: str | None,
    day: date | str | None,
    config: Path | None,
    database: str | None,
    as_json: bool,  # noqa: FBT001 - click's flag
) -> int:
    """Explain why PAPER was picked or was not, with every addend of its scores.

    PAPER is an arXiv id, a DOI, an address, a key or the whole title. Without --date it is the last
    edition that had the paper; else today, or the day on which the paper was announced.
    """
    from digest.account import account_of, day_in_question  # noqa: PLC0415 - NumPy

    settings = read_settings(config, database)
    house = build(settings, progress=progress_for_terminal())
    try:
        reader = reader_asked(house.store, settings, name)
        number = find_paper(house.store, paper)
        now = utc_now()
        today = local_date(reader.schedule.zone, now)
        editor = editor_of(house, None, today, now, progress_for_terminal())
        asked = day_asked(day, reader.schedule.zone)
        stored = house.store.papers.by_numbers([number])[number]
        account = account_of(
            editor, reader, number, asked or day_in_question(editor, reader, stored, today)
        )
    finally:
        house.close()
    if as_json:
        click.echo(json.dumps(account_as_json(account), ensure_ascii=False, indent=2))
    else:
        show_account(Console(), account)
    return 0
