"""How readers want their letters: kept with them, wherever they come from."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from digest.config import Settings
from digest.grammar.interests import parse_interest
from digest.model import Manner, Quiet, Schedule
from digest.readers import change, keep_configured, passing_reader, subscribe
from digest.readers.leaving import come_back, unsubscribe
from digest.store import Store
from digest.store.engine import reading
from digest.store.schema import readers
from tests.conftest import NOW

ANN = "ann@example.org"
SPARSE = Manner(0, Quiet.NOTHING, abstracts=False)


def rescheduled(store: Store) -> list[object]:
    """When readers were rescheduled last."""
    with reading(store.engine) as connection:
        return list(connection.scalars(select(readers.c.rescheduled)))


def test_a_new_reader_has_the_manner_it_asks_for(store: Store) -> None:
    """Or the usual one."""
    assert subscribe(store, ANN, (), Schedule(), 10, NOW, SPARSE).manner == SPARSE
    assert subscribe(store, "b@example.org", (), Schedule(), 10, NOW).manner == Manner()
    found = store.readers.find(ANN)
    assert found is not None
    assert found.manner == SPARSE


@pytest.mark.parametrize("manner", [Manner(100), Manner(quiet=Quiet.NOTE), Manner(abstracts=False)])
def test_another_manner_is_kept_and_is_no_other_schedule(sqlite: Store, manner: Manner) -> None:
    """Each part of it by itself; who missed a day before the change has missed it all the same."""
    ann = subscribe(sqlite, ANN, (), Schedule(), 10, NOW)
    change(sqlite, replace(ann, manner=manner), NOW)
    assert sqlite.readers.find(ANN) == replace(ann, manner=manner)
    assert rescheduled(sqlite) == [None]


def test_who_leaves_and_comes_back_finds_its_manner(store: Store) -> None:
    """By the links of its letters."""
    ann = subscribe(store, ANN, (), Schedule(), 10, NOW, SPARSE)
    assert unsubscribe(store, ann.handle, NOW)
    assert come_back(store, ann.handle, NOW)
    back = store.readers.find(ANN)
    assert back is not None
    assert back.manner == SPARSE


def test_the_person_of_the_configuration_has_its_manner(store: Store) -> None:
    """As the settings say now; a change of it is stored, and is no other schedule."""
    settings = Settings(address=ANN, dial=0, quiet=Quiet.NOTHING, abstracts=False)
    person = keep_configured(store, settings, NOW)
    assert person is not None
    assert person.manner == SPARSE
    louder = keep_configured(store, replace(settings, dial=100), NOW)
    assert louder is not None
    assert louder.manner == replace(SPARSE, dial=100)
    assert store.readers.find("config") == louder
    assert rescheduled(store) == [None]


def test_a_passing_reader_has_the_manner_of_its_command(store: Store) -> None:
    """It is the same reader whatever the manner: what it had once it does not get again."""
    owls = parse_interest("keywords", "owls")
    first = passing_reader(store, owls, ANN, 10, Manner(), NOW)
    again = passing_reader(store, owls, ANN, 10, SPARSE, NOW)
    assert (first.manner, again.manner) == (Manner(), SPARSE)
    assert again.number == first.number
