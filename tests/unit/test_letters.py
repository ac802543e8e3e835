"""The letter: what it says, how it is set, headers that cannot be injected."""

import html.parser
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import DigestError, TemplateError
from digest.letters import LetterOffice, Sender
from digest.letters.mime import assemble, clean_header
from digest.letters.render import Press, shipped_press, wrap
from digest.letters.view import reasons_in_words, view_of
from digest.model import (
    Coverage,
    Edition,
    Mood,
    Paper,
    Pick,
    Reader,
    Reason,
    ReasonKind,
    StoredPaper,
)
from tests.conftest import DAY
from tests.papers import paper, reader, stored

NOON = datetime(2026, 3, 17, 12, tzinfo=UTC)
LONG = "A sentence of an abstract that says something worth knowing. " * 20
OFFICE = LetterOffice(shipped_press(), Sender("digest@example.org", "owner@example.org"))


def pick(
    of: Paper, number: int = 1, upvotes: int | None = None, interest: str | None = "x"
) -> Pick:
    """A pick with a reason."""
    reasons = (Reason(ReasonKind.TERM, "graph networks", 0.3),)
    return Pick(stored(number, of, upvotes), 0.31, interest, reasons)


def edition(*picks: Pick, of: Reader | None = None, mood: Mood = Mood.MATCHED) -> Edition:
    """An edition of these picks."""
    coverage = (Coverage("arxiv", 445, 446), Coverage("huggingface", 0, None, "no connection"))
    return Edition(of or reader(), DAY, picks, mood, 500, coverage)


def mail_of(made: Edition) -> EmailMessage:
    """The composed mail, read back by a real parser."""
    raw = OFFICE.compose(made, NOON).raw
    return message_from_bytes(raw, policy=policy.default)


def parts_of(mail: EmailMessage) -> tuple[str, str]:
    """Text and HTML."""
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    return text.get_content(), page.get_content()


def test_a_letter_says_what_a_reader_wants_to_know() -> None:
    """Title, authors, abstract, reasons with score, counts, links, coverage: in both parts."""
    full = paper(
        "Graphs & their <limits>",
        LONG,
        "arxiv:9912.00001",
        authors=("Ann Poe", "Bo Li", "Cy Roe", "Di Fu", "Ed Su", "Flo Ray"),
        categories=("cs.LG",),
        url="https://arxiv.org/abs/9912.00001",
        pdf="https://arxiv.org/pdf/9912.00001",
        code="https://example.org/code",
    )
    text, page = parts_of(mail_of(edition(pick(full, upvotes=1))))
    assert "Graphs & their <limits>" in text
    assert "Graphs &amp; their &lt;limits&gt;" in page
    for part in (text, " ".join(re.sub(r"<[^>]+>", " ", page).split())):
        assert "Tuesday, 17 March 2026" in part
        assert "Ann Poe, Bo Li, Cy Roe and 3 others" in part
        assert "speaks of graph networks (score 0.31)" in part
        assert "▲ 1 upvote" in part
        assert "arXiv: 445 of 446 read" in " ".join(part.split())
        assert "Hugging Face Daily Papers could not be read" in " ".join(part.split())
    for link in ("https://arxiv.org/abs/9912.00001", "https://example.org/code"):
        assert f'href="{link}"' in page
        assert link in text
    assert max(len(line) for line in text.splitlines() if "://" not in line) <= 72


def test_sections_follow_interests_and_quiet_days_are_said() -> None:
    """One heading an interest; what upvotes chose is called trending."""
    two = edition(
        pick(paper("One"), 1, interest="night sky"), pick(paper("Two"), 2, interest="keywords")
    )
    headings = [section.heading for section in view_of(two, None).sections]
    assert headings == ["Night sky", "Your keywords"]
    some = replace(two, silent=("keywords", "owls"))
    assert view_of(some, None).quiet == "Nothing today for: your keywords, owls."
    fallback = view_of(edition(pick(paper("One"), interest=None), mood=Mood.UNMATCHED), None)
    assert "Nothing new met your interests" in fallback.intro
    assert [section.heading for section in fallback.sections] == ["Trending"]


