"""What is read together: several questions to the store that are one transaction.

A page that asks for a reader, its edition and its votes sees all of them at one moment, and pays
for one transaction. Nothing is written meanwhile, and nobody is waited for: on SQLite a transaction
that reads keeps others from committing.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from sqlalchemy import Connection, Engine

_SHARED: ContextVar[Connection | None] = ContextVar("shared", default=None)


@contextmanager
def sharing(connection: Connection) -> Iterator[None]:
    """Let all that this thread reads within be part of the connection's transaction."""
    before = _SHARED.set(connection)
    try:
        yield
    finally:
        _SHARED.reset(before)


def shared(engine: Engine) -> AbstractContextManager[Connection] | None:
    """The connection of what is read together; None outside of it."""
    connection = _SHARED.get()
    mine = connection is not None and connection.engine is engine
    return nullcontext(connection) if connection is not None and mine else None


def refuse_to_write(engine: Engine) -> None:
    """Raise an error within what is read together: the writer would wait for itself.

    Raises:
        RuntimeError: always there; it is a mistake in the program.
    """
    if shared(engine) is not None:
        raise RuntimeError("nothing is written among what is read together: do it afterwards")
