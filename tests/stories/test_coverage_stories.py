"""A source that is down: the letter says so, and no letter pretends that there was nothing."""

import json
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from digest.cli.common import utc_now
from tests.conftest import DATA, Digest, Replay

HF = (DATA / "huggingface_2026-03-17.json").read_bytes()


@pytest.fixture(autouse=True)
def configured(replay: Replay) -> None:
    """Two sources on loopback, and a reader who wants a note on quiet days."""
    Path("config.env").write_text(
        "DIGEST_ADDRESS=ann@example.org\nDIGEST_HOUR=0\nDIGEST_QUIET=note\n"
        "DIGEST_DATABASE=sqlite:///t.db\nDIGEST_OUTBOX=out\n"
        "DIGEST_SOURCES=huggingface,biorxiv\n"
        f"DIGEST_HUGGINGFACE={replay.address}/daily\nDIGEST_BIORXIV={replay.address}\n",
        encoding="utf-8",
    )


def letters() -> list[str]:
    """The texts of all letters in the outbox, on one line each."""
    texts = []
    for path in sorted(Path("out").glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        part = mail.get_body(("plain",))
        assert part is not None
        texts.append(" ".join(part.get_content().split()))
    return texts


def test_one_source_down_is_named_and_the_others_are_read(digest: Digest, replay: Replay) -> None:
    """Fault 33: its papers are not passed off as none."""
    replay.answer("/daily", HF)
    done = digest("run", "--json")
    assert done.code == 1
    (letter,) = letters()
    assert "Hugging Face Daily Papers: 14 announced, 14 read" in letter  # of two dates
    assert "bioRxiv could not be read" in letter
    (hf, bio) = digest("status", "--json").json["sources"]
    assert (hf["source"], bio["source"]) == ("huggingface", "biorxiv")
    assert "answered 404" in bio["problem"]


def test_no_letter_says_that_there_was_nothing_while_all_are_down(
    digest: Digest, replay: Replay
) -> None:
    """Fault 32: nobody's day is used up; with a source back the edition comes."""
    assert digest("run", "--json").json["editions"] == []
    assert letters() == []
    done = digest("papers", "--coverage", "--json", "--days", 1)
    told = {line["source"]: line for line in map(json.loads, done.out.splitlines())}
    assert {one["standing"] for one in told.values()} == {"broken"}
    assert told["biorxiv"]["date"] == utc_now().date().isoformat()
    replay.answer("/daily", HF)
    assert digest("run", "--json").json["sent"] == 1
    assert len(letters()) == 1
