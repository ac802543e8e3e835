"""The pages to subscribe: the form, its preview, what is answered, the link that confirms."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from digest.config import load
from digest.links import Links, Purpose, Token
from digest.model import Manner, Quiet, Schedule
from digest.readers import subscribe
from digest.readers.signups import MOST_LETTERS
from digest.store.engine import reading
from digest.store.schema import metadata, signups
from tests.conftest import NOW, Digest
from tests.mailed import Letter
from tests.pages import BASE, Pages, close_pages, open_pages

FORM = {"do": "subscribe", "interests": "owls, bats", "hour": "8:30", "zone": "Europe/Berlin",
        "rhythm": "weekly", "weekday": "4", "limit": "7"}  # fmt: skip
ADDRESS = "ann@example.org"
MATCHING = "speech, listener"


def content(pages: Pages) -> list[Any]:
    """All that is stored."""
    with reading(pages.store.engine) as connection:
        return [connection.execute(select(table)).all() for table in metadata.sorted_tables]


def links_of(pages: Pages) -> Links:
    """Links as letters have them."""
    return Links(BASE, pages.store.keys.all)


def asked(pages: Pages) -> int:
    """How many wishes are stored."""
    with reading(pages.store.engine) as connection:
        return connection.scalar(select(func.count()).select_from(signups)) or 0


def mailed_link(pages: Pages) -> str:
    """The address of the confirming page, from the mail that the next run makes."""
    before = set((pages.folder / "outbox").glob("*.eml"))
    pages.run()
    new = set((pages.folder / "outbox").glob("*.eml")) - before
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in new]
    [link] = [one for mail in mails for one in Letter(mail).links if one.startswith(f"{BASE}/c/")]
    return link


def field(page: str, name: str) -> str:
    """The markup of a field."""
    found = re.search(rf'<(?:input|select|textarea)[^>]* name="{name}"[^>]*>', page)
    assert found, name
    return found.group()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for another house."""
    return tmp_path / "other"


def test_the_form_asks_for_all_that_can_be_wished(pages: Pages) -> None:
    """Address, interests, hour, zone, days, number, manner; each with a label."""
    page = pages.get("/subscribe").text
    for name in ("address", "interests", "hour", "zone", "rhythm", "weekday", "limit"):
        assert field(page, name)
        assert f'<label for="{name}">' in page
    for name in ("quiet", "abstracts"):
        assert f'<label for="{name}">' in page
    choices = re.findall(
        r'<input id="(trend-\d+)" name="trend" type="radio" value="\d+"( ch)?', page
    )
    assert [(name, bool(on)) for name, on in choices] == [
        ("trend-0", False), ("trend-20", True), ("trend-50", False), ("trend-80", False),
        ("trend-100", False),
    ]  # fmt: skip
    assert all(f'<label for="{name}" class="plain">' in page for name, _ in choices)
    assert page.count("<h1") == 1
    assert '<option value="Europe/Berlin">' in page
    assert len(page) < 100_000


def test_today_s_edition_is_shown_before_any_address(pages: Pages) -> None:
    """The button for it needs no address, and nothing of it is stored."""
    pages.run()
    before = content(pages)
    page = pages.post("/subscribe", do="preview", interests="owls", address="ann@exam", hour="9",
                      trend="80")  # fmt: skip
    assert page.status_code == 200
    assert 'class="paper"' in page.text
    assert 'value="ann@exam"' in page.text
    assert 'value="9"' in page.text
    assert 'value="80" checked>' in page.text
    assert "<details open>" in page.text  # what was chosen is not hidden
    assert "<details open>" not in pages.get("/subscribe").text
    assert content(pages) == before


def test_the_preview_is_a_page_of_its_own(pages: Pages) -> None:
    """Read with GET it has the edition and a form; the script reads the edition alone."""
    assert "No source has announced" in pages.get("/preview/part?interests=owls").text
    pages.run()
    pages.now += timedelta(minutes=10)
    page = pages.get("/preview?interests=owls").text
    part = pages.get("/preview/part?interests=owls").text
    assert page.count("<h1") == 1
    assert 'name="address"' not in page
    assert 'class="paper"' in part
    assert "<h1" not in part
    assert "<html" not in part


def test_the_preview_goes_by_the_dial(pages: Pages) -> None:
    """Of the form and of its script; a dial that cannot be read is the usual one."""
    pages.run()

    def part(**asked: str) -> list[str]:
        text = pages.get("/preview/part", query_string={"interests": MATCHING, **asked}).text
        return re.findall(r"<h3>(?:<[^>]+>)?([^<]+)", text)

    mine, mixed, everyone = part(trend="0"), part(trend="50"), part(trend="100")
    assert [title.split(":")[0] for title in mine] == ["Read It to Me Slowly"]
    assert set(mine) < set(mixed) < set(everyone)
    assert everyone[0].startswith("Patchwork Optimisers")
    assert part(trend="everybody") == part()
    shown = pages.post("/subscribe", do="preview", interests=MATCHING, trend="100", quiet="nothing")
    assert re.findall(r"<h3>(?:<[^>]+>)?([^<]+)", shown.text) == everyone


