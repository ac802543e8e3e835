"""The page of preferences, moving, taking along and leaving for good, as a browser sees them."""

import html
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import select

from digest import readers as service
from digest.config import Settings
from digest.libraries.pasted import read_pasted
from digest.links import Links, Purpose, Token
from digest.model import Manner, Quiet, Reader, ReaderKind, Schedule, Vote, VoteKind
from digest.readers.moving import carry_out_moves
from digest.readers.preferences import LIKED
from digest.store.bounces import Bounces
from digest.store.schema import metadata
from digest.web.pages import preferences as module
from tests.conftest import DAY, NOW
from tests.pages import BASE, Pages
from tests.papers import paper, reader, seen
from tests.unit.test_export import NEW
from tests.unit.test_moving import OFFICE

ANN = "ann@example.org"


def _links(pages: Pages) -> Links:
    pages.store.keys.renew(pages.now)
    return Links(BASE, pages.store.keys.all)


def _address(pages: Pages, one: Reader, day: date = DAY) -> str:
    return _links(pages).url(Token(Purpose.PREFERENCES, one.handle, day))


def _ann(pages: Pages, *interests: str) -> Reader:
    return pages.store.readers.save(reader(ANN, *interests), NOW)


def _rows(pages: Pages) -> list[Any]:
    """All that is stored, but for what counts visitors."""
    with pages.store.engine.connect() as connection:
        return [
            (table.name, [tuple(row) for row in connection.execute(select(table))])
            for table in metadata.sorted_tables
            if table.name != "limits"
        ]


