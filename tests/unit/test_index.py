"""The index of papers: it grows, survives being killed anywhere, and is never half of anything."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from digest.ranking import index as module
from digest.ranking.head import VERSION
from digest.ranking.index import (
    bury,
    fit,
    new_index,
    open_index,
    relearn,
    tidy,
)
from digest.ranking.sheet import Sheet, joined
from digest.ranking.subjects import LEAST_PAPERS
from tests.indexes import (
    FILES,
    IDENTITY,
    TERMS,
    TEXTS,
    assert_fitted_as_anew,
    contents,
    expected,
    filled,
    grown,
    opened,
)
from tests.rankers import texts_of_topics


def test_what_is_appended_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    """Papers, dates, weights and how far the store was read, in one or in several appends."""
    made = grown(filled(tmp_path / "i"), ("roads", "owls by day"), 20)
    index = opened(tmp_path / "i")
    assert index.head == made.head
    texts = dict(enumerate(TEXTS, 10)) | {20: "roads", 21: "owls by day"}
    assert contents(index) == contents(made) == expected(texts)
    assert (index.papers, index.head.change, index.head.key) == (6, 6, "title:6")
    assert index.days.tolist() == [7] * 6
    assert_fitted_as_anew(fit(index))
    assert index.rows_of(np.array([99, 21, 9, 12])).tolist() == [-1, 5, -1, 2]
    assert index.rows_of(np.zeros(0, np.int64)).size == 0


@pytest.mark.parametrize("rows", [[], [2], [2, 2], [3, 0, 1], [0, 1, 2, 3], [1, 2, 0, 3, 3]])
def test_rows_are_read_in_any_order(tmp_path: Path, rows: list[int]) -> None:
    """From the files as from the maps of them; none, an empty one and one twice too."""
    index = filled(tmp_path / "i")
    one, other = index.take(np.array(rows, np.int64)), index.sheet.take(np.array(rows, np.int64))
    for name in ("ends", "columns", "counts"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()


def test_an_empty_index(tmp_path: Path) -> None:
    """No papers, no weights, nothing found; it can be fitted, and learned from, all the same."""
    index = new_index(tmp_path / "i", IDENTITY)
    for state in (index, opened(tmp_path / "i"), fit(index), relearn(fit(index))):
        assert state.papers == 0
        assert state.weights.papers == 0
        assert state.subjects is None
        assert state.rows_of(np.array([1])).tolist() == [-1]
        assert not state.mostly_dead


def test_a_changed_paper_lives_in_its_new_row_only(tmp_path: Path) -> None:
    """Its old text counts neither in what is found nor in the weights, fitted or grown."""
    index = grown(filled(tmp_path / "i"), ("bread alone",), 11)
    texts = dict(enumerate(TEXTS, 10)) | {11: "bread alone"}
    assert contents(opened(tmp_path / "i")) == contents(index) == expected(texts)
    assert (index.papers, index.head.dead) == (4, 1)
    (flour,) = TERMS.count(["flour"]).columns.tolist()
    assert index.weights.seen[flour] == 0
    assert_fitted_as_anew(fit(index))


def test_buried_papers_are_gone(tmp_path: Path) -> None:
    """They are not found, and count for no weight; burying what is not there changes nothing."""
    index = bury(filled(tmp_path / "i"), [11, 99])
    texts = {number: text for number, text in enumerate(TEXTS, 10) if number != 11}
    assert contents(opened(tmp_path / "i")) == contents(index) == expected(texts)
    assert contents(bury(index, [11])) == expected(texts)
    assert index.papers == 3
    (flour,) = TERMS.count(["flour"]).columns.tolist()
    assert index.weights.seen[flour] == 0
    assert_fitted_as_anew(fit(index))


def test_it_says_when_it_is_mostly_dead(tmp_path: Path) -> None:
    """When more than a third of its rows are."""
    index = filled(tmp_path / "i", ("owls",) * 6)
    assert not bury(index, [10, 11]).mostly_dead
    assert bury(bury(index, [10, 11]), [12]).mostly_dead


def test_it_says_when_weights_are_old(tmp_path: Path) -> None:
    """When more than a sixteenth came or went since, not before."""
    index = filled(tmp_path / "i", ("owls",) * 32)
    assert not index.needs_fit
    assert not grown(index, ("mice",) * 2, 90).needs_fit
    index = bury(grown(index, ("mice",) * 2, 90), [10])
    assert index.needs_fit
    assert not fit(index).needs_fit


def test_subjects_are_learned_when_there_are_papers_enough(tmp_path: Path) -> None:
    """They come with the index from then on; until a quarter more came they are good."""
    few = relearn(filled(tmp_path / "few", texts_of_topics(40, 2)))
    assert few.subjects is None
    assert not few.needs_subjects
    index = filled(tmp_path / "i", texts_of_topics(LEAST_PAPERS, 2))
    assert index.needs_subjects
    index = relearn(index)
    again = opened(tmp_path / "i")
    assert index.subjects is not None
    assert again.subjects is not None
    assert (again.subjects.vectors == index.subjects.vectors).all()
    assert not again.needs_subjects
    assert grown(again, ("owls",) * (LEAST_PAPERS // 3 + 2), 9000).needs_subjects


def test_generations_name_what_profiles_were_made_with(tmp_path: Path) -> None:
    """Another fit or other subjects are another generation, in an index made anew as well."""
    index = filled(tmp_path / "i", texts_of_topics(LEAST_PAPERS, 2))
    learned = relearn(index)
    appended = grown(learned, ("owls",), 9000)
    assert index.generation != learned.generation
    assert appended.generation == learned.generation
    assert fit(appended).generation != learned.generation
    same = relearn(filled(tmp_path / "i", texts_of_topics(LEAST_PAPERS, 2)))
    assert same.generation == learned.generation
    other = relearn(filled(tmp_path / "i", texts_of_topics(LEAST_PAPERS, 2, seed=5)))
    assert other.generation != learned.generation


# ── What is no index ────────────────────────────────────────────────────────


def test_there_is_none(tmp_path: Path) -> None:
    """No folder, an empty one, a file in its place."""
    assert open_index(tmp_path / "missing", IDENTITY) is None
    assert open_index(tmp_path, IDENTITY) is None
    (tmp_path / "file").write_text("no folder")
    assert open_index(tmp_path / "file", IDENTITY) is None


def test_another_database_or_version_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers would mean other papers, or other terms."""
    filled(tmp_path / "i")
    assert open_index(tmp_path / "i", "f" * 32) is None
    monkeypatch.setattr(module, "VERSION", VERSION + 1)
    assert open_index(tmp_path / "i", IDENTITY) is None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe",
        b"\0" * 300,
        b'{"rows": 3}',
        b'{"identity": "IDENTITY", "unknown": 1}',
        b'{"identity": "IDENTITY", "rows": -1}',
        b'{"identity": "IDENTITY", "rows": 1000000000000000000000000}',
        b'{"identity": "IDENTITY", "rows": "many"}',
        b'{"identity": "IDENTITY", "rows": 1.5}',
        b'{"identity": "IDENTITY", "rows": 4}',
        b'{"identity": "IDENTITY", "fit": "weights-9"}',
        b'{"identity": "IDENTITY", "subjects": "subjects-9"}',
    ],
)
def test_garbage_in_the_head_is_none(tmp_path: Path, head: bytes) -> None:
    """Whatever stands there, it is no index and no error."""
    filled(tmp_path / "i")
    (tmp_path / "i" / "head.json").write_bytes(head.replace(b"IDENTITY", IDENTITY.encode()))
    assert open_index(tmp_path / "i", IDENTITY) is None


