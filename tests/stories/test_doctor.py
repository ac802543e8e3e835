"""`digest doctor`: each thing that can be wrong has a line that says what mends it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from digest.cli.common import utc_now
from digest.store import Store, open_store
from tests.conftest import DATA, DAY, Digest, Done, Replay
from tests.papers import paper, reader, seen
from tests.postgresql import make_database
from tests.smtp import PASSWORD, USER, Sink, authority_file, smtp_server

HF = (DATA / "huggingface_2026-03-17.json").read_bytes()


@pytest.fixture
def sink(replay: Replay, tmp_path: Path) -> Iterator[Sink]:
    """A configuration with one source and a real mail server, both in order."""
    authority = trustme.CA()
    with smtp_server(authority) as server:
        replay.answer("/daily", HF)
        configure(
            "DIGEST_SOURCES=huggingface",
            f"DIGEST_HUGGINGFACE={replay.address}/daily",
            "DIGEST_SMTP_HOST=127.0.0.1",
            f"DIGEST_SMTP_PORT={server.port}",
            f"DIGEST_SMTP_USER={USER}",
            f"DIGEST_SMTP_PASSWORD={PASSWORD}",
            f"DIGEST_SMTP_CA_FILE={authority_file(authority, tmp_path)}",
        )
        yield server


def configure(*lines: str) -> None:
    """A config.env that nobody else can read."""
    config = Path("config.env")
    base = ("DIGEST_ADDRESS=ann@example.org", "DIGEST_DATABASE=sqlite:///t.db", "DIGEST_OUTBOX=out")
    config.write_text("\n".join((*base, *lines)) + "\n")
    config.chmod(0o600)


def stored() -> Store:
    """The database of the configuration."""
    return open_store("sqlite:///t.db")


def bad(done: Done) -> dict[str, str]:
    """What is not well in a JSON report: all that is said, by topic."""
    found: dict[str, str] = {}
    for check in done.json["checks"]:
        if not check["well"]:
            found[check["topic"]] = (
                found.get(check["topic"], "") + f"{check['said']} {check['mend']}"
            )
    return found


def test_all_is_well_after_a_first_look(digest: Digest, replay: Replay, sink: Sink) -> None:
    """Every room has a line; nothing is mailed, nothing is kept, the login was tried."""
    done = digest("doctor")
    assert done.code == 0, done.out + done.err
    assert "✗" not in done.out
    for said in (
        "✓ configuration: ",
        "✓ database: opens",
        "✓ database: can be written to",
        "✓ database: the file is whole",
        "✓ database: journal persist, synchronous 3",
        "✓ disk: ",
        "✓ clock: ",
        "✓ readers: 0",
        "✓ index: none yet: 0 papers",
        "✓ source huggingface: answers: 7 papers",
        f"took the login of {USER}",
    ):
        assert said in done.out
    assert (len(replay.asked), len(sink.mails), len(sink.logins)) == (1, 0, 1)
    store = stored()
    assert store.papers.count() == 0
    assert store.clock.seen() is None
    store.close()
    assert digest("doctor", "--json").json["well"] is True


def test_a_quiet_day_is_no_broken_source(digest: Digest, replay: Replay, sink: Sink) -> None:
    """A list that is empty in the morning, or on a holiday, needs no person."""
    replay.answer("/daily", b"[]")
    done = digest("doctor")
    assert "✓ source huggingface: answers: nothing is announced at the moment" in done.out
    assert done.code == 0, done.out + done.err
    assert sink.logins


def test_without_network_nobody_is_asked(digest: Digest, replay: Replay, sink: Sink) -> None:
    """Neither the source nor the mail server."""
    done = digest("doctor", "--no-network")
    assert done.code == 0
    assert (replay.asked, sink.logins) == ([], [])
    assert "source" not in done.out


def test_a_bad_configuration_is_a_line_and_no_crash(digest: Digest) -> None:
    """It names the key; nothing else can be looked at."""
    Path("config.env").write_text("DIGEST_LIMTI=3\n")
    done = digest("doctor")
    assert done.code == 1
    assert "✗ configuration: " in done.out
    assert "did you mean DIGEST_LIMIT" in done.out
    Path("config.env").unlink()
    gone = digest("doctor", "--config", "gone.env", "--json")
    assert gone.code == 1
    assert "no such file" in bad(gone)["configuration"]


def test_a_secret_that_others_can_read_is_a_line(digest: Digest, sink: Sink) -> None:
    """With the command that mends it."""
    Path("config.env").chmod(0o644)
    done = digest("doctor", "--no-network", "--json")
    assert done.code == 1
    assert "chmod 600" in bad(done)["configuration"]


def test_nobody_to_tell_is_a_line(digest: Digest) -> None:
    """Alerts need an address; where letters go into a folder, somebody looks there anyway."""
    ask = ("doctor", "--no-network", "--database", "t.db", "--json")
    assert digest(*ask).code == 0
    lines = ("DIGEST_SMTP_HOST=127.0.0.1", "DIGEST_SMTP_USER=u@x.example", "DIGEST_SMTP_PASSWORD=p")
    Path("config.env").write_text("\n".join(lines))
    Path("config.env").chmod(0o600)
    done = digest(*ask)
    assert done.code == 1
    assert "DIGEST_OWNER" in bad(done)["configuration"]


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_a_line(
    digest: Digest, replay: Replay, sink: Sink, content: bytes
) -> None:
    """The rest is looked at all the same, and the file stays as it is."""
    Path("t.db").write_bytes(content)
    done = digest("doctor", "--json")
    assert done.code == 1
    assert set(bad(done)) == {"database"}
    assert "restore a backup" in bad(done)["database"]
    assert (len(replay.asked), len(sink.logins)) == (1, 1)
    assert Path("t.db").read_bytes() == content


def test_damage_within_the_file_is_found(digest: Digest) -> None:
    """By SQLite's own check of all pages."""
    configure()
    store = stored()
    for number in range(300):
        store.readers.save(reader(f"r{number}@example.org", "graph"), utc_now())
    store.close()
    raw = bytearray(Path("t.db").read_bytes())
    for page in range(len(raw) // 4096 - 8, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 200] = b"\x99" * 200
    Path("t.db").write_bytes(raw)
    done = digest("doctor", "--no-network", "--json")
    assert done.code == 1
    assert "database" in bad(done)


def test_a_newer_database_is_a_line(digest: Digest) -> None:
    """It says that the program is to be updated, and changes nothing."""
    configure()
    store = stored()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    done = digest("doctor", "--no-network", "--json")
    assert "update digest" in bad(done)["database"]


def test_a_source_that_does_not_answer_is_named(digest: Digest, replay: Replay, sink: Sink) -> None:
    """With what it said."""
    replay.answer("/daily", b"gone", 404)
    done = digest("doctor", "--json")
    assert done.code == 1
    assert "answered 404" in bad(done)["source huggingface"]
    assert "DIGEST_SOURCES" in bad(done)["source huggingface"]


def test_a_login_that_is_refused_names_the_setting(digest: Digest, sink: Sink) -> None:
    """And the password is nowhere."""
    config = Path("config.env")
    config.write_text(config.read_text().replace(PASSWORD, "mistyped"))
    done = digest("doctor")
    assert done.code == 1
    assert "DIGEST_SMTP_PASSWORD" in done.out
    assert "mistyped" not in done.out + done.err
    assert sink.mails == []


def test_a_breaker_that_is_still_open_is_said(digest: Digest, sink: Sink) -> None:
    """The login works again; 'digest run' need not wait."""
    store = stored()
    store.channels.trip("smtp", "535 wrong password", utc_now(), lasting=True)
    store.close()
    done = digest("doctor", "--json")
    assert done.code == 1
    assert "535 wrong password" in bad(done)["mail"]
    assert "digest run" in bad(done)["mail"]


def test_an_outbox_that_cannot_be_written_to_is_a_line(digest: Digest) -> None:
    """Where mails go into a folder, the folder is tried."""
    configure()
    assert digest("doctor", "--no-network").code == 0
    assert list(Path("out").iterdir()) == []
    Path("out").rmdir()
    Path("out").write_text("a file")
    done = digest("doctor", "--no-network", "--json")
    assert "outbox folder" in bad(done)["mail"]


def test_a_clock_that_is_behind_is_set_right_by_a_word(digest: Digest) -> None:
    """The trouble ends with it; a clock that is right needs none."""
    configure()
    store = stored()
    store.clock.advance(utc_now() + timedelta(days=1))
    store.troubles.note("clock", "it shows yesterday", utc_now())
    store.close()
    done = digest("doctor", "--no-network", "--json")
    assert done.code == 1
    assert "digest doctor --clock-is-right" in bad(done)["clock"]
    assert "it shows yesterday" in bad(done)["clock"]
    assert digest("run", DATA / "papers.jsonl").code == 75
    assert "is taken for right" in digest("doctor", "--no-network", "--clock-is-right").out
    assert digest("doctor", "--no-network").code == 0
    assert digest("run", DATA / "papers.jsonl").code == 0


def test_readers_that_need_a_look_are_named(digest: Digest) -> None:
    """Twice the same address, mailboxes that refuse; who has no interests is only counted."""
    configure("DIGEST_KEYWORDS=graph")
    store = stored()
    digest("doctor", "--no-network")
    digest("run", DATA / "papers.jsonl")
    store.readers.save(reader("ANN@example.org"), utc_now())
    store.readers.save(reader("bob@example.org", "owls"), utc_now())
    with store.engine.begin() as connection:
        query = "UPDATE readers SET suppressed = '2026-03-17 09:30:00' WHERE name LIKE 'bob%'"
        connection.exec_driver_sql(query)
    store.close()
    done = digest("doctor", "--no-network", "--json")
    assert done.code == 1
    assert "ann@example.org is a reader twice" in bad(done)["readers"]
    assert "digest readers resume bob@example.org" in bad(done)["readers"]
    said = [check["said"] for check in done.json["checks"] if check["topic"] == "readers"]
    assert said[0] == "3; 1 without interests get what everyone reads"


def test_papers_without_an_index_are_no_fault(digest: Digest) -> None:
    """They are counted; a run for interests makes the index."""
    configure("DIGEST_KEYWORDS=graph")
    store = stored()
    store.papers.add([seen(paper("One", "Text."))], "file", utc_now().date())
    store.close()
    assert "✓ index: none yet: 1 papers" in digest("doctor", "--no-network").out
    digest("run", DATA / "papers.jsonl", "--date", DAY)
    assert "t.db.index" in digest("doctor", "--no-network").out


def test_postgresql_has_its_own_line(digest: Digest, postgresql: str) -> None:
    """This throwaway server forgets what it was told: the doctor says so."""
    address = make_database(postgresql, "doctor")
    done = digest("doctor", "--no-network", "--database", address, "--json")
    assert done.code == 1
    assert "fsync is off" in bad(done)["database"]
    said = [check["said"] for check in done.json["checks"] if check["topic"] == "database"]
    assert any(line.startswith("PostgreSQL ") for line in said)
    assert "synchronous_commit is on" in said
    gone = digest("doctor", "--no-network", "--database", "postgresql://x@127.0.0.1:9/no", "--json")
    assert "cannot be used" in bad(gone)["database"]


def test_live_asks_what_is_configured_and_says_what_has_changed(
    digest: Digest, replay: Replay
) -> None:
    """One small question, with its numbers; a field that is gone is named, and ends with 1."""
    replay.answer("/daily", HF)
    configure("DIGEST_SOURCES=huggingface", f"DIGEST_HUGGINGFACE={replay.address}/daily")
    done = digest("doctor", "--live")
    assert done.code == 0, done.out
    assert "✓ huggingface, Daily Papers: 7 entries in " in done.out
    assert "all that is read is there" in done.out
    assert len(replay.asked) == 1
    assert "limit=3" in replay.asked[0]
    replay.answer("/daily", HF.replace(b'"upvotes"', b'"likes"'))
    done = digest("doctor", "--live", "--json")
    assert done.code == 1
    assert "no entry has paper/upvotes" in bad(done)["huggingface, Daily Papers"]
    assert "look for a newer version" in bad(done)["huggingface, Daily Papers"]


def test_live_names_the_network_where_nothing_answers(digest: Digest, replay: Replay) -> None:
    """Who is offline is not told that the services have changed."""
    replay.answer("/daily", b"", 503)
    configure("DIGEST_SOURCES=huggingface", f"DIGEST_HUGGINGFACE={replay.address}/daily")
    done = digest("doctor", "--live", "--json")
    assert "look at this machine's network" in bad(done)["huggingface, Daily Papers"]


def test_live_says_of_each_kind_of_trouble_what_mends_it(digest: Digest, replay: Replay) -> None:
    """A web page for a feed is no news of the service; who asks for patience gets it."""
    replay.answer("/feed", b"<!doctype html><html><body>Owls</body></html>")
    replay.answer("/daily", b"", 429, **{"Retry-After": "3600"})
    configure(
        "DIGEST_SOURCES=huggingface",
        f"DIGEST_HUGGINGFACE={replay.address}/daily",
        f"DIGEST_FEEDS={replay.address.replace('127.0.0.1', 'localhost')}/feed",
        "DIGEST_PRIVATE_HOSTS=localhost",
    )
    mends = {
        check["topic"]: check["mend"]
        for check in digest("doctor", "--live", "--json").json["checks"]
        if not check["well"] and "mail" not in check["topic"]
    }
    (feed,) = (mend for topic, mend in mends.items() if topic.startswith("feeds"))
    assert "look at the address in DIGEST_FEEDS with a browser" in feed
    assert "left alone for a while" in mends["huggingface, Daily Papers"]


def test_live_asks_any_service_by_its_name(digest: Digest, replay: Replay) -> None:
    """Whether it is configured or not; a database that cannot be used is in nobody's way."""
    replay.answer("/daily", HF)
    configure("DIGEST_SOURCES=arxiv", f"DIGEST_HUGGINGFACE={replay.address}/daily")
    Path("t.db").write_text("no database at all, but text of some length" * 200)
    done = digest("doctor", "--live", "huggingface", "--json")
    assert [check["topic"] for check in done.json["checks"]] == ["huggingface, Daily Papers"]
    assert done.code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--live", "nature"), "'nature' is no service: there are arxiv, biorxiv, feeds,"),
        (("arxiv",), "goes with --live"),
        (("--live", "--no-network"), "--live asks services"),
        (("--live", "feeds"), "DIGEST_FEEDS"),
    ],
)
def test_live_says_what_it_needs(digest: Digest, words: tuple[str, ...], said: str) -> None:
    """A wrong name, a wrong pair of options, no feed to ask."""
    configure()
    done = digest("doctor", *words)
    assert done.code in (1, 2)
    assert said in done.out + done.err
