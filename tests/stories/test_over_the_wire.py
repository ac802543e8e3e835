"""The whole run over real sockets: services on a local HTTP server, mail into a real SMTP server.

Login and TLS are real; the server's certificate is signed by an authority made for the test.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme

from digest.store import open_store
from tests.conftest import DATA, DAY, NOW, Digest, Replay
from tests.smtp import PASSWORD, USER, Sink, authority_file, smtp_server

HF = (DATA / "huggingface_2026-03-17.json").read_bytes()
ATOM = (DATA / "arxiv_feed.atom.xml").read_bytes()
RSS = (DATA / "arxiv_feed.rss.xml").read_bytes()


@pytest.fixture
def authority() -> trustme.CA:
    """A certificate authority of our own."""
    return trustme.CA()


@pytest.fixture
def mailserver(authority: trustme.CA) -> Iterator[Sink]:
    """A mail server that wants TLS and login."""
    with smtp_server(authority) as sink:
        yield sink


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are noted, not waited for."""
    waits: list[float] = []
    monkeypatch.setattr("digest.wiring._wait", lambda _: waits.append)
    return waits


@pytest.fixture(autouse=True)
def the_day(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """It is the day of the feeds; or another one, where a test says so."""

    def is_now(now: datetime) -> None:
        for place in ("digest.cli.run.utc_now", "digest.cli.common.utc_now"):
            monkeypatch.setattr(place, lambda: now)

    is_now(NOW)
    return is_now


def configure(replay: Replay, sink: Sink, folder: Path, authority: trustme.CA, *more: str) -> None:
    """A config.env for the servers of the test."""
    lines = (
        "DIGEST_ADDRESS=ann@example.org",
        "DIGEST_KEYWORDS=graph, retrieval, anomaly detection",
        "DIGEST_DATABASE=sqlite:///t.db",
        "DIGEST_ARXIV_CATEGORIES=cs.LG, cs.CL",
        f"DIGEST_ARXIV_FEED={replay.address}/feed",
        f"DIGEST_ARXIV_API={replay.address}/api",
        f"DIGEST_ARXIV_OAI={replay.address}/oai",
        f"DIGEST_HUGGINGFACE={replay.address}/daily",
        "DIGEST_SMTP_HOST=127.0.0.1",
        f"DIGEST_SMTP_PORT={sink.port}",
        f"DIGEST_SMTP_USER={USER}",
        f"DIGEST_SMTP_PASSWORD={PASSWORD}",
        f"DIGEST_SMTP_CA_FILE={authority_file(authority, folder)}",
    )
    path = Path("config.env")
    path.write_text("\n".join((*lines, *more)) + "\n")
    path.chmod(0o600)


@pytest.fixture
def house(
    replay: Replay, mailserver: Sink, tmp_path: Path, authority: trustme.CA
) -> tuple[Replay, Sink]:
    """Services that answer, a mail server, and a configuration that names both."""
    replay.answer("/feed/cs.LG", ATOM)
    replay.answer("/feed/cs.CL", RSS)
    replay.answer("/daily", b"[]")
    replay.answer("/daily?date=2026-03-17&limit=100&p=0", HF)
    configure(replay, mailserver, tmp_path, authority)
    return replay, mailserver


RUN = ("run", "--date", "2026-03-17")


def letters(sink: Sink) -> list[EmailMessage]:
    """The editions that arrived, without what the owner was told of troubles."""
    return [mail for mail in sink.mails if mail["List-Id"]]


def states() -> dict[str, int]:
    """How many editions' mails there are in each state."""
    query = "SELECT state, count(*) FROM deliveries WHERE kind = 'daily' GROUP BY state"
    with closing(sqlite3.connect("t.db")) as connection:
        return dict(connection.execute(query))


def test_from_the_services_into_the_mailbox(digest: Digest, house: tuple[Replay, Sink]) -> None:
    """Two sources, one mail over TLS with login; the second run neither asks again nor sends."""
    replay, sink = house
    done = digest(*RUN, "--json")
    assert done.code == 0, done.err + done.out
    arxiv, huggingface = done.json["sources"]
    assert (arxiv["read"], arxiv["announced"], arxiv["added"]) == (16, 16, 8)
    assert (huggingface["read"], huggingface["added"]) == (7, 5)
    assert done.json["sent"] == 1
    (mail,) = sink.mails
    assert mail["To"] == "ann@example.org"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "arXiv: 16 announced in 2 categories, 16 read" in text.get_content()
    assert all(over_tls for _, over_tls in sink.logins)

    asked = len(replay.asked)
    again = digest(*RUN, "--json")
    assert (again.json["sent"], len(sink.mails), len(replay.asked)) == (0, 1, asked)
    assert all("min ago" in source["skipped"] for source in again.json["sources"])
    assert all("mailto:ann@example.org" in agent for agent in replay.agents)


def test_one_paper_from_two_services_has_the_signals_of_one(
    digest: Digest, house: tuple[Replay, Sink]
) -> None:
    """And replacements are stored, but never picked."""
    done = digest(*RUN, "--limit", 20, "--json")
    store = open_store("sqlite:///t.db")
    candidates = store.papers.candidates(DAY, 3)
    store.close()
    both = [c for c in candidates if c.sources == ("arxiv", "huggingface")]
    assert {c.paper.key for c in both} == {"arxiv:9912.10001", "arxiv:9912.10004"}
    assert all(c.upvotes is not None and c.paper.categories for c in both)
    assert len(candidates) == 10  # 5 fresh of arXiv, 7 featured, 2 of them both
    keys = {pick["key"] for pick in done.json["editions"][0]["picks"]}
    assert keys <= {c.paper.key for c in candidates}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html><body>Service busy</body></html>", "a web page instead of XML"),
        (200, ATOM[: len(ATOM) // 3], "damaged XML"),
        (200, b"", "empty answer"),
        (404, b"gone", "answered 404"),
        (503, b"busy", "answered 503"),
        (302, b"", "redirected in circles"),
    ],
)
def test_one_source_failing_does_not_stop_the_other(
    digest: Digest, house: tuple[Replay, Sink], status: int, body: bytes, said: str
) -> None:
    """Named in the report and in the letter; everything else arrives."""
    replay, sink = house
    for category in ("cs.LG", "cs.CL"):
        replay.answer(f"/feed/{category}", body, status, Location=f"/feed/{category}")
    done = digest(*RUN, "--json")
    arxiv, huggingface = done.json["sources"]
    assert said in (arxiv["problem"] or "") + "".join(arxiv["troubles"])
    assert huggingface["read"] == 7
    assert done.json["sent"] == len(sink.mails) == 1
    assert done.code == 1


def test_all_sources_down_uses_up_nobodys_day(digest: Digest, house: tuple[Replay, Sink]) -> None:
    """No empty edition; when the services are back, the edition comes."""
    replay, sink = house
    routes = dict(replay.routes)
    replay.routes.clear()
    done = digest(*RUN)
    assert done.code == 1
    assert "Nothing new for ann@example.org" in done.out
    assert sink.mails == []
    replay.routes.update(routes)
    assert digest(*RUN, "--json").json["sent"] == 1  # by hand it is tried at once


def test_a_service_that_asks_for_patience_gets_it(
    digest: Digest, house: tuple[Replay, Sink], no_waiting: list[float]
) -> None:
    """Retry-After of an hour is kept across runs; a short one is waited for."""
    replay, _ = house
    replay.answer("/feed/cs.LG", b"slow down", 429, Retry_After="3600")
    first = digest(*RUN, "--json").json["sources"][0]
    assert "answered 429" in first["problem"]
    asked = [path for path in replay.asked if path.startswith("/feed")]
    assert len(asked) == 1
    second = digest("run", "--date", "2026-03-18", "--json").json["sources"][0]
    assert "asked us to wait until" in second["skipped"]
    assert [path for path in replay.asked if path.startswith("/feed")] == asked
    assert all(wait <= 30 for wait in no_waiting)


def test_requests_to_one_host_keep_their_distance(
    digest: Digest, house: tuple[Replay, Sink], no_waiting: list[float]
) -> None:
    """Three seconds apart, whichever source asks."""
    digest(*RUN)
    assert len(no_waiting) >= 3
    assert all(0 < wait <= 3 for wait in no_waiting)


def test_liked_papers_are_looked_up(
    digest: Digest, replay: Replay, mailserver: Sink, tmp_path: Path, authority: trustme.CA
) -> None:
    """A paper that only its reader names is asked for by id, ranks others, and is never picked."""
    replay.answer("/daily", b"[]")
    replay.answer("/daily?date=2026-03-17&limit=100&p=0", HF)
    replay.answer("/feed/cs.LG", ATOM)
    replay.answer("/feed/cs.CL", RSS)
    replay.answer("/api", (DATA / "arxiv_api_ids.xml").read_bytes())
    configure(replay, mailserver, tmp_path, authority, "DIGEST_LIKED=9912.30001, hep-th/9901001")
    done = digest(*RUN, "--json")
    looked_up = done.json["sources"][2]
    assert (looked_up["source"], looked_up["read"], looked_up["announced"]) == ("arxiv ids", 2, 2)
    (asked,) = [path for path in replay.asked if "/api" in path]
    assert "9912.30001" in asked
    assert "hep-th%2F9901001" in asked
    keys = {pick["key"] for pick in done.json["editions"][0]["picks"]}
    assert keys.isdisjoint({"arxiv:9912.30001", "arxiv:hep-th/9901001"})
    store = open_store("sqlite:///t.db")
    assert len(store.papers.known_keys(["arxiv:9912.30001", "arxiv:hep-th/9901001"])) == 2
    store.close()


def test_a_wrong_password_is_said_and_the_mail_waits(
    digest: Digest, house: tuple[Replay, Sink]
) -> None:
    """No attempt is spent; with the right password the same mail goes out."""
    _, sink = house
    config = Path("config.env")
    right = config.read_text()
    config.write_text(right.replace(PASSWORD, "a lame horse"))
    done = digest(*RUN)
    assert done.code == 1
    assert "refused the login" in done.out
    again = digest(*RUN)
    assert again.code == 1
    assert re.search(r"mails? waits?: tried again from", again.out)
    assert again.out.count("refused the login") == 1
    assert "a lame horse" not in done.out + done.err
    assert states() == {"queued": 1}
    assert sink.mails == []
    config.write_text(right)
    mended = digest(*RUN)
    assert mended.code == 0
    assert "ann@example.org: 250" in mended.out
    assert len(letters(sink)) == 1


def test_an_untrusted_certificate_is_refused(
    digest: Digest, house: tuple[Replay, Sink], tmp_path: Path
) -> None:
    """Nothing is sent, no password is shown to a stranger."""
    _, sink = house
    authority_file(trustme.CA(), tmp_path)  # another authority in the file's place
    done = digest(*RUN)
    assert done.code == 1
    assert "certificate cannot be trusted" in done.out
    assert (sink.logins, sink.mails) == ([], [])


def test_a_certificate_for_another_name_is_refused(
    digest: Digest, replay: Replay, tmp_path: Path, authority: trustme.CA
) -> None:
    """The right authority is not enough."""
    replay.answer("/daily", HF)
    with smtp_server(authority, host="mail.example.org") as sink:
        configure(replay, sink, tmp_path, authority)
        done = digest(*RUN)
        assert "certificate cannot be trusted" in done.out
        assert sink.logins == []


def test_without_tls_nothing_is_said(
    digest: Digest, replay: Replay, tmp_path: Path, authority: trustme.CA
) -> None:
    """STARTTLS stripped from the offer: never a fall-back to plain text."""
    replay.answer("/daily", HF)
    with smtp_server(authority, starttls=False) as sink:
        configure(replay, sink, tmp_path, authority)
        done = digest(*RUN)
        assert done.code == 1
        assert "STARTTLS" in done.out
        assert (sink.logins, sink.mails) == ([], [])


@pytest.mark.parametrize(
    ("command", "reply", "state", "field"),
    [
        ("RCPT", "550 5.7.1 not from you", "queued", "later"),
        ("RCPT", "451 4.7.1 come back later", "queued", "later"),
        ("RCPT", "550 5.1.1 no such person", "failed", "refused"),
        ("DATA", "452 4.3.1 full", "queued", "later"),
        ("DATA", "554 5.7.1 unwanted", "failed", "refused"),
    ],
)
def test_refusals_are_recorded(
    digest: Digest, house: tuple[Replay, Sink], command: str, reply: str, state: str, field: str
) -> None:
    """For now or for good, at the recipient or after the mail: each in its own state."""
    _, sink = house
    sink.replies[command] = [reply]
    done = digest(*RUN, "--json")
    assert done.json[field] == 1
    assert done.json["sent"] == 0
    assert "Nobody is due" not in digest(*RUN).out
    assert states() == {state: 1}


def test_a_lost_answer_is_uncertain_and_never_sent_again(
    digest: Digest, house: tuple[Replay, Sink]
) -> None:
    """The server took the mail and the connection broke: one copy, whatever happens later."""
    _, sink = house
    sink.drop_after_data = True
    done = digest(*RUN, "--json")
    assert done.json["uncertain"] == 1
    assert done.code == 1
    sink.drop_after_data = False
    for _ in range(2):
        digest(*RUN)
        assert states() == {"uncertain": 1}
    assert len(letters(sink)) == 1


def test_a_login_name_stays_as_it_is_written(digest: Digest, house: tuple[Replay, Sink]) -> None:
    """Without an @ it is not taken for an address at some large service."""
    _, sink = house
    config = Path("config.env")
    config.write_text(config.read_text().replace(f"USER={USER}", "USER=jane"))
    digest(*RUN)
    assert sink.logins[0] == (b"jane", True)


def test_a_garbled_answer_after_the_mail_is_uncertain(
    digest: Digest, house: tuple[Replay, Sink]
) -> None:
    """Only a clear refusal lets a mail be sent again."""
    _, sink = house
    sink.replies["DATA"] = ["what?"]
    assert digest(*RUN, "--json").json["uncertain"] == 1
    digest(*RUN)
    assert states() == {"uncertain": 1}
    assert letters(sink) == []


def test_the_body_of_a_redirect_is_not_read(digest: Digest, house: tuple[Replay, Sink]) -> None:
    """Redirects are followed; what they carry is nobody's business."""
    replay, _ = house
    replay.answer("/feed/cs.LG", b"x" * 5_000_000, 302, Location="/moved")
    replay.answer("/moved", ATOM)
    assert digest(*RUN, "--json").json["sources"][0]["read"] == 16


@pytest.mark.parametrize("value", ["nan", "inf", "-5", "soon", "Wed, 18 Mar 2026 00:00:00 GMT"])
def test_odd_wishes_for_patience_do_no_harm(
    digest: Digest, house: tuple[Replay, Sink], value: str
) -> None:
    """Whatever Retry-After says, the other source arrives."""
    replay, _ = house
    replay.answer("/feed/cs.LG", b"busy", 503, Retry_After=value)
    done = digest(*RUN, "--json").json
    assert "answered 503" in done["sources"][0]["problem"]
    assert done["sources"][0]["read"] == 8  # the other category
    assert done["sent"] == 1


def test_a_sender_who_may_not_send_costs_nobody_a_letter(
    digest: Digest, house: tuple[Replay, Sink]
) -> None:
    """A refusal of MAIL FROM is the server's word on us, not on a reader."""
    _, sink = house
    sink.replies["MAIL"] = ["550 5.7.1 not from here"]
    done = digest(*RUN)
    assert done.code == 1
    assert "takes no mail from" in done.out
    assert states() == {"queued": 1}
    assert digest(*RUN).code == 0
    assert len(letters(sink)) == 1


def test_a_server_that_hangs_up_between_mails_is_called_again(
    digest: Digest, house: tuple[Replay, Sink]
) -> None:
    """Once, with a new login; no mail is lost or doubled."""
    _, sink = house
    for number in range(4):
        digest("readers", "add", f"r{number}@example.org", "--keywords", "graph")
    sink.replies["MAIL"] = ["", "", "421 4.3.2 too many for one connection"]
    assert digest(*RUN, "--json").json["sent"] == 5
    assert len({mail["To"] for mail in sink.mails}) == len(sink.mails) == 5
    assert len(sink.logins) == 2


@pytest.mark.parametrize("location", ["http://[bad", "ftp://example.org/", ""])
def test_redirects_to_nowhere_cost_one_category(
    digest: Digest, house: tuple[Replay, Sink], location: str
) -> None:
    """The other one is asked all the same."""
    replay, _ = house
    replay.answer("/feed/cs.LG", b"", 302, Location=location)
    arxiv = digest(*RUN, "--json").json["sources"][0]
    assert arxiv["read"] == 8
    assert arxiv["problem"]
    assert "an error in this program" not in arxiv["problem"]


def test_several_connections_share_the_mails(
    digest: Digest, replay: Replay, mailserver: Sink, tmp_path: Path, authority: trustme.CA
) -> None:
    """As many as were set, each made anew after its mails; every reader gets one."""
    replay.answer("/daily", HF)
    more = ("DIGEST_SMTP_CONNECTIONS=3", "DIGEST_SMTP_PER_CONNECTION=5")
    configure(replay, mailserver, tmp_path, authority, *more)
    for number in range(29):
        digest("readers", "add", f"r{number}@example.org", "--keywords", "graph")
    assert digest(*RUN, "--json").json["sent"] == 30
    assert len({mail["To"] for mail in mailserver.mails}) == len(mailserver.mails) == 30
    assert 6 <= len(mailserver.logins) <= 8


def test_an_address_of_the_whole_world_gets_its_letter(
    digest: Digest, house: tuple[Replay, Sink]
) -> None:
    """Letters beyond ASCII from the command line to the envelope and the head."""
    _, sink = house
    added = digest("readers", "add", "Jörg@Bücher.example", "--keywords", "graph")
    assert added.code == 0, added.err
    assert digest(*RUN, "--json").json["sent"] == 2
    assert "Jörg@xn--bcher-kva.example" in sink.recipients
    assert "Jörg@xn--bcher-kva.example" in {str(mail["To"]) for mail in sink.mails}


def test_many_mails_go_over_one_connection(digest: Digest, house: tuple[Replay, Sink]) -> None:
    """One login for all readers."""
    _, sink = house
    for number in range(5):
        digest("readers", "add", f"r{number}@example.org", "--keywords", "graph")
    assert digest(*RUN, "--json").json["sent"] == 6
    assert len({mail["To"] for mail in sink.mails}) == 6
    assert len({mail["Message-ID"] for mail in sink.mails}) == 6
    assert len(sink.logins) == 1


def test_recorded_answers_pass_through_the_whole_run(
    digest: Digest,
    replay: Replay,
    mailserver: Sink,
    tmp_path: Path,
    authority: trustme.CA,
    shared: Path,
    the_day: Callable[[datetime], None],
) -> None:
    """Real bytes of the services, a damaged day among them: papers, signals, one mail."""
    recorded = shared / "data/recorded"
    feed = (recorded / "arxiv_feed/atom_cs.AI_2025-08-20.xml").read_bytes()
    replay.answer("/feed/cs.LG", feed)
    replay.answer("/feed/cs.CL", (recorded / "illformed_feeds/big5.xml").read_bytes())
    day = date(2025, 8, 20)
    the_day(datetime(2025, 8, 20, 12, tzinfo=UTC))
    good = (recorded / "hf_daily_papers/2025-06-25.json").read_bytes()
    damaged = (recorded / "hf_daily_papers/2024-12-11.json").read_bytes()
    replay.answer(f"/daily?date={day}&limit=100&p=0", good)
    replay.answer("/daily?date=2025-08-19&limit=100&p=0", damaged)
    configure(replay, mailserver, tmp_path, authority)
    done = digest("run", "--date", str(day), "--json")
    arxiv, huggingface = done.json["sources"]
    assert arxiv["read"] == 7
    assert "damaged XML" in arxiv["problem"]
    assert huggingface["read"] == 14
    assert len(huggingface["troubles"]) == 20
    assert huggingface["more_troubles"] == 6
    assert done.json["sent"] == len(letters(mailserver)) == 1
    assert json.dumps(done.json)
