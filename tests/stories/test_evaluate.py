"""`digest evaluate` on a store of invented papers and votes."""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.model import Reader, VoteKind
from digest.store import Store, open_store
from tests.conftest import Digest, Done
from tests.editing import saved
from tests.past import DAYS, FIRST, OWLS, fill, like_each_day, vote
from tests.unit.test_evaluation_replay import rows

ME = "ann@example.org"
HERE = ("--database", "t.db", "--reader", ME)


@pytest.fixture
def past(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Two weeks of owls and bread; half of all papers are no rare find, so little is enough."""
    monkeypatch.setenv("DIGEST_THRESHOLD", "0.3")
    store = open_store("sqlite:///t.db")
    fill(store)
    yield store
    store.close()


@pytest.fixture
def ann(past: Store) -> Reader:
    """A reader who asks for bread, and in the end liked an owl of each day."""
    found = saved(past, "bread", limit=4, dial=0, name=ME)
    like_each_day(past, found, OWLS, at=datetime(2026, 3, 20, tzinfo=UTC))
    return found


def evaluated(digest: Digest, *more: object) -> Done:
    """The command for the two weeks, however long ago they were."""
    days = (datetime.now(UTC).date() - FIRST).days + 1
    done = digest("evaluate", *HERE, "--days", days, *more)
    assert done.code == 0, done.err
    return done


def test_a_better_interest_is_found_before_it_is_chosen(
    past: Store, ann: Reader, digest: Digest
) -> None:
    """The verdict, the change in words, and every caution stand beside the figures."""
    before = rows(past)
    said = evaluated(digest, "--interest", "interest 1=", "--interest", "Night birds=owls").out
    assert "The change would have been better: nDCG@10 higher by" in said
    assert f"{DAYS} of " in said
    assert f"papers that you liked: {DAYS} liked, 0 disliked" in said
    assert "change: interest 1: no longer an interest" in said
    assert "change: night birds: owls" in said
    assert "a replay favours what is like the settings of then" in " ".join(said.split())
    assert rows(past) == before


def test_a_worse_interest_is_found_too(past: Store, ann: Reader, digest: Digest) -> None:
    """What the reader has is above one that has nothing to do with the votes."""
    owls = replace(ann, interests=saved(past, "owls", name="eve@example.org").interests)
    past.readers.change(owls, datetime.now(UTC))
    found = evaluated(digest, "--interest", "interest 1=ovens, dough", "--json").json
    assert found["verdict"] == "worse"
    assert found["figures"]["ndcg@10"]["difference"]["high"] < 0


def test_the_settings_against_themselves(ann: Reader, digest: Digest) -> None:
    """Exactly the same: every difference is zero."""
    found = evaluated(
        digest, "--interest", "interest 1=bread", "--dial", "mine", "--ranker", "terms", "--json"
    ).json
    assert found["verdict"] == "same"
    assert found["today"] == found["change"]
    zero = {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert [figure["difference"] for figure in found["figures"].values()] == [zero] * 4
    said = evaluated(digest, "--dial", "0").out
    assert "change: none: these are today's settings" in said
    assert "The change makes no difference" in said


def test_too_few_votes_are_said_to_be(past: Store, digest: Digest) -> None:
    """With three votes nothing is told, and with none neither; neither is an error."""
    ann = saved(past, "bread", limit=4, name=ME)
    none = evaluated(digest, "--dial", "50").out
    assert "Too few votes to tell: 0 papers that you liked, on 0 dates" in none
    assert "nDCG" not in none
    like_each_day(past, ann, OWLS, days=3)
    three = evaluated(digest, "--interest", "owls=owls").out
    assert "Too few votes to tell: 3 papers that you liked, on 3 dates" in three
    assert "none of these dates" not in three
    late = digest("evaluate", *HERE, "--days", 1).out
    assert "on none of these dates: 3 other papers that you liked" in late


def test_a_paper_that_is_liked_and_not_stored_is_named(ann: Reader, digest: Digest) -> None:
    """It teaches nothing here, so that "no difference" would mislead."""
    said = evaluated(digest, "--interest", "owls=like:2401.99999").out
    assert "not stored, so they teach nothing here: arxiv:2401.99999" in said
    assert evaluated(digest, "--interest", "owls=owls", "--json").json["unknown"] == []


def test_today_alone(past: Store, ann: Reader, digest: Digest) -> None:
    """Without a change there are today's figures, and how to try one."""
    vote(past, ann, "rye", FIRST, says=VoteKind.LESS)
    said = evaluated(digest).out
    assert "difference" not in said
    assert "--interest, --dial and --ranker try others" in said
    found = evaluated(digest, "--json").json
    assert (found["verdict"], found["change"]) == ("alone", None)
    assert found["figures"]["hit_rate"]["change"] is None
    assert found["votes"] == {"liked": DAYS, "disliked": 1, "elsewhere": 0, "replayed": DAYS}


def test_the_json_tells_every_date(ann: Reader, digest: Digest) -> None:
    """Its means are those of the dates; each edition has its papers, and the liked ones' places."""
    found = evaluated(digest, "--interest", "owls=owls", "--json").json
    assert (found["reader"], found["dates_replayed"]) == (ME, DAYS)
    assert [one["date"] for one in found["dates"]] == sorted(one["date"] for one in found["dates"])
    for place, side in enumerate(("today", "change")):
        editions = [one["editions"][place] for one in found["dates"]]
        for name, values in (
            ("ndcg@10", [one["ndcg@10"] for one in editions]),
            ("picks", [len(one["picks"]) for one in editions]),
            ("hit_rate", [bool(one["found"]) for one in editions]),
        ):
            assert found["figures"][name][side]["mean"] == pytest.approx(
                sum(values) / DAYS, abs=1e-5
            )
    for one in found["dates"]:
        for edition in one["editions"]:
            liked = [n for n, key in enumerate(edition["picks"], 1) if key in one["liked"]]
            assert liked == edition["found"]


def test_it_fits_a_terminal(ann: Reader, digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is longer than 80 columns where there are no more, and no word of it is cut."""
    days = (datetime.now(UTC).date() - FIRST).days + 1
    monkeypatch.setenv("COLUMNS", "80")
    said = digest("evaluate", *HERE, "--days", days, "--interest", "owls=owls").out
    assert max(map(len, said.splitlines())) <= 80
    assert "…" not in said


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--interest", "owls"), "write NAME=TEXT"),
        (("--interest", "a=x y", "--interest", "A=z z"), "two interests are called 'a'"),
        (("--interest", "a=auther:Roe"), "did you mean author:?"),
        (("--dial", "101"), "is no share from 0 to 100"),
        (("--ranker", "oracle"), "there is no such ranker; write"),
        (("--days", "0"), "0 is not in the range"),
        (("--reader", "nobody@example.org"), "nobody@example.org"),
    ],
)
def test_mistakes_are_named(
    past: Store, ann: Reader, digest: Digest, wrong: tuple[str, ...], words: str
) -> None:
    """Exit code 2, and what to write instead."""
    done = digest("evaluate", *HERE, *wrong)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_ranker_that_is_not_installed_is_said_before_anything_else(
    past: Store, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a vote, too: whoever votes first would hear of it weeks later."""
    saved(past, "bread", name=ME)
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    done = digest("evaluate", *HERE, "--ranker", "blend")
    assert done.code == 2
    assert "not installed" in done.err
    assert done.out == ""


def test_without_a_reader_it_asks_for_one(digest: Digest) -> None:
    """Nobody in the configuration, and none named."""
    done = digest("evaluate", "--database", "t.db")
    assert done.code == 2
    assert "say --reader ADDRESS" in done.err


def test_the_fields_of_the_json_are_documented(ann: Reader, digest: Digest, checkout: Path) -> None:
    """Every field has its name in docs/evaluate.md."""
    found = evaluated(digest, "--interest", "owls=owls", "--json").json
    text = (checkout / "docs/evaluate.md").read_text(encoding="utf-8")
    date, figure = found["dates"][0], found["figures"]["ndcg@10"]
    names = {*found, *found["votes"], *found["today"], *found["figures"], *figure, *figure["today"],
             *date, *date["editions"][0]}  # fmt: skip
    assert {name for name in names if f"`{name}`" not in text} == set()