@pytest.mark.parametrize("wrong", ['"owls', "author:", "x" * 2001, "like:what"])
def test_a_preview_of_what_cannot_be_read_says_why(pages: Pages, wrong: str) -> None:
    """The reason stands beside the field; nothing that was written is lost."""
    page = pages.get("/preview", query_string={"interests": wrong})
    assert page.status_code == 400
    assert 'aria-invalid="true"' in field(page.text, "interests")
    assert pages.get("/preview/part", query_string={"interests": wrong}).status_code == 200
    shown = pages.post("/subscribe", do="preview", interests=wrong)
    assert 'id="interests-error"' in shown.text


def test_no_address_is_ever_part_of_a_url(pages: Pages) -> None:
    """Every form with a field for an address is sent with POST; the query fills no address in."""
    page = pages.get("/subscribe?address=ann@example.org&interests=owls").text
    assert "ann@example.org" not in page
    assert ">owls</textarea>" in page
    assert 'method="post"' in page
    assert "formmethod" not in page
    script = pages.get("/static/preview.js", buffered=True).text
    assert "address" not in re.findall(r"new URLSearchParams\((.*?)\)", script)[0]


def test_a_wish_is_answered_with_a_mail_and_nothing_else(pages: Pages) -> None:
    """The page names the address as it was typed; the run makes the mail; nobody is a reader yet."""
    page = pages.post("/subscribe", address=" Ann@Example.org ", **FORM)
    assert page.status_code == 200
    assert "Ann@example.org" in page.text
    assert asked(pages) == 1
    mailed_link(pages)
    assert pages.store.readers.count() == 0


def test_the_box_of_the_front_page_is_enough(pages: Pages) -> None:
    """Address and interests alone subscribe, with the usual hour and days."""
    assert pages.post("/subscribe", address=ADDRESS, interests="owls").status_code == 200
    pages.post(mailed_link(pages))
    reader = pages.reader(ADDRESS)
    assert (reader.schedule.minute, reader.schedule.zone) == (7 * 60, "UTC")
    assert len(reader.schedule.weekdays) == 7
    assert reader.manner == Manner()


def test_the_manner_of_the_form_is_the_readers(pages: Pages) -> None:
    """Dial, quiet days and abstracts, once the mailbox has confirmed."""
    wishes = {"trend": "80", "quiet": "note", "abstracts": "no"}
    assert pages.post("/subscribe", address=ADDRESS, **FORM, **wishes).status_code == 200
    pages.post(mailed_link(pages))
    assert pages.reader(ADDRESS).manner == Manner(80, Quiet.NOTE, abstracts=False)


