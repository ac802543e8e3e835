"""What every page keeps to: headers, origins, errors as pages; and the attacks of the open web."""

import json
import logging
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email import message_from_bytes, policy
from http.client import HTTPConnection
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from digest.cli import daemon, web
from digest.cli.common import OneLine
from digest.config import Settings, load
from digest.errors import UsageError
from digest.grammar.interests import parse_interest
from digest.model import Interest
from digest.progress import Quiet
from digest.run import Order
from digest.store import Store
from digest.store.engine import reading, writing
from digest.store.schema import metadata
from digest.watch import watched_run
from digest.web.app import make_app
from digest.web.pages import unsubscribe as unsubscribe_pages
from digest.web.pages import votes as votes_pages
from digest.web.server import THREADS, start
from digest.web.service import Service
from digest.web.site import Site
from digest.wiring import House, build, build_for_pages
from tests.conftest import Replay
from tests.html import Seen, seen
from tests.kinds import READER, SECRET, Kind, ask_for, feeds, kinds, links_of, settle
from tests.pages import BASE, Pages, close_pages, open_pages

PAPER = "arxiv:9912.20001"
GRAPHS = "graph, retrieval, optimiser"
# One text for every place: it would leave an attribute, an element, a comment, CDATA, a template.
HOSTILE = (
    "owls '\"><script>alert(1)</script><img src=x onerror=alert(2)> -->]]>{{ 7 * 191 }}{% raw %}"
)


