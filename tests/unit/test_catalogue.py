"""The catalogue: an index that is in step with the store, whatever happened to either."""

import logging
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from digest import catalogue as module
from digest.catalogue import Catalogue
from digest.model import Announcement, Paper
from digest.progress import Quiet
from digest.ranking import index as files
from digest.ranking.index import Index
from digest.ranking.terms import Terms
from digest.store import Store, open_store
from tests.conftest import DAY
from tests.papers import paper, seen
from tests.rankers import texts_of_topics

TERMS = Terms()
PAPERS = [
    paper("Owls hunt mice at night", "They hear them.", key="arxiv:2601.00001"),
    paper("Bread and flour", "Sourdough.", key="arxiv:2601.00002"),
    paper("Galaxies at dawn", "", key="arxiv:2601.00003"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the index lies."""
    return tmp_path / "test.db.index"


@pytest.fixture
def catalogue(sqlite: Store, folder: Path) -> Iterator[Catalogue]:
    """A catalogue of an empty store."""
    made = Catalogue(sqlite, folder, Quiet())
    yield made
    made.close()


def add(store: Store, *papers: Paper) -> None:
    """Store papers that a service announced as new."""
    store.papers.add([seen(one) for one in papers], "arxiv", DAY)


def numbered(store: Store) -> dict[int, Paper]:
    """All papers of the store by number."""
    found = store.papers.by_numbers(store.papers.numbers())
    return {number: stored.paper for number, stored in found.items()}


def assert_in_step(index: Index, store: Store) -> None:
    """It holds the papers of the store, each counted as its text stands there, and no other."""
    papers = numbered(store)
    assert sorted(index.numbers[index.alive].tolist()) == list(papers)
    rows = index.rows_of(np.array(list(papers), np.int64))
    counted = TERMS.count([paper.text for paper in papers.values()])
    mine = index.take(rows)
    for name in ("ends", "columns", "counts"):
        assert getattr(mine, name).tolist() == getattr(counted, name).tolist()
    assert index.head.change == store.papers.last_change()


def assert_as_rebuilt(catalogue: Catalogue) -> None:
    """After an exact refresh its weights are those of an index made now."""
    index = catalogue.refresh(exact=True)
    anew = Catalogue(catalogue.store, None, Quiet())
    rebuilt = anew.refresh(exact=True)
    assert_in_step(index, catalogue.store)
    assert_in_step(rebuilt, catalogue.store)
    assert (index.weights.seen == rebuilt.weights.seen).all()
    np.testing.assert_allclose(index.weights.total, rebuilt.weights.total, rtol=1e-5, atol=1e-6)
    assert index.weights.length == pytest.approx(rebuilt.weights.length)
    anew.close()


def test_increments_end_where_a_rebuilt_index_does(
    catalogue: Catalogue, sqlite: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New papers, changed and merged ones, in many small parts and with several processes."""
    monkeypatch.setattr(module, "_COMMIT", 7)
    monkeypatch.setattr(module, "_PART", 3)
    texts = texts_of_topics(60, 3)
    for start in range(0, 60, 20):
        add(sqlite, *(paper(f"Paper {n}", texts[n]) for n in range(start, start + 20)))
        assert_in_step(catalogue.refresh(), sqlite)
        add(sqlite, paper(f"Paper {start}", f"Now longer. {texts[start + 1]}"))
        assert_in_step(Catalogue(sqlite, catalogue.folder, Quiet()).refresh(), sqlite)
    assert_as_rebuilt(catalogue)


def test_nothing_changed_means_nothing_is_read(catalogue: Catalogue, sqlite: Store) -> None:
    """The same state again, with the same weights; an empty store is one too."""
    assert_in_step(catalogue.refresh(), sqlite)
    add(sqlite, *PAPERS)
    first = catalogue.refresh()
    second = catalogue.refresh()
    assert second.head == first.head
    assert second.generation == first.generation


def test_a_changed_abstract_is_counted_anew(catalogue: Catalogue, sqlite: Store) -> None:
    """A fuller abstract takes the place of the old one; the old row is dead."""
    add(sqlite, *PAPERS)
    catalogue.refresh()
    fuller = paper("Galaxies at dawn", "Spectra of dwarfs.", key="arxiv:2601.00003", version=2)
    add(sqlite, fuller)
    index = catalogue.refresh()
    assert_in_step(index, sqlite)
    assert index.head.dead == 1
    (spectra,) = TERMS.count(["spectra"]).columns.tolist()
    assert index.weights.seen[spectra] == 1


def test_merged_papers_die(catalogue: Catalogue, sqlite: Store) -> None:
    """Two that turn out to be one work are one row."""
    add(sqlite, *PAPERS, paper("Owls at night, a preprint", "Owls.", key="doi:10.1/owls"))
    assert catalogue.refresh().papers == 4
    first = PAPERS[0]
    both = Paper(
        keys=(*first.keys, "doi:10.1/owls"), title=first.title, abstract=first.abstract, version=2
    )
    add(sqlite, both)
    index = catalogue.refresh()
    assert sqlite.papers.count() == index.papers == 3
    assert_in_step(index, sqlite)
    assert_as_rebuilt(catalogue)


def test_another_database_in_the_same_place(
    catalogue: Catalogue, sqlite: Store, folder: Path, tmp_path: Path
) -> None:
    """Deleted and begun again: its numbers mean other papers, so the index is made anew."""
    add(sqlite, *PAPERS)
    catalogue.refresh()
    sqlite.close()
    for path in tmp_path.glob("test.db*"):
        if path.is_file():
            path.unlink()
    other = open_store(f"sqlite:///{tmp_path / 'test.db'}")
    add(other, paper("Roads"), paper("Turbines"), paper("Wheels"))
    assert_in_step(Catalogue(other, folder, Quiet()).refresh(), other)
    other.close()


def test_a_restored_backup(
    catalogue: Catalogue, sqlite: Store, folder: Path, tmp_path: Path
) -> None:
    """An older state of the same database, also one that went another way since."""
    add(sqlite, *PAPERS)
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.execute("VACUUM INTO 'backup.db'")
    add(sqlite, paper("Roads"), paper("Turbines"))
    assert catalogue.refresh().papers == 5
    sqlite.close()
    for later in ((), ("Wheels", "Rain"), ("Wheels", "Rain", "Snow", "Ice")):
        shutil.copy("backup.db", f"{len(later)}.db")
        store = open_store(f"sqlite:///{len(later)}.db")
        add(store, *(paper(title) for title in later))
        copied = Path(f"{len(later)}.db.index")
        shutil.copytree(folder, copied)
        assert_in_step(Catalogue(store, copied, Quiet()).refresh(), store)
        store.close()


def test_a_broken_index_is_made_anew(catalogue: Catalogue, sqlite: Store, folder: Path) -> None:
    """Whatever file is cut."""
    add(sqlite, *PAPERS)
    catalogue.refresh()
    for name in ("head.json", "ends", "columns", "numbers"):
        (folder / name).write_bytes(b"")
        assert_in_step(catalogue.refresh(), sqlite)


def test_an_index_that_is_mostly_dead_is_made_anew(catalogue: Catalogue, sqlite: Store) -> None:
    """Its dead rows are left behind."""
    add(sqlite, *PAPERS)
    for version in range(2, 6):
        catalogue.refresh()
        text = f"Spectra, version {version} of the text."
        add(sqlite, paper(PAPERS[2].title, text, key=PAPERS[2].key, version=version))
    index = catalogue.refresh()
    assert_in_step(index, sqlite)
    assert index.head.dead < 4


def test_a_paper_that_the_index_lacks_is_counted_from_the_store(
    catalogue: Catalogue, sqlite: Store
) -> None:
    """Late papers take part all the same; unknown numbers are empty; the order is the asked one."""
    add(sqlite, *PAPERS[:2])
    catalogue.refresh()
    add(sqlite, PAPERS[2])
    one, two, three = sqlite.papers.numbers()
    sheet = catalogue.counted([three, 999, two, one, three])
    expected = TERMS.count([PAPERS[n].text if n >= 0 else "" for n in (2, -1, 1, 0, 2)])
    for name in ("ends", "columns", "counts"):
        assert getattr(sheet, name).tolist() == getattr(expected, name).tolist()
    assert len(catalogue.counted([])) == 0


def test_the_model_knows_announced_papers_as_the_past(catalogue: Catalogue, sqlite: Store) -> None:
    """Papers that were only looked up are weighed, but are no past that scores are held against."""
    add(sqlite, *PAPERS[:2])
    looked_up = seen(PAPERS[2], None, kind=Announcement.LOOKED_UP)
    sqlite.papers.add([looked_up], "library", DAY)
    later = seen(paper("Roads"), DAY + timedelta(days=1))
    sqlite.papers.add([later], "arxiv", DAY)
    model = catalogue.model()
    assert model.weights.papers == 4
    assert len(model.past) == 3


def test_subjects_are_learned_between_runs(catalogue: Catalogue, sqlite: Store) -> None:
    """When there are papers enough, once; a later process has them."""
    assert catalogue.learn() is False
    add(sqlite, *(paper(f"Paper {n}", text) for n, text in enumerate(texts_of_topics(420, 3))))
    catalogue.refresh()
    assert catalogue.model().subjects is None
    assert catalogue.learn() is True
    assert catalogue.learn() is False
    other = Catalogue(sqlite, catalogue.folder, Quiet())
    assert other.model().subjects is not None
    assert other.index.generation == catalogue.index.generation


# ── Others at the same time ─────────────────────────────────────────────────


def test_many_refresh_at_once(sqlite: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other; each ends with the whole."""
    monkeypatch.setattr(module, "_COMMIT", 5)
    add(sqlite, *(paper(f"Paper {n}", text) for n, text in enumerate(texts_of_topics(40, 3))))
    catalogues = [Catalogue(sqlite, folder, Quiet()) for _ in range(4)]
    threads = [threading.Thread(target=one.refresh) for one in catalogues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in catalogues:
        assert_in_step(one.index, sqlite)
    assert catalogues[0].index.head.rows == 40


def test_while_another_writes_the_old_state_serves(
    catalogue: Catalogue,
    sqlite: Store,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without a word lost: what is missing is counted; where there is no state, one in passing."""
    catalogue.patience = 0.05
    add(sqlite, *PAPERS[:2])
    first = catalogue.refresh()
    add(sqlite, PAPERS[2])
    with FileLock(f"{folder}.lock"):
        assert catalogue.refresh().head == first.head
        assert catalogue.learn() is False
        assert len(catalogue.counted(sqlite.papers.numbers()).columns) > first.head.entries
        shutil.rmtree(folder)
        assert_in_step(catalogue.refresh(), sqlite)
    assert "another process writes the index" in caplog.text
    assert not folder.exists()


def test_where_nothing_can_be_written_an_index_in_passing_serves(
    sqlite: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With a warning, said once; nothing of it is left."""
    (tmp_path / "file").write_text("no folder")
    add(sqlite, *PAPERS)
    catalogue = Catalogue(sqlite, tmp_path / "file" / "index", Quiet())
    with caplog.at_level(logging.WARNING):
        assert_in_step(catalogue.refresh(), sqlite)
        assert_in_step(catalogue.refresh(), sqlite)
    assert caplog.text.count("no index can be kept in") == 1
    place = catalogue.index.folder
    assert place.exists()
    catalogue.close()
    assert not place.exists()


def test_a_full_disk_costs_the_index_and_no_edition(
    catalogue: Catalogue,
    sqlite: Store,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What cannot be written in its place is written elsewhere, with a warning."""
    add(sqlite, *PAPERS)
    append = files.append

    def full(index: Index, *arguments: object, **named: object) -> Index:
        if index.folder == folder:
            raise OSError(28, "No space left on device")
        return append(index, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "append", full)
    assert_in_step(catalogue.refresh(), sqlite)
    assert "No space left on device" in caplog.text
    assert catalogue.index.folder != folder


def test_a_full_disk_costs_the_subjects_and_no_run(
    catalogue: Catalogue,
    sqlite: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What cannot be learned today is learned another day; the index is as good as before."""
    add(sqlite, *PAPERS)
    before = catalogue.refresh()

    def full(_: Index) -> Index:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "relearn", full)
    monkeypatch.setattr(files, "LEAST_PAPERS", 1)
    assert catalogue.learn() is False
    assert "No space left on device" in caplog.text
    assert catalogue.index is before
    assert_in_step(catalogue.refresh(), sqlite)


def test_without_a_folder_the_index_is_of_this_process(sqlite: Store) -> None:
    """A store in memory has no place beside it."""
    add(sqlite, *PAPERS)
    catalogue = Catalogue(sqlite, None, Quiet())
    place = catalogue.refresh().folder
    assert_in_step(catalogue.index, sqlite)
    catalogue.close()
    assert not place.exists()
    catalogue.close()


_REFRESH = """
import sys
from pathlib import Path
from digest import catalogue
from digest.progress import Quiet
from digest.store import open_store
catalogue._COMMIT, catalogue._PART = 5, 5
store = open_store("sqlite:///test.db")
print("begun", flush=True)
catalogue.Catalogue(store, Path("test.db.index"), Quiet()).refresh()
print("done", flush=True)
"""


@pytest.mark.parametrize("rows", [0, 5, 60, 120])
def test_a_refresh_that_is_killed(
    catalogue: Catalogue, sqlite: Store, folder: Path, rows: int
) -> None:
    """Dead for good, in the middle of writing: the next refresh is right, and waits for nobody."""
    papers = [paper(f"Paper {n}", text) for n, text in enumerate(texts_of_topics(150, 3))]
    add(sqlite, *papers)
    process = subprocess.Popen(
        [sys.executable, "-c", _REFRESH], stdout=subprocess.PIPE, text=True, cwd=folder.parent
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    numbers = folder / "numbers"
    while process.poll() is None and not (
        numbers.exists() and numbers.stat().st_size >= 8 * max(rows, 1)
    ):
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it had ended before"
    assert_in_step(catalogue.refresh(), sqlite)
    assert_as_rebuilt(catalogue)
