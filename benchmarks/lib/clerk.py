"""The one process of `bin/bench kill` that reads the database: fills the queue, says what is there.

The parent forks all others and must not have a database open itself.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from sqlalchemy import func, select, text

from digest.store import Store, open_store
from digest.store.schema import deliveries
from digest.store.states import UNDER_WAY, State
from lib.filling import enqueue, letters

_UNSETTLED = (State.QUEUED.value, *(state.value for state in UNDER_WAY))


@dataclass(frozen=True, slots=True)
class Row:
    """What the database says of one mail."""

    message_id: str
    recipient: str
    state: str
    token: str | None


class Clerk:
    """The way to ask the process; every method is one question."""

    def __init__(self, ask: Connection) -> None:
        self._connection = ask

    def fill(self, first: int, count: int, size: int, *, all_exist: bool = False) -> None:
        """Queue editions for new readers; one in a hundred has an address that does not exist."""
        self._ask("fill", first, count, size, all_exist)

    def unsettled(self) -> int:
        """How many mails still wait for their end."""
        count: int = self._ask("unsettled")
        return count

    def in_doubt(self, tokens: Sequence[str], name: str) -> list[str]:
        """Message-IDs that a process which is dead had in doubt, by its tokens.

        Waits until the database, too, has noticed that the process called `name` is gone.
        """
        found: list[str] = self._ask("in_doubt", tuple(tokens), name)
        return found

    def rows(self, first: int = 0) -> list[Row]:
        """All mails from this number on."""
        found: list[Row] = self._ask("rows", first)
        return found

    def _ask(self, *question: object) -> object | int | list[str] | list[Row]:
        self._connection.send(question)
        answer = self._connection.recv()
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[no-any-return]


@contextlib.contextmanager
def running_clerk(address: str) -> Iterator[Clerk]:
    """A forked process with the database open, until the block ends."""
    ours, its = Pipe()
    parent = os.getpid()
    child = os.fork()
    if not child:
        ours.close()
        _be_the_clerk(address, its, parent)
    its.close()
    try:
        yield Clerk(ours)
    finally:
        with contextlib.suppress(OSError):
            ours.send(("end",))
        os.waitpid(child, 0)
        ours.close()


def _be_the_clerk(address: str, ask: Connection, parent: int) -> None:
    code = 1
    try:
        store = open_store(address)
        while os.getppid() == parent:
            if not ask.poll(1.0):
                continue
            question, *arguments = ask.recv()
            if question == "end":
                break
            try:
                ask.send(_ANSWERS[question](store, *arguments))
            except Exception as error:  # noqa: BLE001 - raised again over there
                ask.send(error)
        store.close()
        code = 0
    finally:
        os._exit(code)


def _fill(store: Store, first: int, count: int, size: int, all_exist: bool) -> None:  # noqa: FBT001
    enqueue(store, letters(first, [size] * count, all_exist=all_exist))


def _unsettled(store: Store) -> int:
    with store.engine.connect() as connection:
        query = select(func.count()).where(deliveries.c.state.in_(_UNSETTLED))
        return connection.scalar(query) or 0


def _in_doubt(store: Store, tokens: tuple[str, ...], name: str) -> list[str]:
    with store.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            _wait_until_gone(store, name)
        return list(
            connection.scalars(
                select(deliveries.c.message_id).where(
                    deliveries.c.token.in_(tokens),
                    deliveries.c.state.in_([State.IN_DOUBT.value, State.UNCERTAIN.value]),
                )
            )
        )


def _wait_until_gone(store: Store, name: str) -> None:
    query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    for _ in range(2000):
        with store.engine.connect() as connection:
            if not connection.scalar(query, {"name": name}):
                return
        time.sleep(0.001)
    raise AssertionError(f"{name} is dead and its database connection is not")


def _rows(store: Store, first: int) -> list[Row]:
    columns = (
        deliveries.c.message_id, deliveries.c.recipient, deliveries.c.state, deliveries.c.token
    )  # fmt: skip
    with store.engine.connect() as connection:
        found = connection.execute(select(*columns).order_by(deliveries.c.id).offset(first))
        return [Row(*row) for row in found]


_ANSWERS = {"fill": _fill, "unsettled": _unsettled, "in_doubt": _in_doubt, "rows": _rows}