def rows(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    with store.engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def files_of(pages: Pages) -> list[Path]:
    """The letters of a house as they lie in its outbox."""
    return sorted((pages.folder / "outbox").glob("*.eml"))


def test_every_page_has_strict_headers(pages: Pages) -> None:
    """No inline script, no foreign host, no frame, nothing guessed: on every kind of page."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    for kind in kinds(pages, PAPER, "graph"):
        answer = (
            pages.get(kind.address) if kind.form is None else pages.post(kind.address, **kind.form)
        )
        policy_ = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy_, kind.name
        for name in ("script-src", "style-src", "form-action", "connect-src"):
            assert f"{name} 'self'" in policy_, kind.name
        assert "unsafe" not in policy_
        assert "*" not in policy_
        assert "frame-ancestors 'none'" in policy_
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "Set-Cookie" not in answer.headers


def test_what_is_not_there_is_a_page_that_says_so(pages: Pages) -> None:
    """An error is a page in words, without a trace."""
    answer = pages.get("/nowhere/<b>")
    assert answer.status_code == 404
    assert "No such page" in answer.text
    assert "<b>" not in answer.text


def hostile_papers(folder: Path) -> Path:
    """Papers whose every field attacks."""
    path = folder / "hostile.jsonl"
    papers = [
        {
            "id": f"arxiv:9912.2000{number}",
            "title": f"Owls {number}: {HOSTILE}",
            "abstract": f"We graph owls. {HOSTILE} Owls graph mice at night, as retrieval does.",
            "authors": [HOSTILE, "Jane Roe"],
            "categories": ["cs.LG"],
            "upvotes": 10 + number,
            "url": "javascript:alert(3)",
            "pdf": "data:text/html,<script>alert(4)</script>",
            "code": 'https://example.org/"onmouseover="alert(5)',
            "date": "2026-03-17",
        }
        for number in range(1, 5)
    ]
    path.write_text("\n".join(map(json.dumps, papers)), encoding="utf-8")
    return path


def test_fault_50_hostile_texts_are_only_text(pages: Pages, tmp_path: Path) -> None:
    """Titles, abstracts, names and interests on every kind of page, in letters and in feeds."""
    papers = hostile_papers(tmp_path)
    wanted = parse_interest("x", "owls, graph, '><script>alert(1)</script>")
    named = Interest(HOSTILE[:90], wanted.keywords)
    settle(pages, [named], [papers])
    shown = 0
    for kind in kinds(pages, PAPER, "owls, '><script>alert(1)</script>"):
        page = seen(ask_for(pages, kind))
        shown += "<script>alert(1)" in page.said
        check_harmless(page, kind.name)
    assert shown >= 8, "the attack must have been on the pages for this test to mean anything"
    for address in ("/search?q=", "/preview?interests=", "/subscribe?interests=", "/day/"):
        answer = pages.get(address + HOSTILE.replace("%", "%25").replace(" ", "%20"))
        check_harmless(seen(answer.text), address)
    typed = {"interests": HOSTILE, "address": HOSTILE, "hour": HOSTILE, "zone": HOSTILE}
    check_harmless(seen(pages.post("/subscribe", **typed).text), "a refused form")
    for kind in feeds(pages, "owls"):
        ET.fromstring(ask_for(pages, kind))  # noqa: S314 - our own, and it must be whole
    for letter in files_of(pages):
        mail = message_from_bytes(letter.read_bytes(), policy=policy.default)
        part = mail.get_body(("html",))
        assert part is not None
        written = seen(part.get_content())
        assert (written.scripts, written.bad_addresses()) == ([], [])
        assert [one for one in written.acting if " on" in one] == []


def check_harmless(page: Seen, name: str) -> None:
    """Nothing that a text brought runs, loads or leads astray."""
    assert [one for one in page.scripts if not one.startswith("/static/")] == [], name
    assert page.acting == [], name
    assert page.bad_addresses() == [], name
    assert page.loaded_from_others() == [], name
    assert "1337" not in page.said, name  # a template inside a text would have been reckoned


@pytest.fixture
def closed_house(tmp_path: Path, replay: Replay) -> Iterator[Pages]:
    """A house all of whose services are one server that notes what it is asked."""
    opened = open_pages(
        tmp_path,
        DIGEST_SOURCES="huggingface",
        DIGEST_HUGGINGFACE=f"{replay.address}/daily",
        DIGEST_ARXIV_API=f"{replay.address}/api",
    )
    yield opened
    close_pages(opened)


def test_fault_51_addresses_that_visitors_give_are_never_asked(
    closed_house: Pages, replay: Replay
) -> None:
    """A liked paper, a question, an interest, a mailbox that names a server inside: it is text."""
    pages = closed_house
    settle(pages, [parse_interest("graphs", GRAPHS)])
    inside = f"{replay.address}/inside"
    hosts = (inside, inside.replace("127.0.0.1", "localhost"), inside.replace("127.0.0.1", "127.1"))
    mine = next(k.address for k in kinds(pages, PAPER, "graph") if k.name == "preferences")
    for host in hosts:
        pages.get("/search", query_string={"q": f"like:{host}"})
        pages.get("/preview", query_string={"interests": f"{host}, like:{host}"})
        pages.get("/paper/" + host)
        pages.post("/subscribe", interests=f"like:{host}", address="eve@example.com")
        pages.post("/subscribe", interests="owls", address=f"eve@[{host}]")
        pasted = f"{host}\n@article{{a, title={{Owls}}, url={{{host}}}, file={{{host}}}}}"
        for text in (pasted, host, f"like:{host}"):
            assert pages.post(mine, do="paste", papers=text).status_code in (200, 303, 400)
        wishes = {"name-0": "inside", "text-0": f"{host}, owls"}
        assert pages.post(mine, do="interests", **wishes).status_code in (200, 303, 400)
        assert pages.post(mine, do="move", address=f"eve@[{host}]").status_code in (200, 303, 400)
    headers = {"Referer": inside, "X-Forwarded-For": inside, "Host": inside[7:]}
    pages.client.get("/", headers=headers)
    assert replay.asked == []
    replay.answer("/daily", b"[]")
    house = build(load(None, pages.environment))
    watched_run(
        house, Order(), clock=lambda: pages.now, progress=Quiet(), stopping=lambda: False
    )  # the daily run, which asks the services: by the ids of papers alone
    house.close()
    assert replay.asked
    assert [path for path in replay.asked if "inside" in path] == []


def test_fault_52_no_host_but_the_configured_one_is_ever_written(pages: Pages) -> None:
    """Whatever Host and its relatives say: pages, feeds and mails have the configured address."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    poison = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Server": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Original-URL": "http://evil.example/",
        "Forwarded": "host=evil.example",
    }
    shown = [*kinds(pages, PAPER, "graph"), *feeds(pages, "graph")]
    asked = {"address": "victim@example.com", "interests": "graph"}
    answer = pages.client.post("/subscribe", data=asked, headers=poison)
    assert answer.status_code == 200
    assert "evil.example" not in answer.text
    for kind in shown:
        if kind.form is None:
            answer = pages.client.get(kind.address, headers=poison)
            assert "evil.example" not in answer.text + str(answer.headers), kind.name
    pages.run()  # mails the confirmation
    letters = [path.read_text(encoding="utf-8") for path in files_of(pages)]
    assert any("victim@example.com" in letter for letter in letters)
    for letter in letters:
        assert "evil.example" not in letter
    assert BASE in "".join(letters)