@pytest.mark.parametrize(
    ("field_name", "wrong"),
    [
        ("address", "ann"), ("address", ""), ("address", "abuse@example.org"),
        ("address", "a@example.org, b@example.org"), ("address", "ann@localhost"),
        ("interests", '"owls'), ("interests", "owl " * (MOST_LETTERS // 4 + 1)),
        ("hour", "25"), ("zone", "Mars/Olympus"), ("rhythm", "hourly"), ("weekday", "9"),
        ("limit", "0"), ("trend", "101"), ("quiet", "loud"), ("abstracts", "2"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_the_field(pages: Pages, field_name: str, wrong: str) -> None:
    """Nothing is stored, nothing that was typed is lost, and the field names its error."""
    page = pages.post("/subscribe", **{"address": ADDRESS, **FORM, field_name: wrong})
    assert page.status_code == 400
    said = re.search(rf'id="{field_name}-error">([^<]*[.?])</p>', page.text)
    assert said
    assert not said[1][0].islower()
    whole = '<fieldset role="radiogroup"' if field_name == "trend" else field(page.text, field_name)
    assert f"{field_name}-error" in page.text[page.text.index(whole) :][:200]
    assert 'aria-invalid="true"' in page.text[page.text.index(whole) :][:200]
    assert field_name == "interests" or "owls, bats</textarea>" in page.text
    assert asked(pages) == 0


def test_what_is_typed_is_text(pages: Pages) -> None:
    """Whatever stands in a form comes back escaped."""
    page = pages.post(
        "/subscribe", address='"><script>', interests="</textarea><script>", zone='"><script>'
    )
    assert "<script>" not in page.text


def test_fault_47_the_answer_is_the_same_for_everybody(pages: Pages) -> None:
    """Known, departed, waiting, mailed and unknown addresses: same status, headers and page."""
    subscribe(pages.store, "known@example.org", (), Schedule(), 10, NOW)
    gone = subscribe(pages.store, "gone@example.org", (), Schedule(), 10, NOW)
    pages.store.readers.unsubscribe(gone.handle, NOW)
    pages.post("/subscribe", address="mailed@example.org", **FORM)
    pages.run()
    pages.post("/subscribe", address="waiting@example.org", **FORM)
    answers = {}
    for name in ("known", "gone", "mailed", "waiting", "unknown"):
        answer = pages.post("/subscribe", address=f"{name}@example.org", **FORM)
        body = answer.text.replace(f"{name}@example.org", "ADDRESS")
        headers = [h for h in answer.headers if h[0] != "Content-Length"]
        answers[name] = (answer.status_code, headers, body)
    assert all(answer == answers["unknown"] for answer in answers.values())
    assert answers["unknown"][0] == 200


def test_fault_46_a_visitor_cannot_go_on_for_ever(pages: Pages) -> None:
    """The eleventh form of one visitor within the hour is refused, whomever it is for."""
    for number in range(10):
        assert pages.post("/subscribe", address=f"a{number}@example.org", **FORM).status_code == 200
    refused = pages.post("/subscribe", address="b@example.org", **FORM)
    assert refused.status_code == 429
    assert asked(pages) == 10
    pages.now += timedelta(hours=1)
    assert pages.post("/subscribe", address="b@example.org", **FORM).status_code == 200


def test_fault_46_many_visitors_together_are_held_back(folder: Path) -> None:
    """Forms from many networks are all taken, and mailed no faster than is set for all together."""
    folder.mkdir()
    pages = open_pages(folder, DIGEST_SIGNUPS_PER_HOUR="5")
    for number in range(40):
        answer = pages.client.post(
            "/subscribe",
            data={"address": f"a{number}@example.org", **FORM},
            environ_base={"REMOTE_ADDR": f"2001:db8:0:{number:x}::1"},
        )
        assert answer.status_code == 200
    assert [pages.run().greeted.queued for _ in range(2)] == [5, 0]
    pages.now += timedelta(hours=1, seconds=1)
    assert pages.run().greeted.queued == 5
    close_pages(pages)


def test_fault_41_looking_at_the_link_changes_nothing(pages: Pages) -> None:
    """A scanner that opens the mailed link, twice, subscribes nobody; the button does."""
    pages.post("/subscribe", address=ADDRESS, **FORM)
    link = mailed_link(pages)
    before = content(pages)
    for _ in range(2):
        page = pages.get(link)
        assert page.status_code == 200
        assert ADDRESS in page.text
        assert "owls, bats" in page.text
        assert pages.client.head(link.removeprefix(BASE)).status_code == 200
    assert content(pages) == before
    assert pages.store.readers.count() == 0
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_the_button_subscribes_once(pages: Pages) -> None:
    """The page says when the first edition comes, and has signed links; again, nothing changes."""
    pages.post("/subscribe", address=ADDRESS, **FORM)
    link = mailed_link(pages)
    page = pages.post(link)
    assert page.status_code == 200
    assert "on Friday, 20 March 2026, from 08:30 (Europe/Berlin)" in page.text
    reader = pages.reader(ADDRESS)
    assert (reader.limit, reader.schedule.weekdays) == (7, frozenset({4}))
    links = re.findall(rf'href="{BASE}(/[pa]/[^"]+)"', page.text)
    assert [pages.get(address).status_code for address in links] == [200, 200]
    before = content(pages)
    again = pages.post(link)
    assert "You are subscribed" in again.text
    assert content(pages) == before
    looked = pages.get(link)
    assert "You are subscribed" in looked.text
    assert f"{BASE}/p/" not in looked.text


def test_the_answer_names_the_rest_of_a_mailbox(pages: Pages) -> None:
    """Mails may be a day away, whoever asks: the same words for all, where no mail comes soon."""
    said = []
    for _ in range(2):
        page = pages.post("/subscribe", address=ADDRESS, **FORM)
        said.append(page.text)
        pages.run()
    said.append(pages.post("/subscribe", address="eve@example.org", **FORM).text)
    assert all("as soon as 24 hours have passed since" in text for text in said)
    assert said[0] == said[1] == said[2].replace("eve@example.org", ADDRESS)


def test_who_is_due_already_is_served_at_once(pages: Pages) -> None:
    """Where the hour has passed today, the page says so, and the next run makes the edition."""
    pages.post("/subscribe", address=ADDRESS, interests="owls", hour="7")
    page = pages.post(mailed_link(pages))
    assert "within minutes" in page.text
    assert pages.run().edited.made == 1


def test_fault_48_an_old_link_says_what_to_do(pages: Pages) -> None:
    """Confirmed, unsubscribed: the link subscribes nobody, and the page leads to the form."""
    pages.post("/subscribe", address=ADDRESS, **FORM)
    link = mailed_link(pages)
    pages.post(link)
    pages.store.readers.unsubscribe(pages.reader(ADDRESS).handle, pages.now)
    for page in (pages.get(link), pages.post(link)):
        assert page.status_code == 410
        assert 'href="/subscribe"' in page.text
    assert pages.store.readers.count() == 0


def test_fault_44_links_that_do_not_confirm(pages: Pages) -> None:
    """Of another purpose, with another nonce, expired, by a retired key: refused, and said so."""
    pages.post("/subscribe", address=ADDRESS, **FORM)
    link = mailed_link(pages)
    links = links_of(pages)
    nonce = links.read(Purpose.CONFIRM, link.rpartition("/")[2], NOW).name
    other = links.sign(Token(Purpose.INVITE, nonce, NOW.date()))
    assert pages.post(f"/c/{other}").status_code == 404
    assert pages.post(f"{link}x").status_code == 404
    unknown = links.sign(Token(Purpose.CONFIRM, "nobody", NOW.date()))
    assert pages.post(f"/c/{unknown}").status_code == 410
    pages.now = NOW + timedelta(days=8)
    assert pages.post(link).status_code == 404
    pages.now = NOW
    pages.store.keys.replace(NOW)
    pages.site.open(load(None, pages.environment))
    assert pages.post(link).status_code == 404
    assert pages.store.readers.count() == 0


def test_fault_49_forms_of_other_sites_are_refused(pages: Pages) -> None:
    """Neither a wish nor a confirmation is taken from a page of somebody else."""
    pages.post("/subscribe", address=ADDRESS, **FORM)
    link = mailed_link(pages).removeprefix(BASE)
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    form = {"address": "b@example.org", **FORM}
    assert pages.client.post(link, headers=foreign).status_code == 403
    assert pages.client.post("/subscribe", data=form, headers=foreign).status_code == 403
    assert pages.store.readers.count() == 0
    assert asked(pages) == 1


def test_a_closed_house_takes_nobody(folder: Path) -> None:
    """The page says so, and a form that is sent all the same does nothing."""
    folder.mkdir()
    pages = open_pages(folder, DIGEST_SUBSCRIBE="closed")
    for page in (pages.get("/subscribe"), pages.post("/subscribe", address=ADDRESS, **FORM)):
        assert page.status_code == 404
        assert "Nobody can subscribe here" in page.text
    assert asked(pages) == 0
    assert 'href="/subscribe"' not in pages.get("/").text
    close_pages(pages)


def test_who_is_invited_can_subscribe(folder: Path, digest: Digest) -> None:
    """The link that the owner makes opens the form, for as long as it holds; nothing else does."""
    folder.mkdir()
    pages = open_pages(folder, DIGEST_SUBSCRIBE="invite")
    for page in (pages.get("/subscribe"), pages.post("/subscribe", address=ADDRESS, **FORM)):
        assert page.status_code == 403
        assert "open the link of the invitation" in page.text
    database = ("--database", folder / "digest.db")
    made = digest("readers", "invite", "--days", 3, *database).out.strip()
    invite = made.rpartition("=")[2]
    pages.now = datetime.now(UTC)
    page = pages.get(f"/subscribe?invite={invite}")
    assert page.status_code == 200
    assert f'name="invite" value="{invite}"' in page.text
    broken = pages.post("/subscribe", address=ADDRESS, invite="x" + invite, **FORM)
    assert broken.status_code == 404
    assert "ask whoever invited you" in broken.text
    assert "from the mail" not in broken.text
    taken = pages.post("/subscribe", address=ADDRESS, invite=invite, **FORM)
    assert taken.status_code == 200
    assert asked(pages) == 1
    pages.now += timedelta(days=4)
    assert pages.get(f"/subscribe?invite={invite}").status_code == 404
    close_pages(pages)


def test_the_owner_can_hand_out_a_reader_s_links(pages: Pages, digest: Digest) -> None:
    """`digest readers link` prints links that work; for nobody, it says so."""
    subscribe(pages.store, ADDRESS, (), Schedule(), 10, NOW)
    database = ("--database", pages.folder / "digest.db")
    said = digest("readers", "link", ADDRESS, *database)
    assert said.code == 0
    found = re.findall(r"http://\S+", said.out)
    assert [pages.get(address).status_code for address in found] == [200, 200]
    assert digest("readers", "link", "nobody@example.org", *database).code == 2


def test_many_who_wait_are_told_apart_from_nobody(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the queue is full the page says so with 503, for known and unknown addresses alike."""
    monkeypatch.setattr("digest.store.signups.Signups.ask", lambda *_: False)
    page = pages.post("/subscribe", address=ADDRESS, **FORM)
    assert page.status_code == 503
    assert "come back in some hours" in page.text
