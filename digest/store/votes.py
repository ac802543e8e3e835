"""Votes: what readers said of papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, select, true

from digest.model import Vote, VoteKind
from digest.store.engine import Turn, reading, writing
from digest.store.rows import NUMBERS, chunks, is_paper, readers_here
from digest.store.schema import votes
from digest.store.untold import sweep_untold
from digest.store.upserts import upsert

_OF = (  # made once, as those in rows.py
    select(votes)
    .where(votes.c.reader_id.in_(NUMBERS))
    .order_by(votes.c.reader_id, votes.c.at, votes.c.paper_id, votes.c.saved)
)


_LIKING = [kind.value for kind in VoteKind if kind.likes]


@dataclass(frozen=True, slots=True)
class Votes:
    """All votes of the store. Each method is one transaction.

    Of `more`, `less` and `mute` a reader has one for a paper, the last; `save` stands beside it.
    """

    engine: Engine

    def cast(self, vote: Vote) -> bool:
        """Store a vote in place of the one before; one that is older than that changes nothing.

        Returns:
            whether reader and paper are there: both may have gone since they were looked up.
        """
        row = {
            "reader_id": vote.reader,
            "paper_id": vote.paper,
            "saved": vote.kind is VoteKind.SAVE,
            "kind": vote.kind.value,
            "interest": vote.interest,
            "at": vote.at,
        }
        with writing(self.engine, Turn.PAPERS) as connection:
            if not readers_here(connection, [vote.reader]) or not is_paper(connection, vote.paper):
                return False
            connection.execute(upsert(connection, votes, votes.c.at <= vote.at).values(**row))
            return True

    def withdraw(self, reader: int, paper: int, kind: VoteKind | None = None) -> int:
        """Forget a reader's votes on a paper, or only the one of a kind; returns how many."""
        with writing(self.engine, Turn.PAPERS) as connection:
            gone = connection.execute(
                delete(votes).where(
                    votes.c.reader_id == reader,
                    votes.c.paper_id == paper,
                    true() if kind is None else votes.c.kind == kind.value,
                )
            )
            sweep_untold(connection, [paper])
            return gone.rowcount

    def of(self, readers: Sequence[int]) -> dict[int, list[Vote]]:
        """The votes of these readers, newest last; readers without any are left out."""
        found: dict[int, list[Vote]] = {}
        with reading(self.engine) as connection:
            for chunk in chunks(readers):
                for row in connection.execute(_OF, {"numbers": chunk}):
                    found.setdefault(row.reader_id, []).append(_vote(row))
        return found

    def liked_since(self, readers: Sequence[int], since: datetime) -> dict[int, list[Vote]]:
        """The votes of these readers for papers that they like or saved, the newest first.

        Args:
            readers: whose; readers without any are left out.
            since: the time (aware) from which votes count.
        """
        found: dict[int, list[Vote]] = {}
        with reading(self.engine) as connection:
            for chunk in chunks(readers):
                rows = connection.execute(
                    select(votes)
                    .where(
                        votes.c.reader_id.in_(chunk),
                        votes.c.at >= since,
                        votes.c.kind.in_(_LIKING),
                    )
                    .order_by(votes.c.reader_id, votes.c.at.desc(), votes.c.paper_id)
                )
                for row in rows:
                    found.setdefault(row.reader_id, []).append(_vote(row))
        return found


def _vote(row: Row[Any]) -> Vote:
    return Vote(row.reader_id, row.paper_id, VoteKind(row.kind), row.interest, row.at)