def test_fault_53_links_leave_no_trace(pages: Pages) -> None:
    """Every page that a link opens, and every answer to a form: not kept, not told to others."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    checked = 0
    for kind in kinds(pages, PAPER, "graph"):
        answer = (
            pages.get(kind.address) if kind.form is None else pages.post(kind.address, **kind.form)
        )
        if not kind.secret and kind.form is None:
            continue
        checked += 1
        assert answer.headers["Cache-Control"] == "no-store", kind.name
        assert answer.headers["Referrer-Policy"] == "no-referrer", kind.name
        assert "noindex" in answer.headers["X-Robots-Tag"], kind.name
    assert checked > 15
    private = feeds(pages, "graph")[-1]
    answer = pages.get(private.address)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert re.search(r"no-store|private", answer.headers["Cache-Control"])
    rules = {str(rule.rule)[1] for rule in pages.app.url_map.iter_rules() if "<token>" in rule.rule}
    assert rules == SECRET


def test_fault_55_nobody_can_send_us_a_bounce(pages: Pages) -> None:
    """No page takes one: whatever is sent, to whatever address, no mailbox is counted as bad."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    (letter, *_) = files_of(pages)
    said = message_from_bytes(letter.read_bytes(), policy=policy.default)["Message-ID"]
    bounce = (
        "Content-Type: multipart/report; report-type=delivery-status\r\n\r\n"
        f"Final-Recipient: rfc822; {READER}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Original-Message-ID: {said}\r\n"
    )
    before = rows(pages.store)
    for address in ("/", "/bounce", "/bounces", "/dsn", "/mail", "/webhook", "/subscribe"):
        for kind in ("message/delivery-status", "multipart/report", "application/json"):
            answer = pages.client.post(address, data=bounce, content_type=kind)
            assert answer.status_code in (400, 404, 405), address
    assert rows(pages.store) == before
    assert pages.store.bounces.suppressed(10) == []
    assert pages.store.health.doubled() == []


def test_fault_56_our_mails_ask_for_no_answer(pages: Pages) -> None:
    """Vacation programs stay silent (RFC 3834), for every kind of mail that we send."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    pages.post("/subscribe", address="new.reader@example.com", interests="owls")
    pages.run()
    kinds_of_mail = set()
    for path in files_of(pages):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert mail["Auto-Submitted"] == "auto-generated", path.name
        kinds_of_mail.add(str(mail["Subject"])[:12])
    assert len(kinds_of_mail) >= 3  # an edition, a confirmation, a move


def test_fault_57_a_visitor_cannot_write_lines_into_the_log(
    pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    """Line ends and terminal codes in paths, forms and headers come out escaped, or not at all."""
    forged = "x\r\n2026-03-17 09:30 WARNING forged\x1b[31m\u2028\u202e"
    with caplog.at_level(logging.DEBUG):
        pages.client.get("/" + forged.replace("\r", "%0D").replace("\n", "%0A"))
        pages.client.get("/search", query_string={"q": forged})
        pages.client.get("/u/" + forged.replace("\r\n", "%0D%0A"))
        pages.post("/subscribe", address=forged + "@example.org", interests=forged, zone=forged)
        pages.client.get("/", headers={"User-Agent": "x\x1b[31m forged", "X-A": "\x1b]0;forged"})
        logging.getLogger("digest.web").warning("%s", forged)  # one that has it for certain
    formatter = OneLine("%(levelname)s %(name)s: %(message)s")
    lines = [formatter.format(record) for record in caplog.records]
    assert any("forged" in line for line in lines)
    for line in lines:
        first = line if "Traceback" not in line else line.partition("\n")[0]
        assert first.isprintable(), line


def test_a_form_that_another_site_sends_is_refused(pages: Pages) -> None:
    """On every address that takes forms: nothing is stored."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    sent = [kind for kind in kinds(pages, PAPER, "graph") if kind.form is not None]
    before = rows(pages.store)
    foreign = (
        {"Origin": "https://evil.example"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": BASE, "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    )
    for kind in sent:
        for headers in foreign:
            answer = pages.client.post(kind.address, data=kind.form, headers=headers)
            assert answer.status_code == 403, kind.name
    assert rows(pages.store) == before


def test_forms_of_links_work_in_browsers_that_say_little(pages: Pages) -> None:
    """Pages that hide their address send Origin null; older browsers then say nothing else."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    sent = [kind for kind in kinds(pages, PAPER, "graph") if kind.form is not None]
    for kind in sent:
        answer = pages.client.post(kind.address, data=kind.form, headers={"Origin": "null"})
        assert answer.status_code == kind.status, kind.name
    answer = pages.client.post("/", data={}, headers={"Origin": "null"})
    assert answer.status_code == 403, "where nothing else is the proof, it has to be said"


def test_fault_52_an_address_with_slashes_too_many_leads_to_nobody(pages: Pages) -> None:
    """A redirect would be to the host that the visitor says: there is none, for any page."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    shown = [kind for kind in kinds(pages, PAPER, "graph") if kind.form is None]
    addresses = [kind.address for kind in (*shown, *feeds(pages, "graph"))]
    for address in (*addresses, "/static/style.css", "/day/2026-03-17/"):
        path, mark, query = address.partition("?")
        for doubled in (path[:2] + path[2:].replace("/", "//"), f"{path}/"):
            answer = pages.client.get(doubled + mark + query, headers={"Host": "evil.example"})
            answer.close()
            assert answer.headers.get("Location", "/") == "/", doubled
    below = {"SCRIPT_NAME": "/papers", "PATH_INFO": "", "HTTP_HOST": "evil.example"}
    answer = pages.client.get("/", environ_overrides=below)
    assert (answer.status_code, answer.headers["Location"]) == (308, "/papers/")


def test_a_busy_database_blocks_only_who_would_write(tmp_path: Path) -> None:
    """More forms than there are workers: they are told in a moment, and pages are shown after."""
    opened = open_pages(tmp_path)
    settle(opened, [parse_interest("graphs", GRAPHS)])
    site = Site(lambda settings: build_for_pages(settings, wait=0.3), lambda: opened.now)
    site.open(load(None, opened.environment))
    server = start(make_app(site), ("127.0.0.1", 0))

    def ask_to_join(number: int) -> tuple[int, str | None]:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=90)) as line:
            form = f"address=r{number}@example.org&interests=owls"
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            line.request("POST", "/subscribe", form, kind)
            answer = line.getresponse()
            return answer.status, answer.headers["Retry-After"]

    def look() -> int:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=90)) as line:
            line.request("GET", "/")
            return line.getresponse().status

    try:
        assert look() == 200
        with ThreadPoolExecutor(THREADS) as pool, writing(opened.store.engine):
            asked = [pool.submit(ask_to_join, number) for number in range(THREADS)]
            time.sleep(0.1)
            assert look() == 200
            assert {one.result() for one in asked} == {(503, "60")}
        assert ask_to_join(9)[0] == 200
    finally:
        server.stop()
        site.close()
        close_pages(opened)


