"""`digest readers`: who gets editions, with what interests, when."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from digest import readers as service
from digest.cli import invite
from digest.cli.common import interests_after, read_settings, settings_options, utc_now
from digest.config import Settings
from digest.errors import ConfigError, UsageError
from digest.grammar.dial import POSITIONS, format_dial, parse_dial
from digest.grammar.interests import format_interest
from digest.grammar.manner import manner_in_words, parse_quiet, parse_yes
from digest.grammar.schedule import (
    format_hour,
    format_weekdays,
    parse_date,
    parse_hour,
    parse_weekdays,
    parse_zone,
)
from digest.model import EVERYONE, Interest, Manner, Reader, Schedule
from digest.readers.export import export_of
from digest.readers.moving import move_now
from digest.store import Store, open_store
from digest.wiring import database_of

SHOWN = 60
MOST_REFUSING = 1_000_000


@click.group()
def command() -> None:
    """Add, list, show, edit, pause, move, export and remove readers."""


command.add_command(invite.invite)
command.add_command(invite.link)


def _wishes(function: Any) -> Any:  # noqa: ANN401 - a decorator of click
    """The options that say what a reader wants."""
    for option in (
        click.option(
            "--abstracts", metavar="yes|no", help="Whether the abstract of each paper is shown."
        ),
        click.option("--quiet", metavar="WHAT", help="On quiet days: trending, note or nothing."),
        click.option(
            "--trend",
            metavar="SHARE",
            help="What everyone reads, 0 to 100: mine, mostly-mine, half …",
        ),
        click.option(
            "--limit", type=click.IntRange(1, 100), metavar="N", help="At most so many papers."
        ),
        click.option("--weekdays", metavar="DAYS", help="daily, weekdays, mon-fri, mon,thu …"),
        click.option("--zone", metavar="ZONE", help="Time zone, such as Europe/Berlin."),
        click.option(
            "--hour", metavar="HH[:MM]", help="Local time from which the edition is made."
        ),
        click.option(
            "--interest", "named", multiple=True, metavar="NAME=TEXT", help="A named interest."
        ),
        click.option("--keywords", metavar="TEXT", help="The interest without a name."),
    ):
        function = option(function)
    return function


@command.command()
@click.argument("address")
@settings_options
@_wishes
def add(address: str, config: Path | None, database: str | None, **wishes: Any) -> int:  # noqa: ANN401
    """Add a reader."""
    settings, store = _opened(config, database)
    schedule = Schedule(settings.minute, settings.zone, settings.weekdays)
    reader = service.subscribe(
        store,
        address,
        _interests((), wishes),
        _schedule(schedule, wishes),
        wishes["limit"] or settings.limit,
        utc_now(),
        _manner(settings.manner, wishes),
    )
    _say(reader)
    return 0


@command.command("list")
@settings_options
@click.option("--json", "as_json", is_flag=True, help="As JSON, one reader a line.")
def list_(config: Path | None, database: str | None, as_json: bool) -> int:  # noqa: FBT001
    """List all readers."""
    _, store = _opened(config, database)
    table = Table("address", "when", "interests", "letters")
    refusing = _refusing(store)
    after, found = 0, 0
    while shard := store.readers.shard(after):
        for reader in shard:
            found += 1
            if as_json:
                click.echo(json.dumps(_as_json(reader, refusing), ensure_ascii=False))
                continue
            names = "\n".join(_short(interest) for interest in reader.interests) or "trending"
            when = _when(reader) + ("\nits mailbox refuses" if reader.name in refusing else "")
            table.add_row(Text(reader.address), when, Text(names), _letters(reader))
        after = shard[-1].number or 0
    if not as_json and found:
        Console().print(table)
    elif not as_json:
        click.echo("No readers yet: 'digest readers add ADDRESS --keywords …', or config.env.")
    left, asked = store.readers.count_left(), store.signups.count_asked()
    if not as_json and (left or asked):
        click.echo(f"{left} unsubscribed, {asked} asked and not confirmed yet.")
    return 0


@command.command()
@click.argument("address")
@settings_options
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(address: str, config: Path | None, database: str | None, as_json: bool) -> int:  # noqa: FBT001
    """Show one reader."""
    _, store = _opened(config, database)
    reader = service.get(store, address)
    if as_json:
        click.echo(json.dumps(_as_json(reader, _refusing(store)), ensure_ascii=False, indent=2))
        return 0
    where = " (from the configuration)" if reader.name == service.CONFIG_NAME else ""
    click.echo(f"{reader.address}{where}\n  when: {_when(reader)}\n  at most {reader.limit} papers")
    if reader.name in _refusing(store):
        click.echo(f"  its mailbox refuses: 'digest readers resume {reader.address}' tries again")
    _say_wishes(reader)
    return 0


@command.command()
@click.argument("address")
@settings_options
@_wishes
def edit(address: str, config: Path | None, database: str | None, **wishes: Any) -> int:  # noqa: ANN401
    """Change what is given, keep the rest; an empty text ends an interest."""
    _, store = _opened(config, database)
    reader = service.get(store, address)
    changed = replace(
        reader,
        interests=_interests(reader.interests, wishes),
        schedule=_schedule(reader.schedule, wishes),
        limit=wishes["limit"] or reader.limit,
        manner=_manner(reader.manner, wishes),
    )
    if changed == reader:
        raise UsageError("nothing to change: give --keywords, --interest, --hour, --zone, …")
    changed = service.change(store, changed, utc_now())
    _say(changed)
    return 0


@command.command()
@click.argument("address")
@settings_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(address: str, config: Path | None, database: str | None, yes: bool) -> int:  # noqa: FBT001
    """Remove a reader with all its editions."""
    _, store = _opened(config, database)
    reader = service.find_left(store, address) or service.get(store, address)
    if not yes and not sys.stdin.isatty():
        raise UsageError(f"{reader.address} was not removed: nobody to ask; say --yes")
    if not yes:
        click.confirm(f"Remove {reader.address} and all its editions?", abort=True)
    service.leave(store, address)
    click.echo(f"{reader.address} is removed.")
    return 0


@command.command()
@click.argument("address")
@settings_options
@click.option(
    "--until", metavar="DATE", required=True, help="The first date with an edition again."
)
def pause(address: str, config: Path | None, database: str | None, until: str) -> int:
    """Send a reader nothing for a while."""
    _, store = _opened(config, database)
    _say(service.pause(store, address, parse_date(until), utc_now()))
    return 0


@command.command()
@click.argument("address")
@settings_options
def resume(address: str, config: Path | None, database: str | None) -> int:
    """End a pause; mail again who unsubscribed, or whose mailbox refused too often."""
    _, store = _opened(config, database)
    _say(service.resume(store, address, utc_now()))
    return 0


@command.command()
@click.argument("address")
@settings_options
def export(address: str, config: Path | None, database: str | None) -> int:
    """Print all that is stored about a reader, as JSON."""
    _, store = _opened(config, database)
    reader = service.find_left(store, address) or service.get(store, address)
    for piece in export_of(store, reader, utc_now()):
        click.echo(piece, nl=False)
    return 0


@command.command()
@click.argument("address")
@click.argument("new")
@settings_options
def move(address: str, new: str, config: Path | None, database: str | None) -> int:
    """Give a reader the NEW address, at once and without asking its mailboxes."""
    _, store = _opened(config, database)
    _say(move_now(store, address, new))
    click.echo(f"  links in mails to {address} are dead; the next edition has new ones")
    return 0


def _opened(config: Path | None, database: str | None) -> tuple[Settings, Store]:
    settings = read_settings(config, database)
    store = open_store(database_of(settings))
    click.get_current_context().call_on_close(store.close)
    if settings.names_a_reader:
        try:
            service.keep_configured(store, settings, utc_now())
        except ConfigError as error:  # the commands here are what mends it
            click.echo(f"digest: {error}", err=True)
    return settings, store


def _interests(before: tuple[Interest, ...], wishes: dict[str, Any]) -> tuple[Interest, ...]:
    """The interests after the wishes: each changes one of them, an empty text ends it."""
    return interests_after(before, wishes["named"], wishes["keywords"])


def _say(reader: Reader) -> None:
    click.echo(f"{reader.address} gets an edition {_when(reader)}.")
    _say_wishes(reader)


def _say_wishes(reader: Reader) -> None:
    """What letters are to be about, and how."""
    for interest in reader.interests:
        click.echo(f"  {interest.name}: {format_interest(interest)}")
    if not reader.interests:
        click.echo("  no interests: the trending edition")
    dial, (_, quiet, paper) = reader.manner.dial, manner_in_words(reader.manner)
    word = f" ({format_dial(dial)})" if dial in POSITIONS.values() else ""
    click.echo(
        f"  letters: {dial} % what everyone reads{word}; on quiet days {quiet}; "
        f"of each paper {paper}"
    )


def _manner(manner: Manner, wishes: dict[str, Any]) -> Manner:
    if wishes["trend"] is not None:
        manner = replace(manner, dial=parse_dial(wishes["trend"]))
    if wishes["quiet"] is not None:
        manner = replace(manner, quiet=parse_quiet(wishes["quiet"]))
    if wishes["abstracts"] is not None:
        manner = replace(manner, abstracts=parse_yes(wishes["abstracts"]))
    return manner


def _letters(reader: Reader) -> str:
    """How letters are to be, for a table: volume, dial, and what is not as usual."""
    lines = [f"{reader.limit} paper{'s' if reader.limit > 1 else ''}"]
    lines.append(f"{reader.manner.dial if reader.interests else EVERYONE} % trending")
    if reader.manner.quiet is not service.USUAL.quiet:
        lines.append(f"quiet: {reader.manner.quiet.value}")
    if not reader.manner.abstracts:
        lines.append("no abstracts")
    return "\n".join(lines)


def _schedule(schedule: Schedule, wishes: dict[str, Any]) -> Schedule:
    if wishes["hour"] is not None:
        schedule = replace(schedule, minute=parse_hour(wishes["hour"]))
    if wishes["zone"] is not None:
        schedule = replace(schedule, zone=parse_zone(wishes["zone"]))
    if wishes["weekdays"] is not None:
        schedule = replace(schedule, weekdays=parse_weekdays(wishes["weekdays"]))
    return schedule


def _short(interest: Interest) -> str:
    """An interest on one line of a table."""
    text = format_interest(interest)
    return f"{interest.name}: {text if len(text) <= SHOWN else text[:SHOWN] + '…'}"


def _when(reader: Reader) -> str:
    schedule = reader.schedule
    days = format_weekdays(schedule.weekdays)
    until = service.paused(reader, utc_now())
    pause = f", paused until {until}" if until else ""
    return f"{days} from {format_hour(schedule.minute)} {schedule.zone}{pause}"


def _refusing(store: Store) -> frozenset[str]:
    """Names of the readers who get nothing, because their mailboxes refuse."""
    return frozenset(one.name for one in store.bounces.suppressed(MOST_REFUSING))


def _as_json(reader: Reader, refusing: frozenset[str]) -> dict[str, Any]:
    until = service.paused(reader, utc_now())
    return {
        "address": reader.address,
        "kind": reader.kind.value,
        "hour": format_hour(reader.schedule.minute),
        "zone": reader.schedule.zone,
        "weekdays": format_weekdays(reader.schedule.weekdays),
        "paused_until": until.isoformat() if until else None,
        "suppressed": reader.name in refusing,
        "limit": reader.limit,
        "trend": reader.manner.dial,
        "quiet": reader.manner.quiet.value,
        "abstracts": reader.manner.abstracts,
        "interests": {i.name: format_interest(i) for i in reader.interests},
    }
