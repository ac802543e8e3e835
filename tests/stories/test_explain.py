"""The account of one paper from the command line."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Digest, Done

HERE = ("--database", "t.db")
DAY = ("--date", "2026-03-17")
ME = "me@example.org"
SAMPLE = Path(str(files("digest") / "sample" / "papers.jsonl"))


@pytest.fixture(autouse=True)
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person with two interests, before any edition."""
    monkeypatch.setenv("DIGEST_ADDRESS", ME)
    monkeypatch.setenv("DIGEST_KEYWORDS", '"anomaly detection"^2, sensors, -retail')
    monkeypatch.setenv("DIGEST_INTEREST_SKY", "galaxies, stars, cat:astro-ph.GA")


def collect(digest: Digest, *more: str) -> list[dict[str, Any]]:
    """Store the sample; the picks of the edition."""
    done = digest("run", SAMPLE, *HERE, *DAY, "--outbox", "out", "--json", *more)
    picks: list[dict[str, Any]] = done.json["editions"][0]["picks"]
    return picks


def explain(digest: Digest, paper: str, *more: object) -> Any:
    """The account as JSON."""
    done = digest("explain", paper, *HERE, *(more or DAY), "--json")
    assert done.code == 0, done.err
    return done.json


def shown(digest: Digest, paper: str, *more: object) -> str:
    """The account as a person reads it."""
    done: Done = digest("explain", paper, *HERE, *(more or DAY))
    assert done.code == 0, done.err
    return done.out


def not_picked(
    digest: Digest, picks: list[dict[str, Any]], verdict: str, change: str = "keywords"
) -> Any:
    """The first account of a paper that was not picked for this reason, with such a remedy."""
    listed = digest("papers", *HERE, "--limit", 100, "--json").out.splitlines()
    for key in [json.loads(line)["key"] for line in listed]:
        if key not in {pick["key"] for pick in picks}:
            account = explain(digest, key)
            if account["verdict"] == verdict and account["would_change"][change] is not None:
                return account
    pytest.fail(f"no paper is {verdict}")


def test_the_account_of_every_pick_is_that_of_the_edition(digest: Digest) -> None:
    """Place, interest and score are the edition's, and the addends add up."""
    picks = collect(digest, "--dry-run")
    assert len(picks) > 3
    for pick in picks:
        account = explain(digest, pick["key"])
        assert (account["verdict"], account["position"]) == ("picked", pick["position"])
        assert account["candidate"]
        if pick["interest"] is None:
            assert account["trend"]["expected"] == pytest.approx(pick["score"], abs=1e-2)
        else:
            mine = next(one for one in account["interests"] if one["name"] == pick["interest"])
            assert mine["score"] == pytest.approx(pick["score"], abs=1e-4)
        for one in account["interests"]:
            if one["score"] is not None:
                total = sum(reason["share"] for reason in one["reasons"])
                assert total == pytest.approx(one["score"], abs=1e-4)


def test_what_was_sent_is_told_without_a_date(digest: Digest) -> None:
    """The date is that of the edition which had the paper; --date asks about another one."""
    first = collect(digest)[0]
    account = explain(digest, first["key"], "--reader", ME)
    assert account["date"] == "2026-03-17"
    assert account["shown"] == [
        {"date": "2026-03-17", "position": 1, "interest": first["interest"]}
    ]
    assert "It was number 1 of this edition" in shown(digest, first["key"], "--reader", ME)
    later = explain(digest, first["key"], "--date", "2026-03-18")
    assert (later["verdict"], later["position"]) == ("had", None)
    assert "It was number 1 of the edition of 2026-03-17." in shown(
        digest, first["key"], "--date", "2026-03-18"
    )


