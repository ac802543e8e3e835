"""Inserts that meet rows which are there already, in the words of both databases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table


def insert_new(connection: Connection, table: Table) -> Any:  # noqa: ANN401 - two dialects' types
    """An insert that passes over rows which are there already."""
    dialect = _dialect(connection)
    return dialect.insert(table).on_conflict_do_nothing()


def upsert(
    connection: Connection, table: Table, only_where: ColumnElement[bool] | None = None
) -> Any:  # noqa: ANN401 - two dialects' types
    """An insert that replaces the other columns of a row which is there already.

    Args:
        connection: tells the dialect.
        table: what to insert into.
        only_where: which rows may be replaced; the others stay as they are.
    """
    dialect = _dialect(connection)
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others, where=only_where)


def insert_or_change(
    connection: Connection,
    table: Table,
    changes: Mapping[str, Any],
    only_where: ColumnElement[bool] | None = None,
) -> Any:  # noqa: ANN401 - two dialects' types
    """An insert that changes a row which is there already; `changes` may speak of that row.

    Args:
        connection: tells the dialect.
        table: what to insert into.
        changes: new values by column.
        only_where: which rows may be changed; the others stay as they are.
    """
    keys = [column.name for column in table.primary_key]
    statement = _dialect(connection).insert(table)
    return statement.on_conflict_do_update(
        index_elements=keys, set_=dict(changes), where=only_where
    )


def _dialect(connection: Connection) -> Any:  # noqa: ANN401 - a module
    """What the database in use understands; the other one is not loaded."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return postgresql
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415

    return sqlite