class _Forms(HTMLParser):
    """The forms of a page, each as its fields and what stands in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self._area = ""
        self._choice = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        if "id" in of:
            self.ids.append(of["id"])
        if tag == "form":
            self.forms.append({})
        elif tag == "label":
            self.labels.append(of["for"])
        elif tag == "input" and (of.get("type") not in ("checkbox", "radio") or "checked" in of):
            self.forms[-1][of["name"]] = of.get("value", "")
        elif tag == "textarea":
            self._area = of["name"]
            self.forms[-1][self._area] = ""
        elif tag == "select":
            self._choice = of["name"]
        elif tag == "option" and "selected" in of:
            self.forms[-1][self._choice] = of["value"]

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def that(self, do: str) -> dict[str, str]:
        """The form that does something."""
        (found,) = [form for form in self.forms if form.get("do") == do]
        return found


def test_the_page_shows_where_a_reader_stands(pages: Pages) -> None:
    """Interests, volume, schedule, papers, votes, address, export, ways to leave: one page."""
    ann = _ann(pages, 'owls^2, "night flight", -survey')
    answer = pages.get(_address(pages, ann))
    assert answer.status_code == 200
    forms = _Forms(answer.text)
    assert forms.that("interests")["text-0"] == 'owls^2, "night flight", -survey'
    assert forms.that("interests")["text-1"] == ""
    assert forms.that("volume")["limit"] == "10"
    assert forms.that("schedule") == {
        "do": "schedule",
        "hour": "07:00",
        "zone": "UTC",
        "rhythm": "daily",
        "weekday": "0",
    }
    assert forms.that("manner") == {
        "do": "manner",
        "trend": "20",
        "quiet": "trending",
        "abstracts": "yes",
    }
    assert len(re.findall(r'<input id="trend-\d+" name="trend" type="radio"', answer.text)) == 5
    for purpose in (Purpose.UNSUBSCRIBE, Purpose.ARCHIVE, Purpose.FEED):
        assert f'href="/{purpose.value}/' in answer.text
    assert len(forms.ids) == len(set(forms.ids))
    assert set(forms.labels) <= set(forms.ids)
    assert answer.text.count("<h1") == 1
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_what_is_sent_back_unchanged_changes_nothing(pages: Pages) -> None:
    """Every form with values, sent as the page has it, leaves the reader as it was."""
    schedule = Schedule(6 * 60 + 30, "Asia/Tokyo", frozenset((0, 3)))
    ann = pages.store.readers.save(
        replace(
            _ann(pages, "owls, bats^2", "newts"),
            schedule=schedule,
            limit=17,
            manner=Manner(35, Quiet.NOTE, abstracts=False),
        ),
        NOW,
    )
    address = _address(pages, ann)
    forms = _Forms(pages.get(address).text)
    for do in ("interests", "volume", "manner", "schedule"):
        answer = pages.post(address, **forms.that(do))
        assert (answer.status_code, do in answer.headers["Location"]) == (303, True)
    assert pages.reader(ANN) == ann


def test_each_form_does_one_thing_and_says_so(pages: Pages) -> None:
    """A form is answered by going back to the page, which says what was done."""
    ann = _ann(pages, "owls")
    address = _address(pages, ann)
    for sent, check in (
        (
            {
                "do": "interests",
                "name-0": "birds",
                "text-0": "owls",
                "name-1": "",
                "text-1": "bats",
            },
            lambda r: [i.name for i in r.interests] == ["birds", "keywords"],
        ),
        ({"do": "interests", "name-0": "birds", "text-0": ""}, lambda r: r.interests == ()),
        ({"do": "volume", "limit": "100"}, lambda r: r.limit == 100),
        (
            {"do": "manner", "trend": "0", "quiet": "nothing", "abstracts": "no"},
            lambda r: r.manner == Manner(0, Quiet.NOTHING, abstracts=False),
        ),
        (
            {"do": "manner", "trend": "100"},  # the rest asks for nothing new
            lambda r: r.manner == Manner(100, Quiet.NOTHING, abstracts=False),
        ),
        (
            {
                "do": "schedule",
                "hour": "18:05",
                "zone": "Asia/Tokyo",
                "rhythm": "weekly",
                "weekday": "6",
            },
            lambda r: r.schedule == Schedule(1085, "Asia/Tokyo", frozenset((6,))),
        ),
        (
            {"do": "pause", "until": "2026-04-01"},
            lambda r: r.schedule.paused_until == date(2026, 4, 1),
        ),
        ({"do": "resume"}, lambda r: r.schedule.paused_until is None),
    ):
        answer = pages.post(address, **sent)
        assert answer.status_code == 303, sent
        assert check(pages.reader(ANN)), sent
        shown = pages.get(answer.headers["Location"].partition("#")[0])
        assert 'class="done"' in shown.text, sent
    assert 'class="done"' not in pages.get(f"{address}?done=<script>").text


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        (
            {"do": "interests", "name-0": "Sky", "text-0": '"open', "text-1": "kept as typed"},
            "text-0",
            "never closed",
        ),
        ({"do": "volume", "limit": "1000"}, "limit", "1 to 100"),
        (
            {"do": "schedule", "hour": "25", "zone": "UTC", "rhythm": "daily"},
            "hour",
            "is no hour",
        ),
        (
            {"do": "schedule", "hour": "7", "zone": "Mars/Base", "rhythm": "daily"},
            "zone",
            "no time zone",
        ),
        ({"do": "pause", "until": "2026-03-17"}, "until", "later date"),
        ({"do": "pause", "until": "soon"}, "until", "is no date"),
        ({"do": "move", "address": "a@b@c"}, "address", "no mail address"),
        ({"do": "move", "address": ANN}, "address", "the address that the reader has"),
    ],
)
def test_errors_stand_beside_the_field_and_nothing_is_lost(
    pages: Pages, sent: dict[str, str], field: str, said: str
) -> None:
    """What was typed stands there again, the field names its error, and nothing is stored."""
    ann = _ann(pages, "owls")
    before = _rows(pages)
    answer = pages.post(_address(pages, ann), **sent)
    assert answer.status_code == 400
    error = re.search(rf'id="{field}-error">([^<]*)<', answer.text)
    assert error is not None
    assert said in error[1]
    assert f"{field}-error" in answer.text.partition("aria-invalid")[2]
    form = _Forms(answer.text).that(sent["do"])
    for name, value in sent.items():
        assert form[name] == value
    assert _rows(pages)[-1] == before[-1]
    assert pages.reader(ANN) == ann


@pytest.mark.parametrize(
    ("field", "written", "said"),
    [
        ("trend", "101", "is no share from 0 to 100"),
        ("quiet", "loud", "not known for quiet days"),
        ("abstracts", "perhaps", "neither yes nor no"),
    ],
)
def test_a_manner_that_no_form_of_ours_sends_is_refused(
    pages: Pages, field: str, written: str, said: str
) -> None:
    """The field names what is wrong, and nothing is stored."""
    ann = _ann(pages, "owls")
    answer = pages.post(_address(pages, ann), do="manner", **{field: written})
    assert answer.status_code == 400
    assert said in html.unescape(answer.text.partition(f'id="{field}-error">')[2][:100])
    assert f"{field}-error" in answer.text.partition('aria-invalid="true"')[2][:80]
    assert pages.reader(ANN) == ann


def test_the_person_of_the_configuration_sees_its_manner(pages: Pages) -> None:
    """In words, beside what else the configuration says."""
    settings = Settings(address=ANN, dial=80, quiet=Quiet.NOTE, abstracts=False)
    person = service.keep_configured(pages.store, settings, NOW)
    assert person is not None
    text = pages.get(_address(pages, person)).text
    for words in ("mostly what everyone reads, 20 %", "a few lines that say so", "one sentence"):
        assert words in text
    assert 'name="trend"' not in text


def test_resuming_never_takes_back_an_unsubscription(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail program's one click, or a deletion, in the midst of it: it stays done."""
    ann = _ann(pages, "owls")
    address = _address(pages, ann)
    leave = _links(pages).url(Token(Purpose.UNSUBSCRIBE, ann.handle))
    pages.post(address, do="pause", until="2026-04-01")
    forgive = Bounces.forgive

    def meanwhile(bounces: Bounces, name: str) -> None:
        pages.post(leave, do="leave")
        forgive(bounces, name)

    monkeypatch.setattr(Bounces, "forgive", meanwhile)
    assert pages.post(address, do="resume").status_code == 400
    assert pages.store.readers.find(ANN) is None
    assert pages.store.readers.unsubscribed(ann.handle) is not None


