"""What the doctor asks of a database, on both."""

import sqlite3

import pytest
from sqlalchemy import event

from digest.errors import StoreError
from digest.store import Store
from tests.conftest import NOW
from tests.papers import reader


def test_a_sound_database_is_well(store: Store) -> None:
    """It can be written to, and trying changes nothing; only the tests' server keeps nothing."""
    store.clock.advance(NOW)
    store.health.writable()
    assert store.clock.seen() == NOW
    findings = store.health.examine()
    expected = {"fsync is off"} if store.engine.dialect.name == "postgresql" else set()
    assert {finding.said for finding in findings if not finding.well} == expected
    assert all(finding.well or finding.mend for finding in findings)


def test_readers_are_counted_by_what_they_lack(store: Store) -> None:
    """Interests; an address of their own, whatever its case; who left does not count."""
    for address in ("ann@example.org", "ANN@example.org", "bob@example.org"):
        store.readers.save(reader(address, *(() if "b" in address else ("graph",))), NOW)
    assert store.health.without_interests() == 1
    assert store.health.doubled() == ["ann@example.org"]
    store.readers.rest("ANN@example.org")
    assert store.health.doubled() == []


def test_a_large_file_is_read_for_a_while_only(
    sqlite: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not reached is said; the connection works on."""
    monkeypatch.setattr("digest.store.health._STEPS", 1)
    whole, _ = sqlite.health.examine(seconds=-1.0)
    assert whole.well
    assert "not read to its end" in whole.said
    assert sqlite.readers.count() == 0
    assert "not read" not in sqlite.health.examine()[0].said


def test_a_file_that_is_written_carelessly_is_found(sqlite: Store) -> None:
    """Without synchronisation a power cut loses what was committed."""

    def careless(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(sqlite.engine, "connect", careless)
    sqlite.engine.dispose()
    durable = sqlite.health.examine()[1]
    assert not durable.well
    assert "synchronous 0" in durable.said


def test_a_database_that_cannot_be_written_to_is_found(sqlite: Store) -> None:
    """SQLite's word for it is passed on, with what to do."""
    with sqlite.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.commit()
    with pytest.raises(StoreError, match="readonly"):
        sqlite.health.writable()
