"""`digest rank`: files in, scores out."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from digest.cli.rank_files import MOST_TOLD
from tests.conftest import Digest, Done

PAPERS = [
    {"id": 1, "title": "Owls at night", "abstract": "Owls hear mice in the dark."},
    {"id": "two", "title": "Trains on rails", "abstract": None},
    {"id": 3, "text": "Bread and butter, baked slowly."},
    {"id": 4, "bow": {"owls": 3, "barn": 2, "mice": 1}},
    {"id": 5, "title": "Rails and trains of the north", "categories": ["cs.LG"]},
]
CORPUS = [
    {"id": 1, "title": "Another text of the first paper"},
    {"id": "b", "title": "Night trains", "abstract": "Sleeping on rails."},
    {"id": "2401.12345", "title": "Ovens", "abstract": "How bread is baked."},
]


def write(name: str, *lines: Any) -> Path:
    """A file of JSON Lines; texts stand as they are."""
    path = Path(name)
    text = "".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("z") else text.encode())
    return path


def rank(digest: Digest, *profiles: Any, papers: Any = PAPERS, **more: Any) -> tuple[Done, Any]:
    """Rank and read the output."""
    options = [part for name, value in more.items() for part in (f"--{name}", value)]
    done = digest("rank", "--profiles", write("p.jsonl", *profiles), "--papers",
                  write("c.jsonl", *papers), "--out", "s.jsonl", *options)  # fmt: skip
    if done.code:
        return done, None
    text = Path("s.jsonl").read_text(encoding="utf-8")
    return done, [json.loads(line) for line in text.splitlines()]


def test_the_best_come_first_with_the_ids_as_written(digest: Digest) -> None:
    """All papers for each profile, scores falling, ids with their types."""
    done, lines = rank(digest, {"id": "x", "keywords": "owls"}, {"id": 7, "keywords": "trains"})
    assert done.code == 0
    assert done.out == ""
    assert [line["profile"] for line in lines] == ["x"] * 5 + [7] * 5
    assert {line["paper"] for line in lines[:2]} == {1, 4}
    assert {line["paper"] for line in lines[5:7]} == {"two", 5}
    for mine in (lines[:5], lines[5:]):
        scores = [line["score"] for line in mine]
        assert scores == sorted(scores, reverse=True)
    assert done.err.count("\n") == 1
    assert "2 profiles × 5 papers, learned from 5: 10 scores; read" in done.err
    assert "ms a profile" in done.err


def test_top_keeps_the_best_and_ties_in_order(digest: Digest) -> None:
    """Papers of the same text stand in the order of the file, also at the cut."""
    papers = [*PAPERS, *({"id": f"same {n}", "title": "Owls of the barn"} for n in range(4))]
    _, every = rank(digest, {"id": 1, "keywords": "owls, barn"}, papers=papers)
    _, best = rank(digest, {"id": 1, "keywords": "owls, barn"}, papers=papers, top=3)
    assert best == every[:3]
    same = [line["paper"] for line in every if str(line["paper"]).startswith("same")]
    assert same == [f"same {n}" for n in range(4)]


def test_liked_and_disliked_papers_are_found_in_both_files(digest: Digest) -> None:
    """From the corpus or the candidates; a liked candidate is scored like the others."""
    _, lines = rank(digest, {"id": 1, "liked": ["b"]}, {"id": 2, "liked": ["4"], "disliked": [1]},
                    {"id": 3, "keywords": "like:2401.12345"}, corpus=write("b.jsonl.gz", *CORPUS))  # fmt: skip
    assert {line["paper"] for line in lines[:2]} == {"two", 5}
    assert lines[5]["paper"] == 4
    assert lines[10]["paper"] == 3
    assert len(lines) == 15


def test_excluded_papers_are_left_out(digest: Digest) -> None:
    """By word and by category; exact matches count as in editions."""
    _, lines = rank(digest, {"id": 1, "keywords": "trains, -owls"}, {"id": 2, "keywords": "cat:cs"})
    assert {line["paper"] for line in lines if line["profile"] == 1} == {"two", 3, 5}
    best = next(line for line in lines if line["profile"] == 2)
    assert best == {"profile": 2, "paper": 5, "score": pytest.approx(0.6, abs=1e-5)}


def test_prose_and_what_is_not_in_the_grammar_are_plain_words(digest: Digest) -> None:
    """No profile fails for its keywords."""
    done, lines = rank(digest, {"id": 1, "keywords": 'owls "of the'}, {"id": 2, "keywords": "x^-3"})
    assert done.code == 0
    assert lines[0]["paper"] in (1, 4)


def test_standard_output_and_gzip(digest: Digest) -> None:
    """The same lines, wherever they go."""
    _, lines = rank(digest, {"id": 1, "keywords": "owls"})
    files = ("--profiles", "p.jsonl", "--papers", "c.jsonl")
    printed = digest("rank", *files, "--out", "-")
    assert [json.loads(line) for line in printed.out.splitlines()] == lines
    assert digest("rank", *files, "--out", "s.gz").code == 0
    assert gzip.decompress(Path("s.gz").read_bytes()).decode() == printed.out


def test_broken_lines_are_named_and_passed_over(digest: Digest) -> None:
    """File and line for the first few, a count for the others."""
    bad = ["{", "[]", {"title": "x"}, {"id": True, "title": "x"}, {"id": 9}, {"id": 8, "title": 3},
           {"id": 9, "bow": {"a": -1}}, {"id": 9, "bow": []}]  # fmt: skip
    done, lines = rank(
        digest,
        {"id": 1, "liked": 3},
        {"id": 1, "keywords": "owls"},
        {"id": 1},
        papers=[*bad, *PAPERS],
    )
    assert done.code == 0
    assert len(lines) == 5
    assert "c.jsonl, line 1: broken JSON" in done.err
    assert "c.jsonl, line 3: no id that is a number or a string: left out" in done.err
    assert f"… and {len(bad) - MOST_TOLD} more: lines of c.jsonl" in done.err
    assert "p.jsonl, line 1: liked is no list" in done.err
    assert "p.jsonl, line 3: the id 1 was there before: the first counts" in done.err


def test_liked_papers_that_nobody_has_are_named(digest: Digest) -> None:
    """The first few, then a count."""
    done, lines = rank(digest, {"id": 1, "keywords": "owls", "liked": [*range(90, 98), 1]})
    assert len(lines) == 5
    assert "profile 1: 90 is neither among the papers nor in the corpus" in done.err
    assert "… and 3 more: papers of profiles that are in neither file" in done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "the file is empty"), ("\n\n", "the file is empty"), ("{}\n", "no papers")],
)
def test_files_without_papers_are_an_error(digest: Digest, text: str, said: str) -> None:
    """Exit code 2, in words."""
    done, _ = rank(digest, {"id": 1}, papers=[text])
    assert done.code == 2
    assert "c.jsonl" in done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_files_that_cannot_be_read_or_written_are_an_error(digest: Digest) -> None:
    """A missing file, a damaged one, a folder in the way."""
    rank(digest, {"id": 1})
    done = digest("rank", "--profiles", "none.jsonl", "--papers", "c.jsonl", "--out", "-")
    assert (done.code, "none.jsonl cannot be read: No such file" in done.err) == (2, True)
    Path("cut.gz").write_bytes(gzip.compress(b'{"id": 1, "title": "x"}\n')[:-9])
    done = digest("rank", "--profiles", "p.jsonl", "--papers", "cut.gz", "--out", "-")
    assert (done.code, "cut.gz cannot be read: " in done.err) == (2, True)
    done = digest("rank", "--profiles", "p.jsonl", "--papers", "c.jsonl", "--out", "no/s.jsonl")
    assert (done.code, "choose another --out" in done.err) == (2, True)


def test_shards_give_what_one_product_gives(
    digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scores do not depend on how many profiles are scored at once."""
    profiles = [{"id": n, "keywords": word} for n, word in enumerate(("owls", "rails", "bread"))]
    _, lines = rank(digest, *profiles)
    monkeypatch.setattr("digest.cli.rank._CELLS", 1)
    assert rank(digest, *profiles)[1] == lines


def test_what_is_read_is_not_written_over(digest: Digest, tmp_path: Path) -> None:
    """An output that is one of the inputs is refused, and the input stays."""
    papers = tmp_path / "papers.jsonl"
    papers.write_text('{"id": 1, "title": "Owls at night"}\n')
    profiles = tmp_path / "profiles.jsonl"
    profiles.write_text('{"id": 1, "keywords": "owls"}\n')
    for path in (papers, profiles):
        before = path.read_text()
        done = digest("rank", "--profiles", profiles, "--papers", papers, "--out", path)
        assert done.code == 2
        assert "one of the files to read" in done.err
        assert path.read_text() == before
