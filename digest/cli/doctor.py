"""`digest doctor`: what is well, what is not, and what mends it."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from digest.cli.common import again, open_log, settings_options, stop_signals, utc_now
from digest.config import Settings
from digest.doctor import Check, Doctor
from digest.errors import UsageError
from digest.wiring import build


@click.command()
@settings_options
@click.option("--no-network", is_flag=True, help="Ask neither services nor the mail server.")
@click.option(
    "--clock-is-right",
    is_flag=True,
    help="Take the present time for right, although a run saw a later one.",
)
@click.option(
    "--live",
    is_flag=True,
    help="Ask services a small question each, and say what has changed in their answers.",
)
@click.argument("services", nargs=-1, metavar="[SERVICE…]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(
    config: Path | None,
    database: str | None,
    no_network: bool,  # noqa: FBT001 - click's flags
    clock_is_right: bool,  # noqa: FBT001
    live: bool,  # noqa: FBT001
    services: tuple[str, ...],
    as_json: bool,  # noqa: FBT001
) -> int:
    """Look at configuration, database, clock, sources, mail and readers; mail nothing.

    With --live, ask the configured services, or each SERVICE, and nothing else.
    """
    if services and not live:
        raise UsageError("which services to ask goes with --live")
    if live and (no_network or clock_is_right):
        raise UsageError("--live asks services, and does nothing else")

    def read() -> Settings:
        settings = again(config, database)
        open_log(settings)
        return settings

    with stop_signals() as stopping:
        doctor = Doctor(
            read,
            lambda settings: build(settings, stopping=stopping),
            utc_now(),
            network=not no_network,
            clock_is_right=clock_is_right,
        )
        checks = []
        for check in doctor.examine_live(services) if live else doctor.examine():
            checks.append(check)
            if not as_json:
                _show(Console(), check)
    well = all(check.well for check in checks)
    if as_json:
        report = {"well": well, "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    return 0 if well else 1


def _show(console: Console, check: Check) -> None:
    mark, style = ("✓", "green") if check.well else ("✗", "red")
    line = Text(f"{mark} ", style=style)
    line.append(f"{check.topic}: {check.said}", style="" if check.well else "red")
    if check.mend:
        line.append(f"\n    → {check.mend}", style="")
    console.print(line, soft_wrap=True)