def test_too_many_interests_are_told_beside_the_longest(pages: Pages) -> None:
    """What was typed stands there still, nothing is saved, and the page stays small."""
    ann = _ann(pages, "owls")
    address = _address(pages, ann)
    long = ", ".join(f"w{number}" for number in range(2_000))
    sent = {"name-0": "a", "text-0": "owls", "name-1": "b", "text-1": long}
    sent |= {"name-2": "c", "text-2": ", ".join(f"x{number}" for number in range(1_000))}
    answer = pages.post(address, do="interests", **sent)
    assert answer.status_code == 400
    assert "items together" in answer.text.partition('id="text-1-error"')[2][:200]
    assert _Forms(answer.text).that("interests")["text-1"] == long
    assert pages.reader(ANN) == ann


def test_a_base_with_a_path_leads_to_all_pages(pages: Pages) -> None:
    """Every address on the pages of a reader lies below it."""
    ann = _ann(pages, "owls")
    path = _address(pages, ann).removeprefix(BASE)
    for page in (path, f"{path}/delete"):
        text = pages.client.get(page, base_url="https://lab.example.org/papers").text
        addresses = re.findall(r'(?:href|action|src)="([^"#]*)"', text)
        assert addresses
        assert [one for one in addresses if not one.startswith("/papers/")] == []


def test_liked_papers_are_pasted_and_forgotten(pages: Pages) -> None:
    """What cannot be read is named by its line and kept in the field; the rest counts."""
    ann = _ann(pages)
    address = _address(pages, ann)
    pasted = "2401.00001\nOwls that hunt by ear alone\nnope\n<b>bold</b> no"
    answer = pages.post(address, do="paste", papers=pasted)
    assert answer.status_code == 200
    assert "2 of these papers are new" in answer.text
    assert "line 3: nope" in answer.text
    assert "<b>" not in answer.text
    assert _Forms(answer.text).that("paste")["papers"].strip() == pasted
    assert pages.post(address, do="paste", papers="Newts that sing in rain").status_code == 303
    assert pages.store.libraries.origins(ann.row) == [(LIKED, 2)]
    assert f"{LIKED}: 2 papers" in pages.get(address).text
    for _ in range(2):
        assert pages.post(address, do="forget", library=LIKED).status_code == 303
    assert pages.store.libraries.origins(ann.row) == []


