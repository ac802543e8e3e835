"""Voting from the command line."""

import pytest

from tests.conftest import DATA, Digest

HERE = ("--database", "t.db")
ME = "me@example.org"


@pytest.fixture(autouse=True)
def collected(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person with an interest, and an edition that had papers for it."""
    monkeypatch.setenv("DIGEST_ADDRESS", ME)
    monkeypatch.setenv("DIGEST_KEYWORDS", "graph")
    done = digest("run", DATA / "papers.jsonl", *HERE, "--outbox", "out", "--date", "2026-03-17",
                  "--json")  # fmt: skip
    assert done.json["editions"][0]["picks"]


def first_key(digest: Digest) -> str:
    """A paper of the store."""
    return str(digest("papers", *HERE, "--limit", 1, "--json").json["key"])


def test_a_vote_says_what_it_does(digest: Digest) -> None:
    """Title, interest, and what comes of it."""
    key = first_key(digest)
    done = digest("vote", key, "more", *HERE)
    assert done.code == 0
    assert key in done.out
    assert (
        "It counts for “keywords”: from the next edition on, papers like it score higher"
        in done.out
    )
    assert "not sent to this reader again" in done.out
    said = digest("vote", key, "save", *HERE, "--json").json
    assert (said["vote"], said["counts_for"], said["reader"]) == ("save", ["keywords"], ME)


def test_votes_are_withdrawn(digest: Digest) -> None:
    """All that was said of the paper; doing so again changes nothing."""
    key = first_key(digest)
    digest("vote", key, "less", *HERE)
    digest("vote", key, "save", *HERE)
    assert "2 votes are taken back" in digest("vote", key, "withdraw", *HERE).out
    again = digest("vote", key, "withdraw", *HERE)
    assert (again.code, "There was no vote" in again.out) == (0, True)
    assert digest("vote", key, "withdraw", *HERE, "--json").json["withdrawn"] == 0


def test_a_saved_reader_votes(digest: Digest) -> None:
    """--reader names it; without interests a vote makes one."""
    digest("readers", "add", "ann@example.org", *HERE)
    said = digest("vote", first_key(digest), "more", "--reader", "Ann@example.org", *HERE, "--json")
    assert said.json["counts_for"] == ["your votes"]


def test_votes_that_cannot_be_cast(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown paper, word or reader, and nobody at all: what to do, exit 2."""
    key = first_key(digest)
    for arguments, said in (
        (("9999.99999", "more"), "no paper '9999.99999' is stored here"),
        ((key, "love"), "'love' is not one of"),
        ((key, "more", "--reader", "bob@example.org"), "digest readers list"),
    ):
        done = digest("vote", *arguments, *HERE)
        assert (done.code, said in done.err) == (2, True), done.err
    monkeypatch.delenv("DIGEST_ADDRESS")
    monkeypatch.delenv("DIGEST_KEYWORDS")
    done = digest("vote", key, "more", *HERE)
    assert (done.code, "say --reader ADDRESS, or set DIGEST_ADDRESS" in done.err) == (2, True)
