"""The reading room with an encoder: papers are read, and nothing of it is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from digest.config import load
from digest.edit import EditReport
from digest.grammar.interests import parse_interest
from digest.model import Announcement, Edition
from digest.progress import Quiet
from digest.ranking.vectors import KeptVectors
from digest.store import Store
from digest.store.readers import Due
from digest.store.schema import backgrounds, profiles, vectors
from digest.store.vectors import PassingVectors, Vectors
from digest.web.room import Room
from digest.wiring import House, build, editor_of
from tests.conftest import DAY, NOW
from tests.encoders import WordEncoder
from tests.mailed import checksum, news
from tests.pages import close_pages, open_pages
from tests.papers import paper, reader, seen

LATER = timedelta(minutes=11)  # what was kept of answers and editors is gone
WISH = (parse_interest("birds", "owls"),)


@dataclass
class Opened:
    """A house that ranks by an encoder, with its room; `now` is what its clock shows."""

    house: House
    room: Room
    encoder: WordEncoder
    now: datetime = NOW

    def edition(self) -> Edition | None:
        """A stranger's preview, by an editor of its own."""
        self.now += LATER
        return self.room.edition(WISH, 5)

    def rows(self, table: object) -> int:
        """How many rows a table has."""
        with self.house.store.engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(table)) or 0)  # type: ignore[arg-type]


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> WordEncoder:
    """The installed encoder."""
    found = WordEncoder()
    monkeypatch.setattr("digest.ranking.encoder.open_encoder", lambda: found)
    return found


@pytest.fixture(params=["encoder", "blend"])
def opened(
    request: pytest.FixtureRequest, tmp_path: Path, encoder: WordEncoder
) -> Iterator[Opened]:
    """A house with six papers."""
    address = f"sqlite:///{tmp_path / 'digest.db'}"
    house = build(load(None, {"DIGEST_DATABASE": address, "DIGEST_RANKER": request.param}))
    here = Opened(house, Room(house, lambda: here.now), encoder)
    add(house.store, 0, 6)
    yield here
    house.close()


def add(store: Store, first: int, count: int, day: date = DAY) -> list[int]:
    """The numbers of so many papers of a day; every third is on owls."""
    subjects = ("Owls", "Bread", "Galaxies")
    papers = [paper(f"{subjects[n % 3]} {n}", f"Text {n}.") for n in range(first, first + count)]
    store.papers.add([seen(one, day) for one in papers], "file", day)
    rows = store.papers.numbers_by_keys([one.key for one in papers])
    return [rows[one.key] for one in papers]


def test_a_page_reads_papers_once_and_writes_nothing(opened: Opened) -> None:
    """Neither vectors nor a background; the next editor finds what was read in memory."""
    before = checksum(opened.house.store)
    edition = opened.edition()
    assert edition is not None
    assert "Owls" in edition.picks[0].paper.paper.title
    assert {"Owls 0. Text 0.", "Bread 1. Text 1.", "owls"} <= set(opened.encoder.read)
    assert checksum(opened.house.store) == before
    opened.encoder.read.clear()
    assert opened.edition() == edition
    assert not any("Text" in text for text in opened.encoder.read)
    assert checksum(opened.house.store) == before


def test_new_papers_alone_are_read_and_texts_that_changed(opened: Opened) -> None:
    """What is in memory is good as long as the text is."""
    opened.edition()
    opened.encoder.read.clear()
    again = paper("Owls 0", "Another text.", version=2)
    opened.house.store.papers.add([seen(again, kind=Announcement.REPLACE)], "file", DAY)
    add(opened.house.store, 6, 1)
    opened.edition()
    read = [text for text in opened.encoder.read if "ext" in text]
    assert sorted(read) == ["Owls 0. Another text.", "Owls 6. Text 6."]