def test_liked_papers_are_named(pages: Pages) -> None:
    """The titles of twenty, the others counted; identifiers that nobody knows here, too."""
    ann = _ann(pages)
    address = _address(pages, ann)
    known = seen(paper("Owls that hunt by ear alone", "", "arxiv:2401.00002"))
    pages.store.papers.add([known], "file", DAY)
    titles = [f"Newts that sing in pond {number}" for number in range(21)]
    pages.post(address, do="paste", papers="\n".join(("2401.00001", "2401.00002", *titles)))
    text = pages.get(address).text
    assert f"What is in {LIKED}" in text
    assert sum(f"<li>{title}</li>" in text for title in titles) == 20
    assert "<li>and 2 more</li>" in text
    assert re.search(r"Not known here yet: \S*2401\.00001\.", text)
    pages.post(address, do="forget", library=LIKED)
    assert "What is in" not in pages.get(address).text


def test_what_was_pasted_is_not_run_as_code(pages: Pages) -> None:
    """Titles of a pasted library are escaped wherever the page shows them."""
    ann = _ann(pages)
    hostile = "<script>alert(1)</script> of owls and bats"
    shelf = read_pasted(hostile)
    service.library.add_to_shelf(pages.store, ann, "<img src=x>", shelf, DAY)
    number = pages.store.papers.numbers()[0]
    pages.store.votes.cast(Vote(ann.row, number, VoteKind.MORE, None, NOW))
    text = pages.get(_address(pages, ann)).text
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
    assert "<img" not in text


def test_votes_are_withdrawn_one_by_one(pages: Pages) -> None:
    """A button takes back its vote; again, it changes nothing; and no other reader's."""
    pages.store.papers.add([seen(paper("One")), seen(paper("Two"))], "file", DAY)
    ann, bea = _ann(pages), pages.store.readers.save(reader("bea@example.org"), NOW)
    for whose in (ann, bea):
        for number in pages.store.papers.numbers():
            cast = Vote(whose.row, number, VoteKind.LESS, None, NOW)
            pages.store.votes.cast(cast)
    address = _address(pages, ann)
    forms = [form for form in _Forms(pages.get(address).text).forms if form["do"] == "withdraw"]
    assert len(forms) == 2
    for _ in range(2):
        assert pages.post(address, **forms[0]).status_code == 303
    assert len(pages.store.votes.of([ann.row])[ann.row]) == 1
    assert len(pages.store.votes.of([bea.row])[bea.row]) == 2
    for broken in ("", "1", "x less", "1 love", "9999999999 less", "-1 less"):
        assert pages.post(address, do="withdraw", vote=broken).status_code == 400


def test_the_configured_person_sees_what_is_set_elsewhere(pages: Pages) -> None:
    """Its interests are shown, not edited; it may vote, take along and unsubscribe."""
    me = replace(reader("me@example.org", "owls"), name="config", kind=ReaderKind.CONFIG)
    me = pages.store.readers.save(me, NOW)
    pages.store.papers.add([seen(paper("One"))], "file", DAY)
    number = pages.store.papers.numbers()[0]
    pages.store.votes.cast(Vote(me.row, number, VoteKind.MORE, None, NOW))
    address = _address(pages, me)
    text = pages.get(address).text
    assert "config.env" in text
    assert "owls" in text
    assert {form["do"] for form in _Forms(text).forms} == {"withdraw"}
    assert "Unsubscribe</a>" in text
    assert "Delete for good" not in text  # which would be refused
    sent = {"text-0": "bats", "limit": "3", "hour": "8", "until": "2026-05-01", "papers": "x y z w"}
    for do in ("interests", "volume", "schedule", "pause", "paste", "move"):
        assert pages.post(address, do=do, address=NEW, **sent).status_code == 400, do
    assert pages.reader("config") == me
    assert pages.post(address, do="withdraw", vote=f"{number} more").status_code == 303
    assert pages.get(f"{address}/export").status_code == 200
    assert pages.post(f"{address}/delete", sure="yes").status_code == 400
    assert pages.reader("config") == me