@pytest.mark.parametrize("process", [web, daemon])
def test_pages_wait_for_a_database_for_seconds(
    process: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of their own and in the daemon's: as long as a visitor waits, not a minute."""
    houses: list[House] = []

    class Noted(Service):
        def open(self, settings: Settings) -> None:
            houses.append(self.build(settings))
            raise UsageError("that is enough")

    monkeypatch.setattr(process, "Service", Noted)
    monkeypatch.setenv("DIGEST_WEB", "8080")
    database = f"sqlite:///{tmp_path / 't.db'}"
    done = CliRunner().invoke(process.command, ["--database", database])
    assert isinstance(done.exception, UsageError)
    (house,) = houses
    with closing(house), reading(house.store.engine) as connection:
        waits = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    assert 1000 <= waits <= 5000


def test_votes_and_coming_back_are_counted_and_leaving_is_not(pages: Pages) -> None:
    """A program that votes on and on is told 429; whoever wants to leave always may."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    sent = {kind.name: kind for kind in kinds(pages, PAPER, "graph") if kind.form is not None}

    def until_refused(kind: Kind, most: int) -> int:
        form = kind.form or {}
        return next(n for n in range(most) if pages.post(kind.address, **form).status_code == 429)

    votes, back, leave = sent["voted"], sent["came back"], sent["unsubscribed"]
    for module, kind, most in ((votes_pages, votes, 5), (unsubscribe_pages, back, 3)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_MOST", most)
            assert until_refused(kind, 10) == most
    for _ in range(40):
        assert pages.post(leave.address, **(leave.form or {})).status_code == 200
    assert pages.store.readers.find(READER) is None


@pytest.mark.parametrize("ending", ["\r\n", "\n", ""])
def test_fault_42_one_click_may_end_with_a_line_end(pages: Pages, ending: str) -> None:
    """Some programs post the field as a line; the reader is gone all the same."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    leave = next(kind for kind in kinds(pages, PAPER, "graph") if kind.name == "unsubscribed")
    answer = pages.client.post(
        leave.address,
        data=f"List-Unsubscribe=One-Click{ending}",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200
    assert pages.store.readers.find(READER) is None


def test_reading_changes_nothing(pages: Pages) -> None:
    """GET and HEAD of every kind of page: not one row more or less."""
    settle(pages, [parse_interest("graphs", GRAPHS)])
    shown = [kind for kind in kinds(pages, PAPER, "graph") if kind.form is None]
    before = rows(pages.store)
    for kind in (*shown, *feeds(pages, "graph")):
        pages.get(kind.address)
        assert pages.client.head(kind.address).status_code == kind.status, kind.name
    assert rows(pages.store) == before
    assert links_of(pages).base == BASE