def test_the_head_of_a_mail() -> None:
    """Subject with the best pick, lists headers, a Date, and the same Message-ID every time."""
    made = edition(pick(paper("The best of all papers")), pick(paper("Another one"), 2))
    mail = mail_of(made)
    assert mail["Subject"] == "The best of all papers, and 1 more"
    assert mail["From"] == "The Paper Digest <digest@example.org>"
    assert mail["To"] == "ann@example.org"
    assert mail["Date"] == "Tue, 17 Mar 2026 12:00:00 +0000"
    assert mail["List-Id"] == "The Paper Digest <digest.example.org>"
    assert mail["List-Unsubscribe"] == "<mailto:owner@example.org?subject=unsubscribe>"
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", mail["Message-ID"])
    again = OFFICE.compose(edition(pick(paper("Other papers"))), NOON.replace(hour=15))
    assert again.message_id == mail["Message-ID"]
    other = OFFICE.compose(edition(pick(paper("x")), of=reader("bob@example.org")), NOON)
    assert other.message_id != again.message_id
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


HOSTILE = [
    "Innocent\r\nBcc: eve@example.org",
    "=?UTF-8?Q?=0A?=Bcc: eve@example.org",
    "=?utf-8?B?DQpCY2M6IGV2ZUBleGFtcGxlLm9yZw==?=",
    "<script>alert(1)</script>",
    "\u202egnirts desrever\u202c",
    '"><img src=x onerror=alert(1)>',
    "{{ letter.owner }}{% raw %}",
    "x" * 5000,
    "ü" * 900,
    "Line\u2028separated\u0085and\x0bmore",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_injects_a_header_or_markup(title: str) -> None:
    """The mail has the headers that were meant, and no script, however the title is written."""
    mail = mail_of(edition(pick(paper(title))))
    names = [name.lower() for name in mail.keys()]  # noqa: SIM118 - all, with repeats
    assert sorted(names) == sorted(
        ["from", "to", "subject", "date", "message-id", "list-id", "list-unsubscribe",
         "auto-submitted", "mime-version", "content-type"]
    )  # fmt: skip
    assert mail["To"] == "ann@example.org"
    assert "\n" not in str(mail["Subject"])
    _, page = parts_of(mail)
    tags = list(_tags(page))
    assert "script" not in tags
    assert "img" not in tags


def _tags(page: str) -> Iterator[str]:
    found: list[str] = []

    class Collector(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append(tag)
            assert not any(name.startswith("on") for name, _ in attrs)

    Collector().feed(page)
    yield from found


@given(st.text(max_size=400))
@settings(max_examples=300)
def test_any_subject_reads_back_as_one_header(subject: str) -> None:
    """Encoding and folding lose nothing that a cleaned header holds."""
    meant = clean_header(subject)
    raw = assemble([("Subject", meant), ("To", "a@example.org")], "text", "<p>x</p>", "=_b")
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail.keys() == ["Subject", "To", "MIME-Version", "Content-Type"]
    assert " ".join(str(mail["Subject"]).split()) == meant
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


def test_a_header_that_would_read_back_differently_is_refused() -> None:
    """The last line of defence, should cleaning ever be forgotten."""
    with pytest.raises(DigestError, match="header"):
        assemble([("Subject", "a\r\nBcc: eve@example.org")], "t", "h", "=_b")
    with pytest.raises(DigestError, match="header"):
        assemble([("Subject", "=?utf-8?Q?=41?=")], "t", "h", "=_b")


def test_long_addresses_of_headers_stay_whole() -> None:
    """A List-Unsubscribe beyond 76 characters is neither encoded nor broken."""
    address = "<mailto:" + "owner" * 30 + "@example.org?subject=unsubscribe>"
    raw = assemble([("List-Unsubscribe", address)], "t", "h", "=_b")
    assert b"List-Unsubscribe: " + address.encode() + b"\r\n" in raw


def test_thirty_papers_stay_below_the_size_at_which_gmail_clips() -> None:
    """102 KB of HTML, with the longest titles, authors and abstracts that are shown."""
    papers = [
        paper(
            f"{number} " + "A long title of many words about something " * 4,
            LONG * 3,
            authors=tuple(f"Given Names Familyname{i}" for i in range(40)),
            categories=("cs.LG", "stat.ML", "astro-ph.GA"),
            **dict.fromkeys(
                ("url", "pdf", "code", "project"), f"https://example.org/{number}/{'x' * 80}"
            ),
        )
        for number in range(30)
    ]
    mail = mail_of(edition(*(pick(p, n, upvotes=1000) for n, p in enumerate(papers))))
    _, page = parts_of(mail)
    assert len(page.encode()) < 102 * 1024


@pytest.mark.parametrize("word", ["w ", "w", "字"])
def test_hostile_papers_cannot_make_a_letter_too_long(word: str) -> None:
    """Everything at its longest, without a space to cut at: abstracts give way."""
    fields = dict.fromkeys(("url", "pdf", "code", "project"), f"https://example.org/{'x' * 250}")
    long = (word * 20_000)[:20_000]
    papers = [paper(long[:1000], long, authors=(long[:200],) * 9, **fields) for _ in range(30)]
    _, page = parts_of(mail_of(edition(*(pick(p, n) for n, p in enumerate(papers)))))
    assert len(page.encode()) < 102 * 1024


def test_two_readers_never_share_a_file() -> None:
    """Addresses that differ in a sign, and long wishes that differ at their end."""
    labels = {
        OFFICE.compose(edition(pick(paper("x")), of=reader(address)), NOON).label
        for address in (
            "a.b@example.org",
            "a-b@example.org",
            "x" * 60 + "a@b.c",
            "x" * 60 + "b@b.c",
        )
    }
    assert len(labels) == 4


def test_nothing_is_fetched_and_dark_mode_is_there() -> None:
    """No image, no stylesheet, no script; styles are inlined, media queries kept."""
    _, page = parts_of(mail_of(edition(pick(paper("One", "Two.")))))
    assert set(_tags(page)) <= {
        "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td",
        "h1", "h2", "h3", "p", "a", "br", "span",
    }  # fmt: skip
    assert "prefers-color-scheme: dark" in page
    assert '<html lang="en"' in page
    assert re.search(r'<h3 class="title" style="[^"]*font-weight: ?bold', page)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("line one\n{{ letter.subjct }}", "letter.html.j2, line 2: .*subjct"),
        ("\n\n{% if %}", "letter.html.j2, line 3"),
        ("{{ letter.subject | nofilter }}", "letter.html.j2, line 1: .*nofilter"),
        ("\n{{ letter.sections + 1 }}", "letter.html.j2, line 2"),
    ],
)
def test_a_broken_template_is_named_with_its_line(tmp_path: Path, template: str, said: str) -> None:
    """File and line, whether it cannot be read or fails while it is set."""
    (tmp_path / "letter.html.j2").write_text(template)
    with pytest.raises(TemplateError, match=said):
        Press(tmp_path).html(view_of(edition(pick(paper("One"))), None))


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(TemplateError, match=r"letter\.txt\.j2 is missing"):
        Press(tmp_path).text(view_of(edition(pick(paper("One"))), None))


def test_reasons_in_words() -> None:
    """Terms, authors and categories; upvotes where they chose."""
    reasons = (
        Reason(ReasonKind.TERM, "a", 1),
        Reason(ReasonKind.TERM, "b", 1),
        Reason(ReasonKind.AUTHOR, "Jane Roe", 1),
        Reason(ReasonKind.CATEGORY, "cs.LG", 1),
    )
    some = StoredPaper(1, paper("x"), DAY)
    assert (
        reasons_in_words(Pick(some, 1, "x", reasons)) == "speaks of a and b; by Jane Roe; in cs.LG"
    )
    votes = (Reason(ReasonKind.UPVOTES, "7 upvotes", 7),)
    assert reasons_in_words(Pick(some, 7, None, votes)) == "7 upvotes"
    assert reasons_in_words(Pick(some, 0, None)) == ""


def test_wrapping_never_breaks_an_address() -> None:
    """A long word stands on its own line, whole."""
    address = "https://example.org/" + "a-b/" * 30
    assert address in wrap(f"see {address} there").splitlines()
