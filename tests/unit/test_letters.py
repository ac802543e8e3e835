"""The letter: what it says, how it is set, headers that cannot be injected."""

import html
import html.parser
import io
import re
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from digest.cli.show import run_as_json, show_edition
from digest.errors import DigestError
from digest.letters import LetterOffice, Sender
from digest.letters.mime import assemble, clean_header
from digest.letters.passage import Passage, Piece, marked, passage_of
from digest.letters.picks import reasons_in_words
from digest.letters.render import shipped_press, wrap
from digest.letters.view import view_of
from digest.letters.words import VOTES as VOTES_IN_LETTERS
from digest.model import (
    Coverage,
    Edition,
    Interest,
    Mood,
    Paper,
    Pick,
    Reader,
    Reason,
    ReasonKind,
    Sentence,
    StoredPaper,
)
from digest.readers.profiles import VOTES
from digest.run import RunReport
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


def told(
    title: str, abstract: str, sentence: str, *terms: str, number: int = 1, **fields: object
) -> Pick:
    """A pick of a paper with the sentence that says most."""
    chosen = pick(paper(title, abstract, url=f"https://example.org/{number}"), number)
    return replace(chosen, sentence=Sentence(sentence, terms), **fields)  # type: ignore[arg-type]


def words_of(page: str) -> str:
    """What a page says, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


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


@pytest.mark.parametrize("text", HOSTILE)
def test_no_sentence_term_or_title_of_another_paper_injects_markup(text: str) -> None:
    """What is marked, liked, folded in or explored is escaped like all else, and reads back."""
    plain = " ".join(text.split())
    chosen = told("One", f"{plain} And so on.", plain, plain.lower(), plain.lower()[:3], nearest=7)
    chosen = replace(
        chosen,
        interest=text,
        reasons=(Reason(ReasonKind.TERM, text, 0.3),),
        twins=(stored(8, paper(text, url="https://example.org/?a=1&b=<2>")),),
    )
    explored = replace(chosen, explores=True)
    made = replace(edition(chosen, explored), liked={7: text})
    _, page = parts_of(mail_of(made))
    tags = list(_tags(page))
    assert "script" not in tags
    assert "img" not in tags
    assert page.count("<b ") + page.count("<b>") == page.count("</b>") <= 4
    assert words_of(page).count(plain[:90]) >= 2
    assert 'href="https://example.org/?a=1&amp;b=<2>"' in page.replace("&lt;", "<").replace(
        "&gt;", ">"
    )


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


@pytest.mark.parametrize("length", [75, 76, 77, 200, 900])
def test_an_address_to_unsubscribe_at_stays_one_readable_word(length: int) -> None:
    """Encoded or folded within, no mail program would find it; a second one may stand below."""
    start = "https://digest.example.org/unsubscribe?token="
    address = f"<{start}{'aB3-_' * 200}"[: length - 1] + ">"
    both = f"{address}, <mailto:owner@example.org?subject=unsubscribe>"
    for value in (address, both):
        raw = assemble([("List-Unsubscribe", value), ("To", "a@example.org")], "t", "h", "=_b")
        head = raw.partition(b"\r\n\r\n")[0]
        assert b"List-Unsubscribe: " + address.encode() in head
        assert b"=?" not in head
        unfolded = head.replace(b"\r\n ", b" ").split(b"\r\n")
        assert b"List-Unsubscribe: " + value.encode() in unfolded


def test_what_would_be_encoded_into_uselessness_is_refused() -> None:
    """An address in a header is for programs: they read no encoded words."""
    for name in ("List-Unsubscribe", "Message-ID", "List-Id"):
        with pytest.raises(DigestError, match="encoded, it would mean nothing"):
            assemble([(name, "<https://example.org/ü>")], "t", "h", "=_b")


def test_a_letter_to_an_address_beyond_ascii() -> None:
    """The addresses stand in the head as they are (RFC 6532); all else stays ASCII."""
    office = LetterOffice(shipped_press(), Sender("zeitung@example.org", "größe@example.org"))
    made = edition(pick(paper("Über Graphen")), of=reader("jörg@xn--bcher-kva.example"))
    raw = office.compose(made, NOON).raw
    lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert "To: jörg@xn--bcher-kva.example".encode() in lines
    assert [line for line in lines if not line.isascii()] == [lines[1]]
    assert b"List-Unsubscribe: <mailto:gr%C3%B6%C3%9Fe@example.org?subject=unsubscribe>" in lines
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["To"] == "jörg@xn--bcher-kva.example"
    assert mail["Subject"] == "Über Graphen"
    ours = LetterOffice(shipped_press(), Sender("jörg@example.org", None)).compose(made, NOON)
    assert "From: The Paper Digest <jörg@example.org>\r\n".encode() in ours.raw


def test_thirty_papers_stay_below_the_size_at_which_gmail_clips() -> None:
    """102 KB of HTML, with the longest of everything that is shown, sentences and twins too."""
    sentence = f"{LONG * 7}So *terms* stand <here> at last."[-390:]
    papers = [
        paper(
            f"{number} " + "A long title of many words about something " * 4,
            f"{LONG * 3}{sentence} {LONG}",
            authors=tuple(f"Given Names Familyname{i}" for i in range(40)),
            categories=("cs.LG", "stat.ML", "astro-ph.GA"),
            **dict.fromkeys(
                ("url", "pdf", "code", "project"), f"https://example.org/{number}/{'x' * 80}"
            ),
        )
        for number in range(30)
    ]
    picks = [
        replace(
            pick(p, n, upvotes=1000),
            sentence=Sentence(sentence, ("terms", "stand", "worth knowing", "here")),
            nearest=n,
            twins=(stored(n, p), stored(n, p), stored(n, p)),
        )
        for n, p in enumerate(papers)
    ]
    mail = mail_of(replace(edition(*picks), liked=dict.fromkeys(range(30), "A liked one " * 50)))
    _, page = parts_of(mail)
    assert len(page.encode()) < 102 * 1024


@pytest.mark.parametrize("word", ["w ", "w", "字"])
def test_hostile_papers_cannot_make_a_letter_too_long(word: str) -> None:
    """Everything at its longest, without a space to cut at: abstracts give way."""
    fields = dict.fromkeys(("url", "pdf", "code", "project"), f"https://example.org/{'x' * 250}")
    long = (word * 20_000)[:20_000]
    papers = [paper(long[:1000], long, authors=(long[:200],) * 9, **fields) for _ in range(30)]
    reasons = (Reason(ReasonKind.TERM, long, 0.3),) * 4
    picks = [
        replace(
            pick(p, n),
            reasons=reasons,
            sentence=Sentence(long, (word.strip(), long)),
            nearest=n,
            twins=(stored(n, p),) * 5,
        )
        for n, p in enumerate(papers)
    ]
    _, page = parts_of(mail_of(replace(edition(*picks), liked=dict.fromkeys(range(30), long))))
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
    _, page = parts_of(mail_of(edition(told("One", "Two. Three.", "Two.", "two"))))
    assert set(_tags(page)) <= {
        "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td",
        "h1", "h2", "h3", "p", "a", "b", "br", "span", "i",
    }  # fmt: skip
    assert "prefers-color-scheme: dark" in page
    assert '<html lang="en"' in page
    assert re.search(r'<h3 class="lead"[^>]* style="[^"]*font: ?bold', page)


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


def test_the_best_sentence_stands_out_where_it_stands() -> None:
    """Full ink for it, a quieter one for the rest; its terms bold, between asterisks as text."""
    first, second, third = "Owls hear mice.", "Graph networks help them.", "So do we."
    chosen = told("One", f"{first} {second} {third}", second, "graph networks")
    text, page = parts_of(mail_of(edition(chosen)))
    assert f"{first} *Graph networks* help them. {third}" in text
    assert re.search(
        rf'<span class="rest"[^>]*>{first} </span><b[^>]*>Graph networks</b> help them\.'
        rf'<span class="rest"[^>]*> {third}</span>',
        page,
    )
    assert f"{first} {second} {third}" in words_of(page)


def test_an_abstract_without_a_sentence_is_set_as_one() -> None:
    """No sentence, or one that is not the abstract's any more: all in one ink, nothing marked."""
    whole = Passage("Owls hear mice. So do we.")
    assert passage_of(whole.before, None, 620) == whole
    assert passage_of(whole.before, Sentence("Owls heard mice.", ("owls",)), 620) == whole
    assert passage_of(whole.before, Sentence(""), 620) == whole
    _, page = parts_of(mail_of(edition(pick(paper("One", whole.before)))))
    assert 'class="rest"' not in page
    assert f">{whole.before}</p>" in page


