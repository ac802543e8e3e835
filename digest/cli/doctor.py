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
from digest.wiring import build


@click.command()
@settings_options
@click.option("--no-network", is_flag=True, help="Ask neither services nor the mail server.")
@click.option(
    "--clock-is-right",
    is_flag=True,
    help="Take the present time for right, although a run saw a later one.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(
    config: Path | None,
    database: str | None,
    no_network: bool,  # noqa: FBT001 - click's flags
    clock_is_right: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> int:
    """Look at configuration, database, clock, sources, mail and readers; mail nothing."""

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
        for check in doctor.examine():
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
