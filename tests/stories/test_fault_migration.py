"""Fault 3: an upgrade of the database that is killed leaves the old schema or the new one.

And what an upgrade from the schema before the delivery protocol makes of mails under way.
"""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, MetaData, create_engine, make_url, select, text

import digest.store
from digest.store import Store, open_store
from digest.store.engine import REVISION
from digest.store.states import State
from tests.children import KILLED, Letterbox, begin, die_at_statement, end, lines, opened, send
from tests.conftest import NOW
from tests.postgresql import make_database

LEASE = "2026-03-17 09:31:00.000000"
SOON = NOW + timedelta(minutes=5)
# Edition, channel, state, lease.
MAILS = (
    (1, "smtp", "queued", None),
    (2, "smtp", "sending", LEASE),
    (3, "outbox", "sending", LEASE),
    (4, "smtp", "sent", None),
    (5, "smtp", "failed", None),
    (6, "smtp", "uncertain", None),
)
NEW = [{"version_num": REVISION}]
BODY = bytes(range(256)) * 100


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of schema 0002 with mails in each of its states."""
    address = f"sqlite:///{tmp_path / 'old.db'}"
    if request.param == "postgresql":
        name = f"old_{abs(hash(request.node.nodeid))}"
        address = make_database(request.getfixturevalue("postgresql"), name)
    engine = plain(address)
    config = Config()
    scripts = Path(digest.store.__file__).parent / "migrations"
    config.set_main_option("script_location", str(scripts))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    fill(engine)
    engine.dispose()
    return address


def plain(address: str) -> Engine:
    """An engine that does nothing of its own."""
    return create_engine(make_url(address).set(drivername=_DRIVERS[address.partition(":")[0]]))


_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def fill(engine: Engine) -> None:
    """A reader, a paper, and six editions with their mails, in the words of schema 0002."""
    tables = MetaData()
    tables.reflect(engine)

    def row(table: str, **values: Any) -> None:
        connection.execute(tables.tables[table].insert(), values)

    moment = NOW.replace(tzinfo=None)
    with engine.begin() as connection:
        row("readers", id=1, name="ann", address="ann@example.org", kind="saved", minute=420,
            zone="UTC", weekdays=127, picks=10, active=True, created=moment)  # fmt: skip
        row("papers", id=1, key="title:one", title="One", abstract="", authors="[]",
            categories="[]", version=1, announced=NOW.date(), change=1)  # fmt: skip
        for number, channel, state, lease in MAILS:
            row("editions", id=number, reader_id=1, date=NOW.date() - timedelta(days=number),
                kind="daily", mood="matched", subject="S", considered=1, made=moment)  # fmt: skip
            row("picks", edition_id=number, paper_id=1, position=1, score=0.5, reasons="[]")
            row("deliveries", id=number, edition_id=number, channel=channel,
                message_id=f"<{number}@x>", sender="d@x.example", recipient="ann@example.org",
                subject="S", label=f"l{number}", body=BODY,
                body_hash=sha256(BODY).hexdigest(), state=state,
                attempts=0, not_before=moment, token=lease and "t" * 32,
                lease_until=lease and moment + timedelta(minutes=1))  # fmt: skip


def content(address: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by its columns' names."""
    engine = plain(address)
    tables = MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        rows = {
            table.name: sorted(map(dict, connection.execute(select(table)).mappings()), key=repr)
            for table in tables.sorted_tables
        }
    engine.dispose()
    return rows


def test_fault_03_killed_in_an_upgrade(old: str) -> None:
    """At every third statement: the old schema with all that it held, or the new one."""
    before, number = content(old), 0
    while True:
        number += 3
        assert number < 1000

        def work(number: int = number) -> None:
            die_at_statement(Engine, number)
            open_store(old).close()

        if end(begin(work)) != KILLED:
            break
        after = content(old)
        if after != before:
            assert after["alembic_version"] == NEW
            break
    assert number > 30
    assert content(old)["alembic_version"] == NEW
    with opened(old) as store:
        assert sum(store.deliveries.counts().values()) == len(MAILS)


def test_fault_03_two_upgrades_at_once(old: str) -> None:
    """One does it, the other waits for it."""

    def work() -> None:
        open_store(old).close()

    children = [begin(work) for _ in range(3)]
    assert [end(child) for child in children] == [0, 0, 0]
    assert content(old)["alembic_version"] == NEW


def test_an_upgrade_keeps_what_there_is(old: str) -> None:
    """Readers, editions, picks and papers untouched; each mail with its body and a deadline."""
    before = content(old)
    with opened(old) as store:
        after = content(old)
        for table in before.keys() - {"deliveries", "alembic_version"}:
            kept = [{name: row[name] for name in was} for row, was in both(after, before, table)]
            assert kept == before[table]
        assert [row["body"] for row in after["bodies"]] == [BODY] * len(MAILS)
        assert states(store) == [
            ("queued", "smtp"),
            ("in_doubt", "smtp"),
            ("claimed", "outbox"),
            ("sent", "smtp"),
            ("failed", "smtp"),
            ("uncertain", "smtp"),
        ]
    mails = after["deliveries"]
    assert {(mail["reader_id"], mail["kind"]) for mail in mails} == {(1, "daily")}
    assert {mail["date"]: mail["edition_id"] for mail in mails} == {
        NOW.date() - timedelta(days=number): number for number, *_ in MAILS
    }
    assert {mail["deadline"] for mail in mails} == {
        (NOW + timedelta(hours=20)).replace(tzinfo=None)
    }


def both(
    after: dict[str, list[dict[str, Any]]], before: dict[str, list[dict[str, Any]]], table: str
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The rows of a table after and before, side by side."""
    return zip(after[table], before[table], strict=True)


def states(store: Store) -> list[tuple[str, str]]:
    """State and channel of each mail, in their order."""
    with store.engine.connect() as connection:
        query = text("SELECT state, channel FROM deliveries ORDER BY id")
        return [(row.state, row.channel) for row in connection.execute(query)]


def test_after_an_upgrade_mails_go_their_way(old: str, tmp_path: Path) -> None:
    """What was queued is sent, what was cut off by SMTP is uncertain, by the outbox sent again."""
    taken = tmp_path / "taken"
    with opened(old) as store:
        send(store, Letterbox(taken), clock=lambda: SOON)
        send(store, Letterbox(taken, name="outbox", repeatable=True), clock=lambda: SOON)
        assert lines(taken) == ["<1@x>", "<3@x>"]
        assert [state for state, _ in states(store)] == [
            State.SENT,
            State.UNCERTAIN,
            State.SENT,
            State.SENT,
            State.FAILED,
            State.UNCERTAIN,
        ]