def test_a_sentence_beyond_the_cut_is_shown_all_the_same() -> None:
    """A shorter opening, an ellipsis, the sentence; the whole as long as any abstract."""
    said = "At last the owls speak up, and we listen to them."
    shown = passage_of(f"{LONG}{said} {LONG}", Sentence(said, ("owls",)), 620)
    assert shown.before.endswith("worth knowing. … ")
    assert [piece.text for piece in shown.said if piece.marked] == ["owls"]
    assert "".join(piece.text for piece in shown.said) == said
    assert shown.after == ""
    assert 500 < len(shown.plain) <= 622


def test_a_sentence_that_the_cut_would_break_is_shown_whole() -> None:
    """What stands right before it needs no ellipsis where there is room for both."""
    lead = "Some lead up to it? " * 20
    said = "Is this the best of all sentences, or is there another one?"
    shown = passage_of(f"{lead}{said} {LONG}", Sentence(said), len(lead) + len(said) + 10)
    assert (shown.before, shown.said) == (lead, (Piece(said),))


def test_with_little_room_the_sentence_stands_alone() -> None:
    """After an ellipsis, and cut itself if need be; with no room at all nothing is shown."""
    said = "The owls speak up, and we listen to all that they say."
    assert passage_of(LONG + said, Sentence(said, ("owls",)), 100).plain == f"… {said}".replace(
        "owls", "*owls*"
    )
    short = passage_of(LONG + said, Sentence(said, ("owls",)), 30)
    assert short.plain == "… The *owls* speak up, and we…"
    first = passage_of(said + LONG, Sentence(said), 30)
    assert first.plain == "The owls speak up, and we…"
    assert not passage_of(LONG + said, Sentence(said), 0).shown


