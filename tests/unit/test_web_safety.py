"""What every page keeps to: headers, origins, errors as pages; and the attacks of the open web."""

import json
import logging
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import func, select

from digest.cli.common import OneLine
from digest.config import load
from digest.grammar.interests import parse_interest
from digest.model import Interest
from digest.progress import Quiet
from digest.run import Order
from digest.store import Store
from digest.store.schema import metadata
from digest.watch import watched_run
from digest.wiring import build
from tests.conftest import Replay
from tests.html import Seen, seen
from tests.kinds import READER, SECRET, ask_for, feeds, kinds, links_of, settle
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
        for field in ("liked", "pasted", "text", "address", "interests"):
            pages.post(mine, do=field, **{field: pasted})
        pages.post(mine, do="liked", liked=host, text=host, pasted=host)
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