@pytest.mark.parametrize("keep", [0, 1, -1, -8])
def test_each_file_is_needed_whole(tmp_path: Path, keep: int) -> None:
    """Cut to nothing, to a byte, by a byte, by eight, or missing: none."""
    index = bury(relearn(filled(tmp_path / "whole", texts_of_topics(LEAST_PAPERS, 2))), [10, 11])
    del index
    files = [path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*")]
    files = [path for path in files if (tmp_path / "whole" / path).is_file()]
    assert len(files) == len(FILES) + 1 + 2 + 5
    folder = tmp_path / "cut"
    shutil.copytree(tmp_path / "whole", folder)
    for path in files:
        whole = (folder / path).read_bytes()
        (folder / path).write_bytes(whole[:keep])
        assert open_index(folder, IDENTITY) is None, path
        (folder / path).unlink()
        assert open_index(folder, IDENTITY) is None, path
        (folder / path).write_bytes(whole)
    assert open_index(folder, IDENTITY) is not None


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ends", [0, 9, 3, 8, 11]),
        ("ends", [1, 5, 8, 8, 11]),
        ("ends", [0, 5, 8, 8, 99]),
        ("dead", [4]),
        ("dead", [-1]),
    ],
)
def test_numbers_that_cannot_be_are_none(tmp_path: Path, name: str, values: list[int]) -> None:
    """Ends that fall or do not fit the entries, deaths of rows that never were."""
    bury(filled(tmp_path / "i"), [11])
    assert opened(tmp_path / "i").head.entries == 11
    (tmp_path / "i" / name).write_bytes(np.array(values, np.int64).tobytes())
    assert open_index(tmp_path / "i", IDENTITY) is None


