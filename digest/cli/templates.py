"""`digest templates`: what letters are set with, copies to start from, and whether they work."""

from pathlib import Path

import click

from digest.cli.common import read_settings, settings_options
from digest.errors import UsageError
from digest.letters.loading import NAMES, shipped_templates
from digest.letters.proof import proof
from digest.letters.render import Press

_folder = click.Path(path_type=Path, file_okay=False)


@click.group()
def command() -> None:
    """The templates of letters and mails, and the folder that replaces them."""


@command.command("list")
@settings_options
def list_(config: Path | None, database: str | None) -> int:
    """List the templates, and which of them the folder DIGEST_TEMPLATES replaces."""
    folder = read_settings(config, database).templates
    press = Press(folder)
    for name in NAMES:
        place = folder / name if folder and name in press.replaced else "shipped"
        click.echo(f"{name}: {place}")
    return 0


@command.command()
@click.argument("folder", type=_folder)
def copy(folder: Path) -> int:
    """Write the shipped templates into FOLDER, to start from; a file that is there stays."""
    for name in NAMES:
        target = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as stream:
                stream.write((shipped_templates() / name).read_text(encoding="utf-8"))
        except FileExistsError:
            click.echo(f"{target}: there already, left as it is")
        except OSError as error:
            raise UsageError(
                f"{target} cannot be written: {error.strerror}; name another folder"
            ) from error
        else:
            click.echo(f"{target}: written")
    click.echo("Keep the files that you change, delete the others, and set DIGEST_TEMPLATES.")
    return 0


@command.command()
@click.argument("folder", type=_folder, required=False)
@settings_options
def check(folder: Path | None, config: Path | None, database: str | None) -> int:
    """Set every kind of letter with the templates of FOLDER, and say what is wrong.

    Without FOLDER: those that the configuration names.
    """
    press = Press(folder or read_settings(config, database).templates)
    found = proof(press)
    for finding in found:
        click.echo(f"✗ {finding.where}: {finding.said}\n    → {finding.mend}")
    if not found:
        names = ", ".join(press.replaced) or "none replaced"
        click.echo(f"✓ every kind of letter can be set ({names})")
    return 1 if found else 0