def test_who_unsubscribed_may_look_and_leave(pages: Pages) -> None:
    """Nothing is changed for it, and nothing wakes it, but all that is stored can be had."""
    ann = _ann(pages, "owls")
    address = _address(pages, ann)
    pages.store.readers.unsubscribe(ann.handle, NOW)
    text = pages.get(address).text
    assert "You have unsubscribed" in text
    assert "/u/" in text
    before = _rows(pages)
    for do in ("interests", "volume", "resume", "move"):
        assert pages.post(address, do=do, limit="3", address=NEW).status_code == 200
    assert _rows(pages) == before
    assert pages.get(f"{address}/export").get_json()["reader"]["address"] == ANN
    assert pages.post(f"{address}/delete", sure="yes").status_code == 200
    assert pages.store.readers.unsubscribed(ann.handle) is None


def test_the_export_is_a_file(pages: Pages) -> None:
    """One JSON document, to be saved; asking for it changes nothing."""
    ann = _ann(pages, "owls")
    address = f"{_address(pages, ann)}/export"
    before = _rows(pages)
    answer = pages.get(address)
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="paper-digest-2026-03-17.json"'
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.text)["interests"][0]["text"] == "owls"
    assert pages.client.head(address.removeprefix(BASE)).status_code == 200
    assert _rows(pages) == before


def test_deleting_for_good_asks_first_and_is_final(pages: Pages) -> None:
    """Without the tick nothing goes; with it all does, and links say so from then on."""
    ann = _ann(pages, "owls")
    address = _address(pages, ann)
    assert 'type="checkbox"' in pages.get(f"{address}/delete").text
    assert pages.post(f"{address}/delete").status_code == 400
    assert pages.reader(ANN) == ann
    for said in ("Nothing is stored about you", "is deleted"):
        done = pages.post(f"{address}/delete", sure="yes")
        assert done.status_code == 200
        assert said in done.text
    for path in ("", "/export", "/delete"):
        gone = pages.get(f"{address}{path}")
        assert gone.status_code == 410
        assert "is deleted" in gone.text
    assert pages.post(address, do="volume", limit="3").status_code == 410
    assert pages.store.readers.count() == 0


def test_a_move_is_agreed_to_by_both_links(pages: Pages) -> None:
    """A look changes nothing; a button agrees; the page never says what came of it."""
    ann = _ann(pages, "owls")
    address = _address(pages, ann)
    assert pages.post(address, do="move", address=NEW).status_code == 303
    assert NEW in pages.get(address).text
    move = pages.store.moves.of(ann.handle)
    assert move is not None
    carry_out_moves(pages.store, OFFICE, _links(pages), "outbox", 100, NOW)
    old, new = (
        _links(pages).url(Token(Purpose.MOVE, move.nonce, DAY, (side,))) for side in ("o", "n")
    )
    before = _rows(pages)
    assert ANN in pages.get(old).text
    assert ANN not in pages.get(new).text
    assert _rows(pages) == before
    assert pages.post(old).status_code == 400
    for link in (old, old, new):
        assert "This mailbox has agreed" in pages.post(link, answer="yes").text
    taken = pages.store.readers.save(reader(NEW), NOW)
    said = pages.post(new, answer="yes").text
    assert "This mailbox has agreed" in said
    service.erase(pages.store, taken)
    carry_out_moves(pages.store, OFFICE, _links(pages), "outbox", 100, NOW)
    moved = pages.reader(NEW)
    assert moved.row == ann.row
    assert pages.get(old).status_code == 404
    for way in ("get", "post"):  # the old mailbox has no key any more
        gone = getattr(pages, way)(address)
        assert (gone.status_code, "gets editions at another address" in gone.text) == (410, True)
    archive = Token(Purpose.ARCHIVE, ann.handle)
    assert "at another address" in pages.get(_links(pages).url(archive)).text
    assert pages.get(_address(pages, moved)).status_code == 200


@pytest.mark.parametrize("side", ["o", "n"])
def test_either_mailbox_refuses_a_move(pages: Pages, side: str) -> None:
    """One no ends it, and both links are dead."""
    ann = _ann(pages)
    pages.post(_address(pages, ann), do="move", address=NEW)
    move = pages.store.moves.of(ann.handle)
    assert move is not None
    links = [_links(pages).url(Token(Purpose.MOVE, move.nonce, DAY, (one,))) for one in "on"]
    refused = _links(pages).url(Token(Purpose.MOVE, move.nonce, DAY, (side,)))
    assert "stays as it is" in pages.post(refused, answer="no").text
    assert [pages.get(link).status_code for link in links] == [404, 404]
    assert pages.reader(ANN).handle == ann.handle


