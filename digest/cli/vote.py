"""`digest vote`: what a reader says of a paper."""

import json
from pathlib import Path
from typing import Any

import click

from digest.cli.common import read_settings, reader_asked, settings_options, utc_now
from digest.model import Reader, VoteKind
from digest.readers.profiles import wants_of
from digest.readers.votes import find_paper, vote, withdraw
from digest.store import Store, open_store
from digest.wiring import database_of

WITHDRAW = "withdraw"
SAYINGS = (*(kind.value for kind in VoteKind), WITHDRAW)
NEXT = {
    VoteKind.MORE: "from the next edition on, papers like it score higher",
    VoteKind.LESS: "from the next edition on, papers like it score lower",
    VoteKind.MUTE: "from the next edition on, papers like it score much lower",
    VoteKind.SAVE: "it is on the reading list, and papers like it score higher",
}


@click.command()
@click.argument("paper")
@click.argument("said", type=click.Choice(SAYINGS), metavar="|".join(SAYINGS))
@click.option(
    "--reader", "name", metavar="ADDRESS", help="Who votes (default: the configuration's)."
)
@settings_options
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(
    paper: str,
    said: str,
    name: str | None,
    config: Path | None,
    database: str | None,
    as_json: bool,  # noqa: FBT001 - click's flag
) -> int:
    """Say more, less, mute or save of PAPER, or withdraw what was said.

    PAPER is an arXiv id, a DOI, an address, a key or the whole title. Of more, less and mute the
    last one counts; save stands beside it. A paper that was voted on is not sent any more.
    """
    settings = read_settings(config, database)
    store = open_store(database_of(settings))
    click.get_current_context().call_on_close(store.close)
    reader = reader_asked(store, settings, name)
    done = (
        _withdrawn(store, reader, paper) if said == WITHDRAW else _cast(store, reader, paper, said)
    )
    click.echo(json.dumps(done, ensure_ascii=False, indent=2) if as_json else _in_words(done))
    return 0


def _cast(store: Store, reader: Reader, paper: str, said: str) -> dict[str, Any]:
    cast = vote(store, reader, paper, VoteKind(said), utc_now())
    return {**_told(store, reader, cast.paper), "vote": said, "brought_by": cast.interest}


def _withdrawn(store: Store, reader: Reader, paper: str) -> dict[str, Any]:
    number = find_paper(store, paper)
    count = withdraw(store, reader, paper)
    return {**_told(store, reader, number), "vote": WITHDRAW, "withdrawn": count}


def _told(store: Store, reader: Reader, number: int) -> dict[str, Any]:
    """The paper, and the interests for which it counts now."""
    found = store.papers.by_numbers([number])[number].paper
    profiles = wants_of(store, [reader])[0].profiles
    return {
        "reader": reader.address,
        "paper": found.key,
        "title": found.title,
        "counts_for": [
            profile.interest.name
            for profile in profiles
            if any(example.number == number for example in profile.examples)
        ],
    }


def _in_words(done: dict[str, Any]) -> str:
    named = " and ".join(f"“{name}”" for name in done["counts_for"])
    lines = [f"{done['vote']}: {done['title']}", f"  ({done['paper']}, for {done['reader']})"]
    if done["vote"] != WITHDRAW:
        lines.append(f"It counts for {named}: {NEXT[VoteKind(done['vote'])]}.")
        lines.append("It is not sent to this reader again. 'withdraw' takes the vote back.")
    elif not done["withdrawn"]:
        lines.append("There was no vote on it: nothing is changed.")
    else:
        votes = "The vote is" if done["withdrawn"] == 1 else f"{done['withdrawn']} votes are"
        lines.append(f"{votes} taken back; from the next edition on nothing is learnt from it.")
        if named:
            lines.append(f"It still counts for {named}, by like: or a library.")
    return "\n".join(lines)
