"""Keys that links are signed with: made here, kept here, the newest signs."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, Row, insert, select, update

from digest.links import Key
from digest.store.engine import Turn, reading, writing
from digest.store.schema import link_keys

SIGNS_FOR = timedelta(days=90)
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys there have ever been. Each method is one transaction."""

    engine: Engine

    def all(self) -> tuple[Key, ...]:
        """Every key, the newest last."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(link_keys).order_by(link_keys.c.id)).all()
            return tuple(_key(row) for row in rows)

    def renew(self, now: datetime) -> None:
        """Make a key where there is none, or the newest has signed long enough."""
        with reading(self.engine) as connection:
            if _fresh(connection.scalar(_NEWEST), now):
                return
        with writing(self.engine, Turn.KEYS) as connection:
            if not _fresh(connection.scalar(_NEWEST), now):
                connection.execute(insert(link_keys).values(secret=_secret(), made=now))

    def replace(self, now: datetime) -> None:
        """Make a new key and retire all others: their links are good for leaving only."""
        with writing(self.engine, Turn.KEYS) as connection:
            connection.execute(
                update(link_keys).where(link_keys.c.retired.is_(None)).values(retired=now)
            )
            connection.execute(insert(link_keys).values(secret=_secret(), made=now))


_NEWEST = (
    select(link_keys.c.made)
    .where(link_keys.c.retired.is_(None))
    .order_by(link_keys.c.id.desc())
    .limit(1)
)


def _fresh(made: datetime | None, now: datetime) -> bool:
    return made is not None and now - made < SIGNS_FOR


def _secret() -> str:
    return secrets.token_hex(_BYTES)


def _key(row: Row[tuple[int, str, datetime, datetime | None]]) -> Key:
    return Key(row.secret, row.made, row.retired)
