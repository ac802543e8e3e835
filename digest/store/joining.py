"""When two rows turn out to be one work: all that refers to the one comes to refer to the other."""

from collections.abc import Sequence

from sqlalchemy import Connection, Exists, Table, delete, select, update

from digest.model import Announcement
from digest.store.schema import (
    announcements,
    library,
    paper_keys,
    papers,
    picks,
    signals,
    title_marks,
    votes,
)

FRESH = [kind.value for kind in Announcement if kind.fresh]

# Tables that refer to a paper, with the columns that make a row of theirs one of a kind.
_REFERRING: Sequence[tuple[Table, tuple[str, ...]]] = (
    (announcements, ("source", "date")),
    (signals, ("source", "name", "observed")),
    (picks, ("edition_id",)),
    (votes, ("reader_id", "saved")),
    (library, ("reader_id", "origin")),
    (title_marks, ("mark",)),
)


def join_rows(connection: Connection, keep: int, drop: int) -> None:
    """Make all that refers to one row refer to the other, and delete the one."""
    _keep_freshness(connection, keep, drop)
    _keep_newest_votes(connection, keep, drop)
    for table, own in _REFERRING:
        twin = _twin(table, own, keep)
        connection.execute(delete(table).where(table.c.paper_id == drop, twin))
        connection.execute(update(table).where(table.c.paper_id == drop).values(paper_id=keep))
    connection.execute(
        update(paper_keys).where(paper_keys.c.paper_id == drop).values(paper_id=keep)
    )
    connection.execute(delete(papers).where(papers.c.id == drop))


def _twin(table: Table, own: Sequence[str], of: int) -> Exists:
    """Whether the paper `of` has a row that is the same but for its paper."""
    other = table.alias()
    same = (other.c[name] == table.c[name] for name in own)
    return select(1).where(other.c.paper_id == of, *same).exists()


def _keep_freshness(connection: Connection, keep: int, drop: int) -> None:
    """Fresh in the row that goes is fresh in the row that stays."""
    other = announcements.alias()
    fresh = select(1).where(
        other.c.paper_id == drop,
        other.c.source == announcements.c.source,
        other.c.date == announcements.c.date,
        other.c.kind.in_(FRESH),
    )
    stale = announcements.c.kind.not_in(FRESH)
    connection.execute(
        update(announcements)
        .where(announcements.c.paper_id == keep, stale, fresh.exists())
        .values(kind=Announcement.CROSS.value)
    )


def _keep_newest_votes(connection: Connection, keep: int, drop: int) -> None:
    """Of two votes of one reader the newer one stays, whichever row it is on."""
    other = votes.alias()
    newer = select(1).where(
        other.c.paper_id == drop,
        other.c.reader_id == votes.c.reader_id,
        other.c.saved == votes.c.saved,
        other.c.at > votes.c.at,
    )
    connection.execute(delete(votes).where(votes.c.paper_id == keep, newer.exists()))
