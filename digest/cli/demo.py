"""`digest demo`: an edition from invented papers; no network, no configuration, nothing stored."""

from importlib.resources import as_file, files
from pathlib import Path

import click
from rich.console import Console

from digest.cli.common import open_log, progress_for_terminal, utc_now
from digest.cli.show import show_edition
from digest.config import Settings
from digest.grammar.interests import parse_interest
from digest.run import Order, run
from digest.wiring import build

INTERESTS = (
    parse_interest("molecules and materials", "graph network, molecules, crystals, alloys"),
    parse_interest("anomaly detection", '"anomaly detection"^2, faults, sensors, drift, -retail'),
    parse_interest("the night sky", "galaxies, stars, planets, comets, cat:astro-ph.GA"),
)


@click.command()
@click.option(
    "--outbox",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("outbox"),
    metavar="DIR",
    help="Where to write the letter (default: ./outbox).",
)
def command(outbox: Path) -> int:
    """Make an edition from a small sample of invented papers and show where to open it."""
    open_log(None)
    settings = Settings(
        address="you@example.org", interests=INTERESTS, database="sqlite://", limit=8
    )
    today = utc_now().astimezone().date()
    with as_file(files("digest") / "sample" / "papers.jsonl") as sample:
        house = build(settings, files=(sample,), outbox=outbox)
        try:
            report = run(
                house,
                Order(on=today),
                clock=utc_now,
                progress=progress_for_terminal(),
                stopping=lambda: False,
            )
        finally:
            house.close()
    console = Console()
    for made in report.edited.editions:
        show_edition(console, made.edition)
    for _, _, answer in report.posted.answers:
        letter = Path(answer).resolve().with_suffix(".html")
        console.print("The letter is written. Open it in a browser:", style="bold")
        console.print(f"  {letter.as_uri()}", soft_wrap=True)
        console.print(f"  (as a mail: {Path(answer).resolve()})", soft_wrap=True, style="dim")
    if report.posted.problem:
        click.echo(f"digest: {report.posted.problem}", err=True)
    return report.exit_code