def test_fault_41_reading_preferences_changes_nothing(pages: Pages) -> None:
    """GET and HEAD on every page of a reader leave every row as it is."""
    ann = _ann(pages, "owls")
    address = _address(pages, ann)
    pages.post(address, do="move", address=NEW)
    move = pages.store.moves.of(ann.handle)
    assert move is not None
    addresses = [f"{address}{path}" for path in ("", "?done=volume", "/export", "/delete")]
    addresses += [
        _links(pages).url(Token(Purpose.MOVE, move.nonce, DAY, (side,))) for side in ("o", "n")
    ]
    before = _rows(pages)
    for one in addresses:
        assert pages.get(one).status_code == 200
        assert pages.client.head(one.removeprefix(BASE)).status_code == 200
    assert _rows(pages) == before


def test_fault_44_links_of_others_open_nothing(pages: Pages) -> None:
    """Another purpose, a changed letter, another reader's handle, a past day: refused."""
    ann = _ann(pages, "owls")
    links = _links(pages)
    right = links.sign(Token(Purpose.PREFERENCES, ann.handle, DAY))
    bea = pages.store.readers.save(reader("bea@example.org"), NOW)
    wrong = {
        "another purpose": links.sign(Token(Purpose.UNSUBSCRIBE, ann.handle)),
        "of an archive": links.sign(Token(Purpose.ARCHIVE, ann.handle)),
        "another reader": right.replace(ann.handle, bea.handle),
        "another day": right.replace(f".{right.split('.')[1]}.", ".NZZ."),
        "cut": right[:-1],
        "nothing": "x",
        "run out": links.sign(Token(Purpose.PREFERENCES, ann.handle, DAY - timedelta(days=61))),
    }
    assert pages.get(f"/p/{right}").status_code == 200
    for what, token in wrong.items():
        for path in ("", "/export", "/delete"):
            assert pages.get(f"/p/{token}{path}").status_code == 404, what
        assert pages.post(f"/p/{token}", do="volume", limit="1").status_code == 404, what
        assert pages.post(f"/p/{token}/delete", sure="yes").status_code == 404, what
    assert pages.reader(ANN) == ann
    assert pages.post(f"/m/{right}", answer="yes").status_code == 404


def test_fault_44_keys_that_were_retired_open_nothing(pages: Pages) -> None:
    """After the keys are replaced, links made before are for leaving alone."""
    ann = _ann(pages)
    address = _address(pages, ann)
    assert pages.get(address).status_code == 200
    pages.store.keys.replace(NOW)
    pages.now = NOW + timedelta(minutes=1)
    pages.site.open(pages.site._floor.house.settings)  # type: ignore[union-attr]  # noqa: SLF001
    dead, garbled = pages.get(address), pages.get(address[:-1])
    assert (dead.status_code, garbled.status_code) == (404, 404)
    assert "links were made anew since" in dead.text
    assert "the next letter has yours" in dead.text
    assert 'href="/subscribe">type your address</a>' in dead.text
    assert "made anew" not in garbled.text
    assert "copy all of it from the mail" in garbled.text


