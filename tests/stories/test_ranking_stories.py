"""What readers say of papers shows in their next edition, and costs no more than it must."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from digest.ranking import tfidf
from digest.ranking.making import Wish, make_palates
from digest.store import open_store
from tests.conftest import Digest

HERE = ("--database", "t.db")
ANN, BOB = "ann@example.org", "bob@example.org"
FIRST_DAY = (
    ("Owls of the northern forest", "Owls hunt voles by hearing. Their nests are in hollow trees."),
    ("Bats of the southern caves", "Bats hunt moths by echo. Their colonies hang in caves."),
    ("Frogs of the eastern marsh", "Frogs hunt flies by sight. Their spawn floats in ponds."),
)
SECOND_DAY = (
    ("Owls in winter", "Owls hear voles under the snow and leave their hollow trees to hunt."),
    ("Bats in winter", "Bats sleep in caves until moths fly and their echo is of use to hunt."),
    ("Frogs in winter", "Frogs rest in the mud of ponds until flies are there to hunt."),
)
NOISE = (
    ("Bread and its crust", "Sourdough, flour and water."),
    ("Roads as graphs", "Shortest paths in cities."),
    ("Turbines at sea", "Sounds of turbines tell of wear."),
)


@pytest.fixture(autouse=True)
def low_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that an interest asks for is shown."""
    monkeypatch.setenv("DIGEST_THRESHOLD", "0.05")


def lines(name: str, papers: Sequence[tuple[str, str]], day: str) -> Path:
    """A file of papers of a day."""
    entries = [{"title": title, "abstract": text, "date": day} for title, text in papers]
    Path(name).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return Path(name)


def editions(digest: Digest, papers: Path, day: str) -> dict[str, Any]:
    """The editions of a day by reader: each pick by the first word of its title."""
    done = digest("run", papers, *HERE, "--outbox", "out", "--date", day, "--json")
    assert done.code == 0, done.err
    return {
        edition["reader"]: {pick["title"].split()[0]: pick for pick in edition["picks"]}
        for edition in done.json["editions"]
    }


def scores(picks: dict[str, Any]) -> dict[str, float]:
    """The score of each pick, rounded, best first."""
    return {word: round(pick["score"], 3) for word, pick in picks.items()}


def test_votes_show_in_the_next_edition(digest: Digest) -> None:
    """Less of one: its like falls; more of another: its like rises; for the other reader neither."""
    for name in (ANN, BOB):
        digest("readers", "add", name, "--keywords", "hunt", *HERE)
    first = editions(digest, lines("a.jsonl", [*FIRST_DAY, *NOISE], "2026-03-17"), "2026-03-17")
    assert scores(first[ANN]) == scores(first[BOB])
    assert set(first[ANN]) == {"Owls", "Bats", "Frogs"}
    assert digest("vote", first[ANN]["Owls"]["key"], "less", "--reader", ANN, *HERE).code == 0
    assert digest("vote", first[ANN]["Bats"]["key"], "more", "--reader", ANN, *HERE).code == 0

    second = editions(digest, lines("b.jsonl", SECOND_DAY, "2026-03-18"), "2026-03-18")
    hers, his = scores(second[ANN]), scores(second[BOB])
    assert set(his) == {"Owls", "Bats", "Frogs"}
    assert next(iter(hers)) == "Bats"
    assert hers.get("Owls", 0.0) < his["Owls"] - 0.05
    assert hers["Bats"] - hers.get("Owls", 0.0) > his["Bats"] - his["Owls"] + 0.1
    assert second[ANN]["Bats"]["interest"] == "keywords"


def test_a_vote_taken_back_leaves_no_trace(digest: Digest) -> None:
    """The edition is that of a reader who never voted."""
    for name in (ANN, BOB):
        digest("readers", "add", name, "--keywords", "hunt", *HERE)
    first = editions(digest, lines("a.jsonl", [*FIRST_DAY, *NOISE], "2026-03-17"), "2026-03-17")
    for said in ("mute", "save", "withdraw"):
        digest("vote", first[ANN]["Owls"]["key"], said, "--reader", ANN, *HERE)
    second = editions(digest, lines("b.jsonl", SECOND_DAY, "2026-03-18"), "2026-03-18")
    assert scores(second[ANN]) == scores(second[BOB])


def test_votes_alone_make_an_interest(digest: Digest) -> None:
    """A reader who asked for nothing and voted for a paper gets its like, with it as the reason."""
    digest("readers", "add", ANN, *HERE)
    first = editions(digest, lines("a.jsonl", [*FIRST_DAY, *NOISE], "2026-03-17"), "2026-03-17")
    assert {pick["interest"] for pick in first[ANN].values()} == {None}
    digest("vote", first[ANN]["Frogs"]["key"], "more", "--reader", ANN, *HERE)
    second = editions(digest, lines("b.jsonl", SECOND_DAY, "2026-03-18"), "2026-03-18")
    assert next(iter(second[ANN])) == "Frogs"
    assert second[ANN]["Frogs"]["interest"] == "your votes"


def test_a_changed_interest_shows_in_the_next_edition(digest: Digest) -> None:
    """Not what was stored of the old one."""
    digest("readers", "add", ANN, "--keywords", "owls", *HERE)
    papers = lines("a.jsonl", [*FIRST_DAY, *SECOND_DAY, *NOISE], "2026-03-17")
    assert set(editions(digest, papers, "2026-03-17")[ANN]) == {"Owls"}
    assert digest("readers", "edit", ANN, "--keywords", "frogs", *HERE).code == 0
    assert set(editions(digest, papers, "2026-03-18")[ANN]) == {"Frogs"}


def test_tastes_are_made_once(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    """And anew for a reader whose votes or interests changed, or for all after a new fit."""
    made: list[int] = []

    def counting(model: Any, wishes: Sequence[Wish], *others: Any) -> Any:
        made.append(len(wishes))
        return make_palates(model, wishes, *others)

    monkeypatch.setattr(tfidf, "make_palates", counting)
    days = iter(f"2026-03-{day}" for day in range(10, 28))
    papers = lines("a.jsonl", [*FIRST_DAY, *SECOND_DAY, *NOISE], "2026-03-10")
    monkeypatch.setenv("DIGEST_DAYS", "14")
    for name in (ANN, BOB):
        interests = ("--keywords", "hunt", "--interest", "rest=winter")
        digest("readers", "add", name, *interests, "--limit", 1, *HERE)

    def made_next() -> int:
        made.clear()
        assert len(editions(digest, papers, next(days))) == 2
        return sum(made)

    assert [made_next(), made_next()] == [4, 0]
    key = digest("papers", *HERE, "--limit", 1, "--json").json["key"]
    digest("vote", key, "less", "--reader", ANN, *HERE)
    assert [made_next(), made_next()] == [2, 0]
    digest("readers", "edit", BOB, "--keywords", "hunt, caves", *HERE)
    assert made_next() in (1, 2)
    assert made_next() == 0
    with closing(open_store("sqlite:///t.db")) as store:
        stored = store.profiles.of([1, 2])
    assert len({profile.fitted for profile in stored.values()}) == 1
    papers = lines("b.jsonl", [("More frogs", "Frogs hunt."), ("More owls", "")], "2026-03-17")
    assert made_next() == sum(reader in (1, 2) for reader, _ in stored)
    assert made_next() == 0