@pytest.mark.parametrize(
    ("text", "terms", "shown"),
    [
        ("Graph Networks, again.", ("graph networks",), "*Graph Networks*, again."),
        ("The naïve Erdős of Ångström.", ("naive", "erdos", "angstrom"), "The *naïve Erdős* of *Ångström*."),
        ("E\u0301tude and \ufb01re \u0130n", ("etude", "fire", "in"), "*E\u0301tude* and *\ufb01re \u0130n*"),
        ("Stars start in the star.", ("star",), "*Stars* start in the star."),
        ("It starts a restart.", ("start", "star"), "It *starts* a restart."),
        ("Graphs and graph", ("graph",), "*Graphs* and graph"),
        ("neural graph networks", ("graph networks", "neural graph"), "*neural graph networks*"),
        ("a crystal graph network", ("crystal", "graph network"), "a *crystal graph network*"),
        ("銀河の星", ("河",), "銀*河*の星"),
        ("Straße und Masse", ("strasse", "masse"), "Straße und *Masse*"),
        ("Nothing here", ("else", ""), "Nothing here"),
        ("", ("x",), ""),
    ],
)  # fmt: skip
def test_terms_are_found_whatever_their_case_and_accents(
    text: str, terms: tuple[str, ...], shown: str
) -> None:
    """Each once, as a word of its own, singular or plural; terms that meet are marked as one."""
    assert Passage(said=marked(text, terms)).plain == shown


@given(st.text(max_size=60), st.lists(st.text(max_size=6), max_size=4))
def test_marking_changes_no_text(text: str, terms: list[str]) -> None:
    """The pieces are the text, whatever it is made of; none is empty, marks take turns."""
    pieces = marked(text, terms)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)
    assert sum(piece.marked for piece in pieces) <= len(terms)