def test_fault_44_a_link_of_one_who_left_is_nobodys(pages: Pages) -> None:
    """The next reader has a row of its own, and is not reached by the links of the one before."""
    ann = _ann(pages, "owls")
    address = _address(pages, ann)
    pages.post(f"{address}/delete", sure="yes")
    bea = pages.store.readers.save(reader("bea@example.org", "bats"), NOW)
    assert bea.row != ann.row
    for path in ("", "/export", "/delete"):
        answer = pages.get(f"{address}{path}")
        assert answer.status_code == 410
        assert "bea" not in answer.text
    pages.post(address, do="volume", limit="1")
    pages.post(f"{address}/delete", sure="yes")
    assert pages.reader("bea@example.org") == bea


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": f"{BASE}.evil.example"},
        {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_fault_49_forms_of_other_sites_change_nothing(
    pages: Pages, headers: dict[str, str]
) -> None:
    """Even with the reader's own link: every form is refused, and nothing is stored."""
    ann = _ann(pages, "owls")
    path = _address(pages, ann).removeprefix(BASE)
    pages.post(path, do="move", address=NEW)
    move = pages.store.moves.of(ann.handle)
    assert move is not None
    agree = f"/m/{_links(pages).sign(Token(Purpose.MOVE, move.nonce, DAY, ('o',)))}"
    before = _rows(pages)
    for address, sent in (
        (path, {"do": "volume", "limit": "1"}),
        (path, {"do": "interests", "text-0": "bats"}),
        (path, {"do": "move", "address": "evil@evil.example"}),
        (f"{path}/delete", {"sure": "yes"}),
        (agree, {"answer": "yes"}),
    ):
        assert pages.client.post(address, data=sent, headers=headers).status_code == 403
    assert _rows(pages) == before


def test_fault_49_our_own_forms_and_plain_clients_are_taken(pages: Pages) -> None:
    """A browser on our page, one that hides its address, and a program with the link alone."""
    ann = _ann(pages)
    path = _address(pages, ann).removeprefix(BASE)
    for limit, headers in enumerate(
        (
            {"Origin": BASE, "Sec-Fetch-Site": "same-origin"},
            {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
            {"Origin": "null"},
            {"Origin": BASE},
            {},
        ),
        1,
    ):
        sent = {"do": "volume", "limit": str(limit)}
        assert pages.client.post(path, data=sent, headers=headers).status_code == 303
        assert pages.reader(ANN).limit == limit


def test_a_form_that_does_nothing_known_is_refused(pages: Pages) -> None:
    """A word that no form of ours sends is no reason for a trace."""
    address = _address(pages, _ann(pages))
    assert pages.post(address, do="everything").status_code == 400
    assert pages.post(address).status_code == 400


def test_too_many_forms_wait(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """A visitor sends so many forms an hour, no more; reading goes on."""
    monkeypatch.setattr(module, "_MOST", 3)
    address = _address(pages, _ann(pages))
    codes = [pages.post(address, do="stay").status_code for _ in range(4)]
    assert codes == [303, 303, 303, 429]
    assert pages.get(address).status_code == 200
    pages.now += timedelta(hours=1)
    assert pages.post(address, do="stay").status_code == 303


def test_nobody_learns_from_a_move_who_is_a_reader(pages: Pages) -> None:
    """A known address and an unknown one are answered alike, and stored alike."""
    ann = _ann(pages)
    pages.store.readers.save(reader("bea@example.org"), NOW)
    address = _address(pages, ann)
    said = []
    for asked in ("bea@example.org", "nob@example.org"):
        answer = pages.post(address, do="move", address=asked)
        shown = pages.get(address).text.replace(asked, "…")
        move = pages.store.moves.of(ann.handle)
        assert move is not None
        said.append((answer.status_code, answer.headers["Location"], shown, move.waits))
    assert said[0] == said[1]


def test_editions_follow_a_reader_to_its_new_mailbox(pages: Pages) -> None:
    """From the form through both mails to the next edition, by runs as the daemon makes them."""
    ann = _ann(pages, "graph neural network")
    pages.run()
    pages.post(_address(pages, ann), do="move", address=NEW)
    pages.run()
    found = {}
    for file in (pages.folder / "outbox").glob("*-move-*.eml"):
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        text = mail.get_body(("plain",))
        assert text is not None
        assert mail["Auto-Submitted"] == "auto-generated"
        found[mail["To"]] = next(w for w in text.get_content().split() if "/m/" in w)
    assert set(found) == {ANN, NEW}
    for link in found.values():
        assert pages.post(link, answer="yes").status_code == 200
    pages.run()
    moved = pages.reader(NEW)
    assert moved.row == ann.row
    pages.now += timedelta(days=1)
    tomorrow = pages.folder / "tomorrow.jsonl"
    fields = {"title": "A graph neural network that hears owls", "date": "2026-03-18"}
    tomorrow.write_text(json.dumps(fields), encoding="utf-8")
    assert pages.run([tomorrow]).edited.made == 1
    assert pages.get(f"{_address(pages, ann)}/export").status_code == 410
    exported = pages.get(f"{_address(pages, moved)}/export").get_json()
    sent = [(one["recipient"], one["state"]) for one in exported["deliveries"]]
    assert sent == [(ANN, "sent"), (NEW, "sent")]
