"""When libraries are read again, and what is kept of a visit to one."""

import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from digest.errors import LibraryError
from digest.libraries import Liked, Shelf
from digest.model import Paper, Reader
from digest.shelves import keep_libraries
from digest.sources import Request
from digest.store import Store
from digest.visiting import SourceReport
from tests.conftest import DAY, NOW
from tests.papers import paper, reader, seen

ID = "arxiv:9912.00001"
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Listed:
    """A library that gives one answer, unchanged where its version is asked for again."""

    answer: Shelf | Exception
    asked: list[int | None] = field(default_factory=list)
    name: str = "my.bib"
    pace: timedelta = timedelta(minutes=10)

    def read(self, since: int | None) -> Shelf:
        """Note the question, and answer."""
        self.asked.append(since)
        if isinstance(self.answer, Exception):
            raise self.answer
        same = since is not None and since == self.answer.version
        return Shelf(version=since, unchanged=True) if same else self.answer


def visit(
    store: Store, person: Reader, library: Listed, after: timedelta, *, at_once: bool = False
) -> list[SourceReport]:
    """A run so long after the first moment."""
    request = Request(DAY, NOW + after, at_once=at_once)
    return keep_libraries(store, person, [library], request)


@pytest.fixture
def person(sqlite: Store) -> Reader:
    """A reader in the store."""
    return sqlite.readers.save(reader(), NOW)


def test_an_entry_with_an_id_alone_counts_once_its_paper_is_known(
    sqlite: Store, person: Reader
) -> None:
    """The library is read again then, though it is unchanged, and only then."""
    library = Listed(Shelf((Liked(Paper((ID,), "")), Liked(paper("Mine"))), version=3))
    for hour in range(2):
        visit(sqlite, person, library, timedelta(hours=hour))
        assert sqlite.libraries.origins(person.row) == [("my.bib", 1)]
    sqlite.papers.add([seen(paper("Owls", "Text.", ID))], "arxiv", DAY)
    for hour in range(2, 4):
        visit(sqlite, person, library, timedelta(hours=hour))
        assert sqlite.libraries.origins(person.row) == [("my.bib", 2)]
    assert library.asked == [None, 3, None, 3]
    (owls,) = sqlite.papers.by_keys([ID]).values()
    assert owls == paper("Owls", "Text.", ID)


def test_a_library_that_asks_for_patience_is_left_alone(sqlite: Store, person: Reader) -> None:
    """Until the time that it named, also by who does not want to wait, who is told so."""
    library = Listed(LibraryError("z", "busy", NOW + timedelta(hours=1)))
    assert visit(sqlite, person, library, timedelta())[0].problem == "busy"
    assert visit(sqlite, person, library, 59 * MINUTE) == []
    (told,) = visit(sqlite, person, library, 59 * MINUTE, at_once=True)
    assert (
        told.skipped == f"the service asked us to wait until {NOW + 60 * MINUTE:%Y-%m-%d %H:%M} UTC"
    )
    assert len(library.asked) == 1
    library.answer = Shelf((Liked(paper("Mine")),), version=3)
    assert visit(sqlite, person, library, 60 * MINUTE)[0].read == 1
    assert sqlite.libraries.state(person.row, "my.bib").retry_at is None


def test_an_error_of_ours_waits_for_the_pace_too(
    sqlite: Store, person: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    """Its trace is logged once, not at every run; what was read before still holds."""
    library = Listed(Shelf((Liked(paper("Mine")),), version=3))
    visit(sqlite, person, library, timedelta())
    library.answer = RuntimeError("a bug")
    with caplog.at_level(logging.ERROR):
        reports = [visit(sqlite, person, library, n * MINUTE) for n in range(10, 15)]
    assert [len(report) for report in reports] == [1, 0, 0, 0, 0]
    assert reports[0][0].problem == "an error in this program; the log has the details"
    assert len(caplog.records) == 1
    state = sqlite.libraries.state(person.row, "my.bib")
    assert state == replace(state, version=3, asked=NOW + 10 * MINUTE)
    assert sqlite.libraries.origins(person.row) == [("my.bib", 1)]
