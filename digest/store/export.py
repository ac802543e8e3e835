"""All that is stored about one reader, read in small transactions, for the reader itself.

A reader is named by its handle in each of them: its row may be somebody else's a moment later.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Engine, Row, Select, Table, and_, or_, select, tuple_

from digest.store import schema
from digest.store.engine import reading
from digest.store.knocks import mailbox_of
from digest.store.schema import deliveries, editions, knocks, papers, picks, readers, signups

_PAGE = 200  # rows a transaction

# What says nothing about a reader: how the queue of mails works, and secrets of links.
_LEFT_OUT = {
    "readers": ("id", "name"),
    "deliveries": ("label", "body_hash", "token", "lease_until"),
    "moves": ("nonce",),
    "signups": ("mailbox", "knock", "name", "nonce", "delivery_id"),
    "knocks": ("mailbox",),
}
SECTIONS: Mapping[str, Table] = {
    "interests": schema.interests,
    "votes": schema.votes,
    "library": schema.library,
    "library_visits": schema.library_visits,
    "editions": editions,
    "deliveries": deliveries,
    "moves": schema.moves,
    "profiles": schema.profiles,
}

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """What is stored about readers, row by row. Each page of rows is one transaction."""

    engine: Engine

    def reader(self, handle: str) -> Record | None:
        """A reader's own row; None where there is none."""
        with reading(self.engine) as connection:
            row = connection.execute(select(readers).where(readers.c.handle == handle)).first()
            return _record(readers, row) if row else None

    def section(self, name: str, handle: str) -> Iterator[Record]:
        """The rows of a table that are a reader's, in order; votes and entries name their papers.

        Args:
            name: one of `SECTIONS`.
            handle: whose.
        """
        table = SECTIONS[name]
        order = [column for column in table.primary_key if column.name != "reader_id"]
        after: Sequence[Any] | None = None
        while page := self._page(table, order, handle, after):
            for row in page:
                yield row[1]
            after = page[-1][0]

    def asked(self, handle: str) -> dict[str, list[Record]]:
        """What was asked for with a reader's mailbox on the web, and the mails made of that."""
        with reading(self.engine) as connection:
            mine = select(readers.c.address).where(readers.c.handle == handle)
            address = connection.scalar(mine)
            if address is None:
                return {}
            mailbox = mailbox_of(connection, address)
            of_signups = select(signups.c.delivery_id).where(signups.c.mailbox == mailbox)
            made = or_(
                deliveries.c.id.in_(of_signups),
                deliveries.c.label.contains(handle, autoescape=True),
            )
            wanted = {
                signups: signups.c.mailbox == mailbox,
                knocks: knocks.c.mailbox == mailbox,
                deliveries: and_(deliveries.c.reader_id.is_(None), made),
            }
            return {
                table.name: [
                    _record(table, row) for row in connection.execute(select(table).where(where))
                ]
                for table, where in wanted.items()
            }

    def _page(
        self,
        table: Table,
        order: Sequence[Column[Any]],
        handle: str,
        after: Sequence[Any] | None,
    ) -> list[tuple[Sequence[Any], Record]]:
        """The next rows of a table, each with its place."""
        query = _query(table).join(readers, readers.c.id == table.c.reader_id)
        query = query.where(readers.c.handle == handle)
        if order and after is not None:
            query = query.where(tuple_(*order) > tuple_(*after))
        elif after is not None:
            return []
        with reading(self.engine) as connection:
            rows = connection.execute(query.order_by(*order).limit(_PAGE)).all()
            records = [_record(table, row) for row in rows]
            if table is editions:
                its = _picks(connection.execute(_picked([row.id for row in rows])))
                for row, record in zip(rows, records, strict=True):
                    record["picks"] = its.get(row.id, [])
            places = [[getattr(row, column.name) for column in order] for row in rows]
            return list(zip(places, records, strict=True))


def _query(table: Table) -> Select[Any]:
    """All columns of a table, with key and title of the paper that its rows are about."""
    if "paper_id" not in table.c:
        return select(table)
    named = (papers.c.key.label("paper"), papers.c.title.label("title"))
    return select(table, *named).join(papers, papers.c.id == table.c.paper_id)


def _picked(numbers: Sequence[int]) -> Select[Any]:
    named = (papers.c.key.label("paper"), papers.c.title.label("title"))
    return (
        select(picks, *named)
        .join(papers, papers.c.id == picks.c.paper_id)
        .where(picks.c.edition_id.in_(numbers))
        .order_by(picks.c.edition_id, picks.c.position)
    )


def _picks(rows: Iterable[Row[Any]]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    for row in rows:
        record = _record(picks, row)
        record["reasons"] = json.loads(row.reasons)
        found.setdefault(row.edition_id, []).append(record)
    return found


def _record(table: Table, row: Row[Any]) -> Record:
    """A row without numbers of rows, which say nothing outside of the store."""
    out = {*_LEFT_OUT.get(table.name, ()), "id", "reader_id", "paper_id", "edition_id"}
    return {name: value for name, value in row._asdict().items() if name not in out}
