"""`digest deliveries`: what became of each mail, and settling by hand."""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from digest.cli.common import (
    date_option,
    day_asked,
    read_settings,
    settings_options,
    utc_now,
)
from digest.errors import UsageError, printable
from digest.store import Store, open_store
from digest.store.ledger import Entry, Settling, Wanted, Wish
from digest.store.states import Kind, State
from digest.wiring import database_of

ANSWER, ADDRESS = 60, 24  # characters: at most of an answer; kept whole of an address
FIXED = ("number", "date", "state", "tries")


@click.command()
@click.argument("numbers", nargs=-1, type=click.IntRange(1), metavar="[NUMBER…]")
@settings_options
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in State]),
    help="Only in this state; may be given several times.",
)
@date_option
@click.option("--reader", "address", metavar="ADDRESS", help="Only to this reader.")
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=20,
    metavar="N",
    help="At most so many (default 20).",
)
@click.option("--sent", "wish", flag_value=Wish.SENT.value, help="NUMBERs arrived.")
@click.option(
    "--failed", "wish", flag_value=Wish.FAILED.value, help="NUMBERs did not arrive: leave it so."
)
@click.option("--resend", "wish", flag_value=Wish.RESEND.value, help="Send NUMBERs once more.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, one a line.")
def command(
    numbers: tuple[int, ...],
    config: Path | None,
    database: str | None,
    states: tuple[str, ...],
    day: date | str | None,
    address: str | None,
    limit: int,
    wish: str | None,
    as_json: bool,  # noqa: FBT001 - click's flag
) -> int:
    """List mails, the latest first, or say what became of those with these NUMBERs."""
    if wish and not numbers:
        raise UsageError(f"which ones? 'digest deliveries NUMBER --{wish}'")
    if numbers and (states or day or address):
        raise UsageError("--state, --date and --reader choose from the list: leave NUMBERs out")
    settings = read_settings(config, database)
    store = open_store(database_of(settings))
    try:
        if wish:
            return _settle(store, numbers, Wish(wish), settings.zone, as_json=as_json)
        if numbers:
            return _look_up(store, numbers, as_json=as_json)
        wanted = Wanted(
            tuple(State(state) for state in states), day_asked(day, settings.zone), address
        )
        _list(store.ledger.listing(wanted, limit), as_json=as_json)
        return 0
    finally:
        store.close()


def _settle(store: Store, numbers: tuple[int, ...], wish: Wish, zone: str, *, as_json: bool) -> int:
    """Each number by itself; one that cannot be settled does not keep the others."""
    now = utc_now()
    done = [store.ledger.settle(number, wish, now, zone) for number in dict.fromkeys(numbers)]
    for settling in done:
        if as_json:
            click.echo(json.dumps(asdict(settling), ensure_ascii=False))
        else:
            click.echo(_in_words(settling, wish), err=bool(settling.why_not))
    return 1 if any(settling.why_not for settling in done) else 0


def _in_words(settling: Settling, wish: Wish) -> str:
    state = "queued" if wish is Wish.RESEND else wish.value
    if settling.why_not:
        return f"{settling.number}: not changed: {settling.why_not}"
    if settling.already:
        return f"{settling.number}: is {state} already"
    more = ": it goes out with the next run" if wish is Wish.RESEND else ""
    return f"{settling.number}: {state} now{more}"


def _look_up(store: Store, numbers: tuple[int, ...], *, as_json: bool) -> int:
    found = [(number, store.ledger.find(number)) for number in dict.fromkeys(numbers)]
    for number, entry in found:
        if entry is None:
            click.echo(f"{number}: there is no such delivery", err=True)
    entries = [entry for _, entry in found if entry is not None]
    if len(numbers) == 1 and entries and not as_json:
        for name, value in as_fields(entries[0]).items():
            if value is not None:
                click.echo(f"{name}: {value}")
    elif entries:
        _list(entries, as_json=as_json)
    return 0 if len(entries) == len(found) else 1


def _list(entries: list[Entry], *, as_json: bool) -> None:
    if as_json:
        for entry in entries:
            click.echo(json.dumps(as_fields(entry), ensure_ascii=False))
        return
    if not entries:
        click.echo("No such mails.")
        return
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    longest = min(max(len(_to(entry)) for entry in entries), ADDRESS)
    for name in ("number", "date", "to", "state", "tries", "answer", "when (UTC)"):
        table.add_column(
            name,
            overflow="fold",
            no_wrap=name in FIXED,
            justify="right" if name in {"number", "tries"} else "left",
            width=longest if name == "to" else None,
        )
    for entry in entries:
        table.add_row(
            str(entry.id),
            str(entry.date),
            Text(_to(entry)),
            entry.state.value,
            str(entry.attempts),
            Text(printable(entry.answer or "", ANSWER)),
            _when(entry),
        )
    Console().print(table)


def _to(entry: Entry) -> str:
    """Whom a mail is for, and what it is where it is no edition."""
    told = "" if entry.kind == Kind.DAILY else f" ({entry.kind})"
    return printable(entry.recipient) + told


def _when(entry: Entry) -> str:
    """When a mail that waits is tried, or when all was over."""
    if entry.state is State.QUEUED:
        return f"from {entry.not_before:%m-%d %H:%M}"
    if entry.lease_until is not None:
        return f"within {entry.lease_until:%m-%d %H:%M}"
    return f"{entry.settled:%m-%d %H:%M}" if entry.settled else ""


def as_fields(entry: Entry) -> dict[str, Any]:
    """All that is known of a mail, ready for JSON; see docs/commands.md."""
    values = asdict(entry)
    values = {"number": values.pop("id"), **values}
    del values["reader_id"]
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in values.items()
    }
