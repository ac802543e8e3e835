"""`digest readers` and `digest preview`: who gets what, without anything being sent."""

from contextlib import closing
from pathlib import Path

import pytest

from digest.store import open_store
from tests.conftest import DATA, NOW, Digest

DB = ("--database", "t.db")
ANN = "ann@example.org"
MANNER = ("trend", "quiet", "abstracts")


def test_a_readers_life(digest: Digest) -> None:
    """Add, list, show, edit, remove: each says what it did."""
    wishes = ("--keywords", '"graph nets"^2, -survey', "--interest", "sky=galaxies", "--hour",
              "6:30", "--zone", "Europe/Berlin", "--weekdays", "mon-fri", "--limit", 5,
              "--trend", "half", "--quiet", "nothing")  # fmt: skip
    done = digest("readers", "add", ANN, *wishes, *DB)
    assert done.out.startswith(f"{ANN} gets an edition weekdays from 06:30 Europe/Berlin.\n")
    listed = digest("readers", "list", *DB).out
    assert ANN in listed
    assert "sky: galaxies" in listed
    assert "50 % trending" in listed
    assert "quiet: nothing" in listed
    shown = digest("readers", "show", ANN, *DB).out
    assert 'keywords: "graph nets"^2, -survey' in shown
    assert "sky: galaxies" in shown
    assert "at most 5 papers" in shown
    assert (
        "letters: 50 % what everyone reads (half); on quiet days no letter; of each paper the abs"
        in shown
    )

    digest("readers", "edit", ANN, "--hour", 9, "--keywords", "owls", "--abstracts", "no", *DB)
    (changed,) = [digest("readers", "show", ANN, "--json", *DB).json]
    assert changed == {
        "address": ANN,
        "kind": "saved",
        "hour": "09:00",
        "zone": "Europe/Berlin",
        "weekdays": "weekdays",
        "paused_until": None,
        "suppressed": False,
        "limit": 5,
        "trend": 50,
        "quiet": "nothing",
        "abstracts": False,
        "interests": {"sky": "galaxies", "keywords": "owls"},
    }
    changed = digest("readers", "edit", ANN, "--keywords", "", "--interest", "sky=stars", *DB)
    assert changed.out.splitlines()[1:-1] == ["  sky: stars"]
    changed = digest("readers", "edit", ANN, "--trend", 7, "--quiet", "note", *DB)
    assert changed.out.splitlines()[-1].startswith("  letters: 7 % what everyone reads; on quiet")
    assert digest("readers", "remove", ANN, "--yes", *DB).code == 0
    assert "No readers yet" in digest("readers", "list", *DB).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", ANN), "is a reader already"),
        (("add", "ANN@example.org"), "is a reader already"),
        (("add", "nobody"), "is no mail address"),
        (("add", "b@example.org", "--hour", "25"), "is no hour"),
        (("add", "b@example.org", "--zone", "Berlin"), "did you mean Europe/Berlin"),
        (("add", "b@example.org", "--interest", "x"), "write NAME=TEXT"),
        (("add", "b@example.org", "--trend", "101"), "is no share from 0 to 100"),
        (("edit", ANN, "--quiet", "none"), "not known for quiet days"),
        (("edit", ANN, "--abstracts", "maybe"), "neither yes nor no"),
        (("edit", ANN, "--trend", "mostly-mine"), "nothing to change"),
        (("add", "b@example.org", "--interest", "x=aa", "--interest", "x=bb"), "two interests"),
        (("show", "b@example.org"), "is no reader here"),
        (("edit", ANN), "nothing to change"),
        (("remove", "b@example.org", "--yes"), "is no reader here"),
    ],
)
def test_what_cannot_be_done_is_said(digest: Digest, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2 and the reason; nothing changes."""
    digest("readers", "add", ANN, "--keywords", "owls", *DB)
    before = digest("readers", "list", "--json", *DB).out
    done = digest("readers", *arguments, *DB)
    assert (done.code, "Traceback" in done.err) == (2, False)
    assert said in done.err
    assert digest("readers", "list", "--json", *DB).out == before


def test_the_person_of_the_configuration_is_one_of_the_readers(digest: Digest) -> None:
    """Listed and shown; changed in the configuration, not here; never twice."""
    Path("config.env").write_text(f"DIGEST_ADDRESS={ANN}\nDIGEST_KEYWORDS=owls\n")
    assert '"kind": "config"' in digest("readers", "list", "--json", *DB).out
    assert "(from the configuration)" in digest("readers", "show", ANN, *DB).out
    assert "config.env" in digest("readers", "edit", ANN, "--hour", 3, *DB).err
    added = digest("readers", "add", ANN, *DB)
    assert (added.code, "is a reader already" in added.err) == (2, True)
    assert "config.env" in added.err
    assert "digest readers edit" not in added.err  # which would be refused
    Path("config.env").write_text("DIGEST_LIMIT=3\n")
    digest("run", DATA / "papers.jsonl", "--outbox", "out", *DB)  # puts that person to rest
    assert "No readers yet" in digest("readers", "list", *DB).out


def test_a_new_reader_has_the_manner_of_the_configuration(digest: Digest) -> None:
    """Unless it is said otherwise; the person of the configuration has it too, and loses it there."""
    lines = "DIGEST_ADDRESS=me@example.org\nDIGEST_KEYWORDS=owls\n"
    Path("config.env").write_text(f"{lines}DIGEST_TREND=mine\nDIGEST_ABSTRACTS=no\n")
    digest("readers", "add", ANN, "--trend", "everyone", *DB)
    manners = {
        name: [digest("readers", "show", name, "--json", *DB).json[key] for key in MANNER]
        for name in (ANN, "me@example.org")
    }
    assert manners == {ANN: [100, "trending", False], "me@example.org": [0, "trending", False]}
    Path("config.env").write_text(lines)
    shown = digest("readers", "show", "me@example.org", "--json", *DB).json
    assert [shown[key] for key in MANNER] == [20, "trending", True]


def test_the_list_ends_with_who_gets_nothing(digest: Digest) -> None:
    """How many unsubscribed, and how many have not confirmed yet; not where there are none."""
    digest("readers", "add", ANN, *DB)
    assert "unsubscribed" not in digest("readers", "list", *DB).out
    with closing(open_store("sqlite:///t.db")) as store:
        store.signups.ask("bob@example.org", {}, NOW)
        store.readers.unsubscribe(store.readers.named([ANN])[ANN].reader.handle, NOW)
    listed = digest("readers", "list", *DB)
    assert listed.out.splitlines()[-1] == "1 unsubscribed, 1 asked and not confirmed yet."
    assert "unsubscribed" not in digest("readers", "list", "--json", *DB).out
    shown = digest("readers", "show", "bob@example.org", *DB)
    assert (shown.code, "asked on 2026-03-17, not confirmed yet" in shown.err) == (2, True)


def test_an_address_in_both_places_is_a_mistake(digest: Digest) -> None:
    """It would get two mails; said before anything is sent."""
    digest("readers", "add", ANN, *DB)
    Path("config.env").write_text(f"DIGEST_ADDRESS={ANN}\n")
    done = digest("run", DATA / "papers.jsonl", "--date", "2026-03-17", "--outbox", "out", *DB)
    assert done.code == 2
    assert done.err.count("would get two mails") == 1
    assert not Path("out").exists()
    assert digest("readers", "remove", ANN, "--yes", *DB).code == 0  # as the message advises
    assert '"kind": "config"' in digest("readers", "list", "--json", *DB).out


def test_a_preview_sends_nothing_and_stores_no_edition(digest: Digest) -> None:
    """The same letter that a run would make; also after that run."""
    digest("readers", "add", ANN, "--keywords", "anomaly detection", *DB)
    files, when = (DATA / "saved_page_a.txt",), ("--date", "2026-03-17")
    asked = ("preview", "--reader", ANN, *when, "--output", "-", *DB)
    digest("preview", *files, "--reader", ANN, *when, "--output", "first.html", *DB)
    first = Path("first.html").read_text(encoding="utf-8")
    assert "speaks of anomaly detection" in first
    run = digest("run", *files, *when, "--outbox", "out", "--json", *DB)
    assert run.json["sent"] == 1
    again = digest(*asked)
    assert again.out.strip() == first.strip()
    assert digest("preview", *files, *when, "--keywords", "owls", "--output", "-", *DB).code == 0
    assert len(list(Path("out").iterdir())) == 2


def test_a_preview_of_files_leaves_nothing_behind_and_names_their_troubles(
    digest: Digest,
) -> None:
    """Test papers are nobody's candidates; what cannot be read is said."""
    day = ("--date", "2026-03-14")
    asked = ("preview", DATA / "broken.jsonl", *day, "--keywords", "owls", "--output", "-", *DB)
    done = digest(*asked)
    assert "broken.jsonl, line 2: broken JSON" in done.err
    assert "<h1" in done.out
    assert "nothing new" in digest("preview", *day, "--keywords", "owls", *DB).err


def test_a_preview_of_files_knows_the_liked_papers(digest: Digest) -> None:
    """What the store has of them goes into the comparison."""
    Path("old.jsonl").write_text(
        '{"id": "9911.00009", "title": "Zebras", "abstract": "Stripes of zebras.", "date": "2026-01-05"}\n'
    )
    Path("new.jsonl").write_text('{"title": "Stripes", "abstract": "Why zebras have stripes."}\n')
    digest("run", "old.jsonl", "--keywords", "any", "--outbox", "out", *DB)
    digest("readers", "add", ANN, "--keywords", "like:9911.00009", *DB)
    done = digest("preview", "new.jsonl", "--reader", ANN, "--output", "-", *DB)
    assert "speaks of" in done.out


def test_a_preview_with_keywords_saves_nobody(digest: Digest) -> None:
    """Nor does one without anything: the trending edition."""
    for keywords in (("--keywords", "shelves"), ()):
        done = digest("preview", DATA / "saved_page_a.txt", *keywords, "--output", "-", *DB)
        assert "<h1" in done.out
    assert "No readers yet" in digest("readers", "list", *DB).out
    assert "nothing new" in digest("preview", "--date", "2020-01-01", *DB).err


def test_who_unsubscribed_can_be_removed_for_good(digest: Digest) -> None:
    """The owner does what the reader could do by a link."""
    digest("readers", "add", ANN, *DB)
    with closing(open_store("sqlite:///t.db")) as store:
        reader = store.readers.find(ANN)
        assert reader is not None
        store.readers.unsubscribe(reader.handle, NOW)
    assert digest("readers", "remove", ANN, "--yes", *DB).code == 0
    assert "is no reader here" in digest("readers", "show", ANN, *DB).err