def test_what_a_run_kept_stays_good_however_much_visitors_read(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Papers that pages read teach no background: profiles of readers are not made anew."""
    monkeypatch.setattr("digest.ranking.vectors.LEAST_PAST", 4)
    store = opened.house.store
    ann = store.readers.save(reader("ann@example.org", "owls"), NOW)
    old = DAY - timedelta(days=60)
    number, *_ = add(store, 6, 30, old)
    run = editor_of(opened.house, None, DAY, NOW, Quiet())
    assert run.draft([Due(ann, DAY)], EditReport())
    assert opened.rows(profiles) == opened.rows(backgrounds) == 1
    assert opened.rows(vectors) == 6

    before = checksum(store)
    for _ in range(2):
        opened.encoder.read.clear()
        opened.now += LATER
        assert opened.room.account(ann, number, old, ()).interests[0].score is not None
        assert "owls" not in opened.encoder.read
    assert checksum(store) == before


def test_a_preview_by_a_stranger_changes_no_row(tmp_path: Path, encoder: WordEncoder) -> None:
    """As a page is asked for, by an interest of somebody unknown."""
    pages = open_pages(tmp_path, DIGEST_RANKER="encoder")
    news(pages)
    before = checksum(pages.store)
    answer = pages.get("/preview?interests=owls")
    assert answer.status_code == 200
    assert any("We study owls" in text for text in encoder.read)
    assert checksum(pages.store) == before
    close_pages(pages)


def passing(store: Store) -> PassingVectors:
    """Vectors for whoever only looks."""
    return PassingVectors(store.engine)


def vectors_of(shelf: PassingVectors | Vectors, encoder: WordEncoder) -> KeptVectors:
    """Vectors as another editor finds them."""
    return KeptVectors(encoder, shelf, Quiet(), ())


def test_the_oldest_vectors_in_memory_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """So memory does not grow with what strangers ask for; a paper read again is new again."""
    monkeypatch.setattr("digest.store.vectors.MOST_PASSING", 4)
    one, two, three, four, five = add(store, 0, 5)
    shelf = passing(store)
    row = WordEncoder().encode(["owls"])[0].astype("<f2").tobytes()
    changes = store.papers.changes_of([one, two, three, four, five])
    for number in (one, two, three, four, one, five):
        shelf.keep("words", [(number, changes[number], row)])
    assert sorted(shelf.of("words", [one, two, three, four, five])) == [one, three, four, five]
    assert shelf.of("other", [one]) == {}
    assert store.vectors.of("words", [one, two, three, four, five]) == {}


def test_papers_in_memory_stand_among_those_of_the_store(store: Store) -> None:
    """By the date of their announcement; one without any is of no past; vectors come of both."""
    first, last = add(store, 0, 1, DAY - timedelta(days=2)), add(store, 1, 1, DAY)
    between = add(store, 2, 1, DAY - timedelta(days=1))
    liked = paper("A liked one")
    store.papers.add([seen(liked, None, kind=Announcement.LOOKED_UP)], "arxiv ids", DAY)
    unannounced = [store.papers.numbers_by_keys([liked.key])[liked.key]]
    kept = vectors_of(store.vectors, WordEncoder()).of([*last, *first])
    encoder, shelf = WordEncoder(), passing(store)
    read = vectors_of(shelf, encoder).of([*between, *unannounced])
    assert len(encoder.read) == 2
    assert shelf.announced("words") == [*first, *between, *last]
    found = vectors_of(shelf, encoder).of([*first, *between, *last, *unannounced])
    assert found.tolist() == np.stack([kept[1], read[0], kept[0], read[1]]).tolist()
    assert len(encoder.read) == 2
    assert store.vectors.announced("words") == [*first, *last]


def test_a_damaged_vector_of_the_store_is_read_once(store: Store) -> None:
    """It is read into memory, and not again by each editor."""
    numbers = add(store, 0, 2)
    changes = store.papers.changes_of(numbers)
    store.vectors.keep("words", [(numbers[0], changes[numbers[0]], b"damaged")])
    encoder, shelf = WordEncoder(), passing(store)
    for _ in range(2):
        assert vectors_of(shelf, encoder).of(numbers).any(axis=1).all()
    assert len(encoder.read) == 2
    assert store.vectors.of("words", numbers) == {numbers[0]: b"damaged"}


def test_the_background_of_the_store_is_the_one_that_holds(store: Store) -> None:
    """Without one it is learnt in memory, anew when papers have doubled; then the store's counts."""
    numbers = add(store, 0, 12)
    encoder, shelf = WordEncoder(), passing(store)
    vectors_of(shelf, encoder).of(numbers[:3])
    first = vectors_of(shelf, encoder).meaning
    vectors_of(shelf, encoder).of(numbers[:5])
    assert vectors_of(shelf, encoder).meaning == first
    vectors_of(shelf, encoder).of(numbers[:6])
    assert vectors_of(shelf, encoder).meaning != first
    assert store.vectors.background("words") is None

    run = vectors_of(store.vectors, encoder)
    run.of(numbers[:4])
    assert run.meaning != first
    vectors_of(shelf, encoder).of(numbers)
    assert vectors_of(shelf, encoder).meaning == run.meaning
    assert vectors_of(passing(store), encoder).meaning == run.meaning