# ── States that stay open ───────────────────────────────────────────────────


def test_an_open_state_outlives_all_that_follows(tmp_path: Path) -> None:
    """Appended to, fitted, tidied, made anew in its place: what was opened says what it said."""
    index = relearn(filled(tmp_path / "i", texts_of_topics(LEAST_PAPERS, 2)))
    former = opened(tmp_path / "i")
    generation = former.generation
    for _ in range(2):
        index = relearn(fit(grown(index, ("owls hunt",) * 30, 9000)))
        tidy(index)
    assert former.generation == generation
    assert former.weights.papers == LEAST_PAPERS
    assert_fitted_as_anew(former)
    assert former.subjects is not None
    assert np.isfinite(former.subjects.vectors).all()
    new_index(tmp_path / "i", "f" * 32)
    rows = np.arange(LEAST_PAPERS)
    assert former.take(rows).columns.tolist() == former.sheet.columns.tolist()
    assert joined([former.take(rows[:7]), former.take(rows[7:])]).ends.tolist() == (
        former.ends.tolist()
    )


def test_tidying_removes_what_nothing_names(tmp_path: Path) -> None:
    """Old weights and subjects, and half a head; the rest opens as before."""
    index = relearn(fit(relearn(filled(tmp_path / "i", texts_of_topics(LEAST_PAPERS, 2)))))
    (tmp_path / "i" / "head.new").write_text("half")
    (tmp_path / "i" / "weights-99").mkdir()
    tidy(index)
    left = {path.name for path in (tmp_path / "i").iterdir()}
    assert left == {*FILES, "head.json", index.head.fit, index.head.subjects}
    assert contents(opened(tmp_path / "i")) == contents(index)


def test_the_head_is_read_by_people_too(tmp_path: Path) -> None:
    """It is JSON, and says how far the store was read."""
    filled(tmp_path / "i")
    head = json.loads((tmp_path / "i" / "head.json").read_text())
    assert (head["identity"], head["rows"], head["change"]) == (IDENTITY, 4, 4)


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """It holds what readers pasted, as the database does: folders 0700, files 0600."""
    index = fit(filled(tmp_path / "i"))
    every = [index.folder, *index.folder.rglob("*")]
    assert len(every) > 8
    for path in every:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_sheets_are_joined_and_taken_apart() -> None:
    """Parts of a sheet put together again are the sheet; no sheets are an empty one."""
    sheet = TERMS.count([*TEXTS, "owls"])
    assert joined(sheet.parts(2)).columns.tolist() == sheet.columns.tolist()
    assert joined(sheet.parts(2)).ends.tolist() == sheet.ends.tolist()
    assert [len(part) for part in sheet.parts(3)] == [3, 2]
    nothing = joined([])
    assert (len(nothing), nothing.columns.size) == (0, 0)
    assert isinstance(nothing, Sheet)