def test_the_liked_paper_is_named_once() -> None:
    """With the best of the picks that are like it, its title cut; in a library it is said so."""
    made = edition(
        told("One", "", "", number=1, nearest=7),
        told("Two", "", "", number=2, nearest=7),
        told("Three", "", "", number=3, nearest=8, interest="papers.bib"),
        told("Four", "", "", number=4, nearest=9),
        of=replace(reader(), interests=(Interest("papers.bib"),)),
    )
    made = replace(made, liked={7: "Owls " * 60, 8: "Bats"})
    said = [reasons_in_words(one, made, title=30) for one in made.picks]
    assert said == [
        "speaks of graph networks; like “Owls Owls Owls Owls Owls…”, which you liked",
        "speaks of graph networks",
        "speaks of graph networks; like “Bats” in your library",
        "speaks of graph networks",
    ]


def test_what_upvotes_added_is_told_where_it_shows() -> None:
    """Within the score; less than a hundredth is not worth the words."""
    chosen = pick(paper("One"), upvotes=58)
    told_of = (*chosen.reasons, Reason(ReasonKind.UPVOTES, "58 upvotes", 0.031))
    text, page = parts_of(mail_of(edition(replace(chosen, reasons=told_of))))
    for part in (" ".join(text.split()), words_of(page)):
        assert "Why: speaks of graph networks (score 0.31, 0.03 of it for upvotes)" in part
    little = (*chosen.reasons, Reason(ReasonKind.UPVOTES, "58 upvotes", 0.004))
    text, _ = parts_of(mail_of(edition(replace(chosen, reasons=little))))
    assert "(score 0.31)" in text


def test_the_rest_of_a_score_is_never_shown() -> None:
    """Nor does it stand in for reasons where there are none."""
    chosen = replace(pick(paper("One")), reasons=(Reason(ReasonKind.REST, "all else", 0.3),))
    text, page = parts_of(mail_of(edition(chosen)))
    assert "all else" not in text + page
    assert "Why" not in text + page


def test_the_paper_to_explore_stands_apart_and_says_why() -> None:
    """A last section of its own: which interest it nearly met, its score, the lot."""
    made = edition(
        told("Best", "A.", "A."),
        told("Astray", "B.", "B.", number=2, explores=True, interest="night sky"),
        told("Next", "C.", "C.", number=3),
    )
    letter = view_of(made, None)
    assert [section.heading for section in letter.sections] == ["X", "One to explore"]
    assert [one.number for section in letter.sections for one in section.picks] == [1, 2, 3]
    assert letter.sections[1].picks[0].why == "Why: speaks of graph networks"
    assert letter.preheader == "Next"
    text, page = parts_of(mail_of(made))
    for part in (" ".join(text.split()), words_of(page)):
        said = "A near miss for night sky (score 0.31, below the threshold), drawn by lot."
        assert said in part


def test_folded_papers_are_named_with_links() -> None:
    """At most two; one without an address is named without."""
    twins = tuple(
        stored(n, paper(f"Twin {n}", url=f"https://example.org/t{n}" if n > 2 else None))
        for n in (2, 3, 4)
    )
    text, page = parts_of(mail_of(edition(replace(pick(paper("One")), twins=twins))))
    assert "Also as: Twin 2; Twin 3" in words_of(page)
    assert re.search(r'<a [^>]*href="https://example.org/t3"[^>]*>Twin 3</a>', page)
    assert "   Also as: Twin 2\n   Also as: Twin 3\n   https://example.org/t3\n" in text.replace(
        "\r\n", "\n"
    )
    assert "Twin 4" not in text + page


@pytest.mark.parametrize(
    ("interest", "heading", "because"),
    [
        (VOTES, "More like what you liked", "for: your votes."),
        ("papers.bib", "Close to your library papers.bib", "for: your library papers.bib."),
        ("zotero users/12345", "Close to your Zotero library", "for: your Zotero library."),
        ("zotero groups/1", "Close to your Zotero library", "for: your Zotero library."),
        ("zotero.bib", "Close to your library zotero.bib", "for: your library zotero.bib."),
    ],
)
def test_votes_and_libraries_are_interests(interest: str, heading: str, because: str) -> None:
    """Who gave nothing else is not told to be without interests."""
    of = replace(reader(), interests=(Interest(interest),))
    letter = view_of(edition(pick(paper("One"), interest=interest), of=of), None)
    assert letter.sections[0].heading == heading
    assert letter.because == f"You get this at ann@example.org {because}"
    silent = replace(edition(pick(paper("One")), of=of), silent=(interest,))
    assert view_of(silent, None).quiet == f"Nothing today {because}"


