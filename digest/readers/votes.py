"""What a reader says of papers: more like this, less, none of it, keep it."""

from datetime import datetime

from digest.errors import UsageError, printable
from digest.identity import read_identifier, title_key
from digest.model import Reader, Vote, VoteKind
from digest.store import Store
from digest.store.archive import Picked


def vote(
    store: Store, reader: Reader, key_or_identifier: str, kind: VoteKind, now: datetime
) -> Vote:
    """Record a reader's vote on a paper, with the interest that had brought it.

    Args:
        store: where reader and paper are.
        reader: who votes.
        key_or_identifier: an arXiv id, a DOI, an address, a key of the store or the whole title.
        kind: what the reader says.
        now: when.

    Raises:
        UsageError: for a paper that the store does not know, and for a reader who left.
    """
    paper = find_paper(store, key_or_identifier)
    interest = store.editions.interest_of(reader.row, paper)
    cast = Vote(reader.row, paper, kind, interest, now)
    if not store.votes.cast(cast):
        raise UsageError(
            f"{reader.address} or {_shown(key_or_identifier)} left the store meanwhile: try again"
        )
    return cast


def vote_on_pick(
    store: Store, reader: Reader, pick: Picked, kind: VoteKind, now: datetime
) -> Vote | None:
    """Record a reader's vote on a pick of an edition, for the interest that had brought it.

    Returns:
        the vote; None where reader or paper left the store meanwhile.
    """
    cast = Vote(reader.row, pick.paper, kind, pick.interest, now)
    return cast if store.votes.cast(cast) else None


def withdraw(
    store: Store, reader: Reader, key_or_identifier: str, kind: VoteKind | None = None
) -> int:
    """Forget a reader's votes on a paper, or only the one of a kind; returns how many there were.

    Raises:
        UsageError: for a paper that the store does not know.
    """
    return store.votes.withdraw(reader.row, find_paper(store, key_or_identifier), kind)


def find_paper(store: Store, text: str) -> int:
    """The number of the paper that is meant: by id, DOI or address, by key, or by whole title.

    Raises:
        UsageError: where the store knows none.
    """
    written = text.strip()
    if not written.isprintable():
        raise UsageError(f"{_shown(written)} is no paper: it holds signs that no name has")
    identifier = read_identifier(written)
    keys = ([identifier.key] if identifier else []) + [written, title_key(written)]
    numbers = store.papers.numbers_by_keys(keys)
    for key in keys:
        if key in numbers:
            return numbers[key]
    raise UsageError(
        f"no paper {_shown(written)} is stored here: name it by its arXiv id, its DOI, its address "
        "or its whole title, as the letter shows it"
    )


def _shown(text: str) -> str:
    return repr(printable(text, 100))