def test_a_proposed_keyword_does_what_it_says(
    digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Added to the interest, it brings the paper to the score that was said, above the level."""
    account = not_picked(digest, collect(digest, "--dry-run"), "below")
    tried = account["would_change"]["keywords"]
    assert 0 < len(tried) <= 5
    best = next(trial for trial in tried if trial["reaches"])
    name = {"keywords": "DIGEST_KEYWORDS", "sky": "DIGEST_INTEREST_SKY"}[best["interest"]]
    before = {"keywords": '"anomaly detection"^2, sensors, -retail',
              "sky": "galaxies, stars, cat:astro-ph.GA"}[best["interest"]]  # fmt: skip
    assert best["keyword"] in shown(digest, account["key"])
    monkeypatch.setenv(name, f"{before}, {best['keyword']}")
    after = explain(digest, account["key"])
    mine = next(one for one in after["interests"] if one["name"] == best["interest"])
    assert mine["score"] - best["score"] == pytest.approx(0, abs=0.051)  # upvotes may lift it now
    assert mine["score"] >= mine["level"]
    assert after["verdict"] != "below"


def test_a_proposed_threshold_does_what_it_says(
    digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it the paper is no longer below, and picked where it has room."""
    account = not_picked(digest, collect(digest, "--dry-run"), "below", "threshold")
    change = account["would_change"]
    monkeypatch.setenv("DIGEST_THRESHOLD", str(change["threshold"]))
    after = explain(digest, account["key"])
    assert after["verdict"] != "below"
    assert (after["verdict"] == "picked") == change["has_room"]


def test_as_many_a_day(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other form of the threshold: shown, and proposed in the same form."""
    monkeypatch.setenv("DIGEST_THRESHOLD", "1 a day")
    picks = collect(digest, "--dry-run")
    account = explain(digest, picks[0]["key"])
    assert account["threshold"]["a_day"] == 1
    assert "DIGEST_THRESHOLD=1 a day" in shown(digest, picks[0]["key"])
    assert account["would_change"]["threshold"] is None


def test_exclusions_and_votes_are_named(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which word excludes, in which interest; which vote keeps a paper away."""
    picks = collect(digest, "--dry-run")
    title = picks[0]["title"]
    word = max(title.replace(":", " ").split(), key=len)
    monkeypatch.setenv("DIGEST_INTEREST_NOT", f"-{word}")
    account = explain(digest, picks[0]["key"])
    assert account["verdict"] == "excluded"
    (other,) = [one for one in account["interests"] if one["name"] == "not"]
    assert (other["asks"], other["excluded_by"], other["score"]) == (False, [word], None)
    assert f"excluded by -{word} (“not”)" in shown(digest, title)
    monkeypatch.delenv("DIGEST_INTEREST_NOT")
    digest("vote", picks[1]["key"], "more", *HERE)
    voted = explain(digest, picks[1]["key"])
    assert voted["verdict"] == "known"
    assert [one["vote"] for one in voted["votes"]] == ["more"]
    assert voted["counts_for"]
    assert "Your vote: more" in shown(digest, picks[1]["key"])


def test_a_paper_that_is_no_candidate_is_scored_all_the_same(digest: Digest) -> None:
    """Beside the candidates of the date, be there any or none."""
    pick = collect(digest, "--dry-run")[0]
    account = explain(digest, pick["key"], "--date", "2026-05-01")
    assert (account["verdict"], account["candidate"]) == ("no candidate", False)
    mine = next(one for one in account["interests"] if one["name"] == pick["interest"])
    assert mine["score"] > mine["level"]
    assert "--date 2026-03-17 asks about the day" in shown(
        digest, pick["key"], "--date", "2026-05-01"
    )


def test_papers_that_were_crowded_out(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Good enough, without room: how much room there would have to be."""
    monkeypatch.setenv("DIGEST_LIMIT", "1")
    monkeypatch.setenv("DIGEST_KEYWORDS", "anomaly detection")
    account = not_picked(digest, collect(digest, "--dry-run"), "crowded out", "limit")
    assert account["would_change"]["limit"] > 1
    monkeypatch.setenv("DIGEST_LIMIT", str(account["would_change"]["limit"]))
    assert explain(digest, account["key"])["verdict"] in ("picked", "twin")


def test_a_reader_without_interests(digest: Digest) -> None:
    """Upvotes chose; a keyword that would serve is proposed."""
    collect(digest, "--dry-run")
    digest("readers", "add", "ann@example.org", "--limit", "3", *HERE)
    for_her = ("--reader", "ann@example.org", *DAY)
    verdicts = set()
    for line in digest("papers", *HERE, "--json").out.splitlines():
        account = explain(digest, json.loads(line)["key"], *for_her)
        verdicts.add(account["verdict"])
        assert account["interests"] == []
        if account["verdict"] == "less read":
            assert account["would_change"]["keywords"][0]["reaches"]
    assert verdicts == {"picked", "less read"}


def test_what_cannot_be_explained_is_said(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A paper that is not stored, a reader who is none, nobody at all: exit 2, in words."""
    key = collect(digest, "--dry-run")[0]["key"]
    for arguments, said in (
        (("9999.99999",), "no paper '9999.99999' is stored here"),
        ((key, "--reader", "bob@example.org"), "digest readers list"),
        ((key, "--date", "soon"), "is no date"),
    ):
        done = digest("explain", *arguments, *HERE)
        assert (done.code, said in done.err) == (2, True), done.err
    for name in ("ADDRESS", "KEYWORDS", "INTEREST_SKY"):
        monkeypatch.delenv(f"DIGEST_{name}")
    done = digest("explain", key, *HERE)
    assert (done.code, "say --reader ADDRESS" in done.err) == (2, True)


def test_the_fields_are_documented(digest: Digest, checkout: Path) -> None:
    """Each has its name in docs/commands.md."""
    account = not_picked(digest, collect(digest, "--dry-run"), "below")
    text = (checkout / "docs/commands.md").read_text(encoding="utf-8")
    section = text.partition("## digest explain")[2].partition("\n## ")[0]
    one, change = account["interests"][0], account["would_change"]
    names = {*account, *one, *one["reasons"][0], *change, *change["keywords"][0]}
    assert {name for name in names if f"`{name}`" not in section} == set()