def test_an_interest_called_like_a_library_keeps_its_name() -> None:
    """What has keywords is an interest, and one named "your votes" is where votes go."""
    of = reader("ann@example.org", "owls")
    letter = view_of(edition(pick(paper("One"), interest="interest 1"), of=of), None)
    assert letter.sections[0].heading == "Interest 1"
    assert VOTES_IN_LETTERS == VOTES


def test_the_report_for_programs_has_it_all() -> None:
    """Sentence and terms, the liked paper, the lot, twins by key; reasons add up to the score."""
    reasons = (Reason(ReasonKind.TERM, "owls", 0.41), Reason(ReasonKind.REST, "all else", -0.1))
    twin = stored(2, paper("Owls, again", key="arxiv:9912.00002", url="https://example.org/2"))
    full = told("Owls", "", "Owls hear mice.", "owls", nearest=7, twins=(twin,), reasons=reasons)
    bare = replace(pick(paper("Bats"), 3), explores=True, nearest=9)
    made = replace(edition(full, bare), liked={7: "Bats"})
    first, second = run_as_json(RunReport(DAY, drafts=[made]), "outbox")["editions"][0]["picks"]
    assert (first["sentence"], first["terms"]) == ("Owls hear mice.", ["owls"])
    assert (first["liked"], first["explores"]) == ("Bats", False)
    assert first["twins"] == [
        {"key": "arxiv:9912.00002", "title": "Owls, again", "url": "https://example.org/2"}
    ]
    assert sum(reason["share"] for reason in first["reasons"]) == pytest.approx(first["score"])
    assert (second["sentence"], second["terms"], second["liked"]) == (None, [], None)
    assert (second["explores"], second["twins"]) == (True, [])


@pytest.mark.parametrize("width", [80, 140])
def test_the_table_for_people_shows_sentences_where_there_is_room(width: int) -> None:
    """Reasons, twins and the lot at any width; nothing in it is taken for markup."""
    full = told("Owls [red]", "", "Mice [bold]hear[/] owls.", "owls", nearest=7)
    full = replace(
        full,
        reasons=(*full.reasons, Reason(ReasonKind.UPVOTES, "9 upvotes", 0.02)),
        paper=replace(full.paper, signals={"upvotes": 9}),
        twins=(stored(2, paper("Owls II")),),
    )
    made = replace(edition(full, replace(pick(paper("B"), 3), explores=True)), liked={7: "Bats"})
    console = Console(width=width, record=True, file=io.StringIO())
    show_edition(console, made)
    cells = [re.split("[│┃]", line) for line in console.export_text().splitlines()]
    papers, whys = (
        " ".join(" ".join(row[n] for row in cells if len(row) > 4).split()) for n in (3, 4)
    )
    assert "also as: Owls II" in papers
    assert "speaks of graph networks; like “Bats”, which you liked · ▲ 9 (+0.02)" in whys
    assert "by lot, close to x: speaks of" in whys
    assert "Owls [red]" in papers
    assert ("Mice [bold]hear[/] owls." in papers) == (width > 100)


@given(st.text("ab-\t\n é字", max_size=400), st.integers(0, 9))
def test_wrapping_is_that_of_the_standard_library(text: str, indent: int) -> None:
    """The same lines as those of textwrap, for any words."""
    stripped = text.strip("\t\n\x0b\x0c\r ")
    meant = textwrap.fill(
        re.sub(r"[\t\n\x0b\x0c\r ]+", " ", stripped),
        72,
        initial_indent=" " * indent,
        subsequent_indent="   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    assert wrap(text, indent, 3) == meant


def test_wrapping_never_breaks_an_address() -> None:
    """A long word stands on its own line, whole."""
    address = "https://example.org/" + "a-b/" * 30
    assert address in wrap(f"see {address} there").splitlines()
