"""The command line: one file a command, loaded when it is called."""

import importlib
import logging
import os
import sys
from logging.handlers import RotatingFileHandler

import click

from digest import __version__
from digest.errors import DigestError

COMMANDS = {
    "run": "Collect, edit and post once, for every reader who is due.",
    "demo": "Show an edition made from invented papers; needs no network.",
    "preview": "Show an edition in the browser or as HTML; sends nothing.",
    "readers": "Add, list, show, edit, pause and remove readers.",
    "library": "Read, list and forget readers' own libraries (BibTeX).",
    "papers": "List and search the papers that are stored.",
    "explain": "Why a paper was picked, or why not, and what would change that.",
    "evaluate": "Replay past days on a reader's votes; try a change first.",
    "vote": "Say more, less, mute or save of a paper.",
    "rank": "Rank papers for profiles, from files into a file; for scripts.",
    "status": "The last days at a glance, and the next run.",
    "deliveries": "List what became of mails, and settle them by hand.",
    "doctor": "What is well, what is not, and what mends it.",
    "daemon": "Keep running: every minute, see who is due.",
    "web": "Serve the pages by themselves; the daemon does too where DIGEST_WEB is set.",
    "templates": "List, copy and check the templates of letters.",
    "keys": "List the keys that links are signed with, and replace them after a leak.",
}
EXIT_BUG = 70


class LazyGroup(click.Group):
    """Loads a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All commands, in the order of a person's first day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"digest.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Help without loading anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="digest")
def cli() -> None:
    """The new papers worth your time, once a day."""


def main() -> None:
    """Run a command; errors become one line that says what to do, details go to the log."""
    logging.getLogger().addHandler(logging.NullHandler())  # until the log's file is known
    logging.raiseExceptions = False  # a log whose disk is full is no reason for traces here
    try:
        code = cli.main(prog_name="digest", standalone_mode=False)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DigestError as error:
        logging.getLogger("digest").error("%s", error)
        click.echo(f"digest: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        logging.getLogger("digest").exception("unexpected")
        click.echo(
            f"digest: an error in this program ({type(error).__name__}: {error}); "
            f"the details are in {_log_place()}",
            err=True,
        )
        sys.exit(EXIT_BUG)
    sys.exit(code if isinstance(code, int) else 0)


def _log_place() -> str:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RotatingFileHandler):
            return handler.baseFilename
    return "no log (it could not be written)"
