"""Connections to a server that may have restarted since they were used last."""

import math
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

TRUSTED = 2.0  # seconds that an unused connection counts as alive
_BACK_SINCE = "digest_back_since"


def look_before_use(engine: Engine) -> None:
    """Ask a connection that was unused for a while whether it lives; a dead one is made anew.

    The library can ask before each use, which costs a mail a question to the server.
    """

    @event.listens_for(engine, "checkin")
    def _back(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_BACK_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _out(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401 - psycopg is an extra
        if time.monotonic() - record.info.get(_BACK_SINCE, math.inf) < TRUSTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError(str(error)) from error  # the pool takes another
